"""One product of IMA (a leaf of its tree): what it takes, what its rules ask for, what pixels come out."""

import re
from typing import Any

from sandbox.ima_products import Node, facts

EXACT_SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")
RATIO = re.compile(r"([1-9]\d{0,3}):([1-9]\d{0,3})")
LONGEST_SIDE = 8192  # pixels; more is not drawn
MARKER = "default"  # {"default": "enabled"} marks the fallback rule; it is no parameter


def parameters(leaf: Node) -> dict[str, list[Any] | None]:
    """Backend parameter -> the values it takes, None where any will do. The controls of a virtual field are
    none: its target is. Values come from options, mappings, the form's own value, and the price rules."""
    taken: dict[str, list[Any] | None] = {}
    for field in _form(leaf):
        _add(taken, _target(field), _values(field))
    for rule in leaf["credit_rules"]:
        for name, value in conditions(rule).items():
            _add(taken, name, [value])
    return taken


def conditions(rule: Node) -> Node:
    """What must be sent for a price rule to hold; nothing for the one marked default."""
    return {name: value for name, value in (rule.get("attributes") or {}).items() if name != MARKER}


def in_form(leaf: Node, name: str) -> bool:
    """Has the form a field for this backend parameter?"""
    return any(_target(field) == name for field in _form(leaf))


def same(one: Any, other: Any) -> bool:
    """Forms and rules write one value in several ways (contract 1.2): 1K or 1k, true or "true", 5 or "5"."""
    return _plain(one) == _plain(other)


def pixels(leaf: Node, asked: Node) -> tuple[int, int]:
    """Width and height that are delivered for the inner parameters of a create body.

    Which side a tier names when there is a ratio is documented nowhere: here it is the longer one.
    Midjourney's two tiers are both 1024x1024 (the document: a fixed square). What says nothing about pixels,
    or more of them than can be drawn, is the default size.
    """
    size = _plain(_value(leaf, asked, "size"))
    exact = EXACT_SIZE.fullmatch(size)
    if exact and all(1 <= int(side) <= LONGEST_SIDE for side in exact.groups()):
        return int(exact[1]), int(exact[2])
    longer = facts()["tier_pixels"].get(size, facts()["usual_side"])
    ratio = RATIO.fullmatch(_plain(_value(leaf, asked, "aspect_ratio")))
    wide, high = (int(ratio[1]), int(ratio[2])) if ratio else (1, 1)
    return max(1, round(longer * wide / max(wide, high))), max(1, round(longer * high / max(wide, high)))


def _value(leaf: Node, asked: Node, name: str) -> Any:
    """What was sent, or else the form's own value; None where neither says anything."""
    if asked.get(name) is not None:
        return asked[name]
    return next((field.get("value") for field in _form(leaf) if _target(field) == name), None)


def _form(leaf: Node) -> list[Node]:
    return leaf.get("form_config") or []


def _target(field: Node) -> str:
    """The backend parameter that a field sets: for a virtual one its mapping may name another."""
    mapping = field.get("value_mapping") or {}
    return str((field.get("is_ui_virtual") and mapping.get("target_param")) or field["field"])


def _values(field: Node) -> list[Any] | None:
    """The values that a field sends; None where it lists none."""
    mapping = (field.get("value_mapping") or {}) if field.get("is_ui_virtual") else {}
    listed = [option["value"] for option in field.get("options") or ()]
    listed += [rule["target_value"] for rule in mapping.get("mapping_rules") or ()]
    if not listed:
        return None
    return listed if field.get("value") is None else [*listed, field["value"]]


def _add(taken: dict[str, list[Any] | None], name: str, values: list[Any] | None) -> None:
    known = taken.get(name, [])
    taken[name] = None if known is None or values is None else [*known, *values]


def _plain(value: Any) -> str:
    """Text to compare by: whole numbers without a point, the multiplication sign as the letter x."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).casefold().replace("×", "x")
