"""One-click MV: an accepted request with any one thing changed is refused, but for what is tolerated here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from twins.changes import Sent, changes
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import KEY, OTHER_KEY
from twins.mv_printed import BASE, EDIT
from twins.mv_vendor import A_JOB, PICTURE, Mv, newest

EVERY_CALL = {
    "host alternate",  # the document: both domains are the same service
    # HTTP: the same type with a parameter, and a type is read without regard to case
    "header Content-Type with a charset",
    "header Content-Type in other case",
}
WORDS = {
    # any text is a prompt
    "body prompt unknown",
    "body prompt with a blank",
    "body prompt in other case",
}
CALLBACK = {"body callback_url dropped"}  # optional
TOLERATED: dict[str, set[str]] = {
    "create": EVERY_CALL
    | WORDS
    | CALLBACK
    | {
        "header Authorization with the key of another account",  # opened at first sight, it pays for itself
        "body prompt emptied",  # the printed example
        # optional, and each has a default or none
        "body prompt dropped",
        "body duration dropped",
        "body aspect_ratio dropped",
        "body resolution dropped",
        "body add_subtitle dropped",
        "body srt_url dropped",
        "body language dropped",
        "body lip_sync dropped",
        # the other value of a bool
        "body add_subtitle turned round",
        "body lip_sync turned round",
        # it is in no table and has no effect: a number is all that is asked of it
        "body duration 0",
        "body duration -1",
        "body duration huge",
        "body duration one more",
        "body duration written with .0",
        # scheme and host are read without regard to case, and a path may say anything
        "body images.0 in other case",
        "body audio_url in other case",
        "body srt_url in other case",
        # one or two of the same picture are one to seven pictures
        "body images doubled",
    },
    "edit": EVERY_CALL | WORDS | CALLBACK,
    "compose": EVERY_CALL
    | CALLBACK
    | {
        # some of the shots are a film, too
        "body job_ids.0 dropped",
        "body job_ids.1 dropped",
    },
    "query": EVERY_CALL
    | {
        # a GET has no body, so that what its type would be is nobody's business
        "header Content-Type dropped",
        "header Content-Type renamed",
        "header Content-Type emptied",
        "header Content-Type of another value",
        "header Content-Type text/plain",
        "header Content-Type a form",
        "header Content-Type another picture",
    },
}
COUNTS = {"create": (154, 28), "edit": (73, 7), "compose": (81, 6), "query": (25, 10)}  # (refused, tolerated)


def requests_of(mv: Mv) -> dict[str, Sent]:
    """One request of each route, which is accepted as it stands; what they name exists."""
    id = mv.finished(audio_url="https://example.com/song-20s.mp3")
    jobs = newest(mv.query(id))
    headers = {"Authorization": f"Token {KEY}", "Content-Type": "application/json"}
    told = {"callback_url": "https://example.com/told"}
    create = {
        "images": [PICTURE],
        "audio_url": "https://example.com/song.mp3",
        "prompt": "a night drive",
        "duration": 15,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "add_subtitle": True,
        "srt_url": "https://example.com/song.srt",
        "language": "en",
        "lip_sync": False,
    }

    usual = Sent("POST", "api", BASE, headers=headers, key=KEY, word="Token", other_key=OTHER_KEY)
    usual = replace(usual, hosts=("api", "alternate", "files"))

    def post(path: str, body: dict[str, Any]) -> Sent:
        return replace(usual, path=BASE + path, body={**body, **told})

    return {
        "create": post("", create),
        "edit": post(f"/{id}/edit", {**EDIT, "job_id": jobs[0]}),
        "compose": post(f"/{id}/compose", {"job_ids": jobs}),
        "query": replace(usual, method="GET", path=f"{BASE}/{id}"),
    }


class Survey:
    """What one twin says to many requests."""

    def __init__(self, mv: Mv) -> None:
        self.mv = mv

    def accepts(self, sent: Sent) -> bool:
        """Send it. What is accepted at a POST is one task more, which has ended before the next request;
        nothing else buys."""
        before = self._bought()
        made = requests.Request(
            sent.method,
            self.mv.urls[sent.host] + sent.path,
            headers=sent.headers,
            params=sent.query,
            data=sent.data,
        )
        answer = self.mv.http.send(self.mv.http.prepare_request(made), timeout=5)
        accepted, tasks, points = (after - was for after, was in zip(self._bought(), before, strict=True))
        bought = int(answer.ok and sent.method == "POST")
        assert (accepted, tasks, points > 0) == (bought, bought, bool(bought)), sent
        self.mv.clock.now += A_JOB
        return answer.ok

    def _bought(self) -> tuple[int, int, int]:
        stats = self.mv.stats()
        return stats["accepted"], len(stats["tasks"]), stats["points_charged"]


@pytest.fixture(scope="module")
def said() -> Iterator[dict[str, dict[str, bool]]]:
    """Request -> change -> is it accepted? Every one was sent once, to one twin."""
    clock = Clock()
    with Sandbox(clock=clock) as sandbox:
        mv = Mv(sandbox, clock)
        survey, kinds = Survey(mv), requests_of(mv)
        assert [name for name, sent in kinds.items() if not survey.accepts(sent)] == []
        yield {
            name: {change: survey.accepts(one) for change, one in changes(sent).items()}
            for name, sent in kinds.items()
        }
        violations = mv.stats()["violations"]
        assert [words for words in violations if words.startswith("sandbox error")] == []


@pytest.mark.parametrize("kind", TOLERATED)
def test_exactly_the_listed_changes_are_accepted(said: dict[str, dict[str, bool]], kind: str) -> None:
    accepted = {change for change, taken in said[kind].items() if taken}

    assert accepted - TOLERATED[kind] == set(), "accepted, and not listed"
    assert TOLERATED[kind] - accepted == set(), "listed, and refused or never tried"


def test_so_many_changes_are_refused_and_so_many_tolerated(said: dict[str, dict[str, bool]]) -> None:
    counted = {kind: (list(tried.values()).count(False), sum(tried.values())) for kind, tried in said.items()}

    assert counted == COUNTS
