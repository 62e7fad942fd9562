"""A client of the twin of One-click MV that knows nothing of the product, and songs and pictures for it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import av
import requests

from sandbox import Sandbox
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import KEY, Gateway, inline, png
from twins.mv_printed import BASE

LONG = 3600.0  # seconds after which every music video has ended
A_JOB = 61.0  # seconds after which every edit and every composing has ended
OLD_FILM = 60.0  # seconds that the old film is shown beside a newer one
PICTURE = "https://example.com/face.png"
SONGS = {
    "wav": ("wav", "pcm_s16le"),
    "mp3": ("mp3", "libmp3lame"),
    "aac": ("adts", "aac"),
    "m4a": ("ipod", "aac"),
}


class Mv(Gateway):
    """The wire. `clock` is the sandbox's own."""

    def __init__(self, sandbox: Sandbox, clock: Clock, key: str = KEY, listener: str = "api") -> None:
        super().__init__(sandbox, key, listener)
        self.clock = clock

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """One call, some of its headers changed; _ in their names stands for -."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(
            method, self.base + path, json=body, headers={**self.headers, **changed}, timeout=10
        )

    def create(self, **body: Any) -> requests.Response:
        return self.send("POST", BASE, made_of(**body))

    def made(self, **body: Any) -> str:
        """The id of a new music video."""
        answer = self.create(**body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def finished(self, **body: Any) -> str:
        """The id of one whose first run has ended."""
        id = self.made(**body)
        self.clock.now += LONG
        return id

    def edit(self, id: str, job_id: str, prompt: str = "closer", **more: Any) -> requests.Response:
        return self.send("POST", f"{BASE}/{id}/edit", {"job_id": job_id, "prompt": prompt, **more})

    def compose(self, id: str, *job_ids: str) -> requests.Response:
        return self.send("POST", f"{BASE}/{id}/compose", {"job_ids": list(job_ids)})

    def query(self, id: str) -> Any:
        answer = self.send("GET", f"{BASE}/{id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def walk(self, id: str, step: float, until: float) -> Iterator[Any]:
        """What the queries say, one each `step` seconds."""
        for _ in range(int(until / step)):
            yield self.query(id)
            self.clock.now += step

    def film(self, url: str) -> bytes:
        answer = self.http.get(url, timeout=20)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "video/mp4")
        return answer.content

    def spoil(self, fault: dict[str, Any]) -> None:
        """Order a fault for whatever is bought next."""
        self.fault("create", fault)


def made_of(**changed: Any) -> dict[str, Any]:
    """A body with some fields changed; None takes one away."""
    body = {"images": [PICTURE], "audio_url": "https://example.com/song.mp3", "prompt": "a night drive"}
    return {name: value for name, value in {**body, **changed}.items() if value is not None}


def shots(query: Any) -> list[Any]:
    return [record for record in query["job_records"] if record["type"] == "generate_video"]


def films(query: Any) -> list[Any]:
    """The compose jobs."""
    return [job for record in query["job_records"] if record["type"] == "compose" for job in record["jobs"]]


def newest(query: Any) -> list[str]:
    """The newest take of each shot."""
    return [record["jobs"][-1]["id"] for record in shots(query)]


def refused(answer: requests.Response) -> tuple[int, str]:
    """HTTP status and reason of a no, in the form of contract B1."""
    body = answer.json()
    assert set(body) == {"code", "reason", "message", "metadata"}
    assert (body["code"], set(body["metadata"])) == (answer.status_code, {"trace_id"})
    assert body["message"]
    return answer.status_code, body["reason"]


@cache
def song(kind: str, seconds: float) -> bytes:
    """A song of this many seconds, as wav, mp3, aac or m4a."""
    form, codec = SONGS[kind]
    file = io.BytesIO()
    with av.open(file, "w", format=form) as made:
        stream = made.add_stream(codec, rate=16_000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        whole = int(seconds * 16_000)
        for first in range(0, whole, 16_000):
            frame = av.AudioFrame("s16", "mono", min(16_000, whole - first))
            frame.sample_rate, frame.pts = 16_000, first
            frame.planes[0].update(bytes(2 * frame.samples))
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return file.getvalue()


def song_url(kind: str, seconds: float, prefix: str = "data:audio/mpeg;base64,") -> str:
    return prefix + base64.b64encode(song(kind, seconds)).decode()


def picture_url(width: int = 64, height: int = 48, kind: str = "png") -> str:
    return inline(png(width, height, kind), f"image/{kind}")
