"""The one paid request, against servers that really break: it arrives once, or it was never sent."""

from __future__ import annotations

import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import trustme
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from parts import (
    Act,
    Line,
    breaks_the_stream,
    door,
    hangs_up,
    ima,
    keeps_silent,
    line,
    resets,
    says,
    sends,
    then,
)
from studio import http
from studio.contract import KEY as PLACEHOLDER
from studio.contract import Request
from studio.errors import NetworkError, UnknownOutcome
from support import KEY

BODY = {"prompt": "paid for once"}
HALF = says(200, b'{"code": 0, "data"', promised=1000)


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SHORTEST_TIMEOUT", 0.0)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this machine trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    return made


def served_by(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def bought_at(server: Line) -> Request:
    headers = {"Authorization": f"Bearer {PLACEHOLDER}"}
    return Request(
        "the paid request", "POST", f"{server.url}/tasks/create", safe=False, headers=headers, json=BODY
    )


def pay(server: Line, speed: float = 500, paid_timeout: float = 10.0) -> int:
    """Send it; the status of whatever answer came."""
    gateway = replace(ima(server.url), connect_timeout=5.0 * speed, paid_timeout=paid_timeout * speed)
    return door(gateway, speed).pay(bought_at(server)).status


@pytest.mark.parametrize(
    ("act", "open_count"),
    [
        pytest.param(breaks_the_stream, 4, id="garbage instead of a TLS record"),
        pytest.param(then(HALF, breaks_the_stream), 1, id="garbage after half an answer"),
        pytest.param(hangs_up, 1, id="closed without close_notify"),
        pytest.param(resets, 1, id="reset"),
    ],
)
def test_a_tls_stream_that_breaks_after_the_request_was_read_is_not_sent_again(
    authority: trustme.CA, act: Act, open_count: int
) -> None:
    with line(act, tls=served_by(authority)) as server:
        with pytest.raises(UnknownOutcome):
            pay(server)
        ours = len(server.got)

    with line(act, tls=served_by(authority)) as server, requests.Session() as control:
        retry = Retry(total=3, connect=3, read=0, redirect=0, status=0)  # `other` left open
        control.mount("https://", HTTPAdapter(max_retries=retry))
        with pytest.raises(requests.RequestException):
            control.post(server.url, json=BODY, timeout=5)
        open_ended = len(server.got)

    numbers = f"ours was received {ours} times, the control's {open_ended} times"
    assert ours == 1, numbers
    assert open_ended == open_count, numbers


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(resets, id="reset once read"),
        pytest.param(then(HALF, resets), id="reset amid the answer"),
        pytest.param(HALF, id="closed amid the answer"),
        pytest.param(hangs_up, id="an empty reply"),
        pytest.param(sends(b"SSH-2.0-OpenSSH_9.7\r\n\r\n"), id="another protocol"),
        pytest.param(
            sends(b"HTTP/1.1 200 Word\r\nTransfer-Encoding: chunked\r\n\r\nno chunk"), id="no chunk"
        ),
        pytest.param(sends(b"HTTP/1.1 200 Word\r\nContent-Length: 1, 2\r\n\r\n{}"), id="two lengths"),
        pytest.param(sends(b"HTTP/1.1 200 Word\r\n" + b"A: b\r\n" * 200), id="headers without end"),
        pytest.param(says(200, b"no gzip", Content_Encoding="gzip"), id="an unreadable encoding"),
        pytest.param(says(200, b" " * 2000), id="an answer beyond the cap"),
    ],
)
def test_an_answer_that_is_lost_leaves_the_outcome_unknown_and_is_never_asked_for_twice(
    act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ANSWER_CAP", 1000)
    with line(act) as server:
        with pytest.raises(UnknownOutcome) as lost:
            pay(server)

        assert len(server.got) == 1, f"received {len(server.got)} times"
    assert lost.value.charged == "maybe"


@pytest.mark.parametrize("act", [keeps_silent, then(HALF, keeps_silent)], ids=["no answer", "half an answer"])
def test_a_read_timeout_on_the_paid_call_is_never_sent_again(act: Act) -> None:
    with line(act) as server:
        with pytest.raises(UnknownOutcome, match="in time"):
            pay(server, paid_timeout=0.15)

        assert len(server.got) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 400, 408, 425, 429, 500, 502, 503, 504])
def test_any_answer_at_all_is_handed_back_as_it_came(status: int) -> None:
    elsewhere = line(says(200))
    act = says(status, Retry_After="0", Location=f"{elsewhere.url}/tasks/create")
    with elsewhere, line(act) as server:
        assert pay(server) == status
        assert (len(server.got), len(elsewhere.got)) == (1, 0)


def test_an_answer_that_leads_to_no_link_is_an_answer_like_any() -> None:
    with line(says(302, Location="https://[/x")) as server:
        assert pay(server) == 302


def test_a_refused_connection_was_never_sent() -> None:
    server = line(says(200))  # bound, not listening
    with pytest.raises(NetworkError, match="Nothing was bought") as refused:
        pay(server)

    assert (refused.value.charged, server.got) == ("no", [])


def test_a_server_that_comes_up_within_the_attempts_receives_it_once() -> None:
    server = line(says(200))  # refuses the first attempts: they come after 0, 0 and 0.2 seconds
    threading.Timer(0.05, server.listen).start()

    assert pay(server, speed=5) == 200
    assert len(server.got) == 1
    server.__exit__()


def test_an_untrusted_certificate_stops_it_before_it_is_sent(authority: trustme.CA) -> None:
    with line(says(200), tls=served_by(trustme.CA())) as server:
        with pytest.raises(NetworkError, match="certificate"):
            pay(server)

        assert server.got == []


def test_a_proxy_that_cannot_be_reached_stops_it_before_it_is_sent(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = line(hangs_up)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{closed.netloc}")
    with line(says(200), tls=served_by(authority)) as server:
        with pytest.raises(NetworkError, match="proxy"):
            pay(server)

        assert server.got == []


def test_a_password_of_netrc_neither_leaves_nor_takes_the_place_of_the_key(home: Path) -> None:
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password netrc_placeholder\n")
    netrc.chmod(0o600)
    with line(says(200)) as server:
        plainly = requests.post(server.url, json=BODY, timeout=5).request
        pay(server)

        assert plainly.headers["Authorization"].startswith("Basic ")  # the file is one that is read
        assert server.got[-1].headers["authorization"] == f"Bearer {KEY}"


def test_the_connection_is_fresh_and_the_request_is_the_one_that_was_built() -> None:
    with line(says(200)) as server:
        assert pay(server) == pay(server) == 200

        first, second = server.got
        assert first == second
        assert (first.line, first.headers["connection"]) == ("POST /tasks/create HTTP/1.1", "close")
        assert (first.headers["content-type"], first.body) == (
            "application/json",
            b'{"prompt": "paid for once"}',
        )
