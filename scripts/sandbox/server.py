"""The sandbox itself: every twin's listeners on free ports of 127.0.0.1, over one folder of kept state."""

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox.counts import Counts
from sandbox.desk import Desk, Setting, Twin
from sandbox.faults import Faults
from sandbox.shapes import DATA
from sandbox.wire import Listener

REGISTRY = DATA / "registry.json"


class Sandbox:
    """All twins at work until `close`.

    home: folder of the kept state (tasks, uploads, accounts). Another process, or several at once, may serve
        the same home. None: a temporary folder, removed on close.
    speed: how many times faster than the vendor a task goes; stored with each task.
    port: of the first listener; 0 is any free one.
    clock: seconds since the epoch, as time.time; tests bring their own.
    urls: {twin: {listener: base URL}}, different in every run.
    """

    urls: dict[str, dict[str, str]]

    def __init__(
        self,
        home: Path | None = None,
        speed: float = 1.0,
        port: int = 0,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if speed <= 0:
            raise ValueError("speed must be greater than 0")
        self._temporary = Path(tempfile.mkdtemp(prefix="sandbox-")) if home is None else None
        self._home = self._temporary or Path(str(home))
        self._home.mkdir(parents=True, exist_ok=True)
        self.urls = {}
        self._twins: list[Twin] = []
        self._desks: dict[str, Desk] = {}
        self._listeners: list[Listener] = []
        try:
            for kind in twins():
                self._open(
                    kind,
                    Setting(self._home, speed, clock, {}, Counts(kind.endpoints), Faults(kind.endpoints)),
                    port,
                )
                port = 0
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop every listener and let go of the state. Safe to call twice."""
        listeners, self._listeners = self._listeners, []
        stops = [threading.Thread(target=listener.stop, daemon=True) for listener in listeners]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join(1.0)
        twins, self._twins = self._twins, []
        for twin in twins:
            twin.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def stats(self) -> dict[str, Any]:
        """What GET /__sandbox/stats answers: {twin: figures}."""
        return {name: desk.stats() for name, desk in self._desks.items()}

    def _open(self, kind: type[Twin], setting: Setting, port: int) -> None:
        """Bind a twin's listeners first: its links need their ports."""
        bound: dict[str, Listener] = {}
        for name in kind.listeners:
            bound[name] = Listener(port, setting.counts.violation)
            self._listeners.append(bound[name])
            setting.urls[name] = bound[name].url
            port = 0
        twin = kind(setting)
        self._twins.append(twin)
        desk = self._desks[kind.name] = Desk(twin, setting, self.stats)
        self.urls[kind.name] = dict(setting.urls)
        for name, listener in bound.items():
            listener.answer = partial(desk.answer, name)
            listener.start()


def twins() -> list[type[Twin]]:
    """Every vendor of data/registry.json: one more is one more module with a TWIN, and a row there."""
    names = json.loads(REGISTRY.read_text(encoding="utf-8"))["twins"]
    return [import_module(f"sandbox.{name}").TWIN for name in names]
