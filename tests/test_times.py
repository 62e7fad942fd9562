"""How long the user's own jobs took: what is kept of their polls, and for whom it counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts import plan, submitted
from studio.contract import Failed, Pending
from studio.errors import JobFailed, KeyProblem, NotFinished
from studio.follow import Past, Watch
from studio.ledger import Ledger
from studio.times import KEPT, kind, usual
from studio.types import Job, ModelRef
from support import FakeClock
from world import DONE, World, world

WAITING = Pending("processing")
OTHERS: dict[str, dict[str, Any]] = {
    "model": {"model": ModelRef("midjourney", "Midjourney", "v1")},
    "gateway": {"gateway": "302ai"},
    "task type": {"task_type": "image_to_image"},
    "options that take longer": {"estimate": (60, 600)},
}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite3", FakeClock())


@pytest.fixture
def on(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.buy()
    return made


def finished(ledger: Ledger, *took: float, **changes: Any) -> None:
    """Jobs of a kind that took so long, one after the other."""
    for seconds in took:
        job, _ = ledger.begin(plan(**changes), "/out")
        ledger.times.keep(_watch(job, took=seconds))
        ledger._clock.sleep(1.0)


def _watch(job: Job, **seen: Any) -> Watch:
    return replace(Watch(job, 0.0, 0.0, 0.0), **seen)


def past(ledger: Ledger, **changes: Any) -> Past:
    return ledger.times.past(submitted(0.0, **changes))


def test_nothing_is_usual_before_the_first_job(ledger: Ledger) -> None:
    assert past(ledger) == Past(None, None)


def test_the_second_quickest_of_the_last_twenty_is_what_is_usual(ledger: Ledger) -> None:
    finished(ledger, 1.0, 2.0, *(50.0 - n for n in range(KEPT)))

    assert past(ledger).usual == 32.0


@given(st.lists(st.floats(0.1, 1e6), min_size=1, max_size=KEPT))
def test_at_most_one_in_ten_of_the_jobs_was_quicker_than_what_is_usual(took: list[float]) -> None:
    found = usual(took)
    assert found in took
    assert sum(seconds < found for seconds in took) <= len(took) / 10


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
def test_jobs_of_another_kind_teach_nothing(ledger: Ledger, changes: dict[str, Any]) -> None:
    finished(ledger, 8.0, **changes)

    assert past(ledger).usual is None
    assert past(ledger, **changes).usual == 8.0


def test_what_was_asked_for_besides_does_not_make_another_kind() -> None:
    assert kind(plan()) == kind(plan(prompt="a fox", values={"size": "2k"}, n=4, speed=10.0))


def test_the_last_twenty_of_a_kind_are_found_without_reading_the_others(ledger: Ledger) -> None:
    asked = "SELECT took FROM times WHERE kind = ? AND took IS NOT NULL ORDER BY at DESC LIMIT ?"
    (way,) = ledger._store.rows(f"EXPLAIN QUERY PLAN {asked}", "x", KEPT)

    assert "SEARCH times USING INDEX times_kind" in way["detail"]


def test_a_finished_job_enters_the_record_with_the_time_that_its_polls_saw(on: World) -> None:
    on.vendor.polls = [WAITING, DONE]
    on.collect()
    took = on.runner.ledger.times.past(on.job).usual

    assert took is not None
    assert 34 < took < 40


def test_the_next_job_is_asked_about_as_soon_as_the_last_ones_were_finished(on: World) -> None:
    job = on.job
    finished(on.runner.ledger, 8.0)
    on.vendor.polls = [DONE]
    on.clock.slept.clear()
    on.runner.collect(job, on.clock.monotonic() + 600)

    assert on.clock.slept[0] <= 8.0


def test_a_wait_that_ends_before_its_job_leaves_when_it_was_last_under_way_in_one_write(on: World) -> None:
    on.vendor.polls = [WAITING]
    before = on.runner.ledger._store._db.total_changes
    with pytest.raises(NotFinished):
        on.collect(patience=60)
    looked_at = on.runner.ledger.times.past(on.job).looked_at

    assert looked_at is not None
    assert 0 < on.clock.now - looked_at <= 5.25
    assert on.runner.ledger._store._db.total_changes == before + 1


@pytest.mark.parametrize("ended", [KeyProblem("no"), KeyboardInterrupt()], ids=["key", "Ctrl-C"])
def test_so_does_one_that_is_cut_off(on: World, ended: BaseException) -> None:
    on.vendor.polls = [WAITING, ended]
    with pytest.raises(type(ended)):
        on.collect()

    assert on.runner.ledger.times.past(on.job).looked_at is not None


def test_whoever_comes_back_after_hours_teaches_nothing(on: World) -> None:
    on.clock.now += 7200
    on.vendor.polls = [DONE]
    assert on.collect().complete

    assert on.runner.ledger.times.past(on.job).usual is None


def test_a_refusal_after_three_seconds_does_not_make_the_model_quick(on: World) -> None:
    on.vendor.polls = [Failed("failed", "no")]
    with pytest.raises(JobFailed):
        on.collect()

    assert on.runner.ledger.times.past(on.job).usual is None


def test_a_record_that_is_locked_does_not_end_the_wait_for_something_paid(on: World) -> None:
    other = on.lock()
    on.vendor.polls = [WAITING]
    with pytest.raises(NotFinished):
        on.collect(patience=60)
    other.close()

    assert on.runner.ledger.times.past(on.job).looked_at is None


def test_what_is_forgotten_teaches_nothing_any_more(on: World) -> None:
    on.vendor.polls = [WAITING, DONE]
    job = on.collect()
    assert on.runner.ledger.times.past(job).usual is not None
    on.runner.ledger.past.forget(on.clock.now + 1)

    assert on.runner.ledger.times.past(job) == Past(None, None)
