"""The commands that ask a price, buy, and go on with what was bought."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from studio import catalogue, documents, errors, media, options, planning
from studio.app import App
from studio.contract import Provider
from studio.errors import (
    InternalError,
    Interrupted,
    NeedsApproval,
    NotFinished,
    OverLimit,
    UnknownOutcome,
    UsageError,
)
from studio.runner import Runner
from studio.settings import is_loopback
from studio.types import Job, Json, MediaRef, ModelSpec, Offer, Output, Plan, Saved

LEAST_PATIENCE = 600.0  # seconds; the vendor's own client waits as long
LONGEST_INTENT = 1800.0  # seconds; all uploads and waits before a paid request take less
SHORTEST_PATIENCE = 30.0  # of a rehearsal, whose clock is fast


def make(app: App) -> Json:
    """Buy, follow to the end, save. Everything that can be found out before paying is found out first."""
    if app.made.dry_run:
        return quote(app)
    plan, runner = _plan(app, buying=True)
    gateway = app.settings.gateway(plan.gateway)
    planning.check_consent(plan, gateway, app.made.max_credits)
    job = runner.buy(plan, app.out)
    return app.result(runner.collect(job, app.clock.monotonic() + _patience(app, plan)))


def quote(app: App) -> Json:
    """The price and, for --dry-run, the request itself; nothing is uploaded and nothing bought."""
    plan, runner = _plan(app, buying=False)
    gateway = app.settings.gateway(plan.gateway)
    stop: NeedsApproval | OverLimit | None = None
    next: list[str] | None = app.again()
    try:
        planning.check_consent(plan, gateway, app.made.max_credits)
    except NeedsApproval as asks:
        stop, next = asks, app.approved(plan)
    except OverLimit as over:
        stop, next = over, None
    request = _dry(runner.provider, plan) if getattr(app.made, "dry_run", False) else None
    return documents.quote(plan, gateway, sandbox=app.sandbox, stop=stop, request=request, next=next)


def wait(app: App) -> Json:
    """Go on with a job from wherever it is. Never buys."""
    job = find(app)
    until = app.clock.monotonic() + app.made.max_wait
    while job.state in {"intent", "sending"} and app.clock.monotonic() < until:
        app.clock.sleep(min(1.0, until - app.clock.monotonic()))
        job = _settle(app, job.id)
    if job.state not in {"submitted", "done"} or job.complete:
        return as_recorded(app, job)
    gateway = app.reach(job.plan.gateway, job.plan.speed)
    runner = app.runner(job.plan.provider, gateway, job.plan.speed)
    try:
        return app.result(runner.collect(job, until))
    except NotFinished as patience:
        if patience.kind != NotFinished.kind:
            raise
        return app.going_on(job)


def find(app: App) -> Job:
    """The job a command names; from here on a failure is told with it. A file that is no longer there
    counts as not saved."""
    job = _settle(app, app.made.job)
    job = replace(job, outputs=tuple(map(_still_there, job.outputs)))
    app.job = job.id
    app.gateway = app.settings.gateway(job.plan.gateway)
    app.language = app.named_language or job.plan.language
    return job


def as_recorded(app: App, job: Job) -> Json:
    """A job as the record knows it, without asking anybody."""
    if job.error:
        raise errors.from_record(job.error)
    return app.result(job) if job.complete else app.going_on(job)


def _plan(app: App, *, buying: bool) -> tuple[Plan, Runner]:
    """Understand the request offline, then ask for the live list. What only buying needs (a folder that
    can be written) is checked before that."""
    wish = _wish(app)
    task_type = planning.task_type_of(wish)
    planning.check_prompt(wish, task_type)
    model = planning.model_of(wish, task_type, app.payable)
    inputs = planning.inspect(wish, task_type)
    gateway = app.reach(model.gateway, wish.speed)
    if len({is_loopback(url) for url in gateway.urls.values()}) > 1 and any(one.data for one in inputs):
        raise UsageError(
            f"One address of {gateway.name} is on this machine and another is not, so an input was not sent.",
            kind="base_url_refused",
            detail="Set them all: see `doctor`.",
        )
    if buying:
        media.check_folder(app.out)
    runner = app.runner(model.provider, gateway, wish.speed)

    def offers_of(model: ModelSpec, task_type: str) -> tuple[Offer, ...]:
        return app.offers(runner, task_type, wish.speed)

    plan = planning.draft(
        wish, task_type=task_type, model=model, gateway=gateway, inputs=inputs, offers_of=offers_of
    )
    app.plan = plan
    return plan, runner


def _wish(app: App) -> planning.Wish:
    made = app.made
    speed = made.speed or 1.0
    if speed != 1.0 and not app.sandbox and not _on_loopback(app):
        raise UsageError("--speed is for rehearsals: give --sandbox too.", kind="speed_refused")
    return planning.Wish(
        prompt=made.prompt,
        task_type=made.task_type,
        model=made.model,
        version_id=made.version_id,
        provider=made.provider,
        gateway=made.gateway,
        inputs=tuple(made.input_images or ()),
        n=made.n,
        options=options.parameters(made),
        language=app.language,
        user_id=made.user_id,
        speed=speed,
    )


def _on_loopback(app: App) -> bool:
    """Whether whoever is paid is an imitation on this machine."""
    gateways = [app.settings.gateway(made.id) for made in catalogue.gateways()]
    asked = [made for made in gateways if app.made.gateway in {None, made.id}]
    return all(is_loopback(made.urls["api"]) for made in asked)


def _dry(provider: Provider, plan: Plan) -> Json:
    """The paid request as it would be sent, without the key; local inputs stand as placeholders."""
    refs = tuple(
        MediaRef(source.role, source.url or {"$input": n, "sha256": source.sha256})
        for n, source in enumerate(plan.inputs, 1)
    )
    request = provider.submit_request(plan, refs)
    return {"method": request.method, "url": request.url, "json": request.json}


def _still_there(output: Saved | Output) -> Saved | Output:
    if isinstance(output, Output) or Path(output.path).is_file():
        return output
    return Output(output.kind, output.url, output.width, output.height)


def _settle(app: App, id: str) -> Job:
    """The job. One that has been in `intent` or `sending` for longer than that can take has lost its
    process: nothing left in the first case; in the second nobody knows."""
    job = app.ledger.get(id)
    gateway = app.settings.gateway(job.plan.gateway)
    longest = 4 * (gateway.connect_timeout + gateway.paid_timeout)
    age = app.clock.time() - job.changed_at
    if job.state == "sending" and age > longest:
        lost = UnknownOutcome("The process that sent the paid request is gone. It may have been charged.")
        with suppress(InternalError):  # it moved on meanwhile: what it is by now counts
            app.ledger.unknown(id, errors.error_record(lost))
    elif job.state == "intent" and age > LONGEST_INTENT:
        gone = Interrupted("The process that began this is gone. Nothing was bought.")
        app.ledger.abandoned(id, errors.error_record(gone))
    return app.ledger.get(id)


def _patience(app: App, plan: Plan) -> float:
    """Seconds that `make` waits when not told. Past it nothing is lost: `wait` goes on."""
    if app.made.timeout:
        return float(app.made.timeout)
    longest = 5.0 * plan.estimate[1] if plan.estimate else 0.0
    return max(SHORTEST_PATIENCE, max(LEAST_PATIENCE, longest) / plan.speed)
