"""Stopping a job: only Vidu can, and only what nobody works at yet. What became of it, its state says."""

from __future__ import annotations

from typing import Any

import pytest

from video.stage import CLIP, PICTURE, SONG, Stage, said

WISH = ("--task-type", "text_to_video", "--prompt", "a lighthouse in a storm", "--resolution", "540p")
TAKES = 30.0  # seconds at least: created until 0.05 of it, queueing until 0.2


def started(stage: Stage, *words: str) -> str:
    return str(stage.done("start", *(words or WISH))["job"])


@pytest.mark.parametrize(("after", "state"), [(0.0, "created"), (0.12 * TAKES, "queueing")])
def test_what_nobody_works_at_yet_is_stopped(stage: Stage, after: float, state: str) -> None:
    job = started(stage)
    stage.later(after)
    document = stage.done("cancel", job)

    assert (document["event"], document["state"], document["done"]) == ("closed", "cancelled", True)
    assert said(document).startswith("⏹️ It was stopped before anybody worked at it. Part of the price may")
    assert stage.stats["tasks"][0]["state"] == "cancelled"
    assert (stage.requests["cancel"], stage.requests["detail"], stage.creates) == (1, 1, 1)
    again = stage.run("wait", job)
    assert (again.code, again.error["kind"], again.error["charged"]) == (8, "stopped", "maybe")
    assert stage.requests["detail"] == 1
    assert stage.run("cancel", job).error["kind"] == "already_over"


def test_what_was_stopped_counts_against_the_limit_because_it_may_be_charged(stage: Stage) -> None:
    stage.config("[gateways.imagine-future]\nper_day = 15\n")
    stage.done("cancel", started(stage))
    assert stage.run("make", *WISH).error["kind"] == "over_limit"
    (limits,) = (row for row in stage.done("spend")["limits"] if row["gateway"] == "imagine-future")
    assert (limits["spent_today"], limits["left_today"], stage.creates) == (10, 5, 1)


def test_what_was_stopped_can_be_bought_again(stage: Stage) -> None:
    first = started(stage)
    stage.done("cancel", first)
    assert started(stage) != first
    assert stage.creates == 2


def test_what_is_worked_at_goes_on_and_the_vendors_own_words_are_told(stage: Stage) -> None:
    job = started(stage)
    stage.later(0.9 * TAKES)
    made = stage.run("cancel", job)

    assert (made.code, made.error["kind"], made.document["state"]) == (2, "cannot_cancel", "submitted")
    assert (made.error["detail"], made.error["provider_code"]) == (
        "task state is scheduled, can not cancel",
        "BadRequest",
    )
    assert (made.error["charged"], made.document["done"]) == ("maybe", False)
    assert said(made.document) == "⏳ This cannot be stopped any more: it was sent, and may be charged."
    assert stage.finish(made.document)["state"] == "done"


def test_what_is_finished_is_not_stopped_and_is_brought(stage: Stage) -> None:
    job = started(stage)
    stage.later(100)
    made = stage.run("cancel", job)
    assert (made.code, made.error["kind"], made.document["done"]) == (2, "cannot_cancel", False)
    brought = stage.carry_on(made.document)
    assert (brought.code, brought.document["state"]) == (0, "done")
    assert len(brought.document["send"]) == 1


def test_a_yes_that_came_too_late_stops_nothing(stage: Stage) -> None:
    job = started(stage)
    stage.later(100)
    stage.fault("cancel", "json", status=200, value={})
    made = stage.run("cancel", job)
    assert (made.code, made.error["kind"], made.document["state"]) == (2, "cannot_cancel", "done")
    assert stage.carry_on(made.document).code == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_where_the_answer_to_the_cancelling_is_lost_the_next_state_decides(stage: Stage, when: str) -> None:
    job = started(stage)
    stage.fault("cancel", "reset", when=when)
    made = stage.run("cancel", job)

    assert stage.requests["cancel"] == 1
    if when == "after":
        assert (made.code, made.document["state"]) == (0, "cancelled")
    else:
        assert (made.code, made.document["state"], made.document["done"]) == (6, "submitted", False)
        assert (made.error["charged"], made.document["next"][2:4]) == ("maybe", ["wait", job])
        assert stage.done("cancel", job)["state"] == "cancelled"


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"kind": "http", "status": 500}, 6), ({"kind": "set", "field": "state", "value": "queueing"}, 5)],
    ids=["no state", "an old state"],
)
def test_what_was_told_to_stop_and_does_not_say_so_yet_is_not_said_to_go_on(
    stage: Stage, fault: dict[str, Any], code: int
) -> None:
    job = started(stage)
    stage.fault("detail", **fault)
    made = stage.run("cancel", job)

    assert (made.code, made.document["state"], made.document["done"]) == (code, "submitted", False)
    assert made.error["charged"] == "maybe"
    assert "cannot" not in said(made.document)
    assert stage.stats["tasks"][0]["state"] == "cancelled"
    stage.later(36)  # a task is not asked about before it can be finished
    ended = stage.carry_on(made.document)
    assert (ended.error["kind"], ended.document["state"]) == ("stopped", "cancelled")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("--input-images", PICTURE, "--input-video", CLIP), "Kling"),
        (("--task-type", "music_video", "--input-images", PICTURE, "--input-audio", SONG), "One-click MV"),
    ],
    ids=["kling", "mv"],
)
def test_the_others_cannot_be_stopped_and_nobody_is_asked(
    stage: Stage, words: tuple[str, ...], name: str
) -> None:
    job = stage.carry_on(stage.run("start", *words).document).document["job"]
    before = stage.requests
    made = stage.run("cancel", job)

    assert (made.code, made.error["kind"], made.error["charged"]) == (2, "cannot_cancel", "maybe")
    assert made.error["message"].startswith(f"{name} cannot be cancelled once it is sent")
    assert (made.document["done"], made.document["next"][2:4]) == (False, ["wait", job])
    assert stage.requests == before
