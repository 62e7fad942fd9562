"""PURE. Which other models of a list make just what was asked for, and at what price."""

from __future__ import annotations

from collections.abc import Iterable

from studio import billing, catalogue, params
from studio.errors import UsageError
from studio.types import Alternative, Asked, Gateway, Offer


def alternatives(
    offers: Iterable[Offer], than: Offer, asked: Asked, gateway: Gateway
) -> tuple[Alternative, ...]:
    """The newest version of every other model, where the same wish binds to its form and has one price;
    cheapest first."""
    newest = {offer.model_id: offer for offer in offers}
    known = catalogue.models(asked.task_type)
    found = []
    for offer in newest.values():
        if offer.model_id == than.model_id or offer.problem:
            continue
        try:
            price, _ = billing.choose(offer, params.bind(offer, asked), asked.n, gateway)
        except UsageError:
            continue
        spec = catalogue.find(offer.model_id, known)
        found.append(Alternative(offer.name, spec.traits if spec else {}, price.amount))
    return tuple(sorted(found, key=lambda one: (one.amount is None, one.amount)))
