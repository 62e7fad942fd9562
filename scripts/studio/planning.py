"""From a wish to a plan: which kind of making, which model, which inputs, which form, which one price. Sends
nothing but the question for the live list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from studio import billing, catalogue, media, params, terms
from studio.alternatives import alternatives, stands_twice
from studio.errors import NetworkError, UsageError
from studio.types import Billing, Gateway, ModelRef, ModelSpec, Offer, Plan, Resolved, Source, TaskType

OffersOf = Callable[[ModelSpec, str], tuple[Offer, ...]]
"""A model and a task type -> the live list of its gateway."""


@dataclass(frozen=True)
class Wish:
    """What was asked for, typed but not yet understood."""

    prompt: str | None = None
    task_type: str | None = None
    model: str | None = None
    automatic: bool = False  # said in so many words that any model will do: no preference counts
    version_id: str | None = None
    provider: str | None = None
    gateway: str | None = None
    inputs: tuple[str, ...] = ()
    n: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    unchecked: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    user_id: str | None = None
    speed: float = 1.0

    def requested(self) -> dict[str, Any]:
        """The wish as a document shows it."""
        return {
            "prompt": self.prompt,
            "model": self.model,
            "version_id": self.version_id,
            "n": self.n,
            "inputs": list(self.inputs),
            "options": dict(self.options),
            "unchecked": dict(self.unchecked),
        }

    def digest(self, inputs: tuple[Source, ...]) -> str:
        """The same for two commands that ask for the same, whatever the live list says by then, and whatever
        the person prefers or somebody recommends by then: who asks again means the first one."""
        about: tuple[str | None, ...] = (self.task_type, self.provider, self.gateway, self.user_id)
        about += ("automatic",) if self.automatic else ()
        return terms.digest({**self.requested(), "inputs": terms.inputs_of(inputs), "about": about})


def task_type_of(wish: Wish) -> TaskType:
    """The one that was named, or the first that takes just these inputs."""
    known = catalogue.task_types()
    if wish.task_type:
        if wish.task_type not in known:
            raise UsageError(
                f"There is no task type {wish.task_type}.", detail=f"Task types: {', '.join(known)}."
            )
        made = known[wish.task_type]
        _check_inputs(made, len(wish.inputs))
        return made
    fitting = [made for made in known.values() if _takes(made, len(wish.inputs))]
    if not fitting:
        raise UsageError(f"No task type takes {len(wish.inputs)} pictures.", kind="bad_inputs")
    return fitting[0]


def check_prompt(wish: Wish, task_type: TaskType) -> None:
    if task_type.prompt and not (wish.prompt or "").strip():
        raise UsageError(f"{task_type.id} needs --prompt: what to make, in words.", kind="missing_prompt")


def model_of(wish: Wish, task_type: TaskType, payable: Collection[str]) -> ModelSpec:
    """The model that was named, known or not, or the default over the gateways that can be paid. A model
    the catalogue does not know is looked for in the live list of the one gateway it can be on."""
    if wish.model is not None and not wish.model.strip():
        raise UsageError("--model was given without a name.", detail="`create.py models` lists the names.")
    among = [model for model in catalogue.models(task_type.id) if _admitted(model, wish)]
    if not among:
        raise UsageError(
            f"Nothing there makes {task_type.id}.", detail="`create.py models` lists what can be made."
        )
    if wish.model is None:
        gateways = {model.gateway for model in among}
        return catalogue.default_model(task_type.id, gateways.intersection(payable) or gateways)
    found = catalogue.find(wish.model, among)
    if found:
        return found
    elsewhere = catalogue.find(wish.model, catalogue.models())
    if elsewhere:
        raise UsageError(
            f"{elsewhere.name} does not make {task_type.id}.",
            kind="unsupported_option",
            detail=f"It makes {', '.join(elsewhere.task_types)}.",
            about={"model": elsewhere.name, "asked": task_type.id},
        )
    gateways = {model.gateway for model in among}
    if len(gateways) > 1:
        raise unknown_model(wish.model, among)
    first = among[0]
    return ModelSpec(id=wish.model, name=wish.model, provider=first.provider, gateway=first.gateway)


def unknown_model(words: str, among: Collection[ModelSpec]) -> UsageError:
    names = ", ".join(model.name for model in catalogue.nearest(words, among))
    return UsageError(f"There is no model {words}.", kind="unknown_model", detail=f"Nearest: {names}.")


def inspect(wish: Wish, task_type: TaskType) -> tuple[Source, ...]:
    """Every input, looked at before anything is sent."""
    return tuple(media.inspect(name, task_type.inputs[0]) for name in wish.inputs)


def draft(  # noqa: PLR0913 - the parts of a plan, each found by a step of its own
    wish: Wish,
    *,
    task_type: TaskType,
    model: ModelSpec,
    gateway: Gateway,
    inputs: tuple[Source, ...],
    offers_of: OffersOf,
    chosen_by: str | None = None,
) -> Plan:
    """Bind what was asked to the live form and find its one price; or stop, with the models that can.
    `chosen_by`: who named the model, where the wish does not."""
    asked = params.read(task_type.id, wish.prompt, wish.n, wish.options)
    offers = offers_of(model, task_type.id)
    try:
        offer = _offer(wish, model, task_type, offers)
    except UsageError as no:
        if wish.model is None:  # nobody named it now: others that can are as good an answer
            no.alternatives, _ = alternatives(offers, Offer(model.id, "", model.name), asked, gateway)
        raise
    model = catalogue.by_id(offer.model_id, gateway.id) or replace(model, estimate=None, options={})
    try:
        resolved = params.bind(offer, asked, model.options)
        price, resolved = billing.choose(offer, resolved, asked.n, gateway)
    except UsageError as no:
        no.alternatives, nobody = alternatives(offers, offer, asked, gateway)
        if nobody and "asked" in no.about:
            times = {no.about["asked"]} & {params.times(asked.n)}  # how many matters where it is the trouble
            no.about["wish"] = " + ".join((*map(str, asked.options.values()), *times))
            no.detail = " ".join(filter(None, (no.detail, "No other model in the list makes exactly this.")))
        raise
    resolved, price = _unchecked(wish, offer, resolved, price)
    return Plan(
        provider=model.provider,
        gateway=gateway.id,
        task_type=task_type.id,
        kind=task_type.kind,
        model=ModelRef(id=offer.model_id, name=offer.name, version=offer.version),
        prompt=wish.prompt,
        n=asked.n,
        values=resolved.values,
        origin=resolved.origin,
        applied=resolved.applied,
        requested=wish.requested(),
        inputs=inputs,
        billing=price,
        language=wish.language,
        estimate=model.estimate,
        poll_every=model.poll_every,
        user_id=wish.user_id,
        speed=wish.speed,
        chosen_by=chosen_by or ("asked" if wish.model else "default"),
    )


def _unchecked(wish: Wish, offer: Offer, resolved: Resolved, price: Billing) -> tuple[Resolved, Billing]:
    """With what the person sends past our checks. What that costs, nobody here knows."""
    if not wish.unchecked:
        return resolved, price
    reserved = params.RESERVED.intersection(wish.unchecked)
    if reserved:
        raise UsageError(f"--unchecked cannot set {', '.join(sorted(reserved))}.", kind="reserved_name")
    values = {**resolved.values, **wish.unchecked}
    origin = {**resolved.origin, **dict.fromkeys(wish.unchecked, "unchecked")}
    without = {control.name for made in offer.form if made.target in wish.unchecked for control in made.ui}
    applied = {name: value for name, value in resolved.applied.items() if name not in without}
    return Resolved(values, origin, applied), replace(price, amount=None, basis="unknown")


def _admitted(model: ModelSpec, wish: Wish) -> bool:
    return wish.provider in {None, model.provider} and wish.gateway in {None, model.gateway}


def _takes(task_type: TaskType, count: int) -> bool:
    if not task_type.inputs:
        return count == 0
    rule = task_type.inputs[0]
    return rule.least <= count <= rule.most


def _check_inputs(task_type: TaskType, count: int) -> None:
    if _takes(task_type, count):
        return
    if not task_type.inputs:
        wanted = "no pictures"
    else:
        rule = task_type.inputs[0]
        wanted = f"{rule.least} to {rule.most} pictures with --input-images"
    raise UsageError(f"{task_type.id} takes {wanted}, not {count}.", kind="bad_inputs")


def _offer(wish: Wish, model: ModelSpec, task_type: TaskType, offers: tuple[Offer, ...]) -> Offer:
    """The wished model's newest version (the last of the list), or the version that was named."""
    of_model = _of_model(wish.model, model, offers)
    if not of_model:
        if model.version is None and wish.model:
            listed = [ModelSpec(one.model_id, one.name, model.provider, model.gateway) for one in offers]
            raise unknown_model(wish.model, listed or catalogue.models(task_type.id))
        raise UsageError(
            f"{model.name} is not in the vendor's live list now, so it cannot be bought.",
            kind="unknown_model",
            detail=f"It has: {', '.join(dict.fromkeys(offer.name for offer in offers)) or 'nothing'}.",
        )
    ids = {offer.model_id for offer in of_model}
    versions = [offer for offer in offers if offer.model_id in ids]
    named = [offer for offer in versions if offer.version == wish.version_id]
    chosen = named if wish.version_id else of_model
    if not chosen:
        raise UsageError(
            f"{model.name} has no version {wish.version_id}.",
            detail=f"Versions: {', '.join(offer.version for offer in versions)}.",
        )
    offer = chosen[-1]
    problem = offer.problem
    if stands_twice(offer, offers):
        problem = "stands there twice, with differences"
    if problem:
        raise NetworkError(
            f"The live list's entry for {offer.name or model.name} {problem}, so it cannot be bought now.",
            kind="bad_answer",
        )
    return offer


def _of_model(words: str | None, model: ModelSpec, offers: tuple[Offer, ...]) -> list[Offer]:
    """The entries that are meant, by the surest sign there is: the words are an entry's id, or its name,
    whatever the case; else the model that the words are a nickname of, by its id, then by its name. Raises
    UsageError where the sign fits two models."""
    said = catalogue.plain(words or "")
    signs = (
        lambda offer: words == offer.model_id,
        lambda offer: words == offer.name,
        lambda offer: said and said in {catalogue.plain(offer.model_id), catalogue.plain(offer.name)},
        lambda offer: model.id == offer.model_id,
        lambda offer: model.name == offer.name,
    )
    fitting = ([offer for offer in offers if sign(offer)] for sign in signs)
    found = next(filter(None, fitting), [])
    ids = dict.fromkeys(offer.model_id for offer in found)
    if len(ids) > 1:
        raise UsageError(
            f"{words or model.name} is the name of {len(ids)} models in the live list.",
            kind="unknown_model",
            detail=f"Say which by its id: {', '.join(ids)}.",
        )
    return found
