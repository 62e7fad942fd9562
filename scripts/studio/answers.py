"""PURE. What providers share in reading answers: values that may be anything, and what a vendor's word of
refusal means by its catalogue."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from studio.errors import NetworkError, StudioError, UnknownOutcome, vendor_said
from studio.frozen import dataclass
from studio.signs import on_one_line
from studio.types import Gateway, Json, Source

if TYPE_CHECKING:
    from studio.contract import Read, Response
    from studio.form import Offer

MOST = 2**53  # what JSON's numbers are exact to, and no amount comes near


def table(value: Any) -> Json:
    """A JSON object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Json]:
    """The objects of a list; none where it is no list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Words that can be kept and printed, on one line; None where there are none. A link stays as it came:
    it is followed."""
    if not isinstance(value, str) or not value:
        return None
    return _kept(value) if value.startswith(("https://", "http://")) else on_one_line(_kept(value))


def identifier(value: Any) -> str | None:
    """An id as text that can be kept and sent; None where there is none."""
    if not isinstance(value, str | int) or isinstance(value, bool) or not value:
        return None
    return _kept(str(value))


def link(value: Any) -> str | None:
    """A link on the web, which has a host; None for anything else."""
    try:
        found = text(value) or ""
        parts = urlsplit(found)
        return found if parts.scheme in {"http", "https"} and parts.hostname else None
    except ValueError:
        return None


def segment(id: str) -> str:
    """An id as one step of a path, whatever signs it has."""
    return quote(id, safe="")


def whole(value: Any) -> int | None:
    """A whole number, zero or more, that the record can hold; None for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MOST:
        return None
    return int(value) if value == int(value) else None


def seconds(value: Any) -> float | None:
    """A length, as a number or as text; None for anything else."""
    try:
        found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found < 10**6 else None


def _kept(text: str) -> str:
    """With half a sign written out: neither a record nor a request can hold one."""
    return text.encode("utf-8", "backslashreplace").decode()


def inline(source: Source) -> str:
    """The bytes of an input in base64."""
    return base64.b64encode(source.content.read() if source.content else b"").decode()


def data_url(source: Source) -> str:
    return f"data:{source.mime};base64,{inline(source)}"


@dataclass(frozen=True)
class Verdicts:
    """What a vendor's words mean: `raw` has `codes` (word or HTTP status -> kind), `refusals` (words that say
    that nothing was accepted), `bare_refusals` (HTTP statuses that say so alone) and perhaps `busy_status`
    (the only one with which "too many requests" says so)."""

    gateway: Gateway
    raw: Mapping[str, Any]

    def paid(self, response: Response, code: str | None, detail: str | None) -> StudioError:
        """What an answer without a task means. It is a plain no only where it stands on the lists: a server
        that broke says none, whatever its words, and nor does a status with a word that no list has."""
        word = code or str(response.status)
        lists = "bare_refusals" if word == str(response.status) else "refusals"
        listed = response.status < 500 and word in self.raw[lists]
        if self.raw["codes"].get(word) == "rate_limited":
            listed = listed and self.raw.get("busy_status") in {None, response.status}
        if not listed:
            return UnknownOutcome(
                "The paid request was answered with an error that does not say whether it was accepted.",
                provider_code=word,
                detail=detail,
            )
        error = self.said(self.raw["codes"][word], response, word, detail)
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
        detail = " ".join(filter(None, (detail, self._hint(code, detail)))) or None
        error = vendor_said(kind, self.gateway.name, response.what, detail, code)
        error.retry_after = response.retry_after
        return error

    def _hint(self, code: str | None, detail: str | None) -> str | None:
        """What is worth looking at after this code; where the catalogue says so, only beside such words."""
        rows = (row for row in self.raw.get("hints", ()) if code in row["codes"])
        return next((row["hint"] for row in rows if row.get("beside", "") in (detail or "").lower()), None)

    def lacks(self, response: Response, field: str) -> NetworkError:
        return NetworkError(
            f"{self.gateway.name}'s answer for {response.what} lacks {field}.",
            kind="bad_answer",
            detail="Nothing was bought by asking. It is asked again.",
        )


class ByCatalogue:
    """What providers share that have no live list: what they are given, and that there is nothing to ask."""

    def __init__(
        self, gateways: Mapping[str, Gateway], raw: Mapping[str, Any], now: Callable[[], float]
    ) -> None:
        (self._gateway,) = gateways.values()
        self._verdicts = Verdicts(self._gateway, raw)
        self._raw = raw
        self._now = now

    def offers(self, task_type: str, language: str, read: Read) -> tuple[Offer, ...]:
        """None: the catalogue is all there is."""
        return ()


def over_https(link: str) -> str:
    """A link as it is followed: a plain http one over https, but to this machine, as in a rehearsal."""
    parts = urlsplit(link)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    plain = parts._replace(scheme="https", netloc=parts.netloc.removesuffix(":80"))
    return link if parts.scheme != "http" or local else plain.geturl()


def reason(response: Response) -> tuple[str | None, str | None]:
    """Where an error is `{"reason", "message"}`: the vendor's word for what went wrong, and its sentence."""
    answer = table(response.payload)
    return text(answer.get("reason")), text(answer.get("message"))
