"""A task's states over time, and who may see it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.ima_states import Task, is_ready, medias
from twins.ima_vendor import Clock, Vendor, banana_body, image_body, text_body

TASK = Task(
    id="task_000000000000000000000001",
    biz_id="biz_1",
    account="a",
    n=1,
    points=5,
    created_at=1000.0,
    speed=1.0,
    seconds=(30.0, 60.0),
    pixels=(2560, 1440),
    body={},
)
FOUR = Task(**{**vars(TASK), "n": 4, "failures": {1: "moderated"}})


def link(index: int, variant: str) -> str:
    return f"http://files/{index}{variant}"


def at(task: Task, share: float) -> list[Any]:
    """(resource_status, status, has a link) of each media, `share` of the way through."""
    shown = medias(task, task.created_at + share * task.duration, link)
    return [(media["resource_status"], media["status"], bool(media["url"])) for media in shown]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, []),
        (0.04, []),
        (0.1, [(None, "pending", False)]),
        (0.5, [(0, "processing", False)]),
        (0.96, [(0, "processing", False)]),
        (0.98, [(1, "success", False)]),
        (1.001, [(1, "success", True)]),
        (1000.0, [(1, "success", True)]),
    ],
)
def test_a_task_walks_through_the_documented_states(share: float, expected: list[Any]) -> None:
    assert at(TASK, share) == expected


def test_several_pictures_are_ready_one_after_the_other() -> None:
    task = Task(**{**vars(TASK), "n": 4})
    ready = [sum(has_link for _, _, has_link in at(task, share / 100)) for share in range(80, 102)]

    assert ready == sorted(ready)
    assert set(ready) == {0, 1, 2, 3, 4}


def test_one_of_several_can_fail_and_the_others_are_kept() -> None:
    now = FOUR.created_at + 2 * FOUR.duration
    failed = medias(FOUR, now, link)[1]

    assert at(FOUR, 2) == [
        (1, "success", True),
        (2, "failed", False),
        (1, "success", True),
        (1, "success", True),
    ]
    assert failed["error_msg"] == "moderated"
    assert [is_ready(FOUR, index, now) for index in (-1, 0, 1, 3, 4)] == [False, True, False, True, False]


def test_a_duration_lies_between_the_models_two_and_follows_the_speed() -> None:
    durations = [Task(**{**vars(TASK), "id": f"task_{number}"}).duration for number in range(200)]

    assert min(durations) >= 30
    assert max(durations) <= 60
    assert max(durations) - min(durations) > 25
    assert Task(**{**vars(TASK), "speed": 1000.0}).duration == pytest.approx(TASK.duration / 1000)


def test_the_twin_tells_the_time_by_its_clock(clock: Clock) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        task_id = vendor.create(text_body(size="2560x1440"))["data"]["id"]

        assert vendor.detail(task_id)["data"] == {"id": task_id, "medias": []}
        clock.now += 29.0 * 0.5
        assert vendor.detail(task_id)["data"]["medias"][0]["url"] == ""
        clock.now += 60
        [media] = vendor.detail(task_id)["data"]["medias"]

    files = sandbox.urls["ima"]["files"]
    assert media["url"] == f"{files}/ima/results/{task_id}_1.png"
    assert (media["format"], media["width"], media["height"]) == ("png", 2560, 1440)
    assert media["watermark_url"].startswith(files)
    assert media["cover"].startswith(files)


def test_a_result_does_not_exist_before_its_time(clock: Clock) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        task_id = vendor.create(banana_body())["data"]["id"]
        url = f"{vendor.urls['files']}/ima/results/{task_id}_1.png"

        assert vendor.http.get(url, timeout=5).status_code == 404
        clock.now += 41
        assert vendor.http.get(url, timeout=5).status_code == 200


def test_an_unknown_task_does_not_exist(vendor: Vendor) -> None:
    answer = vendor.detail("task_000000000000000000000000")

    assert (answer["code"], answer["message"], answer["data"]) == (404, "task not exist", None)


def test_a_task_is_not_found_by_its_biz_id(vendor: Vendor) -> None:
    task = vendor.create(text_body())["data"]

    assert vendor.detail(task["biz_id"])["code"] == 404


def test_another_accounts_task_does_not_exist(vendor: Vendor) -> None:
    task = vendor.create(image_body())["data"]
    stranger = Vendor(vendor.sandbox, "ima_stranger")

    assert stranger.detail(task["id"])["code"] == 404
    assert vendor.detail(task["id"])["code"] == 0


@pytest.mark.parametrize("body", [{}, {"id": "x"}, {"task_id": 1}, {"task_id": "x", "more": 1}, []])
def test_the_detail_body_is_exactly_a_task_id(vendor: Vendor, body: Any) -> None:
    assert vendor.post("/open/v1/tasks/detail", body).json()["code"] == 400
