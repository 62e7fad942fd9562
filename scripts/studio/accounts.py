"""What was spent, against what may be, and what was said yes to.

A limit is a row of `counters`, claimed by one conditional UPDATE in the transaction that writes the intent:
fifty processes at once cannot get past it. A claim is given back where nothing was bought, and kept
otherwise. A price that is not known claims nothing. Amounts are whole steps of the gateway's unit.
"""

from __future__ import annotations

import json
import sqlite3
from time import gmtime, strftime

from studio.errors import OverLimit
from studio.frozen import dataclass
from studio.store import Store
from studio.types import Clock, Gateway, Json, Plan

EVERYBODY = "all"
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
TOKEN_LENGTH = 12
TOKEN_LIFE = 600.0  # seconds
TOKENS_KEPT = 86400.0  # seconds; after that a token is not even known to have been one
NO_LIMIT = 2**62  # steps; more than a counter can ever hold
NEW_COUNTER = "INSERT INTO counters (gateway, scope, day, spent) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING"
SKEW = 60.0  # seconds by which a clock may have been set back since


@dataclass(frozen=True)
class Spending:
    """What one user spent on one day at one gateway. `charged` is what the vendor said it took."""

    gateway: str
    day: str
    user_id: str | None
    jobs: int
    quoted: int  # steps, of the jobs whose price is known
    charged: int | None
    unknown_price: int  # jobs


class Accounts:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @property
    def today(self) -> str:
        """In UTC: two processes with other ideas of the time zone must not have two days to spend."""
        return self.day(self._clock.time())

    def day(self, at: float) -> str:
        return strftime("%Y-%m-%d", gmtime(at))

    def claim(self, db: sqlite3.Connection, plan: Plan, gateway: Gateway, day: str) -> None:
        """Count a purchase, in the caller's transaction. Raises OverLimit, and the transaction is undone."""
        amount = plan.billing.amount
        if amount is None:
            return
        for scope, limit in _counters(plan.user_id, gateway):
            row = (gateway.id, scope, day)
            db.execute(NEW_COUNTER, row)
            claimed = db.execute(
                "UPDATE counters SET spent = spent + ? WHERE gateway = ? AND scope = ? AND day = ?"
                " AND spent + ? <= ?",
                (amount, *row, amount, NO_LIMIT if limit is None else limit),
            )
            if claimed.rowcount != 1:
                raise _over(plan, gateway, scope, self._spent(*row), limit or 0)

    def check(self, plan: Plan, gateway: Gateway, claimed: int = 0) -> None:
        """What `claim` would say now, by the limit that leaves least. Claims nothing. `claimed`: what this
        purchase claimed already."""
        held = [
            (limit - self._spent(gateway.id, scope, self.today) + claimed, scope, limit)
            for scope, limit in _counters(plan.user_id, gateway)
            if limit is not None
        ]
        left, scope, limit = min(held, default=(0, EVERYBODY, None))
        if limit is not None and plan.billing.amount is not None and plan.billing.amount > left:
            raise _over(plan, gateway, scope, limit - left, limit)

    def give_back(self, db: sqlite3.Connection, job: sqlite3.Row) -> None:
        """A job's claim, where it has one; in the caller's transaction."""
        if job["claimed_on"] is not None:
            self._add(db, job, -(job["amount"] or 0), job["claimed_on"])

    def take_again(self, db: sqlite3.Connection, job: sqlite3.Row, day: str) -> None:
        """What was given back too early, whatever the limits say: it was spent."""
        self._add(db, job, job["amount"] or 0, day)

    def spent_today(self, gateway: str, user_id: str | None = None) -> int:
        """By everybody, or by one user."""
        return self._spent(gateway, EVERYBODY if user_id is None else _scope(user_id), self.today)

    def spending(self, since: float) -> tuple[Spending, ...]:
        """What went where since a time, newest day first: jobs that were bought or may have been."""
        day = self.day(since)
        rows = self._store.rows(
            "SELECT gateway, claimed_on AS day, user_id, COUNT(*) AS jobs,"
            " COALESCE(SUM(amount), 0) AS quoted, SUM(charged) AS charged,"
            " SUM(CASE WHEN amount IS NULL THEN 1 ELSE 0 END) AS unknown_price"
            " FROM jobs WHERE claimed_on >= ? GROUP BY gateway, claimed_on, user_id"
            " ORDER BY claimed_on DESC, gateway, user_id",
            day,
        )
        return tuple(Spending(**dict(row)) for row in rows)

    def approve(self, terms: Json, lost: str | None = None) -> str:
        """Keep what is offered to the person; the token that says yes to just that, for ten minutes. `lost`:
        a job of unknown outcome, and the yes is to buying it once more: void once its outcome is known."""
        import secrets

        token = "".join(secrets.choice(SIGNS) for _ in range(TOKEN_LENGTH))
        now = self._clock.time()
        with self._store.transaction() as db:
            db.execute("DELETE FROM approvals WHERE at < ?", (now - TOKENS_KEPT,))
            db.execute(
                "INSERT INTO approvals (token, at, terms, lost) VALUES (?, ?, ?, ?)",
                (token, now, json.dumps(terms, ensure_ascii=False), lost),
            )
        return token

    def approved(self, token: str) -> Json | None:
        """What a token says yes to; None where it is none, or void, or older than ten minutes."""
        row = self._store.row(
            "SELECT at, terms, lost, state FROM approvals LEFT JOIN jobs ON jobs.id = lost WHERE token = ?",
            token,
        )
        if row is None or not -SKEW <= self._clock.time() - row["at"] <= TOKEN_LIFE:
            return None
        if row["lost"] is not None and row["state"] != "unknown":
            return None
        terms: Json = json.loads(row["terms"])
        return terms

    def _add(self, db: sqlite3.Connection, job: sqlite3.Row, amount: int, day: str) -> None:
        for scope in (EVERYBODY, _scope(job["user_id"])):
            row = (job["gateway"], scope, day)
            db.execute(NEW_COUNTER, row)
            db.execute(
                "UPDATE counters SET spent = spent + ? WHERE gateway = ? AND scope = ? AND day = ?",
                (amount, *row),
            )

    def _spent(self, gateway: str, scope: str, day: str) -> int:
        row = self._store.row(
            "SELECT spent FROM counters WHERE gateway = ? AND scope = ? AND day = ?", gateway, scope, day
        )
        return row["spent"] if row else 0


def _scope(user_id: str | None) -> str:
    return f"user:{user_id or ''}"


def _counters(user_id: str | None, gateway: Gateway) -> tuple[tuple[str, int | None], ...]:
    limits = gateway.limits
    held = ((EVERYBODY, limits.per_day), (_scope(user_id), limits.per_user))
    return tuple((scope, limit if limit is None else min(limit, NO_LIMIT)) for scope, limit in held)


def _over(plan: Plan, gateway: Gateway, scope: str, spent: int, limit: int) -> OverLimit:
    def amount(steps: int) -> str:
        return f"{gateway.unit.amount(steps):g} {gateway.unit.name}"

    held = {"left": max(0, limit - spent), "limit": limit}
    whose = "today" if scope == EVERYBODY else "today by this user"
    return OverLimit(
        f"This costs {amount(plan.billing.amount or 0)}; of the {amount(limit)} that may be spent {whose}, "
        f"{amount(held['left'])} are left. Nothing was bought.",
        about={name: f"{gateway.unit.amount(steps):g}" for name, steps in held.items()},
    )
