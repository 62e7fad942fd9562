"""Vidu at imagine-future: what becomes of a task, what it costs then, and the files at its end."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sandbox import Sandbox
from twins.films import Facts, facts
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import OTHER_KEY, Gateway, inline, png
from twins.vidu_printed import FRAMES, IMAGE, PICTURE, REQUESTS, TEMPLATE, TEXT

TURBO = {**TEXT, "model": "viduq3-turbo"}


@pytest.fixture
def gateway(clock: Clock) -> Iterator[Gateway]:
    with Sandbox(clock=clock) as sandbox:
        yield Gateway(sandbox)


def states(gateway: Gateway, clock: Clock, id: str, step: float, steps: int) -> list[tuple[float, str]]:
    """(seconds since now, state) at every change, asked once a step."""
    began, seen = clock.now, [(0.0, "")]
    for _ in range(steps):
        state = gateway.creations(id)["state"]
        if state != seen[-1][1]:
            seen.append((clock.now - began, state))
        clock.now += step
    return seen[1:]


@pytest.mark.parametrize(
    ("resolution", "shortest", "longest"), [("540p", 30, 60), ("720p", 60, 120), ("1080p", 120, 300)]
)
def test_a_task_goes_through_every_state_in_the_time_of_its_size(
    gateway: Gateway, clock: Clock, resolution: str, shortest: float, longest: float
) -> None:
    id = gateway.bought("text2video", {**TURBO, "resolution": resolution})["task_id"]

    seen = states(gateway, clock, id, 1, int(longest) + 2)

    assert [state for _, state in seen] == ["created", "queueing", "processing", "success"]
    assert shortest <= seen[-1][0] <= longest + 1


def test_off_peak_waits_for_hours_and_mostly_in_the_queue(gateway: Gateway, clock: Clock) -> None:
    id = gateway.bought("text2video", {**TURBO, "off_peak": True})["task_id"]

    seen = dict(states(gateway, clock, id, 60, 9 * 60))

    ended = {state: moment for moment, state in seen.items()}
    assert 3600 <= ended["success"] <= 8 * 3600 + 60
    assert ended["processing"] > 0.8 * ended["success"]


def test_speed_is_that_of_the_task(clock: Clock, tmp_path: Path) -> None:
    with Sandbox(tmp_path, speed=100, clock=clock) as sandbox:
        id = Gateway(sandbox).bought("text2video", TURBO)["task_id"]
    with Sandbox(tmp_path, clock=clock) as sandbox:
        clock.now += 1.3
        assert Gateway(sandbox).creations(id)["state"] == "success"


def test_a_restart_and_a_second_process_see_the_same(clock: Clock, tmp_path: Path) -> None:
    with Sandbox(tmp_path, clock=clock) as first, Sandbox(tmp_path, clock=clock) as second:
        id = Gateway(first).bought("text2video", TURBO)["task_id"]
        clock.now += 3
        assert Gateway(first).creations(id) == Gateway(second).creations(id)
        assert Gateway(second).cancel(id).json() == {}
        assert Gateway(first).creations(id)["err_code"] == "UserCancelled"
    with Sandbox(tmp_path, clock=clock) as third:
        gateway = Gateway(third)
        assert (gateway.creations(id)["state"], gateway.money()) == ("failed", (0, 100_000))


@pytest.mark.parametrize(("share", "state", "paid"), [(0.02, "created", 0), (0.1, "queueing", 10)])
def test_what_has_not_begun_can_be_cancelled_and_credits_come_back_whole_or_half(
    gateway: Gateway, clock: Clock, share: float, state: str, paid: int
) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]
    clock.now += share * 60
    assert gateway.creations(id)["state"] == state

    answer = gateway.cancel(id)

    assert (answer.status_code, answer.json()) == (200, {})
    for _ in range(2):  # and so it stays
        after = gateway.creations(id)
        shown = (after["state"], after["err_code"], after["creations"], after["credits"])
        assert shown == ("failed", "UserCancelled", [], paid)
        assert gateway.money() == (paid, 100_000 - paid)
        [task] = gateway.stats()["tasks"]
        assert (task["state"], task["points"], task["paid"]) == ("cancelled", 20, paid)
        clock.now += 3600


@pytest.mark.parametrize("share", [0.3, 2])
def test_what_has_begun_cannot_be_cancelled(gateway: Gateway, clock: Clock, share: float) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]
    clock.now += share * 120
    before = gateway.creations(id)["state"]

    answer = gateway.cancel(id)

    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")
    assert answer.json()["message"] == "task state is scheduled, can not cancel"
    assert (gateway.creations(id)["state"], gateway.money()[0]) == (before, 20)


def test_a_second_cancel_is_refused(gateway: Gateway) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]
    gateway.cancel(id)

    assert gateway.cancel(id).status_code == 400


def test_off_peak_can_be_cancelled_for_hours(gateway: Gateway, clock: Clock) -> None:
    id = gateway.bought("text2video", {**TURBO, "off_peak": True})["task_id"]
    clock.now += 3000

    assert gateway.cancel(id).json() == {}
    assert gateway.money()[0] == 5, "half of the half price"


@pytest.mark.parametrize("id", ["123456789012345678", "no-number"])
def test_an_unknown_task_is_404(gateway: Gateway, id: str) -> None:
    for answer in (gateway.cancel(id), gateway.get(f"/ai/avu/tasks/{id}/creations")):
        assert (answer.status_code, answer.json()["reason"]) == (404, "TaskNotFound")


def test_another_accounts_task_is_unknown(gateway: Gateway) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]
    other = Gateway(gateway.sandbox, key=OTHER_KEY)

    assert other.get(f"/ai/avu/tasks/{id}/creations").status_code == 404
    assert other.cancel(id).status_code == 404
    assert gateway.creations(id)["state"] == "created"


def test_a_cancel_takes_no_body_and_a_query_no_parameters(gateway: Gateway) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]

    assert gateway.post(f"/ai/avu/tasks/{id}/cancel", {"reason": "no"}).json()["reason"] == "BadRequest"
    assert gateway.get(f"/ai/avu/tasks/{id}/creations", page="1").json()["reason"] == "BadRequest"
    assert gateway.post(f"/ai/avu/tasks/{id}/cancel", {}).json() == {}


def test_a_failed_task_says_why_and_costs_nothing(gateway: Gateway, clock: Clock) -> None:
    gateway.fault("create", {"kind": "media", "index": 0})
    id = gateway.bought("text2video", TURBO)["task_id"]
    assert gateway.money()[0] == 20
    assert "err_code" not in gateway.creations(id)
    clock.now += 3600

    answer = gateway.creations(id)

    assert (answer["state"], answer["err_code"]) == ("failed", "CreationPolicyViolation")
    assert (answer["creations"], answer["credits"], gateway.money()) == ([], 0, (0, 100_000))
    assert [task["state"] for task in gateway.stats()["tasks"]] == ["failed"]


def test_a_fault_may_bring_the_vendors_word(gateway: Gateway, clock: Clock) -> None:
    gateway.fault("create", {"kind": "media", "index": 0, "reason": "InternalServiceFailure"})
    id = gateway.bought("img2video", IMAGE)["task_id"]
    clock.now += 3600

    assert gateway.creations(id)["err_code"] == "InternalServiceFailure"


def test_a_stuck_task_processes_for_ever(gateway: Gateway, clock: Clock) -> None:
    gateway.fault("create", {"kind": "stuck"})
    id = gateway.bought("text2video", TURBO)["task_id"]
    clock.now += 10**7

    assert gateway.creations(id)["state"] == "processing"
    assert [task["state"] for task in gateway.stats()["tasks"]] == ["running"]


def test_another_price_than_the_tables_is_said_and_charged(gateway: Gateway) -> None:
    gateway.fault("create", {"kind": "charge", "points": 80})

    answer = gateway.bought("text2video", TEXT)

    assert (answer["credits"], gateway.creations(answer["task_id"])["credits"]) == (80, 80)
    assert gateway.money() == (80, 99_920)


def test_somebody_elses_task_can_be_shown_and_its_film_fetched(gateway: Gateway, clock: Clock) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]
    gateway.fault("detail", {"kind": "other_task"})

    answer = gateway.creations(id)

    assert (answer["task_id"] != id, answer["state"]) == (True, "success")
    assert answer["prompt"] != TURBO["prompt"]
    assert gateway.file(answer["creations"][0]["url"]).status_code == 200
    assert gateway.creations(id)["task_id"] == id


@pytest.mark.parametrize(
    ("way", "changed", "expected"),
    [
        ("text2video", {}, Facts(("h264", "aac"), 1280, 720, 5.0)),
        ("text2video", {"audio": False, "duration": 1}, Facts(("h264",), 1280, 720, 1.0)),
        (
            "text2video",
            {"aspect_ratio": "9:16", "resolution": "540p", "duration": 16},
            Facts(("h264", "aac"), 540, 960, 16.0),
        ),
        ("text2video", {"aspect_ratio": "1:1", "duration": 2}, Facts(("h264", "aac"), 720, 720, 2.0)),
        (
            "text2video",
            {"model": "viduq2", "aspect_ratio": "3:4", "duration": 8, "bgm": True},
            Facts(("h264", "aac"), 720, 960, 8.0),
        ),
        ("text2video", {"model": "viduq2", "duration": 10, "bgm": True}, Facts(("h264",), 1280, 720, 10.0)),
        (
            "text2video",
            {"model": "viduq1", "resolution": "1080p", "aspect_ratio": "4:3"},
            Facts(("h264",), 1920, 1080, 5.0),
        ),
        ("img2video", {"aspect_ratio": "9:16"}, Facts(("h264", "aac"), 1080, 1920, 5.0)),
        ("start-end2video", {}, Facts(("h264", "aac"), 1280, 720, 5.0)),
        ("reference2video", {"aspect_ratio": "4:3"}, Facts(("h264", "aac"), 960, 720, 5.0)),
        ("template2video", {}, Facts(("h264",), 1280, 720, 5.0)),
    ],
)
def test_the_film_has_what_was_asked_for(
    gateway: Gateway, clock: Clock, way: str, changed: dict[str, Any], expected: Facts
) -> None:
    id = gateway.bought(way, {**REQUESTS[way], **changed})["task_id"]
    clock.now += 3600
    [creation] = gateway.creations(id)["creations"]

    film, cover = gateway.file(creation["url"]), gateway.file(creation["cover_url"])

    assert film.headers["Content-Type"] == "video/mp4"
    assert facts(film.content) == expected
    picture = Image.open(io.BytesIO(cover.content))
    assert (picture.format, cover.headers["Content-Type"]) == ("PNG", "image/png")
    assert picture.width / picture.height == pytest.approx(expected.width / expected.height, abs=0.01)


@pytest.mark.parametrize(
    ("ratio", "resolution", "size"),
    [("9:16", "1080p", (1080, 1920)), ("1:1", "540p", (540, 540)), ("16:9", "2K", (1920, 1080))],
)
def test_a_reference_picture_is_a_png(
    gateway: Gateway, clock: Clock, ratio: str, resolution: str, size: tuple[int, int]
) -> None:
    body = {**PICTURE, "aspect_ratio": ratio, "resolution": resolution}
    id = gateway.bought("ref2image/nano", body)["task_id"]
    clock.now += 61
    [creation] = gateway.creations(id)["creations"]

    picture = Image.open(io.BytesIO(gateway.file(creation["url"]).content))

    assert (picture.format, picture.size) == ("PNG", size)


@pytest.mark.parametrize(("way", "body"), [("start-end2video", FRAMES), ("template2video", TEMPLATE)])
def test_where_no_ratio_can_be_asked_for_the_first_picture_has_it(
    gateway: Gateway, clock: Clock, way: str, body: dict[str, Any]
) -> None:
    id = gateway.bought(way, {**body, "images": [inline(png(300, 600))] * 2})["task_id"]
    clock.now += 3600
    [creation] = gateway.creations(id)["creations"]

    film = facts(gateway.file(creation["url"]).content)

    assert (film.width, film.height) == (720, 1440)


def test_another_size_can_be_delivered(gateway: Gateway, clock: Clock) -> None:
    gateway.fault("create", {"kind": "deliver", "width": 321, "height": 200})
    id = gateway.bought("text2video", TURBO)["task_id"]
    clock.now += 3600
    [creation] = gateway.creations(id)["creations"]

    film = facts(gateway.file(creation["url"]).content)

    assert (film.width, film.height) == (320, 200), "h264 has even sides only"


def test_every_query_hands_out_links_of_a_day_and_dead_ones_are_refused(
    gateway: Gateway, clock: Clock
) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]
    clock.now += 3600
    first = gateway.creations(id)["creations"][0]
    clock.now += 24 * 3600
    assert gateway.file(first["cover_url"]).status_code == 200
    clock.now += 2

    dead = gateway.file(first["cover_url"])

    assert (dead.status_code, dead.headers["Content-Type"]) == (403, "application/xml")
    assert gateway.file(gateway.creations(id)["creations"][0]["cover_url"]).status_code == 200


def test_a_file_is_not_there_before_the_task_has_ended(gateway: Gateway, clock: Clock) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]
    clock.now += 3600
    link = gateway.creations(id)["creations"][0]["cover_url"]
    clock.now -= 3590

    early = gateway.file(link)

    assert (early.status_code, early.headers["Content-Type"]) == (404, "application/xml")
    assert gateway.vidu("img2video", {**IMAGE, "images": [link]}).json()["reason"] == "ImageDownloadFailure"


def test_nothing_kept_holds_a_port(clock: Clock, tmp_path: Path) -> None:
    with Sandbox(tmp_path, clock=clock) as sandbox:
        gateway = Gateway(sandbox)
        id = gateway.bought("text2video", TURBO)["task_id"]
        clock.now += 3600
        gateway.creations(id)
        ports = [":" + url.rsplit(":", 1)[1] for url in gateway.urls.values()]
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("imagine-future*"))
    assert json.dumps(id).encode() in kept
    assert [port for port in ports if port.encode() in kept] == []
