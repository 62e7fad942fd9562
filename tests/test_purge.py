"""What is forgotten is gone to the last byte, and what is still to come, or counted, stays."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from called import Here
from parts import ima, plan
from sandbox import Sandbox
from studio.content import Content
from studio.errors import UsageError
from studio.ledger import Ledger
from studio.order import Order
from studio.types import Limits, MediaRef, Source
from support import PROMPT, FakeClock, run
from test_commands import jobs, start, unsure
from test_job_commands import aged
from world import ACCEPTED

SPEED = 500
DAY = 86400.0
USER, MESSAGE = "feishu-0815", "message-4711"
ORDER = Order(gateway=ima("https://ima.example.com"), fingerprint="f" * 64, asked="a" * 64, key=MESSAGE)
FILE = Source("image", "cat.png", None, "image/png", Content([b"bytes"]), "cd" * 32, 64, 48)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Here]:
    with Sandbox(tmp_path / "twin", speed=SPEED) as box:
        yield Here(box.urls["ima"], SPEED)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: FakeClock) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "l" / "ledger.sqlite3", clock)
    made._store._db.execute("PRAGMA busy_timeout = 10")
    yield made
    made.close()


def ended(ledger: Ledger, order: Order = ORDER, **changes: Any) -> str:
    """A job that was cancelled, which keeps its key."""
    job, _ = ledger.begin(plan(user_id=USER, **changes), "/out", replace(order, user_id=USER))
    ledger.cancelled(job.id, {"kind": "cancelled"})
    return job.id


def state(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


# --- what goes --------------------------------------------------------------------------------------------


def test_nothing_of_a_forgotten_job_can_be_read_any_more(shop: Here, home: Path) -> None:
    made = shop.make("--user-id", USER, "--idempotency-key", MESSAGE, "--receipt")
    assert {PROMPT.encode(), USER.encode(), MESSAGE.encode()} <= words_in(home)
    aged(40)
    gone = shop.run("purge", "--before", "30d")

    counts = {name: gone.document[name] for name in ("purged", "receipts", "logs", "erased")}
    assert (gone.code, counts) == (0, {"purged": 1, "receipts": 1, "logs": 0, "erased": True})
    left = words_in(home)
    assert PROMPT.encode() not in left
    assert MESSAGE.encode() not in left
    assert not Path(made.document["receipt"]).exists()
    assert Path(made.document["outputs"][0]["path"]).is_file()


def words_in(home: Path) -> set[bytes]:
    held = state(home / "state") + state_of_receipts(home)
    return {word for word in (PROMPT.encode(), USER.encode(), MESSAGE.encode()) if word in held}


def state_of_receipts(home: Path) -> bytes:
    return b"".join(file.read_bytes() for file in home.rglob("*.json"))


def test_of_the_user_id_only_the_counter_of_a_limit_that_runs_is_left(
    ledger: Ledger, clock: FakeClock, tmp_path: Path
) -> None:
    job, _ = ledger.begin(plan(user_id=USER), "/out", replace(ORDER, user_id=USER))
    ledger.sending(job.id)
    ledger.failed(job.id, {"kind": "failed"})
    bought, _ = ledger.begin(plan(user_id=USER), "/out", replace(ORDER, user_id=USER, key="k"))
    assert ledger.cancelled(bought.id, {"kind": "cancelled"})
    ledger.past.forget(clock.time() + 1)
    assert USER.encode() in state(tmp_path / "l")
    clock.sleep(2 * DAY)
    ledger.past.forget(clock.time())
    assert USER.encode() not in state(tmp_path / "l")


def test_the_counter_of_a_limit_that_runs_stays_and_still_holds(ledger: Ledger, clock: FakeClock) -> None:
    limited = replace(ima("https://ima.example.com"), limits=Limits(per_day=7))
    job, _ = ledger.begin(plan(), "/out", replace(ORDER, gateway=limited))
    ledger.sending(job.id)
    ledger.submitted(job.id, ACCEPTED)
    ledger.done(job.id, (), None, None)
    assert ledger.past.forget(clock.time() + DAY).jobs == 1
    assert ledger.accounts.spent_today("ima") == 5


def test_what_was_deleted_before_goes_from_the_file_too(ledger: Ledger, tmp_path: Path) -> None:
    """As a version would have left it that did not overwrite what it deleted."""
    ledger._store._db.execute("PRAGMA secure_delete = OFF")
    for n in range(40):
        ended(
            ledger,
            replace(ORDER, key=f"{MESSAGE}-{n}", asked=str(n), fingerprint=str(n)),
            prompt=PROMPT * 200,
        )
    ledger._store._db.execute("DELETE FROM jobs")
    ledger._store._db.execute("DELETE FROM names")
    assert PROMPT.encode() in state(tmp_path / "l")
    assert ledger.past.forget(0.0).erased
    assert PROMPT.encode() not in state(tmp_path / "l")


def test_while_another_process_reads_it_says_that_the_bytes_are_still_there(
    ledger: Ledger, clock: FakeClock, tmp_path: Path
) -> None:
    ended(ledger)
    other = sqlite3.connect(tmp_path / "l" / "ledger.sqlite3", isolation_level=None)
    other.execute("BEGIN")
    assert other.execute("SELECT COUNT(*) FROM jobs").fetchone() == (1,)
    gone = ledger.past.forget(clock.time() + 1)
    assert (gone.jobs, gone.erased) == (1, False)
    other.close()
    assert ledger.past.forget(clock.time() + 1).erased
    assert MESSAGE.encode() not in state(tmp_path / "l")


def test_uploads_are_forgotten_by_when_they_were_made(ledger: Ledger, clock: FakeClock) -> None:
    ref = MediaRef("image", "https://cdn.example.com/cat.png")
    ledger.uploads.remember("old", FILE, ref, 10 * DAY)
    clock.sleep(DAY)
    ledger.uploads.remember("young", FILE, ref, 10 * DAY)
    assert ledger.past.forget(clock.time() - 1).uploads == 1
    assert ledger.uploads.remembered("old", FILE) is None
    assert ledger.uploads.remembered("young", FILE) == ref


def test_an_upload_of_an_older_version_counts_by_its_end(ledger: Ledger, clock: FakeClock) -> None:
    ledger.uploads.remember("old", FILE, MediaRef("image", "x"), 10.0)
    ledger._store._db.execute("UPDATE uploads SET at = NULL")
    assert ledger.past.forget(clock.time() + 9).uploads == 0
    assert ledger.past.forget(clock.time() + 11).uploads == 1


def test_logs_of_the_days_before_go_and_nothing_else_of_that_folder(home: Path) -> None:
    logs = home / "state" / "logs"
    logs.mkdir(parents=True)
    day = [time.strftime("%Y-%m-%d", time.gmtime(time.time() - n * DAY)) for n in range(4)]
    for name in (*(f"{one}.jsonl" for one in day), "notes.jsonl", f"{day[3]}.txt", "2000-01-01.jsonl.bak"):
        (logs / name).write_text("x")
    (logs / "1999-01-01.jsonl").symlink_to(home / "elsewhere")
    (home / "elsewhere").write_text("x")
    gone = run("purge", "--before", "2d").document

    assert gone["logs"] == 1
    left = {file.name for file in logs.iterdir()}
    assert left == {
        *(f"{one}.jsonl" for one in day[:3]),
        *("notes.jsonl", f"{day[3]}.txt", "2000-01-01.jsonl.bak", "1999-01-01.jsonl"),
    }
    assert (home / "elsewhere").exists()


def test_only_our_own_receipt_of_that_job_is_removed(shop: Here) -> None:
    paths = [Path(shop.make("--receipt", prompt=word).document["receipt"]) for word in ("a", "b", "c", "d")]
    first, second, third, fourth = paths
    first.write_text("mine")
    second.write_text('{"job": "' + second.stem.partition("-")[2] + '"}')
    third.write_bytes(fourth.read_bytes())
    aged(40)
    gone = shop.run("purge", "--before", "30d").document
    assert (gone["purged"], gone["receipts"]) == (4, 1)
    assert [path.exists() for path in paths] == [True, True, True, False]


# --- what stays -------------------------------------------------------------------------------------------


def test_what_is_still_to_come_keeps_its_words_and_its_key(shop: Here, home: Path) -> None:
    shop.fault("file", {"kind": "http", "status": 403}, times=-1)
    unsaved = shop.make("--receipt", prompt="unsaved").document["job"]
    shop.clear()
    lost = unsure(shop, "--idempotency-key", MESSAGE, prompt="lost")
    open = start(shop, prompt="open").document["job"]
    aged(40)
    assert shop.run("purge", "--before", "0m").document["purged"] == 0
    assert {row["job"]: row["prompt"] for row in jobs(shop)} == {
        unsaved: "unsaved",
        lost: "lost",
        open: "open",
    }
    assert MESSAGE.encode() in state(home / "state")
    assert Path(shop.run("wait", unsaved).document["receipt"]).is_file()


@pytest.mark.parametrize("asked", [ORDER.asked, "b" * 64], ids=["the same wish", "another wish"])
def test_the_key_of_a_forgotten_job_is_spent_though_only_its_hash_is_left(
    ledger: Ledger, clock: FakeClock, tmp_path: Path, asked: str
) -> None:
    job = ended(ledger)
    ledger.past.forget(clock.time() + 1)
    ledger.past.forget(clock.time() + 1)
    with pytest.raises(UsageError) as no:
        ledger.begin(plan(user_id=USER), "/out", replace(ORDER, user_id=USER, asked=asked))
    assert no.value.kind == "key_spent"
    assert job in no.value.message
    assert ledger.newest(9) == ()
    held = state(tmp_path / "l")
    assert MESSAGE.encode() not in held
    assert str(ORDER.fingerprint).encode() in held


def test_a_hash_is_no_key_and_another_users_key_is_not_spent(ledger: Ledger, clock: FakeClock) -> None:
    ended(ledger)
    ledger.past.forget(clock.time() + 1)
    rows = ledger._store.rows("SELECT name FROM names WHERE kind = 'spent key'")
    for order in (replace(ORDER, key=rows[0]["name"]), replace(ORDER, user_id="another", asked="c")):
        _, ours = ledger.begin(plan(), "/out", replace(order, forced=True))
        assert ours


def test_a_question_that_can_still_be_answered_is_kept(ledger: Ledger, clock: FakeClock) -> None:
    token = ledger.accounts.approve({"prompt": "x"})
    ledger.past.forget(clock.time() + DAY)
    assert ledger.accounts.approved(token) == {"prompt": "x"}
    clock.sleep(2 * DAY)
    ledger.past.forget(clock.time())
    assert ledger._store.rows("SELECT * FROM approvals") == []


def test_a_rehearsals_purge_leaves_the_record_that_counts(shop: Here, home: Path) -> None:
    shop.make()
    aged(40)
    logs = home / "state" / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "2000-01-01.jsonl").write_text("x")
    gone = run("purge", "--before", "1d", "--sandbox").document
    assert (gone["purged"], gone["logs"], len(jobs(shop))) == (0, 0, 1)
    assert "2000-01-01.jsonl" in os.listdir(logs)
