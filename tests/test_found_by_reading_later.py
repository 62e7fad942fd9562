"""What a hostile reader found about what is bought already, and about documents: nothing of it is lost, and
nothing ends as a defect."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image

from forked import Forked
from studio import jobs as job_commands
from studio.errors import LedgerError
from studio.ledger import Ledger
from support import PROMPT, ROOT, FakeClock, Run, Vendor, ended, run, scripted
from test_commands import DEAR, config, creates, jobs, record, start, unsure
from test_found_by_reading import Still

DRIVER = ROOT / "tests" / "fault_table" / "driver.py"
NO_FILE = {"kind": "http", "status": 403}
FAST_BEAT = """
import sys
from studio import cli, pulse
pulse.alive.__wrapped__.__defaults__ = (0.05,)
sys.exit(cli.main())
"""


def later(vendor: Vendor, seconds: float, *words: str) -> Run:
    """The command so long after now."""
    script = [str(DRIVER), json.dumps({"shift": seconds})]
    return ended(Forked([*script, *words], {**os.environ, **vendor.env}, os.environ["HOME"]))


def task_of_last(vendor: Vendor) -> str:
    return str(vendor.stats["tasks"][-1]["id"])


# --- 3: another trouble with a job does not hand its end out ----------------------------------------------


@pytest.mark.parametrize("trouble", ["no such folder", "no key", "cancel"])
def test_a_picture_is_sent_although_another_command_about_its_job_went_wrong(
    vendor: Vendor, tmp_path: Path, trouble: str
) -> None:
    vendor.fault("file", NO_FILE, times=-1)
    job = vendor.make().document["job"]
    vendor.clear()
    (tmp_path / "file").write_text("no folder")
    made = {
        "no such folder": lambda: vendor.run("fetch", job, "--out", str(tmp_path / "file" / "below")),
        "no key": lambda: vendor.run("wait", job, env={"IMA_API_KEY": ""}),
        "cancel": lambda: vendor.run("cancel", job),
    }[trouble]()
    assert made.code in {2, 3}, made.stdout
    brought = vendor.run("wait", job).document

    assert (len(brought["outputs"]), brought["resend"]) == (1, [])
    assert [one["media"] for one in brought["send"]] == [brought["outputs"][0]["path"]]
    assert vendor.run("wait", job).document["send"] == []


# --- 5, 22: of two that decide about one job at once, the first is right ----------------------------------


def brought(vendor: Vendor, job: str) -> Any:
    """The job's end: one `wait` may come back with a word of progress."""
    made = vendor.run("wait", job).document
    return made if made["done"] else vendor.finish(made).document


@pytest.mark.parametrize("state", ["sending", "submitted"])
def test_a_cancel_that_comes_too_late_cancels_nothing(vendor: Vendor, state: str) -> None:
    buyer = Still(vendor, "sending", "start", "--prompt", PROMPT, "--speed", "200")
    (row,) = jobs(vendor)
    cancel = Still(vendor, "cancelled", "cancel", row["job"])
    if state == "sending":
        vendor.fault("create", {"kind": "hold"})
    buyer.goes_on()
    if state == "sending":
        vendor.held("create")
    else:
        assert buyer.ends().document["event"] == "submitted"
    cancel.goes_on()
    made = cancel.ends()
    vendor.release()
    if state == "sending":
        assert buyer.ends().document["event"] == "submitted"

    assert (made.code, made.error["kind"], made.document["state"]) == (2, "cannot_cancel", state)
    assert made.error["charged"] == "maybe"
    assert brought(vendor, row["job"])["state"] == "done"


def test_not_charged_that_comes_too_late_ends_nothing(vendor: Vendor) -> None:
    job = unsure(vendor)
    late = Still(vendor, "not_charged", "reconcile", job, "--not-charged")
    vendor.run("reconcile", job, "--task-id", task_of_last(vendor), "--max-wait", "0")
    late.goes_on()
    made = late.ends()
    assert made.document["event"] != "closed"
    assert brought(vendor, job)["state"] == "done"
    assert vendor.run("spend").document["limits"][0]["spent_today"] == 5


def test_of_two_that_found_the_task_both_bring_its_picture(vendor: Vendor) -> None:
    job = unsure(vendor)
    words = ("reconcile", job, "--task-id", task_of_last(vendor))
    late = Still(vendor, "adopt", *words)
    first = vendor.run(*words)
    late.goes_on()
    second = late.ends()
    assert (first.code, second.code, second.document["state"]) == (0, 0, "done")


def test_a_task_that_another_job_took_meanwhile_is_refused_as_that_jobs(vendor: Vendor) -> None:
    one = unsure(vendor)
    task = task_of_last(vendor)
    other = unsure(vendor, prompt="another")
    late = Still(vendor, "adopt", "reconcile", other, "--task-id", task)
    vendor.run("reconcile", one, "--task-id", task)
    late.goes_on()
    made = late.ends()
    assert (made.code, made.error["kind"], made.document["state"]) == (2, "no_such_task", "unknown")
    assert one in made.error["message"]


# --- 7: a record that breaks under a process that is paying -----------------------------------------------


def test_a_ledger_that_may_not_mend_leaves_a_damaged_record_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "l"
    file.write_bytes(b"no record at all" * 99)
    with pytest.raises(LedgerError):
        Ledger(file, FakeClock(), mend=False)
    assert [one.name for one in tmp_path.iterdir() if "damaged" in one.name] == []
    assert file.read_bytes().startswith(b"no record at all")


@contextmanager
def paying(vendor: Vendor, home: Path) -> Iterator[Forked]:
    """A buyer, beating often, whose record is damaged while the vendor holds its paid request."""
    vendor.fault("create", {"kind": "hold"})
    buyer = scripted(FAST_BEAT, "make", "--prompt", PROMPT, "--speed", "200", env=vendor.env)
    vendor.held("create")
    with record() as db:  # else the damaged page stands in the log as well, sound
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (home / "state" / "ledger.sqlite3").open("rb+") as file:
        file.write(b"x" * 100)
    yield buyer
    vendor.release()
    buyer.wait()


def set_aside(home: Path) -> list[str]:
    return [
        one.name for one in (home / "state").glob("*.damaged-*") if not one.name.endswith(("-wal", "-shm"))
    ]


def test_the_sign_of_life_sets_no_damaged_record_aside(vendor: Vendor, home: Path) -> None:
    with paying(vendor, home):
        time.sleep(0.5)  # some beats, which nobody outside can see
        assert set_aside(home) == []


def test_a_record_that_is_damaged_while_paying_is_told_with_the_task(vendor: Vendor, home: Path) -> None:
    with paying(vendor, home) as buyer:
        vendor.release()
        made = ended(buyer)
    told = json.dumps(made.document, ensure_ascii=False)

    assert (made.code, made.error["kind"], made.error["charged"]) == (9, "not_recorded", "yes")
    assert task_of_last(vendor) in told
    assert "A defect" not in told
    assert [name for name in set_aside(home) if name not in told] == []


# --- 9, 16: what a document offers can be run -------------------------------------------------------------


def test_an_input_whose_name_begins_with_a_dash_survives_again_and_next(vendor: Vendor, home: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(home / "-cat.png")
    words = ("--input-images=-cat.png",)
    job = vendor.make(*words).document["job"]
    again = vendor.run("again", job)
    assert (again.code, vendor.carry_on(again.document).code) == (0, 0)

    lost = unsure(vendor, *words, prompt="another")
    shown = vendor.run("show", lost)
    assert vendor.carry_on(shown.document).code == 0
    assert creates(vendor) == 4


def test_a_relative_home_is_the_same_record_from_another_folder(vendor: Vendor, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    asked = run("make", "--prompt", PROMPT, "--speed", "200", "--home", "st", *DEAR, env=vendor.env, cwd=here)
    assert asked.code == 12
    bought = run(*asked.document["next"][2:], env=vendor.env, cwd=there)
    assert (bought.code, creates(vendor)) == (0, 1)
    assert (here / "st" / "ledger.sqlite3").is_file()


# --- 10, 11, 15: odd values -------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["per_day = 1e30", "per_user = 9223372036854775808"])
def test_a_limit_beyond_all_numbers_is_no_limit(vendor: Vendor, home: Path, setting: str) -> None:
    config(home, f"[gateways.ima]\n{setting}\n")
    assert start(vendor).code == 0
    assert vendor.run("spend").code == 0


@pytest.mark.parametrize(
    "words", [("list", "--since"), ("spend", "--since"), ("purge", "--before")], ids=lambda words: words[0]
)
def test_a_date_before_all_clocks_is_before_everything(vendor: Vendor, words: tuple[str, ...]) -> None:
    vendor.make()
    made = vendor.run(*words, "0001-01-01", env={"TZ": "Etc/GMT-14"})
    assert made.code == 0, made.stdout
    assert len(jobs(vendor)) == 1


@pytest.mark.parametrize("flag", ["--idempotency-key", "--approve"])
@pytest.mark.parametrize("form", ["two words", "one word"])
def test_an_empty_name_is_none(vendor: Vendor, flag: str, form: str) -> None:
    made = vendor.make(*((flag, "") if form == "two words" else (f"{flag}=",)))
    assert (made.code, creates(vendor)) == (2, 0)
    assert flag in made.error["message"]


# --- 18: a task that cannot be found ----------------------------------------------------------------------


def test_who_waits_for_a_task_that_the_vendor_forgot_is_told_to_stop(vendor: Vendor) -> None:
    job = start(vendor).document["job"]
    vendor.fault("detail", {"kind": "code", "code": 404, "message": "task not exist"}, times=-1)
    soon = later(vendor, 40, "wait", job)
    assert (soon.code, soon.error["kind"], soon.error["charged"]) == (5, "lookup_failed", "maybe")
    month = later(vendor, 30 * 86400, "wait", job)
    assert (month.code, month.document["done"], month.error["retry"]) == (5, True, "later")
    assert month.document["state"] == "submitted"


# --- 20 and the small ones --------------------------------------------------------------------------------


def test_fetch_does_not_write_over_a_file_that_the_person_changed(vendor: Vendor) -> None:
    document = vendor.make().document
    first = Path(document["outputs"][0]["path"])
    first.write_bytes(b"my own edit")
    again = vendor.run("fetch", document["job"], "--out", str(first.parent)).document
    second = Path(again["outputs"][0]["path"])
    assert (first.read_bytes(), second != first, second.is_file()) == (b"my own edit", True, True)


def test_waiting_for_a_buyer_never_sleeps_for_less_than_nothing() -> None:
    """A process that is stopped between two looks at the clock."""
    looks = iter([0.0, 1.5, 2.0])
    slept: list[float] = []
    job = SimpleNamespace(state="sending", id="x")
    clock = SimpleNamespace(monotonic=lambda: next(looks), sleep=slept.append)
    app = SimpleNamespace(clock=clock, ledger=SimpleNamespace(settle=lambda: None, get=lambda id: job))
    job_commands._settled(cast(Any, app), cast(Any, job), 1.0)
    assert slept == [0.0]
