"""From a wish to a plan: which form, which values, which one price, and what is said besides. Sends nothing
but the question for the live list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from studio import billing, camera, catalogue, choosing, conditions, params, tables
from studio.alternatives import alternatives, elsewhere, explain, stands_twice, to_try
from studio.errors import NetworkError, UsageError
from studio.form import Asked, Offer, Resolved
from studio.frozen import replace
from studio.inputs import given
from studio.language import CJK
from studio.types import Billing, Gateway, Json, ModelRef, ModelSpec, Plan, Source, TaskType
from studio.wishes import Wish, check_prompt

Step = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""The bound options of a step on an earlier job -> what it sends besides."""
OffersOf = Callable[[ModelSpec, str], tuple[Offer, ...]]
"""A model and a task type -> the live list of its gateway."""


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
    own = catalogue.vendor(model.provider).raw
    if not model.any_name:
        model = catalogue.by_id(offer.model_id, gateway.id) or ModelSpec(
            offer.model_id, offer.name, model.provider, gateway.id, poll_every=model.poll_every
        )
    whole, presumed = params.presuming(offer, asked, profile.options if profile else {})
    if presumed and not _goes_together(offer, whole, model):  # what was said counts
        whole, presumed = asked, {}
    for said in (value for name, value in asked.options.items() if name == "camera"):
        camera.read(str(said))  # a move that there is not is no model's
    try:
        resolved = params.bind(offer, whole, model.options, model.always)
        conditions.check(offer, resolved.values, asked.files)
        price, resolved = billing.choose(offer, resolved, asked.n, gateway)
    except UsageError as no:
        wanted = whole if no.about.get("asked") in presumed.values() else asked
        explain(no, offers, offer, wanted, gateway, model=model, inputs=inputs)
        no.about.update(_lacking(own, task_type, wanted))
        no.alternatives = () if wish.unchecked else no.alternatives  # it is for this model alone
        raise
    prompt, resolved, moves = _with_camera(wish.prompt, offer, resolved, own)
    check_prompt(replace(wish, prompt=prompt), task_type)
    if step:
        resolved = replace(resolved, values={**resolved.values, **step(resolved.values)})
    resolved, price = _unchecked(wish, offer, resolved, price)
    slow = next((row for row in model.slow if _holds(row["when"], resolved.values)), {})
    if "basis" in slow and price.amount is not None:
        price = replace(price, basis=f"{price.basis}, {slow['basis']}")
    others, _ = alternatives(offers, offer, whole, gateway)
    found = list(_notes(task_type, model, resolved.values, inputs, prompt))

    def notes(at: str) -> tuple[str, ...]:
        said = [note["say"] for note in found if note.get("at", "now") == at]
        return tuple(one if isinstance(one, str) else one[wish.language] for one in said)

    return Plan(
        provider=model.provider,
        gateway=gateway.id,
        task_type=task_type.id,
        kind=task_type.kind,
        model=_sent_as(ModelRef(id=offer.model_id, name=offer.name, version=offer.version), wish),
        prompt=prompt,
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
        alternatives=() if wish.unchecked else to_try(others, model),
        elsewhere=() if wish.unchecked else elsewhere(model, whole, inputs),
        presumed=presumed,
        ask_first=profile is not None and profile.ask,
        chosen_by=chosen_by or ("asked" if wish.model else "default"),
        parent=wish.parent,
        notes=(*notes("now"), *_too_many(moves, own)),
        end_notes=notes("end"),
        dropped=resolved.dropped,
        later=slow.get("later", False),
        link_life=catalogue.vendor(model.provider).link_life,
    )


def _sent_as(model: ModelRef, wish: Wish) -> ModelRef:
    """The model as it is told: by the id that is sent, where that was given past our tables."""
    id = wish.unchecked.get("model")
    return model if id is None else replace(model, id=id, name=id)


def _lacking(own: Mapping[str, Any], task_type: TaskType, asked: Asked) -> dict[str, str]:
    """What a person has to know of an option that this vendor has not."""
    lacks = own.get("lacks", {}).get(task_type.id, {})
    return {"note": say for name, say in lacks.items() if name in asked.options}  # noqa: B035 - one at most


def _goes_together(offer: Offer, whole: Asked, model: ModelSpec) -> bool:
    """Whether no condition of the form stands between the options. What it lacks is told later."""
    try:
        resolved = params.bind(offer, whole, model.options, model.always)
    except UsageError:
        return True
    try:
        conditions.check(offer, resolved.values, whole.files)
    except UsageError:
        return False
    return True


def _notes(
    task_type: TaskType,
    model: ModelSpec,
    values: Mapping[str, Any],
    inputs: tuple[Source, ...],
    prompt: str | None,
) -> Iterator[Json]:
    """What the person has to know besides, as the catalogue says it for such values."""
    measured = {
        "song_over": max((source.seconds or 0.0 for source in inputs), default=0.0),
        "words_from": words(prompt or ""),
        "signs_from": len(prompt or ""),
    }
    for note in task_type.notes:
        meant = model.id in note.get("models", (model.id,))
        long = all(measured[name] >= note.get(name, 0) for name in measured)
        if meant and long and all(values.get(name) in allowed for name, allowed in note["when"].items()):
            yield note


def _too_many(moves: int, own: Mapping[str, Any]) -> list[str]:
    """What is said where more moves of the camera are wanted at once than the vendor advises."""
    return [own["camera"]["say"]] if moves and moves > own["camera"]["most"] else []


def words(text: str) -> int:
    """How many words a text has; a Chinese sign counts as one."""
    chinese = sum(ord(sign) in CJK for sign in text)
    return chinese + len("".join(" " if ord(sign) in CJK else sign for sign in text).split())


def _with_camera(
    prompt: str | None, offer: Offer, resolved: Resolved, own: Mapping[str, Any]
) -> tuple[str | None, Resolved, int]:
    """The prompt with the camera's moves in the vendor's form, and at most how many of them at once; what was
    said of them is no parameter any more."""
    said = resolved.values.get("camera")
    if said is None:
        if camera.PLACE in (prompt or ""):
            listens = "camera" in offer.schema.get("properties", {})
            raise UsageError(
                f"The prompt has {camera.PLACE}, and no --camera says what stands there.",
                kind="option_needed" if listens else "unsupported_option",
                detail=f"{'Say it, or take' if listens else 'Take'} {camera.PLACE} out of the prompt.",
                about={"model": offer.name, "asked": "camera"},
            )
        return prompt, resolved, 0
    steps = camera.read(said)
    written = [camera.written(step, own["camera"]) for step in steps]
    values = {name: value for name, value in resolved.values.items() if name != "camera"}
    applied = {**resolved.applied, "camera": ", ".join(written)}
    most = max(len(step.names) for step in steps)
    return camera.placed(prompt, written), replace(resolved, values=values, applied=applied), most


def _holds(when: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return all(values.get(name) == value for name, value in when.items())


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
