"""An accepted request with any one thing changed is refused, but for a short list of what is tolerated."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from PIL import Image

from sandbox import Sandbox
from twins.changes import Sent, changes
from twins.ima_vendor import KEY, Vendor, banana_body, image_body, text_body, with_product

TOKEN = "/api/rest/oss/getuploadtoken"
LANGUAGE = {
    "header x_app_language dropped",  # the document: recommended, en if omitted
    "header x_app_language renamed",  # with dashes it is a header like any other, so the language is omitted
}
EVERY_CALL = LANGUAGE | {
    # HTTP: the same type with a parameter, and a type is read without regard to case
    "header Content-Type with a charset",
    "header Content-Type in other case",
}
ANY_ACCOUNT = {
    # here every key of IMA's shape is an account, opened at first sight: it pays for itself
    "header Authorization with the key of another account",
}
EVERY_CREATE = {
    *EVERY_CALL,
    *ANY_ACCOUNT,
    "added upload_img_src",  # contract 1.4: shown once in a document, empty
    "body parameters.0.app webAgent",  # contract 1.4: the vendor's other word for it
    # any text with a letter in it is a prompt
    "body parameters.0.parameters.prompt unknown",
    "body parameters.0.parameters.prompt with a blank",
    "body parameters.0.parameters.prompt in other case",
    # JSON has one kind of number: 5.0 is 5
    "body parameters.0.attribute_id written with .0",
    "body parameters.0.credit written with .0",
    "body parameters.0.parameters.n written with .0",
    "body parameters.0.parameters.cast.points written with .0",
    "body parameters.0.parameters.cast.attribute_id written with .0",
    # contract 1.4: a number of pictures is the buyer's to choose, and 2 is one
    "body parameters.0.parameters.n one more",
    # contract 1.2: 1K and 1k are one value
    "body parameters.0.parameters.size in other case",
}
DEFAULT_SIZE = {
    # SeeDream's one rule has no condition, and its form has a value of its own for what is left out
    "body parameters.0.parameters.size dropped",
}
TOLERATED: dict[str, set[str]] = {
    "text_to_image": EVERY_CREATE | DEFAULT_SIZE,
    "image_to_image": EVERY_CREATE
    | DEFAULT_SIZE
    | {
        # the document's own body names its one picture twice
        "body src_img_url doubled",
        "body parameters.0.parameters.input_images doubled",
    },
    "nano_banana_2": EVERY_CREATE
    | {
        # no rule asks for it, and the form has a value of its own
        "body parameters.0.parameters.aspect_ratio dropped",
    },
    "list": EVERY_CALL
    | ANY_ACCOUNT
    | {
        # a GET has no body, and the document's table of required headers does not name it
        "header Content-Type dropped",
        "header Content-Type renamed",
    },
    "detail": EVERY_CALL,
    "token": {
        # contract 1.3: its clients send none; the same key stands in the query already
        "header Authorization added",
    },
    "put": {
        "body emptied",  # a store of files takes an empty one; as a picture of a task it is refused
    },
}
COUNTS = {  # request -> (refused, tolerated)
    "text_to_image": (322, 18),
    "image_to_image": (344, 20),
    "nano_banana_2": (335, 18),
    "list": (86, 7),
    "detail": (66, 4),
    "token": (178, 1),
    "put": (24, 1),
}


def requests_of(vendor: Vendor) -> dict[str, Sent]:
    """One request of each kind, which is accepted as it stands; what they name exists."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(picture, "PNG")
    link = vendor.upload(picture.getvalue())
    task_id = vendor.create(text_body())["data"]["id"]
    place = vendor.token()["data"]["ful"].removeprefix(vendor.urls["files"])
    headers = {**vendor.headers, "Content-Type": "application/json"}
    category = (("app", "ima"), ("platform", "web"), ("category", "text_to_image"))

    def post(path: str, body: Any) -> Sent:
        return Sent("POST", "api", f"/open/v1/tasks/{path}", headers=headers, body=body, key=KEY)

    return {
        "text_to_image": post("create", text_body()),
        "image_to_image": post("create", image_body(link)),
        "nano_banana_2": post("create", banana_body(aspect_ratio="16:9")),
        "list": Sent("GET", "api", "/open/v1/product/list", category, headers, key=KEY),
        "detail": post("detail", {"task_id": task_id}),
        "token": Sent("GET", "upload", TOKEN, tuple(vendor.token_query().items()), key=KEY),
        "put": Sent(
            "PUT", "files", place, headers={"Content-Type": "image/png"}, body=picture.getvalue(), key=KEY
        ),
    }


def all_changes(sent: Sent) -> dict[str, Sent]:
    """The mechanical ones, and for a create the two spellings that only a document can tell."""
    made = changes(sent)
    if sent.path.endswith("/create"):
        made["added upload_img_src"] = replace(sent, body={**sent.body, "upload_img_src": ""})
        body = copy.deepcopy(sent.body)
        made["body parameters.0.app webAgent"] = replace(sent, body=with_product(body, app="webAgent"))
    return made


class Survey:
    """What one twin says to many requests."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.vendor = Vendor(sandbox)
        self.http = self.vendor.http

    def bought(self) -> tuple[int, int, int]:
        stats = self.sandbox.stats()["ima"]
        return stats["accepted"], len(stats["tasks"]), stats["points_charged"]

    def accepts(self, sent: Sent) -> bool:
        """Send it. An error status, or a business code that is not 0 or 200, is a refusal, and buys nothing;
        what is accepted at create is one task more, and nothing else buys."""
        before = self.bought()
        answer = self._send(sent)
        taken = answer.ok and (not _is_envelope(answer) or answer.json()["code"] in (0, 200))
        accepted, tasks, points = (after - was for after, was in zip(self.bought(), before, strict=True))
        bought = int(taken and sent.path.endswith("/create"))
        assert (accepted, tasks, points > 0) == (bought, bought, bool(bought)), sent
        return taken

    def _send(self, sent: Sent) -> requests.Response:
        made = requests.Request(
            sent.method,
            self.vendor.urls[sent.host] + sent.path,
            headers=sent.headers,
            params=sent.query,
            data=sent.data,
        )
        return self.http.send(self.http.prepare_request(made), timeout=5)


def _is_envelope(answer: requests.Response) -> bool:
    return answer.headers["Content-Type"] == "application/json" and answer.content != b""


@pytest.fixture(scope="module")
def survey() -> Iterator[Survey]:
    with Sandbox() as sandbox:
        yield Survey(sandbox)


@pytest.fixture(scope="module")
def said(survey: Survey) -> dict[str, dict[str, bool]]:
    """Request -> change -> is it accepted? Every one was sent once, to one twin."""
    kinds = requests_of(survey.vendor)
    assert [name for name, sent in kinds.items() if not survey.accepts(sent)] == []
    return {
        name: {change: survey.accepts(one) for change, one in all_changes(sent).items()}
        for name, sent in kinds.items()
    }


@pytest.mark.parametrize("kind", TOLERATED)
def test_exactly_the_listed_changes_are_accepted(said: dict[str, dict[str, bool]], kind: str) -> None:
    accepted = {change for change, taken in said[kind].items() if taken}

    assert accepted - TOLERATED[kind] == set(), "accepted, and not listed"
    assert TOLERATED[kind] - accepted == set(), "listed, and refused or never tried"


def test_the_twin_itself_never_failed(said: dict[str, dict[str, bool]], survey: Survey) -> None:
    violations = survey.sandbox.stats()["ima"]["violations"]

    assert [words for words in violations if words.startswith("sandbox error")] == []


def test_every_field_header_and_parameter_was_changed(
    said: dict[str, dict[str, bool]], survey: Survey
) -> None:
    for kind, sent in requests_of(survey.vendor).items():
        tried = said[kind]
        assert all(f"header {name} dropped" in tried for name in sent.headers)
        assert all(f"query {name} dropped" in tried for name, _ in sent.query)
    inner = ("prompt", "size", "n", "input_images", "cast", "cast.points", "cast.attribute_id")
    for name in inner:
        assert f"body parameters.0.parameters.{name} dropped" in said["text_to_image"]
        assert f"body parameters.0.parameters.{name} moved up" in said["text_to_image"]


def test_so_many_changes_are_refused_and_so_many_tolerated(said: dict[str, dict[str, bool]]) -> None:
    counted = {kind: (list(tried.values()).count(False), sum(tried.values())) for kind, tried in said.items()}

    assert counted == COUNTS
