"""How a key may be written in a text, and the text without it. The last line of defence: no text that
holds a key should come this far."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Any

SHORTEST = 8  # characters; to replace less would only spoil words


def forms(key: str) -> tuple[str, ...]:
    """Clear, URL-encoded, base64 (alone or amid other bytes) and JSON-escaped, once or twice. Longest
    first, so that no part stays behind of a form that holds another."""
    if not key:
        return ()
    urls = [urllib.parse.quote(key, safe=""), urllib.parse.quote(key), urllib.parse.quote_plus(key)]
    escaped = [json.dumps(key)[1:-1], json.dumps(key, ensure_ascii=False)[1:-1]]
    made = [
        key,
        *urls,
        *(re.sub("%..", lambda code: code[0].lower(), url) for url in urls),
        *escaped,
        *(json.dumps(form)[1:-1] for form in escaped),
        *_base64(key.encode()),
    ]
    return tuple(sorted(set(made), key=lambda form: (-len(form), form)))


def redact(text: str, keys: Iterable[str]) -> str:
    known = sorted({key for key in keys if len(key) >= SHORTEST}, key=len, reverse=True)
    for key in known:
        for form in forms(key):
            text = text.replace(form, "[key]")
    return text


def without_keys(value: Any, keys: Iterable[str]) -> Any:
    """A JSON value with every string in it redacted: after reading, because an escape may hide a key."""
    known = list(keys)
    if isinstance(value, str):
        return redact(value, known)
    if isinstance(value, list):
        return [without_keys(item, known) for item in value]
    if isinstance(value, dict):
        return {redact(name, known): without_keys(item, known) for name, item in value.items()}
    return value


def _base64(raw: bytes) -> Iterator[str]:
    """In both alphabets, padded or not; and, where it starts 1 or 2 bytes into a group of three, the
    characters that its neighbours do not change."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        alone = encode(raw).decode()
        yield from (alone, alone.rstrip("="), alone[: len(raw) // 3 * 4])
        for before in (1, 2):
            amid = encode(bytes(before) + raw).decode()
            yield amid[4 : (before + len(raw)) // 3 * 4]
