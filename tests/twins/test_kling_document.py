"""Kling at imagine-future: every request that the document prints is taken, every answer has its form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from twins.films import Facts, facts
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import Gateway, bare, form, png
from twins.kling_printed import (
    AVATAR,
    AVATAR_REQUEST,
    CREATED,
    MOTION,
    MOTION_REQUEST,
    PROCESSING,
    SUCCESS,
)

REQUESTS = {MOTION: MOTION_REQUEST, AVATAR: AVATAR_REQUEST}
KINDS = {MOTION: "motion_control", AVATAR: "avatar"}


@pytest.fixture
def gateway(clock: Clock) -> Iterator[Gateway]:
    with Sandbox(clock=clock) as sandbox:
        yield Gateway(sandbox)


@pytest.mark.parametrize("listener", ["api", "alternate"])
@pytest.mark.parametrize("endpoint", REQUESTS)
def test_every_printed_request_is_taken_and_answered_as_printed(
    gateway: Gateway, clock: Clock, endpoint: str, listener: str
) -> None:
    answer = Gateway(gateway.sandbox, listener=listener).kling(endpoint, REQUESTS[endpoint]).json()

    assert form(answer) == form(CREATED)
    assert (answer["code"], answer["message"]) == (0, "SUCCEED")
    data = answer["data"]
    assert (data["task_status"], data["task_status_msg"]) == ("submitted", "")
    assert data["created_at"] == data["updated_at"] == int(clock.now * 1000)
    [task] = gateway.stats()["tasks"]
    assert (task["task_type"], task["body"]) == (KINDS[endpoint], REQUESTS[endpoint])


@pytest.mark.parametrize("endpoint", REQUESTS)
def test_a_query_is_answered_as_printed(gateway: Gateway, clock: Clock, endpoint: str) -> None:
    id = gateway.kling_bought(endpoint, REQUESTS[endpoint])["task_id"]
    began = clock.now
    seen: dict[str, tuple[float, Any]] = {}
    for _ in range(61):
        answer = gateway.kling_task(id, endpoint=endpoint).json()
        seen.setdefault(answer["data"]["task_status"], (clock.now - began, answer))
        clock.now += 10

    assert list(seen) == ["submitted", "processing", "succeed"]
    assert 180 <= seen["succeed"][0] <= 610
    processing, success = seen["processing"][1], seen["succeed"][1]
    assert form(processing) == form(PROCESSING)
    assert form(success) == form(SUCCESS)
    assert form(seen["submitted"][1]) == form(PROCESSING)
    times = [one["data"]["updated_at"] for one in (processing, success)]
    assert int(began * 1000) < times[0] < times[1] <= int((began + 600) * 1000)


def test_motion_control_is_the_endpoint_of_a_query_that_names_none(gateway: Gateway) -> None:
    motion = gateway.kling_bought(MOTION, MOTION_REQUEST)["task_id"]
    avatar = gateway.kling_bought(AVATAR, AVATAR_REQUEST)["task_id"]

    assert gateway.kling_task(motion).json()["data"]["task_id"] == motion
    for answer in (gateway.kling_task(avatar), gateway.kling_task(avatar, endpoint=MOTION)):
        assert (answer.status_code, answer.json()["code"]) == (400, 1201)
        assert answer.json()["message"] == "task not found"
    assert gateway.kling_task(motion, endpoint=AVATAR).status_code == 400
    assert gateway.kling_task(avatar, endpoint=AVATAR).json()["data"]["task_id"] == avatar


def test_the_gateways_own_id_is_known_too(gateway: Gateway) -> None:
    data = gateway.kling_bought(MOTION, MOTION_REQUEST)
    own = data["task_info"]["external_task_id"]

    assert own not in ("", data["task_id"])
    for external_ids in (True, False):
        gateway.settings(external_ids=external_ids)
        assert gateway.kling_data(own)["task_id"] == data["task_id"]


@pytest.mark.parametrize(
    ("endpoint", "changed", "duration", "expected"),
    [
        (MOTION, {}, "8", Facts(("h264",), 1920, 1080, 8.0)),
        (
            MOTION,
            {"keep_original_sound": "yes", "mode": "std"},
            "8",
            Facts(("h264", "aac"), 1280, 720, 8.0),
        ),
        (
            MOTION,
            {
                "mode": "std",
                "character_orientation": "video",
                "video_url": "https://your-video-url.com/dance-25s.mov",
                "image_url": bare(png(400, 800)),
            },
            "25",
            Facts(("h264",), 720, 1440, 25.0),
        ),
        (AVATAR, {}, "5.3", Facts(("h264", "aac"), 1920, 1080, 5.3)),
        (AVATAR, {"text": "Hi", "mode": "std"}, "2", Facts(("h264", "aac"), 1280, 720, 2.0)),
        (
            AVATAR,
            {"text": None, "sound_file": "https://your-url.com/hello.mp3", "mode": "std"},
            "12",
            Facts(("h264", "aac"), 1280, 720, 12.0),
        ),
        (
            AVATAR,
            {
                "text": None,
                "sound_file": "https://your-url.com/hello-30s.m4a",
                "image": bare(png(300, 300)),
                "mode": "std",
            },
            "30",
            Facts(("h264", "aac"), 720, 720, 30.0),
        ),
    ],
)
def test_the_film_is_as_long_as_what_drives_it(
    gateway: Gateway,
    clock: Clock,
    endpoint: str,
    changed: dict[str, Any],
    duration: str,
    expected: Facts,
) -> None:
    body = {name: value for name, value in {**REQUESTS[endpoint], **changed}.items() if value is not None}
    id = gateway.kling_bought(endpoint, body)["task_id"]
    clock.now += 601

    [video] = gateway.kling_data(id, endpoint=endpoint)["task_result"]["videos"]

    assert video["duration"] == duration
    assert facts(gateway.file(video["url"]).content) == expected
