"""A vendor that says whatever a test wants, behind the door where `studio.http.Http` stands; and what holds
of every command, whatever it said."""

from __future__ import annotations

import functools
import io
import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import pytest

from parts import picture
from random_faults.in_process import Quick
from studio import cli, http, text
from studio.contract import Request, Response
from studio.errors import EXITS, NotSaved
from studio.interrupts import Interrupts
from studio.parsed import json_of
from support import FakeClock, validate

INFINITE, DEEP, DEEPER = "@1e999@", "@deep@", "@deeper@"
WRITTEN = {
    INFINITE: b"1e999",  # a number that JSON can write and no machine can hold
    DEEP: b"[" * 300 + b"]" * 300,
    DEEPER: b'{"a":' * 900 + b"1" + b"}" * 900,
}
"""What stands for a value that is awkward to build, and how it is written."""
FILE = picture()
STEPS = {
    "the product list": "list",
    "the upload link": "token",
    "the upload of an input": "put",
    "the paid request": "paid",
    "the task's state": "state",
    "the finished file's link": "link",
    "the cancellation": "cancel",
    "the task by our own id": "find",
}


@dataclass(frozen=True)
class Said:
    """An answer; `value` is any JSON value, and may hold what stands in WRITTEN."""

    value: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def body(self) -> bytes:
        body = json.dumps(self.value).encode()
        return reduce(lambda made, name: made.replace(b'"%s"' % name.encode(), WRITTEN[name]), WRITTEN, body)


@dataclass
class Wire:
    """`says`: step -> its answer; `file`: what any link leads to. `asked`: the steps, as they came."""

    says: Mapping[str, Said]
    file: bytes = FILE
    asked: list[str] = field(default_factory=list)

    def read(self, request: Request) -> Response:
        step = STEPS[request.what]
        self.asked.append(step)
        said = self.says.get(step, Said(None))
        return Response(request.what, said.status, said.headers, json_of(said.body, ()))

    ask = pay = read

    def download(self, url: str, sink: BinaryIO, cap: int) -> None:
        self.asked.append("file")
        if not is_https(url):
            raise NotSaved("The link leads nowhere.")
        sink.write(self.file)


@dataclass
class Ran:
    """One command's end."""

    code: int
    document: Any
    err: str

    @property
    def error(self) -> Any:
        return self.document.get("error") or {}


class Clock(FakeClock):
    """Time that passes only by sleeping, where the command's clock stands."""

    def __init__(self, interrupts: Interrupts) -> None:
        super().__init__()


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for."""
    unhurried(monkeypatch)
    monkeypatch.setattr(cli, "SystemClock", Clock)


def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine loses its power here, so nothing has to be on the disk itself."""
    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Quick))
    monkeypatch.setattr(os, "fsync", lambda file: None)


def ran(wire: Wire, *words: str) -> Ran:
    """A command of this process, spoken to by the wire. Whatever that says: one valid document, a known exit
    code, no defect of ours; and what a person or a notice is shown can be made of it."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "Http", lambda *parts, **more: wire)
        code, _ = cli._run(words, cli.Out(words, out, err), Interrupts())
    document = json.loads(out.getvalue())
    validate(document)
    made = Ran(code, document, err.getvalue())
    assert code in EXITS
    assert made.error.get("kind") != "internal", made.error
    assert "Traceback" not in made.err
    for shown in (text.person, text.values, text.brief):
        shown(document).encode("utf-8", "replace")
    return made


def is_https(url: str) -> bool:
    try:
        return urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a JSON value, its own first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


def absent(value: Any, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The path of each name that an object of it could have besides."""
    tables = [
        path for path in places(value) if isinstance(reduce(lambda at, key: at[key], path, value), dict)
    ]
    return [(*path, name) for path in tables for name in names]


def changed(value: Any, path: Sequence[Any], to: Any) -> Any:
    """A copy with something else at a path; GONE takes away what stands there."""
    if not path:
        return to
    key, *rest = path
    inner = changed(value.get(key) if isinstance(value, dict) else value[key], rest, to)
    if isinstance(value, dict):
        made = {**value, key: inner}
        return {name: one for name, one in made.items() if one is not GONE}
    return [one for one in (*value[:key], inner, *value[key + 1 :]) if one is not GONE]


GONE = object()
