"""What a registry would take of this folder, by its own rules, and a copy of just that.

The rules: every regular file but symlinks, hidden paths (a segment that begins with a dot), and what
`.gitignore` or `.clawhubignore` names. Source: the registry's `listSkillFiles`.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "media-studio"
IGNORE_LISTS = (".gitignore", ".clawhubignore")


def published(root: Path = ROOT) -> Iterator[Path]:
    """The files that would be taken, as whole paths, in a fixed order. ValueError: a rule that this
    reading of ignore lists does not know."""
    rules = ignored(root)
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not left_out((here / name).relative_to(root), rules))
        for name in sorted(files):
            path = here / name
            if not path.is_symlink() and not left_out(path.relative_to(root), rules):
                yield path


def ignored(root: Path) -> list[str]:
    """The rules of both lists: a name or a pattern of one segment, perhaps with `/` before or after it."""
    lines = [line for name in IGNORE_LISTS for line in (root / name).read_text(encoding="utf-8").splitlines()]
    rules = [line for line in lines if line and not line.startswith("#")]
    for rule in rules:
        if "/" in rule.strip("/") or rule.startswith("!"):
            raise ValueError(f"{rule}: only one segment, and no exceptions, are understood here")
    return rules


def left_out(path: Path, rules: Sequence[str]) -> bool:
    """Whether a path, or a folder above it, is hidden or named by a rule; a rule with `/` first, only at
    the root."""

    def named(rule: str) -> bool:
        segments = path.parts[:1] if rule.startswith("/") else path.parts
        return any(fnmatch.fnmatch(segment, rule.strip("/")) for segment in segments)

    return any(segment.startswith(".") for segment in path.parts) or any(named(rule) for rule in rules)


def stage(folder: Path, root: Path = ROOT) -> Path:
    """A published copy below `folder`, under the name of the skill, which validators compare."""
    for path in published(root):
        copy = folder / NAME / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    return folder / NAME
