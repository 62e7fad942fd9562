"""Connections that are made before they are needed: over real sockets, with TLS and without."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from parts import Line, door, ima, line, says, then
from studio.contract import Request
from studio.errors import NetworkError
from studio.http import Http
from studio.sessions import CONNECTING

OK = says(200, b'{"code": 0}')


def connected(out: Http, server: Line, count: int) -> None:
    """All of them made, or given up, at both ends."""
    out.connect(server.url, count)
    for thread in threading.enumerate():
        if thread.name == CONNECTING:
            thread.join(10)
    time.sleep(0.05)  # in which the other end has said all that it says by itself


def asked(out: Http, server: Line) -> int:
    return out.read(Request("the question", "GET", f"{server.url}/upload", safe=True)).status


@pytest.fixture
def served() -> ssl.SSLContext:
    """TLS by an authority that nobody trusts yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


AUTHORITY = trustme.CA()


@pytest.fixture
def trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[trustme.CA], None]:
    def trust(authority: trustme.CA) -> None:
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))

    return trust


@pytest.mark.parametrize("encrypted", [False, True])
def test_requests_take_the_connections_that_are_there_and_nothing_was_said_on_them(
    served: ssl.SSLContext, trusts: Callable[[trustme.CA], None], *, encrypted: bool
) -> None:
    trusts(AUTHORITY)
    together = threading.Barrier(3)
    waits = then(lambda connection: [together.wait(10)].clear(), OK)
    with line(waits, tls=served if encrypted else None) as server, ThreadPoolExecutor(3) as pool:
        out = door(ima(server.url))
        connected(out, server, 3)
        connected(out, server, 2)
        assert (server.connections, server.got) == (3, []), "those that are there are not made again"

        assert list(pool.map(lambda _: asked(out, server), range(3))) == [200] * 3
        assert (server.connections, len(server.got)) == (3, 3)


def test_a_certificate_is_looked_at_as_ever(
    served: ssl.SSLContext, trusts: Callable[[trustme.CA], None]
) -> None:
    trusts(trustme.CA())
    with line(OK, tls=served) as server:
        out = door(ima(server.url))
        connected(out, server, 2)
        with pytest.raises(NetworkError):
            asked(out, server)
        assert server.got == []


@pytest.mark.parametrize("bundle", ["", "no certificate", None])
def test_nothing_is_said_in_plain_text_where_the_certificates_cannot_be_read(
    served: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: str | None
) -> None:
    if bundle is not None:
        (tmp_path / "ca.pem").write_text(bundle)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with line(OK) as server:  # it would answer whoever spoke without TLS
        server.url = server.url.replace("http:", "https:")
        out = door(ima(server.url))
        connected(out, server, 2)
        with pytest.raises((NetworkError, OSError)):
            asked(out, server)
        assert [got.line for got in server.got if "HTTP" in got.line] == []


def test_a_handshake_that_breaks_leaves_no_half_a_connection(
    served: ssl.SSLContext, trusts: Callable[[trustme.CA], None]
) -> None:
    trusts(AUTHORITY)
    with line(OK) as deaf:  # whatever it is told, it answers without TLS
        out = door(ima(deaf.url.replace("http:", "https:")))
        deaf.url = deaf.url.replace("http:", "https:")
        connected(out, deaf, 2)
        deaf.acts, deaf.tls = (OK,), served
        assert asked(out, deaf) == 200


def test_one_that_comes_to_nothing_is_told_by_nobody_and_made_again_when_it_is_needed() -> None:
    server = Line((OK,))  # refuses until it listens
    out = door(ima(server.url))
    connected(out, server, 2)
    with server:
        assert asked(out, server) == 200
        assert server.connections == 1


def test_none_is_made_past_a_proxy(
    served: ssl.SSLContext, trusts: Callable[[trustme.CA], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    trusts(AUTHORITY)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with line(OK) as proxy, line(OK, tls=served) as server:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        connected(door(ima(server.url)), server, 2)
        assert (server.connections, proxy.connections) == (0, 0)


def test_none_is_made_to_where_nothing_may_be_sent() -> None:
    with line(OK) as here:
        connected(door(ima("https://api.example.com")), here, 2)
        assert here.connections == 0
