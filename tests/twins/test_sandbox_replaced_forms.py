"""Replaced products are judged by their own forms and rules: parameters, values, prices, n, pixels."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from twins.ima_made_up import PLAIN, field, leaf, order, rule, said, sell
from twins.ima_vendor import Vendor


@pytest.mark.parametrize("form", [None, [], "left out"])
def test_a_leaf_may_have_no_form_and_then_takes_no_parameter(vendor: Vendor, form: Any) -> None:
    product = leaf(form)
    if form == "left out":
        del product["form_config"]
    sell(vendor, product)

    assert said(vendor, order())[0] == 0
    assert said(vendor, order(size="1K")) == (400, "size is not a parameter of Paper")


@pytest.mark.parametrize("options", [{}, {"options": []}, {"options": None}])
@pytest.mark.parametrize("value", ["anything", 7, 2.5, False, ["a"]])
def test_a_field_without_options_takes_any_value(vendor: Vendor, options: Any, value: Any) -> None:
    sell(vendor, leaf((field("style", value="default style", **options),)))

    assert said(vendor, order(style=value))[0] == 0
    assert said(vendor, order(style=None)) == (400, "style None is invalid for Paper, valid: any but null")


@pytest.mark.parametrize("name", ["size", "aspect_ratio", "quality", "seed", "Stil_2"])
def test_a_field_of_any_name_passes_with_its_own_values_only(vendor: Vendor, name: str) -> None:
    sell(vendor, leaf((field(name, "low", "high"),)))

    assert said(vendor, order(PLAIN, **{name: "HIGH"}))[0] == 0
    assert said(vendor, order(PLAIN, **{name: "none"})) == (
        400,
        f"{name} none is invalid for Paper, valid: low, high",
    )
    assert said(vendor, order(PLAIN, **{name + "s": "high"})) == (400, f"{name}s is not a parameter of Paper")


def test_the_forms_own_value_is_one_of_its_values(vendor: Vendor) -> None:
    sell(vendor, leaf((field("quality", "low", "high", value="auto"),)))

    assert said(vendor, order(quality="auto"))[0] == 0


@pytest.mark.parametrize(
    ("sent", "taken"), [(5, True), ("5", True), (5.0, True), (5.5, False), (True, False)]
)
def test_numbers_are_compared_as_numbers_and_as_their_text(vendor: Vendor, sent: Any, taken: bool) -> None:
    """Contract 1.2: a rule's value may differ in type from the form's."""
    sell(vendor, leaf((field("duration", "5"),), rule(7001, 3, duration=5)))

    assert said(vendor, order(duration=sent))[0] == (0 if taken else 400)


@pytest.mark.parametrize(("sent", "charged"), [(True, 9), ("true", 9), ("TRUE", 9), (False, 4), ("False", 4)])
def test_truth_values_match_as_words_too(vendor: Vendor, sent: Any, charged: int) -> None:
    loud, quiet = rule(7001, 9, sound="true"), rule(7002, 4, sound=False)
    sell(vendor, leaf((field("sound", "true", "false"),), loud, quiet))

    assert said(vendor, order(loud if charged == 9 else quiet, sound=sent))[0] == 0
    assert said(vendor, order(quiet if charged == 9 else loud, sound=sent))[0] == 6010


def test_a_value_that_only_a_rule_names_is_allowed(vendor: Vendor) -> None:
    sell(
        vendor,
        leaf((field("quality", "low"),), rule(7001, 3, quality="low"), high := rule(7002, 8, quality="high")),
    )

    assert said(vendor, order(high, quality="high"))[0] == 0
    assert said(vendor, order(quality="mid")) == (400, "quality mid is invalid for Paper, valid: low, high")


def test_a_parameter_that_only_a_rule_names_is_one_and_must_be_sent(vendor: Vendor) -> None:
    fast = rule(7001, 3, mode="fast")
    sell(vendor, leaf((), fast))

    assert said(vendor, order(fast, mode="fast"))[0] == 0
    assert said(vendor, order(fast)) == (6009, "No matching price rule: mode is missing")


@pytest.mark.parametrize("backwards", [False, True])
def test_the_most_specific_rule_that_holds_in_full_is_the_price(vendor: Vendor, backwards: bool) -> None:
    rules = [
        fallback := rule(7001, 2, default="enabled"),
        large := rule(7002, 5, size="2K"),
        best := rule(7003, 9, size="2K", quality="high"),
    ]
    form = (field("size", "1K", "2K"), field("quality", "low", "high"))
    sell(vendor, leaf(form, *(rules[::-1] if backwards else rules)))

    expected = [
        ({}, fallback),
        ({"quality": "high"}, fallback),
        ({"size": "1K", "quality": "high"}, fallback),
        ({"size": "2k"}, large),
        ({"size": "2K", "quality": "low"}, large),
        ({"size": "2K", "quality": "high"}, best),
    ]
    for inner, right in expected:
        assert [said(vendor, order(one, **inner))[0] for one in rules] == [
            0 if one is right else 6010 for one in rules
        ], inner


def test_values_that_no_rule_prices_are_6009(vendor: Vendor) -> None:
    large = rule(7002, 5, size="2K")
    sell(vendor, leaf((field("size", "1K", "2K"),), large))

    assert said(vendor, order(large, size="1K")) == (6009, "No matching price rule: none holds")


@pytest.mark.parametrize("attributes", [{}, None, "left out"])
def test_a_rule_without_conditions_holds_like_the_default(vendor: Vendor, attributes: Any) -> None:
    free = {"attribute_id": 7001, "points": 0, "attributes": attributes}
    if attributes == "left out":
        del free["attributes"]
    sell(vendor, leaf((), free))

    assert said(vendor, order(free))[0] == 0
    assert vendor.stats()["points_charged"] == 0


def test_the_marker_of_the_default_rule_is_no_parameter(vendor: Vendor) -> None:
    sell(vendor, leaf())

    assert said(vendor, order(default="enabled")) == (400, "default is not a parameter of Paper")


def test_a_listed_attribute_0_is_an_invalid_product_all_the_same(vendor: Vendor) -> None:
    sell(vendor, leaf((), rule(0, 3)))

    assert said(vendor, order(rule(0, 3))) == (400, "Invalid product attribute")


VIRTUAL = field(
    "canvas",
    "wide",
    is_ui_virtual=True,
    value="wide",
    ui_params=[field("shape", "16:9", "1:1", value="1:1"), field("tier", "hd", value="hd")],
    value_mapping={
        "target_param": "size",
        "mapping_rules": [
            {"source_values": {"shape": "16:9", "tier": "hd"}, "target_value": "1280×720"},
            {"source_values": {"shape": "1:1", "tier": "hd"}, "target_value": "720x720"},
        ],
    },
)


@pytest.mark.parametrize("name", ["canvas", "shape", "tier"])
def test_controls_of_a_virtual_field_are_no_parameters(vendor: Vendor, name: str) -> None:
    sell(vendor, leaf((VIRTUAL,)))

    value = {"canvas": "wide", "shape": "16:9", "tier": "hd"}[name]
    assert said(vendor, order(PLAIN, **{name: value})) == (400, f"{name} is not a parameter of Paper")


@pytest.mark.parametrize("size", ["1280x720", "1280×720", "720x720", "wide"])
def test_the_target_of_a_virtual_field_takes_what_is_mapped_and_listed(vendor: Vendor, size: str) -> None:
    sell(vendor, leaf((VIRTUAL,)))

    assert said(vendor, order(size=size))[0] == 0
    assert said(vendor, order(size="1280x721"))[0] == 400


def test_without_a_target_a_virtual_field_sets_itself(vendor: Vendor) -> None:
    rows = [
        {"source_values": {"quality": "720p"}, "target_value": "std"},
        {"source_values": {"quality": "1080p"}, "target_value": "pro"},
    ]
    mode = field(
        "mode", is_ui_virtual=True, ui_params=[field("quality")], value_mapping={"mapping_rules": rows}
    )
    std, pro = rule(7001, 3, mode="std"), rule(7002, 6, mode="pro")
    sell(vendor, leaf((mode,), std, pro))

    assert said(vendor, order(pro, mode="pro"))[0] == 0
    assert said(vendor, order(pro, mode="1080p")) == (400, "mode 1080p is invalid for Paper, valid: std, pro")
    assert said(vendor, order(pro, quality="1080p")) == (400, "quality is not a parameter of Paper")


def test_a_mapping_counts_only_where_the_field_is_virtual(vendor: Vendor) -> None:
    sell(vendor, leaf(({**VIRTUAL, "is_ui_virtual": False},)))

    assert said(vendor, order(canvas="wide"))[0] == 0
    assert said(vendor, order(size="720x720"))[0] == 400


def test_n_is_limited_by_a_form_that_names_it(vendor: Vendor) -> None:
    sell(vendor, leaf((field("n", 1, 4, 12),)))

    assert [said(vendor, order(n=n))[0] for n in (1, 2, 4, 10, 12)] == [0, 400, 0, 400, 0]
    assert vendor.stats()["points_charged"] == 3 * (1 + 4 + 12)


def test_n_in_a_rule_prices_each_of_so_many(vendor: Vendor) -> None:
    one, four = rule(7001, 5, default="enabled"), rule(7002, 4, n="4")
    sell(vendor, leaf((), one, four))

    assert [said(vendor, order(one, n=n))[0] for n in (1, 3, 4)] == [0, 0, 6010]
    assert said(vendor, order(four, n=4))[0] == 0
    assert vendor.stats()["points_charged"] == 5 + 15 + 16


def test_n_in_a_rule_may_be_more_than_is_usual(vendor: Vendor) -> None:
    many = rule(7002, 1, n=12)
    sell(vendor, leaf((), many, PLAIN))

    assert said(vendor, order(many, n=12))[0] == 0
    assert said(vendor, order(many, n=11))[0] == 400


def test_n_is_a_number_whatever_a_form_says(vendor: Vendor) -> None:
    sell(vendor, leaf((field("n"),)))

    assert [said(vendor, order(n=n))[0] for n in (99, 100, 0, "1", True)] == [0, 400, 400, 400, 400]


def delivered(vendor: Vendor, body: Any) -> tuple[int, int]:
    """Pixels of the file; they are the ones announced."""
    [media] = vendor.finish(vendor.create(body)["data"]["id"])
    size = Image.open(io.BytesIO(vendor.http.get(media["url"], timeout=5).content)).size
    assert size == (media["width"], media["height"])
    return size


@pytest.mark.parametrize(
    ("form", "inner", "pixels"),
    [
        ((), {}, (1024, 1024)),
        ((field("size", "banana"),), {"size": "banana"}, (1024, 1024)),
        ((field("size"),), {"size": "300x200"}, (300, 200)),
        ((field("size"),), {"size": "300×200"}, (300, 200)),
        ((field("size"),), {"size": "0x200"}, (1024, 1024)),
        ((field("size"),), {"size": "9000x9000"}, (1024, 1024)),
        ((field("size"),), {"size": 512}, (1024, 1024)),
        ((field("size", "512px", value="512px"),), {}, (512, 512)),
        ((field("aspect_ratio", "2:1"),), {"aspect_ratio": "2:1"}, (1024, 512)),
        ((field("aspect_ratio", "2:1", "1:1", value="2:1"),), {}, (1024, 512)),
        ((field("aspect_ratio", "auto"),), {"aspect_ratio": "auto"}, (1024, 1024)),
        ((field("aspect_ratio"),), {"aspect_ratio": "1:9999"}, (1, 1024)),
        (
            (field("size", "512px"), field("aspect_ratio", "1:2")),
            {"size": "512px", "aspect_ratio": "1:2"},
            (256, 512),
        ),
        ((VIRTUAL,), {"size": "1280×720"}, (1280, 720)),
    ],
)
def test_a_picture_has_the_pixels_that_its_own_form_tells_or_a_default(
    vendor: Vendor, form: Any, inner: dict[str, Any], pixels: tuple[int, int]
) -> None:
    sell(vendor, leaf(form))

    assert delivered(vendor, order(**inner)) == pixels
