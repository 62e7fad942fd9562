"""Sequences of real processes against a twin over real sockets. Processes are killed, stopped and interrupted
at the points that the twin announces; everything else is as people run it."""

from __future__ import annotations

import contextlib
import functools
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import ValidationError

from forked import Forked
from random_faults import rules
from random_faults.pairs import Pair, Tally, impossible, possible
from random_faults.scripted import Task
from support import Run, Vendor, leaks_of, start

STAGES = ("list", "upload", "pay", "registered", "poll", "download")
AT = {
    "list": "list",
    "upload": "token",
    "pay": "create",
    "registered": "create",
    "poll": "detail",
    "download": "file",
}
"""The twin's endpoint of a stage; pay: before it processed the request, registered: after."""

LINE: dict[str, Any] = {
    "reset": {"kind": "reset"},
    "500": {"kind": "code", "code": 500, "http": 500},
    "502 page": {"kind": "http", "status": 502},
    "429": {"kind": "code", "code": 429, "http": 429, "headers": {"Retry-After": "2"}},
    "401": {"kind": "code", "code": 401},
    "no JSON": {"kind": "bad_json"},
    "empty": {"kind": "empty"},
    "cut short": {"kind": "cut", "bytes": 25},
}
REFUSALS: dict[str, Any] = {str(code): {"kind": "code", "code": code} for code in (400, 4008, 6009)}
TASKS: dict[str, Any] = {
    "strange state": {"kind": "set", "field": "data.medias.*.status", "value": "dreaming"},
    "another's": {"kind": "other_task"},
    "never done": {"kind": "set", "field": "data.medias", "value": []},
    "partly failed": {"kind": "media", "index": 0},
}
FILES: dict[str, Any] = {
    "link refused": {"kind": "http", "status": 403},
    "wrong bytes": {"kind": "bytes", "text": "<html>expired</html>", "status": 200},
}
PLAYED = {**LINE, **REFUSALS, "no id": {"kind": "drop", "field": "data.id"}, **TASKS, **FILES}
SIGNALS = {"killed": signal.SIGKILL, "Ctrl-C": signal.SIGINT, "frozen": signal.SIGSTOP}
FAULTS = (*PLAYED, *SIGNALS)

IMPOSSIBLE = impossible(
    (
        ("a vendor that refuses registers nothing", ("429", "401", *REFUSALS), ("registered",)),
        ("it answers a request to buy", REFUSALS, [stage for stage in STAGES if stage != "pay"]),
        (
            "it names the task that was registered",
            ("no id",),
            [stage for stage in STAGES if stage != "registered"],
        ),
        ("only an answer to something processed can be cut", ("cut short",), ("pay",)),
        ("only a poll tells of a task's state", TASKS, [stage for stage in STAGES if stage != "poll"]),
        ("only a download has a file to spoil", FILES, [stage for stage in STAGES if stage != "download"]),
    )
)
"""Each pair that cannot occur, with the reason."""

PAIRS = possible(FAULTS, STAGES, IMPOSSIBLE)
ENDLESS = ("never done",)
KINDS: Sequence[Sequence[str]] = ((), (), ("--n", "2"), ("--aspect-ratio", "16:9"))
MORE: Sequence[Sequence[str]] = (
    (),
    (),
    (),
    ("--allow-degrade",),
    ("--max-credits", "100"),
    ("--yes", "--max-per-day", "30"),
    ("--force-new", "--yes", "--max-credits", "9"),
)
LIMITS: Sequence[dict[str, int]] = ({}, {"per_day": 40}, {"per_user": 20})
PATIENCE = 60  # seconds of this machine after which a command hangs


@dataclass
class Story:
    """One sequence. Its wishes carry its name in their prompts, so that a twin can serve many."""

    name: str
    vendor: Vendor
    home: Path
    tally: Tally
    dice: random.Random
    limits: dict[str, int]
    key: str | None = None
    wishes: int = 0
    log: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    forgotten: list[rules.Row] = field(default_factory=list)
    buyers: dict[str, Sequence[str]] = field(default_factory=dict)
    stopped: list[tuple[Forked, list[str]]] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        return {**self.vendor.env, "MEDIA_STUDIO_HOME": str(self.home)}

    @property
    def tasks(self) -> list[Task]:
        """What the twin accepted of this story."""
        made = []
        for task in self.vendor.stats["tasks"]:
            one = Task(task["id"], task["body"], self.buyers.get(task["id"], []), 0.0)
            if one.asked["prompt"].startswith(f"{self.name} "):
                one.failures = {"partly": {0}, "failed": set(range(one.n))}.get(task["state"], set())
                made.append(one)
        return made

    @property
    def _record(self) -> Path:
        return self.home / "ledger.sqlite3"

    def rows(self) -> list[rules.Row]:
        return [rules.Row(**row) for row in self._query(rules.ROWS)]

    def counters(self) -> Counter[tuple[str, str]]:
        rows = self._query("SELECT scope, day, spent FROM counters")
        return Counter({(row["scope"], row["day"]): row["spent"] for row in rows})

    def run(self, words: Sequence[str], at: Pair | None = None) -> Any:
        """One command; `at`: what waits for it. Its document, None where it was killed or stands still."""
        self.log.append(" ".join(words))
        if at is None:
            return self._ended(self._process(words), words)
        fault, stage = at
        before = self.vendor.stats["faults_played"]
        self.vendor.fault(*self._ordered(fault, stage))
        process = self._process(words)
        if fault in SIGNALS:
            return self._signalled(process, words, fault, stage)
        document = self._ended(process, words)
        played = self.vendor.stats["faults_played"] > before
        self.vendor.clear()
        if played:
            self._met(at)
        return document

    def go(self, targets: Sequence[Pair]) -> None:
        """Each target is waited for with new purchases, between things that anybody may do."""
        for target in targets:
            for tries in range(4):
                if target not in self._mine:
                    self._buy(target, plain=tries > 1)
            self._anything()

    def settle(self) -> None:
        """Leases run out, whoever stands still goes on, and each job is looked at by a person who knows what
        the vendor's page says."""
        self._leases_run_out()
        for process, words in self.stopped:
            process.send_signal(signal.SIGCONT)
            self._ended(process, words)
        self.broken += rules.of_purchases(self.tasks, [*self.rows(), *self.forgotten])
        for _ in range(2):
            self._leases_run_out()
            for row in self.rows():
                if row.state == "unknown":
                    self._reconcile(row)
                elif row.state == "done" and row.unsaved:
                    self.run(["fetch", row.id, "--max-wait", "20"])
                elif not row.over:
                    self._follow(["wait", row.id, "--max-wait", "20"])

    def _follow(self, words: Sequence[str]) -> None:
        document = self.run(words)
        for _ in range(rules.TURNS):
            if document is None or document["done"]:
                return
            document = self.run(document["next"][2:])

    def check(self) -> None:
        """After settling."""
        tasks, rows = self.tasks, [*self.rows(), *self.forgotten]
        self.broken += rules.of_purchases(tasks, rows)
        self.broken += rules.of_the_end(tasks, rows, self.counters())
        forgotten = {row.task_id for row in self.forgotten}
        self.broken += rules.of_keys([task for task in tasks if task.id not in forgotten])

    def _buy(self, target: Pair, *, plain: bool) -> None:
        fault, stage = target
        wish = self.wishes if self.key is None or self.wishes else 0
        self.wishes += 1
        kind = ("--n", "2") if fault == "partly failed" else () if plain else self.dice.choice(KINDS)
        words = self._words(wish, kind, () if plain else self.dice.choice(MORE))
        if stage == "upload":
            words += ["--input-images", str(self.home / "input.png")]
        if self.dice.random() < 0.5:
            words += ["--user-id", "u1"]
        if self.dice.random() < 0.5:
            patience = "1" if fault in ENDLESS else "20"
            self._agent(self.run(["make", "--timeout", patience, *words], target))
        else:
            self._agent(self._in_two(words, target))

    def _in_two(self, words: Sequence[str], target: Pair) -> Any:
        """start, and then wait: the fault waits for the one that gets there."""
        follows = target[1] in {"poll", "download"} and target[0] != "partly failed"
        begun = self.run(["start", *words], None if follows else target)
        if not begun or begun["done"] or not begun["job"]:
            return begun
        limit = "1" if target[0] in ENDLESS else "20"
        return self.run(["wait", begun["job"], "--max-wait", limit], target if follows else None)

    def _words(self, wish: int, kind: Sequence[str], more: Sequence[str]) -> list[str]:
        words = ["--speed", str(self.vendor.speed), "--prompt", f"{self.name} {wish}", *kind, *more]
        if self.key and wish == 0:
            words += ["--idempotency-key", self.key]
        self._last = words
        return words

    _last: list[str] = field(default_factory=list)

    def _agent(self, document: Any) -> None:
        """It goes on as it is told; what a question leads to, now and then: the person's yes."""
        if document and document.get("next") and self.dice.random() < 0.5:
            self.run([*document["next"][2:]])

    def _anything(self) -> None:
        rows = self.rows()
        acts: list[Callable[[], Any]] = [
            lambda: self._agent(self.run([self.dice.choice(["make", "start"]), *self._last])),
            lambda: self.run(["list"]),
            lambda: self.run(["spend"]),
        ]
        if rows:
            row = self.dice.choice(rows)
            if row.state == "unknown":
                acts.append(lambda: self._reconcile(row))
            for words in (
                ["wait", row.id, "--max-wait", "1"],
                ["show", row.id],
                ["fetch", row.id],
                ["cancel", row.id],
                ["again", row.id],
                ["reconcile", row.id, "--max-wait", "1"],
            ):
                acts.append(functools.partial(self._run_on, words))
            acts.append(self._purge)
        self.dice.choice(acts)()

    def _run_on(self, words: Sequence[str]) -> None:
        self._agent(self.run(words))

    def _purge(self) -> None:
        """An hour later: what is younger than a yes lives is not forgotten."""
        self._sql("UPDATE jobs SET changed_at = changed_at - 3600")
        self.run(["purge", "--before", "0m"])

    def _reconcile(self, row: rules.Row) -> None:
        """With the truth, as the vendor's page has it; not while somebody stands still who may yet buy."""
        if any(process.poll() is None for process, _ in self.stopped):
            return
        known = {other.task_id for other in [*self.rows(), *self.forgotten]}
        fitting = (task.id for task in self.tasks if task.wish == row.wish and task.id not in known)
        task_id = next(fitting, None)
        said = ["--task-id", task_id] if task_id else ["--not-charged"]
        self.run(["reconcile", row.id, *said, "--max-wait", "20"])

    def _ordered(self, fault: str, stage: str) -> tuple[str, dict[str, Any], int, str | None]:
        if fault in SIGNALS:
            return AT[stage], {"kind": "hold"}, 1, "before" if stage == "pay" else "after"
        played = PLAYED[fault]
        if fault == "partly failed":
            return "create", played, 1, None
        when = "after" if stage == "registered" else None
        return AT[stage], played, -1 if fault in ENDLESS else 1, when

    def _signalled(self, process: Forked, words: Sequence[str], fault: str, stage: str) -> Any:
        if not self._held(process, AT[stage]):
            self.vendor.clear()
            return self._ended(process, words)
        process.send_signal(SIGNALS[fault])
        self._met((fault, stage))
        if fault == "killed":
            process.communicate(timeout=PATIENCE)
            self.vendor.clear()
            self._look(words)
            if self.dice.random() < 0.7:
                self._leases_run_out()
            return None
        self.vendor.clear()
        if fault == "frozen":
            self.stopped.append((process, list(words)))
            self._look(words)
            self._leases_run_out()
            return None
        return self._ended(process, words)

    def _held(self, process: Forked, endpoint: str) -> bool:
        """Whether the process comes as far as the point where the twin holds it."""
        while process.poll() is None:
            with contextlib.suppress(AssertionError):
                self.vendor.held(endpoint, timeout=0.05)
                return True
        return False

    def _process(self, words: Sequence[str]) -> Forked:
        return start(*words, env=self.env)

    def _ended(self, process: Forked, words: Sequence[str]) -> Any:
        stdout, stderr = process.communicate(timeout=PATIENCE)
        self._look(words)
        assert leaks_of(stdout, stderr) == [], "the key was printed"
        run = Run(process.wait(), stdout.decode(), stderr.decode())
        try:
            document = run.document
        except (ValueError, ValidationError) as odd:
            said = str(odd).splitlines()[0]
            self._breaks(f"no valid document of {words}: {said}; {run.stdout[:300]} {run.stderr[-600:]}")
            return None
        error = document.get("error")
        self.log.append(f"  -> {run.code} {error['kind'] if error else document.get('event', '')}")
        self.broken += rules.of_a_document(run.code, document, words)
        return document

    def _look(self, words: Sequence[str]) -> None:
        """What no command may leave behind. What it bought, and what it forgot, is kept here."""
        for task in self.tasks:
            self.buyers.setdefault(task.id, words)
        rows = self.rows()
        known = {row.id for row in rows}
        gone = [row for row in self._rows if row.id not in known]
        self.broken += [f"{row} was forgotten by {words}" for row in gone if not row.over]
        self.forgotten += gone
        self._rows = rows
        if rows or gone:
            self.broken += rules.of_limits([*rows, *self.forgotten], self.counters(), self.limits)

    _rows: list[rules.Row] = field(default_factory=list)

    def _leases_run_out(self) -> None:
        self._sql("UPDATE jobs SET lease = 0 WHERE lease IS NOT NULL")

    def _sql(self, statement: str) -> None:
        """Time that passed, as the record has it."""
        if self._query("SELECT 1"):
            with contextlib.closing(sqlite3.connect(self._record, timeout=10)) as db, db:
                db.execute(statement)

    def _query(self, statement: str) -> list[dict[str, Any]]:
        if not self._record.exists():
            return []
        with contextlib.closing(sqlite3.connect(self._record, timeout=10)) as db:
            db.row_factory = sqlite3.Row
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'counters'").fetchone():
                return []
            return [dict(row) for row in db.execute(statement)]

    def _met(self, pair: Pair) -> None:
        self.tally.met[pair] += 1
        self._mine.add(pair)
        self.log.append(f"  {pair[0]} met {pair[1]}")

    _mine: set[Pair] = field(default_factory=set)

    def _breaks(self, what: str) -> None:
        self.log.append(f"!! {what}")
        self.broken.append(what)
