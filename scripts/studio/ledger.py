"""What was asked, what was paid and what came of it: one record that outlives every process.

Promise 1 rests on the order of its commits, each of them on the disk before the next step: `intent` before
anything is uploaded, `sending` before the paid bytes leave, `submitted` with the task id as soon as the
answer is read. Whoever dies in between leaves a row that says how far it came, and a lease that runs out:
in `intent` nothing was bought and the job is `abandoned`, in `sending` nobody knows and it is `unknown`.
"""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from studio import unstored
from studio.accounts import Accounts
from studio.errors import InternalError, NotSaved, UnknownOutcome, UsageError, error_record
from studio.forgetting import Forgetting
from studio.frozen import asdict
from studio.migrations import MIGRATIONS
from studio.names import RUNNING, Names, new_id, own_key
from studio.order import Order
from studio.preferences import Preferences
from studio.receipted import Receipted
from studio.rows import abandoned, accepted, dump, given_up, job, marks, nowhere, output
from studio.store import Store
from studio.times import Times
from studio.told import Told
from studio.types import Clock, Job, Json, Output, Plan, Saved, Shot, Submitted
from studio.uploads import Uploads

LEASE = 15.0  # seconds without a beat after which a process is taken for dead
PARKED = 600.0  # seconds for which a job waits for the next command to go on with its uploads

MOVES = {
    "intent": ("sending", "failed", "abandoned", "cancelled"),
    "sending": ("intent", "submitted", "failed", "unknown"),
    "submitted": ("done", "failed", "cancelled"),
    "unknown": ("submitted", "failed"),
    "failed": ("submitted",),
    "done": ("done",),
}
"""From each state the states that may follow. Back to intent: the vendor refused before acceptance, and
we wait before we send again. unknown -> submitted, failed: the answer was read after all, however late, or
the person found out. failed -> submitted: only where it was the person who said that nothing was charged,
too early. done -> done: files that could not be saved are saved later."""

ENDED = ("done", "failed", "cancelled", "abandoned", "unknown")
BOUGHT_NOTHING = ("failed", "cancelled", "abandoned")  # where the vendor did not take it, or nobody sent it
LEASED = ("intent", "sending")


class Ledger:
    """`prefix` is put before new job ids: `sb-` in the ledger of rehearsals. `mend`: a damaged file is set
    aside, which only a command may do that can say so. `prompts`: whether they are written down."""

    def __init__(
        self, path: Path, clock: Clock, prefix: str = "", *, mend: bool = True, prompts: bool = True
    ) -> None:
        self._prompts = prompts
        self._clock = clock
        self._prefix = prefix
        self._store = Store(path, clock, MIGRATIONS, mend=mend)
        self._owner = os.urandom(8).hex()
        self.accounts = Accounts(self._store, clock)
        self.uploads = Uploads(self._store, clock)
        self.names = Names(self._store)
        self.told = Told(self._store, clock)
        self.times = Times(self._store, clock)
        self.receipts = Receipted(self._store)
        self.past = Forgetting(self._store, self.accounts, clock)
        self.preferences = Preferences(self._store, clock)

    def close(self) -> None:
        self._store.close()

    def begin(self, plan: Plan, out: str, order: Order | None = None) -> tuple[Job, bool]:
        """Write the intent, with its claim on the limits. From here on the job can be found, whatever
        happens. Returns the job and whether it is this process that has to pay for it: not where the same
        was begun before. Raises OverLimit, or UnknownOutcome where the same may have been bought already."""
        order = order or Order()
        with self._store.transaction() as db:
            self._bury(db)
            there = self.names.there(order)
            id = there or self._insert(db, plan, out, order)
            if there is None and order.forced:
                self.names.take(db, order)
            self.names.give(db, id, order)
            if order.receipt:
                self.receipts.want(db, id)
            ours = there is None or self._take_up(db, there, order)
        return self.get(id), ours

    def named(self, order: Order) -> Job | None:
        """The job that a key or a used token stands for. Raises UsageError where it is another request's."""
        row = self.names.job(order)
        return self.get(row["id"]) if row else None

    def with_task(self, gateway: str, task_id: str) -> str | None:
        """The job that a task belongs to."""
        row = self._store.row("SELECT id FROM jobs WHERE gateway = ? AND task_id = ?", gateway, task_id)
        return row["id"] if row else None

    def sending(self, id: str) -> None:
        """The paid request leaves next. Not for a process that was taken for dead meanwhile: another may
        have bought the same since."""
        with self._store.transaction() as db:
            row = db.execute("SELECT state, owner FROM jobs WHERE id = ?", (id,)).fetchone()
            if row["owner"] != self._owner or row["state"] in {"abandoned", "cancelled", "unknown"}:
                raise given_up(id)
            self._set(db, id, "sending", {"lease": self._clock.time() + LEASE})

    def back_to_intent(self, id: str) -> None:
        """Refused before acceptance: nothing is under way while we wait to send again."""
        self._move(id, "intent", lease=self._clock.time() + LEASE)

    def beat(self, id: str) -> None:
        """This process lives and is still at it."""
        with self._store.transaction() as db:
            db.execute(
                f"UPDATE jobs SET lease = ? WHERE id = ? AND owner = ? AND state IN {marks(LEASED)}",
                (self._clock.time() + LEASE, id, self._owner, *LEASED),
            )

    def on_behalf_of(self, owner: Ledger) -> None:
        """Beat for another connection of this process."""
        self._owner = owner._owner

    def park(self, id: str) -> None:
        """This process ends before its inputs have travelled; the next one with the same request, or with the
        job's own key, goes on. Raises Interrupted where the job is over by now."""
        with self._store.transaction() as db:
            parked = db.execute(
                "UPDATE jobs SET owner = NULL, lease = ? WHERE id = ? AND state = 'intent' AND owner = ?",
                (self._clock.time() + PARKED, id, self._owner),
            )
            if parked.rowcount != 1:
                raise given_up(id)
            asked, user_id = db.execute("SELECT asked, user_id FROM jobs WHERE id = ?", (id,)).fetchone()
            self.names.give(db, id, Order(key=own_key(id), user_id=user_id, asked=asked))

    def submitted(self, id: str, made: Submitted) -> None:
        self._move(id, "submitted", **accepted(made))

    def unknown(self, id: str, error: Json) -> None:
        self._move(id, "unknown", error=self._kept(error))

    def failed(self, id: str, error: Json) -> None:
        """The end of a job that made nothing. Of several that follow it, whoever came first is right."""
        with self._store.transaction() as db:
            state = self._state(db, id)
            if state in {*RUNNING, "unknown"}:
                stopped = state == "submitted" and error["kind"] == "stopped"
                self._set(db, id, "cancelled" if stopped else "failed", self._ended(error))

    def not_charged(self, id: str, error: Json) -> bool:
        """The person says that nothing came of it, if that is still not known."""
        with self._store.transaction() as db:
            if self._state(db, id) != "unknown":
                return False
            self._set(db, id, "failed", self._ended(error))
            return True

    def adopt(self, id: str, made: Submitted) -> bool:
        """The task that it became was found, if it still is not known. Raises UsageError where another job
        has that task."""
        with self._store.transaction() as db:
            other = self.with_task(made.task.gateway, made.task.task_id)
            if other is not None and other != id:
                raise UsageError(f"Task {made.task.task_id} is that of job {other}.", kind="no_such_task")
            if self._state(db, id) not in {"unknown", "failed"}:
                return False
            self._set(db, id, "submitted", accepted(made))
            return True

    def cancelled(self, id: str, error: Json) -> bool:
        """Stopped, if nothing of it was sent by now."""
        with self._store.transaction() as db:
            if self._state(db, id) != "intent":
                return False
            self._set(db, id, "cancelled", self._ended(error))
            return True

    def done(
        self,
        id: str,
        outputs: tuple[Saved | Output, ...],
        charged: int | None,
        error: Json | None,
        shots: tuple[Shot, ...] = (),
    ) -> None:
        """The vendor finished. Outputs without a path could not be saved yet; what another process saved
        meanwhile stays saved."""
        with self._store.transaction() as db:
            outputs = tuple(
                there
                if isinstance(there, Saved) and isinstance(made, Output) and Path(there.path).exists()
                else made
                for there, made in itertools.zip_longest(map(output, self._outputs(id)), outputs)
                if made is not None
            )
            saved = all(isinstance(made, Saved) for made in outputs)
            if error and error["kind"] == NotSaved.kind and saved:
                error = None
            gone = error is not None and error["kind"] == "files_gone"  # then nothing is to come any more
            fields: Json = {"error": self._kept(error), "open": int(not (saved or gone))}
            if charged is not None:
                fields["charged"] = charged
            if shots:
                fields["shots"] = dump(list(map(asdict, shots)) if self._prompts else unstored.shots(shots))
            if self._state(db, id) != "done":
                fields["finished_at"] = self._clock.time()
            self._set(db, id, "done", fields)
            db.execute("DELETE FROM outputs WHERE job = ?", (id,))
            for n, made in enumerate(outputs, 1):
                row = {"job": id, "n": n, **asdict(made)}
                db.execute(f"INSERT INTO outputs ({', '.join(row)}) VALUES {marks(row)}", tuple(row.values()))

    def settle(self) -> None:
        """Give up on the jobs whose process is gone. Every command that looks at jobs comes by here."""
        if self._dead():
            with self._store.transaction() as db:
                self._bury(db)

    def event(self, id: str, what: str) -> None:
        """A remark in a job's history, such as a state that no document names."""
        with self._store.transaction() as db:
            self._event(db, id, what if self._prompts else unstored.remark(what))

    def handed_out(self, id: str) -> None:
        """The job's end was told. The first time counts."""
        with self._store.transaction() as db:
            db.execute(
                f"UPDATE jobs SET handed_out_at = ? WHERE id = ? AND handed_out_at IS NULL"
                f" AND state IN {marks(ENDED)}",
                (self._clock.time(), id, *ENDED),
            )

    def events(self, id: str) -> tuple[str, ...]:
        rows = self._store.rows("SELECT what FROM events WHERE job = ? ORDER BY at, rowid", id)
        return tuple(row["what"] for row in rows)

    def get(self, id: str) -> Job:
        row = self._store.row("SELECT * FROM jobs WHERE id = ?", id)
        if row is None:
            raise nowhere(id)
        return self._job(row)

    def newest(
        self,
        count: int,
        *,
        only_open: bool = False,
        user_id: str | None = None,
        since: float | None = None,
    ) -> tuple[Job, ...]:
        """The newest jobs first: all, or only those still open, of one user, made since a time."""
        wanted: dict[str, Any] = {}
        if only_open:
            wanted["open = ?"] = 1
        if user_id is not None:
            wanted["user_id = ?"] = user_id
        if since is not None:
            wanted["created_at >= ?"] = since
        where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        rows = self._store.rows(
            f"SELECT * FROM jobs{where} ORDER BY created_at DESC LIMIT ?", *wanted.values(), count
        )
        return tuple(self._job(row) for row in rows)

    def _insert(self, db: sqlite3.Connection, plan: Plan, out: str, order: Order) -> str:
        now, today = self._clock.time(), self.accounts.today
        id = self._prefix + new_id()
        order.agree()
        if order.gateway:
            self.accounts.claim(db, plan, order.gateway, today)
        row = {
            "id": id,
            "state": "intent",
            "created_at": now,
            "changed_at": now,
            "gateway": plan.gateway,
            "user_id": plan.user_id,
            "plan": dump((plan if self._prompts else unstored.plan(plan)).to_json()),
            "out": out,
            "owner": self._owner,
            "lease": now + LEASE,
            "fingerprint": order.fingerprint,
            "asked": order.asked,
            "amount": plan.billing.amount,
            "claimed_on": today if order.gateway else None,
            "row": order.row,
        }
        db.execute(f"INSERT INTO jobs ({', '.join(row)}) VALUES {marks(row)}", tuple(row.values()))
        self._event(db, id, "intent")
        return id

    def _take_up(self, db: sqlite3.Connection, id: str, order: Order) -> bool:
        """Make a parked job this process's own. Of several that try, one can."""
        taken = db.execute(
            "UPDATE jobs SET owner = ?, lease = ? WHERE id = ? AND state = 'intent' AND owner IS NULL",
            (self._owner, self._clock.time() + LEASE, id),
        )
        if taken.rowcount != 1:
            return False
        order.within(db.execute("SELECT amount FROM jobs WHERE id = ?", (id,)).fetchone()["amount"])
        return True

    def _dead(self) -> list[sqlite3.Row]:
        """Jobs whose lease ran out, or ends later than any lease could: then the clock was set back."""
        now = self._clock.time()
        return self._store.rows(
            f"SELECT id, state FROM jobs WHERE state IN {marks(LEASED)}"
            " AND (lease IS NULL OR lease < ? OR lease > ?)",
            *LEASED,
            now,
            now + PARKED + LEASE,
        )

    def _bury(self, db: sqlite3.Connection) -> None:
        for row in self._dead():
            if row["state"] == "intent":
                self._set(db, row["id"], "abandoned", self._ended(error_record(abandoned())))
            else:
                lost = UnknownOutcome(
                    "The process that sent the paid request is gone. It may have been charged."
                )
                self._set(db, row["id"], "unknown", {"error": self._kept(error_record(lost))})

    def _ended(self, error: Json) -> Json:
        return {"error": self._kept(error), "finished_at": self._clock.time()}

    def _kept(self, error: Json | None) -> str | None:
        return dump(error if self._prompts else unstored.error(error)) if error else None

    def _job(self, row: sqlite3.Row) -> Job:
        return job(row, self._outputs(row["id"]))

    def _outputs(self, id: str) -> list[sqlite3.Row]:
        return self._store.rows("SELECT * FROM outputs WHERE job = ? ORDER BY n", id)

    def _move(self, id: str, state: str, **fields: Any) -> None:
        with self._store.transaction() as db:
            self._set(db, id, state, fields)

    def _set(self, db: sqlite3.Connection, id: str, state: str, fields: Json) -> None:
        """One step of the state machine; a step that is not in MOVES is a defect, not a wish."""
        before = [origin for origin, targets in MOVES.items() if state in targets]
        row = db.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise nowhere(id)
        if row["state"] not in before:
            raise InternalError(f"Job {id} is {row['state']} and cannot become {state}.")
        if row["state"] == "failed":
            fields = {**fields, **self._charged_after_all(db, row)}
        if state in BOUGHT_NOTHING and row["task_id"] is None:
            self.accounts.give_back(db, row)
            fields = {**fields, "claimed_on": None}
            if state != "cancelled":  # who cancelled does not want it after all
                self.names.free(db, id)
        changes = {
            "state": state,
            "changed_at": self._clock.time(),
            "open": int(state not in BOUGHT_NOTHING),
            "lease": None,
            **fields,
        }
        db.execute(
            f"UPDATE jobs SET {', '.join(f'{name} = ?' for name in changes)} WHERE id = ?",
            (*changes.values(), id),
        )
        self._event(db, id, state)

    def _charged_after_all(self, db: sqlite3.Connection, row: sqlite3.Row) -> Json:
        """A claim that was given back is taken again, past any limit: it is spent."""
        if json.loads(row["error"])["kind"] != "not_charged":
            raise InternalError(f"Job {row['id']} is failed and cannot become submitted.")
        today = self.accounts.today
        self.accounts.take_again(db, row, today)
        return {"claimed_on": today, "finished_at": None}

    def _state(self, db: sqlite3.Connection, id: str) -> str | None:
        row = db.execute("SELECT state FROM jobs WHERE id = ?", (id,)).fetchone()
        return row["state"] if row else None

    def _event(self, db: sqlite3.Connection, id: str, what: str) -> None:
        db.execute("INSERT INTO events (job, at, what) VALUES (?, ?, ?)", (id, self._clock.time(), what))
