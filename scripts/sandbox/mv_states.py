"""What a music video looks like at a moment: a pure function of the clock and of the tasks that belong to it.

A music video is one task; its first run makes every shot and, of a song that is short enough, the film. Each
later edit and each later composing is a task of its own whose parent is the music video. All of them show as
jobs in the records of the one music video (contract mv.md). When they come is ours, after the times of the
document's sample: planning 7.5 minutes, 29 s a shot, composing 26 s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from sandbox.shop import Film, Task, spread

LONGEST_FILM_S = 180.0  # of a longer song there is the list of shots, and no film
SHOT_S = 10.0  # seconds of the song in one shot, about
CREATED_S = 5.0  # a job is in `created` for that long
APART_S = 4.0  # the shots show up one after the other, this long apart, then finish one by one
LAG_S = 5.0  # between the last job's end and the music video's own
OLD_FILM_S = 60.0  # for this long after a new film is ready the music video still shows what it had before
CREATED_SHARE = 0.1  # of an edit's or a composing's time
SCENES = (
    "wide shot",
    "close-up",
    "the camera circles slowly",
    "seen from above",
    "backlight, dust in the air",
)
LINES = ("Intro", "first verse", "chorus", "second verse", "chorus", "bridge", "outro")
VIDEO, SHOT, COMPOSE = "music_video", "music_video_shot", "music_video_compose"  # kinds of tasks


@dataclass(frozen=True)
class Job:
    """One take of a shot, or one film composed of shots.

    index: of the shot, from 0; of a film 0. state: as the document's. seconds: its length. task, file: what
    it is delivered as. ended_at: seconds since the epoch, also while it goes on. reason: why it failed.
    """

    id: str
    type: Literal["generate_video", "compose"]
    index: int
    state: str
    seconds: float
    task: Task
    file: str
    ended_at: float
    prompt: str = ""
    reason: str = ""


def plan(id: str, song_s: float) -> tuple[dict[str, Any], float]:
    """What a new music video of this song has to remember, and the seconds until its first run has ended."""
    lengths = shot_lengths(song_s)
    times = {
        "planned": spread(id + "plan", 420, 480),
        "a_shot": spread(id + "shot", 26, 34),
        "composing": spread(id + "film", 24, 30) if song_s <= LONGEST_FILM_S else 0.0,
    }
    seconds = times["planned"] + len(lengths) * times["a_shot"] + times["composing"] + LAG_S
    return {"shots": lengths, **times}, seconds


def shot_lengths(song_s: float) -> list[int]:
    """Whole seconds of each shot; together the song, rounded."""
    count = max(1, round(song_s / SHOT_S))
    cuts = [round(song_s * number / count) for number in range(count + 1)]
    return [end - begin for begin, end in pairwise(cuts)]


def job_id(video_id: str, number: int) -> str:
    """Of the first run's jobs: the shots from 0, then the film. A music video's own id ends with 000."""
    return str(int(video_id) + 1 + number)


def video_id(id: str) -> str:
    """The music video that a job of this id would belong to, if it is one of a first run."""
    return id[:-3] + "000"


def first_run(video: Task, now: float) -> list[Job]:
    """The jobs of the first run that have shown up by now, the shots in order, then the film."""
    more, gone = video.more, _gone(video, now)
    planned, a_shot = more["planned"], more["a_shot"]
    jobs = []
    for index, seconds in enumerate(more["shots"]):
        if gone < planned + APART_S * index:
            break
        begins = planned + a_shot * index
        reason = video.failures.get(index, "")
        state = _phase(gone, begins, begins + a_shot, reason)
        ended_at = _moment(video, begins + a_shot)
        id, file = job_id(video.id, index), f"shot-{index + 1}.mp4"
        words = shot_prompt(video, index)
        jobs.append(Job(id, "generate_video", index, state, seconds, video, file, ended_at, words, reason))
    begins = planned + a_shot * len(more["shots"])
    if more["composing"] and gone >= begins and not _spoiled(video):
        ends = begins + more["composing"]
        state, ended_at = _phase(gone, begins + CREATED_S, ends), _moment(video, ends)
        id = job_id(video.id, len(more["shots"]))
        jobs.append(Job(id, "compose", 0, state, video.length, video, "film.mp4", ended_at))
    return jobs


def history(video: Task, later: Sequence[Task], now: float) -> list[Job]:
    """Every job of a music video by now, oldest first. `later`: its edits and composings, oldest first."""
    return first_run(video, now) + [_later(task, now) for task in later]


def run_state(video: Task, now: float) -> str:
    """How far the first run is: created, processing, success, failed."""
    more, gone = video.more, _gone(video, now)
    composing = 0.0 if _spoiled(video) else more["composing"]
    ends = more["planned"] + more["a_shot"] * len(more["shots"]) + composing + LAG_S
    if gone < ends:
        return "created" if gone < CREATED_S else "processing"
    return "failed" if _spoiled(video) else "success"


def newest_film(video: Task, jobs: Sequence[Job], now: float) -> Job | None:
    """The film that the music video itself shows: that of the first run, and once it is a minute old a newer
    one. None while there is none, and while the first run goes on."""
    if run_state(video, now) in ("created", "processing"):
        return None
    wait = OLD_FILM_S / video.speed
    shown = [
        job
        for job in jobs
        if job.type == "compose"
        and job.state == "success"
        and (job.task is video or now >= job.ended_at + wait)
    ]
    return max(shown, key=lambda job: job.ended_at, default=None)


def later_state(task: Task, now: float) -> str:
    """Of an edit or a composing: created, processing, success, failed."""
    share = task.share(now)
    if share < 1:
        return "created" if share < CREATED_SHARE else "processing"
    return "failed" if 0 in task.failures else "success"


def film_of(task: Task, name: str, now: float) -> Film | None:
    """What a file of this task holds once it is there."""
    jobs = first_run(task, now) if task.kind == VIDEO else [_later(task, now)]
    width, height = task.drawn
    for job in jobs:
        if job.file == name and job.state == "success":
            return Film(width, height, job.seconds, job.type == "compose")
    return None


def shot_prompt(video: Task, index: int) -> str:
    """What the planning made of the whole video's prompt, for one shot."""
    words = video.body.get("prompt") or "a music video"
    return f"{words}, {SCENES[index % len(SCENES)]}"


def shot_lyric(index: int) -> str:
    return LINES[index % len(LINES)]


def _later(task: Task, now: float) -> Job:
    state, reason = later_state(task, now), task.failures.get(0, "")
    if task.kind == COMPOSE:
        return Job(task.id, "compose", 0, state, task.length, task, "film.mp4", task.ends_at, "", reason)
    words, index = task.body["prompt"], task.more["index"]
    return Job(
        task.id, "generate_video", index, state, task.length, task, "shot.mp4", task.ends_at, words, reason
    )


def _phase(gone: float, begins: float, ends: float, reason: str = "") -> str:
    if gone < ends:
        return "created" if gone < begins else "processing"
    return "failed" if reason else "success"


def _spoiled(video: Task) -> bool:
    """Did a shot of the first run fail, or will it?"""
    return any(index in video.failures for index in range(len(video.more["shots"])))


def _gone(video: Task, now: float) -> float:
    """Seconds of the vendor's since it was created."""
    return video.share(now) * video.seconds


def _moment(video: Task, gone: float) -> float:
    """Seconds since the epoch."""
    return video.created_at + gone / video.speed
