"""PURE. Which model the words for one mean; and where that is not certain, the question that asks. Prices
here are for the question, never billed from."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from studio import catalogue
from studio.errors import UsageError
from studio.form import Offer
from studio.frozen import replace
from studio.types import Alternative, ModelSpec


def named(words: str, among: Collection[ModelSpec], task_type: str) -> ModelSpec | None:
    """The model that goes by these words. Raises UsageError, which asks, where two do."""
    found = catalogue.called(words, among)
    if len(found) > 1:
        raise which(words, found, task_type)
    return found[0] if found else None


def unknown(words: str, among: Collection[ModelSpec], task_type: str) -> UsageError:
    """The question after words that no model goes by: which of those of whose names they are a part, if they
    are of several, else whether one of the nearest is meant."""
    parts = catalogue.partly_called(words, among)
    if len(parts) > 1:
        return which(words, parts, task_type)
    names = [model.name for model in catalogue.nearest(words, among)]
    return UsageError(
        f"There is no model {words}.",
        kind="unknown_model",
        detail=f"Nearest: {', '.join(names)}.",
        about={"asked": words, "names": " / ".join(names)},
    )


def which(words: str, among: Collection[ModelSpec], task_type: str) -> UsageError:
    """The question after words that fit several models."""
    error = UsageError(
        f"{words} may mean {len(among)} models.",
        kind="ambiguous_model",
        detail=f"Say which by its id: {', '.join(model.id for model in among)}.",
        about={"asked": words},
    )
    error.alternatives = tuple(_choice(model, task_type) for model in among)
    return error


def listed(offers: Iterable[Offer], like: ModelSpec, task_type: str) -> list[ModelSpec]:
    """The models of a live list, to ask about: each once, at the list's prices, with what we know of it.
    `like`: one that the same gateway sells."""
    newest = {offer.model_id: offer for offer in offers}
    return [
        replace(
            catalogue.by_id(id, like.gateway) or ModelSpec(id, offer.name, like.provider, like.gateway),
            name=offer.name,
            prices={task_type: tuple((offer.version, rule.points) for rule in offer.rules)},
        )
        for id, offer in newest.items()
    ]


def _choice(model: ModelSpec, task_type: str) -> Alternative:
    whole = {row["steps"] for row in model.rates.get(task_type, ()) if "per" not in row}
    prices = whole or {steps for _, steps in model.prices.get(task_type, ())}
    units = {gateway.id: gateway.unit for gateway in catalogue.gateways()}
    return Alternative(
        model.id,
        model.name,
        model.traits,
        min(prices, default=None),
        unit=units[model.gateway],
        least=len(prices) > 1,
    )
