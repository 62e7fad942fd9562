"""What many tests need: a way to run the command as people do, a vendor to run it against, and a clock."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from forked import Forked

ROOT = Path(__file__).resolve().parents[1]
CREATE = ROOT / "scripts" / "create.py"
MARK = "Zq"
"""Stands in every eight characters of a canary, however it is written: where it is not, nothing is."""
KEY = 'ima_Zq+aZq/bZq=cZq"dZq\\eZq%fZq9s'
"""A key whose clear, URL-encoded, base64 and JSON-escaped forms all differ."""
CANARIES = {
    "ima": KEY,
    "imagine-future": 'imf_Zq?gZq/hZq=iZq"jZq\\kZq%lZq8t',
    "302ai": 'ai302_Zq!mZq/nZq=oZq"pZq\\rZq%sZq7u',
    "gptge": 'gptge_Zq(tZq/uZq=vZq"wZq\\xZq%yZq6q',
}
"""Gateway -> such a key. Every output of every test is searched for each of them."""
SEARCHED: Counter[str] = Counter()
"""How much was searched: runs of the command, and files that they left."""
STRETCH = 8  # characters of a key that stand nowhere
NOT_ADDRESSED = {"files"}  # listeners of a twin that the command is not led to: links lead there
PROMPT = "a canary-yellow lighthouse, gouache"


def leaks(data: bytes, *keys: str) -> list[str]:
    """The ways in which a key, of all canaries where none is named, stands in some bytes: any eight of its
    characters in a row, clear, URL-encoded or JSON-escaped, or the whole in base64 at any of its three
    alignments. Of what has no mark in it the whole is looked for. Written without the product's own search,
    so that neither hides the other."""
    wanted = keys or tuple(CANARIES.values())
    whole = [form for key in wanted for form, written in _to_find(key).items() if written in data]
    return whole + _stretches_in(data, wanted)


@functools.cache
def _to_find(key: str) -> dict[str, bytes]:
    """The forms that have to be looked for as a whole: those without marks."""
    return {form: written for form, written in written_as(key).items() if MARK.encode() not in written}


def _stretches_in(data: bytes, keys: Iterable[str]) -> list[str]:
    """What stands around each mark that is part of a key, quoted."""
    near = [data[max(0, at - STRETCH) : at + STRETCH + len(MARK)] for at in places(data, MARK.encode())]
    if not near:
        return []
    parts = frozenset[bytes]().union(*(stretches(key) for key in keys if MARK in key))
    rows = (row[n : n + STRETCH] for row in near for n in range(len(row) - STRETCH + 1))
    return [f"a stretch: {row.decode()}" for row in dict.fromkeys(rows) if row in parts]


def places(data: bytes, part: bytes) -> Iterator[int]:
    at = data.find(part)
    while at >= 0:
        yield at
        at = data.find(part, at + 1)


@functools.cache
def stretches(key: str) -> frozenset[bytes]:
    """Any eight characters of a key, as it is readable in a text, a URL or a JSON text."""
    written = [form for form in written_as(key).values() if MARK.encode() in form]
    return frozenset(form[n : n + STRETCH] for form in written for n in range(len(form) - STRETCH + 1))


@functools.cache
def written_as(key: str) -> dict[str, bytes]:
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
    return wanted


def leaks_in(folder: Path) -> list[tuple[str, str]]:
    """Every file below a folder, and its name, searched."""
    found = []
    for file in folder.rglob("*"):
        found += [(str(file), form) for form in leaks(str(file).encode())]
        if file.is_file():
            SEARCHED["files"] += 1
            found += [(str(file), form) for form in leaks(file.read_bytes())]
    return found


def leaks_of(stdout: bytes, stderr: bytes, *keys: str) -> list[str]:
    """What a run of the command printed, searched."""
    SEARCHED["runs"] += 1
    return leaks(stdout, *keys) + leaks(stderr, *keys)


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
    """create.py as its own process, with the test's environment (see conftest) and `env` on top. A fork, that
    is there at once, unless `env` says what only a new interpreter reads."""
    everything, where = {**os.environ, **(env or {})}, str(cwd or os.environ["HOME"])
    script = [str(CREATE), *words]
    if any(name.startswith(("PYTHON", "LANG", "LC_")) for name in env or {}):
        process: Forked | subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, *script],
            env=everything,
            cwd=where,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    else:
        process = Forked(script, everything, where)
    stdout, stderr = process.communicate(timeout=timeout)
    assert leaks_of(stdout, stderr) == [], "the key was printed"
    return Run(process.wait(), stdout.decode(), stderr.decode())


def start(*words: str, env: dict[str, str] | None = None) -> Forked:
    """create.py as a process that the test goes on to signal, starve or read from."""
    return Forked([str(CREATE), *words], {**os.environ, **(env or {})}, os.environ["HOME"])


def scripted(text: str, *words: str, env: dict[str, str]) -> Forked:
    """A script that does something to the command and then runs it with these words, as a process."""
    script = Path(os.environ["HOME"]) / f"{hashlib.sha256(text.encode()).hexdigest()}.py"
    script.write_text(text, encoding="utf-8")
    return Forked([str(script), *words], {**os.environ, **env}, os.environ["HOME"])


def ended(process: Forked) -> Run:
    """What a process printed, and its end."""
    stdout, stderr = process.communicate()
    return Run(process.wait(), stdout.decode(), stderr.decode())


@dataclass(frozen=True)
class Order:
    """What an ordinary purchase of a vendor's says besides its prompt. `unpriced`: nobody knows the price, so
    that the words say yes to that; config.toml has to allow it (`Vendor.buys_unpriced`)."""

    words: tuple[str, ...] = ()
    unpriced: bool = False

    @property
    def said(self) -> tuple[str, ...]:
        return (*self.words, *(("--accept-unknown-price",) if self.unpriced else ()))


LINK = "https://example.com"
ORDERS = {
    "ima": Order(),
    "vidu": Order(("--task-type", "text_to_video", "--resolution", "540p", "--duration", "1")),
    "kling": Order(
        (
            *("--task-type", "motion_control", "--input-images", f"{LINK}/face.png"),
            *("--input-video", f"{LINK}/dance-3s.mp4", "--set", "keep_original_sound=no"),
        ),
        unpriced=True,
    ),
    "mv": Order(
        (
            *("--task-type", "music_video", "--input-images", f"{LINK}/face.png"),
            *("--input-audio", f"{LINK}/song-10s.mp3", "--resolution", "540p"),
        ),
        unpriced=True,
    ),
    "302ai": Order(("--gateway", "302ai", "--task-type", "text_to_video")),
    "gptge": Order(("--gateway", "gptge", "--task-type", "text_to_video"), unpriced=True),
}
"""Provider, or, of one that is paid through several, gateway -> its cheapest and shortest purchase, with all
that it needs."""


def url_variable(gateway: str, role: str) -> str:
    """The variable that says where a gateway is spoken to."""
    middle = gateway.upper().replace("-", "_")
    return f"MEDIA_STUDIO_{middle}_URL" if role == "api" else f"MEDIA_STUDIO_{middle}_{role.upper()}_URL"


def key_variable(gateway: str) -> str:
    if gateway[0].isdigit():  # no variable of a shell begins so
        return f"{gateway.lstrip('0123456789').upper()}{gateway[:3]}_API_KEY"
    return f"{gateway.upper().replace('-', '_')}_API_KEY"


def configure(text: str) -> None:
    """Write config.toml, in the place of what was there."""
    folder = Path(os.environ["MEDIA_STUDIO_HOME"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(text)


@dataclass
class Vendor:
    """A gateway's twin on ports of its own, and the environment that leads the command to it. `order`: what
    `make` buys there."""

    urls: dict[str, str]
    speed: int
    gateway: str = "ima"
    order: Order = Order()

    @property
    def key(self) -> str:
        return CANARIES[self.gateway]

    @property
    def env(self) -> dict[str, str]:
        """The key, and an address for each of the gateway's roles."""
        roles = [role for role in self.urls if role not in NOT_ADDRESSED]
        addresses = {url_variable(self.gateway, role): self.urls[role] for role in roles}
        return {key_variable(self.gateway): self.key, **addresses}

    def buys_unpriced(self) -> None:
        """From now on config.toml allows what nobody knows the price of."""
        configure(f"[gateways.{self.gateway}]\naccept_unknown_price = true\n")

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
        said = ("make", "--speed", str(self.speed), "--prompt", prompt, *self.order.said)
        return self.run(*said, *words, env=env)

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
        self._control("POST", "account", {"key": self.key, "points": points})

    def settings(self, **settings: Any) -> None:
        """From now on the twin behaves so; what it knows of stands in its SETTINGS."""
        self._control("POST", "settings", settings)

    def products(self, category: str, tree: Any) -> None:
        """From now on the vendor lists and sells exactly this V2 tree for a category."""
        self._control("POST", "products", {"category": category, "tree": tree})

    @property
    def stats(self) -> Any:
        return self._control("GET", "stats")[self.gateway]

    def _control(self, method: str, what: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.urls['api']}/__sandbox/{what}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")


def with_clips(home: Path, clips: Path) -> Path:
    """A home for a sandbox that keeps its rendered films in a folder that it shares with others."""
    home.mkdir(parents=True)
    (home / "clips").symlink_to(clips)
    return home


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
