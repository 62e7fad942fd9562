"""A client of the two twins that sell Hailuo; it knows nothing of the product."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests

from sandbox import Sandbox


@dataclass(frozen=True)
class Door:
    """One gateway. `plain`: the least text-to-video that it takes."""

    key: str
    other_key: str
    create: str
    query: str
    retrieve: str
    credits: int
    plain: dict[str, Any]


DOORS = {
    "302ai": Door(
        "ai302_example_placeholder",
        "ai302_example_placeholder_two",
        "/v1/video_generation",
        "/v1/query/video_generation?task_id={}",
        "/v1/files/retrieve",
        50,
        {"model": "MiniMax-Hailuo-02", "prompt": "fog"},
    ),
    "gptge": Door(
        "gptge_example_placeholder",
        "gptge_example_placeholder_two",
        "/task/minimax/v1/video_generation",
        "/task/{}",
        "/task/minimax/v1/files/retrieve",
        120,
        {"model": "MiniMax-Hailuo-02", "prompt": "fog", "duration": 6, "resolution": "768P"},
    ),
}


class Shop:
    """The wire to one of the two. Answers are what came, unread, but for the short ways below."""

    def __init__(self, sandbox: Sandbox, name: str, key: str | None = None) -> None:
        self.sandbox, self.name, self.door = sandbox, name, DOORS[name]
        self.urls = sandbox.urls[name]
        self.base = self.urls["api"]
        self.key = self.door.key if key is None else key
        self.http = requests.Session()
        self.http.trust_env = False  # a proxy of this machine has no part in this

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def get(self, path: str, **query: str) -> requests.Response:
        return self.http.get(self.base + path, headers=self.headers, params=query, timeout=5)

    def create(self, body: Any) -> requests.Response:
        return self.http.post(self.base + self.door.create, headers=self.headers, json=body, timeout=20)

    def plain(self, **fields: Any) -> dict[str, Any]:
        """The least text-to-video with some fields changed; None takes one away."""
        body = {**self.door.plain, **fields}
        return {name: value for name, value in body.items() if value is not None}

    def bought(self, body: Any = None) -> str:
        """The id of a task that must be accepted."""
        answer = self.create(self.plain() if body is None else body)
        assert (answer.status_code, answer.json().get("base_resp", {}).get("status_code")) == (200, 0), (
            answer.text
        )
        return str(answer.json()["task_id"])

    def query(self, id: str) -> requests.Response:
        return self.get(self.door.query.format(id))

    def flat(self, id: str) -> Any:
        """What the vendor says of a task: of gpt.ge's two envelopes, the one that is the vendor's."""
        said: Any = self.query(id).json()
        return self.query(id).json() if "data" in said else said

    def wrapped(self, id: str) -> Any:
        """gpt.ge's own envelope."""
        said: Any = self.query(id).json()
        return said if "data" in said else self.query(id).json()

    def retrieve(self, file_id: str) -> requests.Response:
        return self.get(self.door.retrieve, file_id=file_id)

    def link(self, id: str) -> str:
        """A new link of a finished task's film."""
        return str(self.retrieve(self.flat(id)["file_id"]).json()["file"]["download_url"])

    def file(self, url: str) -> requests.Response:
        return self.http.get(url, timeout=20)

    def stats(self) -> Any:
        return self.sandbox.stats()[self.name]

    def money(self) -> tuple[int, int]:
        """(credits charged, credits left) of this one key."""
        stats = self.stats()
        return stats["points_charged"], stats["balance"][self.key[-4:]]

    def control(self, what: str, body: Any) -> requests.Response:
        return self.http.post(f"{self.base}/__sandbox/{what}", json=body, timeout=5)

    def fault(self, endpoint: str, fault: dict[str, Any], **more: Any) -> None:
        answer = self.control("faults", {"endpoint": endpoint, "fault": fault, **more})
        assert answer.status_code == 200, answer.text


def refusal(answer: requests.Response) -> int | str | None:
    """The code of a no, in either form; None of a yes. It stands in exactly one form, whole."""
    said = json.loads(answer.content)
    if "error" in said:
        assert set(said) == {"error"}
        assert set(said["error"]) == {"message", "type", "code"}
        assert answer.status_code >= 400
        return str(said["error"]["code"])
    assert answer.status_code == 200
    code = said["base_resp"]["status_code"] if "base_resp" in said else said["code"]
    return int(code) or None
