"""Exactly one rule of a price list, all of whose attributes equal what is sent; or nothing is bought."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offers import buy, field, made_up, model, rule, virtual
from studio.errors import UsageError
from studio.types import Json

SOUND = [rule(1, 5, generate_audio="false"), rule(2, 9, generate_audio="true")]
ALL_SIZES = [("1K", "high"), ("1K", "low"), ("2K", "high"), ("2K", "low")]
DEFAULT = {"default": "enabled"}


@pytest.mark.parametrize(
    ("task_type", "name", "options", "attribute_id", "points"),
    [
        ("text_to_image", "SeeDream 4.5", {}, 2341, 5),
        ("text_to_image", "SeeDream 4.5", {"aspect_ratio": "16:9"}, 2341, 5),
        ("image_to_image", "SeeDream 4.5", {"size": "4k"}, 1611, 5),
        ("text_to_image", "Nano Banana2", {"size": "512px"}, 4400, 4),
        ("text_to_image", "Nano Banana2", {}, 4401, 6),
        ("text_to_image", "Nano Banana2", {"size": "2k", "aspect_ratio": "9:16"}, 4402, 10),
        ("image_to_image", "Nano Banana2", {"size": "4k"}, 4407, 13),
        ("text_to_image", "Nano Banana Pro", {}, 2399, 10),
        ("text_to_image", "Nano Banana Pro", {"size": "4K"}, 2401, 18),
        ("text_to_image", "Midjourney", {}, 5451, 8),
        ("image_to_image", "Midjourney", {"size": "720P"}, 5454, 10),
    ],
)
def test_the_vendors_own_prices(
    task_type: str, name: str, options: dict[str, Any], attribute_id: int, points: int
) -> None:
    price, resolved = buy(model(name, task_type), **options)
    assert (price.attribute_id, price.per_unit, price.amount) == (attribute_id, points, points)
    assert (price.unit, price.basis) == ("points", "live")
    assert "default" not in resolved.values


def test_every_output_is_charged() -> None:
    price, _ = buy(model("Nano Banana2"), n=4, size="1K")
    assert (price.per_unit, price.amount) == (6, 24)


@pytest.mark.parametrize("given", [True, "true", "TRUE", "True"])
@pytest.mark.parametrize("rules", [SOUND, SOUND[::-1]])
def test_truth_is_priced_as_truth_however_it_is_written(given: Any, rules: list[Json]) -> None:
    price, resolved = buy(made_up(rules=rules), generate_audio=given)
    assert price.attribute_id == 2
    assert resolved.values == {"generate_audio": "true"}, "in the rule's own spelling"


def test_the_rules_spelling_goes_before_the_forms() -> None:
    offer = made_up([field("size", "1k", "1k"), field("hd", True)], [rule(1, 5, size="1K", hd="true")])
    assert buy(offer)[1].values == {"size": "1K", "hd": "true"}


@pytest.mark.parametrize("turned", [False, True])
def test_the_most_specific_rule_wins_wherever_it_stands(turned: bool) -> None:
    rules = [rule(1, 5, size="1K"), rule(2, 9, size="1K", quality="high"), rule(3, 1, **DEFAULT)]
    offer = made_up(rules=rules[::-1] if turned else rules)
    assert buy(offer, size="1k", quality="HIGH")[0].attribute_id == 2
    assert buy(offer, size="1k")[0].attribute_id == 1
    assert buy(offer)[0].attribute_id == 3


def test_a_rule_that_contradicts_the_wish_never_wins_however_much_of_it_matches() -> None:
    offer = made_up(
        [field("size", "1K", "1K", "4K"), field("quality", "high", "high"), field("sound", "on", "on")],
        [rule(1, 5, size="1K", quality="high", sound="on"), rule(2, 18, size="4K")],
    )
    assert buy(offer, size="4K")[0].attribute_id == 2


def test_without_a_rule_nothing_is_bought_and_the_nearest_are_named() -> None:
    offer = made_up(
        [field("size", "1K", "1K", "2K", "8K"), field("quality", "low", "low")],
        [rule(i, i, size=size, quality=quality) for i, (size, quality) in enumerate(ALL_SIZES, 1)],
    )
    with pytest.raises(UsageError) as stopped:
        buy(offer, size="8K")
    assert stopped.value.kind == "no_rule"
    assert stopped.value.detail == (
        "Nearest: size 1K, quality low: 2 points; size 2K, quality low: 4 points; "
        "size 1K, quality high: 1 points."
    )


def test_the_marker_alone_is_the_price_of_anything_and_is_not_sent() -> None:
    price, resolved = buy(made_up([field("size", "1K", "1K")], [rule(7, 5, **DEFAULT)]))
    assert price.attribute_id == 7
    assert resolved.values == {"size": "1K"}


def test_a_marker_beside_attributes_does_not_loosen_them() -> None:
    offer = made_up([field("size", "1K", "1K", "4K")], [rule(7, 5, size="4K", **DEFAULT)])
    assert buy(offer, size="4K")[0].attribute_id == 7
    with pytest.raises(UsageError):
        buy(offer)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule(0, 5, **DEFAULT)],
        [rule(-1, 5, **DEFAULT)],
        [rule(1, 5), rule(2, 9)],
        [rule(1, 5, size="1K"), rule(2, 9, size="1k")],
        [rule(1, 5, size="1K"), rule(1, 9, size="1K")],
        [rule(1, 5, size="1K"), rule(2, 9, quality="low")],
        [rule(0, 5, size="1K"), rule(2, 9, **DEFAULT)],
        [rule(1, 5, size="1K", fps=24)],
    ],
    ids=[
        "none",
        "id 0",
        "id below 0",
        "twice",
        "spelled twice",
        "two prices of one attribute",
        "two of a kind",
        "id 0 first",
        "more than sent",
    ],
)
def test_a_price_that_is_not_certain_is_no_price(rules: list[Json]) -> None:
    offer = made_up([field("size", "1K", "1K"), field("quality", "low", "low")], rules)
    with pytest.raises(UsageError) as stopped:
        buy(offer)
    assert stopped.value.kind == "no_rule"
    assert stopped.value.charged == "no"


def test_a_rule_that_stands_twice_is_one() -> None:
    twice = [rule(1, 5, size="1K"), rule(1, 5, size="1k")]
    price, _ = buy(made_up([field("size", "1K", "1K")], twice))
    assert (price.attribute_id, price.amount) == (1, 5)


def test_a_rule_for_a_number_holds_however_the_number_is_written() -> None:
    rules = [rule(1, 5, n=1.0, scale="2.5"), rule(2, 9, **DEFAULT)]
    assert buy(made_up([field("scale", 2.5)], rules))[0].attribute_id == 1


def test_a_rule_holds_for_what_is_sent_and_not_for_what_a_person_might_mean_by_it() -> None:
    """01 is not 1 to a vendor who lists both, and the value of the wish is never replaced by the rule's."""
    for other, asked in (("01", "1"), ("512px", "512"), ("14:6", "21:9"), ("2.50", "2.5")):
        rules = [rule(1, 5, style=other), rule(2, 9, **DEFAULT)]
        price, resolved = buy(made_up([field("style", None, other, asked)], rules), style=asked)
        assert (price.attribute_id, resolved.values) == (2, {"style": asked})
        price, resolved = buy(made_up([field("style", None, other, asked)], rules), style=other)
        assert (price.attribute_id, resolved.values) == (1, {"style": other})
        rules = [rule(1, 5, style=other), rule(2, 9, style=asked)]
        assert [buy(made_up(None, rules), style=one)[0].attribute_id for one in (other, asked)] == [1, 2]


def test_a_rule_of_null_is_not_one_of_the_word_none() -> None:
    rules = [rule(1, 5, style=None), rule(2, 9, **DEFAULT)]
    price, resolved = buy(made_up([field("style", "none", "none", "anime")], rules))
    assert (price.attribute_id, resolved.values) == (2, {"style": "none"})


def test_a_price_for_a_number_of_outputs_holds_for_that_number_only() -> None:
    offer = made_up([field("n", 1, 1, 2)], [rule(1, 5, n=1)])
    assert buy(offer, n=1)[0].attribute_id == 1
    with pytest.raises(UsageError, match="no price"):
        buy(offer, n=2)


# Any list, any form, any wish.

NAMES = ("size", "quality", "sound")
VALUES: tuple[Any, ...] = ("1k", "1K", "2K", True, "true", 1, "1")
values = st.sampled_from(VALUES)
wishes = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)


@st.composite
def rules_of(draw: st.DrawFn) -> list[Json]:
    rows = draw(st.lists(st.tuples(wishes, st.integers(1, 20), st.booleans()), max_size=5))
    return [
        rule(number, points, **attributes, **(DEFAULT if marked else {}))
        for number, (attributes, points, marked) in enumerate(rows, draw(st.integers(0, 1)))
    ]


@st.composite
def controls(draw: st.DrawFn, name: str) -> Json:
    options = draw(st.lists(values, max_size=3))
    return field(name, draw(st.sampled_from([None, *(options or VALUES)])), *options)


@st.composite
def fields_of(draw: st.DrawFn) -> Json:
    name = draw(st.sampled_from(NAMES))
    if draw(st.booleans()):
        return draw(controls(name))
    ui = [
        draw(controls(one))
        for one in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    ]
    rows = st.tuples(st.fixed_dictionaries({one["field"]: values for one in ui}), values)
    loose = st.tuples(st.dictionaries(st.sampled_from(NAMES), values, max_size=2), values)
    return virtual(name, ui, draw(st.lists(rows | loose, max_size=4)), value=draw(st.none() | values))


@st.composite
def purchases(draw: st.DrawFn) -> tuple[list[Json], list[Json], dict[str, Any]]:
    """Rules, a form, and a wish: for anything, or for what one of them names, else nearly every wish would
    stop."""
    rules, form = draw(rules_of()), draw(st.lists(fields_of(), max_size=3))
    named = [pair for row in rules for pair in row["attributes"].items() if pair[0] != "default"]
    for shown in form:
        for control in shown.get("ui_params", [shown]):
            named += [(control["field"], option["value"]) for option in control["options"]]
    anything = st.tuples(st.sampled_from(NAMES), values)
    wish = st.lists(st.one_of(st.sampled_from(named), anything) if named else anything, max_size=2)
    return rules, form, dict(draw(wish))


def alike(one: Any, other: Any) -> bool:
    return str(one).lower() == str(other).lower()


def brought_about(form: list[Json], name: str, value: Any, sent: dict[str, Any]) -> bool:
    """Whether a wish stands in what is sent, or a row of a virtual field turned it into what is sent."""
    if name in sent and alike(sent[name], value):
        return True
    if name == "size" and "size" not in sent and alike(sent.get("quality"), value):
        return True  # this list has no size, and its size steps are called quality
    return any(
        alike(row["source_values"].get(name), value) and alike(row["target_value"], sent.get(shown["field"]))
        for shown in form
        for row in shown.get("value_mapping", {}).get("mapping_rules", ())
    )


@settings(max_examples=400)
@given(purchases(), st.integers(1, 4))
def test_whatever_the_list_one_rule_holds_in_full_and_nothing_contradicts_the_wish(
    purchase: tuple[list[Json], list[Json], dict[str, Any]], n: int
) -> None:
    rules, form, wish = purchase
    try:
        price, resolved = buy(made_up(form, rules), n, **wish)
    except UsageError:
        return
    sent = dict(resolved.values)
    holding = [
        row
        for row in rules
        if all(
            name in sent and alike(sent[name], value)
            for name, value in row["attributes"].items()
            if name != "default"
        )
    ]
    sizes = {row["attribute_id"]: len(row["attributes"].keys() - {"default"}) for row in holding}
    assert price.attribute_id in sizes
    most = max(sizes.values())
    assert [id for id, size in sizes.items() if size == most] == [price.attribute_id]
    (bought,) = (row for row in rules if row["attribute_id"] == price.attribute_id)
    assert (bought["attribute_id"] > 0, price.amount) == (True, bought["points"] * n)
    for name, value in bought["attributes"].items():
        assert name == "default" or (sent[name], type(sent[name])) == (value, type(value))
    for name, value in wish.items():
        assert brought_about(form, name, value, sent), f"{name} {value} was asked for and lost"


@given(rules_of(), st.data())
def test_every_sound_rule_of_a_list_can_be_bought_by_asking_for_it(
    rules: list[Json], data: st.DataObject
) -> None:
    def canonical(row: Json) -> dict[str, str]:
        return {name: str(value).lower() for name, value in row["attributes"].items() if name != "default"}

    sound = [
        row for row in rules if row["attribute_id"] and [*map(canonical, rules)].count(canonical(row)) == 1
    ]
    if sound:
        row = data.draw(st.sampled_from(sound))
        wish = {name: value for name, value in row["attributes"].items() if name != "default"}
        assert buy(made_up(None, rules), **wish)[0].attribute_id == row["attribute_id"]
