"""The sign of life of a process that is buying: its job's lease, renewed every five seconds. A process that
was killed, or stands still, sends none, and another may settle what it left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from studio.errors import StudioError
from studio.ledger import Ledger

BEAT = 5.0  # seconds


@contextmanager
def alive(job: str, record: Callable[[], Ledger], beat: float = BEAT) -> Iterator[None]:
    """Keep a job's lease while the block runs. `record` opens the ledger again, in the thread that beats."""
    over = threading.Event()
    threading.Thread(target=_beat, args=(job, record, beat, over), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _beat(job: str, record: Callable[[], Ledger], beat: float, over: threading.Event) -> None:
    while not over.wait(beat):
        with suppress(StudioError):  # a beat that cannot be written is followed by another
            ledger = record()
            try:
                ledger.beat(job)
            finally:
                ledger.close()
