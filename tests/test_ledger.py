"""The record: what it accepts, what survives a death, and what it says when it cannot be written."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts import plan
from studio import ledger as module
from studio import names
from studio.content import Content
from studio.errors import InternalError, Interrupted, LedgerError, UsageError
from studio.ledger import Ledger
from studio.migrations import MIGRATIONS
from studio.types import Job, Output, Plan, Saved, Source, Submitted, TaskRef
from support import ROOT, FakeClock

STATES = ("intent", "sending", "submitted", "done", "failed", "cancelled", "unknown")
PATHS = {
    "intent": (),
    "sending": ("sending",),
    "submitted": ("sending", "submitted"),
    "done": ("sending", "submitted", "done"),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
    "unknown": ("sending", "unknown"),
}
"""A way into each state, from the intent."""
LEGAL = {
    ("intent", "sending"),
    ("intent", "failed"),
    ("intent", "cancelled"),
    ("sending", "intent"),
    ("sending", "submitted"),
    ("sending", "failed"),
    ("sending", "unknown"),
    ("unknown", "submitted"),
    ("unknown", "failed"),
    ("submitted", "done"),
    ("submitted", "failed"),
    ("done", "done"),
}
TASK = TaskRef("ima", "task-1", 1_800_000_007.5, {"outputs": "2"})
ERROR = {"kind": "network", "message": "…"}
SAVED = Saved("image", "/out/1.png", "https://cdn.example.com/1", "image/png", 9, "ab" * 32, 64, 48)
MISSING = Output("image", "https://cdn.example.com/2", None, None)


def move_to_cancelled(ledger: Ledger, id: str) -> None:
    assert ledger.cancelled(id, ERROR)


def move(ledger: Ledger, id: str, state: str) -> None:
    moves: dict[str, Callable[[], None]] = {
        "intent": lambda: ledger.back_to_intent(id),
        "sending": lambda: ledger.sending(id),
        "submitted": lambda: ledger.submitted(id, Submitted(TASK, charged=10, deadline=1_800_000_300.0)),
        "done": lambda: ledger.done(id, (SAVED, MISSING), None, None),
        "failed": lambda: ledger.failed(id, ERROR),
        "cancelled": lambda: move_to_cancelled(ledger, id),
        "unknown": lambda: ledger.unknown(id, ERROR),
    }
    moves[state]()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite3"


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    made = Ledger(file, FakeClock())
    yield made
    made.close()


def job_in(ledger: Ledger, state: str) -> Job:
    job, _ = ledger.begin(plan(), "/out")
    for step in PATHS[state]:
        move(ledger, job.id, step)
    return ledger.get(job.id)


@pytest.mark.parametrize("to", STATES)
@pytest.mark.parametrize("state", STATES)
def test_a_job_moves_along_its_life_and_in_no_other_way(ledger: Ledger, state: str, to: str) -> None:
    job = job_in(ledger, state)
    past = ledger.events(job.id)
    if (state, to) in LEGAL:
        move(ledger, job.id, to)
        assert (ledger.get(job.id).state, ledger.events(job.id)) == (to, (*past, to))
    elif to == "failed" and state in {
        "failed",
        "done",
        "cancelled",
    }:  # another process was first: it is right
        move(ledger, job.id, to)
        assert (ledger.get(job.id), ledger.events(job.id)) == (job, past)
    else:
        given_up = to == "sending" and state in {"cancelled", "unknown"}
        words = "was given up" if given_up else f"is {state} and cannot become {to}"
        if to == "cancelled":  # too late, and no harm done
            assert ledger.cancelled(job.id, ERROR) is False
            return
        with pytest.raises(Interrupted if given_up else InternalError, match=words):
            move(ledger, job.id, to)
        assert (ledger.get(job.id), ledger.events(job.id)) == (job, past)


@pytest.mark.parametrize("state", STATES)
def test_what_becomes_of_a_job_whose_process_is_gone(tmp_path: Path, state: str) -> None:
    clock = FakeClock()
    ledger = Ledger(tmp_path / "l", clock)
    job = job_in(ledger, state)
    clock.sleep(module.LEASE + 1)
    ledger.settle()
    assert ledger.get(job.id).state == {"intent": "abandoned", "sending": "unknown"}.get(state, state)


def test_a_job_is_read_back_as_it_was_written(file: Path, ledger: Ledger) -> None:
    source = Source("image", "cat.png", None, "image/png", Content([b"bytes"]), "cd" * 32, 64, 48)
    wish = plan(prompt="灯塔 🗼", inputs=(source,), requested={"size": "4K"}, user_id="u1")
    begun, _ = ledger.begin(wish, "/somewhere/out")
    for state in ("sending", "submitted"):
        move(ledger, begun.id, state)
    ledger.done(begun.id, (SAVED, MISSING), 11, ERROR)

    job = Ledger(file, FakeClock()).get(begun.id)
    assert job.plan == Plan(**{**vars(wish), "inputs": (Source(**{**vars(source), "content": None}),)})
    assert (job.out, job.task, job.charged, job.error) == ("/somewhere/out", TASK, 11, ERROR)
    assert (job.outputs, job.saved, job.complete) == ((SAVED, MISSING), (SAVED,), False)


def test_what_the_vendor_charged_stays_when_a_later_word_does_not_name_it(ledger: Ledger) -> None:
    assert job_in(ledger, "done").charged == 10


def test_the_bytes_of_inputs_stay_out_of_the_record(file: Path, ledger: Ledger) -> None:
    ledger.begin(plan(inputs=(Source("image", "cat.png", content=Content([b"canary_bytes"])),)), "/out")
    ledger.close()

    assert b"canary_bytes" not in file.read_bytes()


def test_files_saved_later_replace_the_missing_ones_and_keep_the_hour_it_finished(tmp_path: Path) -> None:
    clock = FakeClock()
    ledger = Ledger(tmp_path / "l", clock)
    before = job_in(ledger, "done")
    clock.sleep(3600)
    ledger.done(before.id, (SAVED, SAVED), None, None)

    after = ledger.get(before.id)
    assert (after.complete, after.finished_at) == (True, before.finished_at)
    assert after.changed_at == before.changed_at + 3600


def test_two_jobs_never_share_an_id_or_a_task(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    first = job_in(ledger, "submitted")
    second = job_in(ledger, "sending")
    with pytest.raises(LedgerError):
        move(ledger, second.id, "submitted")  # the same task of the same gateway
    assert ledger.get(second.id).task is None

    monkeypatch.setattr("secrets.choice", lambda signs: "x")
    ledger.begin(plan(prompt="the first of that name"), "/out")
    with pytest.raises(LedgerError):
        ledger.begin(plan(prompt="the second"), "/out")
    assert ledger.get("xxxxxxxx").plan.prompt == "the first of that name"
    assert ledger.get(first.id) == first


@pytest.mark.parametrize("state", ["intent", "sending", "submitted"])
def test_a_process_that_is_killed_leaves_what_it_committed(file: Path, state: str) -> None:
    script = f"""
import os, signal
from pathlib import Path
from studio.types import Submitted
from test_ledger import TASK, FakeClock, Ledger, job_in
print(job_in(Ledger(Path({str(file)!r}), FakeClock()), {state!r}).id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    paths = f"{ROOT / 'scripts'}:{ROOT / 'tests'}"
    made = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        env={"PYTHONPATH": paths},
        timeout=30,
        check=False,
    )
    assert made.returncode == -signal.SIGKILL, made.stderr.decode()

    job = Ledger(file, FakeClock()).get(made.stdout.decode().strip())
    assert (job.state, job.task) == (state, TASK if state == "submitted" else None)


def test_each_commit_is_on_the_disk_before_the_next_step(ledger: Ledger) -> None:
    assert ledger._store._db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
    assert ledger._store._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_of_several_that_open_a_new_record_at_once_each_gets_its_turn(file: Path) -> None:
    file.parent.mkdir()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    class Clock(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            other.execute("COMMIT")

    clock = Clock()
    assert Ledger(file, clock).begin(plan(), "/out")[0].state == "intent"
    assert len(clock.slept) == 1


def test_the_record_is_for_its_owner_alone(file: Path, ledger: Ledger) -> None:
    before = os.umask(0)
    try:
        ledger.begin(plan(), "/out")
        Ledger(file.parent / "deeper" / "l", FakeClock())
    finally:
        os.umask(before)
    files = [*file.parent.rglob("*l*")]
    assert len(files) >= 4
    assert [made.name for made in files if made.is_file() and made.stat().st_mode & 0o077] == []
    assert (file.parent / "deeper").stat().st_mode & 0o077 == 0


def a_file_above(file: Path) -> None:
    file.parent.write_text("no folder")


def a_folder_in_its_place(file: Path) -> None:
    file.mkdir(parents=True)


def another_table_of_that_name(file: Path) -> None:
    file.parent.mkdir()
    sqlite3.connect(file).execute("CREATE TABLE jobs (id TEXT)")


@pytest.mark.parametrize("odd", [a_file_above, a_folder_in_its_place, another_table_of_that_name])
def test_a_record_that_cannot_be_written_stops_before_anything(
    odd: Callable[[Path], None], file: Path
) -> None:
    odd(file)
    with pytest.raises(LedgerError, match="Nothing is bought without it") as stopped:
        Ledger(file, FakeClock())

    assert (stopped.value.exit_code, stopped.value.charged) == (2, "no")
    assert str(file) in stopped.value.message


def test_a_record_that_another_holds_too_long_says_so(file: Path, ledger: Ledger) -> None:
    ledger._store._db.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked"):
        ledger.begin(plan(), "/out")


def test_a_job_that_does_not_exist_is_a_matter_of_usage(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no job nosuch"):
        ledger.get("nosuch")


def test_migrations_are_applied_once_each_and_keep_what_is_there(
    file: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_in(ledger, "done")
    later = {
        **MIGRATIONS,
        "9-later": "CREATE TABLE later (id TEXT); INSERT INTO later VALUES ('once')",
    }
    monkeypatch.setattr(module, "MIGRATIONS", later)
    for _ in range(2):
        assert Ledger(file, FakeClock()).get(job.id) == job

    rows = sqlite3.connect(file).execute("SELECT name FROM migrations ORDER BY name").fetchall()
    assert [name for (name,) in rows] == sorted(later)
    assert sqlite3.connect(file).execute("SELECT id FROM later").fetchall() == [("once",)]


def test_jobs_are_listed_newest_first_and_named_by_the_prefix(tmp_path: Path) -> None:
    clock = FakeClock()
    ledger = Ledger(tmp_path / "l", clock, prefix="sb-")
    ids = []
    for _ in range(3):
        ids.append(ledger.begin(plan(), "/out")[0].id)
        clock.sleep(1)

    assert [job.id for job in ledger.newest(2)] == ids[:0:-1]
    assert all(id.startswith("sb-") and set(id[3:]) <= set(names.ALPHABET) for id in ids)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=50)
@given(values=st.dictionaries(st.text(), JSON, max_size=4), prompt=st.none() | st.text())
def test_any_plan_survives_being_written_as_json(values: dict[str, Any], prompt: str | None) -> None:
    wish = plan(values=values, requested=values, prompt=prompt)

    assert Plan.from_json(json.loads(json.dumps(wish.to_json()))) == wish
