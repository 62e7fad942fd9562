"""A thousand running jobs, followed by one `batch`: what that takes of memory and of a core.

The tasks are made in a moment and each fails at its own time, so that what is measured is the following and
not the saving of pictures. One reference client follows one task; a thousand of them would take a thousand
times its memory."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from bench import reference
from bench.table import Row
from studio import arguments, batch
from studio.app import App
from studio.order import Order
from studio.types import Submitted, TaskRef
from support import CREATE, KEY, PROMPT, ROOT, Vendor

JOBS = 1000
MODEL = "doubao-seedream-4.5"
CORE = 0.25
MEMORY = 0.005
IDLE = 0.05  # of a core
PATIENCE = 200.0
REFERENCE = Path(__file__).with_name("reference.py")


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        twin, vendor = _twin(home)
        try:
            plain = _peak_of_reference(vendor, home)
            _make(vendor, home)
            core, peak, polls = _follow(vendor, home)
        finally:
            twin.terminate()
            twin.wait()
    yield Row(f"{JOBS} jobs followed: memory / {JOBS} reference clients", peak, plain * JOBS, MEMORY, "MB")
    yield Row(f"{JOBS} jobs followed, {polls} polls: of one core / {CORE:g}", core, CORE, 1.0, "cores")


def _twin(home: Path) -> tuple[subprocess.Popen[str], Vendor]:
    process = subprocess.Popen(
        [sys.executable, str(CREATE), "sandbox", "--home", str(home / "twin"), "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = {}
    while "MEDIA_STUDIO_IMA_UPLOAD_URL" not in said:
        name, _, value = process.stdout.readline().strip().partition("=")
        said[name] = value
    urls = {"api": said["MEDIA_STUDIO_IMA_URL"], "upload": said["MEDIA_STUDIO_IMA_UPLOAD_URL"]}
    return process, Vendor(urls, 1)


def _peak_of_reference(vendor: Vendor, home: Path) -> float:
    """MB of one reference client, once it has polled a few times."""
    words = (
        "--base-url",
        vendor.urls["api"],
        "--key",
        KEY,
        "--prompt",
        PROMPT,
        "--out",
        str(home / "one.png"),
    )
    process = subprocess.Popen([sys.executable, str(REFERENCE), *words, "--poll-every", "1"], stdout=-1)
    try:
        time.sleep(6)
        return _megabytes(process.pid, "VmRSS")
    finally:
        process.kill()
        process.communicate()


def _make(vendor: Vendor, home: Path) -> None:
    """A thousand rows whose tasks are under way, on record."""
    (home / "rows.jsonl").write_text(
        "".join(json.dumps({"prompt": f"{PROMPT}, number {n}"}) + "\n" for n in range(JOBS))
    )
    vendor.fault("create", {"kind": "media", "index": 0}, times=JOBS)
    with patch.dict(os.environ, {**vendor.env, "MEDIA_STUDIO_HOME": str(home)}):
        app = App(_words(home), ("batch",), time, nullcontext, lambda job, what: None)
        entries = batch.planned(app)
        with ThreadPoolExecutor(8) as threads:
            tasks = threads.map(
                lambda _: reference.create(vendor.urls["api"], KEY, MODEL, PROMPT, []), entries
            )
            for entry, task in zip(entries, tasks, strict=True):
                job, _ = app.ledger.begin(entry.plan, str(home), Order(gateway=entry.gateway, row=entry.id))
                app.ledger.sending(job.id)
                task_ref = TaskRef("ima", task, time.time(), {"outputs": "1"})
                app.ledger.submitted(job.id, Submitted(task_ref))
        app.close()


def _words(home: Path) -> argparse.Namespace:
    return arguments.parse(["batch", str(home / "rows.jsonl"), "--home", str(home)])


def _follow(vendor: Vendor, home: Path) -> tuple[float, float, int]:
    """Cores, MB at most, and polls, from when the last row was read until the last one is over."""
    words = ("batch", str(home / "rows.jsonl"), "--home", str(home), "--max-failures", "10000")
    before = vendor.stats["requests"]["detail"]
    process = subprocess.Popen(
        [sys.executable, str(CREATE), *words],
        env={**os.environ, **vendor.env},
        cwd=ROOT,
        stdout=-1,
        stderr=-1,
    )
    with ThreadPoolExecutor(1) as threads:
        printed = threads.submit(process.communicate)
        _idle(process.pid)  # every row is read by then, and nothing is due yet
        began, spent = time.time(), _processor(process.pid)
        core = peak = 0.0
        while not printed.done() and time.time() - began < PATIENCE:
            core = (_processor(process.pid) - spent) / max(time.time() - began, 1.0)
            peak = max(peak, _megabytes(process.pid, "VmRSS"))
            time.sleep(0.2)
        lines = printed.result(timeout=10)[0].decode().splitlines()
    whole = json.loads(lines[-1])
    assert whole["rows"]["failed"] == JOBS, whole
    return core, peak, vendor.stats["requests"]["detail"] - before


def _idle(pid: int) -> None:
    """Wait until a process that began to work waits for something."""
    before, until = 0.0, time.time() + PATIENCE
    while (now := _processor(pid)) - before > IDLE * 0.5 or now < 1.0:
        assert time.time() < until
        before = now
        time.sleep(0.5)


def _processor(pid: int) -> float:
    """Seconds of a core that a process has used."""
    fields = _of(pid, "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _megabytes(pid: int, what: str) -> float:
    line = next((line for line in _of(pid, "status").splitlines() if line.startswith(what)), "0 0")
    return int(line.split()[1]) / 1024


def _of(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""
