"""What is peculiar to Kling: a task is found by our own id, charged for when it is asked about, and its file
can be fetched for half an hour only."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from video.stage import CLIP, PICTURE, SOUND, Stage, said

MOTION = ("--input-images", PICTURE, "--input-video", CLIP)
AVATAR = ("--input-images", PICTURE, "--input-audio", SOUND)
VIDU = ("--task-type", "text_to_video", "--prompt", "a lighthouse", "--resolution", "540p")
HALF_AN_HOUR = 1800.0
AN_END = 700.0


@pytest.fixture
def agreed(stage: Stage) -> Stage:
    """Prices that are not known are agreed to."""
    stage.config("[gateways.imagine-future]\naccept_unknown_price = true\n")
    return stage


def buy(stage: Stage, *words: str, command: str = "start") -> Any:
    made = stage.run(command, "--accept-unknown-price", *(words or MOTION))
    assert made.code == 0, made.stdout
    return made.document


def lost(stage: Stage, *words: str, when: str = "after") -> Any:
    """The document of a purchase whose answer was lost."""
    stage.fault("create", "reset", when=when)
    made = stage.run("start", "--accept-unknown-price", *(words or MOTION))
    assert (made.code, made.document["state"]) == (9, "unknown")
    return made.document


def settled(stage: Stage) -> list[bool]:
    return [task["settled"] for task in stage.stats["tasks"]]


# --- the id of our own ------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [MOTION, AVATAR], ids=["motion", "avatar"])
def test_a_task_whose_answer_was_lost_is_found_by_our_own_id_and_brought(
    agreed: Stage, words: tuple[str, ...]
) -> None:
    job = lost(agreed, *words)["job"]
    document = agreed.done("reconcile", job)

    assert (document["job"], document["state"], document["done"]) == (job, "submitted", False)
    assert document["task_id"] == agreed.stats["tasks"][0]["id"]
    assert agreed.finish(document)["state"] == "done"
    assert agreed.creates == 1


def test_a_task_that_never_came_to_be_is_not_found_which_proves_nothing(agreed: Stage) -> None:
    job = lost(agreed, when="before")["job"]
    made = agreed.run("reconcile", job)

    assert (made.code, made.error["kind"], made.document["state"]) == (9, "cannot_ask", "unknown")
    assert (made.error["charged"], made.document["next"], made.document["done"]) == ("maybe", None, True)
    assert f"reconcile {job} --task-id ID" in made.error["detail"]
    assert f"reconcile {job} --not-charged" in made.error["detail"]
    assert (agreed.creates, agreed.stats["tasks"]) == (1, [])


def test_where_the_gateway_does_not_know_such_ids_it_stays_unknown_and_says_what_to_do(
    agreed: Stage,
) -> None:
    agreed.control("settings", {"external_ids": False})
    job = lost(agreed)["job"]
    made = agreed.run("reconcile", job)
    assert (made.code, made.error["kind"], made.document["state"]) == (9, "cannot_ask", "unknown")
    assert f"reconcile {job} --task-id ID" in made.error["detail"]

    (task,) = agreed.stats["tasks"]
    document = agreed.done("reconcile", job, "--task-id", task["id"])
    assert (agreed.finish(document)["state"], agreed.creates) == ("done", 1)


def test_a_task_of_another_id_is_not_taken_for_ours(agreed: Stage) -> None:
    job = lost(agreed)["job"]
    agreed.fault("detail", "set", field="data.task_info.external_task_id", value="another")
    assert agreed.run("reconcile", job).document["state"] == "unknown"


def test_where_nobody_answers_the_question_it_stays_unknown(agreed: Stage) -> None:
    job = lost(agreed)["job"]
    agreed.fault("detail", "http", status=404)
    assert agreed.run("reconcile", job).document["state"] == "unknown"
    assert agreed.done("reconcile", job)["state"] == "submitted"


def test_the_same_wish_is_not_sent_again_while_that_is_not_known(agreed: Stage) -> None:
    first = lost(agreed)
    made = agreed.run("start", "--accept-unknown-price", *MOTION)
    assert (made.code, made.error["kind"], made.document["job"]) == (9, "maybe_bought", first["job"])
    assert agreed.creates == 1


def test_each_job_has_an_id_of_its_own(agreed: Stage) -> None:
    buy(agreed)
    buy(agreed, *AVATAR)
    ids = [task["body"]["external_task_id"] for task in agreed.stats["tasks"]]
    assert len(set(ids)) == 2
    assert all(len(id) == 36 for id in ids)


def test_the_refusal_of_an_id_that_is_there_already_means_that_it_may_be_bought(agreed: Stage) -> None:
    agreed.fault(
        "create",
        "json",
        status=400,
        value={"code": 1201, "message": "external_task_id already exists", "request_id": "r"},
    )
    made = agreed.run("start", "--accept-unknown-price", *MOTION)
    assert (made.code, made.document["state"], made.error["charged"]) == (9, "unknown", "maybe")


# --- settled by being asked about -------------------------------------------------------------------------


def test_a_task_that_nobody_waits_for_is_listed_as_unsettled(agreed: Stage) -> None:
    job = buy(agreed)["job"]
    other = agreed.done("start", *VIDU)["job"]
    assert (agreed.job(job)["unsettled"], agreed.job(other)["unsettled"]) == (True, False)
    agreed.later(AN_END)
    assert agreed.done("wait", job)["state"] == "done"
    assert agreed.job(job)["unsettled"] is False


def test_the_next_purchase_at_this_gateway_asks_once_for_each(agreed: Stage) -> None:
    jobs = [buy(agreed, *words)["job"] for words in (MOTION, AVATAR)]
    asked = agreed.requests["detail"]
    agreed.later(AN_END)
    assert settled(agreed) == [False, False]
    document = agreed.done("start", *VIDU)

    assert agreed.requests["detail"] == asked + 2
    assert settled(agreed)[:2] == [True, True]
    assert [agreed.job(job)["state"] for job in jobs] == ["done", "done"]
    assert document["job"] not in jobs
    assert len(document["send"]) == 1
    agreed.done("start", *VIDU, "--force-new", "--max-credits", "99", "--yes")
    assert agreed.requests["detail"] == asked + 2


def test_what_still_goes_on_is_asked_about_by_every_purchase(agreed: Stage) -> None:
    job = buy(agreed)["job"]
    for asked in (1, 2):
        agreed.done("start", *VIDU, "--set", f"seed={asked}")
        assert agreed.requests["detail"] == asked
    assert agreed.job(job)["state"] == "submitted"


def test_jobs_of_another_vendor_are_not_asked_about(agreed: Stage) -> None:
    agreed.done("start", *VIDU)
    agreed.later(AN_END)
    buy(agreed)
    assert agreed.requests["detail"] == 0


def test_a_purchase_at_another_gateway_asks_nothing_here(
    agreed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    buy(agreed)
    ima = agreed.box.urls["ima"]
    monkeypatch.setenv("IMA_API_KEY", "ima_example_placeholder")
    monkeypatch.setenv("MEDIA_STUDIO_IMA_URL", ima["api"])
    monkeypatch.setenv("MEDIA_STUDIO_IMA_UPLOAD_URL", ima["upload"])
    agreed.later(AN_END)
    assert agreed.done("start", "--prompt", "a lighthouse")["gateway"] == "ima"
    assert (agreed.requests["detail"], settled(agreed)) == (0, [False])


def test_a_question_without_an_answer_does_not_stop_the_purchase_nor_the_next_question(
    agreed: Stage,
) -> None:
    buy(agreed)
    buy(agreed, *AVATAR)
    asked = agreed.requests["detail"]
    agreed.later(AN_END)
    agreed.fault("detail", "http", status=503)
    assert agreed.done("start", *VIDU)["state"] == "submitted"
    assert agreed.requests["detail"] == asked + 1  # who does not answer is not asked on
    agreed.done("start", *VIDU, "--set", "seed=7")
    assert settled(agreed)[:2] == [True, True]


def test_wait_all_asks_once_for_each_and_saves_what_is_there(agreed: Stage) -> None:
    jobs = [buy(agreed, *words)["job"] for words in (MOTION, AVATAR)]
    agreed.later(AN_END)
    document = agreed.done("wait", "--all")

    assert settled(agreed) == [True, True]
    assert [agreed.job(job)["state"] for job in jobs] == ["done", "done"]
    assert all(agreed.job(job)["paths"] for job in jobs)
    assert len(document["send"]) == 2


def test_wait_all_asks_once_for_what_goes_on(agreed: Stage) -> None:
    buy(agreed)
    buy(agreed, *AVATAR)
    before = agreed.requests["detail"]
    agreed.done("wait", "--all")
    assert agreed.requests["detail"] == before + 2


def test_a_failed_task_costs_nothing_and_says_why(agreed: Stage) -> None:
    agreed.fault("create", "media", index=0, reason="Failed by content safety check")
    job = buy(agreed)["job"]
    agreed.later(AN_END)
    made = agreed.run("wait", job)
    assert (made.code, made.error["kind"], made.document["state"]) == (10, "result_refused", "failed")
    assert agreed.stats["points_charged"] == 0


# --- the link that dies -----------------------------------------------------------------------------------


def test_that_the_original_is_there_for_half_an_hour_is_said_at_the_beginning(agreed: Stage) -> None:
    assert "can be fetched for 30 min only, so I save it at once" in said(buy(agreed))
    assert "so I save it at once" not in said(agreed.done("start", *VIDU))


def test_the_file_is_saved_at_once_and_its_link_has_an_end(agreed: Stage) -> None:
    document = buy(agreed, command="make")
    (output,) = document["outputs"]
    assert Path(output["path"]).is_file()
    left = datetime.fromisoformat(output["expires_at"]).timestamp() - agreed.clock.time()
    assert HALF_AN_HOUR - 120 < left <= HALF_AN_HOUR


def test_within_half_an_hour_a_file_that_is_gone_can_be_fetched(agreed: Stage) -> None:
    document = buy(agreed, command="make")
    path = Path(document["outputs"][0]["path"])
    path.unlink()
    agreed.later(HALF_AN_HOUR / 2)
    assert agreed.done("fetch", document["job"])["outputs"][0]["path"] == str(path)
    assert (path.is_file(), agreed.creates) == (True, 1)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that does not answer is not waited for."""
    monkeypatch.setattr("studio.http.DOWNLOAD_PAUSES", ())


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("saved_once", [True, False])
def test_after_half_an_hour_it_is_gone_and_nobody_is_sent_to_try_again(
    agreed: Stage, saved_once: bool
) -> None:
    job = buy(agreed, command="make" if saved_once else "start")["job"]
    if saved_once:
        Path(agreed.job(job)["paths"][0]).unlink()
    agreed.later(AN_END + HALF_AN_HOUR)
    made = agreed.run("fetch" if saved_once else "wait", job)

    assert (made.code, made.error["kind"], made.error["retry"]) == (13, "files_gone", "never")
    assert (made.document["done"], made.document["next"], made.error["charged"]) == (True, None, "yes")
    assert made.error["detail"] == f"`again {job}` asks what it costs to make it once more."
    assert said(made.document).startswith("❌ Not all of these files are there any more")
    assert [row["job"] for row in agreed.done("list", "--open")["jobs"]] == []
    assert agreed.creates == 1


@pytest.mark.usefixtures("at_once")
def test_a_link_that_only_fails_today_is_tried_again(agreed: Stage) -> None:
    agreed.fault("file", "http", status=403)
    job = buy(agreed)["job"]
    agreed.later(AN_END)
    made = agreed.run("wait", job)
    assert (made.code, made.error["kind"], made.document["next"][2:4]) == (13, "not_saved", ["wait", job])
    assert agreed.carry_on(made.document).code == 0


@pytest.mark.parametrize("word", ["succeed", "succeeded"])
def test_both_words_for_a_good_end_end_it(agreed: Stage, word: str) -> None:
    agreed.control("settings", {"kling_word": word})
    assert buy(agreed, command="make")["state"] == "done"


# --- the way to ask ---------------------------------------------------------------------------------------


def test_an_avatar_is_asked_about_at_its_own_endpoint_by_any_later_process(agreed: Stage) -> None:
    job = buy(agreed, *AVATAR)["job"]
    with agreed.record() as db:
        (route,) = db.execute("SELECT route FROM jobs").fetchone()
    assert "videos/avatar/image2video" in route
    agreed.later(AN_END)
    assert agreed.done("wait", job)["state"] == "done"
    assert agreed.stats["refused"] == {}
