"""The commands that ask a price and buy."""

from __future__ import annotations

from studio import arguments, choices, consent, errands, media, settling, steps, terms, unstored
from studio.app import App
from studio.errands import Errand
from studio.errors import NeedsApproval, OverLimit, StudioError
from studio.frozen import replace
from studio.names import RUNNING
from studio.order import Order
from studio.types import Job, Json, MediaRef, Plan

UPLOADS_UNTIL = 8.0  # seconds after which `start` comes back although inputs still travel


def make(app: App) -> Json:
    """Buy, follow to the end, save. Everything that can be found out before paying is found out first."""
    if app.made.dry_run:
        return quote(app)
    job = _buy(app)
    from studio import follow, jobs, telling

    if job.plan.later and job.state == "submitted":
        return telling.on_its_way(app, job)
    patience = float(app.made.timeout or follow.patience(job.plan))
    return jobs.carry_on(app, job, app.clock.monotonic() + patience)


def start(app: App) -> Json:
    """Buy and come back: within some seconds, but for the paid call, which is always waited for."""
    job = _buy(app, app.began + UPLOADS_UNTIL)
    from studio import jobs, telling

    return telling.on_its_way(app, job) if job.state in RUNNING else jobs.as_recorded(app, job)


def quote(app: App) -> Json:
    """The price, a token that says yes to it and, for --dry-run, the request itself; nothing is uploaded and
    nothing bought. Says too what buying it now would end with."""
    from studio import documents, onward

    errand = errands.errand(app)
    app.plan = plan = errand.plan()
    choices.settle(app, errand.choice, plan)
    stop: NeedsApproval | OverLimit | None = None
    try:
        app.ledger.settle()
        app.ledger.accounts.check(plan, errand.gateway)
        consent.check(plan, errand.gateway, _consent(app))
    except (NeedsApproval, OverLimit) as no:
        stop = no
    token = None if isinstance(stop, OverLimit) else onward.approval(app, plan)
    return documents.quote(
        plan,
        errand.gateway,
        app.voice,
        stop=stop,
        request=_dry(errand, plan) if getattr(app.made, "dry_run", False) else None,
        token=token,
        next=onward.purchase(app, token) if token else None,
    )


def step(app: App) -> Json:
    """An `edit` or a `compose`: the purchase that it stands for."""
    words, dry = steps.words(app), app.made.dry_run
    app.instead(arguments.parse(words), words)
    app.made.dry_run = dry  # shows the request, as with `make`
    return COMMANDS[words[0]](app)


def again(app: App) -> Json:
    """The wish of a job, or of a receipt, once more, with what is changed: a new quote, and nothing more."""
    from studio import receipts, wording

    of_receipt = receipts.is_one(app.made.job)
    plan, out = receipts.read(app) if of_receipt else _of_job(app)
    if plan.left_out and app.made.prompt is None:
        app.job = None  # nothing is wrong with that one
        raise unstored.lacking(f"{'receipt' if of_receipt else 'job'} {app.made.job}")
    language = app.named_language or plan.language
    words = ["quote", *wording.words(plan, out, app.made, language=language, sandbox=app.sandbox)]
    words += ["--receipt"] if app.made.receipt else []
    chat = app.made.channel
    app.job = None
    app.instead(arguments.parse(words), words)
    app.made.channel = chat  # what comes after it is said there, too
    document = quote(app)
    app.remarks += receipts.changed(plan, app.plan) if of_receipt else []
    return document


def _of_job(app: App) -> tuple[Plan, str]:
    from studio import jobs

    job = jobs.find(app)
    return job.plan, job.out


def _buy(app: App, uploads_until: float | None = None) -> Job:
    """The job that this command stands for: bought now, or before."""
    errand = errands.errand(app)
    media.check_folder(app.out)
    order = Order(
        gateway=errand.gateway,
        asked=errand.wish.digest(errand.inputs),
        key=app.made.idempotency_key,
        user_id=app.made.user_id,
        token=app.made.approve,
        forced=app.made.force_new,
        receipt=app.wants_receipt,
    )
    app.ledger.settle()
    settling.settle_others(app, errand.gateway.id)
    before = app.ledger.named(order)
    if before and before.state not in {"intent", "unknown"}:
        return before
    plan = errand.plan()
    choices.settle(app, errand.choice, plan)

    def agree() -> None:
        app.ledger.accounts.check(plan, errand.gateway)  # before anybody is asked for a yes that cannot count
        consent.check(plan, errand.gateway, _consent(app))

    def within(amount: int | None) -> None:
        consent.check_limits(amount, errand.gateway, app.made.max_credits)
        app.ledger.accounts.check(plan, errand.gateway, claimed=amount or 0)

    return purchase(errand, plan, replace(order, agree=agree, within=within), uploads_until)


def purchase(errand: Errand, plan: Plan, order: Order, uploads_until: float | None = None) -> Job:
    """The purchase, and what a refusal may turn it into: once the same from a fresh list, and where that is
    allowed, a smaller size. Both cost no more than was agreed, so nobody is asked again."""
    app = errand.app
    app.plan = plan
    try:
        order = replace(order, fingerprint=terms.fingerprint(plan, order.row))
        return errand.runner.buy(plan, app.out, order, uploads_until)
    except StudioError as refusal:
        no = refusal
        following = _following(errand, no) if no.refused and app.job else None
        if following is None:
            raise
    anew = replace(order, agree=Order.agree, after=app.job)  # the row has that job now
    return purchase(*following, anew, uploads_until)


def _following(errand: Errand, no: StudioError) -> tuple[Errand, Plan] | None:
    """What comes after a refusal, by the plan that was refused: a job that was taken up has its own."""
    from studio import remedies

    plan = errand.app.ledger.get(str(errand.app.job)).plan
    plan = unstored.whole(plan, errand.app.plan) if errand.app.plan else plan
    if no.kind == "offer_changed" and all(step["why"] != no.kind for step in plan.steps):
        return errand, remedies.resolved_anew(errand, plan, no)
    smaller = None
    if no.smaller_may_do and errand.app.made.allow_degrade:
        smaller = remedies.stepped_down(errand, plan, no)
    return (replace(errand, wish=smaller[0]), smaller[1]) if smaller else None


def _consent(app: App) -> consent.Consent:
    made = app.made
    token = getattr(made, "approve", None)
    return consent.Consent(
        max_credits=made.max_credits,
        yes=made.yes,
        accept_unknown=made.accept_unknown_price,
        token=token,
        approved=app.ledger.accounts.approved(token) if token and not app.ledger.names.used(token) else None,
        forced=made.force_new,
    )


def _dry(errand: Errand, plan: Plan) -> Json:
    """The paid request as it would be sent, without the key; local inputs stand as placeholders."""
    refs = tuple(
        MediaRef(source.role, source.url or {"$input": n, "sha256": source.sha256})
        for n, source in enumerate(plan.inputs, 1)
    )
    request = errand.runner.provider.submit_request(plan, refs, "UUID")
    return {"method": request.method, "url": request.url, "json": request.json}


COMMANDS = {"start": start, "quote": quote}
