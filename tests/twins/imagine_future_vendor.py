"""A client of the gateway's twin that knows nothing of the product."""

from __future__ import annotations

import base64
import io
from typing import Any

import requests
from PIL import Image

from sandbox import Sandbox

KEY = "imf_example_placeholder"
OTHER_KEY = "imf_example_placeholder_two"


def png(width: int = 640, height: int = 360, format: str = "PNG") -> bytes:
    """A real picture of this many pixels."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "orange").save(file, format)
    return file.getvalue()


def bare(data: bytes) -> str:
    return base64.b64encode(data).decode()


def inline(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{bare(data)}"


def form(value: Any) -> Any:
    """The shape of an answer: keys and types, of a list its first element."""
    if isinstance(value, dict):
        return {name: form(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [form(inner) for inner in value[:1]]
    return type(value)


class Gateway:
    """The wire. Answers are what came, unread, but for the short ways below."""

    def __init__(self, sandbox: Sandbox, key: str = KEY, listener: str = "api") -> None:
        self.sandbox = sandbox
        self.urls = sandbox.urls["imagine-future"]
        self.base = self.urls[listener]
        self.key = key
        self.http = requests.Session()
        self.http.trust_env = False  # a proxy of this machine has no part in this

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.key}"}

    def get(self, path: str, **query: str) -> requests.Response:
        return self.http.get(self.base + path, headers=self.headers, params=query, timeout=5)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.http.post(self.base + path, headers=self.headers, json=body, timeout=10)

    def vidu(self, way: str, body: Any) -> requests.Response:
        return self.post(f"/ai/avu/{way}", body)

    def bought(self, way: str, body: Any) -> Any:
        """Vidu's answer to a create that it must accept."""
        answer = self.vidu(way, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def creations(self, id: str) -> Any:
        return self.get(f"/ai/avu/tasks/{id}/creations").json()

    def cancel(self, id: str) -> requests.Response:
        return self.post(f"/ai/avu/tasks/{id}/cancel")

    def kling(self, endpoint: str, body: Any) -> requests.Response:
        return self.post(f"/ai/kling/v1/{endpoint}", body)

    def kling_bought(self, endpoint: str, body: Any) -> Any:
        answer = self.kling(endpoint, body)
        assert (answer.status_code, answer.json()["code"]) == (200, 0), answer.text
        return answer.json()["data"]

    def kling_task(self, id: str, **query: str) -> requests.Response:
        return self.get(f"/ai/kling/v1/tasks/{id}", **query)

    def kling_data(self, id: str, **query: str) -> Any:
        return self.kling_task(id, **query).json()["data"]

    def file(self, url: str) -> requests.Response:
        return self.http.get(url, timeout=20)

    def stats(self) -> Any:
        return self.get("/__sandbox/stats").json()["imagine-future"]

    def money(self) -> tuple[int, int]:
        """(credits charged, credits left) of this one key."""
        stats = self.stats()
        return stats["points_charged"], stats["balance"][self.key[-4:]]

    def control(self, what: str, body: Any) -> requests.Response:
        return self.http.post(f"{self.urls['api']}/__sandbox/{what}", json=body, timeout=5)

    def fault(self, endpoint: str, fault: dict[str, Any], **more: Any) -> None:
        answer = self.control("faults", {"endpoint": endpoint, "fault": fault, **more})
        assert answer.status_code == 200, answer.text

    def settings(self, **settings: Any) -> None:
        assert self.control("settings", settings).status_code == 200
