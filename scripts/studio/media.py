"""Finished files, and copies of them for a chat: written beside their place, checked, measured and only then
given a name, which is never that of another file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from studio import files
from studio.errors import NotSaved, UsageError
from studio.frozen import dataclass
from studio.types import Output, Saved

if TYPE_CHECKING:
    from studio import clips

OUTPUT_CAP = 256 * 2**20  # bytes of one finished file


@dataclass(frozen=True)
class Budget:
    """What a chat shows: bytes of a picture and of any other file, units of the text beside it. None: no
    such limit."""

    image_bytes: int
    file_bytes: int
    caption_units: int
    sides_sum: int | None = None  # width and height together
    ratio: int | None = None  # of the longer side to the shorter

    def takes(self, size: int, width: int, height: int) -> bool:
        """Whether a picture of so many bytes and pixels is shown."""
        sum_fits = self.sides_sum is None or width + height <= self.sides_sum
        ratio_fits = self.ratio is None or max(width, height) <= self.ratio * min(width, height)
        return size <= self.image_bytes and sum_fits and ratio_fits


def check_folder(folder: Path) -> None:
    """That files can be saved there, found out before anything is bought."""
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
    except (OSError, ValueError) as problem:  # ValueError: a name that no file can have
        why = getattr(problem, "strerror", None) or "not writable"
        raise UsageError(
            f"Files cannot be saved in {folder} ({why}). Nothing was bought.",
            kind="out_unwritable",
            detail="Choose another folder with --out.",
        ) from None


def save(output: Output, fetch: Callable[[BinaryIO], None], folder: Path, stem: str) -> Saved:
    """Fetch one finished file into `folder`/`stem`.<its true extension>. Half a file never gets a name."""
    part = files.part_of(folder, stem)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("xb+") as sink:
            fetch(sink)
            sink.flush()
            os.fsync(sink.fileno())
            size = sink.tell()
            mime, extension, facts = _measure(sink, output.kind)
            digest = files.digest_of(sink)
        path = files.named(part, folder, stem, extension, digest)
    except OSError as problem:
        import errno

        full = problem.errno in {errno.ENOSPC, errno.EDQUOT}
        raise NotSaved(
            f"The finished file could not be saved in {folder} "
            f"({'the disk is full' if full else problem.strerror or 'not writable'})."
        ) from None
    finally:
        files.discard(part)
    return Saved(
        kind=output.kind,
        path=str(path),
        url=output.url,
        mime=mime,
        bytes=size,
        sha256=digest,
        width=facts.width,
        height=facts.height,
        seconds=facts.seconds,
        expires_at=output.expires_at,
    )


def smaller(path: Path, budget: Budget) -> Path | None:
    """A copy of a picture that fits the budget, beside it: `<stem>-small.jpg`, or .png where something
    shows through. The same copy made earlier is used again; another file of that name is left alone.
    None where there can be no copy: it is no whole picture, an animation (a still is not a smaller one),
    or there is no room on the disk."""
    from studio import pictures

    try:
        with path.open("rb") as file:
            image = pictures.decoded(file)
            if image is None or getattr(image, "is_animated", False):
                return None
            room = pictures.Room(budget.image_bytes, None, budget.sides_sum, budget.ratio)
            made = pictures.copy(image, room)
        if made is None:
            return None
        data, extension = made
        return files.put(data, path.parent, f"{path.stem}-small", extension)
    except pictures.DAMAGED:
        return None


def _measure(sink: BinaryIO, kind: str) -> tuple[str, str, clips.Facts]:
    from studio import clips, pictures

    if kind == "video":
        found = clips.clip(sink)
        facts = clips.measure(sink) if found else None
        if found is None or facts is None:
            raise NotSaved("What came from the link is not a whole clip, so it was not kept.")
        sink.seek(0, os.SEEK_END)
        return *found, facts
    sink.seek(0)
    image = pictures.decoded(sink)
    if image is None:
        raise NotSaved("What came from the link is not a whole picture, so it was not kept.")
    mime, extension = pictures.FORMATS[image.format]
    return mime, extension, clips.Facts(None, *image.size)
