"""PURE. When a person who waits is told how it goes, and what is said of how far it is.

The rhythm is data: `data/cadence.json` for each kind of output, and a model's own `tell_every` for pictures.
Past the longest time expected the gaps double, so that few messages cover a long wait.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from studio import catalogue
from studio.types import Json, Plan

LONG = 300.0  # seconds; a job expected to take longer need not be watched from turn to turn
SHORTEST_TURN = 45.0  # seconds that one `wait` lasts
LONGEST_TURN = 600.0
MOST_PERCENT = 95


def moments(plan: Plan) -> tuple[float, ...]:
    """Seconds after submission at which to say how it goes, never more than eight; a rehearsal's are divided
    like every other wait of it."""
    table = catalogue.load("cadence.json")
    row: Json = table[plan.kind if plan.kind in table else "video"]
    found = itertools.chain(row["at"], _further(row)) if "at" in row else _by_steps(plan, row, table)
    return tuple(moment / plan.speed for moment in itertools.islice(found, table["most"]))


def reached(plan: Plan, elapsed: float) -> int:
    """How many of the moments have passed."""
    return sum(moment <= elapsed for moment in moments(plan))


def percent(plan: Plan, elapsed: float, parts: tuple[int, int] | None = None) -> int | None:
    """How far a job is, estimated from the longest time expected and never above 95; None where nothing is
    known of its time, or that time is over. `parts`: how many of how many shots are there: that says more."""
    if parts and parts[1]:
        return min(MOST_PERCENT, parts[0] * 100 // parts[1])
    if plan.estimate is None:
        return None
    part = elapsed * plan.speed / plan.estimate[1]
    return min(MOST_PERCENT, math.floor(part * 100)) if part < 1 else None


def turn(plan: Plan, elapsed: float) -> float | None:
    """How long one `wait` for a long job may last, in seconds: to the next moment. None for a job that is
    expected to be there soon."""
    if plan.estimate is None or plan.estimate[1] / plan.speed <= LONG:
        return None
    left = (moment - elapsed for moment in moments(plan) if moment > elapsed)
    return min(LONGEST_TURN, max(SHORTEST_TURN, math.ceil(next(left, LONGEST_TURN))))


def _by_steps(plan: Plan, row: Json, table: Json) -> Iterator[float]:
    every = plan.tell_every or row["every"]
    longest = plan.estimate[1] if plan.estimate else every
    moment, gap = every * math.ceil(row["least"] / every), every
    for _ in range(int(table["most"])):
        yield moment
        if moment + every > longest:
            gap = min(2 * gap, table["longest_gap"])
        moment += gap


def _further(row: Json) -> Iterator[float]:
    return itertools.count(row["at"][-1] + row["then"], row["then"])
