"""One command for each thing that is made through imagine-future, what goes out, and what the files are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from video.stage import CLIP, PICTURE, SONG, SOUND, Film, Stage, film, png, said

PROMPT = "a lighthouse in a storm"
H264, WITH_SOUND = ("h264",), ("h264", "aac")
SMALL = ("--resolution", "540p", "--duration", "2")
ONE, THREE = ("--input-images", PICTURE), ("--input-images", *3 * (PICTURE,))
MADE: dict[str, tuple[tuple[str, ...], Film, int | None]] = {
    # words -> the file, and the price
    "text_to_video": (
        ("--task-type", "text_to_video", "--prompt", PROMPT),
        Film(WITH_SOUND, (1280, 720), 5.0),
        20,
    ),
    "image_to_video": (
        ("--task-type", "image_to_video", "--prompt", PROMPT, "--input-images", PICTURE, *SMALL),
        Film(WITH_SOUND, (960, 540), 2.0),
        4,
    ),
    "first_last_frame_to_video": (
        ("--task-type", "first_last_frame_to_video", "--input-images", PICTURE, PICTURE, *SMALL),
        Film(WITH_SOUND, (960, 540), 2.0),
        4,
    ),
    "reference_to_video": (
        ("--task-type=reference_to_video", "--prompt", PROMPT, *SMALL, "--aspect-ratio=9:16", *THREE),
        Film(WITH_SOUND, (540, 960), 2.0),
        4,
    ),
    "template_to_video": (
        ("--task-type=template_to_video", "--model=made-up-2", "--set", "template_id=hug", *SMALL, *ONE),
        Film(H264, (960, 540), 2.0),
        None,
    ),
    "motion_control": (
        ("--input-images", PICTURE, "--input-video", CLIP),
        Film(WITH_SOUND, (1280, 720), 4.0),
        None,
    ),
    "avatar": (
        ("--task-type", "avatar", "--input-images", PICTURE, "--set", "text=" + 30 * "a"),
        Film(WITH_SOUND, (1280, 720), 3.0),
        None,
    ),
    "avatar, with sound": (
        ("--input-images", PICTURE, "--input-audio", SOUND, "--set", "mode=pro"),
        Film(WITH_SOUND, (1920, 1080), 3.0),
        None,
    ),
    "music_video": (
        ("--task-type=music_video", *ONE, "--input-audio", SONG, "--resolution=540p", "--aspect-ratio=1:1"),
        Film(WITH_SOUND, (540, 540), 50.0),
        None,
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_a_video_is_bought_once_saved_and_is_what_was_asked_for(stage: Stage, name: str) -> None:
    words, facts, price = MADE[name]
    made = stage.run("make", *words)
    if price is None:
        assert (made.code, made.error["kind"], stage.creates) == (12, "needs_approval", 0)
        made = stage.carry_on(made.document)
    document = made.document

    assert (made.code, document["done"], document["task_type"]) == (0, True, name.partition(",")[0])
    assert document["cost"]["quoted"] == price
    (output,) = document["outputs"]
    assert film(output["path"]) == facts
    assert (output["kind"], output["mime"], output["bytes"]) == (
        "video",
        "video/mp4",
        Path(output["path"]).stat().st_size,
    )
    assert (output["width"], output["height"], round(output["seconds"], 1)) == (*facts.size, facts.seconds)
    assert [item["media"] for item in document["send"]] == [output["path"]]
    assert said(document).startswith("✅ Your video is ready")
    assert (stage.creates, len(stage.stats["tasks"])) == (1, 1)
    assert (stage.stats["refused"], stage.stats["ignored"]) == ({}, {})


def test_a_reference_picture_becomes_a_picture(stage: Stage) -> None:
    words = ("--task-type", "reference_to_image", "--model", "q3-fast", "--input-images", PICTURE)
    document = stage.done("make", *words, "--prompt", PROMPT)

    (output,) = document["outputs"]
    with Image.open(output["path"]) as image:
        assert (image.format, image.size) == ("PNG", (output["width"], output["height"]))
    assert (document["cost"]["quoted"], document["cost"]["charged"]) == (10, 10)
    assert document["model"]["id"] == stage.sent["model"] == "q3-fast"
    assert said(document).startswith("✅ Your picture is ready")


def test_two_frames_of_this_machine_travel_with_the_request_and_give_the_film_their_shape(
    stage: Stage, tmp_path: Path
) -> None:
    frames = [png(tmp_path, f"{colour}.png", (400, 300), colour) for colour in ("red", "navy")]
    document = stage.done(
        "make", "--task-type", "first_last_frame_to_video", "--input-images", *frames, *SMALL
    )

    assert film(document["outputs"][0]["path"]).size == (720, 540)
    assert [text[:22] for text in stage.sent["images"]] == ["data:image/png;base64,"] * 2


def test_a_picture_for_kling_travels_bare(stage: Stage, tmp_path: Path) -> None:
    words = ("--task-type", "avatar", "--input-images", png(tmp_path, size=(640, 480)), "--set", "text=hello")
    document = stage.carry_on(stage.run("make", *words).document).document

    assert film(document["outputs"][0]["path"]).size == (960, 720)
    assert stage.sent["image"].startswith("iVBOR")


@pytest.mark.parametrize(
    ("words", "task_type"),
    [
        (("--model", "q3", "--prompt", PROMPT), "ambiguous"),
        (("--model", "Vidu", "--prompt", PROMPT), "text_to_video"),
        (("--model", "Vidu", "--prompt", PROMPT, "--input-images", PICTURE), "image_to_video"),
        (("--model", "Vidu", "--input-images", PICTURE, PICTURE), "first_last_frame_to_video"),
        (("--model", "q3 pro", "--prompt", PROMPT, "--input-images", *3 * (PICTURE,)), "reference_to_video"),
        (("--model", "可灵", "--input-images", PICTURE, "--input-video", CLIP), "motion_control"),
        (("--model", "可灵", "--input-images", PICTURE, "--input-audio", SOUND), "avatar"),
        (("--model", "可灵", "--input-images", PICTURE, "--set", "text=hello"), "avatar"),
        (("--model", "MV", "--input-images", PICTURE, "--input-audio", SONG), "music_video"),
        (("--gateway", "imagine-future", "--prompt", PROMPT), "text_to_video"),
        (("--provider", "kling", "--input-images", PICTURE, "--input-audio", SOUND), "avatar"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_what_is_meant_is_read_from_the_inputs_and_the_model(
    stage: Stage, words: tuple[str, ...], task_type: str
) -> None:
    made = stage.run("quote", *words)
    if task_type == "ambiguous":
        assert (made.code, made.error["kind"]) == (2, "ambiguous_model")
        assert {row["id"] for row in made.document["alternatives"]} == {"viduq3-pro", "viduq3-turbo"}
    else:
        assert (made.code, made.document["task_type"]) == (0, task_type), made.stdout
    assert sum(stage.requests.values()) == 0


@pytest.mark.parametrize(
    ("task_type", "inputs"),
    [
        ("text_to_video", 0),
        ("image_to_video", 1),
        ("first_last_frame_to_video", 2),
        ("reference_to_video", 2),
    ],
)
def test_with_no_model_named_it_is_the_usual_one(stage: Stage, task_type: str, inputs: int) -> None:
    pictures = ("--input-images", *inputs * (PICTURE,)) if inputs else ()
    document = stage.done("quote", "--task-type", task_type, "--prompt", PROMPT, *pictures)
    sent: dict[str, Any] = {row["name"]: row["value"] for row in document["applied"]["parameters"]}

    assert (document["model"]["id"], document["chosen_by"]) == ("viduq3-turbo", "default")
    assert (sent["resolution"], sent["duration"], document["cost"]["quoted"]) == ("720p", 5, 20)


def test_kling_gets_no_name_of_a_model_unless_one_is_named(stage: Stage) -> None:
    words = ("make", "--dry-run", "--input-images", PICTURE, "--input-video", CLIP)
    assert "model_name" not in stage.done(*words)["request"]["json"]
    assert stage.done(*words, "--model", "可灵2.6")["request"]["json"]["model_name"] == "kling-v2-6"


@pytest.mark.parametrize("task_type", ["template_to_video", "reference_to_image"])
def test_where_no_model_is_known_one_has_to_be_named(stage: Stage, task_type: str) -> None:
    words = ("--task-type", task_type, "--prompt", PROMPT, "--input-images", PICTURE)
    stopped = stage.stops("make", *words)
    assert stopped["error"]["kind"] == "model_needed"
    assert "vendor's list" in said(stopped)


def test_a_template_has_to_be_named_and_goes_there_as_it_is_given(stage: Stage) -> None:
    words = ("--task-type", "template_to_video", "--model", "any-thing", "--input-images", PICTURE)
    assert stage.stops("make", *words)["error"]["kind"] == "option_needed"
    quote = stage.done("quote", *words, "--set", "template_id=hug")
    assert "just as you gave them" in said(quote)
    stage.carry_on(quote)
    assert (stage.sent["model"], stage.sent["template_id"]) == ("any-thing", "hug")
