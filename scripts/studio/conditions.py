"""PURE. What a form demands beyond its single values: bounds, what is required, what excludes what. The form
is a JSON Schema of the catalogue; each of its conditions (`allOf`) says in words what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.errors import UsageError
from studio.form import Offer
from studio.options import flag
from studio.types import Json


def check(offer: Offer, values: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    """Raises UsageError. `values`: what will be sent; `inputs`: the files beside it, as input_images and so
    on, for the conditions that are about those."""
    schema = offer.schema
    if not schema:
        return
    for name, row in schema["properties"].items():
        if name in values and "x-no-effect" not in row and not _fits(row, values[name]):
            raise _out_of_bounds(offer, name, values[name], row)
    for name in schema.get("required", ()):
        if name not in values:
            raise UsageError(
                f"{offer.name} needs {flag(name)}.",
                kind="option_needed",
                detail=schema["properties"][name].get("description"),
                about={"model": offer.name, "asked": name},
            )
    for condition in schema.get("allOf", ()):
        if not _fits(condition, {**inputs, **values}):
            raise _unmet(offer, condition, values)


def _fits(schema: Json, value: Any) -> bool:
    from jsonschema import Draft202012Validator

    return bool(Draft202012Validator(schema).is_valid(value))


def _out_of_bounds(offer: Offer, name: str, value: Any, row: Json) -> UsageError:
    bounds = ", ".join(words.format(row[key]) for key, words in WORDS.items() if key in row)
    taken = "; ".join(filter(None, (row.get("description"), bounds)))
    said = str(value) if len(str(value)) <= LONGEST else f"{str(value)[:LONGEST]}…"
    return UsageError(
        f"{offer.name} does not take {name} {said}.",
        kind="unsupported_option",
        detail=f"{name}: {taken}.",
        about={"model": offer.name, "asked": f"{name} {said}"},
    )


def _unmet(offer: Offer, condition: Json, values: Mapping[str, Any]) -> UsageError:
    name = condition["x-option"]
    return UsageError(
        f"{offer.name}: {condition['description']}.",
        kind=condition.get("x-kind", "unsupported_option"),
        detail=f"Leave out {flag(name)}, or change what goes with it." if name in values else None,
        about={"model": offer.name, "asked": name},
    )


LONGEST = 60  # signs of a value that are still told
WORDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} signs",
    "maxLength": "at most {} signs",
}
"""A bound -> how it is said; what a pattern asks for, its description says."""
