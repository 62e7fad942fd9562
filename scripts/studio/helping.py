"""PURE. What --help says: of each command what is used most, on one screen, with two examples; and with
--help-all every option there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from studio import catalogue
from studio.argtypes import Within
from studio.columns import width, wrapped
from studio.commands import ASKED, WORDS, Command
from studio.options import OPTIONS, Option

WIDTH = 80  # cells
LINES = 50
FLAGS = 25  # cells of the column with the options
GROUPS = {
    "what to make": (
        *("prompt", "model", "input_images", "from_job", "input_audio", "input_video", "task_type", "n"),
        *("shot", "shots", "gateway"),
    ),
    "how it looks": ("aspect_ratio", "size", "resolution", "duration", "camera", "text", "seed", "set"),
    "what it may cost": ("max_credits", "yes", "approve", "dry_run", "max_per_day", "max_per_user"),
    "which jobs": (
        *("user_id", "all", "open", "count", "since", "before", "task_id", "not_charged"),
        *("live", "file", "idempotency_key", "force_new"),
    ),
    "where it goes": ("out", "receipt", "max_wait", "timeout", "port", "home"),
    "how it runs and prints": (
        *("sandbox", "speed", "language", "json", "quiet", "brief", "events", "debug"),
        *("channel", "api_key", "base_url"),
    ),
}
"""Heading -> options by name, those that are used most first. What stands in none goes under `more`."""
FIRST = (
    *("prompt", "job", "model", "input_images", "aspect_ratio", "size", "duration", "n", "out", "sandbox"),
    *("max_credits", "yes", "dry_run", "json", "set", "from_job", "resolution", "camera", "task_type"),
)
"""Where not all fit on a screen: these before the others."""


def page(command: Command, *, every: bool, width: int = WIDTH) -> str:
    """`every`: with all options, however many lines that takes; else on one screen."""
    options = [option for option in OPTIONS if command.name in option.commands]
    whole = _page(command, _grouped(options), width, full=True, every=every)
    if every or len(whole) <= LINES:
        return "\n".join(whole)
    shown = sorted(options, key=_rank)
    while len(made := _page(command, _grouped(shown), width, full=False, every=False)) > LINES:
        shown.pop()
    return "\n".join(made)


def examples(command: Command) -> list[str]:
    """Two commands that work, such as a person types them."""
    found: list[str] = catalogue.load("examples.json").get(command.name, [])
    return found


def _page(
    command: Command, groups: dict[str, list[Option]], room: int, *, full: bool, every: bool
) -> list[str]:
    lines = wrapped(f"usage: create.py {command.name} {_words(command)}[OPTION ...]", room)
    lines += ["", *wrapped(f"{command.help[:1].upper()}{command.help[1:]}.", room)]
    for word in command.words:
        lines += ["", *_row(word.upper(), WORDS.get(word, word), room)]
    for heading, options in groups.items():
        lines += ["", f"{heading}:"]
        for option in options:
            lines += _row(_flags(option, every), _said(option, full=full, every=every), room)
    lines += ["", "examples:", *(f"  {example}" for example in examples(command))]
    if not every:
        lines += ["", f"Every option, with its range: create.py {command.name} --help-all"]
    return lines


def _grouped(options: Iterable[Option]) -> dict[str, list[Option]]:
    """Under their headings, in the order of these; without headings that have nothing under them."""
    left = {option.name: option for option in options}
    made = {heading: [left.pop(name) for name in names if name in left] for heading, names in GROUPS.items()}
    return {heading: rows for heading, rows in {**made, "more": list(left.values())}.items() if rows}


def _rank(option: Option) -> int:
    """First what is used most, then what a command has of its own, then the others."""
    order = [name for names in GROUPS.values() for name in names]
    if option.name in FIRST:
        return FIRST.index(option.name)
    if len(option.commands) == 1:
        return len(FIRST)
    return len(FIRST) + 1 + (order.index(option.name) if option.name in order else len(order))


def _words(command: Command) -> str:
    words = [word.upper() for word in command.words] + ["|".join(command.choices)] * bool(command.choices)
    bare = ['["PROMPT"]'] if command.name in ASKED else []
    if command.optional or command.choices:
        words = [f"[{word}]" for word in words]
    return "".join(f"{word} " for word in (*words, *bare))


def _flags(option: Option, every: bool) -> str:
    flags: Sequence[str] = option.flags if every else option.flags[:1]
    if option.switch:
        return ", ".join(flags)
    value = "|".join(option.choices) or option.metavar or "N"
    return f"{', '.join(flags)} {value}{' ...' if option.many else ''}"


def _said(option: Option, *, full: bool, every: bool) -> str:
    fits = width(option.help) <= WIDTH - FLAGS - 2
    text = option.help if full or fits else option.help.partition(";")[0]
    if every and isinstance(option.type, Within):
        text += f" ({option.type.least:.15g} to {option.type.most:.15g})"
    if every and option.default not in {None, "auto"}:
        text += f" (default: {option.default:g})"
    return text


def _row(flags: str, said: str, room: int) -> Iterator[str]:
    """What it is called, and beside it, or below where that is long, what it says."""
    first, *more = wrapped(said, room - FLAGS - 2)
    if width(flags) > FLAGS - 2:
        yield f"  {flags}"
        yield f"  {'':{FLAGS}}{first}"
    else:
        yield f"  {flags}{' ' * (FLAGS - width(flags))}{first}"
    for line in more:
        yield f"  {'':{FLAGS}}{line}"
