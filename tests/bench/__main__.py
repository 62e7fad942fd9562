"""`make bench`: every row of the table; fails where one is missed. `make bench ONLY=word` has one part's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from bench import big_ledger, followed, polling, rehearsed, starting, uploading
from bench.table import Row, text

PARTS: tuple[Callable[[], Iterable[Row]], ...] = (
    polling.rows,
    rehearsed.rows,
    starting.rows,
    uploading.rows,
    big_ledger.rows,
    followed.rows,
)


def main(only: str) -> int:
    chosen = [part for part in PARTS if only in part.__module__]
    made = [row for part in chosen for row in part()]
    print(text(made))
    missed = [row.name for row in made if not row.ok]
    print(f"\n{len(made)} rows, {len(missed)} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:2])))
