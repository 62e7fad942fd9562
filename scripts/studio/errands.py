"""A command's wish, understood as far as that goes without the vendor, and the plan that the live list makes
of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from studio import arguments, catalogue, choices, clips, planning, steps, tables, uploader, wishes
from studio.ahead import Ahead
from studio.app import App
from studio.choices import Choice
from studio.earlier import Earlier, earlier
from studio.errors import KeyProblem, UsageError
from studio.form import Offer
from studio.frozen import dataclass, replace
from studio.intake import Looker
from studio.messages import Messages
from studio.redact import forms
from studio.runner import Runner
from studio.settings import is_loopback
from studio.types import Gateway, Job, ModelSpec, Plan, Source, TaskType
from studio.wishes import Wish

OF_THE_FILES = frozenset({"bad_input_file", "bad_inputs", "too_much_input", "unlike_pictures"})
START_TIMEOUT = 3.0  # seconds for one step of `start` before the paid one: it comes back soon


@dataclass(frozen=True)
class Errand:
    """`plan` may be asked for again, with the same wish or another: each time from a fresh list."""

    app: App
    wish: Wish
    task_type: TaskType
    choice: Choice
    inputs: tuple[Source, ...]
    gateway: Gateway
    runner: Runner
    earlier: Earlier | None = None
    parent: Job | None = None
    ahead: Ahead | None = None

    def plan(self, wish: Wish | None = None) -> Plan:
        try:
            return planning.draft(
                wish or self.wish,
                task_type=self.task_type,
                model=self.choice.model,
                gateway=self.gateway,
                inputs=self.inputs,
                offers_of=self._offers,
                chosen_by=self.choice.by,
                step=self._step if self.parent else None,
            )
        except UsageError as no:
            raise choices.explained(_for_all(no, self.wish.n), self.choice, self.wish.language) from None

    def _step(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        assert self.parent is not None
        return steps.needed(self.runner, self.parent, self.task_type, options)

    def _offers(self, model: ModelSpec, task_type: str) -> tuple[Offer, ...]:
        vendor = catalogue.vendor(model.provider)
        if not vendor.live:
            return tables.offers(vendor, task_type, model.gateway)
        offers = self.ahead.taken() if self.ahead else None
        if offers is None:
            offers = self.app.offers(self.runner, task_type, self.wish.speed)
        if self.earlier:
            self.earlier.check_made(offers, self.wish, self.task_type, self.gateway)
        return offers


def errand(app: App) -> Errand:
    """Everything that can be found out offline: the kind of making, the model, the inputs, the key."""
    before = earlier(app)
    wish = _wish(app)  # in the language of the earlier one, where it has no words of its own
    if before:
        before = before.meant(wish)
        wish = before.continued(wish)
    parent = steps.parent(app, wish.parent) if wish.parent else None
    task_type = wishes.task_type_of(wish)
    choice = _choice(app, wish, task_type, before.model if before and before.keeps_model else None)
    kept = before is not None and before.keeps_model
    if not kept:
        _check_whose(app, wish, task_type, choice)
    kept = kept or choice.by == "preference"
    only = [choice.model] if kept else None
    asked = _asked_ahead(app, wish, task_type, choice.model)
    choice, task_type, sources = _at_a_gateway(app, wish, task_type, choice, only)
    if before:
        before.check_unchanged(sources)
        among = len(before.job.outputs)
        if among > 1:
            said = Messages(wish.language).say("from_one_of_many", n=before.number, of=among)
            app.remarks.append(said)
    gateway = _reached(app, wish, task_type, choice)
    if wish.speed != 1.0 and not app.sandbox and not is_loopback(gateway.urls["api"]):
        raise UsageError("--speed is for rehearsals: give --sandbox too.", kind="speed_refused")
    if app.sandbox and task_type.kind == "video" and not clips.can_measure():
        raise UsageError(
            "A rehearsal with videos needs one more package: av.",
            kind="av_needed",
            detail=f'Install it: {sys.executable} -m pip install "av>=14"   (or: uv run --with av …)',
        )
    gateway = _in_a_hurry(app, gateway)
    if len({is_loopback(url) for url in gateway.urls.values()}) > 1 and any(one.size for one in sources):
        raise UsageError(
            f"One address of {gateway.name} is on this machine and another is not, so an input was not sent.",
            kind="base_url_refused",
            detail="Set them all: see `doctor`.",
        )
    _check_no_key(app, wish, gateway)
    held = asked if asked and asked.about == (choice.model.provider, gateway) else None
    runner = app.runner(choice.model.provider, gateway, wish.speed)
    return Errand(app, wish, task_type, choice, sources, gateway, runner, before, parent, held)


def _in_a_hurry(app: App, gateway: Gateway) -> Gateway:
    if app.made.command != "start":
        return gateway
    return replace(gateway, connect_timeout=START_TIMEOUT, read_timeout=START_TIMEOUT)


def _asked_ahead(app: App, wish: Wish, task_type: TaskType, model: ModelSpec) -> Ahead | None:
    """The live list of the model's gateway, on its way while files are looked at, which takes as long.
    Only where all of them are there: else nothing needs to be asked."""
    files = [name for names in wish.files.values() for name in names if "://" not in name]
    live = catalogue.vendor(model.provider).live
    if len(files) < 2 or not live or app.sandbox or app.keeps_lists or not all(map(os.path.isfile, files)):
        return None
    gateway = _in_a_hurry(app, app.settings.gateway(model.gateway))
    try:
        speaks, http = app.way(model.provider, gateway, wish.speed)
    except KeyProblem:  # told when the inputs are seen to be usable
        return None
    buys = app.made.command in {"make", "start"} and not getattr(app.made, "dry_run", False)
    if buys and "upload" in gateway.urls:
        http.connect(gateway.urls["upload"], min(len(files), uploader.AT_ONCE))
    return Ahead((model.provider, gateway), lambda: speaks.offers(task_type.id, wish.language, http.read))


def _check_whose(app: App, wish: Wish, task_type: TaskType, choice: Choice) -> None:
    """A key or an address of this command is one gateway's: it is not tried at one of several."""
    given = [flag for flag, value in _OF_ONE.items() if getattr(app.settings, value)]
    if app.sandbox or wish.gateway or not given:
        return
    named = choice.by != "default"
    makers = catalogue.sold(choice.model.id, task_type.id) if named else catalogue.models(task_type.id)
    gateways = {one.gateway: None for one in makers if wish.provider in {None, one.provider}}
    if len(gateways) > 1:
        raise UsageError(
            f"{given[0]} is for one gateway, and this can be bought through several: {', '.join(gateways)}.",
            kind="which_gateway",
            detail="Say which with --gateway.",
        )


_OF_ONE = {"--api-key": "api_key", "--base-url": "base_url"}


def _at_a_gateway(
    app: App, wish: Wish, task_type: TaskType, choice: Choice, only: list[ModelSpec] | None
) -> tuple[Choice, TaskType, tuple[Source, ...]]:
    """The model at the first gateway that can be paid and takes these files, and what came of looking at
    them. Raises what stopped it at the first, with the other gateways that would take them."""
    problem: UsageError | None = None
    sold = wishes.sold_at(choice.model, task_type, wish, app.payable)
    if choice.by == "default":  # it was chosen with its gateway, by what was asked for
        sold.sort(key=lambda model: model.gateway != choice.model.gateway)
    for model in only or sold:
        try:
            made = wishes.of_vendor(task_type, model, wish)
            wishes.check_prompt(wish, made)
            return replace(choice, model=model), made, wishes.looked_at(made, wish)
        except UsageError as no:
            problem = problem or no
    assert problem is not None
    if problem.kind in OF_THE_FILES:
        problem.alternatives = problem.alternatives or wishes.takers(choice.model, task_type, wish)
    raise problem


def _check_no_key(app: App, wish: Wish, gateway: Gateway) -> None:
    """A key in the words of a wish is found before anything of it is written down, or sent."""
    said = (wish.prompt, *wish.options.values(), *wish.unchecked.values(), *wish.inputs)
    text = "\n".join(map(str, said))
    if not app.sandbox and any(form in text for key in app.keys(gateway).values() for form in forms(key)):
        raise UsageError(
            "The words of the wish hold a key, so it was not sent, and not written down.",
            kind="holds_key",
            detail="Take it out. It stood in a chat or a command line: make a new one.",
        )


def _reached(app: App, wish: Wish, task_type: TaskType, choice: Choice) -> Gateway:
    """The gateway, or that it has no key, with those that have one and sell the same."""
    try:
        return app.reach(choice.model.gateway, wish.speed)
    except KeyProblem as no:
        before = app.ledger.names.given(app.made.idempotency_key, app.made.user_id, None)
        if before:  # what it stands for is told instead: it may be paid for
            app.told(app.ledger.get(before), "found")
        sold = [] if before else wishes.takers(choice.model, task_type, wish)
        no.alternatives = tuple(one for one in sold if one.gateway in app.payable)
        others = {one.gateway for one in sold} if no.kind == KeyProblem.kind else set()
        named = (f"{made.key_env} ({made.name})" for made in catalogue.gateways() if made.id in others)
        no.detail = " ".join(filter(None, (no.detail, *(f"Or set {one}." for one in named)))) or None
        raise


def _choice(app: App, wish: Wish, task_type: TaskType, kept: ModelSpec | None) -> Choice:
    try:
        return choices.choose(app, wish, task_type, kept)
    except UsageError as no:
        raise _for_all(no, wish.n) from None


def _for_all(no: UsageError, n: int) -> UsageError:
    """A question which model is meant, with the price of as many as are wanted."""
    if no.kind == "ambiguous_model":
        no.alternatives = tuple(
            one if one.amount is None else replace(one, amount=one.amount * n) for one in no.alternatives
        )
    return no


def _wish(app: App) -> Wish:
    made = app.made
    speed = made.speed or 1.0
    automatic = choices.automatic(made.model)
    return Wish(
        prompt=made.prompt,
        task_type=made.task_type,
        model=None if automatic else made.model,
        automatic=automatic,
        version_id=made.version_id,
        provider=made.provider,
        gateway=app.named_gateway,
        inputs=tuple(made.input_images or ()),
        input_video=made.input_video,
        input_audio=made.input_audio,
        fit=tuple(sorted(set(made.fit or ()))),
        looker=Looker(app.resolve, made.keep_metadata),
        parent=getattr(made, "parent", None),
        n=made.n or 1,
        options=arguments.parameters(made),
        unchecked=dict(made.unchecked or ()),
        language=app.language,
        user_id=made.user_id,
        speed=speed,
    )
