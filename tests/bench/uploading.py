"""Four pictures on a long, narrow way: from the start of a process until the paid request arrives."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from urllib.parse import urlsplit

from PIL import Image

from bench.pairs import REFERENCE, create, environment, medians
from bench.records import fill
from bench.slow_wire import SlowWire
from bench.table import Row
from sandbox.ima_upload import signature
from sandbox.server import Sandbox
from support import KEY, PROMPT, key_variable, url_variable

PICTURES = 4
BYTES = 5_000_000
SIDES = (3000, 2000)  # as a phone takes them
PAID = b"POST /open/v1/tasks/create"
PAIRS = 11
PATIENCE = 60.0  # seconds


def rows() -> Iterator[Row]:
    with ExitStack() as held:
        home = Path(held.enter_context(TemporaryDirectory()))
        heard = _Heard()
        ways = _ways(held, home, heard)
        files = [_picture(home / f"{n}.jpg") for n in range(PICTURES)]
        ours, against = medians(
            lambda: heard.after(_start(ways, files, home), environment(home, _variables(ways)), home),
            lambda: heard.after(_reference(ways, files), environment(home), home),
            PAIRS,
        )
        name = f"{PICTURES} pictures of 5 MB, 80 ms, 20 MB/s: start to the paid request / the reference"
        yield Row(name, ours, against, 0.4)


class _Heard:
    """When the paid request arrived."""

    def __init__(self) -> None:
        self._arrived, self._at = Event(), 0.0

    def __call__(self, piece: bytes) -> None:
        if piece.startswith(PAID):
            self._at = time.perf_counter()
            self._arrived.set()

    def after(self, argv: Sequence[str], env: Mapping[str, str], home: Path) -> float:
        """Seconds from the start of a process, which is then ended as whatever it is."""
        self._arrived.clear()
        began = time.perf_counter()
        process = subprocess.Popen(
            argv, env=dict(env), cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            assert self._arrived.wait(PATIENCE), process.communicate(timeout=PATIENCE)[0].decode()
            return self._at - began
        finally:
            process.kill()
            process.communicate()


def _ways(held: ExitStack, home: Path, heard: _Heard) -> dict[str, str]:
    """The imitation's addresses, each behind a long way: those that it names itself, too."""
    sandbox = held.enter_context(Sandbox(home / "twins"))
    urls = sandbox._desks["ima"]._setting.urls
    for role, url in urls.items():
        wire = SlowWire(urlsplit(url).port or 0, heard)
        held.callback(wire.close)
        urls[role] = wire.url
    return dict(urls)


def _variables(ways: Mapping[str, str]) -> dict[str, str]:
    addresses = {url_variable("ima", role): ways[role] for role in ("api", "upload")}
    return {key_variable("ima"): KEY, **addresses}


def _start(ways: Mapping[str, str], files: Sequence[Path], home: Path) -> list[str]:
    """In a record of its own each time: what was uploaded before is not uploaded again."""
    if not (home / "record").exists():
        fill(home / "record", 1)
    own = ("--home", str(shutil.copytree(home / "record", home / f"record-{time.monotonic_ns()}")))
    return create("start", "--prompt", PROMPT, "--input-images", *map(str, files), "--json", *own)


def _reference(ways: Mapping[str, str], files: Sequence[Path]) -> list[str]:
    stamp, nonce = str(int(time.time())), "nonce"
    words = ("--base-url", ways["api"], "--upload-url", ways["upload"], "--key", KEY, "--prompt", PROMPT)
    signed = ",".join((stamp, nonce, signature(stamp, nonce)))
    out = ("--signed", signed, "--out", "never-written")
    return [sys.executable, str(REFERENCE), *words, *out, "--input-images", *map(str, files)]


def _picture(path: Path) -> Path:
    """A photo of about so many bytes, with noise in it like any other, and no other's bytes."""
    coarse = Image.frombytes("RGB", (SIDES[0] // 8, SIDES[1] // 8), os.urandom(SIDES[0] * SIDES[1] // 64 * 3))
    photo = Image.blend(coarse.resize(SIDES), Image.effect_noise(SIDES, 64).convert("RGB"), 0.5)
    best = b""
    for quality in range(98, 60, -2):
        file = io.BytesIO()
        photo.save(file, "JPEG", quality=quality)
        best = file.getvalue()
        if len(best) <= BYTES:
            break
    path.write_bytes(best)
    return path
