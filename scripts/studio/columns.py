"""PURE. Text on a terminal, measured in cells: a Chinese character takes two, an accent of its own none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from studio.frozen import dataclass

GAP = "  "
MORE = "…"
LEAST = 12  # cells that the column which is cut must have left; else each row is a block of lines
DIM, BOLD, RED, GREEN, YELLOW, CYAN = "2", "1", "31", "32", "33", "36"
WIDE = frozenset("WF")


@dataclass(frozen=True)
class Screen:
    """What a person reads on. `width`: in cells; `colour`: whether it shows styles, and wants them."""

    width: int = 80
    colour: bool = False

    def paint(self, text: str, style: str | None) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour and style and text.strip() else text


@dataclass(frozen=True)
class Column:
    """`right`: numbers; `cut`: what does not fit is left out, in at most one column of a table."""

    name: str
    right: bool = False
    cut: bool = False
    style: str | None = None


def width(text: str) -> int:
    """Cells that a line takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut(text: str, room: int) -> str:
    """One line of at most so many cells; what is left out is marked."""
    line = " ".join(text.split())
    if width(line) <= room:
        return line
    kept, left = "", room - 1
    for sign in line:
        left -= _cells(sign)
        if left < 0:
            break
        kept += sign
    return kept.rstrip() + MORE


def wrapped(text: str, room: int) -> list[str]:
    """Lines of at most so many cells, broken between words; within one only where it is Chinese, say, and no
    path, id or link."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".lstrip()
        if width(joined) <= room:
            lines[-1] = joined
        elif word.isascii():
            lines.append(word)
        else:
            lines[-1:] = _broken(joined, room)
    return lines[0 if lines[0] else 1 :]


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    screen: Screen,
    styles: Iterable[str | None] = (),
) -> list[str]:
    """A heading and a line for each row; in a window that is too narrow for that, a block of lines each.
    `styles`: of the first column, by row."""
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    looks = [*styles, *[None] * len(cells)]
    heads = [column.name for column in columns]
    widths = [max(map(width, column)) for column in zip(heads, *cells, strict=True)]
    taken = sum(wide for wide, one in zip(widths, columns, strict=True) if not one.cut)
    left = screen.width - taken - len(GAP) * (len(columns) - 1)
    if (
        any(one.cut and left < min(wide, LEAST) for wide, one in zip(widths, columns, strict=True))
        or left < 0
    ):
        return [line for row in zip(cells, looks, strict=False) for line in _block(columns, *row, screen)]
    widths = [min(wide, left) if one.cut else wide for wide, one in zip(widths, columns, strict=True)]
    made = [screen.paint(_line(heads, columns, widths), BOLD)]
    for row, look in zip(cells, looks, strict=False):
        fitted = [_fitted(*one) for one in zip(row, columns, widths, strict=True)]
        fitted[0] = screen.paint(fitted[0], look)
        made.append(GAP.join(fitted).rstrip())
    return made


def pairs(rows: Iterable[tuple[str, str]], screen: Screen) -> list[str]:
    """A name and what is said of it, a line each, or more where it is long."""
    kept = [(name, said) for name, said in rows if said]
    wide = max((width(name) for name, _ in kept), default=0)
    return [line for name, said in kept for line in _pair(name, said, wide, screen)]


def _pair(name: str, said: str, wide: int, screen: Screen) -> Iterator[str]:
    lead = screen.paint(_padded(name, wide), DIM)
    first, *more = wrapped(said, max(LEAST, screen.width - wide - len(GAP))) or [""]
    yield f"{lead}{GAP}{first}"
    for line in more:
        yield f"{' ' * wide}{GAP}{line}"


def _block(columns: Sequence[Column], row: Sequence[str], look: str | None, screen: Screen) -> Iterator[str]:
    yield screen.paint(row[0], look or BOLD)
    for column, cell in zip(columns[1:], row[1:], strict=True):
        if cell:
            room = screen.width - width(column.name) - 4
            yield f"  {column.name.lower()}: {cut(cell, room) if column.cut else cell}"


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    return GAP.join(_fitted(*one) for one in zip(cells, columns, widths, strict=True)).rstrip()


def _fitted(cell: str, column: Column, room: int) -> str:
    return _padded(cut(cell, room) if column.cut else cell, room, right=column.right)


def _padded(text: str, room: int, *, right: bool = False) -> str:
    space = " " * max(0, room - width(text))
    return space + text if right else text + space


def _broken(text: str, room: int) -> list[str]:
    lines = [""]
    for sign in text:
        if width(lines[-1]) + _cells(sign) > room:
            lines.append("")
        lines[-1] += sign
    return lines


def _cells(sign: str) -> int:
    if unicodedata.category(sign) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in WIDE else 1
