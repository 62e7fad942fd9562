"""Commands without processes: each runs in a thread of its own, one at a time, with a clock and a way to the
vendor that are handed to it. A killed one stands still for ever: no handler of its runs any more. A frozen
one goes on later. All that is done to the product stands in `patched`; the product has no such points.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from random_faults import rules
from random_faults.scripted import Travels, Wire
from random_faults.stages import COMMITS
from studio import cli, errands, http, pulse, uploader
from studio.interrupts import Interrupts
from studio.ledger import Ledger
from studio.store import Store
from studio.types import Plan

if TYPE_CHECKING:
    from random_faults.world import World

HERE = threading.local()
TURN = 60.0  # seconds of this machine after which a process hangs
BEAT = 5.0  # seconds
A_CALL = 0.05  # seconds that one takes


class Killed(BaseException):
    """Ends a thread whose process is dead, once nobody looks any more."""


@dataclass(frozen=True)
class Armed:
    """A fault that waits for its stage. `inside`: in the commit, not before it; `once`: the next is well."""

    fault: str
    stage: str
    inside: bool = False
    once: bool = False


class Process:
    """One command. Afterwards `code` is its exit code, None where it was killed; `state` is running, frozen,
    dead or over."""

    def __init__(self, world: World, words: Sequence[str]) -> None:
        self.world = world
        self.words = list(words)
        self.state = "running"
        self.code: int | None = None
        self.escaped: BaseException | None = None
        self.puts = 0  # inputs that this process uploaded
        self.paid = False  # the vendor registered a task, and its id is not on record yet
        self.beats: list[tuple[str, Callable[[], Ledger]]] = []
        self.pending: Armed | None = None  # what waits for the commit that is next
        self.interrupts = Heard(self)
        self.out, self.err = io.StringIO(), io.StringIO()
        self._turn, self._go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._main, daemon=True)

    def run(self) -> None:
        """Until it ends, freezes or is dead."""
        self._thread.start()
        self._wait()

    def thaw(self) -> None:
        self._turn.clear()
        self.state = "running"
        self._go.set()
        self._wait()

    def bury(self) -> None:
        """Let a dead or frozen process's thread end; what it does now is seen by nobody."""
        self.state = "dead"
        self._go.set()
        self._thread.join(TURN)

    def at(self, stage: str, suits: Callable[[str], bool] = lambda fault: True) -> str | None:
        """A stage is reached: what meets it here. Faults of the vendor are for the caller to play."""
        self._unless_dead()
        armed = self.world.take(stage, suits)
        if armed is None:
            return None
        if stage in COMMITS and (armed.fault == "full disk" or (armed.fault == "killed" and armed.inside)):
            self.pending = armed
            return None
        self.world.meets(armed)
        if armed.fault in {"killed", "frozen"}:
            self._stand_still("dead" if armed.fault == "killed" else "frozen")
        elif armed.fault.startswith("Ctrl-C"):
            for _ in armed.fault.split():
                self.interrupts.press()
        else:
            self.full = armed.fault == "full disk" and not armed.once
            return armed.fault
        return None

    full = False  # the disk, for the rest of this process

    def commits(self, db: sqlite3.Connection) -> None:
        """In a transaction, before its commit."""
        self._unless_dead()
        armed, self.pending = self.pending, None
        if armed:
            self.world.meets(armed)
        if armed and armed.fault == "killed":
            db.close()  # as the kernel would: what is not committed never was
            self._stand_still("dead")
        if self.full or armed:
            self.full = not (armed and armed.once)
            raise sqlite3.OperationalError("database or disk is full")

    def takes_time(self, seconds: float = A_CALL) -> None:
        self._unless_dead()
        self.world.now += seconds
        if seconds >= BEAT:
            for job, record in self.beats:
                ledger = record()
                ledger.beat(job)
                ledger.close()

    def _stand_still(self, state: str) -> None:
        self.state = state
        self._go.clear()
        self._turn.set()
        self._go.wait()
        self._unless_dead()

    def _unless_dead(self) -> None:
        if self.state == "dead":
            raise Killed

    def _wait(self) -> None:
        assert self._turn.wait(TURN), f"it hangs: {self.words}"

    def _main(self) -> None:
        HERE.process = self
        try:
            out = cli.Out(self.words, self.out, self.err)
            self.code, _ = cli._run(self.words, out, self.interrupts)
        except Killed:
            pass
        except BaseException as escaped:  # noqa: BLE001 - it is told by whoever looks
            self.escaped = escaped
        finally:
            if self.state == "running":
                self.state = "over"
            self._turn.set()

    @property
    def document(self) -> Any:
        return json.loads(self.out.getvalue())


class Heard(Interrupts):
    """Ctrl-C without a keyboard."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.process = process

    def press(self) -> None:
        self._on_signal(2, None)


class Clock(cli.SystemClock):
    """The world's; it passes by sleeping."""

    def __init__(self, interrupts: Heard) -> None:
        super().__init__(interrupts)
        self._process = interrupts.process

    def time(self) -> float:
        return self._process.world.now + self._process.world.wrong

    def monotonic(self) -> float:
        return self._process.world.now - 1_700_000_000.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self._interrupts.hear()
        self._process.takes_time(seconds)


class OneByOne:
    """A pool whose uploads are done one after the other, so that each run of a seed is the same."""

    def submit(self, step: Callable[..., Any], *words: Any) -> Future[Any]:
        made: Future[Any] = Future()
        with contextlib.suppress(Travels):
            try:
                made.set_result(step(*words))
            except Travels:
                raise
            except Exception as problem:  # noqa: BLE001 - as a pool does
                made.set_exception(problem)
        return made

    def shutdown(self, **how: Any) -> None:
        pass


class Quick(sqlite3.Connection):
    """No machine loses its power here, so nothing has to be on the disk itself."""

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return super().execute(statement.replace("synchronous = FULL", "synchronous = OFF"), *values)


def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product with the world's clock and vendor, and with the stages of a purchase made visible."""
    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Quick))
    monkeypatch.setattr(os, "fsync", lambda file: None)
    monkeypatch.setattr(cli, "SystemClock", Clock)
    monkeypatch.setattr(http, "Http", lambda *parts, **more: Wire(HERE.process))
    monkeypatch.setattr(uploader, "threads", OneByOne)
    monkeypatch.setattr(errands, "_asked_ahead", lambda *parts: None)  # nothing is done meanwhile
    monkeypatch.setattr(pulse, "alive", _alive)
    monkeypatch.setattr(Store, "transaction", _seen(Store.transaction))
    _staged(monkeypatch, Ledger, "begin", "begin", "intent", lambda made: made[1])
    _staged(monkeypatch, Ledger, "sending", "unsent", "sending")
    _staged(monkeypatch, Ledger, "done", "saving", "saved")
    _staged(monkeypatch, Ledger, "submitted", "answered", "submitted", when=lambda: HERE.process.paid)
    _staged(monkeypatch, Ledger, "handed_out", "printed", None)
    _staged(monkeypatch, cli.Out, "document", "printing", None)
    created = Ledger._insert

    def insert(ledger: Ledger, db: sqlite3.Connection, plan: Plan, *parts: Any) -> str:
        rows = [rules.Row(**row) for row in map(dict, db.execute(rules.ROWS))]
        id = created(ledger, db, plan, *parts)
        HERE.process.world.begins(id, plan, rows, HERE.process.words)
        return id

    monkeypatch.setattr(Ledger, "_insert", insert)


@contextmanager
def _alive(job: str, record: Callable[[], Ledger]) -> Iterator[None]:
    beats = HERE.process.beats
    beats.append((job, record))
    try:
        yield
    finally:
        beats.clear()


def _seen(original: Callable[[Store], Any]) -> Callable[[Store], Any]:
    @contextmanager
    def transaction(store: Store) -> Iterator[sqlite3.Connection]:
        with original(store) as db:
            yield db
            HERE.process.commits(db)

    return transaction


def _staged(
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    before: str,
    after: str | None,
    counts: Callable[[Any], bool] = lambda made: True,
    when: Callable[[], bool] = lambda: True,
) -> None:
    """Let a method pass a stage before and after it does its work."""
    original = getattr(owner, name)

    def staged(*words: Any) -> Any:
        process = HERE.process
        if not when():
            return original(*words)
        process.at(before)
        try:
            made = original(*words)
        finally:
            process.pending = None
        if before == "answered":
            process.paid = False
        if after and counts(made):
            process.at(after)
        return made

    monkeypatch.setattr(owner, name, staged)
