"""What this process has seen: requests, refusals, violations. Not kept: a restart begins at zero."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Kept in memory; the sandbox may serve for days.
MOST_VIOLATIONS = 1000
MOST_PROMPTS = 10_000


class Counts:
    """Counters of one twin, safe to use from every connection's thread."""

    def __init__(self, endpoints: tuple[str, ...]) -> None:
        self._lock = threading.Lock()
        self._requests = Counter(dict.fromkeys((*endpoints, "unknown"), 0))
        self._held = Counter(dict.fromkeys(endpoints, 0))
        self._prompts: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._accepted = 0
        self._played = 0
        self._violations: list[str] = []

    def request(self, endpoint: str, prompt: str | None) -> None:
        """A request arrived, whatever becomes of it. `prompt`: of one that asks to buy."""
        with self._lock:
            self._requests[endpoint] += 1
            if prompt is not None and (prompt in self._prompts or len(self._prompts) < MOST_PROMPTS):
                self._prompts[prompt] += 1

    @contextmanager
    def holding(self, endpoint: str) -> Iterator[None]:
        """As long as this lasts, one more call of the endpoint counts as held."""
        with self._lock:
            self._held[endpoint] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held[endpoint] -= 1

    def refused(self, code: int | str) -> None:
        """`code`: the vendor's own, a number or a word."""
        with self._lock:
            self._refused[str(code)] += 1

    def accepted(self) -> None:
        with self._lock:
            self._accepted += 1

    def played(self) -> None:
        with self._lock:
            self._played += 1

    def violation(self, text: str) -> None:
        """Remember what a client must never do. `text` holds no key."""
        with self._lock:
            if len(self._violations) < MOST_VIOLATIONS:
                self._violations.append(text)

    def as_json(self) -> dict[str, Any]:
        """Requests by endpoint; calls that a fault holds right now, by endpoint; create requests by prompt,
        answered or not; tasks accepted, refusals by code, faults played, violations as sentences."""
        with self._lock:
            return {
                "requests": dict(self._requests),
                "held": dict(self._held),
                "creates": dict(self._prompts),
                "accepted": self._accepted,
                "refused": dict(self._refused),
                "faults_played": self._played,
                "violations": list(self._violations),
            }
