"""Which jobs are to have a receipt, and where it was written."""

from __future__ import annotations

import sqlite3

from studio.store import Store


class Receipted:
    def __init__(self, store: Store) -> None:
        self._store = store

    def want(self, db: sqlite3.Connection, job: str) -> None:
        db.execute("UPDATE jobs SET receipt_wanted = 1 WHERE id = ?", (job,))

    def want_now(self, job: str) -> None:
        with self._store.transaction() as db:
            self.want(db, job)

    def written(self, job: str, path: str) -> None:
        with self._store.transaction() as db:
            db.execute("UPDATE jobs SET receipt = ? WHERE id = ?", (path, job))
