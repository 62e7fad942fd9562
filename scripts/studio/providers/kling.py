"""Kling: a picture moved like a clip, and a face that speaks. Wire facts: references/imagine-future.md.

Every answer is `{"code", "message", "request_id", "data"}`; `code` 0 is success and everything else a no,
whatever the HTTP status. A task is asked about at the endpoint that it was made with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.answers import ByCatalogue, identifier, inline, rows, seconds, segment, table, text, whole
from studio.contract import KEY, Done, Failed, Pending, Poll, Read, Request, Response
from studio.errors import UnknownOutcome
from studio.frozen import replace
from studio.types import MediaRef, Output, Plan, Source, Submitted, TaskRef

ENDPOINTS = {"motion_control": "videos/motion-control", "avatar": "videos/avatar/image2video"}
FIELDS = {
    "motion_control": {"image": "image_url", "video": "video_url"},
    "avatar": {"image": "image", "audio": "sound_file"},
}
"""Task type -> what each kind of input is called in its request."""
WAITING = frozenset({"submitted", "processing"})
FINISHED = frozenset({"succeed", "succeeded"})  # the vendor's older and its newer word


class Provider(ByCatalogue):
    def upload(self, source: Source, read: Read) -> MediaRef:
        """A link as it stands, a picture in base64 without any prefix: this vendor wants it so."""
        return MediaRef(source.role, source.url or inline(source))

    def submit_request(self, plan: Plan, media: tuple[MediaRef, ...], uid: str) -> Request:
        """`uid` goes along as external_task_id: by it the task can be found if the answer is lost."""
        body: dict[str, Any] = {"model_name": plan.model.version} if plan.model.version else {}
        body.update({FIELDS[plan.task_type][ref.role]: ref.value for ref in media})
        if plan.prompt:
            body["prompt"] = plan.prompt
        body.update(plan.values)
        body["external_task_id"] = uid
        return Request(
            what="the paid request",
            method="POST",
            url=f"{self._base}/{ENDPOINTS[plan.task_type]}",
            headers=self._headers,
            json=body,
            safe=False,
        )

    def parse_submit(self, plan: Plan, response: Response) -> Submitted:
        answer = table(response.payload)
        task_id = identifier(table(answer.get("data")).get("task_id"))
        code = _code(response)
        if code == "0" and task_id:
            task = self.task_of(plan, task_id)
            ours = _external(table(answer.get("data")))
            return Submitted(replace(task, route={**task.route, "external": ours}) if ours else task)
        if code == "0":
            raise UnknownOutcome("The paid request was accepted, but the answer lacks data.task_id.")
        said = text(answer.get("message"))
        if task_id or self._raw["taken"] in (said or "").lower():  # it names a task, or says there is one
            raise UnknownOutcome(
                f"The paid request was answered with an error that speaks of a task: {task_id or 'ours'}.",
                provider_code=code,
                detail=said,
            )
        raise self._verdicts.paid(response, code, said)

    def task_of(self, plan: Plan, task_id: str) -> TaskRef:
        route = {"endpoint": ENDPOINTS[plan.task_type]}
        return TaskRef(self._gateway.id, task_id, self._now(), route)

    def poll_request(self, task: TaskRef, language: str) -> Request:
        return self._query("the task's state", task.task_id, task.route["endpoint"])

    def parse_poll(self, task: TaskRef, response: Response) -> Poll:
        """Ended by `succeed` with links, or by `failed`; the reason of a failure is a sentence."""
        data = self._data(response)
        ours = task.route.get("external")
        other = identifier(data.get("task_id")) not in {None, task.task_id}
        if other and ours and _external(data) != ours:  # it goes by two ids: the gateway's, the vendor's
            raise self._verdicts.said("bad_answer", response, None, "It answered about another task.")
        state = (text(data.get("task_status")) or "").lower()
        if not state:
            raise self._verdicts.lacks(response, "data.task_status")
        if state == "failed":
            reason = text(data.get("task_status_msg")) or "The generation failed."
            return Failed(self._kind(reason), reason)
        if state not in FINISHED:
            return Pending(state, known=state in WAITING)
        until = self._ended_at(data) + self._raw["link_life"]
        outputs = tuple(
            Output("video", link, seconds=seconds(video.get("duration")), expires_at=until)
            for video in rows(table(data.get("task_result")).get("videos"))
            if (link := text(video.get("url")))
        )
        return Done(outputs) if outputs else Pending(state)

    def find_request(self, plan: Plan, uid: str) -> Request:
        return self._query("the task by our own id", uid, ENDPOINTS[plan.task_type])

    def parse_find(self, plan: Plan, response: Response, uid: str) -> TaskRef | None:
        data = table(table(response.payload).get("data"))
        ours = _external(data) == uid
        task_id = identifier(data.get("task_id"))
        return self.task_of(plan, task_id) if _code(response) == "0" and ours and task_id else None

    @property
    def _base(self) -> str:
        return f"{self._gateway.urls['api']}/ai/kling/v1"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {KEY}"}

    def _query(self, what: str, id: str, endpoint: str) -> Request:
        return Request(
            what=what,
            method="GET",
            url=f"{self._base}/tasks/{segment(id)}",
            query={"endpoint": endpoint},
            headers=self._headers,
            safe=True,
        )

    def _data(self, response: Response) -> dict[str, Any]:
        """The data of a safe step, or the error that its answer is."""
        code, said = _code(response), text(table(response.payload).get("message"))
        if code == "0":
            return table(table(response.payload).get("data"))
        if code in self._raw["not_there"]:
            raise self._verdicts.said("not_found", response, code, said)
        raise self._verdicts.safe(response, code, said)

    def _ended_at(self, data: dict[str, Any]) -> float:
        """When the task changed last, in seconds, never later than now: its links live from then on."""
        stamp = whole(data.get("updated_at")) or 0
        return min(stamp / 1000, self._now()) if stamp > 10**11 else self._now()

    def _kind(self, reason: str) -> str:
        kinds: Mapping[str, str] = self._raw["texts"]
        return next((kind for words, kind in kinds.items() if words in reason.lower()), "failed")


def _external(data: dict[str, Any]) -> str | None:
    """The caller's own id of a task."""
    return text(table(data.get("task_info")).get("external_task_id"))


def _code(response: Response) -> str | None:
    """The vendor's code as text, however it is written; None where there is none."""
    code = table(response.payload).get("code")
    number = whole(code)
    return text(code) if number is None else str(number)
