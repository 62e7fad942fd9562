"""Steps on a finished music video: which takes they are about, and that each is followed by its own job,
although the film's old success and the film's old link are there all the while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine_future import GATEWAY, MV, NOW, UID, answer, sample
from sandbox import Sandbox
from studio import catalogue, conditions, tables
from studio.contract import Done, Failed, Pending, Request, Response
from studio.errors import NetworkError, StudioError, UsageError
from studio.runner import UNREADABLE
from studio.types import Plan, TaskRef
from test_mv_answers import FILM, LINK, RECORDS, film, record, take
from twins.ima_vendor import Clock
from twins.mv_vendor import A_JOB, LONG, Mv, films, newest

PARENT = TaskRef(GATEWAY.id, FILM, NOW)
SHOT, COMPOSE = "music_video_shot", "music_video_compose"
OLD = {"signed_url": f"{LINK}?old"}
BEFORE = [
    record(0, take("a0")),
    record(1, take("b0", "failed"), take("b1")),
    record(0, take("f0", type="compose"), type="compose"),
]
KNOWN = "a0,b0,b1,f0"


def continued(task_type: str, asked: dict[str, Any], *records: Any) -> dict[str, Any]:
    def read(request: Request) -> Response:
        assert (request.method, request.safe) == ("GET", True)
        assert request.url.endswith(f"/ai/avu/one-click/mv/{FILM}")
        return film("success", *records, **OLD)

    return MV.continued(task_type, PARENT, asked, read)


def step(task_type: str, id: str, *records: Any) -> Any:
    """How a step stands that was answered with this id, where the film has these records by now."""
    asked = {"shot": 2} if task_type == SHOT else {}
    plan = sample("mv", task_type, values=continued(task_type, asked, *BEFORE))
    task = MV.parse_submit(plan, answer({"id": id})).task
    assert task.route["known"] == KNOWN
    assert MV.poll_request(task, "en").url.endswith(f"/one-click/mv/{FILM}")
    return MV.parse_poll(task, film("success", *records, **OLD))


def not_there(task_type: str, id: str, *records: Any) -> bool:
    """Whether the film has no take of this step: right after it that means "not yet"."""
    with pytest.raises(NetworkError) as odd:
        step(task_type, id, *records)
    return odd.value.kind == "not_found"


def edited(*takes: dict[str, Any], first: tuple[dict[str, Any], ...] = ()) -> list[Any]:
    """The film with more takes of its second shot, and of its first."""
    return [record(0, take("a0"), *first), record(1, *BEFORE[1]["jobs"], *takes), BEFORE[2]]


def composed(*takes: dict[str, Any]) -> list[Any]:
    return [*BEFORE[:2], record(0, *BEFORE[2]["jobs"], *takes, type="compose")]


def test_an_edit_is_about_the_take_that_counts() -> None:
    assert continued(SHOT, {"shot": 1}, *BEFORE) == {"mv": FILM, "_known": KNOWN, "job_id": "a0"}
    assert continued(SHOT, {"shot": 2}, *BEFORE)["job_id"] == "b1"
    assert continued(SHOT, {"shot": 1}, record(0, take("x", "failed"), take("y", "failed")))["job_id"] == "y"
    request = MV.submit_request(sample("mv", SHOT, values=continued(SHOT, {"shot": 2}, *BEFORE)), (), UID)
    assert request.url == f"{GATEWAY.urls['api']}/ai/avu/one-click/mv/{FILM}/edit"
    assert set(request.json or {}) == {"job_id", "prompt"}


def test_a_composing_takes_the_newest_good_take_of_each_shot_in_order() -> None:
    turned = [record(2, take("c0"), take("c1"), take("c2", "failed")), *reversed(BEFORE)]

    made = continued(COMPOSE, {}, *turned)

    assert made["job_ids"] == ["a0", "b1", "c1"]
    assert continued(COMPOSE, {"shots": "3,1"}, *turned)["job_ids"] == ["a0", "c1"]
    request = MV.submit_request(sample("mv", COMPOSE, values=made, prompt=None), (), UID)
    assert request.url == f"{GATEWAY.urls['api']}/ai/avu/one-click/mv/{FILM}/compose"
    assert request.json == {"job_ids": ["a0", "b1", "c1"]}


def test_a_take_that_is_still_being_made_is_waited_for_and_not_composed_around() -> None:
    records = [record(0, take("a0")), record(1, take("b0"), take("b1", "processing"))]
    with pytest.raises(UsageError, match="Shot 2 is still being made") as busy:
        continued(COMPOSE, {}, *records)
    assert (busy.value.kind, busy.value.retry) == ("in_process", "wait")
    assert continued(COMPOSE, {"shots": "1,1"}, *records)["job_ids"] == ["a0"], "each shot once"


@pytest.mark.parametrize("state", ["failed", "processing", "created", "odd", ""])
def test_while_a_shot_is_missing_nothing_is_composed_but_without_it(state: str) -> None:
    records = [record(0, take("a0")), record(1, take("b0", state)), record(2, take("c0", state))]
    for asked in ({}, {"shots": "3,1,2"}):
        with pytest.raises(UsageError) as missing:
            continued(COMPOSE, asked, *records)
        assert missing.value.kind == "shot_missing"
        assert set(missing.value.about["asked"].split(", ")) == {"2", "3"}
    assert continued(COMPOSE, {"shots": "1"}, *records)["job_ids"] == ["a0"]


def test_a_film_without_shots_cannot_be_composed() -> None:
    with pytest.raises(UsageError) as missing:
        continued(COMPOSE, {})
    assert missing.value.kind == "shot_missing"


@pytest.mark.parametrize(("task_type", "asked"), [(SHOT, {"shot": 3}), (COMPOSE, {"shots": "1,3"})])
def test_a_shot_that_there_is_not_is_said_with_how_many_there_are(
    task_type: str, asked: dict[str, Any]
) -> None:
    with pytest.raises(UsageError) as none:
        continued(task_type, asked, *BEFORE)
    assert (none.value.kind, none.value.about) == ("no_such_shot", {"asked": "3", "most": "2"})


@pytest.mark.parametrize("said", ["a", "1,b", "1;2", "0", "-1", "1,,2", "", "1,2,", "一"])
def test_shots_are_named_by_their_numbers(said: str) -> None:
    vendor = catalogue.vendor("mv")
    (offer,) = tables.offers(vendor, COMPOSE, "imagine-future")

    conditions.check(offer, {"shots": "1,12,3"}, {})
    with pytest.raises(UsageError) as odd:
        conditions.check(offer, {"shots": said}, {})
    assert odd.value.kind == "unsupported_option"


@pytest.mark.parametrize("id", ["b2", FILM])
def test_an_edit_is_not_finished_by_the_films_old_success(id: str) -> None:
    """Neither where the answer named the new take, nor where it repeated the film's id."""
    assert not_there(SHOT, id, *BEFORE)
    assert step(SHOT, id, *edited(take("b2", "created"))) == Pending("created")
    assert step(SHOT, id, *edited(take("b2", "processing"))) == Pending("processing")
    assert step(SHOT, id, *edited(take("b2", "odd"))) == Pending("odd", known=False)
    assert step(SHOT, id, *edited(take("b2", signed_url=None))) == Pending("success")
    lost = take("b2", "failed", err_msg="no idea")
    assert step(SHOT, id, *edited(lost)) == Failed("failed", "no idea")
    done = step(SHOT, id, *edited(take("b2")))
    assert isinstance(done, Done)
    assert [one.url for one in done.outputs] == [f"{LINK}?b2"]
    assert [one.job for one in done.shots] == ["a0", "b2"]


@pytest.mark.parametrize("id", ["f1", FILM])
def test_a_composing_is_not_finished_by_the_films_old_link(id: str) -> None:
    assert not_there(COMPOSE, id, *BEFORE)
    assert not_there(COMPOSE, id, *edited(take("b2"))), "a shot is no film"
    assert step(COMPOSE, id, *composed(take("f1", "processing"))) == Pending("processing")
    done = step(COMPOSE, id, *composed(take("f1")))
    assert isinstance(done, Done)
    assert [one.url for one in done.outputs] == [f"{LINK}?f1"]


def test_of_two_takes_a_step_follows_the_one_that_it_was_told() -> None:
    later = take("b3", "processing")

    done = step(SHOT, "b2", *edited(take("b2"), later))
    assert isinstance(done, Done)
    assert [one.url for one in done.outputs] == [f"{LINK}?b2"]
    assert step(SHOT, "b3", *edited(take("b2"), later)) == Pending("processing")


@pytest.mark.parametrize("id", ["b2", FILM])
def test_a_new_take_of_another_shot_is_not_the_one_that_was_bought(id: str) -> None:
    """Two edits of one film at a time, and ours is not listed yet."""
    assert not_there(SHOT, id, *edited(first=(take("a1"),)))
    assert step(SHOT, id, *edited(take("b2", "processing"), first=(take("a1"),))) == Pending("processing")


def test_two_steps_that_are_answered_with_the_films_id_are_two_tasks() -> None:
    plans: list[Plan] = [
        sample("mv", SHOT, values=continued(SHOT, {"shot": 2}, *BEFORE)),
        sample("mv", SHOT, values=continued(SHOT, {"shot": 2}, *edited(take("b2")))),
        sample("mv", COMPOSE, values=continued(COMPOSE, {}, *BEFORE)),
    ]
    ids = {MV.task_of(plan, FILM).task_id for plan in plans} | {PARENT.task_id}

    assert len(ids) == 4


@given(
    records=RECORDS,
    task_type=st.sampled_from([SHOT, COMPOSE]),
    asked=st.sampled_from([{"shot": 1}, {"shot": 2, "shots": "1,2"}, {"shot": 1, "shots": ""}]),
    status=st.sampled_from([200, 404, 429, 500]),
    state=st.sampled_from(["success", "failed", None, 3]),
)
def test_whatever_the_film_looks_like_a_step_is_told_what_it_is_about_or_stops(
    records: Any, task_type: str, asked: dict[str, Any], status: int, state: Any
) -> None:
    response = answer({"id": FILM, "state": state, "job_records": records}, status)
    with suppress(StudioError, *UNREADABLE):
        made = MV.continued(task_type, PARENT, asked, lambda request: response)
        named = [made["job_id"]] if task_type == SHOT else made["job_ids"]
        assert named
        assert all(named), "a take without an id"


@pytest.fixture
def twin() -> Iterator[Mv]:
    clock = Clock()
    with Sandbox(clock=clock) as box:
        yield Mv(box, clock)


def test_a_lost_shot_is_made_anew_and_the_film_composed_of_the_newest_takes(twin: Mv) -> None:
    """At the twin, which goes on to show its old film beside the new one for a while."""

    def send(request: Request) -> Response:
        path = request.url.removeprefix(GATEWAY.urls["api"])
        got = twin.send(request.method, path, request.json)
        return Response(request.what, got.status_code, {}, got.json())

    def stands(task: TaskRef) -> Any:
        return MV.parse_poll(task, send(MV.poll_request(task, "en")))

    def bought(task_type: str, **asked: Any) -> TaskRef:
        values = MV.continued(task_type, parent, asked, send)
        plan = sample("mv", task_type, values=values, prompt="closer" if task_type == SHOT else None)
        return MV.parse_submit(plan, send(MV.submit_request(plan, (), UID))).task

    twin.spoil({"kind": "media", "index": 2})
    id = twin.made()  # a song of a minute, in six shots
    parent = MV.task_of(sample("mv", "music_video"), id)
    twin.clock.now += LONG
    lost = stands(parent)
    assert isinstance(lost, Done)
    assert [one.state for one in lost.shots] == [*["success"] * 2, "failed", *["success"] * 3]
    assert (lost.outputs, len(lost.failures)) == ((), 1)
    with pytest.raises(UsageError, match="shot 3"):
        bought(COMPOSE)

    edit = bought(SHOT, shot=3)
    assert isinstance(stands(edit), Pending)
    twin.clock.now += A_JOB
    assert isinstance(stands(edit), Done)
    first = bought(COMPOSE)
    twin.clock.now += A_JOB
    assert isinstance(stands(first), Done)

    again = bought(SHOT, shot=5)
    twin.clock.now += A_JOB
    assert isinstance(stands(again), Done)
    second = bought(COMPOSE)
    seen = twin.query(id)
    assert (seen["state"], "signed_url" in seen) == ("success", True), "the old film is there"
    assert isinstance(stands(second), Pending)
    body = twin.stats()["tasks"][-1]["body"]
    assert body["job_ids"] == newest(twin.query(id))
    assert {edit.task_id, again.task_id} <= set(body["job_ids"])

    twin.clock.now += A_JOB
    done, shown = stands(second), twin.query(id)
    assert isinstance(done, Done)
    (output,) = done.outputs
    old, new = [job["signed_url"].partition("?")[0] for job in films(shown)]
    assert output.url.partition("?")[0] == new != old
    assert shown["signed_url"].partition("?")[0] == old, "which the film still shows"
