"""Ctrl-C, SIGTERM and a closed terminal: heard at once, but for the paid call, which is waited for so that
its answer is not lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """After `install`, a signal raises KeyboardInterrupt; inside `held` the first one waits until the end
    of the block. A second one is not made to wait."""

    def __init__(self) -> None:
        self._holding = False
        self._deaf = False
        self._waiting = False  # for the end of the block

    def install(self) -> None:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A block that a first signal does not cut. It is heard when the block ends well, or else before
        the next block begins: an error inside keeps its own words."""
        self._hear()
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        self._hear()

    def hear(self) -> None:
        """Raise what was not heard when it came: a KeyboardInterrupt that is raised while Python cleans up an
        object is thrown away. Whoever is about to wait asks here first."""
        if not self._holding:
            self._hear()

    def ignore(self) -> None:
        """All is decided: what is left is to say so. A second signal ends the process where it stands."""
        self._deaf, self._waiting = True, False

    def listen(self) -> None:
        self._deaf, self._waiting = False, False

    def _hear(self) -> None:
        if self._deaf:
            return
        waiting, self._waiting = self._waiting, False
        if waiting:
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        first, self._waiting = not self._waiting, True
        if self._deaf and not first:
            os._exit(128 + number)
        if first and (self._deaf or self._holding):
            return
        raise KeyboardInterrupt
