"""What is made without a live list: the price of every cell, and what each form takes, against the vendors'
documents. Both tables are typed from there and not from our catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from studio import billing, catalogue, conditions, params, planning, tables
from studio.errors import UsageError
from studio.form import Offer, Resolved
from studio.options import OPTIONS
from studio.planning import Wish
from studio.types import Billing, Json, ModelSpec, Plan

GATEWAY = next(made for made in catalogue.gateways() if made.id == "imagine-future")
MODELS = {model.id: model for model in catalogue.models() if model.gateway == GATEWAY.id}
DATE = "2026-05-08"
FILMS = ("text_to_video", "image_to_video", "first_last_frame_to_video", "reference_to_video")
Q3, WORDS_OR_PICTURE = FILMS, FILMS[:2]
FEATURES = {"viduq3-pro": Q3, "viduq3-turbo": Q3, "viduq2": WORDS_OR_PICTURE, "viduq1": WORDS_OR_PICTURE}
ROWS = (  # the document's price table, row for row
    ("viduq3-pro", "540p", 5, 20),
    ("viduq3-pro", "720p", 5, 40),
    ("viduq3-pro", "1080p", 5, 80),
    ("viduq3-pro", "720p", 8, 64),
    ("viduq3-pro", "1080p", 8, 128),
    ("viduq3-pro", "720p", 16, 128),
    ("viduq3-pro", "1080p", 16, 256),
    ("viduq3-turbo", "720p", 5, 20),
    ("viduq3-turbo", "1080p", 5, 40),
    ("viduq3-turbo", "720p", 8, 32),
    ("viduq3-turbo", "1080p", 8, 64),
    ("viduq2", "540p", 5, 10),
    ("viduq2", "720p", 5, 20),
    ("viduq2", "1080p", 5, 40),
    ("viduq2", "720p", 8, 32),
    ("viduq2", "1080p", 8, 64),
    ("viduq2", "720p", 10, 40),
    ("viduq2", "1080p", 10, 80),
    ("viduq1", "1080p", 5, 40),
)
RATES = {  # credits a second, read off the rows; 540p of the turbo stands in none of them
    "viduq3-pro": {"540p": 4, "720p": 8, "1080p": 16},
    "viduq3-turbo": {"540p": 2, "720p": 4, "1080p": 8},
    "viduq2": {"540p": 2, "720p": 4, "1080p": 8},
}
SECONDS: Mapping[str, tuple[int, ...]] = {
    "viduq3-pro": tuple(range(1, 17)),
    "viduq3-turbo": tuple(range(1, 17)),
    "viduq2": tuple(range(1, 11)),
    "viduq1": (5,),
}


def offer_of(model: ModelSpec, task_type: str) -> Offer:
    return tables.offer(catalogue.vendor(model.provider), model, task_type)


def files_of(task_type: str) -> dict[str, list[str]]:
    """As few as are needed, under the names that conditions have for them."""
    made: dict[str, list[str]] = {}
    for vendor in catalogue.vendors():
        for rule in vendor.task_types[task_type].inputs if task_type in vendor.task_types else ():
            name = "input_images" if rule.kind == "image" else f"input_{rule.kind}"
            made[name] = ["x"] * rule.least
    return {name: files for name, files in made.items() if files}


def bound(id: str, task_type: str, files: Mapping[str, Any] | None = None, **options: Any) -> Resolved:
    """What is sent for these options. Raises UsageError where the model does not take them."""
    model, given = MODELS[id], files_of(task_type) if files is None else files
    offer = offer_of(model, task_type)
    asked = replace(params.read(task_type, "x", 1, options), files=given)
    resolved = params.bind(offer, asked, model.options, model.always)
    conditions.check(offer, resolved.values, asked.files)
    return resolved


def price(id: str, task_type: str, **options: Any) -> Billing:
    offer, resolved = offer_of(MODELS[id], task_type), bound(id, task_type, **options)
    return billing.choose(offer, resolved, 1, GATEWAY)[0]


def draft(**words: Any) -> Plan:
    """The plan of a wish as the command makes it; the inputs are not looked at."""
    wish = Wish(**{"prompt": "a lighthouse", **words})
    task_type = planning.task_type_of(wish)
    model = planning.model_of(wish, task_type, {GATEWAY.id})
    made = planning.of_vendor(task_type, model, wish)
    vendor = catalogue.vendor(model.provider)
    return planning.draft(
        wish,
        task_type=made,
        model=model,
        gateway=GATEWAY,
        inputs=(),
        offers_of=lambda model, id: tables.offers(vendor, id),
    )


def no(what: Any) -> UsageError:
    with pytest.raises(UsageError) as stopped:
        what()
    return stopped.value


def test_there_are_the_documents_nineteen_rows() -> None:
    assert len(ROWS) == len({row[:3] for row in ROWS}) == 19
    assert all(credits == RATES[id][p] * s for id, p, s, credits in ROWS if id in RATES)


@pytest.mark.parametrize(("id", "resolution", "seconds", "credits"), ROWS)
def test_a_row_of_the_price_table_is_its_price(id: str, resolution: str, seconds: int, credits: int) -> None:
    for task_type in FEATURES[id]:
        made = price(id, task_type, resolution=resolution, duration=seconds)
        assert (made.amount, made.per_unit, made.unit) == (credits, credits, "credits"), task_type
        assert made.basis == f"table of {DATE}", task_type


@pytest.mark.parametrize("id", RATES)
def test_seconds_that_no_row_lists_are_priced_by_the_rate_and_say_so(id: str) -> None:
    listed = {row[:3] for row in ROWS}
    for resolution, rate in RATES[id].items():
        for seconds in SECONDS[id]:
            if (id, resolution, seconds) in listed:
                continue
            sure = "inferred" if (id, resolution) == ("viduq3-turbo", "540p") else "per second"
            for task_type in FEATURES[id]:
                made = price(id, task_type, resolution=resolution, duration=seconds)
                assert (made.amount, made.basis) == (rate * seconds, f"table of {DATE}, {sure}")


@pytest.mark.parametrize(
    ("id", "task_type"),
    [
        *((id, task_type) for id in ("viduq2", "viduq1") for task_type in FILMS[2:]),
        ("vidu-template", "template_to_video"),
        *((id, task_type) for id in ("kling", "kling-v2-6") for task_type in ("motion_control", "avatar")),
        ("one-click-mv", "music_video"),
        ("one-click-mv", "music_video_shot"),
        ("one-click-mv", "music_video_compose"),
    ],
)
def test_where_the_document_gives_no_price_it_is_unknown_whatever_is_asked(id: str, task_type: str) -> None:
    needed: Json = {"template_id": "t"} if task_type == "template_to_video" else {}
    needed |= {"text": "hello"} if task_type == "avatar" else {}
    needed |= {"shot": 1} if task_type == "music_video_shot" else {}
    for options in ({}, {"resolution": "1080p"}, {"duration": 5}):
        if set(options) <= set(MODELS[id].forms[task_type]["properties"]):
            made = price(id, task_type, **needed, **options)
            assert (made.amount, made.per_unit, made.basis) == (None, None, "unknown")


def test_a_picture_from_references_has_the_one_price_that_the_document_gives() -> None:
    for options in ({}, {"aspect_ratio": "1:1", "resolution": "2K", "seed": 7}):
        made = price("vidu-reference-image", "reference_to_image", **options)
        assert (made.amount, made.basis) == (10, f"table of {DATE}")


def test_with_nothing_said_a_film_is_the_turbo_at_720p_and_5_seconds_for_20_credits() -> None:
    for task_type, pictures in (("text_to_video", 0), ("image_to_video", 1), ("reference_to_video", 3)):
        plan = draft(task_type=task_type, inputs=("a.png",) * pictures)
        assert plan.model.id == "viduq3-turbo"
        assert (plan.values["resolution"], plan.values["duration"]) == ("720p", 5)
        assert (plan.billing.amount, plan.billing.basis) == (20, f"table of {DATE}")
        assert plan.later is False


def test_off_peak_costs_that_at_most_and_nobody_waits_for_it() -> None:
    """The discount is not given, so the usual price is the ceiling; where that is unknown, so is this."""
    words = {"task_type": "text_to_video", "model": "viduq3-pro"}
    usual, cheap = draft(**words), draft(**words, options={"off_peak": "true"})
    assert cheap.billing.amount == usual.billing.amount == 40
    assert cheap.billing.basis == f"table of {DATE}, at most"
    assert cheap.values["off_peak"] is True
    assert (usual.later, cheap.later) == (False, True)
    assert cheap.estimate is not None
    assert cheap.estimate[1] == 48 * 3600
    assert cheap.poll_every >= 600
    odd = draft(**words, options={"off_peak": True, "duration": 7})
    assert odd.billing.basis == f"table of {DATE}, per second, at most"
    unknown = draft(
        task_type="reference_to_video", model="viduq2", inputs=("a.png",), options={"off_peak": True}
    )
    assert (unknown.billing.amount, unknown.billing.basis, unknown.later) == (None, "unknown", True)


def test_what_is_sent_past_the_checks_has_no_price() -> None:
    plan = draft(task_type="text_to_video", unchecked={"resolution": "4k"})
    assert (plan.values["resolution"], plan.origin["resolution"]) == ("4k", "unchecked")
    assert (plan.billing.amount, plan.billing.basis) == (None, "unknown")


Verdict: TypeAlias = Literal["sent", "dropped", "no"]
VALUES: Mapping[str, tuple[Any, ...]] = {  # good ones and bad ones, of every option of the documents
    "duration": (*range(-1, 19), 60, 600, 601, 5.5, "5", "long", True),
    "resolution": ("540p", "720p", "1080p", "360p", "4k", "1080", ""),
    "aspect_ratio": ("16:9", "9:16", "3:4", "4:3", "1:1", "21:9", "2:3", "1:0", "wide?"),
    "seed": (0, 1, 2**31 - 1, 2**31, -1, "seven", True),
    "style": ("general", "anime", "oil"),
    "movement_amplitude": ("auto", "small", "medium", "large", "huge"),
    "bgm": (True, False, "maybe"),
    "audio": (True, False, "maybe"),
    "off_peak": (True, False, "maybe"),
    "callback_url": (
        "https://example.com/x",
        "http://example.com/x",
        "example.com",
        "https://e.com/" + "x" * 2000,
    ),
    "template_id": ("hugging", ""),
    "payload": ("mine",),
    "fps": (24,),
}
LISTED_IN = {  # B2: "-" is what an endpoint does not list
    "text_to_video": "duration resolution aspect_ratio seed style movement_amplitude bgm audio off_peak",
    "image_to_video": "duration resolution aspect_ratio seed movement_amplitude off_peak",
    "first_last_frame_to_video": "duration resolution seed off_peak",
    "reference_to_video": "duration resolution aspect_ratio seed off_peak",
    "template_to_video": "template_id duration resolution",
    "reference_to_image": "resolution aspect_ratio seed",
}


def b2(model: str, task_type: str, name: str, value: Any) -> Verdict:  # noqa: C901, PLR0911, PLR0912
    """What the contract says of one value: `payload` is listed too, but it carries the id of the job."""
    if name not in LISTED_IN[task_type].split() and name != "callback_url":
        return "no"
    q3, q1 = model.startswith("viduq3"), model == "viduq1"
    real = not isinstance(value, bool)
    match name:
        case "duration":
            allowed = SECONDS.get(model) or range(1, 601)
            return "sent" if real and value in {*allowed, *map(str, allowed)} else "no"
        case "resolution":
            if task_type == "reference_to_image":
                return "sent" if value else "no"  # its values are not given
            return "sent" if value in ({"1080p"} if q1 else {"540p", "720p", "1080p"}) else "no"
        case "aspect_ratio":
            if task_type == "reference_to_image":
                return "sent" if value not in {"wide?"} else "no"
            return "sent" if value in {"16:9", "9:16", "1:1", *(() if q1 else ("3:4", "4:3"))} else "no"
        case "seed":
            return "sent" if real and isinstance(value, int) and 0 <= value < 2**31 else "no"
        case "style":
            if not q1:
                return "dropped" if value == "general" else "no"
            return "sent" if value in {"general", "anime"} else "no"
        case "movement_amplitude":
            if not q1:
                return "dropped" if value == "auto" else "no"
            return "sent" if value in {"auto", "small", "medium", "large"} else "no"
        case "bgm":
            if q3:
                return "dropped" if value is False else "no"
            return "sent" if isinstance(value, bool) else "no"
        case "audio":
            if not q3:
                return "dropped" if value is True else "no"
            return "sent" if isinstance(value, bool) else "no"
        case "off_peak":
            return "sent" if isinstance(value, bool) else "no"
        case "callback_url":
            return "sent" if value == VALUES["callback_url"][0] else "no"
        case "template_id":
            return "sent" if value else "no"
    raise AssertionError(name)
