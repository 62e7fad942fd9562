"""PURE. What is printed: every document as a dict, closed by the schemas in references/schemas/.

`send` holds, in order, exactly the arguments of one call of a chat's message tool each. No document is
without `done: true` or a `next`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from studio import delivered
from studio.errors import OverLimit, StudioError, error_record
from studio.messages import Messages
from studio.types import Alternative, Gateway, Job, Json, Plan, Saved

RESULT = "media-studio/result/1"
QUOTE = "media-studio/quote/1"
EVENT = "media-studio/event/1"
ASKED_AGAIN = ("unknown", "maybe_bought")
SIZES = ("size", "quality", "resolution")


def cost(plan: Plan, gateway: Gateway, charged: int | None = None) -> Json:
    """`quoted` is ours, `charged` the vendor's word: null where it says nothing, never a copy."""
    amount = plan.billing.amount
    return {
        "unit": plan.billing.unit,
        "quoted": None if amount is None else gateway.unit.amount(amount),
        "charged": None if charged is None else gateway.unit.amount(charged),
        "basis": plan.billing.basis,
    }


def applied(plan: Plan) -> Json:
    """What was sent, and where each value came from."""
    return {
        "parameters": [
            {"name": name, "value": value, "from": plan.origin.get(name, "rule")}
            for name, value in plan.values.items()
        ],
        "controls": dict(plan.applied),
        "attribute_id": plan.billing.attribute_id,
    }


def quote(  # noqa: PLR0913 - all by name
    plan: Plan,
    gateway: Gateway,
    *,
    sandbox: bool,
    stop: StudioError | None,
    request: Json | None,
    token: str | None,
    next: Sequence[str] | None,
) -> Json:
    """The price. `stop` is what buying it now would end with: a question, or the person's own limit; then
    `approval_needed` is true. `next` is the purchase, `token` what it says yes with."""
    words = Messages(plan.language)
    price = words.cost(plan.billing.amount, gateway.unit)
    says = "error.over_limit" if isinstance(stop, OverLimit) else "quote_ask" if stop else "quote"
    text = words.say(says, what=words.what(plan), model=plan.model.name, cost=price)
    text = "\n".join((text, *_ways_out(words, stop, gateway))) if stop else text
    return {
        "schema": QUOTE,
        "event": "quote",
        "ok": True,
        "done": True,
        "sandbox": sandbox,
        "approval_needed": stop is not None,
        "token": token,
        **_about(plan),
        "cost": cost(plan, gateway),
        "estimate_s": _estimate(plan),
        "request": request,
        "send": [_message(words, text, sandbox)],
        "next": list(next) if next else None,
    }


def result(job: Job, gateway: Gateway, *, sandbox: bool, now: float) -> Json:
    """A finished job with all its files. What was handed out before is not sent twice."""
    made, messages = _job(job, gateway, sandbox, now), _results(job, gateway, sandbox)
    made["difference"] = delivered.difference(job, gateway)
    return {**made, "resend" if job.handed_out_at else "send": messages}


def on_its_way(  # noqa: PLR0913 - all by name
    job: Job, gateway: Gateway, *, sandbox: bool, now: float, next: Sequence[str], uploading: bool
) -> Json:
    """A job that was begun, with the message that says so."""
    words = Messages(job.plan.language)
    seconds = _estimate(job.plan)
    text = words.say(
        "notify" if seconds else "notify_open",
        what=words.what(job.plan),
        model=job.plan.model.name,
        cost=words.cost(job.plan.billing.amount, gateway.unit),
        least=round(seconds[0]) if seconds else "",
        most=round(seconds[1]) if seconds else "",
    )
    return {
        **_job(job, gateway, sandbox, now),
        "event": "uploading" if uploading else "submitted",
        "done": False,
        "send": [] if uploading else [_message(words, text, sandbox)],
        "next": list(next),
    }


def closed(  # noqa: PLR0913 - all by name
    job: Job, gateway: Gateway, what: str, *, sandbox: bool, now: float, next: Sequence[str] | None
) -> Json:
    """A job that was ended by the person: `what` is cancelled or not_charged. `next`: the same once more,
    for after a yes."""
    words = Messages(job.plan.language)
    text = words.say("closed.cancelled")
    if what == "not_charged":
        text = words.say("closed.not_charged")
    return {
        **_job(job, gateway, sandbox, now),
        "event": "closed",
        "send": [_message(words, text, sandbox)],
        "next": next,
    }


def progress(  # noqa: PLR0913 - all by name
    job: Job, gateway: Gateway, *, sandbox: bool, now: float, next: Sequence[str], note: str | None = None
) -> Json:
    """A job that goes on. `note`: what was odd about it."""
    return {
        **_job(job, gateway, sandbox, now),
        "event": "progress",
        "done": False,
        "note": note,
        "next": list(next),
    }


def failure(  # noqa: PLR0913 - all by name; most are absent where nothing was bought
    error: StudioError,
    *,
    language: str,
    sandbox: bool,
    now: float,
    job: Job | None = None,
    plan: Plan | None = None,
    gateway: Gateway | None = None,
    next: Sequence[str] | None = None,
    told_before: bool = False,
) -> Json:
    """Whatever went wrong, with all that was known by then. A job that may still end well has `done`
    false and a `next`. `told_before`: these words were handed out already."""
    words = Messages(language)
    if job and gateway:
        made, plan, send = _job(job, gateway, sandbox, now), job.plan, _results(job, gateway, sandbox)
    else:
        made, send = _no_job(plan, gateway, sandbox), []
    about = {
        "cost": words.cost(plan.billing.amount if plan else None, gateway.unit) if gateway else "",
        "what": words.what(plan) if plan else "",
        "model": plan.model.name if plan else "",
        "asked": "",
        "job": job.id if job else "",
        "changes": _changes(words, error),
        "detail": error.detail or "",
        "key_page": gateway.key_page if gateway else "",
        "credits_page": gateway.credits_page if gateway else "",
    }
    text = words.error(error.kind, type(error).kind, **{**about, **error.about})
    text = "\n".join((text, *_ways_out(words, error, gateway)))
    others = [_alternative(words, other, gateway) for other in error.alternatives] if gateway else []
    spoken = [_message(words, text, sandbox)]
    handed_out = bool(job and job.handed_out_at)
    return {
        **made,
        "event": "result" if made["outputs"] else "failure",
        "ok": False,
        "done": not (next and error.retry == "wait"),
        "error": {**error_record(error), "actions": _pages(error, gateway)},
        "alternatives": others,
        "difference": [*made["difference"], *error.difference],
        "send": [*([] if handed_out else send), *([] if told_before else spoken)],
        "resend": [*(send if handed_out else []), *(spoken if told_before else [])],
        "next": list(next) if next else None,
    }


def remarked(document: Json, lines: Sequence[str]) -> Json:
    """With lines that the person is told besides, at the end of the first message."""
    if not lines or not document["send"]:
        return document
    first, *rest = document["send"]
    return {**document, "send": [{**first, "message": "\n".join((first["message"], *lines))}, *rest]}


def event(what: str, job: Job, now: float) -> Json:
    """One line of `--events`."""
    return {
        "schema": EVENT,
        "event": what,
        "job": job.id,
        "task_id": job.task.task_id if job.task else None,
        "elapsed_s": _elapsed(job, now),
    }


def waiting(job: Job, now: float) -> str:
    """How long a job has been under way, in words."""
    return Messages(job.plan.language).say("progress", seconds=round(_elapsed(job, now) or 0))


def _about(plan: Plan) -> Json:
    return {
        "provider": plan.provider,
        "gateway": plan.gateway,
        "task_type": plan.task_type,
        "model": asdict(plan.model),
        "chosen_by": plan.chosen_by,
        "requested": dict(plan.requested),
        "applied": applied(plan),
    }


def _job(job: Job, gateway: Gateway, sandbox: bool, now: float) -> Json:
    return {
        **_no_job(job.plan, gateway, sandbox),
        "job": job.id,
        "state": job.state,
        "task_id": job.task.task_id if job.task else None,
        "cost": cost(job.plan, gateway, job.charged),
        "elapsed_s": _elapsed(job, now),
        "outputs": [_output(output) for output in job.outputs],
        "handed_out_at": instant(job.handed_out_at),
    }


def _no_job(plan: Plan | None, gateway: Gateway | None, sandbox: bool) -> Json:
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
        "sandbox": sandbox,
        **(_about(plan) if plan else about),
        "cost": cost(plan, gateway) if plan and gateway else None,
        "elapsed_s": None,
        "estimate_s": _estimate(plan) if plan else None,
        "steps": list(plan.steps) if plan else [],
        "outputs": [],
        "difference": [],
        "note": None,
        "send": [],
        "handed_out_at": None,
        "resend": [],
        "next": None,
    }


def _output(output: Any) -> Json:
    made = dict.fromkeys(("path", "mime", "bytes", "sha256"))
    return {**made, **asdict(output), "expires_at": None}


def _results(job: Job, gateway: Gateway, sandbox: bool) -> list[Json]:
    """One message a file, the file with it."""
    words = Messages(job.plan.language)
    price = words.cost(job.plan.billing.amount, gateway.unit)
    seconds = round(_elapsed(job, job.finished_at or job.created_at) or 0)
    kind = "result" if job.plan.n == 1 else "result_of_many"
    send = []
    unlike = _unlike(words, job, gateway)
    for n, output in enumerate(job.outputs, 1):
        if isinstance(output, Saved):
            text = words.say(
                kind,
                model=job.plan.model.name,
                seconds=seconds,
                cost=price,
                n=n,
                of=job.plan.n,
            )
            text = "\n".join((text, *_steps(words, job.plan), *unlike))
            if output.url.startswith("https:"):  # a rehearsal's link is dead when this process ends
                text = "\n".join((text, words.say("link", url=output.url)))
            send.append({**_message(words, text, sandbox), "media": output.path})
    return send


def _message(words: Messages, text: str, sandbox: bool) -> Json:
    return {"action": "send", "message": words.say("rehearsal", text=text) if sandbox else text}


def _steps(words: Messages, plan: Plan) -> list[str]:
    """What became another size on the way, because the vendor refused the one that was asked for."""
    sizes = [
        (change["before"], change["after"])
        for step in plan.steps
        for change in step["changed"]
        if change["what"] in SIZES
    ]
    return [words.say("stepped_down", before=sizes[0][0], after=sizes[-1][1])] if sizes else []


def _unlike(words: Messages, job: Job, gateway: Gateway) -> list[str]:
    """How what came differs from what was asked for."""
    return [
        words.say("unlike", before=one["before"], after=one["after"])
        if one["what"] == "size"
        else words.say("charged_otherwise", before=one["before"], after=one["after"])
        for one in delivered.difference(job, gateway)
    ]


def _changes(words: Messages, error: StudioError) -> str:
    """What is not as it was agreed, as a person reads it."""
    made = [
        words.say("change_words")
        if one["what"] == "prompt"
        else words.say("change", what=one["what"], before=_said(one["before"]), after=_said(one["after"]))
        for one in error.difference
    ]
    return words.say("list_and").join(made)


def _said(value: Any) -> str:
    return "-" if value is None else str(value)


def instant(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, timezone.utc).isoformat("T", "seconds")


def _alternative(words: Messages, other: Alternative, gateway: Gateway) -> Json:
    return {
        "id": other.id,
        "model": other.model,
        "why": _why(words, other),
        "cost": None if other.amount is None else gateway.unit.amount(other.amount),
    }


def _why(words: Messages, other: Alternative) -> str:
    return other.traits.get(words.language) or words.say("can")


def _ways_out(words: Messages, error: StudioError, gateway: Gateway | None) -> list[str]:
    """What this model can do instead, and which other models can do exactly what was asked."""
    lines = []
    if error.instead:
        lines.append(words.say("instead", values=words.say("list_and").join(error.instead)))
    if error.alternatives and gateway:
        lines.append(words.say("alternatives"))
        names = [other.model for other in error.alternatives]
        for other in error.alternatives:
            name = other.model if names.count(other.model) == 1 else f"{other.model} ({other.id})"
            cost = words.cost(other.amount, gateway.unit)
            lines.append(words.say("alternative", model=name, cost=cost, why=_why(words, other)))
        lines.append(words.say("alternatives_ask"))
    if error.about.get("left"):
        lines.append(words.say("left", left=error.about["left"], limit=error.about["limit"]))
    if error.exit_code == 9 and gateway and gateway.record_page:
        lines.append(words.say("look", url=gateway.record_page))
    if error.kind in ASKED_AGAIN:
        lines.append(words.say("once_more"))
    if "wish" in error.about:
        lines.append(words.say("nobody", wish=error.about["wish"]))
    return lines


def _pages(error: StudioError, gateway: Gateway | None) -> list[Json]:
    """Where a person can mend it."""
    if gateway is None:
        return []
    if error.exit_code == 3:
        return [{"what": "get a key", "url": gateway.key_page, "variable": gateway.key_env}]
    if error.exit_code == 4:
        return [{"what": "add credit", "url": gateway.credits_page, "variable": None}]
    if error.exit_code == 9 and gateway.record_page:
        return [{"what": "see whether it was made", "url": gateway.record_page, "variable": None}]
    return []


def _elapsed(job: Job, now: float) -> float | None:
    if job.task is None:
        return None
    return round(max(0.0, (job.finished_at or now) - job.task.submitted_at), 1)


def _estimate(plan: Plan) -> list[float] | None:
    """Seconds, shortest and longest expected; divided in a rehearsal like everything else."""
    return [round(seconds / plan.speed, 1) for seconds in plan.estimate] if plan.estimate else None
