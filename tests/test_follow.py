"""When a task is asked about, and what ends the wait. No test waits: time is passed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts import plan, submitted
from studio import follow
from studio.contract import Done, Failed, Pending, Poll
from studio.errors import InternalError, KeyProblem, NetworkError, NotFinished, RateLimited, StudioError
from studio.follow import UNKNOWN, Follower, Past, Watch
from studio.types import Job, Output, Plan
from support import FakeClock

DONE = Done((Output("image", "https://cdn.example.com/1.png"),))
WAITING = Pending("processing")
LOST = NetworkError("no such task", kind="not_found")
BEGIN = 34.375  # 30 to 60 s at 5 s: so much after 30 that polls of 5.125 s, jitter included, end on 60
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
        follower = self.follower()
        for job in jobs:
            follower.add(job)
        return follow.run(follower, self.ask, self._clock.monotonic() + patience)

    def follower(self) -> Follower:
        return Follower(self._clock, lambda job, what: self.remarks.append(what))

    def watch(self, job: Job, past: Past = UNKNOWN, patience: float = 3600.0) -> Watch:
        """Follow a job to its end, or to that of our patience."""
        follower = self.follower()
        watch = follower.add(job, past)
        with suppress(NotFinished):
            list(follow.run(follower, self.ask, self._clock.monotonic() + patience))
        return watch

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
    assert start + 30 <= vendor.times[0] <= start + 35
    assert all(5 <= gap <= 5.25 for gap in vendor.gaps)


@pytest.mark.parametrize(
    ("age", "first"),
    [(12.0, BEGIN - 12), (BEGIN, 0.0), (7200.0, 0.0), (-3600.0, BEGIN)],
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
    assert clock.slept[0] == BEGIN
    assert all(5 <= pause <= 5.25 for pause in clock.slept[1:])


PLANS = st.builds(
    lambda estimate, floor, speed: plan(estimate=estimate, poll_every=floor, speed=speed),
    st.none() | st.tuples(st.integers(0, 600), st.integers(0, 3600)).map(lambda two: tuple(sorted(two))),
    st.floats(0.1, 900),
    st.floats(1, 1000),
)
USUAL = st.none() | st.floats(0.1, 1e5)


@given(made=PLANS, usual=USUAL, age=st.floats(0, 1e6), jitter=st.floats(0, 1), missed=st.integers(0, 10_000))
def test_no_pause_is_shorter_than_the_vendors_floor_or_longer_than_a_minute_or_four_floors(
    made: Plan, usual: float | None, age: float, jitter: float, missed: int
) -> None:
    begin, floor = follow.begins(made, usual), made.poll_every
    wait = follow.pause(made, begin, age, missed, jitter)

    assert floor <= wait <= max(follow.LONGEST_PAUSE + floor, 4.000001 * floor, begin - age)
    assert floor > follow.LONGEST_PAUSE or wait <= max(follow.LONGEST_PAUSE + floor, 4.000001 * floor)
    assert follow.pause(made, begin, age, missed + 1, jitter) >= wait
    assert follow.pause(made, begin, age, missed, 0.0) <= wait


@given(made=PLANS, usual=USUAL, elapsed=st.floats(0, 1e6), later=st.floats(0, 1e6))
def test_past_the_shortest_time_expected_pauses_only_grow(
    made: Plan, usual: float | None, elapsed: float, later: float
) -> None:
    begin = follow.begins(made, usual)
    sooner, more = (follow.pause(made, begin, begin + age, 0, 0.0) for age in sorted((elapsed, later)))

    assert made.poll_every <= sooner <= more <= 4 * made.poll_every


@given(made=PLANS, usual=USUAL)
def test_polls_begin_within_a_floor_of_the_shortest_time_expected_and_never_later_for_what_is_usual(
    made: Plan, usual: float | None
) -> None:
    begin = follow.begins(made, usual)

    if made.estimate is None:
        assert begin == 0
    elif usual is not None and usual < made.estimate[0]:
        assert begin == usual
    else:
        assert made.estimate[0] <= begin <= made.estimate[0] + made.poll_every
    assert follow.first_age(made, begin) == begin or begin - follow.first_age(made, begin) >= made.poll_every


@given(made=PLANS, at=st.floats(0, 4e9), looked=st.none() | st.floats(0, 4e9), now=st.floats(0, 4e9))
def test_whoever_takes_a_job_up_asks_no_later_than_after_one_pause_whatever_the_clocks_say(
    made: Plan, at: float, looked: float | None, now: float
) -> None:
    clock = FakeClock(now)
    follower = Follower(clock, lambda job, what: None)
    watch = follower.add(replace(submitted(at), plan=made), Past(looked_at=looked))
    assert follower.due is not None
    wait = (follower.due - clock.monotonic()) * made.speed

    assert -1e-3 <= wait <= max(follow.LONGEST_PAUSE, watch.begin, 4 * made.poll_every) + made.poll_every + 1


def test_a_long_task_is_looked_at_once_a_minute_until_its_shortest_time(clock: FakeClock) -> None:
    start = clock.now
    vendor = Vendor(clock, WAITING)
    vendor.watch(submitted(start, estimate=(180, 600), poll_every=10.0), patience=215)
    after = [at - start for at in vendor.times]

    assert after[:2] == [60, 120]
    assert 180 <= after[2] <= 190
    assert all(10 <= gap <= 10.5 for gap in vendor.gaps[2:])


def test_no_look_comes_so_late_that_the_poll_at_the_shortest_time_would_have_to_wait_for_the_floor(
    clock: FakeClock,
) -> None:
    start = clock.now
    vendor = Vendor(clock, WAITING, DONE)
    vendor.watch(submitted(start, estimate=(63, 63), poll_every=10.0))

    assert vendor.times == [start + 63, pytest.approx(start + 73.25, abs=0.26)]


def test_what_takes_days_is_not_looked_at_before_its_time_more_than_once(clock: FakeClock) -> None:
    start = clock.now
    vendor = Vendor(clock, WAITING)
    vendor.watch(submitted(start, estimate=(3600, 172800), poll_every=600.0), patience=4300)

    assert vendor.times[0] == start + 60
    assert vendor.times[1] >= start + 3600


def test_what_is_usual_with_this_user_counts_where_it_is_sooner_than_expected(clock: FakeClock) -> None:
    sooner, later = Vendor(clock, DONE), Vendor(clock, DONE)
    start = clock.now
    sooner.watch(submitted(start), Past(usual=8.0))
    clock.now = start
    later.watch(submitted(start), Past(usual=50.0))

    assert (sooner.times, later.times) == ([start + 8], [start + BEGIN])


def test_a_floor_is_kept_from_one_process_to_the_next(clock: FakeClock) -> None:
    start = clock.now
    first, second = Vendor(clock, WAITING), Vendor(clock, DONE)
    watch = first.watch(submitted(start), patience=46.0)
    assert watch.looked_at == first.times[-1]
    second.watch(submitted(start), Past(looked_at=watch.looked_at))

    assert second.times[0] - first.times[-1] >= 5


@pytest.mark.parametrize(
    ("script", "after"), [([DONE], None), ([WAITING, DONE], 0), ([WAITING, WAITING, DONE], 1)]
)
def test_a_job_took_as_long_as_the_middle_of_the_polls_between_which_it_ended(
    clock: FakeClock, script: list[Poll | StudioError], after: int | None
) -> None:
    start = clock.now
    vendor = Vendor(clock, *script)
    watch = vendor.watch(submitted(start))
    lower = 0.0 if after is None else vendor.times[after] - start

    assert watch.took == pytest.approx((lower + vendor.times[-1] - start) / 2)


def test_a_job_that_goes_on_in_the_next_process_took_as_long_as_both_saw(clock: FakeClock) -> None:
    start = clock.now
    watch = Vendor(clock, WAITING).watch(submitted(start), patience=36.0)
    vendor = Vendor(clock, DONE)

    later = vendor.watch(submitted(start), Past(looked_at=watch.looked_at))
    assert later.took == pytest.approx((BEGIN + vendor.times[0] - start) / 2)


def test_of_a_rehearsal_the_vendors_seconds_count(clock: FakeClock) -> None:
    watch = Vendor(clock, WAITING, DONE).watch(submitted(clock.now, speed=10.0))

    assert watch.took is not None
    assert BEGIN < watch.took < BEGIN + 5.25


@pytest.mark.parametrize("looked", [None, 40.0], ids=["never looked", "looked once"])
def test_whoever_comes_back_after_hours_has_not_seen_how_long_it_took(
    clock: FakeClock, looked: float | None
) -> None:
    start = clock.now
    clock.now += 7200
    past = Past(looked_at=None if looked is None else start + looked)

    assert Vendor(clock, DONE).watch(submitted(start), past).took is None


@pytest.mark.parametrize("script", [[Failed("content_refused", "no")], [WAITING]], ids=["failed", "pending"])
def test_only_a_finished_job_says_how_long_one_takes(
    clock: FakeClock, script: list[Poll | StudioError]
) -> None:
    assert Vendor(clock, *script).watch(submitted(clock.now), patience=100).took is None


def test_files_fetched_again_say_nothing_of_how_long_it_took(clock: FakeClock) -> None:
    done = replace(submitted(clock.now - 31), state="done")

    assert Vendor(clock, DONE).watch(done).took is None


def test_polls_stretch_past_twice_the_longest_time_expected_up_to_four_floors(clock: FakeClock) -> None:
    start = clock.now
    vendor = Vendor(clock, WAITING)
    vendor.watch(submitted(start), patience=1500)
    gaps = dict(zip((at - start for at in vendor.times), vendor.gaps, strict=False))

    assert all(5 <= gap <= 5.25 for at, gap in gaps.items() if at <= 120)
    assert all(gap >= 7.5 for at, gap in gaps.items() if at > 180)
    assert all(19 <= gap <= 20 for at, gap in gaps.items() if at > 480)
    assert max(gaps) > 1000


def test_errors_move_the_next_poll_further_and_never_end_the_wait(clock: FakeClock) -> None:
    vendor = Vendor(clock, BUSY, BUSY, BUSY, WAITING, BUSY, DONE)

    assert next(vendor.follow(submitted(clock.now)))[1] == DONE
    assert [round(gap / 1.025 / 5) for gap in vendor.gaps] == [2, 4, 8, 1, 2]
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
    slow = submitted(clock.now, "slow", estimate=(13, 44), poll_every=30.0)
    vendor = Vendor(clock, quick=[WAITING, WAITING, WAITING, DONE], slow=[WAITING, DONE])

    assert [job.id for job, _ in vendor.follow(slow, quick)] == ["quick", "slow"]
    assert vendor.jobs == ["quick", "slow", "quick", "quick", "quick", "slow"]


def test_what_one_rehearses_is_as_much_faster_as_asked_for(clock: FakeClock) -> None:
    start = clock.now
    vendor = Vendor(clock, WAITING, DONE)

    assert next(vendor.follow(submitted(start, speed=10.0)))[1] == DONE
    assert vendor.times[0] == pytest.approx(start + BEGIN / 10)
    assert 0.5 <= vendor.gaps[0] <= 0.525
