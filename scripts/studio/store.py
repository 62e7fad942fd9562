"""The SQLite file that the record stands in: opened, brought up to date, written in transactions.

Every commit is on the disk before the next step (`synchronous=FULL`). A file that a newer version wrote is
not touched; a damaged one is set aside, and said so; whatever cannot be written stops before anything is
bought. Plain SQL: nothing here leans on what only one engine can do.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import gmtime, strftime
from typing import Any

from studio.errors import LedgerError
from studio.folders import private
from studio.types import Clock

TURNS = 100  # times a new record's turn is waited for, 0.05 s each
DAMAGED = ("malformed", "not a database")  # SQLite's words; Python 3.10 has no codes for them


class Store:
    """One connection. `migrations`: name -> statements, append only, applied in order, each once. `mend`: a
    damaged file is set aside."""

    def __init__(self, path: Path, clock: Clock, migrations: Mapping[str, str], *, mend: bool = True) -> None:
        self.path = path
        self._mend = mend
        self._clock = clock
        try:
            private(path.parent)
            path.touch(mode=0o600)  # it holds prompts: for the owner's eyes
            with contextlib.suppress(OSError):  # not ours, and so not ours to change
                path.chmod(0o600)
            self._file = os.stat(path)
            with self._trouble():
                self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
                self._db.row_factory = sqlite3.Row
                self._write_ahead()
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA secure_delete = ON")
                self._migrate(migrations)
        except OSError as problem:
            raise _unusable(problem, self.path) from problem

    def close(self) -> None:
        self._db.close()

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        with self._trouble():
            return self._db.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        return next(iter(self.rows(statement, *values)), None)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing, one writer at a time; on the disk when the block ends."""
        with self._trouble():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has rolled it back already
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def erase(self) -> bool:
        """Let nothing of what was deleted stand in the file, or beside it. False where another process reads,
        or the disk is full: then the bytes go later."""
        with contextlib.suppress(sqlite3.OperationalError):
            self._db.execute("PRAGMA temp_store = MEMORY")
            self._db.execute("VACUUM")  # also what was deleted before that was overwritten at once
            busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy
        return False

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """What SQLite says, as what it means for whoever wants to buy."""
        try:
            yield
        except sqlite3.DatabaseError as problem:
            if self._mend and any(word in str(problem) for word in DAMAGED):
                raise self._set_aside() from problem
            raise _unusable(problem, self.path) from problem
        except sqlite3.Error as problem:
            raise _unusable(problem, self.path) from problem

    def _set_aside(self) -> LedgerError:
        """A damaged file is kept under another name, so that the next command begins a new one. Only the file
        that was opened here: another process may have put a new one in its place already."""
        self._db.close()
        stamp = strftime("%Y%m%d-%H%M%S", gmtime(self._clock.time()))
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        try:
            if os.path.samestat(os.stat(self.path), self._file):
                for ending in ("-wal", "-shm", ""):
                    beside = self.path.with_name(self.path.name + ending)
                    if beside.exists():
                        beside.rename(aside.with_name(aside.name + ending))
        except OSError as problem:
            return _unusable(problem, self.path)
        return LedgerError(
            f"The record of jobs was damaged and has been set aside as {aside}. Nothing was bought now; the "
            "next command begins a new record.",
            kind="ledger_damaged",
            detail="The new record does not know the jobs of the old one: before you buy something again, "
            "look at the vendor's page whether it was made.",
        )

    def _write_ahead(self) -> None:
        """Of several that open a new record at once, one gets to switch it: SQLite does not let the others
        wait for that, so we do."""
        for left in reversed(range(TURNS)):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as busy:
                if not left or "locked" not in str(busy):
                    raise
                self._clock.sleep(0.05)

    def _migrate(self, migrations: Mapping[str, str]) -> None:
        self._db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, at REAL NOT NULL)")
        if self._applied() == set(migrations):
            return
        with self.transaction() as db:
            applied = self._applied()  # another process may have been first
            if applied - set(migrations):
                raise LedgerError(
                    f"The record of jobs {self.path} was written by a newer version of media-studio; this "
                    "one does not touch it. Nothing was bought.",
                    kind="ledger_newer",
                    detail="Use the newer version, or another record: --home FOLDER.",
                )
            for name, statements in migrations.items():
                if name not in applied:
                    for statement in filter(str.strip, statements.split(";")):
                        db.execute(statement)
                    db.execute("INSERT INTO migrations (name, at) VALUES (?, ?)", (name, self._clock.time()))

    def _applied(self) -> set[str]:
        return {row["name"] for row in self._db.execute("SELECT name FROM migrations")}


def examined(path: Path, migrations: Mapping[str, str]) -> str | None:
    """What is wrong with a record that is only read: None where nothing is."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as db:
            found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            applied = {name for (name,) in db.execute("SELECT name FROM migrations")}
    except sqlite3.Error as problem:
        return f"{path} cannot be read ({problem})"
    if applied - set(migrations):
        return f"{path} was written by a newer version of media-studio"
    return None if found == "ok" else f"{path} is damaged ({found})"


def _unusable(problem: Exception, path: Path) -> LedgerError:
    why = (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
    return LedgerError(
        f"The record of jobs {path} cannot be written ({why}). Nothing is bought without it: make room, or "
        "set MEDIA_STUDIO_HOME to a folder that can be written."
    )
