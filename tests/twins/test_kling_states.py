"""Kling at imagine-future: credits that are taken when a query sees the end, and links of half an hour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from twins.films import facts
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import Gateway
from twins.kling_printed import AVATAR, AVATAR_REQUEST, MOTION, MOTION_REQUEST

PRICES: list[tuple[str, dict[str, Any], int]] = [
    (MOTION, {}, 64),  # 8 s of pro at 8: this twin's own prices, the document has none
    (MOTION, {"mode": "std"}, 40),
    (AVATAR, {"text": "x" * 33}, 32),  # 3.3 s count as 4
    (AVATAR, {"sound_file": "https://your-url.com/hello.mp3"}, 96),
]


@pytest.fixture
def gateway(clock: Clock) -> Iterator[Gateway]:
    with Sandbox(clock=clock) as sandbox:
        yield Gateway(sandbox)


@pytest.mark.parametrize(("endpoint", "changed", "credits"), PRICES)
def test_credits_are_taken_when_a_query_has_seen_the_end(
    gateway: Gateway, clock: Clock, endpoint: str, changed: dict[str, Any], credits: int
) -> None:
    body = {**(MOTION_REQUEST if endpoint == MOTION else AVATAR_REQUEST), **changed}
    id = gateway.kling_bought(endpoint, body)["task_id"]

    def settled() -> tuple[bool, str, int]:
        [task] = gateway.stats()["tasks"]
        assert task["points"] == credits
        return task["settled"], task["state"], gateway.money()[0]

    gateway.kling_task(id, endpoint=endpoint)
    assert settled() == (False, "running", 0)
    clock.now += 601
    assert settled() == (False, "done", 0)
    gateway.kling_task(id)  # at a wrong endpoint, for the avatar
    assert settled() == ((endpoint == MOTION), "done", credits if endpoint == MOTION else 0)
    for _ in range(2):
        gateway.kling_task(id, endpoint=endpoint)
        assert settled() == (True, "done", credits)


def test_a_failed_task_says_why_and_costs_nothing(gateway: Gateway, clock: Clock) -> None:
    words = "The character in the image cannot be recognized"
    gateway.fault("create", {"kind": "media", "index": 0, "reason": words})
    id = gateway.kling_bought(MOTION, MOTION_REQUEST)["task_id"]
    assert gateway.kling_data(id)["task_status_msg"] == ""
    clock.now += 601

    answer = gateway.kling_task(id)

    assert (answer.status_code, answer.json()["code"]) == (200, 0)
    data = answer.json()["data"]
    assert (data["task_status"], data["task_status_msg"], data["task_result"]) == ("failed", words, None)
    [task] = gateway.stats()["tasks"]
    assert (task["settled"], task["state"], task["paid"], gateway.money()[0]) == (True, "failed", 0, 0)


def test_the_link_lives_half_an_hour_from_the_end_whenever_it_is_asked_for(
    gateway: Gateway, clock: Clock
) -> None:
    id = gateway.kling_bought(MOTION, MOTION_REQUEST)["task_id"]
    clock.now += 601
    data = gateway.kling_data(id)
    url = data["task_result"]["videos"][0]["url"]
    ended = data["updated_at"] / 1000
    clock.now = ended + 1799
    assert gateway.file(url).status_code == 200
    clock.now = ended + 1801

    dead = gateway.file(url)

    assert (dead.status_code, dead.headers["Content-Type"]) == (403, "application/xml")
    clock.now += 10**6
    again = gateway.kling_data(id)
    assert (again["task_status"], again["task_result"]["videos"][0]["url"]) == ("succeed", url)


def test_the_word_of_the_new_api_can_be_set(gateway: Gateway, clock: Clock) -> None:
    gateway.settings(kling_word="succeeded")
    id = gateway.kling_bought(MOTION, MOTION_REQUEST)["task_id"]
    clock.now += 601

    data = gateway.kling_data(id)

    assert (data["task_status"], len(data["task_result"]["videos"])) == ("succeeded", 1)
    assert gateway.stats()["tasks"][0]["state"] == "done"


def test_a_stuck_task_processes_for_ever(gateway: Gateway, clock: Clock) -> None:
    gateway.fault("create", {"kind": "stuck"})
    id = gateway.kling_bought(MOTION, MOTION_REQUEST)["task_id"]
    clock.now += 10**7

    assert gateway.kling_data(id)["task_status"] == "processing"
    assert gateway.stats()["tasks"][0]["state"] == "running"


def test_other_credits_and_another_size_can_be_ordered(gateway: Gateway, clock: Clock) -> None:
    gateway.fault("create", {"kind": "charge", "points": 7})
    gateway.fault("create", {"kind": "deliver", "width": 320, "height": 200})
    id = gateway.kling_bought(MOTION, MOTION_REQUEST)["task_id"]
    clock.now += 601

    film = facts(gateway.file(gateway.kling_data(id)["task_result"]["videos"][0]["url"]).content)

    assert (film.width, film.height, gateway.money()[0]) == (320, 200, 7)


def test_somebody_elses_task_can_be_shown_and_settles_nothing(gateway: Gateway, clock: Clock) -> None:
    id = gateway.kling_bought(MOTION, MOTION_REQUEST)["task_id"]
    gateway.fault("detail", {"kind": "other_task"})

    data = gateway.kling_data(id)

    assert (data["task_id"] != id, data["task_status"]) == (True, "succeed")
    assert gateway.file(data["task_result"]["videos"][0]["url"]).status_code == 200
    assert gateway.stats()["tasks"][0]["settled"] is False
    assert gateway.kling_data(id)["task_id"] == id


def test_too_few_credits_are_1102_with_the_status_of_a_rate_limit(gateway: Gateway) -> None:
    gateway.control("account", {"key": gateway.key, "points": 63})

    answer = gateway.kling(MOTION, MOTION_REQUEST)

    assert (answer.status_code, answer.json()["code"]) == (429, 1102)
    stats = gateway.stats()
    assert (stats["accepted"], stats["refused"], stats["tasks"]) == (0, {"1102": 1}, [])


def test_the_film_of_one_task_may_drive_another(gateway: Gateway, clock: Clock) -> None:
    body = {"model": "viduq3-turbo", "prompt": "a dancer", "duration": 4}
    id = gateway.bought("text2video", body)["task_id"]
    clock.now += 600
    [creation] = gateway.creations(id)["creations"]
    fields = {"video_url": creation["url"], "image_url": creation["cover_url"]}

    next_id = gateway.kling_bought(MOTION, {**MOTION_REQUEST, **fields})["task_id"]

    clock.now += 601
    assert gateway.kling_data(next_id)["task_result"]["videos"][0]["duration"] == "4"
