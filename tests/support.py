"""What many tests need: a way to run the command as people do, a vendor to run it against, and a clock."""

from __future__ import annotations

import base64
import functools
import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[1]
CREATE = ROOT / "scripts" / "create.py"
KEY = 'ima_canary+7/Q="8\\z%s'
"""A key whose clear, URL-encoded, base64 and JSON-escaped forms all differ."""
PROMPT = "a canary-yellow lighthouse, gouache"


def leaks(data: bytes, key: str = KEY) -> list[str]:
    """The ways in which a key stands in some bytes: clear, URL-encoded, JSON-escaped, or in base64 at any
    of its three alignments. Written without the product's own search, so that neither hides the other."""
    raw = key.encode()
    wanted = {
        "clear": raw,
        "url": urllib.parse.quote(key, safe="").encode(),
        "url, slashes kept": urllib.parse.quote(key).encode(),
        "url, form": urllib.parse.quote_plus(key).encode(),
        "json": json.dumps(key)[1:-1].encode(),
    }
    for shift in range(3):
        for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
            coded = alphabet(b"\0" * shift + raw + b"\0" * 3)
            whole = (len(raw) + shift) // 3 * 4
            wanted[f"{alphabet.__name__}, shifted by {shift}"] = coded[4 if shift else 0 : whole]
    return [form for form, written in wanted.items() if written in data]


def leaks_in(folder: Path) -> list[tuple[str, str]]:
    """Every file below a folder, and its name, searched."""
    found = []
    for file in folder.rglob("*"):
        found += [(str(file), form) for form in leaks(str(file).encode())]
        if file.is_file():
            found += [(str(file), form) for form in leaks(file.read_bytes())]
    return found


@dataclass
class Run:
    """One finished run of the command, on whose output the key was looked for."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one document, or the last of the lines of --events; valid, or this raises."""
        lines = self.stdout.splitlines()
        last = lines[-1] if lines and lines[-1].startswith("{") and len(lines[-1]) > 1 else self.stdout
        made = json.loads(last)
        validate(made)
        return made

    @property
    def error(self) -> Any:
        return self.document["error"]


@functools.cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((ROOT / "references" / "schemas" / f"{name}-1.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def validate(document: Any) -> None:
    validator(document["schema"].split("/")[1]).validate(document)


def run(*words: str, env: dict[str, str] | None = None, cwd: Path | None = None, timeout: float = 60) -> Run:
    """create.py as its own process, with the test's environment (see conftest) and `env` on top."""
    made = subprocess.run(
        [sys.executable, str(CREATE), *words],
        capture_output=True,
        env={**os.environ, **(env or {})},
        cwd=cwd or os.environ["HOME"],
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert leaks(made.stdout) == leaks(made.stderr) == [], "the key was printed"
    return Run(made.returncode, made.stdout.decode(), made.stderr.decode())


def start(*words: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """create.py as a process that the test goes on to signal, starve or read from."""
    return subprocess.Popen(
        [sys.executable, str(CREATE), *words],
        env={**os.environ, **(env or {})},
        cwd=os.environ["HOME"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@dataclass
class Vendor:
    """A twin on a port of its own, and the environment that leads the command to it."""

    urls: dict[str, str]
    speed: int

    @property
    def env(self) -> dict[str, str]:
        return {
            "IMA_API_KEY": KEY,
            "MEDIA_STUDIO_IMA_URL": self.urls["api"],
            "MEDIA_STUDIO_IMA_UPLOAD_URL": self.urls["upload"],
        }

    def carry_on(self, document: Any) -> Run:
        """Run a document's `next` as an agent would: as it stands."""
        interpreter, script, *words = document["next"]
        assert (interpreter, script) == (sys.executable, str(CREATE))
        return self.run(*words)

    def finish(self, document: Any) -> Run:
        """Go on with a document as an agent would, until there is nothing more to come."""
        made = self.carry_on(document)
        for _ in range(20):
            if made.document["done"]:
                return made
            made = self.carry_on(made.document)
        raise AssertionError("twenty turns, and no end")

    def make(self, *words: str, prompt: str = PROMPT, env: dict[str, str] | None = None) -> Run:
        return self.run("make", "--speed", str(self.speed), "--prompt", prompt, *words, env=env)

    def run(self, *words: str, env: dict[str, str] | None = None) -> Run:
        return run(*words, env={**self.env, **(env or {})})

    def fault(self, endpoint: str, fault: dict[str, Any], times: int = 1, when: str | None = None) -> None:
        body: dict[str, Any] = {"endpoint": endpoint, "times": times, "fault": fault}
        if when:
            body["when"] = when
        self._control("POST", "faults", body)

    def clear(self) -> None:
        self._control("DELETE", "faults")

    def held(self, endpoint: str, timeout: float = 10, count: int = 1) -> None:
        """Wait until the twin announces that it holds so many calls of an endpoint (faults: hold, stall)."""
        until = time.monotonic() + timeout
        while self.stats["held"][endpoint] < count:
            assert time.monotonic() < until, f"no {count} calls of {endpoint} held within {timeout} s"
            time.sleep(0.005)

    def release(self) -> None:
        """Let go what is held: it is answered as usual. What is ordered and not yet played is forgotten."""
        self.clear()

    def account(self, points: int) -> None:
        self._control("POST", "account", {"key": KEY, "points": points})

    def products(self, category: str, tree: Any) -> None:
        """From now on the vendor lists and sells exactly this V2 tree for a category."""
        self._control("POST", "products", {"category": category, "tree": tree})

    @property
    def stats(self) -> Any:
        return self._control("GET", "stats")["ima"]

    def _control(self, method: str, what: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.urls['api']}/__sandbox/{what}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")


@dataclass
class FakeClock:
    """Time that passes only by sleeping."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now - 1_700_000_000.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += seconds
