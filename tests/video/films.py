"""A music video of five shots, as far as a test wants it: bought, spoilt, asked about."""

from __future__ import annotations

from typing import Any

from support import Run
from video.stage import PICTURE, SONG, Stage

FILM = ("--task-type", "music_video", "--input-images", PICTURE, "--resolution", "540p")
REASON = "CreationPolicyViolation"
PLANNED, A_SHOT = 480.0, 34.0  # seconds at most: until the first shot is begun, and for each
OLD_FILM = 60.0  # seconds for which the old film still is the film's own
A_STEP = 61.0  # seconds after which every edit and every composing has ended


def agree(stage: Stage) -> None:
    """Prices that are not known are agreed to."""
    stage.config("[gateways.imagine-future]\naccept_unknown_price = true\n")


def bought(stage: Stage, *words: str, song: str = SONG, command: str = "start") -> Run:
    return stage.run(command, *FILM, "--input-audio", song, "--accept-unknown-price", *words)


def made(stage: Stage, *bad: int, song: str = SONG) -> Run:
    """One at its end, of which these shots (counted from 1) went wrong."""
    for shot in bad:
        stage.fault("create", "media", index=shot - 1, reason=REASON)
    return bought(stage, song=song, command="make")


def step(stage: Stage, *words: str) -> Run:
    """An `edit` or a `compose`, with its price agreed to, until its end."""
    begun = stage.run(*words, "--accept-unknown-price")
    assert begun.code == 0, begun.stdout
    stage.later(A_STEP)
    return stage.carry_on(begun.document)


def takes(stage: Stage) -> dict[int, list[str]]:
    """Shot, counted from 1 -> the ids of its takes at the twin, oldest first."""
    (film,) = (task for task in stage.stats["tasks"] if task["task_type"] == "music_video")
    first = {n: [str(int(film["id"]) + n)] for n in range(1, 6)}
    for task in stage.stats["tasks"]:
        if task["task_type"] == "music_video_shot":
            number = next(n for n, ids in first.items() if task["body"]["job_id"] in ids)
            first[number].append(task["id"])
    return first


def shots(document: Any) -> list[tuple[int, str, str]]:
    return [(shot["shot"], shot["state"], shot["job"]) for shot in document["shots"]]
