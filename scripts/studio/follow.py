"""Following tasks to their end: one job or a thousand, each asked when it is due.

A poll can be repeated as often as one likes, so nothing that goes wrong with one is an end: it only moves
the next. What ends the wait is the vendor's word, a key that is no longer taken, or our own patience.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from studio.contract import Done, Failed, Pending, Poll
from studio.errors import InternalError, KeyProblem, NotFinished, StudioError
from studio.types import Clock, Job, Plan

LONGEST_PAUSE = 60.0  # seconds; also until the first poll: how far a long task is by then is worth telling
GRACE = 30.0  # seconds after submission in which "no such task" means "not yet"
LOST = 3  # later, this many in a row mean that it cannot be looked up
LEAST_PATIENCE = 600.0  # seconds; the vendor's own client waits as long
SHORTEST_PATIENCE = 30.0  # of a rehearsal, whose clock is fast
OVERDUE = 3.0  # times the patience after which a job is not waited for any more by itself


@dataclass
class Watch:
    """One job being followed. What is not the job changes as it goes."""

    job: Job
    missed: int = 0  # polls in a row without an answer
    lost: int = 0  # of those, "no such task"
    odd: int = 0  # answers with a state that no document names
    trouble: str | None = None  # what the last of them said
    parts: tuple[int, int] | None = None  # how far it was when it was asked last
    told: float = 0.0  # seconds the vendor asked us to stay away


def patience(plan: Plan) -> float:
    """Seconds that a job of this kind is waited for. Past it nothing is lost: `wait` goes on."""
    longest = 5.0 * plan.estimate[1] if plan.estimate else 0.0
    return max(SHORTEST_PATIENCE, max(LEAST_PATIENCE, longest) / plan.speed)


def overdue(job: Job, now: float) -> bool:
    """Whether a job has taken so long that whoever waits for it should be told instead."""
    return job.task is not None and now - job.task.submitted_at > OVERDUE * patience(job.plan)


def first_wait(job: Job, now: float) -> float:
    """Seconds until the first poll: nothing finishes before the shortest time expected, but a minute is long
    enough for a first word. A clock set back must not make us wait longer than that."""
    if job.plan.estimate is None or job.task is None or job.state == "done":
        return 0.0
    shortest = min(LONGEST_PAUSE, job.plan.estimate[0]) / job.plan.speed
    return min(shortest, max(0.0, job.task.submitted_at + shortest - now))


def pause(job: Job, elapsed: float, missed: int, jitter: float) -> float:
    """Seconds until the next poll. Never below the vendor's floor; longer past twice the longest time
    expected, and after polls that got no answer. `jitter` is 0..1 and only adds."""
    speed = job.plan.speed
    floor = job.plan.poll_every
    wait = floor * float(2 ** min(missed, 5))
    if job.plan.estimate and elapsed * speed > 2 * job.plan.estimate[1]:
        wait = max(wait, 3 * floor)
    return min(max(floor, LONGEST_PAUSE), wait * (1 + jitter / 10)) / speed


class Follower:
    """Tasks on their way, each to be asked about when it is due. It asks nobody itself: whoever owns it asks
    about what `take` hands out, in whatever order, and says with `answered` what came of it."""

    def __init__(self, clock: Clock, remark: Callable[[Job, str], None]) -> None:
        self._clock = clock
        self._remark = remark
        self._queue: list[tuple[float, int, Watch]] = []
        self._count = itertools.count()

    def add(self, job: Job) -> None:
        self._wait(Watch(job), first_wait(job, self._clock.time()))

    @property
    def due(self) -> float | None:
        """When the next one is due, in monotonic seconds; None where none waits."""
        return self._queue[0][0] if self._queue else None

    def take(self) -> Watch:
        """The next one; it is not in the queue again until it is `answered`."""
        return heapq.heappop(self._queue)[2]

    def answered(self, watch: Watch, answer: Poll | StudioError) -> Done | Failed | None:
        """The end of a task; or None, and it is asked about again. Raises what ends the asking: a key that is
        not taken any more, a task that cannot be looked up, a defect."""
        end = self._heard(watch, answer)
        if end is None:
            task = watch.job.task
            elapsed = max(0.0, self._clock.time() - (task.submitted_at if task else 0.0))
            wait = pause(watch.job, elapsed, watch.missed, random.random())
            self._wait(watch, max(wait, watch.told / watch.job.plan.speed))
        return end

    def _wait(self, watch: Watch, seconds: float) -> None:
        heapq.heappush(self._queue, (self._clock.monotonic() + seconds, next(self._count), watch))

    def _heard(self, watch: Watch, answer: Poll | StudioError) -> Done | Failed | None:
        if isinstance(answer, KeyProblem):
            answer.charged = "maybe"  # the task is paid for or will be; only the asking was refused
            raise answer
        if isinstance(answer, InternalError):
            raise answer
        if isinstance(answer, StudioError):
            _missed(watch, answer, self._clock)
            self._remark(watch.job, f"poll without an answer: {watch.trouble}")
            return None
        watch.missed, watch.lost, watch.trouble, watch.told = 0, 0, None, 0.0
        if not isinstance(answer, Pending):
            return answer
        watch.parts = answer.parts
        if not answer.known:
            watch.odd += 1
            watch.trouble = f"a state that no document names: {answer.stage} (seen {watch.odd}×)"
            self._remark(watch.job, watch.trouble)
        return None


def run(
    jobs: Iterable[Job],
    ask: Callable[[Job], Poll],
    clock: Clock,
    until: float,
    remark: Callable[[Job, str], None],
) -> Iterator[tuple[Job, Done | Failed]]:
    """Yield each job with its end. Raises NotFinished at `until` (monotonic seconds) with jobs left."""
    follower = Follower(clock, remark)
    for job in jobs:
        follower.add(job)
    while (due := follower.due) is not None:
        watch = follower.take()
        if due > until:
            clock.sleep(max(0.0, until - clock.monotonic()))
            ended = NotFinished(
                "The task is accepted and goes on at the vendor's; our patience ended first. Nothing is "
                "lost: `wait` goes on.",
                detail=watch.trouble,
            )
            ended.parts = watch.parts
            raise ended
        clock.sleep(max(0.0, due - clock.monotonic()))
        end = follower.answered(watch, asked(ask, watch.job))
        if end is not None:
            yield watch.job, end


def asked(ask: Callable[[Job], Poll], job: Job) -> Poll | StudioError:
    """What came of asking, as something that can be handed on."""
    try:
        return ask(job)
    except StudioError as problem:
        return problem


def _missed(watch: Watch, problem: StudioError, clock: Clock) -> None:
    watch.missed += 1
    watch.trouble = " ".join(filter(None, (problem.message, problem.detail)))
    watch.told = min(problem.retry_after or 0.0, LONGEST_PAUSE)
    if problem.kind != "not_found":
        return
    task = watch.job.task
    if task is not None and clock.time() - task.submitted_at < GRACE:
        return
    watch.lost += 1
    if watch.lost >= LOST:
        raise NotFinished(
            "The vendor does not find the task any more; it may still exist. Ask again later with `wait`.",
            kind="lookup_failed",
            detail=problem.detail,
            retry="later",
        )
