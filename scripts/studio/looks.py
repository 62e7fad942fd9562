"""PURE. What the commands that look show at a terminal: tables as wide as the window, and one job in full.

`beside` is what a person is shown besides the document: `keys`, gateway -> set, malformed or missing; and
`times`, of one job, name -> when.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from studio.columns import (
    BOLD,
    CYAN,
    GREEN,
    RED,
    YELLOW,
    Column,
    Screen,
    cut,
    pairs,
    table,
    wrapped,
)
from studio.options import flag
from studio.types import Json

STATES = {
    **{"done": GREEN, "failed": RED, "unknown": YELLOW, "submitted": CYAN, "sending": CYAN},
    **{"ok": GREEN, "warn": YELLOW, "fail": RED},
}
TASK_ENDS = "_to_"
MINUTES_FROM = 100  # seconds
NO_JOBS = "No jobs yet. Rehearsals have a record of their own: create.py list --sandbox"
LEAST_BESIDE = 24  # cells for what a check says; else it stands in lines of its own
SIZES = ((2**30, "GB"), (2**20, "MB"), (2**10, "kB"))


def models(document: Json, screen: Screen, beside: Json) -> Iterator[str]:
    """A row each, and below it what it takes; in a narrow window a block of lines each."""
    keys = beside.get("keys", {})
    columns = (
        *(Column("MODEL"), Column("MAKES", cut=True), Column("PRICE", right=True)),
        *(Column("TIME", right=True), *([Column("KEY")] if keys else [])),
    )
    rows = [
        (
            *(row["name"], _makes(row), _price(row), _span(row["estimate_s"])),
            *([keys.get(row["gateway"], "-")] if keys else []),
        )
        for row in document["models"]
    ]
    yield from wrapped(f"Prices: {document['basis']}. Without a price: asked about first.", screen.width)
    yield from _with_more(columns, rows, screen, [_takes(row, screen) for row in document["models"]])


def listing(document: Json, screen: Screen, beside: Json) -> Iterator[str]:
    """A row each, below it the prompt, cut to the window, and the paths, whole."""
    if not document["jobs"]:
        yield "No jobs yet." if document["sandbox"] else NO_JOBS
        return
    columns = (
        Column("JOB"),
        Column("STATE"),
        Column("WHEN"),
        Column("COST", right=True),
        Column("MODEL", cut=True),
    )
    rows = [
        (row["job"], row["state"], _when(row["created_at"]), _cost(row["cost"]), row["model"])
        for row in document["jobs"]
    ]
    more = [
        [
            *([f"  {cut(row['prompt'], screen.width - 2)}"] if row["prompt"] else []),
            *(f"  {path}" for path in row["paths"]),
        ]
        for row in document["jobs"]
    ]
    looks = [STATES.get(row["state"]) for row in document["jobs"]]
    yield from _with_more(columns, rows, screen, more, looks)
    if document["more"]:
        yield "There are older ones: --all, or --count N."


def spend(document: Json, screen: Screen, beside: Json) -> Iterator[str]:
    if not document["spent"]:
        yield "Nothing was spent."
    else:
        columns = (
            Column("DAY"),
            Column("GATEWAY"),
            Column("USER", cut=True),
            Column("JOBS", right=True),
            Column("QUOTED", right=True),
            Column("CHARGED", right=True),
            Column("NO PRICE", right=True),
        )
        yield from table(columns, map(_spent, document["spent"]), screen)
    yield ""
    limits = (
        *(Column("TODAY"), Column("SPENT", right=True), Column("LEFT", right=True)),
        *(Column("A DAY", right=True), Column("A CALL", right=True), Column("ASKS ABOVE", right=True)),
    )
    yield from table(limits, map(_limited, document["limits"]), screen)


def job(document: Json, screen: Screen, beside: Json) -> Iterator[str]:
    """One job in full."""
    error, cost = document.get("error"), document["cost"]
    yield screen.paint(document["job"], BOLD) + f"  {_state(document, screen)}"
    yield ""
    rows = [
        ("model", _model(document)),
        ("through", document["gateway"] or ""),
        ("makes", (document["task_type"] or "").replace("_", " ")),
        ("prompt", (document["requested"] or {}).get("prompt") or "-"),
        ("options", _options(document)),
        ("inputs", ", ".join(source["name"] for source in document["inputs"])),
        ("task", document["task_id"] or ""),
        ("step of", document["parent"] or ""),
        *((name, _when(at)) for name, at in beside["times"].items()),
        ("took", _took(document)),
        ("cost", _paid(cost) if cost else ""),
        ("error", f"{error['kind']}: {error['message']} {error['detail'] or ''}" if error else ""),
        ("note", document["note"] or ""),
    ]
    yield from pairs(rows, screen)
    for output in document["outputs"]:
        yield ""
        yield output["path"] or f"not on this disk: {output['kind']}"
        yield f"  {measured(output)}"
    if document["receipt"]:
        yield f"receipt: {document['receipt']}"
    yield ""
    if error:  # in the words that a person is told, with what helps
        yield from (item["message"] for item in (document["send"] or document["resend"])[-1:])
    yield from _goes_on(document)


def doctor(document: Json, screen: Screen, beside: Json) -> Iterator[str]:
    """A row a check, its fix below it; then where things are, and what is made with what."""
    wide = max(len(row["check"]) for row in document["checks"])
    for row in document["checks"]:
        yield from _check(row, wide, screen)
    yield ""
    for row in document["keys"]:
        for role, url in row["addresses"].items():
            yield f"{row['name']}, {role} address: {url}"
    yield from (f"{task_type}: {model}" for task_type, model in document["defaults"].items() if model)
    without = [task_type for task_type, model in document["defaults"].items() if not model]
    if without:
        yield from wrapped(f"Not without a key: {', '.join(without)}", screen.width)
    yield from (f"{name}: {folder}" for name, folder in document["folders"].items())
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    yield from wrapped(versions, screen.width)
    if not document["ready"]:
        yield 'To try without a key: create.py make "a lighthouse at dusk" --sandbox'


def _check(row: Json, wide: int, screen: Screen) -> Iterator[str]:
    """What was looked at, how it is, and what to do about it."""
    mark = screen.paint(f"{row['state']:4}", STATES[row["state"]])
    indent = wide + 8 if screen.width - wide - 8 >= LEAST_BESIDE else 6
    if indent == 6:
        first, *more = wrapped(f"{row['check']}: {row['says']}", screen.width - 6)
    else:
        first, *more = wrapped(row["says"], screen.width - indent)
        first = f"{row['check']:{wide}}  {first}"
    yield f"{mark}  {first}"
    yield from (f"{'':{indent}}{line}" for line in more)
    yield from (f"      {line}" for line in wrapped(row["fix"] or "", screen.width - 6))


def measured(output: Json, price: str = "") -> str:
    """What a file is: 1024×1024, 4 s, 1.2 MB."""
    pixels = f"{output['width']}×{output['height']} px" if output["width"] and output["height"] else ""
    seconds = f"{output['seconds']:.3g} s" if output.get("seconds") else ""
    size = _size(output["bytes"]) if output["bytes"] is not None else ""
    return ", ".join(filter(None, (pixels, seconds, size, price)))


def price(cost: Json) -> str:
    """What was charged, where the vendor says so; else what was agreed."""
    amount = cost["quoted"] if cost["charged"] is None else cost["charged"]
    return "price not known" if amount is None else f"{amount} {cost['unit']}"


def _with_more(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    screen: Screen,
    more: Sequence[Sequence[str]],
    looks: Sequence[str | None] = (),
) -> Iterator[str]:
    """A table whose rows have lines below them."""
    lines = table(columns, rows, screen, looks)
    if len(lines) == len(rows) + 1:
        yield lines.pop(0)
        parts = [[line] for line in lines]
    else:  # blocks
        parts = [table(columns, [row], screen, [look]) for row, look in _looked(rows, looks)]
    for part, below in zip(parts, more, strict=True):
        yield from part
        yield from below


def _looked(
    rows: Sequence[Sequence[str]], looks: Sequence[str | None]
) -> Iterable[tuple[Sequence[str], str | None]]:
    return zip(rows, [*looks, *[None] * (len(rows) - len(looks))], strict=True)


def _makes(row: Json) -> str:
    """image, video, or what a model does of its own."""
    made = (id.rpartition(TASK_ENDS)[2].replace("_", " ") for id in row["task_types"])
    return ", ".join(dict.fromkeys(made))


def _price(row: Json) -> str:
    amounts = sorted({price["amount"] for price in row["prices"]})
    if not amounts:
        return "-"
    each = "/s" if all("a second" in price["what"] for price in row["prices"]) else ""
    span = f"{amounts[0]}–{amounts[-1]}" if len(amounts) > 1 else f"{amounts[0]}"
    return f"{span} {row['prices'][0]['unit']}{each}"


def _takes(row: Json, screen: Screen) -> list[str]:
    """What stands below a model: its id, what it is the default for, what it takes, what each costs."""
    chosen = f"; default for {', '.join(row['default_for'])}" if row["default_for"] else ""
    options = "; ".join(
        f"{flag(name)} {', '.join(values)}".rstrip() for name, values in row["options"].items()
    )
    each = (f"{one['what']} {one['amount']} {one['unit']}" for one in row["prices"])
    said = (
        f"{row['id']} through {row['gateway']}{chosen}",
        f"--task-type {', '.join(row['task_types'])}",
        options,
        "; ".join(dict.fromkeys(each)),
    )
    return [f"    {line}" for text in said if text for line in wrapped(text, max(12, screen.width - 4))]


def _spent(row: Json) -> tuple[str, ...]:
    charged = "-" if row["charged"] is None else f"{row['charged']} {row['unit']}"
    return (
        *(row["day"], row["gateway"], row["user_id"] or "-", str(row["jobs"])),
        *(f"{row['quoted']} {row['unit']}", charged, str(row["unknown_price"] or "-")),
    )


def _limited(row: Json) -> tuple[str, ...]:
    names = ("spent_today", "left_today", "per_day", "per_call", "confirm_above")
    amounts = ("-" if row[name] is None else str(row[name]) for name in names)
    return (f"{row['gateway']} ({row['unit']})", *amounts)


def _state(document: Json, screen: Screen) -> str:
    said = screen.paint(document["state"], STATES.get(document["state"]))
    part = "" if document["percent"] is None else f", an estimated {document['percent']} %"
    return f"{said}{part}{', a rehearsal' if document['sandbox'] else ''}"


def _model(document: Json) -> str:
    model = document["model"]
    return f"{model['name']} ({model['id']})" if model else ""


def _options(document: Json) -> str:
    rows = (document["applied"] or {}).get("parameters", ())
    return ", ".join(f"{row['name']} {_plain(row['value'])}" for row in rows if row["name"] != "prompt")


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _took(document: Json) -> str:
    if document["elapsed_s"] is None:
        return ""
    usual = f" (usually {_span(document['estimate_s'])})" if document["estimate_s"] else ""
    return f"{_seconds(document['elapsed_s'])}{usual}"


def _paid(cost: Json) -> str:
    quoted = "of unknown price" if cost["quoted"] is None else f"{cost['quoted']} {cost['unit']} quoted"
    charged = "the vendor does not say what it charged"
    if cost["charged"] is not None:
        charged = f"{cost['charged']} {cost['unit']} charged"
    return f"{quoted} ({cost['basis']}), {charged}"


def _goes_on(document: Json) -> Iterator[str]:
    """What to do next."""
    if document["next"]:
        lead = "If you want that" if document["done"] else "Go on with"
        yield f"{lead}: {shlex.join(document['next'])}"
    elif document["state"] == "done":
        yield f"Once more: create.py again {document['job']}"
    else:
        yield "Nothing more comes of it by itself."


def _cost(cost: Json) -> str:
    return "?" if cost["quoted"] is None else f"{cost['quoted']} {cost['unit']}"


def _span(estimate: Sequence[float] | None) -> str:
    """How long it usually takes."""
    if not estimate:
        return "-"
    least, most = estimate
    if most < MINUTES_FROM or least % 60 or most % 60:
        return f"{least:.3g}–{most:.3g} s" if least != most else f"{most:.3g} s"
    return f"{least / 60:.3g}–{most / 60:.3g} min"


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes and seconds >= MINUTES_FROM else f"{seconds:.3g} s"


def _size(count: int) -> str:
    for size, name in SIZES:
        if count >= size:
            return f"{count / size:.1f} {name}"
    return f"{count} bytes"


def _when(at: str | None) -> str:
    """A time, as this machine's clock shows it."""
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M") if at else ""
    except (ValueError, OverflowError, OSError):
        return at or ""
