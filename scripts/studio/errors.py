"""Everything that can go wrong, as one tree. Each kind says three things a caller needs: the exit code,
whether money may have gone, and whether to try again.

StudioError
├── InternalError      1   a defect of ours
├── UsageError         2   nothing was sent to be bought
│   └── LedgerError        the record of jobs cannot be written
├── KeyProblem         3   no key, or one the gateway does not take
├── NoCredit           4   the account cannot pay, or lacks the plan
├── NotFinished        5   accepted; our patience ended before the vendor did
├── NetworkError       6   no answer, or none that can be read; nothing was bought
├── RateLimited        7
├── JobFailed          8   the vendor refused or failed the job, wholly or in part
├── UnknownOutcome     9   sent, and what became of it is not known: maybe charged
├── ContentRefused    10   the words or the picture were refused
├── OverLimit         11   over the person's own limit
├── NeedsApproval     12   dear or of unknown price: the person is asked first
├── NotSaved          13   made, but not on this disk
└── Interrupted      130
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from studio.frozen import dataclass, field
from studio.signs import on_one_line
from studio.types import Alternative, Json

Charged: TypeAlias = Literal["no", "yes", "maybe"]
Retry: TypeAlias = Literal["never", "same", "later", "after_change", "wait"]


@dataclass(frozen=True)
class Misfit:
    """Why an input cannot be used as it is. `why`: the key of its words, with `values` in them; `ways`: keys
    and values of what would make it fit; `fit`: the value of --fit that does so on a copy, if one does."""

    why: str
    values: Mapping[str, str] = field(default_factory=dict)
    ways: tuple[tuple[str, Mapping[str, str]], ...] = ()
    fit: str | None = None


PLAIN_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
"""A vendor's code that is one: what is longer, or has blanks in it, may repeat the person's words."""


class StudioError(Exception):
    """`message` is one sentence for whoever runs the command: what was wrong, what is allowed, what to
    do. `detail` is what the vendor said, if anything. Neither ever holds a key or a signed link."""

    exit_code = 1
    kind = "internal"
    charged: Charged = "no"
    retry: Retry = "never"

    def __init__(  # noqa: PLR0913 - one value with many optional parts, all by name
        self,
        message: str,
        *,
        kind: str | None = None,
        detail: str | None = None,
        provider_code: str | None = None,
        charged: Charged | None = None,
        retry: Retry | None = None,
        retry_after: float | None = None,
        about: Mapping[str, str] | None = None,
        instead: Iterable[str] = (),
    ) -> None:
        self.message = _told(message) or ""
        super().__init__(self.message)
        self.kind = kind or type(self).kind
        self.detail = _told(detail)
        self.provider_code = _told(provider_code)
        self.charged = charged or type(self).charged
        self.retry = retry or type(self).retry
        self.retry_after = retry_after  # seconds, as the vendor asked
        self.refused = False  # the vendor said no to a paid request: nothing was bought
        self.smaller_may_do = False  # it said so because of the size, or what the size costs
        self.difference: tuple[Json, ...] = ()  # what is not as it was agreed: {"what", "before", "after"}
        self.about = dict(about or {})  # for the words to the person: model, and asked, what it cannot do
        self.instead = tuple(instead)  # what it can do
        self.alternatives: tuple[Alternative, ...] = ()  # other models that can
        self.misfits: tuple[Misfit, ...] = ()  # why an input cannot be used


def fit_for(misfits: Iterable[Misfit]) -> tuple[str, ...]:
    """The values of --fit with which an input can be used; () where they are not enough."""
    needed = [misfit.fit for misfit in misfits]
    return tuple(sorted({one for one in needed if one})) if all(needed) else ()


def _told(text: str | None) -> str | None:
    """Words as they are kept, whoever's they were: on one line, without what no one may see."""
    return without_queries(on_one_line(text)) if text else None


def without_queries(text: str | None) -> str | None:
    """Words without the query of any link in them: signed links stay between us and the vendor."""
    short = (text or "")[:2000]  # to look for links in a text of millions of signs can take hours
    return cut_queries(short)[:500] or None


def cut_queries(text: str) -> str:
    return re.sub(r"(?i)(https?:\\?/\\?/[^\s?\"'<>]+)\?[^\s\"'<>]*", r"\1?…", text)


class InternalError(StudioError):
    pass


class UsageError(StudioError):
    exit_code = 2
    kind = "usage"
    retry: Retry = "after_change"


class LedgerError(UsageError):
    """The record of jobs cannot be written: nothing is bought without it."""

    kind = "ledger_unusable"


class KeyProblem(StudioError):
    exit_code = 3
    kind = "key_missing"
    retry: Retry = "after_change"


class NoCredit(StudioError):
    exit_code = 4
    kind = "no_credit"
    retry: Retry = "after_change"


class NotFinished(StudioError):
    exit_code = 5
    kind = "not_finished"
    charged: Charged = "maybe"
    retry: Retry = "wait"
    parts: tuple[int, int] | None = None  # how many of how many shots are there


class NetworkError(StudioError):
    exit_code = 6
    kind = "network"
    retry: Retry = "later"


class RateLimited(StudioError):
    exit_code = 7
    kind = "rate_limited"
    retry: Retry = "later"


class JobFailed(StudioError):
    exit_code = 8
    kind = "failed"
    charged: Charged = "maybe"
    retry: Retry = "after_change"


class UnknownOutcome(StudioError):
    exit_code = 9
    kind = "unknown"
    charged: Charged = "maybe"
    retry: Retry = "never"


class ContentRefused(StudioError):
    exit_code = 10
    kind = "content_refused"
    retry: Retry = "after_change"


class OverLimit(StudioError):
    exit_code = 11
    kind = "over_limit"
    retry: Retry = "never"


class NeedsApproval(StudioError):
    exit_code = 12
    kind = "needs_approval"
    retry: Retry = "after_change"


class NotSaved(StudioError):
    exit_code = 13
    kind = "not_saved"
    charged: Charged = "yes"
    retry: Retry = "later"


class Interrupted(StudioError):
    exit_code = 130
    kind = "interrupted"
    retry: Retry = "same"


def error_record(error: StudioError) -> Json:
    """An error as the ledger keeps it and a document shows it."""
    return {
        "kind": error.kind,
        "exit": error.exit_code,
        "provider_code": error.provider_code,
        "message": error.message,
        "detail": error.detail,
        "charged": error.charged,
        "retry": error.retry,
    }


def from_record(record: Json) -> StudioError:
    """The error that a record tells of."""
    made = next((error for error in _tree(StudioError) if error.exit_code == record["exit"]), StudioError)
    fields = ("kind", "provider_code", "detail", "charged", "retry")
    return made(record["message"], **{name: record[name] for name in fields})


def _tree(root: type[StudioError]) -> Iterator[type[StudioError]]:
    for branch in root.__subclasses__():
        yield branch
        yield from _tree(branch)


EXITS: Mapping[int, str] = {
    0: "done; for wait: going as expected",
    1: "internal error",
    2: "usage or preflight: nothing was sent to be bought",
    3: "no key, or a key that is not taken",
    4: "not enough credit, or a plan is needed",
    5: "accepted, not finished when our patience ended: resume with wait",
    6: "network or unreadable answer: nothing was bought",
    7: "rate limited: nothing was bought",
    8: "the vendor refused or failed the job, wholly or in part",
    9: "unknown: sent, maybe charged",
    10: "content refused",
    11: "over your own limit",
    12: "needs approval",
    13: "made, but not saved",
    130: "interrupted",
}
"""The one table of exit codes: help, documents, schema and tests are made from it."""


REFUSALS: Mapping[str, tuple[type[StudioError], Retry, str]] = {
    "key_refused": (KeyProblem, "after_change", "the key is not valid there, or has expired"),
    "key_mismatch": (
        KeyProblem,
        "after_change",
        "it does not take this key at this address; a key belongs to one region",
    ),
    "account_unverified": (KeyProblem, "after_change", "the account has to prove first whose it is"),
    "no_credit": (NoCredit, "after_change", "the account has too little credit"),
    "quota_used": (NoCredit, "later", "what the plan allows for now is used up"),
    "plan_needed": (NoCredit, "after_change", "the account lacks the plan that this model needs"),
    "rate_limited": (RateLimited, "later", "too many requests"),
    "bad_parameter": (JobFailed, "after_change", "a parameter is not accepted"),
    "bad_text": (JobFailed, "after_change", "the words hold too many signs that cannot be seen"),
    "bad_input": (JobFailed, "after_change", "an input cannot be used"),
    "offer_changed": (JobFailed, "same", "its price list changed meanwhile"),
    "in_process": (JobFailed, "later", "it is still being worked at"),
    "model_unavailable": (JobFailed, "later", "the model is not available now"),
    "content_refused": (ContentRefused, "after_change", "the words or the picture are not accepted"),
    "result_refused": (ContentRefused, "after_change", "what was made is not let through"),
    "stopped": (JobFailed, "never", "it was stopped"),
    "cannot_cancel": (UsageError, "wait", "it cannot be stopped any more"),
    "not_found": (NetworkError, "later", "it does not know what was asked about"),
    "vendor_down": (NetworkError, "later", "it is not working properly now"),
    "bad_answer": (NetworkError, "later", "its answer cannot be read"),
}
"""The kinds a vendor's codes are mapped to in its catalogue: the error, whether to try again, in words."""


def vendor_said(kind: str, who: str, what: str, detail: str | None, code: str | None = None) -> StudioError:
    """A vendor's no to one step, as the error it is. Nothing was bought by the step."""
    error, retry, words = REFUSALS[kind]
    message = f"{who} gave no answer to use for {what}: {words}."
    return error(message, kind=kind, detail=detail, provider_code=code, charged="no", retry=retry)
