"""PURE. What --debug shows of a request and of its answer: enough to see what went wrong, and nothing that is
a secret or the person's own.

A Request has a placeholder where the key goes, so that the key itself never comes here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from studio.contract import KEY, Exchange, Request
from studio.errors import without_queries

MOST = 400  # characters of an answer
LONG = 80  # characters of one text in a request: an option's value is shorter
WORDS = re.compile(r"(?i)prompt|text|lyric|title|user")  # fields that hold what a person wrote
INLINE = re.compile(r"data:[\w/+.-]*;base64,")
LINK = re.compile(r"(?i)https?://")
PLAIN = re.compile(r"[\w.:/+-]*", re.ASCII)  # how an option, an id or a model reads


def shown(exchange: Exchange) -> str:
    """Lines: the request when it leaves, the answer when it is there."""
    return "\n".join(_request(exchange.request) if exchange.seconds is None else _answer(exchange))


def _request(request: Request) -> list[str]:
    query = "&".join(f"{name}=…" for name in request.query)
    lines = [f"> {request.method} {_address(request.url)}{'?' if query else ''}{query} ({request.what})"]
    headers = [f"{name}: {value}" for name, value in request.headers.items() if KEY not in value]
    lines += [f">   {header}" for header in headers]
    if request.json is not None:
        lines.append(f">   {_compact(_each(request.json, _asked))}")
    elif request.body is not None:
        lines.append(f">   ({request.body.size} bytes)")
    return lines


def _answer(exchange: Exchange) -> list[str]:
    after = f"after {(exchange.seconds or 0.0) * 1000:.0f} ms"
    if exchange.status is None:
        return [f"< no answer {after}"]
    lines = [f"< {exchange.status} {after}, {exchange.size} bytes"]
    if exchange.answer is not None:
        said = _compact(_each(exchange.answer, _told))
        lines.append(f"<   {said[:MOST]}{'…' if len(said) > MOST else ''}")
    return lines


def _each(value: Any, say: Callable[[str, str], Any], field: str = "") -> Any:
    """JSON with what `say` makes of each text in it and of the field that holds it."""
    if isinstance(value, dict):
        outer = field if WORDS.search(field) else str(value.get("name", ""))  # {"name": "prompt", "value": …}
        return {name: _each(one, say, f"{name} {outer}") for name, one in value.items()}
    if isinstance(value, list):
        return [_each(one, say, field) for one in value]
    return say(field, value) if isinstance(value, str) else value


def _asked(field: str, text: str) -> Any:
    """Of a request only what reads like an option, an id or a link is shown."""
    if LINK.match(text):
        return without_queries(text)
    plain = len(text) <= LONG and PLAIN.fullmatch(text) and not WORDS.search(field)
    return text if plain else _length(text)


def _told(field: str, text: str) -> Any:
    """Of an answer what the vendor says, but not what it repeats of the person's words."""
    return _length(text) if INLINE.match(text) or WORDS.search(field) else without_queries(text)


def _length(text: str) -> str:
    inline = INLINE.match(text)
    return f"({(len(text) - inline.end()) * 3 // 4} bytes)" if inline else f"({len(text)} characters)"


def _address(url: str) -> str:
    """A link without its query and without whoever it says to be."""
    parts = urlsplit(url)
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
