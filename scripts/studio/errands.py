"""A command's wish, understood as far as that goes without the vendor, and the plan that the live list makes
of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from studio import arguments, catalogue, planning
from studio.app import App
from studio.errors import UsageError
from studio.options import flag
from studio.planning import Wish
from studio.runner import Runner
from studio.settings import is_loopback
from studio.types import Gateway, Job, ModelSpec, Offer, Plan, Source, TaskType

START_TIMEOUT = 4.0  # seconds for one step of `start` before the paid one: it comes back soon


@dataclass(frozen=True)
class Errand:
    """`plan` may be asked for again, with the same wish or another: each time from a fresh list."""

    app: App
    wish: Wish
    task_type: TaskType
    model: ModelSpec
    inputs: tuple[Source, ...]
    gateway: Gateway
    runner: Runner

    def plan(self, wish: Wish | None = None) -> Plan:
        return planning.draft(
            wish or self.wish,
            task_type=self.task_type,
            model=self.model,
            gateway=self.gateway,
            inputs=self.inputs,
            offers_of=self._offers,
        )

    def _offers(self, model: ModelSpec, task_type: str) -> tuple[Offer, ...]:
        return self.app.offers(self.runner, task_type, self.wish.speed)


def errand(app: App) -> Errand:
    """Everything that can be found out offline: the kind of making, the model, the inputs, the key."""
    wish = _wish(app)
    task_type = planning.task_type_of(wish)
    planning.check_prompt(wish, task_type)
    model = planning.model_of(wish, task_type, app.payable)
    inputs = planning.inspect(wish, task_type)
    gateway = app.reach(model.gateway, wish.speed)
    if app.made.command == "start":
        gateway = replace(gateway, connect_timeout=START_TIMEOUT, read_timeout=START_TIMEOUT)
    if len({is_loopback(url) for url in gateway.urls.values()}) > 1 and any(one.data for one in inputs):
        raise UsageError(
            f"One address of {gateway.name} is on this machine and another is not, so an input was not sent.",
            kind="base_url_refused",
            detail="Set them all: see `doctor`.",
        )
    runner = app.runner(model.provider, gateway, wish.speed)
    return Errand(app, wish, task_type, model, inputs, gateway, runner)


def words(job: Job, app: App) -> Iterator[str]:
    """A job's wish as the words of a command, with what this command changes in it."""
    made, plan = app.made, job.plan
    asked = plan.requested
    yield f"--task-type={made.task_type or plan.task_type}"
    yield f"--gateway={made.gateway or plan.gateway}"
    for name in ("prompt", "model", "version_id", "n"):
        value = getattr(made, name) or asked.get(name)
        if value is not None and (name != "version_id" or not made.model or made.version_id):
            yield f"--{name.replace('_', '-')}={value}"
    options = {**asked["options"], **arguments.parameters(made)}
    plain = {name: value for name, value in options.items() if isinstance(value, str)}
    for name, value in plain.items():
        own, _, rest = flag(name).partition(" ")
        yield f"{own}={rest}={value}" if rest else f"{own}={value}"
    typed = {name: value for name, value in options.items() if name not in plain}
    if typed:
        yield f"--extra-params={json.dumps(typed)}"
    for name, value in {**asked.get("unchecked", {}), **dict(made.unchecked or ())}.items():
        yield f"--unchecked={name}={value}"
    inputs = made.input_images or asked["inputs"]
    if inputs:
        yield from ("--input-images", *inputs)
    for name, value in (
        ("language", app.named_language or plan.language),
        ("user-id", made.user_id or plan.user_id),
        ("out", made.out or job.out),
        ("speed", made.speed or (plan.speed if plan.speed != 1.0 else None)),
    ):
        if value is not None:
            yield f"--{name}={value:g}" if isinstance(value, float) else f"--{name}={value}"
    if app.sandbox:
        yield "--sandbox"


def _wish(app: App) -> Wish:
    made = app.made
    speed = made.speed or 1.0
    if speed != 1.0 and not app.sandbox and not _on_loopback(app):
        raise UsageError("--speed is for rehearsals: give --sandbox too.", kind="speed_refused")
    return Wish(
        prompt=made.prompt,
        task_type=made.task_type,
        model=made.model,
        version_id=made.version_id,
        provider=made.provider,
        gateway=made.gateway,
        inputs=tuple(made.input_images or ()),
        n=made.n or 1,
        options=arguments.parameters(made),
        unchecked=dict(made.unchecked or ()),
        language=app.language,
        user_id=made.user_id,
        speed=speed,
    )


def _on_loopback(app: App) -> bool:
    """Whether whoever is paid is an imitation on this machine."""
    gateways = [app.settings.gateway(made.id) for made in catalogue.gateways()]
    asked = [made for made in gateways if app.made.gateway in {None, made.id}]
    return all(is_loopback(made.urls["api"]) for made in asked)
