"""From a wish to a plan: which kind of making, which model, which inputs, which form, which one price. Sends
nothing but the question for the live list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from studio import billing, catalogue, choosing, conditions, params, tables, terms
from studio.alternatives import alternatives, explain, stands_twice, to_try
from studio.errors import NetworkError, UsageError
from studio.form import Offer, Resolved
from studio.inputs import check_count, count, given, takes
from studio.types import Billing, Gateway, ModelRef, ModelSpec, Plan, Source, TaskType

Step = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""The bound options of a step on an earlier job -> what it sends besides."""
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
    inputs: tuple[str, ...] = ()  # pictures
    input_video: str | None = None
    input_audio: str | None = None
    from_job: str | None = None  # the job of which the first input is a picture
    parent: str | None = None  # the job that this is a step of
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
            **{name: value for name, value in self._besides().items() if value is not None},
            "from_job": self.from_job,
            "options": dict(self.options),
            "unchecked": dict(self.unchecked),
        }

    @property
    def files(self) -> dict[str, tuple[str, ...]]:
        """What was given, by kind."""
        given = {"image": self.inputs, "video": (self.input_video,), "audio": (self.input_audio,)}
        return {kind: tuple(filter(None, names)) for kind, names in given.items()}

    def _besides(self) -> dict[str, str | None]:
        """What only some wishes have."""
        return {"input_video": self.input_video, "input_audio": self.input_audio, "parent": self.parent}

    def digest(self, inputs: tuple[Source, ...]) -> str:
        """The same for two commands that ask for the same, whatever the live list says by then, and whatever
        the person prefers or somebody recommends by then: who asks again means the first one. What came of
        --from-job stands in the other parts: it is a way to say them."""
        about: tuple[str | None, ...] = (self.task_type, self.provider, self.gateway, self.user_id)
        about += ("automatic",) if self.automatic else ()
        asked = {name: value for name, value in self.requested().items() if name != "from_job"}
        return terms.digest({**asked, "inputs": terms.inputs_of(inputs), "about": about})


def task_type_of(wish: Wish) -> TaskType:
    """The one that was named, or the first that takes just these inputs; where a model was named, or several
    that these words may mean, of those that it makes."""
    known = catalogue.task_types()
    if wish.task_type:
        if wish.task_type not in known:
            raise UsageError(
                f"There is no task type {wish.task_type}.", detail=f"Task types: {', '.join(known)}."
            )
        return known[wish.task_type]
    named = catalogue.called(wish.model or "", catalogue.models()) or catalogue.partly_called(
        wish.model or "", catalogue.models()
    )
    made = {id for model in named for id in model.task_types}
    possible = [one for one in known.values() if one.id in made or not (made or not one.inferred)]
    possible = [one for one in possible if _admits(one, wish)] or possible
    fitting = [one for one in possible if not one.step and takes(one, wish.files)]
    if fitting:
        return fitting[0]
    if made:
        check_count(next(one for one in possible if not one.step), wish.files)
    raise UsageError(f"No task type takes {count(wish.files)}.", kind="bad_inputs")


def check_prompt(wish: Wish, task_type: TaskType) -> None:
    if task_type.prompt and not (wish.prompt or "").strip():
        raise UsageError(f"{task_type.id} needs --prompt: what to make, in words.", kind="missing_prompt")
    if task_type.prompt_max == 0 and wish.prompt:
        raise UsageError(f"{task_type.id} takes no --prompt: leave it out.", kind="prompt_unused")
    if task_type.prompt_max and len(wish.prompt or "") > task_type.prompt_max:
        raise UsageError(
            f"The prompt has {len(wish.prompt or '')} signs; {task_type.id} takes at most "
            f"{task_type.prompt_max}.",
            kind="prompt_too_long",
            about={"most": str(task_type.prompt_max)},
        )


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
    gateways = {model.gateway for model in among}
    if wish.model is None:
        return catalogue.default_model(task_type.id, gateways.intersection(payable) or gateways)
    profile = catalogue.profile(wish.model, gateways.intersection(payable) or gateways, task_type.id)
    words = profile.model if profile else wish.model
    found = choosing.named(words, among, task_type.id)
    if found is None and any(model.any_name for model in among):
        if profile:  # a quality is no name of a model
            return catalogue.default_model(task_type.id, gateways)
        found = catalogue.passed_on(words, among)
    if found:
        return found
    elsewhere = catalogue.find(words, catalogue.models())
    if elsewhere:
        raise UsageError(
            f"{elsewhere.name} does not make {task_type.id}.",
            kind="unsupported_option",
            detail=f"It makes {', '.join(elsewhere.task_types)}.",
            about={"model": elsewhere.name, "asked": task_type.id},
        )
    first = among[0]
    if len(gateways) > 1 or not catalogue.vendor(first.provider).live:
        raise choosing.unknown(wish.model, among, task_type.id)
    return ModelSpec(id=wish.model, name=wish.model, provider=first.provider, gateway=first.gateway)


def of_vendor(task_type: TaskType, model: ModelSpec, wish: Wish) -> TaskType:
    """The task type as the model's own vendor has it. Raises UsageError where that takes other inputs."""
    made = catalogue.vendor(model.provider).task_types[task_type.id]
    check_count(made, wish.files)
    if wish.parent is not None and not made.step:
        raise UsageError(f"{made.id} is no step of an earlier job: leave out --parent.", kind="not_a_step")
    if wish.parent is None and made.step:
        raise UsageError(
            f"{made.id} is a step of an earlier job.",
            kind="step_without_job",
            detail="See `create.py edit --help` and `compose --help`.",
        )
    return made


def draft(  # noqa: PLR0913 - the parts of a plan, each found by a step of its own
    wish: Wish,
    *,
    task_type: TaskType,
    model: ModelSpec,
    gateway: Gateway,
    inputs: tuple[Source, ...],
    offers_of: OffersOf,
    chosen_by: str | None = None,
    step: Step | None = None,
) -> Plan:
    """Bind what was asked to the live form and find its one price; or stop, with the models that can.
    `chosen_by`: who named the model, where the wish does not; `step`: what a step on an earlier job sends
    besides."""
    asked = replace(params.read(task_type.id, wish.prompt, wish.n, wish.options), files=given(inputs))
    profile = catalogue.profile(wish.model, {gateway.id}, task_type.id) if wish.model else None
    offers = offers_of(model, task_type.id)
    meant = replace(wish, model=profile.model) if profile else wish
    try:
        offer = _offer(meant, model, task_type, offers)
    except UsageError as no:
        if wish.model is None:  # nobody named it now: others that can are as good an answer
            no.alternatives, _ = alternatives(offers, Offer(model.id, "", model.name), asked, gateway)
        raise
    if not model.any_name:
        model = catalogue.by_id(offer.model_id, gateway.id) or ModelSpec(
            offer.model_id, offer.name, model.provider, gateway.id, poll_every=model.poll_every
        )
    whole, presumed = params.presuming(offer, asked, profile.options if profile else {})
    try:
        resolved = params.bind(offer, whole, model.options, model.always)
        conditions.check(offer, resolved.values, asked.files)
        price, resolved = billing.choose(offer, resolved, asked.n, gateway)
    except UsageError as no:
        explain(no, offers, offer, whole if no.about.get("asked") in presumed.values() else asked, gateway)
        raise
    if step:
        resolved = replace(resolved, values={**resolved.values, **step(resolved.values)})
    resolved, price = _unchecked(wish, offer, resolved, price)
    slow = model.slow if _holds(model.slow.get("when"), resolved.values) else {}
    if slow and price.amount is not None:
        price = replace(price, basis=f"{price.basis}, {slow['basis']}")
    others, _ = alternatives(offers, offer, whole, gateway)
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
        estimate=tuple(slow["estimate"]) if slow else model.estimates.get(task_type.id, model.estimate),
        poll_every=slow.get("poll_every", model.poll_every),
        user_id=wish.user_id,
        speed=wish.speed,
        tell_every=model.tell_every,
        alternatives=to_try(others, model),
        presumed=presumed,
        ask_first=profile is not None and profile.ask,
        chosen_by=chosen_by or ("asked" if wish.model else "default"),
        parent=wish.parent,
        notes=tuple(_notes(task_type, model, resolved.values, inputs, wish.language)),
        dropped=resolved.dropped,
        later=bool(slow),
        link_life=catalogue.vendor(model.provider).link_life,
    )


def _notes(
    task_type: TaskType,
    model: ModelSpec,
    values: Mapping[str, Any],
    inputs: tuple[Source, ...],
    language: str,
) -> Iterator[str]:
    """What the person has to know besides, as the catalogue says it for such values."""
    longest = max((source.seconds or 0.0 for source in inputs), default=0.0)
    for note in task_type.notes:
        meant = model.id in note.get("models", (model.id,)) and longest >= note.get("song_over", 0.0)
        if meant and all(values.get(name) in allowed for name, allowed in note["when"].items()):
            yield note["say"] if isinstance(note["say"], str) else note["say"][language]


def _holds(when: Mapping[str, Any] | None, values: Mapping[str, Any]) -> bool:
    return when is not None and all(values.get(name) == value for name, value in when.items())


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
    unknown = replace(price, amount=None, basis="unknown")
    return Resolved(values, origin, applied, resolved.dropped), unknown


def _admitted(model: ModelSpec, wish: Wish) -> bool:
    return wish.provider in {None, model.provider} and wish.gateway in {None, model.gateway}


def _admits(task_type: TaskType, wish: Wish) -> bool:
    """Whether the provider or gateway that was named has it at all."""
    return any(_admitted(model, wish) for model in catalogue.models(task_type.id))


def _offer(wish: Wish, model: ModelSpec, task_type: TaskType, offers: tuple[Offer, ...]) -> Offer:
    """The wished model's newest version (the last of the list), or the version that was named."""
    if model.any_name and wish.version_id:
        raise UsageError(f"{model.name} has no versions: leave out --version-id.", kind="reserved_name")
    if model.any_name:
        return tables.offer(catalogue.vendor(model.provider), model, task_type.id)
    of_model = _of_model(wish.model, model, offers)
    if not of_model:
        if model.version is None and wish.model:
            listed = choosing.listed(offers, model, task_type.id) or catalogue.models(task_type.id)
            raise choosing.unknown(wish.model, listed, task_type.id)
        raise UsageError(
            f"{model.name} is not in the vendor's live list now, so it cannot be bought.",
            kind="not_listed",
            detail=f"It has: {', '.join(dict.fromkeys(offer.name for offer in offers)) or 'nothing'}.",
            about={"model": model.name},
        )
    ids = {offer.model_id for offer in of_model}
    if len(ids) > 1:
        listed = choosing.listed(of_model, model, task_type.id)
        raise choosing.which(wish.model or model.name, listed, task_type.id)
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
    whatever the case; else the model that the words are a nickname of, by its id, then by its name."""
    said = catalogue.plain(words or "")
    signs = (
        lambda offer: words == offer.model_id,
        lambda offer: words == offer.name,
        lambda offer: said and said in {catalogue.plain(offer.model_id), catalogue.plain(offer.name)},
        lambda offer: model.id == offer.model_id,
        lambda offer: model.name == offer.name,
    )
    fitting = ([offer for offer in offers if sign(offer)] for sign in signs)
    return next(filter(None, fitting), [])
