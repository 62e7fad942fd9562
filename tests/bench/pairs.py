"""Two ways to do one thing, measured in turn, so that a busy machine slows both down."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from support import CREATE, ROOT

PAIRS = 25
REFERENCE = Path(__file__).with_name("reference.py")


def medians(
    ours: Callable[[], float], against: Callable[[], float], pairs: int = PAIRS
) -> tuple[float, float]:
    """The median of each, after one turn that does not count: what is read then is in the machine's memory,
    and what was compiled is written down."""
    ours(), against()
    measured = [(ours(), against()) for _ in range(pairs)]
    return statistics.median(one for one, _ in measured), statistics.median(other for _, other in measured)


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a command is started with: a home of its own, and nothing of what tests set."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "MEDIA_STUDIO_HOME": str(home), **(more or {})}


def create(*words: str) -> list[str]:
    return [sys.executable, str(CREATE), *words]


def seconds(argv: Sequence[str], env: Mapping[str, str], *, code: int = 0) -> float:
    """From the start of a process to its end."""
    began = time.perf_counter()
    made = subprocess.run(
        argv, env=dict(env), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    took = time.perf_counter() - began
    assert made.returncode == code, made.stderr.decode()
    return took
