"""The fault table: a gateway with two addresses. Only where no connection to the first is made, the other is
asked; what may have been read at the one is never sent to the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from fault_table.buyer import Buyer, finished, goes_on, said
from fault_table.rows import each
from front import Front


@contextmanager
def two_addresses(buyer: Buyer) -> Iterator[tuple[Front, Front, dict[str, str]]]:
    """A front before each of the gateway's addresses, and what leads the command to both."""
    with ExitStack() as stack:
        first, other = (
            stack.enter_context(Front(buyer.vendor.urls[role], gateway=buyer.paid.gateway, role=role))
            for role in ("api", "alternate")
        )
        yield first, other, {**first.env, **other.env}


def paid_at(front: Front) -> int:
    return sum(line.startswith("POST") for line in front.received)


@each(absent="alternate")
def test_a_first_address_that_refuses_the_connection_is_left_for_the_other_paid_or_safe(buyer: Buyer) -> None:
    with two_addresses(buyer) as (first, other, env):
        first.shut()
        buyer.delivered_once(buyer.buy(env=env))
        assert (first.received, paid_at(other)) == ([], 1)
        assert any(line.startswith("GET") for line in other.received), "it was asked how it goes"


@each(absent="alternate")
def test_a_first_address_that_is_gone_after_the_purchase_is_left_for_the_other(buyer: Buyer) -> None:
    with two_addresses(buyer) as (first, other, env):
        first.shut_after(buyer.paid.create_path)
        buyer.delivered_once(buyer.buy(env=env))
        assert (paid_at(first), paid_at(other)) == (1, 0)
        assert other.received


@each(absent="alternate")
def test_two_addresses_that_refuse_the_connection_bought_nothing(buyer: Buyer) -> None:
    with two_addresses(buyer) as (first, other, env):
        first.shut()
        other.shut()
        made = buyer.buy(env=env)
    assert (made.code, made.error["charged"], made.document["state"]) == (6, "no", "failed")
    assert (buyer.creates, buyer.spent) == (0, 0)


@each(absent="alternate", variants=(("reset", 0), ("reset amid the answer", 40)))
def test_an_answer_lost_at_the_first_address_is_unknown_and_the_other_is_not_asked(
    buyer: Buyer, variant: int
) -> None:
    with two_addresses(buyer) as (first, other, env):
        first.resets(buyer.paid.create_path, after=variant, times=5)
        lost = buyer.buy(env=env)
        assert (lost.code, lost.document["state"]) == (9, "unknown"), lost.stderr
        assert (paid_at(first), other.received, buyer.creates) == (1, [], 1)
        again = buyer.buy(env=env)
        assert (again.code, again.error["kind"]) == (9, "maybe_bought")
        assert (paid_at(first), paid_at(other), buyer.creates) == (1, 0, 1)


@each(absent="alternate")
def test_a_first_address_lost_while_it_pays_is_unknown_however_it_is_asked_again(buyer: Buyer) -> None:
    """It read the request, answered nothing, and then takes no connection any more."""
    with two_addresses(buyer) as (first, other, env):
        first.resets(buyer.paid.create_path, times=5)
        first.shut_after(buyer.paid.create_path)
        lost = buyer.buy(env=env)
        assert (lost.code, paid_at(first), paid_at(other), buyer.creates) == (9, 1, 0, 1)


@each(absent="alternate")
def test_a_poll_that_is_lost_at_the_first_address_is_asked_there_again(buyer: Buyer) -> None:
    with two_addresses(buyer) as (first, other, env):
        process = buyer.process(*buyer.words(), env=env, drive={"at": "answered"})
        said(process, "here")
        first.resets("/", times=2)
        goes_on(process)
        made = finished(process)
        if buyer.way == "start":
            made = buyer.wait(made.document["job"], env=env)
        buyer.delivered_once(made)
        assert (paid_at(first), other.received) == (1, [])
