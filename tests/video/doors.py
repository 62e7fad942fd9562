"""A stage with two gateways that sell one vendor's models: a key for both, for one, or for none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from support import key_variable, url_variable
from video.stage import Stage

FIRST, SECOND = "302ai", "gptge"
KEYS = {FIRST: "ai302_example_placeholder", SECOND: "gptge_example_placeholder"}


@dataclass
class Doors(Stage):
    """What `stats` and `fault` speak of is the gateway named in `at`."""

    at: str = FIRST

    @property
    def env(self) -> dict[str, str]:
        addresses = {url_variable(id, "api"): self.box.urls[id]["api"] for id in KEYS}
        return {**addresses, **{key_variable(id): key for id, key in KEYS.items()}}

    def keys(self, *gateways: str) -> None:
        """From now on there is a key for these alone."""
        for id, key in KEYS.items():
            os.environ.pop(key_variable(id), None)
            if id in gateways:
                os.environ[key_variable(id)] = key

    def run(self, *words: str) -> Any:
        made = super().run(*words)
        assert not any(key in made.stdout + made.stderr for key in KEYS.values())
        return made

    @property
    def requests(self) -> dict[str, int]:
        """Of both."""
        return {
            f"{id} {endpoint}": count
            for id in KEYS
            for endpoint, count in self.box.stats()[id]["requests"].items()
        }

    def no(self, code: int, times: int = 1) -> None:
        """The vendor's next answers to a purchase: HTTP 200, and this code."""
        said = {"task_id": "", "base_resp": {"status_code": code, "status_msg": "no"}}
        self.fault("create", "json", times, status=200, value=said)

    def creates_at(self, gateway: str) -> int:
        return self.requests[f"{gateway} create"]

    def bought(self, gateway: str) -> list[Any]:
        """The bodies of what was bought there."""
        return [task["body"] for task in self.box.stats()[gateway]["tasks"]]
