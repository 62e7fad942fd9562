"""What an IMA task looks like at a moment: a pure function of the clock, so a restart changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

# Shares of a task's duration. The vendor documents the states, not when they come: these are ours.
EMPTY_UNTIL = 0.05  # medias: []
PENDING_UNTIL = 0.20  # resource_status null
FIRST_READY = 0.85  # of several pictures the first is ready here, the last at 1
LINK_LAG = 0.03  # resource_status 1 with an empty url for this long
STUCK_AT = 0.5  # where a task that never ends stays: processing


@dataclass(frozen=True)
class Task:
    """One registered task.

    account: digest of the key. points: charged, of all n. created_at: seconds since the epoch.
    seconds: the model's shortest and longest time at speed 1. pixels: as asked and announced.
    failures: media index -> the vendor's words. stuck: it never ends. delivered: pixels of the files, where
    they are not those announced.
    """

    id: str
    biz_id: str
    account: str
    n: int
    points: int
    created_at: float
    speed: float
    seconds: tuple[float, float]
    pixels: tuple[int, int]
    body: dict[str, Any]
    failures: dict[int, str] = field(default_factory=dict)
    stuck: bool = False
    delivered: tuple[int, int] | None = None

    @property
    def duration(self) -> float:
        """Seconds until the last picture is ready: between the model's two, always the same for an id."""
        shortest, longest = self.seconds
        share = int.from_bytes(sha256(self.id.encode()).digest()[:4], "big") / 0xFFFFFFFF
        return (shortest + share * (longest - shortest)) / self.speed


def share(task: Task, now: float) -> float:
    """How far a task is: 0 at its creation, 1 when its last picture is ready, more later."""
    gone = (now - task.created_at) / task.duration
    return min(gone, STUCK_AT) if task.stuck else gone


def ready_at(task: Task, index: int) -> float:
    """The share at which the picture at `index` (from 0) has its link."""
    return 1 - (1 - FIRST_READY) * (task.n - 1 - index) / task.n


def is_ready(task: Task, index: int, now: float) -> bool:
    """Can this picture be downloaded? Never where it failed."""
    return 0 <= index < task.n and index not in task.failures and share(task, now) >= ready_at(task, index)


def state(task: Task, now: float) -> str:
    """The whole task in a word: "running" until its last picture ended, then "done", "failed" where every
    picture failed, "partly" where some did."""
    if share(task, now) < 1:
        return "running"
    failed = sum(index in task.failures for index in range(task.n))
    return "done" if not failed else "failed" if failed == task.n else "partly"


def medias(task: Task, now: float, link: Callable[[int, str], str]) -> list[dict[str, Any]]:
    """The medias at `now`. `link(index, variant)` gives an address; variants are "", "watermark", "cover"."""
    if share(task, now) < EMPTY_UNTIL:
        return []
    return [_media(task, index, share(task, now), link) for index in range(task.n)]


def _media(task: Task, index: int, at: float, link: Callable[[int, str], str]) -> dict[str, Any]:
    if at < PENDING_UNTIL:
        return _entry(None, "pending")
    ready = ready_at(task, index)
    if at < ready - LINK_LAG:
        return _entry(0, "processing")
    if index in task.failures:
        return _entry(2, "failed", error_msg=task.failures[index])
    if at < ready:
        return _entry(1, "success")
    width, height = task.pixels
    return _entry(
        1,
        "success",
        url=link(index, ""),
        watermark_url=link(index, "watermark"),
        cover=link(index, "cover"),
        format="png",
        width=width,
        height=height,
    )


def _entry(resource_status: int | None, status: str, **more: Any) -> dict[str, Any]:
    """One media with every field that the documents name; empty until it is known."""
    blank = {
        "url": "",
        "watermark_url": "",
        "cover": "",
        "format": "",
        "width": 0,
        "height": 0,
        "error_msg": "",
    }
    return {"resource_status": resource_status, "status": status, **blank, **more}
