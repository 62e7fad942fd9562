"""A batch against a twin: its file, the run, and what came of each row."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forked import Forked
from support import CREATE, Run, Vendor, leaks_of, validate

FAST = 1000
PRICE = 5  # points of one ordinary row


def rows(*prompts: str, **options: Any) -> list[dict[str, Any]]:
    return [{"prompt": prompt, **options} for prompt in prompts]


@dataclass
class Batch:
    """A file of rows, and the twin that they are bought from.
    `others`: those of gateways besides."""

    vendor: Vendor
    file: Path
    others: tuple[Vendor, ...] = ()

    def write(self, made: Iterable[dict[str, Any]]) -> Batch:
        self.file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made), "utf-8")
        return self

    def quick(self) -> None:
        """From now on, until faults are cleared, every picture is a small one."""
        self.vendor.fault("create", SMALL, times=-1)

    def run(self, *words: str, speed: int = FAST, stdin: bytes = b"", file: str = "") -> Ran:
        process = self.process(*words, speed=speed, file=file)
        if stdin:
            process.stdin.write(stdin)
        return ended(process)

    def process(self, *words: str, speed: int = FAST, file: str = "") -> Forked:
        env = dict(os.environ)
        for vendor in (self.vendor, *self.others):
            env.update(vendor.env)
        said = [str(CREATE), "batch", file or str(self.file), "--speed", str(speed), *words]
        return Forked(said, env, os.environ["HOME"])

    def buy(self, *words: str, **more: Any) -> Ran:
        """With a yes to whatever it costs up to a thousand points."""
        return self.run("--yes", "--max-credits", "1000", *words, **more)

    @property
    def bought(self) -> Counter[str]:
        """How often each prompt was accepted by the vendor."""
        return Counter(
            task["body"]["parameters"][0]["parameters"]["prompt"] for task in self.vendor.stats["tasks"]
        )


@dataclass
class Ran(Run):
    @property
    def lines(self) -> list[Any]:
        """Every document; valid, or this raises."""
        made = [json.loads(line) for line in self.stdout.splitlines()]
        for one in made:
            validate(one)
        return made

    @property
    def rows(self) -> list[Any]:
        return [one for one in self.lines if one["event"] == "row"]

    @property
    def states(self) -> dict[int, str]:
        return {one["row"]: one["state"] for one in self.rows}

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are in each state that some are in."""
        return {state: count for state, count in self.document["rows"].items() if count and state != "total"}


def ended(process: Forked, timeout: float = 60) -> Ran:
    stdout, stderr = process.communicate(timeout)
    assert leaks_of(stdout, stderr) == [], "the key was printed"
    return Ran(process.wait(), stdout.decode(), stderr.decode())


SMALL = {"kind": "deliver", "width": 64, "height": 64}
"""Pictures that are drawn and read at once: the size is not what these tests are about."""


def opened(vendor: Vendor, folder: Path) -> Batch:
    made = Batch(vendor, folder / "rows.jsonl")
    made.quick()
    return made
