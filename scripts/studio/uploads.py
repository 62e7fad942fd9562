"""Inputs that were uploaded before: remembered by their content and the place they went to, while their
links live."""

from __future__ import annotations

import json

from studio.store import Store
from studio.types import Clock, MediaRef, Source


class Uploads:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def remember(self, place: str, source: Source, ref: MediaRef, life: float) -> None:
        """`place`: the address it was uploaded through; `life`: seconds for which its link is good."""
        now = self._clock.time()
        with self._store.transaction() as db:
            db.execute("DELETE FROM uploads WHERE until < ?", (now,))
            db.execute("DELETE FROM uploads WHERE place = ? AND sha256 = ?", (place, source.sha256))
            db.execute(
                "INSERT INTO uploads (place, sha256, value, until, at) VALUES (?, ?, ?, ?, ?)",
                (place, source.sha256, json.dumps(ref.value), now + life, now),
            )

    def forget(self, place: str, source: Source) -> None:
        with self._store.transaction() as db:
            db.execute("DELETE FROM uploads WHERE place = ? AND sha256 = ?", (place, source.sha256))

    def remembered(self, place: str, source: Source) -> MediaRef | None:
        row = self._store.row(
            "SELECT value FROM uploads WHERE place = ? AND sha256 = ? AND until > ?",
            place,
            source.sha256,
            self._clock.time(),
        )
        return MediaRef(source.role, json.loads(row["value"])) if row else None
