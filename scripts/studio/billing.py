"""PURE. Which one rule of a price list holds for what will be sent, and what the whole job costs.

There is no fallback and no "first rule": exactly one rule, all of whose attributes equal the values that
are sent, or an error that lists the nearest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.errors import UsageError
from studio.form import LIVE, Offer, Resolved, Rule
from studio.frozen import replace
from studio.types import Billing, Gateway
from studio.values import alike


def choose(offer: Offer, resolved: Resolved, n: int, gateway: Gateway) -> tuple[Billing, Resolved]:
    """The most specific rule that matches in full -> its price for n outputs, and the values with the
    rule's own spelling (1K, not 1k). Points are per output: n outputs are charged n times. A table of the
    catalogue that has no such rule leaves the price unknown; a live list that has none sells it not."""
    sent = {**resolved.values, "n": n}
    matching = [rule for rule in offer.rules if _holds(rule, sent)]
    best = max((len(rule.attributes) for rule in matching), default=None)
    specific = [rule for rule in matching if len(rule.attributes) == best]
    chosen = list({(rule.attribute_id, rule.points): rule for rule in specific}.values())
    if not chosen and offer.basis != LIVE:
        return Billing(None, None, None, gateway.unit.name, "unknown"), resolved
    if len(chosen) != 1:
        raise _no_single_rule(offer, sent, chosen, gateway)
    rule = chosen[0]
    if rule.attribute_id is not None and rule.attribute_id <= 0:
        raise UsageError(
            f"{offer.name} cannot be bought now: the live list has no valid price for it.",
            kind="no_rule",
            detail="The list carries attribute_id 0. Try again later, or choose another model.",
            about={"model": offer.name},
        )
    each = rule.points * int(sent[rule.per]) if rule.per else rule.points
    billing = Billing(
        attribute_id=rule.attribute_id,
        per_unit=each,
        amount=each * n,
        unit=gateway.unit.name,
        basis=", ".join(filter(None, (offer.basis, rule.basis))),
    )
    return billing, replace(resolved, values={**resolved.values, **rule.attributes})


def _holds(rule: Rule, sent: Mapping[str, Any]) -> bool:
    return all(name in sent and alike(sent[name], value) for name, value in rule.attributes.items())


def _no_single_rule(
    offer: Offer, sent: Mapping[str, Any], chosen: list[Rule], gateway: Gateway
) -> UsageError:
    problem = "more than one price" if chosen else "no price"

    def contradictions(rule: Rule) -> int:
        return sum(not alike(sent.get(name), value) for name, value in rule.attributes.items())

    nearest = chosen or sorted(offer.rules, key=contradictions)[:3]
    rows = "; ".join(
        f"{', '.join(f'{name} {value}' for name, value in rule.attributes.items()) or 'default'}: "
        f"{gateway.unit.amount(rule.points)} {gateway.unit.name}"
        for rule in nearest
    )
    return UsageError(
        f"The live list has {problem} for exactly this on {offer.name}, so it was not bought.",
        kind="no_rule",
        detail=f"Nearest: {rows}." if rows else "The list has no prices for this model.",
        about={"model": offer.name},
    )
