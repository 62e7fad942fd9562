"""PURE. A job's wish as the words of a command that asks for it again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from studio import arguments, placing
from studio.catalogue import ANY
from studio.options import flag
from studio.types import Plan

NOTHING = argparse.Namespace()


def words(
    plan: Plan, out: str, made: argparse.Namespace = NOTHING, *, language: str, sandbox: bool
) -> Iterator[str]:
    """The words after the command's name, with what `made` changes. `out`: the folder for the files."""

    def given(name: str) -> Any:
        return getattr(made, name, None)

    asked = plan.requested
    inputs = given("input_images") or asked["inputs"]
    if given("task_type") or not given("input_images"):  # else read from the inputs
        yield f"--task-type={given('task_type') or plan.task_type}"
    yield f"--gateway={given('gateway') or plan.gateway}"
    named = asked["model"] or _unnamed(plan)
    for name, before in (("prompt", asked["prompt"]), ("model", named), ("n", asked["n"])):
        value = given(name) or before
        if value is not None:
            yield f"--{name}={value}"
    version = given("version_id") or (None if given("model") else asked.get("version_id"))
    if version:
        yield f"--version-id={version}"
    changes = arguments.parameters(made) if vars(made) else {}
    yield from _parameters(placing.changed(asked["options"], changes))
    unchecked = {**asked.get("unchecked", {}), **dict(given("unchecked") or ())}
    yield from (f"--unchecked={name}={value}" for name, value in unchecked.items())
    for name in ("input_video", "input_audio", "parent"):
        value = given(name) or asked.get(name)
        if value:
            yield f"--{name.replace('_', '-')}={value}"
    yield from _files(
        inputs, given("fit") or asked.get("fit"), given("keep_metadata") or asked.get("keep_metadata")
    )
    speed = given("speed") or plan.speed
    rest = {
        "language": language,
        "user-id": given("user_id") or plan.user_id,
        "out": given("out") or out,
        "speed": f"{speed:g}" if speed != 1.0 else None,
    }
    yield from (f"--{name}={value}" for name, value in rest.items() if value is not None)
    if sandbox:
        yield "--sandbox"


def _files(inputs: list[str], fit: list[str] | None, keep_metadata: bool | None) -> Iterator[str]:
    """Pictures to start from, and how they are sent."""
    if fit:
        yield from ("--fit", *fit)
    if keep_metadata:
        yield "--keep-metadata"
    if inputs:
        yield from ("--input-images", *(f"./{name}" if name.startswith("-") else name for name in inputs))


def _unnamed(plan: Plan) -> str:
    """A model that nobody named, so that it stays what it was: what was preferred or recommended then may be
    another now."""
    return ANY if plan.chosen_by == "default" else plan.model.id


def _parameters(options: dict[str, Any]) -> Iterator[str]:
    """Text by its own flag; what has a type of its own as JSON."""
    plain = {name: value for name, value in options.items() if isinstance(value, str)}
    for name, value in plain.items():
        own, _, rest = flag(name).partition(" ")
        yield f"{own}={rest}={value}" if rest else f"{own}={value}"
    typed = {name: value for name, value in options.items() if name not in plain}
    if typed:
        yield f"--extra-params={json.dumps(typed)}"
