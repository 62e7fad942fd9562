"""Every test has a home of its own: the real one, its keys and its record are out of reach."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from support import SEARCHED, Vendor, leaks_in

SPEED = 200
KEPT = {"PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "PYTHONPATH", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV"}


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home folder; no variable of the machine but a few harmless ones. Afterwards nothing in it
    (record, files, settings) may hold the canary key, whatever the test did."""
    for name in list(os.environ):
        if name not in KEPT and not name.startswith(("PYTEST", "COV")):
            monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("MEDIA_STUDIO_HOME", str(folder / "state"))
    yield folder
    assert leaks_in(folder) == [], "the key was written to disk"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films that a twin rendered once serve every test of this process: see support.with_clips."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Vendor]:
    """IMA's twin, on real sockets, two hundred times faster than the vendor."""
    with Sandbox(tmp_path / "twin", speed=SPEED) as box:
        yield Vendor(box.urls["ima"], SPEED)


# How much was searched for keys, also where xdist spreads the tests over processes.


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["searched"] = dict(SEARCHED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    SEARCHED.update(getattr(node, "workeroutput", {}).get("searched", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    runs, files = SEARCHED["runs"], SEARCHED["files"]
    terminalreporter.write_line(f"searched for keys: the output of {runs} runs, {files} files")
    reasons = Counter(str(one.longrepr[2]) for one in terminalreporter.stats.get("skipped", ()))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} tests: {reason.removeprefix('Skipped: ')}")
