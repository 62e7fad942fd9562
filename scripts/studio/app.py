"""Puts the parts together for one command: the only place that reads the environment."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from studio import catalogue, documents, settings
from studio.contract import Provider
from studio.errors import InternalError, NeedsApproval, StudioError
from studio.ledger import Ledger
from studio.messages import LANGUAGES, language_of
from studio.types import Clock, Gateway, Job, Json, Offer, Plan

if TYPE_CHECKING:
    from sandbox import Sandbox
    from studio.runner import Runner

SCRIPT = Path(__file__).resolve().parents[1] / "create.py"
REHEARSAL = "sb-"


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
        self.sandbox = bool(getattr(made, "sandbox", False)) or getattr(made, "job", "").startswith(REHEARSAL)
        self.settings = settings.load(
            os.environ,
            home=made.home,
            api_key=getattr(made, "api_key", None),
            base_url=getattr(made, "base_url", None),
        )
        named = [self.named_language, self.settings.config.get("language")]
        prompted = language_of(getattr(made, "prompt", None))
        self.language = next((one for one in named if one in LANGUAGES), prompted)

    @property
    def named_language(self) -> str | None:
        named: str = getattr(self.made, "language", "auto")
        return None if named == "auto" else named

    @property
    def ledger(self) -> Ledger:
        """The record of this command's kind: rehearsals have one of their own."""
        if self._ledger is None:
            folder = self.settings.home / "sandbox" if self.sandbox else self.settings.home
            self._ledger = Ledger(folder / "ledger.sqlite3", self.clock, REHEARSAL if self.sandbox else "")
        return self._ledger

    @property
    def out(self) -> Path:
        folder = getattr(self.made, "out", None) or self.settings.config.get("out") or "media-studio"
        return settings.folder(folder)

    @property
    def payable(self) -> set[str]:
        """The gateways that can be paid: those with a key, or all of them in a rehearsal."""
        return {made.id for made in catalogue.gateways() if self.sandbox or self.settings.has_key(made)}

    def close_twins(self) -> None:
        if self._box:
            self._box.close()
            self._box = None

    def close(self) -> None:
        self.close_twins()
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
        from studio.runner import Runner

        module = importlib.import_module(f"studio.providers.{provider}")
        speaks: Provider = module.Provider(
            {gateway.id: gateway}, catalogue.vendor(provider).raw, self.clock.time
        )
        known = {made.id: made for made in catalogue.gateways()} | {gateway.id: gateway}
        http = Http(gateway, known, self._keys(gateway), speed)
        return Runner(speaks, http, self.ledger, self.clock, self._held, self.told)

    def offers(self, runner: Runner, task_type: str, speed: float) -> tuple[Offer, ...]:
        """The live list, asked for again where a passing error came in the way."""
        return runner.patiently(
            lambda: runner.provider.offers(task_type, self.language, runner.http.read), speed
        )

    def told(self, job: Job, what: str) -> None:
        self.job = job.id
        self._tell(job, what)

    def result(self, job: Job) -> Json:
        return documents.result(
            job, self.settings.gateway(job.plan.gateway), sandbox=self.sandbox, now=self.clock.time()
        )

    def going_on(self, job: Job) -> Json:
        return documents.progress(
            job,
            self.settings.gateway(job.plan.gateway),
            sandbox=self.sandbox,
            now=self.clock.time(),
            next=self.command("wait", job.id),
        )

    def failure(self, error: StudioError) -> Json:
        """The document of whatever went wrong, with all that is known by then."""
        job = self._ledger.get(self.job) if self.job and self._ledger else None
        if isinstance(error, InternalError):  # a defect: what it may have cost, the record tells
            error.charged = "no" if job is None or job.state == "intent" else "maybe"
        elif job and job.state in {"sending", "submitted"} and error.charged == "no":
            error.charged = "maybe"  # whatever went wrong, something is under way
        next: list[str] | None = None
        if job and (error.retry == "wait" or job.state == "submitted"):
            next = self.command("wait", job.id)
        elif error.exit_code == NeedsApproval.exit_code and self.plan:
            next = self.approved(self.plan)
        return documents.failure(
            error,
            language=self.language,
            sandbox=self.sandbox,
            now=self.clock.time(),
            job=job,
            gateway=self.gateway,
            plan=self.plan,
            next=next,
        )

    def again(self) -> list[str]:
        """This command as a purchase, without --dry-run and without the key, which has no place in a
        document."""
        words = [word for word in self._argv if word != "--dry-run"]
        if words and not words[0].startswith("-"):
            words = words[1:]
        return self.command("make", *_without(words, "--api-key"))

    def approved(self, plan: Plan) -> list[str] | None:
        """The purchase with its known price approved; None where the price is not known."""
        if plan.billing.amount is None:
            return None
        steps = plan.billing.amount
        price = self.settings.gateway(plan.gateway).unit.amount(steps)
        return [*_without(self.again(), "--max-credits"), "--max-credits", str(price)]

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
