"""Hailuo at 302.AI and gpt.ge: every printed request is taken, every answer has the printed form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from twins.films import Facts, facts
from twins.hailuo_printed import (
    CAMERA_REQUEST,
    CREATED,
    GPTGE_EVERY_FIELD,
    GPTGE_REQUEST,
    PENDING,
    RETRIEVED,
    SUCCESS,
    VIDEO_REQUEST,
)
from twins.hailuo_vendor import DOORS, Shop
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import form, inline, png

BOTH_FRAMES = "first_last_frame_to_video"


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock) as made:
        yield made


@pytest.fixture(params=DOORS)
def shop(sandbox: Sandbox, request: pytest.FixtureRequest) -> Shop:
    return Shop(sandbox, request.param)


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("302ai", VIDEO_REQUEST, BOTH_FRAMES),
        ("302ai", CAMERA_REQUEST, "image_to_video"),
        ("gptge", GPTGE_REQUEST, "image_to_video"),
        ("gptge", GPTGE_EVERY_FIELD, BOTH_FRAMES),
    ],
)
def test_every_printed_request_is_taken_and_answered_as_printed(
    sandbox: Sandbox, name: str, body: dict[str, Any], kind: str
) -> None:
    shop = Shop(sandbox, name)

    answer = shop.create(body)

    assert answer.status_code == 200
    assert form(answer.json()) == form(CREATED)
    assert answer.json()["base_resp"] == CREATED["base_resp"]
    [task] = shop.stats()["tasks"]
    assert (task["id"], task["task_type"]) == (answer.json()["task_id"], kind)
    assert (task["model_id"], task["body"], task["state"]) == (body["model"], body, "running")
    assert shop.stats()["ignored"] == {}


def test_a_query_is_answered_as_printed(shop: Shop, clock: Clock) -> None:
    id, began = shop.bought(), clock.now
    seen: dict[str, tuple[float, Any]] = {}
    clock.now += 3
    for _ in range(60):
        flat = shop.flat(id)
        seen.setdefault(flat["status"], (clock.now - began, flat))
        clock.now += 4

    assert list(seen) == ["Preparing", "Queueing", "Processing", "Success"]
    assert 60 <= seen["Success"][0] <= 244
    assert {form(seen[status][1]) == form(PENDING) for status in list(seen)[:3]} == {True}
    success = seen["Success"][1]
    assert form(success) == form(SUCCESS)
    assert (success["task_id"], success["base_resp"]) == (id, SUCCESS["base_resp"])


def test_a_film_of_1080p_may_take_ten_minutes(sandbox: Sandbox, clock: Clock) -> None:
    shop = Shop(sandbox, "302ai")
    ids = [shop.bought(shop.plain(resolution="1080P")) for _ in range(30)]
    clock.now += 240
    slow = [id for id in ids if shop.flat(id)["status"] != "Success"]
    clock.now += 360

    assert len(slow) > 5
    assert {shop.flat(id)["status"] for id in ids} == {"Success"}


def test_a_file_is_answered_as_printed_its_id_a_text_here_and_a_number_there(
    shop: Shop, clock: Clock
) -> None:
    id, began = shop.bought(), clock.now
    clock.now += 241
    file_id = shop.flat(id)["file_id"]

    answer = shop.retrieve(file_id)

    assert form(answer.json()) == form(RETRIEVED)
    file = answer.json()["file"]
    assert (str(file["file_id"]), file["file_id"] == int(file_id), file_id == id) == (file_id, True, False)
    assert (file["bytes"], file["filename"], file["purpose"]) == (0, "output.mp4", "video_generation")
    assert began + 60 - 1 <= file["created_at"] <= began + 240
    assert file["download_url"].startswith(shop.urls["files"])


def test_every_answer_has_a_trace(shop: Shop, clock: Clock) -> None:
    id = shop.bought()
    clock.now += 241
    answers = [
        shop.create(shop.plain()),
        shop.create({}),
        shop.query(id),
        shop.query("1"),
        shop.retrieve("1"),
        shop.get("/nowhere"),
        Shop(shop.sandbox, shop.name, key="other").query(id),
    ]

    traces = {answer.headers.get("Trace-Id", "") for answer in answers}

    assert len(traces) == len(answers)
    assert {len(trace) for trace in traces} == {32}
    assert "Trace-Id" not in shop.file(shop.link(id)).headers


TALL, WIDE = inline(png(400, 600)), inline(png(750, 301, "JPEG"), "image/jpeg")
LINK = "https://your-host.com/a.png"
ALL_768 = {"resolution": "768P", "duration": 6}
FILMS: list[tuple[str, dict[str, Any], tuple[int, int, float]]] = [
    ("302ai", {}, (1366, 768, 6)),
    ("302ai", {"resolution": "1080P"}, (1920, 1080, 6)),
    ("302ai", {"duration": 10, "first_frame_image": LINK}, (1366, 768, 10)),
    ("302ai", {"resolution": "512P", "first_frame_image": TALL}, (512, 768, 6)),
    ("302ai", {"first_frame_image": TALL, "last_frame_images": WIDE}, (768, 1152, 6)),
    ("302ai", {"prompt": None, "last_frame_images": WIDE}, (1914, 768, 6)),
    ("302ai", {"model": "I2V-01-live", "first_frame_image": TALL}, (720, 1080, 6)),
    ("gptge", {"duration": 10}, (1366, 768, 10)),
    ("gptge", {"first_frame_image": WIDE, "last_frame_image": TALL}, (1914, 768, 6)),
    ("gptge", {"resolution": "720P", "model": "T2V-01"}, (1280, 720, 6)),
    ("gptge", {"model": "MiniMax-Hailuo-2.3-Fast", "first_frame_image": TALL}, (768, 1152, 6)),
]


@pytest.mark.parametrize(("name", "fields", "expected"), FILMS)
def test_the_film_has_the_shape_of_its_first_frame_and_no_sound(
    sandbox: Sandbox, clock: Clock, name: str, fields: dict[str, Any], expected: tuple[int, int, float]
) -> None:
    shop = Shop(sandbox, name)
    id = shop.bought(shop.plain(**fields))
    clock.now += 601

    shown, film = shop.flat(id), shop.file(shop.link(id))

    assert film.headers["Content-Type"] == "video/mp4"
    assert facts(film.content) == Facts(("h264",), *expected)
    assert (shown["video_width"], shown["video_height"]) == expected[:2]


def test_the_two_envelopes_of_gptge_come_in_turn(sandbox: Sandbox, clock: Clock) -> None:
    shop = Shop(sandbox, "gptge")
    ids = [shop.bought() for _ in range(3)]
    clock.now += 3

    for id in ids:
        said = [shop.query(id).json() for _ in range(6)]
        assert ["data" in one for one in said] == [False, True] * 3
        assert {form(one) == form(PENDING) for one in said[::2]} == {True}
        for one in said[1::2]:
            assert set(one) == {"code", "message", "request_id", "time_elapsed", "data"}
            assert (one["code"], one["message"], one["data"]["status"]) == (0, "success", "Preparing")
            assert "video_url" not in one["data"]


def test_gptges_own_envelope_brings_a_link_or_a_number_or_the_vendors_answer_as_text(
    sandbox: Sandbox, clock: Clock
) -> None:
    shop = Shop(sandbox, "gptge")
    ids = [shop.bought() for _ in range(40)]
    clock.now += 241
    found = set()
    for id in ids:
        [first, second] = [shop.wrapped(id)["data"] for _ in range(2)]
        assert first == second
        [kind] = set(first) - {"status"}
        found.add(kind)
        flat = shop.flat(id)
        assert first["status"] == flat["status"] == "Success"
        if kind == "video_url":
            assert facts(shop.file(first[kind]).content).seconds == 6
        elif kind == "file_id":
            assert (type(first[kind]), str(first[kind])) == (int, flat["file_id"])
        else:
            assert json.loads(first[kind]) == flat

    assert found == {"video_url", "file_id", "resp_data"}


def test_302ai_has_one_envelope(sandbox: Sandbox, clock: Clock) -> None:
    shop = Shop(sandbox, "302ai")
    id = shop.bought()

    assert {form(shop.query(id).json()) == form(PENDING) for _ in range(4)} == {True}
