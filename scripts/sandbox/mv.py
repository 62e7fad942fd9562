"""One-click MV: a music video of a few pictures and a song, its shots mended one by one and composed anew.

The document prices nothing but lip sync, so the prices are this twin's own; no answer names credits. Nobody
is called back. Fields that only the official API has (lip_ref_url, quality, subtitle_color) are refused: they
are in no table of the gateway's.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from sandbox import mv_states as states
from sandbox import vidu_images
from sandbox.links import is_public_link
from sandbox.mv_song import song_seconds
from sandbox.mv_states import Job
from sandbox.shapes import complaint
from sandbox.shop import (
    LINK_LIFE,
    Ask,
    Film,
    Refusal,
    Route,
    Task,
    Till,
    json_body,
    new_id,
    no_query,
    pixels,
    said,
    shortened,
    spread,
)
from sandbox.wire import Answer

BASE = "/ai/avu/one-click/mv"
LARGEST_BODY = (
    20 * 1024 * 1024
)  # bytes, Vidu's; the song alone may have 20 MB (document), and less gets through
MODEL = "one-click-mv"  # for the stats: the product has one
SONG_CREDITS = 10  # for each second of the song; this and the next two are the twin's own prices
SHOT_CREDITS = 10  # for each second of an edited shot
COMPOSE_CREDITS = 20
LIP_SYNC_CREDITS = 4  # for each second, besides (document)
LATER_S = (30.0, 60.0)  # an edit, a composing
FAILED_WORDS = "the shot could not be generated"
# What a schema finds -> the vendor's reason (contract B1).
WRONG = {
    "required": "FieldLacking",
    "additionalProperties": "FieldUnwanted",
    "minItems": "FieldItemCountOutOfRange",
    "maxItems": "FieldItemCountOutOfRange",
}
STATE_IN_STATS = {"success": "done", "failed": "failed"}


class Mv:
    """The shop."""

    name = "mv"

    def __init__(self, till: Till) -> None:
        self._till = till
        one = rf"{BASE}/(?P<id>[^/]+)"
        self.routes: Sequence[Route] = (
            Route("POST", re.compile(BASE), "create", self._create),
            Route("POST", re.compile(rf"{one}/edit"), "create", self._edit),
            Route("POST", re.compile(rf"{one}/compose"), "create", self._compose),
            Route("GET", re.compile(one), "detail", self._query),
        )

    def refused(self, refusal: Refusal, endpoint: str) -> tuple[str, Answer]:
        return refusal.reason, said(refusal)

    def state(self, task: Task, now: float) -> str:
        state = states.run_state(task, now) if task.kind == states.VIDEO else states.later_state(task, now)
        return STATE_IN_STATS.get(state, "running")

    def paid(self, task: Task, now: float) -> int:
        """A music video of which a shot failed keeps its price, its other shots are good; an edit or a
        composing that failed costs nothing."""
        lost = task.kind != states.VIDEO and states.later_state(task, now) == "failed"
        return 0 if lost else task.credits

    def file(self, task: Task, name: str, now: float) -> Film | None:
        return states.film_of(task, name, now)

    def _create(self, ask: Ask) -> Any:
        body = _body(ask, "create")
        for picture in body["images"]:
            vidu_images.picture(picture, self._till.own_file)
        song_s = song_seconds(body["audio_url"])
        if "srt_url" in body and not is_public_link(body["srt_url"]):
            raise Refusal("FieldInvalid", "srt_url must be a public https link")
        resolution, lip_sync = body.get("resolution", "720p"), body.get("lip_sync", False)
        if lip_sync and resolution == "540p":
            raise Refusal("FieldInvalid", "540p does not support lip_sync")
        if "duration" in body:
            self._till.ignored(f"{MODEL} duration")
        id = new_id()[:-3] + "000"
        more, seconds = states.plan(id, song_s)
        video = Task(
            id=id,
            shop=self.name,
            kind=states.VIDEO,
            account=ask.account,
            model=MODEL,
            credits=math.ceil(song_s * (SONG_CREDITS + (LIP_SYNC_CREDITS if lip_sync else 0))),
            created_at=self._till.now(),
            speed=self._till.speed,
            seconds=seconds,
            pixels=pixels(resolution, body.get("aspect_ratio", "16:9")),
            length=song_s,
            sound=True,
            body=shortened(body),
            more=more,
        )
        return {"id": self._till.buy(video).id}

    def _edit(self, ask: Ask) -> Any:
        """One shot again; whatever became of it before, but only one take at a time."""
        body = _body(ask, "edit")
        video = self._video(ask)
        jobs = self._settled(video)
        found = [job for job in jobs if job.id == body["job_id"] and job.type == "generate_video"]
        if not found:
            raise Refusal("FieldInvalid", "job_id is no shot of this task")
        [shot] = found
        if any(job.index == shot.index and _goes_on(job) and job.type == shot.type for job in jobs):
            raise Refusal("OperationInProcess", "this shot is being made")
        return self._buy_more(
            video,
            kind=states.SHOT,
            body=body,
            length=shot.seconds,
            sound=False,
            credits=math.ceil(shot.seconds * SHOT_CREDITS),
            more={"index": shot.index},
        )

    def _compose(self, ask: Ask) -> Any:
        body = _body(ask, "compose")
        video = self._video(ask)
        if video.length > states.LONGEST_FILM_S:
            raise Refusal("BadRequest", "of audio of more than 180 seconds no video is composed")
        takes = {job.id: job for job in self._settled(video) if job.type == "generate_video"}
        for id in body["job_ids"]:
            if id not in takes:
                raise Refusal("FieldInvalid", f"job_ids: {id[:40]} is no shot of this task")
            if takes[id].state != "success":
                raise Refusal("BadRequest", f"task {id} state is {takes[id].state}, can not compose")
        used = [takes[id] for id in body["job_ids"]]
        whole = sorted(job.index for job in used) == list(range(len(video.more["shots"])))
        length = video.length if whole else sum(job.seconds for job in used)
        return self._buy_more(
            video, kind=states.COMPOSE, body=body, length=length, credits=COMPOSE_CREDITS, more={}
        )

    def _query(self, ask: Ask) -> Any:
        no_query(ask)
        video = self._video(ask, of_a_job=True)
        now = self._till.now()
        jobs = states.history(video, self._till.children(video.id), now)
        state, film = states.run_state(video, now), states.newest_film(video, jobs, now)
        shown: dict[str, Any] = {"id": video.id, "type": "mv", "state": "success" if film else state}
        if shown["state"] == "failed":
            reason = next(job.reason for job in jobs if job.state == "failed")
            shown |= {"err_code": reason, "err_msg": FAILED_WORDS}
        made = datetime.fromtimestamp(video.created_at, timezone.utc).isoformat(timespec="microseconds")
        shown |= {"job_records": self._records(jobs), "created_at": made.replace("+00:00", "Z")}
        return {**shown, **(self._link(film) if film else {})}

    def _records(self, jobs: list[Job]) -> list[dict[str, Any]]:
        """One record a shot, each with its takes in order, then one of the films."""
        places = sorted({(job.type != "generate_video", job.index, job.type) for job in jobs})
        return [
            {
                "type": type,
                "jobs": [self._shown(job) for job in jobs if (job.type, job.index) == (type, index)],
                "index": index,
            }
            for _, index, type in places
        ]

    def _shown(self, job: Job) -> dict[str, Any]:
        """A job in the document's fields; err_code and err_msg as the official API has them."""
        shown: dict[str, Any] = {"id": job.id, "type": job.type, "state": job.state}
        if job.state == "failed":
            shown |= {"err_code": job.reason, "err_msg": FAILED_WORDS}
        if job.state == "success":
            shown |= self._link(job)
        if job.type == "generate_video":
            lyric = states.shot_lyric(job.index)
            shown["mv_generate_video_input"] = {
                "duration": job.seconds,
                "prompt": job.prompt,
                "lyric_text": lyric,
            }
        return {**shown, "index": job.index}

    def _link(self, job: Job) -> dict[str, str]:
        """Every query hands out a fresh one."""
        return {"signed_url": self._till.link(job.task, job.file, self._till.now() + LINK_LIFE)}

    def _video(self, ask: Ask, *, of_a_job: bool = False) -> Task:
        """The caller's music video of the id in the path. Raises Refusal: TaskNotFound."""
        task = self._till.task(ask, ask.id)
        if of_a_job and task is None:
            task = self._of_first_run(ask)
        elif of_a_job and task is not None and task.parent:
            task = self._till.task(ask, task.parent)
        if task is None or task.kind != states.VIDEO:
            raise Refusal("TaskNotFound", "task not found")
        return task

    def _of_first_run(self, ask: Ask) -> Task | None:
        """The music video that has shown a job of this id in its first run."""
        video = self._till.task(ask, states.video_id(ask.id))
        if video is None or video.kind != states.VIDEO:
            return None
        numbers = range(len(video.more["shots"]) + 1)
        return (
            video
            if ask.stranger or ask.id in [states.job_id(video.id, number) for number in numbers]
            else None
        )

    def _settled(self, video: Task) -> list[Job]:
        """Its jobs, once the first run has ended. Raises Refusal: OperationInProcess."""
        now = self._till.now()
        if states.run_state(video, now) in ("created", "processing"):
            raise Refusal("OperationInProcess", "the task is still processing")
        return states.history(video, self._till.children(video.id), now)

    def _buy_more(self, video: Task, **fields: Any) -> Any:
        """Buy one more job of a music video, in which these fields are its own."""
        id = new_id()
        fields |= {"created_at": self._till.now(), "speed": self._till.speed, "seconds": spread(id, *LATER_S)}
        fields |= {"failures": {}, "stuck": False, "delivered": None}
        return {"id": self._till.buy(replace(video, id=id, parent=video.id, **fields)).id}


def _body(ask: Ask, part: str) -> dict[str, Any]:
    """The body of a POST, of the shape that this part of the schema asks for. Raises Refusal."""
    if len(ask.call.body) > LARGEST_BODY:
        raise Refusal("BadRequest", "the body is larger than 20 MB")
    body = json_body(ask)
    found = complaint("mv", body, part)
    if found:
        raise Refusal(WRONG.get(found[0], "FieldInvalid"), found[1])
    return body


def _goes_on(job: Job) -> bool:
    return job.state in ("created", "processing")
