"""PURE. What providers share in reading answers: values that may be anything, and what a vendor's word of
refusal means by its catalogue."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.contract import Response
from studio.errors import NetworkError, StudioError, UnknownOutcome, vendor_said
from studio.types import Gateway, Json, Source


def table(value: Any) -> Json:
    """A JSON object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Json]:
    """The objects of a list; none where it is no list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Words; None where there are none."""
    return value if isinstance(value, str) and value else None


def identifier(value: Any) -> str | None:
    """An id as text that can be kept and sent; None where there is none."""
    if not isinstance(value, str | int) or isinstance(value, bool) or not value:
        return None
    return str(value).encode("utf-8", "backslashreplace").decode()


def whole(value: Any) -> int | None:
    """A whole number, zero or more; None for anything else."""
    good = (
        isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and value == int(value)
    )
    return int(value) if good else None


def seconds(value: Any) -> float | None:
    """A length, as a number or as text; None for anything else."""
    try:
        found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        return None
    return found if 0 <= found < 10**6 else None


def inline(source: Source) -> str:
    """The bytes of an input in base64."""
    return base64.b64encode(source.data).decode()


def data_url(source: Source) -> str:
    return f"data:{source.mime};base64,{inline(source)}"


@dataclass(frozen=True)
class Verdicts:
    """What a vendor's words mean: `raw` has `codes` (word or HTTP status -> kind), `refusals` (words that say
    that nothing was accepted) and `bare_refusals` (HTTP statuses that say so alone)."""

    gateway: Gateway
    raw: Mapping[str, Any]

    def paid(self, response: Response, code: str | None, detail: str | None) -> StudioError:
        """What an answer without a task means. It is a plain no only where it stands on the lists."""
        word = code if code in self.raw["codes"] else str(response.status)
        listed = word in self.raw["refusals" if word == code else "bare_refusals"]
        if not listed:
            return UnknownOutcome(
                "The paid request was answered with an error that does not say whether it was accepted.",
                provider_code=code or word,
                detail=detail,
            )
        error = self.said(self.raw["codes"][word], response, code or word, detail)
        error.refused = True
        return error

    def safe(self, response: Response, code: str | None, detail: str | None) -> StudioError:
        """What a failed step means that bought nothing."""
        word = code if code in self.raw["codes"] else str(response.status)
        kind = self.raw["codes"].get(word) or ("bad_answer" if response.status < 300 else "vendor_down")
        return self.said(kind, response, code or word, detail)

    def kind(self, code: str | None) -> str:
        """What a task's own word of failure means."""
        made: str = self.raw["codes"].get(code, "failed")
        return made

    def said(self, kind: str, response: Response, code: str | None, detail: str | None) -> StudioError:
        error = vendor_said(kind, self.gateway.name, response.what, detail, code)
        error.retry_after = response.retry_after
        return error

    def lacks(self, response: Response, field: str) -> NetworkError:
        return NetworkError(
            f"{self.gateway.name}'s answer for {response.what} lacks {field}.",
            kind="bad_answer",
            detail="Nothing was bought by asking. It is asked again.",
        )
