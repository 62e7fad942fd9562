"""Folders for their owner's eyes."""

from __future__ import annotations

from pathlib import Path


def private(folder: Path) -> None:
    """Make a folder that only its owner can look into, with those that are missing above. Raises OSError."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
