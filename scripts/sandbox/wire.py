"""HTTP/1.1 on loopback: a call is read whole, an answer is written as told, badly where it is told so."""

import io
import json
import selectors
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

LARGEST_BODY = 64 * 1024 * 1024  # bytes read from a client before it is cut off; a twin's own cap is lower
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST and not FIN
GLANCE_S = 0.02  # seconds between two looks at a client that is kept waiting


@dataclass(frozen=True)
class Call:
    """One request. `path` without the query; `query` decoded, in the order sent, repeated names kept.

    `wait` keeps the client waiting until the event is set: True; False where it went away before, or the
    sandbox closes.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Message
    body: bytes
    wait: Callable[[threading.Event], bool] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Answer:
    """What goes back.

    `ending` "reset" and "hang" send nothing at all, "drip" a body without end, byte by byte; `cut_at`
    announces the whole length, sends that many bytes of the body and closes, unless `goes_on` (asked once
    they are sent) says that the rest follows.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    ending: Literal["whole", "reset", "hang", "drip"] = "whole"
    cut_at: int | None = None
    goes_on: Callable[[], bool] = lambda: False


def json_answer(value: Any, status: int = 200) -> Answer:
    """An answer whose body is `value` as UTF-8 JSON; half a surrogate pair becomes "?"."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


class Handler(BaseHTTPRequestHandler):
    """One connection, any number of requests (keep-alive)."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: "Listener"

    def handle_call(self) -> None:
        """Read the request, let the listener answer it, write the answer."""
        trouble = self._unreadable()
        if trouble:  # the body stays unread, which makes the connection useless
            self.close_connection = True
            self._write(Answer(trouble, headers=(("Connection", "close"),)))
            return
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:  # the client went away in the middle: nobody is left to answer
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        call = Call(self.command, parts.path, query, self.headers, body, self._wait)
        self._write(self.server.answer(call))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_call

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: stderr belongs to the program that runs the sandbox."""

    def _unreadable(self) -> int | None:
        """The HTTP status for a body of unknown, malformed or too large a length; None where it is fine."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            return 411
        if not (length.isascii() and length.isdigit()):
            return 400
        return 413 if int(length) > LARGEST_BODY else None

    def _write(self, answer: Answer) -> None:
        if answer.ending == "hang":
            self._wait(threading.Event())  # that nobody sets
        if answer.ending == "drip":
            self._drip()
        if answer.ending != "whole":
            self._reset()
            return
        self.send_response(answer.status)
        named = {name.lower() for name, _ in answer.headers}
        for name, value in answer.headers:
            self.send_header(name, value)
        if "content-type" not in named:
            self.send_header("Content-Type", answer.content_type)
        if "content-length" not in named:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._write_body(answer)
        self.wfile.flush()

    def _write_body(self, answer: Answer) -> None:
        self.wfile.write(answer.body[: answer.cut_at])
        if answer.cut_at is None:
            return
        self.wfile.flush()
        if answer.goes_on():
            self.wfile.write(answer.body[answer.cut_at :])
        else:
            self.close_connection = True

    def _drip(self) -> None:
        """A blank at each glance, which might become JSON, for as long as somebody listens."""
        self.send_response(200)
        self.send_header("Content-Length", str(LARGEST_BODY))
        self.end_headers()
        while not self._is_gone():
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(GLANCE_S)

    def _wait(self, over: threading.Event) -> bool:
        """See Call. Only this connection waits: every other has a thread of its own."""
        while not over.wait(GLANCE_S):
            if self._is_gone():  # closing the sandbox ends every connection, too
                return False
        return not self._is_gone()

    def _is_gone(self) -> bool:
        with selectors.DefaultSelector() as look:  # select.select() takes no descriptor above 1,023
            look.register(self.connection, selectors.EVENT_READ)
            readable = look.select(0)
        try:
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:  # killed with something unread: the connection ends with a reset
            return True

    def _reset(self) -> None:
        """Close with RST. Both file objects hold the socket open, so they are closed first."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        self.wfile = io.BytesIO()  # the base class flushes once more after every request


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One host of a vendor: a port of its own on 127.0.0.1, a daemon thread per connection.

    Not http.server's class: that one asks for the machine's full name while binding, which can take seconds.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128
    answer: Callable[[Call], Answer]

    def __init__(self, port: int, broken: Callable[[str], None]) -> None:
        """Bind `port` (0: any free one). `broken` is told of every error of our own while answering."""
        self.stopping = threading.Event()
        self._broken = broken
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Serve from a thread of its own until `stop`."""
        self._accepting.start()

    def stop(self) -> None:
        """Stop accepting, end every connection. A request that hangs is let go within `GLANCE_S`."""
        self.stopping.set()
        if self._accepting.is_alive():
            self._wake()
            self._accepting.join(0.5)
        self.server_close()
        with self._lock:
            for connection in self._open:
                _shut(connection)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return not self.stopping.is_set()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            self.handle_request()

    def _wake(self) -> None:
        """The accepting thread sleeps until somebody calls: call, so that it sees that it is over."""
        try:
            socket.create_connection(("127.0.0.1", self.server_address[1]), timeout=0.5).close()
        except OSError:
            return  # its queue is full: it is awake

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a fault of this imitation and is kept."""
        error = sys.exc_info()[1]
        gone = isinstance(error, OSError) or "closed file" in str(error)
        if error is not None and not gone and not self.stopping.is_set():
            self._broken(f"sandbox error: {type(error).__name__}: {error}")


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # already closed from the other end
