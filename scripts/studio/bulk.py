"""PURE. A batch: its rows, what is to be done about each by what the record knows of it, and what a yes to
the whole of it covers."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

from studio.errors import (
    Interrupted,
    KeyProblem,
    LedgerError,
    NeedsApproval,
    NetworkError,
    NoCredit,
    OverLimit,
    RateLimited,
    StudioError,
)
from studio.frozen import dataclass, replace
from studio.terms import digest, terms
from studio.types import Gateway, Job, Json, Plan

LEFT, RUNNING, DONE = "left", "running", "done"
PARTLY, UNSAVED, FAILED, UNKNOWN = "partly", "unsaved", "failed", "unknown"
STATES = (DONE, PARTLY, FAILED, UNKNOWN, UNSAVED, RUNNING, LEFT)
"""What a row is: all made, or some of it; refused or failed; perhaps bought; made and not saved here; being
made; not bought."""
PASSING = (RateLimited, NetworkError)
"""What stops a purchase for a while."""
FINAL = (NoCredit, KeyProblem, OverLimit, NeedsApproval, LedgerError)
"""What stops every purchase at a gateway."""
NOT_OF_THE_ROW = {one.exit_code for one in (*PASSING, *FINAL, Interrupted) if one is not LedgerError}


@dataclass
class Entry:
    """One row. `made`, `words`: the command that makes it; `plan` without the bytes of its inputs; `job`: the
    newest that the record has; `before`: its state is from before this command."""

    line: int
    id: str
    made: argparse.Namespace
    words: tuple[str, ...]
    plan: Plan
    gateway: Gateway
    job: Job | None = None
    state: str = LEFT
    error: StudioError | None = None
    before: bool = True

    def __post_init__(self) -> None:
        self._first = self.job and self.job.id

    @property
    def bought(self) -> bool:
        """Whether it was since this command began."""
        return self.job is not None and self.job.task is not None and self.job.id != self._first

    @property
    def agreed(self) -> str:
        """What a yes says yes to: the terms, whole."""
        return digest(terms(self.plan, self.gateway))

    @property
    def retried(self) -> str | None:
        """The failed job that is to be made up for: a yes to that is another one."""
        return self.job.id if self.job and standing(self.job) == FAILED else None


@dataclass(frozen=True)
class Sum:
    """What rows cost at one gateway. `steps`: of those whose price is known; `unknown`: the others."""

    gateway: Gateway
    rows: int
    steps: int
    unknown: int


def standing(job: Job | None) -> str:
    """What a row is by the newest job that there is of it."""
    if job is None or job.state == "abandoned":
        return LEFT
    if job.state == "done":
        return UNSAVED if not job.complete else PARTLY if job.error else DONE
    if job.state in {"failed", "cancelled"}:
        passing = job.task is None and job.state == "failed" and job.error and _passing(job.error)
        return LEFT if passing else FAILED
    return UNKNOWN if job.state == "unknown" else RUNNING


def _passing(error: Json) -> bool:
    """Whether nothing was bought for a reason that is not the row's: the moment's, the account's, or a lost
    reply of which the person found out that it was none."""
    return error["exit"] in NOT_OF_THE_ROW or error["kind"] == "not_charged"


def sums(entries: Iterable[Entry]) -> list[Sum]:
    """By gateway, in the order of the rows."""
    made: dict[str, Sum] = {}
    for entry in entries:
        amount = entry.plan.billing.amount
        before = made.get(entry.gateway.id, Sum(entry.gateway, 0, 0, 0))
        made[entry.gateway.id] = replace(
            before,
            rows=before.rows + 1,
            steps=before.steps + (amount or 0),
            unknown=before.unknown + (amount is None),
        )
    return list(made.values())


def offered(entries: Iterable[Entry]) -> Json:
    """What one token stands for: these rows, each at its terms."""
    return {"rows": {entry.id: [entry.retried, entry.agreed] for entry in entries}}


def covered(approved: Mapping[str, Json], entries: Iterable[Entry]) -> bool:
    """Whether a yes was to all of these rows, just as they are."""
    rows = approved.get("rows", {})
    return all(rows.get(entry.id) == [entry.retried, entry.agreed] for entry in entries)
