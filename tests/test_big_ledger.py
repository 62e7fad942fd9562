"""What a command asks of the record is looked up, never looked for: no question reads all jobs."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from called import called
from parts import ima, plan
from studio.ledger import Ledger
from studio.order import Order
from studio.types import Output, Submitted, TaskRef
from support import FakeClock, Vendor

READS = re.compile(r"\s*(SELECT|UPDATE|DELETE|INSERT)\b", re.IGNORECASE)
ALL = re.compile(r"\bSCAN (jobs|events|outputs|names|told|times|uploads|approvals)\b(?! USING)")
SORTED = "USE TEMP B-TREE FOR ORDER BY"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that connections of this process run from here on."""
    said: list[str] = []
    connect = sqlite3.connect

    def listening(*words: Any, **more: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(*words, **more)
        made.set_trace_callback(said.append)
        return made

    monkeypatch.setattr(sqlite3, "connect", listening)
    return said


def plans(db: sqlite3.Connection, statements: list[str]) -> dict[str, list[str]]:
    """Statement -> the lines of its query plan."""
    found = {}
    for statement in dict.fromkeys(one for one in statements if READS.match(one)):
        with suppress(sqlite3.OperationalError):  # of another file, such as the imitation's
            found[statement] = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    return found


def slow(path: Path, statements: list[str]) -> dict[str, list[str]]:
    db = sqlite3.connect(path)
    try:
        made = plans(db, statements)
    finally:
        db.close()
    assert made
    return {
        statement: lines
        for statement, lines in made.items()
        if any(ALL.search(line) or (line == SORTED and "FROM jobs" in statement) for line in lines)
    }


def test_a_question_that_reads_all_jobs_is_seen(home: Path) -> None:
    Ledger(home / "ledger.sqlite3", FakeClock()).close()
    assert slow(home / "ledger.sqlite3", ["SELECT id FROM jobs WHERE out = 'x'"])
    assert slow(home / "ledger.sqlite3", ["SELECT id FROM jobs WHERE state = 'done' ORDER BY created_at"])
    assert not slow(home / "ledger.sqlite3", ["SELECT id FROM jobs WHERE id = 'x'"])


def test_no_question_of_a_job_reads_all_jobs(home: Path, asked: list[str]) -> None:
    path = home / "ledger.sqlite3"
    ledger = Ledger(path, FakeClock())
    asked.clear()
    order = Order(
        gateway=ima("http://127.0.0.1:1"), fingerprint="f", asked="a", key="k", user_id="u", token="t"
    )
    ledger.settle()
    assert ledger.named(order) is None
    job, _ = ledger.begin(plan(user_id="u"), "/nowhere", order)
    assert ledger.begin(plan(user_id="u"), "/nowhere", order)[0].id == job.id
    ledger.beat(job.id)
    ledger.sending(job.id)
    ledger.submitted(job.id, Submitted(TaskRef("ima", "task", 0.0), 5))
    assert ledger.with_task("ima", "task") == job.id
    for only_open in (True, False):
        for user_id in (None, "u"):
            ledger.newest(21, only_open=only_open, user_id=user_id)
            ledger.newest(21, only_open=only_open, user_id=user_id, since=1.0)
            ledger.names.newest(user_id, with_files=only_open)
    ledger.done(job.id, (Output("image", "https://files.example/1.png"),), 5, None)
    ledger.handed_out(job.id)
    ledger.preferences.get("u", "text_to_image")
    ledger.accounts.check(plan(user_id="u"), ima("http://127.0.0.1:1"))
    ledger.accounts.approved("t")
    ledger.told.turn(job.id)
    ledger.told.over()
    ledger.events(job.id)
    ledger.close()
    assert slow(path, asked) == {}


@pytest.mark.parametrize("command", ["list", "start", "show"])
def test_no_question_of_a_command_reads_all_jobs(
    command: str, vendor: Vendor, home: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in vendor.env.items():
        monkeypatch.setenv(name, value)
    job = called("start", "--prompt", "a fox", "--speed", str(vendor.speed)).document["job"]
    asked.clear()
    words = {
        "list": ("list",),
        "start": ("start", "--prompt", "a hare", "--speed", str(vendor.speed)),
        "show": ("show", job),
    }[command]
    assert called(*words).code == 0
    assert slow(home / "state" / "ledger.sqlite3", asked) == {}
