"""When a task is asked about, and what ends the wait. No test waits: time is passed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts import submitted
from studio import follow
from studio.contract import Done, Failed, Pending, Poll
from studio.errors import InternalError, KeyProblem, NetworkError, NotFinished, RateLimited, StudioError
from studio.types import Job, Output
from support import FakeClock

DONE = Done((Output("image", "https://cdn.example.com/1.png"),))
WAITING = Pending("processing")
LOST = NetworkError("no such task", kind="not_found")
BUSY = NetworkError("it answered 502", kind="vendor_down")


class Vendor:
    """Answers as scripted, the last word for all that follow, and notes when each job was asked about."""

    def __init__(
        self, clock: FakeClock, *script: Poll | StudioError, **scripts: list[Poll | StudioError]
    ) -> None:
        self._clock = clock
        self._scripts: dict[str, list[Poll | StudioError]] = {"job": list(script), **scripts}
        self.times: list[float] = []
        self.jobs: list[str] = []
        self.remarks: list[str] = []

    def ask(self, job: Job) -> Poll:
        self.times.append(self._clock.now)
        self.jobs.append(job.id)
        script = self._scripts[job.id]
        said = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(said, StudioError):
            raise said
        return said

    def follow(self, *jobs: Job, patience: float = 3600.0) -> Iterator[tuple[Job, Done | Failed]]:
        until = self._clock.monotonic() + patience
        return follow.run(jobs, self.ask, self._clock, until, lambda job, what: self.remarks.append(what))

    @property
    def gaps(self) -> list[float]:
        return [round(later - sooner, 3) for sooner, later in zip(self.times, self.times[1:], strict=False)]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_nothing_is_asked_before_the_shortest_time_expected_and_then_at_the_vendors_pace(
    clock: FakeClock,
) -> None:
    start = clock.now
    vendor = Vendor(clock, WAITING, WAITING, DONE)
    job = submitted(start)

    assert list(vendor.follow(job)) == [(job, DONE)]
    assert vendor.times[0] == start + 30
    assert all(5 <= gap <= 5.5 for gap in vendor.gaps)


@pytest.mark.parametrize(
    ("age", "first"),
    [(12.0, 18.0), (30.0, 0.0), (7200.0, 0.0), (-3600.0, 30.0)],
    ids=["late", "over", "old", "back"],
)
def test_the_first_poll_counts_from_the_submission_and_no_clock_set_back_makes_it_later_than_that(
    clock: FakeClock, age: float, first: float
) -> None:
    start = clock.now
    vendor = Vendor(clock, DONE)

    assert next(vendor.follow(submitted(start - age)))[1] == DONE
    assert vendor.times == [start + first]


def test_a_clock_set_back_while_it_waits_neither_ends_nor_hurries_the_wait() -> None:
    class Jumping(FakeClock):
        passed = 0.0

        def sleep(self, seconds: float) -> None:
            self.passed += seconds
            super().sleep(seconds)
            self.now -= 3600 if len(self.slept) == 2 else 0

        def monotonic(self) -> float:
            return self.passed

    clock = Jumping()
    vendor = Vendor(clock, WAITING, WAITING, WAITING, DONE)

    assert next(vendor.follow(submitted(clock.now)))[1] == DONE
    assert clock.slept[0] == 30
    assert all(5 <= pause <= 5.5 for pause in clock.slept[1:])


@given(
    estimate=st.none() | st.tuples(st.integers(0, 600), st.integers(0, 3600)),
    floor=st.floats(0.1, 300),
    speed=st.floats(1, 1000),
    jitter=st.floats(0, 1),
    missed=st.integers(0, 10_000),
    elapsed=st.floats(0, 1e6),
)
def test_no_pause_is_shorter_than_the_vendors_floor_or_longer_than_a_person_would_wait(
    estimate: tuple[int, int] | None, floor: float, speed: float, jitter: float, missed: int, elapsed: float
) -> None:
    job = submitted(0.0, estimate=estimate, poll_every=floor, speed=speed)
    wait = follow.pause(job, elapsed, missed, jitter) * speed

    assert floor * 0.999999 <= wait <= max(floor, follow.LONGEST_PAUSE) * 1.000001
    assert follow.pause(job, elapsed, missed + 1, jitter) * speed >= wait * 0.999999


@given(
    estimate=st.none() | st.tuples(st.integers(0, 600), st.integers(0, 3600)),
    speed=st.floats(1, 1000),
    now=st.floats(0, 4e9),
    at=st.floats(0, 4e9),
)
def test_the_first_wait_is_never_longer_than_the_shortest_time_expected(
    estimate: tuple[int, int] | None, speed: float, now: float, at: float
) -> None:
    wait = follow.first_wait(submitted(at, estimate=estimate, speed=speed), now)

    assert 0 <= wait <= (estimate[0] / speed if estimate else 0)


def test_polls_stretch_past_twice_the_longest_time_expected(clock: FakeClock) -> None:
    vendor = Vendor(clock, WAITING)
    with pytest.raises(NotFinished):
        list(vendor.follow(submitted(clock.now), patience=400))

    since = [at - vendor.times[0] + 30 for at in vendor.times[:-1]]
    assert all(5 <= gap <= 5.5 for at, gap in zip(since, vendor.gaps, strict=True) if at <= 120)
    assert all(15 <= gap <= 16.5 for at, gap in zip(since, vendor.gaps, strict=True) if at > 120)
    assert max(since) > 120


def test_errors_move_the_next_poll_further_and_never_end_the_wait(clock: FakeClock) -> None:
    vendor = Vendor(clock, BUSY, BUSY, BUSY, WAITING, BUSY, DONE)

    assert next(vendor.follow(submitted(clock.now)))[1] == DONE
    assert [round(gap / 1.05 / 5) for gap in vendor.gaps] == [2, 4, 8, 1, 2]
    assert vendor.remarks == ["poll without an answer: it answered 502"] * 4


def test_a_vendor_that_names_a_time_is_not_asked_before_it(clock: FakeClock) -> None:
    vendor = Vendor(clock, RateLimited("slower", retry_after=40.0), RateLimited("x", retry_after=1e9), DONE)

    assert next(vendor.follow(submitted(clock.now)))[1] == DONE
    assert vendor.gaps[0] >= 40
    assert vendor.gaps[1] <= follow.LONGEST_PAUSE


def test_a_key_that_is_no_longer_taken_ends_the_wait_and_says_that_money_may_have_gone(
    clock: FakeClock,
) -> None:
    vendor = Vendor(clock, WAITING, KeyProblem("no", charged="no"), DONE)
    with pytest.raises(KeyProblem) as ended:
        list(vendor.follow(submitted(clock.now)))

    assert (ended.value.charged, len(vendor.times)) == ("maybe", 2)


def test_a_defect_of_ours_is_not_taken_for_a_lost_answer(clock: FakeClock) -> None:
    vendor = Vendor(clock, InternalError("a defect"), DONE)
    with pytest.raises(InternalError):
        list(vendor.follow(submitted(clock.now)))


def test_no_such_task_means_not_yet_in_the_first_half_minute(clock: FakeClock) -> None:
    vendor = Vendor(clock, LOST, LOST, LOST, DONE)
    job = submitted(clock.now, estimate=(1, 60), poll_every=1.0)

    assert next(vendor.follow(job))[1] == DONE
    assert vendor.times[2] < job.created_at + follow.GRACE


@pytest.mark.parametrize(
    ("script", "asked"),
    [([LOST], 3), ([LOST, LOST, WAITING, LOST, LOST, LOST], 6), ([BUSY, LOST, LOST, LOST], 4)],
    ids=["at once", "an answer in between", "after another trouble"],
)
def test_later_three_in_a_row_mean_that_it_cannot_be_looked_up(
    clock: FakeClock, script: list[Poll | StudioError], asked: int
) -> None:
    vendor = Vendor(clock, *script)
    with pytest.raises(NotFinished) as lost:
        list(vendor.follow(submitted(clock.now)))

    assert (lost.value.kind, lost.value.retry, lost.value.charged) == ("lookup_failed", "later", "maybe")
    assert len(vendor.times) == asked


def test_a_state_that_no_document_names_is_waited_on_and_told(clock: FakeClock) -> None:
    vendor = Vendor(clock, Pending("dreaming", known=False), WAITING, DONE)

    assert next(vendor.follow(submitted(clock.now)))[1] == DONE
    assert vendor.remarks == ["a state that no document names: dreaming (seen 1×)"]


def test_patience_ends_the_wait_on_time_and_says_what_the_last_trouble_was(clock: FakeClock) -> None:
    start = clock.now
    vendor = Vendor(clock, WAITING, BUSY)
    with pytest.raises(NotFinished) as ended:
        list(vendor.follow(submitted(start), patience=42.0))

    assert (clock.now, len(vendor.times)) == (start + 42, 2)
    assert (ended.value.kind, ended.value.retry, ended.value.detail) == (
        "not_finished",
        "wait",
        "it answered 502",
    )


def test_a_failure_is_an_end_like_any(clock: FakeClock) -> None:
    failed = Failed("content_refused", "no")

    assert next(Vendor(clock, failed).follow(submitted(clock.now)))[1] == failed


def test_several_jobs_are_each_asked_when_due_and_yielded_as_they_end(clock: FakeClock) -> None:
    quick = submitted(clock.now, "quick", estimate=(10, 20), poll_every=4.0)
    slow = submitted(clock.now, "slow", estimate=(13, 60), poll_every=30.0)
    vendor = Vendor(clock, quick=[WAITING, WAITING, WAITING, DONE], slow=[WAITING, DONE])

    assert [job.id for job, _ in vendor.follow(slow, quick)] == ["quick", "slow"]
    assert vendor.jobs == ["quick", "slow", "quick", "quick", "quick", "slow"]


def test_what_one_rehearses_is_as_much_faster_as_asked_for(clock: FakeClock) -> None:
    start = clock.now
    vendor = Vendor(clock, WAITING, DONE)

    assert next(vendor.follow(submitted(start, speed=10.0)))[1] == DONE
    assert vendor.times[0] == start + 3
    assert 0.5 <= vendor.gaps[0] <= 0.55
