"""One-click MV as the document prints it: every example is taken, every printed shape is what comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from sandbox import Sandbox
from twins import mv_printed as printed
from twins.films import Facts, facts
from twins.ima_vendor import Clock
from twins.mv_vendor import A_JOB, Mv, films, newest, shots


@pytest.fixture
def mv(clock: Clock) -> Iterator[Mv]:
    with Sandbox(clock=clock) as sandbox:
        yield Mv(sandbox, clock)


def shape(value: Any) -> Any:
    """Names and types; of a list those of its elements."""
    if isinstance(value, dict):
        return {name: shape(inside) for name, inside in value.items()}
    return [shape(inside) for inside in value] if isinstance(value, list) else type(value).__name__


def test_the_printed_examples_are_taken_one_after_the_other(mv: Mv) -> None:
    made = mv.send("POST", printed.BASE, printed.CREATE)
    mv.clock.now += 3600
    id = made.json()["id"]
    jobs = newest(mv.query(id))
    edited = mv.send("POST", f"{printed.BASE}/{id}/edit", {**printed.EDIT, "job_id": jobs[0]})
    composed = mv.send("POST", f"{printed.BASE}/{id}/compose", {"job_ids": jobs})

    assert [answer.status_code for answer in (made, edited, composed)] == [200, 200, 200]
    assert [shape(answer.json()) for answer in (made, edited, composed)] == [shape(printed.MADE)] * 3
    assert len(jobs) == len(printed.COMPOSE["job_ids"])
    assert len({answer.json()["id"] for answer in (made, edited, composed)}) == 3
    assert mv.stats()["ignored"] == {"one-click-mv duration": 1}  # it stands in no table


def test_a_finished_one_has_the_printed_fields_and_no_others(mv: Mv) -> None:
    answer = mv.query(mv.finished(audio_url="https://example.com/song-10s.mp3"))

    assert shape(answer) == shape(printed.QUERY)
    assert (answer["type"], answer["state"]) == ("mv", "success")
    assert [record["type"] for record in answer["job_records"]] == ["generate_video", "compose"]
    assert list(answer) == list(printed.QUERY)
    assert list(answer["job_records"][0]["jobs"][0]) == list(printed.SHOT_JOB)


def test_several_shots_are_several_records_and_the_films_are_one(mv: Mv) -> None:
    id = mv.finished()
    first = mv.query(id)
    mv.edit(id, newest(first)[2])
    mv.compose(id, *newest(first))
    mv.clock.now += A_JOB
    answer = mv.query(id)

    assert [record["index"] for record in shots(answer)] == [0, 1, 2, 3, 4, 5]
    assert [len(record["jobs"]) for record in answer["job_records"]] == [1, 1, 2, 1, 1, 1, 2]
    for record in answer["job_records"]:
        like = printed.COMPOSE_JOB if record["type"] == "compose" else printed.SHOT_JOB
        assert set(record) == {"type", "jobs", "index"}
        assert [shape(job) for job in record["jobs"]] == [shape(like)] * len(record["jobs"])
        assert {(job["type"], job["index"]) for job in record["jobs"]} == {(record["type"], record["index"])}


def test_ids_are_digits_and_the_time_is_written_as_printed(mv: Mv) -> None:
    mv.clock.now = 1_766_544_694.07065
    answer = mv.query(mv.made())

    assert re.fullmatch("[0-9]{18}", answer["id"])
    assert answer["created_at"] == printed.QUERY["created_at"]
    assert datetime.fromisoformat(answer["created_at"]).astimezone(timezone.utc).year == 2025


def test_every_state_is_one_of_the_documents_words(mv: Mv) -> None:
    mv.spoil({"kind": "media", "index": 1})
    states: list[str] = []
    jobs: list[str] = []
    for answer in mv.walk(mv.made(), 3, 750):
        states.append(answer["state"])
        jobs += [job["state"] for record in answer["job_records"] for job in record["jobs"]]

    assert list(dict.fromkeys(states)) == ["created", "processing", "failed"]
    assert set(jobs) == set(printed.STATES)


@pytest.mark.parametrize(
    ("resolution", "ratio", "pixels"),
    [
        (None, None, (1280, 720)),
        ("540p", "16:9", (960, 540)),
        ("720p", "9:16", (720, 1280)),
        ("720p", "1:1", (720, 720)),
        ("1080p", "4:3", (1440, 1080)),
        ("1080p", "3:4", (1080, 1440)),
    ],
)
def test_the_films_have_the_size_and_length_that_were_asked_for(
    mv: Mv, resolution: str | None, ratio: str | None, pixels: tuple[int, int]
) -> None:
    song = "https://example.com/song-12.5s.mp3"
    answer = mv.query(mv.finished(resolution=resolution, aspect_ratio=ratio, audio_url=song))
    [shot] = shots(answer)
    seconds = shot["jobs"][0]["mv_generate_video_input"]["duration"]

    assert facts(mv.film(answer["signed_url"])) == Facts(("h264", "aac"), *pixels, 12.5)
    assert facts(mv.film(shot["jobs"][0]["signed_url"])) == Facts(("h264",), *pixels, seconds)
    assert facts(mv.film(films(answer)[0]["signed_url"])).seconds == 12.5


@pytest.mark.parametrize(("seconds", "count"), [(10, 1), (14, 1), (15, 2), (60, 6), (97, 10), (180, 18)])
def test_the_shots_together_are_as_long_as_the_song(mv: Mv, seconds: int, count: int) -> None:
    found = shots(mv.query(mv.finished(audio_url=f"https://example.com/song-{seconds}s.mp3")))
    lengths = [record["jobs"][0]["mv_generate_video_input"]["duration"] for record in found]

    assert (len(lengths), sum(lengths)) == (count, seconds)
    assert all(isinstance(length, int) for length in lengths)


def test_of_a_song_of_more_than_three_minutes_there_are_the_shots_and_no_film(mv: Mv) -> None:
    id = mv.finished(audio_url="https://example.com/song-181s.mp3")
    answer = mv.query(id)

    assert (answer["state"], "signed_url" in answer, films(answer)) == ("success", False, [])
    assert [record["jobs"][0]["state"] for record in shots(answer)] == ["success"] * 18
    assert mv.compose(id, *newest(answer)).status_code == 400


def test_nothing_in_an_answer_names_credits(mv: Mv) -> None:
    created = mv.create(lip_sync=True)
    mv.clock.now += 3600
    id = created.json()["id"]
    answers = [created, mv.send("GET", f"{printed.BASE}/{id}"), mv.edit(id, newest(mv.query(id))[0])]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert not any("credit" in answer.text.lower() or "price" in answer.text.lower() for answer in answers)
