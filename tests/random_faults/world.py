"""One sequence's world: a vendor, a record, the processes, the faults that wait, and what has to hold."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import ValidationError

from random_faults import rules
from random_faults.in_process import Armed, Process
from random_faults.pairs import Tally
from random_faults.scripted import Task
from studio.types import Plan
from support import validate

BEGAN = 1_800_000_000.0
A_COMMAND = 0.5  # seconds until one is under way


@dataclass
class Ran:
    """What a command that was not killed ended with."""

    code: int
    document: Any


@dataclass
class World:
    """`now`: seconds, the monotonic time too; `wrong`: by so much the wall clock is off. `limits`: the
    config's, in points. `log`: every command with its end, for whoever has to find out."""

    home: Path
    tally: Tally
    limits: Mapping[str, int]
    now: float = BEGAN
    wrong: float = 0.0
    vendor: list[Task] = field(default_factory=list)
    armed: list[Armed] = field(default_factory=list)
    frozen: list[Process] = field(default_factory=list)
    dead: list[Process] = field(default_factory=list)
    creators: dict[str, list[str]] = field(default_factory=dict)
    forgotten: list[rules.Row] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def record(self) -> Path:
        return self.home / "ledger.sqlite3"

    def take(self, stage: str, suits: Callable[[str], bool]) -> Armed | None:
        for armed in self.armed:
            if armed.stage == stage and suits(armed.fault):
                self.armed.remove(armed)
                return armed
        return None

    def meets(self, armed: Armed) -> None:
        self.tally.met[armed.fault, armed.stage] += 1
        self.log.append(f"  {armed.fault} met {armed.stage}")

    def registers(self, body: Any, process: Process) -> Task:
        task = Task(f"task-{len(self.vendor) + 1}", body, process.words, self.now)
        self.vendor.append(task)
        self.log.append(f"  the vendor registered {task.id}")
        return task

    def begins(self, id: str, plan: Plan, rows: Sequence[rules.Row], words: list[str]) -> None:
        """A job is entered, beside those that were there."""
        self.creators[id] = words
        same = rules.whole(plan.to_json())
        beside = [
            row for row in rows if row.state in rules.OPEN and rules.whole(json.loads(row.plan)) == same
        ]
        if beside and "--force-new" not in words:
            self.breaks(f"{words} buys the same again beside {beside[0]}")

    def run(self, *words: str) -> Ran | None:
        """One command to its end, or as far as it comes."""
        self.log.append(" ".join(words))
        self.now += A_COMMAND
        process = Process(self, words)
        process.run()
        return self._ended(process)

    def follow(self, *words: str) -> Ran | None:
        """A command and what it says comes next, as long as a patient agent goes on with it."""
        ran = self.run(*words)
        for _ in range(rules.TURNS):
            if ran is None or ran.document.get("done", True):
                return ran
            ran = self.run(*ran.document["next"][2:])
        return ran

    def thaw(self, process: Process) -> Ran | None:
        self.frozen.remove(process)
        self.log.append(f"goes on: {' '.join(process.words)}")
        process.thaw()
        return self._ended(process)

    def kill(self, process: Process) -> None:
        self.frozen.remove(process)
        self.dead.append(process)

    def rows(self) -> list[rules.Row]:
        """Every job as it stands on the disk."""
        return [rules.Row(**row) for row in self._query(rules.ROWS)]

    def counters(self) -> Counter[tuple[str, str]]:
        rows = self._query("SELECT scope, day, spent FROM counters")
        return Counter({(row["scope"], row["day"]): row["spent"] for row in rows})

    def _query(self, statement: str) -> list[dict[str, Any]]:
        if self._reading is None:
            if not self.record.exists():
                return []
            self._reading = sqlite3.connect(self.record)
            self._reading.row_factory = sqlite3.Row
        if not self._reading.execute("SELECT 1 FROM sqlite_master WHERE name = 'counters'").fetchone():
            return []
        return [dict(row) for row in self._reading.execute(statement)]

    _reading: sqlite3.Connection | None = None

    def close(self) -> None:
        for process in [*self.frozen, *self.dead]:
            process.bury()
        if self._reading:
            self._reading.close()

    def breaks(self, what: str) -> None:
        self.log.append(f"!! {what}")
        self.broken.append(what)

    def _ended(self, process: Process) -> Ran | None:
        self._look(process.words)
        if process.escaped is not None:
            self.breaks(f"no document, but {process.escaped!r} after {process.words}")
            return None
        if process.state in {"frozen", "dead"}:
            (self.frozen if process.state == "frozen" else self.dead).append(process)
            self.log.append(f"  -> {process.state}")
            return None
        assert process.code is not None
        return self._printed(process.code, process)

    def _printed(self, code: int, process: Process) -> Ran | None:
        try:
            document = process.document
            validate(document)
        except (ValueError, ValidationError) as odd:
            said = str(odd).splitlines()[0]
            self.breaks(f"no valid document of {process.words}: {said}")
            return None
        error = document.get("error")
        self.log.append(
            f"  -> {code} {error['kind'] + ': ' + error['message'] if error else document.get('event', '')}"
        )
        self.broken += rules.of_a_document(code, document, process.words)
        return Ran(code, document)

    def _look(self, words: Sequence[str]) -> None:
        """What no command may leave behind; and what `purge` forgot is kept here."""
        rows = self.rows()
        known = {row.id for row in rows}
        gone = [row for row in self._seen if row.id not in known]
        self.broken += [f"{row} was forgotten by {words}" for row in gone if not row.over]
        self.forgotten += gone
        self._seen = rows
        if rows or gone:
            self.broken += rules.of_limits([*rows, *self.forgotten], self.counters(), self.limits)

    _seen: list[rules.Row] = field(default_factory=list)
