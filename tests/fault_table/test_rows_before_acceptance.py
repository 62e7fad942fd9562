"""The fault table: the list, and the paid request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fault_table.buyer import Buyer, finished, goes_on, said
from fault_table.rows import each
from front import Front
from support import Run


def limit_today(buyer: Buyer) -> None:
    """No more than one a day, so that what stays reserved shows; where a price can be limited."""
    if buyer.paid.price is not None:
        buyer.configure(per_day=buyer.paid.price)


def before(buyer: Buyer, folder: Path | None = None) -> Front:
    return Front(buyer.vendor.urls["api"], folder, gateway=buyer.paid.gateway)


def shut_before_create(buyer: Buyer, front: Front) -> None:
    """The paid request, and nothing before it, finds nobody."""
    if buyer.paid.list_path:
        front.shut_after(buyer.paid.list_path)
    else:
        front.shut()


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


@each("listing", absent="listing", variants=(("once", 1), ("twice", 2)))
def test_list_fails_and_recovers_with_1_create(buyer: Buyer, fault: str, variant: int) -> None:
    buyer.vendor.fault("list", dict(buyer.paid.listing[fault]), times=variant)
    buyer.delivered_once(buyer.buy())
    assert buyer.vendor.stats["faults_played"] == variant


@each()
def test_create_connection_refused_is_tried_again_while_never_sent(buyer: Buyer) -> None:
    with before(buyer) as front:
        shut_before_create(buyer, front)
        process = buyer.process(*buyer.words(), env=front.env, drive={"at": "refused"})
        said(process, "here")
        assert buyer.creates == 0
        front.open()
        goes_on(process)
        made = finished(process)
        if buyer.way == "start":
            made = buyer.wait(made.document["job"], env=front.env)
        buyer.delivered_once(made)


@each()
def test_create_connection_refused_for_good_is_exit_6_with_nothing_bought(buyer: Buyer) -> None:
    with before(buyer) as front:
        shut_before_create(buyer, front)
        made = buyer.buy(env=front.env)
    assert (made.code, made.error["charged"], made.error["retry"]) == (6, "no", "later")
    assert (made.document["state"], buyer.job["state"]) == ("failed", "failed")
    assert (buyer.creates, buyer.spent) == (0, 0)
    assert buyer.buy().code == 0


@each("lost")
def test_create_is_registered_and_its_answer_lost_is_unknown_until_reconciled(
    buyer: Buyer, fault: str
) -> None:
    buyer.vendor.fault("create", dict(buyer.paid.lost[fault]), when="after")
    found_later(buyer, buyer.buy())


@each(variants=(("at once", 0), ("amid the answer", 40)))
def test_create_is_registered_and_tls_broken_is_unknown_until_reconciled(
    buyer: Buyer, variant: int, tmp_path: Path
) -> None:
    with before(buyer, tmp_path) as front:
        front.breaks(buyer.paid.create_path, after=variant, times=5)
        lost = buyer.buy(env=front.env)
        assert sum(buyer.paid.create_path in line for line in front.received) == 1
    found_later(buyer, lost)


@each(absent="limit")
def test_an_unknown_job_that_was_not_charged_frees_its_reservation(buyer: Buyer) -> None:
    limit_today(buyer)
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


@each("busy")
def test_create_refused_as_too_many_with_retry_after_is_waited_for_within_its_patience(
    buyer: Buyer, fault: str
) -> None:
    buyer.vendor.fault("create", dict(buyer.paid.busy[fault]))
    made = buyer.buy()
    assert made.code == 0
    assert buyer.creates == 2  # the vendor refused the first before acceptance
    buyer.kept(made)


@each(variants=(("again and again", "2"), ("for an hour", "3600")))
def test_create_refused_as_too_many_beyond_its_patience_is_exit_7_and_later_1_task(
    buyer: Buyer, variant: str
) -> None:
    one = next(iter(buyer.paid.busy.values()))
    busy: dict[str, Any] = {**one, "headers": {"Retry-After": variant}}
    buyer.vendor.fault("create", busy, times=-1)
    refused = buyer.buy()
    assert (refused.code, refused.error["kind"], refused.error["charged"]) == (7, "rate_limited", "no")
    assert (len(buyer.tasks), buyer.spent, buyer.job["state"]) == (0, 0, "failed")
    assert (buyer.creates == 1) is (variant == "3600")
    buyer.vendor.clear()
    assert buyer.buy().code == 0
    assert len(buyer.tasks) == 1


@each("refusals")
def test_create_refused_has_the_right_kind_link_and_exit_0_tasks_and_nothing_stays_reserved(
    buyer: Buyer, fault: str
) -> None:
    refusal = buyer.paid.refusals[fault]
    limit_today(buyer)
    buyer.vendor.fault("create", dict(refusal.fault))
    made = buyer.buy()
    assert (made.code, made.error["kind"], made.error["charged"]) == (refusal.exit, refusal.kind, "no")
    assert (made.document["done"], len(made.document["send"])) == (True, 1)
    pages = [action["url"] for action in made.error["actions"]]
    assert pages == ([refusal.page] if refusal.page else [])
    assert (buyer.creates, len(buyer.tasks), buyer.job["state"]) == (1, 0, "failed")
    assert buyer.spent == 0
    assert buyer.buy().code == 0  # the limit of the day has room for it
