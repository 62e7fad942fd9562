"""Which rows of the table are played for whom, and in which way. Each is played for every provider that can
meet it, at each of its gateways, in one of the ways; over all of them it is played in both. What one cannot
meet is named in its `absent`, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from zlib import crc32

import pytest

from fault_table.paid import PAID, Paid

WAYS = ("make", "start")
TABLE: dict[str, dict[str, set[str]]] = {}
"""Row -> name in PAID -> the ways in which it meets it; empty where it is absent."""
ABSENT: dict[str, str | None] = {}
"""Row -> its name in the lists of those that cannot meet it."""
Test = TypeVar("Test", bound=Callable[..., None])


def each(
    names: str | None = None, *, absent: str | None = None, variants: tuple[tuple[str, Any], ...] = ()
) -> Callable[[Test], Test]:
    """A row, or with `names` one for each fault that this field of a Paid holds, given as `fault`.

    absent: the row's name in the lists of those that cannot meet it. variants: how each is called and what is
    given as `variant`; IMA meets them all, every other provider one."""

    def decorated(test: Test) -> Test:
        cases = []
        who = [paid for paid in PAID.values() if absent is None or absent not in paid.absent]
        for name in {name: None for paid in who for name in (getattr(paid, names) if names else ("",))}:
            row = f"{test.__name__}[{name}]"
            ABSENT[row], TABLE[row] = absent, {name: set() for name in PAID}
            meet = [paid for paid in who if not names or name in getattr(paid, names)]
            for place, paid in enumerate(meet):
                for at, variant in _dealt(paid, variants):
                    chosen = WAYS[(crc32(row.encode()) + place + at) % 2]
                    for way in WAYS if len(meet) == 1 and not variant else (chosen,):
                        TABLE[row][paid.name].add(way)
                        given = [(paid.name, way), *([name] if names else []), *variant[1:]]
                        words = filter(None, (paid.name, way, name, *variant[:1]))
                        cases.append(pytest.param(*given, id="-".join(words)))
        wanted = ["buyer", *(["fault"] if names else []), *(["variant"] if variants else [])]
        made: Test = pytest.mark.parametrize(wanted, cases, indirect=["buyer"])(test)
        return made

    return decorated


def _dealt(paid: Paid, variants: tuple[tuple[str, Any], ...]) -> list[tuple[int, tuple[Any, ...]]]:
    """The variants of a row that this provider meets, with their places."""
    if not variants:
        return [(0, ())]
    if paid.name == "ima":
        return list(enumerate(variants))
    return [(0, variants[list(PAID).index(paid.name) % len(variants)])]
