"""Vidu at the gateway (contract B2, B3): six ways to a film or a picture, one query, one cancel."""

import copy
import json
import math
import re
import secrets
from dataclasses import replace
from functools import cache, partial
from typing import Any

from sandbox import vidu_images
from sandbox.shapes import DATA, complaint
from sandbox.shop import (
    LINK_LIFE,
    Ask,
    Film,
    Refusal,
    Route,
    Still,
    Task,
    Till,
    iso,
    json_body,
    new_id,
    no_query,
    pixels,
    said,
    shortened,
    spread,
)
from sandbox.wire import Answer

KINDS = {  # the route's last word -> the task's kind
    "text2video": "text_to_video",
    "img2video": "image_to_video",
    "start-end2video": "first_last_frame_to_video",
    "reference2video": "reference_to_video",
    "template2video": "template_to_video",
    "ref2image": "reference_to_image",
}
PATHS = {"ref2image": "ref2image/nano"}
LISTED = ("text2video", "img2video")  # the price table names these for every model
BROKEN = {  # rule of the schema -> the vendor's word
    "required": "FieldLacking",
    "additionalProperties": "FieldUnwanted",
    "minItems": "FieldItemCountOutOfRange",
    "maxItems": "FieldItemCountOutOfRange",
}
Body = dict[str, Any]


@cache
def facts() -> dict[str, Any]:
    """Limits, rates (credits a second) and times (seconds), from data/vidu.json."""
    read: dict[str, Any] = json.loads((DATA / "vidu.json").read_text(encoding="utf-8"))
    return read


class Vidu:
    """See shop.Shop. Credits are taken at create and come back when a task fails."""

    name = "vidu"

    def __init__(self, till: Till) -> None:
        self._till = till
        creates = [
            Route("POST", re.compile(f"/ai/avu/{PATHS.get(way, way)}"), "create", partial(self._create, way))
            for way in KINDS
        ]
        task = "/ai/avu/tasks/(?P<id>[^/]+)/"
        self.routes = (
            *creates,
            Route("GET", re.compile(f"{task}creations"), "detail", self._query),
            Route("POST", re.compile(f"{task}cancel"), "cancel", self._cancel),
        )

    def refused(self, refusal: Refusal, endpoint: str) -> tuple[str, Answer]:
        return refusal.reason, said(refusal)

    def state(self, task: Task, now: float) -> str:
        if task.cancelled_at is not None:
            return "cancelled"
        return {"success": "done", "failed": "failed"}.get(_state(task, now), "running")

    def paid(self, task: Task, now: float) -> int:
        """A failed task costs nothing; a cancelled one half, where it stood in the queue already."""
        if _state(task, now) != "failed":
            return task.credits
        if task.cancelled_at is None or _stage(task, now) == "created":
            return 0
        return math.ceil(task.credits / 2)

    def file(self, task: Task, name: str, now: float) -> Film | Still | None:
        if _state(task, now) != "success":
            return None
        width, height = task.drawn
        prompt = str(task.body.get("prompt", ""))
        if name == "cover.png":
            scale = facts()["cover_side"] / min(width, height)
            return Still(round(width * scale), round(height * scale), prompt, task.model)
        if task.length:
            return Film(width, height, task.length, task.sound) if name == "video.mp4" else None
        return Still(width, height, prompt, task.model) if name == "image.png" else None

    def _create(self, way: str, ask: Ask) -> Body:
        if len(ask.call.body) > facts()["largest_body"]:
            raise Refusal("BadRequest", "the body is larger than 20 MB")
        body = json_body(ask)
        wrong = complaint("vidu_create", body, way)
        if wrong:
            raise Refusal(BROKEN.get(wrong[0], "FieldInvalid"), wrong[1])
        _check_model(body)
        seen = vidu_images.check(body.get("images", []), way, self._till.own_file)
        for option in without_effect(body):
            self._till.ignored(f"{body['model']} {option}")
        task = self._till.buy(self._task(way, body, ask.account, seen))
        return _created(task, way)

    def _task(self, way: str, body: Body, account: str, seen: vidu_images.Pixels | None) -> Task:
        id = new_id()
        film = way != "ref2image"
        length = body.get("duration", facts()["default_seconds"]) if film else 0
        return Task(
            id=id,
            shop=self.name,
            kind=KINDS[way],
            account=account,
            model=body["model"],
            credits=price(way, body),
            created_at=self._till.now(),
            speed=self._till.speed,
            seconds=spread(id, *_times(way, body)),
            pixels=_pixels(way, body, seen),
            length=float(length),
            sound=film and has_sound(body),
            body=shortened(body),
            more={
                "way": way,
                "seed": body.get("seed") or 1 + secrets.randbelow(2**31 - 1),
                "payload": body.get("payload"),
            },
        )

    def _query(self, ask: Ask) -> Body:
        no_query(ask)
        task = self._known(ask)
        now = self._till.now()
        state = _state(task, now)
        shown = {
            "task_id": task.id,
            "type": task.more["way"],
            "state": state,
            "model": task.model,
            "prompt": task.body.get("prompt", ""),
            "creations": [self._creation(task, now)] if state == "success" else [],
            "created_at": iso(task.created_at),
            "credits": self.paid(task, now),
        }
        if task.more["payload"] is not None:
            shown["payload"] = task.more["payload"]
        if state == "failed":
            shown["err_code"] = "UserCancelled" if task.cancelled_at is not None else task.failures[0]
        return shown

    def _creation(self, task: Task, now: float) -> Body:
        """Every query hands out a fresh link."""
        main = "video.mp4" if task.length else "image.png"
        return {
            "url": self._till.link(task, main, now + LINK_LIFE),
            "cover_url": self._till.link(task, "cover.png", now + LINK_LIFE),
        }

    def _cancel(self, ask: Ask) -> Body:
        no_query(ask)
        if ask.call.body.strip() not in (b"", b"{}"):
            raise Refusal("BadRequest", "a cancel has no body")
        task = self._known(ask)
        self._till.change(task.id, partial(_cancelled, now=self._till.now()))
        return {}

    def _known(self, ask: Ask) -> Task:
        task = self._till.task(ask, ask.id)
        if task is None or task.shop != self.name:
            raise Refusal("TaskNotFound", "task not found")
        return task


def without_effect(body: Body) -> list[str]:
    """Options that are taken and change nothing on this model (contract B2, the no-effect rules)."""
    model: str = body["model"]
    found: list[str] = []
    if model not in facts()["models"]:
        return found
    if model != "viduq1":
        found += [name for name in ("style", "movement_amplitude") if name in body]
    if not model.startswith("viduq3") and "audio" in body:
        found.append("audio")
    if "bgm" in body and not _takes_bgm(body):
        found.append("bgm")
    if model == "viduq1" and body.get("aspect_ratio") in ("3:4", "4:3"):
        found.append("aspect_ratio")
    return found


def has_sound(body: Body) -> bool:
    """q3 speaks unless told not to; an older model has music where it was asked for and takes it."""
    if body["model"].startswith("viduq3"):
        return bool(body.get("audio", True))
    return bool(body.get("bgm", False)) and _takes_bgm(body)


def price(way: str, body: Body) -> int:
    """Credits. What the table does not list (contract B3) has a price of this twin's own."""
    if way == "ref2image":
        return int(facts()["picture_credits"])
    if way == "template2video":
        return int(facts()["template_credits"])
    rate = facts()["models"][body["model"]]["rates"][_resolution(body)]
    credits: float = rate * body.get("duration", facts()["default_seconds"])
    if way not in LISTED and not body["model"].startswith("viduq3"):
        credits *= facts()["unlisted_factor"]
    if body.get("off_peak"):
        credits *= facts()["off_peak_factor"]
    return math.ceil(credits)


def _takes_bgm(body: Body) -> bool:
    seconds = float(body.get("duration", facts()["default_seconds"]))
    return body["model"] == "viduq1" or (body["model"] == "viduq2" and seconds < 9)


def _check_model(body: Body) -> None:
    """The seconds and sizes that this model has; of a model of no list, nothing is known."""
    model = facts()["models"].get(body["model"])
    if model is None:
        return
    shortest, longest = model["durations"]
    if not shortest <= body.get("duration", facts()["default_seconds"]) <= longest:
        raise Refusal("FieldInvalid", f"duration of {body['model']} must be {shortest} to {longest}")
    sizes = model["rates"]
    if body.get("resolution", _resolution(body)) not in sizes:
        raise Refusal("FieldInvalid", f"resolution of {body['model']} must be one of {', '.join(sizes)}")


def _resolution(body: Body) -> str:
    """As asked; else 720p, or the only one that the model has."""
    sizes = facts()["models"].get(body["model"], {}).get("rates", {})
    usual = facts()["default_resolution"] if len(sizes) != 1 else next(iter(sizes))
    return str(body.get("resolution", usual))


def _pixels(way: str, body: Body, seen: vidu_images.Pixels | None) -> tuple[int, int]:
    """Where no ratio can be asked for, the first picture's, if its bytes came along."""
    resolution = _resolution(body)
    if resolution not in facts()["seconds"]:  # of a reference picture: any word
        resolution = "1080p"
    ratio = body.get("aspect_ratio", facts()["default_ratio"])
    if "aspect_ratio" in without_effect(body):
        ratio = facts()["default_ratio"]
    if way in ("start-end2video", "template2video") and seen:
        ratio = f"{seen[0]}:{seen[1]}"
    return pixels(resolution, ratio)


def _times(way: str, body: Body) -> tuple[float, float]:
    """Shortest and longest, in seconds."""
    if body.get("off_peak"):
        shortest, longest = facts()["off_peak_seconds"]
    else:
        shortest, longest = facts()["seconds"]["picture" if way == "ref2image" else _resolution(body)]
    return shortest, longest


def _stage(task: Task, now: float) -> str:
    """Where it is by the clock alone, or was when it was cancelled."""
    queueing = "off_peak_queueing_until" if task.body.get("off_peak") else "queueing_until"
    share = task.share(now)
    if share < facts()["created_until"]:
        return "created"
    if share < facts()[queueing]:
        return "queueing"
    return "processing" if share < 1 else "success"


def _state(task: Task, now: float) -> str:
    """As the vendor says it: created, queueing, processing, success, failed."""
    stage = _stage(task, now)
    if task.cancelled_at is not None or (stage == "success" and 0 in task.failures):
        return "failed"
    return stage


def _cancelled(task: Task, now: float) -> Task:
    if _state(task, now) not in ("created", "queueing"):
        raise Refusal("BadRequest", "task state is scheduled, can not cancel")
    return replace(task, cancelled_at=now)


def _created(task: Task, way: str) -> Body:
    """What the document prints: the inputs, with what stands for those left out."""
    sent = copy.deepcopy(task.body)
    sent.pop("callback_url", None)
    shown: Body = {"task_id": task.id, "type": way, "state": "created", "model": task.model}
    if way == "text2video":
        usual = {"style": "general", "aspect_ratio": facts()["default_ratio"], "movement_amplitude": "auto"}
        sent = {**usual, **sent}
    if way != "ref2image":
        sent.setdefault("duration", int(task.length))
        sent.setdefault("resolution", _resolution(task.body))
    if way != "template2video":
        sent["seed"] = task.more["seed"]
    if way not in ("template2video", "ref2image"):
        sent.setdefault("off_peak", False)
    if task.more["payload"] is not None:
        sent["payload"] = task.more["payload"]
    return {**shown, **sent, "created_at": iso(task.created_at), "credits": task.credits}
