"""Products put in the place of the data file's: listed as they are, sold, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

import support
from sandbox import Sandbox
from twins.ima_made_up import PLAIN, field, leaf, order, rule, said, sell
from twins.ima_vendor import Clock, Vendor, image_body, text_body


def test_a_replaced_tree_is_listed_to_the_letter_and_the_other_category_stays(vendor: Vendor) -> None:
    before = vendor.products("image_to_image")
    tree = [
        {"type": "2", "name": "empty"},
        {
            "type": "2",
            "id": "g",
            "children": [{"type": "2", "children": [leaf(None), leaf(badge="new")]}, leaf()],
        },
    ]
    sell(vendor, *tree)

    assert vendor.products() == tree
    assert vendor.products("image_to_image") == before


def test_only_what_is_listed_now_can_be_bought(vendor: Vendor) -> None:
    sell(vendor, {"type": "2", "children": [{"type": "2", "children": [leaf()]}]})

    assert said(vendor, order())[0] == 0
    assert said(vendor, text_body()) == (400, "Invalid product attribute")
    assert vendor.create(image_body())["code"] == 0
    assert vendor.stats()["points_charged"] == 3 + 5


def test_an_emptied_category_lists_and_sells_nothing(vendor: Vendor) -> None:
    sell(vendor)

    assert vendor.products() == []
    assert said(vendor, text_body()) == (400, "Invalid product attribute")


def test_a_price_that_changes_between_list_and_order_is_6006(vendor: Vendor) -> None:
    sell(vendor, leaf((), rule(7001, 4)))

    code, words = said(vendor, order())

    assert (code, "credit" in words) == (6006, True)


def test_delete_goes_back_to_the_data_file_in_every_category(vendor: Vendor) -> None:
    before = [vendor.products(), vendor.products("image_to_image")]
    sell(vendor, leaf())
    assert vendor.sell([], "image_to_image").status_code == 200

    vendor.sell_as_usual()

    assert [vendor.products(), vendor.products("image_to_image")] == before
    assert said(vendor, text_body())[0] == 0


def test_each_twin_has_its_own_products_and_keeps_none(tmp_path: Any) -> None:
    with Sandbox(tmp_path) as one, Sandbox(tmp_path) as two:
        sell(Vendor(one), leaf())
        assert said(Vendor(two), text_body())[0] == 0
    with Sandbox(tmp_path) as later:
        assert said(Vendor(later), text_body())[0] == 0


def test_an_ordered_task_outlives_its_product(clock: Clock) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        sell(vendor, leaf((field("size", "640x480"),)))
        task_id = vendor.create(order(size="640x480"))["data"]["id"]
        vendor.sell_as_usual()
        clock.now += 41
        [media] = vendor.detail(task_id)["data"]["medias"]

        assert (media["width"], media["height"]) == (640, 480)
        assert vendor.http.get(media["url"], timeout=5).status_code == 200


def test_a_model_of_unknown_speed_takes_twenty_to_forty_seconds(clock: Clock) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        sell(vendor, leaf())
        tasks = [vendor.create(order())["data"]["id"] for _ in range(20)]

        def ready() -> int:
            details = [vendor.detail(task_id)["data"]["medias"] for task_id in tasks]
            return sum(bool(medias and medias[0]["url"]) for medias in details)

        clock.now += 19.9
        assert ready() == 0
        clock.now += 20.2
        assert ready() == 20


def without(name: str) -> dict[str, Any]:
    product = leaf()
    del product[name]
    return product


@pytest.mark.parametrize(
    ("tree", "named"),
    [
        ({}, "array"),
        (None, "array"),
        (["x"], "0: "),
        ([{}], "type"),
        ([{**leaf(), "type": 3}], "0.type"),
        ([{"type": "2", "children": {}}], "0.children"),
        ([{"type": "2", "children": [without("id")]}], "0.children.0: 'id'"),
        ([without("model_id")], "model_id"),
        ([without("name")], "name"),
        ([without("credit_rules")], "credit_rules"),
        ([leaf(credit_rules=None)], "0.credit_rules"),
        ([leaf(id="")], "0.id"),
        ([leaf((), {"points": 1})], "attribute_id"),
        ([leaf((), rule(1, -1))], "points"),
        ([leaf((), {**PLAIN, "points": "5"})], "points"),
        ([leaf((), {**PLAIN, "attributes": []})], "attributes"),
        ([leaf({})], "form_config"),
        ([leaf(({"value": 1},))], "field"),
        ([leaf((field("size", options=["1K"]),))], "0.form_config.0.options.0"),
        ([leaf((field("size", value_mapping={"mapping_rules": [{}]}),))], "target_value"),
    ],
)
def test_a_tree_that_could_not_be_served_is_400_with_words(vendor: Vendor, tree: Any, named: str) -> None:
    before = vendor.products()

    answer = vendor.sell(tree)

    assert answer.status_code == 400
    assert named in answer.json()["message"]
    assert vendor.products() == before


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        {},
        {"tree": []},
        {"category": "text_to_image"},
        {"category": "text_to_image", "tree": [], "more": 1},
        {"category": "text_to_music", "tree": []},
        {"category": ["text_to_image"], "tree": []},
    ],
)
def test_a_replacement_that_does_not_say_what_to_replace_is_400(vendor: Vendor, wanted: Any) -> None:
    answer = vendor.post("/__sandbox/products", wanted)

    assert answer.status_code == 400
    assert answer.json()["message"]


def test_the_vendor_of_the_commands_tests_replaces_products_by_the_same_door(vendor: Vendor) -> None:
    support.Vendor(vendor.urls, 1).products("text_to_image", [leaf()])

    assert vendor.products() == [leaf()]


def test_products_are_replaced_on_the_first_listener_only(vendor: Vendor) -> None:
    for host in ("upload", "files"):
        url = vendor.urls[host] + "/__sandbox/products"
        assert (
            vendor.http.post(url, json={"category": "text_to_image", "tree": []}, timeout=5).status_code
            == 404
        )
    assert vendor.products() != []
