"""An accepted request with any one thing changed is refused, but for a short list of what is tolerated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from sandbox import Sandbox
from twins.changes import GONE, Sent, changes
from twins.hailuo_printed import CAMERA_REQUEST, GPTGE_EVERY_FIELD, GPTGE_REQUEST, VIDEO_REQUEST
from twins.hailuo_vendor import DOORS, Shop, refusal
from twins.ima_vendor import Clock

EVERY_CREATE = {
    # here every key of this gateway's shape is an account, opened at first sight: it pays for itself
    "header Authorization with the key of another account",
    # HTTP: the same type with a parameter, and a type is read without regard to case
    "header Content-Type with a charset",
    "header Content-Type in other case",
}
PROMPT = {
    # any text is a prompt, and with a picture none is needed
    "body prompt unknown",
    "body prompt with a blank",
    "body prompt in other case",
    "body prompt emptied",
    "body prompt dropped",
}
OPTIMIZER = {"body prompt_optimizer turned round", "body prompt_optimizer dropped"}
PICTURE = {"body first_frame_image in other case"}  # scheme and host are read without regard to case
ONE_NUMBER = {"body duration written with .0"}  # JSON has one kind of number: 6.0 is 6
EVERY_FIELD_OF_GPTGE = {
    *OPTIMIZER,
    "body fast_pretreatment turned round",
    "body fast_pretreatment dropped",
    "body callback_url dropped",
    "body last_frame_image in other case",
    "body last_frame_image dropped",  # then it is one with a first frame
}
TOLERATED: dict[str, set[str]] = {
    "302ai video": EVERY_CREATE
    | PROMPT
    | OPTIMIZER
    | PICTURE
    | ONE_NUMBER
    | {
        "body duration dropped",  # the document: optional, as the next ones
        "body resolution dropped",
        "body callback dropped",
        "body last_frame_images dropped",
        "body last_frame_images in other case",
        "body first_frame_image dropped",  # the document: a last frame alone is possible
    },
    "302ai camera": EVERY_CREATE | PROMPT | OPTIMIZER | PICTURE,
    "302ai query": set(),
    "302ai file": set(),
    "gptge picture": EVERY_CREATE | PROMPT | PICTURE | ONE_NUMBER | {"body first_frame_image dropped"},
    "gptge every field": EVERY_CREATE | PROMPT | PICTURE | ONE_NUMBER | EVERY_FIELD_OF_GPTGE,
    "gptge query": set(),
    "gptge file": set(),
}
COUNTS = {  # request -> (refused, tolerated)
    "302ai video": (124, 18),
    "302ai camera": (80, 11),
    "302ai query": (41, 0),
    "302ai file": (41, 0),
    "gptge picture": (98, 11),
    "gptge every field": (134, 17),
    "gptge query": (25, 0),
    "gptge file": (41, 0),
}


def requests_of(shops: dict[str, Shop], clock: Clock) -> dict[str, Sent]:
    """One request of each route, which is accepted as it stands; what they name exists."""

    def usual(name: str, method: str, path: str) -> Sent:
        shop = shops[name]
        sent = Sent(method, "api", path, key=shop.key, other_key=shop.door.other_key)
        return replace(sent, hosts=("api", "files"), headers=shop.headers)

    def create(name: str, body: object) -> Sent:
        sent = usual(name, "POST", DOORS[name].create)
        return replace(sent, headers={**sent.headers, "Content-Type": "application/json"}, body=body)

    def file(name: str, id: str) -> Sent:
        file_id = shops[name].flat(id)["file_id"]
        return replace(usual(name, "GET", DOORS[name].retrieve), query=(("file_id", file_id),))

    ids = {name: shop.bought() for name, shop in shops.items()}
    clock.now += 241
    query = usual("302ai", "GET", "/v1/query/video_generation")
    return {
        "302ai video": create("302ai", VIDEO_REQUEST),
        "302ai camera": create("302ai", CAMERA_REQUEST),
        "302ai query": replace(query, query=(("task_id", ids["302ai"]),)),
        "302ai file": file("302ai", ids["302ai"]),
        "gptge picture": create("gptge", GPTGE_REQUEST),
        "gptge every field": create("gptge", GPTGE_EVERY_FIELD),
        "gptge query": usual("gptge", "GET", f"/task/{ids['gptge']}"),
        "gptge file": file("gptge", ids["gptge"]),
    }


class Survey:
    """What the twins say to many requests."""

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        self.shops = {name: Shop(sandbox, name) for name in DOORS}
        self.kinds = requests_of(self.shops, clock)
        self.bought = dict.fromkeys(DOORS, 1)  # by requests_of, for the queries

    def accepts(self, kind: str, sent: Sent) -> bool:
        """Send it. What is accepted at create is one task more, and nothing else buys."""
        name = kind.split(maxsplit=1)[0]
        answer = self._send(self.shops[name], sent)
        taken = answer.ok and refusal(answer) is None
        self.bought[name] += taken and sent.method == "POST"
        stats = self.shops[name].stats()
        assert (stats["accepted"], len(stats["tasks"])) == (self.bought[name], self.bought[name]), sent
        return taken

    def _send(self, shop: Shop, sent: Sent) -> requests.Response:
        url = shop.urls[sent.host] + sent.path
        made = requests.Request(sent.method, url, headers=sent.headers, params=sent.query, data=sent.data)
        return shop.http.send(shop.http.prepare_request(made), timeout=5)


@pytest.fixture(scope="module")
def survey() -> Iterator[Survey]:
    clock = Clock()
    with Sandbox(clock=clock) as sandbox:
        yield Survey(sandbox, clock)


@pytest.fixture(scope="module")
def said(survey: Survey) -> dict[str, dict[str, bool]]:
    """Request -> change -> is it accepted? Every one was sent once."""
    assert [kind for kind, sent in survey.kinds.items() if not survey.accepts(kind, sent)] == []
    return {
        kind: {change: survey.accepts(kind, one) for change, one in changes(sent).items()}
        for kind, sent in survey.kinds.items()
    }


@pytest.mark.parametrize("kind", TOLERATED)
def test_exactly_the_listed_changes_are_accepted(said: dict[str, dict[str, bool]], kind: str) -> None:
    accepted = {change for change, taken in said[kind].items() if taken}

    assert accepted - TOLERATED[kind] == set(), "accepted, and not listed"
    assert TOLERATED[kind] - accepted == set(), "listed, and refused or never tried"


def test_the_twins_themselves_never_failed(said: dict[str, dict[str, bool]], survey: Survey) -> None:
    for shop in survey.shops.values():
        assert [words for words in shop.stats()["violations"] if words.startswith("sandbox error")] == []


def test_every_field_header_and_parameter_was_changed(
    said: dict[str, dict[str, bool]], survey: Survey
) -> None:
    assert set(said) == set(TOLERATED)
    for kind, sent in survey.kinds.items():
        tried = said[kind]
        assert all(f"header {name} dropped" in tried for name in sent.headers)
        assert all(f"query {name} dropped" in tried for name, _ in sent.query)
        if sent.body is not GONE:
            assert all(f"body {name} dropped" in tried for name in sent.body)


def test_so_many_changes_are_refused_and_so_many_tolerated(said: dict[str, dict[str, bool]]) -> None:
    counted = {kind: (list(tried.values()).count(False), sum(tried.values())) for kind, tried in said.items()}

    assert counted == COUNTS
