"""Puts the parts together for one command: the only place that reads the environment."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from studio import catalogue, documents, pulse, settings, wording
from studio.contract import Provider
from studio.errors import InternalError, NeedsApproval, StudioError, UnknownOutcome
from studio.ledger import LEASED, Ledger
from studio.messages import LANGUAGES, language_of
from studio.names import own_key
from studio.terms import terms
from studio.types import Clock, Gateway, Job, Json, Offer, Plan

if TYPE_CHECKING:
    from sandbox import Sandbox
    from studio.runner import Runner

SCRIPT = Path(__file__).resolve().parents[1] / "create.py"
REHEARSAL = "sb-"
START_PATIENCE = 8.0  # seconds: `start` comes back soon
ASKS = (NeedsApproval.exit_code, UnknownOutcome.exit_code)  # those whose `next` is for after a yes
UNSAID = (
    "--dry-run",
    "--yes",
    "--accept-unknown-price",
    "--remember",
)  # a token says it, or it is done


class App:
    """The parts one command needs, each made when it is first used. What becomes known on the way (job,
    gateway, plan, language) is kept, so that a failure can be told with it."""

    def __init__(
        self,
        made: argparse.Namespace,
        argv: Sequence[str],
        clock: Clock,
        held: Callable[[], AbstractContextManager[None]],
        tell: Callable[[Job, str], None],
    ) -> None:
        self.made = made
        self.clock = clock
        self._argv = tuple(argv)
        self._held = held
        self._tell = tell
        self._box: Sandbox | None = None
        self._ledger: Ledger | None = None
        self.job: str | None = None
        self.gateway: Gateway | None = None
        self.plan: Plan | None = None
        self.began = clock.monotonic()
        self.parked = False  # inputs still travel, and the next command goes on with them
        self.told_before = False  # what is said now was said before
        self.remarks: list[str] = []  # lines for the person, beside what the document says
        self.sandbox = bool(getattr(made, "sandbox", False)) or getattr(made, "job", "").startswith(REHEARSAL)
        self.settings = settings.load(
            os.environ,
            home=made.home,
            api_key=getattr(made, "api_key", None),
            base_url=getattr(made, "base_url", None),
            most={
                "per_day": getattr(made, "max_per_day", None),
                "per_user": getattr(made, "max_per_user", None),
            },
        )
        named = [self.named_language, self.settings.config.get("language")]
        prompted = language_of(getattr(made, "prompt", getattr(made, "model", None)))
        self.language = next((one for one in named if one in LANGUAGES), prompted)

    @property
    def named_language(self) -> str | None:
        named: str = getattr(self.made, "language", "auto")
        return None if named == "auto" else named

    @property
    def ledger(self) -> Ledger:
        """The record of this command's kind: rehearsals have one of their own."""
        if self._ledger is None:
            self._ledger = self._record()
        return self._ledger

    def _record(self, *, mend: bool = True) -> Ledger:
        folder = self.settings.home / "sandbox" if self.sandbox else self.settings.home
        prefix = REHEARSAL if self.sandbox else ""
        return Ledger(folder / "ledger.sqlite3", self.clock, prefix, mend=mend)

    @property
    def out(self) -> Path:
        folder = getattr(self.made, "out", None) or self.settings.config.get("out") or "media-studio"
        return settings.folder(folder)

    @property
    def payable(self) -> set[str]:
        """The gateways that can be paid: those with a key, or all of them in a rehearsal."""
        return {made.id for made in catalogue.gateways() if self.sandbox or self.settings.has_key(made)}

    @property
    def serving(self) -> bool:
        return bool(self.made.command == "sandbox" and self._box)

    def close(self) -> None:
        if self._box:
            self._box.close()
            self._box = None
        if self._ledger:
            self._ledger.close()

    def reach(self, id: str, speed: float) -> Gateway:
        """The gateway as it is spoken to: at the person's addresses, or at the twin's in a rehearsal.
        Raises KeyProblem where there is no key for it."""
        self.gateway = self.settings.gateway(id)
        if self.sandbox:
            served = self.twins(speed).urls[id]
            self.gateway = replace(self.gateway, urls={role: served[role] for role in self.gateway.urls})
        else:
            self.settings.key(self.gateway)
        return self.gateway

    def twins(self, speed: float, port: int = 0) -> Sandbox:
        """The imitations of the vendors, served over the state that earlier rehearsals left."""
        from sandbox import Sandbox

        if self._box is None:
            self._box = Sandbox(self.settings.home / "sandbox" / "twins", speed=speed, port=port)
        return self._box

    def runner(self, provider: str, gateway: Gateway, speed: float) -> Runner:
        from studio.http import Http
        from studio.runner import BUSY_PATIENCE, Runner

        module = importlib.import_module(f"studio.providers.{provider}")
        speaks: Provider = module.Provider(
            {gateway.id: gateway}, catalogue.vendor(provider).raw, self.clock.time
        )
        known = {made.id: made for made in catalogue.gateways()} | {gateway.id: gateway}
        http = Http(gateway, known, self._keys(gateway), speed)
        return Runner(
            speaks,
            http,
            self.ledger,
            self.clock,
            self._held,
            self.told,
            gateway=gateway,
            alive=self._alive,
            patience=START_PATIENCE if self.made.command == "start" else BUSY_PATIENCE,
        )

    def _alive(self, job: str) -> AbstractContextManager[None]:
        def record() -> Ledger:
            again = self._record(mend=False)
            again.on_behalf_of(self.ledger)
            return again

        return pulse.alive(job, record)

    def offers(self, runner: Runner, task_type: str, speed: float) -> tuple[Offer, ...]:
        """The live list, asked for again where a passing error came in the way."""
        return runner.patiently(
            lambda: runner.provider.offers(task_type, self.language, runner.http.read), speed
        )

    def told(self, job: Job, what: str) -> None:
        self.job = job.id
        self.parked = what == "parked"
        self._tell(job, what)

    def handed_out(self, document: Json) -> None:
        """The document is printed, and its reader has it: what it says of a job's end is said."""
        if not (self._ledger and document.get("job") and document["done"] and document["send"]):
            return
        with contextlib.suppress(StudioError):  # then it is said twice, which is better than not at all
            end, told = self._ledger.get(document["job"]), document.get("error")
            recorded = end.error["kind"] if end.error else None
            if (told["kind"] if told else None) == recorded:  # and not another trouble with the same job
                self._ledger.handed_out(end.id)

    def under_way(self, job: Job) -> bool:
        return job.state in {*LEASED, "submitted"}

    def on_its_way(self, job: Job) -> Json:
        """What `start` comes back with."""
        return documents.on_its_way(
            job,
            self.settings.gateway(job.plan.gateway),
            sandbox=self.sandbox,
            now=self.clock.time(),
            next=self._going_on(job) if self.parked else self.command("wait", job.id),
            uploading=self.parked,
        )

    def result(self, job: Job) -> Json:
        return documents.result(
            job, self.settings.gateway(job.plan.gateway), sandbox=self.sandbox, now=self.clock.time()
        )

    def going_on(self, job: Job, note: str | None = None) -> Json:
        return documents.progress(
            job,
            self.settings.gateway(job.plan.gateway),
            sandbox=self.sandbox,
            now=self.clock.time(),
            next=self.command("wait", job.id),
            note=note,
        )

    def failure(self, error: StudioError) -> Json:
        """The document of whatever went wrong, with all that is known by then."""
        about = self.job or error.about.get("job")
        job = self._ledger.get(about) if about and self._ledger else None
        if isinstance(error, InternalError):  # a defect: what it may have cost, the record tells
            error.charged = "no" if job is None or job.state == "intent" else "maybe"
        elif job and job.state in {"sending", "submitted"} and error.charged == "no":
            error.charged = "maybe"  # whatever went wrong, something is under way
        return documents.failure(
            error,
            language=self.language,
            sandbox=self.sandbox,
            now=self.clock.time(),
            job=job,
            gateway=self.gateway,
            plan=self.plan,
            next=self._next(error, job),
            told_before=self.told_before,
        )

    def _next(self, error: StudioError, job: Job | None) -> list[str] | None:
        """How it goes on after an error: by itself, or after the person's yes."""
        if error.kind == "cannot_ask":
            return None  # the person is asked whether it is there: a yes must not buy another
        if job and error.kind == "not_recorded" and error.detail:
            return self.command("reconcile", job.id, "--task-id", error.detail)
        if job and (error.retry == "wait" or job.state == "submitted"):
            return self.command("wait", job.id)
        with contextlib.suppress(StudioError):  # a record that cannot be written is what went wrong
            return self._after_a_yes(error, job)
        return None

    def _after_a_yes(self, error: StudioError, job: Job | None) -> list[str] | None:
        if error.exit_code not in ASKS:
            return None
        lost = job if error.exit_code == UnknownOutcome.exit_code else None
        if lost and (self.plan is None or lost.plan.steps):
            return self.same_again(lost.plan, lost.out, lost.id)
        if self.plan and self.plan.steps:  # the command asks for what was refused on the way
            return self.same_again(self.plan, str(self.out))
        if self.plan:
            return self.purchase(self.approval(self.plan, lost.id if lost else None), forced=lost is not None)
        return None

    def same_again(self, plan: Plan, out: str, lost: str | None = None) -> list[str]:
        """A plan as a new purchase, in words of its own."""
        key = getattr(self.made, "idempotency_key", None)
        again = wording.words(plan, out, language=plan.language, sandbox=self.sandbox)
        self._argv = ("make", *again, *([f"--idempotency-key={key}"] if key else []))
        return self.purchase(self.approval(plan, lost), forced=lost is not None)

    def approval(self, plan: Plan, lost: str | None = None) -> str:
        """A token that says yes to just this; with `lost`, only while that job is unknown."""
        return self.ledger.accounts.approve(terms(plan, self.settings.gateway(plan.gateway)), lost)

    def purchase(self, token: str, *, forced: bool = False) -> list[str]:
        """This command as a purchase of what a token stands for; without the key, which has no place in a
        document. `forced`: although the same may have been bought already."""
        words = [word for word in self._words() if word not in UNSAID]
        words = _without(words, "--approve")
        command = "start" if self.made.command == "start" else "make"
        more = ["--force-new"] if forced and "--force-new" not in words else []
        return self.command(command, *words, *more, "--approve", token)

    def _going_on(self, job: Job) -> list[str]:
        """This command once more, as one that buys nothing if the job is over by then."""
        key = [] if self.made.idempotency_key else ["--idempotency-key", own_key(job.id)]
        return self.command(self.made.command, *self._words(), *key)

    def _words(self) -> list[str]:
        """The words of this command after its name."""
        words = list(self._argv)
        if words and not words[0].startswith("-"):
            words = words[1:]
        return _without(_without(words, "--api-key"), "--home")

    def instead(self, made: argparse.Namespace, argv: Sequence[str]) -> None:
        """From here on this is another command, of the same person in the same place."""
        self.made, self._argv = made, tuple(argv)

    def command(self, *words: str) -> list[str]:
        """argv that goes on from here: this interpreter (or uv), this script, this record."""
        uv = os.environ.get("UV")  # set by `uv run`, whose interpreter may be gone the next time
        run = [uv, "run"] if uv else [sys.executable]
        made = [*run, str(SCRIPT), *words]
        given = {word.partition("=")[0] for word in words}
        if self.settings.moved and "--home" not in given:
            made += ["--home", str(self.settings.home)]
        if self.settings.base_url and "--base-url" not in given:
            made += ["--base-url", self.settings.base_url]
        return made

    def _keys(self, gateway: Gateway) -> dict[str, str]:
        """Every key this process knows: the one to use, and those that must not leave by its door."""
        if self.sandbox:
            return {gateway.id: rehearsal_key(gateway)}
        given = {made.id: os.environ.get(made.key_env, "").strip() for made in catalogue.gateways()}
        others = {id: key for id, key in given.items() if key}
        return {**others, gateway.id: self.settings.key(gateway)}


def rehearsal_key(gateway: Gateway) -> str:
    """A key that opens a twin and nothing else."""
    return f"{gateway.key_prefix}rehearsal"


def _without(words: Sequence[str], flag: str) -> list[str]:
    """argv without a flag and its value."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or word == flag or word.startswith(f"{flag}="):
            skip = word == flag
            continue
        kept.append(word)
    return kept
