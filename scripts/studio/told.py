"""What a person was told of a job before its end, so that no two processes say it twice."""

from __future__ import annotations

from studio.store import Store
from studio.types import Clock

NOTIFY = "notify"
PROGRESS = "progress-"
FILE = "file-"
TURN = "turn"
LONGEST_TURN = 5.0  # seconds; who takes longer to print a document is gone


class Told:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._turns: set[str] = set()

    def turn(self, job: str) -> bool:
        """Whether it is this process's turn to speak of a job's begin or end. What it then reads of what was
        said stays true until `over`, or until it must be gone."""
        if job in self._turns:
            return True
        with self._store.transaction() as db:
            now = self._clock.time()
            taken = db.execute(
                "INSERT INTO told (job, what, at) VALUES (?, ?, ?) ON CONFLICT (job, what)"
                " DO UPDATE SET at = excluded.at WHERE told.at NOT BETWEEN ? AND excluded.at",
                (job, TURN, now, now - LONGEST_TURN),
            )
            if taken.rowcount != 1:
                return False
        self._turns.add(job)
        return True

    def over(self) -> None:
        """What this process had to say is said, and marked."""
        while self._turns:
            with self._store.transaction() as db:
                db.execute("DELETE FROM told WHERE job = ? AND what = ?", (self._turns.pop(), TURN))

    def notified(self, job: str) -> bool:
        """Whether it was said that the job began."""
        return bool(self._store.rows("SELECT 1 FROM told WHERE job = ? AND what = ?", job, NOTIFY))

    def notify(self, job: str) -> None:
        self._say(job, NOTIFY)

    def progress(self, job: str) -> int:
        """The last moment at which it was said how the job goes, counted from 1; 0: none yet."""
        return max(self._numbers(job, PROGRESS), default=0)

    def claim_progress(self, job: str, moment: int) -> bool:
        """Whether it is this process that says it at this moment; of several that try, one may."""
        return self._say(job, f"{PROGRESS}{moment}")

    def files(self, job: str) -> frozenset[int]:
        """Which files of a job that is not all saved were handed out, counted from 1."""
        return frozenset(self._numbers(job, FILE))

    def file(self, job: str, number: int) -> None:
        self._say(job, f"{FILE}{number}")

    def _numbers(self, job: str, what: str) -> list[int]:
        rows = self._store.rows("SELECT what FROM told WHERE job = ? AND what LIKE ?", job, f"{what}%")
        return [int(row["what"].removeprefix(what)) for row in rows]

    def _say(self, job: str, what: str) -> bool:
        with self._store.transaction() as db:
            said = db.execute(
                "INSERT INTO told (job, what, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (job, what, self._clock.time()),
            )
            return said.rowcount == 1
