"""One table of ratios, each taken in one run on this machine: what `make bench` prints.

A part of the bench is a module of this folder with a function `rows() -> Iterable[Row]`; `__main__` has the
list of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measure. `ours` and `against` (what it is held to: the best possible, the reference client, or an
    amount that must not be passed) are in `unit`; `ratio` must lie between `least` and `most`."""

    name: str
    ours: float
    against: float
    most: float
    unit: str = "s"
    least: float = 0.0

    @property
    def ratio(self) -> float:
        if self.against:
            return self.ours / self.against
        return 0.0 if self.ours == 0 else float("inf")

    @property
    def ok(self) -> bool:
        return self.least <= self.ratio <= self.most


def text(rows: Iterable[Row]) -> str:
    """The table, a line a row."""
    head = ("row", "ours", "against", "unit", "ratio", "must be", "")
    body = [head, *(_cells(row) for row in rows)]
    wide = [max(len(line[n]) for line in body) for n in range(len(head))]
    lines = ["  ".join(_set(cell, wide[n], n) for n, cell in enumerate(line)).rstrip() for line in body]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    must = f"{row.least:g} to {row.most:g}" if row.least else f"at most {row.most:g}"
    ok = "ok" if row.ok else "MISSED"
    return (row.name, _figure(row.ours), _figure(row.against), row.unit, _figure(row.ratio), must, ok)


def _figure(value: float) -> str:
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"


def _set(cell: str, wide: int, column: int) -> str:
    """Words to the left, figures to the right."""
    return cell.rjust(wide) if column in {1, 2, 4} else cell.ljust(wide)
