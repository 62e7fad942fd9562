"""The bytes of an input as they leave this machine: kept in a file without a name, so that what was looked at
is what is sent, whatever becomes of the file it came from, and nothing stays behind when the process ends."""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from studio.errors import UsageError

CHUNK = 2**20


class Content:
    """Written once. Readers are independent of each other: several uploads may read at a time."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Raises UsageError where there is no room for a copy."""
        digest = hashlib.sha256()
        with _no_room():
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this does
        for piece in pieces:
            digest.update(piece)
            with _no_room():
                self._file.write(piece)
        with _no_room():
            self._file.flush()
        self._turn = threading.Lock()
        self.size = self._file.tell()
        self.sha256 = digest.hexdigest()

    def open(self) -> BinaryIO:
        return io.BufferedReader(_Reader(self._file, self.size, self._turn), CHUNK)

    def read(self) -> bytes:
        return self.open().read()

    @contextmanager
    def view(self) -> Iterator[memoryview]:
        """All of it, as if it were in memory."""
        if not self.size:
            yield memoryview(b"")
            return
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as all:
            yield all


@contextmanager
def _no_room() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise UsageError(
            f"There is no room for a copy of the input on this disk ({problem.strerror}). Nothing was sent.",
            kind="no_room",
            detail="Make room, or set TMPDIR to a folder where there is some.",
        ) from None


class _Reader(io.RawIOBase):
    """A place of its own in a file that others read, too."""

    def __init__(self, file: BinaryIO, size: int, turn: threading.Lock) -> None:
        self._file, self._size, self._turn, self._place = file, size, turn, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if hasattr(os, "preadv"):
            count = os.preadv(self._file.fileno(), [buffer], self._place)
        else:  # as on Windows
            with self._turn:
                self._file.seek(self._place)
                got = self._file.read(len(buffer))
                buffer[: len(got)] = got
                count = len(got)
        self._place += count
        return count


def chunks(file: BinaryIO, most: int) -> Iterator[bytes]:
    """What a file holds, up to `most` bytes."""
    while most > 0 and (piece := file.read(min(CHUNK, most))):
        most -= len(piece)
        yield piece
