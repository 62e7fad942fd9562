"""Between rows of the record and the nouns."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from studio.errors import Interrupted, UsageError
from studio.types import Job, Json, Output, Plan, Saved, Shot, Submitted, TaskRef

AT_THE_VENDOR = ("kind", "url", "width", "height", "seconds", "expires_at")


def job(row: sqlite3.Row, outputs: Sequence[sqlite3.Row]) -> Job:
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
        outputs=tuple(output(made) for made in outputs),
        handed_out_at=row["handed_out_at"],
        shots=tuple(Shot(**shot) for shot in json.loads(row["shots"] or "[]")),
        receipt_wanted=bool(row["receipt_wanted"]),
        receipt=row["receipt"],
    )


def output(row: sqlite3.Row) -> Saved | Output:
    """One that could not be saved has no path."""
    if row["path"] is None:
        return Output(**{name: row[name] for name in AT_THE_VENDOR})
    return Saved(**{name: row[name] for name in (*AT_THE_VENDOR, "path", "mime", "bytes", "sha256")})


def accepted(made: Submitted) -> Json:
    """The columns of a task that the vendor accepted."""
    return {
        "task_id": made.task.task_id,
        "route": dump(dict(made.task.route)),
        "submitted_at": made.task.submitted_at,
        "deadline": made.deadline,
        "charged": made.charged,
        "error": None,
        "handed_out_at": None,
    }


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def marks(values: Iterable[object]) -> str:
    """(?, ?, ?) for as many values."""
    return f"({', '.join('?' for _ in values)})"


def given_up(id: str) -> Interrupted:
    return Interrupted(f"Job {id} was given up before anything was sent.", kind="given_up")


def abandoned() -> Interrupted:
    return Interrupted("The process that began this is gone. Nothing was bought.", kind="abandoned")


def nowhere(id: str) -> UsageError:
    return UsageError(
        f"There is no job {id}.",
        kind="no_such_job",
        detail="`create.py list` shows the jobs there are.",
    )
