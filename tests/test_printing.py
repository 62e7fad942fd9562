"""What is printed, to whom, and in which shape."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support import CREATE, PROMPT, Vendor, run, start, validate


def test_the_served_sandbox_can_be_used_by_other_programs() -> None:
    process = start("sandbox", "--speed", "200", "--events")
    refused = process.communicate(timeout=20)[0]
    assert process.returncode == 2
    validate(json.loads(refused))
    process = start("sandbox", "--speed", "200", "--quiet")
    assert process.stdout is not None
    lines = [process.stdout.readline().decode().strip() for _ in range(3)]
    env = dict(line.split("=", 1) for line in lines)
    assert run("make", "--prompt", PROMPT, "--speed", "200", env=env).code == 0
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_events_are_lines_that_end_in_the_document(vendor: Vendor) -> None:
    made = vendor.make("--events")
    lines = [json.loads(line) for line in made.stdout.splitlines()]
    for line in lines:
        validate(line)
    words = [line["event"] for line in lines]
    assert words[:2] == ["recorded", "submitted"]
    assert words[-2:] == ["finished", "result"]


def test_quiet_prints_paths_and_brief_one_ascii_line(vendor: Vendor) -> None:
    assert Path(vendor.make("--quiet").stdout.strip()).is_file()
    brief = vendor.make("--brief", prompt="一只猫").stdout
    assert brief.isascii()
    assert brief.count("\n") == 1
    assert len(brief) <= 171
    assert brief.startswith("DONE ")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "gbk"])
@pytest.mark.parametrize("how", ["--json", "--brief", "--quiet"])
def test_code_pages_without_utf8_do_not_break_printing(encoding: str, how: str) -> None:
    env = {"PYTHONIOENCODING": encoding}
    made = run("quote", "--sandbox", "--prompt", "一只猫 🐱", how, env=env)
    assert made.code == 0
    if how == "--json":
        assert made.document["requested"]["prompt"] == "一只猫 🐱"


def test_a_pipe_closed_early_is_no_error(vendor: Vendor) -> None:
    process = start("schema")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_a_person_at_a_terminal_reads_text(vendor: Vendor) -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(CREATE), "doctor"], stdout=follower, stderr=follower, env=dict(os.environ)
    )
    os.close(follower)
    assert process.wait(20) == 0
    seen = io.BytesIO()
    try:
        while chunk := os.read(leader, 4096):
            seen.write(chunk)
    except OSError:
        pass
    os.close(leader)
    assert b"IMA_API_KEY is missing" in seen.getvalue()
