"""A film of which a shot went wrong: the shot is made anew, the film composed of the newest good takes."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from support import start as begin_process
from video.films import A_STEP, OLD_FILM, REASON, agree, bought, made, shots, step, takes
from video.stage import LONG_SONG, Film, Stage, film, said

WISH = ("--prompt", "the singer on a roof at night")


def newest(stage: Stage) -> list[str]:
    return [ids[-1] for ids in takes(stage).values()]


def marks(path: str) -> bytes:
    """What the twin wrote behind a film: whose it is."""
    return Path(path).read_bytes()[-60:]


@pytest.fixture(autouse=True)
def _agreed(stage: Stage) -> None:
    agree(stage)


def test_a_bad_shot_is_quoted_agreed_to_made_anew_and_composed(stage: Stage) -> None:
    job = made(stage, 3).document["job"]
    stage.config("")  # from here on a price that is not known is asked about
    creates = stage.creates

    quote = stage.run("edit", job, "--shot", "3", *WISH, "--dry-run").document
    assert (quote["event"], quote["task_type"], quote["cost"]["quoted"]) == (
        "quote",
        "music_video_shot",
        None,
    )
    assert quote["request"]["url"].endswith(f"/{stage.stats['tasks'][0]['id']}/edit")
    assert quote["request"]["json"] == {"job_id": takes(stage)[3][0], "prompt": WISH[1]}
    assert said(quote).startswith("💡 I would make shot 3 once more with One-click MV.")

    asked = stage.run("edit", job, "--shot", "3", *WISH)
    assert (asked.code, asked.error["kind"], asked.document["done"]) == (12, "needs_approval", True)
    assert "--approve" in asked.document["next"]
    assert stage.creates == creates

    begun = stage.carry_on(asked.document).document
    assert (begun["event"], begun["parent"], begun["done"]) == ("submitted", job, False)
    ended = stage.finish(begun)
    assert (ended["state"], ended["parent"]) == ("done", job)
    assert film(ended["outputs"][0]["path"]) == Film(("h264",), (960, 540), 10.0)
    assert [state for _, state, _ in shots(ended)] == ["success"] * 5
    assert stage.creates == creates + 1

    composing = stage.carry_on(stage.run("compose", job).document).document
    whole = stage.finish(composing)
    assert film(whole["outputs"][0]["path"]) == Film(("h264", "aac"), (960, 540), 50.0)
    assert stage.sent["job_ids"] == newest(stage)
    assert len(takes(stage)[3]) == 2
    assert (whole["parent"], stage.creates) == (job, creates + 2)


def test_the_film_is_not_composed_while_a_shot_is_missing_and_says_which(stage: Stage) -> None:
    job = made(stage, 2).document["job"]
    before = stage.creates
    stopped = stage.run("compose", job, "--accept-unknown-price")

    assert (stopped.code, stopped.error["kind"], stopped.error["charged"]) == (2, "shot_missing", "no")
    assert said(stopped.document).startswith("❌ Shot 2 is still missing")
    assert stage.creates == before
    assert step(stage, "compose", job, "--shots", "1,3,4,5").code == 0
    assert stage.sent["job_ids"] == [ids[-1] for n, ids in takes(stage).items() if n != 2]


def test_the_order_of_the_shots_is_theirs_and_not_that_of_the_words(stage: Stage) -> None:
    job = made(stage).document["job"]
    assert step(stage, "compose", job, "--shots", "4,1,3").code == 0
    ids = takes(stage)
    assert stage.sent["job_ids"] == [ids[1][0], ids[3][0], ids[4][0]]


def test_a_good_take_counts_although_a_newer_one_went_wrong(stage: Stage) -> None:
    job = made(stage).document["job"]
    stage.fault("create", "media", index=0, reason=REASON)
    bad = step(stage, "edit", job, "--shot", "2", *WISH)
    assert (bad.code, bad.document["state"]) == (10, "failed")
    assert step(stage, "edit", job, "--shot", "4", *WISH).code == 0
    ids = takes(stage)
    assert [len(history) for history in ids.values()] == [1, 2, 1, 2, 1]

    assert step(stage, "compose", job).code == 0
    assert stage.sent["job_ids"] == [ids[1][0], ids[2][0], ids[3][0], ids[4][1], ids[5][0]]


def test_what_is_saved_is_the_new_film_although_the_old_link_is_still_shown(stage: Stage) -> None:
    first = made(stage).document
    job, old = first["job"], marks(first["outputs"][0]["path"])
    assert step(stage, "edit", job, "--shot", "1", *WISH).code == 0
    begun = stage.run("compose", job, "--accept-unknown-price").document
    stage.later(40)
    ended = begun
    while not ended["done"]:
        ended = stage.carry_on(ended, "--max-wait", "5").document

    task = stage.stats["tasks"][-1]
    assert task["task_type"] == "music_video_compose"
    assert OLD_FILM > ended["elapsed_s"] - 40 >= 0  # the twin still shows the old film as the film's own
    new = marks(ended["outputs"][0]["path"])
    assert (task["id"].encode() in new, old != new) == (True, True)
    assert ended["outputs"][0]["path"] != first["outputs"][0]["path"]


def test_an_edit_is_waited_for_in_its_own_job_and_not_in_the_films_old_state(stage: Stage) -> None:
    job = made(stage).document["job"]
    begun = stage.run("edit", job, "--shot", "5", *WISH, "--accept-unknown-price").document
    assert stage.done("wait", begun["job"], "--max-wait", "3")["state"] == "submitted"
    stage.later(A_STEP)
    document = stage.done("wait", begun["job"])
    assert stage.stats["tasks"][-1]["id"].encode() in marks(document["outputs"][0]["path"])


def test_where_the_answer_names_the_film_and_not_the_take_that_is_found_all_the_same(
    stage: Stage,
) -> None:
    job = made(stage).document["job"]
    stage.fault("create", "set", field="id", value=stage.stats["tasks"][0]["id"])
    ended = step(stage, "edit", job, "--shot", "5", *WISH)
    assert ended.code == 0
    assert stage.stats["tasks"][-1]["id"].encode() in marks(ended.document["outputs"][0]["path"])


def test_an_edit_of_an_edit_goes_to_the_film(stage: Stage) -> None:
    job = made(stage).document["job"]
    first = step(stage, "edit", job, "--shot", "2", *WISH).document["job"]
    second = step(stage, "edit", first, "--shot", "2", "--prompt", "closer").document
    assert second["parent"] == job
    (video, *_) = stage.stats["tasks"]
    assert {task["parent"] for task in stage.stats["tasks"][1:]} == {video["id"]}
    assert len(takes(stage)[2]) == 3
    assert step(stage, "compose", second["job"]).code == 0
    assert stage.sent["job_ids"] == newest(stage)


def test_last_may_be_the_film(stage: Stage) -> None:
    job = made(stage).document["job"]
    assert step(stage, "edit", "last", "--shot", "1", *WISH).document["parent"] == job


@pytest.mark.parametrize("command", [("edit", "--shot", "1", *WISH), ("compose",)], ids=["edit", "compose"])
def test_a_job_without_shots_has_nothing_to_change(stage: Stage, command: tuple[str, ...]) -> None:
    words = ("--task-type", "text_to_video", "--prompt", "a lighthouse", "--resolution", "540p")
    job = stage.done("make", *words, "--duration", "1")["job"]
    name, *rest = command
    stopped = stage.stops(name, job, *rest, "--accept-unknown-price")
    assert (stopped["error"]["kind"], stopped["done"]) == ("no_such_step", True)
    assert said(stopped).startswith("❌ That one has no shots that could be changed.")


def test_a_film_that_is_not_ready_has_nothing_to_change_yet(stage: Stage) -> None:
    job = bought(stage).document["job"]
    before = stage.requests
    stopped = stage.run("edit", job, "--shot", "1", *WISH, "--accept-unknown-price")
    assert (stopped.code, stopped.error["kind"], stage.requests) == (2, "parent_not_ready", before)
    assert stopped.document["next"][2:4] == ["wait", job]


def test_a_shot_that_is_not_there_is_named_with_how_many_there_are(stage: Stage) -> None:
    job = made(stage).document["job"]
    before = stage.creates
    stopped = stage.run("edit", job, "--shot", "6", *WISH, "--accept-unknown-price")
    assert (stopped.code, stopped.error["kind"], stage.creates) == (2, "no_such_shot", before)
    assert said(stopped.document).startswith("❌ There is no shot 6; the film has 5.")


@pytest.mark.parametrize(("words", "kind"), [(("--shot", "1"), "missing_prompt"), (WISH, "option_needed")])
def test_an_edit_needs_a_shot_and_words(stage: Stage, words: tuple[str, ...], kind: str) -> None:
    job = made(stage).document["job"]
    before = stage.creates
    stopped = stage.run("edit", job, *words, "--accept-unknown-price")
    assert (stopped.code, stopped.error["kind"], stage.creates) == (2, kind, before)


def test_the_same_edit_again_is_the_running_one_and_is_bought_once(stage: Stage) -> None:
    job = made(stage).document["job"]
    words = ("edit", job, "--shot", "3", *WISH, "--accept-unknown-price")
    first, second = (stage.run(*words).document for _ in range(2))
    assert (first["job"], stage.creates) == (second["job"], 2)


def test_an_edit_whose_answer_was_lost_may_be_bought_and_is_not_sent_again(stage: Stage) -> None:
    job = made(stage).document["job"]
    stage.fault("create", "reset", when="after")
    words = ("edit", job, "--shot", "3", *WISH, "--accept-unknown-price")
    lost = stage.run(*words)
    assert (lost.code, lost.document["state"], lost.error["charged"]) == (9, "unknown", "maybe")
    again = stage.run(*words)
    assert (again.code, again.error["kind"], stage.creates) == (9, "maybe_bought", 2)


def test_a_shot_of_a_long_song_is_made_anew_too(stage: Stage) -> None:
    job = made(stage, song=LONG_SONG).document["job"]
    assert step(stage, "edit", job, "--shot", "19", *WISH).code == 0


def test_a_composing_that_the_vendor_refuses_costs_nothing(stage: Stage) -> None:
    job = made(stage, song=LONG_SONG).document["job"]
    refused = stage.run("compose", job, "--accept-unknown-price")
    assert (refused.code, refused.error["charged"], refused.document["state"]) == (8, "no", "failed")
    assert "no video is composed" in refused.error["detail"]


def test_a_process_that_is_killed_loses_nothing_and_another_goes_on(stage: Stage) -> None:
    job = made(stage).document["job"]
    begun = stage.run("edit", job, "--shot", "2", *WISH, "--accept-unknown-price", "--speed", "1000").document
    stage.fault("detail", "hold")
    process = begin_process("wait", begun["job"])
    while not stage.stats["held"]["detail"]:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    stage.control("faults", None, "DELETE")

    stage.later(A_STEP)
    document = stage.done("wait", begun["job"])
    assert (document["state"], document["parent"], stage.creates) == ("done", job, 2)


def test_what_a_step_is_shows_in_the_list(stage: Stage) -> None:
    job = made(stage).document["job"]
    edited = step(stage, "edit", job, "--shot", "2", *WISH).document["job"]
    assert (stage.job(edited)["parent"], stage.job(job)["parent"]) == (job, None)
