"""Vidu at imagine-future: what is refused, with the vendor's words, and what is taken without effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from twins.imagine_future_vendor import Gateway, inline, png
from twins.vidu_printed import FRAMES, IMAGE, PICTURE, REFERENCE, REQUESTS, TEMPLATE, TEXT

LINK = "https://your-images.com/one.png"
MODELS = {"viduq3-pro": 16, "viduq3-turbo": 16, "viduq2": 10}
NO_LINK = "ImageDownloadFailure"
NO_PICTURE = "ImageFormatInvalid"
NO_SIZE = "PageSizeOutOfRange"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Sandbox() as sandbox:
        yield Gateway(sandbox)


def check_refused(gateway: Gateway, way: str, body: Any, reason: str, named: str = "") -> None:
    before = gateway.stats()
    answer = gateway.vidu(way, body)

    said = answer.json()
    assert (answer.status_code, said["code"], said["reason"]) == (400, 400, reason), said
    assert set(said) == {"code", "reason", "message", "metadata"}
    assert set(said["metadata"]) == {"trace_id"}
    assert named in said["message"]
    after = gateway.stats()
    assert (after["accepted"], after["points_charged"]) == (before["accepted"], before["points_charged"])
    assert after["refused"].get(reason, 0) == before["refused"].get(reason, 0) + 1


@pytest.mark.parametrize(
    ("way", "changed", "reason"),
    [
        ("text2video", {"model": "viduq4"}, "FieldInvalid"),
        ("text2video", {"model": "viduQ3-pro"}, "FieldInvalid"),
        ("text2video", {"prompt": " "}, "FieldInvalid"),
        ("text2video", {"prompt": "x" * 5001}, "FieldInvalid"),
        ("text2video", {"duration": 0}, "FieldInvalid"),
        ("text2video", {"duration": 17}, "FieldInvalid"),
        ("text2video", {"duration": "5"}, "FieldInvalid"),
        ("text2video", {"duration": 5.5}, "FieldInvalid"),
        ("text2video", {"resolution": "4k"}, "FieldInvalid"),
        ("text2video", {"aspect_ratio": "21:9"}, "FieldInvalid"),
        ("text2video", {"style": "oil"}, "FieldInvalid"),
        ("text2video", {"movement_amplitude": "huge"}, "FieldInvalid"),
        ("text2video", {"seed": -1}, "FieldInvalid"),
        ("text2video", {"bgm": "true"}, "FieldInvalid"),
        ("text2video", {"audio": 1}, "FieldInvalid"),
        ("text2video", {"payload": "x" * 1048577}, "FieldInvalid"),
        ("text2video", {"callback_url": "your-host.com"}, "FieldInvalid"),
        ("text2video", {"images": [LINK]}, "FieldUnwanted"),
        ("img2video", {"images": []}, "FieldItemCountOutOfRange"),
        ("img2video", {"images": [LINK, LINK]}, "FieldItemCountOutOfRange"),
        ("img2video", {"images": LINK}, "FieldInvalid"),
        ("img2video", {"style": "anime"}, "FieldUnwanted"),
        ("img2video", {"bgm": False}, "FieldUnwanted"),
        ("img2video", {"audio": True}, "FieldUnwanted"),
        ("img2video", {"payload": "x"}, "FieldUnwanted"),
        ("start-end2video", {"images": [LINK]}, "FieldItemCountOutOfRange"),
        ("start-end2video", {"images": [LINK] * 3}, "FieldItemCountOutOfRange"),
        ("start-end2video", {"aspect_ratio": "16:9"}, "FieldUnwanted"),
        ("start-end2video", {"movement_amplitude": "auto"}, "FieldUnwanted"),
        ("start-end2video", {"prompt": "x" * 5001}, "FieldInvalid"),
        ("reference2video", {"images": []}, "FieldItemCountOutOfRange"),
        ("reference2video", {"images": [LINK] * 5}, "FieldItemCountOutOfRange"),
        ("reference2video", {"movement_amplitude": "auto"}, "FieldUnwanted"),
        ("template2video", {"template_id": ""}, "FieldInvalid"),
        ("template2video", {"template_id": 7}, "FieldInvalid"),
        ("template2video", {"images": []}, "FieldItemCountOutOfRange"),
        ("template2video", {"seed": 0}, "FieldUnwanted"),
        ("template2video", {"aspect_ratio": "16:9"}, "FieldUnwanted"),
        ("template2video", {"off_peak": False}, "FieldUnwanted"),
        ("ref2image/nano", {"duration": 5}, "FieldUnwanted"),
        ("ref2image/nano", {"off_peak": False}, "FieldUnwanted"),
        ("ref2image/nano", {"images": []}, "FieldItemCountOutOfRange"),
    ],
)
def test_a_wrong_field_is_refused(gateway: Gateway, way: str, changed: dict[str, Any], reason: str) -> None:
    check_refused(gateway, way, {**REQUESTS[way], **changed}, reason, next(iter(changed)))


@pytest.mark.parametrize(
    ("way", "name"),
    [
        *(("text2video", name) for name in ("model", "prompt")),
        *(("img2video", name) for name in ("model", "images", "prompt")),
        *(("start-end2video", name) for name in ("model", "images")),
        *(("reference2video", name) for name in ("model", "images", "prompt")),
        *(("template2video", name) for name in ("model", "template_id", "images")),
        *(("ref2image/nano", name) for name in ("model", "images", "prompt")),
    ],
)
def test_a_required_field_must_be_there(gateway: Gateway, way: str, name: str) -> None:
    body = {field: value for field, value in REQUESTS[way].items() if field != name}

    check_refused(gateway, way, body, "FieldLacking", name)


@pytest.mark.parametrize("body", [[], "text", None, 7])
def test_a_body_is_an_object(gateway: Gateway, body: Any) -> None:
    check_refused(gateway, "text2video", body, "BadRequest")


@pytest.mark.parametrize(("model", "longest"), MODELS.items())
def test_a_model_has_its_seconds_and_its_sizes(gateway: Gateway, model: str, longest: int) -> None:
    body = {**TEXT, "model": model}
    for seconds in (1, longest):
        gateway.bought("text2video", {**body, "duration": seconds})
    for size in ("540p", "720p", "1080p"):
        gateway.bought("text2video", {**body, "resolution": size})

    check_refused(gateway, "text2video", {**body, "duration": longest + 1}, "FieldInvalid", "duration")


@pytest.mark.parametrize("way", ["text2video", "img2video", "start-end2video", "reference2video"])
def test_viduq1_has_five_seconds_at_1080p_and_nothing_else(gateway: Gateway, way: str) -> None:
    body = {name: value for name, value in REQUESTS[way].items() if name not in ("duration", "resolution")}
    body["model"] = "viduq1"

    answer = gateway.bought(way, body)

    assert (answer["duration"], answer["resolution"]) == (5, "1080p")
    check_refused(gateway, way, {**body, "duration": 4}, "FieldInvalid", "duration")
    check_refused(gateway, way, {**body, "resolution": "720p"}, "FieldInvalid", "resolution")


@pytest.mark.parametrize(
    ("way", "changed", "ignored"),
    [
        ("text2video", {"model": "viduq3-pro", "style": "anime"}, "viduq3-pro style"),
        ("text2video", {"model": "viduq2", "style": "general"}, "viduq2 style"),
        ("text2video", {"model": "viduq3-turbo", "bgm": True}, "viduq3-turbo bgm"),
        ("text2video", {"model": "viduq2", "bgm": True, "duration": 9}, "viduq2 bgm"),
        ("text2video", {"model": "viduq2", "audio": True}, "viduq2 audio"),
        (
            "text2video",
            {"model": "viduq1", "aspect_ratio": "4:3", "resolution": "1080p"},
            "viduq1 aspect_ratio",
        ),
        ("img2video", {"model": "viduq2", "movement_amplitude": "large"}, "viduq2 movement_amplitude"),
    ],
)
def test_an_option_without_effect_on_the_model_is_taken_and_counted(
    gateway: Gateway, way: str, changed: dict[str, Any], ignored: str
) -> None:
    body = {name: value for name, value in REQUESTS[way].items() if name != "movement_amplitude"}
    before = gateway.stats()["ignored"]

    gateway.bought(way, {**body, **changed})

    assert Counter(gateway.stats()["ignored"]) - Counter(before) == {ignored: 1}


@pytest.mark.parametrize(
    "changed",
    [
        {
            "model": "viduq1",
            "resolution": "1080p",
            "style": "anime",
            "movement_amplitude": "large",
            "bgm": True,
        },
        {"model": "viduq2", "bgm": True, "duration": 8, "aspect_ratio": "3:4"},
        {"model": "viduq3-pro", "audio": False, "aspect_ratio": "4:3"},
    ],
)
def test_an_option_with_effect_is_not_counted(gateway: Gateway, changed: dict[str, Any]) -> None:
    body = {name: value for name, value in TEXT.items() if name != "movement_amplitude"}
    before = gateway.stats()["ignored"]

    gateway.bought("text2video", {**body, **changed})

    assert gateway.stats()["ignored"] == before


@pytest.mark.parametrize(
    ("kind", "format"),
    [("image/png", "PNG"), ("image/jpeg", "JPEG"), ("image/jpg", "JPEG"), ("image/webp", "WEBP")],
)
def test_a_picture_may_come_as_a_data_url(gateway: Gateway, kind: str, format: str) -> None:
    picture = inline(png(format=format), kind)

    answer = gateway.bought("img2video", {**IMAGE, "images": [picture]})

    [task] = [task for task in gateway.stats()["tasks"] if task["id"] == answer["task_id"]]
    assert task["body"]["images"] == [picture]


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        ("http://your-images.com/one.png", NO_LINK),
        ("https://localhost/one.png", NO_LINK),
        ("https://192.168.0.7/one.png", NO_LINK),
        ("http://127.0.0.1:9/vidu/123456789012345678/image.png", NO_LINK),
        ("one.png", NO_LINK),
        (inline(png()).removeprefix("data:image/png;base64,"), NO_LINK),  # the prefix belongs to it
        ("ssupload:?id=1", NO_LINK),
        ("https://your-images.com/one.gif", NO_PICTURE),
        (inline(png(format="GIF"), "image/gif"), NO_PICTURE),
        (inline(png(), "image/jpeg"), NO_PICTURE),
        (inline(b"no picture"), NO_PICTURE),
        (inline(png()[:-30]), NO_PICTURE),
        ("data:image/png;base64,", NO_PICTURE),
        ("data:image/png;base64,!!!!", NO_PICTURE),
        (inline(png()).replace(",", ",\n"), NO_PICTURE),
        ("data:image/png,raw", NO_PICTURE),
        (inline(png(401, 100)), NO_SIZE),
        (inline(png(100, 401)), NO_SIZE),
    ],
    ids=lambda value: value[:60],
)
def test_a_picture_that_cannot_be_used_is_refused(gateway: Gateway, picture: str, reason: str) -> None:
    check_refused(gateway, "img2video", {**IMAGE, "images": [picture]}, reason, "images")


def test_the_ratio_may_be_exactly_one_to_four(gateway: Gateway) -> None:
    for size in ((400, 100), (100, 400)):
        gateway.bought("img2video", {**IMAGE, "images": [inline(png(*size))]})


@pytest.mark.parametrize(
    ("way", "body"),
    [("reference2video", REFERENCE), ("template2video", TEMPLATE), ("ref2image/nano", PICTURE)],
)
def test_references_and_templates_want_sides_of_128(gateway: Gateway, way: str, body: dict[str, Any]) -> None:
    gateway.bought(way, {**body, "images": [inline(png(128, 128)), LINK]})
    for size in ((127, 200), (200, 127)):
        check_refused(gateway, way, {**body, "images": [LINK, inline(png(*size))]}, NO_SIZE, "128")


def test_other_pictures_may_be_smaller(gateway: Gateway) -> None:
    gateway.bought("img2video", {**IMAGE, "images": [inline(png(100, 100))]})


@pytest.mark.parametrize(
    ("first", "last", "taken"),
    [
        ((1000, 1000), (1000, 1000), True),
        ((800, 800), (1000, 1000), True),
        ((1000, 1000), (800, 800), True),
        ((790, 790), (1000, 1000), False),
        ((1000, 1000), (790, 790), False),
        ((1000, 700), (1000, 1000), False),
    ],
)
def test_both_frames_must_be_about_as_large(
    gateway: Gateway, first: tuple[int, int], last: tuple[int, int], taken: bool
) -> None:
    body = {**FRAMES, "images": [inline(png(*first)), inline(png(*last))]}
    if taken:
        gateway.bought("start-end2video", body)
    else:
        check_refused(gateway, "start-end2video", body, NO_SIZE, "0.8")


def padded(size: int) -> bytes:
    """A PNG file of so many bytes: what stands behind its end is no part of the picture."""
    data = png(200, 200)
    return data + b"\0" * (size - len(data))


def test_ten_megabytes_of_a_picture_are_taken_and_a_byte_more_is_not(gateway: Gateway) -> None:
    most = 10 * 1024 * 1024
    gateway.bought("img2video", {**IMAGE, "images": [inline(padded(most))]})

    check_refused(gateway, "img2video", {**IMAGE, "images": [inline(padded(most + 1))]}, NO_SIZE, "10 MB")


def test_a_body_of_more_than_20_megabytes_is_refused(gateway: Gateway) -> None:
    picture = inline(padded(8 * 1024 * 1024))

    check_refused(gateway, "reference2video", {**REFERENCE, "images": [picture] * 2}, "BadRequest", "20 MB")


def test_an_inline_picture_is_not_kept(gateway: Gateway) -> None:
    body = {**IMAGE, "images": [inline(padded(100_000))]}
    id = gateway.bought("img2video", body)["task_id"]

    [task] = [task for task in gateway.stats()["tasks"] if task["id"] == id]
    assert len(task["body"]["images"][0]) < 300
    assert "sha256" in task["body"]["images"][0]
