"""What a command comes back with: the documents about a job, with what is due to be said."""

from __future__ import annotations

import contextlib
import math

from studio import cadence, documents, onward, receipts, speech
from studio.app import App
from studio.errors import InternalError, KeyProblem, LedgerError, NetworkError, StudioError
from studio.frozen import replace
from studio.types import Job, Json

A_MOMENT = 0.05  # seconds


def on_its_way(app: App, job: Job) -> Json:
    """What `start` comes back with."""
    if not app.parked:
        _alone(app, job)
    next, background = onward.waiting(app, job)
    return documents.on_its_way(
        job,
        app.settings.gateway(job.plan.gateway),
        app.voice,
        now=app.clock.time(),
        next=onward.uploading(app, job) if app.parked else next,
        background=None if app.parked else background,
        uploading=app.parked,
        told_before=app.ledger.told.notified(job.id),
    )


def result(app: App, job: Job) -> Json:
    _alone(app, job)
    job, note = receipts.settle(app, app.ledger.get(job.id))
    gateway = app.settings.gateway(job.plan.gateway)
    told = app.ledger.told.files(job.id)
    made = documents.result(
        job,
        gateway,
        app.voice,
        now=app.clock.time(),
        told=told,
        announced=app.ledger.told.notified(job.id),
    )
    made["note"] = note
    return {**made, "send": [speech.ready_before(app.voice)]} if app.asked and not made["send"] else made


def going_on(app: App, job: Job, note: str | None = None, parts: tuple[int, int] | None = None) -> Json:
    """A job that goes on, with the word that is due, or that the person asked for. Of one that may take days
    there is always one: nobody waits for it, so whoever comes asks."""
    next, background = onward.waiting(app, job)
    asks = app.asked or job.plan.later
    told = [speech.status(job, _elapsed(app, job), app.voice)] if asks else _word(app, job, parts, note)
    return documents.progress(
        job,
        app.settings.gateway(job.plan.gateway),
        app.voice,
        now=app.clock.time(),
        send=told,
        next=next,
        background=background,
        note=note,
        parts=parts,
    )


def closed(app: App, job: Job, what: str, next: list[str] | None) -> Json:
    """A job that the person ended: `what` is cancelled or not_charged."""
    gateway = app.settings.gateway(job.plan.gateway)
    return documents.closed(app.ledger.get(job.id), gateway, app.voice, what, now=app.clock.time(), next=next)


def failure(app: App, error: StudioError) -> Json:
    """The document of whatever went wrong, with all that is known by then."""
    job, note = app.known_job(error.about.get("job")), None
    if job:
        _alone(app, job)
        job, note = receipts.settle(app, app.ledger.get(job.id))
    if isinstance(error, InternalError):  # a defect: what it may have cost, the record tells
        error.charged = "no" if job is None or job.state == "intent" else "maybe"
    elif job and job.state in {"sending", "submitted", "unknown"} and error.charged == "no":
        error.charged = "maybe"  # whatever went wrong, something is under way
    elif job and job.state == "done" and isinstance(error, KeyProblem | NetworkError):
        error.charged = "yes"  # it is made and paid for; only this step cost nothing
    others = [
        replace(one, keyless=one.gateway is not None and one.gateway not in app.payable)
        for one in documents.others_for(error, job.plan if job else app.plan, job)
    ]
    made = documents.failure(
        error,
        app.voice,
        now=app.clock.time(),
        job=job,
        gateway=app.settings.gateway(job.plan.gateway) if job else app.gateway,
        plan=app.plan,
        next=onward.after(app, error, job),
        others=others,
        ways=[onward.with_another(app, error, other, job) for other in others],
        told_before=bool(job and job.handed_out_at and _ends(job, error.kind)) and not app.asked,
        told=app.ledger.told.files(job.id) if job else (),
    )
    return {**made, "note": note}


def next_word(app: App, job: Job) -> float:
    """When (monotonic seconds) it is time to say how a job goes."""
    elapsed = _elapsed(app, job)
    left = cadence.moments(job.plan)[app.ledger.told.progress(job.id) :]
    if elapsed is None or not left:
        return math.inf
    return app.clock.monotonic() + max(0.0, left[0] - elapsed)


def handed_out(app: App, document: Json) -> None:
    """The document is printed, and its reader has it: what it says of a job's begin or end is said."""
    with contextlib.suppress(StudioError):  # then it is said twice, which is better than not at all
        job = app.known_job(document.get("job"))
        if not (job and document["send"]):
            return
        if document["event"] == "submitted":
            app.ledger.told.notify(job.id)
        told = document.get("error")
        if document["done"] and _ends(job, told["kind"] if told else None):
            app.ledger.handed_out(job.id)
        elif job.state == "done":  # its files stand in each of its documents, whatever else is said there
            for number, output in enumerate(document.get("outputs", ()), 1):
                if output["path"]:
                    app.ledger.told.file(job.id, number)


def _alone(app: App, job: Job) -> None:
    """Wait until no other process speaks of a job's begin or end: what this one then reads of what was said
    holds until it has said its own."""
    if app.made.brief or app.made.quiet or job.handed_out_at:  # then nothing new is said
        return
    try:
        while not app.ledger.told.turn(job.id):
            app.clock.sleep(A_MOMENT)
    except StudioError as trouble:
        if trouble.kind != LedgerError.kind:
            raise  # such as a damaged record, of which the person is told


def _ends(job: Job, kind: str | None) -> bool:
    """Whether these words (an error's kind; None: no error) are the end that is on record, and not another
    trouble with the same job. It ends when all of it is saved."""
    whole = job.state != "done" or job.complete
    return whole and kind == (job.error["kind"] if job.error else None)


def _word(app: App, job: Job, parts: tuple[int, int] | None, note: str | None) -> list[Json]:
    """How the job goes, if that is due and nobody else says it. Not where messages stay unprinted. `note`:
    what was wrong with the vendor's last answers."""
    elapsed = _elapsed(app, job) or 0.0
    moment, told = cadence.reached(job.plan, elapsed), app.ledger.told
    unsaid = app.made.brief or app.made.quiet or moment <= told.progress(job.id)
    if unsaid or not told.claim_progress(job.id, moment):
        return []
    return [speech.progress(job, elapsed, app.voice, parts, unseen=note is not None)]


def _elapsed(app: App, job: Job) -> float | None:
    return speech.elapsed(job, app.clock.time())
