"""The command against the twin of imagine-future, in one process and on one clock that both look at: an hour
passes in a moment, and every wait is as long as it is in truth."""

from __future__ import annotations

import io
import json
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from PIL import Image

from sandbox import Sandbox
from studio import cli
from studio.interrupts import Interrupts
from support import Run

KEY = "imf_example_placeholder"
PICTURE = "https://example.com/face.png"
CLIP = "https://example.com/dance-4s.mp4"
SOUND = "https://example.com/voice-3s.mp3"
SONG = "https://example.com/song-50s.mp3"
LONG_SONG = "https://example.com/song-190s.mp3"


class Clock:
    """Time that goes on by itself, and jumps where somebody sleeps."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []

    def time(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.ahead += seconds


@dataclass
class Stage:
    """One machine with its record, and the vendors' twin."""

    box: Sandbox
    clock: Clock
    home: Path
    at: str = "imagine-future"  # the gateway that `fault`, `control` and `stats` speak of

    @property
    def env(self) -> dict[str, str]:
        urls = self.box.urls["imagine-future"]
        return {
            "IMAGINE_FUTURE_API_KEY": KEY,
            "MEDIA_STUDIO_IMAGINE_FUTURE_URL": urls["api"],
            "MEDIA_STUDIO_IMAGINE_FUTURE_ALTERNATE_URL": urls["alternate"],
        }

    def run(self, *words: str) -> Run:
        """The command, from its words to its document; nothing of it outlives this call but the record."""
        stdout, stderr = io.StringIO(), io.StringIO()
        code, _ = cli._run(words, cli.Out(words, stdout, stderr), Interrupts())
        made = Run(code, stdout.getvalue(), stderr.getvalue())
        assert KEY not in made.stdout + made.stderr
        return made

    def done(self, *words: str) -> Any:
        """The document of a command that goes well."""
        made = self.run(*words)
        assert made.code == 0, made.stdout
        return made.document

    def stops(self, *words: str) -> Any:
        """The document of a command that stops before anything is asked of anybody."""
        before = self.requests
        made = self.run(*words)
        assert made.code == 2, made.stdout
        assert self.requests == before
        assert made.error["charged"] == "no"
        return made.document

    def carry_on(self, document: Any, *more: str) -> Run:
        """A document's `next`, as it stands."""
        return self.run(*document["next"][2:], *more)

    def finish(self, document: Any) -> Any:
        """Go on with a document until there is nothing more to come. Nothing goes wrong on the way."""
        for _ in range(99):
            made = self.carry_on(document)
            if made.document["done"]:
                return made.document
            assert made.code == 0, made.stdout
            document = made.document
        raise AssertionError("no end")

    def later(self, seconds: float) -> None:
        self.clock.ahead += seconds

    def fault(self, endpoint: str, kind: str, times: int = 1, when: str | None = None, **detail: Any) -> None:
        """Order one for the twin's next answers, or tasks."""
        body = {"endpoint": endpoint, "times": times, "fault": {"kind": kind, **detail}}
        self.control("faults", {**body, "when": when} if when else body)

    def control(self, what: str, body: Any, method: str = "POST") -> None:
        request = urllib.request.Request(
            f"{self.box.urls[self.at]['api']}/__sandbox/{what}",
            method=method,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10):
            pass

    @property
    def stats(self) -> Any:
        return self.box.stats()[self.at]

    @property
    def requests(self) -> dict[str, int]:
        made: dict[str, int] = self.stats["requests"]
        return made

    @property
    def creates(self) -> int:
        return self.requests["create"]

    @property
    def sent(self) -> Any:
        """The body of the newest task."""
        return self.stats["tasks"][-1]["body"]

    def job(self, id: str) -> Any:
        """A job as the list has it."""
        (row,) = (row for row in self.done("list", "--all")["jobs"] if row["job"] == id)
        return row

    def config(self, text: str) -> None:
        (self.home / "state").mkdir(exist_ok=True)
        (self.home / "state" / "config.toml").write_text(text)

    @contextmanager
    def record(self) -> Iterator[sqlite3.Connection]:
        made = sqlite3.connect(self.home / "state" / "ledger.sqlite3")
        with made:
            yield made
        made.close()


def said(document: Any) -> str:
    """All that the person is told."""
    return "\n".join(item["message"] for item in document["send"])


def png(
    folder: Path, name: str = "face.png", size: tuple[int, int] = (640, 360), colour: str = "teal"
) -> str:
    path = folder / name
    Image.new("RGB", size, colour).save(path)
    return str(path)


def noise(folder: Path, name: str, side: int) -> str:
    """A picture that cannot be packed: three bytes a pixel."""
    path = folder / name
    Image.effect_noise((side, side), 100).convert("RGB").save(path, "PNG", compress_level=0)
    return str(path)


@dataclass(frozen=True)
class Film:
    """What a file really is."""

    streams: tuple[str, ...]
    size: tuple[int, int]
    seconds: float


def film(path: str) -> Film:
    with av.open(path) as made:
        picture = made.streams.video[0].codec_context
        streams = tuple(stream.codec_context.name for stream in made.streams)
        return Film(streams, (picture.width, picture.height), round((made.duration or 0) / av.time_base, 1))
