"""The fault table: clocks that jump, and machines that sleep."""

from __future__ import annotations

import signal
import time
from typing import Any

from fault_table.buyer import Buyer, finished, goes_on, kill, said
from fault_table.rows import each

HOUR = 3600.0


def not_done_yet(buyer: Buyer) -> None:
    """The first polls find nothing, so that there is a wait in whose middle something can happen."""
    buyer.vendor.fault("detail", dict(buyer.paid.not_yet), times=3)


@each(variants=(("an hour", HOUR), ("a minute", 60.0)))
def test_clock_set_back_mid_wait_is_no_crash_and_no_endless_loop(buyer: Buyer, variant: float) -> None:
    not_done_yet(buyer)
    buyer.delivered_once(buyer.buy(drive={"at": "asked", "jump": -variant}))


@each()
def test_clock_set_back_before_the_wait_is_no_crash_and_no_endless_loop(buyer: Buyer) -> None:
    process = buyer.process(*buyer.words(), drive={"at": "asked" if buyer.way == "make" else "printing"})
    said(process, "here")
    kill(process)
    buyer.delivered_once(buyer.run("wait", buyer.job["job"], drive={"shift": -HOUR}))


@each(variants=(("intent", ("intent", "abandoned", 130)), ("sending", ("sending", "unknown", 9))))
def test_clock_set_back_after_a_kill_does_not_leave_the_job_under_way_for_ever(
    buyer: Buyer, variant: tuple[str, str, int]
) -> None:
    stage, state, code = variant
    process = buyer.process(*buyer.words(), drive={"at": stage})
    said(process, "here")
    kill(process)
    told = buyer.run("wait", buyer.job["job"], drive={"shift": -HOUR})
    assert (told.code, told.document["state"], buyer.creates) == (code, state, 0)


@each(variants=(("one clock goes on", False), ("both clocks go on", True)))
def test_machine_asleep_for_an_hour_mid_wait_is_no_crash_and_no_endless_loop(
    buyer: Buyer, variant: bool
) -> None:
    """Systems differ in whether the monotonic clock goes on meanwhile. Where it does, patience ends."""
    not_done_yet(buyer)
    orders: dict[str, Any] = {"at": "asked", "jump": HOUR, "asleep": variant}
    made = buyer.buy(drive=orders)
    if made.document["state"] != "done":
        assert variant
        assert made.document["next"][2] == "wait"
        made = buyer.vendor.carry_on(made.document)
    buyer.delivered_once(made)


@each()
def test_a_process_that_stood_still_while_its_task_was_made_delivers_it(buyer: Buyer) -> None:
    buyer.vendor.fault("detail", {"kind": "hold"}, when="after")
    process = buyer.follows()
    buyer.vendor.held("detail")
    process.send_signal(signal.SIGSTOP)
    buyer.vendor.release()
    time.sleep(0.3)  # the task ends meanwhile
    process.send_signal(signal.SIGCONT)
    buyer.delivered_once(finished(process))


@each()
def test_machine_asleep_for_an_hour_before_paying_does_not_pay_for_what_was_given_up(buyer: Buyer) -> None:
    process = buyer.process(*buyer.words(), drive={"at": "intent"})
    said(process, "here")
    process.send_signal(signal.SIGSTOP)
    assert buyer.run("list", drive={"shift": HOUR}).document["jobs"][0]["state"] == "abandoned"
    process.send_signal(signal.SIGCONT)
    goes_on(process)
    ended = finished(process)
    assert (ended.code, ended.error["charged"]) == (130, "no")
    assert (buyer.creates, buyer.job["state"], buyer.spent) == (0, "abandoned", 0)


@each()
def test_machine_asleep_for_an_hour_while_paying_keeps_the_id_that_it_reads_when_it_wakes(
    buyer: Buyer,
) -> None:
    buyer.vendor.fault("create", {"kind": "hold"}, when="after")
    process = buyer.process(*buyer.words())
    buyer.vendor.held("create")
    process.send_signal(signal.SIGSTOP)
    assert buyer.run("list", drive={"shift": HOUR}).document["jobs"][0]["state"] == "unknown"
    buyer.vendor.release()
    process.send_signal(signal.SIGCONT)
    woken = finished(process)
    assert woken.code == 0, woken.stderr
    buyer.delivered_once(buyer.wait(woken.document["job"]))
