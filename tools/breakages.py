"""Breaks the product on purpose, a line at a time, and shows that a test notices.

    python tools/breakages.py            all of tests/breakages/*.toml
    python tools/breakages.py consent    those whose name holds this word

Each table there is one breakage: why it matters, the file, the line (whole, or several in a row) that stands
there exactly once, what it becomes, and the test that must turn red. It happens in copies of the working
tree; the tree itself is not touched. Exit 1 if a breakage is not caught, 2 if none could be tried.
"""

from __future__ import annotations

import ast
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import tomli

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 2
LONGEST = 120.0  # seconds of one test
RED = "red"
ENDS = {  # pytest's exit codes
    0: "SURVIVED",
    1: RED,
    2: "interrupted",
    3: "pytest failed",
    4: "not found or not collected",
    5: "no test ran",
}


@dataclass(frozen=True)
class Breakage:
    """`line` and `becomes` are whole lines with their indentation; a newline before the first is left out."""

    name: str
    why: str
    file: str
    line: str
    becomes: str
    test: str  # file::function

    def broken(self, text: str) -> str:
        """The file's text with the breakage in it. Raises ValueError where the line is not there once."""
        lines, old = text.split("\n"), self.line.removeprefix("\n").split("\n")
        places = [at for at in range(len(lines)) if lines[at : at + len(old)] == old]
        if len(places) != 1:
            raise ValueError(f"its line stands {len(places)} times in {self.file}, not once")
        (at,) = places
        return "\n".join([*lines[:at], self.becomes.removeprefix("\n"), *lines[at + len(old) :]])


def load(root: Path = ROOT) -> list[Breakage]:
    """Every breakage there is. A table that lacks a field, or has one too many, is a TypeError."""
    files = sorted((root / "tests" / "breakages").glob("*.toml"))
    tables = [tomli.loads(file.read_text(encoding="utf-8")) for file in files]
    return [Breakage(name, **fields) for table in tables for name, fields in table.items()]


def complaints(breakages: Sequence[Breakage], root: Path = ROOT) -> list[str]:
    """What keeps them from being tried, each with its name."""
    names = Counter(breakage.name for breakage in breakages)
    twice = [f"{name}: there are {count} of this name" for name, count in names.items() if count > 1]
    return [*twice, *(f"{one.name}: {problem}" for one in breakages for problem in _problems(one, root))]


def _problems(breakage: Breakage, root: Path) -> Iterator[str]:
    product, (test_file, _, function) = root / breakage.file, breakage.test.partition("::")
    if not product.is_file():
        yield f"there is no {breakage.file}"
        return
    try:
        text = product.read_text(encoding="utf-8")
        broken = breakage.broken(text)
        if broken == text:
            yield "it changes nothing"
        (json.loads if product.suffix == ".json" else ast.parse)(broken)
    except (SyntaxError, ValueError) as problem:
        yield str(problem)
    tests = root / test_file
    if not tests.is_file():
        yield f"there is no {test_file}"
    elif f"\ndef {function}(" not in tests.read_text(encoding="utf-8"):
        yield f"{test_file} has no {function}"


def copied(root: Path, to: Path) -> Path:
    """The working tree as it is now, without what git ignores."""
    command = ["git", "ls-files", "-c", "-o", "-z", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():  # git also lists what was deleted and not yet committed
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, to / name)
    return to


def run_tests(folder: Path, *words: str, longest: float | None) -> tuple[int, str]:
    """pytest in a copy -> its exit code and what it said. Raises TimeoutExpired.

    Bytecode goes first: commands under test write it, whatever we say, and an edit that keeps a file's size
    within the same second would not be seen."""
    for stale in list(folder.rglob("__pycache__")):
        shutil.rmtree(stale)
    made = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=longest,
        check=False,
    )
    return made.returncode, made.stdout.decode(errors="replace")


def attempt(breakage: Breakage, folder: Path) -> str:
    """How its test ends in a copy with the breakage; the copy is whole again afterwards."""
    file = folder / breakage.file
    whole = file.read_bytes()
    try:
        file.write_bytes(breakage.broken(whole.decode()).encode())
        code, _ = run_tests(folder, "-x", breakage.test, longest=LONGEST)
        return ENDS.get(code, f"pytest ended with {code}")
    except subprocess.TimeoutExpired:
        return f"no end in {LONGEST:g} s"
    finally:
        file.write_bytes(whole)


def attempts(breakages: Sequence[Breakage], folders: Sequence[Path]) -> Iterator[tuple[Breakage, str, float]]:
    """Each breakage, how its test ended and after how many seconds, as they end. One at a time in a copy."""
    free: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for folder in folders:
        free.put(folder)

    def one(breakage: Breakage) -> tuple[Breakage, str, float]:
        folder, begun = free.get(), time.monotonic()
        try:
            return breakage, attempt(breakage, folder), time.monotonic() - begun
        finally:
            free.put(folder)

    pool = ThreadPoolExecutor(len(folders))
    try:
        for ended in as_completed([pool.submit(one, breakage) for breakage in breakages]):
            yield ended.result()
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C those that have not begun are left out


def main(words: Sequence[str], root: Path = ROOT) -> int:
    known = load(root)
    chosen = [one for one in known if all(word in one.name for word in words)]
    wrong = complaints(known, root) or ([] if chosen else ["There is no breakage of that name."])
    if wrong:
        return _say("\n".join(wrong), 2)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folders = [copied(root, Path(temporary, str(n))) for n in range(WORKERS)]
        tests = sorted({breakage.test for breakage in chosen})
        code, said = run_tests(folders[0], "-n", str(WORKERS), *tests, longest=None)
        if code:
            return _say(f"{said}\nUnbroken, all of these tests have to pass: nothing was tried.", 2)
        caught = 0
        for breakage, end, seconds in attempts(chosen, folders):
            caught += end == RED
            _say(f"{breakage.name}: {end}; {breakage.test}; {seconds:.1f} s")
    return _say(f"{caught} of {len(chosen)} breakages caught.", 0 if caught == len(chosen) else 1)


def _say(text: str, code: int = 0) -> int:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
