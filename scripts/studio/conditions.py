"""PURE. What a form demands beyond its single values: bounds, what is required, what excludes what. The form
is a JSON Schema of the catalogue; each of its conditions (`allOf`) says in words what it holds."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from studio import placing, tables
from studio.addresses import NotPublic, check_form
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
            raise _unmet(offer, condition, values, inputs)


def _fits(schema: Json, value: Any) -> bool:
    from jsonschema import Draft202012Validator

    return bool(Draft202012Validator(schema, format_checker=_formats()).is_valid(value))


@functools.cache
def _formats() -> Any:
    """What a form's `format` can ask for."""
    from jsonschema import FormatChecker

    formats = FormatChecker(formats=())
    formats.checks("public-link")(lambda value: not _why_not_public(value))
    return formats


def _why_not_public(value: Any) -> str:
    """What is wrong with a link, by its form; nothing where it is fine, or is told by its type."""
    try:
        return "" if not isinstance(value, str) or check_form(value) else "is no link"
    except NotPublic as no:
        return no.why


def _out_of_bounds(offer: Offer, name: str, value: Any, row: Json) -> UsageError:
    bounds = ", ".join(words.format(row[key]) for key, words in WORDS.items() if key in row)
    taken = "; ".join(filter(None, (row.get("description"), bounds)))
    said = str(value) if len(str(value)) <= LONGEST else f"{str(value)[:LONGEST]}…"
    why = _why_not_public(value) if row.get("format") == "public-link" else ""
    if why:
        return UsageError(
            f"The link {said} of {flag(name)} cannot be used: it {why}.",
            kind="bad_link",
            detail=f"{name}: {taken}.",
        )
    return UsageError(
        f"{offer.name} does not take {name} {said}.",
        kind="unsupported_option",
        detail=f"{name}: {taken}.",
        about={"model": offer.name, "asked": f"{name} {said}"},
    )


def _unmet(offer: Offer, condition: Json, values: Mapping[str, Any], inputs: Mapping[str, Any]) -> UsageError:
    name = condition["x-option"]
    spoken_of = set(_named(condition))
    together = [other for other in offer.schema["properties"] if other in spoken_of and other in values]
    listed = not any(isinstance(values[other], bool) for other in together)  # those are said or left out
    near = tuple(dict.fromkeys(_near(offer, together, values, inputs))) if listed else ()
    change = f"Leave out {flag(name)}, or change what goes with it." if name in values else None
    return UsageError(
        f"{offer.name}: {condition['description']}.",
        kind=condition.get("x-kind", "unsupported_option"),
        detail=f"It makes {' or '.join(near)}." if near else change,
        about={"model": offer.name, "asked": _said(together, values) if near else name},
        instead=near,
    )


def _named(condition: Any) -> Iterator[str]:
    """The options that a condition speaks of."""
    if isinstance(condition, dict):
        yield from condition.get("properties", ())
        for part in condition.values():
            yield from _named(part)


def _near(
    offer: Offer, names: list[str], values: Mapping[str, Any], inputs: Mapping[str, Any]
) -> Iterator[str]:
    """What is possible with one of these options changed: of a number the nearest, else every value."""
    schema = offer.schema
    for name in names:
        asked = values[name]
        possible = [one for one in tables.values(schema["properties"][name]) if one != asked]
        if isinstance(asked, int):
            possible.sort(key=lambda one: abs(one - asked))
        tried = [{**values, name: one} for one in possible]
        legal = [one for one in tried if all(_fits(row, {**inputs, **one}) for row in schema["allOf"])]
        for one in legal[:1] if isinstance(asked, int) else legal:
            yield _said(names, one)


def _said(names: list[str], values: Mapping[str, Any]) -> str:
    return " + ".join(placing.said(name, values[name]) for name in names)


LONGEST = 60  # signs of a value that are still told
WORDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} signs",
    "maxLength": "at most {} signs",
}
"""A bound -> how it is said; what a pattern asks for, its description says."""
