"""Files beside what is made: written whole or not at all, and never over another, but where that is said."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600


def part_of(folder: Path, stem: str) -> Path:
    """A name for what is not whole yet: its own, because another process may write the same."""
    return folder / f".{stem}.{os.urandom(4).hex()}.part"


def put(data: bytes, folder: Path, stem: str, extension: str, *, private: bool = False) -> Path:
    """Write a file under a name that no other has, or find it there. `private`: for its owner's eyes. Raises
    OSError."""
    import hashlib

    with _part(data, folder, stem, PRIVATE if private else 0o666) as part:
        return named(part, folder, stem, extension, hashlib.sha256(data).hexdigest())


def rewrite(data: bytes, path: Path) -> None:
    """Write a file in the place of an older one, which stays where that fails. Raises OSError."""
    with _part(data, path.parent, path.stem, 0o666) as part:
        part.replace(path)


def named(part: Path, folder: Path, stem: str, extension: str, digest: str) -> Path:
    """Give a whole file its name: one that nothing has, not even a file that the person has edited since, or
    that of a file with just this content."""
    for n in itertools.count(1):
        path = folder / (f"{stem}.{extension}" if n == 1 else f"{stem}-{n}.{extension}")
        if _taken(part, path) or _holds(path, digest):
            return path
    raise AssertionError("unreachable")


def digest_of(file: BinaryIO) -> str:
    """SHA-256 of all of it."""
    file.seek(0)
    import hashlib

    digest = hashlib.sha256()
    for chunk in iter(lambda: file.read(2**20), b""):
        digest.update(chunk)
    return digest.hexdigest()


def discard(part: Path) -> None:
    """What was only a part, if it is still there."""
    with suppress(OSError):
        part.unlink()


def remove(path: Path) -> bool:
    """Whether it went: a file, and no link to one."""
    with suppress(OSError):
        if path.is_file() and not path.is_symlink():
            path.unlink()
            return True
    return False


@contextmanager
def _part(data: bytes, folder: Path, stem: str, mode: int) -> Iterator[Path]:
    """All of it on the disk, to be given a name; gone again where none was given."""
    part = part_of(folder, stem)
    try:
        part.touch(mode=mode, exist_ok=False)
        with part.open("r+b") as sink:
            sink.write(data)
            sink.flush()
            os.fsync(sink.fileno())
        yield part
    finally:
        discard(part)


def _taken(part: Path, path: Path) -> bool:
    """Whether a name was free, and is this file's now. Of several processes that try, one can."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: the name is taken first, and filled after that
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return False
        part.replace(path)
    return True


def _holds(path: Path, digest: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return digest_of(file) == digest
