"""Products that no vendor sells: leaves, orders of them, and a twin that lists them."""

from __future__ import annotations

from typing import Any

from twins.ima_vendor import Vendor, text_body

PLAIN = {"attribute_id": 7001, "points": 3, "attributes": {"default": "enabled"}}


def rule(attribute_id: int, points: int, **attributes: Any) -> dict[str, Any]:
    return {"attribute_id": attribute_id, "points": points, "attributes": attributes}


def field(name: str, *values: Any, **more: Any) -> dict[str, Any]:
    """A plain field; without values it lists no options."""
    options = {"options": [{"label": str(value), "value": value} for value in values]} if values else {}
    return {"field": name, "type": "tags", **options, **more}


def leaf(form: Any = (), *rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A model that the data file does not know."""
    about = {"id": "paper-1", "type": "3", "name": "Paper", "model_id": "paper"}
    form = list(form) if isinstance(form, tuple) else form
    return {**about, "credit_rules": list(rules or (PLAIN,)), "form_config": form, **more}


def order(chosen: dict[str, Any] = PLAIN, **inner: Any) -> dict[str, Any]:
    """A body for that model at one of its rules."""
    attribute_id, points = chosen["attribute_id"], chosen["points"]
    body = text_body(size=None, cast={"points": points, "attribute_id": attribute_id})
    body["parameters"][0]["parameters"].update(inner)
    about = {"model_id": "paper", "model_name": "Paper", "model_version": "paper-1"}
    body["parameters"][0].update(about, attribute_id=attribute_id, credit=points)
    return body


def sell(vendor: Vendor, *tree: Any) -> None:
    answer = vendor.sell(list(tree))
    assert answer.status_code == 200, answer.text


def said(vendor: Vendor, body: Any) -> tuple[int, str]:
    answer = vendor.create(body)
    return answer["code"], answer["message"]
