"""PURE. When two values mean the same, what a typed word is as a value, and which shapes come nearest."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from typing import Any

TRUTHS = {"true": True, "false": False}
TIMES = re.compile(r"(?<=\d)\s*[x×*]\s*(?=\d)")
UNIT = re.compile(r"(?<=\d)\s+(?=[a-z]{1,2}$)")
RATIO = re.compile(r"(\d{1,9})\s*[:/∶]\s*(\d{1,9})")
NUMBER = re.compile(r"([+-]?\d{1,30}(?:\.\d{1,30})?)(?:px)?")


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same: 1K and 1k, true and "true", 1.0 and "1", 14:6 and 21:9, 512 and
    512px."""
    return bool(_canonical(one) == _canonical(other))


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Each value once, as first written; 1 and true are two, though Python finds them equal."""
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(_canonical(value), value)
    return tuple(found.values())


def typed(value: Any, like: Any) -> Any:
    """A value as the kind that a form's own value is of: 7 where that is a number and "7" was typed. Raises
    ValueError, which names the kind, where it is none."""
    if isinstance(like, bool):
        truth = value if isinstance(value, bool) else TRUTHS.get(str(value).strip().casefold())
        if truth is None:
            raise ValueError("true or false")
        return truth
    if isinstance(like, int | float):
        return _number(value)
    if like is not None and isinstance(value, dict | list):
        raise ValueError("text")
    return value


def nearest(value: Any, among: Iterable[Any]) -> tuple[Any, ...]:
    """The ratios, those whose shape comes nearest to this one first; () where it is no ratio itself."""
    asked = _shape(value)
    if not asked:
        return ()
    shapes = [(ratio, shape) for ratio in among if (shape := _shape(ratio))]
    far = sorted(shapes, key=lambda pair: max(pair[1] / asked, asked / pair[1]))
    return tuple(ratio for ratio, _ in far)


def _canonical(value: Any) -> Any:
    """What two ways of writing one value have in common. A ratio is never a number: 2:1 is not 2."""
    if isinstance(value, bool):
        return str(value).lower()
    text = _text(value)
    shape = _shape(text)
    if shape is not None:
        return ("ratio", shape)  # 14:6 is 21:9; as text they would differ
    number = NUMBER.fullmatch(text)
    return Fraction(number[1]) if number else text


def _shape(value: Any) -> Fraction | None:
    """Width by height, where a value is a ratio."""
    ratio = RATIO.fullmatch(_text(value))
    return Fraction(int(ratio[1]), int(ratio[2])) if ratio and int(ratio[2]) else None


def _text(value: Any) -> str:
    text = unicodedata.normalize("NFKC", str(value)).strip().casefold()
    return UNIT.sub("", TIMES.sub("x", text))


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    for kind in (int, float) if isinstance(value, str) else ():
        with suppress(ValueError):
            number: int | float = kind(value)
            if math.isfinite(number):
                return number
    raise ValueError("a number")
