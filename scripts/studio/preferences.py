"""Which model a chat user wants from now on, for each task type; and which files of other programs were taken
over already. The user id stays in this record."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable

from studio.frozen import dataclass
from studio.store import Store
from studio.types import Clock


@dataclass(frozen=True)
class Preference:
    """`user_id`: "" where none was given. `set_at`: seconds since 1970."""

    user_id: str
    task_type: str
    gateway: str
    model_id: str
    set_at: float


class Preferences:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def of(self, user_id: str) -> tuple[Preference, ...]:
        rows = self._store.rows("SELECT * FROM preferences WHERE user_id = ? ORDER BY task_type", user_id)
        return tuple(Preference(**dict(row)) for row in rows)

    def get(self, user_id: str, task_type: str) -> Preference | None:
        return next((one for one in self.of(user_id) if one.task_type == task_type), None)

    def save(self, user_id: str, task_types: Iterable[str], gateway: str, model_id: str) -> None:
        """From now on this model for these task types; the others keep theirs."""
        with self._store.transaction() as db:
            for task_type in task_types:
                self._put(db, Preference(user_id, task_type, gateway, model_id, self._clock.time()))

    def clear(self, user_id: str, task_types: Collection[str]) -> int:
        """Forget what was set for these task types. Returns how many were."""
        with self._store.transaction() as db:
            return sum(
                db.execute(
                    "DELETE FROM preferences WHERE user_id = ? AND task_type = ?", (user_id, task_type)
                ).rowcount
                for task_type in task_types
            )

    def take_over(self, what: str, rows: Iterable[tuple[str, str, str, str]]) -> list[bool] | None:
        """Rows (user, task type, gateway, model id) of another program's file, once: None where `what` was
        read before, else for each row whether it was taken. A user with a preference of ours keeps that."""
        with self._store.transaction() as db:
            if db.execute("SELECT 1 FROM read_once WHERE what = ?", (what,)).fetchone():
                return None
            now = self._clock.time()
            db.execute("INSERT INTO read_once (what, at) VALUES (?, ?)", (what, now))
            ours = {row["user_id"] for row in db.execute("SELECT DISTINCT user_id FROM preferences")}
            taken = []
            for row in rows:
                taken.append(row[0] not in ours)
                if taken[-1]:
                    self._put(db, Preference(*row, now))
            return taken

    def _put(self, db: sqlite3.Connection, one: Preference) -> None:
        key = (one.user_id, one.task_type)
        db.execute("DELETE FROM preferences WHERE user_id = ? AND task_type = ?", key)
        db.execute(
            "INSERT INTO preferences (user_id, task_type, gateway, model_id, set_at) VALUES (?, ?, ?, ?, ?)",
            (*key, one.gateway, one.model_id, one.set_at),
        )
