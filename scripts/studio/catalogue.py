"""What is known of vendors and models, loaded from `data/`: one file a provider, and the registry row
that names it. Nothing here speaks to anybody: prices are what the vendor's documents said on `as_of`."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import UsageError
from studio.types import Gateway, InputRule, Json, ModelSpec, TaskType, Unit

DATA = Path(__file__).parent / "data"
ANY = "auto"  # of the words that leave the model to us, the one that we write ourselves


@dataclass(frozen=True)
class Profile:
    """Words for what is wanted of a model, where none is named: cheapest, best, artistic."""

    words: tuple[str, ...]
    model: str  # its id
    gateway: str
    options: Mapping[str, str]  # where the person says nothing else
    ask: bool  # the person is asked first, whatever it costs


@dataclass(frozen=True)
class Vendor:
    """One provider's catalogue."""

    id: str
    as_of: str
    gateways: tuple[Gateway, ...]
    task_types: Mapping[str, TaskType]
    models: tuple[ModelSpec, ...]
    sizes: tuple[str, ...]  # from the largest down
    profiles: tuple[Profile, ...]
    raw: Mapping[str, Any]  # the whole file: codes and constants that only the provider itself reads


def load(name: str) -> Json:
    """A file of `data/`."""
    made: Json = json.loads((DATA / name).read_text(encoding="utf-8"))
    return made


@functools.cache
def vendors() -> tuple[Vendor, ...]:
    """Every provider, in registry order: the order in which defaults are looked for."""
    return tuple(_vendor(load(f"catalogue/{name}.json")) for name in load("registry.json")["providers"])


def gateways() -> tuple[Gateway, ...]:
    return tuple(gateway for vendor in vendors() for gateway in vendor.gateways)


def vendor(provider: str) -> Vendor:
    return next(vendor for vendor in vendors() if vendor.id == provider)


def models(task_type: str | None = None) -> tuple[ModelSpec, ...]:
    return tuple(
        model
        for vendor in vendors()
        for model in vendor.models
        if task_type is None or task_type in model.task_types
    )


def task_types() -> Mapping[str, TaskType]:
    return {id: made for vendor in vendors() for id, made in vendor.task_types.items()}


def sizes(gateway: str) -> tuple[str, ...]:
    """The size steps of a gateway's models, from the largest down."""
    return next((one.sizes for one in vendors() if gateway in {made.id for made in one.gateways}), ())


def by_id(id: str, gateway: str) -> ModelSpec | None:
    """What is known of a live model; two gateways may sell one id."""
    return next((model for model in models() if (model.id, model.gateway) == (id, gateway)), None)


def plain(words: str) -> str:
    """A name without what does not matter in it: case, spaces, dashes."""
    return re.sub(r"[\s_-]+", "", words).casefold()


def find(words: str, among: Iterable[ModelSpec]) -> ModelSpec | None:
    """The model that goes by these words, whatever the case and spacing; None too where two do."""
    found = called(words, among)
    return found[0] if len(found) == 1 else None


def called(words: str, among: Iterable[ModelSpec]) -> tuple[ModelSpec, ...]:
    """The models that go by these words: the one whose id they are, else those whose name or alias. One id
    at two gateways is one model, at the first of them."""
    asked, models = plain(words), list(among)
    by_id = [model for model in models if asked == plain(model.id)]
    found = by_id or [model for model in models if asked in map(plain, _names(model))]
    return tuple(model for n, model in enumerate(found) if model.id not in {one.id for one in found[:n]})


def partly_called(words: str, among: Iterable[ModelSpec]) -> tuple[ModelSpec, ...]:
    """The models of whose names these words are a part: to be asked about, never to be bought."""
    asked = plain(words)
    return tuple(model for model in among if asked and any(asked in plain(name) for name in _names(model)))


def profile(words: str, payable: Iterable[str]) -> Profile | None:
    """What a quality word stands for: with the first vendor that has it and can be paid, else the first. A
    word that is some model's name is no quality word."""
    asked, gateways = plain(words), set(payable)
    known = [one for vendor in vendors() for one in vendor.profiles if asked in map(plain, one.words)]
    if not known or called(words, models()):
        return None
    return next((one for one in known if one.gateway in gateways), known[0])


def nearest(words: str, among: Iterable[ModelSpec], count: int = 3) -> tuple[ModelSpec, ...]:
    """The models whose names look most like these words: for a question, never for a purchase."""
    asked = plain(words)

    def likeness(model: ModelSpec) -> float:
        return max(difflib.SequenceMatcher(None, asked, plain(name)).ratio() for name in _names(model))

    return tuple(sorted(among, key=likeness, reverse=True)[:count])


def default_model(task_type: str, available: Iterable[str]) -> ModelSpec:
    """The default for a task type over the gateways that can be paid, in registry order."""
    payable = set(available)
    for made in vendors():
        wanted = made.task_types.get(task_type)
        for model in made.models:
            if wanted and model.id == wanted.default_model and model.gateway in payable:
                return model
    raise UsageError(
        f"No model is set up for {task_type}.",
        kind="no_default",
        detail="Name one with --model; `create.py doctor` shows which keys are set.",
    )


def _names(model: ModelSpec) -> tuple[str, ...]:
    return (model.id, model.name, *model.aliases)


def _vendor(raw: Json) -> Vendor:
    provider = raw["provider"]
    models = tuple(_model(provider, row) for row in raw["models"])
    return Vendor(
        id=provider,
        as_of=raw["as_of"],
        gateways=tuple(_gateway(row) for row in raw["gateways"]),
        task_types={id: _task_type(id, row) for id, row in raw["task_types"].items()},
        models=models,
        sizes=tuple(raw["sizes"]),
        profiles=tuple(_profile(row, models) for row in raw.get("profiles", ())),
        raw=raw,
    )


def _gateway(row: Json) -> Gateway:
    return Gateway(**{**row, "unit": Unit(**row["unit"])})


def _task_type(id: str, row: Json) -> TaskType:
    inputs = tuple(InputRule(**{**rule, "mime": tuple(rule["mime"])}) for rule in row["inputs"])
    return TaskType(
        id=id, kind=row["kind"], inputs=inputs, prompt=row["prompt"], default_model=row["default_model"]
    )


def _profile(row: Json, models: Iterable[ModelSpec]) -> Profile:
    gateway = next(model.gateway for model in models if model.id == row["model"])
    return Profile(tuple(row["words"]), row["model"], gateway, row["options"], row.get("ask", False))


def _model(provider: str, row: Json) -> ModelSpec:
    prices = {task: tuple((what, steps) for what, steps in rows) for task, rows in row["prices"].items()}
    return ModelSpec(
        **{
            **row,
            "provider": provider,
            "aliases": tuple(row["aliases"]),
            "alternatives": tuple(row.get("alternatives", ())),
            "task_types": tuple(row["task_types"]),
            "estimate": tuple(row["estimate"]),
            "options": {name: tuple(values) for name, values in row["options"].items()},
            "prices": prices,
        }
    )
