"""PURE. Which other models of a list make just what was asked for, and at what price."""

from __future__ import annotations

from collections.abc import Collection

from studio import billing, catalogue, params
from studio.errors import UsageError
from studio.types import Alternative, Asked, Gateway, ModelSpec, Offer

MOST = 2
CANNOT = frozenset({"unsupported_option", "same_field", "contradiction"})


def alternatives(
    offers: Collection[Offer], than: Offer, asked: Asked, gateway: Gateway
) -> tuple[tuple[Alternative, ...], bool]:
    """The newest version of every other model, where the same wish binds to its form and has one price;
    cheapest first. And whether it is certain that nothing else in the list can do it: another version can, or
    an entry might that cannot be read, has no clear price, calls it otherwise or makes another number."""
    newest = {offer.model_id: offer for offer in offers}
    found = []
    nobody = True
    for offer in [offer for offer in offers if offer != than]:
        if offer.problem or stands_twice(offer, offers):
            nobody = False
            continue
        try:
            price, _ = billing.choose(offer, params.bind(offer, asked), asked.n, gateway)
        except UsageError as no:
            nobody = nobody and no.kind in CANNOT and no.about.get("asked") != params.times(asked.n)
            continue
        nobody = False
        if newest[offer.model_id] is offer and offer.model_id != than.model_id:
            spec = catalogue.by_id(offer.model_id, gateway.id)
            found.append(Alternative(offer.model_id, offer.name, spec.traits if spec else {}, price.amount))
    return tuple(sorted(found, key=lambda one: (one.amount is None, one.amount))), nobody


def to_try(found: Collection[Alternative], instead_of: ModelSpec) -> tuple[Alternative, ...]:
    """At most two of these, in the order in which the catalogue would try them."""
    order = instead_of.alternatives
    wanted = sorted(found, key=lambda one: order.index(one.id) if one.id in order else len(order))
    return tuple(wanted[:MOST])


def stands_twice(offer: Offer, offers: Collection[Offer]) -> bool:
    """Whether a list has another entry for just this version: nobody knows which of them counts."""
    version = (offer.model_id, offer.version)
    return any((other.model_id, other.version) == version and other != offer for other in offers)
