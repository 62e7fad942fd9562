"""How a key may be written in a text, and the text without it. The last line of defence: no text that
holds a key should come this far."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable

SHORTEST = 8  # characters; to replace less would only spoil words


def forms(key: str) -> tuple[str, ...]:
    """Clear, URL-encoded, base64 and JSON-escaped."""
    if not key:
        return ()
    coded = base64.b64encode(key.encode()).decode()
    made = (
        key,
        urllib.parse.quote(key, safe=""),
        urllib.parse.quote_plus(key),
        coded,
        coded.rstrip("="),
        base64.urlsafe_b64encode(key.encode()).decode(),
        json.dumps(key)[1:-1],
    )
    return tuple(dict.fromkeys(made))


def redact(text: str, keys: Iterable[str]) -> str:
    for key in keys:
        if len(key) >= SHORTEST:
            for form in forms(key):
                text = text.replace(form, "[key]")
    return text
