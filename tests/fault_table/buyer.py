"""Who buys in the fault table: one provider, one way to buy, and what is looked at afterwards. What the table
asserts comes from the twin's stats and from fresh processes, never from the product's insides."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fault_table.paid import Paid
from forked import Forked
from support import CREATE, PROMPT, Run, Vendor, configure, leaks_of, validate

DRIVER = Path(__file__).with_name("driver.py")
LASTING = ("shift", "file_bytes")  # orders to the driver that the next process has to be given too
A_LITTLE_LATE = {"shift": 5.0}  # seconds
LATER = {"shift": 60.0}  # seconds: every lease of now has run out
Orders = Mapping[str, Any]


@dataclass
class Buyer:
    """`way`: make, or start and then wait. `processes`: all that it started; none outlives its test."""

    paid: Paid
    vendor: Vendor
    way: str
    processes: list[Forked] = field(default_factory=list)

    def words(self, *words: str, prompt: str = PROMPT) -> list[str]:
        """The command that buys."""
        said = self.vendor.order.said
        return [self.way, "--speed", str(self.vendor.speed), "--prompt", prompt, *said, *words]

    def configure(self, **limits: float) -> None:
        """config.toml: limits of its gateway, and, where nobody knows the price, that this may be bought."""
        lines = [f"{name} = {amount}" for name, amount in limits.items()]
        if self.vendor.order.unpriced:
            lines.append("accept_unknown_price = true")
        configure("\n".join([f"[gateways.{self.paid.gateway}]", *lines, ""]))

    def buy(
        self,
        *words: str,
        prompt: str = PROMPT,
        patience: float | None = None,
        env: Mapping[str, str] | None = None,
        drive: Orders | None = None,
    ) -> Run:
        """Bought and followed, in this buyer's way, as far as `patience` (seconds); the last run's end."""
        limit = [] if patience is None else [f"--timeout={patience}"]
        if self.way == "make":
            return self.run(*self.words(*words, *limit, prompt=prompt), env=env, drive=drive)
        begun = self.run(*self.words(*words, prompt=prompt), env=env, drive=drive)
        if begun.code or begun.document["done"]:
            return begun
        assert begun.document["next"][2] == "wait"
        return self.wait(begun.document["job"], patience, env=env, drive=drive)

    def wait(
        self,
        job: str,
        patience: float | None = None,
        env: Mapping[str, str] | None = None,
        drive: Orders | None = None,
    ) -> Run:
        if patience is not None:
            return self.run("wait", job, f"--max-wait={patience}", env=env, drive=drive)
        lasting = {name: value for name, value in (drive or {}).items() if name in LASTING} or None
        return self.to_the_end(self.run("wait", job, env=env, drive=drive), env, lasting)

    def to_the_end(self, run: Run, env: Mapping[str, str] | None = None, drive: Orders | None = None) -> Run:
        """As an agent goes on with a wait that came back because a word to the person was due."""
        for _ in range(20):
            if run.code or run.document["event"] != "progress" or run.document["next"][2] != "wait":
                return run
            run = self.run(*run.document["next"][2:], env=env, drive=drive)
        raise AssertionError("twenty turns, and no end")

    def run(self, *words: str, env: Mapping[str, str] | None = None, drive: Orders | None = None) -> Run:
        """One command as its own process; with `drive` through the driver. Its document is valid."""
        return finished(self.process(*words, env=env, drive=drive))

    def follows(self, env: Mapping[str, str] | None = None) -> Forked:
        """A process that follows the task: make itself, or a wait. That is a little late, so that it asks at
        once: before the shortest time expected nobody does."""
        if self.way == "make":
            return self.process(*self.words(), env=env)
        begun = self.run(*self.words(), env=env)
        return self.process("wait", begun.document["job"], env=env, drive=A_LITTLE_LATE)

    def later(self, *words: str) -> Run:
        """A command of some time later, when the lease of whoever died has run out."""
        return self.run(*words, drive=LATER)

    def process(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        drive: Orders | None = None,
        pipe: int | None = None,
    ) -> Forked:
        """The same, still running. `pipe`: handed on to it."""
        script = [str(CREATE)] if drive is None else [str(DRIVER), json.dumps(drive)]
        process = Forked(
            [*script, *words],
            {**os.environ, **self.vendor.env, **(env or {})},
            os.environ["HOME"],
            pipe=pipe,
        )
        self.processes.append(process)
        return process

    @property
    def creates(self) -> int:
        """Requests to buy that the twin received, whatever became of them."""
        count: int = self.vendor.stats["requests"]["create"]
        return count

    @property
    def tasks(self) -> list[Any]:
        """What the twin accepted, and bills."""
        tasks: list[Any] = self.vendor.stats["tasks"]
        return tasks

    @property
    def jobs(self) -> list[Any]:
        """What a fresh process lists."""
        listed: list[Any] = self.run("list", "--all").document["jobs"]
        return listed

    @property
    def job(self) -> Any:
        """The only one."""
        (job,) = self.jobs
        return job

    @property
    def spent(self) -> float:
        """What a fresh process says was spent today, reserved sums included, in the gateway's unit; 0 of what
        nobody knows the price of."""
        document = self.run("spend").document
        amount: float = sum(row["quoted"] or 0 for row in document["spent"])
        (limits,) = [row for row in document["limits"] if row["gateway"] == self.paid.gateway]
        assert limits["spent_today"] == amount, "the counter and the jobs say different things"
        return amount

    def delivered_once(self, run: Run) -> None:
        """All is well: one create, one task, and its file is here, as a fresh process knows."""
        run = self.to_the_end(run)
        assert run.code == 0, run.stderr
        assert self.creates == 1
        self.kept(run)

    def kept(self, run: Run) -> None:
        """The one task that was bought is the one job's, and every file of it is on the disk."""
        (task,) = self.tasks
        job = self.job
        assert (job["state"], job["task_id"]) == ("done", task["id"]), run.stdout
        assert len(job["paths"]) == task["n"]
        assert all(Path(path).is_file() for path in job["paths"])
        assert [output["path"] for output in run.document["outputs"]] == job["paths"]

    def patience_ended(self, run: Run) -> None:
        """Not finished, and said how it goes on: `make` failed to, `wait` came back."""
        document = run.document
        expected = (5, "failure") if self.way == "make" else (0, "progress")
        assert (run.code, document["event"]) == expected, run.stderr
        assert document["job"] == self.job["job"]
        assert document["task_id"] == self.tasks[0]["id"]
        assert (document["done"], document["next"][2:4]) == (False, ["wait", document["job"]])


def finished(process: Forked) -> Run:
    """A process's end. No key was printed, and what was printed is a document."""
    stdout, stderr = process.communicate(timeout=60)
    assert leaks_of(stdout, stderr) == [], "the key was printed"
    run = Run(process.wait(), stdout.decode(), stderr.decode())
    validate(run.document)
    return run


def said(process: Forked, word: str) -> str:
    """The next line on its stderr that begins so; waits for it."""
    seen = []
    for row in process.stderr:
        seen.append(row.decode())
        if seen[-1].startswith(word):
            return seen[-1].strip()
    raise AssertionError(f"it never said {word!r}, but {seen}")


def goes_on(process: Forked) -> None:
    """Let go what stands still at a point of the driver."""
    process.stdin.write(b"\n")
    process.stdin.flush()


@contextmanager
def barrier() -> Iterator[int]:
    """A pipe's reading end; whoever waits there is let go when the block ends, all at once."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


def kill(process: Forked) -> None:
    """SIGKILL."""
    process.kill()
    process.communicate(timeout=20)
