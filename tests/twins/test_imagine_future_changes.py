"""An accepted request with any one thing changed is refused, but for a short list of what is tolerated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from sandbox import Sandbox
from twins.changes import GONE, Sent, changes
from twins.imagine_future_vendor import KEY, OTHER_KEY, Gateway
from twins.kling_printed import AVATAR, AVATAR_REQUEST, MOTION, MOTION_REQUEST
from twins.vidu_printed import REQUESTS as VIDU

EVERY_QUERY = {
    "host alternate",  # the document: both domains point to the same service
}
EVERY_CREATE = {
    *EVERY_QUERY,
    # here every key of this gateway's shape is an account, opened at first sight: it pays for itself
    "header Authorization with the key of another account",
    # HTTP: the same type with a parameter, and a type is read without regard to case
    "header Content-Type with a charset",
    "header Content-Type in other case",
}
PROMPT = {
    # any text with a letter in it is a prompt
    "body prompt unknown",
    "body prompt with a blank",
    "body prompt in other case",
}
NO_PROMPT = {"body prompt emptied", "body prompt dropped"}  # where the document has it optional
DURATION = {
    "body duration one more",  # a number of seconds is the buyer's to choose, and 6 is one
    "body duration written with .0",  # JSON has one kind of number: 5.0 is 5
    "body duration dropped",  # optional
}
SEED = {"body seed 0", "body seed one more", "body seed written with .0", "body seed dropped"}  # any number
OFF_PEAK = {"body off_peak turned round", "body off_peak dropped"}  # a choice, optional
A_LINK = {"body images.0 in other case"}  # scheme and host are read without regard to case
SOME_LINKS = A_LINK | {"body images doubled"}  # two are allowed, and the same one twice
SIZE = {"body resolution dropped"}  # optional, as the next three
RATIO = {"body aspect_ratio dropped"}
MOVEMENT = {"body movement_amplitude dropped"}
CALLBACK = {"body callback_url dropped"}
TOLERATED: dict[str, set[str]] = {
    "text2video": EVERY_CREATE | PROMPT | DURATION | SEED | OFF_PEAK | SIZE | RATIO | MOVEMENT,
    "img2video": EVERY_CREATE | PROMPT | DURATION | SEED | OFF_PEAK | SIZE | MOVEMENT | A_LINK,
    "start-end2video": EVERY_CREATE
    | PROMPT
    | NO_PROMPT
    | DURATION
    | SEED
    | OFF_PEAK
    | SIZE
    | A_LINK
    | {"body images.1 in other case"},
    "reference2video": EVERY_CREATE | PROMPT | DURATION | SEED | OFF_PEAK | SIZE | RATIO | SOME_LINKS,
    "template2video": EVERY_CREATE
    | PROMPT
    | NO_PROMPT
    | DURATION
    | SIZE
    | SOME_LINKS
    | CALLBACK
    # the document lists neither models nor templates: any word is one
    | {"body model in other case", "body template_id in other case"},
    "ref2image/nano": EVERY_CREATE
    | PROMPT
    | SEED
    | RATIO
    | SIZE
    | SOME_LINKS
    | CALLBACK
    # the document lists neither models nor sizes of this route: any word is one
    | {"body model in other case", "body resolution in other case"},
    "motion-control": EVERY_CREATE
    | PROMPT
    | NO_PROMPT
    | {
        "body model_name dropped",  # the document: the server's own then
        "body keep_original_sound dropped",  # the vendor's own is yes
        "body image_url in other case",
        "body video_url in other case",
    },
    "avatar": EVERY_CREATE
    | PROMPT
    | NO_PROMPT
    | {
        "body model_name dropped",
        "body image in other case",
        # any text with a letter in it can be spoken
        "body text unknown",
        "body text with a blank",
        "body text in other case",
    },
    "creations": EVERY_QUERY,
    "kling task": EVERY_QUERY,
}
COUNTS = {  # request -> (refused, tolerated)
    "text2video": (124, 19),
    "img2video": (134, 19),
    "start-end2video": (131, 21),
    "reference2video": (132, 20),
    "template2video": (123, 18),
    "ref2image/nano": (122, 18),
    "motion-control": (118, 13),
    "avatar": (93, 14),
    "creations": (25, 1),
    "kling task": (42, 1),
}


def requests_of(gateway: Gateway) -> dict[str, Sent]:
    """One request of each route, which is accepted as it stands; what they name exists."""
    vidu = gateway.bought("text2video", VIDU["text2video"])["task_id"]
    kling = gateway.kling_bought(AVATAR, AVATAR_REQUEST)["task_id"]
    usual = Sent("POST", "api", "", key=KEY, word="Token", other_key=OTHER_KEY)
    usual = replace(usual, hosts=("api", "alternate", "files"), headers=gateway.headers)

    def create(path: str, body: object) -> Sent:
        headers = {**gateway.headers, "Content-Type": "application/json"}
        return replace(usual, path=path, headers=headers, body=body)

    return {
        **{way: create(f"/ai/avu/{way}", body) for way, body in VIDU.items()},
        "motion-control": create(f"/ai/kling/v1/{MOTION}", MOTION_REQUEST),
        "avatar": create(f"/ai/kling/v1/{AVATAR}", AVATAR_REQUEST),
        "creations": replace(usual, method="GET", path=f"/ai/avu/tasks/{vidu}/creations"),
        "kling task": replace(
            usual, method="GET", path=f"/ai/kling/v1/tasks/{kling}", query=(("endpoint", AVATAR),)
        ),
    }


class Survey:
    """What one twin says to many requests."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.gateway = Gateway(sandbox)
        self.bought = 2  # by requests_of, for the queries

    def accepts(self, sent: Sent) -> bool:
        """Send it. What is accepted at create is one task more, and nothing else buys."""
        answer = self._send(sent)
        stats = self.gateway.sandbox.stats()["imagine-future"]
        self.bought += answer.ok and sent.method == "POST"
        assert (stats["accepted"], len(stats["tasks"])) == (self.bought, self.bought), sent
        return answer.ok

    def _send(self, sent: Sent) -> requests.Response:
        url = self.gateway.urls[sent.host] + sent.path
        made = requests.Request(sent.method, url, headers=sent.headers, params=sent.query, data=sent.data)
        return self.gateway.http.send(self.gateway.http.prepare_request(made), timeout=5)


@pytest.fixture(scope="module")
def survey() -> Iterator[Survey]:
    with Sandbox() as sandbox:
        yield Survey(sandbox)


@pytest.fixture(scope="module")
def said(survey: Survey) -> dict[str, dict[str, bool]]:
    """Request -> change -> is it accepted? Every one was sent once, to one twin."""
    kinds = requests_of(survey.gateway)
    assert [name for name, sent in kinds.items() if not survey.accepts(sent)] == []
    return {
        name: {change: survey.accepts(one) for change, one in changes(sent).items()}
        for name, sent in kinds.items()
    }


@pytest.mark.parametrize("kind", TOLERATED)
def test_exactly_the_listed_changes_are_accepted(said: dict[str, dict[str, bool]], kind: str) -> None:
    accepted = {change for change, taken in said[kind].items() if taken}

    assert accepted - TOLERATED[kind] == set(), "accepted, and not listed"
    assert TOLERATED[kind] - accepted == set(), "listed, and refused or never tried"


def test_the_twin_itself_never_failed(said: dict[str, dict[str, bool]], survey: Survey) -> None:
    violations = survey.gateway.stats()["violations"]

    assert [words for words in violations if words.startswith("sandbox error")] == []


def test_every_field_header_and_parameter_was_changed(
    said: dict[str, dict[str, bool]], survey: Survey
) -> None:
    for kind, sent in requests_of(survey.gateway).items():
        tried = said[kind]
        assert all(f"header {name} dropped" in tried for name in sent.headers)
        assert all(f"query {name} dropped" in tried for name, _ in sent.query)
        if sent.body is not GONE:
            assert all(f"body {name} dropped" in tried for name in sent.body)


def test_so_many_changes_are_refused_and_so_many_tolerated(said: dict[str, dict[str, bool]]) -> None:
    counted = {kind: (list(tried.values()).count(False), sum(tried.values())) for kind, tried in said.items()}

    assert counted == COUNTS
