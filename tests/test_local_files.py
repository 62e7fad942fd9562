"""What is on this machine after the commands: every file stands in the documents."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from support import ROOT, Vendor, run
from test_spine import picture

DECLARED = {  # how a name looks -> how the documents call it
    r"ledger\.sqlite3(-wal|-shm)?": "ledger.sqlite3",
    r"config\.toml": "config.toml",
    r"logs/\d{4}-\d\d-\d\d\.jsonl": "logs/",
    r"sandbox/(ledger\.sqlite3(-wal|-shm)?|logs/.*|twins/.*)": "sandbox/",
    r"media-studio/\d{8}-[\w-]+\.(png|mp4)": "./media-studio/",
    r"media-studio/\d{8}-[\w-]+\.json": "receipt",
    r"media-studio/gallery\.html": "gallery.html",
    r"media-studio/gallery-rehearsals\.html": "gallery-rehearsals.html",
}
OPEN_TO_THE_OWNER = ("ledger.sqlite3", "logs/", "receipt")


def test_every_file_that_is_written_is_declared_and_nothing_else_is(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(os.environ["HOME"])
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))

    assert vendor.make("--receipt", "--input-images", picture(tmp_path)).code == 0
    assert run("make", "--sandbox", "--speed", "1000", "--prompt", "a fox").code == 0
    for words in (
        ("list",),
        ("gallery",),
        ("gallery", "--sandbox"),
        ("doctor",),
        ("models",),
        ("purge", "--before", "1d"),
        ("quote", "--n", "x"),
    ):
        run(*words, env=vendor.env)

    state = Path(os.environ["MEDIA_STUDIO_HOME"])
    found: dict[str, set[str]] = {}
    for folder in (state, home):
        for path in (one for one in folder.rglob("*") if one.is_file()):
            name = str(path.relative_to(folder))
            if folder == home and path.is_relative_to(state):
                continue
            called = next((said for form, said in DECLARED.items() if re.fullmatch(form, name)), None)
            assert called, f"{name} stands in no document"
            found.setdefault(called, set()).add(name)
            if called in OPEN_TO_THE_OWNER:
                assert path.stat().st_mode & 0o077 == 0, name
    assert set(found) >= set(DECLARED.values()) - {"config.toml"}
    assert not [path for path in temporary.rglob("*") if path.is_file()]

    declared: Any = json.loads((ROOT / "skill.json").read_text(encoding="utf-8"))["permissions"]
    written = " ".join(declared["filesystem"]["write"])
    for name in set(DECLARED.values()) - {"config.toml"}:
        agents = () if name.startswith("gallery") else ("SKILL.md",)  # a page is for people
        for document in ("README.md", "references/network.md", *agents):
            assert name in (ROOT / document).read_text(encoding="utf-8"), (document, name)
        assert name in written or name == "receipt", name


def test_what_each_host_gets_is_said_in_skill_json() -> None:
    declared = json.loads((ROOT / "skill.json").read_text(encoding="utf-8"))["permissions"]
    assert list(declared["networkSends"]) == declared["network"]
    assert all(len(what) > 20 for what in declared["networkSends"].values())
