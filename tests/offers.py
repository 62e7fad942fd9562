"""Live offers, as the provider reads them: the vendor's real models, and leaves made up for one test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox import ima_products
from studio import billing, catalogue, params
from studio.contract import Request, Response
from studio.form import Asked, Offer, Resolved
from studio.providers.ima import Provider
from studio.types import Billing, Json

GATEWAY = catalogue.gateways()[0]
FREE: Sequence[Json] = ({"attribute_id": 1, "points": 1, "attributes": {"default": "enabled"}},)


def parse(tree: Any, task_type: str = "text_to_image") -> tuple[Offer, ...]:
    """A product list, as the vendor sends it, through the provider's own reading."""
    provider = Provider({GATEWAY.id: GATEWAY}, catalogue.vendor("ima").raw, lambda: 0.0)

    def read(request: Request) -> Response:
        return Response(request.what, 200, {}, {"code": 0, "message": "", "data": tree})

    return provider.offers(task_type, "en", read)


def live(task_type: str = "text_to_image") -> tuple[Offer, ...]:
    return parse(ima_products.tree(task_type), task_type)


def model(words: str, task_type: str = "text_to_image") -> Offer:
    return next(offer for offer in live(task_type) if offer.name == words)


def leaf(
    form: Any = (),
    rules: Sequence[Json] = FREE,
    model_id: str = "made-up",
    version: str = "v1",
    name: str = "Made Up",
) -> Json:
    return {
        "id": version,
        "type": "3",
        "name": name,
        "model_id": model_id,
        "credit_rules": list(rules),
        "form_config": form if form is None else list(form),
    }


def made_up(form: Any = (), rules: Sequence[Json] = FREE) -> Offer:
    (offer,) = parse([leaf(form, rules)])
    return offer


def rule(attribute_id: int, points: int, **attributes: Any) -> Json:
    return {"attribute_id": attribute_id, "points": points, "attributes": attributes}


def field(name: str, value: Any = None, *options: Any) -> Json:
    return {"field": name, "value": value, "options": [{"label": str(one), "value": one} for one in options]}


def virtual(
    name: str,
    ui: Sequence[Json],
    rows: Sequence[tuple[Mapping[str, Any], Any]],
    *,
    target: str | None = None,
    **more: Any,
) -> Json:
    """A field that a person fills in through other controls."""
    mapping: Json = {
        "mapping_rules": [{"source_values": dict(row), "target_value": value} for row, value in rows]
    }
    if target:
        mapping["target_param"] = target
    return {**field(name), "is_ui_virtual": True, "ui_params": list(ui), "value_mapping": mapping, **more}


def bind(offer: Offer, **options: Any) -> Resolved:
    return params.bind(offer, asked(**options))


def buy(offer: Offer, n: int = 1, **options: Any) -> tuple[Billing, Resolved]:
    """What is asked for -> its one price and what will be sent."""
    return billing.choose(offer, bind(offer, **options), n, GATEWAY)


def asked(**options: Any) -> Asked:
    return params.read("text_to_image", "a lighthouse", 1, options)
