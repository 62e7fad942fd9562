"""Words that no person should meet in a chat, and the language that a text is written in. Written without the
product: its catalogues are read as data, for their codes and the names of their fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from support import ROOT

CATALOGUES = [
    json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "scripts" / "studio" / "data" / "catalogue").glob("*.json"))
]


def whole(value: Any, catalogue: Any) -> Any:
    """A part of a catalogue, with what it refers to in its place."""
    if isinstance(value, list):
        return [whole(one, catalogue) for one in value]
    if not isinstance(value, dict):
        return value
    rest = {name: whole(one, catalogue) for name, one in value.items() if name != "$ref"}
    if "$ref" not in value:
        return rest
    there = whole(catalogue["$defs"][value["$ref"].rpartition("/")[2]], catalogue)
    return {**there, **rest} if isinstance(there, dict) else there


def options(model: Any) -> dict[str, list[Any]]:
    """What a model takes, with the values that are listed."""
    found: dict[str, list[Any]] = {}
    for form in model["forms"].values():
        for name, row in form["properties"].items():
            found.setdefault(name, []).extend(row.get("enum", [row["const"]] if "const" in row else []))
    return found


MODELS = [model for catalogue in CATALOGUES for model in whole(catalogue["models"], catalogue)]
NAMES = sorted({model["name"] for model in MODELS}, key=len, reverse=True)
SERVICES = {gateway["name"] for one in CATALOGUES for gateway in one["gateways"] if "name" in gateway}
CODES = {code for catalogue in CATALOGUES for code in catalogue["codes"]}

LINK = re.compile(r"https?://\S+")
SNAKE = re.compile(r"[A-Za-z0-9]+_[A-Za-z0-9_]+")
HOST = re.compile(r"\b(?:[\w-]+\.)+(?:com|ai|bot|cn|net|org|io|dev)\b|localhost|\b127\.0", re.I)
NUMBER = re.compile(
    r"(?<![\d×.])\d{3,4}(?![\d×.])(?!\s?(?:s\b|min|points|credits|[pP]\b|px|%|秒|分|积分|点))"
)
TECHNICAL = re.compile(
    r"(?i:\b(?:https?|api|json|tasks?|exit|retry|retries|traceback|stderr|stdout|gateway|token|parameters?"
    r"|attribute|argv|timeout|status|null|undefined)\b)|\bNone\b|\bTrue\b|\bFalse\b|[{}]|--\w|\u200b|\u200d"
)
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
ENGLISH = re.compile(r"[A-Za-z]{2,}(?:[ ,.'’-]+[A-Za-z]{2,})+")


def known_words(field: Any) -> Iterator[str]:
    """Every name of a field in a catalogue, with the ids and versions of models."""
    if isinstance(field, dict):
        for name, value in field.items():
            if name == "$defs":  # what its parts are called stays in the file
                for part in value.values():
                    yield from known_words(part)
                continue
            if not name.startswith("x-"):  # of a schema, for its reader
                yield name
            if name in {"id", "version", "app_id", "app_code"} and isinstance(value, str):
                yield value
            yield from known_words(value)
    elif isinstance(field, list):
        for value in field:
            yield from known_words(value)


IDS = {  # a plain word is nobody's jargon: "size", "midjourney"
    word
    for catalogue in CATALOGUES
    for word in known_words(catalogue)
    if re.search(r"[a-z][_-]|[a-z][A-Z]", word)
    and word.lower() not in {name.lower() for name in (*NAMES, *SERVICES)}
}


def jargon(text: str) -> list[str]:
    """The words of a message that only a programmer, or the vendor, would use."""
    plain = LINK.sub(" ", text)
    for name in SERVICES:  # one is called like its host
        plain = plain.replace(name, "·")
    found = [*SNAKE.findall(plain), *HOST.findall(plain), *TECHNICAL.findall(plain)]
    found += [number for number in NUMBER.findall(plain) if number in CODES or 100 <= int(number) <= 599]
    return found + [word for word in IDS if word in plain]


def language(text: str) -> set[str]:
    """The languages that a message is written in, names and links left aside."""
    plain = LINK.sub(" ", text)
    for name in (*NAMES, *SERVICES):
        plain = plain.replace(name, "·")
    chinese = {"zh"} if CHINESE.search(plain) else set()
    return chinese | ({"en"} if ENGLISH.search(plain) or not chinese else set())
