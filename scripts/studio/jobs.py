"""The commands about a job that is there: go on with it, save it again, stop it, settle it, forget it. None
of them buys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio import catalogue, errors, figures, onward, receipts, settling, telling
from studio.accounts import TOKEN_LIFE
from studio.errors import (
    Interrupted,
    JobFailed,
    NetworkError,
    NotFinished,
    NotSaved,
    StudioError,
    UnknownOutcome,
    UsageError,
)
from studio.frozen import replace
from studio.ledger import LEASED
from studio.names import LAST
from studio.types import Job, Json, Output, Saved, Submitted

if TYPE_CHECKING:
    from studio.app import App
    from studio.runner import Runner

ONE_QUESTION = 2.0  # seconds
ONE_LOOK = 0.2
WAITED_FOR = "waited for"  # what is told of a job before it is asked about, to whoever looks on
OVER = ("done", "failed", "cancelled", "abandoned")


def wait(app: App) -> Json:
    """Go on with a job from wherever it is; or ask once for each."""
    if app.made.all:
        return _all(app)
    if app.made.job is None:
        raise UsageError("wait needs a job, or --all.", detail="`create.py list --open` shows what there is.")
    return carry_on(app, find(app), _until(app), come_back=True)


def fetch(app: App) -> Json:
    """A finished job's files, where they are missing or, with --out, once more; with fresh links."""
    job = find(app)
    if job.state != "done":
        raise UsageError(
            f"Job {job.id} is {job.state}, so it has no files to save.",
            kind="nothing_to_fetch",
            retry="wait" if job.state == "submitted" else "never",
        )
    if app.made.out:
        from studio import media

        media.check_folder(app.out)
        links = tuple(made.at_the_vendor() if isinstance(made, Saved) else made for made in job.outputs)
        job = replace(job, out=str(app.out), outputs=links)
    return carry_on(app, job, _until(app))


def cancel(app: App) -> Json:
    """Stop a job. What was not sent yet is not sent; of what the vendor accepted, the vendor decides."""
    job = find(app)
    stopped = Interrupted("Cancelled before anything was bought.", kind="cancelled", retry="never")
    if app.ledger.cancelled(job.id, errors.error_record(stopped)):
        return telling.closed(app, job, "cancelled", None)
    job = app.ledger.get(job.id)
    if job.state in OVER:
        raise UsageError(f"Job {job.id} is {job.state} already.", kind="already_over", retry="never")
    if job.task and _stopped(app, job):
        return telling.closed(app, job, "stopped", None)
    raise UsageError(
        f"{job.plan.model.name} cannot be cancelled once it is sent: it goes on, and may be charged.",
        kind="cannot_cancel",
        detail=f"`wait {job.id}` brings what it makes." if job.task else None,
        retry="wait" if job.task else "never",
    )


def _stopped(app: App, job: Job) -> bool:
    """Whether the vendor stopped it: its state says so, whatever became of our asking."""
    runner = settling.runner(app, job)
    if not runner.cancels:
        return False
    no = runner.cancel(job)
    state = app.ledger.get(job.id).state
    if no is None and state == "submitted":
        no = NotFinished("It was told to stop; that it did, its state does not say yet: ask with `wait`.")
    if no is not None and state != "cancelled":
        no.charged, no.retry = "maybe", "wait"
        raise no
    return state == "cancelled"


def reconcile(app: App) -> Json:
    """The way out of `unknown`: the vendor's id of the task it became, or that it became none."""
    made = app.made
    until = _until(app)
    job = _settled(app, find(app), until)
    if made.task_id and made.not_charged:
        raise UsageError("Either --task-id or --not-charged, not both.", kind="contradiction")
    too_early = bool(made.task_id and job.error and job.error["kind"] == "not_charged")
    if job.state != "unknown" and not too_early:
        raise UsageError(
            f"Job {job.id} is {job.state}: there is nothing to find out about it.",
            kind="nothing_to_reconcile",
            retry="wait" if job.state == "submitted" else "never",
        )
    if made.not_charged and _found(app, job):
        return carry_on(app, app.ledger.get(job.id), until, come_back=True)
    if made.not_charged:
        nothing = JobFailed("Not accepted, as you found out.", kind="not_charged", charged="no", retry="same")
        if not app.ledger.not_charged(job.id, errors.error_record(nothing)):
            return as_recorded(app, app.ledger.get(job.id))  # somebody else found out meanwhile
        return telling.closed(app, job, "not_charged", onward.same_again(app, job.plan, job.out))
    runner = settling.runner(app, job)
    task = runner.find(job, made.task_id) if made.task_id else runner.find_own(job)
    if task is None:
        raise UnknownOutcome(
            f"Whether job {job.id} was accepted cannot be asked: look at the vendor's page.",
            kind="cannot_ask",
            detail=f"Then: `reconcile {job.id} --task-id ID`, or `reconcile {job.id} --not-charged`.",
        )
    app.ledger.adopt(job.id, Submitted(task))
    return carry_on(app, app.ledger.get(job.id), until, come_back=True)


def _found(app: App, job: Job) -> bool:
    """Whether the vendor has the task after all, by an id of ours; then it is the job's from here on. Where
    it cannot be asked, the person's word counts."""
    try:
        task = settling.runner(app, job).find_own(job)
    except StudioError:
        return False
    return task is not None and app.ledger.adopt(job.id, Submitted(task))


def _ended_by_now(app: App, runner: Runner, job: Job) -> bool:
    """Of a job that may take days: one question. Raises where it cannot be asked about, or takes even
    longer."""
    try:
        if runner.ended(job):
            return True
    except NetworkError as problem:
        if problem.kind == "not_found":
            raise NotFinished(
                "The vendor does not find the task; it may still exist. Ask again later with `wait`.",
                kind="lookup_failed",
                detail=problem.detail,
                retry="later",
            ) from problem
    waited = app.clock.time() - (job.task.submitted_at if job.task else job.created_at)
    if job.plan.estimate and waited * job.plan.speed > job.plan.estimate[1]:
        raise NotFinished(
            "The task is accepted, but takes longer than it may. It is not lost: `wait` asks again.",
            kind="overdue",
            retry="later",
        )
    return False


def purge(app: App) -> Json:
    """Forget what ended before a time, with its receipts, and the logs of the days before. Never what is
    open, unknown, or not saved."""
    from studio import reports

    if app.made.before is None:
        raise UsageError("purge needs --before: a date, or an age such as 90d.", kind="missing_before")
    used = app.clock.time() - TOKEN_LIFE  # a used token stays used
    before = min(figures.instant(app.clock, app.made.before), used)
    written = receipts.remove(app.ledger.past.receipts(before))
    logs = app.log.forget(app.ledger.accounts.day(before))
    gone = app.ledger.past.forget(before)
    return reports.purged(gone, receipts=written, logs=logs, sandbox=app.sandbox)


def find(app: App) -> Job:
    """The job a command names, or the newest where it says `last`; from here on a failure is told with it. A
    file that is no longer there counts as not saved."""
    app.ledger.settle()
    named = app.made.job
    if named == LAST:
        from studio.earlier import newest

        named = newest(app)
    job = app.ledger.get(named)
    job = replace(job, outputs=tuple(map(_still_there, job.outputs)))
    return _known(app, job)


def carry_on(app: App, job: Job, until: float, *, come_back: bool = False) -> Json:
    """A job to its end, with its files on this disk. `until`: monotonic seconds; `come_back`: then say that
    it goes on, as nothing is wrong."""
    job = _settled(app, _known(app, job), until)
    if job.state not in {"submitted", "done"} or job.complete:
        return as_recorded(app, job)
    from studio import follow

    runner = settling.runner(app, job)
    app.told(job, WAITED_FOR)
    if job.plan.later and job.state == "submitted":
        if not _ended_by_now(app, runner, job):
            return telling.going_on(app, job)
        job = app.ledger.get(job.id)
        if job.state not in {"submitted", "done"} or job.complete:
            return as_recorded(app, job)
    late = follow.overdue(job, app.clock.time())
    if late:  # it is asked about once, as soon as the vendor allows
        until = app.clock.monotonic() + ONE_QUESTION + job.plan.poll_every / job.plan.speed
    try:
        return telling.result(app, _collected(app, runner, job, until, come_back and not late))
    except NotFinished as patience:
        _told_if_made(job, patience)
        if not come_back:
            raise
        if late:
            raise NotFinished(
                "The task is accepted, but takes far longer than any known. It is not lost, and not waited "
                "for any more by itself: ask again later with `wait`.",
                kind="overdue",
                detail=patience.detail,
                retry="later",
            ) from patience
        if patience.kind != NotFinished.kind:
            raise
        return telling.going_on(app, job, patience.detail, patience.parts)


def _told_if_made(job: Job, patience: NotFinished) -> None:
    """What is made is not told as being made, because where its files are could not be asked."""
    if job.state == "done":
        raise NotSaved(
            "It is made; where its files are could not be asked just now.", detail=patience.detail
        ) from patience


def as_recorded(app: App, job: Job) -> Json:
    """A job as the record knows it, without asking anybody."""
    _known(app, job)
    if job.error:
        raise errors.from_record(job.error)
    return telling.result(app, job) if job.complete else telling.going_on(app, job)


def _collected(app: App, runner: Runner, job: Job, until: float, come_back: bool) -> Job:
    """The finished job; or NotFinished at `until`, or, where whoever waits is to come back, as soon as a word
    is due. Not without having asked, and not while the vendor gives no answer: then no word is."""
    word = max(telling.next_word(app, job), app.clock.monotonic() + ONE_LOOK) if come_back else until
    if word < until:
        try:
            return runner.collect(job, word)
        except NotFinished as patience:
            if patience.detail is None:
                raise
    return runner.collect(job, until)


def _all(app: App) -> Json:
    """Ask once for each job of which something is still to come; save what is there, and say it. What belongs
    to another user is asked about, and left for that user."""
    from studio import reports

    if app.made.api_key:
        raise UsageError("--api-key is one gateway's key, and --all asks several: set their variables.")
    app.ledger.settle()
    looked = []
    for job in app.ledger.newest(settling.EVERY, only_open=True, user_id=app.made.user_id):
        if job.state not in {"submitted", "done"}:
            continue
        looked.append(job.id)
        ended = job.state == "done" or _looked(app, job)
        if ended and job.plan.user_id == app.made.user_id:
            app.gathered.append(_ended(app, app.ledger.get(job.id)))
    jobs = [app.ledger.get(id) for id in looked]
    send = [item for document in app.gathered for item in document["send"]]
    gateways = {made.id: made for made in catalogue.gateways()}
    app.job = None
    return {**reports.listing(jobs, gateways, sandbox=app.sandbox), "send": send}


def _looked(app: App, job: Job) -> bool:
    """Whether a job is at its end by now; not where its gateway cannot be asked, as without its key."""
    try:
        return settling.runner(app, job).look(job)
    except StudioError as problem:
        app.gathered.append(telling.failure(app, problem))
        return False


def _ended(app: App, job: Job) -> Json:
    try:
        return carry_on(app, job, app.clock.monotonic() + settling.A_WHILE)
    except StudioError as problem:
        return telling.failure(app, problem)


def _known(app: App, job: Job) -> Job:
    app.job = job.id
    app.gateway = app.settings.gateway(job.plan.gateway)
    app.language = app.named_language or job.plan.language
    if getattr(app.made, "receipt", False) and not job.receipt_wanted:
        app.ledger.receipts.want_now(job.id)
    return job


def _settled(app: App, job: Job, until: float) -> Job:
    """The job once no other process is buying it, or at `until`."""
    while job.state in LEASED and app.clock.monotonic() < until:
        app.clock.sleep(max(0.0, min(1.0, until - app.clock.monotonic())))
        app.ledger.settle()
        job = app.ledger.get(job.id)
    return job


def _until(app: App) -> float:
    return float(app.clock.monotonic() + app.made.max_wait)


def _still_there(output: Saved | Output) -> Saved | Output:
    if isinstance(output, Output) or Path(output.path).is_file():
        return output
    return output.at_the_vendor()
