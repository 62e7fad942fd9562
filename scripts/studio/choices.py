"""Which model is taken, and why: the one that was named, else the user's preference, else what was
recommended, else the default. Nothing is remembered but what a person named in so many words."""

from __future__ import annotations

import functools

from studio import catalogue, choosing, wishes
from studio.app import App
from studio.errors import UsageError
from studio.frozen import dataclass, replace
from studio.messages import Messages
from studio.types import ModelSpec, Plan, TaskType
from studio.wishes import Wish

OF_THE_MODEL = ("unsupported_option", "same_field", "no_rule")  # what another model may do
FORGET = "It is the preferred model of this user; `prefs clear` forgets it."


@dataclass(frozen=True)
class Choice:
    """`by`: asked, preference, recommended or default. `hint`: another model that was recommended, with the
    reason. `passed_over`: the preferred model, where it cannot be had any more."""

    model: ModelSpec
    by: str
    hint: ModelSpec | None = None
    reason: str | None = None
    passed_over: str | None = None


def choose(app: App, wish: Wish, task_type: TaskType, kept: ModelSpec | None = None) -> Choice:
    """`kept`: the model of the job that is gone on with. Raises UsageError where what was named, preferred or
    recommended is not there, or not for this."""
    made, payable = app.made, app.payable
    if made.remember and not leaves_open(made.model):
        check_named(made.model, "--remember")
    if made.reason and not made.recommended:
        raise UsageError("--reason says why --recommended: give that too.")
    hint = known(made.recommended, task_type.id) if made.recommended else None
    if kept is not None:
        return Choice(kept, "asked")
    if wish.model is not None:
        return Choice(wishes.model_of(wish, task_type, payable), "asked")
    preferred, passed_over = (None, None) if wish.automatic else _preferred(app, wish, task_type)
    if preferred:
        other = hint if hint and hint != preferred and task_type.id in hint.task_types else None
        return Choice(preferred, "preference", other, made.reason)
    if hint:
        model = wishes.model_of(replace(wish, model=made.recommended), task_type, payable)
        return Choice(model, "recommended", None, made.reason, passed_over)
    model = wishes.model_of(wish, task_type, payable)
    return Choice(model, "default", passed_over=passed_over)


def explained(no: UsageError, choice: Choice, language: str) -> UsageError:
    """What a preferred model cannot do, told as that."""
    if choice.by != "preference":
        return no
    if no.kind in {"unknown_model", "not_listed"}:
        return _gone(choice.model, no)
    if no.kind in OF_THE_MODEL:
        no.about["model"] = Messages(language).say("prefs.preferred", model=choice.model.name)
        no.detail = " ".join(filter(None, (no.detail, FORGET)))
    return no


def settle(app: App, choice: Choice, plan: Plan) -> None:
    """The plan stands: remember the model where that was asked for, and say besides what there is to say."""
    words = Messages(plan.language)
    if app.made.remember and leaves_open(app.made.model):
        app.remarks.append(forgotten(app, tuple(catalogue.task_types()), words))
    elif app.made.remember:
        past = "model" in plan.requested.get("unchecked", {})
        spec = None if past else catalogue.by_id(plan.model.id, plan.gateway)
        if spec is None:
            raise UsageError(
                f"{plan.model.name} can be bought now, but not be remembered: only the live list knows it.",
                kind="cannot_remember",
            )
        app.remarks.append(remembered(app, spec, spec.task_types, words))
    if getattr(app.made, "approve", None):
        return  # it was said with the question
    model, reason = plan.model.name, (choice.reason or "").rstrip(".。!！")
    if choice.passed_over:
        app.remarks.append(words.say("prefs.passed_over", model=choice.passed_over, other=model))
    if choice.hint and reason:
        app.remarks.append(words.say("prefs.hint_why", model=choice.hint.name, reason=reason))
    elif choice.hint:
        app.remarks.append(words.say("prefs.hint", model=choice.hint.name))
    elif choice.by == "recommended" and reason:
        app.remarks.append(words.say("prefs.why", model=model, reason=reason))


def remembered(app: App, spec: ModelSpec, task_types: tuple[str, ...], words: Messages) -> str:
    """Write a preference down; the line that confirms it."""
    app.ledger.preferences.save(app.made.user_id or "", task_types, spec.gateway, spec.id)
    return words.say("prefs.set", model=spec.name, what=words.made_for(task_types))


def forgotten(app: App, task_types: tuple[str, ...], words: Messages) -> str:
    """Leave the choice to us from now on; the line that confirms it."""
    what = words.made_for(task_types)
    if app.ledger.preferences.clear(app.made.user_id or "", task_types):
        return words.say("prefs.cleared", what=what)
    return words.say("prefs.nothing", what=what)


def check_named(words: str | None, flag: str) -> None:
    """Words that name a model, and not a quality that another model may have tomorrow."""
    if words is None or leaves_open(words) or catalogue.plain(words) in _qualities():
        raise UsageError(
            f"{flag} needs a model by its name: nothing was named that could be remembered.",
            kind="cannot_remember",
            detail="`create.py models` lists the names.",
        )


def automatic(words: str | None) -> bool:
    """Whether these words leave the model of one request to us."""
    return words is not None and catalogue.plain(words) in _listed("automatic")


def leaves_open(words: str | None) -> bool:
    """Whether these words leave the model of all requests from now on to us: who always wants the best
    wants the best of each day."""
    return automatic(words) or (words is not None and catalogue.plain(words) in _listed("best"))


def _preferred(app: App, wish: Wish, task_type: TaskType) -> tuple[ModelSpec | None, str | None]:
    """The user's model; or none, and the name of one that cannot be had any more. Raises UsageError where
    it is there, and not for this."""
    known = app.ledger.preferences.get(wish.user_id or "", task_type.id)
    if known is None:
        return None, None
    remembered = catalogue.by_id(known.model_id, known.gateway)
    spec = payable(app, remembered) if remembered else None
    if spec is None or (app.payable and spec.gateway not in app.payable):
        return None, spec.name if spec else known.model_id
    named = replace(wish, model=spec.id, gateway=wish.gateway or spec.gateway)
    try:
        return wishes.model_of(named, task_type, app.payable), None
    except UsageError as no:
        raise _gone(spec, no) from None


def _gone(model: ModelSpec, no: UsageError) -> UsageError:
    made = UsageError(
        no.message,
        kind="preferred_gone",
        detail=" ".join(filter(None, (no.detail, FORGET))),
        about={"model": model.name},
    )
    made.alternatives = no.alternatives
    return made


def payable(app: App, model: ModelSpec) -> ModelSpec:
    """The model at its gateway, or, where that has no key and another that sells it has, at that."""
    sold = (model, *catalogue.sold(model.id))
    return next((one for one in sold if one.gateway in app.payable), model)


def known(words: str, task_type: str) -> ModelSpec:
    """A model that is remembered or recommended: always one of the catalogue. Raises UsageError, which asks,
    where the words fit none, or several."""
    found = choosing.named(words, catalogue.models(), task_type)
    if found is None:
        raise choosing.unknown(words, catalogue.models(), task_type)
    return found


@functools.cache
def _listed(what: str) -> frozenset[str]:
    return frozenset(map(catalogue.plain, catalogue.load("words.json")[what]))


@functools.cache
def _qualities() -> frozenset[str]:
    """Words such as "the cheapest"."""
    profiles = (profile for vendor in catalogue.vendors() for profile in vendor.raw.get("profiles", ()))
    return frozenset(catalogue.plain(word) for profile in profiles for word in profile["words"])
