"""Answers without an end: a byte at a time for ever, packed a thousandfold, a line that never stops. Each is
given up in time, with little memory, and what was paid for is sent once."""

from __future__ import annotations

import gzip
import io
import json
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import trustme

from parts import Act, Line, door, ima, line, says, sends, then
from studio import http
from studio.contract import Request
from studio.errors import NetworkError, NotSaved, StudioError, UnknownOutcome
from studio.sockets import bounded, unpacked

MEGA = 2**20
OK = b"HTTP/1.1 200 Word\r\n"
ENDLESS = {  # what comes at once, and what comes again and again
    "the first line": (b"HTTP/1.1 200 ", b"a"),
    "a header": (OK + b"X-Long: ", b"a"),
    "answers before the answer": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (OK + b"Content-Length: 1000000\r\n\r\n", b" "),
    "a body that ends with its connection": (OK + b"\r\n", b" "),
    "a chunk's size": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "what follows the last chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
}
LOST = {"read": NetworkError, "ask": NetworkError, "pay": UnknownOutcome, "download": NotSaved}


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silence may last 0.3 seconds, an answer 0.6, a file 0.9."""
    monkeypatch.setattr(http, "SHORTEST_TIMEOUT", 0.3)
    monkeypatch.setattr(http, "SHORTEST_DOWNLOAD", 0.9)
    monkeypatch.setattr(http, "DOWNLOAD_SECONDS", 0.9)


@pytest.fixture
def least_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of that, where nothing has to be in time."""
    monkeypatch.setattr(http, "SHORTEST_TIMEOUT", 0.15)
    monkeypatch.setattr(http, "SHORTEST_DOWNLOAD", 0.4)
    monkeypatch.setattr(http, "DOWNLOAD_SECONDS", 0.4)


def drips(first: bytes, piece: bytes, times: int = 100, pause: float = 0.02) -> Act:
    """A piece, a pause, a piece: never silent for long, and not done within two seconds."""

    def act(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(times):
            connection.sendall(piece)
            time.sleep(pause)

    return act


def call(way: str, server: Line, **changes: Any) -> Any:
    out = door(replace(ima(server.url), connect_timeout=600.0), **changes)
    if way == "download":
        sink = io.BytesIO()
        out.download(server.url, sink, 8 * MEGA)
        return sink.getvalue()
    asked = Request("the question", "POST", server.url, safe=way != "pay", json={"a": 1})
    return getattr(out, way)(asked).payload


def given_up(way: str, server: Line, **changes: Any) -> tuple[StudioError, float]:
    """What an answer comes to that is not read to its end, and after how many seconds."""
    began = time.monotonic()
    with pytest.raises(LOST[way]) as lost:
        call(way, server, **changes)
    return lost.value, time.monotonic() - began


@pytest.mark.usefixtures("least_patience")
@pytest.mark.parametrize("what", ENDLESS)
@pytest.mark.parametrize("way", LOST)
def test_an_answer_that_drips_for_ever_is_given_up_as_if_it_were_silent(way: str, what: str) -> None:
    with line(drips(*ENDLESS[what])) as server:
        error, seconds = given_up(way, server)

    assert "no answer in time" in error.message
    assert seconds < 4, "three times an answer, and the pauses between"
    assert way in {"read", "download"} or len(server.got) == 1
    assert error.charged == {"pay": "maybe", "download": "yes"}.get(way, "no")


@pytest.mark.usefixtures("least_patience")
@pytest.mark.parametrize("what", ["a header", "a body"])
@pytest.mark.parametrize("way", ["ask", "pay", "download"])
def test_below_tls_an_answer_that_drips_is_given_up_all_the_same(
    authority: ssl.SSLContext, way: str, what: str
) -> None:
    with line(drips(*ENDLESS[what]), tls=authority) as server:
        error, seconds = given_up(way, server)

    assert "no answer in time" in error.message
    assert seconds < 4
    assert way == "download" or len(server.got) == 1


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """How a server speaks that this machine trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_a_file_is_given_up_after_its_time_however_often_it_leads_elsewhere_or_is_tried() -> None:
    slowly = drips(b"HTTP/1.1 302 Word\r\nLocation: /further\r\nContent-Length: 0\r\nX-Long: ", b"a", 6, 0.1)
    with line(then(slowly, sends(b"\r\nConnection: close\r\n\r\n"))) as server:
        given_up("download", server)

    assert len(server.got) == 2, "the time was over while the second was waited for"


def test_what_comes_slowly_and_in_time_is_read_however_many_silences_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "ANSWER_TIMES", 100)
    first = OK + b"Content-Length: 12\r\n\r\n[1"
    slowly = then(drips(first, b" ", 9, 0.1), lambda connection: connection.sendall(b"]"))
    with line(slowly) as server:
        for way in ("ask", "pay"):
            assert call(way, server) == [1]

    monkeypatch.setattr(http, "ANSWER_TIMES", 2)
    with line(slowly) as server:
        given_up("ask", server)


def test_an_answers_time_is_the_gateways_patience_divided_by_the_speed() -> None:
    doors = [door(ima("http://127.0.0.1:1"), speed) for speed in (1, 20, 500)]
    assert [[out._whole(patience)() for patience in (30.0, 60.0)] for out in doors] == [
        [60.0, 120.0],
        [3.0, 6.0],
        [0.6, 0.6],
    ]


def test_a_connection_is_used_again_once_its_answer_is_read() -> None:
    heard: list[bytes] = []
    kept = says(200, b"[1]", Connection="keep-alive")
    again = then(kept, lambda connection: heard.append(connection.recv(65536)), kept)
    with line(again) as server:
        out = door(ima(server.url))
        asked = Request("the question", "POST", server.url, safe=True, json={})
        assert [out.read(asked).payload, out.read(asked).payload] == [[1], [1]]

    assert (len(server.got), len(heard)) == (1, 1)


def peak(of: Callable[[], Any]) -> int:
    """The most bytes that were held at once, whatever it came to."""
    tracemalloc.start()
    try:
        with suppress(StudioError):
            of()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


BOMB = gzip.compress(bytes(64 * MEGA))
FATTER = gzip.compress(gzip.compress(bytes(256 * MEGA), 1))


@pytest.mark.parametrize("way", LOST)
@pytest.mark.parametrize("packed", [BOMB, FATTER], ids=["a bomb", "a bomb in a bomb"])
def test_a_bomb_is_given_up_with_little_memory(way: str, packed: bytes) -> None:
    encoding = "gzip" if packed is BOMB else "gzip, gzip"
    errors: list[StudioError] = []
    with line(says(200, packed, Content_Encoding=encoding)) as server:
        most = peak(lambda: errors.append(given_up(way, server)[0]))

    assert most < 24 * MEGA
    assert ("too large" if encoding == "gzip" else "the connection broke") in errors[0].message


@pytest.mark.parametrize("way", LOST)
def test_a_line_without_an_end_is_not_kept_whole(way: str) -> None:
    head = OK + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    megabyte = sends(b"0" * MEGA)
    with line(then(sends(head), *[megabyte] * 64)) as server:
        most = peak(lambda: call(way, server))

    assert most < 8 * MEGA


def test_who_reads_a_line_without_saying_how_much_gets_a_part() -> None:
    """Not every release of urllib3 says how much."""
    with line(then(sends(OK + b"\r\n"), sends(b"0" * MEGA))) as server:
        connection = bounded(HTTPConnection, lambda: 5.0)(server.netloc, timeout=5)
        connection.request("GET", "/")
        answer = connection.getresponse()
        lines = answer.fp
        assert [len(lines.readline()), len(lines.readline(None)), len(lines.readline(9))] == [65536, 65536, 9]
        connection.close()


def deep(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (deep(200_000), None),
        (b'{"a":' * 200_000, None),
        (b"[" + b"[]," * 99_000 + b"0]", [*[[]] * 99_000, 0]),
        (b"9" * 100_000, None),
        (b'"' + b"\\u0000" * 100_000 + b'"', "\0" * 100_000),
        (json.dumps("\ud800").encode(), "\\ud800"),
    ],
    ids=["deep lists", "deep objects", "many lists", "a long number", "escapes", "half a sign"],
)
def test_json_that_is_deep_or_wide_is_read_or_is_none(body: bytes, payload: Any) -> None:
    with line(says(200, body)) as server:
        assert call("ask", server) == payload


def test_what_is_packed_is_unpacked_and_nothing_else_is_taken_for_it() -> None:
    text = b"a finished picture" * 9999

    def pieces(data: bytes) -> Iterator[bytes]:
        return (data[at : at + 1000] for at in range(0, len(data), 1000))

    for packed, encoding in (
        *((text, ""), (text, " Identity"), (gzip.compress(text), "gzip"), (gzip.compress(text), "X-GZIP")),
        *((zlib.compress(text), "deflate"), (b"", "gzip")),
    ):
        assert b"".join(unpacked(pieces(packed), encoding)) == (text if packed else b"")
    whole = gzip.compress(text)
    for wrong in (whole[:-1], whole + b"\0", whole[:-20] + b"junk", text, whole + whole):
        with pytest.raises(zlib.error):
            b"".join(unpacked(pieces(wrong), "gzip"))
    for encoding in ("br", "zstd", "gzip, gzip", "nonsense"):
        with pytest.raises(zlib.error):
            b"".join(unpacked(pieces(whole), encoding))
