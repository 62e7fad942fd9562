"""Following tasks to their end: one job or a thousand, each asked when it is due.

A poll can be repeated as often as one likes, so nothing that goes wrong with one is an end: it only moves
the next. What ends the wait is the vendor's word, a key that is no longer taken, or our own patience.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterator

from studio.contract import Done, Failed, Pending, Poll
from studio.errors import InternalError, KeyProblem, NotFinished, StudioError
from studio.frozen import dataclass
from studio.types import Clock, Job, Plan

LONGEST_PAUSE = 60.0  # seconds; how far a long task is by then is worth telling, and a refusal comes at once
JITTER = 0.05  # of a pause, at most, and only ever added: many who began together do not stay together
STRETCH = 4 / (1 + JITTER)  # times the floor, for what takes far too long; with the jitter four floors
POLLS = 0.88  # at most, of those of a client that asks at the floor from the beginning on
LATE = 4.0  # floors after it was due: whoever finds a task finished so late has not watched it
GRACE = 30.0  # seconds after submission in which "no such task" means "not yet"
LOST = 3  # later, this many in a row mean that it cannot be looked up
LEAST_PATIENCE = 600.0  # seconds; the vendor's own client waits as long
SHORTEST_PATIENCE = 30.0  # of a rehearsal, whose clock is fast
OVERDUE = 3.0  # times the patience after which a job is not waited for any more by itself


@dataclass(frozen=True)
class Past:
    """What is known of a job before it is followed. `usual`: the time within which one in ten of the user's
    own last jobs of its kind was finished, in the vendor's seconds. `looked_at`: when it was last found under
    way, by another process, in seconds since 1970."""

    usual: float | None = None
    looked_at: float | None = None


UNKNOWN = Past()


@dataclass
class Watch:
    """One job being followed. What is not the job changes as it goes."""

    job: Job
    begin: float  # age at which it is asked about at the floor; ages are in the vendor's seconds
    age: float  # when it was taken up, or last asked about
    at: float  # the same moment, in monotonic seconds
    since: float = 0.0  # age at which it was last found under way
    looked_at: float | None = None  # the same, in seconds since 1970, where it was found so here
    took: float | None = None  # how long it took, where its end was watched
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


def begins(plan: Plan, usual: float | None) -> float:
    """Age from which a job is asked about at the vendor's floor: the shortest time expected, or sooner where
    the user's own jobs were. Never later than expected: those that are quicker would wait for it.

    The first poll after the shortest time expected is put where the last one falls on the longest: what is
    drawn from that range is then known as soon as polls at the floor can."""
    if plan.estimate is None:
        return 0.0
    shortest, longest = plan.estimate
    if usual is not None and usual < shortest:
        return usual
    step = plan.poll_every * _pace(plan) * (1 + JITTER / 2)
    return shortest + min(plan.poll_every, (longest - shortest) % step)


def first_age(plan: Plan, begin: float) -> float:
    """Age at the first poll."""
    return LONGEST_PAUSE if begin - LONGEST_PAUSE >= plan.poll_every else begin


def pause(plan: Plan, begin: float, age: float, missed: int, jitter: float) -> float:
    """Seconds of the vendor's from a poll at that age to the next. Never below the vendor's floor; a minute
    before the polls begin, longer past twice the longest time expected, and after polls that got no answer.
    `jitter` is 0..1 and only adds."""
    floor = plan.poll_every
    if age < begin:
        left = begin - age
        look = floor <= LONGEST_PAUSE <= left - floor
        wait = LONGEST_PAUSE if look else max(floor, left)
    else:
        wait = floor * _stretched(plan, age) * (1 + JITTER * jitter)
    backoff = floor * 2.0 ** min(missed, 5) * (1 + JITTER * jitter) if missed else 0.0
    return max(wait, min(backoff, max(floor, LONGEST_PAUSE)))


def _stretched(plan: Plan, age: float) -> float:
    """Floors between polls."""
    if not plan.estimate or not plan.estimate[1]:
        return 1.0
    return min(STRETCH, max(_pace(plan), age / (2 * plan.estimate[1])))


def _pace(plan: Plan) -> float:
    """Floors between polls within the range expected: one, and a little more where that range begins so early
    that waiting for its begin saves next to nothing."""
    shortest, longest = plan.estimate or (0, 0)
    asked = (longest - shortest) / (longest + shortest) if longest else 0.0
    return max(1.0, asked / (POLLS * (1 + JITTER / 2)))


class Follower:
    """Tasks on their way, each to be asked about when it is due. It asks nobody itself: whoever owns it asks
    about what `take` hands out, in whatever order, and says with `answered` what came of it."""

    def __init__(self, clock: Clock, remark: Callable[[Job, str], None]) -> None:
        self.clock = clock
        self._remark = remark
        self._queue: list[tuple[float, int, Watch]] = []
        self._count = itertools.count()

    def add(self, job: Job, past: Past = UNKNOWN) -> Watch:
        """Follow a job from now on. What is seen of it stands in the watch."""
        watch = Watch(job, begins(job.plan, past.usual), self._passed(job), self.clock.monotonic())
        due = first_age(job.plan, watch.begin)
        if past.looked_at is not None and job.task is not None:
            since = max(0.0, past.looked_at - job.task.submitted_at) * job.plan.speed
            watch.since = min(watch.age, since)  # a clock may have been set back
            early = watch.since < watch.begin  # later, whoever comes anew asks as soon as the vendor allows
            looks = pause(job.plan, watch.begin, watch.since, 0, 0.0) if early else job.plan.poll_every
            due = watch.since + looks
        fresh = job.task is not None and job.state != "done"
        self._wait(watch, max(0.0, due - watch.age) if fresh else 0.0)
        return watch

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
            wait = pause(watch.job.plan, watch.begin, watch.age, watch.missed, random.random())
            self._wait(watch, max(wait, watch.told))
        return end

    def _wait(self, watch: Watch, seconds: float) -> None:
        """`seconds` of the vendor's: those of a rehearsal are shorter."""
        due = self.clock.monotonic() + seconds / watch.job.plan.speed
        heapq.heappush(self._queue, (due, next(self._count), watch))

    def _passed(self, job: Job) -> float:
        """The age of a job by the clock on the wall."""
        since = job.task.submitted_at if job.task else self.clock.time()
        return max(0.0, self.clock.time() - since) * job.plan.speed

    def _grow(self, watch: Watch) -> None:
        """A clock set back makes nothing younger, and one that stands while the machine sleeps nothing
        older: the larger of two ages counts."""
        now = self.clock.monotonic()
        counted = watch.age + (now - watch.at) * watch.job.plan.speed
        watch.age, watch.at = max(counted, self._passed(watch.job)), now

    def _learn(self, watch: Watch) -> None:
        """How long a finished job took: the middle between the last poll that found it under way, or its
        submission, and the one that found it finished. Nothing where that poll came long after it was due:
        a person who comes back after hours has not seen when it was."""
        plan = watch.job.plan
        due = watch.since + pause(plan, watch.begin, watch.since, 0, 1.0)
        if watch.since == 0:
            due = first_age(plan, watch.begin)
        if watch.job.state != "done" and watch.since < watch.age <= due + LATE * plan.poll_every:
            watch.took = (watch.since + watch.age) / 2

    def _heard(self, watch: Watch, answer: Poll | StudioError) -> Done | Failed | None:
        self._grow(watch)
        if isinstance(answer, KeyProblem):
            answer.charged = "maybe"  # the task is paid for or will be; only the asking was refused
            raise answer
        if isinstance(answer, InternalError):
            raise answer
        if isinstance(answer, StudioError):
            _missed(watch, answer, self.clock)
            self._remark(watch.job, f"poll without an answer: {watch.trouble}")
            return None
        watch.missed, watch.lost, watch.trouble, watch.told = 0, 0, None, 0.0
        if not isinstance(answer, Pending):
            if isinstance(answer, Done):
                self._learn(watch)
            return answer
        watch.parts, watch.since, watch.looked_at = answer.parts, watch.age, self.clock.time()
        if not answer.known:
            watch.odd += 1
            watch.trouble = f"a state that no document names: {answer.stage} (seen {watch.odd}×)"
            self._remark(watch.job, watch.trouble)
        return None


def run(follower: Follower, ask: Callable[[Job], Poll], until: float) -> Iterator[tuple[Job, Done | Failed]]:
    """Yield each job with its end. Raises NotFinished at `until` (monotonic seconds) with jobs left."""
    clock = follower.clock
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
