"""A stage for every test; films are rendered once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from studio import cli
from video.stage import KEY, Clock, Stage


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def stage(home: Path, tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    clock = Clock()
    monkeypatch.setattr(cli, "SystemClock", lambda interrupts: clock)
    monkeypatch.chdir(home)
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / "clips").symlink_to(clips)
    with Sandbox(tmp_path / "twin", clock=clock.time) as box:
        made = Stage(box, clock, home)
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made
        assert made.stats["violations"] == []
    ledger = home / "state" / "ledger.sqlite3"
    assert not ledger.exists() or KEY.encode() not in ledger.read_bytes()
