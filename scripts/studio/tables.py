"""PURE. The products of a vendor that has no live list: its forms and prices as the catalogue has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio import catalogue
from studio.catalogue import Vendor
from studio.form import Choice, FormField, Offer, Rule
from studio.types import Json, ModelSpec

LISTED = 40  # whole numbers between two bounds that are still listed one by one
SAMPLES = {"integer": 0, "number": 0.0, "string": ""}
ONE_AT_A_TIME = FormField(Choice("n", 1, (("1", 1),)))


def offers(vendor: Vendor, task_type: str, gateway: str) -> tuple[Offer, ...]:
    """What this vendor sells for a task type through a gateway; a model of which any name is passed on is not
    among them."""
    return tuple(
        offer(vendor, model, task_type)
        for model in vendor.models
        if task_type in model.task_types and model.gateway == gateway and not model.any_name
    )


def offer(vendor: Vendor, model: ModelSpec, task_type: str) -> Offer:
    schema = model.forms[task_type]
    idle = {name: row["const"] for name, row in schema["properties"].items() if "x-no-effect" in row}
    return Offer(
        model.id,
        model.id if model.version is None else model.version,
        model.name,
        form=(ONE_AT_A_TIME, *_fields(schema)),
        rules=tuple(_rule(row) for row in model.rates.get(task_type, ())),
        basis=f"table of {vendor.as_of}",
        idle=idle,
        schema=schema,
    )


def whole_form(model: ModelSpec, task_type: str) -> Json:
    """Everything that a model takes for a task type, for whoever writes a command: options, words, files."""
    made = catalogue.task_type(task_type, model)
    form = model.forms[task_type]
    files: Json = {}
    needed = ["prompt"] if made.prompt else []
    for rule in made.inputs:
        name = {"image": "input_images"}.get(rule.kind, f"input_{rule.kind}")
        least = max(1, rule.least)  # where it is named at all
        files[name] = {"type": "array", "items": {"type": "string"}, "minItems": least, "maxItems": rule.most}
        needed += [name] if rule.least else []
    prompt = {"type": "string", **({} if made.prompt_max is None else {"maxLength": made.prompt_max})}
    prompt |= {"pattern": r"\S"} if made.prompt else {}
    return {
        **form,
        "properties": {"prompt": prompt, **files, **form["properties"]},
        "required": [*needed, *form.get("required", ())],
    }


def _fields(schema: Json) -> Iterator[FormField]:
    for name, row in schema["properties"].items():
        if "x-no-effect" not in row:
            options = tuple((_written(value), value) for value in values(row))
            like = SAMPLES.get(row.get("type", ""))
            yield FormField(Choice(name, row.get("default"), options, like))


def values(row: Json) -> tuple[Any, ...]:
    """Every value that is taken, where they can be listed."""
    if row.get("type") == "boolean":
        return (True, False)
    least, most = row.get("minimum", 0), row.get("maximum", LISTED)
    if row.get("type") == "integer" and "enum" not in row and most - least < LISTED:
        return tuple(range(least, most + 1))
    return tuple(row.get("enum", ()))


def _rule(row: Json) -> Rule:
    return Rule(None, row["steps"], row["when"], row.get("per"), row.get("basis"))


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
