"""A random sequence of commands, as a hasty agent, its impatient person and a bad day would give them; and
the settling afterwards, by a person who looks at the vendor's page."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from random_faults import rules
from random_faults.in_process import Armed
from random_faults.pairs import Pair
from random_faults.scripted import Task
from random_faults.world import Ran, World

STEPS = (3, 8)
HOUR = 3600.0
KINDS: Sequence[tuple[Sequence[str], int]] = (
    ((), 6),
    (("--size", "2k"), 3),
    (("--n", "2"), 3),
    (("--n", "5"), 2),
    (("--model", "Nano Banana Pro", "--size", "4K"), 2),
)
MORE: Sequence[tuple[Sequence[str], int]] = (
    ((), 12),
    (("--allow-degrade",), 3),
    (("--yes",), 2),
    (("--yes", "--max-credits", "100"), 3),
    (("--max-credits", "10"), 2),
    (("--max-per-day", "12"), 1),
    (("--max-per-user", "12"), 1),
    (("--force-new",), 2),
    (("--force-new", "--yes", "--max-credits", "50"), 2),
)


class Walk:
    """`targets`: the pairs that this sequence is meant to meet, beside what chance brings."""

    def __init__(
        self, world: World, dice: random.Random, targets: Sequence[Pair], inputs: Sequence[Path]
    ) -> None:
        self.world = world
        self._dice = dice
        self._inputs = [str(path) for path in inputs]
        self._targets = list(targets)
        self._keys: dict[str, int] = {}
        self._tokens: list[str] = []
        self._next: list[list[str]] = []
        self._wishes = [self._wish(n) for n in range(dice.randint(1, 2))]
        world.armed += [self._arm(*pair) for pair in targets]

    def go(self) -> None:
        self._buy(0)
        steps = {
            self._buy_again: 6,
            self._go_on: 6,
            self._about_a_job: 7,
            self._look_around: 2,
            self._time_passes: 3,
            self._goes_on_or_dies: 3,
            self._purge: 2,
        }
        for _ in range(self._dice.randint(*STEPS)):
            self._dice.choices([*steps], [*steps.values()])[0]()
        for n in range(2, 5):  # what has waited in vain so far
            if self.world.armed:
                self._wishes.append(self._wish(n))
                self._buy(len(self._wishes) - 1, plain=True)
                self._about_the_newest()

    def settle(self) -> None:
        """A day without faults: who stood still goes on, leases run out, each job is looked at."""
        world = self.world
        world.armed.clear()
        while world.frozen:
            world.thaw(world.frozen[0])
        world.broken += rules.of_purchases(world.vendor, [*world.rows(), *world.forgotten])
        world.wrong = 0.0
        world.now += 2 * HOUR
        for task in world.vendor:
            task.stuck = False
        world.run("list", "--all")
        for _ in range(2):
            for row in world.rows():
                if row.state == "unknown":
                    self._reconcile(row)
                elif row.state == "done" and row.unsaved:
                    world.run("fetch", row.id, "--max-wait", "7200")
                elif not row.over:
                    world.follow("wait", row.id, "--max-wait", "7200")

    def check(self) -> None:
        """After settling."""
        world = self.world
        rows = [*world.rows(), *world.forgotten]
        forgotten = {row.task_id for row in world.forgotten}
        world.broken += rules.of_purchases(world.vendor, rows)
        world.broken += rules.of_keys([task for task in world.vendor if task.id not in forgotten])
        world.broken += rules.of_consent(world.vendor, rows, world.creators)
        world.broken += rules.of_the_end(world.vendor, rows, world.counters() if rows else Counter())

    def _arm(self, fault: str, stage: str) -> Armed:
        return Armed(fault, stage, self._dice.random() < 0.5, self._dice.random() < 0.5)

    def _wish(self, n: int) -> list[str]:
        """What is wanted; such that the targets can be met."""
        kind = self._one_of(KINDS)
        left = {(armed.fault, armed.stage) for armed in self.world.armed} or {*self._targets}
        faults, stages = {fault for fault, _ in left}, {stage for _, stage in left}
        if "partly failed" in faults:
            kind = ("--n", "2")
        words = ["--prompt", f"lighthouse {n}", *kind]
        if "slow" in faults:
            words += ["--input-images", *self._inputs]
        elif "upload" in stages or self._dice.random() < 0.2:
            words += ["--input-images", self._inputs[0]]
        return words

    def _buy(self, n: int, *, plain: bool = False) -> None:
        command = "start" if ("slow", "upload") in self._targets else self._dice.choice(["make", "start"])
        words = [command, *self._wishes[n]]
        if not plain:
            words += [*self._key(n), *self._user(n), *self._one_of(MORE)]
            if self._tokens and self._dice.random() < 0.1 and "--approve" not in words:
                words += ["--approve", self._dice.choice(self._tokens)]
        self._run(words)

    def _buy_again(self) -> None:
        self._buy(self._dice.randrange(len(self._wishes)))

    def _go_on(self) -> None:
        """What a document said comes next; a `next` after a question is the person's yes."""
        if self._next:
            self._run(self._dice.choice(self._next[-3:]))

    def _about_the_newest(self) -> None:
        rows = self.world.rows()
        if rows and rows[-1].state == "submitted":
            self._note(self.world.follow("wait", rows[-1].id, "--max-wait", "300"))

    def _about_a_job(self) -> None:
        rows = self.world.rows()
        if not rows:
            return
        row = self._dice.choice(rows)
        if row.state == "unknown" and self._dice.random() < 0.5:
            self._reconcile(row)
            return
        self._run(
            self._dice.choice(
                (
                    ["wait", row.id, "--max-wait", self._dice.choice(["0", "45", "600"])],
                    ["wait", row.id],
                    ["show", row.id],
                    ["fetch", row.id],
                    ["fetch", row.id, "--out", str(self.world.home / "elsewhere")],
                    ["cancel", row.id],
                    ["again", row.id],
                    ["again", row.id, "--size", "2k"],
                    ["reconcile", row.id],
                    ["reconcile", row.id, "--task-id", "task_of_nobody"],
                )
            )
        )

    def _look_around(self) -> None:
        self._run(
            self._dice.choice(
                (["list"], ["list", "--open"], ["spend"], ["quote", *self._dice.choice(self._wishes)])
            )
        )

    def _time_passes(self) -> None:
        if self._dice.random() < 0.15:
            self.world.wrong = self._dice.choice([-HOUR, 0.0, 30.0])
            self.world.log.append(f"the clock is wrong by {self.world.wrong} s")
        else:
            self.world.now += self._dice.choice([2.0, 20.0, 60.0, HOUR])

    def _goes_on_or_dies(self) -> None:
        if not self.world.frozen:
            return
        process = self._dice.choice(self.world.frozen)
        if self._dice.random() < 0.25:
            self.world.kill(process)
        else:
            self._note(self.world.thaw(process))

    def _purge(self) -> None:
        """Mostly of what is older than a yes lives: what is younger is not forgotten."""
        self.world.now += self._dice.choice([0.0, HOUR, HOUR])
        self._run(["purge", "--before", self._dice.choice(["0m", "1m", "1h"])])

    def _reconcile(self, row: rules.Row) -> None:
        """With the truth, as the vendor's page has it. While somebody stands still who may yet buy, the page
        cannot tell that nothing was bought."""
        task = self._task_of(row)
        if task is None and self.world.frozen:
            return
        said = ["--task-id", task.id] if task else ["--not-charged"]
        self._run(["reconcile", row.id, *said, "--max-wait", self._dice.choice(["0", "600"])])

    def _task_of(self, row: rules.Row) -> Task | None:
        known = {other.task_id for other in [*self.world.rows(), *self.world.forgotten]}
        fitting = (task for task in self.world.vendor if task.wish == row.wish and task.id not in known)
        return next(fitting, None)

    def _run(self, words: Sequence[str]) -> None:
        self._note(self.world.run(*words))

    def _note(self, ran: Ran | None) -> None:
        document: Any = ran.document if ran else {}
        following = document.get("next")
        if following:
            words = list(following[2:])
            self._next.append(words)
            token = rules.given(words, "--approve")
            if token:
                self._tokens.append(token)

    def _key(self, n: int) -> list[str]:
        """A message's id: mostly of this wish, now and then of another one."""
        if self._dice.random() < 0.6:
            return []
        key = self._dice.choice(["m1", "m2"])
        if self._dice.random() < 0.9 and self._keys.setdefault(key, n) != n:
            return []
        return ["--idempotency-key", key]

    def _user(self, n: int) -> list[str]:
        return ["--user-id", f"u{n}"] if n % 2 else []

    def _one_of(self, table: Sequence[tuple[Sequence[str], int]]) -> Sequence[str]:
        return self._dice.choices([words for words, _ in table], [weight for _, weight in table])[0]
