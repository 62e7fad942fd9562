"""Whoever stops in the middle loses nothing: `wait` picks the work up and never buys."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from forked import Forked
from support import KEY, PROMPT, Vendor, run, start, validate


def begin(vendor: Vendor, *words: str) -> Forked:
    """`make` as a process that can be interrupted, once its task is accepted."""
    process = start("make", "--prompt", PROMPT, "--speed", "20", *words, env=vendor.env)
    assert process.stderr is not None
    for line in process.stderr:
        if b"accepted as task" in line:
            break
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_wait_names_the_job_and_wait_delivers_it(
    vendor: Vendor, number: signal.Signals
) -> None:
    process = begin(vendor)
    process.send_signal(number)
    stdout, _ = process.communicate(timeout=20)
    document = json.loads(stdout)
    validate(document)
    assert process.returncode == document["error"]["exit"] == 130
    assert document["task_id"] == vendor.stats["tasks"][0]["id"]
    assert document["done"] is False
    delivered = vendor.finish(document)
    assert delivered.code == 0
    assert Path(delivered.document["outputs"][0]["path"]).is_file()
    assert vendor.stats["requests"]["create"] == 1


def test_a_killed_process_loses_nothing(vendor: Vendor) -> None:
    process = begin(vendor)
    process.kill()
    process.communicate()
    (row,) = vendor.run("list").document["jobs"]
    assert row["state"] == "submitted"
    waited = vendor.run("wait", row["job"])
    made = waited if waited.document["done"] else vendor.finish(waited.document)
    assert made.document["outputs"][0]["width"] == 2048
    assert vendor.stats["requests"]["create"] == 1


def test_patience_that_ends_is_no_loss(vendor: Vendor) -> None:
    vendor.fault("detail", {"kind": "set", "field": "data.medias", "value": []}, times=-1, when="after")
    made = vendor.make("--timeout", "1")
    assert (made.code, made.error["retry"], made.document["done"]) == (5, "wait", False)
    vendor.clear()
    assert vendor.carry_on(made.document).code == 0
    assert vendor.stats["requests"]["create"] == 1


def test_wait_comes_back_with_progress_while_the_job_goes_on(vendor: Vendor) -> None:
    process = begin(vendor)
    process.kill()
    process.communicate()
    job = vendor.run("list", "--quiet").stdout.strip()
    made = vendor.run("wait", job, "--max-wait", "0")
    assert (made.code, made.document["event"], made.document["done"]) == (0, "progress", False)
    assert vendor.finish(made.document).document["state"] == "done"
    again = vendor.run("wait", job)
    assert (again.code, again.document["state"]) == (0, "done")
    assert vendor.run("show", job).document["outputs"] == again.document["outputs"]


def test_a_rehearsal_needs_no_key_and_is_picked_up_at_its_own_speed(home: Path) -> None:
    words = ("make", "--sandbox", "--speed", "100", "--prompt", "一座灯塔", "--timeout", "1")
    env = {"IMA_API_KEY": KEY}
    made = run(*words, env=env)
    job = made.document["job"] if made.code in {0, 5} else ""
    assert job.startswith("sb-")
    done = run("wait", job, env=env).document
    assert done["sandbox"] is True
    assert done["estimate_s"] == [0.3, 0.6]
    assert Path(done["outputs"][0]["path"]).is_file()
    (message,) = done["send"] or done["resend"]
    assert "演练" in message["message"]
    assert "http" not in message["message"]
    assert run("list").document["jobs"] == []
    assert [row["job"] for row in run("list", "--sandbox").document["jobs"]] == [job]


def paying(vendor: Vendor) -> Forked:
    """`make` as a process whose paid request is with the vendor, unanswered."""
    vendor.fault("create", {"kind": "hang"}, when="after")
    process = start("make", "--prompt", PROMPT, "--speed", str(vendor.speed), env=vendor.env)
    deadline = time.monotonic() + 20
    while not vendor.stats["accepted"] and time.monotonic() < deadline:
        time.sleep(0.01)
    return process


def test_ctrl_c_waits_for_the_answer_to_the_paid_request(vendor: Vendor) -> None:
    process = paying(vendor)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=20)
    document = json.loads(stdout)
    validate(document)
    assert (process.returncode, document["state"]) == (9, "unknown")
    assert vendor.stats["requests"]["create"] == 1


def test_a_second_ctrl_c_is_not_made_to_wait_and_says_what_is_open(vendor: Vendor) -> None:
    process = paying(vendor)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=2.5)
    document = json.loads(stdout)
    validate(document)
    assert (process.returncode, document["state"]) == (130, "unknown")
    assert document["error"]["charged"] == "maybe"


def test_a_process_killed_while_paying_leaves_a_job_that_is_never_sent_again(vendor: Vendor) -> None:
    process = paying(vendor)
    process.kill()
    process.communicate()
    (row,) = vendor.run("list").document["jobs"]
    assert row["state"] == "sending"
    waited = vendor.run("wait", row["job"], "--max-wait", "0").document
    assert (waited["done"], waited["next"][2]) == (False, "wait")
    with sqlite3.connect(Path(os.environ["MEDIA_STUDIO_HOME"]) / "ledger.sqlite3") as db:
        db.execute("UPDATE jobs SET lease = lease - 3600")
    lost = vendor.run("wait", row["job"])
    assert (lost.code, lost.error["charged"], lost.document["state"]) == (9, "maybe", "unknown")
    assert vendor.stats["requests"]["create"] == 1


def test_a_job_whose_process_died_before_paying_ends_as_nothing_bought(vendor: Vendor) -> None:
    job = vendor.make().document["job"]
    with sqlite3.connect(Path(os.environ["MEDIA_STUDIO_HOME"]) / "ledger.sqlite3") as db:
        db.execute("UPDATE jobs SET state = 'intent', task_id = NULL, open = 1, lease = 0")
    gone = vendor.run("wait", job)
    assert (gone.document["state"], gone.error["charged"], gone.document["done"]) == (
        "abandoned",
        "no",
        True,
    )
