"""The twin of the gateway imagine-future: Vidu, Kling and One-click MV at one host, with one key.

Auth word: `Token` (the document). What a real key looks like is documented nowhere: here it is `imf_…`, or
`rehearsal`. Any of these opens an account at first sight, with `STARTING_CREDITS`.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from sandbox.clip import ClipsNeedAv
from sandbox.desk import Setting
from sandbox.faults import OF_TASKS
from sandbox.kling import Kling
from sandbox.mv import Mv
from sandbox.shop import Ask, Film, Refusal, Route, Shop, Still, Task, said
from sandbox.shop_files import ShopFiles
from sandbox.shop_store import AlreadyThere, ShopStore, TooLittle
from sandbox.vidu import Vidu
from sandbox.wire import Answer, Call, json_answer

KEYS = re.compile(r"imf_\S+")
KEY = re.compile(rf"{KEYS.pattern}|rehearsal")
STARTING_CREDITS = 100_000
SHOPS: tuple[type[Shop], ...] = (Vidu, Kling, Mv)
# What may be said at the control route `settings`, and the values it takes; the first is the usual one.
# external_ids: does the query route know the caller's own ids? kling_word: what ends a task well.
SETTINGS: dict[str, tuple[Any, ...]] = {
    "external_ids": (True, False),
    "kling_word": ("succeed", "succeeded"),
}
# What a fault of tasks makes of the next one: its kind -> the task's fields. Without a reason: the vendor's
# word for a finished film that it does not hand out (contract B1).
PLAUSIBLE_FAILURE = "CreationPolicyViolation"
SPOILT: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "media": lambda detail: {"failures": {detail["index"]: detail.get("reason", PLAUSIBLE_FAILURE)}},
    "stuck": lambda detail: {"stuck": True},
    "charge": lambda detail: {"credits": detail["points"]},
    "deliver": lambda detail: {"delivered": (detail["width"], detail["height"])},
}


class ImagineFuture:
    """One gateway: two hosts of the same routes, one of files. State in `home`/imagine-future.sqlite3."""

    name = "imagine-future"
    listeners: tuple[str, ...] = ("api", "alternate", "files")
    endpoints: tuple[str, ...] = ("create", "detail", "cancel", "file")
    keys = KEYS

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._store = ShopStore(setting.home / "imagine-future.sqlite3")
        self._shops: dict[str, Shop] = {}
        self._files = ShopFiles(self._store, setting, self._shops, KEYS)
        self._till = _Till(self._store, self._files, setting, self._paid)
        for kind in SHOPS:
            self._shops[kind.name] = kind(self._till)

    def close(self) -> None:
        self._store.close()

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
        try:
            return self._answer(endpoint, call, stranger=False)
        except ClipsNeedAv as missing:
            return json_answer({"code": 501, "reason": "NotImplemented", "message": str(missing)}, 501)

    def other_task(self, call: Call) -> Answer:
        """A query answered about another id, whose file can even be fetched."""
        return self._answer("detail", call, stranger=True)

    def set_account(self, key: str, points: int) -> None:
        """Set a key's balance, in credits."""
        if not KEY.fullmatch(key):
            raise ValueError("key must start with imf_, or be rehearsal")
        self._store.set_balance(key, points, self._paid)

    def replace_products(self, category: str, tree: Any) -> None:
        raise ValueError("this vendor lists no products")

    def restore_products(self) -> None:
        """There is nothing to restore."""

    def change_settings(self, wanted: dict[str, Any]) -> None:
        for name, value in wanted.items():
            if name not in SETTINGS:
                raise ValueError(f"settings are {', '.join(SETTINGS)}")
            if not any(type(value) is type(one) and value == one for one in SETTINGS[name]):
                raise ValueError(f"{name} must be one of {', '.join(map(json.dumps, SETTINGS[name]))}")
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
        if endpoint == "file":
            return self._files.answer(call)
        found = self._route(call)
        if endpoint == "unknown" or found is None:
            return said(Refusal("NotFound", "no such route"))
        shop, route, id = found
        try:
            return json_answer(route.serve(Ask(call, self._account(call), id, stranger)))
        except Refusal as refusal:
            answer = shop.refused(refusal)
            words = json.loads(answer.body)
            self._setting.counts.refused(words.get("reason", words["code"]))
            return answer

    def _account(self, call: Call) -> str:
        """The caller's account. Raises Refusal."""
        word, _, key = call.headers.get("Authorization", "").partition(" ")
        if word != "Token" or not KEY.fullmatch(key):
            raise Refusal("Unauthorized", "the header Authorization must be Token and a key")
        return self._store.account(key, STARTING_CREDITS)


class _Till:
    """See shop.Till."""

    def __init__(
        self, store: ShopStore, files: ShopFiles, setting: Setting, paid: Callable[[Task], int]
    ) -> None:
        self.settings = {name: values[0] for name, values in SETTINGS.items()}
        self._store, self._files, self._setting, self._paid = store, files, setting, paid
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
                task = self._store.change(task.id, partial(_spoil, fields=SPOILT[kind](fault.detail)))
        return task

    def task(self, ask: Ask, id: str) -> Task | None:
        return self._seen(ask, self._store.task(id))

    def by_external_id(self, ask: Ask, id: str) -> Task | None:
        return self._seen(ask, self._store.by_external_id(ask.account, id))

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


TWIN = ImagineFuture
