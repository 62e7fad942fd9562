"""A vendor without sockets, behind the same door as the real one: `Wire` stands where `studio.http.Http`
stands. Every call passes a stage, and is met there by the fault that waits for it."""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from parts import picture
from sandbox import ima_products
from studio.contract import Request, Response
from studio.errors import NetworkError, NotSaved, UnknownOutcome

if TYPE_CHECKING:
    from random_faults.in_process import Process

READY_AFTER = 40.0  # seconds
SLOW = 10.0  # seconds: longer than `start` waits for uploads
FILE = picture()
SAID: dict[str, tuple[int, Any]] = {
    "500": (200, {"code": 500, "message": "Internal server error", "data": None}),
    "502 page": (502, None),
    "429": (429, {"code": 429, "message": "Too many requests", "data": None}),
    "401": (401, {"code": 401, "message": "Unauthorized", "data": None}),
    "404": (404, {"code": 404, "message": "not there", "data": None}),
    "no JSON": (200, None),
    "odd shape": (200, {"code": 0, "message": "success", "data": {}}),
    "400": (200, {"code": 400, "message": "Bad request", "data": None}),
    "4008": (200, {"code": 4008, "message": "Insufficient points", "data": None}),
    "4014": (200, {"code": 4014, "message": "Subscription required", "data": None}),
    "6009": (200, {"code": 6009, "message": "No matching price rule", "data": None}),
    "503": (200, {"code": 503, "message": "Model unavailable", "data": None}),
    "content": (200, {"code": 400, "message": "content policy", "data": None}),
}
HEADERS = {"429": {"retry-after": "2"}}


class Travels(Exception):
    """An upload that does not end while anybody waits for it."""


@dataclass
class Task:
    """What the vendor registered, and bills. `words`: of the command that bought it."""

    id: str
    body: Any
    words: Sequence[str]
    at: float
    stuck: bool = False
    failures: set[int] = field(default_factory=set)

    @property
    def asked(self) -> Any:
        return self.body["parameters"][0]["parameters"]

    @property
    def n(self) -> int:
        return int(self.asked["n"])

    @property
    def points(self) -> int:
        return self.n * int(self.body["parameters"][0]["credit"])

    @property
    def wish(self) -> str:
        """What was bought, so that a job can be known by it."""
        left_out = ("prompt", "n", "input_images", "cast")
        values = {name: value for name, value in self.asked.items() if name not in left_out}
        return wish(self.asked["prompt"], self.n, values)


def wish(prompt: str, n: int, values: Any) -> str:
    return json.dumps([prompt, n, values], sort_keys=True)


@dataclass
class Wire:
    """One process's way to the vendor; the vendor's tasks outlive it."""

    process: Process

    def read(self, request: Request) -> Response:
        self.process.takes_time()
        if request.method == "PUT":
            return self._put(request)
        listing = request.url.endswith("/product/list")
        fault = self.process.at("list" if listing else "upload", lambda fault: fault != "slow")
        if fault:
            return self._said(fault, request)
        if listing:
            return _well(request, ima_products.tree(request.query["category"]))
        link = f"https://cdn.example.com/{request.query['nonce']}"
        return _well(request, {"ful": link, "fdl": link})

    def ask(self, request: Request) -> Response:
        self.process.takes_time()
        assert request.json is not None
        vendor = self.process.world.vendor
        task = next((task for task in vendor if task.id == request.json["task_id"]), None)
        if task is None:
            return self._said("404", request)
        several = task.n > 1
        fault = self.process.at("poll", lambda fault: fault != "partly failed" or several)
        if fault in {"never done", "failed", "partly failed"}:
            task.stuck = fault == "never done"
            task.failures |= (
                {0} if fault == "partly failed" else set(range(task.n)) if fault == "failed" else set()
            )
        elif fault and fault not in {"strange state", "another's"}:
            return self._said(fault, request)
        medias = [self._media(task, n) for n in range(task.n)]
        if fault == "strange state":
            medias[0]["status"] = "dreaming"
        return _well(request, {"id": "task_other" if fault == "another's" else task.id, "medias": medias})

    def pay(self, request: Request) -> Response:
        self.process.takes_time()
        fault = self.process.at("pay")
        if fault == "no connection":
            raise NetworkError("The connection could not be made. Nothing was bought.")
        if fault:
            return self._said(fault, request)
        task = self.process.world.registers(request.json, self.process)
        self.process.paid = True
        fault = self.process.at("registered")
        if fault == "error with id":
            said = {"code": 500, "message": "Internal server error", "data": {"id": task.id}}
            return Response(request.what, 200, {}, said)
        if fault:
            return self._said(fault, request)
        return _well(request, {"id": task.id, "generate_count": task.n})

    def download(self, url: str, sink: BinaryIO, cap: int) -> None:
        self.process.takes_time()
        fault = self.process.at("download")
        if fault == "full disk":
            raise OSError(errno.ENOSPC, "No space left on device")
        if fault == "wrong bytes":
            sink.write(b"<html>expired</html>")
        elif fault == "cut short":
            sink.write(FILE[: len(FILE) // 2])
        elif fault:
            raise NotSaved(f"The finished file could not be fetched ({fault}).", retry="wait")
        else:
            sink.write(FILE)

    def _put(self, request: Request) -> Response:
        """Of two inputs the second may have to travel still when the patience of `start` ends."""
        patient = self.process.words[0] == "start" and self.process.puts > 0
        if self.process.at("upload", lambda fault: fault == "slow" and patient):
            self.process.world.now += SLOW
            raise Travels
        self.process.puts += 1
        return Response(request.what, 200, {}, None)

    def _media(self, task: Task, n: int) -> dict[str, Any]:
        if n in task.failures:
            return {"resource_status": 2, "status": "failed", "error_msg": "out of ideas"}
        if task.stuck or self.process.world.now - task.at < READY_AFTER:
            return {"resource_status": 0, "status": "processing"}
        return {
            "resource_status": 1,
            "status": "success",
            "url": f"https://cdn.example.com/{task.id}/{n}.png",
        }

    def _said(self, fault: str, request: Request) -> Response:
        if fault in {"no connection", "reset"}:
            if request.safe:
                raise NetworkError(f"No answer for {request.what} ({fault}).")
            raise UnknownOutcome("The paid request was sent, but its answer was lost.")
        status, payload = SAID[fault]
        return Response(request.what, status, HEADERS.get(fault, {}), payload)


def _well(request: Request, data: Any) -> Response:
    return Response(request.what, 200, {}, {"code": 0, "message": "success", "data": data})
