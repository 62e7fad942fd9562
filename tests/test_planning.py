"""From a wish to a plan with one price, and whether the person has to be asked first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from offers import FREE, GATEWAY, field, leaf, live, parse, rule
from studio import catalogue, planning, wishes
from studio.errors import NetworkError, UsageError
from studio.form import Offer
from studio.types import ModelSpec, Plan
from studio.wishes import Wish

SIZES = [field("size", "1K", "1K", "2K")]


def draft(offers: tuple[Offer, ...] | None = None, **words: Any) -> Plan:
    """The plan of a wish, over the vendor's own list or the one given."""
    wish = Wish(**{"prompt": "a lighthouse", **words})
    task_type = wishes.task_type_of(wish)
    model = wishes.model_of(wish, task_type, {"ima"})

    def offers_of(_: ModelSpec, id: str) -> tuple[Offer, ...]:
        return live(id) if offers is None else offers

    return planning.draft(
        wish, task_type=task_type, model=model, gateway=GATEWAY, inputs=(), offers_of=offers_of
    )


def stopped(what: Callable[[], object]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        what()
    return caught.value


@pytest.mark.parametrize(
    ("count", "id"), [(0, "text_to_image"), (1, "image_to_image"), (10, "image_to_image")]
)
def test_the_kind_of_making_is_read_from_the_inputs(count: int, id: str) -> None:
    assert wishes.task_type_of(Wish(inputs=("a.png",) * count)).id == id
    assert wishes.task_type_of(Wish(inputs=("a.png",) * count, task_type=id)).id == id


@pytest.mark.parametrize(
    ("task_type", "count", "said"),
    [
        (None, 11, "11 pictures"),
        ("text_to_image", 1, "takes no files, not 1 picture"),
        ("image_to_image", 0, "takes 1 to 10 pictures with --input-images, not none"),
        ("image_to_image", 11, "not 11"),
        ("text_to_video", 1, "takes no files, not 1 picture"),
        ("image_to_video", 2, "takes 1 picture with --input-images, not 2 pictures"),
        ("first_last_frame_to_video", 1, "takes 2 pictures with --input-images, not 1 picture"),
        ("reference_to_video", 5, "takes 1 to 4 pictures with --input-images, not 5 pictures"),
        ("motion_control", 1, "takes 1 picture with --input-images and 1 clip with --input-video, not 1 pic"),
        ("music_video", 8, "1 to 7 pictures with --input-images and 1 sound with --input-audio, not 8 pic"),
    ],
)
def test_a_wrong_number_of_pictures_stops(task_type: str | None, count: int, said: str) -> None:
    wish = Wish(inputs=("a.png",) * count, task_type=task_type)

    def counted() -> None:
        found = wishes.task_type_of(wish)
        wishes.of_vendor(found, wishes.model_of(wish, found, set()), wish)

    error = stopped(counted)
    assert error.kind == "bad_inputs"
    assert said in error.message


@pytest.mark.parametrize("id", ["music_video_shot", "music_video_compose"])
def test_a_step_of_a_job_stops_without_the_job(id: str) -> None:
    wish = Wish(task_type=id)
    found = wishes.task_type_of(wish)
    model = wishes.model_of(wish, found, set())
    error = stopped(lambda: wishes.of_vendor(found, model, wish))
    assert (error.kind, error.charged) == ("step_without_job", "no")
    assert wishes.of_vendor(found, model, replace(wish, parent="job-1")).id == id


def test_an_unknown_kind_of_making_stops_and_names_the_known() -> None:
    error = stopped(lambda: wishes.task_type_of(Wish(task_type="text_to_song")))
    assert str(error.detail).startswith("Task types: text_to_image, image_to_image, text_to_video, ")
    assert all(id in str(error.detail) for id in catalogue.task_types())


NEED_WORDS = {  # as the documents mark them
    *("text_to_image", "image_to_image", "text_to_video", "image_to_video"),
    *("reference_to_video", "reference_to_image", "music_video_shot"),
}


@pytest.mark.parametrize("prompt", [None, "", " \n"])
def test_a_prompt_is_needed(prompt: str | None) -> None:
    needing = [task_type for task_type in catalogue.task_types().values() if task_type.prompt]
    assert {task_type.id for task_type in needing} == NEED_WORDS
    for task_type in needing:
        error = stopped(partial(wishes.check_prompt, Wish(prompt=prompt), task_type))
        assert error.kind == "missing_prompt"


@pytest.mark.parametrize(
    ("words", "most"), [("text_to_video", 5000), ("avatar", 2500), ("music_video", 3000)]
)
def test_a_prompt_longer_than_the_vendor_takes_stops_and_says_how_long(words: str, most: int) -> None:
    task_type = catalogue.task_types()[words]
    wishes.check_prompt(Wish(prompt="字" * most), task_type)
    error = stopped(lambda: wishes.check_prompt(Wish(prompt="字" * (most + 1)), task_type))
    assert (error.kind, error.about) == ("prompt_too_long", {"most": str(most)})


@pytest.mark.parametrize("payable", [{"ima"}, set(), {"ima", "imagine-future"}])
def test_the_default_for_pictures_is_seedream_with_or_without_a_key(payable: set[str]) -> None:
    for task_type in catalogue.vendor("ima").task_types.values():
        assert wishes.model_of(Wish(), task_type, payable).name == "SeeDream 4.5"


def test_what_was_asked_is_what_the_plan_holds() -> None:
    plan = draft(model="大香蕉", n=3, options={"size": "4k", "aspect_ratio": "横图"}, user_id="u1")
    assert (plan.model.id, plan.model.version) == ("gemini-3-pro-image", "gemini-3-pro-image-preview")
    assert plan.values == {"size": "4K", "aspect_ratio": "16:9"}
    assert plan.origin == {"size": "asked", "aspect_ratio": "asked"}
    assert (plan.n, plan.billing.attribute_id, plan.billing.amount) == (3, 2401, 54)
    assert plan.requested["options"] == {"size": "4k", "aspect_ratio": "横图"}, "in the person's own words"
    assert (plan.provider, plan.gateway, plan.user_id, plan.estimate) == ("ima", "ima", "u1", (60, 120))


def test_a_picture_to_start_from_has_the_prices_of_its_own_list() -> None:
    assert draft(inputs=("a.png",), model="NB2").billing.attribute_id == 4405


@pytest.mark.parametrize("words", ["brand-new-1", "Brand New"])
def test_a_model_that_only_the_live_list_knows_can_be_bought(words: str) -> None:
    offers = parse([leaf(SIZES, model_id="brand-new-1", name="Brand New")])
    plan = draft(offers, model=words)
    assert (plan.model.id, plan.model.name) == ("brand-new-1", "Brand New")
    assert plan.estimate is None


def test_a_model_that_nobody_knows_stops_with_the_nearest_names() -> None:
    error = stopped(lambda: draft(model="SeaDream 4.5"))
    assert error.kind == "unknown_model"
    assert str(error.detail).startswith("Nearest: SeeDream 4.5, ")


def test_a_model_that_is_gone_from_the_live_list_is_not_replaced_by_another() -> None:
    error = stopped(lambda: draft(parse([leaf(name="Other")])))
    assert error.kind == "not_listed"
    assert "SeeDream 4.5" in error.message
    assert error.detail == "It has: Other."
    assert stopped(lambda: draft(())).detail == "It has: nothing."


@pytest.mark.parametrize("words", [{"provider": "vidu"}, {"gateway": "302ai"}])
def test_a_provider_or_gateway_that_has_nothing_stops(words: dict[str, Any]) -> None:
    task_type = catalogue.task_types()["text_to_image"]
    error = stopped(lambda: wishes.model_of(Wish(**words), task_type, {"ima"}))
    assert "text_to_image" in error.message


VERSIONS = [leaf(rules=[rule(n, n)], version=f"v{n}", model_id="doubao-seedream-4.5") for n in (1, 2, 3)]


def test_of_several_versions_the_last_of_the_list_is_the_newest() -> None:
    assert draft(parse(VERSIONS)).model.version == "v3"
    assert draft(parse(VERSIONS), version_id="v2").billing.attribute_id == 2


def test_a_version_that_goes_by_another_name_can_be_named() -> None:
    assert draft(TWO_NAMES, model="SeeDream 4.5", version_id="v2").model.name == "SeeDream 5.0"


@pytest.mark.parametrize("words", ["", "  "])
def test_a_model_of_no_name_stops(words: str) -> None:
    error = stopped(lambda: draft(model=words))
    assert error.message == "--model was given without a name."


def test_a_version_that_is_not_there_stops_and_names_those_that_are() -> None:
    error = stopped(lambda: draft(parse(VERSIONS), version_id="v9"))
    assert error.detail == "Versions: v1, v2, v3."


def test_a_broken_entry_stops_and_the_version_before_it_is_not_bought_instead() -> None:
    broken = {**VERSIONS[2]}
    del broken["credit_rules"]
    offers = parse([*VERSIONS[:2], broken])
    with pytest.raises(NetworkError, match="lacks credit_rules"):
        draft(offers)
    assert draft(offers, version_id="v1").billing.attribute_id == 1


def listed(*entries: tuple[str, str, int]) -> tuple[Offer, ...]:
    """A live list of (model_id, name, points), each a version of its own."""
    rows = enumerate(entries, 1)
    return parse([leaf(SIZES, [rule(n, points)], id, f"v{n}", name) for n, (id, name, points) in rows])


SEEDREAM = "doubao-seedream-4.5"
TWO_NAMES = listed((SEEDREAM, "SeeDream 4.5", 5), (SEEDREAM, "SeeDream 5.0", 19))
WRAPPED = listed(("gpt-image-2", "GPT Image 2", 5), ("wrapper", "gpt-image-2", 9))
NICKNAMED = listed(
    ("gemini-3.1-flash-image", "Nano Banana2", 6), ("gemini-2.5-flash-image", "Nano Banana", 3)
)


@pytest.mark.parametrize(
    ("offers", "words", "name", "points"),
    [
        (TWO_NAMES, "SeeDream 4.5", "SeeDream 4.5", 5),
        (TWO_NAMES, "seedream-5.0", "SeeDream 5.0", 19),
        (TWO_NAMES, "SeeDream", "SeeDream 5.0", 19),
        (TWO_NAMES, None, "SeeDream 5.0", 19),
        (WRAPPED, "gpt-image-2", "GPT Image 2", 5),
        (WRAPPED, "GPT Image 2", "GPT Image 2", 5),
        (NICKNAMED, "Nano Banana", "Nano Banana", 3),
        (NICKNAMED, "nb2", "Nano Banana2", 6),
        (listed((SEEDREAM, "Renamed", 5), ("other", SEEDREAM, 9)), None, "Renamed", 5),
        (listed(("another-id", "Nano Banana2", 6)), "香蕉", "Nano Banana2", 6),
        (listed(("Brand-New-1", "Brand New", 7)), "brand new 1", "Brand New", 7),
    ],
)
def test_the_model_that_is_meant_is_the_one_that_goes_by_just_these_words(
    offers: tuple[Offer, ...], words: str | None, name: str, points: int
) -> None:
    plan = draft(offers, model=words)
    assert (plan.model.name, plan.billing.amount) == (name, points)


def test_a_live_model_does_not_take_the_times_of_the_one_whose_nickname_it_has() -> None:
    assert draft(NICKNAMED, model="Nano Banana").estimate is None
    assert draft(NICKNAMED, model="NB2").estimate == (20, 40)


def test_a_name_that_two_models_have_stops_and_names_their_ids() -> None:
    offers = listed(("one", "Made Up", 5), ("two", "Made Up", 9))
    error = stopped(lambda: draft(offers, model="made up"))
    assert (error.message, error.detail) == (
        "made up may mean 2 models.",
        "Say which by its id: one, two.",
    )
    assert draft(offers, model="two").billing.amount == 9


def test_the_nearest_names_are_those_of_the_live_list() -> None:
    error = stopped(lambda: draft(listed(("gpt-image-2", "GPT Image 2", 5)), model="gpt-imag-2"))
    assert error.detail == "Nearest: GPT Image 2."


def test_an_entry_that_stands_twice_with_differences_is_not_bought() -> None:
    offers = parse([leaf(SIZES, [rule(n, n)], SEEDREAM) for n in (5, 9)])
    with pytest.raises(NetworkError, match="stands there twice"):
        draft(offers)
    same = parse([leaf(SIZES, [rule(5, 5)], SEEDREAM)] * 2)
    assert draft(same).billing.amount == 5


def test_how_many_were_asked_for_belongs_to_a_wish_that_nobody_can_meet() -> None:
    form = [field("n", 1, 1, 2), *SIZES]
    error = stopped(lambda: draft(parse([leaf(form, model_id=SEEDREAM)]), n=3, options={"size": "2K"}))
    assert error.about == {"model": "Made Up", "asked": "×3", "wish": "2K + ×3"}
    error = stopped(lambda: draft(parse([leaf(SIZES, model_id=SEEDREAM)]), n=3, options={"size": "720p"}))
    assert error.about["wish"] == "720p", "fewer would not help"


def priced(steps: int | None) -> Plan:
    plan = draft(parse([leaf(rules=FREE, model_id="doubao-seedream-4.5")]))
    return replace(plan, billing=replace(plan.billing, amount=steps))
