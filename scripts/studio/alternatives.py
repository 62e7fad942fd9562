"""PURE. Which other models of a list make just what was asked for, and at what price."""

from __future__ import annotations

from collections.abc import Iterable

from studio import billing, catalogue, params
from studio.errors import UsageError
from studio.types import Alternative, Asked, Gateway, Offer

CANNOT = frozenset({"unsupported_option", "misnamed_option", "contradiction"})


def alternatives(
    offers: Iterable[Offer], than: Offer, asked: Asked, gateway: Gateway
) -> tuple[tuple[Alternative, ...], bool]:
    """The newest version of every other model, where the same wish binds to its form and has one price;
    cheapest first. And whether it is certain that nothing in the list can do it: an older version can, or an
    entry that cannot be read or has no clear price might."""
    others = [offer for offer in offers if offer.model_id != than.model_id]
    newest = {offer.model_id: offer for offer in others}
    found = []
    nobody = True
    for offer in others:
        if offer.problem:
            nobody = False
            continue
        try:
            price, _ = billing.choose(offer, params.bind(offer, asked), asked.n, gateway)
        except UsageError as no:
            nobody = nobody and no.kind in CANNOT
            continue
        nobody = False
        if newest[offer.model_id] is offer:
            spec = catalogue.by_id(offer.model_id)
            found.append(Alternative(offer.model_id, offer.name, spec.traits if spec else {}, price.amount))
    return tuple(sorted(found, key=lambda one: (one.amount is None, one.amount))), nobody
