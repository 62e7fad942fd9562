"""PURE. When two values mean the same, what a typed word is as a value, and which shapes come nearest."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

TRUTHS = {"true": True, "false": False}


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same: 1K and 1k, true and "true", 14:6 and 21:9, 512 and 512px."""
    return bool(_canonical(one) == _canonical(other))


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Each value once, as first written; 1 and true are two, though Python finds them equal."""
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(_canonical(value), value)
    return tuple(found.values())


def typed(value: Any, like: Any) -> Any:
    """A value that was typed as text, as the kind that a form's own value is of: 7 where that is a number.
    Raises ValueError where it is none."""
    if not isinstance(value, str) or isinstance(like, str) or like is None:
        return value
    if isinstance(like, bool):
        if value.strip().casefold() not in TRUTHS:
            raise ValueError("true or false")
        return TRUTHS[value.strip().casefold()]
    if not isinstance(like, int | float):
        return value
    try:
        number = float(value)
        whole = int(value) if isinstance(like, int) else None
    except ValueError:
        raise ValueError("a whole number" if isinstance(like, int) else "a number") from None
    if not math.isfinite(number):
        raise ValueError("a number")
    return number if whole is None else whole


def nearest(value: Any, among: Iterable[Any]) -> tuple[Any, ...]:
    """The ratios, those whose shape comes nearest to this one first; () where it is no ratio itself."""
    asked = _canonical(value)
    if not isinstance(asked, Fraction) or not asked:
        return ()
    shapes = [(ratio, shape) for ratio in among if isinstance(shape := _canonical(ratio), Fraction) and shape]
    far = sorted(shapes, key=lambda pair: max(pair[1] / asked, asked / pair[1]))
    return tuple(ratio for ratio, _ in far)


def _canonical(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip().casefold().replace("：", ":")
    text = re.sub(r"(?<=\d)\s*[x×*]\s*(?=\d)", "x", text)
    ratio = re.fullmatch(r"(\d{1,9})\s*:\s*(\d{1,9})", text)
    if ratio and int(ratio[2]):
        return Fraction(int(ratio[1]), int(ratio[2]))  # 14:6 is 21:9; as text they would differ
    pixels = re.fullmatch(r"(\d+)px", text)
    return pixels[1] if pixels else text
