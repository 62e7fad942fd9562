"""PURE. What a word for a value means, and which option a value belongs to: 4K is a size and 16:9 a ratio,
wherever they stand."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from studio import catalogue
from studio.errors import UsageError
from studio.values import FULL_WIDTH, TRUTHS, is_ratio, is_size_step, same

PIXELS = re.compile(r"\d{2,5}\s*[x×]\s*\d{2,5}")
RATIO = re.compile(r"\s*(\d{1,2})\s*[:：∶比xX×*]\s*(\d{1,2})\s*", re.ASCII)
SECONDS = re.compile(r"([0-9]{1,4})\s*(?:s|sec|secs|second|seconds|秒|秒钟)", re.IGNORECASE)
PICTURE: Mapping[str, Callable[[Any], bool]] = {"size": is_size_step, "aspect_ratio": is_ratio}


def word(name: str, value: Any, kind: str = "image") -> Any:
    """What a word for a value means: 横图 is 16:9, as a ratio and as a size, and so is 16x9. `kind`: of what
    is made, as a film in high definition has other pixels than a picture."""
    words: dict[str, Any] = {}
    for one in (*PICTURE, "resolution") if name in PICTURE else (name,):
        words |= {**_values().get(one, {}), **_values().get(f"{kind}.{one}", {})}
    if not isinstance(value, str | int):
        return value
    seconds = SECONDS.fullmatch(str(value).translate(FULL_WIDTH).strip()) if name == "duration" else None
    if seconds:
        return seconds[1]
    ratio = RATIO.fullmatch(str(value)) if name in PICTURE else None
    return f"{ratio[1]}:{ratio[2]}" if ratio else words.get(str(value).strip().casefold(), value)


def said(name: str, value: Any) -> str:
    """An option and its value, in few words."""
    if str(value).casefold() in TRUTHS:
        return name if TRUTHS[str(value).casefold()] else f"{name} ✗"
    if name == "duration":
        return f"{value} s"
    return f"{value}" if name in {"resolution", "camera"} else f"{name} {value}"


def wished(name: str, value: Any) -> str:
    """The same, a size or a shape by its value alone."""
    return f"{value}" if name in PICTURE else said(name, value)


def placed(known: Mapping[str, tuple[Any, ...]], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options under the names that their values belong to. `known`: what a model takes, as
    `params.accepts` says it. Two values that come to one name and differ contradict each other."""
    made: dict[str, Any] = {}
    for given, value in options.items():
        name = _place(known, given, value)
        if not same(made.setdefault(name, value), value):
            raise UsageError(
                f"{made[name]} and {value} are both given as {name}: give one of them.",
                kind="contradiction",
                about={"asked": f"{made[name]} + {value}"},
            )
    return made


def changed(options: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Options, still in the person's words, with some of them changed: a ratio that was given as a size stays
    when the size changes."""
    if not changes:
        return dict(options)
    both = (*options.items(), *changes.items())
    return {_place({}, name, word(name, value)): value for name, value in both}


def understood(options: Mapping[str, Any]) -> bool:
    """Whether each size and shape is one, made or not, and no word that nobody here knows."""
    wished = (str(word(name, options[name])) for name in PICTURE if name in options)
    return all(is_ratio(value) or is_size_step(value) or PIXELS.fullmatch(value) for value in wished)


def _place(known: Mapping[str, tuple[Any, ...]], name: str, value: Any) -> str:
    """The one that lists it, its own option first; else the one it speaks of, unless its own takes anything
    or has values of that kind."""
    if name not in PICTURE:
        return name
    (other,) = PICTURE.keys() - {name}
    for lister in (name, other):
        if any(same(one, value) for one in known.get(lister, ())):
            return lister
    own, speaks_of_other = known.get(name), PICTURE[other]
    stays = own is not None and (not own or any(map(speaks_of_other, own)))
    return name if stays or not speaks_of_other(value) else other


@functools.cache
def _values() -> Mapping[str, Mapping[str, Any]]:
    made: Mapping[str, Mapping[str, Any]] = catalogue.load("words.json")["values"]
    return made
