"""PURE. When two values are one, what a typed word is as a value, and which shapes come nearest.

There are three degrees. `written`: one value however JSON types it, to see that nothing was asked twice.
`alike`: what a vendor writes now so, now so, to compare what is sent with a price list. `same`: what a person
means, to find the wish among a form's options.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fractions import Fraction

TRUTHS = {"true": True, "false": False}
TIMES = re.compile(r"(?<=\d)\s*[x×*]\s*(?=\d)")
UNIT = re.compile(r"(?<=\d)\s+(?=[a-z]{1,2}$)")
RATIO = re.compile(r"(\d{1,9})\s*[:/∶比]\s*(\d{1,9})")
STEP = re.compile(r"(\d{1,4})k|\d{3,4}(?:px|p)?")
NUMBER = re.compile(r"([+-]?\d{1,30}(?:\.\d{1,30})?)(?:px)?")
FULL_WIDTH = {0x3000: " ", **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}}


def written(value: Any) -> Any:
    """A value as one writes it: true for True, 1 for 1.0, without blanks around; None stays None."""
    if value is None:
        return None
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    return text.casefold() if text.casefold() in TRUTHS else text


def alike(one: Any, other: Any) -> bool:
    """Whether a vendor means one value: 1K and 1k, true and "true", 1.0 and "1", × and x."""
    return bool(_plain(one) == _plain(other))


def same(one: Any, other: Any) -> bool:
    """Whether a person means one value: what is alike, and 14:6 and 21:9, 512 and 512px, 2.50 and 2.5."""
    return bool(_canonical(one) == _canonical(other))


def matches(value: Any, among: Iterable[Any]) -> list[Any]:
    """Those that are written so; if there is none, those that are alike; if there is none, the same."""
    options = list(among)
    exactly = [one for one in options if written(one) == written(value)]
    nearly = exactly or [one for one in options if alike(one, value)]
    return nearly or [one for one in options if same(one, value)]


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Each value once, as first written; 1 and true are two, though Python finds them equal."""
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(_plain(value), value)
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
    if isinstance(like, str) and isinstance(value, bool | dict | list):
        if isinstance(value, bool) and like.casefold() in TRUTHS:
            return written(value)
        raise ValueError("text")
    if isinstance(like, dict | list) and not isinstance(value, type(like)):
        raise ValueError("a list" if isinstance(like, list) else "an object")
    return str(value) if isinstance(like, str) else value


def nearest(value: Any, among: Iterable[Any]) -> tuple[Any, ...]:
    """The ratios, those whose shape comes nearest to this one first; () where it is no ratio itself."""
    asked = _shape(value)
    if not asked:
        return ()
    shapes = [(ratio, shape) for ratio in among if (shape := _shape(ratio))]
    far = sorted(shapes, key=lambda pair: max(pair[1] / asked, asked / pair[1]))
    return tuple(ratio for ratio, _ in far)


def is_ratio(value: Any) -> bool:
    return _shape(value) is not None


def is_size_step(value: Any) -> bool:
    """Whether a value can only be how large a picture is: 4K, 512, 720p."""
    return STEP.fullmatch(_text(value)) is not None


def thousands(value: Any) -> int:
    """8 for 8K; 0 for what is no such step."""
    step = STEP.fullmatch(_text(value))
    return int(step[1] or 0) if step else 0


def _canonical(value: Any) -> Any:
    """What the ways of writing one value have in common. A ratio is never a number: 2:1 is not 2."""
    if value is None or isinstance(value, bool):
        return written(value)
    text = _text(value)
    shape = _shape(text)
    if shape is not None:
        return ("ratio", shape)  # 14:6 is 21:9; as text they would differ
    from fractions import Fraction

    number = NUMBER.fullmatch(text)
    return Fraction(number[1]) if number else text


def _plain(value: Any) -> Any:
    text = written(value)
    return text if text is None else text.casefold().replace("×", "x")


def _shape(value: Any) -> Fraction | None:
    """Width by height, where a value is a ratio."""
    from fractions import Fraction

    ratio = RATIO.fullmatch(_text(value))
    return Fraction(int(ratio[1]), int(ratio[2])) if ratio and int(ratio[2]) else None


def _text(value: Any) -> str:
    text = str(value).translate(FULL_WIDTH).strip().casefold()
    return UNIT.sub("", TIMES.sub("x", text))


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    for kind in (int, float) if isinstance(value, str) else ():
        with suppress(ValueError, OverflowError):
            number: int | float = kind(value)
            if math.isfinite(number):
                return number
    raise ValueError("a number")
