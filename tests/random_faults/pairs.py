"""Which fault can meet which stage, how often it did, and why the others never can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

Pair = tuple[str, str]
"""A fault and the stage of a purchase that it met."""


@dataclass
class Tally:
    """What a run met. `base`: what its seeds were made from."""

    base: str
    sequences: int = 0
    met: Counter[Pair] = field(default_factory=Counter)

    def table(
        self, name: str, faults: Collection[str], stages: Collection[str], never: Mapping[Pair, str]
    ) -> str:
        """Every pair with its count; a dot where it never can meet, and below it why."""
        wide = max(map(len, faults))
        widths = {stage: max(5, len(stage)) for stage in stages}
        head = f"{name}: seed {self.base}, {self.sequences} sequences, {sum(self.met.values())} faults met"
        rows = [head, " " * wide + "".join(f" {stage:>{width}}" for stage, width in widths.items())]
        for fault in faults:
            counts = {
                stage: "." if (fault, stage) in never else str(self.met[fault, stage]) for stage in stages
            }
            rows.append(
                f"{fault:<{wide}}" + "".join(f" {counts[stage]:>{widths[stage]}}" for stage in stages)
            )
        for why in dict.fromkeys(never.values()):
            names = dict.fromkeys(fault for (fault, _), reason in never.items() if reason == why)
            rows.append(f". {why}: {', '.join(names)}")
        return "\n".join(rows)

    def missing(self, possible: Iterable[Pair]) -> list[Pair]:
        return [pair for pair in possible if not self.met[pair]]


def impossible(
    reasons: Iterable[tuple[str, Collection[str], Collection[str]]],
) -> Mapping[Pair, str]:
    """Rows of a reason, faults and stages -> each pair with its reason: the first row's that names it."""
    made: dict[Pair, str] = {}
    for why, faults, stages in reasons:
        for fault in faults:
            for stage in stages:
                made.setdefault((fault, stage), why)
    return made


def possible(faults: Collection[str], stages: Collection[str], never: Mapping[Pair, str]) -> list[Pair]:
    return [(fault, stage) for fault in faults for stage in stages if (fault, stage) not in never]
