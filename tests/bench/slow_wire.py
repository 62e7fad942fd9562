"""A way to a server on this machine that is as long and as narrow as one to a far one. In front of the
imitation, never in the product."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

ROUND_TRIP = 0.080  # seconds
RATE = 20e6  # bytes a second, each connection each way
PIECE = 2**16
AHEAD = 32  # pieces under way


class SlowWire:
    """`url`: what stands for the server. A connection is there a round trip after it was asked for, and what
    is sent arrives half a round trip later, at no more than `RATE`. `heard` is told of what arrives at the
    server, piece by piece."""

    def __init__(self, port: int, heard: Callable[[bytes], None] = lambda piece: None) -> None:
        self._port = port
        self._heard = heard
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            for near, _ in iter(self._server.accept, None):
                far = socket.create_connection(("127.0.0.1", self._port))
                there = time.monotonic() + ROUND_TRIP
                for source, sink, heard in ((near, far, self._heard), (far, near, None)):
                    sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    _Stream(source, sink, there, heard).start()


class _Stream:
    """One direction of a connection: pieces are read as they come, and written when they have travelled."""

    def __init__(
        self, source: socket.socket, sink: socket.socket, there: float, heard: Callable[[bytes], None] | None
    ) -> None:
        self._source, self._sink, self._heard = source, sink, heard
        self._free = there  # when the wire takes the next piece
        self._travelling: queue.Queue[tuple[float, bytes]] = queue.Queue(AHEAD)

    def start(self) -> None:
        for step in (self._take, self._deliver):
            threading.Thread(target=step, daemon=True).start()

    def _take(self) -> None:
        piece = b"-"
        while piece:
            try:
                piece = self._source.recv(PIECE)
            except OSError:
                piece = b""
            self._free = max(self._free, time.monotonic()) + len(piece) / RATE
            self._travelling.put((self._free + ROUND_TRIP / 2, piece))

    def _deliver(self) -> None:
        piece = b"-"
        while piece:
            due, piece = self._travelling.get()
            time.sleep(max(0.0, due - time.monotonic()))
            with suppress(OSError):
                if piece:
                    self._sink.sendall(piece)
                else:
                    self._sink.shutdown(socket.SHUT_WR)
            if self._heard and piece:
                self._heard(piece)
