"""Faults on order: what a network or a vendor does on a bad day, played at the wire."""

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.picture import recode
from sandbox.wire import Answer, json_answer

# What a vendor would plausibly say with a business code (contract 1.6); a fault may bring its own words.
USUAL_WORDS = {
    400: "Bad request",
    401: "Unauthorized",
    404: "task not exist",
    429: "Too many requests",
    500: "Internal server error",
    503: "Model unavailable",
    4008: "Insufficient points",
    4014: "Subscription required",
    6006: "credit does not match the rule's points",
    6009: "No matching price rule",
    6010: "attribute_id does not match the computed rule",
}
Fields = dict[str, tuple[tuple[type, ...], bool]]
HEADERS: Fields = {"headers": ((dict,), False)}
# media: index counts from 0; one that the next task does not have fails nothing.
# charge: points of the whole order. deliver: pixels of its files. other_task: somebody else's task is shown.
# hold, stall: the client waits, before its request is processed or before it is answered (hold), or with that
# many bytes of the answer (stall), until the faults are cleared; the stats count it as held. retype: the
# picture in another format. set: one field, and others (`more`: path -> value) in the same answer.
# code: in an envelope of code, message and data. json: any body, any status, for a vendor with another one.
# kind -> {field: (types, is it required)}
FIELDS: dict[str, Fields] = {
    "code": {"code": ((int,), True), "message": ((str,), False), "http": ((int,), False), **HEADERS},
    "http": {"status": ((int,), True), "body": ((str,), False), **HEADERS},
    "json": {"status": ((int,), True), "value": ((object,), True), **HEADERS},
    "reset": {},
    "hang": {},
    "drip": {},
    "hold": {},
    "stall": {"bytes": ((int,), True)},
    "bad_json": {},
    "empty": {},
    "drop": {"field": ((str,), True)},
    "set": {"field": ((str,), True), "value": ((object,), True), "more": ((dict,), False)},
    "cut": {"bytes": ((int,), True)},
    "bytes": {"text": ((str,), True), "status": ((int,), False)},
    "retype": {"format": ((str,), True)},
    "media": {"index": ((int,), True), "reason": ((str,), False)},
    "stuck": {},
    "charge": {"points": ((int,), True)},
    "deliver": {"width": ((int,), True), "height": ((int,), True)},
    "other_task": {},
}
OF_TASKS = ("media", "stuck", "charge", "deliver")  # they change no answer but the next registered task
# They need a real answer: the request has to be processed first.
EDITS = ("drop", "set", "cut", "stall", "retype", "other_task")
FORMATS = ("jpeg", "webp", "gif")
LEAST = {"bytes": 0, "index": 0, "points": 0, "width": 1, "height": 1}
MOST_PIXELS = 8192  # of a side


class BadFault(ValueError):
    """A description that cannot be played; its text says what is wrong with it."""


@dataclass
class Fault:
    """`left`: how many more times it is played, -1 for ever. `over`: set when the faults are cleared."""

    endpoint: str
    kind: str
    when: str
    left: int
    detail: dict[str, Any] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)


class Faults:
    """One queue per endpoint, first ordered first played; and one per kind that spoils tasks, so that one
    task can meet one of each."""

    def __init__(self, endpoints: tuple[str, ...]) -> None:
        self._endpoints = endpoints
        self._lock = threading.Lock()
        self._queues: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._over = threading.Event()

    def order(self, description: Any) -> None:
        """Queue a described fault. Raises BadFault."""
        fault = read(description, self._endpoints)
        with self._lock:
            fault.over = self._over
            self._queues[fault.kind if fault.kind in OF_TASKS else fault.endpoint].append(fault)

    def clear(self) -> None:
        """Forget what is ordered, and let go whatever is held."""
        with self._lock:
            self._queues.clear()
            self._over.set()
            self._over = threading.Event()

    def take(self, queue: str) -> Fault | None:
        """The fault whose turn it is at this endpoint, or of this kind for a task, used up by one."""
        with self._lock:
            waiting = self._queues[queue]
            if not waiting:
                return None
            fault = waiting[0]
            if fault.left > 0:
                fault.left -= 1
            if fault.left == 0:
                waiting.popleft()
            return fault


def read(description: Any, endpoints: tuple[str, ...]) -> Fault:
    """Read {"endpoint", "times", "when", "fault": {"kind", …}} strictly. Raises BadFault."""
    _only(description, "the description", ("endpoint", "times", "when", "fault"))
    detail = description.get("fault")
    _only(detail, "fault", None)
    kind = detail.get("kind")
    if kind not in FIELDS:
        raise BadFault(f"fault.kind must be one of {', '.join(FIELDS)}")
    _check_fields(kind, detail)
    endpoint = description.get("endpoint")
    if endpoint not in endpoints:
        raise BadFault(f"endpoint must be one of {', '.join(endpoints)}")
    _check_place(kind, endpoint)
    times = description.get("times", 1)
    if not _is(times, (int,)) or (times < 1 and times != -1):
        raise BadFault("times must be a positive number, or -1 for ever")
    return Fault(endpoint, kind, _when(description.get("when"), kind, endpoint), times, detail)


def _check_place(kind: str, endpoint: str) -> None:
    if kind in OF_TASKS and endpoint != "create":
        raise BadFault(f"fault.kind {kind} belongs to the endpoint create")
    if kind == "other_task" and endpoint != "detail":
        raise BadFault("fault.kind other_task belongs to the endpoint detail")
    if kind == "retype" and endpoint != "file":
        raise BadFault("fault.kind retype belongs to the endpoint file")
    if kind in ("drop", "set") and endpoint in ("put", "file"):
        raise BadFault(f"fault.kind {kind} edits JSON, and the endpoint {endpoint} answers none")


def _when(when: Any, kind: str, endpoint: str) -> str:
    if when is None:
        return "after" if kind in EDITS else "before"
    if when not in ("before", "after"):
        raise BadFault("when must be before or after")
    if kind in ("cut", "stall", "retype") and endpoint == "file":
        return "after"  # reading a file changes nothing, so the word makes no difference
    if kind in EDITS and when == "before":
        raise BadFault(f'when must be "after" for {kind}: it edits a real answer')
    return str(when)


def _check_fields(kind: str, detail: dict[str, Any]) -> None:
    known = FIELDS[kind]
    _only(detail, f"fault {kind}", ("kind", *known))
    for name, (types, required) in known.items():
        if name not in detail:
            if required:
                raise BadFault(f"fault.{name} is missing")
        elif not _is(detail[name], types):
            raise BadFault(f"fault.{name} must be {types[0].__name__}")
    _check_range(detail)


def _check_range(detail: dict[str, Any]) -> None:
    for name, least in LEAST.items():
        if detail.get(name, least) < least:
            raise BadFault(f"fault.{name} must not be below {least}")
    if max(detail.get("width", 1), detail.get("height", 1)) > MOST_PIXELS:
        raise BadFault(f"fault.width and height must not be above {MOST_PIXELS}")
    if detail.get("format", FORMATS[0]) not in FORMATS:
        raise BadFault(f"fault.format must be one of {', '.join(FORMATS)}")
    for name in ("status", "http"):
        if not 200 <= detail.get(name, 200) <= 599:
            raise BadFault(f"fault.{name} must be an HTTP status from 200 to 599")


def _only(value: Any, name: str, allowed: tuple[str, ...] | None) -> None:
    if not isinstance(value, dict):
        raise BadFault(f"{name} must be an object")
    for key in value:
        if allowed is not None and key not in allowed:
            raise BadFault(f"{name} has an unknown field {key}")


def _is(value: Any, types: tuple[type, ...]) -> bool:
    """isinstance, except that true and false are no numbers."""
    return isinstance(value, types) and (types != (int,) or not isinstance(value, bool))


def play(fault: Fault, real: Callable[[], Answer], wait: Callable[[], bool]) -> Answer:
    """The answer that the client gets. `real` processes the request; called only for "after", and for what is
    let go. `wait` holds the call; False where nobody is left to answer."""
    if fault.kind == "hold":
        return _hold(fault, real, wait)
    answer = real() if fault.when == "after" else Answer()
    if fault.kind == "stall":
        return replace(answer, cut_at=fault.detail["bytes"], goes_on=wait)
    return PLAYERS[fault.kind](fault.detail, answer)


def _hold(fault: Fault, real: Callable[[], Answer], wait: Callable[[], bool]) -> Answer:
    """ "before": a request whose sender went away meanwhile is never processed."""
    answer = real() if fault.when == "after" else None
    if not wait():
        return Answer(ending="reset")
    return answer or real()


def _code(detail: dict[str, Any], answer: Answer) -> Answer:
    code = detail["code"]
    message = detail.get("message", USUAL_WORDS.get(code, "Request failed"))
    http = detail.get("http", 401 if code == 401 else 200)
    said = json_answer({"code": code, "message": message, "data": None}, http)
    return replace(said, headers=_headers(detail))


def _http(detail: dict[str, Any], answer: Answer) -> Answer:
    status = detail["status"]
    body = detail.get("body", f"<html><body><h1>{status}</h1></body></html>")
    return Answer(status, body.encode(), "text/html", _headers(detail))


def _json(detail: dict[str, Any], answer: Answer) -> Answer:
    return replace(json_answer(detail["value"], detail["status"]), headers=_headers(detail))


def _headers(detail: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in detail.get("headers", {}).items())


def _edit(detail: dict[str, Any], answer: Answer) -> Answer:
    answered = json.loads(answer.body)
    for path, value in {detail["field"]: detail.get("value"), **detail.get("more", {})}.items():
        *steps, last = path.split(".")
        for place in _places(answered, steps):
            for key in _keys(place, last):
                if detail["kind"] == "set":
                    place[key] = value
                elif isinstance(place, list) or key in place:
                    del place[key]
    return replace(answer, body=json_answer(answered).body)


def _retype(detail: dict[str, Any], answer: Answer) -> Answer:
    if answer.status != 200 or not answer.content_type.startswith("image/"):
        return answer
    name = detail["format"]
    return replace(answer, body=recode(answer.body, name), content_type=f"image/{name}")


def _places(value: Any, steps: list[str]) -> Iterator[Any]:
    """Every container that the steps lead to; a number indexes a list, "*" is each of its elements."""
    if not steps:
        yield value
        return
    for key in _keys(value, steps[0]):
        if isinstance(value, list) or key in value:
            yield from _places(value[key], steps[1:])


def _keys(place: Any, step: str) -> list[Any]:
    """The keys that one step means here, last first so that deleting does not move the others."""
    if isinstance(place, dict):
        return [step]
    if not isinstance(place, list):
        return []
    if step == "*":
        return list(range(len(place)))[::-1]
    return [int(step)] if step.isdigit() and int(step) < len(place) else []


PLAYERS: dict[str, Callable[[dict[str, Any], Answer], Answer]] = {
    "code": _code,
    "http": _http,
    "json": _json,
    "reset": lambda detail, answer: Answer(ending="reset"),
    "hang": lambda detail, answer: Answer(ending="hang"),
    "drip": lambda detail, answer: Answer(ending="drip"),
    "bad_json": lambda detail, answer: Answer(body=b'{"code": 0, "message": "succ'),
    "empty": lambda detail, answer: Answer(),
    "drop": _edit,
    "set": _edit,
    "retype": _retype,
    "cut": lambda detail, answer: replace(answer, cut_at=detail["bytes"]),
    "bytes": lambda detail, answer: Answer(detail.get("status", 200), detail["text"].encode(), "text/html"),
}
