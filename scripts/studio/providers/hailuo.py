"""MiniMax Hailuo: videos from words, from a picture, between two pictures, with moves of the camera. One
wire, two gateways: what differs between them (routes, names of fields, models, prices) is in the catalogue.
Wire facts: references/hailuo.md.

A failure comes as HTTP 200: `base_resp.status_code` is looked at in every answer. A finished task has an id
of its file; a link to that is asked for by itself, and lives an hour.
"""

from __future__ import annotations

import json
from typing import Any

from studio.answers import (
    MOST,
    ByCatalogue,
    data_url,
    identifier,
    link,
    over_https,
    segment,
    table,
    text,
    whole,
)
from studio.contract import KEY, Done, Failed, Pending, Poll, Read, Ready, Request, Response
from studio.errors import UnknownOutcome
from studio.types import Json, MediaRef, Output, Plan, Source, Submitted, TaskRef

WAITING = frozenset({"preparing", "queueing", "processing"})
FAILED = frozenset({"fail", "failed"})  # the vendor says Fail, its callback failed
LINKS = ("video_url", "download_url")
FIRST, LAST = "first_frame_image", "last_frame_image"
OURS = frozenset({"frame"})  # which frame a single picture is, and is not sent
FINE = frozenset({None, "0"})


class Provider(ByCatalogue):
    def upload(self, source: Source, read: Read) -> MediaRef:
        """A link as it stands, a file as a data URL: neither gateway has an upload route."""
        return MediaRef(source.role, source.url or data_url(source))

    def submit_request(self, plan: Plan, media: tuple[MediaRef, ...], uid: str) -> Request:
        places = (LAST,) if plan.values.get("frame") == "last" else (FIRST, LAST)
        body: Json = {"model": plan.model.id}
        if plan.prompt or self._wire["blank_prompt"]:
            body["prompt"] = plan.prompt or ""
        body.update({name: value for name, value in plan.values.items() if name not in OURS})
        body.update({name: ref.value for name, ref in zip(places, media, strict=False)})
        return Request(
            what="the paid request",
            method="POST",
            url=self._gateway.urls["api"] + self._wire["create"],
            headers={"Authorization": f"Bearer {KEY}"},
            json={self._gateway.names.get(name, name): value for name, value in body.items()},
            safe=False,
        )

    def parse_submit(self, plan: Plan, response: Response) -> Submitted:
        layers = _layers(response)
        task_id = _first(layers, "task_id", identifier)
        code, said = _verdict(layers)
        if response.status < 300 and code in FINE:
            if task_id:
                return Submitted(self.task_of(plan, task_id))
            if said is None:
                raise UnknownOutcome("The paid request was accepted, but the answer lacks task_id.")
        if task_id:  # whatever else it says, it names a task
            raise UnknownOutcome(
                f"The paid request was answered with an error that names a task: {task_id}.",
                provider_code=code,
                detail=said,
            )
        raise self._verdicts.paid(response, None if code in FINE else code, said)

    def task_of(self, plan: Plan, task_id: str) -> TaskRef:
        return TaskRef(self._gateway.id, task_id, self._now())

    def poll_request(self, task: TaskRef, language: str) -> Request:
        return self._question("the task's state", "query", task.task_id)

    def parse_poll(self, task: TaskRef, response: Response) -> Poll | Ready:
        """Ended by Success with a link or with the id of a file, or by a word of failure; a code that refuses
        the content ends it too. Success with neither is not ready yet."""
        layers = self._answer(response)
        if _first(layers, "task_id", identifier) not in {None, task.task_id}:
            raise self._verdicts.said("bad_answer", response, None, "It answered about another task.")
        code, said = _verdict(layers)
        state = _state(layers)
        if state in FAILED or self._verdicts.kind(code) in {"content_refused", "result_refused"}:
            code = None if code in FINE else code
            return Failed(self._verdicts.kind(code), said or "The generation failed.", code)
        if not state:
            raise self._verdicts.lacks(response, "status")
        if state != "success":
            return Pending(state, known=state in WAITING)
        width, height = (_first(layers, f"video_{side}", whole) or None for side in ("width", "height"))
        found = _link(layers)
        file = _first(layers, "file_id", identifier)
        if found:
            return self._done(found, width, height)
        return Ready(file, width, height) if file else Pending("success, without a file")

    def file_request(self, task: TaskRef, ready: Ready) -> Request:
        return self._question("the finished file's link", "file", ready.file)

    def parse_file(self, task: TaskRef, ready: Ready, response: Response) -> Done:
        layers = self._answer(response)
        files = [table(layer.get("file")) for layer in layers]
        if _first(files, "file_id", _exactly) not in {None, ready.file}:
            raise self._verdicts.said("bad_answer", response, None, "It answered about another file.")
        found = _link(files) or _link(layers)
        code, said = _verdict(layers)
        if found is None and code not in FINE:
            raise self._verdicts.safe(response, code, said)
        if found is None:
            raise self._verdicts.lacks(response, "file.download_url")
        return self._done(found, ready.width, ready.height)

    @property
    def _wire(self) -> Json:
        """What differs at this gateway."""
        made: Json = self._raw["wire"][self._gateway.id]
        return made

    def _question(self, what: str, route: str, id: str) -> Request:
        return Request(
            what=what,
            method="GET",
            url=self._gateway.urls["api"] + self._wire[route].format(id=segment(id)),
            headers={"Authorization": f"Bearer {KEY}"},
            safe=True,
        )

    def _done(self, url: str, width: int | None, height: int | None) -> Done:
        until = self._now() + self._raw["link_seconds"]
        return Done((Output("video", over_https(url), width, height, expires_at=until),))

    def _answer(self, response: Response) -> list[Json]:
        """The layers of the answer to a question, or the error that it is. A code beside a task's state, or
        one that refuses the content, is about the task, and no error of the asking."""
        layers = _layers(response)
        code, said = _verdict(layers)
        plain = (said or "").lower().replace("_", " ")
        missing = code in FINE and any(words in plain for words in self._raw["not_there"])
        if response.status == 404 or (missing and response.status in {200, 400} and not _state(layers)):
            raise self._verdicts.said("not_found", response, str(response.status), said)
        if response.status >= 300:
            raise self._verdicts.safe(response, None if code in FINE else code, said)
        refused = self._verdicts.kind(code) in {"content_refused", "result_refused"}
        if code in FINE or refused or _state(layers) in FAILED:
            return layers
        if code in self._raw["not_there_codes"]:  # of a question the id is the only parameter
            raise self._verdicts.said("not_found", response, code, said)
        raise self._verdicts.safe(response, code, said)


def _layers(response: Response) -> list[Json]:
    """Where a fact may stand: at the top, under `data`, or in `resp_data`, which is JSON written as text."""
    top = table(response.payload)
    data = table(top.get("data"))
    return [top, data, *(_written(outer.get("resp_data")) for outer in (top, data))]


def _written(value: Any) -> Json:
    """An object, or the text of one; an empty one for anything else."""
    try:
        return table(json.loads(value) if isinstance(value, str) else value)
    except (ValueError, RecursionError):
        return {}


def _first(layers: list[Json], name: str, read: Any) -> Any:
    """The first value of that name that can be read as such."""
    return next((value for layer in layers if (value := read(layer.get(name))) is not None), None)


def _exactly(id: Any) -> str | None:
    """An id that can be compared: a number above what JSON's are exact to may have been rounded."""
    return None if isinstance(id, int) and id > MOST else identifier(id)


def _state(layers: list[Json]) -> str:
    """The task's; where a gateway has a word of its own at the top, that is about the answer."""
    top, *inner = layers
    return (_first([*inner, top], "status", text) or "").lower()


def _link(layers: list[Json]) -> str | None:
    found = (link(layer.get(name)) for layer in layers for name in LINKS)
    return next(filter(None, found), None)


def _verdict(layers: list[Json]) -> tuple[str | None, str | None]:
    """The vendor's code, as text, and what is said beside it; by the vendor, or as the gateway says it."""
    bases = [table(layer.get("base_resp")) for layer in layers]
    codes = [(base, _code(base.get("status_code"))) for base in bases]
    bad = next(((base, code) for base, code in codes if code not in FINE), None)
    if bad:
        return bad[1], text(bad[0].get("status_msg"))
    error = table(layers[0].get("error"))
    well = layers[0].get("code") in (0, "0", "success")  # then the words around a task say no more
    around = None if well else text(layers[0].get("message"))
    said = text(error.get("message")) or around
    return ("0" if any(code == "0" for _, code in codes) else None), said


def _code(value: Any) -> str | None:
    """A code as text, however it is written."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if type(value) is int else text(value)
