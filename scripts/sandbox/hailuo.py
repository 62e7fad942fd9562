"""MiniMax Hailuo as a gateway sells it (contract A1, A3, A4): create, query, and files/retrieve.

One shop and one kind of gateway; hailuo_302ai.py and hailuo_gptge.py say what differs.
"""

import json
import re
import secrets
from dataclasses import replace
from typing import ClassVar

from sandbox.clip import ClipsNeedAv
from sandbox.gateway import Choices, Gateway
from sandbox.hailuo_rules import BAD, Body, Order, facts, read
from sandbox.shop import Ask, Film, Refusal, Route, Task, Till, json_body, new_id, shortened, spread
from sandbox.wire import Answer, Call, json_answer

FOLD = 10**18 + 10**17 - 1  # of a task id and its file id, both of 18 digits
ID = re.compile(r"[1-9][0-9]{17}")
NAME = "output.mp4"
NO_TASK = "task_not_exist"
CODES = {  # what the gateway finds -> the vendor's code
    "Unauthorized": "1004",
    "BadRequest": BAD,
    "CreditInsufficient": "1008",
}
FAIL = "Fail"


class Hailuo:
    """See shop.Shop. The whole price is taken at create and comes back when a task fails."""

    name = "hailuo"
    gateway: str  # as in data/hailuo.json
    create: str
    query: str  # a pattern
    retrieve: str
    codes: ClassVar[dict[str, str]] = CODES

    def __init__(self, till: Till) -> None:
        self._till = till
        self.routes = (
            Route("POST", re.compile(re.escape(self.create)), "create", self._create),
            Route("GET", re.compile(self.query), "detail", self._query),
            Route("GET", re.compile(re.escape(self.retrieve)), "link", self._retrieve),
        )

    def asked_id(self, ask: Ask) -> str:
        """The id of the task that a query is about. Raises Refusal."""
        raise NotImplementedError

    def enveloped(self, task: Task, flat: Body, ask: Ask) -> Body:
        """The vendor's answer to a query as this gateway hands it on."""
        return flat

    def check_seen(self, task: Task) -> None:
        """Does the gateway know its own task already? Raises Refusal."""

    def refused(self, refusal: Refusal, endpoint: str) -> tuple[str, Answer]:
        """As the vendor: HTTP 200, and a task id that is empty at create."""
        code = self.codes.get(refusal.reason, refusal.reason)
        said = {"base_resp": _base(code, f"{facts()['words'][code]}, {refusal.message}")}
        return code, json_answer({"task_id": "", **said} if endpoint == "create" else said)

    def state(self, task: Task, now: float) -> str:
        return {"Success": "done", FAIL: "failed"}.get(_status(task, now), "running")

    def paid(self, task: Task, now: float) -> int:
        return 0 if _status(task, now) == FAIL else task.credits

    def file(self, task: Task, name: str, now: float) -> Film | None:
        if name != NAME or _status(task, now) != "Success":
            return None
        return Film(*task.drawn, task.length, task.sound)

    def link(self, task: Task) -> str:
        """A new link of the film, good for an hour from now, by the speed of the task."""
        life = max(facts()["link_life_s"] / task.speed, facts()["link_least_s"])
        return self._till.link(task, NAME, self._till.now() + life)

    def counted(self, task: Task) -> int:
        """How many queries this task was asked before; one more is kept."""
        edited = self._till.change(task.id, _asked_once_more)
        return int(edited.more["queries"]) - 1

    def _create(self, ask: Ask) -> Body:
        body = json_body(ask)
        order = read(body, self.gateway, vendor_spelling=self._till.settings.get("vendor_spelling", False))
        task = self._till.buy(self._task(order, body, ask.account))
        if "fast_pretreatment" in body and order.model not in facts()["fast_pretreatment"]:
            self._till.ignored(f"{order.model} fast_pretreatment")
        return {"task_id": task.id, "base_resp": _base("0")}

    def _task(self, order: Order, body: Body, account: str) -> Task:
        id = new_id()
        times = facts()["seconds_1080P" if order.resolution == "1080P" else "seconds"]
        return Task(
            id=id,
            shop=self.name,
            kind=order.kind,
            account=account,
            model=order.model,
            credits=facts()["gateways"][self.gateway]["credits"],
            created_at=self._till.now(),
            speed=self._till.speed,
            seconds=spread(id, *times),
            pixels=order.pixels,
            length=order.length,
            sound=False,
            body=shortened(body),
        )

    def _query(self, ask: Ask) -> Body:
        task = self._till.task(ask, self.asked_id(ask))
        if task is None:
            raise Refusal(NO_TASK, "task not exist")
        self.check_seen(task)
        return self.enveloped(task, _shown(task, self._till.now()), ask)

    def _retrieve(self, ask: Ask) -> Body:
        id = only_parameter(ask, "file_id")
        made = task_of(id) if ID.fullmatch(id) else ""
        task = self._till.task(ask, made) or self._till.lent(made)
        if task is None or _status(task, self._till.now()) != "Success":
            raise Refusal(BAD, "file not exist")
        file = {
            "file_id": int(id),
            "bytes": 0,
            "created_at": int(task.ends_at),
            "filename": NAME,
            "purpose": "video_generation",
            "download_url": self.link(task),
        }
        return {"file": file, "base_resp": _base("0")}


class HailuoGateway(Gateway):
    """A gateway that sells Hailuo. Every answer but a file's has a header Trace-Id (contract A1)."""

    listeners = ("api", "files")
    endpoints = ("create", "detail", "link", "file")
    word = "Bearer"
    plausible_failure = "1027"
    choices: ClassVar[Choices] = {}

    def lost(self, call: Call) -> Answer:
        return gateway_error(404, f"Invalid URL ({call.method} {call.path})", "invalid_request_error", "")

    def without_av(self, missing: ClipsNeedAv) -> Answer:
        return gateway_error(501, str(missing), "not_implemented", "not_implemented")

    def dressed(self, answer: Answer) -> Answer:
        return replace(answer, headers=(*answer.headers, ("Trace-Id", secrets.token_hex(16))))


def gateway_error(status: int, message: str, type: str, code: str) -> Answer:
    """A gateway's own no (contract README: gateway JSON error)."""
    return json_answer({"error": {"message": message, "type": type, "code": code}}, status)


def only_parameter(ask: Ask, name: str) -> str:
    """The value of the one parameter that the query has. Raises Refusal."""
    if [given for given, _ in ask.call.query] != [name]:
        raise Refusal(BAD, f"{name} is the one parameter")
    return ask.call.query[0][1]


def file_of(task: Task) -> str:
    """The id of the task's film."""
    return str(FOLD - int(task.id))


def task_of(file_id: str) -> str:
    """The id of the film's task."""
    return str(FOLD - int(file_id))


def _shown(task: Task, now: float) -> Body:
    """A task as the vendor shows it: {"task_id", "status", "base_resp"}, and what a good one made."""
    status = _status(task, now)
    shown: Body = {"task_id": task.id, "status": status, "base_resp": _base("0")}
    if status == "Success":
        width, height = task.drawn
        return {**shown, "file_id": file_of(task), "video_width": width, "video_height": height}
    if status != FAIL:
        return shown
    reason = task.failures[0]
    if reason in ("Failed", "fail"):  # another spelling, and no reason: a reader must not depend on either
        return {**shown, "status": reason}
    return {**shown, "base_resp": _base(reason) if reason.isdigit() else _base("1000", reason)}


def _status(task: Task, now: float) -> str:
    share = task.share(now)
    for status, until in facts()["until"].items():
        if share < until:
            return str(status)
    return FAIL if 0 in task.failures else "Success"


def _base(code: str, words: str = "") -> Body:
    return {"status_code": int(code), "status_msg": words or facts()["words"].get(code, "unknown error")}


def _asked_once_more(task: Task) -> Task:
    return replace(task, more={**task.more, "queries": task.more.get("queries", 0) + 1})


def as_text(flat: Body) -> str:
    """The vendor's answer inside another one (contract A4: resp_data)."""
    return json.dumps(flat, ensure_ascii=False)
