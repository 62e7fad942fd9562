"""What this process has seen: requests, refusals, violations. Not kept: a restart begins at zero."""

import threading
from collections import Counter
from typing import Any

MOST_VIOLATIONS = 1000  # kept in memory; the sandbox may serve for days


class Counts:
    """Counters of one twin, safe to use from every connection's thread."""

    def __init__(self, endpoints: tuple[str, ...]) -> None:
        self._lock = threading.Lock()
        self._requests = Counter(dict.fromkeys((*endpoints, "unknown"), 0))
        self._refused: Counter[str] = Counter()
        self._accepted = 0
        self._played = 0
        self._violations: list[str] = []

    def request(self, endpoint: str) -> None:
        with self._lock:
            self._requests[endpoint] += 1

    def refused(self, code: int) -> None:
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
        """Requests by endpoint, tasks accepted, refusals by code, faults played, violations as sentences."""
        with self._lock:
            return {
                "requests": dict(self._requests),
                "accepted": self._accepted,
                "refused": dict(self._refused),
                "faults_played": self._played,
                "violations": list(self._violations),
            }
