"""How much memory a command takes at most: of its own, with a file of 100 MB, with a gigabyte of nothing in a
megabyte. Measured of real processes, against one that buys an ordinary film."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cases import CASES
from parts import Act, line, says, sends, then
from sandbox.clip import clip
from support import CANARIES, CREATE, ORDERS, PROMPT, key_variable, url_variable, validate
from test_hostile_answers import good
from test_hostile_cases import head, packed

MB = 2**20
A_FILM, A_BOMB = 64, 96  # MB that a run may take more than the plain one
GIGABYTE = head("200 OK", "Content-Type: video/mp4", "Content-Encoding: gzip")
"""Before a gigabyte of zeros, packed."""
MEASURED = """
import atexit, pathlib, runpy, sys
peak, *sys.argv = sys.argv[1:]
sys.path.insert(0, str(pathlib.Path(sys.argv[0]).parent))
atexit.register(lambda: pathlib.Path(peak).write_text(pathlib.Path("/proc/self/status").read_text()))
sys.exit(runpy.run_path(sys.argv[0])["run"]())
"""
"""The command, which leaves behind what the kernel counted of it. (What `wait4` says of a child's memory
begins with what its parent had.)"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return clip(tmp_path_factory.mktemp("film"), 64, 48, 1, sound=False)


def bought(file: Act, home: Path, *, state: Act | None = None) -> tuple[int, str | None, float]:
    """Exit code, kind of error and peak memory (MB) of a purchase whose finished file, or whose task's state,
    is answered so."""
    server = line()
    said = copy.deepcopy(good(CASES["vidu"]))
    said["state"]["creations"] = [{"url": f"{server.url}/film"}]
    paid, done = (says(200, json.dumps(said[step]).encode()) for step in ("paid", "state"))
    server.acts = (paid, state, done, file) if state else (paid, done, file)
    gateway = CASES["vidu"].gateway
    env = {url_variable(gateway, role): server.url for role in ("api", "alternate")}
    env["MEDIA_STUDIO_HOME"] = str(home / "state")
    words = ("make", "--speed", "1000", "--prompt", PROMPT, "--out", str(home / "out"), *ORDERS["vidu"].said)
    with server:
        made = subprocess.run(
            [sys.executable, "-c", MEASURED, str(home / "peak"), str(CREATE), *words],
            env={**os.environ, **env, key_variable(gateway): CANARIES[gateway]},
            cwd=home,
            capture_output=True,
            check=False,
            timeout=60,
        )
    document = json.loads(made.stdout)
    validate(document)
    assert sum(got.line.startswith("POST") for got in server.got) == 1
    counted = dict(line.split(":", 1) for line in (home / "peak").read_text().splitlines())
    peak = int(counted["VmHWM"].split()[0]) / 1024
    return made.returncode, (document.get("error") or {}).get("kind"), peak


def test_what_is_huge_fills_no_memory_and_what_is_a_bomb_no_disk(film: bytes, tmp_path: Path) -> None:
    homes = {
        name: tmp_path / name for name in ("an ordinary film", "100 MB", "a bomb as a file", "as a state")
    }
    for home in homes.values():
        home.mkdir()
    explodes = sends(GIGABYTE + packed(2**30))
    ends = [
        bought(says(200, film), homes["an ordinary film"]),
        bought(stretched(film), homes["100 MB"]),
        bought(explodes, homes["a bomb as a file"]),
        bought(says(200, film), homes["as a state"], state=explodes),  # the next poll is answered well
    ]
    peaks = dict(zip(homes, (round(peak) for *_, peak in ends), strict=True))
    sys.stdout.write(f"peak memory, MB: {peaks}\n")  # seen with -s
    assert [end for *end, _ in ends] == [[0, None], [0, None], [13, "not_saved"], [0, None]]
    (saved,) = (homes["100 MB"] / "out").iterdir()
    assert saved.stat().st_size == len(film) + 100 * MB
    assert [*(homes["a bomb as a file"] / "out").iterdir()] == []
    plain = peaks["an ordinary film"]
    assert peaks["100 MB"] < plain + A_FILM, peaks
    assert max(peaks["a bomb as a file"], peaks["as a state"]) < plain + A_BOMB, peaks


def stretched(film: bytes) -> Act:
    """A film with 100 MB behind it, in a box that players pass over."""
    box = (100 * MB).to_bytes(4, "big") + b"free"
    begun = head("200 OK", f"Content-Length: {len(film) + 100 * MB}") + film + box + bytes(MB - len(box))
    return then(sends(begun), *[sends(bytes(MB))] * 99)
