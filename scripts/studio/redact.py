"""How a key may be written in a text, and the text without it. The last line of defence: no text that
holds a key should come this far.

Besides whole keys, every stretch of eight of a key's characters is taken out: a vendor that says which key
was wrong often says how it begins.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Any

SHORTEST = 8  # characters; to replace less would only spoil words
BLOCK = 4  # characters; each stretch of eight has a block in it that starts at a multiple of five
REHEARSED = re.compile(r"(\w{1,8}_)?rehearsal")
"""A rehearsal's key opens a twin and is printed for everyone: no secret, but a word of our sentences."""
NEEDED = re.compile(r"(?:^|_)id$|[a-z]I[dD]$")  # fields with an id in them


@functools.lru_cache(maxsize=16)
def forms(key: str) -> tuple[str, ...]:
    """Clear, URL-encoded, base64 (alone or amid other bytes) and JSON-escaped, once or twice. Longest
    first, so that no part stays behind of a form that holds another."""
    if not key:
        return ()
    readable = _readable(key)
    twice = (json.dumps(form)[1:-1] for form in readable)
    return tuple(sorted({*readable, *twice, *_base64(key.encode())}, key=lambda form: (-len(form), form)))


def redact(text: str, keys: Iterable[str]) -> str:
    """A text with `[key]` in the place of each key, and of each stretch of one."""
    made: str = without_keys(text, keys)
    return made


def without_keys(value: Any, keys: Iterable[str], *, answer: bool = False) -> Any:
    """A JSON value with every string in it redacted: after reading, because an escape may hide a key. Of the
    ids and links of a vendor's `answer` only whole keys are taken out: with one that was spoilt because it
    shares a stretch with the key, what is paid for could not be brought."""
    known = sorted({key for key in keys if is_secret(key)}, key=len, reverse=True)
    if known and _may_hold(json.dumps(value, ensure_ascii=False), known):
        return _without(value, known, answer)
    return value


def is_secret(key: str) -> bool:
    """Not what opens an imitation, nor what is too short to be looked for."""
    return len(key) >= SHORTEST and not REHEARSED.fullmatch(key)


def _may_hold(written: str, keys: Iterable[str]) -> bool:
    """Whether a JSON text may hold one of the keys, or a stretch of one; quick, as nearly none does."""
    blocks = frozenset[str]().union(*map(_blocks, keys))
    starts = range(0, len(written), SHORTEST - BLOCK + 1)
    return any(written[start : start + BLOCK] in blocks for start in starts)


def _without(value: Any, keys: list[str], answer: bool, field: str = "") -> Any:
    if isinstance(value, str):
        return _redacted(value, keys, whole=answer and _needed(field, value))
    if isinstance(value, list):
        return [_without(item, keys, answer, field) for item in value]
    if isinstance(value, dict):
        return {_redacted(name, keys): _without(item, keys, answer, name) for name, item in value.items()}
    return value


def _needed(field: str, text: str) -> bool:
    return bool(NEEDED.search(field)) or text.startswith(("https://", "http://"))


def _redacted(text: str, keys: list[str], *, whole: bool = False) -> str:
    if not _may_hold(_escaped(text), keys):
        return text
    for key in keys:
        for form in forms(key):
            text = text.replace(form, "[key]")
        if not whole:
            text = _without_stretches(text, _stretches(key))
    return text


def _without_stretches(text: str, stretches: frozenset[str]) -> str:
    """The text with one `[key]` for what overlapping stretches cover."""
    kept, end = list[str](), 0  # up to where it is kept or covered
    for start, stop in sorted(place for stretch in stretches for place in _places(text, stretch)):
        if start >= end:
            kept.append(text[end:start] + "[key]")
        end = max(end, stop)
    return "".join(kept) + text[end:]


def _places(text: str, part: str) -> Iterator[tuple[int, int]]:
    start = text.find(part)
    while start >= 0:
        yield start, start + len(part)
        start = text.find(part, start + 1)


@functools.lru_cache(maxsize=16)
def _stretches(key: str) -> frozenset[str]:
    """Eight of a key's characters in a row, wherever it is readable; fewer that are eight in JSON."""
    eights = {form[n : n + SHORTEST] for form in _readable(key) for n in range(len(form) - SHORTEST + 1)}
    fewer = (key[start:end] for end in range(len(key) + 1) for start in range(max(0, end - SHORTEST), end))
    return frozenset(eights.union(part for part in fewer if len(_escaped(part)) >= SHORTEST))


@functools.lru_cache(maxsize=16)
def _blocks(key: str) -> frozenset[str]:
    """What a JSON text holds at one of the places that are looked at, if it holds any form of the key."""
    written = [_escaped(form) for form in forms(key)]
    return frozenset(form[n : n + BLOCK] for form in written for n in range(len(form) - BLOCK + 1))


def _readable(key: str) -> tuple[str, ...]:
    """As it is, as a part of a URL, and escaped in JSON."""
    urls = [urllib.parse.quote(key, safe=""), urllib.parse.quote(key), urllib.parse.quote_plus(key)]
    small = (re.sub("%..", lambda code: code[0].lower(), url) for url in urls)
    return tuple(dict.fromkeys((key, *urls, *small, json.dumps(key)[1:-1], _escaped(key))))


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _base64(raw: bytes) -> Iterator[str]:
    """In both alphabets, padded or not; and, where it starts 1 or 2 bytes into a group of three, the
    characters that its neighbours do not change."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        alone = encode(raw).decode()
        yield from (alone, alone.rstrip("="), alone[: len(raw) // 3 * 4])
        for before in (1, 2):
            amid = encode(bytes(before) + raw).decode()
            yield amid[4 : (before + len(raw)) // 3 * 4]
