"""What a person at a terminal sees, on a real one: the bytes, in a wide window and in a narrow one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from called import called
from parts import submitted
from studio import catalogue, live, text
from studio.columns import Screen, width
from studio.speech import Voice
from studio.types import Job
from support import CREATE, PROMPT, Vendor, leaks

ERASED = "\x1b[2K"
STUCK = {"kind": "set", "field": "data.medias", "value": []}
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
GATEWAY = next(made for made in catalogue.gateways() if made.id == "ima")


@dataclass
class Window:
    """A terminal, and the command that runs in it."""

    process: subprocess.Popen[bytes]
    leader: int
    seen: str = ""

    def until(self, text: str) -> None:
        while text not in self.seen:
            assert self._more(), f"{text} never came: {self.seen!r}"

    def end(self) -> int:
        while self._more():
            pass
        assert leaks(self.seen.encode()) == [], "the key was shown"
        return self.process.wait(20)

    def _more(self) -> bool:
        try:
            chunk = os.read(self.leader, 65536)
        except OSError:  # Linux says so where the other side is closed
            return False
        self.seen += chunk.decode()
        return bool(chunk)


@contextmanager
def window(
    *words: str, columns: int = 80, env: Mapping[str, str] | None = None, stdout: int | None = None
) -> Iterator[Window]:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, str(CREATE), *words],
        stdin=follower,
        stdout=follower if stdout is None else stdout,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8", **(env or {})},
        cwd=os.environ["HOME"],
    )
    os.close(follower)
    try:
        yield Window(process, leader)
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def making(*words: str) -> tuple[str, ...]:
    return ("make", PROMPT, "--model", "nano banana pro", "--size", "1K", *words)


SLOW, QUICK = ("--speed", "80"), ("--speed", "200")


@pytest.mark.parametrize("columns", [80, 40])
def test_a_line_lives_until_the_picture_is_there_and_then_it_is_gone(vendor: Vendor, columns: int) -> None:
    env = {"NO_COLOR": "1"} if columns == 40 else {}
    with window(*making(*SLOW), columns=columns, env={**vendor.env, **env}) as seen:
        assert seen.end() == 0
    assert not env or not re.search(r"\x1b\[[0-9;]*m", seen.seen), "it moves, and has no colours"
    drawn = [ESCAPE.sub("", line) for part in seen.seen.split(ERASED) for line in part.splitlines()]
    lively = [line for line in drawn if "Being made" in line]
    assert all(0 < width(line) <= columns - 1 for line in lively), "it would break"
    assert len(set(lively)) > 3, "it is drawn anew between the polls"
    assert "usually 1 to 2 s" in lively[0]
    assert all(("10 points" in line) == (columns == 80) for line in lively[:1])
    assert "\x1b[?25l" not in seen.seen, "the cursor is never hidden"
    last = seen.seen.rpartition(ERASED)[2]
    assert "\x1b" not in last
    assert "Being made" not in last
    path, about = last.splitlines()[-2:]
    assert Path(path.strip()).is_file()
    size = Path(path.strip()).stat().st_size
    assert about == f"  1024×1024 px, {size / 1024:.1f} kB, 10 points"


def test_a_dumb_terminal_gets_plain_lines(vendor: Vendor) -> None:
    with window(*making(*QUICK), env={**vendor.env, "TERM": "dumb"}) as seen:
        assert seen.end() == 0
    assert "\x1b" not in seen.seen
    assert "accepted as task" in seen.seen
    assert "1024×1024 px" in seen.seen


def test_what_goes_to_a_pipe_has_no_line_and_no_style(vendor: Vendor, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        words = making(*QUICK)
        with window(*words, env=vendor.env, stdout=out.fileno()) as seen:
            assert seen.end() == 0
    assert "\x1b" not in seen.seen
    assert (tmp_path / "out").read_text(encoding="utf-8").startswith('{\n "schema"')


def test_ctrl_c_leaves_a_clean_terminal_and_says_how_to_go_on(vendor: Vendor) -> None:
    vendor.fault("detail", STUCK, times=-1, when="after")
    with window(*making(*SLOW), env=vendor.env) as seen:
        seen.until("Being made")
        seen.process.send_signal(signal.SIGINT)
        assert seen.end() == 130
    last = seen.seen.rpartition(ERASED)[2]
    assert "Being made" not in last
    assert "\x1b" not in last
    assert re.search(r"Go on with: \S+ \S+ wait \w+", last)


def test_a_wait_is_lively_before_the_first_poll(vendor: Vendor) -> None:
    begun = vendor.run("start", "--speed", "4", "--prompt", PROMPT).document
    with window("wait", begun["job"], env=vendor.env) as seen:
        seen.until("Being made")
        seen.process.send_signal(signal.SIGTERM)
        assert seen.end() == 130
    assert vendor.stats["requests"]["detail"] == 0


def test_what_is_looked_at_fits_the_window_and_a_path_is_never_cut(vendor: Vendor) -> None:
    made = vendor.make(prompt="一座黄昏的灯塔，油画，" * 20).document
    path = made["outputs"][0]["path"]
    with window("list", columns=40, env=vendor.env) as seen:
        assert seen.end() == 0
    assert path in [line.strip() for line in seen.seen.splitlines()]
    looked = {name: called(name, env=vendor.env).document for name in ("models", "list", "spend", "doctor")}
    besides = {"times": {"asked": "2026-03-01T10:00:00+00:00"}}
    looked["show"] = called("show", made["job"], env=vendor.env).document
    for name, document in looked.items():
        for columns in (200, 80, 40):
            lines = text.person(document, Screen(columns), besides).splitlines()
            over = [one for one in lines if width(one) > columns]
            assert [one for one in over if max(map(width, one.split())) < columns // 2] == [], name
            if name in {"list", "show"}:
                assert path in [one.strip() for one in lines]


def test_a_table_is_made_without_the_library_of_the_live_line() -> None:
    with window("list", env={"PYTHONPROFILEIMPORTTIME": "1"}) as seen:
        assert seen.end() == 0
    assert "No jobs yet." in seen.seen
    assert "studio.looks" in seen.seen
    assert not re.search(r"\| +(rich|requests|PIL|jsonschema)\b", seen.seen)


def test_models_say_whether_there_is_a_key_and_show_tells_the_whole_job(vendor: Vendor) -> None:
    made = vendor.make().document
    shown = text.person(
        called("models", env=vendor.env).document,
        beside={"keys": {"ima": "set", "imagine-future": "missing"}},
    )
    assert re.search(r"^SeeDream 4.5 +image +5 points +30–60 s  set$", shown, re.M)
    assert re.search(r"^Vidu Q3 Pro +video +4–16 credits/s +1–5 min  missing$", shown, re.M)
    assert "default for text_to_image, image_to_image" in shown
    with window("show", made["job"], env={**vendor.env, "NO_COLOR": "1"}) as seen:
        assert seen.end() == 0
    for part in (
        *(f"{made['job']}  done", "SeeDream 4.5 (doubao-seedream-4.5)", PROMPT, made["task_id"]),
        *("asked  ", "accepted  ", "ended  ", "5 points quoted (live)", made["outputs"][0]["path"]),
        *("2048×2048 px", f"create.py again {made['job']}"),
    ):
        assert part in " ".join(seen.seen.split()) or part in seen.seen, part


def test_show_says_of_a_job_that_went_wrong_what_helps(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "reset"}, when="after")
    assert vendor.make().code == 9
    made = called("show", "last", env=vendor.env).document
    shown = text.person(made, beside={"times": {"asked": None}})
    assert f"{made['job']}  unknown" in shown
    assert re.search(r"^error +unknown: The paid request was sent", shown, re.M)
    assert "It may have cost 5 points" in shown
    assert "--force-new" in shown.splitlines()[-1]


# What the line says.

JOB = submitted(1000.0)


def line(at: float, room: int = 200, *, what: str = "polled", job: Job = JOB, costs: bool = True) -> str:
    voice = Voice("en", costs=costs)
    return live.fitting(tuple(live.said(job, what, at, voice, GATEWAY)), room)


def estimated(least: int, most: int) -> Job:
    return replace(JOB, plan=replace(JOB.plan, estimate=(least, most), speed=1.0))


def test_the_line_has_the_state_the_time_the_estimate_and_the_cost() -> None:
    said = line(1030.0, job=estimated(60, 90))
    assert said.startswith("Being made: 30 s · usually 60 to 90 s · about 33 % · ")
    assert "points" in said


def test_no_percentage_is_invented_past_what_is_expected() -> None:
    job = estimated(60, 90)
    shares = [
        int(found[1]) for at in range(1000, 1300) if (found := re.search(r"about (\d+) %", line(at, job=job)))
    ]
    assert max(shares) <= 95
    assert "%" not in line(1091.0, job=job)
    assert "usually" in line(1180.0, job=job)
    assert "longer than the usual 60 to 90 s" in line(1181.0, job=job)


def test_what_matters_least_is_left_out_where_there_is_no_room() -> None:
    job = estimated(60, 90)
    assert line(1030.0, 36, job=job) == "Being made: 30 s · usually 60 to 90 s"[:36].rpartition(" · ")[0]
    assert line(1030.0, 40, job=job) == "Being made: 30 s · usually 60 to 90 s"
    assert line(1030.0, 8, job=job) == "Being m…"


def test_before_and_after_the_making_other_words_stand_there() -> None:
    assert line(1000.0, what="recorded", job=replace(JOB, task=None)).startswith("Sending the order · ")
    assert line(1040.0, what="finished").startswith("Saving the files · ")
    assert line(1040.0, job=replace(JOB, state="done")).startswith("Saving the files · ")
    assert "points" not in line(1030.0, costs=False)
