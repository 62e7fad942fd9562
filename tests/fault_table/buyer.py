"""Who buys in the fault table: one provider, one way to buy, and what is looked at afterwards. What the table
asserts comes from the twin's stats and from fresh processes, never from the product's insides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fault_table.paid import Paid
from support import CREATE, PROMPT, Run, Vendor, leaks, validate

DRIVER = Path(__file__).with_name("driver.py")
WAYS = ("make", "start")
LATER = {"shift": 60.0}  # seconds: every lease of now has run out
Orders = Mapping[str, Any]


@dataclass
class Buyer:
    """`way`: make, or start and then wait. `processes`: all that it started; none outlives its test."""

    paid: Paid
    vendor: Vendor
    way: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def words(self, *words: str, prompt: str = PROMPT) -> list[str]:
        """The command that buys."""
        return [self.way, "--speed", str(self.vendor.speed), "--prompt", prompt, *words]

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
        limit = [] if patience is None else [f"--max-wait={patience}"]
        return self.run("wait", job, *limit, env=env, drive=drive)

    def run(self, *words: str, env: Mapping[str, str] | None = None, drive: Orders | None = None) -> Run:
        """One command as its own process; with `drive` through the driver. Its document is valid."""
        return finished(self.process(*words, env=env, drive=drive))

    def later(self, *words: str) -> Run:
        """A command of some time later, when the lease of whoever died has run out."""
        return self.run(*words, drive=LATER)

    def process(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        drive: Orders | None = None,
        pipe: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """The same, still running. `pipe`: handed on to it."""
        script = [str(CREATE)] if drive is None else [str(DRIVER), json.dumps(drive)]
        process = subprocess.Popen(
            [sys.executable, *script, *words],
            env={**os.environ, **self.vendor.env, **(env or {})},
            cwd=os.environ["HOME"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=() if pipe is None else (pipe,),
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
        """What a fresh process says was spent today, reserved sums included, in the gateway's unit."""
        document = self.run("spend").document
        amount: float = sum(row["quoted"] for row in document["spent"])
        (limits,) = [row for row in document["limits"] if row["gateway"] == self.paid.gateway]
        assert limits["spent_today"] == amount, "the counter and the jobs say different things"
        return amount

    def delivered_once(self, run: Run) -> None:
        """All is well: one create, one task, and its file is here, as a fresh process knows."""
        assert run.code == 0, run.stderr
        assert self.creates == 1
        self.kept(run)

    def kept(self, run: Run) -> None:
        """The one task that was bought is the one job's, and every file of it is on the disk."""
        (task,) = self.tasks
        job = self.job
        assert (job["state"], job["task_id"]) == ("done", task["id"])
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


def finished(process: subprocess.Popen[bytes]) -> Run:
    """A process's end. No key was printed, and what was printed is a document."""
    stdout, stderr = process.communicate(timeout=60)
    assert leaks(stdout) == leaks(stderr) == [], "the key was printed"
    run = Run(process.returncode, stdout.decode(), stderr.decode())
    validate(run.document)
    return run


def said(process: subprocess.Popen[bytes], word: str) -> str:
    """The next line on its stderr that begins so; waits for it."""
    assert process.stderr is not None
    seen = []
    for row in process.stderr:
        seen.append(row.decode())
        if seen[-1].startswith(word):
            return seen[-1].strip()
    raise AssertionError(f"it never said {word!r}, but {seen}")


def goes_on(process: subprocess.Popen[bytes]) -> None:
    """Let go what stands still at a point of the driver."""
    assert process.stdin is not None
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


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL."""
    process.kill()
    process.communicate(timeout=20)
