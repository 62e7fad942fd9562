"""The names a job goes by besides its id: idempotency keys, the tokens that bought it, and `last`."""

from __future__ import annotations

import sqlite3

from studio.errors import UnknownOutcome, UsageError
from studio.order import Order
from studio.store import Store

KEY, TOKEN = "key", "token"
SPENT, FINGERPRINT, ROW = "spent key", "fingerprint", "row"  # of jobs that were forgotten
RUNNING = ("intent", "sending", "submitted")
LAST = "last"  # no id: those have other signs
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without the signs that people take for another
ID_LENGTH = 8


class Names:
    def __init__(self, store: Store) -> None:
        self._store = store

    def job(self, order: Order) -> sqlite3.Row | None:
        """The job (id, state) that an order's key or token stands for. Raises UsageError where the key
        stands for another request."""
        for kind, name in _names(order):
            known = self._known(kind, name)
            same = known is not None and known["asked"] == order.asked
            if known is None or not (same or kind == KEY):
                continue
            job = self._there(known, f"{kind} {order.key if kind == KEY else name}")
            if not same:
                raise UsageError(
                    f"--idempotency-key {order.key} was given before, with another wish: job {known['job']}.",
                    kind="key_reused",
                    detail="Meant to be the same? Go on with that job. Another wish has another key.",
                    about={"job": known["job"]},
                    retry="wait",
                )
            return job
        once_more = self._instead(order.token)
        return self._there(once_more, f"token {order.token}") if once_more else None

    def there(self, order: Order) -> str | None:
        """The job that makes another one needless, if there is one. Raises UnknownOutcome where the same may
        have been bought already."""
        if order.row is not None and (newest := self.of_row(order.row)) != order.after:
            return newest
        named = self.job(order)
        same = [  # by what is sent, or by what was asked for: the vendor's list may have changed between
            row
            for column, value in (("fingerprint", order.fingerprint), ("asked", order.asked))
            for row in self._store.rows(
                f"SELECT id, state FROM jobs WHERE {column} = ? AND open = 1 ORDER BY created_at", value
            )
        ]
        if named and named["state"] != "unknown":
            return str(named["id"])
        if order.forced and not self.used(order.token):
            named = None  # the key goes over to the one that is bought instead
        suspects = [row for row in (named, *([] if order.forced else same)) if row]
        lost = next((row["id"] for row in suspects if row["state"] == "unknown"), None)
        if lost:
            raise UnknownOutcome(
                f"Job {lost} asked for just this, and whether it was accepted is not known: it may have been "
                "charged. Nothing was sent now.",
                kind="maybe_bought",
                detail=f"Find out, then: `reconcile {lost} --task-id ID`, or `--not-charged`.",
                about={"job": lost},
            )
        running = (row["id"] for row in same if row["state"] in RUNNING)
        return None if order.forced else next(running, None)

    def given(self, key: str | None, user_id: str | None, token: str | None) -> str | None:
        """The job that a user's key or a token was given to, whatever is asked for with it now; None also
        where it was forgotten since."""
        known = self._known(KEY, _of(user_id, key)) or self._known(TOKEN, token)
        row = known and self._store.row("SELECT id FROM jobs WHERE id = ?", known["job"])
        return row["id"] if row else None

    def newest(self, user_id: str | None, *, with_files: bool = False) -> str | None:
        """The newest job of a user, or of those without one; `with_files`: the newest that is finished and
        has saved something."""
        whose = "user_id IS NULL" if user_id is None else "user_id = ?"
        saved = "EXISTS (SELECT 1 FROM outputs WHERE job = jobs.id AND path IS NOT NULL)"
        files = f" AND state = 'done' AND {saved}" if with_files else ""
        row = self._store.row(
            f"SELECT id FROM jobs WHERE {whose}{files} ORDER BY created_at DESC LIMIT 1",
            *(() if user_id is None else (user_id,)),
        )
        return row["id"] if row else None

    def of_row(self, row: str) -> str | None:
        """The newest job of a row of a batch; one that was bought and is forgotten, too."""
        newest = self._store.row(
            "SELECT id FROM jobs WHERE row = ? ORDER BY created_at DESC, rowid DESC LIMIT 1", row
        )
        known = newest or self._store.row("SELECT job AS id FROM names WHERE kind = ? AND name = ?", ROW, row)
        return known["id"] if known else None

    def used(self, token: str | None) -> bool:
        """Whether a token's purchase was made."""
        return self._known(TOKEN, token) is not None or self._instead(token) is not None

    def give(self, db: sqlite3.Connection, job: str, order: Order) -> None:
        """From here on an order's key and token stand for this job."""
        for kind, name in _names(order):
            if name is not None:
                db.execute(
                    "INSERT INTO names (kind, name, job, asked) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (kind, name, job, order.asked),
                )

    def take(self, db: sqlite3.Connection, order: Order) -> None:
        """From whatever job they stand for: its person chose to buy once more."""
        for kind, name in _names(order):
            db.execute("DELETE FROM names WHERE kind = ? AND name = ?", (kind, name))

    def free(self, db: sqlite3.Connection, job: str) -> None:
        """They stand for nothing any more."""
        db.execute("DELETE FROM names WHERE job = ?", (job,))

    def _known(self, kind: str, name: str | None) -> sqlite3.Row | None:
        if name is None:
            return None
        return self._store.row(
            "SELECT job, asked FROM names WHERE kind = ? AND name = ? OR kind = ? AND name = ?",
            *(kind, name, SPENT, _digest(name) if kind == KEY else None),
        )

    def _instead(self, token: str | None) -> sqlite3.Row | None:
        """What another token bought that stands for the same yes: to buy a job of unknown outcome once more.
        However often that was asked, it is bought once."""
        return self._store.row(
            "SELECT names.job FROM approvals mine JOIN approvals other ON other.lost = mine.lost"
            " JOIN names ON names.kind = ? AND names.name = other.token WHERE mine.token = ?",
            TOKEN,
            token,
        )

    def _there(self, known: sqlite3.Row, what: str) -> sqlite3.Row:
        job = self._store.row("SELECT id, state FROM jobs WHERE id = ?", known["job"])
        if job is None:
            raise UsageError(
                f"The {what} bought job {known['job']}, which was forgotten since. It buys nothing more.",
                kind="key_spent",
                detail="Give another, or none.",
            )
        return job


def keep_fingerprints(db: sqlite3.Connection, jobs: str, *values: float) -> None:
    """Of jobs that are about to be forgotten; `jobs`: the query for their ids."""
    db.execute(
        "INSERT INTO names (kind, name, job, asked) SELECT ?, fingerprint, id, asked FROM jobs"
        f" WHERE fingerprint IS NOT NULL AND id IN ({jobs}) ON CONFLICT DO NOTHING",
        (FINGERPRINT, *values),
    )


def keep_rows(db: sqlite3.Connection, jobs: str, *values: float) -> None:
    """Of jobs that are about to be forgotten, the rows of a batch that they bought: none is bought again."""
    db.execute(
        "INSERT INTO names (kind, name, job, asked) SELECT ?, row, id, asked FROM jobs"
        f" WHERE row IS NOT NULL AND claimed_on IS NOT NULL AND id IN ({jobs}) ON CONFLICT DO NOTHING",
        (ROW, *values),
    )


def hash_spent(db: sqlite3.Connection) -> None:
    """The keys of jobs that were forgotten buy nothing more, and cannot be read any more either."""
    gone = "kind = ? AND job NOT IN (SELECT id FROM jobs)"
    for row in db.execute(f"SELECT name FROM names WHERE {gone}", (KEY,)).fetchall():
        db.execute(
            "UPDATE names SET kind = ?, name = ? WHERE kind = ? AND name = ?",
            (SPENT, _digest(row["name"]), KEY, row["name"]),
        )


def _digest(name: str) -> str:
    import hashlib

    return hashlib.sha256(name.encode()).hexdigest()


def _names(order: Order) -> tuple[tuple[str, str | None], ...]:
    return (KEY, _of(order.user_id, order.key)), (TOKEN, order.token)


def _of(user_id: str | None, key: str | None) -> str | None:
    """A key as it is kept: two users may come with the same."""
    return key if key is None or user_id is None else f"{user_id}\n{key}"


def own_key(id: str) -> str:
    """The idempotency key by which a parked job is gone on with."""
    return f"job-{id}"


def new_id() -> str:
    """A job's id, without the prefix of its record."""
    import secrets

    return "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
