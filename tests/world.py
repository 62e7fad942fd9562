"""A purchase in miniature: a vendor that answers as scripted, a real record, and a clock that only tests
move."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from parts import picture, plan
from studio.contract import Done, Poll, Read, Request, Response
from studio.errors import NotSaved, StudioError, vendor_said
from studio.form import Offer
from studio.ledger import Ledger
from studio.runner import Runner
from studio.types import Job, MediaRef, Output, Plan, Source, Submitted, TaskRef
from support import FakeClock

ACCEPTED = Submitted(TaskRef("ima", "task-1", 0.0), deadline=9.0)
LINKS = ("https://cdn.example.com/a.png?sig=1", "https://cdn.example.com/b.png?sig=1")
DONE = Done(tuple(Output("image", link) for link in LINKS), charged=10)


def refusal(kind: str, **fields: Any) -> StudioError:
    error = vendor_said(kind, "IMA", "the paid request", None)
    error.refused = True
    for name, value in fields.items():
        setattr(error, name, value)
    return error


@dataclass
class Vendor:
    """Wire and provider in one. `pays` and `polls` are what comes of each call in turn, the last for all that
    follow: a value to be read, an exception that reading it raises, or a `Way`.
    `log` holds each step with the job's state as another process sees it at that moment."""

    file: Path
    pays: list[Any] = field(default_factory=lambda: [ACCEPTED])
    polls: list[Any] = field(default_factory=lambda: [DONE])
    uploads: list[Any] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=lambda: dict.fromkeys(LINKS, picture()))
    together: threading.Barrier | None = None
    media: tuple[MediaRef, ...] = ()
    log: list[tuple[str, str]] = field(default_factory=list)

    def note(self, step: str) -> None:
        rows = sqlite3.connect(self.file).execute("SELECT state FROM jobs ORDER BY created_at").fetchall()
        self.log.append((step, rows[-1][0]))

    def count(self, step: str) -> int:
        return [name for name, _ in self.log].count(step)

    def offers(self, task_type: str, language: str, read: Read) -> tuple[Offer, ...]:
        raise NotImplementedError

    def upload(self, source: Source, read: Read) -> MediaRef:
        self.note("upload")
        if self.together:
            self.together.wait(timeout=5)
        _unless_broken(self.uploads.pop(0) if self.uploads else None)
        return MediaRef(source.role, f"https://cdn.example.com/{source.name}")

    def submit_request(self, plan: Plan, media: tuple[MediaRef, ...], uid: str) -> Request:
        self.media = media
        return Request("the paid request", "POST", "https://vendor.example.com/create", safe=False)

    def pay(self, request: Request) -> Response:
        self.note("pay")
        said = self.pays.pop(0) if len(self.pays) > 1 else self.pays[0]
        return Response("the paid request", 200, {}, said() if isinstance(said, Way) else said)

    def parse_submit(self, plan: Plan, response: Response) -> Submitted:
        made: Submitted = _unless_broken(response.payload)
        return made

    def task_of(self, plan: Plan, task_id: str) -> TaskRef:
        return TaskRef("ima", task_id, 0.0)

    def poll_request(self, task: TaskRef, language: str) -> Request:
        assert task.task_id == "task-1"
        return Request("the task's state", "GET", "https://vendor.example.com/detail", safe=True)

    def ask(self, request: Request) -> Response:
        return Response(
            "the task's state", 200, {}, self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
        )

    def parse_poll(self, task: TaskRef, response: Response) -> Poll:
        made: Poll = _unless_broken(response.payload)
        return made

    def read(self, request: Request) -> Response:
        raise NotImplementedError

    def download(self, url: str, sink: BinaryIO, cap: int) -> None:
        if url not in self.files:
            raise NotSaved(f"The link answered 403: {url.partition('?')[0]}")
        sink.write(self.files[url])


def _unless_broken(said: Any) -> Any:
    if isinstance(said, BaseException):
        raise said
    return said


@dataclass(frozen=True)
class Way:
    """What comes in the way of a call before its answer can be read: something happens, or breaks."""

    event: Callable[[], object]
    answer: Any = None

    def __call__(self) -> Any:
        self.event()
        return self.answer


def broken(problem: BaseException) -> Way:
    return Way(lambda: _unless_broken(problem))


@dataclass
class World:
    runner: Runner
    vendor: Vendor
    clock: FakeClock
    out: Path
    told: list[str]

    def buy(self, **changes: Any) -> Job:
        self.clock.now += 1
        return self.runner.buy(plan(**changes), self.out)

    @property
    def job(self) -> Job:
        """The newest, as it is on record."""
        (job,) = self.runner.ledger.newest(1)
        return job

    @property
    def error(self) -> Any:
        assert self.job.error is not None
        return self.job.error

    @property
    def events(self) -> tuple[str, ...]:
        return self.runner.ledger.events(self.job.id)

    def collect(self, patience: float = 600.0) -> Job:
        return self.runner.collect(self.job, self.clock.monotonic() + patience)

    def lock(self) -> sqlite3.Connection:
        """Another process writes, and does not end."""
        other = sqlite3.connect(self.vendor.file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        return other


def world(folder: Path) -> World:
    vendor = Vendor(folder / "ledger.sqlite3")
    told: list[str] = []

    class Clock(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            vendor.note("sleep")

    @contextmanager
    def held() -> Iterator[None]:
        vendor.note("held")
        try:
            yield
        finally:
            vendor.note("released")

    clock = Clock()
    ledger = Ledger(vendor.file, clock)
    ledger._store._db.execute("PRAGMA busy_timeout = 10")
    runner = Runner(vendor, vendor, ledger, clock, held, lambda job, what: told.append(what))
    return World(runner, vendor, clock, folder / "out", told)
