"""A scene: one vendor, a clock that can be moved, and as many chats as are wanted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chat.agent import Agent
from chat.looks import looked_at
from sandbox import Sandbox
from support import CREATE, Vendor, validate

CLOCK = Path(__file__).with_name("clock")
SAYS = {"en": "a lighthouse at dusk", "zh": "黄昏的灯塔"}


@dataclass
class Scene:
    """fast: the options that make the command nearly as fast as its vendor; without them it has a person's
    times, and the clock has to be moved."""

    vendor: Vendor
    clock: Path
    agents: list[Agent] = field(default_factory=list)
    speaks: list[str] = field(default_factory=list)
    ahead: float = 0.0
    began: float | None = None

    @property
    def fast(self) -> tuple[str, str]:
        return ("--speed", str(self.vendor.speed))

    def agent(
        self,
        speaks: str = "en",
        create: Path = CREATE,
        env: Mapping[str, str] | None = None,
        user: str = "ann",
    ) -> Agent:
        """One more chat."""
        home = {"PYTHONPATH": str(CLOCK), "CHAT_CLOCK": str(self.clock)}
        made = Agent(
            str(create), {**os.environ, **self.vendor.env, **home, **(env or {})}, os.environ["HOME"], user
        )
        self.agents.append(made)
        self.speaks.append(speaks)
        return made

    def later(self, seconds: float) -> None:
        """Every command from now on runs so much later."""
        self.ahead += seconds
        self.clock.write_text(str(self.ahead), encoding="ascii")

    def comes(self, moment: float) -> None:
        """It is so many seconds after this was first called."""
        self.began = self.began or time.time()
        self.later(self.began + moment - time.time() - self.ahead)

    def made(self) -> None:
        """The vendor comes to an end with all that it accepted."""
        until = time.monotonic() + 10
        while any(task["state"] == "running" for task in self.vendor.stats["tasks"]):
            assert time.monotonic() < until
            time.sleep(0.01)

    @property
    def creates(self) -> int:
        """Requests to buy that the vendor received."""
        return int(self.vendor.stats["requests"]["create"])

    @property
    def points(self) -> int:
        return int(self.vendor.stats["points_charged"])

    def ends(self, *, creates: int, points: int) -> None:
        """Every chat is as it should be, and this was paid."""
        for agent in self.agents:
            for turn in agent.turns:
                validate(turn.document)
        looked_at(self.agents, self.speaks)
        assert (self.creates, self.points) == (creates, points)

    def events(self, agent: Agent) -> list[Any]:
        """What was relayed, in a word each. How it goes is left out unless the clock is moved by hand: a
        vendor's times are so short beside a process that chance decides."""
        said = [entry.event for entry in agent.chat if entry.who == "agent"]
        return [event for event in said if event != "progress" or self.began is not None]


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Vendor]:
    """IMA's twin, faster than the commands, as it would be if an interpreter had to start for each."""
    with Sandbox(tmp_path / "twin", speed=500) as box:
        yield Vendor(box.urls["ima"], 200)


@pytest.fixture
def scene(vendor: Vendor, tmp_path: Path) -> Scene:
    made = Scene(vendor, tmp_path / "clock")
    made.later(0)
    return made
