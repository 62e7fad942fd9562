"""Vidu at imagine-future: every request that the document prints is taken, every answer has its form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import Gateway, form
from twins.vidu_printed import (
    FRAMES,
    IMAGE,
    IMAGE_ANSWER,
    PRICES,
    REQUESTS,
    SUCCESS,
    TEXT,
    TEXT_ANSWER,
)

KINDS = {
    "text2video": "text_to_video",
    "img2video": "image_to_video",
    "start-end2video": "first_last_frame_to_video",
    "reference2video": "reference_to_video",
    "template2video": "template_to_video",
    "ref2image/nano": "reference_to_image",
}


@pytest.fixture
def gateway(clock: Clock) -> Iterator[Gateway]:
    with Sandbox(clock=clock) as sandbox:
        yield Gateway(sandbox)


def without_random(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("task_id", "seed", "created_at")}


@pytest.mark.parametrize("listener", ["api", "alternate"])
@pytest.mark.parametrize("way", REQUESTS)
def test_every_printed_request_is_taken_at_both_hosts(gateway: Gateway, way: str, listener: str) -> None:
    Gateway(gateway.sandbox, listener=listener).bought(way, REQUESTS[way])

    [task] = gateway.stats()["tasks"]
    assert (task["task_type"], task["model_id"]) == (KINDS[way], REQUESTS[way]["model"])
    assert task["body"] == REQUESTS[way]


@pytest.mark.parametrize(
    ("way", "body", "printed"), [("text2video", TEXT, TEXT_ANSWER), ("img2video", IMAGE, IMAGE_ANSWER)]
)
def test_a_create_is_answered_as_printed_but_for_the_prompt_cut_there_and_one_price(
    gateway: Gateway, way: str, body: dict[str, Any], printed: dict[str, Any]
) -> None:
    answer = gateway.bought(way, body)

    assert form(answer) == form(printed)
    assert re.fullmatch(r"[0-9]{18}", answer["task_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer["created_at"])
    assert answer["seed"] > 0, "0 is random"
    # The text example shows 80 credits, which the price table has for 1080p: 720p is 40 there.
    expected = {**printed, "prompt": body["prompt"], "credits": {"text2video": 40, "img2video": 80}[way]}
    assert without_random(answer) == without_random(expected)


def test_inputs_that_no_example_sends_are_echoed_and_an_address_to_call_is_not(gateway: Gateway) -> None:
    body = {**TEXT, "seed": 7, "audio": False, "bgm": True, "style": "anime", "payload": "ours, as sent"}

    answer = gateway.bought("text2video", {**body, "callback_url": "https://your-host.com/told"})

    assert {name: answer[name] for name in body} == body
    assert "callback_url" not in answer
    assert gateway.creations(answer["task_id"])["payload"] == "ours, as sent"


def test_a_longest_payload_comes_back_whole(gateway: Gateway) -> None:
    payload = "0123456789abcdef" * (1048576 // 16)
    answer = gateway.bought("text2video", {**TEXT, "payload": payload})

    assert answer["payload"] == gateway.creations(answer["task_id"])["payload"] == payload


def test_what_was_left_out_is_said_with_its_usual_value(gateway: Gateway) -> None:
    answer = gateway.bought("text2video", {"model": "viduq3-turbo", "prompt": "fog"})

    usual = {"style": "general", "aspect_ratio": "16:9", "movement_amplitude": "auto", "resolution": "720p"}
    assert {name: answer[name] for name in usual} == usual
    assert (answer["duration"], answer["off_peak"], answer["credits"]) == (5, False, 20)


def test_a_query_is_answered_as_printed(gateway: Gateway, clock: Clock) -> None:
    id = gateway.bought("text2video", TEXT)["task_id"]
    clock.now += 3600

    answer = gateway.creations(id)

    assert form(answer) == form(SUCCESS)
    assert (answer["task_id"], answer["prompt"], answer["credits"]) == (id, TEXT["prompt"], 40)


def test_a_task_without_a_prompt_is_shown_with_an_empty_one(gateway: Gateway) -> None:
    body = {name: value for name, value in FRAMES.items() if name != "prompt"}

    assert gateway.creations(gateway.bought("start-end2video", body)["task_id"])["prompt"] == ""


@pytest.mark.parametrize(("model", "resolution", "seconds", "credits"), PRICES)
def test_every_row_of_the_price_table_is_charged(
    gateway: Gateway, model: str, resolution: str, seconds: int, credits: int
) -> None:
    ways = ["text2video", "img2video"]
    ways += ["start-end2video", "reference2video"] if model.startswith("viduq3") else []
    for number, way in enumerate(ways, 1):
        body = {**REQUESTS[way], "model": model, "resolution": resolution, "duration": seconds}
        answer = gateway.bought(way, body)
        assert (answer["credits"], gateway.money()) == (
            credits,
            (number * credits, 100_000 - number * credits),
        )


@pytest.mark.parametrize(
    ("way", "changed", "credits"),
    [
        ("text2video", {"model": "viduq3-turbo", "resolution": "540p"}, 10),  # contract B3: inferred
        ("text2video", {"off_peak": True}, 20),  # vendor and 302.AI: half
        ("text2video", {"model": "viduq3-turbo", "resolution": "540p", "duration": 1, "off_peak": True}, 1),
        ("start-end2video", {"model": "viduq2"}, 30),  # no row: this twin's own
        ("reference2video", {"model": "viduq1", "resolution": "1080p"}, 60),  # no row: this twin's own
        (
            "start-end2video",  # half of 1.5 times 2, rounded up
            {"model": "viduq2", "resolution": "540p", "duration": 1, "off_peak": True},
            2,
        ),
        ("template2video", {}, 60),  # "varies by template": this twin's own
        ("ref2image/nano", {}, 10),
    ],
)
def test_what_the_table_has_no_row_for_costs_this(
    gateway: Gateway, way: str, changed: dict[str, Any], credits: int
) -> None:
    assert gateway.bought(way, {**REQUESTS[way], **changed})["credits"] == credits
    assert gateway.money() == (credits, 100_000 - credits)
