"""What every gateway with several shops is: keys, accounts, files, faults, settings, and the way to a shop.

A subclass says the values, and what its answers look like where no shop speaks.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any, ClassVar

from sandbox.clip import ClipsNeedAv
from sandbox.desk import Setting
from sandbox.faults import OF_TASKS
from sandbox.shop import Ask, Film, Refusal, Route, Shop, Still, Task, Till
from sandbox.shop_files import ShopFiles
from sandbox.shop_store import AlreadyThere, ShopStore, TooLittle
from sandbox.wire import Answer, Call, json_answer

REHEARSAL = "rehearsal"  # a key that every gateway takes
STARTING_CREDITS = 100_000
Choices = dict[str, tuple[Any, ...]]


class Gateway:
    """One gateway: its routes at every listener but `files`. State in `home`/{name}.sqlite3.

    keys: what its keys look like; these and REHEARSAL open an account at first sight, with STARTING_CREDITS.
    word: before the key, in the header Authorization. plausible_failure: the reason of a task that a fault
    without one makes fail. choices: what may be said at the control route `settings`, and the values it
    takes; the first is the usual one.
    """

    name: str
    listeners: tuple[str, ...]
    endpoints: tuple[str, ...]
    keys: re.Pattern[str]
    word: str
    plausible_failure: str
    shops: Sequence[Callable[[Till], Shop]]
    choices: ClassVar[Choices]

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._store = ShopStore(setting.home / f"{self.name}.sqlite3")
        self._shops: dict[str, Shop] = {}
        self._files = ShopFiles(self._store, setting, self._shops, self.keys)
        self._till = _Till(self._store, self._files, setting, self._paid, self.plausible_failure)
        self._till.settings = {name: values[0] for name, values in self.choices.items()}
        for opened in self.shops:
            shop = opened(self._till)
            self._shops[shop.name] = shop

    def close(self) -> None:
        self._store.close()

    def lost(self, call: Call) -> Answer:
        """What a path that no shop has is answered."""
        raise NotImplementedError

    def without_av(self, missing: ClipsNeedAv) -> Answer:
        """What is answered for a film that cannot be made."""
        return json_answer({"code": 501, "reason": "NotImplemented", "message": str(missing)}, 501)

    def dressed(self, answer: Answer) -> Answer:
        """An answer of any route but those of the files, as it leaves."""
        return answer

    def endpoint(self, listener: str, call: Call) -> str:
        if listener == "files":
            return "file" if call.method == "GET" else "unknown"
        found = self._route(call)
        return found[1].endpoint if found else "unknown"

    def prompt(self, endpoint: str, call: Call) -> str | None:
        if endpoint != "create":
            return None
        try:
            asked = json.loads(call.body)["prompt"]
        except (ValueError, LookupError, TypeError, RecursionError):
            return None
        return asked if isinstance(asked, str) else None

    def answer(self, endpoint: str, call: Call) -> Answer:
        if endpoint != "file":
            return self.dressed(self._answer(endpoint, call, stranger=False))
        try:
            return self._files.answer(call)
        except ClipsNeedAv as missing:
            return self.without_av(missing)

    def other_task(self, call: Call) -> Answer:
        """A query answered about another id, whose file can even be fetched."""
        return self.dressed(self._answer("detail", call, stranger=True))

    def set_account(self, key: str, points: int) -> None:
        """Set a key's balance, in credits."""
        if not self._opens(key):
            raise ValueError(f"key must be {self.keys.pattern}, or {REHEARSAL}")
        self._store.set_balance(key, points, self._paid)

    def replace_products(self, category: str, tree: Any) -> None:
        raise ValueError("this vendor lists no products")

    def restore_products(self) -> None:
        """There is nothing to restore."""

    def change_settings(self, wanted: dict[str, Any]) -> None:
        for name, value in wanted.items():
            if name not in self.choices:
                raise ValueError(f"settings are {', '.join(self.choices) or 'none'}")
            if not any(type(value) is type(one) and value == one for one in self.choices[name]):
                values = ", ".join(map(json.dumps, self.choices[name]))
                raise ValueError(f"{name} must be one of {values}")
        self._till.settings = {**self._till.settings, **wanted}

    def stats(self) -> dict[str, Any]:
        """Figures of the kept state, by the last four characters of each key, and every task."""
        now = self._setting.clock()
        tasks = self._store.tasks()
        spent: Counter[str] = Counter()
        for task in tasks:
            spent[task.account] += self._paid(task)
        charged: dict[str, int] = {}
        balance: dict[str, int] = {}
        for id, last4, granted in self._store.accounts():
            charged[last4] = charged.get(last4, 0) + spent[id]
            balance[last4] = balance.get(last4, 0) + granted - spent[id]
        return {
            "ignored": self._till.all_ignored(),
            "charged": charged,
            "points_charged": sum(charged.values()),
            "balance": balance,
            "tasks": [self._figures(task, now) for task in tasks],
        }

    def _figures(self, task: Task, now: float) -> dict[str, Any]:
        """A task for the stats; its body holds no key. points: its price; paid: what it has cost by now."""
        shop = self._shops[task.shop]
        about = {"id": task.id, "task_type": task.kind, "model_id": task.model, "n": 1}
        money = {"points": task.credits, "paid": shop.paid(task, now), "settled": task.settled}
        return {**about, "state": shop.state(task, now), **money, "parent": task.parent, "body": task.body}

    def _paid(self, task: Task) -> int:
        return self._shops[task.shop].paid(task, self._setting.clock())

    def _route(self, call: Call) -> tuple[Shop, Route, str] | None:
        """Shop, route, and the id in the path."""
        for shop in self._shops.values():
            for route in shop.routes:
                match = route.path.fullmatch(call.path) if route.method == call.method else None
                if match:
                    return shop, route, match.groupdict().get("id", "")
        return None

    def _answer(self, endpoint: str, call: Call, *, stranger: bool) -> Answer:
        found = self._route(call)
        if endpoint == "unknown" or found is None:
            return self.lost(call)
        shop, route, id = found
        try:
            return json_answer(route.serve(Ask(call, self._account(call), id, stranger)))
        except Refusal as refusal:
            code, answer = shop.refused(refusal, route.endpoint)
            self._setting.counts.refused(code)
            return answer

    def _account(self, call: Call) -> str:
        """The caller's account. Raises Refusal."""
        word, _, key = call.headers.get("Authorization", "").partition(" ")
        if word != self.word or not self._opens(key):
            raise Refusal("Unauthorized", f"the header Authorization must be {self.word} and a key")
        return self._store.account(key, STARTING_CREDITS)

    def _opens(self, key: str) -> bool:
        return key == REHEARSAL or self.keys.fullmatch(key) is not None


class _Till:
    """See shop.Till."""

    def __init__(
        self,
        store: ShopStore,
        files: ShopFiles,
        setting: Setting,
        paid: Callable[[Task], int],
        plausible_failure: str,
    ) -> None:
        self.settings: dict[str, Any] = {}
        self._store, self._files, self._setting, self._paid = store, files, setting, paid
        self._plausible_failure = plausible_failure
        self._lock = threading.Lock()
        self._ignored: Counter[str] = Counter()

    def now(self) -> float:
        return self._setting.clock()

    @property
    def speed(self) -> float:
        return self._setting.speed

    def buy(self, task: Task) -> Task:
        """Only a registered task uses up a fault."""
        try:
            self._store.register(task, self._paid)
        except TooLittle:
            raise Refusal("CreditInsufficient", "the account's credits do not reach") from None
        except AlreadyThere:
            raise Refusal("FieldInvalid", "external_task_id already exists") from None
        self._setting.counts.accepted()
        for kind in OF_TASKS:
            fault = self._setting.faults.take(kind)
            if fault is not None:
                self._setting.counts.played()
                spoilt = self._spoilt(kind, fault.detail)
                task = self._store.change(task.id, partial(_spoil, fields=spoilt))
        return task

    def task(self, ask: Ask, id: str) -> Task | None:
        return self._seen(ask, self._store.task(id))

    def by_external_id(self, ask: Ask, id: str) -> Task | None:
        return self._seen(ask, self._store.by_external_id(ask.account, id))

    def lent(self, id: str) -> Task | None:
        return self._files.lent(id)

    def children(self, id: str) -> list[Task]:
        return self._store.children(id)

    def change(self, id: str, edit: Callable[[Task], Task]) -> Task:
        return self._store.change(id, edit)

    def link(self, task: Task, name: str, until: float) -> str:
        return self._files.link(task, name, until)

    def own_file(self, url: str) -> Film | Still | None:
        return self._files.own(url)

    def ignored(self, what: str) -> None:
        with self._lock:
            self._ignored[what] += 1

    def all_ignored(self) -> dict[str, int]:
        with self._lock:
            return dict(self._ignored)

    def _spoilt(self, kind: str, detail: dict[str, Any]) -> dict[str, Any]:
        """The fields that a fault of tasks changes in the next one."""
        if kind == "media":
            return {"failures": {detail["index"]: detail.get("reason", self._plausible_failure)}}
        if kind == "stuck":
            return {"stuck": True}
        if kind == "charge":
            return {"credits": detail["points"]}
        return {"delivered": (detail["width"], detail["height"])}

    def _seen(self, ask: Ask, task: Task | None) -> Task | None:
        """The task, if it is the caller's; for the fault other_task a stranger's, always the same."""
        if task is None or task.account != ask.account:
            return None
        if not ask.stranger:
            return task
        name = 10**17 + int(sha256(task.id.encode()).hexdigest(), 16) % (9 * 10**17)
        body = {**task.body, "prompt": "somebody else's film"}
        began = task.created_at - task.seconds / task.speed - 1  # so that it has just ended
        other = replace(task, id=str(name), external_id=f"of {name}", created_at=began, body=body)
        stranger = replace(other, failures={}, stuck=False, cancelled_at=None)
        self._files.lend(stranger)
        return stranger


def _spoil(task: Task, fields: dict[str, Any]) -> Task:
    return replace(task, **fields)
