"""PURE. Signs that move a cursor, turn a line round or cannot be seen: a vendor's words hold none of them."""

from __future__ import annotations

import json
import re
from typing import Any

SPACES = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
HIDDEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f"  # control characters, of which a text has \t and \n
    "\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
MARK = "\N{REPLACEMENT CHARACTER}"
"""What stands in the place of each: were they dropped, what they keep apart would come together."""


def on_one_line(text: str) -> str:
    """Words of somebody else's, as they are kept."""
    return HIDDEN.sub(MARK, SPACES.sub(" ", text))


def on_a_terminal(text: str) -> str:
    """Lines as they are printed for people."""
    return HIDDEN.sub(MARK, text)


def seen(value: Any) -> Any:
    """A JSON value as it may be shown on a terminal, all the texts in it."""
    if isinstance(value, str):
        return on_a_terminal(value)
    if isinstance(value, list):
        return [seen(item) for item in value]
    if isinstance(value, dict):
        return {on_a_terminal(name): seen(item) for name, item in value.items()}
    return value


def laid_out(document: dict[str, Any], *, ascii_only: bool) -> str:
    """A document as JSON, a line for each field and for each of its rows: a third shorter than with a
    line for every value, and several times quicker made."""

    def said(value: Any) -> str:
        return json.dumps(value, ensure_ascii=ascii_only)

    def field(value: Any) -> str:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join(f"  {said(row)}" for row in value)
            return f"[\n{rows}\n ]"
        return said(value)

    fields = ",\n".join(f" {said(name)}: {field(value)}" for name, value in document.items())
    return f"{{\n{fields}\n}}"


def in_json(text: str) -> str:
    """A JSON text with these signs written out, which says the same."""
    return HIDDEN.sub(lambda sign: json.dumps(sign[0])[1:-1], text)
