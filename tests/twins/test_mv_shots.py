"""How a music video comes about: planning, shots one by one, films; what edits and composings add to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from twins.films import Facts, facts
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import KEY, OTHER_KEY
from twins.mv_printed import BASE
from twins.mv_vendor import A_JOB, LONG, OLD_FILM, Mv, films, newest, refused, shots


@pytest.fixture
def mv(clock: Clock) -> Iterator[Mv]:
    with Sandbox(clock=clock) as sandbox:
        yield Mv(sandbox, clock)


def takes(query: Any) -> list[list[str]]:
    """The states of every take, by shot."""
    return [[job["state"] for job in record["jobs"]] for record in shots(query)]


def spoiled(mv: Mv, index: int = 2, **more: Any) -> str:
    """The id of a finished music video of 60 s, one of whose shots failed."""
    mv.spoil({"kind": "media", "index": index, **more})
    return mv.finished()


def test_planning_takes_minutes_then_the_shots_arrive_one_by_one_then_the_film(mv: Mv) -> None:
    seen = list(mv.walk(mv.made(), 3, 750))

    planning = [answer for answer in seen if not answer["job_records"]]
    assert 7 * 60 <= 3 * len(planning) <= 8 * 60 + 3
    assert {answer["state"] for answer in planning} == {"created", "processing"}
    arrived = list(dict.fromkeys(len(shots(answer)) for answer in seen))
    finished = list(dict.fromkeys(str(takes(answer)).count("success") for answer in seen))
    assert arrived == finished == [0, 1, 2, 3, 4, 5, 6]
    composing = list(dict.fromkeys(job["state"] for answer in seen for job in films(answer)))
    assert composing == ["created", "processing", "success"]
    lagging = {answer["state"] for answer in seen for job in films(answer) if job["state"] == "success"}
    assert lagging == {"processing", "success"}
    first_film = next(answer for answer in seen if films(answer))
    assert takes(first_film) == [["success"]] * 6


def test_the_shots_finish_in_order_and_each_has_its_link_from_then_on(mv: Mv) -> None:
    for answer in mv.walk(mv.made(), 7, 760):
        ended = [state == ["success"] for state in takes(answer)]
        assert ended == sorted(ended, reverse=True)
        assert ["signed_url" in record["jobs"][0] for record in shots(answer)] == ended
        assert ("signed_url" in answer) == (answer["state"] == "success")
    assert answer["state"] == "success"


def test_a_hundred_times_as_fast_it_takes_a_hundredth(clock: Clock) -> None:
    with Sandbox(clock=clock, speed=100) as sandbox:
        mv = Mv(sandbox, clock)
        id = mv.made()
        mv.clock.now += 6.0
        assert mv.query(id)["state"] == "processing"
        mv.clock.now += 1.5
        assert mv.query(id)["state"] == "success"


def test_after_a_restart_everything_is_where_it_was(tmp_path: Path, clock: Clock) -> None:
    def seen(mv: Mv, id: str) -> Any:
        answer = mv.query(id)
        for record in answer["job_records"]:
            for job in record["jobs"]:
                job.pop("signed_url", None)
        answer.pop("signed_url", None)
        return answer

    with Sandbox(tmp_path, clock=clock) as sandbox:
        mv = Mv(sandbox, clock)
        running, done = mv.made(), mv.finished()
        new = mv.edit(done, newest(mv.query(done))[3]).json()["id"]
        clock.now += 20
        told = [*(seen(mv, id) for id in (running, done, new))]
    with Sandbox(tmp_path, speed=50, clock=clock) as sandbox:
        mv = Mv(sandbox, clock)
        assert [*(seen(mv, id) for id in (running, done, new))] == told
        clock.now += A_JOB
        job = shots(mv.query(done))[3]["jobs"][-1]
        assert facts(mv.film(job["signed_url"])) == Facts(("h264",), 1280, 720, 10)


def test_a_spoiled_shot_ends_the_whole_as_failed_and_the_other_shots_are_good(mv: Mv) -> None:
    answer = mv.query(spoiled(mv, reason="AuditSubmitIllegal"))

    assert (answer["state"], answer["err_code"]) == ("failed", "AuditSubmitIllegal")
    assert answer["err_msg"]
    assert ("signed_url" in answer, films(answer)) == (False, [])
    assert takes(answer) == [["success"], ["success"], ["failed"], *[["success"]] * 3]
    job = shots(answer)[2]["jobs"][0]
    assert (job["err_code"], "signed_url" in job) == ("AuditSubmitIllegal", False)
    assert facts(mv.film(shots(answer)[5]["jobs"][0]["signed_url"])).seconds == 10
    assert [task["state"] for task in mv.stats()["tasks"]] == ["failed"]


def test_it_goes_on_with_the_other_shots_before_it_fails(mv: Mv) -> None:
    mv.spoil({"kind": "media", "index": 0})
    states = [(answer["state"], str(takes(answer)).count("success")) for answer in mv.walk(mv.made(), 5, 720)]

    assert {count for state, count in states if state == "processing"} == {0, 1, 2, 3, 4, 5}
    assert {count for state, count in states if state == "failed"} == {5}


def test_a_shot_that_is_not_there_spoils_nothing(mv: Mv) -> None:
    assert mv.query(spoiled(mv, index=6))["state"] == "success"


@pytest.mark.parametrize("index", [0, 2, 5])
def test_the_spoiled_shot_is_edited_and_the_film_composed_of_the_newest_takes(mv: Mv, index: int) -> None:
    id = spoiled(mv, index)
    before = newest(mv.query(id))
    job = mv.edit(id, before[index], "the same street by day").json()["id"]
    mv.clock.now += A_JOB
    edited = mv.query(id)

    record = shots(edited)[index]
    assert takes(edited)[index] == ["failed", "success"]
    assert [one["id"] for one in record["jobs"]] == [before[index], job]
    assert record["jobs"][1]["mv_generate_video_input"]["prompt"] == "the same street by day"
    assert (edited["state"], "signed_url" in edited) == ("failed", False)

    film = mv.compose(id, *newest(edited)).json()["id"]
    mv.clock.now += A_JOB
    composed = mv.query(id)
    assert [(one["id"], one["state"]) for one in films(composed)] == [(film, "success")]
    assert (composed["state"], "signed_url" in composed) == ("failed", False)
    mv.clock.now += OLD_FILM
    assert mv.query(id)["state"] == "success"
    assert "err_code" not in mv.query(id)
    assert facts(mv.film(mv.query(id)["signed_url"])) == Facts(("h264", "aac"), 1280, 720, 60)
    assert [(task["task_type"], task["state"]) for task in mv.stats()["tasks"]] == [
        ("music_video", "failed"),
        ("music_video_shot", "done"),
        ("music_video_compose", "done"),
    ]


def test_while_an_edit_and_a_composing_go_on_the_whole_shows_its_old_state_and_film(mv: Mv) -> None:
    id = mv.finished(audio_url="https://example.com/song-20s.mp3", resolution="540p")
    old = mv.film(mv.query(id)["signed_url"])
    jobs = newest(mv.query(id))
    mv.edit(id, jobs[0])
    mv.compose(id, *jobs)

    states = []
    for answer in mv.walk(id, 3, 180):
        states.append((takes(answer)[0][-1], films(answer)[-1]["state"]))
        assert (answer["state"], len(films(answer)), len(takes(answer)[0])) == ("success", 2, 2)
        new = films(answer)[-1]
        fresh = mv.film(answer["signed_url"]) != old
        assert not fresh or new["state"] == "success"
    assert (
        {edit for edit, _ in states} == {film for _, film in states} == {"created", "processing", "success"}
    )
    assert fresh


def test_the_old_films_link_stays_for_a_minute_after_the_new_film_is_ready(mv: Mv) -> None:
    id = mv.finished(audio_url="https://example.com/song-20s.mp3", resolution="540p")
    film = mv.compose(id, *newest(mv.query(id))).json()["id"]
    ready, shown = [], []
    for answer in mv.walk(id, 1, 180):
        new = films(answer)[-1]
        ready.append(new["state"] == "success")
        shown.append(film in answer["signed_url"])

    assert 30 <= ready.index(True) <= 61
    assert shown.index(True) - ready.index(True) in (60, 61)
    assert mv.film(films(mv.query(id))[0]["signed_url"]) != mv.film(films(mv.query(id))[1]["signed_url"])


def test_several_edits_of_a_shot_stand_in_their_order(mv: Mv) -> None:
    id = mv.finished()
    jobs = newest(mv.query(id))
    for prompt in ("one", "two", "three"):
        assert mv.edit(id, jobs[4], prompt).status_code == 200
        mv.clock.now += A_JOB

    prompts = [job["mv_generate_video_input"]["prompt"] for job in shots(mv.query(id))[4]["jobs"]]
    assert prompts[1:] == ["one", "two", "three"]
    assert prompts[0] not in prompts[1:]
    assert [len(record["jobs"]) for record in shots(mv.query(id))] == [1, 1, 1, 1, 4, 1]


@pytest.mark.parametrize("seconds", [0, 300, 500])
def test_before_the_first_run_has_ended_nothing_is_edited_or_composed(mv: Mv, seconds: int) -> None:
    id = mv.made()
    mv.clock.now += seconds
    first = str(int(id) + 1)

    assert refused(mv.edit(id, first)) == (400, "OperationInProcess")
    assert refused(mv.compose(id, first)) == (400, "OperationInProcess")


def test_a_shot_is_made_once_at_a_time_and_others_beside_it(mv: Mv) -> None:
    id = mv.finished()
    jobs = newest(mv.query(id))
    new = mv.edit(id, jobs[1]).json()["id"]

    assert refused(mv.edit(id, jobs[1])) == (400, "OperationInProcess")
    assert refused(mv.edit(id, new)) == (400, "OperationInProcess")
    assert mv.edit(id, jobs[0]).status_code == 200
    mv.clock.now += A_JOB
    assert mv.edit(id, new).status_code == 200


def test_an_edit_names_a_shot_of_this_music_video(mv: Mv) -> None:
    id, other = mv.finished(), mv.finished()
    film = films(mv.query(id))[0]["id"]
    composed = mv.compose(id, *newest(mv.query(id))).json()["id"]
    for job in (id, film, composed, newest(mv.query(other))[0], "1", str(int(id) + 99)):
        assert refused(mv.edit(id, job)) == (400, "FieldInvalid")
    assert refused(mv.edit(id, "")) == (400, "FieldInvalid")
    assert refused(mv.edit(id, newest(mv.query(id))[0], " ")) == (400, "FieldInvalid")
    assert refused(mv.edit(id, newest(mv.query(id))[0], "x" * 3001)) == (400, "FieldInvalid")


def test_a_composing_takes_good_shots_of_this_music_video_each_once(mv: Mv) -> None:
    id, other = spoiled(mv), mv.finished()
    good = newest(mv.query(id))
    failed = good.pop(2)
    running = mv.edit(id, good[0]).json()["id"]
    tried = {
        "a failed one": ([*good, failed], "BadRequest"),
        "one that is being made": ([running, *good[1:]], "BadRequest"),
        "a stranger's": ([*good, newest(mv.query(other))[2]], "FieldInvalid"),
        "a film": ([films(mv.query(other))[0]["id"]], "FieldInvalid"),
        "the whole": ([id], "FieldInvalid"),
        "nothing known": (["id1"], "FieldInvalid"),
        "one twice": ([*good, good[0]], "FieldInvalid"),
        "none": ([], "FieldItemCountOutOfRange"),
    }
    said = {name: refused(mv.compose(id, *ids)) for name, (ids, _) in tried.items()}

    assert said == {name: (400, reason) for name, (_, reason) in tried.items()}
    assert refused(mv.compose(other, films(mv.query(other))[0]["id"])) == (400, "FieldInvalid")
    assert mv.compose(id, *good).status_code == 200
    assert [task["task_type"] for task in mv.stats()["tasks"]].count("music_video_compose") == 1


def test_a_film_of_some_shots_is_as_long_as_they_are(mv: Mv) -> None:
    id = mv.finished(audio_url="https://example.com/song-33s.mp3", resolution="540p")
    jobs = newest(mv.query(id))
    mv.compose(id, *jobs[:2])
    mv.clock.now += A_JOB

    [first, second] = films(mv.query(id))
    assert facts(mv.film(first["signed_url"])).seconds == 33
    assert facts(mv.film(second["signed_url"])).seconds == 22


def test_a_film_of_all_shots_is_as_long_as_the_song_to_the_tenth(mv: Mv) -> None:
    id = mv.finished(audio_url="https://example.com/song-21.4s.mp3", resolution="540p")
    mv.compose(id, *reversed(newest(mv.query(id))))
    mv.clock.now += A_JOB

    assert [facts(mv.film(film["signed_url"])).seconds for film in films(mv.query(id))] == [21.4, 21.4]


def test_a_query_by_any_of_its_jobs_answers_about_the_music_video(mv: Mv) -> None:
    id = mv.finished()
    jobs = newest(mv.query(id))
    edit, film = mv.edit(id, jobs[0]).json()["id"], mv.compose(id, *jobs).json()["id"]

    for job in [*jobs, films(mv.query(id))[0]["id"], edit, film]:
        assert mv.query(job)["id"] == id
    assert mv.query(id)["id"] == id


def test_what_nobody_made_and_what_somebody_else_made_is_not_found(mv: Mv) -> None:
    id = mv.finished()
    jobs = newest(mv.query(id))
    stranger = Mv(mv.sandbox, mv.clock, OTHER_KEY)
    for name, known in ((mv, False), (stranger, True)):
        for one in (id, jobs[0]) if known else ("1", "x", str(int(id) + 8), str(int(id) + 999)):
            assert refused(name.send("GET", f"{BASE}/{one}")) == (404, "TaskNotFound")
    assert refused(stranger.edit(id, jobs[0])) == (404, "TaskNotFound")
    assert refused(stranger.compose(id, *jobs)) == (404, "TaskNotFound")
    assert refused(mv.edit(jobs[0], jobs[0])) == (404, "TaskNotFound")  # the path wants the whole


def test_an_edit_and_a_composing_are_tasks_with_prices_of_their_own(mv: Mv) -> None:
    id = mv.finished(audio_url="https://example.com/song-33s.mp3")
    jobs = newest(mv.query(id))
    mv.edit(id, jobs[0])
    mv.compose(id, *jobs)

    tasks = mv.stats()["tasks"]
    assert [(task["task_type"], task["points"]) for task in tasks] == [
        ("music_video", 330),
        ("music_video_shot", 110),
        ("music_video_compose", 20),
    ]
    assert [task["state"] for task in tasks] == ["done", "running", "running"]
    assert [task["body"].get("job_ids") for task in tasks] == [None, None, jobs]


def test_a_failed_edit_costs_nothing_in_the_end_and_the_old_take_stays_good(mv: Mv) -> None:
    id = mv.finished()
    jobs = newest(mv.query(id))
    mv.spoil({"kind": "media", "index": 0, "reason": "TaskPromptPolicyViolation"})
    mv.edit(id, jobs[3])
    assert mv.stats()["points_charged"] == 700
    mv.clock.now += A_JOB
    answer = mv.query(id)

    assert takes(answer)[3] == ["success", "failed"]
    assert shots(answer)[3]["jobs"][1]["err_code"] == "TaskPromptPolicyViolation"
    assert (answer["state"], mv.stats()["points_charged"]) == ("success", 600)
    assert mv.compose(id, *jobs).status_code == 200


def test_a_failed_composing_changes_nothing(mv: Mv) -> None:
    id = mv.finished()
    mv.spoil({"kind": "media", "index": 0})
    mv.compose(id, *newest(mv.query(id)))
    mv.clock.now += LONG
    answer = mv.query(id)

    assert [film["state"] for film in films(answer)] == ["success", "failed"]
    assert (answer["state"], id in answer["signed_url"]) == ("success", True)


def test_one_that_is_stuck_never_ends(mv: Mv) -> None:
    mv.spoil({"kind": "stuck"})
    id = mv.made()
    done = mv.finished()
    mv.spoil({"kind": "stuck"})
    mv.edit(done, newest(mv.query(done))[0])
    mv.clock.now += 100 * LONG

    assert mv.query(id)["state"] == "processing"
    assert takes(mv.query(done))[0] == ["success", "processing"]


def test_ordered_faults_change_the_size_and_the_price(mv: Mv) -> None:
    mv.spoil({"kind": "deliver", "width": 320, "height": 180})
    mv.spoil({"kind": "charge", "points": 999})
    answer = mv.query(mv.finished())

    assert facts(mv.film(answer["signed_url"])) == Facts(("h264", "aac"), 320, 180, 60)
    assert mv.stats()["points_charged"] == 999


def test_a_query_can_be_answered_about_somebody_elses(mv: Mv) -> None:
    id = mv.made()
    edited = mv.finished()
    shot = newest(mv.query(edited))[0]
    job = mv.edit(edited, shot).json()["id"]
    for asked in (id, edited, shot, job):
        mv.fault("detail", {"kind": "other_task"})
        answer = mv.query(asked)
        assert answer["id"] not in (id, edited, job)
        assert answer["state"] == "success"
        assert facts(mv.film(answer["signed_url"])).seconds == 60
    assert mv.query(id)["id"] == id


def test_every_query_hands_out_a_fresh_link_that_lives_a_day(mv: Mv) -> None:
    id = mv.finished()
    link = mv.query(id)["signed_url"]
    mv.clock.now += 24 * 3600 - 1
    assert mv.http.get(link, timeout=20).status_code == 200
    mv.clock.now += 2

    assert mv.http.get(link, timeout=5).status_code == 403
    fresh = mv.query(id)["signed_url"]
    assert fresh != link
    assert mv.http.get(fresh, timeout=20).status_code == 200
    assert mv.http.get(fresh.replace("film", "shot-1"), timeout=5).status_code == 403


def test_the_alternate_host_serves_the_same(mv: Mv) -> None:
    id = mv.made()

    assert Mv(mv.sandbox, mv.clock, listener="alternate").query(id)["id"] == id
    assert mv.stats()["requests"] == {"create": 1, "detail": 1, "cancel": 0, "file": 0, "unknown": 0}


def test_what_is_bought_counts_as_create_and_what_is_asked_as_detail(mv: Mv) -> None:
    id = mv.finished()
    jobs = newest(mv.query(id))
    mv.edit(id, jobs[0], "by day")
    mv.compose(id, *jobs)

    stats = mv.stats()
    assert (stats["requests"]["create"], stats["requests"]["detail"], stats["accepted"]) == (3, 1, 3)
    assert stats["creates"] == {"a night drive": 1, "by day": 1}
    assert stats["charged"] == {KEY[-4:]: stats["points_charged"]}
