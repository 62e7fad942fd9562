"""The command for many: every row of a file that was not bought before, quoted and agreed to as a whole."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from studio import (
    arguments,
    bulk,
    buying,
    choices,
    consent,
    errands,
    media,
    onward,
    receipts,
    rowfile,
    settling,
    tally,
)
from studio.app import App
from studio.bulk import Entry
from studio.contract import Done, Failed, Poll
from studio.crew import Crew
from studio.errands import Errand
from studio.errors import (
    Interrupted,
    LedgerError,
    NeedsApproval,
    OverLimit,
    StudioError,
    UsageError,
)
from studio.follow import Follower
from studio.frozen import dataclass, replace
from studio.order import Order
from studio.rowfile import Row
from studio.terms import difference, digest, terms
from studio.types import Clock, Job, Json, Plan
from studio.values import written

if TYPE_CHECKING:
    from studio.runner import Runner

LARGEST = 50 * 2**20  # bytes of a file of rows
STDIN = "-"
OPEN = (bulk.LEFT, bulk.RUNNING, bulk.UNSAVED)
MOST_TOLD = 10  # rows that cannot be made, told at once


def batch(app: App) -> Json:
    """Quote all, ask once, buy a few at a time, save as they end. What was bought before is not again."""
    entries = planned(app)
    wanted = [one for one in entries if one.state == bulk.LEFT]
    stop = _stop(app, wanted)
    if app.made.dry_run or stop:
        return _question(app, entries, wanted, stop)
    try:
        return _worked(app, entries)
    except KeyboardInterrupt:  # the first is waited with, for what is being paid
        raise Interrupted(
            "Stopped at once. What was being paid may be charged: the same command finds out, and goes on.",
            charged="maybe",
        ) from None


def planned(app: App) -> list[Entry]:
    """Every row of the file, with its price and with what the record knows of it."""
    text = _text(app.made.file)
    rows = rowfile.read(text, app.made, table=_is_table(app.made.file, text))
    app.ledger.settle()
    return _entries(app, rows)


def _text(name: str) -> str:
    """What a file holds, or stdin where a program writes there: nobody types rows."""
    if name == STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("- reads the rows from a pipe, and there is none.", kind="no_rows")
        held = sys.stdin.buffer.read(LARGEST + 1)
    else:
        held = _read(Path(name).expanduser())
    if len(held) > LARGEST:
        raise UsageError(f"{name} is larger than {LARGEST // 2**20} MB.", kind="too_many_rows")
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(
            f"{name} is no text in UTF-8.",
            kind="bad_row",
            detail='In a spreadsheet program: save it as "CSV UTF-8".',
        ) from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if stat.S_ISCHR(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{path} is no file of rows.", kind="no_rows")
            return file.read(LARGEST + 1)
    except OSError as problem:
        raise UsageError(f"{path} cannot be read ({problem.strerror}).", kind="no_rows") from None


def _is_table(name: str, text: str) -> bool:
    """A pipe has no name to go by; a row of JSON begins with a brace."""
    if name == STDIN:
        return not text.lstrip().startswith(("{", "["))
    return Path(name).suffix.lower() in {".csv", ".tsv"}


def _entries(app: App, rows: list[Row]) -> list[Entry]:
    """Every row, planned, with what the record knows of it. Raises UsageError with those that cannot be made:
    then nothing of any is bought."""
    entries: list[Entry] = []
    wrong: list[str] = []
    equal: Counter[str] = Counter()
    with app.one_list():
        for row in rows:
            try:
                entries.append(_entry(app, row, equal))
            except LedgerError:
                raise
            except UsageError as no:
                wrong.append(f"Line {row.line}: {no.message} {no.detail or ''}".strip())
    if wrong:
        more = f" And {len(wrong) - MOST_TOLD} more." if len(wrong) > MOST_TOLD else ""
        raise UsageError(
            f"{len(wrong)} of {len(rows)} rows cannot be made, so nothing was bought. {wrong[0]}",
            kind="bad_row",
            detail=" ".join(wrong[1:MOST_TOLD]) + more,
        )
    return entries


def _entry(app: App, row: Row, equal: Counter[str]) -> Entry:
    errand = _errand(app, row.words)
    plan = errand.plan()
    as_written = {name: written(value) for name, value in errand.wish.options.items()}
    content = replace(errand.wish, options=as_written).digest(errand.inputs)  # JSON has types, CSV has none
    equal[content] += 1
    id = digest({"content": content, "count": equal[content]})
    job, state = _known(app, id)
    if state == bulk.FAILED and app.made.retry_failed:
        state = bulk.LEFT
    bare = replace(plan, inputs=tuple(replace(one, content=None) for one in plan.inputs))
    return Entry(row.line, id, errand.app.made, row.words, bare, errand.gateway, job, state)


def _known(app: App, id: str) -> tuple[Job | None, str]:
    """The newest job of a row, and what the row is by it. One that was bought and forgotten is done."""
    job = app.ledger.names.of_row(id)
    if job is None:
        return None, bulk.LEFT
    try:
        found = app.ledger.get(job)
    except LedgerError:
        raise
    except UsageError:
        return None, bulk.DONE
    return found, bulk.standing(found)


def _errand(app: App, words: tuple[str, ...]) -> Errand:
    """A row as the `make` that it is, in the place of the whole."""
    made = app.made
    common = [f"--language={made.language}", *(["--sandbox"] if app.sandbox else [])]
    common += [f"--speed={made.speed:g}"] if made.speed else []
    whole = ("make", *words, *common)
    one = app.another(arguments.parse(whole), whole)
    try:
        return errands.errand(one)
    except StudioError:
        app.gateway = one.gateway  # whose key or page it is about
        raise


def _stop(app: App, wanted: list[Entry]) -> NeedsApproval | OverLimit | None:
    """What stands between the rows and their purchase: a limit, or a question."""
    made, whole = app.made, bulk.sums(wanted)
    if made.max_credits is not None and len(whole) > 1:
        raise UsageError(
            "--max-credits is in one unit, and the rows are bought at several gateways.",
            kind="which_gateway",
            detail="Put the rows of each gateway into a file of their own.",
        )
    approved = app.ledger.accounts.approved(made.approve) if made.approve else None
    said = consent.Consent(
        max_credits=made.max_credits,
        yes=made.yes,
        accept_unknown=made.accept_unknown_price,
        token=made.approve if wanted else None,
        approved=approved,
    )
    asks = any(one.plan.ask_first for one in wanted)
    try:
        for one in wanted:
            consent.check_limits(one.plan.billing.amount, one.gateway, None)
        _check_days(app, wanted)
        consent.check_whole(whole, said, asks=asks, covered=bulk.covered(approved or {}, wanted))
    except (NeedsApproval, OverLimit) as no:
        return no
    return None


def _check_days(app: App, wanted: list[Entry]) -> None:
    """Whether the limits of the day leave room for all of it. Each row claims its own when it is bought."""
    for sum in bulk.sums(wanted):
        theirs = [one for one in wanted if one.gateway.id == sum.gateway.id]
        everybody = replace(sum.gateway, limits=replace(sum.gateway.limits, per_user=None))
        app.ledger.accounts.check(_costing(theirs[0].plan, sum.steps), everybody)
        for user in {one.plan.user_id for one in theirs}:
            own = [one for one in theirs if one.plan.user_id == user]
            app.ledger.accounts.check(_costing(own[0].plan, bulk.sums(own)[0].steps), sum.gateway)


def _costing(plan: Plan, steps: int) -> Plan:
    return replace(plan, billing=replace(plan.billing, amount=steps))


def _question(
    app: App, entries: list[Entry], wanted: list[Entry], stop: NeedsApproval | OverLimit | None
) -> Json:
    token = next = None
    if wanted and not isinstance(stop, OverLimit):
        token = app.ledger.accounts.approve(bulk.offered(wanted))
        next = onward.whole(app, token)
    app.fault = None if app.made.dry_run else stop
    return tally.whole(entries, app.voice, event="quote", error=stop, token=token, next=next)


def _worked(app: App, entries: list[Entry]) -> Json:
    """Everything that is still to be bought, followed or saved; each row is told when it is over."""
    open_ones = [one for one in entries if one.state in OPEN]
    told: set[str] = set()

    def over(entry: Entry) -> None:
        told.add(entry.id)
        job, state = _known(app, entry.id)
        if job and state != bulk.LEFT:  # the record knows best: the next run goes by it
            entry.job, entry.state = job, state
        app.say(tally.row(entry, sandbox=app.sandbox))
        if entry.job:
            app.ledger.handed_out(entry.job.id)

    stop = threading.Event()
    hands = _Hands(app, stop)
    crew = Crew(
        buy=hands.buy,
        ask=hands.ask,
        save=hands.save,
        over=over,
        follower=Follower(app.clock, lambda job, what: app.ledger.event(job.id, what)),
        past=app.ledger.times.past,
        keep=app.ledger.times.keep,
        clock=app.clock,
        held=app.held,
        stop=stop,
        concurrency=app.made.concurrency,
        max_failures=app.made.max_failures,
    )
    for entry in entries:
        if entry.state not in OPEN:
            app.say(tally.row(entry, sandbox=app.sandbox))
    for gateway in {entry.gateway.id for entry in open_ones}:
        settling.settle_others(app, gateway)
    app.live(lambda: tally.live(entries))
    crew.work(open_ones)
    for entry in open_ones:
        if entry.id not in told:  # what was not heard of any more stands on the record
            entry.job, entry.state = _known(app, entry.id)
            if entry.state != bulk.LEFT:
                entry.before = False
                over(entry)
    return _end(app, entries, crew)


def _end(app: App, entries: list[Entry], crew: Crew | None = None) -> Json:
    shut = crew.shut if crew else []
    app.fault = tally.fault(entries, shut, interrupted=crew is not None and crew.interrupted)
    app.job = app.gateway = None
    goes_on = any(one.state in OPEN for one in entries)
    next = onward.whole(app) if goes_on else None
    return tally.whole(entries, app.voice, event="batch", error=app.fault, stopped=shut, next=next)


@dataclass
class _Hands:
    """What is done in threads: each has its own connection to the record, and to the gateways."""

    app: App
    stop: threading.Event

    def __post_init__(self) -> None:
        self._own = threading.local()
        if self.app.sandbox:
            self.app.twins(self.app.made.speed or 1.0)  # one imitation for all of them

    def buy(self, entry: Entry) -> Job:
        """A purchase as `make` does it, at the terms that were agreed; or the job that another command made
        of the row meanwhile. Raises what stopped it."""
        newest, state = _known(self._app, entry.id)
        if newest and newest.id != (entry.job.id if entry.job else None) and state != bulk.LEFT:
            return newest
        app = self._app.another(entry.made, ("make", *entry.words))
        errand = errands.errand(app)
        media.check_folder(app.out)
        plan = errand.plan()
        choices.settle(app, errand.choice, plan)

        def agree() -> None:
            changed = difference(terms(entry.plan, entry.gateway), terms(plan, errand.gateway))
            if changed:
                names = ", ".join(str(one["what"]) for one in changed)
                raise NeedsApproval(
                    f"Line {entry.line} is not what was quoted any more: {names} differs.",
                    kind="approval_changed",
                )

        order = Order(
            gateway=errand.gateway,
            asked=digest({"row": entry.id}),
            user_id=app.made.user_id,
            row=entry.id,
            after=newest.id if newest else None,
            receipt=app.wants_receipt,
            agree=agree,
        )
        return buying.purchase(errand, plan, order)

    def ask(self, job: Job) -> Poll:
        return self._runner(job).ask(job)

    def save(self, job: Job, end: Done | Failed) -> Job:
        return receipts.settle(self._app, self._runner(job).finish(job, end))[0]

    @property
    def _app(self) -> App:
        """This thread's."""
        if not hasattr(self._own, "app"):
            self._own.app = self.app.alongside(_Patience(self.app.clock, self.stop), self._held)
            self._own.runners = {}
        app: App = self._own.app
        return app

    def _runner(self, job: Job) -> Runner:
        app, at = self._app, (job.plan.provider, job.plan.gateway, job.plan.speed)
        if at not in self._own.runners:
            provider, gateway, speed = at
            self._own.runners[at] = app.runner(provider, app.reach(gateway, speed), speed)
        runner: Runner = self._own.runners[at]
        return runner

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Around what must not be cut: entered only while it may still begin."""
        _check_on(self.stop)
        yield


@dataclass(frozen=True)
class _Patience:
    """A clock whose waits end when all is to stop."""

    clock: Clock
    stop: threading.Event

    def time(self) -> float:
        return self.clock.time()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.stop.wait(seconds)
        _check_on(self.stop)


def _check_on(stop: threading.Event) -> None:
    if stop.is_set():
        raise Interrupted("Stopped before it was sent. Nothing was bought.")
