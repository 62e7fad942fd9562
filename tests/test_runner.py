"""The one way in which money is spent: what is on record at each step, and what is never sent again."""

from __future__ import annotations

import signal
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio import runner as module
from studio.errors import (
    REFUSALS,
    JobFailed,
    KeyProblem,
    LedgerError,
    NetworkError,
    RateLimited,
    StudioError,
    UnknownOutcome,
    vendor_said,
)
from studio.interrupts import Interrupts
from studio.types import Source
from world import ACCEPTED, Way, World, broken, refusal, world

NO_ANSWER = NetworkError("the connection could not be made")


@pytest.fixture
def on(tmp_path: Path) -> World:
    return world(tmp_path)


def inputs(count: int) -> tuple[Source, ...]:
    return tuple(Source("image", f"{n}.png") for n in range(count))


def test_each_step_is_on_record_before_the_next(on: World) -> None:
    job = on.buy(inputs=inputs(1))

    steps = ["upload", "held", "pay", "released"]
    assert on.vendor.log == list(zip(steps, ["intent", "intent", "sending", "submitted"], strict=True))
    assert job == on.job
    assert (job.task, job.state) == (replace(ACCEPTED.task, submitted_at=on.clock.now), "submitted")
    assert on.told == ["recorded", "submitted"]


def test_too_many_requests_is_waited_out_with_nothing_under_way_and_sent_again(on: World) -> None:
    on.vendor.pays = [refusal("rate_limited", retry_after=7.0), refusal("rate_limited"), ACCEPTED]
    on.buy()

    assert [state for step, state in on.vendor.log if step == "sleep"] == ["intent", "intent"]
    assert on.clock.slept == [7.0, 4.0]
    assert on.vendor.count("pay") == 3
    assert on.events == (*["intent", "sending"] * 3, "submitted")


@pytest.mark.parametrize(("after", "paid"), [(None, 5), (20.0, 4), (0.0, 31), (61.0, 1), (1e9, 1)])
def test_patience_with_a_busy_vendor_has_an_end(on: World, after: float | None, paid: int) -> None:
    on.vendor.pays = [refusal("rate_limited", retry_after=after)]
    with pytest.raises(RateLimited):
        on.buy()

    assert sum(on.clock.slept) <= module.BUSY_PATIENCE
    assert on.vendor.count("pay") == paid
    assert (on.job.state, on.error["charged"]) == ("failed", "no")


@pytest.mark.parametrize("kind", [kind for kind in REFUSALS if kind != "rate_limited"])
def test_a_plain_no_is_final_and_bought_nothing(on: World, kind: str) -> None:
    on.vendor.pays = [refusal(kind), ACCEPTED]
    with pytest.raises(REFUSALS[kind][0]):
        on.buy()

    assert on.vendor.count("pay") == 1
    assert (on.job.state, on.error["kind"], on.error["charged"]) == ("failed", kind, "no")


def test_a_request_that_was_never_sent_bought_nothing(on: World) -> None:
    on.vendor.pays = [broken(NO_ANSWER), ACCEPTED]
    with pytest.raises(NetworkError):
        on.buy()

    assert (on.vendor.count("pay"), on.job.state, on.error["charged"]) == (1, "failed", "no")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(broken(UnknownOutcome("its answer was lost")), id="its answer was lost"),
        UnknownOutcome("an answer without an id"),
        RateLimited("but not as a refusal", retry_after=1.0),
        JobFailed("some error"),
        KeyProblem("some error"),
        NetworkError("it cannot be read"),
        TypeError("None is no dict"),
        KeyError("id"),
        AttributeError("get"),
        ValueError("x"),
        IndexError("0"),
    ],
    ids=repr,
)
def test_whatever_is_not_a_plain_no_is_unknown_and_never_sent_again(on: World, said: Any) -> None:
    on.vendor.pays = [said, ACCEPTED]
    with pytest.raises(UnknownOutcome) as lost:
        on.buy()

    assert (on.vendor.count("pay"), on.job.state) == (1, "unknown")
    assert (lost.value.charged, on.error["charged"], on.error["exit"]) == ("maybe", "maybe", 9)


def test_an_acceptance_that_cannot_be_written_down_is_told_with_its_task(on: World) -> None:
    held_by: list[sqlite3.Connection] = []
    on.vendor.pays = [Way(lambda: held_by.append(on.lock()), ACCEPTED)]
    with pytest.raises(UnknownOutcome, match="task-1") as lost:
        on.buy()

    assert (lost.value.kind, lost.value.charged, on.vendor.count("pay")) == ("not_recorded", "yes", 1)
    assert (on.job.state, on.told[-1]) == ("sending", "could not be written down")


def test_a_task_that_is_on_record_already_is_not_taken_for_a_new_one(on: World) -> None:
    on.buy()
    with pytest.raises(UnknownOutcome, match="task-1"):
        on.buy()

    assert on.job.state == "unknown"


def test_nothing_is_sent_while_the_record_cannot_be_written(on: World) -> None:
    other = on.lock()
    with pytest.raises(LedgerError):
        on.buy()
    other.close()

    assert on.vendor.log == []


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), RuntimeError("a defect of ours")], ids=repr)
@pytest.mark.parametrize(("step", "state"), [("uploads", "failed"), ("pays", "unknown")])
def test_being_cut_off_leaves_a_word_on_how_far_it_came(
    on: World, problem: BaseException, step: str, state: str
) -> None:
    setattr(on.vendor, step, [problem])
    with pytest.raises(type(problem)):
        on.buy(inputs=inputs(1))

    assert (on.job.state, on.error["charged"]) == (state, "no" if state == "failed" else "maybe")
    assert on.vendor.count("pay") == (1 if step == "pays" else 0)


@pytest.mark.parametrize(
    ("said", "state", "paid"),
    [(ACCEPTED, "submitted", 1), (refusal("rate_limited", retry_after=1.0), "failed", 1)],
    ids=["accepted", "too many requests"],
)
def test_ctrl_c_while_paying_is_heard_once_the_answer_is_on_record(
    on: World, said: Any, state: str, paid: int
) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    interrupts = Interrupts()
    interrupts.install()
    on.runner.held = interrupts.held
    on.vendor.pays = [Way(lambda: signal.raise_signal(signal.SIGINT), said), ACCEPTED]
    try:
        with pytest.raises(KeyboardInterrupt):
            on.buy()
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])

    assert (on.job.state, on.vendor.count("pay"), on.clock.slept) == (state, paid, [])


def test_inputs_are_uploaded_side_by_side_and_stand_in_their_order(on: World) -> None:
    on.vendor.together = threading.Barrier(4)
    on.buy(inputs=inputs(4))

    assert [ref.value[-5:] for ref in on.vendor.media] == ["0.png", "1.png", "2.png", "3.png"]


@pytest.mark.parametrize(
    ("said", "tries", "state"),
    [
        ([RateLimited("slower", retry_after=3.0)], 2, "submitted"),
        ([vendor_said("vendor_down", "IMA", "the upload", None, "HTTP 503")], 2, "submitted"),
        ([NO_ANSWER], 1, "failed"),
        ([vendor_said("bad_parameter", "IMA", "the upload", None, "400")], 1, "failed"),
    ],
)
def test_an_upload_is_repeated_where_the_trouble_will_pass(
    on: World, said: list[Any], tries: int, state: str
) -> None:
    on.vendor.uploads = said
    try:
        on.buy(inputs=inputs(1))
    except StudioError as failed:
        assert failed.charged == "no"  # noqa: PT017 - one of two ends

    assert (on.vendor.count("upload"), on.job.state) == (tries, state)
