"""What is asked for finds the one place it belongs to in a live form, or stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offers import asked, bind, field, live, made_up, model, rule, virtual
from studio import params
from studio.errors import UsageError

SIZES = {
    "1:1": "2048x2048",
    "16:9": "2560x1440",
    "9:16": "1440x2560",
    "4:3": "2304x1728",
    "3:4": "1728x2304",
    "2:3": "1664x2496",
    "3:2": "2496x1664",
    "21:9": "3024x1296",
}
QUALITY = [field("quality", "720p", "720p", "1080p"), field("sound", "off", "on", "off")]
MODES = [
    ({"quality": "720p", "sound": "off"}, "std"),
    ({"quality": "1080p", "sound": "off"}, "pro"),
    ({"quality": "720p", "sound": "on"}, "std+"),
    ({"quality": "1080p", "sound": "on"}, "pro+"),
]


def test_nothing_asked_is_the_default_of_the_controls_and_not_of_the_field() -> None:
    resolved = bind(model("SeeDream 4.5"))
    assert resolved.values == {"size": "2048x2048"}
    assert resolved.origin == {"size": "default"}
    assert resolved.applied == {"aspect_ratio": "1:1"}


@pytest.mark.parametrize("task_type", ["text_to_image", "image_to_image"])
@pytest.mark.parametrize("ratio", SIZES)
def test_a_ratio_becomes_a_size_and_is_not_sent_itself(task_type: str, ratio: str) -> None:
    resolved = bind(model("SeeDream 4.5", task_type), aspect_ratio=ratio)
    assert resolved.values == {"size": SIZES[ratio]}
    assert resolved.origin == {"size": "asked"}
    assert resolved.applied == {"aspect_ratio": ratio}


@pytest.mark.parametrize(
    ("ratio", "listed"),
    [("7:3", "21:9"), ("14:6", "21:9"), ("32:18", "16:9"), (" 2:2 ", "1:1"), ("06:4", "3:2")],
)
def test_ratios_compare_as_fractions(ratio: str, listed: str) -> None:
    resolved = bind(model("SeeDream 4.5"), aspect_ratio=ratio)
    assert resolved.values == {"size": SIZES[listed]}
    assert resolved.applied == {"aspect_ratio": listed}


@pytest.mark.parametrize(
    "ratio",
    ["8:3", "5:4", "adaptive", "16:0", "0:0", "-16:-9", "16", "1.78", "²:1", f"{'9' * 5000}:1", ":"],
)
@pytest.mark.parametrize("name", ["SeeDream 4.5", "Nano Banana2"])
def test_a_ratio_that_is_not_made_stops_and_says_which_are(name: str, ratio: str) -> None:
    with pytest.raises(UsageError) as stopped:
        bind(model(name), aspect_ratio=ratio)
    assert stopped.value.kind == "unsupported_option"
    assert "16:9" in str(stopped.value.detail)


def test_an_option_without_a_value_is_not_passed_over() -> None:
    with pytest.raises(UsageError, match="size was given without a value"):
        params.read("text_to_image", "a cat", 1, {"size": None})
    assert params.read("text_to_image", "a cat", 1, {"negative_prompt": ""}).options == {
        "negative_prompt": ""
    }


def test_a_ratio_may_be_typed_with_a_full_width_colon() -> None:
    assert bind(model("SeeDream 4.5"), aspect_ratio="16：9").values["size"] == "2560x1440"


@pytest.mark.parametrize(
    "options", [{"size": "4k", "aspect_ratio": "1:1"}, {"aspect_ratio": "16:9", "size": "2k"}]
)
def test_a_control_and_its_target_at_once_contradict_each_other(options: dict[str, str]) -> None:
    with pytest.raises(UsageError) as stopped:
        bind(model("SeeDream 4.5"), **options)
    assert stopped.value.kind == "same_field"
    assert "--size" in stopped.value.message
    assert "--aspect-ratio" in stopped.value.message


def test_the_target_itself_can_be_asked_for_among_its_own_values() -> None:
    assert bind(model("SeeDream 4.5"), size="4K").values == {"size": "4k"}
    with pytest.raises(UsageError, match="8K"):
        bind(model("SeeDream 4.5"), size="8K")


def test_a_control_named_like_its_target_is_mapped_once() -> None:
    offer = made_up(
        [
            virtual(
                "size", [field("size", "1:1", "1:1", "16:9")], [({"size": "16:9"}, "2560x1440")], value="2k"
            )
        ]
    )
    assert bind(offer, size="16:9").values == {"size": "2560x1440"}
    assert bind(offer).values == {"size": "2k"}, "no row for the defaults: the field's own value"
    with pytest.raises(UsageError):
        bind(offer, size="1:1")


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({}, "std"),
        ({"quality": "1080P"}, "pro"),
        ({"sound": "on"}, "std+"),
        ({"quality": "1080p", "sound": "on"}, "pro+"),
    ],
)
def test_controls_of_a_group_that_were_not_asked_for_take_their_defaults(
    options: dict[str, str], mode: str
) -> None:
    resolved = bind(made_up([virtual("mode", QUALITY, MODES)]), **options)
    assert resolved.values == {"mode": mode}


def test_a_row_that_leaves_out_what_was_asked_is_never_taken() -> None:
    offer = made_up([virtual("mode", QUALITY, [({"quality": "720p"}, "std"), ({}, "any")])])
    assert bind(offer).values == {"mode": "std"}
    assert bind(offer, quality="720p").values == {"mode": "std"}
    with pytest.raises(UsageError, match="no mode for quality 720p, sound on"):
        bind(offer, sound="on")


def test_the_value_of_a_virtual_field_goes_to_its_target_under_the_targets_name() -> None:
    form = [
        virtual("mode_ui", QUALITY, MODES, target="mode", **{"options": [{"label": "Pro", "value": "pro"}]})
    ]
    offer = made_up(form)
    assert bind(offer, quality="1080p").values == bind(offer, mode="Pro").values == {"mode": "pro"}
    assert set(params.accepts(offer)) == {"quality", "sound", "mode"}
    with pytest.raises(UsageError, match="no option mode_ui"):
        bind(offer, mode_ui="pro")


def test_the_sign_of_multiplication_becomes_a_letter() -> None:
    offer = made_up([virtual("size", [field("ratio", "1:1", "1:1")], [({"ratio": "1:1"}, "1024×1024")])])
    assert bind(offer, ratio="1:1").values == {"size": "1024x1024"}


@pytest.mark.parametrize(
    ("form", "options", "values"),
    [
        (None, {}, {}),
        ([field("size", "1K", "1K", "4K")], {}, {"size": "1K"}),
        ([field("size", "1K", "1K", "4K")], {"size": "4k"}, {"size": "4K"}),
        ([field("seed")], {}, {}),
        ([field("seed", -1)], {"seed": 7}, {"seed": 7}),
    ],
)
def test_a_form_without_virtual_fields_is_taken_as_it_stands(
    form: Any, options: dict[str, Any], values: dict[str, Any]
) -> None:
    assert bind(made_up(form), **options).values == values


@pytest.mark.parametrize(
    ("listed", "given"),
    [("1K", "1k"), ("1080p", " 1080P "), (True, "true"), ("true", True), (5, "5"), ("FALSE", False)],
)
def test_values_are_sent_in_the_forms_own_spelling(listed: Any, given: Any) -> None:
    sent = bind(made_up([field("what", None, "other", listed)]), what=given).values["what"]
    assert sent == listed
    assert type(sent) is type(listed)


def test_a_value_goes_before_the_label_of_another() -> None:
    options = [{"label": "2K", "value": "hd"}, {"label": "Best", "value": "2k"}]
    offer = made_up([{"field": "size", "options": options}])
    assert bind(offer, size="2K").values == {"size": "2k"}
    assert bind(offer, size="best").values == {"size": "2k"}


@pytest.mark.parametrize("turned", [False, True])
def test_a_parameter_that_stands_twice_in_a_form_keeps_what_was_asked(turned: bool) -> None:
    plain = [field("size", "1K", "1K", "2560x1440"), field("ratio", "1:1", "1:1", "16:9")]
    mapped = virtual("size", [field("ratio", "1:1", "1:1", "16:9")], [({"ratio": "16:9"}, "2560x1440")])
    offer = made_up([*plain, mapped] if turned else [mapped, *plain])
    assert bind(offer, ratio="16:9").values == {"size": "2560x1440", "ratio": "16:9"}
    offer = made_up([*plain, *plain])
    assert bind(offer, size="2560x1440").values == {"size": "2560x1440", "ratio": "1:1"}


def test_two_places_for_one_wish_that_disagree_stop() -> None:
    mapped = virtual("size", [field("ratio", "1:1", "16:9")], [({"ratio": "16:9"}, "2560x1440")])
    other = virtual("size", [field("ratio", "1:1", "16:9")], [({"ratio": "16:9"}, "1280x720")])
    with pytest.raises(UsageError) as stopped:
        bind(made_up([mapped, other]), ratio="16:9")
    assert stopped.value.kind == "contradiction"


def test_parameters_with_an_option_of_their_own_are_not_taken_from_a_form() -> None:
    form = [field("n", 4, 1, 4), field("prompt", "a cat"), field("size", "1K", "1K")]
    form.append(virtual("count", [field("many", "no", "no")], [({"many": "no"}, 4)], target="n"))
    assert bind(made_up(form)).values == {"size": "1K"}


@pytest.mark.parametrize("name", ["prompt", "n", "input_images", "cast", "default"])
def test_reserved_names_cannot_be_set(name: str) -> None:
    with pytest.raises(UsageError) as stopped:
        params.read("text_to_image", "a cat", 1, {name: "x"})
    assert stopped.value.kind == "reserved_parameter"


@pytest.mark.parametrize(
    ("form", "options", "meant"),
    [
        ([virtual("mode", QUALITY, MODES)], {"qualty": "720p"}, "--set quality"),
        ([field("size", "1K", "1K", "4K")], {"resolution": "4K"}, "--size"),
        ([field("size", "1K", "1K", "4K")], {"resolution": "8K"}, "--size"),
        ([field("aspect_ratio", "1:1", "1:1")], {"ratio": "16:9"}, "--aspect-ratio"),
        ([field("mode", "std", "std", "pro")], {"grade": "PRO"}, "--set mode"),
    ],
)
def test_an_option_that_would_change_nothing_stops_with_what_was_meant(
    form: list[Any], options: dict[str, str], meant: str
) -> None:
    with pytest.raises(UsageError) as stopped:
        bind(made_up(form), **options)
    (name,) = options
    assert stopped.value.kind == "misnamed_option"
    assert f"no option {name}, so it would change nothing. Did you mean {meant}?" in stopped.value.message


def test_an_option_that_is_like_nothing_stops_with_all_that_there_is() -> None:
    with pytest.raises(UsageError) as stopped:
        bind(model("Midjourney"), aspect_ratio="16:9")
    assert stopped.value.message == "Midjourney has no option aspect_ratio, so it would change nothing."
    assert stopped.value.detail == "It takes size (480p, 720p)."
    with pytest.raises(UsageError) as stopped:
        bind(made_up(), seed=7)
    assert stopped.value.detail == "It takes no options."


def test_an_option_that_only_the_documents_know_stops_with_that_reason() -> None:
    offer = made_up([field("size", "4k", "2k", "4k")])
    with pytest.raises(UsageError) as stopped:
        params.bind(offer, asked(aspect_ratio="16:9"), documented=("size", "aspect_ratio"))
    assert "has aspect_ratio by its documents, but the live list does not offer it" in stopped.value.message
    assert stopped.value.detail == "It takes size (2k, 4k)."


def test_two_options_for_one_field_are_told_apart() -> None:
    with pytest.raises(UsageError) as stopped:
        bind(model("SeeDream 4.5"), size="4k", aspect_ratio="16:9")
    assert stopped.value.message == (
        "--size and --aspect-ratio set the same field of SeeDream 4.5: give one of them."
    )
    assert stopped.value.detail == "Either --size 4k or --aspect-ratio 16:9."
    assert stopped.value.about == {"model": "SeeDream 4.5", "asked": "4k + 16:9"}


@pytest.mark.parametrize(
    ("name", "ratio", "nearest"),
    [
        ("SeeDream 4.5", "8:3", ("21:9", "16:9")),
        ("SeeDream 4.5", "3:8", ("9:16", "2:3")),
        ("SeeDream 4.5", "10:9", ("1:1", "4:3")),
        ("Nano Banana2", "21:9", ("16:9", "4:3")),
    ],
)
def test_a_ratio_that_is_not_made_stops_with_the_two_nearest(
    name: str, ratio: str, nearest: tuple[str, str]
) -> None:
    with pytest.raises(UsageError) as stopped:
        bind(model(name), aspect_ratio=ratio)
    assert stopped.value.instead[:2] == nearest
    assert set(stopped.value.instead) == set(params.accepts(model(name))["aspect_ratio"])
    assert f"Nearest: {' or '.join(nearest)}." in stopped.value.message


@pytest.mark.parametrize("size", ["2560x1440", "2560×1440", "2560 X 1440", "2560*1440"])
def test_the_pixels_that_a_ratio_would_become_can_be_asked_for_themselves(size: str) -> None:
    resolved = bind(model("SeeDream 4.5"), size=size)
    assert (resolved.values, resolved.origin) == ({"size": "2560x1440"}, {"size": "asked"})
    with pytest.raises(UsageError, match="2561x1440"):
        bind(model("SeeDream 4.5"), size="2561x1440")


STEPS = [rule(5451, 8, quality="480p"), rule(5452, 10, quality="720p")]


@pytest.mark.parametrize("form", [None, [field("quality", "480p", "480p", "720p")]])
def test_the_list_says_which_key_carries_a_size_step(form: Any) -> None:
    resolved = bind(made_up(form, STEPS), size="720P")
    assert (resolved.values, resolved.applied) == ({"quality": "720p"}, {"size": "720P"})
    with pytest.raises(UsageError, match="does not make quality 4K"):
        bind(made_up(form, STEPS), size="4K")


def test_a_size_step_under_two_names_is_one_wish_or_stops() -> None:
    offer = made_up(None, STEPS)
    assert bind(offer, size="720p", quality="720P").values == {"quality": "720p"}
    with pytest.raises(UsageError, match="--size and --set quality set the same field"):
        bind(offer, size="720p", quality="480p")
    both = made_up([field("size", "1K", "1K"), field("quality", "480p", "480p", "720p")])
    with pytest.raises(UsageError, match="does not make size 720p"):
        bind(both, size="720p")


@pytest.mark.parametrize(
    ("default", "given", "sent"),
    [
        (-1, "7", 7),
        (-1, 7, 7),
        (0.5, "0.7", 0.7),
        (0.5, "1", 1),
        (7, "7.5", 7.5),
        (7, "7.0", 7.0),
        (True, "False", False),
        ("auto", "7", "7"),
        (None, "7", "7"),
        ("auto", 7, "7"),
        ("false", True, "true"),
        (["a"], ["b"], ["b"]),
        ("ugly", "", ""),
        (None, {"a": 1}, {"a": 1}),
    ],
)
def test_what_was_typed_becomes_the_kind_that_the_form_has(default: Any, given: Any, sent: Any) -> None:
    value = bind(made_up([field("strength", default)]), strength=given).values["strength"]
    assert (value, type(value)) == (sent, type(sent))


@pytest.mark.parametrize(
    ("default", "given", "kind"),
    [
        (-1, "many", "a number"),
        (-1, True, "a number"),
        (-1, [7], "a number"),
        ("auto", ["a"], "text"),
        ("auto", True, "text"),
        (["a"], "b", "a list"),
        ({"a": 1}, ["a"], "an object"),
        (True, 1, "true or false"),
        (0.5, "much", "a number"),
        (0.5, "inf", "a number"),
        (0.5, "nan", "a number"),
        (True, "yes", "true or false"),
    ],
)
def test_what_is_not_of_the_forms_kind_stops(default: Any, given: Any, kind: str) -> None:
    with pytest.raises(UsageError) as stopped:
        bind(made_up([field("strength", default)]), strength=given)
    assert f"takes {kind} as strength, not {given}" in stopped.value.message


def test_a_form_that_lists_its_counts_is_asked_for_no_other() -> None:
    offer = made_up([field("n", 1, 1, "2"), field("size", "1K", "1K")])
    assert params.bind(offer, replace(asked(), n=2)).values == {"size": "1K"}
    with pytest.raises(UsageError) as stopped:
        params.bind(offer, replace(asked(), n=4))
    assert (stopped.value.message, stopped.value.detail) == (
        "Made Up does not make 4 at a time.",
        "--n can be 1 or 2.",
    )


def test_what_only_the_prices_name_can_be_asked_for_among_their_values() -> None:
    offer = made_up(None, [rule(1, 4, quality="Low"), rule(2, 8, quality="High")])
    assert bind(offer, quality="high").values == {"quality": "High"}
    with pytest.raises(UsageError, match="quality medium"):
        bind(offer, quality="medium")


@pytest.mark.parametrize("task_type", ["text_to_image", "image_to_image"])
def test_every_value_that_is_offered_can_be_asked_for(task_type: str) -> None:
    for offer in live(task_type):
        offered = params.accepts(offer)
        assert offered
        for name, values in offered.items():
            assert values
            for value in values:
                assert "asked" in bind(offer, **{name: value}).origin.values()


@pytest.mark.parametrize(
    ("name", "word", "value"),
    [
        ("aspect_ratio", "横图", "16:9"),
        ("aspect_ratio", "竖向", "9:16"),
        ("aspect_ratio", " 方形 ", "1:1"),
        ("aspect_ratio", "正方形", "1:1"),
        ("size", "512", "512"),
        ("size", "4k", "4k"),
        ("seed", "512", "512"),
    ],
)
def test_words_become_values_only_where_they_are_meant(name: str, word: Any, value: Any) -> None:
    assert params.read("text_to_image", "a cat", 1, {name: word}).options == {name: value}
