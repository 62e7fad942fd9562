"""PURE. What a purchase is, as something that can be compared: the terms that a person says yes to, the
fingerprint by which a second purchase of the same is known, and the difference between two."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from studio.types import Gateway, Json, Plan, Source


def terms(plan: Plan, gateway: Gateway) -> Json:
    """What is bought, whole: every parameter, the inputs by their content, and the price. The attribute id
    is the vendor's way to say the price, and no part of what is agreed."""
    amount = plan.billing.amount
    return {
        **_what(plan),
        "price": None if amount is None else gateway.unit.amount(amount),
        "unit": plan.billing.unit,
    }


def fingerprint(plan: Plan, row: str | None = None) -> str:
    """The same for two purchases of the same thing by the same user, whatever they cost. `row`: of a batch,
    where four equal rows are four purchases."""
    what = {**_what(plan), "user_id": plan.user_id}
    return digest(what if row is None else {**what, "row": row})


def digest(value: Json) -> str:
    import hashlib

    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def inputs_of(inputs: tuple[Source, ...]) -> list[str]:
    """Inputs by what they are, not by what they are called: digests, and links as they stand."""
    return [source.sha256 or str(source.url) for source in inputs]


def difference(before: Json, after: Json) -> list[Json]:
    """Every term that is not what it was: {"what", "before", "after"}."""
    return [
        {"what": name, "before": one, "after": other}
        for name, one, other in _pairs(before, after)
        if one != other
    ]


def asked_difference(before: Plan, after: Plan, gateway: Gateway) -> list[Json]:
    """The same for two plans of one wish, made from two states of a live list: what was asked for, the model
    and the price. What nobody asked for may change: the vendor's defaults, and what a price rule sets."""
    return difference(_asked(before, gateway), _asked(after, gateway))


def _what(plan: Plan) -> Json:
    """The prompt by its digest: what is only asked about is not written down."""
    return {
        "gateway": plan.gateway,
        "task_type": plan.task_type,
        "model": plan.model.id,
        "version": plan.model.version,
        "prompt": plan.prompt and digest({"prompt": plan.prompt})[:12],
        "n": plan.n,
        "parameters": {name: value for name, value in plan.values.items() if not name.startswith("_")},
        "inputs": inputs_of(plan.inputs),
    }


def _asked(plan: Plan, gateway: Gateway) -> Json:
    asked = {name: value for name, value in plan.values.items() if plan.origin.get(name) == "asked"}
    return {**terms(plan, gateway), "parameters": {**asked, **plan.applied}}


def _pairs(before: Json, after: Json) -> Iterator[tuple[str, Any, Any]]:
    for name in before | after:
        one, other = before.get(name), after.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from ((each, one.get(each), other.get(each)) for each in {**one, **other})
        else:
            yield name, one, other
