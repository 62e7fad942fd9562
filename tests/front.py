"""A front before a twin, through which the command reaches it: it passes everything on, and breaks what it is
told to break, after the twin processed the request. That a client went away it does not pass on."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import trustme

from parts import Act, breaks_the_stream, hangs_up, resets
from support import url_variable

LAST = (b"\r\n", b"\r\nConnection: close\r\n")  # said in the first header


@dataclass
class Front:
    """A server on 127.0.0.1 before the one at `behind`; one request a connection, each passed on when it is
    read whole and answered when the answer is. `folder`: speak TLS, and keep the certificate there. `role`:
    as which of the gateway's addresses."""

    behind: str
    folder: Path | None = None
    gateway: str = "ima"
    role: str = "api"
    heard: list[bytes] = field(default_factory=list)  # whole requests
    received: list[str] = field(default_factory=list)  # first lines, oldest first

    def __post_init__(self) -> None:
        self._holder = _bound(0)  # never listens: the port is refused while it is shut, and nobody else's
        self._listening = socket.socket()
        self._lock = threading.Lock()
        self._breaks: list[tuple[str, int, Act]] = []  # word in the path, bytes to send, what then
        self._shut_after: str | None = None
        self._tls = None if self.folder is None else _certified(self.folder)
        self.url = f"{'https' if self.folder else 'http'}://127.0.0.1:{self._holder.getsockname()[1]}"

    @property
    def env(self) -> dict[str, str]:
        """Leads the command through here to the gateway, instead of to the twin itself. A front as the
        first address has no other beside it, unless that is named too."""
        trusted = {"REQUESTS_CA_BUNDLE": str(self.folder / "ca.pem")} if self.folder else {}
        alone = {url_variable(self.gateway, "alternate"): ""} if self.role == "api" else {}
        return {**alone, url_variable(self.gateway, self.role): self.url, **trusted}

    def __enter__(self) -> Front:
        self.open()
        return self

    def __exit__(self, *problem: object) -> None:
        self.shut()
        self._holder.close()

    def breaks(self, word: str, after: int = 0, times: int = 1) -> None:
        """Of the next requests whose path contains the word: garbage in the place of a TLS record, after so
        many bytes of the twin's answer (head included)."""
        if self._tls is None:
            raise ValueError("a stream without TLS has no records")
        self._breaks += [(word, after, breaks_the_stream)] * times

    def resets(self, word: str, after: int = 0, times: int = 1) -> None:
        """The same with a reset."""
        self._breaks += [(word, after, resets)] * times

    def shut_after(self, word: str) -> None:
        """Refuse every connection from just before the next such request is answered, until `open`."""
        self._shut_after = word

    def shut(self) -> None:
        """Refuse connections; those that there are go on."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # else the accepting thread keeps it open
        self._listening.close()

    def open(self) -> None:
        """Take connections again, at the same port."""
        self._listening = _bound(self._holder.getsockname()[1])
        self._listening.listen(128)
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._meet, args=listening.accept()[:1], daemon=True).start()

    def _meet(self, connection: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as client,
        ):
            if request := _read(client):
                self._answer(client, request)

    def _answer(self, client: socket.socket, request: bytes) -> None:
        self.heard.append(request)
        self.received.append(request.partition(b"\r\n")[0].decode())
        path = request.split()[1].decode()
        answer = self._ask(request)
        if self._shut_after is not None and self._shut_after in path:
            self._shut_after = None
            self.shut()
        after, act = self._take(path)
        client.sendall(answer[:after])
        if after:
            time.sleep(0.05)  # for the client to read it: a reset overtakes what is not read yet
        act(client)

    def _ask(self, request: bytes) -> bytes:
        """The same request, for the one behind. Both connections end with their answer."""
        parts = urlsplit(self.behind)
        with socket.create_connection((parts.hostname, parts.port or 80), timeout=60) as out:
            out.sendall(request.replace(*LAST, 1))
            return b"".join(iter(lambda: out.recv(65536), b"")).replace(*LAST, 1)

    def _take(self, path: str) -> tuple[int | None, Act]:
        """How much of the answer goes out, and what then."""
        with self._lock:
            for one in self._breaks:
                if one[0] in path:
                    self._breaks.remove(one)
                    return one[1:]
        return None, hangs_up


def _read(connection: socket.socket) -> bytes:
    """One request, whole; nothing where the client went away first."""
    head, length = b"", 0
    with connection.makefile("rb") as file:
        for row in file:
            head += row
            if row == b"\r\n":
                return head + file.read(length)
            if row.lower().startswith(b"content-length:"):
                length = int(row.split(b":")[1])
    return b""


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made


def _certified(folder: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
