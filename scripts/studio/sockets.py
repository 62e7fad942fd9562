"""What is asked of the machine's network, and never waited for longer than was said: names that are looked
up, answers that drip. And what arrives packed, without filling the memory."""

from __future__ import annotations

import http.client
import io
import math
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from studio.addresses import Resolve

PIECE = 2**16  # bytes that are unpacked at once
LONGEST_LINE = 2**16  # bytes; whoever reads a line without saying how much would read for ever
GZIP = {"gzip", "x-gzip", "deflate"}
ANY_ZLIB = 47  # to `zlib`: the largest window, and any of these


def resolver(seconds: float) -> Resolve:
    """This machine's own way to look up a name. A name that does not resolve has no addresses. Raises
    TimeoutError where that is not known in time; the look-up itself cannot be stopped and is left behind."""

    def resolve(host: str) -> tuple[str, ...]:
        found: list[tuple[str, ...]] = []

        def look() -> None:
            with suppress(OSError, UnicodeError):
                rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                found.append(tuple(str(row[4][0]) for row in rows))

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(seconds)
        if thread.is_alive():
            raise TimeoutError(f"the addresses of {host} are not known in time")
        return found[0] if found else ()

    return resolve


def bounded(kind: type[Any], limit: Callable[[], float], slowest: float = math.inf) -> type[Any]:
    """Connections like those of `kind` (a class of http.client's), each of whose answers, from its first
    byte to its last, is over `limit()` seconds after it was waited for, and a second later for each `slowest`
    bytes of it: then a read raises TimeoutError. How long one silence may be is the socket's own timeout, as
    ever."""

    class Answer(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *about: Any, **more: Any) -> None:
            super().__init__(sock, *about, **more)
            self.fp = _Lines(_Timed(self.fp.detach(), sock, time.monotonic() + limit(), slowest))

    return type(kind.__name__, (kind,), {"response_class": Answer})


class _Timed(io.RawIOBase):
    """A socket's bytes, until a moment (of the monotonic clock)."""

    def __init__(self, raw: Any, sock: socket.socket, ends: float, slowest: float) -> None:
        self._raw, self._sock, self._ends, self._slowest = raw, sock, ends, slowest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        patience = self._sock.gettimeout()
        if patience is None or left < patience:
            self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        self._ends += (count or 0) / self._slowest
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Lines(io.BufferedReader):
    """A line that does not end is read in parts: no reader of HTTP takes a part for what it is not."""

    def readline(self, size: int | None = -1) -> bytes:
        return super().readline(LONGEST_LINE if size is None or size < 0 else size)


def unpacked(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The bytes of a body, piece by piece, however much they grow. zlib.error where they are packed in
    another way than gzip, wrongly, or not to the end."""
    way = encoding.strip().lower()
    if way in {"", "identity"}:
        yield from pieces
        return
    if way not in GZIP:
        raise zlib.error("packed in a way that was not asked for")
    unpack = zlib.decompressobj(ANY_ZLIB)
    piece = b""
    for piece in pieces:
        packed = piece
        while packed:
            if unpack.eof:
                raise zlib.error("more than was packed")
            yield unpack.decompress(packed, PIECE)
            packed = unpack.unconsumed_tail
    yield unpack.flush()
    if piece and (not unpack.eof or unpack.unused_data):
        raise zlib.error("less or more than was packed")
