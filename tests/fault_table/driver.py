"""The command with something done to it at a named point, for what nobody can time from outside:
`driver.py '{"at": "sending"}' make …`. The shipped code has no such points; they are made here, around it.

at         where it says "here" on stderr and stands still, until a line comes on stdin (POINTS)
jump       it does not stand still there, but its clock jumps so many seconds
asleep     the jump moves the monotonic clock too
shift      its clock is so many seconds wrong from the beginning
barrier    a pipe: before what `at` names (or before anything) it says "ready" and waits until that is closed
file_bytes no file of this process gets longer: a disk that is full
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from urllib3.util import connection

from studio import cli
from studio.http import Http
from studio.ledger import Ledger
from studio.preferences import Preferences

POINTS: dict[str, tuple[Any, str, str]] = {
    "begin": (Ledger, "begin", "around"),
    "intent": (Ledger, "begin", "after"),
    "sending": (Ledger, "sending", "after"),
    "answered": (Ledger, "submitted", "before"),
    "prefer": (Preferences, "save", "around"),
    "asked": (Http, "ask", "after"),
    "printing": (cli.Out, "document", "before"),
    "refused": (connection, "create_connection", "refused"),
}
shift = {"time": 0.0, "monotonic": 0.0}


class Clock(cli.SystemClock):
    """This machine's, wrong by `shift`."""

    def time(self) -> float:
        return super().time() + shift["time"]

    def monotonic(self) -> float:
        return super().monotonic() + shift["monotonic"]


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def stand_still() -> None:
    say("here")
    sys.stdin.readline()


def wrap(point: str, act: Callable[[], None]) -> None:
    """Do `act` at the point, once."""
    owner, name, when = POINTS[point]
    original = getattr(owner, name)
    left = [act]

    def once() -> None:
        if left:
            left.pop()()

    def wrapped(*words: Any, **named: Any) -> Any:
        if when == "before":
            once()
        began = time.monotonic()
        try:
            made = original(*words, **named)
        except OSError:
            if when == "refused":
                once()
            raise
        finally:
            if when == "around":
                say(f"inside {began} {time.monotonic()}")
        if when == "after":
            once()
        return made

    def waiting(*words: Any, **named: Any) -> Any:
        once()
        return wrapped(*words, **named)

    setattr(owner, name, waiting if when == "around" else wrapped)


def main() -> int:
    orders = json.loads(sys.argv[1])
    shift["time"] = orders.get("shift", 0.0)
    for name in ("SystemClock",):
        setattr(cli, name, Clock)
    if "file_bytes" in orders:
        resource.setrlimit(resource.RLIMIT_FSIZE, (orders["file_bytes"], orders["file_bytes"]))

    def jump() -> None:
        shift["time"] += orders["jump"]
        shift["monotonic"] += orders["jump"] if orders.get("asleep") else 0.0

    def meet() -> None:
        say("ready")
        os.read(orders["barrier"], 1)

    act = jump if "jump" in orders else meet if "barrier" in orders else stand_still
    if "at" in orders:
        wrap(orders["at"], act)
    elif "barrier" in orders:
        meet()
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
