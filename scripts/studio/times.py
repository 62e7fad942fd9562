"""How long the user's own jobs took: what their polls found, kept for the next of that kind."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from studio.errors import LedgerError
from studio.store import Store
from studio.types import Clock, Job, Plan

if TYPE_CHECKING:
    from studio.follow import Past, Watch

KEPT = 20  # of the last jobs of a kind, so many say what is usual
SHARE = 0.1  # of them are quicker than what is called usual


def kind(plan: Plan) -> str:
    """Jobs that are expected to take the same time: options that take longer have another estimate."""
    return json.dumps([plan.gateway, plan.model.id, plan.task_type, plan.estimate])


def usual(took: Sequence[float]) -> float | None:
    """The tenth percentile, by nearest rank; None of none."""
    return sorted(took)[math.ceil(SHARE * len(took)) - 1] if took else None


class Times:
    """Seconds are the vendor's; `at` and `looked_at` are since 1970."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def past(self, job: Job) -> Past:
        from studio.follow import Past

        looked = self._store.row("SELECT looked_at FROM times WHERE job = ?", job.id)
        rows = self._store.rows(
            "SELECT took FROM times WHERE kind = ? AND took IS NOT NULL ORDER BY at DESC LIMIT ?",
            kind(job.plan),
            KEPT,
        )
        return Past(usual([row["took"] for row in rows]), looked["looked_at"] if looked else None)

    def keep(self, watch: Watch) -> None:
        """What was seen of a job, if anything was: how long it took, or when it was last under way. A record
        that cannot be written ends nothing: this only makes the next wait shorter."""
        if watch.took is None and watch.looked_at is None:
            return
        with suppress(LedgerError), self._store.transaction() as db:
            db.execute(
                "INSERT INTO times (job, kind, at, looked_at, took) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (job) DO UPDATE SET at = excluded.at, looked_at = excluded.looked_at,"
                " took = excluded.took",
                (watch.job.id, kind(watch.job.plan), self._clock.time(), watch.looked_at, watch.took),
            )

    @contextmanager
    def kept(self, watch: Watch) -> Iterator[None]:
        """A job is followed and saved in this block. What was seen of it is kept once, whatever ends it."""
        try:
            yield
        finally:
            self.keep(watch)
