"""What is known of vendors and models, loaded from `data/`: one file a provider, and the registry row
that names it. Nothing here speaks to anybody: prices are what the vendor's documents said on `as_of`."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.errors import UsageError
from studio.frozen import dataclass, replace
from studio.types import Gateway, InputRule, Json, ModelSpec, TaskType, Unit

DATA = Path(__file__).parent / "data"
ANY = "auto"  # of the words that leave the model to us, the one that we write ourselves


@dataclass(frozen=True)
class Profile:
    """Words for what is wanted of a model, where none is named: cheapest, best, artistic."""

    words: tuple[str, ...]
    model: str  # its id
    gateways: frozenset[str]  # those that sell it
    options: Mapping[str, str]  # where the person says nothing else
    ask: bool  # the person is asked first, whatever it costs


@dataclass(frozen=True)
class Vendor:
    """One provider's catalogue."""

    id: str
    name: str
    as_of: str
    gateways: tuple[Gateway, ...]
    task_types: Mapping[str, TaskType]
    models: tuple[ModelSpec, ...]
    sizes: tuple[str, ...]  # from the largest down
    profiles: tuple[Profile, ...]
    live: bool  # models, forms and prices come from the vendor's own list; else from here
    settles: bool  # a task is charged for, and closed, only when it is asked about after its end
    link_life: float | None  # seconds for which a result can be fetched
    raw: Mapping[str, Any]  # the whole file: codes and constants that only the provider itself reads


def load(name: str) -> Json:
    """A file of `data/`."""
    made: Json = json.loads((DATA / name).read_text(encoding="utf-8"))
    return made


@functools.cache
def _files() -> tuple[Json, ...]:
    return tuple(load(f"catalogue/{name}.json") for name in load("registry.json")["providers"])


@functools.cache
def vendors() -> tuple[Vendor, ...]:
    """Every provider, in registry order: the order in which defaults are looked for."""
    known = {made.id: made for made in gateways()}
    return tuple(_vendor(_whole(file, dict(file.get("$defs", {}))), known) for file in _files())


@functools.cache
def gateways() -> tuple[Gateway, ...]:
    """Each once: several providers may be paid through one. What they sell is not looked at."""
    rows = [row for file in _files() for row in file["gateways"]]
    described = {row["id"]: _gateway(row) for row in rows if isinstance(row, dict)}
    in_order = dict.fromkeys(row if isinstance(row, str) else row["id"] for row in rows)
    return tuple(described[id] for id in in_order)


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
    """Every task type, as the first vendor that has it knows it."""
    known: dict[str, TaskType] = {}
    for vendor in vendors():
        known = {**vendor.task_types, **known}
    in_order = (id for vendor in vendors() for id in vendor.task_types)
    return {id: known[id] for id in in_order}


def task_type(id: str, model: ModelSpec) -> TaskType:
    """A task type as this model's vendor has it, and as this model has it at its gateway."""
    row = vendor(model.provider).raw["task_types"][id]
    return _task_type(id, {**row, **model.takes.get(id, {})})


def gateway_of(words: str) -> Gateway:
    """The gateway of this id or name. Raises UsageError."""
    known = gateways()
    found = next((made for made in known if plain(words) in {plain(made.id), plain(made.name)}), None)
    if found is None:
        raise UsageError(
            f"There is no gateway {words}.",
            detail=f"Gateways: {', '.join(made.id for made in known)}; or {ANY}.",
        )
    return found


@functools.cache
def options() -> frozenset[str]:
    """What some model has an option for."""
    return frozenset(name for model in models() for name in model.options)


def sizes(gateway: str) -> tuple[str, ...]:
    """The size steps of a gateway's models, from the largest down."""
    return next((one.sizes for one in vendors() if gateway in {made.id for made in one.gateways}), ())


def by_id(id: str, gateway: str) -> ModelSpec | None:
    """What is known of a live model; two gateways may sell one id."""
    return next((model for model in models() if (model.id, model.gateway) == (id, gateway)), None)


def sold(id: str, task_type: str | None = None) -> list[ModelSpec]:
    """The rows of a model, one for each gateway that sells it, in registry order."""
    return [model for model in models(task_type) if model.id == id]


def plain(words: str) -> str:
    """A name without what does not matter in it: case, spaces, dashes."""
    return re.sub(r"[\s_-]+", "", words).casefold()


def find(words: str, among: Iterable[ModelSpec]) -> ModelSpec | None:
    """The model that goes by these words, whatever the case and spacing; None too where two do."""
    found = called(words, among)
    return found[0] if len(found) == 1 else None


def passed_on(words: str, among: Iterable[ModelSpec]) -> ModelSpec | None:
    """A model of a kind of which it is not known which there are, under the name that was given."""
    row = next((model for model in among if model.any_name), None)
    return replace(row, id=words.strip(), name=words.strip()) if row else None


def called(words: str, among: Iterable[ModelSpec]) -> tuple[ModelSpec, ...]:
    """The models that go by these words: the one whose id they are, else those whose name or alias. One id
    at two gateways is one model, at the first of them."""
    asked, models = plain(words), [model for model in among if not model.any_name]
    by_id = [model for model in models if asked == plain(model.id)]
    return _each(by_id or [model for model in models if asked in map(plain, _names(model))])


def partly_called(words: str, among: Iterable[ModelSpec]) -> tuple[ModelSpec, ...]:
    """The models of whose names these words are a part: to be asked about, never to be bought."""
    asked = plain(words)
    named = [model for model in among if not model.any_name]
    return _each(model for model in named if asked and any(asked in plain(name) for name in _names(model)))


def profile(words: str, payable: Iterable[str], task_type: str | None = None) -> Profile | None:
    """What a quality word stands for, for a task type: with the first vendor that has it and can be paid,
    else the first. A word that is some model's name is no quality word."""
    asked, gateways = plain(words), set(payable)
    known = [one for vendor in vendors() for one in vendor.profiles if asked in map(plain, one.words)]
    if not known or called(words, models()):
        return None
    makers = {model.id for model in models(task_type)}
    fitting = [one for one in known if one.model in makers] or known
    return next((one for one in fitting if one.gateways & gateways), fitting[0])


def nearest(words: str, among: Iterable[ModelSpec], count: int = 3) -> tuple[ModelSpec, ...]:
    """The models whose names look most like these words: for a question, never for a purchase."""
    import difflib

    asked = plain(words)

    def likeness(model: ModelSpec) -> float:
        return max(difflib.SequenceMatcher(None, asked, plain(name)).ratio() for name in _names(model))

    named = _each(model for model in among if not model.any_name)
    return tuple(sorted(named, key=likeness, reverse=True)[:count])


def takes(model: ModelSpec, task_type: str, options: Collection[str]) -> bool:
    """Whether a model listens to every one of these options."""
    form = model.forms[task_type]["properties"]
    return all("x-no-effect" not in form.get(name, {"x-no-effect": name}) for name in options)


def default_model(task_type: str, available: Iterable[str], options: Collection[str] = ()) -> ModelSpec:
    """The default for a task type over the gateways that can be paid, in registry order: the first that
    listens to all the options asked for, else the first."""
    payable = set(available)
    found = [model for made in vendors() for model in _defaults(made, task_type, payable, options)]
    if found:
        return next((model for model in found if takes(model, task_type, options)), found[0])
    if any(model.any_name for model in models(task_type)):
        raise UsageError(
            f"{task_type} needs --model: the name of the model, as the vendor gives it.",
            kind="model_needed",
            detail="It is passed on as given; which there are is not known here.",
        )
    raise UsageError(
        f"No model is set up for {task_type}.",
        kind="no_default",
        detail="Name one with --model; `create.py doctor` shows which keys are set.",
    )


def _defaults(
    made: Vendor, task_type: str, payable: Collection[str], options: Collection[str]
) -> Iterator[ModelSpec]:
    """A vendor's default at each of its gateways that can be paid."""
    wanted = made.task_types.get(task_type)
    for gateway in made.gateways if wanted else ():
        sold = [one for one in made.models if one.gateway == gateway.id and task_type in one.task_types]
        special = [one for one in sold if set(one.default_with) & set(options)]
        usual = [one for one in sold if wanted and one.id == wanted.default_model]
        if gateway.id in payable:
            yield from (*special[:1], *usual[:1])


def _each(found: Iterable[ModelSpec]) -> tuple[ModelSpec, ...]:
    """Each model once, at the first of the gateways that sell it."""
    models: dict[str, ModelSpec] = {}
    for model in found:
        models.setdefault(model.id, model)
    return tuple(models.values())


def _names(model: ModelSpec) -> tuple[str, ...]:
    return (model.id, model.name, *model.aliases)


def _whole(value: Any, defs: Json) -> Any:
    """A part of a file with what it refers to by {"$ref": "#/$defs/name"} put in its place; what stands
    beside the reference is added. What is referred to is made whole once, and stays so in `defs`."""
    if isinstance(value, list):
        return [_whole(one, defs) if isinstance(one, dict | list) else one for one in value]
    made = {
        name: _whole(one, defs) if isinstance(one, dict | list) else one
        for name, one in value.items()
        if name not in {"$ref", "$defs"}
    }
    if "$ref" not in value:
        return made
    name = value["$ref"].removeprefix("#/$defs/")
    target = defs[name]
    if isinstance(target, dict | list):
        target = defs[name] = _whole(target, defs)
    return {**target, **made} if isinstance(target, dict) else target


def _vendor(raw: Json, gateways: Mapping[str, Gateway]) -> Vendor:
    provider = raw["provider"]
    models = tuple(_model(provider, row) for row in raw["models"])
    return Vendor(
        id=provider,
        name=raw["name"],
        as_of=raw["as_of"],
        gateways=tuple(gateways[row if isinstance(row, str) else row["id"]] for row in raw["gateways"]),
        task_types={id: _task_type(id, row) for id, row in raw["task_types"].items()},
        models=models,
        sizes=tuple(raw["sizes"]),
        profiles=tuple(_profile(row, models) for row in raw.get("profiles", ())),
        live=raw.get("live", False),
        settles=raw.get("settles", False),
        link_life=raw.get("link_life"),
        raw=raw,
    )


def _gateway(row: Json) -> Gateway:
    return Gateway(**{**row, "unit": Unit(**row["unit"])})


def _task_type(id: str, row: Json) -> TaskType:
    inputs = tuple(InputRule(**{**rule, "mime": tuple(rule.get("mime", ()))}) for rule in row["inputs"])
    return TaskType(**{**row, "id": id, "inputs": inputs, "notes": tuple(row.get("notes", ()))})


def _profile(row: Json, models: Iterable[ModelSpec]) -> Profile:
    gateways = frozenset(model.gateway for model in models if model.id == row["model"])
    return Profile(tuple(row["words"]), row["model"], gateways, row["options"], row.get("ask", False))


def _model(provider: str, row: Json) -> ModelSpec:
    rates = {task: tuple(rows) for task, rows in row.get("rates", {}).items()}
    listed = row.get("prices") or {task: _prices(rows) for task, rows in rates.items()}
    prices = {task: tuple((what, steps) for what, steps in rows) for task, rows in listed.items()}
    return ModelSpec(
        **{
            **row,
            "provider": provider,
            "aliases": tuple(row["aliases"]),
            "alternatives": tuple(row.get("alternatives", ())),
            "task_types": tuple(row["forms"]),
            "estimate": tuple(row["estimate"]),
            "estimates": {task: tuple(span) for task, span in row.get("estimates", {}).items()},
            "options": _options(row["forms"]),
            "rates": rates,
            "prices": prices,
            "default_with": tuple(row.get("default_with", ())),
            "slow": tuple(row.get("slow", ())),
        }
    )


def _prices(rows: Iterable[Json]) -> list[tuple[str, int]]:
    """Rows to bill from, as those to show: all but those that a rate speaks of too."""
    each = [row["when"].items() for row in rows if "per" in row]
    return [
        _price(row) for row in rows if "per" in row or not any(row["when"].items() >= rate for rate in each)
    ]


def _price(row: Json) -> tuple[str, int]:
    when = [
        f"{name} {value}" if isinstance(value, int) else str(value) for name, value in row["when"].items()
    ]
    unit = {"duration": "a second", None: None}.get(row.get("per"), f"for each of {row.get('per')}")
    each = [unit] if unit else []
    sure = [row["basis"]] if row.get("basis") == "inferred" else []
    return ", ".join((*when, *each, *sure)) or "any", row["steps"]


def _options(forms: Mapping[str, Json]) -> dict[str, tuple[str, ...]]:
    """Option -> the values that a person may ask for, over all forms, as text; () where any value goes."""
    found: dict[str, tuple[str, ...]] = {}
    for form in forms.values():
        for name, schema in form["properties"].items():
            if "x-no-effect" not in schema:
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), *_values(schema))))
    return found


def _values(schema: Json) -> tuple[str, ...]:
    if schema.get("type") == "boolean":
        return ("true", "false")
    if schema.get("type") == "integer" and "maximum" in schema:
        return (f"{schema['minimum']} to {schema['maximum']}",)
    return tuple(str(value) for value in schema.get("enum", ()))
