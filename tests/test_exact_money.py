"""What is asked, and exactly what goes out or stops: the command as its own process, over real sockets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from offers import FREE, field, leaf, rule, virtual
from support import Run, Vendor
from test_params import MODES, QUALITY, SIZES
from test_spine import picture

SEEDREAM, BANANA, PRO = "doubao-seedream-4.5", "gemini-3.1-flash-image", "gemini-3-pro-image"
PLAIN = [field("size", "4k", "2k", "4k")]


def sent(vendor: Vendor) -> dict[str, Any]:
    """The product of the one paid request: attribute, credit and inner parameters."""
    assert vendor.stats["requests"]["create"] == 1
    (task,) = vendor.stats["tasks"]
    product: dict[str, Any] = task["body"]["parameters"][0]
    inner = product["parameters"]
    assert inner["cast"] == {"points": product["credit"], "attribute_id": product["attribute_id"]}
    assert "default" not in inner
    return product


def parameters(vendor: Vendor) -> dict[str, Any]:
    """The model's own parameters of the one paid request."""
    own = {"prompt", "n", "input_images", "cast"}
    return {name: value for name, value in sent(vendor)["parameters"].items() if name not in own}


def applied(made: Run) -> dict[str, tuple[Any, str]]:
    return {row["name"]: (row["value"], row["from"]) for row in made.document["applied"]["parameters"]}


def bought(vendor: Vendor, *words: str) -> Run:
    made = vendor.make(*words)
    assert made.code == 0, made.stderr
    assert made.document["cost"]["quoted"] == vendor.stats["points_charged"]
    assert vendor.stats["violations"] == []
    return made


def stopped(vendor: Vendor, *words: str) -> Any:
    """The document of a wish that stopped with exit 2, before any paid request."""
    made = vendor.make(*words)
    assert made.code == 2, made.stdout
    assert (made.error["charged"], made.document["next"]) == ("no", None)
    assert vendor.stats["requests"]["create"] == vendor.stats["requests"]["token"] == 0
    return made.document


def others(document: Any) -> dict[str, float]:
    return {row["model"]: row["cost"] for row in document["alternatives"]}


# Defaults and ratios of SeeDream 4.5.


def test_seedream_with_nothing_said_is_its_default_ratio_and_is_named_a_default(vendor: Vendor) -> None:
    made = bought(vendor)
    assert parameters(vendor) == {"size": "2048x2048"}
    assert applied(made) == {"size": ("2048x2048", "default")}
    assert made.document["applied"]["controls"] == {"aspect_ratio": "1:1"}


def test_seedream_with_nothing_said_and_no_virtual_field_is_the_forms_value(vendor: Vendor) -> None:
    vendor.products("text_to_image", [leaf(PLAIN, [rule(2341, 5, default="enabled")], SEEDREAM)])
    made = bought(vendor)
    assert parameters(vendor) == {"size": "4k"}
    assert applied(made) == {"size": ("4k", "default")}


def test_seedream_at_16_9_is_a_size_and_no_ratio(vendor: Vendor) -> None:
    made = bought(vendor, "--aspect-ratio", "16:9")
    product = sent(vendor)
    assert (product["attribute_id"], product["credit"]) == (2341, 5)
    assert parameters(vendor) == {"size": "2560x1440"}
    assert made.document["cost"] == {"unit": "points", "quoted": 5, "charged": None, "basis": "live"}
    assert vendor.stats["accepted"] == 1


@pytest.mark.parametrize("ratio", SIZES)
def test_each_ratio_of_seedream_is_the_size_of_the_contract(vendor: Vendor, ratio: str) -> None:
    made = bought(vendor, "--aspect-ratio", ratio)
    (output,) = made.document["outputs"]
    assert parameters(vendor) == {"size": f"{output['width']}x{output['height']}"} == {"size": SIZES[ratio]}


@pytest.mark.parametrize("size", ["2k", "4k"])
def test_each_tier_of_seedream_is_sent_as_it_is(vendor: Vendor, size: str) -> None:
    bought(vendor, "--size", size.upper())
    assert parameters(vendor) == {"size": size}


def test_a_size_and_a_ratio_set_the_same_field_of_seedream(vendor: Vendor) -> None:
    document = stopped(vendor, "--size", "4k", "--aspect-ratio", "16:9")
    assert document["error"]["kind"] == "same_field"
    assert "--size and --aspect-ratio set the same field" in document["error"]["message"]
    assert document["send"][0]["message"].startswith(
        "❌ SeeDream 4.5 can do only one of these at a time: 4k + 16:9."
    )
    assert document["error"]["detail"] == "Either --size 4k or --aspect-ratio 16:9."
    assert others(document) == {"Nano Banana2": 13, "Nano Banana Pro": 18}


def test_a_size_that_is_not_made_is_not_offered_as_one_of_two(vendor: Vendor) -> None:
    document = stopped(vendor, "--size", "8K", "--aspect-ratio", "21:9")
    assert document["error"]["kind"] == "unsupported_option"
    assert "size can be 2k or 4k." in document["error"]["detail"]
    assert document["send"][0]["message"].startswith("❌ No model here makes 8K yet: 4K is the largest,")


def test_7_3_is_21_9_and_said_so(vendor: Vendor) -> None:
    made = bought(vendor, "--aspect-ratio", "7:3")
    assert parameters(vendor) == {"size": "3024x1296"}
    assert made.document["applied"]["controls"] == {"aspect_ratio": "21:9"}
    assert made.document["requested"]["options"] == {"aspect_ratio": "7:3"}


def test_8_3_stops_with_the_two_nearest(vendor: Vendor) -> None:
    document = stopped(vendor, "--aspect-ratio", "8:3")
    assert "Nearest: 21:9 or 16:9." in document["error"]["message"]
    assert others(document) == {}
    assert "21:9" in document["send"][0]["message"]


# Forms of other shapes.


def test_a_control_named_like_its_target_is_mapped_once(vendor: Vendor) -> None:
    form = [
        virtual("size", [field("size", "1:1", "1:1", "16:9")], [({"size": "16:9"}, "2560x1440")], value="2k")
    ]
    vendor.products("text_to_image", [leaf(form, FREE, SEEDREAM)])
    bought(vendor, "--size", "16:9")
    assert parameters(vendor) == {"size": "2560x1440"}


def test_of_a_group_of_controls_those_not_given_take_their_defaults(vendor: Vendor) -> None:
    vendor.products("text_to_image", [leaf([virtual("mode", QUALITY, MODES)], FREE, SEEDREAM)])
    made = bought(vendor, "--set", "quality=1080p")
    assert parameters(vendor) == {"mode": "pro"}
    assert made.document["applied"]["controls"] == {"quality": "1080p", "sound": "off"}


def test_a_size_written_with_the_sign_of_multiplication_is_sent_with_a_letter(vendor: Vendor) -> None:
    form = [
        virtual("size", [field("aspect_ratio", "1:1", "1:1")], [({"aspect_ratio": "1:1"}, "1024×1024")]),
        field("size", None, "1024x1024"),
    ]
    vendor.products("text_to_image", [leaf(form, FREE, SEEDREAM)])
    bought(vendor, "--aspect-ratio", "1:1")
    assert parameters(vendor) == {"size": "1024x1024"}


def test_without_virtual_fields_a_ratio_stops_with_the_reason(vendor: Vendor) -> None:
    vendor.products("text_to_image", [leaf(PLAIN, FREE, SEEDREAM)])
    document = stopped(vendor, "--aspect-ratio", "16:9")
    assert "by its documents, but the live list does not offer it now" in document["error"]["message"]


# The attribute and the price of each step.


@pytest.mark.parametrize(
    ("model", "words", "attribute_id", "points", "size"),
    [
        ("Nano Banana2", (), 4401, 6, "1K"),
        ("Nano Banana2", ("--size", "512"), 4400, 4, "512px"),
        ("Nano Banana2", ("--size", "512PX"), 4400, 4, "512px"),
        ("Nano Banana2", ("--size", "1k"), 4401, 6, "1K"),
        ("Nano Banana2", ("--size", "4K"), 4403, 13, "4K"),
        ("Nano Banana Pro", ("--size", "4K"), 2401, 18, "4K"),
        ("Midjourney", (), 5451, 8, "480p"),
        ("Midjourney", ("--size", "480P"), 5451, 8, "480p"),
        ("Midjourney", ("--size", "720p"), 5452, 10, "720p"),
    ],
)
def test_the_rule_of_what_is_sent_is_the_one_that_is_billed(
    vendor: Vendor, model: str, words: tuple[str, ...], attribute_id: int, points: int, size: str
) -> None:
    made = bought(vendor, "--model", model, *words)
    product = sent(vendor)
    assert (product["attribute_id"], product["credit"]) == (attribute_id, points)
    assert parameters(vendor)["size"] == size, "in the rule's own spelling"
    assert (made.document["applied"]["attribute_id"], made.document["cost"]["quoted"]) == (
        attribute_id,
        points,
    )
    assert applied(made)["size"] == (size, "asked" if words else "default")


def test_a_ratio_of_nano_banana_pro_is_sent_as_it_is_beside_the_size(vendor: Vendor) -> None:
    made = bought(vendor, "--model", "Nano Banana Pro", "--size", "4k", "--aspect-ratio", "16:9")
    assert sent(vendor)["attribute_id"] == 2401
    assert parameters(vendor) == {"size": "4K", "aspect_ratio": "16:9"}
    (output,) = made.document["outputs"]
    with Image.open(output["path"]) as image:
        assert image.size == (4096, 2304)


@pytest.mark.parametrize(
    ("model", "words", "possible", "able"),
    [
        ("Nano Banana2", ("--aspect-ratio", "2:3"), "1:1, 16:9, 9:16, 4:3 or 3:4", {"SeeDream 4.5": 5}),
        ("Nano Banana Pro", ("--size", "720"), "1K, 2K or 4K", {}),
        (
            "Midjourney",
            ("--aspect-ratio", "16:9"),
            "size (480p, 720p)",
            {"SeeDream 4.5": 5, "Nano Banana2": 6, "Nano Banana Pro": 10},
        ),
    ],
)
def test_what_a_model_cannot_do_stops_with_what_it_can_and_who_can_and_for_how_much(
    vendor: Vendor, model: str, words: tuple[str, str], possible: str, able: dict[str, int]
) -> None:
    document = stopped(vendor, "--model", model, *words)
    assert possible in document["error"]["detail"]
    assert others(document) == able
    message = document["send"][0]["message"]
    assert words[1] in message
    assert all(f"{name}: {points} points" in message for name, points in able.items())
    assert ("No other model" in document["error"]["detail"]) == (not able)
    assert (f"No other model can do {words[1]} either." in message) == (not able)


def test_a_wish_that_nobody_can_meet_is_told_whole_in_the_persons_language(vendor: Vendor) -> None:
    words = ("--model", "大香蕉", "--size", "4k", "--aspect-ratio", "2:3", "--language", "zh")
    assert stopped(vendor, *words)["send"][0]["message"].splitlines() == [
        "❌ Nano Banana Pro 不支持 2:3。没有扣费。",
        "它支持：3:4、9:16、1:1、4:3、16:9",
        "💡 其他模型也不支持 4k + 2:3。要调整一下吗？",
    ]


def test_the_list_says_which_key_carries_midjourneys_steps(vendor: Vendor) -> None:
    (shown,) = (
        row
        for row in vendor.run("models", "--live", "--task-type", "text_to_image").document["models"]
        if row["id"] == "midjourney"
    )
    assert shown["options"] == {"size": ["480p", "720p"]}
    assert [(row["what"], row["amount"]) for row in shown["prices"]] == [("size 480p", 8), ("size 720p", 10)]

    steps = [rule(5451, 8, quality="480p"), rule(5452, 10, quality="720p")]
    form = [field("quality", "480p", "480p", "720p")]
    vendor.products("text_to_image", [leaf(form, steps, "midjourney", name="Midjourney")])
    made = bought(vendor, "--model", "MJ", "--size", "720p")
    assert (sent(vendor)["attribute_id"], parameters(vendor)) == (5452, {"quality": "720p"})
    assert made.document["applied"]["controls"] == {"size": "720p"}


@pytest.mark.parametrize("model", ["SeeDream", "NB2", "大香蕉", "MJ"])
def test_a_resolution_of_a_picture_is_its_size(vendor: Vendor, model: str) -> None:
    document = stopped(vendor, "--model", model, "--resolution", "4K")
    assert "Did you mean --size?" in document["error"]["message"]
    assert "4K" not in document["send"][0]["message"], (
        "a slip of the command is not told as the model's limit"
    )


def test_a_slip_of_the_command_is_told_before_what_the_model_cannot_do(vendor: Vendor) -> None:
    document = stopped(vendor, "--model", "MJ", "--aspect-ratio", "16:9", "--resolution", "4K")
    assert document["error"]["kind"] == "misnamed_option"
    assert "Did you mean --size?" in document["error"]["message"]
    assert "No other model" not in document["send"][0]["message"]


# Rules of other lists.

SPECIFIC = [rule(1, 1, default="enabled"), rule(2, 5, size="2k"), rule(3, 9, size="2k", quality="high")]
TWO_FIELDS = [field("size", "4k", "2k", "4k"), field("quality", "low", "low", "high")]


@pytest.mark.parametrize(
    ("words", "attribute_id"),
    [
        ((), 1),
        (("--size", "2k"), 2),
        (("--size", "2k", "--set", "quality=high"), 3),
        (("--set", "quality=high"), 1),
    ],
)
def test_the_most_specific_full_match_wins_and_never_one_that_contradicts(
    vendor: Vendor, words: tuple[str, ...], attribute_id: int
) -> None:
    vendor.products("text_to_image", [leaf(TWO_FIELDS, SPECIFIC, SEEDREAM)])
    bought(vendor, *words)
    assert sent(vendor)["attribute_id"] == attribute_id
    wish = {"size": "4k", "quality": "low"}
    wish.update({"size": "2k"} if "2k" in words else {})
    wish.update({"quality": "high"} if "quality=high" in words else {})
    assert parameters(vendor) == wish


def test_true_of_a_rule_is_true_of_the_wish(vendor: Vendor) -> None:
    rules = [rule(1, 5, hd="false"), rule(2, 9, hd="true")]
    vendor.products("text_to_image", [leaf([field("hd", "false")], rules, SEEDREAM)])
    bought(vendor, "--extra-params", '{"hd": true}')
    assert (sent(vendor)["attribute_id"], parameters(vendor)) == (2, {"hd": "true"})


def test_without_a_rule_nothing_is_bought_and_the_nearest_are_listed(vendor: Vendor) -> None:
    rules = [rule(1, 5, size="2k", quality="low"), rule(2, 9, size="4k", quality="high")]
    able = leaf(TWO_FIELDS, FREE, BANANA, name="Nano Banana2")
    vendor.products("text_to_image", [leaf(TWO_FIELDS, rules, SEEDREAM), able])
    document = stopped(vendor, "--size", "4k")
    assert document["error"]["kind"] == "no_rule"
    assert "size 4k, quality high: 9 points" in document["error"]["detail"]
    assert others(document) == {"Nano Banana2": 1}


def test_the_marker_alone_is_taken_and_not_sent(vendor: Vendor) -> None:
    bought(vendor)
    assert sent(vendor)["attribute_id"] == 2341
    assert set(parameters(vendor)) == {"size"}


def test_an_attribute_of_0_is_refused_with_what_to_do(vendor: Vendor) -> None:
    vendor.products("text_to_image", [leaf(PLAIN, [rule(0, 5, default="enabled")], SEEDREAM)])
    document = stopped(vendor)
    assert document["error"]["kind"] == "no_rule"
    assert "attribute_id 0. Try again later, or choose another model." in document["error"]["detail"]


# Which model and which version of it.


def test_of_two_versions_the_newest_is_bought_or_the_one_that_was_named(vendor: Vendor) -> None:
    old, new = (
        leaf(PLAIN, [rule(id, id, default="enabled")], SEEDREAM, f"v{id}", f"SeeDream {id}") for id in (9, 5)
    )
    group = {"id": "SeeDream", "type": "2", "name": "SeeDream", "model_id": "", "children": [old, new]}
    vendor.products("text_to_image", [group])
    assert bought(vendor).document["model"] == {"id": SEEDREAM, "name": "SeeDream 5", "version": "v5"}
    made = vendor.make("--version-id", "v9")
    assert (made.document["model"]["version"], made.document["cost"]["quoted"]) == ("v9", 9)
    assert [task["points"] for task in vendor.stats["tasks"]] == [5, 9]


def test_a_model_that_only_the_live_list_has_is_bought_at_its_live_price(vendor: Vendor) -> None:
    unknown = leaf([field("quality", "low", "low", "high")], [rule(77, 7, quality="low")], "brand-new-1")
    vendor.products("text_to_image", [unknown])
    made = bought(vendor, "--model", "brand-new-1")
    assert made.document["cost"] == {"unit": "points", "quoted": 7, "charged": None, "basis": "live"}
    assert made.document["estimate_s"] is None


def test_the_alternative_that_was_named_is_the_one_that_is_bought(vendor: Vendor) -> None:
    """A live model may be called what we call another: its own name and its id lead to it."""
    ratios = [field("aspect_ratio", "1:1", "1:1", "16:9")]
    other = leaf(ratios, [rule(33, 3)], "gemini-2.5-flash-image", "v2.5", "Nano Banana")
    nb2 = leaf(ratios, [rule(44, 6)], BANANA, "v3.1", "Nano Banana2")
    vendor.products("text_to_image", [leaf([], FREE, "midjourney", name="Midjourney"), nb2, other])
    document = stopped(vendor, "--model", "MJ", "--aspect-ratio", "16:9")
    cheapest, _ = document["alternatives"]
    assert (cheapest["id"], cheapest["model"], cheapest["cost"]) == (
        "gemini-2.5-flash-image",
        "Nano Banana",
        3,
    )
    for words in (cheapest["id"], cheapest["model"]):
        made = vendor.make("--model", words, "--aspect-ratio", "16:9")
        assert (made.document["model"]["id"], made.document["cost"]["quoted"]) == (cheapest["id"], 3)
    assert [task["points"] for task in vendor.stats["tasks"]] == [3, 3]


def test_two_alternatives_of_one_name_are_told_apart(vendor: Vendor) -> None:
    ratios = [field("aspect_ratio", "1:1", "16:9")]
    twins = [leaf(ratios, [rule(id, id)], f"made-up-{id}") for id in (5, 9)]
    vendor.products("text_to_image", [leaf([], FREE, "midjourney", name="Midjourney"), *twins])
    document = stopped(vendor, "--model", "MJ", "--aspect-ratio", "16:9")
    message = document["send"][0]["message"]
    assert "Made Up (made-up-5): 5 points" in message
    assert "Made Up (made-up-9): 9 points" in message
    document = stopped(vendor, "--model", "Made Up")
    assert document["error"]["detail"] == "Say which by its id: made-up-5, made-up-9."


def test_a_broken_entry_of_another_model_does_not_stop_an_honest_no(vendor: Vendor) -> None:
    bent = virtual("size", [field("ratio")], [])
    bent["value_mapping"]["mapping_rules"] = [{"source_values": "16:9", "target_value": "4k"}]
    vendor.fault(
        "list",
        {
            "kind": "set",
            "field": "data",
            "value": [leaf([bent], FREE, "bent"), leaf([], FREE, "midjourney", name="Midjourney")],
        },
        times=-1,
    )
    document = stopped(vendor, "--model", "MJ", "--aspect-ratio", "16:9")
    assert document["error"]["kind"] == "unsupported_option"
    assert "No other model" not in document["send"][0]["message"], "that one might"


def test_a_quote_above_the_persons_limit_does_not_ask_to_go_ahead(vendor: Vendor) -> None:
    words = ("quote", "--prompt", "a cat", "--model", "大香蕉", "--size", "4K", "--n", "2")
    document = vendor.run(*words, "--max-credits", "35").document
    assert (document["approval_needed"], document["next"]) == (True, None)
    assert document["send"][0]["message"] == (
        "❌ This would cost 36 points, more than the limit allows. Nothing was charged."
    )


# Several pictures.


def test_four_pictures_cost_four_times_and_are_four_files(vendor: Vendor) -> None:
    made = bought(vendor, "--n", "4")
    assert (made.document["cost"]["quoted"], sent(vendor)["credit"]) == (20, 5)
    assert len({output["sha256"] for output in made.document["outputs"]}) == 4


def test_of_four_pictures_one_failed_and_three_are_saved(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "media", "index": 2, "reason": "it did not work"})
    made = vendor.make("--n", "4")
    assert (made.code, made.error["kind"]) == (8, "partly_failed")
    assert [Path(output["path"]).is_file() for output in made.document["outputs"]] == [True] * 3
    assert "it did not work" in json.dumps(made.error)
    *results, failure = made.document["send"]
    assert all("media" in item for item in results)
    assert "media" not in failure


def test_a_form_that_lists_its_counts_makes_no_other(vendor: Vendor) -> None:
    vendor.products("text_to_image", [leaf([field("n", 1, 1, 2), *PLAIN], FREE, SEEDREAM)])
    assert "does not make 4 at a time" in stopped(vendor, "--n", "4")["error"]["message"]
    assert bought(vendor, "--n", "2").document["cost"]["quoted"] == 2


# Parameters.


def test_an_unknown_parameter_stops_with_the_nearest_name_and_who_has_it(vendor: Vendor) -> None:
    able = leaf([field("quality", "low", "low", "high")], FREE, "with-quality", name="With Quality")
    both = [field("seed", -1), field("quality", "low", "low", "high")]
    vendor.products("text_to_image", [leaf(both, FREE, SEEDREAM), able])
    document = stopped(vendor, "--set", "qualty=high")
    assert (
        "no option qualty, so it would change nothing. Did you mean --set quality?"
        in (document["error"]["message"])
    )
    vendor.products("text_to_image", [leaf([field("seed", -1)], FREE, SEEDREAM), able])
    document = stopped(vendor, "--set", "quality=high")
    assert others(document) == {"With Quality": 1}


def test_a_number_that_was_typed_is_sent_as_a_number(vendor: Vendor) -> None:
    vendor.products("text_to_image", [leaf([field("seed", -1), field("steps", 20)], FREE, SEEDREAM)])
    bought(vendor, "--seed", "5", "--set", "steps=30")
    assert parameters(vendor) == {"seed": 5, "steps": 30}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("[1]", "usage"),
        ("16:9", "usage"),
        ('{"prompt": "another"}', "reserved_parameter"),
        ('{"n": 4}', "reserved_parameter"),
        ('{"cast": {"points": 1}}', "reserved_parameter"),
        ('{"input_images": ["https://example.com/a.png"]}', "reserved_parameter"),
        ('{"default": "enabled"}', "reserved_parameter"),
        ('{"size": "2k", "size": "4k"}', "usage"),
    ],
)
def test_extra_parameters_are_one_object_without_what_has_an_option_of_its_own(
    vendor: Vendor, given: str, kind: str
) -> None:
    assert stopped(vendor, "--extra-params", given)["error"]["kind"] == kind


# Pictures that go in.


def test_image_to_image_needs_a_picture_and_text_to_image_takes_none(vendor: Vendor, tmp_path: Path) -> None:
    document = stopped(vendor, "--task-type", "image_to_image")
    assert "takes 1 to 10 pictures with --input-images, not none" in document["error"]["message"]
    document = stopped(vendor, "--task-type", "text_to_image", "--input-images", picture(tmp_path))
    assert "takes no files, not 1 picture." in document["error"]["message"]


@pytest.mark.parametrize(
    ("model", "words", "attribute_id", "points"),
    [
        ("SeeDream", (), 1611, 5),
        ("NB2", ("--size", "512px"), 4404, 4),
        ("NB2", (), 4405, 6),
        ("NB2", ("--size", "2K"), 4406, 10),
        ("NB2", ("--size", "4K"), 4407, 13),
        ("大香蕉", (), 2402, 10),
        ("大香蕉", ("--size", "2K"), 2403, 10),
        ("大香蕉", ("--size", "4K"), 2404, 18),
        ("MJ", (), 5453, 8),
        ("MJ", ("--size", "720p"), 5454, 10),
    ],
)
def test_a_picture_that_goes_in_stands_in_both_places_at_its_own_price(
    vendor: Vendor, model: str, words: tuple[str, ...], attribute_id: int, points: int
) -> None:
    link = "https://example.com/a.jpg"
    bought(vendor, "--model", model, "--input-images", link, *words)
    product = sent(vendor)
    assert (product["attribute_id"], product["credit"]) == (attribute_id, points)
    assert vendor.stats["tasks"][0]["body"]["src_img_url"] == product["parameters"]["input_images"] == [link]


def test_a_price_of_the_list_that_is_stale_is_refused_and_bought_by_nobody(vendor: Vendor) -> None:
    """The list says one thing and the till another: a refusal, never a guess."""
    stale = [rule(2341, 4, default="enabled")]
    where = "data.0.children.0.credit_rules"
    vendor.fault("list", {"kind": "set", "field": where, "value": stale}, times=-1)
    made = vendor.make()
    assert (made.code, made.error["kind"], made.error["charged"]) == (8, "offer_changed", "no")
    assert (vendor.stats["accepted"], vendor.stats["refused"]) == (0, {"6006": 2}), "resolved anew once"
