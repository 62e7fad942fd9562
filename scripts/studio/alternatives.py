"""PURE. Which other models of a list make just what was asked for, and at what price."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from studio import billing, catalogue, conditions, fitting, params, tables
from studio.errors import UsageError
from studio.form import Asked, Offer
from studio.frozen import replace
from studio.options import flag
from studio.placing import PICTURE, understood, wished
from studio.types import Alternative, Gateway, ModelSpec, Source
from studio.values import thousands

MOST = 2
CANNOT = frozenset({"unsupported_option", "same_field", "contradiction"})


def explain(  # noqa: PLR0913 - what was asked for, and of whom
    no: UsageError,
    offers: Collection[Offer],
    than: Offer,
    asked: Asked,
    gateway: Gateway,
    *,
    model: ModelSpec,
    inputs: Collection[Source] = (),
) -> None:
    """Add to what a model cannot do who else makes that: in the same list, or where there is nobody, of those
    that others sell; or, of a size that nobody makes, the largest there is and who makes that."""
    name, largest = _too_large(no, offers, asked, gateway)
    if largest:
        no.about.update(asked=str(asked.options[name]).strip().upper(), largest=largest)
        no.instead = ()
        asked = replace(asked, options={**asked.options, name: largest})
    no.alternatives, nobody = alternatives(offers, None if largest else than, asked, gateway)
    no.alternatives += elsewhere(model, asked, inputs) if no.kind in CANNOT else ()
    if no.kind in CANNOT and not no.alternatives:
        others = [one for one in catalogue.models(asked.task_type) if one.id != than.model_id]
        no.alternatives = tuple(_bound(others, asked, inputs))[:MOST]
    _name_listeners(no, model, asked)
    if nobody and not no.alternatives and "asked" in no.about and understood(asked.options):
        times = {no.about["asked"]} & {params.times(asked.n)}  # how many matters where it is the trouble
        named = (wished(name, value) for name, value in asked.options.items())
        no.about["wish"] = " + ".join((*named, *times))
        no.detail = " ".join(filter(None, (no.detail, "No other model in the list makes exactly this.")))


def alternatives(
    offers: Collection[Offer], than: Offer | None, asked: Asked, gateway: Gateway
) -> tuple[tuple[Alternative, ...], bool]:
    """The newest version of every other model, where the same wish binds to its form and has one price;
    cheapest first. And whether it is certain that nothing else in the list can do it: another version can, or
    an entry might that cannot be read, has no clear price, calls it otherwise or makes another number."""
    newest = {offer.model_id: offer for offer in offers}
    found = []
    nobody = True
    for offer in [offer for offer in offers if offer != than]:
        if offer.problem or stands_twice(offer, offers):
            nobody = False
            continue
        spec = catalogue.by_id(offer.model_id, gateway.id)
        try:
            resolved = params.bind(offer, asked, always=spec.always if spec else {})
            conditions.check(offer, resolved.values, asked.files)
            price, _ = billing.choose(offer, resolved, asked.n, gateway)
        except UsageError as no:
            nobody = nobody and no.kind in CANNOT and no.about.get("asked") != params.times(asked.n)
            continue
        nobody = False
        if newest[offer.model_id] is offer and (than is None or offer.model_id != than.model_id):
            traits = spec.traits if spec else {}
            sold = catalogue.sold(offer.model_id, asked.task_type)
            at = gateway.id if len(sold) > 1 else None  # the price, and what it can do, are those of this one
            found.append(
                Alternative(offer.model_id, offer.name, traits, price.amount, gateway.unit, gateway=at)
            )
    return tuple(sorted(found, key=lambda one: (one.amount is None, one.amount))), nobody


def to_try(found: Collection[Alternative], instead_of: ModelSpec) -> tuple[Alternative, ...]:
    """At most two of these, in the order in which the catalogue would try them."""
    order = instead_of.alternatives
    wanted = sorted(found, key=lambda one: order.index(one.id) if one.id in order else len(order))
    return tuple(wanted[:MOST])


def elsewhere(model: ModelSpec, asked: Asked, inputs: Collection[Source] = ()) -> tuple[Alternative, ...]:
    """The same model at other gateways, where the same wish binds and these files are taken."""
    sold = catalogue.sold(model.id, asked.task_type)
    found = _bound([one for one in sold if one.gateway != model.gateway], asked, inputs)
    return tuple(replace(one, traits={}) for one in found)


def of_these(models: Collection[ModelSpec], asked: Asked) -> tuple[Alternative, ...]:
    """Those of these models that the wish binds to, at most two."""
    return tuple(_bound(models, asked, ()))[:MOST]


def _name_listeners(no: UsageError, model: ModelSpec, asked: Asked) -> None:
    """Add to what a model has no option for who has it, whoever sells that."""
    if asked.task_type not in model.forms or no.kind != "unsupported_option":
        return
    deaf = [name for name in asked.options if not catalogue.takes(model, asked.task_type, [name])]
    if not deaf:
        return
    here = [one for one in catalogue.models(asked.task_type) if catalogue.takes(one, asked.task_type, deaf)]
    anywhere = [
        one for one in catalogue.models() if any(catalogue.takes(one, id, deaf) for id in one.task_types)
    ]
    lacking = [name for name in deaf if name not in model.always]  # not what it only makes in one way
    takers = [one for one in here or anywhere if lacking and not one.any_name]
    own = {one.id: f"{one.id} ({one.gateway})" for one in takers if one.id == model.id}  # at another gateway
    names = ", ".join(dict.fromkeys(own.get(one.id, one.id) for one in takers))
    no.detail = " ".join(filter(None, (no.detail, f"{flag(lacking[0])} is for: {names}." if names else None)))


def _bound(specs: Collection[ModelSpec], asked: Asked, inputs: Collection[Source]) -> Iterator[Alternative]:
    """Those of these models, where the catalogue is all there is, that the wish binds to."""
    for spec in specs:
        vendor = catalogue.vendor(spec.provider)
        if vendor.live or spec.any_name or not _taken(spec, asked.task_type, inputs):
            continue
        gateway = next(made for made in vendor.gateways if made.id == spec.gateway)
        offer = tables.offer(vendor, spec, asked.task_type)
        try:
            resolved = params.bind(offer, asked, always=spec.always)
            conditions.check(offer, resolved.values, asked.files)
            price, _ = billing.choose(offer, resolved, asked.n, gateway)
        except UsageError:
            continue
        yield Alternative(spec.id, spec.name, spec.traits, price.amount, gateway.unit, gateway=gateway.id)


def _taken(spec: ModelSpec, task_type: str, inputs: Collection[Source]) -> bool:
    """Whether these files are taken with a model at its gateway, as far as they were looked at."""
    made = catalogue.task_type(task_type, spec)
    together = sum(source.size for source in inputs)
    room = made.inline_bytes is None or together <= made.inline_bytes
    return room and all(fitting.fits(source, made.rule(source.role)) for source in inputs)


def stands_twice(offer: Offer, offers: Collection[Offer]) -> bool:
    """Whether a list has another entry for just this version: nobody knows which of them counts."""
    version = (offer.model_id, offer.version)
    return any((other.model_id, other.version) == version and other != offer for other in offers)


def _too_large(
    no: UsageError, offers: Collection[Offer], asked: Asked, gateway: Gateway
) -> tuple[str, str | None]:
    """The option that asks for a size above all that are made, and the largest that is; "", None where there
    is none, or somebody may make it."""

    def made(size: Any) -> tuple[bool, bool]:
        able, nobody = alternatives(offers, None, replace(asked, n=1, options={"size": size}), gateway)
        return bool(able), nobody

    largest = next((size for size in catalogue.sizes(gateway.id) if made(size)[0]), None)
    for name in PICTURE if no.kind == "unsupported_option" else ():
        value = asked.options.get(name)
        if largest and thousands(value) > thousands(largest) and made(value)[1]:
            return name, largest
    return "", None
