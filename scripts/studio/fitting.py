"""PURE. What a picture is against what is taken, and what exactly would make it fit: sides to crop or pad it
to, a smaller copy, another format."""

from __future__ import annotations

import math
from collections.abc import Mapping

from studio.errors import Misfit
from studio.frozen import dataclass
from studio.types import InputRule, Source

NAMES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WebP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
    "image/heic": "HEIC",
}
CONVERT, SHRINK = "convert", "shrink"


@dataclass(frozen=True)
class Facts:
    """Of a picture, upright. Sides in pixels, 0 where it was not decoded; `printing`: its colours are those
    of a printing press."""

    mime: str
    size: int  # bytes
    width: int = 0
    height: int = 0
    moving: bool = False
    printing: bool = False


def misfits(facts: Facts, rule: InputRule) -> tuple[Misfit, ...]:
    """All that stands between a picture and a rule; () where it fits."""
    found = [*_of_the_format(facts, rule), *_of_the_sides(facts, rule)]
    if facts.size > rule.max_bytes:
        most = mega(rule.max_bytes)
        about = {"has": mega(facts.size, up=True), "most": most}
        found.append(Misfit("bytes", about, fit=SHRINK, ways=(("smaller", {"most": most}),)))
    return tuple(found)


def fits(source: Source, rule: InputRule | None) -> bool:
    """Whether an input that was looked at is taken by another rule, as far as that is known."""
    if rule is None or source.url:
        return rule is not None
    facts = Facts(source.mime or "", source.size, source.width or 0, source.height or 0)
    return not misfits(facts, rule)


def formats(rule: InputRule) -> str:
    return " / ".join(NAMES[mime] for mime in rule.mime if mime in NAMES)


def sides(width: float, height: float) -> str:
    return f"{width:.0f}x{height:.0f}"


def mega(size: int, *, up: bool = False) -> str:
    """Bytes as a person reads them. A limit is rounded down, what is above it up."""
    tenths = math.ceil(size / 1e5) if up else math.floor(size / 1e5)
    return f"{tenths / 10:g} MB" if tenths else f"{size / 1e3:.1f} kB"


def _of_the_format(facts: Facts, rule: InputRule) -> list[Misfit]:
    name, taken = NAMES.get(facts.mime, facts.mime), formats(rule)
    if facts.moving:
        return [Misfit("moving", {"format": name}, fit=CONVERT, ways=(("still", {}),))]
    converted = (("converted", {"formats": taken}),)
    if facts.mime not in rule.mime:
        return [Misfit("format", {"format": name, "formats": taken}, fit=CONVERT, ways=converted)]
    return [Misfit("printing", {}, fit=CONVERT, ways=(("rgb", {}),))] if facts.printing else []


def _of_the_sides(facts: Facts, rule: InputRule) -> list[Misfit]:
    short, long = sorted((facts.width, facts.height))
    if not short:
        return []
    about = {"sides": sides(facts.width, facts.height)}
    narrow = bool(rule.ratio and long > rule.ratio * short)
    found = []
    if narrow:
        found.append(Misfit("ratio", {**about, "ratio": f"{rule.ratio:g}"}, ways=_reshaped(facts, rule)))
    if rule.min_side and short < rule.min_side:
        ways = () if narrow else (("padded", {"sides": _padded(facts, rule)}),)
        found.append(Misfit("small", {**about, "least": str(rule.min_side)}, ways=ways))
    if rule.max_side and long > rule.max_side:
        scale = rule.max_side / long
        down = (("scaled", {"sides": sides(facts.width * scale, facts.height * scale)}),)
        about = {**about, "most": str(rule.max_side)}
        found.append(Misfit("large", about, fit=SHRINK, ways=() if narrow else down))
    return found


def _reshaped(facts: Facts, rule: InputRule) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """Both ways to another shape, where cropping leaves enough of it."""
    cropped = _cropped(facts, rule)
    ways: list[tuple[str, Mapping[str, str]]] = [("cropped", {"sides": cropped})] if cropped else []
    return (*ways, ("padded", {"sides": _padded(facts, rule)}))


def _cropped(facts: Facts, rule: InputRule) -> str | None:
    short = min(facts.width, facts.height)
    if short < (rule.min_side or 0):
        return None
    short = (
        min(short, math.floor((rule.max_side or math.inf) / (rule.ratio or 1))) if rule.max_side else short
    )
    return _turned(facts, short, math.floor(short * (rule.ratio or 1)))


def _padded(facts: Facts, rule: InputRule) -> str:
    least = rule.min_side or 1
    long = max(least, min(max(facts.width, facts.height), rule.max_side or math.inf))
    short = max(least, min(facts.width, facts.height, long), math.ceil(long / (rule.ratio or math.inf)))
    return _turned(facts, short, math.ceil(long))


def _turned(facts: Facts, short: float, long: float) -> str:
    return sides(long, short) if facts.width >= facts.height else sides(short, long)
