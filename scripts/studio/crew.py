"""Many rows at once: bought a few at a time for each gateway, followed by one follower by due time, saved as
they end. It decides when; how to buy, ask and save is handed in, and runs in threads of their own.

What stops a gateway (no credit, a key that is not taken, a limit) stops the buying there, and nothing of what
was bought is given up. What passes (too many requests, no connection) makes a pause there, and the row waits.
"""

from __future__ import annotations

import math
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

from studio import bulk, follow
from studio.bulk import Entry
from studio.contract import Done, Failed, Pending, Poll
from studio.errors import (
    InternalError,
    Interrupted,
    KeyProblem,
    NetworkError,
    NotSaved,
    StudioError,
    UnknownOutcome,
)
from studio.follow import Follower, Past, Watch
from studio.frozen import dataclass, field
from studio.types import Clock, Job

SHORTEST_PAUSE = 5.0  # seconds, doubling, where the vendor names no time
LONGEST_PAUSE = 300.0
MOST_PAUSES = 8  # in a row without a purchase: half an hour
AT_ONCE = {"buy": 16, "ask": 16, "save": 4}  # threads
A_WHILE = 1.0  # seconds; how long nothing happens before it is looked again
SOON = 0.001  # seconds; no clock is so coarse that this is nothing
BEAT = 0.05  # seconds between two looks once all is bought: who wakes for each answer works a fifth more
IN_PART = ("partly_failed", "shots_failed")


@dataclass
class Door:
    """One gateway. `inside`: the ids of rows that are being bought or followed; `until`: monotonic seconds of
    a pause; `shut`: why nothing more is bought there."""

    waiting: deque[Entry] = field(default_factory=deque)
    inside: set[str] = field(default_factory=set)
    pauses: int = 0
    until: float = 0.0
    speed: float = 1.0
    shut: StudioError | None = None


@dataclass
class Crew:
    """`buy` raises what stopped a purchase; `ask` is one poll; `save` ends a job. `over` is told of each row
    that this command is done with. `stop` is set when nothing new is to be
    begun: `buy` looks at it last thing before it pays. `past` and `keep`: what is
    known of how long jobs take, and what was seen of one. `held`: a block that Ctrl-C does not cut."""

    buy: Callable[[Entry], Job]
    ask: Callable[[Job], Poll]
    save: Callable[[Job, Done | Failed], Job]
    over: Callable[[Entry], None]
    follower: Follower
    past: Callable[[Job], Past]
    keep: Callable[[Watch], None]
    clock: Clock
    held: Callable[[], AbstractContextManager[None]]
    stop: threading.Event
    concurrency: int
    max_failures: int
    pool: Callable[[int], Executor] = ThreadPoolExecutor

    def __post_init__(self) -> None:
        self.doors: dict[str, Door] = {}
        self.failures = 0
        self.interrupted = False
        self._rows: dict[str, Entry] = {}  # by job: those that are followed or saved
        self._watches: dict[str, Watch] = {}
        self._heard: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._under_way = dict.fromkeys(AT_ONCE, 0)
        self._counting = threading.Lock()
        self._pools = {kind: self.pool(most) for kind, most in AT_ONCE.items()}

    def work(self, entries: Iterable[Entry]) -> None:
        """All of it. After a first Ctrl-C only what is being paid is waited for; a second one is raised. What
        was not heard of by then stays as it was."""
        try:
            for entry in entries:
                door = self.doors.setdefault(entry.gateway.id, Door(speed=entry.plan.speed))
                if entry.state == bulk.LEFT:
                    door.waiting.append(entry)
                elif entry.job:
                    self._onward(entry, entry.job)
            self._work()
        except KeyboardInterrupt:
            self.interrupted = True
            self.stop.set()
            with suppress(KeyboardInterrupt), self.held():
                pass  # the first is heard, and the next is another
            while self._under_way["buy"] or not self._heard.empty():
                self._hear(A_WHILE)
        finally:
            for pool in self._pools.values():
                pool.shutdown(wait=False, cancel_futures=True)
            for watch in self._watches.values():
                self.keep(watch)

    @property
    def shut(self) -> list[StudioError]:
        """Why nothing more is bought, by gateway."""
        return [door.shut for door in self.doors.values() if door.shut]

    def _work(self) -> None:
        while self._sent_off() or self._rows or any(self._under_way.values()) or not self._heard.empty():
            self._hear(self._pause())

    def _sent_off(self) -> bool:
        """Send off what may be bought and what is due; Ctrl-C finds nothing half begun. Whether some still
        wait for their purchase."""
        with self.held():
            waiting = self._begin()
            self._ask_about_what_is_due()
        return waiting

    def _begin(self) -> bool:
        """Send off as many purchases as there is room for. Whether some still wait for theirs."""
        for door in self.doors.values():
            while self._room(door) and self.clock.monotonic() >= door.until:
                entry = door.waiting.popleft()
                door.inside.add(entry.id)
                self._send("buy", partial(self.buy, entry), partial(self._bought, entry))
        return any(map(self._may_buy, self.doors.values()))

    def _may_buy(self, door: Door) -> bool:
        return bool(door.waiting) and not (door.shut or self.stop.is_set())

    def _room(self, door: Door) -> bool:
        return self._may_buy(door) and len(door.inside) < self.concurrency

    def _pause(self) -> float:
        """Seconds until something is due by itself."""
        due = [door.until for door in self.doors.values() if self._room(door)]
        due += [] if self.follower.due is None else [self.follower.due]
        return max(0.0, min(A_WHILE, min(due, default=math.inf) - self.clock.monotonic()))

    def _ask_about_what_is_due(self) -> None:
        while (due := self.follower.due) is not None and due <= self.clock.monotonic():
            watch = self.follower.take()
            answer = partial(follow.asked, self.ask, watch.job)
            self._send("ask", answer, partial(self._answered, watch))

    def _send(self, kind: str, step: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """A step in a thread; what came of it is heard in this one."""

        def run() -> None:
            made = _came_of(step)
            self._heard.put(lambda: then(made))
            self._count(kind, -1)

        self._count(kind, +1)
        self._pools[kind].submit(run)

    def _count(self, kind: str, more: int) -> None:
        with self._counting:
            self._under_way[kind] += more

    def _hear(self, seconds: float) -> None:
        """What came of steps; where none is under way, the clock is waited for."""
        if self._heard.empty() and not any(self._under_way.values()):
            self.clock.sleep(max(seconds, SOON))
            seconds = 0.0
        elif not self._under_way["buy"] and not any(map(self._may_buy, self.doors.values())):
            self.clock.sleep(BEAT / max(door.speed for door in self.doors.values()))
        with suppress(queue.Empty):
            then = self._heard.get(timeout=max(seconds, SOON)) if seconds else self._heard.get_nowait()
            with self.held():
                then()
                while not self._heard.empty():
                    self._heard.get()()

    def _bought(self, entry: Entry, made: Job | StudioError) -> None:
        door = self.doors[entry.gateway.id]
        if isinstance(made, Job):
            door.pauses = 0
            self._onward(entry, made)
            return
        if not isinstance(made, (*bulk.PASSING, *bulk.FINAL, Interrupted)):
            self._failed(entry, bulk.UNKNOWN if isinstance(made, UnknownOutcome) else bulk.FAILED, made)
            return
        door.inside.discard(entry.id)
        door.waiting.appendleft(entry)
        if isinstance(made, bulk.PASSING):
            self._wait(door, made)
        elif isinstance(made, bulk.FINAL):
            door.shut = door.shut or made

    def _wait(self, door: Door, trouble: StudioError) -> None:
        """Stay away from a gateway for a while; after many times without a purchase, for good."""
        now = self.clock.monotonic()
        seconds = max(trouble.retry_after or 0.0, min(LONGEST_PAUSE, SHORTEST_PAUSE * 2.0**door.pauses))
        if now >= door.until:  # of several at once the first counts
            door.pauses += 1
        door.until = max(door.until, now + seconds / door.speed)
        if door.pauses > MOST_PAUSES:
            door.shut = trouble

    def _onward(self, entry: Entry, job: Job) -> None:
        """A row that has a job: followed, saved, or over."""
        entry.job = job
        self.doors[entry.gateway.id].inside.add(entry.id)
        if job.state not in {"submitted", "done"} or job.complete or job.plan.later:
            self._leave(entry, bulk.standing(job), None)
            return
        self._rows[job.id] = entry
        self._watches[job.id] = self.follower.add(job, self.past(job))

    def _answered(self, watch: Watch, answer: Poll | StudioError) -> None:
        entry = self._rows[watch.job.id]
        if isinstance(answer, Pending | NetworkError) and follow.overdue(watch.job, self.clock.time()):
            self._leave(entry, bulk.RUNNING, answer if isinstance(answer, StudioError) else None)
            return
        try:
            end = self.follower.answered(watch, answer)
        except StudioError as lost:
            door = self.doors[entry.gateway.id]
            if isinstance(lost, KeyProblem):
                door.shut = door.shut or lost
            self._leave(entry, bulk.standing(watch.job), lost)
            return
        if end is not None:
            self.keep(self._watches.pop(watch.job.id))
            self._send("save", partial(self.save, watch.job, end), partial(self._saved, entry))

    def _saved(self, entry: Entry, made: Job | StudioError) -> None:
        if isinstance(made, Job):
            entry.job = made
            self._leave(entry, bulk.standing(made), None)
            return
        state = bulk.UNSAVED if isinstance(made, NotSaved) else bulk.FAILED
        self._failed(entry, bulk.PARTLY if made.kind in IN_PART else state, made)

    def _failed(self, entry: Entry, state: str, error: StudioError) -> None:
        self.failures += state in {bulk.FAILED, bulk.UNKNOWN}
        if self.failures >= self.max_failures:
            self.stop.set()
        self._leave(entry, state, error)

    def _leave(self, entry: Entry, state: str, error: StudioError | None) -> None:
        self.doors[entry.gateway.id].inside.discard(entry.id)
        if entry.job:
            self._rows.pop(entry.job.id, None)
        entry.state, entry.error, entry.before = state, error, False
        self.over(entry)


def _came_of(step: Callable[[], Any]) -> Any:
    try:
        return step()
    except StudioError as problem:
        return problem
    except Exception as defect:  # noqa: BLE001 - one row's, and never the end of the others
        return InternalError(f"A defect in media-studio: {type(defect).__name__}.", charged="maybe")
