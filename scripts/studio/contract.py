"""What stands between us and a vendor: the calls, their answers, and the contract of a provider. Imports the
standard library only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from studio.form import Offer
from studio.frozen import dataclass, field
from studio.types import Bytes, Json, MediaRef, Output, Plan, Shot, Source, Submitted, TaskRef

KEY = "<key>"
"""Stands for the gateway's key in the headers and query of a Request. Only `studio.http` knows the real
one and puts it in at the moment of sending, and only for the gateway's own hosts."""


@dataclass(frozen=True)
class Request:
    """One call. `safe` says whether it may be repeated: said per request, because a vendor may poll by
    POST. Headers and query may hold KEY; the body never does. `what` names the step in error messages."""

    what: str
    method: str
    url: str
    safe: bool
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Json | None = field(default=None, repr=False)
    body: Bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Pending:
    """Not finished. `known` is False for a state no document names: counted, told, waited on like any.
    `parts`: how many of how many shots are there, where the vendor reports them."""

    stage: str
    known: bool = True
    parts: tuple[int, int] | None = None


@dataclass(frozen=True)
class Failed:
    """The vendor gave up on one output or on the whole task."""

    kind: str
    message: str
    code: str | None = None
    charged: Literal["no", "yes", "maybe"] = "maybe"


@dataclass(frozen=True)
class Done:
    """Finished. `failures` is filled where some of several outputs or shots failed: the good ones stay."""

    outputs: tuple[Output, ...]
    failures: tuple[Failed, ...] = ()
    charged: int | None = None
    shots: tuple[Shot, ...] = ()


Poll: TypeAlias = Pending | Done | Failed


@dataclass(frozen=True)
class Ready:
    """A finished task whose file has to be asked for by itself. `file`: the vendor's id of it."""

    file: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Response:
    """An answer, whole and small. `payload` is None where the body is no JSON."""

    what: str
    status: int
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    payload: Any = field(repr=False)

    @property
    def retry_after(self) -> float | None:
        """Seconds the vendor asks us to wait: a number, or a date, as HTTP allows both."""
        text = self.headers.get("retry-after", "")
        if text.isdecimal():
            return float(text)
        from email.utils import parsedate_to_datetime

        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except ValueError:
            return None


@dataclass(frozen=True)
class Exchange:
    """A request that leaves, and again what came back: `seconds` is None before, `status` where nothing came.
    The request still has KEY in the place of the key; `answer` is read as JSON, without keys. `own`: it goes
    to an address of the gateway's, not to where a link led."""

    request: Request
    own: bool
    seconds: float | None = None
    status: int | None = None
    size: int = 0  # bytes of the answer's body
    answer: Any = field(default=None, repr=False)


Read: TypeAlias = Callable[[Request], Response]
"""Sends safe requests only, and raises on any other: all that a provider is ever lent."""


class Provider(Protocol):
    """How one vendor is spoken to. Opens no socket, reads no environment, touches no disk: it builds
    requests and reads answers. Everything it raises is a `studio.errors.StudioError`."""

    def offers(self, task_type: str, language: str, read: Read) -> tuple[Offer, ...]:
        """The live list for one task type; () where the catalogue is enough."""
        ...

    def upload(self, source: Source, read: Read) -> MediaRef:
        """One input -> the form this vendor takes. Repeatable: an upload buys nothing."""
        ...

    def submit_request(self, plan: Plan, media: tuple[MediaRef, ...], uid: str) -> Request:
        """The paid request. Pure: `--dry-run` prints it, tests compare it. `uid`: a UUID of the job, for
        vendors that take an id of the caller's own."""
        ...

    def parse_submit(self, plan: Plan, response: Response) -> Submitted:
        """Raises a refusal (nothing was bought) or UnknownOutcome (something may have been)."""
        ...

    def task_of(self, plan: Plan, task_id: str) -> TaskRef:
        """A task whose id the person found, as the one a plan became; `submitted_at` is now."""
        ...

    def poll_request(self, task: TaskRef, language: str) -> Request: ...

    def parse_poll(self, task: TaskRef, response: Response) -> Poll | Ready:
        """Raises where the answer says nothing about this task: the next poll may. Ready is for a provider
        that Hands."""
        ...


@runtime_checkable
class Cancels(Protocol):
    """A vendor that can stop a task."""

    def cancel_request(self, task: TaskRef) -> Request:
        """Safe: a task can be stopped only once. Whether it was, the next poll says."""
        ...

    def parse_cancel(self, response: Response) -> None:
        """Raises where the vendor does not stop it."""
        ...


@runtime_checkable
class Hands(Protocol):
    """A vendor that hands out a finished file by a call of its own, with a fresh link each time."""

    def file_request(self, task: TaskRef, ready: Ready) -> Request: ...

    def parse_file(self, task: TaskRef, ready: Ready, response: Response) -> Done:
        """Raises where the answer has no link: the next poll may bring one."""
        ...


@runtime_checkable
class Finds(Protocol):
    """A vendor that can be asked for a task by an id of the caller's own."""

    def find_request(self, plan: Plan, uid: str) -> Request: ...

    def parse_find(self, plan: Plan, response: Response, uid: str) -> TaskRef | None:
        """None: it is not found, which proves nothing."""
        ...


@runtime_checkable
class Continues(Protocol):
    """A vendor whose jobs can be gone on with: a shot anew, a film composed."""

    def continued(self, task_type: str, parent: TaskRef, asked: Mapping[str, Any], read: Read) -> Json:
        """What a step on a finished job needs: the parameters to send besides those that were asked for.
        Raises UsageError where the step cannot be taken."""
        ...
