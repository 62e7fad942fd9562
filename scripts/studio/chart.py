"""PURE. Spending by day as bars, drawn in SVG, with a table that says the same: one for each account, because
points, credits and PTC are no sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape

from studio.accounts import Spending
from studio.frozen import dataclass
from studio.messages import Messages
from studio.types import Gateway

LEAST, MOST = 14, 31  # days that are drawn
WIDE, HIGH = 10, 100  # of a day, in the drawing's own units


@dataclass(frozen=True)
class Day:
    """What all users spent on one day at one gateway, in steps."""

    day: date
    jobs: int
    quoted: int
    charged: int | None
    unknown_price: int


def days(rows: Sequence[Spending]) -> list[Day]:
    """The days of one gateway, newest first."""
    found: dict[str, list[Spending]] = {}
    for row in rows:
        found.setdefault(row.day, []).append(row)
    return [
        Day(
            date.fromisoformat(day),
            sum(one.jobs for one in same),
            sum(one.quoted for one in same),
            _sum([one.charged for one in same if one.charged is not None]),
            sum(one.unknown_price for one in same),
        )
        for day, same in sorted(found.items(), reverse=True)
    ]


def section(rows: Sequence[Spending], gateways: Mapping[str, Gateway], words: Mapping[str, str]) -> str:
    """HTML; nothing where nothing was spent. `words`: those of the page."""
    if not rows:
        return ""
    accounts = [id for id in gateways if any(row.gateway == id for row in rows)]
    return "".join(
        (
            f'<section class="spending" aria-labelledby="spending"><h2 id="spending">'
            f"{escape(words['spending'])}</h2><p>{escape(words['spending_what'])}</p>",
            '<div class="accounts">',
            *(
                _account(days([row for row in rows if row.gateway == id]), gateways[id], words)
                for id in accounts
            ),
            "</div></section>",
        )
    )


def _account(found: Sequence[Day], gateway: Gateway, words: Mapping[str, str]) -> str:
    said = Messages(words["language"])
    whole = sum(day.quoted for day in found)
    return "".join(
        (
            f'<div class="account"><h3>{escape(gateway.name)}</h3>',
            f'<p class="sum">{escape(said.cost(whole, gateway.unit))}</p>',
            *_bars(found, gateway, words),
            f'<details><summary>{escape(words["table"])}</summary><div class="table"><table>',
            *_table(found, gateway, words),
            "</table></div></details></div>",
        )
    )


def _bars(found: Sequence[Day], gateway: Gateway, words: Mapping[str, str]) -> Iterator[str]:
    """The days up to the last one on which something was bought."""
    last = found[0].day
    count = min(MOST, max(LEAST, (last - found[-1].day).days + 1))
    first = last - timedelta(days=count - 1)
    drawn = [day for day in found if day.day >= first]
    most = max(day.quoted for day in drawn)
    said = Messages(words["language"])
    label = words["chart"].format(
        unit=said.unit(gateway.unit),
        gateway=gateway.name,
        first=first,
        last=last,
        most=said.cost(most, gateway.unit),
    )
    yield (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {count * WIDE} {HIGH}"'
        ' preserveAspectRatio="none">'
    )
    for day in drawn:
        high = round(HIGH * day.quoted / most, 1) if most else 0
        at = (day.day - first).days * WIDE
        yield (
            f'<rect x="{at + 1}" y="{HIGH - high:g}" width="{WIDE - 2}" height="{high:g}">'
            f"<title>{day.day}: {escape(said.cost(day.quoted, gateway.unit))}</title></rect>"
        )
    yield f'</svg><p class="ends"><span>{first}</span><span>{last}</span></p>'


def _table(found: Sequence[Day], gateway: Gateway, words: Mapping[str, str]) -> Iterator[str]:
    heads = ("day", "jobs", "quoted", "charged", "without_price")
    cells = "".join(f'<th scope="col">{escape(words[name])}</th>' for name in heads)
    yield f"<thead><tr>{cells}</tr></thead><tbody>"
    for day in found:
        charged = "–" if day.charged is None else f"{gateway.unit.amount(day.charged)}"
        row = (f"{day.jobs}", f"{gateway.unit.amount(day.quoted)}", charged, f"{day.unknown_price or '–'}")
        rest = "".join(f"<td>{cell}</td>" for cell in row)
        yield f'<tr><td><time datetime="{day.day}">{day.day}</time></td>{rest}</tr>'
    yield "</tbody>"


def _sum(steps: Sequence[int]) -> int | None:
    return sum(steps) if steps else None
