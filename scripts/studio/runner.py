"""From a plan to files: `buy` makes the one paid call, `collect` follows it and saves what it made.

This is the only place that pays. Between `ledger.sending` and `ledger.submitted` a job's fate is open;
whatever happens there that is not the vendor's plain no ends in `unknown`, never in a second request.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from time import localtime, strftime
from typing import BinaryIO, Protocol, TypeVar
from urllib.parse import urlsplit

from studio import endings, follow, media, unstored
from studio.contract import (
    Cancels,
    Done,
    Failed,
    Finds,
    Hands,
    Pending,
    Poll,
    Provider,
    Ready,
    Request,
    Response,
)
from studio.errors import (
    InternalError,
    Interrupted,
    LedgerError,
    NetworkError,
    NotSaved,
    RateLimited,
    StudioError,
    UnknownOutcome,
    UsageError,
    error_record,
)
from studio.frozen import dataclass, replace
from studio.ledger import Ledger
from studio.order import Order
from studio.types import Clock, Gateway, Job, Json, Output, Plan, Saved, Submitted, TaskRef
from studio.uploader import Uploader

T = TypeVar("T")

BUSY_PATIENCE = 60.0  # seconds in all that a "too many requests" is waited out
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an answer of an unforeseen shape raises."""
MOST_OUTPUTS = 32  # of one task: none makes as many, and what lists more is not to fill a disk
BUSY_PAUSE = 2.0  # seconds, doubling, where the vendor names no time


class Wire(Protocol):
    """What the runner needs of `studio.http.Http`."""

    def read(self, request: Request) -> Response: ...
    def ask(self, request: Request) -> Response: ...
    def pay(self, request: Request) -> Response: ...
    def download(self, url: str, sink: BinaryIO, cap: int) -> None: ...


@dataclass
class Runner:
    """`held` keeps Ctrl-C waiting while the paid call is under way; `tell` is told how a job goes on; `alive`
    keeps a job's lease while this process is buying; `patience`: seconds in all that trouble which will
    pass is waited out before the vendor accepted."""

    provider: Provider
    http: Wire
    ledger: Ledger
    clock: Clock
    held: Callable[[], AbstractContextManager[None]]
    tell: Callable[[Job, str], None]
    gateway: Gateway | None = None
    alive: Callable[[str], AbstractContextManager[None]] = lambda job: nullcontext()
    patience: float = BUSY_PATIENCE

    def buy(
        self, plan: Plan, out: Path, order: Order | None = None, uploads_until: float | None = None
    ) -> Job:
        """Intent, uploads, the paid call. Returns the submitted job, or raises with the job's end on record.

        A job that another command began is returned as it is: nothing is bought here. So is one whose
        inputs still travel at `uploads_until` (monotonic seconds), in `intent`: the next command with the
        same request goes on with it, and each adds at least one input."""
        job, ours = self.ledger.begin(plan, str(out), order)
        self.tell(job, "recorded")
        if not ours:
            return job
        with self.alive(job.id):
            return self._bought(job, plan, uploads_until)

    @property
    def _uploader(self) -> Uploader:
        return Uploader(self.provider, self.http.read, self.ledger, self.clock, self.gateway, self.patiently)

    def _bought(self, job: Job, plan: Plan, uploads_until: float | None) -> Job:
        try:
            plan = replace(unstored.whole(job.plan, plan), inputs=plan.inputs)  # as it stands on record
            refs = self._uploader.upload(plan, uploads_until)
            if refs is None:
                self.ledger.park(job.id)
                self.tell(job, "parked")
                return job
            request = self.provider.submit_request(plan, refs, job.uid)
            self.patiently(lambda: self._pay(job, request), plan.speed, _refused_before_acceptance)
        except UnknownOutcome as lost:
            self._on_record(self.ledger.unknown, job, lost)
            raise
        except StudioError as refused:
            self._on_record(self.ledger.failed, job, refused)
            self._uploader.forget(plan)
            raise
        except BaseException:
            self._cut_off(job)
            raise
        job = self.ledger.get(job.id)
        self.tell(job, "submitted")
        return job

    def find(self, job: Job, task_id: str) -> TaskRef:
        """The task of that id, as one that this job could have become. Raises UsageError where the vendor
        has no such task, and whatever else asking for it ends with."""
        task = self.provider.task_of(job.plan, task_id)
        try:
            self.ask(replace(job, task=task))
        except NetworkError as problem:
            if problem.kind != "not_found":
                raise
            raise UsageError(
                f"The vendor knows no task {task_id}. Job {job.id} stays as it is.",
                kind="no_such_task",
                detail=problem.detail,
            ) from problem
        return task

    def find_own(self, job: Job) -> TaskRef | None:
        """The task that carries this job's own id, where the vendor can be asked for it and has it. Anything
        else proves nothing."""
        if not isinstance(self.provider, Finds):
            return None
        response = self.http.read(self.provider.find_request(job.plan, job.uid))
        try:
            return self.provider.parse_find(job.plan, response, job.uid)
        except UNREADABLE:
            return None

    @property
    def cancels(self) -> bool:
        return isinstance(self.provider, Cancels)

    def cancel(self, job: Job) -> StudioError | None:
        """Ask the vendor to stop a task, and then what became of it, which is put on record where it is an
        end. Returns why it would not, or what went wrong, if anything did."""
        assert isinstance(self.provider, Cancels) and job.task is not None  # noqa: PT018
        no: StudioError | None = None
        try:
            self.provider.parse_cancel(self.http.ask(self.provider.cancel_request(job.task)))
        except StudioError as problem:
            no = problem
        try:
            end = self.ask(job)
            if no is None and isinstance(end, Failed):  # whatever word it has for it
                end = replace(end, kind="stopped")
            self._take(job, end)
        except StudioError as problem:
            no = no or problem
        return no

    def answers(self, job: Job) -> bool:
        """Ask once how a task is, and put an end on record. Returns whether there is somebody to ask about
        others, too."""
        try:
            self.ended(job)
        except StudioError as problem:
            return problem.kind in {"not_found", "bad_answer"}  # of this task alone
        return True

    def ended(self, job: Job) -> bool:
        """Ask once how a task is, and put an end on record. Returns whether it is at its end. Raises where
        the asking itself failed."""
        return self._take(job, self.ask(job))

    def look(self, job: Job) -> bool:
        """The same; returns whether it is at its end. Whatever goes wrong goes unsaid: the next look may do
        better."""
        try:
            return self.ended(job)
        except StudioError:
            return False

    def _take(self, job: Job, end: Poll) -> bool:
        """An end is put on record, its files not yet saved."""
        if isinstance(end, Failed):
            self._on_record(self.ledger.failed, job, endings.failure(end))
        elif isinstance(end, Done):
            error = endings.partial(end, job.plan.n)
            self._finish(job, end.outputs, end, error_record(error) if error else None)
        return not isinstance(end, Pending)

    def collect(self, job: Job, until: float) -> Job:
        """Follow a submitted job to its end and save all its files; of a job that is done, those that are
        missing. `until`: monotonic seconds."""
        follower = follow.Follower(self.clock, self._remark)
        with self.ledger.times.kept(follower.add(job, self.ledger.times.past(job))):
            _, end = next(follow.run(follower, self.ask, until))
            return self.finish(job, end)

    def finish(self, job: Job, end: Done | Failed) -> Job:
        """A job at its end: its files saved, all of it on record. Raises what went wrong."""
        if job.state == "done" and (isinstance(end, Failed) or len(end.outputs) != len(job.outputs)):
            raise NotSaved(
                "The vendor does not have all of these files any more. What was saved stays as it is.",
                kind="files_gone",
                retry="never",
            )
        if isinstance(end, Failed):
            failure = endings.failure(end)
            self._on_record(self.ledger.failed, job, failure)
            raise failure
        outputs, unsaved = self._save(job, end)
        error: StudioError | None = unsaved or endings.partial(end, job.plan.n)
        self._finish(job, outputs, end, error_record(error) if error else None)
        if error:
            raise error
        return self.ledger.get(job.id)

    def patiently(
        self, step: Callable[[], T], speed: float = 1.0, passing: Callable[[StudioError], bool] | None = None
    ) -> T:
        """A safe step, repeated while the vendor says that its trouble will pass. The paid call passes a
        stricter `passing`: only "too many requests", which refused it before acceptance."""
        passes = passing or _passing
        waited, wait = 0.0, BUSY_PAUSE
        for tried in itertools.count():
            try:
                return step()
            except StudioError as problem:
                wait = BUSY_PAUSE * 2**tried if problem.retry_after is None else problem.retry_after
                waited += max(wait, BUSY_PAUSE)
                if not passes(problem) or waited > self.patience:
                    raise
            with self.held():  # whoever pressed Ctrl-C meanwhile does not wait to be sent again
                pass
            self.clock.sleep(wait / speed)
        raise AssertionError("unreachable")

    def _pay(self, job: Job, request: Request) -> None:
        """The paid call, from the fsync before it to the fsync after it."""
        with self.held():
            self.ledger.sending(job.id)
            response = self.http.pay(request)  # NetworkError here: it was never sent
            try:
                made = self._submitted(job, response)
            except RateLimited:  # a provider raises it only for a refusal before acceptance
                with suppress(InternalError):  # taken for dead meanwhile: then it is not sent again either
                    self.ledger.back_to_intent(job.id)
                raise
            try:
                self.ledger.submitted(job.id, made)
            except (LedgerError, InternalError, ValueError) as why:  # whatever stops us, the id is told
                raise UnknownOutcome(
                    f"Task {made.task.task_id} was accepted, but could not be written down. Keep this id. "
                    f"{why}",
                    kind="not_recorded",
                    detail=made.task.task_id,
                    charged="yes",
                    retry="wait",
                ) from None

    def _submitted(self, job: Job, response: Response) -> Submitted:
        """What the vendor said. Only its plain no is a refusal: all else it may say, or that we cannot
        read, leaves open whether it was accepted."""
        try:
            made = self.provider.parse_submit(job.plan, response)
            return replace(made, task=replace(made.task, submitted_at=self.clock.time()))
        except StudioError as said:
            if said.refused or isinstance(said, UnknownOutcome):
                raise
            raise UnknownOutcome(said.message, detail=said.detail) from said
        except UNREADABLE as odd:
            raise UnknownOutcome(
                "The answer to the paid request could not be read. It may have been accepted and charged.",
                detail=type(odd).__name__,
            ) from odd

    def _cut_off(self, job: Job) -> None:
        """Interrupted, or a defect of ours: say on record how far it came."""
        state = self.ledger.get(job.id).state
        if state == "sending":
            lost = UnknownOutcome("Cut off while the paid request was under way. It may have been charged.")
            self._on_record(self.ledger.unknown, job, lost)
        elif state == "intent":
            self._on_record(self.ledger.failed, job, Interrupted("Cut off before anything was bought."))

    def _on_record(self, move: Callable[[str, Json], None], job: Job, error: StudioError) -> None:
        try:
            move(job.id, error_record(error))
        except (LedgerError, InternalError):
            self.tell(job, "could not be written down")

    def ask(self, job: Job) -> Poll:
        """How a task is now. Raises NetworkError where the answer cannot be read."""
        assert job.task is not None
        request = self.provider.poll_request(job.task, job.plan.language)
        response = self.http.ask(request)
        self.tell(job, "polled")
        try:
            end = self.provider.parse_poll(job.task, response)
            if isinstance(end, Ready):
                assert isinstance(self.provider, Hands)
                response = self.http.ask(self.provider.file_request(job.task, end))
                end = self.provider.parse_file(job.task, end, response)
            return replace(end, outputs=end.outputs[:MOST_OUTPUTS]) if isinstance(end, Done) else end
        except UNREADABLE as odd:  # the wait for something paid never ends with a defect of ours
            raise NetworkError(
                "The vendor's answer about the task could not be read.",
                kind="bad_answer",
                detail=type(odd).__name__,
            ) from odd

    def _remark(self, job: Job, what: str) -> None:
        with suppress(LedgerError):  # a remark is not worth the wait for something paid
            self.ledger.event(job.id, what)

    def _finish(self, job: Job, outputs: tuple[Saved | Output, ...], end: Done, error: Json | None) -> None:
        try:
            self.ledger.done(job.id, outputs, end.charged, error, end.shots)
        except LedgerError as problem:
            raise NotSaved(
                "The task is finished and its files are fetched, but the record could not be written.",
                detail=problem.message,
            ) from problem

    def _save(self, job: Job, done: Done) -> tuple[tuple[Saved | Output, ...], NotSaved | None]:
        """Every output that can be saved is saved, whatever became of the others."""
        self.tell(job, "finished")
        day, now = strftime("%Y%m%d", localtime(job.created_at)), self.clock.time()
        kept: list[Saved | Output] = []
        problem: NotSaved | None = None
        for n, (output, before) in enumerate(itertools.zip_longest(done.outputs, job.outputs), 1):
            if isinstance(before, Saved) and Path(before.path).is_file():
                kept.append(before)
                continue
            try:
                kept.append(self._save_one(output, Path(job.out), f"{day}-{job.id}-{n}"))
            except NotSaved as failed:
                kept.append(output)
                problem = failed
        missing = [made for made in kept if not isinstance(made, Saved)]
        if missing and all((made.expires_at or now) < now for made in missing):
            problem = NotSaved(
                "The links to what is missing have ended, and the vendor gives no others.",
                kind="files_gone",
                detail=f"`again {job.id}` asks what it costs to make it once more.",
                retry="never",
            )
        return tuple(kept), problem

    def _save_one(self, output: Output, folder: Path, stem: str) -> Saved:
        saved = media.save(
            output,
            lambda sink: self.http.download(output.url, sink, media.OUTPUT_CAP),
            folder,
            stem,
        )
        return replace(saved, url=_lasting(saved.url))


def _passing(problem: StudioError) -> bool:
    """Trouble that the vendor itself told of. Broken connections were already repeated by `http`."""
    told = problem.kind == "vendor_down" and problem.provider_code is not None
    return told or isinstance(problem, RateLimited)


def _refused_before_acceptance(problem: StudioError) -> bool:
    return isinstance(problem, RateLimited)


def _lasting(url: str) -> str:
    """A link as it is kept. A rehearsal's port is another one the next time, so it is left out."""
    parts = urlsplit(url)
    return url if parts.scheme == "https" else parts._replace(netloc=parts.hostname or "").geturl()
