"""The twin of IMA (contract 1): an API host, an upload-token host, and a store of files."""

import copy
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

from sandbox import ima_create, ima_states, ima_upload
from sandbox.desk import Setting
from sandbox.faults import OF_TASKS
from sandbox.ima_create import Refusal
from sandbox.ima_files import Files
from sandbox.ima_leaf import pixels
from sandbox.ima_products import Products, facts, seconds
from sandbox.ima_states import Task
from sandbox.ima_store import Store
from sandbox.wire import Answer, Call, json_answer

KEY = re.compile(r"ima_\S+")
ROUTES = {
    ("api", "GET", "/open/v1/product/list"): "list",
    ("api", "POST", "/open/v1/tasks/create"): "create",
    ("api", "POST", "/open/v1/tasks/detail"): "detail",
    ("upload", "GET", "/api/rest/oss/getuploadtoken"): "token",
}
FILE_ROUTES = (
    ("PUT", "/put/", "put"),
    ("GET", "/webAgent/privite/", "file"),
    ("GET", "/ima/results/", "file"),
)
PLAUSIBLE_FAILURE = "Generation failed, please try again later"
# What a fault of tasks makes of the next one: its kind -> the task's fields.
SPOILT: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "media": lambda detail: {"failures": {detail["index"]: detail.get("reason", PLAUSIBLE_FAILURE)}},
    "stuck": lambda detail: {"stuck": True},
    "charge": lambda detail: {"points": detail["points"]},
    "deliver": lambda detail: {"delivered": (detail["width"], detail["height"])},
}
STRANGERS_PROMPT = "somebody else's picture"


class Ima:
    """One vendor, three hosts. State in `home`/ima.sqlite3."""

    name = "ima"
    listeners: tuple[str, ...] = ("api", "upload", "files")
    endpoints: tuple[str, ...] = ("list", "token", "put", "create", "detail", "file")
    keys = KEY

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._store = Store(setting.home / "ima.sqlite3")
        self._files = Files(self._store, setting)
        self._products = Products()
        self._serve: dict[str, Callable[[Call], Any]] = {
            "list": self._list,
            "create": self._create,
            "detail": self._detail,
            "token": self._token,
        }

    def close(self) -> None:
        self._store.close()

    def endpoint(self, listener: str, call: Call) -> str:
        """The endpoint's name; "unknown" for a path or a method that the vendor does not have there."""
        if listener == "files":
            for method, start, endpoint in FILE_ROUTES:
                if call.method == method and call.path.startswith(start):
                    return endpoint
        return ROUTES.get((listener, call.method, call.path), "unknown")

    def prompt(self, endpoint: str, call: Call) -> str | None:
        if endpoint != "create":
            return None
        try:
            asked = json.loads(call.body)["parameters"][0]["parameters"]["prompt"]
        except (ValueError, LookupError, TypeError):
            return None
        return asked if isinstance(asked, str) else None

    def answer(self, endpoint: str, call: Call) -> Answer:
        """Business refusals are HTTP 200 with the code in the envelope, except 401 (contract 1.1)."""
        if endpoint in ("put", "file"):
            return self._files.answer(endpoint, call)
        if endpoint == "unknown":
            return _no(Refusal(404, "no such route", 404))
        return self._enveloped(self._serve[endpoint], call)

    def other_task(self, call: Call) -> Answer:
        """A poll answered about another id, whose picture can even be fetched."""
        return self._enveloped(self._strangers_detail, call)

    def set_account(self, key: str, points: int) -> None:
        """Set a key's balance, in points."""
        if not KEY.fullmatch(key):
            raise ValueError("key must start with ima_")
        self._store.set_balance(key, points)

    def replace_products(self, category: str, tree: Any) -> None:
        self._products.replace(category, tree)

    def restore_products(self) -> None:
        self._products.restore()

    def change_settings(self, wanted: dict[str, Any]) -> None:
        raise ValueError("this vendor has no settings")

    def stats(self) -> dict[str, Any]:
        """Figures of the kept state, by the last four characters of each key, and every task."""
        now = self._setting.clock()
        balance: dict[str, int] = {}
        charged: dict[str, int] = {}
        for last4, left, spent in self._store.accounts():
            balance[last4] = balance.get(last4, 0) + left
            charged[last4] = charged.get(last4, 0) + spent
        return {
            "charged": charged,
            "points_charged": sum(charged.values()),
            "balance": balance,
            "tasks": [_task_figures(task, now) for task in self._store.tasks()],
        }

    def _enveloped(self, serve: Callable[[Call], Any], call: Call) -> Answer:
        try:
            return json_answer({"code": 0, "message": "success", "data": serve(call)})
        except Refusal as refusal:
            self._setting.counts.refused(refusal.code)
            return _no(refusal)

    def _list(self, call: Call) -> Any:
        self._account(call)
        if "Content-Type" in call.headers:  # the document's sample sends it here too, where there is no body
            _check_content_type(call)
        asked = dict(call.query)
        if sorted(name for name, _ in call.query) != ["app", "category", "platform"]:
            raise Refusal(400, "the parameters are exactly app, platform and category")
        if asked["app"] != "ima" or asked["platform"] != "web":
            raise Refusal(400, "app must be ima and platform must be web")
        if asked["category"] not in facts()["categories"]:
            raise Refusal(400, "category is unknown")
        return self._products.tree(asked["category"])

    def _create(self, call: Call) -> Any:
        account = self._account(call)
        body = _json_body(call)
        order = ima_create.check(body, self._products, self._files.handed_out)
        task = Task(
            id=f"task_{secrets.token_hex(12)}",
            biz_id=f"biz_{secrets.token_hex(12)}",
            account=account,
            n=order.n,
            points=order.points,
            created_at=self._setting.clock(),
            speed=self._setting.speed,
            seconds=seconds(order.leaf["model_id"]),
            pixels=pixels(order.leaf, body["parameters"][0]["parameters"]),
            body=body,
        )
        if not self._store.register(task):
            raise Refusal(4008, "Insufficient points")
        self._setting.counts.accepted()
        self._play_faults(task)
        created_ms = int(task.created_at * 1000)
        return {
            "id": task.id,
            "biz_id": task.biz_id,
            "task_type": body["task_type"],
            "medias": [],
            "generate_count": task.n,
            "created_at": created_ms,
            "timeout_at": created_ms + facts()["timeout_s"] * 1000,
        }

    def _play_faults(self, task: Task) -> None:
        """Only a registered task uses one up, so this comes after the charge."""
        for kind in OF_TASKS:
            fault = self._setting.faults.take(kind)
            if fault is not None:
                self._setting.counts.played()
                task = replace(task, **SPOILT[kind](fault.detail))
                self._store.spoil(task)

    def _detail(self, call: Call) -> Any:
        return self._shown(self._polled(call))

    def _strangers_detail(self, call: Call) -> Any:
        """The same stranger for the same task, long finished."""
        own = self._polled(call)
        body = copy.deepcopy(own.body)
        body["parameters"][0]["parameters"]["prompt"] = STRANGERS_PROMPT
        name = sha256(own.id.encode()).hexdigest()[:24]
        other = replace(own, id=f"task_{name}", created_at=0.0, body=body, failures={}, stuck=False)
        self._files.lend(other)
        return self._shown(other)

    def _shown(self, task: Task) -> Any:
        shown = ima_states.medias(task, self._setting.clock(), lambda *which: self._files.link(task, *which))
        return {"id": task.id, "medias": shown}

    def _polled(self, call: Call) -> Task:
        """The task that a poll asks about, which must be the caller's."""
        account = self._account(call)
        body = _json_body(call)
        if not isinstance(body, dict) or set(body) != {"task_id"} or not isinstance(body["task_id"], str):
            raise Refusal(400, "the body is exactly a task_id")
        task = self._store.task(body["task_id"])
        if task is None or task.account != account:
            raise Refusal(404, "task not exist")
        return task

    def _token(self, call: Call) -> Any:
        now = self._setting.clock()
        try:
            asked = ima_upload.check(call.query, now)
        except Refusal as refusal:
            self._setting.counts.violation(f"upload token: {KEY.sub('(key)', refusal.message)}")
            raise
        if not KEY.fullmatch(asked["appUid"]):
            raise Refusal(401, "Unauthorized", 401)
        self._store.account(asked["appUid"], facts()["starting_points"])
        day = time.strftime("%Y/%m/%d", time.gmtime(now))
        upload = ima_upload.place(asked, now, day, secrets.token_urlsafe(24))
        self._store.announce(upload)
        files = self._setting.urls["files"]
        return {
            "ful": f"{files}/put/{upload.token}",
            "fdl": files + upload.path,
            "ful_expire": upload.expires_at,
            "fdl_expire": upload.expires_at,
            "fdl_key": upload.path[1:],
        }

    def _account(self, call: Call) -> str:
        """The caller's account id. Raises Refusal for a key or a header that the vendor would not take."""
        word, _, key = call.headers.get("Authorization", "").partition(" ")
        if word != "Bearer" or not KEY.fullmatch(key):
            raise Refusal(401, "Unauthorized: the header Authorization must be Bearer and a key", 401)
        if call.headers.get("x-app-source") != "ima_skills":
            raise Refusal(400, "the header x-app-source must be ima_skills")
        if call.headers.get("x_app_language", "en") not in ("en", "zh"):
            raise Refusal(400, "the header x_app_language must be en or zh")
        return self._store.account(key, facts()["starting_points"])


def _no(refusal: Refusal) -> Answer:
    words = {"code": refusal.code, "message": refusal.message, "data": None}
    return json_answer(words, refusal.http)


def _json_body(call: Call) -> Any:
    if call.query:
        raise Refusal(400, f"{call.query[0][0]} is not a parameter: this route takes a body only")
    _check_content_type(call)
    try:
        return json.loads(call.body, parse_constant=_no_number)
    except ValueError as error:
        raise Refusal(400, "the body is not JSON") from error


def _check_content_type(call: Call) -> None:
    if call.headers.get_content_type() != "application/json":
        raise Refusal(400, "the header Content-Type must be application/json")


def _no_number(word: str) -> None:
    """NaN and the infinities, which Python's JSON reads and JSON does not have."""
    raise ValueError(word)


def _task_figures(task: Task, now: float) -> dict[str, Any]:
    """A task for the stats; its body holds no key. `seconds`: how long it takes at speed 1."""
    model_id = task.body["parameters"][0]["model_id"]
    about = {"id": task.id, "task_type": task.body["task_type"], "model_id": model_id}
    figures = {"state": ima_states.state(task, now), "n": task.n, "points": task.points, "body": task.body}
    return {**about, **figures, "seconds": task.duration * task.speed}


TWIN = Ima
