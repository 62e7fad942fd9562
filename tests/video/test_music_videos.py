"""A music video by command: how it goes, what of it is there where a shot failed, and what a long song is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twins.mv_vendor import song
from video.films import REASON, agree, bought, made, shots, takes
from video.stage import LONG_SONG, PICTURE, SONG, Film, Stage, film, png, said

SONG_OF_30 = "https://example.com/song-300s.mp3"


@pytest.fixture(autouse=True)
def _agreed(stage: Stage) -> None:
    agree(stage)


def test_it_is_one_film_with_its_shots(stage: Stage) -> None:
    done = made(stage)
    document = done.document

    assert (done.code, document["state"], len(document["outputs"])) == (0, "done", 1)
    assert film(document["outputs"][0]["path"]) == Film(("h264", "aac"), (960, 540), 50.0)
    assert shots(document) == [(n, "success", ids[0]) for n, ids in takes(stage).items()]
    assert [shot["seconds"] for shot in document["shots"]] == [10.0] * 5
    assert all(shot["prompt"] and shot["lyric"] and shot["url"] for shot in document["shots"])
    assert document["cost"] == {"unit": "credits", "quoted": None, "charged": None, "basis": "unknown"}


def test_how_far_it_is_is_told_in_shots(stage: Stage) -> None:
    job = bought(stage, song=SONG_OF_30).document["job"]
    seen: list[Any] = []
    while not (document := stage.done("wait", job, "--max-wait", "55"))["done"]:
        seen.append(document)

    seen = [one for one in seen if one["parts"]]
    parts = [tuple(one["parts"]) for one in seen]
    assert parts == sorted(parts)
    assert len({good for good, of in parts if of == 30}) >= 8
    assert [one["percent"] for one in seen] == [min(95, 100 * good // of) for good, of in parts]
    (told,) = (one for one in seen if one["send"] and one["elapsed_s"] > 1000)
    assert said(told).startswith("⏳ {} of {} shots are done, 18 min".format(*told["parts"]))
    assert document["state"] == "done"
    assert stage.requests["detail"] < 100


def test_where_a_shot_failed_the_good_ones_are_there_and_the_bad_one_is_named(stage: Stage) -> None:
    done = made(stage, 3)
    document = done.document

    assert (done.code, done.error["kind"], done.error["charged"]) == (8, "shots_failed", "maybe")
    assert (document["state"], document["done"], document["outputs"]) == ("done", True, [])
    assert [(shot, state) for shot, state, _ in shots(document)] == [
        (1, "success"),
        (2, "success"),
        (3, "failed"),
        (4, "success"),
        (5, "success"),
    ]
    assert [bool(shot["url"]) for shot in document["shots"]] == [True, True, False, True, True]
    assert done.error["provider_code"] == REASON
    assert said(document).count("Still to do: shot 3.") == 1
    assert "✅" not in said(document)
    assert stage.creates == 1


def test_what_went_wrong_stays_on_record_and_is_told_once(stage: Stage) -> None:
    job = made(stage, 3).document["job"]
    again = stage.run("wait", job)
    assert (again.code, again.error["kind"]) == (8, "shots_failed")
    assert again.document["send"] == []
    shown = stage.run("show", job).document
    assert [shot["state"] for shot in shown["shots"]].count("success") == 4


def test_of_a_song_over_three_minutes_there_are_the_shots_and_no_film_and_both_are_said(stage: Stage) -> None:
    done = made(stage, song=LONG_SONG)
    document = done.document

    assert (done.code, document["state"], document["outputs"]) == (0, "done", [])
    assert len(document["shots"]) == 19
    assert [shot["state"] for shot in document["shots"]] == ["success"] * 19
    assert "19 shots of your film are ready" in said(document)
    assert "no film in one piece" in said(document)


def test_that_there_will_be_no_film_is_said_before_it_is_bought(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(song("mp3", 190))
    words = ("--task-type", "music_video", "--input-images", PICTURE, "--input-audio")
    assert "but no film in one piece" in said(stage.done("quote", *words, str(tmp_path / "song.mp3")))
    assert "but no film in one piece" not in said(stage.done("quote", *words, SONG))


def test_a_local_song_travels_with_the_request_and_its_length_is_looked_at(
    stage: Stage, tmp_path: Path
) -> None:
    (tmp_path / "song.mp3").write_bytes(song("mp3", 12))
    (tmp_path / "short.wav").write_bytes(song("wav", 8))
    words = ("--task-type", "music_video", "--input-images", png(tmp_path), "--accept-unknown-price")
    stopped = stage.stops("start", *words, "--input-audio", str(tmp_path / "short.wav"))
    assert (stopped["error"]["kind"], "10 to 300 s" in stopped["error"]["message"]) == ("bad_sound", True)
    stage.done("start", *words, "--input-audio", str(tmp_path / "song.mp3"))
    assert stage.sent["audio_url"].startswith("data:audio/mpeg;base64,")
    assert stage.sent["images"][0].startswith("data:image/png;base64,")


def test_every_field_goes_out_as_the_document_names_it(stage: Stage) -> None:
    fields = {
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "add_subtitle": True,
        "srt_url": "https://example.com/song.srt",
        "language": "en",
        "lip_sync": True,
        "callback_url": "https://example.com/tell",
    }
    own = {"aspect_ratio": "--aspect-ratio", "resolution": "--resolution", "callback_url": "--callback-url"}
    words: list[str] = []
    for name, value in fields.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        words += [own[name], text] if name in own else ["--set", f"{name}={text}"]
    made_of = (
        "--task-type",
        "music_video",
        "--input-images",
        PICTURE,
        "--input-audio",
        "https://example.com/a.mp3",
    )
    document = stage.done("make", "--dry-run", *made_of, "--prompt", "neon rain", *words)

    sent: Any = document["request"]["json"]
    assert sent == {
        "images": [PICTURE],
        "audio_url": "https://example.com/a.mp3",
        "prompt": "neon rain",
        **fields,
    }
    assert "4 credits for each second" in said(document)


def test_lip_sync_is_not_made_at_540p(stage: Stage) -> None:
    stopped = bought(stage, "--set", "lip_sync=true")
    assert (stopped.code, stopped.error["kind"], stage.creates) == (2, "unsupported_option", 0)
