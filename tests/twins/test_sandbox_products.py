"""The product list: the tree, its prices and forms, and who may ask."""

from __future__ import annotations

from typing import Any

import pytest

from twins.ima_vendor import Vendor, text_body, with_product

LIST = "/open/v1/product/list"
PRICES = {  # from the document's tables of attribute ids
    "text_to_image": {
        "doubao-seedream-4.5": {2341: 5},
        "gemini-3.1-flash-image": {4400: 4, 4401: 6, 4402: 10, 4403: 13},
        "gemini-3-pro-image": {2399: 10, 2400: 10, 2401: 18},
        "midjourney": {5451: 8, 5452: 10},
    },
    "image_to_image": {
        "doubao-seedream-4.5": {1611: 5},
        "gemini-3.1-flash-image": {4404: 4, 4405: 6, 4406: 10, 4407: 13},
        "gemini-3-pro-image": {2402: 10, 2403: 10, 2404: 18},
        "midjourney": {5453: 8, 5454: 10},
    },
}


def leaves(nodes: Any, depth: int = 0) -> list[tuple[int, Any]]:
    """(depth, leaf) of every leaf."""
    found = []
    for node in nodes or ():
        found += [(depth, node)] if node["type"] == "3" else leaves(node["children"], depth + 1)
    return found


def leaf(vendor: Vendor, model_id: str) -> Any:
    return next(leaf for _, leaf in leaves(vendor.products()) if leaf["model_id"] == model_id)


@pytest.mark.parametrize("category", PRICES)
def test_four_models_are_sold_with_the_documents_ids_and_points(vendor: Vendor, category: str) -> None:
    sold = {
        leaf["model_id"]: {rule["attribute_id"]: rule["points"] for rule in leaf["credit_rules"]}
        for _, leaf in leaves(vendor.products(category))
    }

    assert sold == PRICES[category]


@pytest.mark.parametrize("category", PRICES)
def test_leaves_stand_at_different_depths_and_one_group_has_no_children(
    vendor: Vendor, category: str
) -> None:
    tree = vendor.products(category)

    assert len({depth for depth, _ in leaves(tree)}) > 2
    assert [node["name"] for node in tree if node["children"] is None] == ["Coming soon"]
    assert all(node["model_id"] == "" and node["type"] == "2" for node in tree)


@pytest.mark.parametrize(
    ("category", "bought"),
    [
        ("text_to_image", {"doubao-seedream-4.5", "midjourney", "gemini-3-pro-image"}),
        ("image_to_image", {"doubao-seedream-4.5", "midjourney"}),
    ],
)
def test_the_documents_example_which_looks_two_levels_deep_finds_what_it_buys(
    vendor: Vendor, category: str, bought: set[str]
) -> None:
    tree = vendor.products(category)
    near = {leaf["model_id"] for depth, leaf in leaves(tree) if depth <= 2}

    assert bought <= near
    assert leaves(tree)[0][1]["model_id"] == "doubao-seedream-4.5"


def test_every_product_can_be_bought_at_its_own_price(vendor: Vendor) -> None:
    """Walks the live tree, so a product whose form and rules disagree would show."""
    for body in every_product(vendor.products()):
        assert vendor.create(body)["code"] == 0, body
    assert vendor.stats()["accepted"] == 10


def every_product(nodes: Any) -> list[Any]:
    bodies: list[Any] = []
    for node in nodes or ():
        if node["type"] == "2":
            bodies += every_product(node["children"])
            continue
        form = {field["field"]: field["value"] for field in node["form_config"]}
        for rule in node["credit_rules"]:
            conditions = {name: value for name, value in rule["attributes"].items() if name != "default"}
            cast = {"points": rule["points"], "attribute_id": rule["attribute_id"]}
            product = {
                key: rule[known] for key, known in (("attribute_id", "attribute_id"), ("credit", "points"))
            }
            named = {"model_id": node["model_id"], "model_name": node["name"], "model_version": node["id"]}
            bodies.append(with_product(text_body(**{**form, **conditions, "cast": cast}), **product, **named))
    return bodies


def test_a_category_without_makers_is_an_empty_list(vendor: Vendor) -> None:
    assert vendor.products("text_to_speech") == []


def test_seedream_maps_eight_ratios_through_a_virtual_field(vendor: Vendor) -> None:
    [field] = leaf(vendor, "doubao-seedream-4.5")["form_config"]
    mapping = field["value_mapping"]
    sizes = {rule["source_values"]["aspect_ratio"]: rule["target_value"] for rule in mapping["mapping_rules"]}

    assert (field["field"], field["is_ui_virtual"], field["value"]) == ("size", True, "4k")
    assert [option["value"] for option in field["options"]] == ["2k", "4k"]
    assert [(ui["field"], ui["value"]) for ui in field["ui_params"]] == [("aspect_ratio", "1:1")]
    assert [option["value"] for option in field["ui_params"][0]["options"]] == list(sizes)
    assert mapping["target_param"] == "size"
    assert (len(sizes), sizes["1:1"], sizes["21:9"]) == (8, "2048x2048", "3024x1296")


@pytest.mark.parametrize(
    ("model_id", "fields"),
    [
        ("gemini-3.1-flash-image", {"size": "1K", "aspect_ratio": "1:1"}),
        ("gemini-3-pro-image", {"size": "1K", "aspect_ratio": "1:1"}),
        ("midjourney", {"size": "480p"}),
    ],
)
def test_the_other_models_have_plain_fields_and_defaults(
    vendor: Vendor, model_id: str, fields: dict[str, str]
) -> None:
    assert {field["field"]: field["value"] for field in leaf(vendor, model_id)["form_config"]} == fields


@pytest.mark.parametrize(
    "word", ["", "Bearer", "bearer ima_x", "Token ima_x", "Bearer sk-x", "ima_x", "Bearer ima_"]
)
def test_a_missing_or_wrong_authorization_is_401_in_both_places(vendor: Vendor, word: str) -> None:
    headers = {**vendor.headers, "Authorization": word}

    answer = vendor.http.get(vendor.urls["api"] + LIST, headers=headers, timeout=5)

    assert (answer.status_code, answer.json()["code"]) == (401, 401)
    assert vendor.stats()["refused"] == {"401": 1}


@pytest.mark.parametrize("path", [LIST, "/open/v1/tasks/create", "/open/v1/tasks/detail"])
def test_every_open_route_requires_the_app_source(vendor: Vendor, path: str) -> None:
    headers = {**vendor.headers, "x-app-source": "other"}
    method = "GET" if path == LIST else "POST"

    answer = vendor.http.request(method, vendor.urls["api"] + path, headers=headers, timeout=5).json()

    assert answer["code"] == 400
    assert "x-app-source" in answer["message"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"app": "ima", "platform": "web"},
        {"app": "ima", "platform": "web", "category": "text_to_imag"},
        {"app": "webAgent", "platform": "web", "category": "text_to_image"},
        {"app": "ima", "platform": "web", "category": "text_to_image", "page": "1"},
    ],
)
def test_the_list_takes_exactly_its_three_parameters(vendor: Vendor, query: dict[str, str]) -> None:
    assert vendor.get(LIST, params=query).json()["code"] == 400


@pytest.mark.parametrize(
    ("host", "method", "path"),
    [
        ("api", "GET", "/open/v1/tasks/cancel"),
        ("api", "GET", "/open/v1/tasks/create"),
        ("upload", "GET", "/open/v1/product/list"),
        ("files", "GET", "/__sandbox/stats"),
        ("files", "POST", "/put/x"),
    ],
)
def test_an_unknown_route_is_404_and_is_noticed(vendor: Vendor, host: str, method: str, path: str) -> None:
    answer = vendor.http.request(method, vendor.urls[host] + path, headers=vendor.headers, timeout=5)

    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (404, 404, None)
    stats = vendor.stats()
    assert stats["requests"]["unknown"] == 1
    assert stats["violations"] == [f"unknown route: {method} {path} on {host}"]
