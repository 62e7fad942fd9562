"""No job that nobody gets out of, and no word that the vendor contradicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from video.stage import CLIP, PICTURE, SONG, Stage, png, said

MOTION = ("--input-images", PICTURE, "--input-video", CLIP)
OFF_PEAK = ("--task-type", "text_to_video", "--prompt", "a storm", "--set", "off_peak=true")
DAYS = 86400.0


@pytest.fixture
def agreed(stage: Stage) -> Stage:
    """Prices that are not known are agreed to."""
    stage.config("[gateways.imagine-future]\naccept_unknown_price = true\n")
    return stage


def buy(stage: Stage, *words: str) -> str:
    job: str = stage.done("start", "--accept-unknown-price", *words)["job"]
    return job


def test_who_says_that_it_was_not_charged_is_not_believed_where_the_task_is_there(agreed: Stage) -> None:
    agreed.fault("create", "reset", when="after")
    lost = agreed.run("start", "--accept-unknown-price", *MOTION).document["job"]
    document = agreed.done("reconcile", lost, "--not-charged")

    assert (document["state"], document["task_id"]) == ("submitted", agreed.stats["tasks"][0]["id"])
    assert agreed.finish(document)["state"] == "done"
    assert agreed.creates == 1


def test_an_off_peak_task_that_is_gone_or_takes_longer_than_two_days_is_told_as_that(stage: Stage) -> None:
    stage.fault("create", "stuck")
    job = stage.done("start", *OFF_PEAK)["job"]
    stage.later(3 * DAYS)
    overdue = stage.run("wait", job)
    assert (overdue.code, overdue.error["kind"]) == (5, "overdue")

    stage.fault("detail", "json", status=404, value={"code": 404, "reason": "TaskNotFound", "message": "x"})
    gone = stage.run("wait", job)
    assert (gone.code, gone.error["kind"]) == (5, "lookup_failed")


def test_wait_all_goes_on_where_one_gateway_cannot_be_asked(
    agreed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMA_API_KEY", "ima_example_placeholder")
    agreed.done("start", *OFF_PEAK[:-2])
    with agreed.record() as db:  # a job of the other gateway, whose key is gone by now
        db.execute("UPDATE jobs SET gateway = 'ima', plan = replace(plan, 'imagine-future', 'ima')")
        db.execute('UPDATE jobs SET plan = replace(plan, \'"provider": "vidu"\', \'"provider": "ima"\')')
    job = buy(agreed, *MOTION)
    monkeypatch.delenv("IMA_API_KEY")
    agreed.later(700)
    agreed.done("wait", "--all")
    assert agreed.job(job)["state"] == "done"


def test_what_belongs_to_another_user_is_asked_about_and_not_handed_out(agreed: Stage) -> None:
    job = buy(agreed, *MOTION, "--user-id", "somebody")
    agreed.later(700)
    document = agreed.done("wait", "--all")
    assert (document["send"], agreed.job(job)["state"], agreed.job(job)["handed_out_at"]) == (
        [],
        "done",
        None,
    )
    assert len(agreed.done("wait", "--all", "--user-id", "somebody")["send"]) == 1


def test_a_key_on_the_command_line_is_not_tried_at_every_gateway(agreed: Stage) -> None:
    buy(agreed, *MOTION)
    assert agreed.stops("wait", "--all", "--api-key", "imf_example_placeholder")["error"]["kind"] == "usage"


def test_a_quality_is_no_name_of_a_model_that_only_the_vendor_knows(stage: Stage, tmp_path: Path) -> None:
    picture = png(tmp_path)
    words = ("--task-type", "reference_to_image", "--input-images", picture, "--prompt", "a poster")
    assert stage.stops("quote", *words, "--model", "cheapest")["error"]["kind"] == "model_needed"


def test_a_step_takes_nothing_that_it_would_not_send(agreed: Stage, tmp_path: Path) -> None:
    song = ("--task-type", "music_video", "--input-images", PICTURE, "--input-audio", SONG)
    film = agreed.finish(agreed.done("start", "--accept-unknown-price", *song))["job"]
    compose = ("quote", "--parent", film, "--task-type", "music_video_compose")
    for more in (("--prompt", "sad and blue"), ("--input-images", png(tmp_path))):
        made = agreed.run(*compose, *more)
        assert (made.code, made.error["charged"]) == (2, "no"), more
    assert agreed.run("quote", "--parent", film, *song).error["kind"] == "not_a_step"
    dry = ("make", "--dry-run", *compose[1:], "--unchecked", "quality=high")
    sent = agreed.done(*dry)["request"]["json"]
    assert (set(sent), sent["quality"]) == ({"job_ids", "quality"}, "high")


def test_an_id_that_no_step_became_is_not_believed(agreed: Stage) -> None:
    song = ("--task-type", "music_video", "--input-images", PICTURE, "--input-audio", SONG)
    film = agreed.finish(agreed.done("start", "--accept-unknown-price", *song))["job"]
    agreed.fault("create", "reset", when="before")
    lost = agreed.run("edit", film, "--shot", "1", "--prompt", "rain", "--accept-unknown-price")
    assert (lost.code, lost.document["state"]) == (9, "unknown")
    for id in ("nonsense", agreed.job(film)["task_id"]):
        made = agreed.run("reconcile", lost.document["job"], "--task-id", id)
        assert (made.code, made.error["kind"]) == (2, "no_such_task"), id
    closed = agreed.done("reconcile", lost.document["job"], "--not-charged")
    assert closed["event"] == "closed"
    assert "not charged" in said(closed)
