"""What the products of one gateway share: a task, a call's way in, refusals, and what a product is (a shop).

The gateway (gateway.py) knows keys, accounts, files and faults; a shop knows one product's routes, its
rules, its prices, and what a task of it looks like at a moment. A shop keeps nothing itself.
"""

import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any, Protocol

from sandbox.wire import Answer, Call, json_answer

STUCK_AT = 0.5  # share of its time at which a task that never ends stays
LINK_LIFE = 24 * 3600.0  # seconds that a link of Vidu and of One-click MV lives (contract B1)
MOST_KEPT = 6000  # characters of a text in a kept body; the longest prompt has 5000
# What is refused, and by which HTTP status (contract B1). A shop may have codes of its own beside these.
REASONS = {
    **dict.fromkeys(
        (
            *("BadRequest", "FieldLacking", "FieldUnwanted", "FieldInvalid", "FieldItemCountOutOfRange"),
            *("PageSizeOutOfRange", "ImageDownloadFailure", "ImageFormatInvalid", "CreditInsufficient"),
            "OperationInProcess",
        ),
        400,
    ),
    "Unauthorized": 401,
    "NotFound": 404,
    "TaskNotFound": 404,
}


class Refusal(Exception):
    """The vendor's no. `reason`: a key of REASONS; a shop turns it into an answer of its own form."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


@dataclass(frozen=True)
class Task:
    """One registered task of any shop, as it is kept.

    id: digits. shop: its name. kind: text_to_video and so on, for the stats. account: digest of the key.
    credits: its price. created_at: seconds since the epoch. speed: how much faster than the vendor it goes.
    seconds: from created to its end, at speed 1. pixels: width and height of its file. length: seconds of
    its film, 0 for a picture. body: as sent, without the inline files (`shortened`).
    parent: id of the task that this one belongs to. external_id: the caller's own, unique in an account.
    more: what else the shop needs to remember (JSON). failures: index -> reason, stuck, delivered (pixels of
    the file where they are not those asked for): what ordered faults made of it.
    cancelled_at: seconds since the epoch. settled: has the vendor taken its credits?
    """

    id: str
    shop: str
    kind: str
    account: str
    model: str
    credits: int
    created_at: float
    speed: float
    seconds: float
    pixels: tuple[int, int]
    length: float
    sound: bool
    body: dict[str, Any]
    parent: str = ""
    external_id: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    stuck: bool = False
    delivered: tuple[int, int] | None = None
    cancelled_at: float | None = None
    settled: bool = True

    @property
    def ends_at(self) -> float:
        """Seconds since the epoch; also of a task that is stuck, which never gets there."""
        return self.created_at + self.seconds / self.speed

    @property
    def drawn(self) -> tuple[int, int]:
        """Pixels of its file as it is really delivered."""
        return self.delivered or self.pixels

    def share(self, now: float) -> float:
        """How far it is: 0 at its creation, 1 at its end, more later. Of a cancelled one: where it was."""
        moment = now if self.cancelled_at is None else min(now, self.cancelled_at)
        gone = (moment - self.created_at) / (self.ends_at - self.created_at)
        return min(gone, STUCK_AT) if self.stuck else gone


@dataclass(frozen=True)
class Film:
    """An MP4 to serve: pixels, seconds, with or without sound."""

    width: int
    height: int
    seconds: float
    sound: bool


@dataclass(frozen=True)
class Still:
    """A PNG to serve: pixels, and what is written into it."""

    width: int
    height: int
    prompt: str
    model: str


@dataclass(frozen=True)
class Ask:
    """One call at a shop, its key already looked at. `id`: the group of that name in the route's path, else
    empty. `stranger`: the fault other_task is played: whoever looks up a task gets somebody else's."""

    call: Call
    account: str
    id: str = ""
    stranger: bool = False


@dataclass(frozen=True)
class Route:
    """`path`: matched whole, against the path without the query. `endpoint`: as in the faults and the stats.
    `serve` gives the JSON value to answer, or raises Refusal."""

    method: str
    path: re.Pattern[str]
    endpoint: str
    serve: Callable[[Ask], Any]


class Till(Protocol):
    """What the gateway lends to a shop. Every method is safe from any thread and any process."""

    settings: dict[str, Any]

    def now(self) -> float:
        """Seconds since the epoch."""

    @property
    def speed(self) -> float: ...

    def buy(self, task: Task) -> Task:
        """Charge for the task and keep it, then let the ordered faults spoil it: the task as it now is.
        Raises Refusal: CreditInsufficient."""

    def task(self, ask: Ask, id: str) -> Task | None:
        """The caller's own task of this id, of whichever shop; None where there is none."""

    def by_external_id(self, ask: Ask, id: str) -> Task | None:
        """The caller's own task that he gave this id."""

    def lent(self, id: str) -> Task | None:
        """Somebody else's task of this id that the fault other_task has shown, in this process."""

    def children(self, id: str) -> list[Task]:
        """The tasks whose parent is this, oldest first."""

    def change(self, id: str, edit: Callable[[Task], Task]) -> Task:
        """Keep what `edit` makes of the kept task, in one transaction: what it raises changes nothing."""

    def link(self, task: Task, name: str, until: float) -> str:
        """An address of the task's file `name` ("video.mp4"), good until then (seconds since the epoch)."""

    def own_file(self, url: str) -> Film | Still | None:
        """What a link of this gateway's own leads to now; None for every other link, and a dead one."""

    def ignored(self, what: str) -> None:
        """Count an option that was taken and has no effect: "viduq3-pro style"."""


class Shop(Protocol):
    """One product."""

    name: str

    def __init__(self, till: Till) -> None: ...

    @property
    def routes(self) -> Sequence[Route]: ...

    def refused(self, refusal: Refusal, endpoint: str) -> tuple[str, Answer]:
        """The refusal's code for the stats, and how this product answers it at a route's endpoint."""

    def state(self, task: Task, now: float) -> str:
        """For the stats: "running", "done", "failed", "partly" or "cancelled"."""

    def paid(self, task: Task, now: float) -> int:
        """The credits that the account has paid for this task by now: nothing is booked, all is computed."""

    def file(self, task: Task, name: str, now: float) -> Film | Still | None:
        """What a file of this task holds; None for an unknown name and for one that is not ready."""


def said(refusal: Refusal) -> Answer:
    """A refusal as Vidu and One-click MV answer it (contract B1)."""
    status = REASONS[refusal.reason]
    trace = {"trace_id": secrets.token_hex(16)}
    words = {"code": status, "reason": refusal.reason, "message": refusal.message, "metadata": trace}
    return json_answer(words, status)


def json_body(ask: Ask) -> dict[str, Any]:
    """The object that a POST brings. Raises Refusal: BadRequest."""
    no_query(ask)
    if ask.call.headers.get_content_type() != "application/json":
        raise Refusal("BadRequest", "the header Content-Type must be application/json")
    try:
        body = json.loads(ask.call.body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refusal("BadRequest", "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal("BadRequest", "the body must be an object")
    return body


def no_query(ask: Ask) -> None:
    """Raises Refusal where a route that takes no query got one."""
    if ask.call.query:
        raise Refusal("BadRequest", f"{ask.call.query[0][0]} is not a parameter of this route")


def new_id() -> str:
    """A task id as the documents print them: 18 digits."""
    return str(10**17 + secrets.randbelow(9 * 10**17))


def spread(id: str, shortest: float, longest: float) -> float:
    """A number between the two, always the same for an id."""
    share = int.from_bytes(sha256(id.encode()).digest()[:4], "big") / 0xFFFFFFFF
    return shortest + share * (longest - shortest)


def iso(moment: float) -> str:
    """Seconds since the epoch as the documents print a time: 2026-02-03T09:19:33.696Z."""
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def shortened(body: Any) -> Any:
    """A body with every text longer than MOST_KEPT cut: inline files are not kept, their digests are."""
    if isinstance(body, dict):
        return {name: shortened(value) for name, value in body.items()}
    if isinstance(body, list):
        return [shortened(value) for value in body]
    if isinstance(body, str) and len(body) > MOST_KEPT:
        digest = sha256(body.encode("utf-8", "replace")).hexdigest()
        return f"{body[:40]}... ({len(body)} characters, sha256 {digest})"
    return body


def pixels(resolution: str, ratio: str) -> tuple[int, int]:
    """Width and height of "720p" at "16:9": the shorter side has the number, both are even."""
    short = int(resolution.removesuffix("p"))
    wide, high = (int(part) for part in ratio.split(":"))
    scale = short / min(wide, high)
    return round(wide * scale / 2) * 2, round(high * scale / 2) * 2


def _no_number(word: str) -> None:
    """NaN and the infinities, which Python's JSON reads and JSON does not have."""
    raise ValueError(word)
