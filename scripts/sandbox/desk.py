"""Between the listeners and a twin: calls are counted, waiting faults played, control routes served."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sandbox.counts import Counts
from sandbox.faults import Fault, Faults, play
from sandbox.wire import Answer, Call, json_answer

CONTROL = "/__sandbox/"


@dataclass(frozen=True)
class Setting:
    """What a twin is lent. `urls` (listener name -> base URL) is of this run: nothing stored may hold it."""

    home: Path
    speed: float
    clock: Callable[[], float]
    urls: dict[str, str]
    counts: Counts
    faults: Faults


class Twin(Protocol):
    """One vendor. The first listener also carries the control routes."""

    name: str
    listeners: tuple[str, ...]
    endpoints: tuple[str, ...]
    keys: re.Pattern[str]  # what a key of this vendor looks like: kept out of every report

    def __init__(self, setting: Setting) -> None: ...

    def endpoint(self, listener: str, call: Call) -> str:
        """Which of `endpoints` this call means, "unknown" where none."""

    def prompt(self, endpoint: str, call: Call) -> str | None:
        """What a request to buy wants made; None for every other, and for one that cannot be read."""

    def answer(self, endpoint: str, call: Call) -> Answer:
        """Process the call as the vendor would."""

    def stats(self) -> dict[str, Any]:
        """Account figures and tasks from the kept state."""

    def other_task(self, call: Call) -> Answer:
        """What `answer` says to a poll, about a finished task of somebody else."""

    def set_account(self, key: str, points: int) -> None:
        """Give the account of this key a balance. Raises ValueError for a key the vendor would not know."""

    def replace_products(self, category: str, tree: Any) -> None:
        """Sell this tree until `restore_products`. Raises ValueError for one that could not be served."""

    def restore_products(self) -> None:
        """Sell what the data file lists."""

    def change_settings(self, wanted: dict[str, Any]) -> None:
        """Behave in another way from now on, in this process. Raises ValueError for an unknown one."""

    def close(self) -> None: ...


class Desk:
    """One twin at work."""

    def __init__(self, twin: Twin, setting: Setting, all_stats: Callable[[], dict[str, Any]]) -> None:
        self._twin = twin
        self._setting = setting
        self._all_stats = all_stats
        self._controls: dict[tuple[str, str], Callable[[Call], Answer]] = {
            ("GET", "stats"): lambda call: json_answer(all_stats()),
            ("POST", "faults"): _done(lambda call: setting.faults.order(_json(call))),
            ("DELETE", "faults"): _done(lambda call: setting.faults.clear()),
            ("POST", "account"): _done(self._account),
            ("POST", "products"): _done(self._products),
            ("POST", "settings"): _done(self._settings),
            ("DELETE", "products"): _done(lambda call: twin.restore_products()),
        }

    def answer(self, listener: str, call: Call) -> Answer:
        """Serve one call of one listener."""
        if listener == self._twin.listeners[0] and call.path.startswith(CONTROL):
            return self._control(call)
        endpoint = self._twin.endpoint(listener, call)
        prompt = self._twin.prompt(endpoint, call)
        self._setting.counts.request(endpoint, prompt and self._twin.keys.sub("(key)", prompt))
        if endpoint == "unknown":
            path = self._twin.keys.sub("(key)", call.path)[:120]
            self._setting.counts.violation(f"unknown route: {call.method} {path} on {listener}")
        fault = self._setting.faults.take(endpoint)
        if fault is None:
            return self._twin.answer(endpoint, call)
        self._setting.counts.played()
        if fault.kind == "other_task":
            return self._twin.other_task(call)
        return play(fault, lambda: self._twin.answer(endpoint, call), partial(self._held, fault, call))

    def stats(self) -> dict[str, Any]:
        """This process's counters and the twin's kept figures, in one object."""
        return {**self._setting.counts.as_json(), **self._twin.stats()}

    def _held(self, fault: Fault, call: Call) -> bool:
        """Announce that this call is held, and hold it. Is somebody left to answer?"""
        with self._setting.counts.holding(fault.endpoint):
            return call.wait(fault.over)

    def _control(self, call: Call) -> Answer:
        control = self._controls.get((call.method, call.path.removeprefix(CONTROL)))
        if control is None:
            return _said(404, "no such control route")
        try:
            return control(call)
        except ValueError as error:  # a BadFault is one too
            return _said(400, str(error))

    def _account(self, call: Call) -> None:
        wanted = _json(call)
        if not isinstance(wanted, dict) or set(wanted) != {"key", "points"}:
            raise ValueError("an account is exactly key and points")
        key, points = wanted["key"], wanted["points"]
        if not isinstance(key, str) or not isinstance(points, int) or isinstance(points, bool) or points < 0:
            raise ValueError("key must be text and points a number that is not negative")
        self._twin.set_account(key, points)

    def _products(self, call: Call) -> None:
        wanted = _json(call)
        if not isinstance(wanted, dict) or set(wanted) != {"category", "tree"}:
            raise ValueError("products are exactly category and tree")
        if not isinstance(wanted["category"], str):
            raise ValueError("category must be text")
        self._twin.replace_products(wanted["category"], wanted["tree"])

    def _settings(self, call: Call) -> None:
        wanted = _json(call)
        if not isinstance(wanted, dict) or not wanted:
            raise ValueError("settings are an object with at least one of them")
        self._twin.change_settings(wanted)


def _done(act: Callable[[Call], None]) -> Callable[[Call], Answer]:
    """A control that answers no more than that it was done."""

    def control(call: Call) -> Answer:
        act(call)
        return _said(200, "ok")

    return control


def _json(call: Call) -> Any:
    try:
        return json.loads(call.body)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from error


def _said(status: int, message: str) -> Answer:
    return json_answer({"code": status, "message": message, "data": None}, status)
