"""PURE. What is printed: every document as a dict, closed by the schemas in references/schemas/.

`send` holds, in order, exactly the arguments of one call of a chat's message tool each; `studio.speech` makes
them. No document is without `done: true` or a `next`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from studio import cadence, delivered, figures, speech
from studio.errors import NotSaved, StudioError, error_record
from studio.frozen import asdict
from studio.messages import action, helps_elsewhere
from studio.speech import Voice
from studio.types import Alternative, Gateway, Job, Json, Plan, Saved, Source

BOUGHT = frozenset({"sending", "submitted", "unknown", "done"})  # or perhaps
RESULT = "media-studio/result/1"
QUOTE = "media-studio/quote/1"
EVENT = "media-studio/event/1"


def applied(plan: Plan) -> Json:
    """What was sent, and where each value came from."""
    return {
        "parameters": [
            {"name": name, "value": value, "from": plan.origin.get(name, "rule")}
            for name, value in plan.values.items()
            if not name.startswith("_")
        ],
        "controls": dict(plan.applied),
        "dropped": dict(plan.dropped),
        "attribute_id": plan.billing.attribute_id,
    }


def quote(  # noqa: PLR0913 - all by name
    plan: Plan,
    gateway: Gateway,
    voice: Voice,
    *,
    stop: StudioError | None,
    request: Json | None,
    token: str | None,
    next: Sequence[str] | None,
) -> Json:
    """The price. `stop` is what buying it now would end with: a question, or the person's own limit; then
    `approval_needed` is true. `next` is the purchase, `token` what it says yes with."""
    return {
        "schema": QUOTE,
        "event": "quote",
        "ok": True,
        "done": True,
        "sandbox": voice.sandbox,
        "approval_needed": stop is not None,
        "token": token,
        **_about(plan),
        "cost": figures.cost(plan, gateway),
        "estimate_s": speech.estimate(plan),
        "request": request,
        "note": None,
        "send": [speech.quote(plan, gateway, voice, stop)],
        "next": list(next) if next else None,
    }


def result(  # noqa: PLR0913 - all by name
    job: Job,
    gateway: Gateway,
    voice: Voice,
    *,
    now: float,
    told: Collection[int] = (),
    announced: bool = True,
) -> Json:
    """A finished job with all its files. What was handed out before is not sent twice; `told`: the files
    that were, before all were there; `announced`: it was said when it began what was sent."""
    made = _job(job, gateway, voice, now)
    made["difference"] = delivered.difference(job, gateway)
    send, resend = _files(job, gateway, voice, now, told, announced=announced)
    return {**made, "send": send, "resend": resend}


def on_its_way(  # noqa: PLR0913 - all by name
    job: Job,
    gateway: Gateway,
    voice: Voice,
    *,
    now: float,
    next: Sequence[str],
    background: Sequence[str] | None = None,
    uploading: bool = False,
    told_before: bool = False,
) -> Json:
    """A job that was begun, with the message that says so. `told_before`: it was said already."""
    begun = [] if uploading else [speech.notify(job.plan, gateway, voice)]
    return {
        **_job(job, gateway, voice, now),
        "event": "uploading" if uploading else "submitted",
        "done": job.plan.later and not uploading,
        "resend" if told_before else "send": begun,
        "next": list(next),
        "background": list(background) if background else None,
    }


def closed(  # noqa: PLR0913 - all by name
    job: Job, gateway: Gateway, voice: Voice, what: str, *, now: float, next: Sequence[str] | None
) -> Json:
    """A job that was ended by the person: `what` is cancelled or not_charged. `next`: the same once more,
    for after a yes."""
    return {
        **_job(job, gateway, voice, now),
        "event": "closed",
        "send": [speech.closed(what, voice)],
        "next": next,
    }


def progress(  # noqa: PLR0913 - all by name
    job: Job,
    gateway: Gateway,
    voice: Voice,
    *,
    now: float,
    send: Sequence[Json],
    next: Sequence[str],
    background: Sequence[str] | None = None,
    note: str | None = None,
    parts: tuple[int, int] | None = None,
) -> Json:
    """A job that goes on. `send`: what is due to be said of it; `note`: what was odd about it; `parts`: how
    many of how many shots are there. Of one that may take days, `next` is for when the person asks again."""
    elapsed = speech.elapsed(job, now)
    return {
        **_job(job, gateway, voice, now),
        "event": "progress",
        "done": job.plan.later,
        "percent": None if elapsed is None else cadence.percent(job.plan, elapsed, parts),
        "parts": list(parts) if parts else None,
        "note": note,
        "send": list(send),
        "next": list(next),
        "background": list(background) if background else None,
    }


def failure(  # noqa: PLR0913 - all by name; most are absent where nothing was bought
    error: StudioError,
    voice: Voice,
    *,
    now: float,
    job: Job | None = None,
    plan: Plan | None = None,
    gateway: Gateway | None = None,
    next: Sequence[str] | None = None,
    others: Sequence[Alternative] | None = None,
    ways: Sequence[Sequence[str] | None] = (),
    told_before: bool = False,
    told: Collection[int] = (),
) -> Json:
    """Whatever went wrong, with all that was known by then. A job that may still end well has `done`
    false and a `next`. `others`: the models to try instead; `ways`: for each of them, the command that makes
    it so, once the person has chosen it; `told_before`: these words were handed out already; `told`: and
    these files."""
    if job and gateway:
        made, plan = _job(job, gateway, voice, now), job.plan
        send, resend = _files(job, gateway, voice, now, told)
    else:
        made, send, resend = _no_job(plan, gateway, voice), [], []
    others = others_for(error, plan, job) if others is None else others
    spoken = [speech.failure(error, voice, plan=plan, gateway=gateway, others=others, job=job)]
    if job and isinstance(error, NotSaved) and error.kind != "files_gone":
        spoken[0]["message"] = speech.besides(spoken[0]["message"], speech.unsaved(job, voice))
    return {
        **made,
        "event": "result" if made["outputs"] else "failure",
        "ok": False,
        "done": not (next and error.retry == "wait"),
        "error": {**error_record(error), "actions": _pages(error, gateway)},
        "alternatives": [
            _alternative(voice, other, ways[n] if n < len(ways) else None) for n, other in enumerate(others)
        ],
        "difference": [*made["difference"], *error.difference],
        "send": [*send, *([] if told_before else spoken)],
        "resend": [*resend, *(spoken if told_before else [])],
        "next": list(next) if next else None,
    }


def others_for(error: StudioError, plan: Plan | None, job: Job | None = None) -> tuple[Alternative, ...]:
    """The models to try instead: those that can do what this one cannot, or, where it failed or cannot be
    had, those that make the same; where the account lacks the credit, only cheaper ones. Where it was this
    gateway's no, the same model at another; never beside a job that is, or may be, bought."""
    helps = action(error.kind, type(error).kind)
    if error.alternatives or plan is None:
        return error.alternatives
    found: tuple[Alternative, ...] = ()
    if helps == "another_model":
        found = plan.alternatives
    elif helps == "cheaper_model" and plan.billing.amount is not None:
        amount = plan.billing.amount
        found = tuple(one for one in plan.alternatives if one.amount is not None and one.amount < amount)
    bought = job is not None and job.state in BOUGHT
    return (*found, *(plan.elsewhere if helps_elsewhere(error.kind) and not bought else ()))


def remarked(document: Json, lines: Sequence[str]) -> Json:
    """With lines that the person is told besides, in the first message."""
    if not lines or not document["send"]:
        return document
    first, *rest = document["send"]
    return {**document, "send": [{**first, "message": speech.besides(first["message"], lines)}, *rest]}


def noted(document: Json, line: str | None) -> Json:
    """With what has to be known before the document is gone on from."""
    goes_on = document.get("next") or any(other["next"] for other in document.get("alternatives", ()))
    if line is None or "note" not in document or not goes_on:
        return document
    return {**document, "note": " ".join(filter(None, (document["note"], line)))}


def event(what: str, job: Job, now: float) -> Json:
    """One line of `--events`."""
    return {
        "schema": EVENT,
        "event": what,
        "job": job.id,
        "task_id": job.task.task_id if job.task else None,
        "elapsed_s": speech.elapsed(job, now),
    }


def _about(plan: Plan) -> Json:
    return {
        "provider": plan.provider,
        "gateway": plan.gateway,
        "task_type": plan.task_type,
        "model": asdict(plan.model),
        "chosen_by": plan.chosen_by,
        "requested": dict(plan.requested),
        "applied": applied(plan),
        "inputs": [_input(source) for source in plan.inputs],
    }


def _input(source: Source) -> Json:
    """An input as it leaves; `changed`: how that is not the file at hand, `unchecked`: what nobody here knows
    of it."""
    return {
        "name": source.name,
        "kind": source.role,
        "mime": source.mime,
        "bytes": source.bytes,
        "sha256": source.sha256,
        "width": source.width,
        "height": source.height,
        "seconds": source.seconds,
        "changed": list(source.changed),
        "unchecked": list(source.unchecked),
    }


def _files(  # noqa: PLR0913
    job: Job, gateway: Gateway, voice: Voice, now: float, told: Collection[int], *, announced: bool = True
) -> tuple[list[Json], list[Json]]:
    """A message for each file that is saved, or the one about shots without a film: those to send, and those
    that were handed out before."""
    numbers = [n for n, output in enumerate(job.outputs, 1) if isinstance(output, Saved)]
    messages = speech.results(job, gateway, speech.elapsed(job, now), voice, announced=announced)
    old = [bool(job.handed_out_at) or n in told for n in numbers or [0] * len(messages)]
    return (
        [message for message, before in zip(messages, old, strict=True) if not before],
        [message for message, before in zip(messages, old, strict=True) if before],
    )


def _job(job: Job, gateway: Gateway, voice: Voice, now: float) -> Json:
    return {
        **_no_job(job.plan, gateway, voice),
        "job": job.id,
        "state": job.state,
        "task_id": job.task.task_id if job.task else None,
        "cost": figures.cost(job.plan, gateway, job.charged),
        "elapsed_s": speech.elapsed(job, now),
        "outputs": [_output(output) for output in job.outputs],
        "shots": [{"shot": shot.index + 1, **asdict(shot)} for shot in job.shots],
        "receipt": job.receipt,
        "handed_out_at": figures.moment(job.handed_out_at),
    }


def _no_job(plan: Plan | None, gateway: Gateway | None, voice: Voice) -> Json:
    """The parts of a result in their order, with what a plan alone can fill."""
    about = dict.fromkeys(("provider", "gateway", "task_type", "model", "chosen_by", "requested", "applied"))
    return {
        "schema": RESULT,
        "event": "result",
        "ok": True,
        "done": True,
        "job": None,
        "state": None,
        "task_id": None,
        "sandbox": voice.sandbox,
        **(_about(plan) if plan else {**about, "inputs": []}),
        "cost": figures.cost(plan, gateway) if plan and gateway else None,
        "elapsed_s": None,
        "estimate_s": speech.estimate(plan) if plan else None,
        "percent": None,
        "parts": None,
        "parent": plan.parent if plan else None,
        "steps": list(plan.steps) if plan else [],
        "outputs": [],
        "receipt": None,
        "shots": [],
        "difference": [],
        "note": None,
        "send": [],
        "handed_out_at": None,
        "resend": [],
        "next": None,
        "background": None,
    }


def _output(output: Any) -> Json:
    made = dict.fromkeys(("path", "mime", "bytes", "sha256"))
    return {**made, **asdict(output), "expires_at": figures.moment(output.expires_at)}


def _alternative(voice: Voice, other: Alternative, way: Sequence[str] | None) -> Json:
    return {
        "id": other.id,
        "model": other.model,
        "gateway": other.gateway,
        "why": speech.why(voice.words, other),
        "cost": None if other.amount is None else other.unit.amount(other.amount),
        "next": list(way) if way else None,
    }


def _pages(error: StudioError, gateway: Gateway | None) -> list[Json]:
    """Where a person can mend it."""
    if gateway is None:
        return []
    page = {
        "key_page": ("get a key", gateway.key_page, gateway.key_env),
        "credits_page": ("add credit", gateway.credits_page, None),
        "cheaper_model": ("add credit", gateway.credits_page, None),
        "record_page": ("see whether it was made", gateway.record_page, None),
    }.get(action(error.kind, type(error).kind))
    return [dict(zip(("what", "url", "variable"), page, strict=True))] if page and page[1] else []
