"""A stage for every test; films are rendered once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from sandbox import Sandbox
from studio import cli
from video.doors import Doors
from video.stage import KEY, Clock, Stage

Kind = TypeVar("Kind", bound=Stage)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@contextmanager
def opened(
    kind: type[Kind], home: Path, folder: Path, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kind]:
    """The twins at work, the command led to them, and both on one clock."""
    clock = Clock()
    monkeypatch.setattr(cli, "SystemClock", lambda interrupts: clock)
    monkeypatch.chdir(home)
    folder.mkdir()
    (folder / "clips").symlink_to(clips)
    with Sandbox(folder, clock=clock.time) as box:
        made = kind(box, clock, home)
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made
        assert [text for figures in box.stats().values() for text in figures["violations"]] == []


@pytest.fixture
def stage(home: Path, tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with opened(Stage, home, tmp_path / "twin", clips, monkeypatch) as made:
        yield made
    ledger = home / "state" / "ledger.sqlite3"
    assert not ledger.exists() or KEY.encode() not in ledger.read_bytes()


@pytest.fixture
def doors(home: Path, tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    with opened(Doors, home, tmp_path / "twin", clips, monkeypatch) as made:
        yield made
