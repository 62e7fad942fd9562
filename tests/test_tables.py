"""The price of everything that is sold without a live list, against the vendors' documents: their rows are
typed from there and not from our catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from studio import billing
from studio.types import Billing, Json
from tabled import GATEWAY, MODELS, SECONDS, bound, draft, offer_of

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


def price(id: str, task_type: str, **options: Any) -> Billing:
    offer, resolved = offer_of(MODELS[id], task_type), bound(id, task_type, **options)
    return billing.choose(offer, resolved, 1, GATEWAY)[0]


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
        ("vidu_template", "template_to_video"),
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
        made = price("vidu_reference_image", "reference_to_image", **options)
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
