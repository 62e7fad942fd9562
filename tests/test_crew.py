"""Many rows at once: how many are bought at a time, what pauses the buying, what ends it, and that nothing
that was bought is given up. Time is passed in, and the threads are none."""

from __future__ import annotations

import argparse
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts import plan, submitted
from studio import bulk, catalogue
from studio.bulk import Entry
from studio.contract import Done, Failed, Pending, Poll
from studio.crew import LONGEST_PAUSE, MOST_PAUSES, Crew
from studio.errors import (
    ContentRefused,
    InternalError,
    Interrupted,
    JobFailed,
    KeyProblem,
    LedgerError,
    NeedsApproval,
    NetworkError,
    NoCredit,
    NotSaved,
    OverLimit,
    RateLimited,
    StudioError,
    UnknownOutcome,
)
from studio.follow import UNKNOWN, Follower, Watch
from studio.types import Job, Output, Saved
from support import FakeClock

DONE = Done((Output("image", "https://cdn.example.com/1.png"),))
FILE = Saved("image", "/nowhere/1.png", "https://cdn.example.com/1.png", "image/png", 1, "0" * 64)
SECONDS = 45.0
BUSY = RateLimited("too many requests")


class Here(Executor):
    """Does each step at once, in the thread that asks for it."""

    def __init__(self, most: int = 1) -> None:
        self.most = most

    def submit(self, step: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        step(*args, **named)
        return Future()


@dataclass
class World:
    """A vendor that is asked for rows, and everything that a crew is told and tells."""

    clock: FakeClock = field(default_factory=FakeClock)
    stop: threading.Event = field(default_factory=threading.Event)
    refusals: dict[int, list[StudioError]] = field(default_factory=dict)  # by line, one for each time
    lasting: dict[str, StudioError] = field(default_factory=dict)  # by gateway
    ends: dict[int, Failed] = field(default_factory=dict)
    saves: dict[int, StudioError] = field(default_factory=dict)
    bought: list[int] = field(default_factory=list)
    tried: list[tuple[float, int]] = field(default_factory=list)
    over: list[Entry] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)
    most: int = 0
    kept: list[Watch] = field(default_factory=list)

    def crew(self, concurrency: int = 4, max_failures: int = 100) -> Crew:
        return Crew(
            buy=self.buy,
            ask=self.ask,
            save=self.save,
            over=self.ended,
            follower=Follower(self.clock, lambda job, what: None),
            past=lambda job: UNKNOWN,
            keep=self.kept.append,
            clock=self.clock,
            held=nullcontext,
            stop=self.stop,
            concurrency=concurrency,
            max_failures=max_failures,
            pool=Here,
        )

    def buy(self, entry: Entry) -> Job:
        self.tried.append((self.clock.now, entry.line))
        if self.stop.is_set():
            raise Interrupted("Stopped before it was sent.")
        no = next(iter(self.refusals.get(entry.line, [])), None) or self.lasting.get(entry.gateway.id)
        if no:
            self.refusals.get(entry.line, [no]).pop(0)
            raise no
        self.bought.append(entry.line)
        self.open[entry.gateway.id] += 1
        self.most = max(self.most, self.open[entry.gateway.id])
        job = submitted(self.clock.now, f"job{entry.line}")
        return replace(job, plan=replace(job.plan, gateway=entry.gateway.id))

    def ask(self, job: Job) -> Poll:
        assert job.task is not None
        if self.clock.now - job.task.submitted_at < SECONDS:
            return Pending("processing")
        return self.ends.get(int(job.id[3:]), DONE)

    def save(self, job: Job, end: Done | Failed) -> Job:
        self.open[job.plan.gateway] -= 1
        if isinstance(end, Failed):
            raise JobFailed(end.message, charged="maybe")
        no = self.saves.get(int(job.id[3:]))
        if no:
            raise no
        return replace(job, state="done", outputs=(FILE,))

    def ended(self, entry: Entry) -> None:
        self.over.append(entry)

    @property
    def states(self) -> dict[int, str]:
        return {entry.line: entry.state for entry in self.over}


def rows(count: int, gateway: str = "ima", first: int = 1) -> list[Entry]:
    made = next(one for one in catalogue.gateways() if one.id == gateway)
    return [
        Entry(n, f"{gateway}-{n}", argparse.Namespace(), (), plan(gateway=gateway), made)
        for n in range(first, first + count)
    ]


@settings(deadline=None, max_examples=40)
@given(count=st.integers(0, 30), concurrency=st.integers(1, 12))
def test_every_row_is_bought_once_and_never_more_at_a_time_than_was_said(
    count: int, concurrency: int
) -> None:
    world = World()
    world.crew(concurrency).work(rows(count))

    assert sorted(world.bought) == list(range(1, count + 1))
    assert world.most <= concurrency
    assert set(world.states.values()) <= {bulk.DONE}
    assert len(world.over) == count
    assert world.clock.now - FakeClock.now <= (count // concurrency + 1) * (SECONDS + 6)


def test_each_gateway_has_its_own_room() -> None:
    world = World()
    world.crew(2).work([*rows(4), *rows(4, "302ai", 11)])

    assert len(world.bought) == 8
    assert world.clock.now - FakeClock.now < 2 * (SECONDS + 6)


def test_too_many_requests_pauses_the_gateway_and_every_row_is_still_bought() -> None:
    world = World(refusals={2: [RateLimited("slow down", retry_after=90.0)]})
    world.crew(1).work(rows(4))

    assert sorted(world.bought) == [1, 2, 3, 4]
    (first, again) = [at for at, line in world.tried if line == 2]
    assert again - first >= 90
    assert not [at for at, line in world.tried if first < at < again], "another row was tried in the pause"
    assert set(world.states.values()) == {bulk.DONE}


def test_pauses_grow_and_after_many_the_gateway_is_left_alone() -> None:
    world = World(lasting={"ima": BUSY})
    crew = world.crew(1)
    crew.work(rows(3))

    gaps = [later - sooner for (sooner, _), (later, _) in zip(world.tried, world.tried[1:], strict=False)]
    assert gaps == sorted(gaps)
    assert gaps[0] == pytest.approx(5, abs=0.01)
    assert gaps[-1] == pytest.approx(LONGEST_PAUSE, abs=0.01)
    assert len(world.tried) == MOST_PAUSES + 1
    assert crew.shut == [BUSY]
    assert world.over == [], "a row that was not bought is not over"


@pytest.mark.parametrize(
    "no",
    [
        NoCredit("too little"),
        KeyProblem("not valid", kind="key_refused"),
        OverLimit("the day"),
        NeedsApproval("the price"),
        LedgerError("full"),
    ],
    ids=lambda no: type(no).__name__,
)
def test_what_does_not_pass_stops_the_buying_at_once_and_what_runs_is_brought_home(no: StudioError) -> None:
    world = World(refusals={3: [no, no, no]})
    crew = world.crew(2)
    crew.work(rows(20))

    assert world.bought == [1, 2]
    assert len(world.tried) <= 2 + 2
    assert crew.shut == [no]
    assert world.states == {1: bulk.DONE, 2: bulk.DONE}


def test_one_gateway_that_is_shut_does_not_stop_another() -> None:
    world = World(lasting={"302ai": NoCredit("too little")})
    world.crew(2).work([*rows(4, "302ai", 11), *rows(4)])

    assert sorted(world.bought) == [1, 2, 3, 4]


def test_what_is_the_rows_fault_ends_that_row_and_the_others_go_on() -> None:
    world = World(
        refusals={1: [ContentRefused("not that")], 2: [UnknownOutcome("lost")], 3: [JobFailed("no")]},
        ends={4: Failed("failed", "it broke", None)},
        saves={5: NotSaved("disk full"), 6: JobFailed("one lacks", kind="partly_failed")},
    )
    crew = world.crew(3)
    crew.work(rows(8))

    failed, saved = bulk.FAILED, bulk.DONE
    assert world.states == {
        **{1: failed, 2: bulk.UNKNOWN, 3: failed, 4: failed, 5: bulk.UNSAVED, 6: bulk.PARTLY},
        **{7: saved, 8: saved},
    }
    assert crew.failures == 4


@pytest.mark.parametrize("most", [1, 3])
def test_after_so_many_failures_nothing_more_is_bought(most: int) -> None:
    world = World(refusals={n: [ContentRefused("not that")] for n in range(1, 40)})
    world.crew(1, most).work(rows(40))

    assert len(world.tried) == most


def test_a_defect_of_ours_in_one_row_is_told_and_the_others_go_on() -> None:
    world = World()
    meant = world.buy

    def buy(entry: Entry) -> Job:
        return meant(entry) if entry.line != 2 else submitted(0.0, "job2", nothing=1)

    crew = world.crew()
    crew.buy = buy
    crew.work(rows(3))

    assert world.states == {1: bulk.DONE, 2: bulk.FAILED, 3: bulk.DONE}
    assert isinstance(next(one.error for one in world.over if one.line == 2), InternalError)


def test_what_runs_from_before_is_followed_and_what_is_not_saved_is_saved_without_buying() -> None:
    world = World()
    running, unsaved = rows(2)
    running.job, running.state = submitted(world.clock.now - 10, "job1"), bulk.RUNNING
    made = submitted(world.clock.now - 900, "job2")
    unsaved.job, unsaved.state = replace(made, state="done", outputs=DONE.outputs), bulk.UNSAVED
    world.crew().work([running, unsaved])

    assert world.bought == []
    assert world.states == {1: bulk.DONE, 2: bulk.DONE}


def test_a_task_that_never_ends_is_not_waited_for_for_ever() -> None:
    world = World()
    crew = world.crew()
    crew.ask = lambda job: Pending("processing")
    crew.work(rows(2))

    assert world.states == {1: bulk.RUNNING, 2: bulk.RUNNING}


def test_a_key_that_is_refused_while_following_gives_nothing_up_and_buys_nothing_more() -> None:
    world = World()
    crew = world.crew(1)
    meant = world.ask

    def ask(job: Job) -> Poll:
        if world.clock.now - FakeClock.now > 40:
            raise KeyProblem("not valid any more", kind="key_refused")
        return meant(job)

    crew.ask = ask
    crew.work(rows(5))

    assert world.bought == [1]
    assert world.states == {1: bulk.RUNNING}
    assert [no.kind for no in crew.shut] == ["key_refused"]


def test_polls_without_an_answer_do_not_end_a_row() -> None:
    world = World()
    crew = world.crew(2)
    meant, asked = world.ask, Counter[str]()

    def ask(job: Job) -> Poll:
        asked[job.id] += 1
        if asked[job.id] % 2:
            raise NetworkError("it answered 502", kind="vendor_down")
        return meant(job)

    crew.ask = ask
    crew.work(rows(3))

    assert set(world.states.values()) == {bulk.DONE}


def test_ctrl_c_buys_nothing_more_and_keeps_what_was_bought() -> None:
    world = World()
    crew = world.crew(2)
    sleep = world.clock.sleep

    def interrupted(seconds: float) -> None:
        sleep(seconds)
        if world.clock.now - FakeClock.now > 60 and not world.stop.is_set():
            raise KeyboardInterrupt

    world.clock.sleep = interrupted  # type: ignore[method-assign]
    crew.work(rows(10))

    assert crew.interrupted
    assert world.bought == [1, 2, 3, 4]
    assert world.states == {1: bulk.DONE, 2: bulk.DONE}
    assert not [at for at, _ in world.tried if at > FakeClock.now + 62]
