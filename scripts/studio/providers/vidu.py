"""Vidu: videos from words, from pictures and from templates, and pictures from pictures. Wire facts:
references/imagine-future.md.

A create answers with `task_id` and the credits it took; a query with `state` and, at its end, `creations`.
What went wrong stands in `reason`, whatever the HTTP status.
"""

from __future__ import annotations

from typing import Any

from studio.answers import ByCatalogue, data_url, identifier, reason, rows, segment, table, text, whole
from studio.contract import KEY, Done, Failed, Pending, Poll, Read, Request, Response
from studio.errors import UnknownOutcome
from studio.types import MediaRef, Output, Plan, Source, Submitted, TaskRef

PATHS = {
    "text_to_video": "text2video",
    "image_to_video": "img2video",
    "first_last_frame_to_video": "start-end2video",
    "reference_to_video": "reference2video",
    "template_to_video": "template2video",
    "reference_to_image": "ref2image/nano",
}
CARRIES_OUR_ID = "text_to_video"  # the only one whose document has `payload`
CANCELLED = frozenset({"canceled", "cancelled"})  # no document names it; the call would suggest it
WAITING = frozenset({"created", "queueing", "processing"})


class Provider(ByCatalogue):
    def upload(self, source: Source, read: Read) -> MediaRef:
        """A link as it stands, a file as a data URL: the gateway has no upload route."""
        return MediaRef(source.role, source.url or data_url(source))

    def submit_request(self, plan: Plan, media: tuple[MediaRef, ...], uid: str) -> Request:
        body: dict[str, Any] = {"model": plan.model.id}
        if plan.prompt:
            body["prompt"] = plan.prompt
        if media:
            body["images"] = [ref.value for ref in media]
        body.update(plan.values)
        if plan.task_type == CARRIES_OUR_ID:
            body.setdefault("payload", uid)
        return self._request("the paid request", "POST", f"/{PATHS[plan.task_type]}", body=body, safe=False)

    def parse_submit(self, plan: Plan, response: Response) -> Submitted:
        answer = table(response.payload)
        task_id = identifier(answer.get("task_id"))
        if response.status >= 300 or not task_id:
            if task_id:  # whatever else it says, it names a task
                raise UnknownOutcome(
                    f"The paid request was answered with an error that names a task: {task_id}.",
                    provider_code=text(answer.get("reason")),
                    detail=text(answer.get("message")),
                )
            if response.status < 300:
                raise UnknownOutcome("The paid request was accepted, but the answer lacks task_id.")
            raise self._verdicts.paid(response, *reason(response))
        return Submitted(self.task_of(plan, task_id), charged=whole(answer.get("credits")))

    def task_of(self, plan: Plan, task_id: str) -> TaskRef:
        return TaskRef(self._gateway.id, task_id, self._now(), {"kind": plan.kind})

    def poll_request(self, task: TaskRef, language: str) -> Request:
        return self._request("the task's state", "GET", f"/tasks/{segment(task.task_id)}/creations")

    def parse_poll(self, task: TaskRef, response: Response) -> Poll:
        """Ended by `success` with links, or by `failed`; success without links is not ready yet."""
        answer = table(response.payload)
        state = text(answer.get("state"))
        if response.status >= 300:
            raise self._verdicts.safe(response, *reason(response))
        if state is None:
            raise self._verdicts.lacks(response, "state")
        if identifier(answer.get("task_id")) not in {None, task.task_id}:
            raise self._verdicts.said("bad_answer", response, None, "It answered about another task.")
        word = state.lower()
        if word == "failed":
            code = text(answer.get("err_code"))
            return Failed(self._verdicts.kind(code), code or "The generation failed.", code)
        if word in CANCELLED:
            return Failed("stopped", "It was cancelled.")
        if word != "success":
            return Pending(word, known=word in WAITING)
        links = [link for made in rows(answer.get("creations")) if (link := text(made.get("url")))]
        if not links:
            return Pending(word)
        until = self._now() + self._raw["link_life"]
        outputs = tuple(Output(task.route.get("kind", "video"), link, expires_at=until) for link in links)
        return Done(outputs, charged=whole(answer.get("credits")))

    def cancel_request(self, task: TaskRef) -> Request:
        return self._request("the cancellation", "POST", f"/tasks/{segment(task.task_id)}/cancel")

    def parse_cancel(self, response: Response) -> None:
        """Only a task that nobody works at yet is stopped."""
        if response.status < 300:
            return
        code, detail = reason(response)
        if response.status == 400:
            raise self._verdicts.said("cannot_cancel", response, code, detail)
        raise self._verdicts.safe(response, code, detail)

    def _request(
        self, what: str, method: str, path: str, *, body: dict[str, Any] | None = None, safe: bool = True
    ) -> Request:
        return Request(
            what=what,
            method=method,
            url=f"{self._gateway.urls['api']}/ai/avu{path}",
            headers={"Authorization": f"Token {KEY}"},
            json=body,
            safe=safe,
        )
