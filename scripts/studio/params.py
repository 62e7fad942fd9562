"""PURE. `read` turns words into values, offline; `bind` lays them onto a live form.

A form says what a model takes. A virtual field is a control that a person sees (aspect ratio) and that
becomes another parameter (size): its controls are asked for, its target is sent, never both.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from studio import catalogue
from studio.errors import UsageError
from studio.types import Asked, Choice, FormField, Offer, Resolved

RESERVED = frozenset({"prompt", "n", "input_images", "cast", "default"})
"""Parameters that have an option of their own, or that only we may set."""


def read(
    task_type: str,
    prompt: str | None,
    n: int,
    options: Mapping[str, Any],
) -> Asked:
    """The options that were given, as values: 横图 is 16:9, 512 is 512px. Needs no network."""
    for name in sorted(RESERVED & set(options)):
        raise UsageError(
            f"`{name}` cannot be set as a parameter.",
            kind="reserved_parameter",
            detail="Use its own option (--prompt, --n, --input-images).",
        )
    given = {name: _word(name, value) for name, value in options.items() if value is not None}
    return Asked(task_type=task_type, prompt=prompt, n=n, options=given)


def bind(offer: Offer, asked: Asked) -> Resolved:
    """Every asked option finds the one place it belongs to, or stops with what is possible."""
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    applied: dict[str, Any] = {}
    notes: list[str] = []
    left = dict(asked.options)
    for form_field in offer.form:
        if form_field.ui:
            made = _virtual(offer, form_field, left)
            applied.update(made.applied)
        else:
            made = _plain(offer, form_field, left)
        values.update(made.values)
        origin.update(made.origin)
        notes.extend(made.notes)
    for name in list(left):
        allowed = _rule_values(offer, name)
        if not allowed:
            raise _no_such_option(offer, name)
        values[name] = _pick(offer, name, left.pop(name), allowed)
        origin[name] = "asked"
    return Resolved(values=values, origin=origin, applied=applied, notes=tuple(notes))


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same to a vendor that writes 1K and 1k, true and "true"."""
    return bool(_canonical(one) == _canonical(other))


def accepts(offer: Offer) -> Mapping[str, tuple[Any, ...]]:
    """Option -> the values a person may ask for; empty where any value goes."""
    found: dict[str, tuple[Any, ...]] = {}
    for form_field in offer.form:
        for control in (*form_field.ui, form_field.control):
            if control.options or not form_field.ui:
                listed = tuple(value for _, value in control.options)
                found[control.name] = (*found.get(control.name, ()), *listed)
    for rule in offer.rules:
        for name in rule.attributes:
            found.setdefault(name, _rule_values(offer, name))
    return found


def _plain(offer: Offer, form_field: FormField, left: dict[str, Any]) -> Resolved:
    control = form_field.control
    if control.name in left:
        value = _choose(offer, control, left.pop(control.name))
        return Resolved({control.name: value}, {control.name: "asked"})
    if control.default is None:
        return Resolved({}, {})
    return Resolved({control.name: control.default}, {control.name: "default"})


def _virtual(offer: Offer, form_field: FormField, left: dict[str, Any]) -> Resolved:
    """The group of UI controls -> the one parameter that is sent. Controls that were not asked for take
    their defaults; a control and its target asked for at once contradict each other and stop."""
    target = form_field.target
    controls = {control.name: control for control in form_field.ui}
    direct = target if target in left and target not in controls else None
    chosen = {name: _choose(offer, control, left[name]) for name, control in controls.items() if name in left}
    if direct and chosen:
        raise UsageError(
            f"{_listed(['--' + name.replace('_', '-') for name in (direct, *chosen)])} set the same field of "
            f"{offer.name}: give one of them.",
            kind="contradiction",
        )
    if direct:
        value = _choose(offer, form_field.control, left.pop(target))
        return Resolved({target: value}, {target: "asked"})
    for name in chosen:
        del left[name]
    group = {name: chosen.get(name, control.default) for name, control in controls.items()}
    value = _mapped(form_field, group)
    if value is None:
        if chosen:
            raise UsageError(
                f"{offer.name} has no size for {_pairs(group)}.",
                kind="unsupported_option",
                detail=f"It takes {_listed(_pairs(sources) for sources, _ in form_field.mapping)}.",
            )
        default = form_field.control.default
        return Resolved({} if default is None else {target: default}, {target: "default"})
    source = "asked" if chosen else "default"
    return Resolved({target: value}, {target: source}, applied=group)


def _mapped(form_field: FormField, group: Mapping[str, Any]) -> Any:
    for sources, target_value in form_field.mapping:
        if all(name in group and same(group[name], value) for name, value in sources.items()):
            return target_value.replace("×", "x") if isinstance(target_value, str) else target_value
    return None


def _choose(offer: Offer, control: Choice, value: Any) -> Any:
    """The control's own spelling of a value; any value where the control lists none."""
    if not control.options:
        return value
    for label, option in control.options:
        if same(value, option) or same(value, label):
            return option
    return _pick(offer, control.name, value, tuple(option for _, option in control.options))


def _pick(offer: Offer, name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    for option in allowed:
        if same(value, option):
            return option
    raise UsageError(
        f"{offer.name} does not make {name} {value}.",
        kind="unsupported_option",
        detail=f"{name} can be {_listed(map(str, allowed))}.",
    )


def _no_such_option(offer: Offer, name: str) -> UsageError:
    known = accepts(offer)
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    return UsageError(
        f"{offer.name} has no option {name}, so it would change nothing.{hint}",
        kind="unsupported_option",
        detail=f"It takes {_listed(known) or 'no options'}.",
    )


def _rule_values(offer: Offer, name: str) -> tuple[Any, ...]:
    found = (rule.attributes[name] for rule in offer.rules if name in rule.attributes)
    return tuple(dict.fromkeys(found))


def _canonical(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip().casefold().replace("×", "x")
    left, colon, right = text.partition(":")
    if colon and left.isdigit() and right.isdigit() and int(right):
        return Fraction(int(left), int(right))  # 14:6 is 21:9; as text they would differ
    return text


def _word(name: str, value: Any) -> Any:
    words = _words().get(name, {})
    return words.get(str(value).strip().casefold(), value) if isinstance(value, str | int) else value


@functools.cache
def _words() -> Mapping[str, Mapping[str, Any]]:
    return catalogue.load("words.json")


def _pairs(group: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in group.items())


def _listed(names: Iterable[str]) -> str:
    *most, last = list(names) or [""]
    return f"{', '.join(most)} or {last}" if most else last
