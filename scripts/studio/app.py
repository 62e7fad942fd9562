"""Puts the parts together for one command: the only place that reads the environment."""

from __future__ import annotations

import argparse
import contextlib
import copy
import functools
import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from studio import catalogue, settings
from studio.errors import StudioError, UsageError
from studio.frozen import replace
from studio.language import LANGUAGES, language_of
from studio.log import Log
from studio.types import Clock, Gateway, Job, Json, Plan

if TYPE_CHECKING:
    from sandbox import Sandbox
    from studio.addresses import Resolve
    from studio.contract import Exchange, Provider
    from studio.form import Offer
    from studio.http import Http
    from studio.ledger import Ledger
    from studio.runner import Runner
    from studio.speech import Voice

REHEARSAL = "sb-"
LOOK_UP = 3.0  # seconds for the address of a name
START_PATIENCE = 8.0  # seconds: `start` comes back soon


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
        self.argv = tuple(argv)
        self._held = held
        self._tell = tell
        self.uv = os.environ.get("UV")  # set by `uv run`, whose interpreter may be gone the next time
        self.people = False  # whether it is a person at a terminal who reads
        self._box: Sandbox | None = None
        self._ledger: Ledger | None = None
        self.job: str | None = None
        self.gateway: Gateway | None = None
        self.plan: Plan | None = None
        self.began = clock.monotonic()
        self.parked = False  # inputs still travel, and the next command goes on with them
        self.asked = False  # the person wants to hear something in any case
        self.settled: dict[str, str] = {}  # flag -> what it came to, such as an id for `last`
        self.gathered: list[Json] = []  # documents about other jobs, whose messages are sent with this one
        self.beside: Json = {}  # what a person at a terminal is shown besides the document
        self.remarks: list[str] = []  # lines for the person, beside what the document says
        self.say: Callable[[Json], None] = lambda document: None  # prints one that is not the last
        self.live: Callable[[Callable[[], Sequence[str]]], None] = lambda says: None
        # draws the one line that a person sees change, again and again
        self.fault: StudioError | None = None  # why a command whose document says how it went is no success
        self._patience = START_PATIENCE if made.command == "start" else None
        self._way: tuple[tuple[str, Gateway, float], tuple[Provider, Http]] | None = None
        self._lists: dict[tuple[str, str], tuple[Offer, ...]] | None = None  # kept for many wishes at once
        of_a_rehearsal = str(getattr(made, "job", None)).startswith(REHEARSAL)
        self.sandbox = bool(getattr(made, "sandbox", False)) or of_a_rehearsal
        self.config_trouble: StudioError | None = None
        try:
            self.settings = self._settings()
        except UsageError as trouble:
            if made.command != "doctor":
                raise
            self.config_trouble, self.settings = trouble, self._settings(read=False)
        self.language = language_of(getattr(made, "prompt", getattr(made, "model", None)))
        self.goes_on_in(self.language)
        self.debug: Callable[[str], None] | None = None  # says lines of --debug
        self._kept: list[str] = []  # lines that wait until the record is written
        self.log = Log(self.folder / "logs", clock, self.secrets)
        self.log.began(made.command, argv)

    def _settings(self, *, read: bool = True) -> settings.Settings:
        return settings.load(
            os.environ,
            home=self.made.home,
            api_key=getattr(self.made, "api_key", None),
            base_url=getattr(self.made, "base_url", None),
            most={
                "per_day": getattr(self.made, "max_per_day", None),
                "per_user": getattr(self.made, "max_per_user", None),
            },
            read=read,
        )

    @property
    def named_language(self) -> str | None:
        named: str = getattr(self.made, "language", "auto")
        return None if named == "auto" else named

    @property
    def named_gateway(self) -> str | None:
        """The id of the gateway that was named; None where any will do. Raises UsageError."""
        said: str | None = getattr(self.made, "gateway", None)
        if said is None or catalogue.plain(said) == catalogue.ANY:
            return None
        return catalogue.gateway_of(said).id

    def goes_on_in(self, language: str) -> None:
        """In this language, unless one was named, here or in the config."""
        named = (self.named_language, self.settings.config.get("language"))
        self.language = next((one for one in named if one in LANGUAGES), language)

    @property
    def tells_costs(self) -> bool:
        """Whether a price is told where nobody asked for it."""
        return bool(self.settings.config.get("show_costs", True))

    @property
    def voice(self) -> Voice:
        """How this command speaks to the person."""
        from studio import channels
        from studio.speech import Voice

        return Voice(
            self.language,
            self.sandbox,
            costs=self.tells_costs,
            enclose=functools.partial(channels.fit, channel=getattr(self.made, "channel", None)),
        )

    @property
    def ledger(self) -> Ledger:
        """The record of this command's kind: rehearsals have one of their own."""
        if self._ledger is None:
            self._ledger = self._record()
        return self._ledger

    @property
    def folder(self) -> Path:
        """Where the record of this command's kind is, and what belongs to it."""
        return self.settings.home / "sandbox" if self.sandbox else self.settings.home

    def _record(self, *, mend: bool = True) -> Ledger:
        from studio.ledger import Ledger

        prefix = REHEARSAL if self.sandbox else ""
        prompts = self.settings.config.get("store_prompts", True)
        return Ledger(self.folder / "ledger.sqlite3", self.clock, prefix, mend=mend, prompts=prompts)

    @property
    def wants_receipt(self) -> bool:
        """Whether what this command buys is to have a receipt."""
        return bool(self.made.receipt or self.settings.config.get("receipts"))

    @property
    def out(self) -> Path:
        folder = getattr(self.made, "out", None) or self.settings.config.get("out") or "media-studio"
        return settings.folder(folder)

    @property
    def held(self) -> Callable[[], AbstractContextManager[None]]:
        """Makes a block that a first Ctrl-C does not cut."""
        return self._held

    @property
    def payable(self) -> set[str]:
        """The gateways that can be paid: those with a key, or all of them in a rehearsal."""
        return {made.id for made in catalogue.gateways() if self.sandbox or self.settings.has_key(made)}

    @functools.cached_property
    def resolve(self) -> Resolve:
        """Which addresses a name has, as this machine knows it."""
        from studio.sockets import resolver

        return resolver(LOOK_UP)

    @property
    def serving(self) -> bool:
        return bool(self.made.command == "sandbox" and self._box)

    def ended(self, made: Sequence[Json], exit_code: int, error: StudioError | None) -> None:
        """What the log says last, by the documents that this command made."""
        self._say_kept()
        for one in made:
            self.log.job(one.get("job"), one.get("state"))
        self.log.ended(exit_code, error)

    def close(self) -> None:
        if self._box:
            self._box.close()
            self._box = None
        if self._ledger:
            with contextlib.suppress(StudioError):
                self._ledger.told.over()
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

    def way(self, provider: str, gateway: Gateway, speed: float) -> tuple[Provider, Http]:
        """Who speaks to a gateway, and the door: the one that was opened last, where it is the same. Needs no
        record. Raises KeyProblem."""
        wanted = (provider, gateway, speed)
        last = self._way
        if last is not None and last[0] == wanted:
            return last[1]
        from studio import lean

        with lean.without_guessing():
            from studio.http import Http
        module = importlib.import_module(f"studio.providers.{provider}")
        speaks: Provider = module.Provider(
            {gateway.id: gateway}, catalogue.vendor(provider).raw, self.clock.time
        )
        known = {made.id: made for made in catalogue.gateways()} | {gateway.id: gateway}
        keys = self.keys(gateway)
        http = Http(gateway, known, keys, speed, resolve=self.resolve, heard=self._heard)
        self._way = wanted, (speaks, http)
        return speaks, http

    def runner(self, provider: str, gateway: Gateway, speed: float) -> Runner:
        from studio.runner import BUSY_PATIENCE, Runner

        speaks, http = self.way(provider, gateway, speed)
        return Runner(
            speaks,
            http,
            self.ledger,
            self.clock,
            self._held,
            self.told,
            gateway=gateway,
            alive=self._alive,
            patience=self._patience if self._patience is not None else BUSY_PATIENCE,
        )

    def _heard(self, exchange: Exchange) -> None:
        """A request that leaves, or its answer. Nobody waits for a reader of --debug while the answer to a
        paid request is not on record."""
        self.log.request(exchange)
        if self.debug is None:
            return
        from studio import debug

        self._kept.append(debug.shown(exchange))
        if exchange.request.safe or exchange.seconds is None:
            self._say_kept()

    def _say_kept(self) -> None:
        kept, self._kept = self._kept, []
        for lines in kept:
            if self.debug:
                self.debug(lines)

    def _alive(self, job: str) -> AbstractContextManager[None]:
        def record() -> Ledger:
            again = self._record(mend=False)
            again.on_behalf_of(self.ledger)
            return again

        from studio import pulse

        return pulse.alive(job, record)

    def offers(self, runner: Runner, task_type: str, speed: float) -> tuple[Offer, ...]:
        """The live list, asked for again where a passing error came in the way."""
        kept = {} if self._lists is None else self._lists
        at = (self.gateway.id if self.gateway else "", task_type)
        if at not in kept:
            kept[at] = runner.patiently(
                lambda: runner.provider.offers(task_type, self.language, runner.http.read), speed
            )
        return kept[at]

    def told(self, job: Job, what: str) -> None:
        self.job = job.id
        self.parked = what == "parked"
        self.log.job(job.id, job.state)
        self._say_kept()
        self._tell(job, what)

    def another(self, made: argparse.Namespace, argv: Sequence[str]) -> App:
        """For another wish in the same command, at the same place. Its parts are these, unless it is given
        others: see `alongside`."""
        one = copy.copy(self)
        one.made, one.argv = made, tuple(argv)
        one.goes_on_in(language_of(getattr(made, "prompt", None)))
        one.job = one.gateway = one.plan = None
        one.settled, one.gathered, one.remarks, one._kept = {}, [], [], []
        return one

    def alongside(self, clock: Clock, held: Callable[[], AbstractContextManager[None]]) -> App:
        """For another thread: with a connection of its own to the record, and a clock whose waits can be
        ended from here. It tells nobody how its jobs go, and leaves it to others to wait out trouble."""
        one = self.another(self.made, self.argv)
        one.clock, one._held, one._lists, one._way, one._patience = clock, held, None, None, 0.0
        one._ledger = one._record(mend=False)
        one._tell = lambda job, what: None
        return one

    @property
    def keeps_lists(self) -> bool:
        return self._lists is not None

    @contextlib.contextmanager
    def one_list(self) -> Iterator[None]:
        """Meanwhile each live list is asked for once."""
        self._lists = {}
        yield
        self._lists = None

    def instead(self, made: argparse.Namespace, argv: Sequence[str]) -> None:
        """From here on this is another command, of the same person in the same place."""
        self.made, self.argv = made, tuple(argv)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """What is done meanwhile is not what this command is about."""
        about = self.job, self.gateway
        yield
        self.job, self.gateway = about

    def known_job(self, id: str | None = None) -> Job | None:
        """The job that this command is about, or that of this id, if the record was read at all."""
        about = self.job or id
        return self._ledger.get(about) if about and self._ledger else None

    def keys(self, gateway: Gateway) -> dict[str, str]:
        """Every key this process knows: the one to use, and those that must not leave by its door."""
        if self.sandbox:
            return {gateway.id: settings.rehearsal_key(gateway)}
        return {**self._set, gateway.id: self.settings.key(gateway)}

    @property
    def secrets(self) -> list[str]:
        """Every key that this command was given, by whatever way."""
        return [*self._set.values(), *filter(None, [(self.settings.api_key or "").strip()])]

    @property
    def key_that_is_missing(self) -> str | None:
        """What whoever goes on from here has to set first: no `next` holds the key that was given here."""
        key, gateway = (self.settings.api_key or "").strip(), self.gateway
        if not key or gateway is None or self.sandbox or self._set.get(gateway.id) == key:
            return None
        return f"The key of --api-key is not kept: set {gateway.key_env} to it before you run `next`."

    @property
    def _set(self) -> dict[str, str]:
        """The keys that variables hold, by gateway."""
        given = {made.id: os.environ.get(made.key_env, "").strip() for made in catalogue.gateways()}
        return {id: key for id, key in given.items() if key}
