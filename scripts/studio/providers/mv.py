"""One-click MV: a film from pictures and a song, in shots that can be made anew and composed again. Wire
facts: references/imagine-future.md.

A film is one task; each of its shots, and each composing, is a job inside it, with a history of takes. A step
on a finished film is followed by its own job: the film's old state and link say nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.answers import (
    ByCatalogue,
    data_url,
    identifier,
    reason,
    rows,
    seconds,
    segment,
    table,
    text,
    whole,
)
from studio.contract import KEY, Done, Failed, Pending, Poll, Read, Request, Response
from studio.errors import UnknownOutcome, UsageError
from studio.types import Json, MediaRef, Output, Plan, Shot, Source, Submitted, TaskRef

ROOT = "/ai/avu/one-click/mv"
STEPS = {"music_video_shot": "edit", "music_video_compose": "compose"}
SHOT, COMPOSE = "generate_video", "compose"
OURS = frozenset({"mv", "_known", "shot", "shots"})  # what a step is, and is not sent
LONGEST = 3600.0  # seconds after which a film without a link is taken for one that has none
FILM_LIMIT = 180.0  # seconds of a song; above it there are shots and no film
WAITING = frozenset({"created", "queueing", "processing"})


class Provider(ByCatalogue):
    def upload(self, source: Source, read: Read) -> MediaRef:
        """A link as it stands, a file as a data URL."""
        return MediaRef(source.role, source.url or data_url(source))

    def submit_request(self, plan: Plan, media: tuple[MediaRef, ...], uid: str) -> Request:
        step = STEPS.get(plan.task_type)
        if step:
            body = self._step_body(plan)
            return self._request(
                "the paid request", "POST", f"/{segment(plan.values['mv'])}/{step}", body, safe=False
            )
        images = [ref.value for ref in media if ref.role == "image"]
        (song,) = [ref.value for ref in media if ref.role == "audio"]
        prompt = {"prompt": plan.prompt} if plan.prompt else {}
        body = {"images": images, "audio_url": song, **prompt, **plan.values}
        return self._request("the paid request", "POST", "", body, safe=False)

    def parse_submit(self, plan: Plan, response: Response) -> Submitted:
        answer = table(response.payload)
        task_id = identifier(answer.get("id"))
        if response.status < 300 and task_id:
            return Submitted(self.task_of(plan, task_id))
        if response.status < 300:
            raise UnknownOutcome("The paid request was accepted, but the answer lacks id.")
        if task_id:
            raise UnknownOutcome(
                f"The paid request was answered with an error that names a task: {task_id}.",
                provider_code=text(answer.get("reason")),
                detail=text(answer.get("message")),
            )
        raise self._verdicts.paid(response, *reason(response))

    def task_of(self, plan: Plan, task_id: str) -> TaskRef:
        """Of a step also the film that it belongs to and the takes that were there before: the document does
        not say whether the id that a step answers with is the new take's or the film's."""
        if plan.task_type not in STEPS:
            return TaskRef(self._gateway.id, task_id, self._now())
        mv, known = plan.values["mv"], plan.values["_known"]
        own = f"{mv}:{STEPS[plan.task_type]}:{plan.values.get('job_id', '')}:{self._now():.6f}"
        id = own if task_id == mv else task_id
        record = COMPOSE if plan.task_type == "music_video_compose" else SHOT
        route = {"mv": mv, "known": known, "record": record}
        if "job_id" in plan.values:
            route["instead_of"] = plan.values["job_id"]
        return TaskRef(self._gateway.id, id, self._now(), route)

    def poll_request(self, task: TaskRef, language: str) -> Request:
        return self._request("the task's state", "GET", f"/{segment(task.route.get('mv', task.task_id))}")

    def parse_poll(self, task: TaskRef, response: Response) -> Poll:
        film = self._film(response, task.route.get("mv", task.task_id))
        return self._step(task, film, response) if "mv" in task.route else self._whole(task, film)

    def continued(self, task_type: str, parent: TaskRef, asked: Mapping[str, Any], read: Read) -> Json:
        """The takes that a step is about, as the film has them now."""
        film = self._film(read(self.poll_request(parent, "en")), parent.task_id)
        shots = _shots(film)
        step: Json = {"mv": parent.task_id, "_known": ",".join(_takes(film))}
        if task_type == "music_video_shot":
            return {**step, "job_id": _numbered(shots, int(asked["shot"])).job}
        numbers = str(asked.get("shots", "")).split(",") if asked.get("shots") else []
        chosen = [_numbered(shots, int(number)) for number in dict.fromkeys(numbers)] or list(shots)
        missing = [str(shot.index + 1) for shot in chosen if shot.state != "success"]
        if missing or not chosen:
            listed = ", ".join(missing)
            raise UsageError(
                f"There is no good take of shot {listed} yet, so the film cannot be composed.",
                kind="shot_missing",
                detail="`edit JOB --shot N --prompt TEXT` makes one anew; --shots leaves it out.",
                about={"asked": listed},
            )
        _check_rest(film, {shot.index for shot in chosen})
        return {**step, "job_ids": [shot.job for shot in sorted(chosen, key=lambda shot: shot.index)]}

    def _step_body(self, plan: Plan) -> Json:
        own = {name: value for name, value in plan.values.items() if name not in OURS}
        return {**own, "prompt": plan.prompt} if plan.task_type == "music_video_shot" else own

    def _film(self, response: Response, id: str) -> Json:
        """A film as it stands, or the error that the answer is."""
        film = table(response.payload)
        if response.status >= 300:
            raise self._verdicts.safe(response, *reason(response))
        if text(film.get("state")) is None:
            raise self._verdicts.lacks(response, "state")
        if identifier(film.get("id")) not in {None, id}:
            raise self._verdicts.said("bad_answer", response, None, "It answered about another task.")
        return film

    def _whole(self, task: TaskRef, film: Json) -> Poll:
        """A film at its first end. Good shots are kept, whatever became of the others."""
        state = film["state"].lower()
        shots = _shots(film)
        good = sum(shot.state == "success" for shot in shots)
        if state not in {"success", "failed"}:
            return Pending(state, state in WAITING, (good, len(shots)) if shots else None)
        failures = tuple(self._failed(take) for take in _newest_takes(film) if _state(take) == "failed")
        if state == "failed":
            failures = failures or (self._failed(film),)
            return Done((), failures, shots=shots) if good else self._failed(film)
        link = text(film.get("signed_url")) or _newest_link(film)
        length = sum(shot.seconds or 0.0 for shot in shots)
        composing = [_state(take) for record in _records(film, COMPOSE) for take in _takes_of(record)[-1:]]
        late = length > FILM_LIMIT or self._now() - task.submitted_at > LONGEST
        if link is None and not failures and (WAITING & set(composing) or not late):
            return Pending("success, without a link")
        outputs = (self._output(link, length or None),) if link else ()
        return Done(outputs, failures, shots=shots)

    def _step(self, task: TaskRef, film: Json, response: Response) -> Poll:
        """The take that a step made: the one of its id, else the newest that was not there before: of
        an edit, the newest of that shot. Raises where there is none, which right after the step means: not
        yet."""
        histories = [_takes_of(record) for record in _records(film, task.route["record"])]
        edited, known = task.route.get("instead_of", ""), set(task.route["known"].split(","))
        same = [takes for takes in histories if edited in map(_id, takes)] or histories
        mine = [take for takes in histories for take in takes if _id(take) == task.task_id]
        new = mine or [take for takes in same for take in takes if _id(take) not in known]
        if not new:
            raise self._verdicts.said("not_found", response, None, "The film has no new take.")
        take, state = new[-1], _state(new[-1])
        if state == "failed":
            return self._failed(take)
        link = text(take.get("signed_url"))
        if state != "success" or link is None:
            return Pending(state, state in WAITING | {"success"})
        return Done((self._output(link, _length(take)),), shots=_shots(film))

    def _failed(self, what: Json) -> Failed:
        code = text(what.get("err_code"))
        reason = text(what.get("err_msg")) or code or "The generation failed."
        return Failed(self._verdicts.kind(code), reason, code)

    def _output(self, link: str, length: float | None) -> Output:
        return Output("video", link, seconds=length, expires_at=self._now() + self._raw["link_life"])

    def _request(
        self, what: str, method: str, path: str, body: Json | None = None, *, safe: bool = True
    ) -> Request:
        return Request(
            what=what,
            method=method,
            url=f"{self._gateway.urls['api']}{ROOT}{path}",
            headers={"Authorization": f"Token {KEY}"},
            json=body,
            safe=safe,
        )


def _records(film: Json, kind: str) -> list[Json]:
    """The shots of a film in their order, or its composings."""
    found = [record for record in rows(film.get("job_records")) if record.get("type") == kind]
    return sorted(found, key=lambda record: whole(record.get("index")) or 0)


def _takes(film: Json) -> list[str]:
    """The id of every take of every shot and composing."""
    return [_id(take) for record in rows(film.get("job_records")) for take in _takes_of(record)]


def _takes_of(record: Json) -> list[Json]:
    """Its history, oldest first. What has no id can be neither followed nor composed."""
    return [take for take in rows(record.get("jobs")) if _id(take)]


def _id(take: Json) -> str:
    return identifier(take.get("id")) or ""


def _newest_takes(film: Json) -> list[Json]:
    """Of each shot the take that counts: the newest good one, else the newest."""
    found = []
    for record in _records(film, SHOT):
        takes = _takes_of(record)
        good = [take for take in takes if _state(take) == "success"]
        found += (good or takes)[-1:]
    return found


def _shots(film: Json) -> tuple[Shot, ...]:
    shots = []
    for place, (record, take) in enumerate(zip(_with_takes(film), _newest_takes(film), strict=True)):
        made = table(take.get("mv_generate_video_input"))
        index = whole(record.get("index"))
        shots.append(
            Shot(
                place if index is None else index,
                _state(take),
                _id(take),
                _length(take),
                text(made.get("prompt")),
                text(made.get("lyric_text")),
                text(take.get("signed_url")),
            )
        )
    return tuple(shots)


def _with_takes(film: Json) -> list[Json]:
    return [record for record in _records(film, SHOT) if _takes_of(record)]


def _check_rest(film: Json, chosen: set[int]) -> None:
    """Raises UsageError where a take of a chosen shot is still being made: it may be meant."""
    last = [(record, _takes_of(record)[-1]) for record in _with_takes(film)]
    busy = [
        record for record, take in last if _state(take) in WAITING and whole(record.get("index")) in chosen
    ]
    if busy:
        listed = ", ".join(str((whole(record.get("index")) or 0) + 1) for record in busy)
        raise UsageError(
            f"Shot {listed} is still being made, so the film is not composed without it.",
            kind="in_process",
            detail="`wait` for it first; or leave it out with --shots.",
            retry="wait",
        )


def _numbered(shots: tuple[Shot, ...], number: int) -> Shot:
    """The shot of that number, counted from 1. Raises UsageError where there is none."""
    for shot in shots:
        if shot.index == number - 1:
            return shot
    raise UsageError(
        f"There is no shot {number}: the film has {len(shots)}.",
        kind="no_such_shot",
        detail="`show JOB` lists them.",
        about={"asked": str(number), "most": str(len(shots))},
    )


def _newest_link(film: Json) -> str | None:
    """The link of the newest composing that went well."""
    takes = [take for record in _records(film, COMPOSE) for take in _takes_of(record)]
    links = [text(take.get("signed_url")) for take in takes if _state(take) == "success"]
    return next(filter(None, reversed(links)), None)


def _length(take: Json) -> float | None:
    return seconds(table(take.get("mv_generate_video_input")).get("duration"))


def _state(take: Json) -> str:
    return (text(take.get("state")) or "").lower()
