"""--debug: each request and its answer on stderr, without keys and without the person's words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from parts import door, ima, line, says
from studio import options
from studio.content import Content
from studio.contract import KEY as PLACEHOLDER
from studio.contract import Exchange, Request
from studio.debug import shown
from studio.errors import NetworkError
from support import KEY, ORDERS, PROMPT, Vendor

REQUEST = Request("the paid request", "POST", "https://x.example.com/create", safe=False)


def asked(**fields: Any) -> str:
    return shown(Exchange(Request(**{**vars(REQUEST), **fields}), own=True))


def told(answer: Any, status: int | None = 200) -> str:
    return shown(Exchange(REQUEST, True, seconds=0.1234, status=status, size=99, answer=answer))


def test_each_request_and_its_answer_are_shown_as_they_happen(vendor: Vendor, tmp_path: Path) -> None:
    from test_spine import picture

    made = vendor.make("--debug", "--input-images", picture(tmp_path))
    assert made.code == 0
    assert made.document["ok"], "stdout is data only"
    lines = made.stderr.splitlines()
    moves = [row[0] for row in lines if re.match(r"> [A-Z]+ http|< (\d|no)", row)]
    assert moves == [">", "<"] * (len(moves) // 2)
    (paid,) = [n for n, row in enumerate(lines) if row.endswith("(the paid request)")]
    assert lines[paid].startswith(f"> POST {vendor.urls['api']}/open/v1/tasks/create")
    assert f'"prompt": "({len(PROMPT)} characters)"' in made.stderr
    assert '"model_id": "doubao-seedream-4.5"' in made.stderr
    assert re.search(r"^< 200 after \d+ ms, \d+ bytes$", made.stderr, re.MULTILINE)
    assert lines.index(next(row for row in lines if "accepted as task" in row)) > paid
    for secret in (PROMPT, "Authorization", "Bearer", PLACEHOLDER):
        assert secret not in made.stderr, secret
    assert re.search(r"[?&]\w+=(?!…)", made.stderr) is None, "no value of a query"


def test_without_it_nothing_of_it_is_shown(vendor: Vendor) -> None:
    assert "create" not in vendor.make().stderr


def test_it_is_shown_beside_one_short_line_too(vendor: Vendor) -> None:
    made = vendor.make("--debug", "--brief")
    assert made.stdout.count("\n") == 1
    assert "> POST" in made.stderr


def test_every_command_that_may_speak_to_a_gateway_has_it() -> None:
    (debug, key) = (
        next(one for one in options.OPTIONS if flag in one.flags) for flag in ("--debug", "--api-key")
    )
    assert debug.commands == key.commands


def test_a_request_is_shown_without_what_is_private() -> None:
    text = asked(
        query={"appUid": PLACEHOLDER, "sign": "signed"},
        headers={"Authorization": f"Bearer {PLACEHOLDER}", "x-app-source": "studio"},
        json={
            "model": "viduq3-turbo",
            "prompt": "cat",
            "images": ["https://cdn.example.com/a.png?sign=signed", f"data:image/png;base64,{'AAAA' * 50}"],
            "note": "some words of the person",
            "n": 2,
            "long": "a" * 81,
        },
    )
    first, header, body = text.splitlines()
    assert first == "> POST https://x.example.com/create?appUid=…&sign=… (the paid request)"
    assert header == ">   x-app-source: studio"
    assert json.loads(body[1:]) == {
        "model": "viduq3-turbo",
        "prompt": "(3 characters)",
        "images": ["https://cdn.example.com/a.png?…", "(150 bytes)"],
        "note": "(24 characters)",
        "n": 2,
        "long": "(81 characters)",
    }


def test_a_file_is_shown_by_its_size_and_a_links_query_not_at_all() -> None:
    text = asked(url="https://me:word@x.example.com/put?sign=signed", body=Content([b"x" * 1234]))
    assert text.splitlines() == ["> POST https://x.example.com/put?… (the paid request)", ">   (1234 bytes)"]


def test_an_answer_is_shown_short_and_without_the_persons_words() -> None:
    text = told({"message": "no points", "prompt": "cat", "url": "https://x.example.com/a?sign=1"})
    assert text.splitlines() == [
        "< 200 after 123 ms, 99 bytes",
        '<   {"message": "no points", "prompt": "(3 characters)", "url": "https://x.example.com/a?…"}',
    ]
    assert len(told(["x" * 99] * 99)) < 450
    assert told(None) == "< 200 after 123 ms, 99 bytes"
    assert told(None, status=None) == "< no answer after 123 ms"


def test_a_key_that_a_vendor_repeats_is_not_shown(vendor: Vendor) -> None:
    said = {"kind": "code", "code": 401, "http": 401, "message": f"bad key {KEY[:14]}**** of {KEY}"}
    vendor.fault("create", said)
    made = vendor.make("--debug")
    assert made.code == 3
    assert "bad key [key]**** of [key]" in made.stderr


@pytest.mark.parametrize("order", ORDERS)
def test_no_gateways_prompt_or_key_is_shown(order: str, tmp_path: Path, clips: Path) -> None:
    from sandbox import Sandbox
    from support import CANARIES, with_clips

    id = order if order in CANARIES else "imagine-future"
    with Sandbox(with_clips(tmp_path / "twins", clips), speed=1000) as box:
        at = Vendor(box.urls[id], 1000, id, ORDERS[order])
        at.buys_unpriced()
        made = at.make("--debug", prompt="wombat")  # one word reads like an option
    assert made.code == 0
    assert "(the paid request)" in made.stderr
    assert "wombat" not in made.stderr


# The hook that the log shares.


def test_every_request_is_heard_before_and_after_and_whatever_hears_it_breaks_nothing() -> None:
    heard: list[Exchange] = []

    def deaf(exchange: Exchange) -> None:
        heard.append(exchange)
        raise RuntimeError("a pen without ink")

    with line(says(200, b'{"code": 0}')) as server:
        out = door(ima(server.url))
        out._heard = deaf
        answer = out.pay(Request("the paid request", "POST", server.url, safe=False, json={"a": 1}))
    assert (answer.payload, len(server.got)) == ({"code": 0}, 1)
    before, after = heard
    assert (before.seconds, before.status, before.own) == (None, None, True)
    assert (after.status, after.size, after.answer) == (200, 11, {"code": 0})
    assert KEY not in repr(vars(after))


def test_that_no_answer_came_is_heard_too() -> None:
    from parts import resets

    heard: list[Exchange] = []
    with line(resets) as server:
        out = door(ima(server.url))
        out._heard = heard.append
        with pytest.raises(NetworkError):
            out.ask(Request("the task's state", "GET", server.url, safe=True))
    assert [one.status for one in heard] == [None, None]
    assert heard[1].seconds is not None
