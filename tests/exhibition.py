"""A record with something to show: pictures and clips that are there, one that is gone, a job that failed and
one of which nobody knows whether it was bought."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

from parts import picture, plan
from sandbox.clip import clip
from studio.ledger import Ledger
from studio.order import Order
from studio.types import Billing, ModelRef, Saved, Submitted, TaskRef
from support import FakeClock

DAY = 86400.0
FAILED = {"kind": "failed", "provider_code": None, "detail": None}
MODELS = (
    ModelRef("doubao-seedream-4.5", "SeeDream 4.5", "v1"),
    ModelRef("gemini-3-pro-image", "Nano Banana Pro", "v2"),
)


@functools.cache
def png(width: int, height: int) -> bytes:
    return picture(size=(width, height))


class Exhibition:
    """Jobs that ended, in the record `file`, with their files in `folder`."""

    def __init__(self, file: Path, folder: Path, *, prompts: bool = True) -> None:
        self.clock = FakeClock()
        self.ledger = Ledger(file, self.clock, prompts=prompts)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def begun(self, prompt: str | None, **changes: Any) -> str:
        """A job that is about to be sent, bought and counted."""
        self.clock.now += DAY / 4
        made = plan(prompt=prompt, requested={"prompt": prompt}, **changes)
        job, _ = self.ledger.begin(made, str(self.folder), Order(user_id=made.user_id))
        with self.ledger._store.transaction() as db:
            today = self.ledger.accounts.today
            db.execute("UPDATE jobs SET claimed_on = ? WHERE id = ?", (today, job.id))
        return job.id

    def made(self, prompt: str | None, *files: Saved, **changes: Any) -> str:
        job = self.begun(prompt, **changes)
        self.ledger.sending(job)
        self.ledger.submitted(job, Submitted(TaskRef("ima", f"task-{job}", self.clock.now)))
        self.clock.now += 35
        self.ledger.done(job, files, None, None)
        return job

    def picture(self, prompt: str | None, width: int = 64, height: int = 48, **changes: Any) -> str:
        name = changes.pop("name", f"{self.clock.now:.0f}.png")
        return self.made(prompt, self.file(name, png(width, height), width, height), **changes)

    def clip(self, prompt: str, clips: Path, width: int = 64, height: int = 48) -> str:
        film = clip(clips, width, height, 2.0, True)
        saved = self.file(f"{self.clock.now:.0f}.mp4", film, width, height)
        saved = dataclasses.replace(saved, kind="video", mime="video/mp4", seconds=2.0)
        return self.made(prompt, saved, kind="video", task_type="text_to_video")

    def file(self, name: str, data: bytes, width: int, height: int) -> Saved:
        path = self.folder / name
        path.write_bytes(data)
        return Saved(
            "image", str(path), "https://x.example/1", "image/png", len(data), "0" * 64, width, height
        )

    def unknown(self, prompt: str) -> str:
        job = self.begun(prompt)
        self.ledger.sending(job)
        self.ledger.unknown(job, FAILED)
        return job

    def failed(self, prompt: str) -> str:
        job = self.begun(prompt)
        self.ledger.sending(job)
        self.ledger.submitted(job, Submitted(TaskRef("ima", f"task-{job}", self.clock.now)))
        self.ledger.failed(job, FAILED)
        return job


def unpriced() -> Billing:
    return Billing(None, None, None, "points", "unknown")
