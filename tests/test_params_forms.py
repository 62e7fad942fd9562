"""Forms as a vendor might write them tomorrow: virtual fields without controls or options, two fields for one
parameter, rows of several lengths, options without a label. What is sent is what was asked, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from offers import bind, field, made_up, virtual
from studio import params
from studio.errors import UsageError


def test_a_field_called_virtual_without_controls_is_asked_for_as_what_it_sends() -> None:
    shown = {**virtual("ratio", [], [], target="size"), "options": field("x", None, "1k", "2k")["options"]}
    offer = made_up([{**shown, "value": "1k"}])
    assert bind(offer).values == {"size": "1k"}
    assert bind(offer, size="2K").values == {"size": "2k"}
    assert params.accepts(offer) == {"size": ("1k", "2k")}


def test_a_virtual_field_that_maps_itself_is_its_own_control() -> None:
    rows = [({"ratio": "1:1"}, "1024x1024"), ({"ratio": "16:9"}, "1600x900"), ({"ratio": "5:4"}, None)]
    shown = {**virtual("ratio", [], rows, target="size"), "value": "1:1"}
    offer = made_up([{**shown, "options": field("x", None, "1:1", "16:9", "5:4")["options"]}])
    assert bind(offer).values == {"size": "1024x1024"}
    assert bind(offer, ratio="16:9").values == bind(offer, size="1600x900").values == {"size": "1600x900"}
    with pytest.raises(UsageError) as stopped:
        bind(offer, ratio="5:4")
    assert stopped.value.instead == ("ratio 1:1", "ratio 16:9")


def test_a_row_that_leaves_out_a_wish_is_not_taken_even_where_the_wish_is_the_default() -> None:
    """The control may be named like the target: then a row for anything would make another size of it."""
    shown = virtual("size", [], [({}, "1024x1024"), ({"size": "auto"}, "900x900")], value="512")
    offer = made_up([{**shown, "options": field("x", None, "512", "auto")["options"]}])
    assert bind(offer).values == {"size": "1024x1024"}
    assert bind(offer, size="auto").values == {"size": "900x900"}
    with pytest.raises(UsageError, match="no size for size 512"):
        bind(offer, size="512")


def test_a_target_asked_for_itself_is_the_options_before_what_only_means_the_same() -> None:
    shown = virtual("mode", [field("scale", 7)], [({"scale": 7}, 1.0)])
    offer = made_up([{**shown, "options": field("x", None, "1", "01")["options"]}])
    assert bind(offer, mode="01").values == {"mode": "01"}
    assert bind(offer, mode="1").values == {"mode": "1"}


def test_a_target_without_options_of_its_own_takes_what_its_controls_come_to() -> None:
    offer = made_up([virtual("size", [field("ratio", "1:1", "1:1")], [({"ratio": "1:1"}, "1024×1024")])])
    assert bind(offer, size="1024*1024").values == {"size": "1024x1024"}
    assert params.accepts(offer)["size"] == ("1024x1024",)
    with pytest.raises(UsageError, match="does not make size 8K"):
        bind(offer, size="8K")


def test_two_fields_for_one_option_take_what_either_has() -> None:
    ratio = field("ratio", "1:1", "1:1", "16:9")
    mapped = virtual(
        "size", [ratio], [({"ratio": "1:1"}, "1600x900")], options=field("", None, "1k")["options"]
    )
    for form in ([mapped, field("size", "4k", "2k", "4k")], [field("size", "4k", "2k", "4k"), mapped]):
        for size in ("1k", "2k", "4k", "1600x900"):
            assert bind(made_up(form), size=size).values == {"size": size}
        with pytest.raises(UsageError, match="does not make size 8k"):
            bind(made_up(form), size="8k")


def test_a_control_of_two_parameters_that_one_cannot_follow_stops() -> None:
    ratio = field("ratio", "1:1", "1:1", "16:9")
    small = virtual("size", [field("ratio", "1:1", "1:1")], [({"ratio": "1:1"}, "900x900")])
    mode = virtual("mode", [ratio], [({"ratio": "1:1"}, "std"), ({"ratio": "16:9"}, "wide")])
    for form in ([small, mode], [mode, small]):
        assert bind(made_up(form)).values == {"size": "900x900", "mode": "std"}
        with pytest.raises(UsageError, match="does not make ratio 16:9"):
            bind(made_up(form), ratio="16:9")


def test_only_controls_that_came_to_what_is_sent_are_said_to_be_applied() -> None:
    square = virtual("size", [field("shape", "square", "square")], [({"shape": "square"}, "900x900")])
    wide = virtual("size", [field("ratio", "1:1", "1:1", "16:9")], [({"ratio": "16:9"}, "1600x900")])
    resolved = bind(made_up([square, wide]), ratio="16:9")
    assert (resolved.values, resolved.applied) == ({"size": "1600x900"}, {"ratio": "16:9"})
    chain = virtual("quality", [field("size", "900x900", "900x900")], [({"size": "900x900"}, "lo")])
    crossed = bind(made_up([wide, chain]), ratio="16:9")
    assert (crossed.values, crossed.applied) == ({"size": "1600x900", "quality": "lo"}, {"ratio": "16:9"})
    overruled = bind(made_up([square, field("size", "4k", "4k")]))
    assert (overruled.values, overruled.applied) == ({"size": "4k"}, {})


def test_of_rows_that_hold_the_one_that_names_most_is_taken() -> None:
    ui = [field("ratio", "1:1", "1:1", "16:9"), field("tier", "2K", "1K", "2K")]
    rows = [({"ratio": "16:9"}, "1600x900"), ({"ratio": "16:9", "tier": "2K"}, "2560x1440")]
    resolved = bind(made_up([virtual("size", ui, rows)]), ratio="16:9")
    assert (resolved.values, resolved.applied) == ({"size": "2560x1440"}, {"ratio": "16:9", "tier": "2K"})
    resolved = bind(made_up([virtual("size", ui, rows[:1])]), ratio="16:9")
    assert (resolved.values, resolved.applied) == ({"size": "1600x900"}, {"ratio": "16:9"})


@pytest.mark.parametrize("turned", [False, True])
def test_a_row_for_just_this_value_goes_before_one_that_means_the_same(turned: bool) -> None:
    rows = [({"scale": "01"}, "one"), ({"scale": "1"}, "two")]
    ui = [field("scale", None, "01", "1")]
    offer = made_up([virtual("mode", ui, rows[::-1] if turned else rows)])
    assert [bind(offer, scale=one).values["mode"] for one in ("01", "1")] == ["one", "two"]
    free = made_up([virtual("size", [field("ratio")], [({"ratio": "21:9"}, "3024x1296")])])
    assert bind(free, ratio="14:6").values == {"size": "3024x1296"}


def test_an_option_without_a_value_is_none() -> None:
    options = [{"label": "None", "value": None}, {"value": "2k"}]
    offer = made_up([{"field": "size", "options": options}])
    assert params.accepts(offer) == {"size": ("2k",)}
    with pytest.raises(UsageError, match="does not make size none"):
        bind(offer, size="none")


@pytest.mark.parametrize("options", [{"seed": 512}, {"duration": "512"}, {"seed": 4}])
def test_a_number_for_one_thing_is_not_taken_for_another(options: dict[str, Any]) -> None:
    offer = made_up([field("size", "512px", "512px"), field("n", 1, 1, 4)])
    with pytest.raises(UsageError) as stopped:
        bind(offer, **options)
    assert "Did you mean" not in stopped.value.message
    assert "n" not in params.accepts(offer)


@pytest.mark.parametrize("wish", ["10²", "①", "½"])
def test_a_sign_that_only_looks_like_a_number_is_none(wish: str) -> None:
    with pytest.raises(UsageError):
        bind(made_up([field("scale", None, "1", "102", "1/2")]), scale=wish)


def test_an_exact_value_goes_before_one_that_means_the_same() -> None:
    offer = made_up([field("version", None, "1.0", "1")])
    assert bind(offer, version="1").values == {"version": "1"}
    assert bind(offer, version="1.00").values == {"version": "1.0"}
