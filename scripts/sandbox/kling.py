"""Kling at the gateway (contract C1, C2): motion control and avatar, and a query that needs the endpoint."""

import json
import math
import re
import secrets
from dataclasses import replace
from functools import cache, partial
from typing import Any

from sandbox.links import base64_bytes, is_public_link, length_named, picture_in, suffix
from sandbox.shapes import DATA, complaint
from sandbox.shop import (
    Ask,
    Film,
    Refusal,
    Route,
    Still,
    Task,
    Till,
    json_body,
    new_id,
    shortened,
    spread,
)
from sandbox.wire import Answer, json_answer

MOTION, AVATAR = "videos/motion-control", "videos/avatar/image2video"
KINDS = {MOTION: "motion_control", AVATAR: "avatar"}
PARTS = {MOTION: "motion-control", AVATAR: "avatar"}  # of the schema
BAD, NO_MODEL = "1201", "1203"
CODES = {  # what the gateway finds -> the vendor's code
    "Unauthorized": "1000",
    "BadRequest": "1200",
    "CreditInsufficient": "1102",
    "FieldInvalid": BAD,
}
Body = dict[str, Any]


@cache
def facts() -> dict[str, Any]:
    """Limits, times (seconds) and this twin's own prices (credits a second), from data/kling.json."""
    read: dict[str, Any] = json.loads((DATA / "kling.json").read_text(encoding="utf-8"))
    return read


class Kling:
    """See shop.Shop. Credits are taken when a task has ended and a query has seen it."""

    name = "kling"

    def __init__(self, till: Till) -> None:
        self._till = till
        self.routes = (
            Route("POST", re.compile(f"/ai/kling/v1/{MOTION}"), "create", partial(self._create, MOTION)),
            Route("POST", re.compile(f"/ai/kling/v1/{AVATAR}"), "create", partial(self._create, AVATAR)),
            Route("GET", re.compile("/ai/kling/v1/tasks/(?P<id>[^/]+)"), "detail", self._query),
        )

    def refused(self, refusal: Refusal, endpoint: str) -> tuple[str, Answer]:
        code = CODES.get(refusal.reason, refusal.reason)
        words = {"code": int(code), "message": refusal.message, "request_id": _request_id()}
        return code, json_answer(words, facts()["http"][code])

    def state(self, task: Task, now: float) -> str:
        return {"succeed": "done", "failed": "failed"}.get(_status(task, now), "running")

    def paid(self, task: Task, now: float) -> int:
        """A failed task costs nothing."""
        return task.credits if task.settled and 0 not in task.failures else 0

    def file(self, task: Task, name: str, now: float) -> Film | Still | None:
        if name != "video.mp4" or _status(task, now) != "succeed":
            return None
        return Film(*task.drawn, task.length, task.sound)

    def _create(self, endpoint: str, ask: Ask) -> Body:
        body = json_body(ask)
        wrong = complaint("kling_create", body, PARTS[endpoint])
        if wrong:
            words = "either text or sound_file must be provided" if wrong[0] == "anyOf" else wrong[1]
            raise Refusal(BAD, words)
        if body.get("model_name", facts()["models"][0]) not in facts()["models"]:
            raise Refusal(NO_MODEL, f"model {body['model_name']} does not exist")
        shape = self._picture(body["image_url" if endpoint == MOTION else "image"])
        length = self._clip_length(body) if endpoint == MOTION else self._sound_length(body)
        task = self._till.buy(self._task(endpoint, body, ask.account, shape, length))
        if "text" in body and "sound_file" in body:
            self._till.ignored("avatar text")
        return _enveloped(_shown(task, "submitted", task.created_at))

    def _task(self, endpoint: str, body: Body, account: str, shape: tuple[int, int], length: float) -> Task:
        id, own = new_id(), body.get("external_task_id")
        sound = body.get("keep_original_sound", "yes") == "yes"  # the vendor's own; an avatar always speaks
        return Task(
            id=id,
            shop=self.name,
            kind=KINDS[endpoint],
            account=account,
            model=body.get("model_name", facts()["models"][0]),
            credits=math.ceil(length) * facts()["credits_a_second"][body["mode"]],
            created_at=self._till.now(),
            speed=self._till.speed,
            seconds=spread(id, *facts()["seconds"]),
            pixels=_scaled(shape, facts()["short_side"][body["mode"]]),
            length=length,
            sound=sound,
            body=shortened(body),
            external_id=own or new_id(),
            more={"endpoint": endpoint, "own_id": own is not None},
            settled=False,
        )

    def _query(self, ask: Ask) -> Body:
        endpoint = _asked_endpoint(ask)
        task = self._till.task(ask, ask.id) or self._by_external_id(ask)
        if task is None or task.shop != self.name or task.more["endpoint"] != endpoint:
            raise Refusal(BAD, "task not found")
        now = self._till.now()
        status = _status(task, now)
        shown = _shown(task, status, _updated_at(task, now))
        shown["task_result"] = None
        if status in ("succeed", "failed") and not task.settled and not ask.stranger:
            self._till.change(task.id, lambda kept: replace(kept, settled=True))
        if status == "succeed":
            shown["task_status"] = self._till.settings["kling_word"]
            shown["task_result"] = {"videos": [self._video(task)]}
        return _enveloped(shown)

    def _by_external_id(self, ask: Ask) -> Task | None:
        """The caller's own id, where this gateway knows such; the id of its own making it always knows."""
        task = self._till.by_external_id(ask, ask.id)
        if task is not None and task.more["own_id"] and not self._till.settings["external_ids"]:
            return None
        return task

    def _video(self, task: Task) -> Body:
        """The link lives from the end of the task, whenever it is asked for."""
        until = task.ends_at + facts()["link_life_s"]
        return {
            "id": f"video_{task.id}",
            "url": self._till.link(task, "video.mp4", until),
            "duration": f"{task.length:g}",
        }

    def _picture(self, text: str) -> tuple[int, int]:
        """Width and height of the person's picture; 16:9 for a link to somewhere else. Raises Refusal."""
        if text.startswith("data:"):
            raise Refusal(BAD, "image: bare base64 is wanted, without the prefix data:")
        if is_public_link(text):
            if suffix(text) not in facts()["picture_suffixes"]:
                raise Refusal(BAD, "image: only jpg, jpeg and png")
            return 16, 9
        own = self._till.own_file(text)
        size = (own.width, own.height) if isinstance(own, Still) else _inline(text)
        least, most = facts()["picture_sides"]
        if min(size) < least or max(size) > most:
            raise Refusal(BAD, f"image: each side must have {least} to {most} pixels")
        if max(size) > facts()["picture_most_apart"] * min(size):
            raise Refusal(BAD, "image: the ratio must be between 1:2.5 and 2.5:1")
        return size

    def _clip_length(self, body: Body) -> float:
        """Seconds of the clip that the motion is taken from, which are those of the result."""
        length = self._seconds(body["video_url"], "video_url", "clip")
        shortest, longest = facts()["clip_s"][body["character_orientation"]]
        if not shortest <= length <= longest:
            raise Refusal(BAD, f"video_url: the clip must have {shortest} to {longest} seconds")
        return length

    def _sound_length(self, body: Body) -> float:
        """Seconds that are spoken. The document leaves open what both mean: here the sound wins."""
        shortest, longest = facts()["sound_s"]
        length: float
        if "sound_file" in body:
            length = self._seconds(body["sound_file"], "sound_file", "sound")
        else:
            length = max(shortest, round(len(body["text"]) * facts()["spoken_s_a_sign"], 1))
        if not shortest <= length <= longest:
            raise Refusal(BAD, f"the sound must have {shortest} to {longest} seconds")
        return length

    def _seconds(self, link: str, field: str, what: str) -> float:
        """Of a clip or a sound behind a link, which is never opened: what it claims, or what is usual."""
        own = self._till.own_file(link)
        if isinstance(own, Film):
            return own.seconds
        if not is_public_link(link) or suffix(link) not in facts()[f"{what}_suffixes"]:
            raise Refusal(BAD, f"{field}: a public https link of a {what} is wanted")
        return float(length_named(link) or facts()[f"unseen_{what}_s"])


def _inline(text: str) -> tuple[int, int]:
    """Width and height of a picture in bare base64. Raises Refusal."""
    data = base64_bytes(text)
    seen = picture_in(data) if data is not None and len(data) <= facts()["largest_picture"] else None
    if seen is None or seen.format not in ("jpeg", "png"):
        raise Refusal(BAD, "image: neither a public https link nor base64 of a jpg or png of at most 10 MB")
    return seen.width, seen.height


def _scaled(shape: tuple[int, int], short: int) -> tuple[int, int]:
    """The same shape, its shorter side this long, both even."""
    scale = short / min(shape)
    return round(shape[0] * scale / 2) * 2, round(shape[1] * scale / 2) * 2


def _asked_endpoint(ask: Ask) -> str:
    """Which endpoint the query names; motion control where it names none (the document)."""
    query = dict(ask.call.query)
    if len(query) != len(ask.call.query) or set(query) - {"endpoint"}:
        raise Refusal(BAD, "the query is at most one endpoint")
    endpoint = query.get("endpoint", MOTION)
    if endpoint not in KINDS:
        raise Refusal(BAD, f"endpoint must be one of {', '.join(KINDS)}")
    return endpoint


def _status(task: Task, now: float) -> str:
    share = task.share(now)
    if share < facts()["submitted_until"]:
        return "submitted"
    if share < 1:
        return "processing"
    return "failed" if 0 in task.failures else "succeed"


def _updated_at(task: Task, now: float) -> float:
    """When it last changed, in seconds since the epoch."""
    status = _status(task, now)
    at: float = {"submitted": 0.0, "processing": facts()["submitted_until"]}.get(status, 1.0)
    return task.created_at + at * (task.ends_at - task.created_at)


def _shown(task: Task, status: str, updated_at: float) -> Body:
    return {
        "task_id": task.id,
        "task_status": status,
        "task_status_msg": task.failures[0] if status == "failed" else "",
        "task_info": {"external_task_id": task.external_id},
        "created_at": int(task.created_at * 1000),
        "updated_at": int(updated_at * 1000),
    }


def _enveloped(data: Body) -> Body:
    return {"code": 0, "message": "SUCCEED", "request_id": _request_id(), "data": data}


def _request_id() -> str:
    return f"req_{secrets.token_hex(6)}"
