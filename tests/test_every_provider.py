"""The dozen behaviours that every provider owes, once for all: a later vendor joins by a row of CASES, in
tests/cases.py. What each of them means in depth stands in the provider's own tests."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cases import CASES, SPEED, Case
from sandbox import Sandbox
from studio import catalogue
from studio.contract import KEY, Done, Failed, Hands, Pending, Ready, Request, Response
from studio.errors import StudioError, UnknownOutcome
from studio.types import MediaRef
from support import PROMPT, Vendor, with_clips
from test_spine import picture


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_every_provider_has_its_case_at_each_of_its_gateways() -> None:
    sold = {(model.provider, model.gateway) for model in catalogue.models()}
    assert {(case.plan.provider, case.gateway) for case in CASES.values()} == sold
    assert len(CASES) == len(sold)


@pytest.fixture
def twin(case: Case, tmp_path: Path, clips: Path) -> Iterator[Vendor]:
    with Sandbox(with_clips(tmp_path / "twin", clips), speed=SPEED) as box:
        yield at(case, box)


def at(case: Case, box: Sandbox) -> Vendor:
    """The command, led to the vendor's twin; what nobody knows the price of may be bought."""
    if case.unpriced:
        home = Path(os.environ["MEDIA_STUDIO_HOME"])
        home.mkdir(parents=True, exist_ok=True)
        (home / "config.toml").write_text(f"[gateways.{case.gateway}]\naccept_unknown_price = true\n")
    return case.vendor(box.urls[case.gateway])


def yes(case: Case) -> tuple[str, ...]:
    return ("--accept-unknown-price",) if case.unpriced else ()


def place(request: Request) -> str:
    return f"{request.method} {urlsplit(request.url).path}"


def test_it_builds_the_documented_requests(case: Case) -> None:
    for name, (build, to, body) in case.built.items():
        request = build()
        assert request.json == body, name
        assert place(request) == to, name
        assert request.safe is False


def test_it_refuses_each_illegal_option_before_anything_is_sent_to_be_bought(
    case: Case, twin: Vendor, tmp_path: Path
) -> None:
    file = ("--input-images", picture(tmp_path)) if case.upload else ()  # which is not uploaded either
    for words in case.illegal:
        made = twin.make(*words, *file, *yes(case))
        assert (made.code, made.error["charged"]) == (2, "no"), (words, made.stdout)
    asked = {name for name, times in twin.stats["requests"].items() if times}
    assert asked == ({"list"} if case.listed else set())


def test_it_reads_what_it_submitted(case: Case) -> None:
    response, id = case.submitted
    made = case.provider.parse_submit(case.plan, response)
    assert (made.task.task_id, made.task.gateway) == (id, case.gateway)
    poll = case.provider.poll_request(made.task, "en")
    assert id in json.dumps([poll.url, dict(poll.query), poll.json])
    assert poll.safe is True


def test_a_submission_that_is_no_plain_yes_or_no_is_unknown(case: Case) -> None:
    for name, response in case.lost.items():
        with pytest.raises(UnknownOutcome) as lost:
            case.provider.parse_submit(case.plan, response)
        assert (lost.value.charged, lost.value.refused) == ("maybe", False), name
    for name, (response, kind) in case.refused.items():
        with pytest.raises(StudioError) as no_:
            case.provider.parse_submit(case.plan, response)
        assert (no_.value.kind, no_.value.charged, no_.value.refused) == (kind, "no", True), name


def test_it_reads_each_state(case: Case) -> None:
    assert {end for _, end in case.states.values()} == {Pending, Done, Failed}
    for name, (response, end) in case.states.items():
        polled = case.provider.parse_poll(case.task, response)
        if isinstance(polled, Ready):
            assert case.link is not None
            assert isinstance(case.provider, Hands)
            polled = case.provider.parse_file(case.task, polled, case.link)
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
    said = ("--speed", str(SPEED), "--prompt", PROMPT, *yes(case))
    job = twin.run("start", *said, *(case.slow or case.order)).document["job"]
    cancelled = twin.run("cancel", job)
    if case.slow is None:
        assert (cancelled.code, cancelled.error["kind"]) == (2, "cannot_cancel")
        assert cancelled.document["next"][2:4] == ["wait", job]  # it is paid for, so it is brought
        assert len(cancelled.document["send"]) == 1
    ended = twin.run("wait", job)
    if not ended.document["done"]:
        ended = twin.finish(ended.document)
    assert ended.document["state"] == ("cancelled" if case.slow else "done")
    assert twin.stats["requests"]["create"] == 1


def test_a_file_is_fetched_by_a_fresh_link(case: Case, tmp_path: Path, clips: Path) -> None:
    """The vendor is at another address meanwhile, so the link of the first time is dead."""

    home = with_clips(tmp_path / "twin", clips)

    def serve() -> Sandbox:
        return Sandbox(home, speed=SPEED)

    with serve() as box:
        made = at(case, box).make(*case.order, *yes(case)).document
    with serve() as box:
        twin = at(case, box)
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
        assert case.upload is not None, "its inputs travel in the request itself"
        return case.upload

    link = case.provider.upload(case.source, read)
    asked += [
        case.provider.submit_request(case.plan, (link, *case.beside), ""),
        case.provider.poll_request(case.task, "en"),
    ]
    if isinstance(case.provider, Hands):
        asked.append(case.provider.file_request(case.task, Ready("176844028768320")))
    (gateway,) = [made for made in catalogue.gateways() if made.id == case.gateway]
    hosts = {urlsplit(url).hostname for url in gateway.urls.values()}

    keyed = [request for request in asked if KEY in repr((request.headers, request.query))]
    assert {urlsplit(request.url).hostname for request in keyed} <= hosts
    assert len(keyed) >= (3 if case.link else 2), "the paid request, the poll, the call for a link carry it"
    for request in asked:
        assert KEY not in repr((request.url, request.json, request.body)), request.what


def test_the_price_is_the_vendors_and_says_what_it_rests_on(case: Case, twin: Vendor) -> None:
    for words, price in case.priced:
        quote = twin.run("quote", "--speed", str(SPEED), "--prompt", PROMPT, *words).document
        assert (quote["cost"]["quoted"], quote["cost"]["basis"]) == (price, case.basis), words
        assert quote["cost"]["charged"] is None
    assert twin.stats["requests"]["create"] == 0
    words, price = case.priced[1]
    assert twin.make(*words, *yes(case)).document["cost"]["quoted"] == price
    taken = sum(twin.stats["charged"].values())
    assert taken == price * case.steps if price is not None else taken > 0


def test_a_dry_run_shows_what_is_sent(case: Case, twin: Vendor, tmp_path: Path) -> None:
    for order, to in case.orders:
        words = order(tmp_path)
        shown = twin.make("--dry-run", *words).document["request"]
        before = twin.stats["requests"]
        assert (before["create"], before.get("put", 0)) == (len(twin.stats["tasks"]), 0)
        assert f"{shown['method']} {urlsplit(shown['url']).path}" == to
        assert twin.make(*words, *yes(case)).code == 0
        sent = twin.stats["tasks"][-1]["body"]
        files: list[int] = []
        assert met(shown["json"], sent, files) == sent
        local = "$input" in json.dumps(shown["json"])
        assert files == ([1] * len(case.links(sent)) if local else [])


def met(shown: Any, sent: Any, files: list[int]) -> Any:
    """What a dry run showed, with what was sent in the place of the files (whose numbers are noted) and of
    the job's own id, which are not there yet."""
    if isinstance(shown, dict) and "$input" in shown:
        files.append(shown["$input"])
        return sent
    if shown == "UUID":
        return str(uuid.UUID(sent))
    if isinstance(shown, dict):
        return {name: met(value, sent.get(name), files) for name, value in shown.items()}
    if isinstance(shown, list):
        return [met(*pair, files) for pair in zip(shown, sent, strict=True)]
    return shown


def test_an_input_becomes_what_the_request_holds(case: Case) -> None:
    """The other half of the documented request: what an upload gives stands in it as it came."""

    def read(request: Request) -> Response:
        assert case.upload is not None, "its inputs travel in the request itself"
        return case.upload

    link = case.provider.upload(case.source, read)
    assert isinstance(link, MediaRef)
    body = case.provider.submit_request(case.plan, (link, *case.beside), "").json
    assert case.links(body) == [[link.value]] * len(case.links(body))
