"""Safe requests, and what keeps a key at home: over real sockets."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time
import traceback
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

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
)
from studio import http, sessions
from studio.content import Content
from studio.contract import KEY as PLACEHOLDER
from studio.contract import Request
from studio.errors import InternalError, NetworkError, NotSaved, StudioError, UsageError
from studio.types import Gateway
from support import KEY, ROOT, leaks

OK = says(200, b'{"code": 0}')
OTHER_KEY = 'other_canary+8/R="9\\z%t'
CAP = 1000


def ask(url: str, **changes: Any) -> Request:
    return replace(Request("the question", "POST", url, safe=True, json={"task_id": "1"}), **changes)


@pytest.mark.parametrize(
    ("acts", "status", "sent"),
    [
        pytest.param([says(502), says(503, Retry_After="600"), OK], 200, 3, id="server errors that pass"),
        pytest.param([says(408), says(425), says(504), OK], 200, 4, id="others that pass"),
        pytest.param([says(502)], 502, 4, id="a server error that stays"),
        pytest.param([resets, OK], 200, 2, id="one reset"),
        pytest.param([hangs_up, OK], 200, 2, id="one empty reply"),
        pytest.param([says(429, Retry_After="7"), OK], 429, 1, id="too many requests: the runner waits"),
        pytest.param([says(404), OK], 404, 1, id="a plain no"),
        pytest.param([says(302, Location="/elsewhere"), OK], 302, 1, id="a redirect"),
        pytest.param([says(302, Location="https://[/x"), OK], 302, 1, id="a redirect to no link"),
    ],
)
def test_a_safe_request_is_repeated_where_that_may_help(
    acts: list[Act], status: int, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with line(*acts) as server:
        answer = door(ima(server.url)).read(ask(server.url))

    assert (answer.status, len(server.got)) == (status, sent)
    assert all(one == server.got[0] for one in server.got)
    assert all(seconds < 1 for seconds in slept)  # at that speed; a time that the vendor names is not ours


@pytest.mark.parametrize(
    ("act", "sent"),
    [(resets, 3), (hangs_up, 3), (says(200, b"{}", promised=9), 1), (says(200, b" " * (CAP + 1)), 1)],
    ids=["reset", "empty", "cut short", "too large"],
)
def test_a_safe_request_without_an_answer_ends_as_a_network_error(
    act: Act, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ANSWER_CAP", CAP)
    with line(act) as server, pytest.raises(NetworkError) as lost:
        door(ima(server.url)).read(ask(server.url))

    assert (lost.value.charged, len(server.got)) == ("no", sent)


@pytest.mark.parametrize(("acts", "status"), [([says(502), OK], 502), ([resets, OK], None)])
def test_a_poll_is_sent_once_because_the_next_poll_is_its_repetition(
    acts: list[Act], status: int | None
) -> None:
    with line(*acts) as server:
        out = door(ima(server.url))
        if status is None:
            with pytest.raises(NetworkError):
                out.ask(ask(server.url))
        else:
            assert out.ask(ask(server.url)).status == status

    assert len(server.got) == 1


def test_patience_is_divided_by_the_speed_of_a_rehearsal_but_never_below_what_a_socket_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "SHORTEST_TIMEOUT", 0.1)
    with line(keeps_silent) as server, pytest.raises(NetworkError, match="in time"):
        door(ima(server.url), speed=500).ask(ask(server.url))


@pytest.mark.parametrize("way", ["read", "ask"])
def test_a_paid_request_does_not_leave_by_the_doors_of_safe_ones(way: str) -> None:
    with line(OK) as server, pytest.raises(InternalError):
        getattr(door(ima(server.url)), way)(ask(server.url, safe=False))

    assert server.got == []


def test_an_answer_that_is_no_json_has_no_payload() -> None:
    with line(says(503, b"<html>busy</html>")) as server:
        answer = door(ima(server.url)).ask(ask(server.url))

    assert (answer.status, answer.payload) == (503, None)


def test_the_key_is_put_in_for_its_own_host_in_headers_and_query() -> None:
    with line(OK) as server:
        made = ask(f"{server.url}/a", query={"token": PLACEHOLDER}, headers={"Authorization": PLACEHOLDER})
        door(ima(server.url)).read(made)

    (got,) = server.got
    assert got.headers["authorization"] == KEY
    target = urllib.parse.urlsplit(got.line.split()[1])
    assert urllib.parse.parse_qs(target.query) == {"token": [KEY]}


FORMS: dict[str, Callable[[str], str]] = {
    "clear": str,
    "url-encoded": lambda key: urllib.parse.quote(key, safe=""),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "json-escaped": lambda key: json.dumps(key)[1:-1],
}
PLACES: dict[str, Callable[[Request, str], Request]] = {
    "a header": lambda made, text: replace(made, headers={"X-Note": f"a {text} b"}),
    "the query": lambda made, text: replace(made, query={"note": text}),
    "the body": lambda made, text: replace(made, json=None, body=Content([f"a {text} b".encode()])),
    "a field of the body": lambda made, text: replace(made, json={"prompt": f"a {text} b"}),
    "the path": lambda made, text: replace(made, url=f"{made.url}/{text}/b"),
    "the link's query": lambda made, text: replace(made, url=f"{made.url}/?note={text}"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", [KEY, OTHER_KEY], ids=["own key", "another gateway's key"])
def test_a_key_does_not_leave_for_a_host_that_is_not_its_own(key: str, place: str, form: str) -> None:
    with line(OK) as own, line(OK) as stranger:
        other: Gateway = replace(ima("https://other.example.com"), id="other")
        out = door(ima(own.url), other=(other, OTHER_KEY))
        made = PLACES[place](ask(stranger.url), FORMS[form](key))
        with pytest.raises(InternalError, match="not sent") as refused:
            out.read(made)

    assert (own.got, stranger.got) == ([], [])
    assert not leaks(f"{refused.value.message}{refused.value.detail}".encode(), key)


@pytest.mark.parametrize("before", [0, 1, len(KEY) // 2, len(KEY) - 1, len(KEY)])
def test_a_key_across_two_pieces_of_a_file_does_not_leave(before: int) -> None:
    """`before`: how much of it stands in the first piece."""
    file = Content([bytes(sessions.BLOCK - before), KEY.encode(), bytes(100)])
    with line(OK) as own, line(OK) as stranger:
        out = door(ima(own.url))
        with pytest.raises(InternalError, match="not sent"):
            out.read(replace(ask(stranger.url), method="PUT", json=None, body=file))

    assert stranger.got == []


def test_a_paid_request_that_holds_another_gateways_key_is_stopped_and_bought_nothing() -> None:
    with line(OK) as own:
        other: Gateway = replace(ima("https://other.example.com"), id="other")
        paid = replace(ask(own.url), safe=False, json={"prompt": f"paint {OTHER_KEY}"})
        with pytest.raises(UsageError, match="Nothing was bought") as stopped:
            door(ima(own.url), other=(other, OTHER_KEY)).pay(paid)

    assert (stopped.value.kind, stopped.value.charged, own.got) == ("holds_key", "no", [])


def test_a_key_that_opens_two_gateways_goes_to_both_and_to_no_other() -> None:
    with line(OK) as own, line(OK) as stranger:
        other: Gateway = replace(ima("https://other.example.com"), id="other")
        out = door(ima(own.url), other=(other, KEY))
        out.read(ask(own.url, headers={"Authorization": PLACEHOLDER}))
        with pytest.raises(InternalError, match="not sent"):
            out.read(ask(stranger.url, headers={"Authorization": PLACEHOLDER}))

    assert [got.headers["authorization"] for got in own.got] == [KEY]
    assert stranger.got == []


def test_the_placeholder_is_not_filled_in_for_a_stranger() -> None:
    with line(OK) as own, line(OK) as stranger:
        out = door(ima(own.url))
        with pytest.raises(InternalError):
            out.read(ask(stranger.url, headers={"Authorization": PLACEHOLDER}))
        with pytest.raises(InternalError):
            out.download(f"{stranger.url}/{urllib.parse.quote(KEY, safe='')}", io.BytesIO(), CAP)

    assert stranger.got == []


@pytest.mark.parametrize(
    ("gateway", "url"),
    [
        ("https://api.imastudio.com", None),
        ("http://127.0.0.1:1", "http://vendor.example.com/x"),
        ("http://127.0.0.1:1", "ftp://127.0.0.1/x"),
        ("http://127.0.0.1:1", "file:///etc/passwd"),
        ("http://127.0.0.1:1", "https://[/x"),
        ("http://127.0.0.1:1", "https://cdn..example.com/x"),
    ],
)
def test_a_link_without_tls_is_followed_to_this_machine_only_and_only_in_a_rehearsal(
    gateway: str, url: str | None
) -> None:
    with line(OK) as server:
        out = door(ima(gateway))
        with pytest.raises(NetworkError):
            out.read(ask(url or server.url))
        with pytest.raises(NotSaved):
            out.download(url or server.url, io.BytesIO(), CAP)

    assert server.got == []


def test_what_is_said_without_tls_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with line(OK) as server, line(OK) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        out = door(ima(server.url))
        made = ask(server.url, headers={"Authorization": PLACEHOLDER})
        out.read(made)
        out.pay(replace(made, safe=False))
        out.download(server.url, io.BytesIO(), CAP)

    assert (len(server.got), proxy.got) == (3, [])


@pytest.mark.parametrize("way", ["read", "ask", "pay", "download"])
@pytest.mark.parametrize(
    "act", [resets, hangs_up, breaks_the_stream, says(302, Location="http://x.example.com/?sig=link_secret")]
)
def test_no_error_holds_the_key_or_the_secret_of_a_link(way: str, act: Act) -> None:
    with line(act) as server:
        error = failure(way, server)

    said = "".join(traceback.format_exception(error)) + f"{error!r} {error.message} {error.detail}"
    assert not leaks(said.encode())
    assert "link_secret" not in said


def failure(way: str, server: Line) -> StudioError:
    url = f"{server.url}/put?sig=link_secret"
    out = door(ima(server.url))
    try:
        if way == "download":
            out.download(url, io.BytesIO(), CAP)
        else:
            getattr(out, way)(ask(url, safe=way != "pay", query={"appUid": PLACEHOLDER}))
    except StudioError as error:
        return error
    return StudioError("it was answered")


def test_no_cookie_of_an_answer_is_sent_back() -> None:
    with line(says(200, b'{"code": 0}', Set_Cookie="visitor=7; Path=/")) as server:
        out = door(ima(server.url))
        assert [out.read(ask(server.url)).status for _ in "12"] == [200, 200]
        assert all("cookie" not in got.headers for got in server.got)


def test_nothing_is_written_to_stderr_while_requests_fail_and_are_repeated() -> None:
    script = """
import sys
from parts import door, hangs_up, ima, line, resets, says
from studio.errors import StudioError
from test_http import failure
for act in (resets, hangs_up, says(502)):
    with line(act) as server:
        print(*(type(failure(way, server)).__name__ for way in ("read", "ask", "pay", "download")))
"""
    made = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        env={"PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT / 'tests'}"},
        timeout=30,
        check=True,
    )
    assert made.stderr == b""
    assert made.stdout.decode().split() == [
        *("NetworkError", "NetworkError", "UnknownOutcome", "NotSaved") * 2,
        *("StudioError", "StudioError", "StudioError", "NotSaved"),
    ]
