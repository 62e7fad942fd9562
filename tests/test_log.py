"""What commands leave in their log, and what they do not."""

from __future__ import annotations

import json
import os
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from called import called
from studio.contract import KEY as PLACEHOLDER
from studio.contract import Exchange, Request
from studio.errors import StudioError
from studio.log import Log
from support import CANARIES, KEY, PROMPT, FakeClock, Vendor

DAY = 86400.0
NOON = datetime(2026, 3, 9, 12, tzinfo=timezone.utc).timestamp()
WORDS = "a prompt that nobody reads"


def rows(folder: Path) -> list[Any]:
    """Every line of every day, oldest first; each is JSON, or this raises."""
    files = sorted(folder.glob("logs/*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def state() -> Path:
    return Path(os.environ["MEDIA_STUDIO_HOME"])


def test_a_purchase_can_be_followed_in_the_log(vendor: Vendor) -> None:
    made = vendor.make("--user-id", "user-in-the-chat", "--n=1")
    job = made.document["job"]
    began, *steps, ended = rows(state())
    assert (began["event"], began["command"]) == ("began", "make")
    assert began["flags"] == ["--speed", "--prompt", "--user-id", "--n"]
    asked = [(row["what"], row["method"], row["status"]) for row in steps if row["event"] == "request"]
    assert ("the paid request", "POST", 200) in asked
    assert asked[-1] == ("a finished file", "GET", 200)
    assert [(row["job"], row["state"]) for row in steps if row["event"] == "job"] == [
        (job, "intent"),
        (job, "submitted"),
        (job, "done"),
    ]
    assert (ended["event"], ended["exit"], ended["kind"], ended["provider_code"]) == ("ended", 0, None, None)
    assert all(row["ms"] >= 0 and row["bytes"] > 0 for row in steps if row["event"] == "request")
    paid = next(row for row in steps if row.get("what") == "the paid request")
    assert paid["path"] == "/open/v1/tasks/create"
    assert f"//{paid['host']}" in vendor.urls["api"]
    assert steps[-2]["path"] is None, "a link's path may be signed"


def test_a_failure_leaves_its_kind_and_its_code_and_not_its_words(vendor: Vendor) -> None:
    said = f"no points for {PROMPT}"
    vendor.fault("create", {"kind": "code", "code": 4008, "http": 200, "message": said})
    assert vendor.make().code == 4
    ended = rows(state())[-1]
    assert (ended["exit"], ended["kind"], ended["provider_code"]) == (4, "no_credit", "4008")
    assert "points" not in json.dumps(rows(state()))


def test_the_log_is_for_the_owners_eyes(vendor: Vendor) -> None:
    before = os.umask(0)
    try:
        assert vendor.run("quote", "--prompt", PROMPT).code == 0
    finally:
        os.umask(before)
    (file,) = state().glob("logs/*.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_rehearsal_has_a_log_of_its_own() -> None:
    assert called("list", "--sandbox").code == 0
    assert rows(state()) == []
    assert [row["event"] for row in rows(state() / "sandbox")] == ["began", "ended"]


def test_of_words_that_are_no_flags_of_ours_none_is_written(vendor: Vendor, tmp_path: Path) -> None:
    file = tmp_path / "file-of-the-person.png"
    for words in (
        ("make", "--prompt", "--listen to me", "--input-images", str(file)),
        ("wait", WORDS),
        ("quote", f"--prompt={WORDS}", "--idempotency-key", WORDS, "--user-id", WORDS),
    ):
        called(*words, env=vendor.env)
    written = "".join(file.read_text() for file in state().glob("logs/*"))
    assert written.count('"began"') == 3
    for private in (WORDS, "listen", "file-of-the-person"):
        assert private not in written


@pytest.mark.parametrize("obstacle", ["a file in its place", "a folder that cannot be written"])
def test_no_room_for_a_log_fails_no_command(vendor: Vendor, obstacle: str) -> None:
    logs = state() / "logs"
    logs.parent.mkdir(parents=True)
    if obstacle == "a file in its place":
        logs.write_text("")
    else:
        logs.mkdir()
        (logs / f"{datetime.now(timezone.utc):%Y-%m-%d}.jsonl").mkdir()
    assert vendor.make().code == 0


# By itself.


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


def exchange(url: str, *, own: bool = True) -> Exchange:
    request = Request("the task's state", "GET", url, safe=True, query={"k": PLACEHOLDER})
    return Exchange(request, own, seconds=0.25, status=200, size=7)


def test_whoever_begins_a_day_removes_the_files_older_than_seven_days(
    tmp_path: Path, clock: FakeClock
) -> None:
    for _ in range(12):
        Log(tmp_path / "logs", clock).job("a", "done")
        clock.now += DAY
    (tmp_path / "logs" / "notes.jsonl").touch()
    clock.now += DAY
    Log(tmp_path / "logs", clock).job("b", "done")
    left = sorted(file.name for file in (tmp_path / "logs").iterdir())
    assert left == [*(f"2026-03-{day}.jsonl" for day in (15, 16, 17, 18, 19, 20, 22)), "notes.jsonl"]


def test_the_day_is_that_of_utc(tmp_path: Path, clock: FakeClock) -> None:
    clock.now = datetime(2026, 3, 9, 23, 59, 59, tzinfo=timezone.utc).timestamp()
    Log(tmp_path / "logs", clock).job("a", "intent")
    clock.now += 1
    Log(tmp_path / "logs", clock).job("a", "done")
    assert sorted(file.stem for file in (tmp_path / "logs").iterdir()) == ["2026-03-09", "2026-03-10"]


def test_two_processes_write_whole_lines_in_between_each_other(tmp_path: Path, clock: FakeClock) -> None:
    one, other = (Log(tmp_path / "logs", clock) for _ in "12")
    for n in range(5):
        one.job("one", f"state {n}")
        other.job("other", f"state {n}")
    assert [row["job"] for row in rows(tmp_path)] == ["one", "other"] * 5


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://x.example.com/tasks/task-1/creations?sign=1", "/tasks/task-1/creations"),
        (f"https://x.example.com/tasks/{CANARIES['ima'][4:12]}", None),
        (f"https://x.example.com/tasks/{'a' * 120}", None),
        ("https://x.example.com/tasks/%E7%8C%AB", None),
        ("https://user:word@x.example.com/tasks", "/tasks"),
    ],
)
def test_of_a_path_only_ids_are_written(tmp_path: Path, clock: FakeClock, url: str, path: str | None) -> None:
    log = Log(tmp_path / "logs", clock, [KEY, "another_placeholder"])
    log.request(exchange(url))
    log.request(exchange(url, own=False))
    first, second = rows(tmp_path)
    assert (first["host"], first["path"], first["ms"], first["bytes"]) == ("x.example.com", path, 250, 7)
    assert second["path"] is None


def test_a_path_that_holds_a_part_of_a_key_is_not_written(tmp_path: Path, clock: FakeClock) -> None:
    Log(tmp_path / "logs", clock, ["ima_example_placeholder"]).request(
        exchange("https://x.example.com/tasks/placeholder")
    )
    (row,) = rows(tmp_path)
    assert row["path"] is None


@pytest.mark.parametrize("code", ["no such model: a cat", "猫", "x" * 41, "a\nb"])
def test_a_code_that_is_a_sentence_is_not_written(tmp_path: Path, clock: FakeClock, code: str) -> None:
    Log(tmp_path / "logs", clock).ended(8, StudioError("no", provider_code=code))
    (row,) = rows(tmp_path)
    assert (row["exit"], row["provider_code"]) == (8, None)


def test_a_request_is_written_once_and_a_state_too(tmp_path: Path, clock: FakeClock) -> None:
    log = Log(tmp_path / "logs", clock)
    log.request(Exchange(Request("x", "GET", "https://x.example.com/a", safe=True), True))
    log.request(exchange("https://x.example.com/a"))
    for state in ("intent", "submitted", "submitted", "done"):
        log.job("a", state)
    log.job(None, None)
    assert [row.get("state") for row in rows(tmp_path)] == [None, "intent", "submitted", "done"]


def test_the_last_line_closes_the_file_and_a_later_one_opens_it_again(
    tmp_path: Path, clock: FakeClock
) -> None:
    log = Log(tmp_path / "logs", clock)
    before = len(os.listdir("/dev/fd"))
    log.job("a", "done")
    log.ended(0, None)
    assert len(os.listdir("/dev/fd")) == before
    log.job("a", "gone on")
    log.ended(0, None)
    assert [row["event"] for row in rows(tmp_path)] == ["job", "ended", "job", "ended"]
    assert len(os.listdir("/dev/fd")) == before


def test_a_line_that_comes_while_the_file_is_closed_is_in_no_other_file(
    tmp_path: Path, clock: FakeClock
) -> None:
    log = Log(tmp_path / "logs", clock)
    log.job("a", "done")
    writing = log._file
    assert writing is not None
    log.ended(0, None)
    with (tmp_path / "another").open("wb"):
        writing.write(b'{"event": "late"}\n')
    assert (tmp_path / "another").read_bytes() == b""
    assert [row["event"] for row in rows(tmp_path)] == ["job", "ended", "late"]
