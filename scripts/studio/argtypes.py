"""What the value of an option may be: text in, a value or argparse's error out."""

from __future__ import annotations

import argparse
import json
import math
import unicodedata
from datetime import date, timedelta
from typing import Any, NoReturn

from studio.frozen import dataclass

SHORT = 200  # signs of what is said beside a message
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True)
class Within:
    """A number between two bounds, both allowed."""

    least: float
    most: float
    whole: bool = False

    def __call__(self, text: str) -> float:
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            value = self.least - 1
        if not self.least <= value <= self.most:
            kind = "whole number" if self.whole else "number"
            raise argparse.ArgumentTypeError(
                f"must be a {kind} from {self.least:.15g} to {self.most:.15g}, not {text!r}"
            )
        return value


def whole(least: int, most: int) -> Within:
    return Within(least, most, whole=True)


def pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"must look like name=value, not {text!r}")
    return name.strip(), value


def named(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("was given without a value")
    return text


def earlier_picture(text: str) -> str:
    """JOB, or JOB:2 for its second picture."""
    job, colon, number = text.partition(":")
    named(job)
    if colon:
        whole(1, 10)(number)
    return text


def numbers(text: str) -> str:
    """Whole numbers with commas between them."""
    found = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in found):
        raise argparse.ArgumentTypeError(f"must be numbers such as 1,2,4, not {text!r}")
    return ",".join(found)


def short(text: str) -> str:
    """Some words on one line, to be said to a person."""
    signs = (sign for sign in " ".join(text.split()) if not unicodedata.category(sign).startswith("C"))
    line = "".join(signs).strip()
    if not 0 < len(line) <= SHORT:
        raise argparse.ArgumentTypeError(f"must have 1 to {SHORT} signs, not {len(line)}")
    return line


def json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_number, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()  # half a sign can be neither kept nor sent
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError('must be a JSON object, such as {"size": "4K"}')
    return value


def _no_number(text: str) -> NoReturn:
    raise argparse.ArgumentTypeError(f"holds {text}, which is no number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a name that stands in it twice would hide what was asked first."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise argparse.ArgumentTypeError(f"names {twice} twice")
    return made


def moment(text: str) -> timedelta | date:
    """How long ago, or a day."""
    number, unit = text[:-1], text[-1:]
    if number.isdecimal() and unit in UNITS and len(number) < 6:
        return timedelta(**{UNITS[unit]: int(number)})
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a date such as 2026-03-01, or an age such as 30d or 12h, not {text!r}"
        ) from None
