"""Lantern, which nobody sells. Its key goes into a header of its own; inputs are put into its store first; an
order is answered with a ticket, and a ticket with its phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from studio.answers import Verdicts, identifier, rows, table, text, whole
from studio.contract import KEY, Done, Failed, Pending, Poll, Read, Request, Response
from studio.errors import UnknownOutcome
from studio.form import Offer
from studio.types import Bytes, Gateway, MediaRef, Output, Plan, Source, Submitted, TaskRef

WAITING = frozenset({"queued", "lit"})


class Provider:
    def __init__(
        self, gateways: Mapping[str, Gateway], raw: Mapping[str, Any], now: Callable[[], float]
    ) -> None:
        (self._gateway,) = gateways.values()
        self._verdicts = Verdicts(self._gateway, raw)
        self._raw = raw
        self._now = now

    def offers(self, task_type: str, language: str, read: Read) -> tuple[Offer, ...]:
        return ()

    def upload(self, source: Source, read: Read) -> MediaRef:
        if source.url:
            return MediaRef(source.role, source.url)
        kept = read(self._request("the upload", "PUT", "/store", body=source.content))
        return MediaRef(source.role, table(kept.payload)["kept"])

    def submit_request(self, plan: Plan, media: tuple[MediaRef, ...], uid: str) -> Request:
        order = {"lamp": plan.model.id, "kind": plan.task_type, **plan.values}
        order |= {"words": plan.prompt} if plan.prompt else {}
        order |= {"from": [ref.value for ref in media]} if media else {}
        return self._request("the paid request", "POST", "/orders", json=order, safe=False)

    def parse_submit(self, plan: Plan, response: Response) -> Submitted:
        answer = table(response.payload)
        ticket = identifier(answer.get("ticket"))
        if response.status < 300 and ticket:
            return Submitted(self.task_of(plan, ticket), charged=whole(answer.get("took")))
        if response.status < 300:
            raise UnknownOutcome("The order was taken, but there is no ticket.")
        raise self._verdicts.paid(response, text(answer.get("no")), text(answer.get("why")))

    def task_of(self, plan: Plan, task_id: str) -> TaskRef:
        return TaskRef(self._gateway.id, task_id, self._now())

    def poll_request(self, task: TaskRef, language: str) -> Request:
        return self._request("the ticket's phase", "GET", "/phase", query={"ticket": task.task_id})

    def parse_poll(self, task: TaskRef, response: Response) -> Poll:
        answer = table(response.payload)
        phase = text(answer.get("phase"))
        if response.status >= 300 or phase is None:
            raise self._verdicts.safe(response, text(answer.get("no")), text(answer.get("why")))
        if phase == "out":
            return Failed("failed", text(answer.get("why")) or "It went out.", charged="no")
        links = [link for row in rows(answer.get("light")) if (link := text(row.get("at")))]
        if phase != "shines" or not links:
            return Pending(phase, known=phase in WAITING)
        until = self._now() + self._raw["link_life"]
        return Done(tuple(Output("image", link, expires_at=until) for link in links))

    def _request(
        self,
        what: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: dict[str, Any] | None = None,
        body: Bytes | None = None,
        safe: bool = True,
    ) -> Request:
        return Request(
            what=what,
            method=method,
            url=f"{self._gateway.urls['api']}{path}",
            query=query or {},
            headers={"X-Lantern": KEY},
            json=json,
            body=body,
            safe=safe,
        )
