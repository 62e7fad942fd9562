"""The fault table: kill -9 at every stage, and signals that ask to stop. A killed process says nothing: what
it left is told by fresh ones, once its lease has run out."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from fault_table.buyer import LATER, Buyer, finished, kill, said
from fault_table.rows import each
from forked import Forked

BEFORE = ["after intent", "in sending", "request received", "request processed", "half answered", "answered"]
HELD: dict[str, tuple[str, dict[str, Any], str | None]] = {  # stage -> endpoint, fault, when
    "request received": ("create", {"kind": "hold"}, "before"),
    "request processed": ("create", {"kind": "hold"}, "after"),
    "half answered": ("create", {"kind": "stall", "bytes": 10}, "after"),
    "mid-poll": ("detail", {"kind": "hold"}, "after"),
    "mid-download": ("file", {"kind": "stall", "bytes": 5000}, None),
}
STOPPED = {"after intent": "intent", "in sending": "sending", "answered": "answered"}  # by the driver
SIGNALS = [
    (stage, number)
    for stage in ("request processed", "mid-poll")
    for number in (signal.SIGINT, signal.SIGTERM)
]
BY_HAND = {
    "test_a_killed_process_is_given_up_once_its_lease_has_run_out_and_not_before": "lease",
}
TASKS = {"request processed": 1, "half answered": 1, "answered": 1}  # what the twin accepted by then


def at_stage(buyer: Buyer, stage: str) -> Forked:
    """A command that has come as far as that: the one that buys, or the one that follows."""
    if stage in STOPPED:
        process = buyer.process(*buyer.words(), drive={"at": STOPPED[stage]})
        said(process, "here")
        return process
    endpoint, fault, when = HELD[stage]
    buyer.vendor.fault(endpoint, fault, when=when)
    process = buyer.process(*buyer.words()) if endpoint == "create" else buyer.follows()
    buyer.vendor.held(endpoint)
    return process


@each()
def test_kill_after_intent_leaves_an_abandoned_job_with_0_creates(buyer: Buyer) -> None:
    kill(at_stage(buyer, "after intent"))
    assert buyer.job["state"] == "intent"
    ended = buyer.later("wait", buyer.job["job"])
    assert (ended.document["state"], ended.error["kind"], ended.error["charged"]) == (
        "abandoned",
        "abandoned",
        "no",
    )
    assert (buyer.job["state"], buyer.creates, buyer.spent) == ("abandoned", 0, 0)
    assert buyer.buy().code == 0
    assert (buyer.creates, buyer.spent) == (1, buyer.paid.known)


@each(variants=tuple((stage, stage) for stage in BEFORE[1:]))
def test_kill_in_sending_leaves_an_unknown_job_that_is_never_sent_again(buyer: Buyer, variant: str) -> None:
    stage = variant
    kill(at_stage(buyer, stage))
    assert buyer.job["state"] == "sending"
    job = buyer.job["job"]
    ended = buyer.later("wait", job)
    assert (ended.code, ended.document["state"], ended.error["charged"]) == (9, "unknown", "maybe")
    refused = buyer.buy()
    assert (refused.code, refused.error["kind"], refused.document["job"]) == (9, "maybe_bought", job)
    creates = 0 if stage == "in sending" else 1
    assert (buyer.creates, len(buyer.tasks)) == (creates, TASKS.get(stage, 0))
    if buyer.tasks:
        buyer.delivered_once(buyer.run("reconcile", job, "--task-id", buyer.tasks[0]["id"]))
    else:
        assert buyer.run("reconcile", job, "--not-charged").document["state"] == "failed"
        assert buyer.spent == 0


@each(variants=(("mid-poll", "mid-poll"), ("mid-download", "mid-download")))
def test_kill_while_following_leaves_a_job_that_wait_ends(buyer: Buyer, variant: str) -> None:
    process = at_stage(buyer, variant)
    kill(process)
    buyer.vendor.release()
    job = buyer.job
    assert (job["state"], job["task_id"]) == ("submitted", buyer.tasks[0]["id"])
    done = buyer.wait(job["job"])
    buyer.delivered_once(done)
    folder = Path(done.document["outputs"][0]["path"]).parent
    assert [str(path) for path in folder.iterdir() if path.suffix != ".part"] == buyer.job["paths"]


@each()
def test_kill_before_printing_leaves_a_job_that_wait_tells(buyer: Buyer) -> None:
    process = buyer.process(*buyer.words(), drive={"at": "printing"})
    said(process, "here")
    kill(process)
    job = buyer.job
    assert job["state"] == ("done" if buyer.way == "make" else "submitted")
    if buyer.way == "start":
        process = buyer.process("wait", job["job"], drive={"at": "printing", **LATER})
        said(process, "here")
        kill(process)
    assert buyer.job["handed_out_at"] is None  # nobody saw it
    done = buyer.wait(job["job"], drive={"shift": 2 * LATER["shift"]})
    buyer.delivered_once(done)
    assert [item["media"] for item in done.document["send"]] == buyer.job["paths"]


@pytest.mark.parametrize("buyer", [("ima", "start")], indirect=True, ids="-".join)
def test_a_killed_process_is_given_up_once_its_lease_has_run_out_and_not_before(buyer: Buyer) -> None:
    """With this machine's own clock."""
    process = at_stage(buyer, "request processed")
    kill(process)
    killed = time.monotonic()
    assert buyer.job["state"] == "sending"
    lost = buyer.wait(buyer.job["job"])
    assert (lost.code, lost.document["state"]) == (9, "unknown")
    assert 12 < time.monotonic() - killed < 25
    assert buyer.creates == 1


@each(variants=tuple((f"{number.name} {stage}", (number, stage)) for stage, number in SIGNALS))
def test_a_signal_that_asks_to_stop_is_exit_130_with_the_ids_and_wait_delivers(
    buyer: Buyer, variant: tuple[signal.Signals, str]
) -> None:
    number, stage = variant
    process = at_stage(buyer, stage)
    process.send_signal(number)
    if stage == "request processed":  # the answer to the paid request is waited for
        time.sleep(0.2)
        buyer.vendor.release()
    stopped = finished(process)
    buyer.vendor.release()
    document = stopped.document
    assert (stopped.code, document["error"]["exit"], document["error"]["charged"]) == (130, 130, "maybe")
    (task,) = buyer.tasks
    assert (document["job"], document["task_id"]) == (buyer.job["job"], task["id"])
    assert document["done"] is False
    buyer.delivered_once(buyer.vendor.carry_on(document))
