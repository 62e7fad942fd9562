"""What `make ecosystem` makes of the real programs' answers; the programs themselves run there only."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ecosystem
from support import ROOT

MESSAGE = {"action": "send", "message": "🎨", "media": "/x/y.png"}
TAKEN = {"dryRun": True, "channel": "telegram", "payload": {"mediaUrl": "/x/y.png"}}


def info(place: Path, **changes: Any) -> Any:
    missing: dict[str, list[str]] = {"bins": [], "anyBins": [], "env": []}
    return {"eligible": True, "modelVisible": True, "missing": missing, "baseDir": str(place), **changes}


def test_a_message_is_taken_where_the_dry_run_has_its_channel_and_its_file() -> None:
    ecosystem.judge_send(TAKEN, "telegram", MESSAGE)
    ecosystem.judge_send({**TAKEN, "payload": {"mediaUrl": None}}, "telegram", {"message": "🎨"})


@pytest.mark.parametrize(
    "change", [{"dryRun": False}, {"channel": "discord"}, {"payload": {"mediaUrl": None}}]
)
def test_a_message_that_lost_its_way_or_its_file_fails(change: dict[str, Any]) -> None:
    with pytest.raises(ecosystem.Failed):
        ecosystem.judge_send({**TAKEN, **change}, "telegram", MESSAGE)


def test_a_skill_is_eligible_where_nothing_is_missing(tmp_path: Path) -> None:
    ecosystem.judge_skill(info(tmp_path), tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"eligible": False}, {"modelVisible": False}, {"missing": {"env": ["KEY"]}}, {"baseDir": "elsewhere"}],
)
def test_a_skill_that_is_hidden_lacks_something_or_is_another_fails(
    change: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ecosystem.Failed):
        ecosystem.judge_skill(info(tmp_path, **change), tmp_path)


def ends(problem: Exception | None) -> Callable[[], None]:
    def does() -> None:
        if problem:
            raise problem

    return does


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (None, "x: ok\n"),
        (ecosystem.NotPossible("no\nnetwork"), "x: not possible here: no network\n"),
        (ecosystem.Failed("exit 1"), "x: FAILED: Failed: exit 1\n"),
        (OSError("gone"), "x: FAILED: OSError: gone\n"),
    ],
)
def test_a_check_is_one_line(
    problem: Exception | None, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert line.startswith(f"x: {ecosystem.check('x', ends(problem))}")
    assert capsys.readouterr().out == line


@pytest.mark.parametrize(("ended", "code"), [("ok", 0), ("not possible here", 0), ("FAILED", 1)])
def test_only_a_check_that_failed_is_a_failure(
    ended: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ecosystem, "checks", lambda machine: iter(["ok", ended, "ok"]))
    assert ecosystem.main() == code


def test_every_version_is_pinned_and_make_test_does_not_run_it() -> None:
    pins = [ecosystem.NODE.replace("==", "@"), *ecosystem.PROGRAMS, *ecosystem.PLUGINS.values()]
    assert [pin for pin in pins if not re.fullmatch(r"@?[\w/-]+@\d+\.\d+\.\d+", pin)] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\necosystem: " in makefile
    (parts,) = re.findall(r"(?m)^test: (.*)$", makefile)
    assert "ecosystem" not in parts
