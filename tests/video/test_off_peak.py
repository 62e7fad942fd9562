"""Off-peak: for fewer credits, within 48 hours; nobody waits for it, and it is asked about rarely."""

from __future__ import annotations

import pytest

from video.stage import Stage, said

WISH = ("--task-type", "text_to_video", "--prompt", "a lighthouse in a storm", "--resolution", "540p")
OFF_PEAK = (*WISH, "--set", "off_peak=true")
HOURS = 3600.0


@pytest.mark.parametrize("command", ["make", "start"])
def test_it_comes_back_at_once_with_the_job_and_says_that_it_may_take_two_days(
    stage: Stage, command: str
) -> None:
    document = stage.done(command, *OFF_PEAK)

    assert (document["event"], document["state"], document["done"]) == ("submitted", "submitted", True)
    assert (document["next"][2:4], document["background"]) == (["wait", document["job"]], None)
    assert "up to 48 hours. Ask me any time" in said(document)
    assert "That takes about" not in said(document)
    assert stage.clock.slept == []
    assert (stage.creates, stage.requests["detail"], stage.sent["off_peak"]) == (1, 0, True)


def test_each_wait_asks_exactly_once_and_says_how_it_is(stage: Stage) -> None:
    job = stage.done("make", *OFF_PEAK)["job"]
    for asked in (1, 2, 3):
        stage.later(0.2 * HOURS)
        document = stage.done("wait", job)
        assert (document["event"], document["done"], document["state"]) == ("progress", True, "submitted")
        assert "may take up to 48 hours" in said(document)
        assert stage.requests["detail"] == asked
    assert stage.clock.slept == []


def test_the_wait_after_its_end_brings_it(stage: Stage) -> None:
    job = stage.done("make", *OFF_PEAK)["job"]
    stage.later(8 * HOURS)
    document = stage.done("wait", job)
    assert (document["state"], document["done"], len(document["outputs"])) == ("done", True, 1)
    assert (document["cost"]["quoted"], document["cost"]["charged"]) == (10, 5)


def test_wait_all_asks_once_for_it_too(stage: Stage) -> None:
    stage.done("make", *OFF_PEAK)
    stage.later(0.2 * HOURS)
    stage.done("wait", "--all")
    assert (stage.requests["detail"], stage.clock.slept) == (1, [])


def test_the_price_is_the_usual_one_at_most(stage: Stage) -> None:
    usual, off_peak = stage.done("quote", *WISH)["cost"], stage.done("quote", *OFF_PEAK)["cost"]
    assert (usual["quoted"], off_peak["quoted"]) == (10, 10)
    assert "at most" not in usual["basis"]
    assert off_peak["basis"] == f"{usual['basis']}, at most"


def test_fewer_credits_than_at_most_are_no_surprise(stage: Stage) -> None:
    job = stage.done("make", *OFF_PEAK)["job"]
    stage.later(8 * HOURS)
    document = stage.done("wait", job)
    assert document["difference"] == []
    assert "not 10" not in said(document)


def test_another_command_of_the_same_is_the_same_job(stage: Stage) -> None:
    first, second = (stage.done("make", *OFF_PEAK)["job"] for _ in range(2))
    assert (first, stage.creates) == (second, 1)


def test_without_it_it_is_waited_for(stage: Stage) -> None:
    document = stage.done("make", *WISH, "--set", "off_peak=false")
    assert (document["state"], document["cost"]["charged"]) == ("done", 10)


def test_it_can_be_stopped_as_long_as_it_stands_in_the_queue(stage: Stage) -> None:
    job = stage.done("make", *OFF_PEAK)["job"]
    stage.later(0.5 * HOURS)
    assert stage.done("cancel", job)["state"] == "cancelled"
