"""Polling: how long after its end a task is known to have ended, and for how many polls.

The product's own follower, on a clock that is passed in, against durations drawn evenly over each range that
the catalogues expect, five times longer and five times shorter. A task that ends while it is asked has ended.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

from bench import reference
from bench.table import Row
from parts import plan, submitted
from studio import catalogue, times
from studio.contract import Done, Pending
from studio.follow import Follower, Past
from studio.types import Plan
from support import FakeClock

REFERENCE_EVERY = 5.0  # seconds
AGAINST_REFERENCE = ("doubao-seedream-4.5", "gemini-3.1-flash-image", "gemini-3-pro-image")
DRAWS = 1000


@dataclass(frozen=True)
class Kind:
    """What is expected of a model's jobs, and the names of the models of which just this is expected."""

    names: tuple[str, ...]
    estimate: tuple[int, int]
    floor: float

    @property
    def name(self) -> str:
        first, *others = self.names
        more = f" and {len(others)} more" if others else ""
        return f"{first}{more}, {self.estimate[0]} to {self.estimate[1]} s at {self.floor:g} s"

    @property
    def plan(self) -> Plan:
        return plan(estimate=self.estimate, poll_every=self.floor)

    def durations(self, count: int, times: float = 1.0) -> list[float]:
        """Drawn evenly: one of each of as many equal parts of the range, in any order."""
        shortest, longest = (times * seconds for seconds in self.estimate)
        part = (longest - shortest) / count
        drawn = [shortest + part * (n + random.random()) for n in range(count)]
        random.shuffle(drawn)
        return drawn


@dataclass(frozen=True)
class Seen:
    """A job that was followed. `known`: seconds from its submission until its end was known."""

    duration: float
    known: float
    polls: int
    took: float | None = None

    @property
    def lag(self) -> float:
        return self.known - self.duration


def kinds() -> list[Kind]:
    """Every range in the catalogues, with its floor: of models, of task types and of options that take
    longer."""
    found: dict[tuple[tuple[int, int], float], list[str]] = {}
    for model in catalogue.models():
        of_options: list[tuple[Any, float]] = [
            (tuple(row["estimate"]), row.get("poll_every", model.poll_every)) for row in model.slow
        ]
        of_tasks = [(span, model.poll_every) for span in model.estimates.values()]
        for estimate, floor in [(model.estimate, model.poll_every), *of_tasks, *of_options]:
            names = found.setdefault((estimate, floor), [])
            if model.id not in names:
                names.append(model.id)
    return [Kind(tuple(names), *expected) for expected, names in found.items()]


def followed(kind: Kind, duration: float, past: Past) -> Seen:
    """A job of that duration, followed from its submission on."""
    clock = FakeClock()
    start, polls = clock.now, 0
    follower = Follower(clock, lambda job, what: None)
    watch = follower.add(submitted(start, **_of(kind)), past)
    while (due := follower.due) is not None:
        clock.sleep(max(0.0, due - clock.monotonic()))
        polls += 1
        ended = clock.now - start >= duration
        follower.answered(follower.take(), Done(()) if ended else Pending("processing"))
    return Seen(duration, clock.now - start, polls, watch.took)


def _of(kind: Kind) -> dict[str, Any]:
    return {"estimate": kind.estimate, "poll_every": kind.floor}


def asked_from_zero(floor: float, duration: float) -> int:
    """Polls of a client that asks at the floor from the moment of the submission on."""
    return math.ceil(duration / floor) + 1


def best_lag(shortest: float, longest: float, floor: float) -> float:
    """The least mean lag that any schedule with such a floor can have, for durations drawn evenly.

    The polls cut the range into parts. A duration in a part waits for the part's end, half of it on average,
    so that the mean is the sum of the parts' squares over twice the range. None but the first part may be
    shorter than the floor. More and more equal parts are better, so all but the first are the floor; a poll
    past the end would lengthen the wait of the last ones and shorten nobody's."""
    length = longest - shortest
    whole = math.floor(length / floor)
    return (whole * floor**2 + (length - whole * floor) ** 2) / (2 * length)


def after_history(kind: Kind, users: int, share: float = 1.0) -> list[Seen]:
    """The jobs of users who have finished 20 of that kind, 20 more of each: what the 20 before one taught
    counts for it."""
    made: list[Seen] = []
    for _ in range(users):
        took: list[float] = []
        for n, duration in enumerate(kind.durations(2 * times.KEPT, share)):
            seen = followed(kind, duration, Past(times.usual(took[-times.KEPT :])))
            took += [seen.took] if seen.took is not None else []
            made += [seen] if n >= times.KEPT else []
    return made


def rows() -> Iterator[Row]:
    random.seed(9)  # what is drawn is the same in every run
    for kind in kinds():
        yield from rows_of(kind, DRAWS)


def rows_of(kind: Kind, draws: int) -> Iterator[Row]:
    yield from against_reference(kind, draws)
    yield from in_range(kind, draws)
    yield from longer(kind, draws)
    yield from shorter(kind, draws)


def in_range(kind: Kind, draws: int) -> Iterator[Row]:
    best = best_lag(*kind.estimate, kind.floor)
    first = [followed(kind, duration, Past()) for duration in kind.durations(draws)]
    for which, seen in (("", first), (", after 20 jobs", after_history(kind, draws // times.KEPT))):
        yield Row(f"{kind.name}{which}: mean lag / the best", _mean_lag(seen), best, 1.15)
        yield Row(f"{kind.name}{which}: polls / from zero", *_polls(kind, seen), 0.9, "polls")


def longer(kind: Kind, draws: int) -> Iterator[Row]:
    seen = [followed(kind, duration, Past()) for duration in kind.durations(draws, 5.0)]
    worst = max(job.lag for job in seen)
    yield Row(f"{kind.name}, 5x longer: worst lag / four floors", worst, 4 * kind.floor, 1.0)
    yield _never_more(f"{kind.name}, 5x longer", kind, seen)


def shorter(kind: Kind, draws: int) -> Iterator[Row]:
    name = f"{kind.name}, 5x shorter"
    seen = [followed(kind, duration, Past()) for duration in kind.durations(draws, 0.2)]
    shortest = kind.estimate[0]
    late = max(0.0, *(job.known - shortest for job in seen if job.duration <= shortest))
    yield Row(f"{name}, first job: after the minimum / floor", late, kind.floor, 1.0)
    later = after_history(kind, draws // times.KEPT, 0.2)
    yield Row(f"{name}, after 20 jobs: mean lag / four floors", _mean_lag(later), 4 * kind.floor, 1.0)
    yield _never_more(name, kind, [*seen, *later])


def against_reference(kind: Kind, draws: int) -> Iterator[Row]:
    for model in (name for name in kind.names if name in AGAINST_REFERENCE):
        durations = kind.durations(draws)
        plain = [by_reference(duration) for duration in durations]
        ours = [followed(kind, duration, Past()) for duration in durations]
        due = sum(asked_from_zero(REFERENCE_EVERY, duration) for duration in durations) / len(durations)
        name = f"the reference, {model}"
        yield Row(f"{name}: mean lag / 2.5 s", _mean_lag(plain), 2.5, 1.08, least=0.92)
        yield Row(f"{name}: polls / every 5 s from zero", _count(plain), due, 1.0, "polls", least=1.0)
        yield Row(f"{model}: mean lag / the reference", _mean_lag(ours), _mean_lag(plain), 0.45)
        yield Row(f"{model}: polls / the reference", _count(ours), _count(plain), 1.0, "polls")


def by_reference(duration: float) -> Seen:
    """The reference client's own loop, on a clock that is passed in."""
    clock = FakeClock()
    start = clock.now

    def post(*words: Any, **more: Any) -> Any:
        link = "https://cdn.example.com/1.png" if clock.now - start >= duration else ""
        return mock.Mock(json=lambda: {"data": {"medias": [{"url": link}]}})

    with mock.patch.object(reference, "time", clock), mock.patch("requests.post", post):
        _, polls = reference.follow("", "", "", REFERENCE_EVERY)
    return Seen(duration, clock.now - start, polls)


def _never_more(name: str, kind: Kind, seen: Sequence[Seen]) -> Row:
    """The job that comes nearest to what it may ask."""
    worst = max(seen, key=lambda job: job.polls / asked_from_zero(kind.floor, job.duration))
    most = asked_from_zero(kind.floor, worst.duration)
    return Row(f"{name}: most polls / from zero", worst.polls, most, 1.0, "polls")


def _polls(kind: Kind, seen: Sequence[Seen]) -> tuple[float, float]:
    return _count(seen), sum(asked_from_zero(kind.floor, job.duration) for job in seen) / len(seen)


def _count(seen: Sequence[Seen]) -> float:
    return sum(job.polls for job in seen) / len(seen)


def _mean_lag(seen: Sequence[Seen]) -> float:
    return sum(job.lag for job in seen) / len(seen)
