"""What the tests around the purchase share: a server that answers and breaks as it is told, and samples of
the nouns."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from PIL import Image

from studio import catalogue
from studio.http import Http
from studio.intake import Looker
from studio.sockets import resolver
from studio.types import Billing, Gateway, Job, ModelRef, Plan, TaskRef
from support import KEY, PROMPT

Act: TypeAlias = Callable[[socket.socket], None]
"""What the server does with a connection once it has read the whole request."""


@dataclass
class Got:
    """One request, read whole."""

    line: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass
class Line:
    """A server on 127.0.0.1. Each request is met by the next act; the last one is for all that follow.
    `connections`: how many were made, whatever was said on them."""

    acts: tuple[Act, ...]
    tls: ssl.SSLContext | None = None
    got: list[Got] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))  # a port that refuses until `listen`
        self.netloc = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"{'https' if self.tls else 'http'}://{self.netloc}"

    def __enter__(self) -> Line:
        self.listen()
        return self

    def __exit__(self, *problem: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def listen(self) -> None:
        self._socket.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._meet, args=(connection,), daemon=True).start()

    def _meet(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.got.append(_request(connection))
                self.acts[min(len(self.got), len(self.acts)) - 1](connection)


def line(*acts: Act, tls: ssl.SSLContext | None = None) -> Line:
    return Line(acts, tls)


def _request(connection: socket.socket) -> Got:
    with connection.makefile("rb") as file:
        rows = iter(lambda: file.readline().decode("latin-1").strip(), "")
        first = next(rows, None)
        if first is None:
            raise EOFError("nothing was said")
        headers = {name.lower(): value for name, _, value in (row.partition(": ") for row in rows)}
        return Got(first, headers, file.read(int(headers.get("content-length", 0))))


def says(status: int, body: bytes = b"{}", promised: int | None = None, **headers: str) -> Act:
    """An HTTP answer, which may promise more bytes than come."""
    rows = {"Content-Length": len(body) if promised is None else promised, "Connection": "close", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in rows.items())
    return sends(f"HTTP/1.1 {status} Word\r\n{head}\r\n".encode() + body)


def sends(data: bytes) -> Act:
    return lambda connection: connection.sendall(data)


def then(*acts: Act) -> Act:
    return lambda connection: [act(connection) for act in acts].clear()


def hangs_up(connection: socket.socket) -> None:
    """Closes; on TLS without saying goodbye."""


def keeps_silent(connection: socket.socket) -> None:
    """Until the client goes."""
    connection.recv(1)


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def breaks_the_stream(connection: socket.socket) -> None:
    """Bytes that are no TLS record, on the wire below an established TLS connection."""
    with socket.socket(fileno=connection.detach()) as wire:
        wire.sendall(b"this is no TLS record" * 4)


def ima(url: str, **changes: Any) -> Gateway:
    """IMA's gateway at another address."""
    (gateway,) = catalogue.vendor("ima").gateways
    return replace(gateway, urls={"api": url, "upload": url}, **changes)


def door(gateway: Gateway, speed: float = 500, **others: tuple[Gateway, str]) -> Http:
    """The way out, with the gateway's key and those of `others`."""
    known = {gateway.id: gateway} | {id: made for id, (made, _) in others.items()}
    keys = {gateway.id: KEY} | {id: key for id, (_, key) in others.items()}
    return Http(gateway, known, keys, speed, resolve=resolver(5.0))


def plan(**changes: Any) -> Plan:
    made = Plan(
        provider="ima",
        gateway="ima",
        task_type="text_to_image",
        kind="image",
        model=ModelRef("doubao-seedream-4.5", "SeeDream 4.5", "doubao-seedream-4-5-251128"),
        prompt=PROMPT,
        n=1,
        values={"size": "4k"},
        origin={"size": "default"},
        applied={},
        requested={},
        inputs=(),
        billing=Billing(attribute_id=2341, per_unit=5, amount=5, unit="points", basis="live"),
        language="en",
        estimate=(30, 60),
        poll_every=5.0,
    )
    return replace(made, **changes)


def submitted(at: float, id: str = "job", **changes: Any) -> Job:
    """A job that the vendor accepted at that time."""
    task = TaskRef("ima", f"task-{id}", at)
    return Job(id, "submitted", at, at, plan(**changes), "/nowhere", task=task)


def public() -> Looker:
    """For whom every name is one of the internet."""
    return Looker(lambda host: ("93.184.216.34",))


def picture(format: str = "PNG", size: tuple[int, int] = (64, 48)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "orange").save(file, format)
    return file.getvalue()
