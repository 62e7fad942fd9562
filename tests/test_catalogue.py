"""The catalogue keeps its own promises: what a file of data says is whole, ordered and unambiguous."""

from __future__ import annotations

from itertools import combinations

import pytest

from offers import live
from studio import catalogue, params
from studio.errors import REFUSALS, UsageError
from studio.types import ModelSpec

MODELS = catalogue.models()
NAMED = [model for model in MODELS if not model.any_name]
NAMELESS = [model for model in MODELS if model.any_name]
LIVE = [vendor for vendor in catalogue.vendors() if vendor.live]
NAMES = [(name, model) for model in NAMED for name in (model.id, model.name, *model.aliases)]
PEOPLE_SAY = {  # the vendor's document, section "names people use"
    "SeeDream 4.5": ["可梦", "豆包可梦", "SeeDream", "see dream"],
    "Nano Banana2": [
        *("香蕉", "香蕉2", "小香蕉", "Nano Banana", "Nano Banana 2"),
        *("Banana2", "NB2", "nano-banana-2"),
    ],
    "Nano Banana Pro": [
        *("香蕉Pro", "香蕉专业版", "大香蕉", "Nano Banana Pro"),
        *("Banana Pro", "NB Pro", "nano-banana-pro"),
    ],
    "Midjourney": ["MJ", "Midjourney", "Mid journey"],
    "Vidu Q3 Turbo": ["Vidu", "viduq3-turbo", "q3 turbo", "Vidu turbo"],
    "Vidu Q3 Pro": ["viduq3-pro", "q3 pro", "Vidu pro"],
    "Vidu Q2": ["q2", "viduq2"],
    "Vidu Q1": ["q1", "viduq1"],
    "Kling": ["可灵", "可灵AI", "Kling AI"],
    "Kling 2.6": ["kling-v2-6", "可灵2.6"],
    "One-click MV": ["一键MV", "MV", "music video"],
    "Hailuo 02": ["海螺", "Hailuo", "MiniMax", "02", "MiniMax-Hailuo-02"],
    "Hailuo 2.3": ["2.3", "海螺2.3", "MiniMax-Hailuo-2.3"],
    "Hailuo 2.3 Fast": ["2.3 fast", "海螺2.3 Fast", "MiniMax-Hailuo-2.3-Fast"],
    "Hailuo I2V-01 Director": ["I2V-01-Director", "海螺导演"],
}


def found(words: str) -> str:
    model = catalogue.find(words, MODELS)
    assert model, f"nobody is called {words}"
    return model.name


@pytest.mark.parametrize(
    ("name", "words"), [(name, word) for name, list in PEOPLE_SAY.items() for word in list]
)
def test_the_names_people_use_find_their_model_whatever_the_case(name: str, words: str) -> None:
    for written in (words, words.upper(), words.lower(), words.title(), f" {words} "):
        assert found(written) == name


@pytest.mark.parametrize("model", NAMED, ids=lambda model: model.id)
def test_spaces_dashes_and_underscores_do_not_matter(model: ModelSpec) -> None:
    for name in (model.id, model.name, *model.aliases):
        assert found(name.replace(" ", "-")) == found(name.replace("-", "_")) == model.name


@pytest.mark.parametrize("model", NAMELESS, ids=lambda model: model.id)
def test_a_model_of_any_name_is_found_by_none_of_its_own_and_takes_every_other(model: ModelSpec) -> None:
    """Its row stands for names that only the vendor knows, so its own is not one that can be bought."""
    assert model.aliases == ()
    for words in (model.id, model.name):
        assert catalogue.find(words, MODELS) is None
        assert catalogue.partly_called(words, NAMELESS) == ()
    assert model not in catalogue.nearest(model.name, MODELS, len(MODELS))
    made = catalogue.passed_on(" nano-x ", NAMELESS)
    assert made
    assert (made.id, made.name) == ("nano-x", "nano-x")
    assert catalogue.passed_on("nano-x", NAMED) is None


def test_no_name_means_two_models() -> None:
    for (one, model), (other, owner) in combinations(NAMES, 2):
        if catalogue.find(one, [owner]) or catalogue.find(other, [model]):
            assert model.id == owner.id, f"{one} and {other}"


@pytest.mark.parametrize("words", ["", "banana", "nano", "seedream 5", "香", "ima"])
def test_a_part_of_a_name_is_no_name(words: str) -> None:
    assert catalogue.find(words, MODELS) is None


@pytest.mark.parametrize(
    ("words", "nearest"),
    [("seadream", "SeeDream 4.5"), ("nano bananna pro", "Nano Banana Pro"), ("midjorney", "Midjourney")],
)
def test_the_nearest_names_come_first_and_are_three(words: str, nearest: str) -> None:
    models = catalogue.nearest(words, MODELS)
    assert models[0].name == nearest
    assert len({model.id for model in models}) == 3


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_a_model_is_described_in_full(model: ModelSpec) -> None:
    gateways = {gateway.id for gateway in catalogue.gateways()}
    assert model.gateway in gateways
    assert model.estimate
    assert 0 < model.estimate[0] < model.estimate[1]
    assert 0 < model.poll_every < model.estimate[0]
    assert set(model.traits) == {"en", "zh"}
    assert model.task_types
    assert set(model.task_types) <= set(catalogue.task_types())
    assert set(model.prices) <= set(model.task_types)
    if catalogue.vendor(model.provider).live:
        assert set(model.prices) == set(model.task_types)
    else:
        assert set(model.prices) == set(model.rates), "what is shown is what is billed from"
    for rows in model.prices.values():
        assert rows
        assert all(what and isinstance(steps, int) and steps > 0 for what, steps in rows)


@pytest.mark.parametrize("task_type", [id for vendor in LIVE for id in vendor.task_types])
def test_the_tables_say_what_the_imitated_list_says(task_type: str) -> None:
    """Two readings of the vendor's document, made apart: they must agree."""
    offers = {offer.model_id: offer for offer in live(task_type)}
    for model in catalogue.models(task_type):
        offer = offers[model.id]
        assert (offer.name, offer.version) == (model.name, model.version)
        assert sorted(rule.points for rule in offer.rules) == sorted(
            steps for _, steps in model.prices[task_type]
        )
        offered = params.accepts(offer)
        assert {name: list(map(str, values)) for name, values in offered.items()} == {
            name: list(values) for name, values in model.options.items()
        }


@pytest.mark.parametrize("vendor", catalogue.vendors(), ids=lambda vendor: vendor.id)
def test_every_kind_that_a_vendors_codes_mean_is_known(vendor: catalogue.Vendor) -> None:
    raw = vendor.raw
    assert raw["codes"]
    for table in ("codes", "refusal_texts", "texts"):
        assert set(raw.get(table, {}).values()) <= set(REFUSALS)
    assert set(raw["refusals"]) | set(raw["bare_refusals"]) <= set(raw["codes"])
    assert not {"500", "502", "504"} & {*raw["refusals"], *raw["bare_refusals"]}, "a 5xx is never a plain no"
    assert all(words == words.lower() for table in ("refusal_texts", "texts") for words in raw.get(table, ()))


@pytest.mark.parametrize("vendor", catalogue.vendors(), ids=lambda vendor: vendor.id)
def test_a_vendors_addresses_are_https_and_its_limits_sane(vendor: catalogue.Vendor) -> None:
    assert len(vendor.as_of) == len("2026-01-31")
    for gateway in vendor.gateways:
        pages = (gateway.key_page, gateway.credits_page, *gateway.urls.values())
        known = [page for page in pages if page is not None]
        assert all(page.startswith("https://") and not page.endswith("/") for page in known)
        assert "api" in gateway.urls
        assert gateway.key_env.endswith("_API_KEY")
        assert gateway.confirm_above > 0
    for task_type in vendor.task_types.values():
        assert task_type.kind in {"image", "video"}
        for rule in task_type.inputs:
            assert 0 <= rule.least <= rule.most
            assert rule.most > 0
            assert (rule.max_bytes > 0) is not rule.links_only
            assert bool(rule.mime) is not rule.links_only
        local = [rule for rule in task_type.inputs if not rule.links_only]
        assert vendor.live or bool(task_type.inline_bytes) is bool(local), "what travels inline has a limit"


def test_a_key_page_that_is_not_known_is_null_and_never_a_guess() -> None:
    pages = {gateway.id: (gateway.key_page, gateway.credits_page) for gateway in catalogue.gateways()}
    assert pages["imagine-future"] == (None, None), "its document names no such page"
    assert None not in pages["ima"]


def test_what_a_note_of_ours_is_called_has_words_in_both_languages() -> None:
    said = [
        note["say"]
        for model in catalogue.models()
        for id in model.task_types
        for note in catalogue.task_type(id, model).notes
    ]
    assert {"unchecked", "clip_10", "lip_sync", "long_song", "long_prompt"} <= set(said)
    for language in ("en", "zh"):
        assert {f"note.{name}" for name in said} <= set(catalogue.load(f"messages.{language}.json"))


def test_the_prices_that_are_shown_are_the_rates_and_what_no_rate_speaks_of() -> None:
    shown = dict(next(model for model in MODELS if model.id == "viduq3-turbo").prices)["text_to_video"]
    assert [what for what, _ in shown] == ["540p, a second, inferred", "720p, a second", "1080p, a second"]
    assert [steps for _, steps in shown] == [2, 4, 8]
    only = dict(next(model for model in MODELS if model.id == "viduq1").prices)["text_to_video"]
    assert only == (("1080p, duration 5", 40),)


@pytest.mark.parametrize("task_type", list(catalogue.task_types()))
def test_a_default_can_be_made_and_needs_somebody_to_pay(task_type: str) -> None:
    """But for what is made by models of which it is not known which there are: there one has to be named."""
    makers = catalogue.models(task_type)
    needed = any(model.any_name for model in makers)
    if not needed:
        model = catalogue.default_model(task_type, {model.gateway for model in makers})
        assert task_type in model.task_types
    for payable in ([], ["elsewhere"], [gateway.id for gateway in catalogue.gateways()] if needed else []):
        with pytest.raises(UsageError) as stopped:
            catalogue.default_model(task_type, payable)
        assert stopped.value.kind == ("model_needed" if needed else "no_default")


def test_with_no_model_named_it_is_the_turbo_for_films_and_no_version_for_kling() -> None:
    defaults = {id: task.default_model for id, task in catalogue.task_types().items()}
    assert defaults == {
        "text_to_image": "doubao-seedream-4.5",
        "image_to_image": "doubao-seedream-4.5",
        **dict.fromkeys(("text_to_video", "image_to_video"), "viduq3-turbo"),
        **dict.fromkeys(("first_last_frame_to_video", "reference_to_video"), "viduq3-turbo"),
        **dict.fromkeys(("template_to_video", "reference_to_image"), None),
        **dict.fromkeys(("motion_control", "avatar"), "kling"),
        **dict.fromkeys(("music_video", "music_video_shot", "music_video_compose"), "one-click-mv"),
    }
    (kling,) = [model for model in MODELS if model.id == "kling"]
    assert kling.version == "", "model_name is not sent unless asked"


def test_providers_stand_in_the_order_of_the_registry() -> None:
    assert [vendor.id for vendor in catalogue.vendors()] == catalogue.load("registry.json")["providers"]
    assert catalogue.vendor("ima") is catalogue.vendors()[0]


def test_a_model_is_known_on_the_gateway_that_sells_it_and_on_no_other() -> None:
    for model in MODELS:
        assert catalogue.by_id(model.id, model.gateway) is model
        assert catalogue.by_id(model.id, "elsewhere") is None
