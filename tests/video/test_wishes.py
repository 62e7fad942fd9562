"""What stops before anything is sent, with what would pass; what has no effect; and what goes along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio import clips
from twins.mv_vendor import song
from video.stage import CLIP, PICTURE, SOUND, Stage, noise, png, said

TEXT = ("--task-type", "text_to_video", "--prompt", "a lighthouse")
Q2 = (*TEXT, "--model", "viduq2")
Q1 = (*TEXT, "--model", "viduq1")
Q3 = (*TEXT, "--model", "viduq3-turbo")
REFERENCES = ("--task-type", "reference_to_video", "--prompt", "a lighthouse", "--input-images")


# --- files ------------------------------------------------------------------------------------------------


def test_over_the_limit_of_one_request_it_says_what_would_pass(stage: Stage, tmp_path: Path) -> None:
    heavy = [noise(tmp_path, f"{n}.png", 1560) for n in range(2)]  # 7.3 MB each
    assert all(7e6 < Path(path).stat().st_size < 10e6 for path in heavy)
    stopped = stage.stops("make", *REFERENCES, *heavy)

    assert (stopped["error"]["kind"], stopped["done"]) == ("too_much_input", True)
    assert "takes 14 MB at most" in stopped["error"]["message"]
    assert "Make each smaller than 7 MB, or give public https links." in stopped["error"]["detail"]
    assert "at most 14 MB" in said(stopped)
    stage.done("start", *REFERENCES, heavy[0], PICTURE)
    assert stage.creates == 1


def test_one_picture_over_its_own_limit_says_that_limit(stage: Stage, tmp_path: Path) -> None:
    stopped = stage.stops("make", *REFERENCES, noise(tmp_path, "big.png", 1900))
    assert (stopped["error"]["kind"], "(at most 10 MB is taken)" in stopped["error"]["message"]) == (
        "bad_input_file",
        True,
    )


@pytest.mark.parametrize(
    ("words", "size"),
    [
        (REFERENCES, (100, 200)),
        (REFERENCES, (2000, 300)),
        (("--input-video", CLIP, "--input-images"), (290, 400)),
        (("--input-video", CLIP, "--input-images"), (900, 350)),
    ],
    ids=["too small", "too narrow", "too small for kling", "too narrow for kling"],
)
def test_a_picture_of_a_wrong_shape_stops(
    stage: Stage, tmp_path: Path, words: tuple[str, ...], size: tuple[int, int]
) -> None:
    stopped = stage.stops("make", *words, png(tmp_path, size=size))
    assert stopped["error"]["kind"] == "bad_input_file"
    assert f"{size[0]}×{size[1]}" in stopped["error"]["message"]


def test_frames_that_differ_in_size_stop(stage: Stage, tmp_path: Path) -> None:
    frames = [png(tmp_path, "a.png", (640, 360)), png(tmp_path, "b.png", (640, 640))]
    stopped = stage.stops("make", "--task-type", "first_last_frame_to_video", "--input-images", *frames)
    assert (stopped["error"]["kind"], "1.78 times" in stopped["error"]["message"]) == (
        "unlike_pictures",
        True,
    )
    assert "Crop or scale" in stopped["error"]["detail"]


@pytest.mark.parametrize("kind", ["clip", "sound"])
def test_kling_fetches_clip_and_sound_itself_so_a_local_one_stops_with_the_reason(
    stage: Stage, tmp_path: Path, kind: str
) -> None:
    local = tmp_path / "local.mp3"
    local.write_bytes(song("mp3", 3))
    flag = "--input-video" if kind == "clip" else "--input-audio"
    stopped = stage.stops("make", "--model", "Kling", "--input-images", PICTURE, flag, str(local))

    assert (stopped["error"]["kind"], stopped["error"]["retry"]) == ("link_needed", "after_change")
    assert "this can only be fetched from a public link" in stopped["error"]["message"]
    assert said(stopped).startswith("💬 I need this as a public link")


def test_an_avatar_speaks_words_or_with_a_sound_and_never_both(stage: Stage) -> None:
    words = ("--task-type", "avatar", "--input-images", PICTURE)
    neither = stage.stops("make", *words)
    both = stage.stops("make", *words, "--input-audio", SOUND, "--set", "text=hello")
    assert neither["error"]["kind"] == both["error"]["kind"] == "text_or_sound"
    assert "I need one of the two" in said(neither)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--task-type", "image_to_video", "--prompt", "x"), "1 picture with --input-images, not none"),
        ((*REFERENCES, *5 * (PICTURE,)), "1 to 4 pictures with --input-images, not 5 pictures"),
        (("--task-type", "first_last_frame_to_video", "--input-images", PICTURE), "2 pictures"),
        ((*TEXT, "--input-images", PICTURE), "takes no files"),
    ],
)
def test_the_wrong_number_of_files_stops(stage: Stage, words: tuple[str, ...], wanted: str) -> None:
    stopped = stage.stops("make", *words)
    assert (stopped["error"]["kind"], wanted in stopped["error"]["message"]) == ("bad_inputs", True)


# --- options ----------------------------------------------------------------------------------------------


def test_an_option_without_effect_stops_and_names_who_has_it(stage: Stage) -> None:
    stopped = stage.stops("make", *Q3, "--set", "style=anime")
    assert stopped["error"]["kind"] == "unsupported_option"
    assert "only viduq1 listens to it" in stopped["error"]["message"]
    assert [row["id"] for row in stopped["alternatives"]] == ["viduq1"]
    assert "Vidu Q1" in said(stopped)


def test_what_it_is_anyway_may_be_said_is_not_sent_and_is_shown_as_dropped(stage: Stage) -> None:
    document = stage.done("make", "--dry-run", *Q3, "--set", "style=general", "--set", "bgm=false")
    assert document["applied"]["dropped"] == {"style": "general", "bgm": "false"}
    assert not {"style", "bgm", "movement_amplitude"} & set(document["request"]["json"])


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ((*Q2, "--duration", "9", "--set", "bgm=true"), "background music has no effect at 9 or 10 seconds"),
        ((*Q3, "--set", "bgm=true"), "viduq3 adds no music"),
        ((*Q2, "--set", "audio=true"), "only viduq3-pro and viduq3-turbo make sound"),
        ((*Q1, "--resolution", "720p"), "does not make resolution 720p"),
        ((*Q1, "--duration", "8"), "does not make duration 8"),
        ((*Q1, "--aspect-ratio", "3:4"), "does not make aspect_ratio 3:4"),
        ((*Q2, "--duration", "11"), "does not make duration 11"),
        ((*Q3, "--duration", "17"), "does not make duration 17"),
        ((*Q3, "--set", "seed=-1"), "seed"),
        ((*Q3, "--set", "fps=24"), "fps"),
        ((*Q3, "--n", "2"), "does not make 2 at a time"),
        ((*Q3, "--callback-url", "http://example.com/tell"), "--callback-url"),
        (("--input-images", PICTURE, "--input-video", CLIP, "--set", "mode=best"), "mode best"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, tuple) else "",
)
def test_what_a_model_cannot_do_stops_before_anything_is_sent(
    stage: Stage, words: tuple[str, ...], asked: str
) -> None:
    stopped = stage.stops("make", *words)
    assert stopped["error"]["kind"] in {"unsupported_option", "misnamed_option", "bad_link"}
    assert asked in stopped["error"]["message"]
    assert sum(stage.requests.values()) == 0


def test_music_below_nine_seconds_is_bought(stage: Stage) -> None:
    document = stage.done("make", *Q2, "--duration", "2", "--resolution", "540p", "--set", "bgm=true")
    assert (stage.sent["bgm"], stage.stats["ignored"]) == (True, {})
    assert document["cost"]["charged"] == 4


def test_q1_is_5_seconds_at_1080p_without_being_asked_for(stage: Stage) -> None:
    document = stage.done("make", "--dry-run", *Q1)
    sent: Any = document["request"]["json"]
    assert (sent["resolution"], sent["duration"], document["cost"]["quoted"]) == ("1080p", 5, 40)


@pytest.mark.parametrize(
    "words",
    [
        ("--task-type", "image_to_video", "--prompt", "a lighthouse", "--input-images", PICTURE),
        ("--input-images", PICTURE, "--input-video", CLIP, "--accept-unknown-price"),
        ("--task-type", "avatar", "--input-images", PICTURE, "--set", "text=hi", "--accept-unknown-price"),
    ],
    ids=["vidu", "motion", "avatar"],
)
def test_a_callback_url_is_passed_through(stage: Stage, words: tuple[str, ...]) -> None:
    stage.config("[gateways.imagine-future]\naccept_unknown_price = true\n")
    stage.done("start", *words, "--callback-url", "https://example.com/tell?me=1")
    assert stage.sent["callback_url"] == "https://example.com/tell?me=1"


def test_a_prompt_that_is_too_long_stops(stage: Stage) -> None:
    stopped = stage.stops("make", "--task-type", "text_to_video", "--prompt", 5001 * "a")
    assert stopped["error"]["kind"] == "prompt_too_long"
    assert "at most 5000 letters" in said(stopped)


# --- money ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "quoted", "basis"),
    [
        (Q3, 20, ""),
        ((*Q3, "--duration", "7"), 28, "per second"),
        ((*Q3, "--resolution", "540p"), 10, "inferred"),
        ((*TEXT, "--model", "q3 pro", "--resolution", "1080p", "--duration", "16"), 256, ""),
        (("--model", "viduq2", "--input-images", PICTURE, PICTURE), None, "unknown"),
    ],
)
def test_the_price_and_how_sure_it_is(
    stage: Stage, words: tuple[str, ...], quoted: int | None, basis: str
) -> None:
    cost = stage.done("quote", *words)["cost"]
    assert cost["quoted"] == quoted
    assert cost["basis"].removeprefix("table of 2026-05-08").removeprefix(", ") == basis


def test_a_dear_video_is_asked_about_first(stage: Stage) -> None:
    asked = stage.run("make", *TEXT, "--model", "q3 pro", "--resolution", "1080p", "--duration", "8")
    assert (asked.code, asked.error["kind"], stage.creates) == (12, "needs_approval", 0)
    assert "128 credits" in said(asked.document)


def test_another_price_than_the_tables_is_told(stage: Stage) -> None:
    stage.fault("create", "charge", points=80)
    document = stage.done("make", *TEXT, "--model", "q3 pro", "--resolution", "540p", "--duration", "1")
    assert (document["cost"]["quoted"], document["cost"]["charged"]) == (4, 80)
    assert document["difference"] == [{"what": "price", "before": 4, "after": 80}]
    assert "💬 80 was charged, not 4." in said(document)


@pytest.mark.parametrize(
    "words", [("--input-images", PICTURE, "--input-video", CLIP), ("--model", "viduq2", *REFERENCES, PICTURE)]
)
def test_a_price_that_is_not_known_is_never_bought_by_yes_alone(stage: Stage, words: tuple[str, ...]) -> None:
    made = stage.run("make", *words, "--yes", "--max-credits", "1000")
    assert (made.code, made.error["kind"], stage.creates) == (12, "needs_approval", 0)


# --- rehearsals -------------------------------------------------------------------------------------------


def test_a_rehearsal_with_videos_needs_one_more_package_and_says_how_to_get_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "can_measure", lambda: False)
    for words in (("--sandbox",), ("--sandbox", "--speed", "100")):
        stopped = stage.stops("make", *TEXT, *words)
        assert stopped["error"]["kind"] == "av_needed"
        assert '-m pip install "av>=14"' in stopped["error"]["detail"]
    stage.done("quote", *TEXT)


def test_without_that_package_a_video_is_bought_and_its_size_is_not_known(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "can_measure", lambda: False)
    document = stage.done("make", *TEXT, "--resolution", "540p", "--duration", "1")
    (output,) = document["outputs"]
    assert (output["width"], output["height"], output["seconds"]) == (None, None, None)
    assert said(document).startswith("✅ Your video is ready: Vidu Q3 Turbo.")
