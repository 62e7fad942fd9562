"""PURE. What is printed: every document as a dict, closed by the schemas in references/schemas/.

`send` holds, in order, exactly the arguments of one call of a chat's message tool each. No document is
without `done: true` or a `next`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from studio import params
from studio.errors import OverLimit, StudioError, error_record
from studio.messages import Messages
from studio.types import Alternative, Gateway, Job, Json, ModelSpec, Offer, Plan, Saved

RESULT = "media-studio/result/1"
QUOTE = "media-studio/quote/1"
EVENT = "media-studio/event/1"


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
    next: Sequence[str] | None,
) -> Json:
    """The price. `stop` is what buying it now would end with: a question, or the person's own limit; then
    `approval_needed` is true. `next` is the purchase."""
    words = Messages(plan.language)
    price = words.cost(plan.billing.amount, gateway.unit)
    says = "error.over_limit" if isinstance(stop, OverLimit) else "quote_ask" if stop else "quote"
    text = words.say(says, what=words.what(plan), model=plan.model.name, cost=price)
    return {
        "schema": QUOTE,
        "event": "quote",
        "ok": True,
        "done": True,
        "sandbox": sandbox,
        "approval_needed": stop is not None,
        **_about(plan),
        "cost": cost(plan, gateway),
        "estimate_s": _estimate(plan),
        "request": request,
        "send": [_message(words, text, sandbox)],
        "next": list(next) if next else None,
    }


def result(job: Job, gateway: Gateway, *, sandbox: bool, now: float) -> Json:
    """A finished job with all its files."""
    return {**_job(job, gateway, sandbox, now), "send": _results(job, gateway, sandbox)}


def progress(job: Job, gateway: Gateway, *, sandbox: bool, now: float, next: Sequence[str]) -> Json:
    """A job that goes on."""
    return {
        **_job(job, gateway, sandbox, now),
        "event": "progress",
        "done": False,
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
) -> Json:
    """Whatever went wrong, with all that was known by then. A job that may still end well has `done`
    false and a `next`."""
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
        "detail": error.detail or "",
        "key_page": gateway.key_page if gateway else "",
        "credits_page": gateway.credits_page if gateway else "",
    }
    text = words.error(error.kind, type(error).kind, **{**about, **error.about})
    text = "\n".join((text, *_ways_out(words, error, gateway)))
    others = [_alternative(words, other, gateway) for other in error.alternatives] if gateway else []
    return {
        **made,
        "event": "result" if made["outputs"] else "failure",
        "ok": False,
        "done": not (next and error.retry == "wait"),
        "error": {**error_record(error), "actions": _pages(error, gateway)},
        "alternatives": others,
        "send": [*send, _message(words, text, sandbox)],
        "next": list(next) if next else None,
    }


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


def listing(jobs: Sequence[Job], gateways: Mapping[str, Gateway], *, sandbox: bool) -> Json:
    return {
        **_looked("list", sandbox),
        "jobs": [
            {
                "job": job.id,
                "state": job.state,
                "created_at": datetime.fromtimestamp(job.created_at, timezone.utc).isoformat("T", "seconds"),
                "gateway": job.plan.gateway,
                "task_type": job.plan.task_type,
                "model": job.plan.model.name,
                "prompt": job.plan.prompt,
                "cost": cost(job.plan, gateways[job.plan.gateway], job.charged),
                "paths": [saved.path for saved in job.saved],
            }
            for job in jobs
        ],
    }


def model(spec: ModelSpec, gateway: Gateway, default_for: Sequence[str]) -> Json:
    """A row of `models`, from the catalogue."""
    return {
        "id": spec.id,
        "name": spec.name,
        "aliases": list(spec.aliases),
        "provider": spec.provider,
        "gateway": spec.gateway,
        "version": spec.version,
        "task_types": list(spec.task_types),
        "default_for": list(default_for),
        "options": {name: list(values) for name, values in spec.options.items()},
        "prices": [
            {
                "task_type": task_type,
                "what": what,
                "amount": gateway.unit.amount(steps),
                "unit": gateway.unit.name,
            }
            for task_type, rows in spec.prices.items()
            for what, steps in rows
        ],
        "estimate_s": list(spec.estimate) if spec.estimate else None,
        "traits": dict(spec.traits),
    }


def live_model(offer: Offer, spec: ModelSpec | None, task_type: str, provider: str, gateway: Gateway) -> Json:
    """A row of `models --live`: what the vendor's list says now, and what we know of it besides."""
    return {
        "id": offer.model_id,
        "name": offer.name,
        "aliases": list(spec.aliases) if spec else [],
        "provider": provider,
        "gateway": gateway.id,
        "version": offer.version,
        "task_types": [task_type],
        "default_for": [],
        "options": {name: [str(value) for value in values] for name, values in params.accepts(offer).items()},
        "prices": [
            {
                "task_type": task_type,
                "what": ", ".join(f"{name} {value}" for name, value in rule.attributes.items()) or "any",
                "amount": gateway.unit.amount(rule.points),
                "unit": gateway.unit.name,
            }
            for rule in offer.rules
        ],
        "estimate_s": list(spec.estimate) if spec and spec.estimate else None,
        "traits": dict(spec.traits) if spec else {},
    }


def models(rows: Sequence[Json], *, basis: str, sandbox: bool) -> Json:
    """`basis`: live, or the date of the tables. Prices of a table are what the vendor's documents said."""
    return {**_looked("models", sandbox), "basis": basis, "models": list(rows)}


def doctor(*, ready: bool, keys: Sequence[Json], defaults: Json, folders: Json, versions: Json) -> Json:
    """What is set up. `ready`: there is a key for somebody."""
    return {
        **_looked("doctor", False),
        "ready": ready,
        "keys": list(keys),
        "defaults": defaults,
        "folders": folders,
        "versions": versions,
    }


def schema(*, commands: Json, made: Json, exits: Json) -> Json:
    return {**_looked("schema", False), "commands": commands, "documents": made, "exits": exits}


def serving(environment: Mapping[str, str], urls: Mapping[str, Mapping[str, str]]) -> Json:
    """The sandbox's addresses; `environment` is what another program has to be given."""
    addresses = {id: dict(roles) for id, roles in urls.items()}
    return {**_looked("sandbox", True), "environment": dict(environment), "addresses": addresses}


def _looked(what: str, sandbox: bool) -> Json:
    return {
        "schema": f"media-studio/{what}/1",
        "event": what,
        "ok": True,
        "done": True,
        "sandbox": sandbox,
        "send": [],
        "next": None,
    }


def _about(plan: Plan) -> Json:
    return {
        "provider": plan.provider,
        "gateway": plan.gateway,
        "task_type": plan.task_type,
        "model": asdict(plan.model),
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
    }


def _no_job(plan: Plan | None, gateway: Gateway | None, sandbox: bool) -> Json:
    """The parts of a result in their order, with what a plan alone can fill."""
    about = dict.fromkeys(("provider", "gateway", "task_type", "model", "requested", "applied"))
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
        "outputs": [],
        "send": [],
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
            if output.url.startswith("https:"):  # a rehearsal's link is dead when this process ends
                text = "\n".join((text, words.say("link", url=output.url)))
            send.append({**_message(words, text, sandbox), "media": output.path})
    return send


def _message(words: Messages, text: str, sandbox: bool) -> Json:
    return {"action": "send", "message": words.say("rehearsal", text=text) if sandbox else text}


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
    return []


def _elapsed(job: Job, now: float) -> float | None:
    if job.task is None:
        return None
    return round(max(0.0, (job.finished_at or now) - job.task.submitted_at), 1)


def _estimate(plan: Plan) -> list[float] | None:
    """Seconds, shortest and longest expected; divided in a rehearsal like everything else."""
    return [round(seconds / plan.speed, 1) for seconds in plan.estimate] if plan.estimate else None
