"""The dozen behaviours that every provider owes, once for all: a later vendor joins by a row of CASES. What
each of them means in depth stands in the provider's own tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import ima_printed as printed
from fault_table.paid import PAID, SPEED
from parts import plan
from sandbox import Sandbox
from studio import catalogue
from studio.contract import KEY, Provider, Request, Response
from studio.errors import StudioError, UnknownOutcome
from studio.types import Done, Failed, MediaRef, Pending, Source, TaskRef
from support import PROMPT, Vendor
from test_ima_answers import CREATED, READY, no
from test_ima_printed import JPEG, LINKS, built
from test_ima_provider import IMA as IMA_PROVIDER
from test_ima_provider import TASK, answer, good
from test_spine import picture
from twins.ima_sample import changed

Words = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """What one vendor's document says; `Response`s are its answers, read as JSON.

    built: the purchases that it prints, as we build them, and their bodies. upload: what answers the steps of
    one. links: where inputs stand in a body. illegal: wishes that no model of it, or not the one named, can
    fill. priced: a wish, and its price in the gateway's unit. cancels: whether the vendor can cancel.
    """

    provider: Provider
    gateway: str
    create: str  # method and path
    built: Mapping[str, tuple[Callable[[], Request], Any]]
    upload: Response
    source: Source
    task: TaskRef
    links: Callable[[Any], list[Any]]
    illegal: tuple[Words, ...]
    submitted: tuple[Response, str]
    lost: Mapping[str, Response]
    refused: Mapping[str, tuple[Response, str]]
    states: Mapping[str, tuple[Response, type]]
    strange: tuple[Response, str]
    failed: tuple[Response, str]
    priced: tuple[tuple[Words, float], ...]
    basis: str
    cancels: bool


def media(resource_status: int | None, status: str, **more: Any) -> Response:
    shown = {**READY, "resource_status": resource_status, "status": status, **more}
    return good({"id": "task_abc", "medias": [shown]})


IMA = Case(
    provider=IMA_PROVIDER,
    gateway="ima",
    create=printed.CREATE_REQUEST,
    built={
        printed.TEXT: (lambda: built(printed.TEXT_TO_IMAGE), printed.TEXT_TO_IMAGE),
        printed.IMAGE: (  # the sample's second copy of its one picture is not ours: see test_ima_printed
            lambda: built(printed.IMAGE_TO_IMAGE),
            changed(printed.IMAGE_TO_IMAGE, "set", f"{printed.INNER}.input_images", [printed.INPUT]),
        ),
    },
    upload=good(LINKS),
    source=JPEG,
    task=TASK,
    links=lambda body: [body["src_img_url"], body["parameters"][0]["parameters"]["input_images"]],
    illegal=(
        ("--size", printed.NO_SIZE),
        ("--resolution", "1080P"),
        ("--duration", "5"),
        ("--set", "colour=red"),
        ("--model", "Midjourney", "--aspect-ratio", "16:9"),
        ("--model", "Nano Banana Pro", "--aspect-ratio", "2:3"),
        ("--model", "Nano Banana", "--size", "720p"),
        ("--model", "no such model"),
    ),
    submitted=(good(CREATED), "task_abc"),
    lost={"500": no(500), "a bare 503": answer(None, 503), "no id": good({}), "a page": answer(None)},
    refused={
        "400": (no(400), "bad_parameter"),
        "4008": (no(4008), "no_credit"),
        "401": (no(401), "key_refused"),
    },
    states={
        "nothing yet": (good({"id": "task_abc", "medias": []}), Pending),
        "pending": (media(None, "pending", url=""), Pending),
        "processing": (media(0, "processing", url=""), Pending),
        "ready without a link": (media(1, "success", url=""), Pending),
        "ready": (media(1, "success"), Done),
        "completed": (media(1, "completed"), Done),
        "failed": (media(2, "failed"), Failed),
        "failed while ready": (media(1, "failed"), Failed),
        "deleted": (media(3, ""), Failed),
    },
    strange=(media(7, "dreaming"), "dreaming"),
    failed=(media(2, "failed", error_msg="out of ideas"), "out of ideas"),
    priced=(
        ((), 5),
        (("--n", "3"), 15),
        (("--model", "Nano Banana", "--size", "512px"), 4),
        (("--model", "Nano Banana Pro", "--size", "4K"), 18),
        (("--model", "Midjourney", "--size", "720p"), 10),
    ),
    basis="live",
    cancels=False,
)

CASES = {"ima": IMA}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def twin(case: Case, tmp_path: Path) -> Iterator[Vendor]:
    with Sandbox(tmp_path / "twin", speed=SPEED) as box:
        yield PAID[case.gateway].vendor(box.urls[case.gateway])


def test_it_builds_the_documented_requests(case: Case) -> None:
    for name, (build, body) in case.built.items():
        request = build()
        assert request.json == body, name
        assert f"{request.method} {urlsplit(request.url).path}" == case.create
        assert request.safe is False


def test_it_refuses_each_illegal_option_before_anything_is_sent_to_be_bought(
    case: Case, twin: Vendor, tmp_path: Path
) -> None:
    for words in case.illegal:
        made = twin.make(*words, "--input-images", picture(tmp_path))
        assert (made.code, made.error["charged"]) == (2, "no"), words
    sent = twin.stats["requests"]
    assert (sent["create"], sent["token"], sent["put"], sent["unknown"]) == (0, 0, 0, 0)


def test_it_reads_what_it_submitted(case: Case) -> None:
    response, id = case.submitted
    made = case.provider.parse_submit(plan(), response)
    assert (made.task.task_id, made.task.gateway) == (id, case.gateway)
    poll = case.provider.poll_request(made.task, "en")
    assert id in json.dumps([poll.url, dict(poll.query), poll.json])
    assert poll.safe is True


def test_a_submission_that_is_no_plain_yes_or_no_is_unknown(case: Case) -> None:
    for name, response in case.lost.items():
        with pytest.raises(UnknownOutcome) as lost:
            case.provider.parse_submit(plan(), response)
        assert (lost.value.charged, lost.value.refused) == ("maybe", False), name
    for name, (response, kind) in case.refused.items():
        with pytest.raises(StudioError) as no_:
            case.provider.parse_submit(plan(), response)
        assert (no_.value.kind, no_.value.charged, no_.value.refused) == (kind, "no", True), name


def test_it_reads_each_state(case: Case) -> None:
    assert {end for _, end in case.states.values()} == {Pending, Done, Failed}
    for name, (response, end) in case.states.items():
        polled = case.provider.parse_poll(case.task, response)
        assert type(polled) is end, name
        assert not isinstance(polled, Pending) or polled.known, name


def test_a_state_that_it_does_not_know_is_said_and_is_no_end(case: Case) -> None:
    response, state = case.strange
    polled = case.provider.parse_poll(case.task, response)
    assert isinstance(polled, Pending)
    assert polled.known is False
    assert state in polled.stage


def test_a_failure_has_its_reason(case: Case) -> None:
    response, reason = case.failed
    polled = case.provider.parse_poll(case.task, response)
    assert isinstance(polled, Failed)
    assert polled.message == reason


def test_it_cancels_or_says_clearly_that_it_cannot(case: Case, twin: Vendor) -> None:
    job = twin.run("start", "--speed", str(SPEED), "--prompt", PROMPT).document["job"]
    cancelled = twin.run("cancel", job)
    if not case.cancels:
        assert (cancelled.code, cancelled.error["kind"]) == (2, "cannot_cancel")
        assert cancelled.document["next"][2:4] == ["wait", job]  # it is paid for, so it is brought
        assert len(cancelled.document["send"]) == 1
    ended = twin.run("wait", job)
    assert ended.document["state"] == ("cancelled" if case.cancels else "done")
    assert twin.stats["requests"]["create"] == 1


def test_a_file_is_fetched_by_a_fresh_link(case: Case, tmp_path: Path) -> None:
    """The vendor is at another address meanwhile, so the link of the first time is dead."""

    def serve() -> Sandbox:
        return Sandbox(tmp_path / "twin", speed=SPEED)

    with serve() as box:
        made = PAID[case.gateway].vendor(box.urls[case.gateway]).make().document
    with serve() as box:
        twin = PAID[case.gateway].vendor(box.urls[case.gateway])
        again = twin.run("fetch", made["job"], "--out", str(tmp_path / "again"))
        assert again.code == 0, again.stderr
        assert (twin.stats["requests"]["create"], twin.stats["requests"]["file"]) == (0, 1)
    (output,) = again.document["outputs"]
    assert Path(output["path"]).parent == tmp_path / "again"
    assert hashlib.sha256(Path(output["path"]).read_bytes()).hexdigest() == made["outputs"][0]["sha256"]


def test_the_key_goes_to_its_own_hosts_only(case: Case) -> None:
    asked: list[Request] = []

    def read(request: Request) -> Response:
        asked.append(request)
        return case.upload

    link = case.provider.upload(case.source, read)
    asked += [case.provider.submit_request(plan(), (link,), ""), case.provider.poll_request(case.task, "en")]
    (gateway,) = [made for made in catalogue.gateways() if made.id == case.gateway]
    hosts = {urlsplit(url).hostname for url in gateway.urls.values()}

    keyed = [request for request in asked if KEY in repr((request.headers, request.query))]
    assert {urlsplit(request.url).hostname for request in keyed} <= hosts
    assert len(keyed) >= 2, "the paid request and the poll carry it"
    for request in asked:
        assert KEY not in repr((request.url, request.json, request.body)), request.what


def test_the_price_is_the_vendors_and_says_what_it_rests_on(case: Case, twin: Vendor) -> None:
    for words, price in case.priced:
        quote = twin.run("quote", "--speed", str(SPEED), "--prompt", PROMPT, *words).document
        assert (quote["cost"]["quoted"], quote["cost"]["basis"]) == (price, case.basis), words
        assert quote["cost"]["charged"] is None
    assert twin.stats["requests"]["create"] == 0
    words, price = case.priced[1]
    assert twin.make(*words).document["cost"]["quoted"] == price
    assert sum(twin.stats["charged"].values()) == price


def test_a_dry_run_shows_what_is_sent(case: Case, twin: Vendor, tmp_path: Path) -> None:
    with_picture = ("--input-images", picture(tmp_path))
    for words in ((), with_picture):
        shown = twin.make("--dry-run", *words).document["request"]
        before = twin.stats["requests"]
        assert (before["create"], before["put"]) == (len(twin.stats["tasks"]), 0)
        assert f"{shown['method']} {urlsplit(shown['url']).path}" == case.create
        assert twin.make(*words).code == 0
        sent = twin.stats["tasks"][-1]["body"]
        for place, real in zip(case.links(shown["json"]), case.links(sent), strict=True):
            assert [one["$input"] for one in place] == list(range(1, len(real) + 1))
            place[:] = real
        assert shown["json"] == sent


def test_an_input_becomes_what_the_request_holds(case: Case) -> None:
    """The other half of the documented request: an upload's link stands in it as it came."""
    link = case.provider.upload(case.source, lambda request: case.upload)
    assert isinstance(link, MediaRef)
    body = case.provider.submit_request(plan(), (link,), "").json
    assert case.links(body) == [[link.value]] * len(case.links(body))
