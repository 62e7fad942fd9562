"""The memory of a gateway with several shops: accounts and tasks in one SQLite file (see database.py)."""

import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from sandbox.database import Database
from sandbox.shop import Task

TABLES = """
CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, last4 TEXT NOT NULL, granted INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, parent TEXT NOT NULL, external_id TEXT NOT NULL,
    task TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS external_ids ON tasks (account, external_id) WHERE external_id != '';
CREATE INDEX IF NOT EXISTS parents ON tasks (parent) WHERE parent != '';
CREATE TABLE IF NOT EXISTS secrets (id INTEGER PRIMARY KEY CHECK (id = 1), secret TEXT NOT NULL);
"""
Paid = Callable[[Task], int]


class TooLittle(Exception):
    """The balance does not reach."""


class AlreadyThere(Exception):
    """The account has a task of this external id."""


def account_id(key: str) -> str:
    """Keys are not kept, their digests are."""
    return sha256(key.encode()).hexdigest()


class ShopStore:
    """Every method is one transaction.

    An account holds what was granted; what it has left is that less what its tasks have cost by now, which
    their shops compute (`Paid`): a refund is no booking, so that a restart changes nothing.
    """

    def __init__(self, file: Path) -> None:
        self._db = Database(file, TABLES)
        with self._db.transaction() as db:
            db.execute("INSERT OR IGNORE INTO secrets VALUES (1, ?)", (secrets.token_hex(16),))
            [self.secret] = db.execute("SELECT secret FROM secrets").fetchone()

    def close(self) -> None:
        self._db.close()

    def account(self, key: str, granted: int) -> str:
        """The account of a key, opened on first sight; its id."""
        row = (account_id(key), key[-4:], granted)
        with self._db.transaction() as db:
            db.execute("INSERT INTO accounts VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING", row)
        return row[0]

    def set_balance(self, key: str, points: int, paid: Paid) -> None:
        with self._db.transaction() as db:
            granted = points + _spent(db, account_id(key), paid)
            db.execute(
                "INSERT INTO accounts VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET granted = excluded.granted",
                (account_id(key), key[-4:], granted),
            )

    def knows_account(self, key: str) -> bool:
        asked = "SELECT 1 FROM accounts WHERE id = ?"
        with self._db.transaction() as db:
            return db.execute(asked, (account_id(key),)).fetchone() is not None

    def register(self, task: Task, paid: Paid) -> None:
        """Keep a task that its account can pay. Raises AlreadyThere, TooLittle."""
        with self._db.transaction() as db:
            taken = "SELECT 1 FROM tasks WHERE account = ? AND external_id = ? AND external_id != ''"
            if db.execute(taken, (task.account, task.external_id)).fetchone():
                raise AlreadyThere
            [granted] = db.execute("SELECT granted FROM accounts WHERE id = ?", (task.account,)).fetchone()
            if granted - _spent(db, task.account, paid) < task.credits:
                raise TooLittle
            row = (task.id, task.account, task.parent, task.external_id, _text(task))
            db.execute("INSERT INTO tasks VALUES (?, ?, ?, ?, ?)", row)

    def change(self, id: str, edit: Callable[[Task], Task]) -> Task:
        """Keep what `edit` makes of the task; whatever it raises leaves the task as it was."""
        with self._db.transaction() as db:
            [text] = db.execute("SELECT task FROM tasks WHERE id = ?", (id,)).fetchone()
            changed = edit(_task(text))
            db.execute("UPDATE tasks SET task = ? WHERE id = ?", (_text(changed), id))
        return changed

    def task(self, id: str) -> Task | None:
        found = self._tasks("id = ?", id)
        return found[0] if found else None

    def by_external_id(self, account: str, id: str) -> Task | None:
        found = self._tasks("external_id = ? AND account = ? AND external_id != ''", id, account)
        return found[0] if found else None

    def children(self, id: str) -> list[Task]:
        return self._tasks("parent = ? AND parent != ''", id)

    def tasks(self) -> list[Task]:
        """All of them, oldest first."""
        return self._tasks("1")

    def accounts(self) -> list[tuple[str, str, int]]:
        """(id, last four characters of the key, credits granted) of every account."""
        with self._db.transaction() as db:
            rows = db.execute("SELECT id, last4, granted FROM accounts ORDER BY rowid").fetchall()
        return [(row["id"], row["last4"], row["granted"]) for row in rows]

    def _tasks(self, where: str, *values: str) -> list[Task]:
        with self._db.transaction() as db:
            rows = db.execute(f"SELECT task FROM tasks WHERE {where} ORDER BY rowid", values).fetchall()
        return [_task(row["task"]) for row in rows]


def _spent(db: sqlite3.Connection, account: str, paid: Paid) -> int:
    rows = db.execute("SELECT task FROM tasks WHERE account = ?", (account,)).fetchall()
    return sum(paid(_task(row["task"])) for row in rows)


def _text(task: Task) -> str:
    return json.dumps(asdict(task))


def _task(text: str) -> Task:
    kept = json.loads(text)
    delivered = kept["delivered"]
    width, height = kept["pixels"]
    return Task(
        **{
            **kept,
            "pixels": (width, height),
            "delivered": delivered and (delivered[0], delivered[1]),
            "failures": {int(index): words for index, words in kept["failures"].items()},
        }
    )
