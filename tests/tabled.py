"""What is sold by a table of the catalogue, laid out as the command lays it out: what the tests of prices and
of forms share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from studio import catalogue, conditions, params, planning, tables, wishes
from studio.errors import UsageError
from studio.form import Offer, Resolved
from studio.types import ModelSpec, Plan
from studio.wishes import Wish

GATEWAY = next(made for made in catalogue.gateways() if made.id == "imagine-future")
MODELS = {model.id: model for model in catalogue.models() if model.gateway == GATEWAY.id}
SECONDS: Mapping[str, tuple[int, ...]] = {
    "viduq3-pro": tuple(range(1, 17)),
    "viduq3-turbo": tuple(range(1, 17)),
    "viduq2": tuple(range(1, 11)),
    "viduq1": (5,),
}


def offer_of(model: ModelSpec, task_type: str) -> Offer:
    return tables.offer(catalogue.vendor(model.provider), model, task_type)


def files_of(task_type: str) -> dict[str, list[str]]:
    """As few as are needed, under the names that conditions have for them."""
    made: dict[str, list[str]] = {}
    for vendor in catalogue.vendors():
        for rule in vendor.task_types[task_type].inputs if task_type in vendor.task_types else ():
            name = "input_images" if rule.kind == "image" else f"input_{rule.kind}"
            made[name] = ["x"] * rule.least
    return {name: files for name, files in made.items() if files}


def bound(id: str, task_type: str, files: Mapping[str, Any] | None = None, /, **options: Any) -> Resolved:
    """What is sent for these options. Raises UsageError where the model does not take them."""
    model, given = MODELS[id], files_of(task_type) if files is None else files
    offer = offer_of(model, task_type)
    asked = replace(params.read(task_type, "x", 1, options), files=given)
    resolved = params.bind(offer, asked, model.options, model.always)
    conditions.check(offer, resolved.values, asked.files)
    return resolved


def draft(**words: Any) -> Plan:
    """The plan of a wish as the command makes it; the inputs are not looked at."""
    wish = Wish(**{"prompt": "a lighthouse", **words})
    task_type = wishes.task_type_of(wish)
    model = wishes.model_of(wish, task_type, {GATEWAY.id})
    made = wishes.of_vendor(task_type, model, wish)
    vendor = catalogue.vendor(model.provider)
    return planning.draft(
        wish,
        task_type=made,
        model=model,
        gateway=GATEWAY,
        inputs=(),
        offers_of=lambda model, id: tables.offers(vendor, id, model.gateway),
    )


def no(what: Any) -> UsageError:
    with pytest.raises(UsageError) as stopped:
        what()
    return stopped.value
