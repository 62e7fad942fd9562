"""A batch that is run again, run twice at once, killed, stopped, refused and paused: every row once."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from forked import Forked
from parts import picture
from rows import FAST, PRICE, Batch, Ran, ended, opened, rows
from sandbox import Sandbox
from support import Vendor, configure, run

THREE = rows("one", "two", "three")
EIGHT = rows(*"abcdefgh")
REFUSED = {"kind": "code", "code": 400, "message": "bad request"}
MODERATED = {"kind": "media", "index": 0, "reason": "moderation"}
BUSY = {"kind": "http", "status": 429, "headers": {"Retry-After": "7"}}
LOST = {"kind": "reset"}
LEFT = {"done": 3, "left": 2}
FILM = {"prompt": "x", "task_type": "text_to_video", "provider": "vidu", "resolution": "540p"}


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[Batch]:
    with Sandbox(tmp_path / "twin", speed=FAST) as box:
        yield opened(Vendor(box.urls["ima"], FAST), tmp_path)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Batch]:
    """Two gateways."""
    with Sandbox(tmp_path / "twin", speed=FAST) as box:
        made = opened(Vendor(box.urls["ima"], FAST), tmp_path)
        made.others = (Vendor(box.urls["imagine-future"], FAST, "imagine-future"),)
        yield made


@pytest.fixture
def late(home: Path) -> Any:
    """Leases of processes that died run out."""

    def later() -> None:
        with closing(sqlite3.connect(home / "state" / "ledger.sqlite3")) as db, db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchone():
                db.execute("UPDATE jobs SET lease = 0 WHERE state IN ('intent', 'sending')")

    return later


def creates(batch: Batch) -> int:
    return int(batch.vendor.stats["requests"]["create"])


def buys_nothing(batch: Batch, *words: str, **counts: int) -> Ran:
    """One more run, that sends no paid request and finds so many rows in each state."""
    before = creates(batch)
    made = batch.buy(*words)
    assert (made.counts, creates(batch)) == (counts, before)
    return made


def worded(status: int, reason: str) -> dict[str, Any]:
    """A refusal as the second gateway words it."""
    value = {"code": status, "reason": reason, "message": "no", "metadata": {}}
    return {"kind": "json", "status": status, "value": value}


def files(made: Ran) -> dict[int, list[str]]:
    return {row["row"]: row["paths"] for row in made.rows}


# --- which row is which ----------------------------------------------------------------------------------


def test_a_batch_that_is_done_buys_nothing_and_shows_what_was_made(batch: Batch) -> None:
    first = batch.write(THREE).run()
    again = buys_nothing(batch, done=3)
    assert (again.code, again.document["before"], again.document["cost"]) == (0, 3, [])
    assert again.document["next"] is None
    assert {row["row"]: row["paths"] for row in again.rows} == {
        row["row"]: row["paths"] for row in first.rows
    }
    assert all(row["before"] for row in again.rows)


def test_lines_may_be_added_dropped_and_moved(batch: Batch) -> None:
    batch.write(rows("a", "b", "a", "c")).buy()
    assert batch.write(rows("c", "a", "d", "b", "a")).buy().counts == {"done": 5}
    assert batch.bought == Counter(a=2, b=1, c=1, d=1)
    batch.write(rows("a"))
    buys_nothing(batch, done=1)
    batch.write(rows("a", "a", "a", "b", "b"))
    assert batch.buy().counts == {"done": 5}
    assert batch.bought == Counter(a=3, b=2, c=1, d=1)


def test_a_changed_option_of_one_row_buys_that_row_only(batch: Batch) -> None:
    batch.write(THREE).buy()
    batch.write([THREE[0], {**THREE[1], "aspect_ratio": "16:9"}, THREE[2]]).buy()
    assert batch.bought == Counter(one=1, two=2, three=1)


def test_a_row_is_the_same_wherever_its_options_stand_and_however_they_are_written(batch: Batch) -> None:
    assert batch.write(rows("a", n=1, set={"size": "2k"})).buy().code == 0
    batch.write([{"Prompt": "a", "n": "1"}])
    buys_nothing(batch, "--size", "2k", "--out", "elsewhere", done=1)
    table = batch.file.with_suffix(".csv")
    table.write_text("\ufeffsize;prompt;n\r\n2k;a;1\r\n", "utf-8")
    before = creates(batch)
    assert (batch.run(file=str(table)).counts, creates(batch)) == ({"done": 1}, before)


def test_a_number_of_json_is_the_text_of_a_table(both: Batch) -> None:
    configure("[gateways.imagine-future]\nconfirm_above = 0\n")
    first = both.write([{**FILM, "set": {"duration": 1.0}}]).run("--dry-run").document
    again = both.write([{**FILM, "duration": " 1"}]).run("--dry-run", "--approve", first["token"]).document
    assert (first["approval_needed"], again["approval_needed"]) == (True, False)


def test_an_input_with_other_bytes_is_another_row(batch: Batch, tmp_path: Path) -> None:
    file = tmp_path / "in.png"
    file.write_bytes(picture())
    batch.write([{"prompt": "a", "input_images": str(file)}]).buy()
    buys_nothing(batch, done=1)
    file.write_bytes(picture(size=(64, 49)))
    assert (batch.buy().counts, creates(batch)) == ({"done": 1}, 2)


def test_an_input_that_is_gone_buys_nothing(batch: Batch, tmp_path: Path) -> None:
    made = batch.write([*THREE, {"prompt": "a", "input_images": str(tmp_path / "none.png")}]).buy()
    assert (made.code, made.error["kind"], creates(batch)) == (2, "bad_row", 0)


def test_what_was_bought_and_forgotten_is_not_bought_again(batch: Batch, home: Path) -> None:
    batch.write(THREE)
    batch.vendor.fault("create", REFUSED, when="before")
    assert batch.buy("--concurrency", "1").counts == {"done": 2, "failed": 1}
    with closing(sqlite3.connect(home / "state" / "ledger.sqlite3")) as db, db:
        db.execute("UPDATE jobs SET finished_at = finished_at - 1e6, changed_at = changed_at - 1e6")
    purged = batch.vendor.run("purge", "--before", "1h")
    assert purged.code == 0
    assert batch.vendor.run("list").document["jobs"] == []
    assert (batch.buy().counts, batch.bought.total()) == ({"done": 3}, 3)
    buys_nothing(batch, "--retry-failed", done=3)


# --- what went wrong -------------------------------------------------------------------------------------


def test_a_lost_reply_is_never_bought_again_until_the_person_found_out(batch: Batch) -> None:
    batch.write(THREE)
    batch.vendor.fault("create", LOST, when="after")
    made = batch.buy("--concurrency", "1")
    assert (made.code, made.counts, batch.bought.total()) == (9, {"done": 2, "unknown": 1}, 3)
    assert (buys_nothing(batch, done=2, unknown=1).code) == 9
    buys_nothing(batch, "--retry-failed", done=2, unknown=1)
    (job,) = (row["job"] for row in made.rows if row["state"] == "unknown")
    batch.vendor.run("reconcile", job, "--not-charged")
    assert batch.buy().counts == {"done": 3}
    assert batch.bought.total() == 4
    buys_nothing(batch, "--retry-failed", done=3)


def test_a_lost_reply_that_is_found_is_followed(batch: Batch) -> None:
    batch.write(THREE[:1])
    batch.vendor.fault("create", LOST, when="after")
    job = batch.buy().rows[0]["job"]
    batch.vendor.run("reconcile", job, "--task-id", batch.vendor.stats["tasks"][0]["id"])
    buys_nothing(batch, done=1)


@pytest.mark.parametrize("fault", [REFUSED, MODERATED], ids=["refused", "failed later"])
def test_a_failed_row_is_bought_again_only_when_that_is_asked_for_and_once(
    batch: Batch, fault: dict[str, Any]
) -> None:
    batch.write(THREE)
    batch.vendor.clear()
    batch.vendor.fault("create", fault, when="before" if fault is REFUSED else None)
    made = batch.buy("--concurrency", "1")
    assert (made.counts, made.document["next"]) == ({"done": 2, "failed": 1}, None)
    assert made.code == 8
    assert made.document["failures"][0]["error"]["message"]
    buys_nothing(batch, done=2, failed=1)
    before = creates(batch)
    again = batch.buy("--retry-failed")
    assert (again.code, again.counts, creates(batch)) == (0, {"done": 3}, before + 1)
    buys_nothing(batch, "--retry-failed", done=3)


def test_a_row_that_fails_again_needs_a_yes_of_its_own(batch: Batch) -> None:
    batch.write(rows(*"abcde"))
    batch.vendor.fault("create", REFUSED, when="before", times=5)
    token = batch.run().document["token"]
    assert batch.run("--approve", token).counts == {"failed": 5}
    batch.quick()
    late = batch.run("--retry-failed", "--approve", token)
    assert (late.code, late.error["kind"], creates(batch)) == (12, "approval_changed", 5)
    assert batch.run("--retry-failed", "--approve", late.document["token"]).counts == {"done": 5}


def test_content_that_is_refused_fails_its_row_and_the_others_go_on(batch: Batch) -> None:
    batch.write(EIGHT)
    batch.vendor.clear()
    batch.vendor.fault("create", MODERATED, times=2)
    batch.quick()
    made = batch.buy()
    assert (made.code, made.counts) == (8, {"done": 6, "failed": 2})
    assert {one["error"]["exit"] for one in made.document["failures"]} <= {8, 10}


@pytest.mark.parametrize("most", [1, 3])
def test_so_many_failures_stop_the_buying(batch: Batch, most: int) -> None:
    batch.write(EIGHT)
    batch.vendor.clear()
    batch.vendor.fault("create", REFUSED, when="before", times=-1)
    made = batch.buy("--max-failures", str(most), "--concurrency", "1")
    assert (made.code, made.counts, creates(batch)) == (8, {"failed": most, "left": 8 - most}, most)
    assert made.document["next"]


# --- pauses, and what stops a gateway ----------------------------------------------------------------------


def test_too_many_requests_make_a_pause_and_no_failure(batch: Batch) -> None:
    batch.write(EIGHT)
    batch.vendor.clear()
    batch.vendor.fault("create", BUSY, when="before", times=3)
    batch.quick()
    made = batch.buy("--max-failures", "1")
    assert (made.code, made.counts) == (0, {"done": 8})
    assert batch.bought == Counter("abcdefgh")
    assert creates(batch) == 8 + 3


def test_the_pause_is_as_long_as_the_vendor_says(batch: Batch) -> None:
    batch.write(THREE)
    batch.vendor.clear()
    batch.vendor.fault("create", {**BUSY, "headers": {"Retry-After": "600"}}, when="before")
    batch.quick()
    began = time.monotonic()
    assert batch.buy("--concurrency", "1").code == 0
    assert time.monotonic() - began > 600 / FAST


def test_too_many_requests_for_ever_end_with_rows_left(batch: Batch) -> None:
    batch.write(EIGHT)
    batch.vendor.clear()
    batch.vendor.fault("create", BUSY, when="before", times=-1)
    made = batch.buy("--concurrency", "2")
    assert (made.code, made.counts, batch.bought.total()) == (7, {"left": 8}, 0)
    assert made.document["stopped"][0]["exit"] == 7
    assert creates(batch) < 25
    batch.vendor.clear()
    batch.quick()
    assert batch.vendor.carry_on(made.document).code == 12
    assert batch.buy().counts == {"done": 8}


def test_empty_credit_stops_the_buying_and_saves_what_runs(batch: Batch) -> None:
    batch.vendor.account(3 * PRICE)
    made = batch.write(EIGHT).buy("--concurrency", "2")
    assert (made.code, made.counts, batch.bought.total()) == (4, {"done": 3, "left": 5}, 3)
    assert creates(batch) <= 3 + 2
    batch.vendor.account(1000)
    assert batch.buy().counts == {"done": 8}
    assert batch.bought == Counter("abcdefgh")


def test_a_key_that_is_not_taken_stops_the_buying(batch: Batch) -> None:
    batch.vendor.clear()
    batch.vendor.fault("create", {"kind": "code", "code": 401}, when="before", times=-1)
    made = batch.write(EIGHT).buy("--concurrency", "2")
    assert (made.code, made.counts, creates(batch) <= 2) == (3, {"left": 8}, True)


@pytest.mark.parametrize(
    ("fault", "when", "code", "counts"),
    [
        (worded(400, "CreditInsufficient"), "before", 4, LEFT),
        ({"kind": "http", "status": 401}, "before", 3, LEFT),
        (worded(429, "TooManyRequests"), "before", 7, LEFT),
        (LOST, "after", 9, {"done": 3, "unknown": 2}),
    ],
    ids=["no credit", "key refused", "busy for ever", "replies lost"],
)
def test_a_gateway_that_is_broken_does_not_stop_the_other(
    both: Batch, fault: dict[str, Any], when: str, code: int, counts: dict[str, int]
) -> None:
    films = [{**FILM, "duration": 1, "prompt": one} for one in ("x", "y")]
    (other,) = both.others
    other.fault("create", fault, when=when, times=-1)
    made = both.write([*films, *THREE]).run("--yes", "--concurrency", "1")
    assert (made.code, made.counts, both.bought) == (code, counts, Counter(one=1, two=1, three=1))
    assert {cost["gateway"] for cost in made.document["cost"]} >= {"ima"}


def test_max_credits_is_in_one_unit_and_stops_a_batch_with_two(both: Batch) -> None:
    made = both.write([{**FILM, "duration": 1}, *THREE]).buy()
    assert (made.code, made.error["kind"], creates(both)) == (2, "which_gateway", 0)


# --- several at once, and killed ---------------------------------------------------------------------------


def after(batch: Batch, accepted: int) -> None:
    """Wait until the vendor has accepted so many."""
    until = time.monotonic() + 20
    while batch.vendor.stats["accepted"] < accepted and time.monotonic() < until:
        time.sleep(0.002)


@pytest.mark.parametrize("killed", [None, 0, 1, 3])
def test_two_processes_with_one_file_buy_each_row_once(batch: Batch, late: Any, killed: int | None) -> None:
    """One of them is killed when the vendor has accepted so many."""
    batch.write(rows("a", "b", "c", "d", "a", "b"))
    both = [batch.process("--yes", "--max-credits", "1000", "--concurrency", "2") for _ in range(2)]
    if killed is not None:
        after(batch, killed)
        both[0].kill()
    made = [ended(process) for process in both]
    assert made[1].code in {0, 5}
    late()
    end = batch.buy()
    lost = end.counts.get("unknown", 0)
    assert (end.counts["done"] + lost, bool(lost and killed is None)) == (6, False)
    assert not batch.bought - Counter("abcdab")
    assert batch.bought.total() >= 6 - lost


def test_what_another_process_bought_and_finished_meanwhile_is_not_bought_again(batch: Batch) -> None:
    """The slow one has looked for the row on record, and has its price before it buys."""
    batch.write(THREE)
    batch.vendor.fault(
        "list", {"kind": "set", "field": "message", "value": "success"}
    )  # the quote of the whole
    batch.vendor.fault("list", {"kind": "hold"}, when="after")
    slow = batch.process("--concurrency", "1")
    batch.vendor.held("list")
    assert batch.run().counts == {"done": 3}
    batch.vendor.release()
    made = ended(slow)
    assert (made.code, made.counts, batch.bought) == (0, {"done": 3}, Counter(one=1, two=1, three=1))


@pytest.mark.parametrize("accepted", [1, 2, 4])
def test_a_killed_batch_goes_on_and_buys_each_row_once(batch: Batch, late: Any, accepted: int) -> None:
    batch.write(rows(*"abcdef"))
    process = batch.process("--yes", "--max-credits", "1000", "--concurrency", "2")
    after(batch, accepted)
    process.kill()
    ended(process)
    late()
    end = batch.buy()
    lost = end.counts.get("unknown", 0)
    assert end.counts.get("done", 0) + lost == 6
    assert not batch.bought - Counter("abcdef")
    assert batch.bought.total() >= 6 - lost


def test_killed_while_paying_is_not_known_and_not_bought_again(batch: Batch, late: Any) -> None:
    batch.write(THREE)
    batch.vendor.fault("create", {"kind": "hold"}, when="after")
    process = batch.process("--concurrency", "1")
    batch.vendor.held("create")
    process.kill()
    ended(process)
    batch.vendor.release()
    batch.quick()
    soon = batch.buy()
    assert (soon.code, soon.counts) == (5, {"done": 2, "running": 1})
    late()
    made = batch.buy("--retry-failed")
    assert (made.code, made.counts, batch.bought) == (
        9,
        {"done": 2, "unknown": 1},
        Counter(one=1, two=1, three=1),
    )


# --- Ctrl-C ------------------------------------------------------------------------------------------------


def paying(batch: Batch, calls: int) -> Forked:
    """A batch of which so many rows are being paid for, and not answered."""
    batch.vendor.clear()
    batch.vendor.fault("create", {"kind": "hold"}, when="after", times=calls)
    batch.quick()
    process = batch.process("--yes", "--max-credits", "1000", "--concurrency", str(calls))
    batch.vendor.held("create", count=calls)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_waits_for_what_is_being_paid_and_the_same_command_goes_on(
    batch: Batch, number: signal.Signals
) -> None:
    process = paying(batch.write(EIGHT), 2)
    process.send_signal(number)
    time.sleep(0.2)
    assert process.poll() is None
    batch.vendor.release()
    made = ended(process)
    assert (made.code, made.document["event"], made.error["kind"]) == (130, "batch", "interrupted")
    assert (made.counts, batch.bought.total()) == ({"running": 2, "left": 6}, 2)
    assert [row["state"] for row in made.rows] == ["running"] * 2
    assert all(job["state"] == "submitted" for job in batch.vendor.run("list").document["jobs"])
    batch.quick()
    assert batch.buy().counts == {"done": 8}
    assert batch.bought == Counter("abcdefgh")


def test_a_second_ctrl_c_leaves_at_once_says_that_it_may_be_charged_and_loses_nothing(
    batch: Batch, late: Any
) -> None:
    process = paying(batch.write(EIGHT), 2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    made = ended(process, timeout=5)
    assert (made.code, made.error["kind"], made.error["charged"]) == (130, "interrupted", "maybe")
    batch.vendor.release()
    batch.quick()
    late()
    end = batch.buy()
    assert (end.code, end.counts) == (9, {"done": 6, "unknown": 2})
    assert batch.bought == Counter("abcdefgh")


def test_ctrl_c_while_nothing_is_being_paid_leaves_at_once(batch: Batch) -> None:
    batch.write(THREE)
    batch.vendor.fault("detail", {"kind": "hang"}, times=-1)
    process = batch.process("--concurrency", "3")
    until = time.monotonic() + 10
    while batch.vendor.stats["requests"]["detail"] < 3 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    made = ended(process, timeout=5)
    assert (made.code, made.counts) == (130, {"running": 3})
    batch.vendor.clear()
    buys_nothing(batch, done=3)


# --- what is read, and what is printed -------------------------------------------------------------------


def test_rows_come_from_a_pipe_as_json_or_as_a_table(batch: Batch) -> None:
    assert batch.run(file="-", stdin=b'{"prompt": "a"}\n').counts == {"done": 1}
    assert batch.run(file="-", stdin="prompt,n\r\na,\r\n灯塔,1\r\n".encode()).counts == {"done": 2}
    assert batch.bought == Counter({"a": 1, "灯塔": 1})


def test_bytes_that_are_no_utf_8_are_told_as_that(batch: Batch, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes("prompt\n灯塔\n".encode("gbk"))
    made = batch.run(file=str(file))
    assert (made.code, made.error["kind"]) == (2, "bad_row")
    assert "CSV UTF-8" in made.error["detail"]


def test_quiet_says_the_paths_and_brief_one_line(batch: Batch) -> None:
    batch.write(THREE)
    brief = batch.run("--brief")
    assert (brief.code, len(brief.stdout.splitlines()), len(brief.stdout) <= 171) == (0, 1, True)
    quiet = batch.run("--quiet")
    assert [Path(line).is_file() for line in quiet.stdout.split("\n") if line] == [True] * 3


def test_a_rehearsal_of_a_batch_needs_no_key(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"prompt": "a", "size": "2k"}\n{"prompt": "b"}\n')
    made = run("batch", str(file), "--sandbox", "--speed", "1000")
    assert made.code == 0
    assert made.document["sandbox"] is True
    assert run("batch", str(file), "--sandbox", "--speed", "1000").document["before"] == 2
