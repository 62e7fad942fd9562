"""A mechanical agent. It runs create.py as its own process, imports nothing of the product, and of every
document it knows `send`, `resend`, `next`, `done`, `background` and the ids that go into a command:

- each item of `send` is one call of the message tool; an empty `send` beside `resend` was handed out before;
- `next` is run by itself, as it stands, only where `done` is false; beside `done: true` it waits for a yes;
- cut off, it knows the job's name, or nothing: then it asks for what is open.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forked import Forked
from support import CREATE

Document = dict[str, Any]
Process = Forked | subprocess.Popen[bytes]
MOST_TURNS = 12


@dataclass(frozen=True)
class Entry:
    """One line of the chat. who: user, agent (a call of the message tool). item: the tool's arguments as
    they came. event, job: of the document it stood in. asked: the person had asked just before; again: it
    was relayed from `resend`."""

    who: str
    what: str
    at: float
    item: Mapping[str, Any] = field(default_factory=dict)
    event: str = ""
    job: str | None = None
    asked: bool = False
    again: bool = False

    @property
    def media(self) -> str | None:
        return self.item.get("media")


@dataclass(frozen=True)
class Turn:
    """One command that was run to its end, and what came of it."""

    argv: tuple[str, ...]
    code: int
    document: Document


class CutOff(Exception):
    """The agent's turn ended in the middle."""


class Agent:
    """One chat with one person. came: called with each document that was read and not yet relayed; between:
    with each that was relayed, before its `next` is run; cut: called while the next command runs, and when it
    comes back that process is killed."""

    def __init__(self, create: str, env: Mapping[str, str], cwd: str, user: str) -> None:
        self.create, self.env, self.cwd, self.user = create, dict(env), cwd, user
        self.chat: list[Entry] = []
        self.turns: list[Turn] = []
        self.came: Callable[[Document], None] = lambda document: None
        self.between: Callable[[Document], None] = lambda document: None
        self.cut: Callable[[], None] | None = None
        self.asked = False
        self.messages = 0

    # --- what the person does -------------------------------------------------------------------------

    def wish(self, prompt: str, *words: str) -> Document:
        """A picture is asked for. Returns the document at which the agent stopped."""
        self.hears(prompt)
        self.messages += 1
        return self.go_on(self.start(prompt, *words))

    def yes(self, document: Document) -> Document:
        self.hears("yes")
        return self.go_on(self.run(document["next"]))

    def another(self, document: Document, number: int) -> Document:
        self.hears(f"the {number + 1}. of those")
        return self.go_on(self.run(document["alternatives"][number]["next"]))

    def status(self, job: str | None = None, command: str = "show", *more: str) -> Document:
        """Asked how it goes. Returns what was answered, without going on."""
        self.hears("is it ready?")
        self.asked = True
        about = (job,) if job else ("last", "--user-id", self.user)
        document = self.command(command, *about, *more)
        self.relay(document)
        self.asked = False
        return document

    def found(self, document: Document, *words: str) -> Document:
        """After an end that nobody knows: the person looked, and tells."""
        self.hears(" ".join(words))
        return self.go_on(self.command("reconcile", document["job"], *words))

    def never_came(self, document: Document) -> None:
        self.hears("I did not get it")
        self.relay(document, again=True)

    def hears(self, text: str) -> None:
        self.chat.append(Entry("user", text, time.time()))

    # --- what the agent does --------------------------------------------------------------------------

    def start(self, prompt: str, *words: str) -> Document:
        """The command for a wish; the same message again is the same key."""
        key = f"{self.user}-message-{self.messages}"
        more = ("--user-id", self.user, "--idempotency-key", key, "--language", "auto")
        return self.command("start", "--prompt", prompt, *more, *words)

    def command(self, *words: str) -> Document:
        return self.run((sys.executable, self.create, *words))

    def go_on(self, document: Document) -> Document:
        """Relay, and go on from `next` to `next` until `done`."""
        for _ in range(MOST_TURNS):
            self.relay(document)
            if document["done"]:
                return document
            self.between(document)
            document = self.run(document["next"])
        raise AssertionError(f"{MOST_TURNS} turns, and no end: {document}")

    def woken(self, job: str | None = None) -> list[Document]:
        """After a cut: every job that this chat may wait for, brought to its end."""
        names = [job] if job else self.open()
        return [self.go_on(self.command("wait", name)) for name in names]

    def open(self) -> list[str]:
        return [row["job"] for row in self.command("list", "--open", "--user-id", self.user)["jobs"]]

    def relay(self, document: Document, *, again: bool = False) -> None:
        """One call of the message tool for each item."""
        for item in document.get("resend" if again else "send", []):
            said = str(item.get("message"))
            about = (document["event"], document.get("job"))
            self.chat.append(Entry("agent", said, time.time(), item, *about, self.asked, again))

    def run(self, argv: Sequence[str]) -> Document:
        """A command as it stands. Its stdout is one document."""
        process = self.process(argv)
        if self.cut:
            cut, self.cut = self.cut, None
            try:
                cut()
            finally:
                process.kill()
                process.communicate()
            raise CutOff
        return self.read(argv, process)

    def at_once(self, *commands: Sequence[str]) -> list[Document]:
        """Several commands, begun together."""
        processes = [self.process(argv) for argv in commands]
        return [self.read(argv, process) for argv, process in zip(commands, processes, strict=True)]

    def read(self, argv: Sequence[str], process: Process, patience: float = 60) -> Document:
        try:
            stdout, _ = process.communicate(timeout=patience)
        finally:
            process.kill()
        document = json.loads(stdout)
        assert isinstance(document, dict)
        self.turns.append(Turn(tuple(argv), process.wait(), document))
        self.came(document)
        return document

    def process(self, argv: Sequence[str], *, merged: bool = False) -> Process:
        """`merged`: both streams in one. A fork, that is there at once, unless it is a copy."""
        interpreter, script, *_ = argv
        if (interpreter, script) == (sys.executable, str(CREATE)):
            return Forked(argv[1:], self.env, self.cwd, merged=merged)
        return subprocess.Popen(
            list(argv),
            env=self.env,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        )

    def unheard(self, argv: Sequence[str]) -> None:
        """The agent dies while the command goes on: nobody reads what it prints."""
        reading, writing = os.pipe()
        os.close(reading)
        with open(os.devnull, "wb") as nothing:
            process = subprocess.Popen(
                list(argv), env=self.env, cwd=self.cwd, stdin=nothing, stdout=writing, stderr=nothing
            )
            os.close(writing)
            process.wait(60)
        raise CutOff
