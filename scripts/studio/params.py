"""PURE. `read` turns words into values, offline; `bind` lays them onto a live form.

A form says what a model takes. A virtual field is a control that a person sees (aspect ratio) and that
becomes another parameter (size): its controls are asked for, its target is sent, never both.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
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
    for name in [name for name, value in options.items() if value in (None, "")]:
        raise UsageError(f"{name} was given without a value.")
    given = {name: _word(name, value) for name, value in options.items()}
    return Asked(task_type=task_type, prompt=prompt, n=n, options=given)


def bind(offer: Offer, asked: Asked) -> Resolved:
    """Every asked option finds the one place it belongs to, or stops with what is possible."""
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    applied: dict[str, Any] = {}
    unplaced = set(asked.options)
    for form_field in offer.form:
        names = _names(form_field)
        if RESERVED & names:
            continue
        made = (_virtual if form_field.ui else _plain)(offer, form_field, asked.options)
        _lay(offer, made, values, origin)
        unplaced -= names
        applied.update(made.applied)
    for name in [name for name in asked.options if name in unplaced]:
        allowed = _rule_values(offer, name)
        if not allowed:
            raise _no_such_option(offer, name)
        values[name] = _pick(offer, name, asked.options[name], allowed)
        origin[name] = "asked"
    return Resolved(values=values, origin=origin, applied=applied)


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same to a vendor that writes 1K and 1k, true and "true"."""
    return bool(_canonical(one) == _canonical(other))


def accepts(offer: Offer) -> Mapping[str, tuple[Any, ...]]:
    """Option -> the values a person may ask for; empty where any value goes."""
    found: dict[str, tuple[Any, ...]] = {}
    for form_field in offer.form:
        sent = replace(form_field.control, name=form_field.target or form_field.control.name)
        for control in (*form_field.ui, sent):
            if control.options or not form_field.ui:
                listed = tuple(value for _, value in control.options)
                found[control.name] = (*found.get(control.name, ()), *listed)
    for rule in offer.rules:
        for name in rule.attributes:
            found.setdefault(name, _rule_values(offer, name))
    return found


def _names(form_field: FormField) -> set[str]:
    """What a person may ask for by this field."""
    return {form_field.target or form_field.control.name, *(control.name for control in form_field.ui)}


def _lay(offer: Offer, made: Resolved, values: dict[str, Any], origin: dict[str, str]) -> None:
    """Add one field's values. Where a form has two fields for one parameter, no default replaces what was
    asked, and two wishes that differ contradict each other."""
    for name, value in made.values.items():
        if origin.get(name) == made.origin[name] == "asked" and not same(values[name], value):
            raise UsageError(
                f"{offer.name} would take {name} both as {values[name]} and as {value}.", kind="contradiction"
            )
        if origin.get(name) != "asked":
            values[name], origin[name] = value, made.origin[name]


def _plain(offer: Offer, form_field: FormField, asked: Mapping[str, Any]) -> Resolved:
    control = form_field.control
    if control.name in asked:
        value = _choose(offer, control, asked[control.name])
        return Resolved({control.name: value}, {control.name: "asked"})
    if control.default is None:
        return Resolved({}, {})
    return Resolved({control.name: control.default}, {control.name: "default"})


def _virtual(offer: Offer, form_field: FormField, asked: Mapping[str, Any]) -> Resolved:
    """The group of UI controls -> the one parameter that is sent. Controls that were not asked for take
    their defaults; a control and its target asked for at once contradict each other and stop."""
    target = form_field.target
    controls = {control.name: control for control in form_field.ui}
    direct = target if target in asked and target not in controls else None
    chosen = {
        name: _choose(offer, control, asked[name]) for name, control in controls.items() if name in asked
    }
    if direct and chosen:
        raise UsageError(
            f"{_listed(['--' + name.replace('_', '-') for name in (direct, *chosen)])} set the same field of "
            f"{offer.name}: give one of them.",
            kind="contradiction",
        )
    if direct:
        value = _choose(offer, replace(form_field.control, name=target), asked[target])
        return Resolved({target: value}, {target: "asked"})
    group = {name: chosen.get(name, control.default) for name, control in controls.items()}
    value = _mapped(form_field, group, chosen)
    if value is None:
        if chosen:
            raise UsageError(
                f"{offer.name} has no {target} for {_pairs(group)}.",
                kind="unsupported_option",
                detail=f"It takes {_listed(_pairs(sources) for sources, _ in form_field.mapping)}.",
            )
        default = form_field.control.default
        return Resolved({} if default is None else {target: default}, {target: "default"})
    source = "asked" if chosen else "default"
    return Resolved({target: value}, {target: source}, applied=group)


def _mapped(form_field: FormField, group: Mapping[str, Any], chosen: Collection[str]) -> Any:
    """The target's value; never from a row that leaves out what was asked."""
    for sources, target_value in form_field.mapping:
        if set(chosen) <= set(sources) and all(
            name in group and same(group[name], value) for name, value in sources.items()
        ):
            return target_value.replace("×", "x") if isinstance(target_value, str) else target_value
    return None


def _choose(offer: Offer, control: Choice, value: Any) -> Any:
    """The control's own spelling of a value; any value where the control lists none."""
    if not control.options:
        return value
    values = tuple(option for _, option in control.options)
    labelled = [option for label, option in control.options if same(value, label)]
    if labelled and not any(same(value, option) for option in values):  # a label may be another's value
        return labelled[0]
    return _pick(offer, control.name, value, values)


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
        detail=f"It takes {_listed(map(_with_values, known.items())) or 'no options'}.",
    )


def _rule_values(offer: Offer, name: str) -> tuple[Any, ...]:
    """The values that the prices name, each once; 1 and true are two, though Python finds them equal."""
    found: dict[Any, Any] = {}
    for rule in offer.rules:
        if name in rule.attributes:
            found.setdefault(_canonical(rule.attributes[name]), rule.attributes[name])
    return tuple(found.values())


def _canonical(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip().casefold().replace("×", "x").replace("：", ":")
    ratio = re.fullmatch(r"(\d{1,9}):(\d{1,9})", text)
    if ratio and int(ratio[2]):
        return Fraction(int(ratio[1]), int(ratio[2]))  # 14:6 is 21:9; as text they would differ
    return text


def _word(name: str, value: Any) -> Any:
    words = _words().get(name, {})
    return words.get(str(value).strip().casefold(), value) if isinstance(value, str | int) else value


@functools.cache
def _words() -> Mapping[str, Mapping[str, Any]]:
    return catalogue.load("words.json")


def _pairs(group: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in group.items())


def _with_values(option: tuple[str, tuple[Any, ...]]) -> str:
    name, values = option
    return f"{name} ({', '.join(map(str, values))})" if values else name


def _listed(names: Iterable[str]) -> str:
    *most, last = list(names) or [""]
    return f"{', '.join(most)} or {last}" if most else last
