"""What was asked, what was paid and what came of it: one SQLite file that outlives every process.

Promise 1 rests on the order of its commits, each of them on the disk (`synchronous=FULL`) before the next
step: `intent` before anything is uploaded, `sending` before the paid bytes leave, `submitted` with the
task id as soon as the answer is read. Whoever dies in between leaves a row that says how far it came.

Plain SQL: nothing here leans on what only one engine can do.
"""

from __future__ import annotations

import itertools
import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studio.errors import InternalError, LedgerError, NotSaved, UsageError
from studio.types import Clock, Job, Json, Output, Plan, Saved, Submitted, TaskRef

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without the signs that people take for another
ID_LENGTH = 8
TURNS = 100  # times a new record's turn is waited for, 0.05 s each

MOVES = {
    "intent": ("sending", "failed"),
    "sending": ("intent", "submitted", "failed", "unknown"),
    "submitted": ("done", "failed"),
    "unknown": ("submitted",),
    "done": ("done",),
}
"""From each state the states that may follow. Back to intent: the vendor refused before acceptance, and
we wait before we send again. unknown -> submitted: the answer was read after all, however late.
done -> done: files that could not be saved are saved later."""

MIGRATIONS = {
    "1-jobs": """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            created_at REAL NOT NULL,
            changed_at REAL NOT NULL,
            finished_at REAL,
            gateway TEXT NOT NULL,
            user_id TEXT,
            plan TEXT NOT NULL,
            out TEXT NOT NULL,
            task_id TEXT,
            route TEXT,
            submitted_at REAL,
            deadline REAL,
            charged INTEGER,
            error TEXT
        );
        CREATE UNIQUE INDEX jobs_task ON jobs (gateway, task_id);
        CREATE INDEX jobs_created ON jobs (created_at);
        CREATE TABLE events (
            job TEXT NOT NULL REFERENCES jobs (id),
            at REAL NOT NULL,
            what TEXT NOT NULL
        );
        CREATE INDEX events_job ON events (job);
        CREATE TABLE outputs (
            job TEXT NOT NULL REFERENCES jobs (id),
            n INTEGER NOT NULL,
            kind TEXT NOT NULL,
            url TEXT NOT NULL,
            path TEXT,
            mime TEXT,
            bytes INTEGER,
            sha256 TEXT,
            width INTEGER,
            height INTEGER,
            PRIMARY KEY (job, n)
        );
    """,
}
"""Append only, applied in order, each once."""


class Ledger:
    """`prefix` is put before new job ids: `sb-` in the ledger of rehearsals."""

    def __init__(self, path: Path, clock: Clock, prefix: str = "") -> None:
        self._clock = clock
        self._prefix = prefix
        self._path = str(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)  # it holds prompts: for the owner's eyes
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._write_ahead()
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate()
        except (OSError, sqlite3.Error) as problem:
            raise _unusable(problem, self._path) from problem

    def close(self) -> None:
        self._db.close()

    def begin(self, plan: Plan, out: str) -> Job:
        """Write the intent. From here on the job can be found, whatever happens."""
        now = self._clock.time()
        id = self._prefix + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
        with self._transaction() as db:
            db.execute(
                "INSERT INTO jobs (id, state, created_at, changed_at, gateway, user_id, plan, out)"
                " VALUES (?, 'intent', ?, ?, ?, ?, ?, ?)",
                (id, now, now, plan.gateway, plan.user_id, _dump(plan.to_json()), out),
            )
            self._event(db, id, "intent")
        return self.get(id)

    def sending(self, id: str) -> None:
        """The paid request leaves next."""
        self._move(id, "sending")

    def back_to_intent(self, id: str) -> None:
        """Refused before acceptance: nothing is under way while we wait to send again."""
        self._move(id, "intent")

    def submitted(self, id: str, made: Submitted) -> None:
        task = made.task
        self._move(
            id,
            "submitted",
            task_id=task.task_id,
            route=_dump(dict(task.route)),
            submitted_at=task.submitted_at,
            deadline=made.deadline,
            charged=made.charged,
            error=None,
        )

    def unknown(self, id: str, error: Json) -> None:
        self._move(id, "unknown", error=_dump(error))

    def failed(self, id: str, error: Json) -> None:
        """The end of a job that made nothing. Whoever came first is right: another process may have
        followed the same job."""
        with self._transaction() as db:
            if self._state(db, id) not in {"failed", "done"}:
                fields = {"error": _dump(error), "finished_at": self._clock.time()}
                self._set(db, id, "failed", fields)

    def abandoned(self, id: str, error: Json) -> None:
        """The end of a job whose process is gone, if it still has not begun to pay by now."""
        with self._transaction() as db:
            if self._state(db, id) == "intent":
                fields = {"error": _dump(error), "finished_at": self._clock.time()}
                self._set(db, id, "failed", fields)

    def done(
        self, id: str, outputs: tuple[Saved | Output, ...], charged: int | None, error: Json | None
    ) -> None:
        """The vendor finished. Outputs without a path are those that could not be saved yet; what another
        process saved meanwhile stays saved."""
        with self._transaction() as db:
            outputs = tuple(
                there
                if isinstance(there, Saved) and isinstance(made, Output) and Path(there.path).exists()
                else made
                for there, made in itertools.zip_longest(map(_output, self._outputs(id)), outputs)
                if made is not None
            )
            if error and error["kind"] == NotSaved.kind and all(isinstance(made, Saved) for made in outputs):
                error = None
            fields: Json = {"error": _dump(error) if error else None}
            if charged is not None:
                fields["charged"] = charged
            if self._state(db, id) != "done":
                fields["finished_at"] = self._clock.time()
            self._set(db, id, "done", fields)
            db.execute("DELETE FROM outputs WHERE job = ?", (id,))
            for n, output in enumerate(outputs, 1):
                row = {"job": id, "n": n, **asdict(output)}
                db.execute(
                    f"INSERT INTO outputs ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                    tuple(row.values()),
                )

    def event(self, id: str, what: str) -> None:
        """A remark in a job's history, such as a state that no document names."""
        with self._transaction() as db:
            self._event(db, id, what)

    def events(self, id: str) -> tuple[str, ...]:
        rows = self._db.execute("SELECT what FROM events WHERE job = ? ORDER BY at, rowid", (id,))
        return tuple(row["what"] for row in rows)

    def get(self, id: str) -> Job:
        row = self._db.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise UsageError(
                f"There is no job {id}.",
                kind="no_such_job",
                detail="`create.py list` shows the jobs there are.",
            )
        return self._job(row)

    def newest(self, count: int) -> tuple[Job, ...]:
        rows = self._db.execute("SELECT * FROM jobs ORDER BY created_at DESC LIMIT ?", (count,))
        return tuple(self._job(row) for row in rows.fetchall())

    def _job(self, row: sqlite3.Row) -> Job:
        task = None
        if row["task_id"]:
            task = TaskRef(row["gateway"], row["task_id"], row["submitted_at"], json.loads(row["route"]))
        return Job(
            id=row["id"],
            state=row["state"],
            created_at=row["created_at"],
            changed_at=row["changed_at"],
            plan=Plan.from_json(json.loads(row["plan"])),
            out=row["out"],
            task=task,
            finished_at=row["finished_at"],
            charged=row["charged"],
            error=json.loads(row["error"]) if row["error"] else None,
            outputs=tuple(_output(made) for made in self._outputs(row["id"])),
        )

    def _outputs(self, id: str) -> list[sqlite3.Row]:
        return self._db.execute("SELECT * FROM outputs WHERE job = ? ORDER BY n", (id,)).fetchall()

    def _move(self, id: str, state: str, **fields: Any) -> None:
        with self._transaction() as db:
            self._set(db, id, state, fields)

    def _set(self, db: sqlite3.Connection, id: str, state: str, fields: Json) -> None:
        """One step of the state machine; a step that is not in MOVES is a defect, not a wish."""
        before = [origin for origin, targets in MOVES.items() if state in targets]
        changes = {"state": state, "changed_at": self._clock.time(), **fields}
        changed = db.execute(
            f"UPDATE jobs SET {', '.join(f'{name} = ?' for name in changes)}"
            f" WHERE id = ? AND state IN ({', '.join('?' * len(before))})",
            (*changes.values(), id, *before),
        )
        if changed.rowcount != 1:
            raise InternalError(f"Job {id} is {self._state(db, id)} and cannot become {state}.")
        self._event(db, id, state)

    def _state(self, db: sqlite3.Connection, id: str) -> str | None:
        row = db.execute("SELECT state FROM jobs WHERE id = ?", (id,)).fetchone()
        return row["state"] if row else None

    def _event(self, db: sqlite3.Connection, id: str, what: str) -> None:
        db.execute("INSERT INTO events (job, at, what) VALUES (?, ?, ?)", (id, self._clock.time(), what))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as problem:
            raise _unusable(problem, self._path) from problem

    def _write_ahead(self) -> None:
        """Of several that open a new record at once, one gets to switch it: SQLite does not let the others
        wait for that, so we do."""
        for left in reversed(range(TURNS)):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as busy:
                if not left or "locked" not in str(busy):
                    raise
                self._clock.sleep(0.05)

    def _migrate(self) -> None:
        self._db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, at REAL NOT NULL)")
        with self._transaction() as db:
            applied = {row["name"] for row in db.execute("SELECT name FROM migrations")}
            for name, statements in MIGRATIONS.items():
                if name not in applied:
                    for statement in filter(str.strip, statements.split(";")):
                        db.execute(statement)
                    db.execute("INSERT INTO migrations (name, at) VALUES (?, ?)", (name, self._clock.time()))


def _output(row: sqlite3.Row) -> Saved | Output:
    if row["path"] is None:
        return Output(row["kind"], row["url"], row["width"], row["height"])
    return Saved(
        kind=row["kind"],
        path=row["path"],
        url=row["url"],
        mime=row["mime"],
        bytes=row["bytes"],
        sha256=row["sha256"],
        width=row["width"],
        height=row["height"],
    )


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _unusable(problem: Exception, path: str) -> LedgerError:
    why = (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
    return LedgerError(
        f"The record of jobs {path} cannot be written ({why}). Nothing is bought without it: make room, or "
        "set MEDIA_STUDIO_HOME to a folder that can be written."
    )
