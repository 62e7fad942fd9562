"""What commands did, for whoever looks into a problem: a file for each day (UTC), a JSON object a line.

It says which flags were given, which hosts were asked and how that went, which job came how far, and the end.
It never holds a prompt, a file's name, a key, a query, a user's id or the text of an error. No command fails
because there is no room for its log.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from studio import __version__, files
from studio.commands import COMMANDS
from studio.errors import PLAIN_CODE, StudioError
from studio.folders import private
from studio.options import OPTIONS
from studio.redact import redact
from studio.types import Clock

if TYPE_CHECKING:
    from studio.contract import Exchange

KEPT = timedelta(days=7)
NOT_FOLLOWED = getattr(os, "O_NOFOLLOW", 0)
FLAGS = frozenset(flag for option in OPTIONS for flag in option.flags)
PATH = r"[A-Za-z0-9_.:/-]{1,120}"  # one that is longer, or has other signs, may hold anything


class _File:
    """Open for as long as somebody writes to it: its number may be another file's right after."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, line: bytes) -> None:
        os.write(self._descriptor, line)

    def __del__(self) -> None:
        os.close(self._descriptor)


class Log:
    """`folder`: where the day files are, made when the first line is written. `keys`: what is never written,
    whoever says it."""

    def __init__(self, folder: Path, clock: Clock, keys: Sequence[str] = ()) -> None:
        self._folder = folder
        self._clock = clock
        self._keys = keys
        self._began = clock.monotonic()
        self._states: dict[str, str] = {}
        self._usable = True
        self._day: str | None = None  # whose file is open
        self._file: _File | None = None
        self._turn = threading.Lock()

    def began(self, command: str, words: Sequence[str]) -> None:
        """Of the words only the flags that there are, without their values."""
        named = command if command in {made.name for made in COMMANDS} else None
        given = dict.fromkeys(word.partition("=")[0] for word in words)
        flags = [flag for flag in given if flag in FLAGS]
        self._write({"event": "began", "command": named, "flags": flags, "version": __version__})

    def request(self, exchange: Exchange) -> None:
        """A request, once it is known what came of it. A link's path may be signed: its host is enough."""
        if exchange.seconds is None:
            return
        parts = urlsplit(exchange.request.url)
        path = parts.path if exchange.own and re.fullmatch(PATH, parts.path) else None
        self._write(
            {
                "event": "request",
                "what": exchange.request.what,
                "method": exchange.request.method,
                "host": parts.netloc.rpartition("@")[2],
                "path": path if redact(path or "", self._keys) == (path or "") else None,
                "status": exchange.status,
                "ms": round(exchange.seconds * 1000),
                "bytes": exchange.size,
            }
        )

    def job(self, id: str | None, state: str | None) -> None:
        """Said once for each state that a job comes to."""
        if id and state and self._states.get(id) != state:
            self._states[id] = state
            self._write({"event": "job", "job": id, "state": state})

    def ended(self, exit_code: int, error: StudioError | None) -> None:
        """The last line; the file is closed, and opened again by whatever comes later."""
        code = error.provider_code if error else None
        self._write(
            {
                "event": "ended",
                "exit": exit_code,
                "kind": error.kind if error else None,
                "provider_code": code if code and PLAIN_CODE.fullmatch(code) else None,
                "ms": round((self._clock.monotonic() - self._began) * 1000),
            }
        )
        self._close()

    def _write(self, row: dict[str, Any]) -> None:
        """One line in one write: several processes share the file."""
        now = datetime.fromtimestamp(self._clock.time(), timezone.utc)
        line = json.dumps({"at": now.isoformat("T", "milliseconds"), "process": os.getpid(), **row})
        if self._usable:
            try:
                self._append(f"{now:%Y-%m-%d}", redact(line, self._keys).encode() + b"\n")
            except (OSError, ValueError):
                self._usable = False

    def _append(self, day: str, line: bytes) -> None:
        """Threads write side by side; each holds on to the file it writes to."""
        file = self._file
        if file is None or day != self._day:
            with self._turn:
                file = self._file if day == self._day else self._opened(day)
        if file is not None:
            file.write(line)

    def _opened(self, day: str) -> _File:
        """The file of a day, for the rest of it: who follows a thousand jobs writes a line for each poll."""
        private(self._folder)
        name = self._folder / f"{day}.jsonl"
        first = not name.exists()
        descriptor = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | NOT_FOLLOWED, 0o600)
        os.fchmod(descriptor, 0o600)
        file = _File(descriptor)
        self._day, self._file = day, file
        if first:
            self.forget((datetime.fromisoformat(day) - KEPT).strftime("%Y-%m-%d"))
        return file

    def _close(self) -> None:
        with self._turn:
            self._day = self._file = None

    def forget(self, oldest: str) -> int:
        """Remove the files of the days before this one, such as 2026-03-01. Returns how many went."""
        found = self._folder.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].jsonl")
        return sum(files.remove(file) for file in found if file.stem < oldest)
