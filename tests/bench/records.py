"""Records of as many jobs as are wanted, for measuring: one job is made in the usual way, the others are
copies of its rows under other ids."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from parts import picture, plan
from studio.ledger import Ledger
from studio.types import Saved, Submitted, TaskRef
from support import FakeClock


def fill(home: Path, finished: int, running: int = 0) -> str:
    """A record in a new home. Returns the id of a finished job with its file."""
    home.mkdir(parents=True, exist_ok=True)
    clock = FakeClock(time.time() - 86400)
    ledger = Ledger(home / "ledger.sqlite3", clock)
    job = _finished(ledger, home)
    open_one, _ = ledger.begin(plan(), str(home))
    ledger.sending(open_one.id)
    ledger.submitted(open_one.id, Submitted(TaskRef("ima", "open", clock.time())))
    ledger.close()
    db = sqlite3.connect(home / "ledger.sqlite3")
    _copies(db, job, finished - 1, "d")
    _copies(db, open_one.id, running, "r")
    db.execute("DELETE FROM events WHERE job = ?", (open_one.id,))
    db.execute("DELETE FROM jobs WHERE id = ?", (open_one.id,))
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return job


def _finished(ledger: Ledger, home: Path) -> str:
    job, _ = ledger.begin(plan(), str(home))
    ledger.sending(job.id)
    ledger.submitted(job.id, Submitted(TaskRef("ima", "done", 0.0), 5))
    file = home / "a.png"
    file.write_bytes(picture())
    saved = Saved("image", str(file), "https://files.example/a.png", "image/png", 1, "0" * 64, 64, 48)
    ledger.done(job.id, (saved,), 5, None)
    return job.id


def _copies(db: sqlite3.Connection, job: str, count: int, sign: str) -> None:
    """Rows like those of a job, each with an id, a task and a time of its own."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    own = {
        "id": f"'{sign}' || i",
        "task_id": f"'{sign}' || i",
        "created_at": "created_at - i",
        "fingerprint": f"'{sign}' || i",
        "asked": f"'{sign}' || i",
    }
    for table, key in (("jobs", "id"), ("events", "job"), ("outputs", "job")):
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        told = {**(own if table == "jobs" else {}), key: f"'{sign}' || i"}
        made = ", ".join(told.get(name, name) for name in columns)
        if count > 0:
            db.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) {numbers}"
                f" SELECT {made} FROM n, {table} WHERE {key} = :job",
                {"count": count, "job": job},
            )
