"""What the fault table needs to know of a provider: how it is reached, what is ordered, and how it says what
the table's rows say. A later vendor joins by a row of PAID; one that is paid through several gateways by a
row for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from support import ORDERS, Order, Vendor

Fault = Mapping[str, Any]
SPEED = 500
FAST = 1000  # of those that take minutes; more is not to be had
FASTER = 3000  # their twins' own


@dataclass(frozen=True)
class Refusal:
    """A plain no to the paid request: how it is played, how the command ends, where a person can mend it."""

    fault: Fault
    exit: int
    kind: str
    page: str | None = None


@dataclass(frozen=True)
class Ended:
    """A task that the vendor ended without a file: how it says so, the command's end, words that are told."""

    fault: Fault
    exit: int = 8
    words: str = "out of ideas"


@dataclass(frozen=True)
class Paid:
    """Amounts are in the gateway's unit. Faults are played at the endpoint that their row names.

    name: the provider's, or, where that is paid through several, the gateway's; as in ORDERS. price: of the
    order without options; None where nobody knows it. steps: the twin's points in one of the unit. four: the
    words that ask for four. pixels: the words that ask for a size or a shape, and how that is told. large:
    pixels of a picture that a small disk has no room for; a film is made that long. models: two that make
    both of task_types. reports_charge: whether the vendor says what it took. create_path: of the request that
    buys, and list_path of the one before, if there is one. key_kind: what key_refused is called. link: at the
    call for a finished file's link. speed: the twin's. absent: rows of the table that this vendor cannot
    meet, and why.
    """

    name: str
    provider: str
    gateway: str
    vendor: Callable[[dict[str, str]], Vendor]
    price: float | None
    reports_charge: bool
    create_path: str
    lost: Mapping[str, Fault]
    busy: Mapping[str, Fault]
    refusals: Mapping[str, Refusal]
    polling: Mapping[str, Fault]
    key_refused: Fault
    not_yet: Fault
    strange_state: tuple[Fault, str]
    failed: Mapping[str, Ended]
    files: Mapping[str, Fault]
    link: Mapping[str, Fault] = field(default_factory=dict)
    key_kind: str = "key_refused"
    speed: int = SPEED
    steps: int = 1
    list_path: str | None = None
    listing: Mapping[str, Fault] = field(default_factory=dict)
    four: tuple[str, ...] = ()
    large: tuple[int, int] | None = None
    pixels: tuple[tuple[str, ...], str] = ((), "")
    models: tuple[str, str] = ("", "")
    task_types: tuple[str, str] = ("", "")
    never_done: Fault = field(default_factory=lambda: {"kind": "stuck"})
    alternate: bool = False
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def order(self) -> Order:
        return ORDERS[self.name]

    @property
    def known(self) -> float:
        """The price as the record adds it up."""
        return self.price or 0

    @property
    def makes_keys(self) -> bool:
        """Whether it is known where a key of its gateway is made."""
        return any(refusal.kind == "key_refused" and refusal.page for refusal in self.refusals.values())


def _said(status: int, value: Any, **headers: str) -> Fault:
    return {"kind": "json", "status": status, "value": value, "headers": headers}


def _set(name: str, value: Any, **more: Any) -> Fault:
    """One field of the answer, and others; two low lines in a name stand for a point."""
    fields = {name.replace("__", "."): value for name, value in more.items()}
    return {"kind": "set", "field": name, "value": value, "more": fields}


FILES: Mapping[str, Fault] = {
    "result link 403": {"kind": "http", "status": 403},
    "download cut short": {"kind": "cut", "bytes": 900},
    "wrong bytes": {"kind": "bytes", "text": "<html>expired</html>", "status": 200},
}
PASSING: Mapping[str, Fault] = {
    "502 html": {"kind": "http", "status": 502},
    "reset": {"kind": "reset"},
    "bad JSON": {"kind": "bad_json"},
    "empty body": {"kind": "empty"},
}
LOST: Mapping[str, Fault] = {
    "502": {"kind": "http", "status": 502},
    "reset": {"kind": "reset"},
    "no answer": {"kind": "hang"},
}

# --- IMA ------------------------------------------------------------------------------------------------

BUSY: Fault = {"kind": "code", "code": 429, "http": 429, "headers": {"Retry-After": "2"}}
PAGES = "https://www.imaclaw.ai/imaclaw/"


def _failed(resource_status: int | None) -> Ended:
    more = {"data.medias.*.resource_status": resource_status, "data.medias.*.error_msg": "out of ideas"}
    return Ended({"kind": "set", "field": "data.medias.*.status", "value": "failed", "more": more})


IMA = Paid(
    name="ima",
    provider="ima",
    gateway="ima",
    vendor=lambda urls: Vendor(urls, SPEED),
    price=5,
    four=("--n", "4"),
    pixels=(("--aspect-ratio", "16:9"), "2560x1440"),
    large=(4096, 4096),
    models=("SeeDream 4.5", "Nano Banana2"),
    task_types=("text_to_image", "image_to_image"),
    reports_charge=False,
    create_path="/tasks/create",
    list_path="/product/list",
    listing={
        "500": {"kind": "code", "code": 500, "http": 500},
        "502": {"kind": "http", "status": 502},
        "429 with Retry-After": BUSY,
        "reset": {"kind": "reset"},
    },
    lost={**LOST, "an answer without an id": {"kind": "drop", "field": "data.id"}},
    busy={"429": BUSY},
    refusals={
        "4008": Refusal({"kind": "code", "code": 4008}, 4, "no_credit", f"{PAGES}subscription"),
        "4014": Refusal({"kind": "code", "code": 4014}, 4, "plan_needed", f"{PAGES}subscription"),
        "401": Refusal({"kind": "code", "code": 401}, 3, "key_refused", f"{PAGES}apikey"),
        "400": Refusal({"kind": "code", "code": 400}, 8, "bad_parameter"),
    },
    polling={
        **PASSING,
        "500": {"kind": "code", "code": 500, "http": 500},
        "429": BUSY,
        "404 in the first seconds": {"kind": "code", "code": 404},
    },
    key_refused={"kind": "code", "code": 401},
    not_yet={"kind": "set", "field": "data.medias", "value": []},
    strange_state=({"kind": "set", "field": "data.medias.*.status", "value": "dreaming"}, "dreaming"),
    failed={"failed beside 0": _failed(0), "failed beside null": _failed(None)},
    files=FILES,
    absent={"alternate": "it has one address", "link": "the answer of a finished task has its links"},
)

# --- imagine-future: Vidu and One-click MV say what is wrong alike --------------------------------------


def _no(status: int, reason: str, message: str = "no", **headers: str) -> Fault:
    return _said(status, {"code": status, "reason": reason, "message": message, "metadata": {}}, **headers)


TOLD_TO_WAIT = {"Retry-After": "2"}
THROTTLED = ("QuotaExceeded", "TooManyRequests", "SystemThrottling")
NO_REASON = _said(429, {"code": 429, "message": "slow down"}, **TOLD_TO_WAIT)
WORDED: Mapping[str, Any] = {
    "lost": {
        **LOST,
        "429 without a reason": NO_REASON,
        "429 with a reason that no list has": _no(429, "Overheated"),
        "500 with a reason": _no(500, "InternalServiceFailure"),
    },
    "busy": {reason: _no(429, reason, **TOLD_TO_WAIT) for reason in THROTTLED},
    "refusals": {
        "CreditInsufficient": Refusal(_no(400, "CreditInsufficient"), 4, "no_credit"),
        "Unauthorized": Refusal(_no(401, "Unauthorized"), 3, "key_refused"),
        "FieldInvalid": Refusal(_no(400, "FieldInvalid"), 8, "bad_parameter"),
        "AuditSubmitIllegal": Refusal(_no(400, "AuditSubmitIllegal"), 10, "content_refused"),
    },
    "polling": {
        **PASSING,
        "500": _no(500, "InternalServiceFailure"),
        "429": NO_REASON,
        "404 in the first seconds": _no(404, "TaskNotFound"),
    },
    "key_refused": _no(401, "Unauthorized"),
    "strange_state": (_set("state", "dreaming"), "dreaming"),
    "files": FILES,
    "alternate": True,
}
FILMS = {
    "listing": "it lists nothing: its catalogue is enough",
    "four": "a task makes one file",
    "retyped": "a film is always MP4 there",
    "many": "what many processes do at once is the record's matter: played with IMA",
    "lease": "when a lease runs out is the record's matter: played with IMA, as it takes 16 s",
}
SHARED = {**FILMS, "link": "the answer of a finished task has its link"}
UNPRICED = {
    "limit": "nobody knows the price, so that it is bought only where no limit is set, and claims nothing"
}
NOBODY_KNOWS = {**SHARED, **UNPRICED}

VIDU = Paid(
    name="vidu",
    provider="vidu",
    gateway="imagine-future",
    vendor=lambda urls: Vendor(urls, SPEED, "imagine-future", ORDERS["vidu"]),
    price=2,
    pixels=(("--aspect-ratio", "16:9"), "540p, 16:9"),
    reports_charge=True,
    create_path="/ai/avu/text2video",
    **{
        **WORDED,
        "lost": {**WORDED["lost"], "an answer without an id": {"kind": "drop", "field": "task_id"}},
    },
    not_yet=_set("state", "processing", creations=[]),
    failed={
        "failed without a word": Ended(_set("state", "failed", creations=[]), words="failed"),
        "failed, CreationPolicyViolation": Ended(
            _set("state", "failed", creations=[], err_code="CreationPolicyViolation"),
            exit=10,
            words="CreationPolicyViolation",
        ),
    },
    absent=SHARED,
)

MV = Paid(
    name="mv",
    provider="mv",
    gateway="imagine-future",
    vendor=lambda urls: Vendor(urls, FAST, "imagine-future", ORDERS["mv"]),
    speed=FASTER,
    price=None,
    pixels=(("--aspect-ratio", "16:9"), "540p, 16:9"),
    reports_charge=False,
    create_path="/ai/avu/one-click/mv",
    **{
        **WORDED,
        "lost": {**WORDED["lost"], "an answer without an id": {"kind": "drop", "field": "id"}},
    },
    not_yet=_set("state", "processing"),
    failed={
        "failed before its first shot": Ended(_set("state", "failed", job_records=[], err_msg="out of ideas"))
    },
    absent=NOBODY_KNOWS,
)

# --- imagine-future: Kling --------------------------------------------------------------------------------


def _code(status: int, code: int, message: str = "no", **headers: str) -> Fault:
    return _said(status, {"code": code, "message": message, "request_id": "req_1"}, **headers)


KLING = Paid(
    name="kling",
    provider="kling",
    gateway="imagine-future",
    vendor=lambda urls: Vendor(urls, FAST, "imagine-future", ORDERS["kling"]),
    speed=FASTER,
    price=None,
    reports_charge=False,
    create_path="/videos/motion-control",
    lost={
        **LOST,
        "an answer without an id": {"kind": "drop", "field": "data.task_id"},
        "429 without a code": _said(429, {"message": "slow down"}, **TOLD_TO_WAIT),
        "429 with a code that no list has": _code(429, 1399),
        "500 with a code": _code(500, 5000),
        "our own id is taken": _code(400, 1201, "external_task_id already exists"),
    },
    busy={code: _code(429, int(code), **TOLD_TO_WAIT) for code in ("1302", "1303")},
    refusals={
        "1101": Refusal(_code(429, 1101, **TOLD_TO_WAIT), 4, "no_credit"),
        "1102": Refusal(_code(429, 1102, **TOLD_TO_WAIT), 4, "no_credit"),
        "1304": Refusal(_code(429, 1304, **TOLD_TO_WAIT), 3, "key_refused"),
        "1000": Refusal(_code(401, 1000), 3, "key_refused"),
        "1201": Refusal(_code(400, 1201), 8, "bad_parameter"),
        "1301": Refusal(_code(400, 1301), 10, "content_refused"),
    },
    polling={
        **PASSING,
        "500": _code(500, 5000),
        "429": _code(429, 1302, **TOLD_TO_WAIT),
        "404 in the first seconds": _code(400, 1201, "task not found"),
    },
    key_refused=_code(401, 1000),
    not_yet=_set("data.task_status", "processing", data__task_result=None),
    strange_state=(_set("data.task_status", "dreaming", data__task_result=None), "dreaming"),
    failed={
        "failed": Ended(_set("data.task_status", "failed", data__task_status_msg="out of ideas")),
        "failed, risk control": Ended(
            _set("data.task_status", "failed", data__task_status_msg="Failure of risk control"),
            exit=10,
            words="risk control",
        ),
    },
    files=FILES,
    alternate=True,
    absent={**NOBODY_KNOWS, "pixels": "its film has the shape of the picture, which is not asked for"},
)

# --- 302.AI and gpt.ge: MiniMax Hailuo ------------------------------------------------------------------
# One wire: codes that mean the same are played at one of the two each. tests/test_hailuo_answers.py has all.


def _why(code: int, message: str) -> Fault:
    return {"status_code": code, "status_msg": message}


def _base(code: int, message: str = "no", **more: Any) -> Fault:
    """The vendor's no: HTTP 200, and a code."""
    return _said(200, {"base_resp": _why(code, message), **more})


def _gateway(status: int, message: str) -> Fault:
    """gpt.ge's own no."""
    return _said(status, {"error": {"message": message, "type": "invalid_request_error", "code": "no"}})


def _wrapped(status: str, **more: Any) -> Fault:
    """gpt.ge's own envelope around a task's state."""
    return _said(200, {"code": 0, "message": "success", "data": {"status": status}, **more})


WITHOUT_ID: Fault = {"kind": "drop", "field": "task_id"}
CREATED = _base(0, "success", task_id="106916112212032")

AI302 = Paid(
    name="302ai",
    provider="hailuo",
    gateway="302ai",
    vendor=lambda urls: Vendor(urls, FAST, "302ai", ORDERS["302ai"]),
    speed=FASTER,
    price=0.5,
    steps=100,
    reports_charge=False,
    create_path="/v1/video_generation",
    lost={
        "reset": LOST["reset"],
        "an answer without an id": WITHOUT_ID,
        "a server's own trouble": _base(1001, "timeout", task_id=""),
        "a code that no list has": _base(1099, task_id=""),
    },
    busy={
        "too many": _base(1002, "rate limit", task_id=""),
        "too much": _base(1039, "token limit", task_id=""),
    },
    refusals={
        "key": Refusal(_base(1004, "login fail"), 3, "key_mismatch"),
        "money": Refusal(_base(1008, "insufficient balance", task_id=""), 4, "no_credit"),
        "words": Refusal(_base(1026, "input new_sensitive", task_id=""), 10, "content_refused"),
        "parameter": Refusal(_base(2013, "invalid params", task_id=""), 8, "bad_parameter"),
    },
    polling={
        "502 html": PASSING["502 html"],
        "HTTP 200 with a server's own trouble": _base(1000, "unknown error"),
        "404 in the first seconds": _base(2013, "invalid params, task not exist"),
    },
    key_refused=_base(1004, "login fail"),
    key_kind="key_mismatch",
    not_yet=_set("status", "Processing"),
    strange_state=(_set("status", "Dreaming"), "dreaming"),
    failed={
        "Fail": Ended(_set("status", "Fail"), words="failed"),
        "Failed": Ended(_set("status", "Failed", base_resp=_why(1000, "out of ideas"))),
        "offended": Ended(
            _set("status", "Fail", base_resp=_why(1027, "output new_sensitive")),
            exit=10,
            words="output new_sensitive",
        ),
    },
    files={"result link 403": FILES["result link 403"]},
    link={
        "no way through": PASSING["502 html"],
        "nothing to read": PASSING["bad JSON"],
        "HTTP 200 with a server's own trouble": _base(1000, "unknown error"),
        "the answer of a create": CREATED,
    },
    absent={
        **FILMS,
        "alternate": "it has one address",
        "pixels": "its film has the shape of the picture, which is not asked for",
    },
)

GPTGE = Paid(
    name="gptge",
    provider="hailuo",
    gateway="gptge",
    vendor=lambda urls: Vendor(urls, FAST, "gptge", ORDERS["gptge"]),
    speed=FASTER,
    price=None,
    reports_charge=False,
    create_path="/task/minimax/v1/video_generation",
    lost={
        "502": LOST["502"],
        "an answer without an id": WITHOUT_ID,
        "a server's own trouble": _base(1024, "internal error", task_id=""),
        "a code that no list has": _base(1099, task_id=""),
    },
    busy={
        "too many": _base(1041, "connection limit", task_id=""),
        "too much": _base(2045, "rate growth limit", task_id=""),
    },
    refusals={
        "key": Refusal(_gateway(401, "invalid token"), 3, "key_refused"),
        "money": Refusal(_base(2056, "usage limit exceeded", task_id=""), 4, "quota_used"),
        "words": Refusal(_base(1042, "invisible character ratio limit", task_id=""), 8, "bad_text"),
        "parameter": Refusal(_base(2061, "your plan lacks this model", task_id=""), 4, "plan_needed"),
    },
    polling={
        "bad JSON": PASSING["bad JSON"],
        "HTTP 200 with a server's own trouble": _base(1033, "system error"),
        "404 in the first seconds": _gateway(404, "task not exist"),
    },
    key_refused=_gateway(401, "invalid token"),
    not_yet=_wrapped("Processing"),
    strange_state=(_wrapped("Dreaming"), "dreaming"),
    failed={
        "Fail": Ended(_wrapped("fail"), words="failed"),
        "Failed": Ended(_wrapped("Failed", base_resp=_why(1000, "out of ideas"))),
        "offended": Ended(_base(1026, "input new_sensitive"), exit=10, words="input new_sensitive"),
    },
    files={"wrong bytes": FILES["wrong bytes"]},
    link={
        "no way through": PASSING["reset"],
        "nothing to read": PASSING["empty body"],
        "HTTP 200 with a server's own trouble": _base(1033, "system error"),
        "the answer of a create": CREATED,
    },
    absent={**AI302.absent, **UNPRICED},
)

PAID = {paid.name: paid for paid in (IMA, VIDU, KLING, MV, AI302, GPTGE)}
