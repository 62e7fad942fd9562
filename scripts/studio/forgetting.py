"""Forgetting what ended long ago, so that its bytes are gone, too. What stays of a job are hashes: its key
and its fingerprint."""

from __future__ import annotations

import sqlite3

from studio import names
from studio.accounts import TOKEN_LIFE, TOKENS_KEPT, Accounts
from studio.frozen import dataclass
from studio.store import Store
from studio.types import Clock

ENDED = "open = 0 AND changed_at < ?"
"""Not what is open, unknown, unsettled or not saved: `open` says so."""


@dataclass(frozen=True)
class Forgotten:
    """How many rows went. `erased`: their bytes are gone from the file as well."""

    jobs: int
    uploads: int
    erased: bool


class Forgetting:
    def __init__(self, store: Store, accounts: Accounts, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    def receipts(self, before: float) -> dict[str, str]:
        """Job -> where its receipt was written, of the jobs that would be forgotten."""
        rows = self._store.rows(f"SELECT id, receipt FROM jobs WHERE {ENDED} AND receipt IS NOT NULL", before)
        return {row["id"]: row["receipt"] for row in rows}

    def forget(self, before: float) -> Forgotten:
        """The jobs that ended before a time, and what else is older. What they cost stays counted against the
        limits of its day."""
        with self._store.transaction() as db:
            gone = f"SELECT id FROM jobs WHERE {ENDED}"
            for table in ("events", "outputs", "told", "times"):
                db.execute(f"DELETE FROM {table} WHERE job IN ({gone})", (before,))
            names.keep_fingerprints(db, gone, before)
            names.keep_rows(db, gone, before)
            jobs = db.execute(f"DELETE FROM jobs WHERE {ENDED}", (before,)).rowcount
            names.hash_spent(db)
            uploads = db.execute("DELETE FROM uploads WHERE COALESCE(at, until) < ?", (before,)).rowcount
            self._forget_rest(db, before)
        return Forgotten(jobs, uploads, self._store.erase())

    def _forget_rest(self, db: sqlite3.Connection, before: float) -> None:
        """Questions that nobody can say yes to any more, and the counters of days that are over."""
        now = self._clock.time()
        db.execute("DELETE FROM approvals WHERE at < ?", (min(before, now - TOKENS_KEPT),))
        db.execute("UPDATE approvals SET terms = '{}' WHERE at < ?", (min(before, now - TOKEN_LIFE),))
        db.execute(
            "DELETE FROM counters WHERE day < ? AND day < ? AND NOT EXISTS"
            " (SELECT 1 FROM jobs WHERE jobs.gateway = counters.gateway AND claimed_on = day)",
            (self._accounts.day(before), self._accounts.today),
        )
