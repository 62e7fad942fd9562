"""The file of the record: newer, damaged, full, older; many processes; a hundred thousand jobs."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forked import Forked
from parts import plan
from studio.errors import LedgerError
from studio.ledger import Ledger
from studio.migrations import MIGRATIONS
from studio.rows import dump
from studio.types import Output, Saved, Submitted, TaskRef
from support import PROMPT, ROOT, FakeClock, Run, Vendor, ended

DRIVER = ROOT / "tests" / "fault_table" / "driver.py"
FILE = Path("state", "ledger.sqlite3")
FIRST = "1-jobs"
PATHS = {"PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT / 'tests'}"}
SAVED = Saved("image", "/out/1.png", "https://cdn.example.com/1", "image/png", 9, "ab" * 32, 64, 48)
MISSING = Output("image", "https://cdn.example.com/2")


def record(file: Path, clock: FakeClock | None = None) -> Ledger:
    return Ledger(file, clock or FakeClock())


def written_by_a_newer_version(file: Path) -> str:
    """A record with one migration more than this version knows. Returns a job of it."""
    ledger = record(file)
    job, _ = ledger.begin(plan(), "/out")
    ledger.close()
    with sqlite3.connect(file) as db:
        db.execute("INSERT INTO migrations (name, at) VALUES ('99-tomorrow', 1.0)")
        db.execute("ALTER TABLE jobs ADD COLUMN tomorrow TEXT")
    db.close()
    return job.id


def damage(file: Path) -> bytes:
    """Break an existing record in the middle, as a bad disk does. Returns what stands there then."""
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    file.write_bytes(data)
    return bytes(data)


def aside(file: Path) -> list[Path]:
    made = sorted(file.parent.glob(f"{file.name}.damaged-*"))
    return [one for one in made if not one.name.endswith(("-wal", "-shm"))]


# --- newer ------------------------------------------------------------------------------------------------


def test_a_record_of_a_newer_version_is_refused_and_not_touched(home: Path) -> None:
    written_by_a_newer_version(home / FILE)
    before = (home / FILE).read_bytes()
    with pytest.raises(LedgerError, match="newer version") as refused:
        record(home / FILE)

    assert (refused.value.kind, refused.value.exit_code, refused.value.charged) == ("ledger_newer", 2, "no")
    assert str(home / FILE) in refused.value.message
    assert (home / FILE).read_bytes() == before
    assert aside(home / FILE) == []


@pytest.mark.parametrize("command", ["make", "start", "list", "spend"])
def test_every_command_refuses_a_newer_record_with_the_same_words(
    vendor: Vendor, home: Path, command: str
) -> None:
    job = written_by_a_newer_version(home / FILE)
    made = vendor.run(command, *(("--prompt", PROMPT) if command in {"make", "start"} else ()))

    assert (made.code, made.error["kind"], made.document["done"]) == (2, "ledger_newer", True)
    assert vendor.stats["requests"]["create"] == 0
    db = sqlite3.connect(home / FILE)
    assert db.execute("SELECT id, state FROM jobs").fetchall() == [(job, "intent")]


# --- damaged ----------------------------------------------------------------------------------------------


def rubbish(file: Path) -> bytes:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"this is no record of jobs" * 99)
    return file.read_bytes()


def a_bad_page(file: Path) -> bytes:
    ledger = record(file)
    fill(ledger)
    ledger.close()
    return damage(file)


def fill(ledger: Ledger) -> None:
    for n in range(30):
        ledger.begin(plan(prompt=f"{n}" * 2000), "/out")


@pytest.mark.parametrize("broken", [rubbish, a_bad_page])
def test_a_damaged_record_is_set_aside_and_said_so_and_the_next_command_works(
    vendor: Vendor, home: Path, broken: Callable[[Path], bytes]
) -> None:
    damaged = broken(home / FILE)
    made = vendor.make()
    (kept,) = aside(home / FILE)

    assert (made.code, made.error["kind"], made.error["charged"]) == (2, "ledger_damaged", "no")
    assert str(kept) in made.error["message"]
    assert kept.read_bytes()[:4096] == damaged[:4096]
    assert len(kept.read_bytes()) == len(damaged)
    assert vendor.stats["requests"]["create"] == 0

    assert vendor.make().code == 0
    assert len(vendor.run("list").document["jobs"]) == 1
    assert aside(home / FILE) == [kept]


def test_the_copy_that_is_set_aside_is_for_its_owner_alone(home: Path) -> None:
    a_bad_page(home / FILE)
    with pytest.raises(LedgerError):
        record(home / FILE)

    assert [path.stat().st_mode & 0o077 for path in aside(home / FILE)] == [0]


def test_damage_that_two_processes_meet_costs_the_new_record_nothing(home: Path) -> None:
    file = home / FILE
    fill(record(file))
    first, second = record(file), record(file)
    damage(file)
    with pytest.raises(LedgerError, match="set aside"):
        first.newest(99)
    bought, _ = record(file).begin(plan(prompt="in the new record"), "/out")
    with pytest.raises(LedgerError, match="set aside"):  # opened before, and met only now
        second.newest(99)

    assert len(aside(file)) == 1
    assert record(file).get(bought.id).plan.prompt == "in the new record"


# --- no room ----------------------------------------------------------------------------------------------


def with_room_for(limit: int, vendor: Vendor, *words: str) -> Run:
    """The command on a disk where no file can grow past `limit` bytes."""
    script = [str(DRIVER), json.dumps({"file_bytes": limit}), *words, "--speed", str(vendor.speed)]
    return ended(Forked(script, {**os.environ, **vendor.env}, os.environ["HOME"]))


@pytest.mark.parametrize("command", ["make", "start"])
@pytest.mark.parametrize("limit", [0, 4096, 20_000, 45_000])
def test_a_full_disk_stops_before_buying(vendor: Vendor, limit: int, command: str) -> None:
    made = with_room_for(limit, vendor, command, "--prompt", PROMPT)

    assert (made.code, made.error["kind"]) == (2, "ledger_unusable"), made.stdout
    assert (made.error["charged"], made.document["done"]) == ("no", True)
    assert "Nothing is bought without it" in made.error["message"]
    assert vendor.stats["requests"]["create"] == 0


def test_wherever_the_room_ends_what_was_bought_is_told_and_can_be_had(
    vendor: Vendor, tmp_path: Path
) -> None:
    """The record exists; its log may grow by so many bytes, which ends at some step of the purchase."""
    met = {}
    for room in (0, 60_000, 80_000, 110_000, 132_000, 160_000, 190_000):
        file, prompt = tmp_path / str(room) / FILE.name, f"{room} {PROMPT * 60}"
        record(file).close()
        words = ("--home", str(file.parent), "--prompt", prompt, "--out", str(tmp_path))
        made = with_room_for(max(room, 20_000), vendor, "make", *words)
        created = vendor.stats["creates"].get(prompt, 0)
        met[made.error["kind"]] = made.code
        if not created:
            assert (made.code, made.error["charged"]) == (2, "no"), made.stdout
            continue
        assert created == 1
        assert vendor.stats["tasks"][-1]["id"] in made.stdout
        with sqlite3.connect(file) as db:
            db.execute("UPDATE jobs SET lease = 0 WHERE lease IS NOT NULL")  # its process is gone
        db.close()
        had = vendor.finish(made.document)
        assert (had.code, had.document["state"], vendor.stats["creates"][prompt]) == (0, "done", 1), (
            had.stdout
        )

    assert met == {"ledger_unusable": 2, "not_recorded": 9, "not_saved": 13}


def test_a_record_that_fills_up_in_the_middle_loses_nothing_of_what_stands_there(home: Path) -> None:
    ledger = record(home / FILE)
    db = ledger._store._db
    ledger.begin(plan(), "/out")
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(LedgerError, match="full"):
        fill(ledger)
    known = {job.id for job in ledger.newest(99)}
    db.execute("PRAGMA max_page_count = 100000")

    assert ledger.begin(plan(), "/out")[1]
    assert {job.id for job in record(home / FILE).newest(99)} > known


# --- older ------------------------------------------------------------------------------------------------

AT = 1_800_000_000.0
OLD = {  # every state of version 1, and whether something of it is still to come
    "intent": True,
    "sending": True,
    "submitted": True,
    "unknown": True,
    "failed": False,
    "done": False,
    "unsaved": True,  # done, but for a file
}


def of_version_one(file: Path) -> None:
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, at REAL NOT NULL)")
        db.executescript(MIGRATIONS[FIRST])
        db.execute("INSERT INTO migrations (name, at) VALUES (?, 1.0)", (FIRST,))
        for n, name in enumerate(OLD):
            paid = name in {"submitted", "done", "unsaved"}
            row: dict[str, Any] = {
                "id": name,
                "state": "done" if name == "unsaved" else name,
                "created_at": AT + n,
                "changed_at": AT + n,
                "gateway": "ima",
                "user_id": "someone",
                "plan": dump({key: one for key, one in plan().to_json().items() if key != "steps"}),
                "out": "/out",
                "task_id": f"task-{name}" if paid else None,
                "route": '{"outputs": "1"}' if paid else None,
                "submitted_at": AT + n if paid else None,
                "error": json.dumps({"kind": "x", "exit": 9, "message": "lost"})
                if name == "unknown"
                else None,
            }
            db.execute(
                f"INSERT INTO jobs ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()]
            )
            if name in {"done", "unsaved"}:
                path = None if name == "unsaved" else "/out/1.png"
                db.execute(
                    "INSERT INTO outputs (job, n, kind, url, path) VALUES (?, 1, 'image', 'u', ?)",
                    (name, path),
                )
    db.close()


def test_a_record_of_version_one_keeps_every_job_and_knows_which_are_open(home: Path) -> None:
    of_version_one(home / FILE)
    ledger = record(home / FILE, FakeClock(AT + 60))
    ledger.settle()

    assert [job.id for job in ledger.newest(99)] == list(OLD)[::-1]
    assert {job.id for job in ledger.newest(99, only_open=True)} == {
        name for name, open in OLD.items() if open
    }
    assert ledger.get("submitted").task == TaskRef("ima", "task-submitted", AT + 2, {"outputs": "1"})
    assert (ledger.get("done").complete, ledger.get("unsaved").complete) == (True, False)
    assert ledger.get("intent").state == "intent"  # its process may live: it may be of the older version
    assert ledger.accounts.spending(0.0) == ()


def test_what_a_process_of_version_one_left_behind_is_settled_after_five_minutes(home: Path) -> None:
    of_version_one(home / FILE)
    ledger = record(home / FILE, FakeClock(AT + 310))
    ledger.settle()

    states = {job.id: job.state for job in ledger.newest(99)}
    assert (states["intent"], states["sending"]) == ("abandoned", "unknown")
    assert {name: states[name] for name in ("submitted", "unknown", "failed", "done")} == {
        name: name for name in ("submitted", "unknown", "failed", "done")
    }


def test_jobs_of_version_one_go_on_where_they_are(home: Path) -> None:
    of_version_one(home / FILE)
    ledger = record(home / FILE, FakeClock(AT + 310))
    ledger.settle()
    ledger.done("submitted", (SAVED,), None, None)
    ledger.done("unsaved", (SAVED,), None, None)
    ledger.submitted("unknown", Submitted(TaskRef("ima", "found", AT)))
    ledger.failed("sending", {"kind": "not_charged"})

    assert {job.id for job in ledger.newest(99, only_open=True)} == {"unknown"}
    assert ledger.past.forget(AT + 9999).jobs == 6
    assert [job.id for job in ledger.newest(99)] == ["unknown"]


def test_processes_that_bring_an_old_record_up_to_date_at_once_do_it_once(home: Path) -> None:
    of_version_one(home / FILE)
    opened = together(
        8, f"ledger = Ledger(Path({str(home / FILE)!r}), FakeClock()); print(len(ledger.newest(99)))"
    )

    assert opened == ["7"] * 8
    names = sqlite3.connect(home / FILE).execute("SELECT name FROM migrations ORDER BY name").fetchall()
    assert [name for (name,) in names] == sorted(MIGRATIONS)


# --- many -------------------------------------------------------------------------------------------------


HEAD = """
import sys
import time
from dataclasses import replace
from pathlib import Path
from studio import catalogue
from studio.errors import OverLimit
from studio.ledger import Ledger
from studio.order import Order
from studio.types import Limits, Plan, Submitted, TaskRef
from support import FakeClock as Stopped


class FakeClock(Stopped):
    def sleep(self, seconds):
        time.sleep(seconds)  # who waits for another process really waits


PLAN = Plan.from_json({plan!r})
(GATEWAY,) = catalogue.vendor("ima").gateways
""".replace("{plan!r}", repr(plan().to_json()))


def together(count: int, script: str) -> list[str]:
    """What so many processes print that run a script, let go all at once."""
    head = f"{HEAD}\nprint('ready', flush=True)\nsys.stdin.readline()\n"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", head + script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=PATHS,
            text=True,
        )
        for _ in range(count)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=60) for process in running]
    assert [err for _, err in ends] == [""] * count
    return [out.strip() for out, _ in ends]
