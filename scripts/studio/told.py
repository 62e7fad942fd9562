"""What a person was told of a job before its end, so that no two processes say it twice."""

from __future__ import annotations

from studio.store import Store
from studio.types import Clock

NOTIFY = "notify"
PROGRESS = "progress-"


class Told:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def notified(self, job: str) -> bool:
        """Whether it was said that the job began."""
        return bool(self._store.rows("SELECT 1 FROM told WHERE job = ? AND what = ?", job, NOTIFY))

    def notify(self, job: str) -> None:
        self._say(job, NOTIFY)

    def progress(self, job: str) -> int:
        """The last moment at which it was said how the job goes, counted from 1; 0: none yet."""
        rows = self._store.rows("SELECT what FROM told WHERE job = ? AND what != ?", job, NOTIFY)
        return max((int(row["what"].removeprefix(PROGRESS)) for row in rows), default=0)

    def claim_progress(self, job: str, moment: int) -> bool:
        """Whether it is this process that says it at this moment; of several that try, one may."""
        return self._say(job, f"{PROGRESS}{moment}")

    def _say(self, job: str, what: str) -> bool:
        with self._store.transaction() as db:
            said = db.execute(
                "INSERT INTO told (job, what, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (job, what, self._clock.time()),
            )
            return said.rowcount == 1
