"""The twin's memory: accounts, tasks and uploads in one SQLite file, shared by all processes over a home."""

import json
import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sandbox.database import Database
from sandbox.ima_states import Task

TABLES = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, last4 TEXT NOT NULL, balance INTEGER NOT NULL, charged INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY, biz_id TEXT NOT NULL, account TEXT NOT NULL, n INTEGER NOT NULL,
    points INTEGER NOT NULL, created_at REAL NOT NULL, speed REAL NOT NULL, seconds TEXT NOT NULL,
    pixels TEXT NOT NULL, body TEXT NOT NULL, failures TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (
    token TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, content_type TEXT NOT NULL,
    expires_at INTEGER NOT NULL, body BLOB);
"""
LATER = {  # columns of tasks that homes of an earlier version lack
    "stuck": "INTEGER NOT NULL DEFAULT 0",
    "delivered": "TEXT NOT NULL DEFAULT 'null'",
}
COLUMNS = "id, biz_id, account, n, points, created_at, speed, seconds, pixels, body, failures"


@dataclass(frozen=True)
class Upload:
    """A place in the object store. `path` begins with a slash; `body`: None until something is put."""

    token: str
    path: str
    content_type: str
    expires_at: int
    body: bytes | None = None


def account_id(key: str) -> str:
    """Keys are not kept, their digests are."""
    return sha256(key.encode()).hexdigest()


class Store:
    """Every method is one transaction."""

    def __init__(self, file: Path) -> None:
        self._db = Database(file, TABLES)
        self._transaction = self._db.transaction
        self._add_later_columns()

    def close(self) -> None:
        self._db.close()

    def account(self, key: str, starting_points: int) -> str:
        """The account of a key, opened on first sight; its id."""
        opened = "INSERT INTO accounts (id, last4, balance) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING"
        with self._transaction() as db:
            db.execute(opened, (account_id(key), key[-4:], starting_points))
        return account_id(key)

    def set_balance(self, key: str, points: int) -> None:
        changed = (
            "INSERT INTO accounts (id, last4, balance) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET balance = excluded.balance"
        )
        with self._transaction() as db:
            db.execute(changed, (account_id(key), key[-4:], points))

    def knows_account(self, key: str) -> bool:
        with self._transaction() as db:
            return (
                db.execute("SELECT 1 FROM accounts WHERE id = ?", (account_id(key),)).fetchone() is not None
            )

    def register(self, task: Task) -> bool:
        """Charge the task's points and keep it, both or neither. False: the balance does not reach."""
        charge = (
            "UPDATE accounts SET balance = balance - :points, charged = charged + :points "
            "WHERE id = :account AND balance >= :points"
        )
        row = (
            *(task.id, task.biz_id, task.account, task.n, task.points, task.created_at, task.speed),
            *(
                json.dumps(task.seconds),
                json.dumps(task.pixels),
                json.dumps(task.body),
                json.dumps(task.failures),
            ),
        )
        with self._transaction() as db:
            if not db.execute(charge, {"points": task.points, "account": task.account}).rowcount:
                return False
            db.execute(f"INSERT INTO tasks ({COLUMNS}) VALUES (?{', ?' * 10})", row)
        return True

    def spoil(self, task: Task) -> None:
        """Keep what a fault made of a registered task: failures, stuck, delivered, and other points, which
        its account pays whether it has them or not."""
        spoilt = (json.dumps(task.failures), task.stuck, json.dumps(task.delivered), task.points, task.id)
        with self._transaction() as db:
            [paid] = db.execute("SELECT points FROM tasks WHERE id = ?", (task.id,)).fetchone()
            db.execute(
                "UPDATE tasks SET failures = ?, stuck = ?, delivered = ?, points = ? WHERE id = ?", spoilt
            )
            more = {"more": task.points - paid, "account": task.account}
            db.execute(
                "UPDATE accounts SET balance = balance - :more, charged = charged + :more "
                "WHERE id = :account",
                more,
            )

    def task(self, task_id: str) -> Task | None:
        with self._transaction() as db:
            row = db.execute("SELECT * FROM tasks WHERE id = ?", (task_id,)).fetchone()
        return _task(row) if row else None

    def tasks(self) -> list[Task]:
        """All of them, oldest first."""
        with self._transaction() as db:
            return [_task(row) for row in db.execute("SELECT * FROM tasks ORDER BY rowid").fetchall()]

    def accounts(self) -> list[tuple[str, int, int]]:
        """(last four characters of the key, balance, charged so far) of every account."""
        with self._transaction() as db:
            rows = db.execute("SELECT last4, balance, charged FROM accounts ORDER BY rowid").fetchall()
        return [(row["last4"], row["balance"], row["charged"]) for row in rows]

    def announce(self, upload: Upload) -> None:
        row = (upload.token, upload.path, upload.content_type, upload.expires_at)
        with self._transaction() as db:
            db.execute("INSERT INTO uploads (token, path, content_type, expires_at) VALUES (?, ?, ?, ?)", row)

    def fill(self, token: str, body: bytes) -> None:
        with self._transaction() as db:
            db.execute("UPDATE uploads SET body = ? WHERE token = ?", (body, token))

    def upload(self, *, token: str = "", path: str = "") -> Upload | None:
        """Found by its token or by its path."""
        found = "SELECT token, path, content_type, expires_at, body FROM uploads WHERE token = ? OR path = ?"
        with self._transaction() as db:
            row = db.execute(found, (token, path)).fetchone()
        return Upload(*row) if row else None

    def _add_later_columns(self) -> None:
        """For a new home and for one of an earlier version alike."""
        with self._transaction() as db:
            known = {row["name"] for row in db.execute("PRAGMA table_info(tasks)").fetchall()}
            for name, kind in LATER.items():
                if name not in known:
                    db.execute(f"ALTER TABLE tasks ADD COLUMN {name} {kind}")


def _task(row: sqlite3.Row) -> Task:
    shortest, longest = json.loads(row["seconds"])
    width, height = json.loads(row["pixels"])
    delivered = json.loads(row["delivered"])
    return Task(
        id=row["id"],
        biz_id=row["biz_id"],
        account=row["account"],
        n=row["n"],
        points=row["points"],
        created_at=row["created_at"],
        speed=row["speed"],
        seconds=(shortest, longest),
        pixels=(width, height),
        body=json.loads(row["body"]),
        failures={int(index): words for index, words in json.loads(row["failures"]).items()},
        stuck=bool(row["stuck"]),
        delivered=delivered and (delivered[0], delivered[1]),
    )
