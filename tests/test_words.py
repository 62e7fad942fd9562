"""What a person says for a model, a size or a ratio is what is bought, or a question: the vendor's document,
section "names people use", typed from there."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chooser import message
from offers import FREE, GATEWAY, bind, field, leaf, live, made_up, parse, rule
from parts import plan as sample
from studio import arguments, catalogue, documents, params, placing, wishes
from studio.errors import StudioError, UsageError
from studio.form import Offer
from studio.speech import Voice
from studio.types import Gateway, Plan
from studio.wishes import Wish
from support import Run, Vendor, validate
from test_alternatives import others
from test_planning import draft, listed

SEEDREAM, BANANA, PRO, MIDJOURNEY = (
    "doubao-seedream-4.5",
    "gemini-3.1-flash-image",
    "gemini-3-pro-image",
    "midjourney",
)
NAMES = {
    SEEDREAM: ["可梦", "豆包可梦", "SeeDream", "see dream"],
    BANANA: ["香蕉", "香蕉2", "小香蕉", "Nano Banana", "Nano Banana 2", "Banana2", "NB2", "nano-banana-2"],
    PRO: ["香蕉Pro", "香蕉专业版", "大香蕉", "Nano Banana Pro", "Banana Pro", "NB Pro", "nano-banana-pro"],
    MIDJOURNEY: ["MJ", "Midjourney", "Mid journey"],
}
QUALITY = {  # words -> model, size, points, asked first
    "最便宜 最省钱 cheapest budget": (BANANA, "512px", 4, False),
    "最好 最高质量 best premium": (PRO, "4K", 18, True),
    "艺术 插画 画风 artistic": (MIDJOURNEY, "480p", 8, False),
}
SIZES = {"4k": "4K", "2k": "2K", "1k": "1K", "512": "512px"}
RATIOS = {"横图": "16:9", "横向": "16:9", "竖图": "9:16", "竖向": "9:16", "方形": "1:1"}
RATIOS |= {"landscape": "16:9", "portrait": "9:16", "square": "1:1"}  # what SKILL.md tells agents to pass on
RATIOS |= {"竖的": "9:16", "宽屏": "16:9", "vertical": "9:16", "Wide": "16:9", "16x9": "16:9", "3：4": "3:4"}
SAID = [(word, *meant) for words, meant in QUALITY.items() for word in words.split()]


def planned(words: str, offers: tuple[Offer, ...] | None = None) -> Plan:
    """The plan of a command line, over the vendor's own list or the one given."""
    made = arguments.parse(["make", "--prompt", "a lighthouse", *shlex.split(words)])
    wish = {"model": made.model, "n": made.n or 1, "options": arguments.parameters(made)}
    return draft(offers, **wish)


def refused(words: str, offers: tuple[Offer, ...] | None = None) -> UsageError:
    with pytest.raises(UsageError) as stopped:
        planned(words, offers)
    return stopped.value


def told(error: StudioError, language: str, gateway: Gateway | None = GATEWAY) -> list[str]:
    """What the person reads, line by line."""
    document = documents.failure(error, Voice(language), now=0.0, gateway=gateway)
    validate(document)
    assert (document["done"], document["next"]) == (True, None)
    (message,) = document["send"]
    return str(message["message"]).splitlines()


def dry(vendor: Vendor, *words: str) -> Run:
    """What would be sent, by the real command."""
    made = vendor.make("--dry-run", *words)
    assert made.code == 0, made.stdout
    assert vendor.stats["requests"]["create"] == 0
    return made


# --- every word of the document ---------------------------------------------------------------------------


@pytest.mark.parametrize(("id", "words"), [(id, word) for id, words in NAMES.items() for word in words])
def test_every_name_is_its_model_however_it_is_written(id: str, words: str) -> None:
    for written in (words, words.upper(), f" {words.lower()} ", words.replace(" ", "-")):
        made = planned(f"--model '{written}'")
        assert (made.model.id, made.presumed, made.ask_first) == (id, {}, False)
        assert made.requested["model"] == written


@pytest.mark.parametrize(("words", "id", "size", "points", "asks"), SAID)
def test_every_quality_word_is_a_model_with_its_size(
    words: str, id: str, size: str, points: int, asks: bool
) -> None:
    for written in (words, words.upper(), f" {words} "):
        made = planned(f"--model '{written}'")
        assert (made.model.id, made.values["size"], made.billing.amount) == (id, size, points)
        assert made.ask_first is asks
        assert (made.requested["model"], made.requested["options"]) == (written, {})


@pytest.mark.parametrize("words", ["最便宜", "best", "插画"])
def test_a_quality_word_goes_out_as_what_it_stands_for(vendor: Vendor, words: str) -> None:
    (said,) = (row for row in SAID if row[0] == words)
    _, id, size, points, asks = said
    made = dry(vendor, "--model", words).document
    (product,) = made["request"]["json"]["parameters"]
    assert (product["model_id"], product["parameters"]["size"], product["credit"]) == (id, size, points)
    assert (made["requested"]["model"], made["model"]["id"]) == (words, id)
    assert made["approval_needed"] is asks


@pytest.mark.parametrize(("said", "size"), SIZES.items())
def test_every_size_is_sent_as_the_model_writes_it(vendor: Vendor, said: str, size: str) -> None:
    assert planned(f"--model NB2 --size {said}").values["size"] == size
    assert planned(f"--model NB2 --size {said.upper()}").values["size"] == size
    if said in {"512", "4k"}:
        (product,) = dry(vendor, "--model", "NB2", "--size", said).document["request"]["json"]["parameters"]
        assert product["parameters"]["size"] == size


@pytest.mark.parametrize(("said", "ratio"), RATIOS.items())
@pytest.mark.parametrize("flag", ["--aspect-ratio", "--size"])
@pytest.mark.parametrize("model", ["NB2", "大香蕉"])
def test_every_word_for_a_shape_is_a_ratio_wherever_it_stands(
    said: str, ratio: str, flag: str, model: str
) -> None:
    made = planned(f"--model {model} {flag} {said}")
    assert made.values["aspect_ratio"] == ratio
    assert made.origin["size"] == "default"
    assert made.values == planned(f"--model {model} --aspect-ratio {ratio}").values
    (name,) = made.requested["options"].items()
    assert name == (flag[2:].replace("-", "_"), said), "as it was said"


@pytest.mark.parametrize(("said", "size"), [("高清", "2K"), ("HD", "2K"), ("超清", "4K"), ("Ultra HD", "4K")])
def test_a_quality_that_is_said_as_a_size_is_one_and_is_told_as_that(
    vendor: Vendor, said: str, size: str
) -> None:
    made = dry(vendor, "--size", said)
    (product,) = made.document["request"]["json"]["parameters"]
    assert product["parameters"]["size"] == size.lower()
    assert f"1 picture ({size}) with" in message(made)


@pytest.mark.parametrize("words", [("--size", "very big"), ("--aspect-ratio", "tallish")])
def test_of_a_word_that_is_not_understood_it_is_not_said_that_no_model_can_do_it(
    vendor: Vendor, words: tuple[str, str]
) -> None:
    made = vendor.run("quote", "--prompt", "a cat", *words)
    assert (made.error["kind"], "No other" in message(made)) == ("unsupported_option", False)
    assert "It can do: " in message(made)


def test_an_option_that_no_model_has_is_named_with_its_value(vendor: Vendor) -> None:
    text = message(vendor.run("quote", "--prompt", "a cat", "--seed", "5"))
    assert "cannot do seed 5." in text
    assert "No other model can do seed 5 either." in text


def test_a_shape_that_is_said_as_a_size_goes_out_as_a_ratio(vendor: Vendor) -> None:
    made = dry(vendor, "--size", "横图", "--language", "zh").document
    (product,) = made["request"]["json"]["parameters"]
    assert product["parameters"]["size"] == "2560x1440"
    assert made["requested"]["options"] == {"size": "横图"}
    assert made["applied"]["controls"] == {"aspect_ratio": "16:9"}
    assert "1 张图（16:9）" in made["send"][0]["message"], "in words of either language"


# --- quality words ----------------------------------------------------------------------------------------


def bought(vendor: Vendor) -> list[tuple[str, str]]:
    """Model and size of every purchase."""
    products = [task["body"]["parameters"][0] for task in vendor.stats["tasks"]]
    return [(product["model_id"], product["parameters"]["size"]) for product in products]


def test_the_best_is_asked_about_first_and_the_yes_buys_just_that(vendor: Vendor, home: Path) -> None:
    (home / "state").mkdir()
    (home / "state" / "config.toml").write_text("[gateways.ima]\nconfirm_above = 1000\n")
    asked = vendor.make("--model", "最好", "--language", "zh")
    assert (asked.code, asked.error["kind"], asked.document["done"]) == (12, "needs_approval", True)
    assert asked.document["send"][0]["message"] == (
        "💡 1 张图（4K），使用 Nano Banana Pro。总费用：18 积分，要继续吗？"
    )
    assert vendor.make("--model", "最好", "--yes").code == 12
    assert vendor.make("--model", "最好", "--max-credits", "30").code == 12
    assert bought(vendor) == []

    made = vendor.carry_on(asked.document)
    assert (made.code, bought(vendor)) == (0, [(PRO, "4K")])
    assert made.document["requested"]["model"] == "最好"
    assert vendor.make("--model", "best", "--yes", "--max-credits", "30", prompt="two").code == 0
    assert bought(vendor) == [(PRO, "4K")] * 2


def test_the_same_model_and_size_by_name_are_not_asked_about(vendor: Vendor) -> None:
    assert vendor.make("--model", "大香蕉", "--size", "4K").code == 0


def test_the_best_in_a_size_of_its_own_is_asked_about_as_well(vendor: Vendor) -> None:
    asked = vendor.make("--model", "best", "--size", "1K")
    assert (asked.code, asked.document["cost"]["quoted"]) == (12, 10)
    assert "1 picture (1K) with Nano Banana Pro" in asked.document["send"][0]["message"]
    assert vendor.run("quote", "--prompt", "x", "--model", "best").document["approval_needed"] is True


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("--model 最便宜", {"size": "512px", "aspect_ratio": "1:1"}),
        ("--model 最便宜 --size 2k", {"size": "2K", "aspect_ratio": "1:1"}),
        ("--model 最便宜 --aspect-ratio 2K", {"size": "2K", "aspect_ratio": "1:1"}),
        ("--model 最便宜 --aspect-ratio 竖图", {"size": "512px", "aspect_ratio": "9:16"}),
        ("--model best --size 横图", {"size": "4K", "aspect_ratio": "16:9"}),
        ("--model best --size 横图 --aspect-ratio 1k", {"size": "1K", "aspect_ratio": "16:9"}),
        ("""--model best --extra-params '{"size": "2K"}'""", {"size": "2K", "aspect_ratio": "1:1"}),
    ],
)
def test_what_is_said_beside_a_quality_word_wins_and_the_rest_stays(
    words: str, values: dict[str, str]
) -> None:
    plan = planned(words)
    assert plan.values == values
    assert all(plan.values[name] == value for name, value in plan.presumed.items()), "only what it left open"


def test_a_quality_word_whose_size_the_list_calls_otherwise_takes_it_from_there() -> None:
    steps = [rule(1, 4, quality="512px"), rule(2, 6, quality="1K")]
    offers = parse([leaf([field("quality", "1K", "512px", "1K")], steps, BANANA, name="Nano Banana2")])
    assert planned("--model cheapest", offers).values == {"quality": "512px"}
    assert planned("--model cheapest --set quality=1K", offers).values == {"quality": "1K"}


def test_what_a_quality_word_stands_for_and_is_not_made_any_more_stops() -> None:
    """The list now lacks the size: another one is not bought instead, and who has it is told."""
    offers = parse(
        [
            leaf([field("size", "1K", "1K")], FREE, BANANA, name="Nano Banana2"),
            leaf([field("size", "1K", "512px")], FREE, "with-512", name="With 512"),
            leaf([], FREE, "without", name="Without"),
        ]
    )
    error = refused("--model cheapest", offers)
    assert (error.kind, error.about["asked"]) == ("unsupported_option", "512px")
    assert [one.model for one in error.alternatives] == ["With 512"]


def test_what_a_quality_word_cannot_do_is_offered_by_those_that_can() -> None:
    error = refused("--model 最便宜 --aspect-ratio 2:3")
    assert told(error, "en")[0] == "❌ Nano Banana2 cannot do 2:3. Nothing was charged."
    assert [one.model for one in error.alternatives] == ["SeeDream 4.5"], "whatever its size"


def test_a_quality_word_is_its_model_also_where_a_live_one_has_that_name() -> None:
    offers = (*live(), *parse([leaf([field("size", "4K", "4K")], FREE, "other", name="Best")]))
    assert planned("--model best", offers).model.id == PRO
    assert planned("--model other", offers).model.id == "other"


def test_a_quality_word_is_no_more_than_its_model_for_a_kind_of_making() -> None:
    task_type = replace(catalogue.task_types()["text_to_image"], id="text_to_film")
    with pytest.raises(UsageError) as stopped:
        wishes.model_of(Wish(model="best"), task_type, {"ima"})
    assert stopped.value.message == "Nothing there makes text_to_film."


def test_a_model_that_a_word_stands_for_may_not_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [model for model in catalogue.models() if model.id != PRO]
    only_text = replace(next(model for model in catalogue.models() if model.id == PRO), task_types=("other",))
    made_up_models(monkeypatch, *models, only_text)
    with pytest.raises(UsageError) as stopped:
        wishes.model_of(Wish(model="best"), catalogue.task_types()["text_to_image"], {"ima"})
    assert stopped.value.message == "Nano Banana Pro does not make text_to_image."


def test_again_says_the_word_again_and_asks_again(vendor: Vendor) -> None:
    first = vendor.make("--model", "最好", "--yes", "--max-credits", "30", "--size", "横图").document
    again = vendor.run("again", first["job"]).document
    assert "--model=最好" in again["next"]
    assert (again["requested"], again["applied"]) == (first["requested"], first["applied"])
    assert (again["approval_needed"], again["cost"]["quoted"]) == (True, 18)

    smaller = vendor.run("again", first["job"], "--size", "2K").document
    sent = {row["name"]: row["value"] for row in smaller["applied"]["parameters"]}
    assert sent == {"size": "2K", "aspect_ratio": "16:9"}, "the shape stays"
    other = vendor.run("again", first["job"], "--model", "MJ", "--size", "480p", "--aspect-ratio", "1:1")
    assert (other.document["approval_needed"], other.document["cost"]["quoted"]) == (False, 8)


def test_a_record_from_before_still_reads() -> None:
    made = sample(presumed={"size": "4K"}, ask_first=True)
    record = json.loads(json.dumps(made.to_json()))
    assert Plan.from_json(record) == made
    del record["presumed"], record["ask_first"]
    assert Plan.from_json(record) == replace(made, presumed={}, ask_first=False)


def test_no_quality_word_is_a_name_and_each_is_made_as_it_says() -> None:
    for vendor in catalogue.vendors():
        words = [catalogue.plain(word) for one in vendor.profiles for word in one.words]
        assert len(words) == len(set(words))
        for profile in vendor.profiles:
            model, *rest = (one for one in vendor.models if one.id == profile.model)
            assert {model.gateway, *(one.gateway for one in rest)} == profile.gateways
            for one in (model, *rest):
                assert all(value in one.options[name] for name, value in profile.options.items())
            for word in profile.words:
                assert catalogue.called(word, catalogue.models()) == ()
                first = catalogue.profile(word, set())
                assert first
                assert first in catalogue.vendors()[0].profiles, "where nothing says what is to be made"
                for task_type in model.task_types:
                    assert catalogue.profile(word, profile.gateways, task_type) == profile


def test_the_best_and_the_cheapest_of_films_are_models_of_films() -> None:
    for task_type in ("text_to_video", "image_to_video", "first_last_frame_to_video", "reference_to_video"):
        best, cheapest = (catalogue.profile(word, set(), task_type) for word in ("最好的", "cheapest"))
        assert best
        assert cheapest
        assert (best.model, best.options, best.ask) == ("viduq3-pro", {"resolution": "1080p"}, True)
        assert (cheapest.model, cheapest.options) == ("viduq3-turbo", {"resolution": "540p"})
    picture = catalogue.profile("最好的", set(), "image_to_image")
    assert picture
    assert picture.model == PRO


def test_of_vendors_with_one_word_the_first_that_can_be_paid_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ima = catalogue.vendor("ima")
    another = replace(
        ima,
        id="other",
        profiles=tuple(replace(one, gateways=frozenset({"elsewhere"})) for one in ima.profiles),
        models=tuple(replace(one, gateway="elsewhere", provider="other") for one in ima.models),
    )
    monkeypatch.setattr(catalogue, "vendors", lambda: (ima, another))
    for payable, gateway in [({"ima"}, "ima"), ({"elsewhere"}, "elsewhere"), (set(), "ima")]:
        profile = catalogue.profile("BEST", payable)
        assert profile
        assert profile.gateways == {gateway}
    assert catalogue.profile("大香蕉", {"ima"}) is None


# --- which option a value belongs to ----------------------------------------------------------------------

SLOTS = ("size", "aspect_ratio")
AS_SIZE = st.sampled_from([" 4k ", "4K", "４Ｋ", "4 K"])
AS_RATIO = st.sampled_from(["16:9", "16：9", "１６：９", "16比9", "16 / 9", "32:18", "横图", " 横向 "])


@given(AS_SIZE, AS_RATIO, st.permutations(SLOTS), st.booleans())
def test_a_size_and_a_ratio_are_told_apart_in_any_slots(
    size: str, ratio: str, slots: Sequence[str], turned: bool
) -> None:
    given = list(zip(slots, (size, ratio), strict=True))
    made = draft(model="NB2", options=dict(given[::-1] if turned else given))
    assert made.values == {"size": "4K", "aspect_ratio": "16:9"}
    assert made.billing.amount == 13


@given(st.sampled_from(SLOTS), st.one_of(AS_SIZE, AS_RATIO))
def test_one_value_means_one_thing_in_either_slot(slot: str, value: str) -> None:
    plans = [draft(model="大香蕉", options={name: value}) for name in (slot, *SLOTS)]
    assert len({json.dumps([made.values, made.origin], sort_keys=True) for made in plans}) == 1


@given(AS_RATIO, st.sampled_from(["9:16", "竖图", "1:1", "2:3"]))
def test_two_ratios_that_differ_contradict_each_other(one: str, other: str) -> None:
    for options in ({"size": one, "aspect_ratio": other}, {"size": other, "aspect_ratio": one}):
        with pytest.raises(UsageError) as stopped:
            draft(model="NB2", options=options)
        assert stopped.value.kind == "contradiction"
        assert len(told(stopped.value, "zh")) == 1, "nobody else can do both either"


def test_two_words_for_one_ratio_are_one() -> None:
    assert planned("--model NB2 --size 横图 --aspect-ratio 32:18").values["aspect_ratio"] == "16:9"


RATIO_SIZES = [field("size", "1:1", "1:1", "16:9"), field("aspect_ratio", "4:3", "4:3", "3:4", "16:9")]


@pytest.mark.parametrize(
    ("form", "options", "values"),
    [
        (RATIO_SIZES, {"size": "横图"}, {"size": "16:9", "aspect_ratio": "4:3"}),
        (RATIO_SIZES, {"size": "3:4"}, {"size": "1:1", "aspect_ratio": "3:4"}),
        (RATIO_SIZES[:1], {"aspect_ratio": "16:9"}, {"size": "16:9"}),
        ([field("size", "auto")], {"size": "16:9"}, {"size": "16:9"}),
        ([field("aspect_ratio", None, "1K", "2K")], {"size": "2k"}, {"aspect_ratio": "2K"}),
        (
            [field("resolution", "2K", "2K", "4K"), field("size", "1K", "1K")],
            {"resolution": "4k"},
            {"resolution": "4K", "size": "1K"},
        ),
    ],
    ids=["a list with both", "who lists it", "ratios as sizes", "anything goes", "turned", "resolution"],
)
def test_the_models_own_list_says_what_is_a_size_there(
    form: list[Any], options: dict[str, str], values: dict[str, str]
) -> None:
    asked = params.read("text_to_image", "a cat", 1, options)
    assert params.bind(made_up(form), asked).values == values


def test_a_ratio_that_a_size_of_ratios_lacks_is_told_as_a_size() -> None:
    with pytest.raises(UsageError, match=r"does not make size 2:3\. Nearest: 1:1 or 16:9"):
        bind(made_up(RATIO_SIZES), size="2:3")


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ({"size": "横图"}, {}, {"size": "横图"}),
        ({"size": "横图"}, {"size": "2K"}, {"aspect_ratio": "横图", "size": "2K"}),
        ({"size": "横图"}, {"aspect_ratio": "1:1"}, {"aspect_ratio": "1:1"}),
        (
            {"aspect_ratio": "4K", "seed": 7},
            {"aspect_ratio": "竖图"},
            {"size": "4K", "seed": 7, "aspect_ratio": "竖图"},
        ),
        ({"size": "4K"}, {"size": "1024x1024"}, {"size": "1024x1024"}),
    ],
)
def test_a_change_replaces_what_it_speaks_of(
    before: dict[str, Any], changes: dict[str, Any], after: dict[str, Any]
) -> None:
    assert placing.changed(before, changes) == after


def test_a_smaller_size_after_a_refusal_keeps_the_shape_that_was_said_as_a_size(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "code", "code": 400, "message": "size is too large for this model"})
    words = ("--model", "best", "--size", "竖图", "--yes", "--max-credits", "30", "--allow-degrade")
    made = vendor.make(*words)
    assert made.code == 0, made.stdout
    sent = {row["name"]: row["value"] for row in made.document["applied"]["parameters"]}
    assert sent == {"size": "2K", "aspect_ratio": "9:16"}


# --- what nobody makes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["8K", "8k", "16K", "6K", "８Ｋ", "8 k"])
@pytest.mark.parametrize("slot", ["--size", "--aspect-ratio"])
@pytest.mark.parametrize("model", ["SeeDream", "NB2", "大香蕉", "MJ", "best"])
def test_a_size_above_the_largest_is_told_as_what_it_is(model: str, slot: str, size: str) -> None:
    error = refused(f"--model {model} {slot} '{size}'")
    assert error.kind == "unsupported_option"
    assert (error.about["asked"], error.about["largest"]) == (size.upper(), "4K")
    able = {one.id: one.amount for one in error.alternatives}
    assert able == {SEEDREAM: 5, BANANA: 13, PRO: 18}


def test_8k_gets_its_honest_answer_in_both_languages(vendor: Vendor) -> None:
    made = vendor.make("--size", "8K", "--language", "zh")
    assert (made.code, made.document["next"]) == (2, None)
    assert made.document["send"][0]["message"].splitlines() == [
        "❌ 8K 目前没有模型支持，最大是 4K；做好以后可以再用放大工具放大。没有扣费。",
        "💡 这些模型支持 4K：",
        "• SeeDream 4.5：5 积分，通用，支持八种比例",
        "• Nano Banana2：13 积分，出图最快",
        "• Nano Banana Pro：18 积分，画质最高",
        "要做成 4K 吗？",
    ]
    assert told(refused("--model MJ --size 8k --n 2"), "en") == [
        "❌ No model here makes 8K yet: 4K is the largest, and an upscaling tool can enlarge it afterwards. "
        "Nothing was charged.",
        "💡 These make 4K:",
        "• SeeDream 4.5: 10 points, good all-round, eight aspect ratios",
        "• Nano Banana2: 26 points, the fastest",
        "• Nano Banana Pro: 36 points, highest quality",
        "Shall I make it at 4K?",
    ]


def test_the_largest_with_the_rest_of_the_wish_may_be_made_by_fewer_or_nobody() -> None:
    error = refused("--size 8K --aspect-ratio 16:9")
    assert [one.model for one in error.alternatives] == ["Nano Banana2", "Nano Banana Pro"]
    assert told(refused("--size 8K --aspect-ratio 21:9"), "zh")[1:] == [
        "💡 其他模型也不支持 4K + 21:9。要调整一下吗？"
    ]


def test_the_live_list_says_what_is_the_largest() -> None:
    small = leaf([field("size", "1K", "1K", "2K")], FREE, SEEDREAM, name="SeeDream 4.5")
    large = leaf([field("size", "1K", "1K", "8K")], [rule(1, 90)], "huge", name="Huge")
    assert refused("--size 8K", parse([small])).about["largest"] == "2K"
    error = refused("--size 8K", parse([small, large]))
    assert "largest" not in error.about, "somebody makes it"
    assert [(one.model, one.amount) for one in error.alternatives] == [("Huge", 90)]
    assert planned("--model Huge --size 8k", parse([small, large])).values == {"size": "8K"}
    assert "largest" not in refused("--size 3K").about, "not above all, only between"


def test_that_nobody_makes_it_is_not_said_where_an_entry_cannot_be_read() -> None:
    small = leaf([field("size", "1K", "1K", "2K")], FREE, SEEDREAM, name="SeeDream 4.5")
    broken = {**leaf(model_id="broken", name="Broken"), "credit_rules": None}
    error = refused("--size 8K", parse([small, broken]))
    assert told(error, "en")[0] == "❌ SeeDream 4.5 cannot do 8K. Nothing was charged."


# --- ratios -----------------------------------------------------------------------------------------------

STANDARD = ("1:1", "16:9", "9:16", "4:3", "3:4")


@pytest.mark.parametrize("ratio", STANDARD)
@pytest.mark.parametrize("model", ["NB2", "大香蕉", "SeeDream"])
def test_standard_ratios_are_made_by_any_banana_and_by_seedream(model: str, ratio: str) -> None:
    made = planned(f"--model {model} --aspect-ratio {ratio}")
    assert {**made.values, **made.applied}["aspect_ratio"] == ratio


@pytest.mark.parametrize("ratio", ["2:3", "3:2", "21:9", "7:3"])
def test_the_other_ratios_are_made_by_seedream_alone(ratio: str) -> None:
    assert planned(f"--aspect-ratio {ratio}").model.id == SEEDREAM
    for model in ("Nano Banana2", "Nano Banana Pro", "Midjourney"):
        assert others(model, {"aspect_ratio": ratio}) == [("SeeDream 4.5", 5)]
        refused(f"--model '{model}' --aspect-ratio {ratio}")


@pytest.mark.parametrize("words", NAMES)
@pytest.mark.parametrize("square", ["1:1", "方形", "2:2"])
def test_a_square_is_made_by_any(vendor: Vendor, words: str, square: str) -> None:
    made = planned(f"--model {words} --aspect-ratio {square}")
    assert {**made.values, **made.applied}["aspect_ratio"] == "1:1"


def test_midjourney_makes_a_square_that_is_asked_for_and_sends_no_ratio(vendor: Vendor) -> None:
    made = vendor.make("--model", "MJ", "--aspect-ratio", "方形")
    assert (made.code, vendor.stats["violations"]) == (0, [])
    (task,) = vendor.stats["tasks"]
    assert "aspect_ratio" not in task["body"]["parameters"][0]["parameters"]
    assert made.document["applied"]["controls"] == {"aspect_ratio": "1:1"}
    assert made.document["difference"] == []


def test_a_list_that_gives_a_square_model_ratios_is_believed() -> None:
    form = [field("size", "480p", "480p"), field("aspect_ratio", "4:3", "1:1", "4:3", "16:9")]
    offers = parse([leaf(form, FREE, MIDJOURNEY, name="Midjourney")])
    for said, ratio in (("横图", "16:9"), ("方形", "1:1")):
        made = planned(f"--model MJ --size {said}", offers)
        assert made.values == {"size": "480p", "aspect_ratio": ratio}


def test_a_square_of_midjourney_is_among_the_alternatives() -> None:
    assert ("Midjourney", 10) in others("SeeDream 4.5", {"aspect_ratio": "1:1", "size": "720p"})


def test_what_midjourney_cannot_shape_is_proposed_with_prices_in_both_languages(vendor: Vendor) -> None:
    made = vendor.make("--model", "MJ", "--aspect-ratio", "横图", "--language", "zh")
    assert (made.code, made.document["next"], made.error["charged"]) == (2, None, "no")
    assert made.document["send"][0]["message"].splitlines() == [
        "❌ Midjourney 不支持 16:9。没有扣费。",
        "它支持：1:1",
        "💡 这些模型能做同样的：",
        "• SeeDream 4.5：5 积分，通用，支持八种比例",
        "• Nano Banana2：6 积分，出图最快",
        "• Nano Banana Pro：10 积分，画质最高",
        "要换一个试试吗？",
    ]
    assert told(refused("--model MJ --size 2:3"), "en") == [
        "❌ Midjourney cannot do 2:3. Nothing was charged.",
        "It can do: 1:1",
        "💡 This makes the same:",
        "• SeeDream 4.5: 5 points, good all-round, eight aspect ratios",
        "Shall I take it?",
    ]


def test_a_ratio_that_a_model_lacks_names_the_nearest_first_in_both_languages() -> None:
    error = refused("--model 大香蕉 --aspect-ratio 2:3")
    assert "Nearest: 3:4 or 9:16." in error.message
    assert told(error, "zh")[1:] == [
        "它支持：3:4、9:16、1:1、4:3、16:9",
        "💡 这个能做同样的：",
        "• SeeDream 4.5：5 积分，通用，支持八种比例",
        "要换成它吗？",
    ]
    assert told(refused("--aspect-ratio 8:3"), "en") == [
        "❌ SeeDream 4.5 cannot do 8:3. Nothing was charged.",
        "It can do: 21:9, 16:9, 3:2, 4:3, 1:1, 3:4, 2:3, 9:16",
        "💡 No other model can do 8:3 either. Shall I change something?",
    ]


# --- nicknames --------------------------------------------------------------------------------------------


def made_up_models(monkeypatch: pytest.MonkeyPatch, *models: Any) -> None:
    def among(task_type: str | None = None) -> tuple[Any, ...]:
        return tuple(one for one in models if task_type is None or task_type in one.task_types)

    monkeypatch.setattr(catalogue, "models", among)


@pytest.mark.parametrize("words", ["Big One", "big-one"])
def test_a_nickname_of_two_models_asks_which_with_traits_and_prices_of_the_table(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    seedream, banana, pro, *_ = catalogue.models()
    made_up_models(
        monkeypatch, replace(seedream, aliases=("Big One",)), banana, replace(pro, aliases=("BIG ONE", "B"))
    )
    error = refused(f"--model '{words}'")
    assert (error.kind, error.detail) == (
        "ambiguous_model",
        "Say which by its id: doubao-seedream-4.5, gemini-3-pro-image.",
    )
    assert told(error, "zh", gateway=None) == [
        f"💬 “{words}”可能指这几个模型，还没有开始。没有扣费。",
        "• SeeDream 4.5：5 积分，通用，支持八种比例",
        "• Nano Banana Pro：10 积分起，画质最高",
        "用哪一个？",
    ]
    assert planned("--model b").model.id == PRO
    assert planned(f"--model {PRO}").model.id == PRO, "by its id it can always be said"


def test_a_name_of_one_that_is_a_nickname_of_another_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    seedream, banana, *_ = catalogue.models()
    made_up_models(monkeypatch, seedream, replace(banana, aliases=("SeeDream 4.5",)))
    assert refused("--model 'SeeDream 4.5'").kind == "ambiguous_model"


def test_one_id_at_two_gateways_is_one_model() -> None:
    seedream, *_ = catalogue.models()
    there = replace(seedream, gateway="elsewhere", provider="other")
    assert catalogue.called("SeeDream", [seedream, there]) == (seedream,)
    assert catalogue.find("SeeDream", [there, seedream]) is there


@pytest.mark.parametrize("words", ["banana", "Nano", "nb"])
def test_words_that_are_part_of_several_names_ask_which(vendor: Vendor, words: str) -> None:
    made = vendor.make("--model", words)
    assert (made.code, made.error["kind"], made.error["charged"]) == (2, "ambiguous_model", "no")
    assert made.document["next"] is None
    assert vendor.stats["requests"]["create"] == 0
    assert made.document["send"][0]["message"].splitlines() == [
        f"💬 {words} may mean any of these; nothing was begun. Nothing was charged.",
        "• Nano Banana2: from 4 points, the fastest",
        "• Nano Banana Pro: from 10 points, highest quality",
        "Which one shall I use?",
    ]
    assert [(row["id"], row["cost"]) for row in made.document["alternatives"]] == [(BANANA, 4), (PRO, 10)]


def test_the_prices_of_the_question_are_those_of_the_live_list() -> None:
    offers = listed((BANANA, "Nano Banana2", 3), (BANANA, "Nano Banana2", 7), ("new", "Banana New", 9))
    error = refused("--model banana", offers)
    assert told(error, "en")[1:3] == [
        "• Nano Banana2: 7 points, the fastest",
        "• Banana New: 9 points, has all of it",
    ]


def test_a_live_model_of_just_that_name_is_no_part_of_another() -> None:
    offers = (*live(), *listed(("just-that", "Banana", 9)))
    assert planned("--model banana", offers).model.id == "just-that"


@pytest.mark.parametrize(
    ("words", "first"),
    [("seadream", "SeeDream 4.5"), ("Nano Banana MAX", "Nano Banana2"), ("seedream 5", "SeeDream 4.5")],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_name_that_nobody_has_names_the_nearest_three_and_buys_none(
    vendor: Vendor, words: str, first: str, language: str
) -> None:
    made = vendor.make("--model", words, "--language", language)
    assert (made.code, made.error["kind"], made.document["next"]) == (2, "unknown_model", None)
    assert vendor.stats["requests"]["create"] == 0
    opening, names = made.document["send"][0]["message"].splitlines()
    assert words in opening
    nearest = names.partition("：" if language == "zh" else ": ")[2].replace("。", ". ").partition(". ")[0]
    assert nearest.split(" / ")[0] == first
    assert len(nearest.split(" / ")) == 3
    assert names.endswith("？" if language == "zh" else "?")


def test_a_model_that_is_known_but_not_sold_now_is_told_by_its_name() -> None:
    error = refused("--model 大香蕉", listed((SEEDREAM, "SeeDream 4.5", 5)))
    assert told(error, "zh") == ["❌ Nano Banana Pro 现在没有。没有扣费。要换一个模型吗？"]
