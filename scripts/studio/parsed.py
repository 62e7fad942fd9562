"""PURE. The body of an answer, read as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from studio.redact import without_keys

VALUES_CAP = 200_000  # in one answer: each costs far more to read than to write


def json_of(body: bytes, keys: Iterable[str]) -> Any:
    """The body read as JSON, whichever UTF it is in, without keys; None where it is none, as NaN is none."""
    if sum(body.count(sign) for sign in b",[{") > VALUES_CAP:
        return None
    try:
        return _whole(without_keys(json.loads(body, parse_constant=_no_number), keys, answer=True))
    except (ValueError, RecursionError):
        return None


def _whole(value: Any) -> Any:
    """With half a sign written out: neither a record nor a request can hold one."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(item) for name, item in value.items()}
    return value


def _no_number(text: str) -> Any:
    raise ValueError(text)
