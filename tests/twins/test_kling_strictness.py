"""Kling at imagine-future: what is refused, and with which of the vendor's codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from twins.imagine_future_vendor import OTHER_KEY, Gateway, bare, inline, png
from twins.kling_printed import AVATAR, AVATAR_REQUEST, MOTION, MOTION_REQUEST

REQUESTS = {MOTION: MOTION_REQUEST, AVATAR: AVATAR_REQUEST}
CLIP = "https://your-video-url.com/dance"
SOUND = "https://your-url.com/hello"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Sandbox() as sandbox:
        yield Gateway(sandbox)


def changed(endpoint: str, **fields: Any) -> dict[str, Any]:
    """The printed request with some fields changed; None takes one away."""
    body = {**REQUESTS[endpoint], **fields}
    return {name: value for name, value in body.items() if value is not None}


def check_refused(
    gateway: Gateway, endpoint: str, body: Any, named: str, code: int = 1201, status: int = 400
) -> None:
    accepted = gateway.stats()["accepted"]

    answer = gateway.kling(endpoint, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert set(answer.json()) == {"code", "message", "request_id"}
    assert named in answer.json()["message"]
    stats = gateway.stats()
    assert (stats["accepted"], stats["points_charged"]) == (accepted, 0)
    assert stats["refused"][str(code)] >= 1


@pytest.mark.parametrize(
    ("endpoint", "field", "values"),
    [
        (MOTION, "image_url", [None, "", 7, [], "person.jpg", "http://your-url.com/person.jpg"]),
        (MOTION, "image_url", ["https://your-url.com/person.webp", inline(png()), bare(b"no picture")]),
        (MOTION, "image_url", [bare(png(format="WEBP")), bare(png(299, 400)), bare(png(400, 299))]),
        (MOTION, "image_url", [bare(png(751, 300)), bare(png(300, 751))]),
        (MOTION, "video_url", [None, "", 7, "dance.mp4", "http://your-url.com/dance.mp4", inline(png())]),
        (
            MOTION,
            "video_url",
            [f"{CLIP}.avi", f"{CLIP}-2s.mp4", f"{CLIP}-11s.mp4", "https://localhost/a.mp4"],
        ),
        (MOTION, "mode", [None, "", "PRO", "720p", 7]),
        (MOTION, "character_orientation", [None, "", "left", True]),
        (MOTION, "keep_original_sound", ["", "Yes", True]),
        (MOTION, "prompt", ["x" * 2501, 7]),
        (MOTION, "callback_url", ["", "your-host.com"]),
        (MOTION, "external_task_id", ["", "two words", 7, "x" * 256]),
        (MOTION, "text", ["Hello"]),
        (MOTION, "element_list", [[]]),
        (AVATAR, "image", [None, "", inline(png()), bare(png(299, 400)), bare(png(751, 300))]),
        (AVATAR, "sound_file", ["", "hello.mp3", "http://your-url.com/hello.mp3", f"{SOUND}.ogg"]),
        (AVATAR, "sound_file", [bare(b"ID3"), f"{SOUND}-1s.mp3", f"{SOUND}-301s.mp3"]),
        (AVATAR, "text", [" ", 7, "x" * 3001]),
        (AVATAR, "mode", [None, "PRO"]),
        (AVATAR, "prompt", ["x" * 2501]),
        (AVATAR, "video_url", [f"{CLIP}.mp4"]),
        (AVATAR, "character_orientation", ["image"]),
        (AVATAR, "audio_id", ["1"]),
    ],
)
def test_a_wrong_field_is_1201(gateway: Gateway, endpoint: str, field: str, values: list[Any]) -> None:
    for value in values:
        body = changed(endpoint, **{field: value})
        named = {"image_url": "image", "sound_file": "sound"}.get(field, field)
        check_refused(gateway, endpoint, body, "sound" if field == "text" and value == "x" * 3001 else named)


def test_text_or_a_sound_must_be_there(gateway: Gateway) -> None:
    check_refused(gateway, AVATAR, changed(AVATAR, text=None), "either text or sound_file")


def test_a_clip_of_up_to_30_seconds_goes_with_its_own_orientation(gateway: Gateway) -> None:
    fields = {"character_orientation": "video", "image_url": bare(png(300, 300))}
    for seconds in (3, 30):
        gateway.kling_bought(MOTION, changed(MOTION, video_url=f"{CLIP}-{seconds}s.mp4", **fields))
    for beyond in ("2.9", "31"):
        body = changed(MOTION, video_url=f"{CLIP}-{beyond}s.mp4", **fields)
        check_refused(gateway, MOTION, body, "3 to 30 seconds")


@pytest.mark.parametrize("picture", [png(750, 300), png(300, 750), png(300, 300, "JPEG")])
def test_a_picture_may_come_in_bare_base64(gateway: Gateway, picture: bytes) -> None:
    gateway.kling_bought(MOTION, changed(MOTION, image_url=bare(picture)))
    gateway.kling_bought(AVATAR, changed(AVATAR, image=bare(picture)))


def test_ten_megabytes_of_a_picture_are_taken_and_a_byte_more_is_not(gateway: Gateway) -> None:
    most, data = 10 * 1024 * 1024, png(400, 400)
    gateway.kling_bought(MOTION, changed(MOTION, image_url=bare(data + b"\0" * (most - len(data)))))

    body = changed(MOTION, image_url=bare(data + b"\0" * (most + 1 - len(data))))
    check_refused(gateway, MOTION, body, "10 MB")


def test_a_data_url_is_refused_for_its_prefix(gateway: Gateway) -> None:
    picture = inline(png(400, 400))

    check_refused(gateway, MOTION, changed(MOTION, image_url=picture), "without the prefix")
    check_refused(gateway, AVATAR, changed(AVATAR, image=picture), "without the prefix")
    gateway.kling_bought(AVATAR, changed(AVATAR, image=picture.split(",")[1]))


def test_an_unknown_model_is_1203(gateway: Gateway) -> None:
    for endpoint in REQUESTS:
        body = changed(endpoint, model_name="kling-v9")
        check_refused(gateway, endpoint, body, "kling-v9", code=1203, status=404)


def test_no_model_is_the_usual_one(gateway: Gateway) -> None:
    id = gateway.kling_bought(MOTION, changed(MOTION, model_name=None))["task_id"]

    [task] = [task for task in gateway.stats()["tasks"] if task["id"] == id]
    assert task["model_id"] == "kling-v2-6"


@pytest.mark.parametrize("body", [[], "text", None])
def test_a_body_is_an_object(gateway: Gateway, body: Any) -> None:
    check_refused(gateway, MOTION, body, "", code=1200)


def test_text_beside_a_sound_is_taken_and_counted(gateway: Gateway) -> None:
    gateway.kling_bought(AVATAR, changed(AVATAR, sound_file=f"{SOUND}.wav"))

    assert gateway.stats()["ignored"] == {"avatar text": 1}


def test_an_external_id_is_taken_once_in_an_account_for_ever(gateway: Gateway) -> None:
    fields = {"external_task_id": "0b7a3f0e-1d1f-4a36-8b9d-6d1f6c1f0b11"}
    answer = gateway.kling_bought(MOTION, changed(MOTION, **fields))
    assert answer["task_info"] == fields

    for endpoint in REQUESTS:
        check_refused(gateway, endpoint, changed(endpoint, **fields), "external_task_id already exists")
    other = Gateway(gateway.sandbox, key=OTHER_KEY)
    other.kling_bought(MOTION, changed(MOTION, **fields))


def test_a_caller_finds_his_task_by_his_own_id_where_the_gateway_knows_such(gateway: Gateway) -> None:
    own = "0b7a3f0e-1d1f-4a36-8b9d-6d1f6c1f0b12"
    id = gateway.kling_bought(AVATAR, changed(AVATAR, external_task_id=own))["task_id"]
    other = Gateway(gateway.sandbox, key=OTHER_KEY)

    assert gateway.kling_data(own, endpoint=AVATAR)["task_id"] == id
    assert gateway.kling_task(own).json()["message"] == "task not found", "at the other endpoint"
    assert other.kling_task(own, endpoint=AVATAR).json()["message"] == "task not found"
    gateway.settings(external_ids=False)
    try:
        answer = gateway.kling_task(own, endpoint=AVATAR)
        assert (answer.status_code, answer.json()["code"]) == (400, 1201)
        assert gateway.kling_data(id, endpoint=AVATAR)["task_id"] == id
    finally:
        gateway.settings(external_ids=True)


@pytest.mark.parametrize(
    "query",
    [
        {"endpoint": "motion-control"},
        {"endpoint": "videos/text2video"},
        {"endpoint": ""},
        {"Endpoint": MOTION},
        {"endpoint": MOTION, "page": "1"},
    ],
)
def test_a_query_names_one_of_the_two_endpoints_and_nothing_else(
    gateway: Gateway, query: dict[str, str]
) -> None:
    id = gateway.kling_bought(MOTION, MOTION_REQUEST)["task_id"]

    answer = gateway.kling_task(id, **query)

    assert (answer.status_code, answer.json()["code"]) == (400, 1201)


@pytest.mark.parametrize("id", ["123456789012345678", "no-number"])
def test_an_unknown_task_is_not_found(gateway: Gateway, id: str) -> None:
    answer = gateway.kling_task(id)

    assert (answer.status_code, answer.json()["code"]) == (400, 1201)


def test_tasks_of_vidu_and_kling_do_not_show_at_each_others_routes(gateway: Gateway) -> None:
    vidu = gateway.bought("text2video", {"model": "viduq2", "prompt": "fog"})["task_id"]
    kling = gateway.kling_bought(MOTION, MOTION_REQUEST)["task_id"]

    assert gateway.kling_task(vidu).status_code == 400
    assert gateway.creations(kling)["reason"] == "TaskNotFound"
    assert gateway.cancel(kling).status_code == 404
