"""A twin's SQLite file: several processes at once over one home, every use one transaction."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Database:
    """One file. `tables`: SQL that is harmless where they exist already."""

    def __init__(self, file: Path, tables: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing; a power cut may
        self._use_wal()
        self._db.executescript(f"BEGIN IMMEDIATE; {tables}; COMMIT")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; no other process writes meanwhile."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _use_wal(self) -> None:
        """Two processes that start at once collide here, and SQLite does not wait for this change itself."""
        for _ in range(100):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                time.sleep(0.02)
            else:
                return
