"""The fault table: the list, and the paid request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fault_table.buyer import Buyer, finished, goes_on, said
from fault_table.paid import PAID
from front import Front
from support import Run

LISTING = sorted({name for paid in PAID.values() for name in paid.listing})
LOST = sorted({name for paid in PAID.values() for name in paid.lost})
REFUSALS = sorted({name for paid in PAID.values() for name in paid.refusals})


def limit_today(buyer: Buyer, amount: float) -> None:
    """config.toml: what may be spent a day, so that what stays reserved shows."""
    folder = Path(os.environ["MEDIA_STUDIO_HOME"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f"[gateways.{buyer.paid.gateway}]\nper_day = {amount}\n")


def found_later(buyer: Buyer, lost: Run) -> None:
    """What is unknown is not bought again; with the id that the person finds it is delivered."""
    document = lost.document
    assert (lost.code, document["state"], lost.error["charged"]) == (9, "unknown", "maybe"), lost.stderr
    assert (document["done"], len(document["send"])) == (True, 1)
    assert (buyer.creates, len(buyer.tasks), buyer.job["state"]) == (1, 1, "unknown")

    once_more = buyer.buy()
    assert (once_more.code, once_more.error["kind"]) == (9, "maybe_bought")
    assert once_more.document["job"] == document["job"]
    assert buyer.creates == 1

    buyer.delivered_once(buyer.run("reconcile", document["job"], "--task-id", buyer.tasks[0]["id"]))


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("fault", LISTING)
def test_list_fails_and_recovers_with_1_create(buyer: Buyer, fault: str, times: int) -> None:
    buyer.vendor.fault("list", dict(buyer.paid.listing[fault]), times=times)
    buyer.delivered_once(buyer.buy())
    assert buyer.vendor.stats["faults_played"] == times


def test_create_connection_refused_is_tried_again_while_never_sent(buyer: Buyer) -> None:
    with Front(buyer.vendor.urls["api"]) as front:
        front.shut_after(buyer.paid.list_path)
        process = buyer.process(*buyer.words(), env=front.env, drive={"at": "refused"})
        said(process, "here")
        assert buyer.creates == 0
        front.open()
        goes_on(process)
        made = finished(process)
        if buyer.way == "start":
            made = buyer.wait(made.document["job"], env=front.env)
        buyer.delivered_once(made)


def test_create_connection_refused_for_good_is_exit_6_with_nothing_bought(buyer: Buyer) -> None:
    with Front(buyer.vendor.urls["api"]) as front:
        front.shut_after(buyer.paid.list_path)
        made = buyer.buy(env=front.env)
    assert (made.code, made.error["charged"], made.error["retry"]) == (6, "no", "later")
    assert (made.document["state"], buyer.job["state"]) == ("failed", "failed")
    assert (buyer.creates, buyer.spent) == (0, 0)
    assert buyer.buy().code == 0


@pytest.mark.parametrize("fault", LOST)
def test_create_is_registered_and_its_answer_lost_is_unknown_until_reconciled(
    buyer: Buyer, fault: str
) -> None:
    buyer.vendor.fault("create", dict(buyer.paid.lost[fault]), when="after")
    found_later(buyer, buyer.buy())


@pytest.mark.parametrize("after", [0, 40], ids=["at once", "amid the answer"])
def test_create_is_registered_and_tls_broken_is_unknown_until_reconciled(
    buyer: Buyer, after: int, tmp_path: Path
) -> None:
    with Front(buyer.vendor.urls["api"], tmp_path) as front:
        front.breaks(buyer.paid.create_path, after=after, times=5)
        lost = buyer.buy(env=front.env)
        assert sum(buyer.paid.create_path in line for line in front.received) == 1
    found_later(buyer, lost)


def test_an_unknown_job_that_was_not_charged_frees_its_reservation(buyer: Buyer) -> None:
    limit_today(buyer, buyer.paid.price)
    buyer.vendor.fault("create", {"kind": "reset"}, when="before")
    lost = buyer.buy()
    assert (lost.code, len(buyer.tasks), buyer.spent) == (9, 0, buyer.paid.price)
    assert buyer.buy(prompt="something else").code == 11
    asked = buyer.run("reconcile", lost.document["job"])
    assert (asked.code, asked.document["state"]) == (9, "unknown")
    closed = buyer.run("reconcile", lost.document["job"], "--not-charged")
    assert (closed.code, closed.document["done"], closed.document["state"]) == (0, True, "failed")
    assert buyer.spent == 0
    assert buyer.buy().code == 0
    assert (len(buyer.tasks), buyer.spent) == (1, buyer.paid.price)


def test_create_429_refused_with_retry_after_is_waited_for_within_its_patience(buyer: Buyer) -> None:
    buyer.vendor.fault("create", dict(buyer.paid.busy))
    made = buyer.buy()
    assert made.code == 0
    assert buyer.creates == 2  # the vendor refused the first before acceptance
    buyer.kept(made)


@pytest.mark.parametrize("wait", ["2", "3600"], ids=["again and again", "for an hour"])
def test_create_429_beyond_its_patience_is_exit_7_and_later_1_task(buyer: Buyer, wait: str) -> None:
    busy: dict[str, Any] = {**buyer.paid.busy, "headers": {"Retry-After": wait}}
    buyer.vendor.fault("create", busy, times=-1)
    refused = buyer.buy()
    assert (refused.code, refused.error["kind"], refused.error["charged"]) == (7, "rate_limited", "no")
    assert (len(buyer.tasks), buyer.spent, buyer.job["state"]) == (0, 0, "failed")
    assert (buyer.creates == 1) is (wait == "3600")
    buyer.vendor.clear()
    assert buyer.buy().code == 0
    assert len(buyer.tasks) == 1


@pytest.mark.parametrize("fault", REFUSALS)
def test_create_refused_has_the_right_kind_link_and_exit_0_tasks_and_nothing_stays_reserved(
    buyer: Buyer, fault: str
) -> None:
    refusal = buyer.paid.refusals[fault]
    limit_today(buyer, buyer.paid.price)
    buyer.vendor.fault("create", dict(refusal.fault))
    made = buyer.buy()
    assert (made.code, made.error["kind"], made.error["charged"]) == (refusal.exit, refusal.kind, "no")
    assert (made.document["done"], len(made.document["send"])) == (True, 1)
    pages = [action["url"] for action in made.error["actions"]]
    assert pages == ([refusal.page] if refusal.page else [])
    assert (buyer.creates, len(buyer.tasks), buyer.job["state"]) == (1, 0, "failed")
    assert buyer.spent == 0
    assert buyer.buy().code == 0  # the limit of the day has room for it
