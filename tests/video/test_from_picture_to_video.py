"""A picture made before becomes a video: with the video's own model and options, and words of its own."""

from __future__ import annotations

from typing import Any

import pytest

from video.stage import PICTURE, Stage, film, said

MOVES = ("--prompt", "the waves break")


@pytest.fixture
def picture(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A picture of IMA's, made with words, a size and a ratio that no video model has."""
    ima = stage.box.urls["ima"]
    monkeypatch.setenv("IMA_API_KEY", "ima_example_placeholder")
    monkeypatch.setenv("MEDIA_STUDIO_IMA_URL", ima["api"])
    monkeypatch.setenv("MEDIA_STUDIO_IMA_UPLOAD_URL", ima["upload"])
    words = (
        "--prompt",
        "a lighthouse",
        "--aspect-ratio",
        "4:3",
        "--model",
        "Nano Banana Pro",
        "--size",
        "2k",
    )
    return stage.done("make", *words)


@pytest.mark.parametrize("task_type", ["image_to_video", "reference_to_video"])
def test_a_picture_becomes_a_video_with_a_model_for_videos(
    stage: Stage, picture: Any, task_type: str
) -> None:
    words = ("--task-type", task_type, "--from-job", picture["job"], *MOVES)
    document = stage.done("make", *words, "--resolution", "540p")

    assert (document["model"]["id"], document["chosen_by"]) == ("viduq3-turbo", "default")
    assert document["requested"]["from_job"] == picture["job"]
    assert stage.sent["images"][0].startswith("data:image/png;base64,")
    assert stage.sent["prompt"] == MOVES[1]
    assert set(stage.sent) <= {
        "model",
        "images",
        "prompt",
        "duration",
        "resolution",
        "off_peak",
        "aspect_ratio",
    }
    assert film(document["outputs"][0]["path"]).size == (960, 540)


@pytest.mark.parametrize(
    "words", [("--model", "Vidu"), ("--task-type", "image_to_video"), ("--gateway", "imagine-future")]
)
def test_the_words_of_the_picture_are_not_those_of_the_video(
    stage: Stage, picture: Any, words: tuple[str, ...]
) -> None:
    stopped = stage.stops("make", "--from-job", "last", *words)
    assert stopped["error"]["kind"] == "missing_prompt"
    assert said(stopped).startswith("💬 What shall I make?")


def test_the_model_alone_says_that_it_is_to_be_a_video(stage: Stage, picture: Any) -> None:
    document = stage.done("quote", "--from-job", "last", "--model", "q3 pro", *MOVES)
    assert (document["task_type"], document["model"]["id"]) == ("image_to_video", "viduq3-pro")
    assert document["cost"]["quoted"] == 40


def test_a_second_frame_beside_it(stage: Stage, picture: Any) -> None:
    words = ("--task-type", "first_last_frame_to_video", "--from-job", "last", "--input-images", PICTURE)
    document = stage.done("quote", *words)
    assert document["requested"]["inputs"] == [picture["outputs"][0]["path"], PICTURE]


def test_another_picture_of_it_keeps_its_model_and_its_options(stage: Stage, picture: Any) -> None:
    document = stage.done("quote", "--from-job", "last", "--prompt", "at night")
    assert (document["task_type"], document["model"]["name"]) == ("image_to_image", "Nano Banana Pro")
    assert document["requested"]["options"] == {"size": "2k", "aspect_ratio": "4:3"}


def test_a_video_is_no_picture_to_start_from(stage: Stage, picture: Any) -> None:
    words = ("--task-type", "image_to_video", "--resolution", "540p", "--duration", "1", *MOVES)
    job = stage.done("make", *words, "--from-job", "last")["job"]
    stopped = stage.stops("make", *words, "--from-job", job)
    assert stopped["error"]["kind"] == "earlier_no_picture"


def test_a_reference_picture_of_a_model_that_is_only_named_goes_on_with_it(stage: Stage) -> None:
    words = ("--task-type", "reference_to_image", "--model", "q3-fast", "--input-images", PICTURE)
    first = stage.done("make", *words, "--prompt", "a lighthouse", "--aspect-ratio", "4:3")
    stage.done(
        "make", "--task-type", "reference_to_image", "--from-job", first["job"], "--prompt", "at night"
    )
    assert (stage.sent["model"], stage.sent["aspect_ratio"]) == ("q3-fast", "4:3")
    video = stage.done("quote", "--task-type", "image_to_video", "--from-job", first["job"], *MOVES)
    assert video["model"]["id"] == "viduq3-turbo"
