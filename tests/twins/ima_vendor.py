"""A client of the twin that knows nothing of the product: bodies are typed from the vendor's document."""

from __future__ import annotations

import copy
import time
from hashlib import sha1
from typing import Any

import requests

from ima_printed import IMAGE_TO_IMAGE, TEXT_TO_IMAGE
from sandbox import Sandbox

KEY = "ima_test_0123456789abcdef"
BANANA: dict[str, Any] = {
    "attribute_id": 4401,
    "model_id": "gemini-3.1-flash-image",
    "model_name": "Nano Banana2",
    "model_version": "gemini-3.1-flash-image-preview",
    "credit": 6,
}


def text_body(**inner: Any) -> dict[str, Any]:
    """The document's text_to_image body, with some inner parameters changed; None takes one away."""
    return _changed(TEXT_TO_IMAGE, inner)


def image_body(*links: str, **inner: Any) -> dict[str, Any]:
    """The document's image_to_image body over `links` (none: its own)."""
    body = _changed(IMAGE_TO_IMAGE, inner)
    if links:
        body["src_img_url"] = list(links)
        body["parameters"][0]["parameters"]["input_images"] = list(links)
    return body


def banana_body(**inner: Any) -> dict[str, Any]:
    """Nano Banana2 at 1K for 6 points."""
    body = _changed(TEXT_TO_IMAGE, {"size": "1K", "cast": {"points": 6, "attribute_id": 4401}, **inner})
    body["parameters"][0].update(BANANA)
    return body


def _changed(document: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(document)
    for name, value in inner.items():
        if value is None:
            del body["parameters"][0]["parameters"][name]
        else:
            body["parameters"][0]["parameters"][name] = value
    return body


def with_product(body: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The body with fields of its product changed; None takes one away."""
    for name, value in changed.items():
        if value is None:
            del body["parameters"][0][name]
        else:
            body["parameters"][0][name] = value
    return body


class Clock:
    """A clock that only tests move."""

    def __init__(self) -> None:
        self.now = 1_772_000_000.0

    def __call__(self) -> float:
        return self.now


class Vendor:
    """The wire, one method per endpoint. Answers are what came, unread."""

    def __init__(self, sandbox: Sandbox, key: str = KEY) -> None:
        self.sandbox = sandbox
        self.urls = sandbox.urls["ima"]
        self.key = key
        self.http = requests.Session()
        self.http.trust_env = False  # a proxy of this machine has no part in this

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "x-app-source": "ima_skills", "x_app_language": "en"}

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.http.get(self.urls["api"] + path, headers=self.headers, timeout=5, **more)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.http.post(self.urls["api"] + path, headers=self.headers, json=body, timeout=5)

    def products(self, category: str = "text_to_image") -> Any:
        query = {"app": "ima", "platform": "web", "category": category}
        return self.get("/open/v1/product/list", params=query).json()["data"]

    def create(self, body: Any) -> Any:
        return self.post("/open/v1/tasks/create", body).json()

    def detail(self, task_id: str) -> Any:
        return self.post("/open/v1/tasks/detail", {"task_id": task_id}).json()

    def token_query(self, **changed: str) -> dict[str, str]:
        stamp, nonce = str(int(time.time())), "0123456789abcdef01234"
        sign = sha1(f"webAgent|32jdskjdk320eew|{stamp}|{nonce}".encode()).hexdigest().upper()
        asked = {"appUid": self.key, "cmimToken": self.key, "appId": "webAgent", "appKey": "32jdskjdk320eew"}
        asked |= {"timestamp": stamp, "nonce": nonce, "sign": sign, "fService": "privite", "fType": "picture"}
        return asked | {"fSuffix": "png", "fContentType": "image/png"} | changed

    def token(self, **changed: str) -> Any:
        url = self.urls["upload"] + "/api/rest/oss/getuploadtoken"
        return self.http.get(url, params=self.token_query(**changed), timeout=5).json()

    def put(
        self, url: str, data: bytes, content_type: str = "image/png", **headers: str
    ) -> requests.Response:
        return self.http.put(url, data=data, headers={"Content-Type": content_type, **headers}, timeout=5)

    def upload(self, data: bytes) -> str:
        """Both steps; the link to use as input."""
        places = self.token()["data"]
        assert self.put(places["ful"], data).status_code == 200
        return str(places["fdl"])

    def finish(self, task_id: str) -> Any:
        """Poll until no media changes any more: its medias."""
        for _ in range(2000):
            medias = self.detail(task_id)["data"]["medias"]
            if medias and all(media["url"] or media["status"] == "failed" for media in medias):
                return medias
            time.sleep(0.002)
        raise AssertionError("the task never ended")

    def stats(self) -> Any:
        return self.get("/__sandbox/stats").json()["ima"]

    def fault(self, endpoint: str, fault: dict[str, Any], **more: Any) -> requests.Response:
        return self.post("/__sandbox/faults", {"endpoint": endpoint, "fault": fault, **more})

    def faultless(self) -> None:
        self.http.delete(self.urls["api"] + "/__sandbox/faults", timeout=5).raise_for_status()

    def sell(self, tree: Any, category: str = "text_to_image") -> requests.Response:
        """Put a tree in the place of the data file's."""
        return self.post("/__sandbox/products", {"category": category, "tree": tree})

    def sell_as_usual(self) -> None:
        self.http.delete(self.urls["api"] + "/__sandbox/products", timeout=5).raise_for_status()

    def balance(self, points: int) -> None:
        self.post("/__sandbox/account", {"key": self.key, "points": points}).raise_for_status()
