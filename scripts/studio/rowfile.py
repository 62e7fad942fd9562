"""PURE. The file of a batch: text in, rows out, each as the words of a `make` of its own. JSON lines (one
object a line) or CSV with a line of names; the names are the options' own. What a row does not say, the
options of the command say for all of them."""

from __future__ import annotations

import argparse
import csv
import difflib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from studio.commands import OF_THE_WHOLE
from studio.errors import UsageError
from studio.frozen import dataclass
from studio.options import OPTIONS

MOST_ROWS = 10_000
FIELDS = {
    option.name: option
    for option in OPTIONS
    if {"make", "batch"} <= set(option.commands) and option.name not in OF_THE_WHOLE
}
"""What a row may say: name -> option."""
PARTED = "|"  # between several files in one cell of a CSV
DELIMITERS = ",;\t"
PAIRS = ("set", "unchecked")  # flags that come again, each with a name and a text
BY_NAME = (*PAIRS, "extra_params")  # parameters by name
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
BLANK = (None, "")


@dataclass(frozen=True)
class Row:
    """`line`: where it begins in the file, from 1. `words`: of the command that makes it, after its name."""

    line: int
    words: tuple[str, ...]


def read(text: str, made: argparse.Namespace, *, table: bool) -> list[Row]:
    """`made`: the options of the command; `table`: it is CSV. Raises UsageError, naming the line."""
    given: dict[str, Any] = {name: getattr(made, name, None) for name in FIELDS}
    given = {name: value for name, value in given.items() if value is not None and value is not False}
    given.update({name: _once_each(given[name]) for name in PAIRS if name in given})
    rows: list[Row] = []
    for line, said in (_of_csv if table else _of_lines)(text.removeprefix("\ufeff")):
        if len(rows) == MOST_ROWS:
            raise UsageError(f"A batch has at most {MOST_ROWS} rows.", kind="too_many_rows")
        with _at(line):
            rows.append(Row(line, tuple(_words({**given, **_merged(given, said)}))))
    if not rows:
        raise UsageError("The file has no rows.", kind="no_rows", detail=f"A row: {json.dumps(EXAMPLE)}")
    return rows


EXAMPLE = {"prompt": "a red fox in snow", "aspect_ratio": "16:9"}


def _of_lines(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    if text.lstrip().startswith("["):
        raise UsageError("The file is one array: write one object a line, without [ ].", kind="bad_row")
    for line, written in enumerate(text.split("\n"), 1):
        if not written.strip():
            continue
        with _at(line):
            row = _json(written)
            if not isinstance(row, dict):
                raise UsageError("it is no JSON object.", detail=f"Such as {json.dumps(EXAMPLE)}")
            said = _named(row.items())
        yield line, said


def _of_csv(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    first = text.lstrip().partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True)
    names: list[str] = []
    for line, cells in _lines(table):
        with _at(line):
            if len(cells) > len(names or cells):
                raise UsageError(f"it has {len(cells)} cells, and the first line {len(names)} names.")
            row = zip(names or cells, cells, strict=False)
            said = {name: _cell(name, cell) for name, cell in _named(row).items()}
        if names:
            yield line, said
        names = names or cells


def _lines(table: Any) -> Iterator[tuple[int, list[str]]]:
    """Where each row of a table begins, and its cells, without the blank ones that spreadsheets leave at
    the end."""
    line = 1
    try:
        for cells in table:
            while cells and not cells[-1].strip():
                cells.pop()
            if cells:
                yield line, [cell if cell.strip() else "" for cell in cells]
            line = table.line_num + 1
    except csv.Error as odd:
        with _at(line):
            raise UsageError(f"it is no CSV ({odd}).") from None


def _cell(name: str, text: str) -> Any:
    """What a cell says: text, but for several files, yes and no, and parameters by name."""
    option, said = FIELDS[name], text.strip()
    parts = [part.strip() for part in said.split(PARTED) if part.strip()]
    if option.many:
        return parts
    if option.switch:
        return TRUTHS.get(said.lower(), said)
    if name in BY_NAME:
        return _json(said) if said.startswith("{") else _once_each(one.partition("=")[::2] for one in parts)
    return text


def _json(text: str) -> Any:
    """None where it is none. Raises UsageError where an object has a name twice."""
    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        return None


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands there twice would hide what was asked first."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise UsageError(f"{name} is there twice.", kind="contradiction")
        made[name] = value
    return made


def _named(row: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """With the names as the table of options has them; what is blank was not said."""
    found: list[tuple[str, Any]] = []
    for said, value in row:
        name = str(said).strip().lstrip("-").replace("-", "_").lower()
        name = "model" if name == "model_id" else name
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(f"no row has {said!r}.{meant}", detail=f"It may have: {', '.join(FIELDS)}.")
        found.append((name, value))
    return {name: value for name, value in _once_each(found).items() if value not in BLANK}


def _merged(given: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says; of parameters by name, those of the command that it does not name stay."""
    both = {name for name in BY_NAME if isinstance(said.get(name), dict) and name in given}
    return {name: {**given[name], **value} if name in both else value for name, value in said.items()}


def _words(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in _by_type(fields).items():
        option = FIELDS[name]
        flag = option.flags[0]
        if name == "extra_params":
            yield f"{flag}={json.dumps(value, ensure_ascii=False)}"
        elif name in BY_NAME:
            yield from (f"{flag}={_plain(one)}={_text(name, each)}" for one, each in value.items())
        elif option.switch:
            yield from [flag] * _truth(name, value)
        elif option.many:
            several = [_text(name, one) for one in (value if isinstance(value, list) else [value])]
            yield from (flag, *(f"./{one}" if one.startswith("-") else one for one in several))
        else:
            yield f"{flag}={_text(name, value)}"


def _by_type(fields: Mapping[str, Any]) -> dict[str, Any]:
    """With those of `set` that are no text, whose type counts, among `extra_params`."""
    for name in BY_NAME:
        if not isinstance(fields.get(name, {}), dict):
            raise UsageError(f"{name} has to be an object of names and values.")
    text = {name: one for name, one in fields.get("set", {}).items() if isinstance(one, str)}
    typed = {name: one for name, one in fields.get("set", {}).items() if name not in text}
    made = {**fields, "set": text, "extra_params": {**fields.get("extra_params", {}), **typed}}
    return {name: value for name, value in made.items() if value not in ({}, [])}


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{name} is true or false, not {value!r}.")
    return value


def _plain(name: str) -> str:
    """Of a parameter: what is written after it is its value."""
    if "=" in name:
        raise UsageError(f"no parameter is called {name!r}.")
    return name


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{name} is text or a number, not {json.dumps(value)[:60]}.")
    return f"{value:.15g}" if isinstance(value, float) else str(value)


@contextmanager
def _at(line: int) -> Iterator[None]:
    """A step about one line, whose errors name it."""
    try:
        yield
    except UsageError as no:
        raise UsageError(f"Line {line}: {no.message}", kind="bad_row", detail=no.detail) from None
