"""What the twin sells, against the tables of the vendor's document: each printed row is one purchase at
exactly its price, each printed ratio one size, and the Python example buys what it can. What is printed:
tests/ima_printed.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

import ima_printed as printed
from ima_printed import BANANA, IMAGE, MJ, PRO, SEEDREAM, TEXT, Example, Sold
from sandbox import Sandbox
from twins.ima_sample import (
    LONGEST,
    Sample,
    bought,
    changed,
    inner,
    leaf_of,
    leaves,
    order_of,
    pixels,
    refused,
)
from twins.ima_vendor import Clock, Vendor

KEY = printed.HEADERS["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def ima(clock: Clock) -> Iterator[Vendor]:
    """A twin at the vendor's own speed, on a clock that starts now and that the test moves."""
    clock.now = float(int(time.time()))  # whole, so that steps add up without rounding
    with Sandbox(clock=clock) as sandbox:
        yield Vendor(sandbox, KEY)


@pytest.fixture
def sample(ima: Vendor, clock: Clock) -> Sample:
    return Sample(ima, clock)


@pytest.mark.parametrize("sold", printed.SUPPORTED, ids=str)
def test_each_row_of_the_models_is_one_purchase_at_exactly_its_price(ima: Vendor, sold: Sold) -> None:
    leaf = leaf_of(ima, sold.task_type, sold.model_id)
    body = order_of(ima, sold.task_type, sold.model_id, sold.attribute_id)

    assert (leaf["name"], leaf["id"], inner(body)["size"]) == (sold.name, sold.version, sold.size)
    bought(ima, body, sold.points)
    for wrong in (sold.points - 1, sold.points + 1):
        assert refused(ima, changed(body, "set", f"{printed.OUTER}.credit", wrong))[0] == 6006


@pytest.mark.parametrize("row", printed.ATTRIBUTES, ids=lambda row: f"{row[0]}-{row[2]}")
def test_each_row_of_the_attribute_ids_is_one_purchase_of_its_pixels(
    ima: Vendor, clock: Clock, row: Any
) -> None:
    task_type, model_id, attribute_id, points, size, side = row
    body = order_of(ima, task_type, model_id, attribute_id)

    made = pixels(ima, clock, bought(ima, body, printed.DECIDED.get(attribute_id, points)))

    assert inner(body)["size"] == size
    assert made == (side or 4096, side or 4096)  # SeeDream's 4k is "adaptive"; without a ratio it is square


def test_where_two_tables_contradict_each_other_the_cheaper_price_is_refused(ima: Vendor) -> None:
    elsewhere = {sold.attribute_id: sold.points for sold in printed.SUPPORTED}
    differing = {row[2]: row[3] for row in printed.ATTRIBUTES if row[3] != elsewhere[row[2]]}

    assert {attribute_id: elsewhere[attribute_id] for attribute_id in differing} == printed.DECIDED
    for attribute_id, points in differing.items():
        body = order_of(ima, IMAGE, PRO, attribute_id)
        body = changed(body, "set", f"{printed.OUTER}.credit", points)
        assert refused(ima, changed(body, "set", f"{printed.INNER}.cast.points", points))[0] == 6006


def test_the_shorter_tables_agree_with_the_list(ima: Vendor, clock: Clock) -> None:
    both = {category: leaves(ima.products(category)) for category in printed.TASK_TYPES}

    def points(category: str, key: str, value: str) -> list[int]:
        (leaf,) = [leaf for leaf in both[category] if leaf[key] == value]
        return [rule["points"] for rule in leaf["credit_rules"]]

    for name, model_id, wrong, least, most in printed.MODEL_IDS:
        for category, sold in both.items():
            assert points(category, "name", name) == points(category, "model_id", model_id)
            assert (min(points(category, "name", name)), max(points(category, "name", name))) == (least, most)
            assert wrong not in {leaf["model_id"] for leaf in sold}
    for category, _, name, least, most in printed.RECOMMENDED:
        assert {least, most} <= set(points(category, "name", name))
    for category, profile, model_id, version, prices in printed.DEFAULTS:
        (leaf,) = [leaf for leaf in both[category] if leaf["model_id"] == model_id]
        # Nano Banana2 stands there without -preview; the premium image_to_image with its first price only
        assert leaf["id"] == (f"{version}-preview" if profile == "budget" else version)
        assert set(prices) <= set(points(category, "model_id", model_id))
    for size, (side, price, attribute_id) in printed.PRO_SIZES.items():
        task_id = bought(ima, order_of(ima, TEXT, PRO, attribute_id, size=size), price)
        assert pixels(ima, clock, task_id) == (side, side)


@pytest.mark.parametrize("task_type", [TEXT, IMAGE])
@pytest.mark.parametrize("ratio", printed.RATIOS)
def test_seedream_maps_each_ratio_to_the_printed_size_and_makes_it(
    ima: Vendor, clock: Clock, task_type: str, ratio: str
) -> None:
    leaf = leaf_of(ima, task_type, SEEDREAM)
    mapping = leaf["form_config"][0]["value_mapping"]
    (size,) = [
        rule["target_value"]
        for rule in mapping["mapping_rules"]
        if rule["source_values"] == {"aspect_ratio": ratio}
    ]
    rule = leaf["credit_rules"][0]
    body = order_of(ima, task_type, SEEDREAM, rule["attribute_id"], **{mapping["target_param"]: size})

    assert pixels(ima, clock, bought(ima, body, 5)) == printed.RATIOS[ratio]
    assert refused(ima, changed(body, "set", f"{printed.INNER}.aspect_ratio", ratio))[0] == 400


@pytest.mark.parametrize("model_id", [BANANA, PRO])
@pytest.mark.parametrize("ratio", [*printed.RATIOS, *printed.NO_RATIOS])
def test_a_nano_banana_takes_its_five_ratios_as_they_are_and_no_other(
    ima: Vendor, clock: Clock, model_id: str, ratio: str
) -> None:
    rule = leaf_of(ima, TEXT, model_id)["credit_rules"][-1]
    body = order_of(ima, TEXT, model_id, rule["attribute_id"], aspect_ratio=ratio)

    if ratio in printed.NATIVE_RATIOS:
        width, height = pixels(ima, clock, bought(ima, body, rule["points"]))
        wide, high = map(int, ratio.split(":"))
        assert width * high == height * wide
    else:
        assert refused(ima, body)[0] == 400


@pytest.mark.parametrize("task_type", [TEXT, IMAGE])
def test_midjourney_is_square_at_every_price_and_takes_no_ratio(
    ima: Vendor, clock: Clock, task_type: str
) -> None:
    for rule in leaf_of(ima, task_type, MJ)["credit_rules"]:
        body = order_of(ima, task_type, MJ, rule["attribute_id"])
        assert pixels(ima, clock, bought(ima, body, rule["points"])) == printed.MIDJOURNEY_PIXELS
        assert refused(ima, changed(body, "set", f"{printed.INNER}.aspect_ratio", "16:9"))[0] == 400


@pytest.mark.parametrize(
    "sold", [sold for sold in printed.SUPPORTED if sold.size in {"4k", "4K", "720p"}], ids=str
)
def test_what_no_picture_model_has_is_refused_by_all(ima: Vendor, sold: Sold) -> None:
    body = order_of(ima, sold.task_type, sold.model_id, sold.attribute_id)
    _, wrong = (words.split()[1] for words in printed.RIGHT_AND_WRONG)

    assert refused(ima, changed(body, "set", f"{printed.INNER}.size", printed.NO_SIZE))[0] == 400
    assert refused(ima, changed(body, "set", f"{printed.OUTER}.model_id", wrong))[0] == 400
    for name, value in {**printed.NO_PARAMETER, **printed.REFERENCE_STRENGTH}.items():
        code, said = refused(ima, changed(body, "set", f"{printed.INNER}.{name}", value))
        assert (code, name in said) == (400, True)


@pytest.mark.parametrize("example", printed.EXAMPLES, ids=str)
def test_the_sample_code_completes_each_of_its_purchases(sample: Sample, example: Example) -> None:
    """The ratio of the third does not get through: the sample hands on nothing but the size."""
    task_id = sample.buy(sample.pick(example), example)
    sample.clock.now += LONGEST
    (media,) = sample.poll(task_id, example.interval)["medias"]

    (task,) = sample.vendor.stats()["tasks"]
    side, points = {None: (4096, 5), SEEDREAM: (4096, 5), PRO: (1024, 10), MJ: (1024, 8)}[example.model_id]
    assert (media["width"], media["height"], bool(media["url"])) == (side, side, True)
    assert (task["points"], task["task_type"]) == (points, example.task_type)
    assert task["body"]["src_img_url"] == list(example.input_images)


def test_the_sample_code_polls_until_every_number_is_one(sample: Sample) -> None:
    """At its own interval; that it may be handed an empty link in between is what contract 1.5 mends."""
    example = printed.EXAMPLES[0]
    task_id = sample.buy(sample.pick(example), example)
    asked = sample.vendor.stats()["requests"]["detail"]

    (early,) = sample.poll(task_id, 0.5)["medias"]

    assert sample.vendor.stats()["requests"]["detail"] - asked > 10
    assert (early["resource_status"], early["url"]) == (1, "")


@pytest.mark.parametrize(
    ("field", "value", "end"),
    [
        ("status", "failed", RuntimeError),  # whatever the number says
        ("resource_status", 2, RuntimeError),
        ("resource_status", 3, TimeoutError),  # the table says stop, the code goes on
        ("resource_status", None, TimeoutError),  # null is 0
    ],
)
def test_the_sample_code_ends_as_its_stop_rule_says(
    sample: Sample, field: str, value: Any, end: type[Exception]
) -> None:
    example = printed.EXAMPLES[0]
    task_id = sample.buy(sample.pick(example), example)
    sample.clock.now += LONGEST
    change = {"kind": "set", "field": f"data.medias.*.{field}", "value": value}
    sample.vendor.fault("detail", change, times=-1).raise_for_status()
    started = sample.clock.now

    with pytest.raises(end):
        sample.poll(task_id, printed.POLL["interval"])
    assert (sample.clock.now - started >= printed.POLL["timeout"]) == (end is TimeoutError)


def test_the_sample_code_buys_no_nano_banana_2(sample: Sample) -> None:
    """Two levels do not reach it for text_to_image; for image_to_image its first price is that of 512px and
    the form's own size 1K, which is 6010, and the sample stumbles over the answer's null."""
    with pytest.raises(StopIteration):
        sample.pick(Example(TEXT, BANANA, "a cat"))
    example = Example(IMAGE, BANANA, "a cat", (printed.INPUT,))

    with pytest.raises(TypeError):
        sample.buy(sample.pick(example), example)
    assert (sample.vendor.stats()["refused"], sample.vendor.stats()["tasks"]) == ({"6010": 1}, [])
