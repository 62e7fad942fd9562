"""How soon a command is there, and how soon its first request leaves."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.pairs import REFERENCE, create, environment, medians, seconds
from bench.records import fill
from bench.table import Row
from support import KEY, PROMPT, key_variable, url_variable

LEAST_POSSIBLE = [sys.executable, "-c", "import argparse, json, sqlite3"]
JOBS = 10
PATIENCE = 30.0  # seconds


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        job = fill(home, JOBS)
        env = environment(home)
        for words in (("--help",), ("list",), ("models",), ("show", job)):
            ours, against = medians(
                lambda words=words: seconds(create(*words), env),  # type: ignore[misc]
                lambda: seconds(LEAST_POSSIBLE, env),
            )
            yield Row(f"start of {words[0]} / python3 with argparse, json, sqlite3", ours, against, 2.0)
        ours, against = medians(lambda: _first_byte(_make, home), lambda: _first_byte(_reference, home))
        yield Row("start to the first byte of the first request / the reference", ours, against, 1.2)


def _make(url: str) -> tuple[list[str], dict[str, str]]:
    addresses = {url_variable("ima", role): url for role in ("api", "upload")}
    return create("make", "--prompt", PROMPT, "--json"), {key_variable("ima"): KEY, **addresses}


def _reference(url: str) -> tuple[list[str], dict[str, str]]:
    words = ("--base-url", url, "--key", KEY, "--prompt", PROMPT, "--out", "never-written")
    return [sys.executable, str(REFERENCE), *words], {}


def _first_byte(started: object, home: Path) -> float:
    """From the start of a process until a server on this machine has the first byte that it sends."""
    assert callable(started)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        argv, more = started(f"http://127.0.0.1:{server.getsockname()[1]}")
        return _until_heard(argv, environment(home, more), home, server)


def _until_heard(argv: Sequence[str], env: Mapping[str, str], home: Path, server: socket.socket) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        argv, env=dict(env), cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(PATIENCE)
            assert connection.recv(1)
            return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()
