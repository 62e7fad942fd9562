"""Hostile vendors over real sockets, and hostile words: each case with its exit code and its kind of error.
After each: one valid document, no traceback, one paid request at most and none that was not asked for,
nothing written outside the folders that were named. `pytest -q -s` of this file prints the list."""

from __future__ import annotations

import gzip
import itertools
import json
import struct
import sys
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from called import called
from cases import CASES
from hostile_wire import changed, unhurried
from parts import Act, Line, line, picture, says, sends
from support import CANARIES, ORDERS, PROMPT, Run, configure, key_variable, url_variable
from test_hostile_answers import good

PAID = {"ima": "/tasks/create", "vidu": "/text2video", "302ai": " /v1/video_generation "}
STEPS = {
    "ima": ("list", "paid", "state", "file"),
    "vidu": ("paid", "state", "file"),
    "302ai": ("paid", "state", "link", "file"),
}
BEFORE_THE_FILE = [(name, step) for name, steps in STEPS.items() for step in steps[:-1]]
LINKS = {
    "ima": ("state", ("data", "medias", 0, "url")),
    "vidu": ("state", ("creations", 0, "url")),
    "302ai": ("link", ("file", "download_url")),
}
"""One vendor of each way to buy: from a live list, from a table, with a call of its own for the file."""
ENDS = {
    "list": {(6, "bad_answer"), (6, "network"), (6, "vendor_down")},
    "paid": {(9, "unknown")},
    "state": {(5, "not_finished")},
    "link": {(5, "not_finished")},
    "file": {(13, "not_saved")},
}
"""What comes of a step that is never answered well: what was not sent was not bought, what may have been is
unknown, what is paid for goes on."""


def packed(size: int) -> bytes:
    """So many zeros (a multiple of 1 MB) in a thousandth of the room, without the sum at their end."""
    made, block = zlib.compressobj(9, wbits=31), bytes(2**20)
    first, other = (made.compress(block) + made.flush(zlib.Z_FULL_FLUSH) for _ in "12")
    return first + other * (size // 2**20 - 1)


def head(status: str = "200 OK", *rows: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *rows, "Connection: close", "", "")).encode("latin-1")


BOMB = packed(64 * 2**20)
JUNK = b'{"code": 0, "data": "' + b"x" * 20 * 2**20 + b'"}'
TEXT = "\x1b]0;owned\x07\x1b[31m\u202e\x00\r\nHTTP/1.1 200 OK\ud800" + "https://x/?a " * 999
ANSWERS: dict[str, Act] = {
    "20 MB of JSON": says(200, JUNK),
    "3 MB of empty lists": says(200, b"[" + b"[]," * 2**20 + b"1]"),
    "JSON 100,000 levels deep": says(200, b"[" * 100_000 + b"]" * 100_000),
    "a number of 5,000 digits": says(200, b'{"code": 0, "data": ' + b"9" * 5000 + b"}"),
    "NaN": says(200, b'{"code": NaN}'),
    "a list instead of an object": says(200, b"[[[]]]"),
    "a gzip bomb": says(200, BOMB, Content_Encoding="gzip"),
    "gzip in gzip": says(200, gzip.compress(BOMB), Content_Encoding="gzip, gzip"),
    "gzip that is none": says(200, b"{}", Content_Encoding="gzip"),
    "terminal escapes in every word": says(
        200, json.dumps(dict.fromkeys(("code", "message", "reason", "state", "status"), TEXT)).encode()
    ),
    "bytes that are no UTF": says(200, b'{"message": "\xff\xfe\x80"}'),
    "a page": says(200, b"<html>hello</html>", Content_Type="text/html"),
    "nothing": says(200, b""),
    "fewer bytes than promised": says(200, b'{"code": 0', promised=999),
    "a length that is no number": sends(head("200 OK", "Content-Length: many") + b"{}"),
    "a length below zero": sends(head("200 OK", "Content-Length: -5") + b"{}"),
    "two lengths": sends(head("200 OK", "Content-Length: 2", "Content-Length: 999") + b"{}"),
    "chunks that are none": sends(head("200 OK", "Transfer-Encoding: chunked") + b"zz\r\n{}\r\n"),
    "a chunk below zero": sends(head("200 OK", "Transfer-Encoding: chunked") + b"-5\r\n{}\r\n0\r\n\r\n"),
    "chunked and a length": sends(
        head("200 OK", "Transfer-Encoding: chunked", "Content-Length: 1") + b"2\r\n{}\r\n0\r\n\r\n"
    ),
    "status 999": says(999, b"{}"),
    "status 99": sends(b"HTTP/1.1 099 Odd\r\n\r\n{}"),
    "no status at all": sends(b"HTTP/1.1 OK\r\n\r\n{}"),
    "another protocol": sends(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "100 continue, and nothing after": sends(b"HTTP/1.1 100 Continue\r\n\r\n" * 3),
    "100 continue, then a page": sends(b"HTTP/1.1 100 Continue\r\n\r\n" + head() + b"<html>"),
    "a thousand headers": sends(head("200 OK", *(f"X-{n}: y" for n in range(1000))) + b"{}"),
    "a header of 1 MB": sends(head("200 OK", "X-Long: " + "y" * 2**20) + b"{}"),
    "a header without a name": sends(head("200 OK", ": y", " folded") + b"{}"),
    "a redirect to another host": sends(head("302 Found", "Location: https://example.com/x")),
    "a redirect to itself": sends(head("307 Again", "Location: ?", "Retry-After: " + "9" * 400)),
    "a redirect to a file": sends(head("301 Moved", "Location: file:///etc/passwd")),
}


def png(width: int, height: int) -> bytes:
    """A picture of these sides by its head, with the pixels of none."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    sides = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(10**6)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", sides) + pixels + chunk(b"IEND", b"")


FILES: dict[str, Act] = {
    "a picture of 50,000 x 50,000": says(200, png(50_000, 50_000)),
    "a picture of 0 x 0": says(200, png(0, 0)),
    "an HTML page": says(200, b"<html>expired</html>", Content_Type="image/png"),
    "an SVG": says(200, b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
    "half a picture": says(200, picture()[:-30]),
    "nothing": says(200, b""),
    "a length that lies": says(200, picture(), promised=10**15),
    "a length too short": says(200, picture(), promised=40),
    "a gzip bomb": says(200, BOMB, Content_Encoding="gzip"),
    "a program": says(200, b"\x7fELF" + bytes(999)),
    "status 999": says(999, picture()),
    "status 206": says(206, picture()),
    "endless redirects": says(302, Location="/file?again"),
    "a redirect to http": says(302, Location="http://example.com/x.png"),
    "a redirect to a file": says(302, Location="file:///etc/passwd"),
    "a redirect to a private host": says(302, Location="http://10.0.0.1/x.png"),
    "a redirect with a password": says(302, Location="https://user:word@127.0.0.1:1/x.png"),
    "a redirect to nowhere": says(302, Location="https://[/"),
    "a redirect without a place": sends(head("302 Found")),
}
NO_LINKS = {
    "file:": "file:///etc/passwd",
    "ftp:": "ftp://example.com/x.png",
    "data:": "data:image/png;base64,AAAA",
    "http: to another host": "http://example.com/x.png",
    "http: to a private host": "http://192.168.0.1/x.png",
    "with a password": "https://user:word@example.com/x.png",
    "no host": "https:///x.png",
    "no link": "https://[/",
    "a path": "../../etc/passwd",
    "half a sign": "https://\ud800/x.png",
    "a line's end": "http://127.0.0.1:1/\r\nHost: example.com\r\n",
    "100 kB": "https://127.0.0.1:1/" + "x" * 100_000,
    "a port beyond ports": "https://127.0.0.1:99999/x.png",
}
LONG = "x" * 10_000
DEEP = '{"a": ' + "[" * 10_000 + "]" * 10_000 + "}"
BAD_WORD = (2, "usage")
WORDS: dict[str, tuple[tuple[str, ...], tuple[int, str | None]]] = {
    "a prompt with quotes": (("--prompt", "a \"cat\" 'of' `id` $(id) ; rm -rf / \\ %s {0}"), (0, None)),
    "a prompt of several lines": (("--prompt", "a cat\n\r\n--yes\n\tof clay"), (0, None)),
    "a prompt read from right to left": (("--prompt", "a \u202ecat\u2069 \u200f of clay"), (0, None)),
    "a prompt of escapes": (("--prompt", "a \x1b[2Jcat\x07 \x9b31m"), (0, None)),
    "a prompt of 100 kB": (("--prompt", "a cat " * 17_000), (0, None)),
    "a prompt like SQL": (("--prompt", "'; DROP TABLE jobs; --"), (0, None)),
    "a prompt of blanks": (("--prompt", " \n\t\u3000 "), (2, "missing_prompt")),
    "a prompt that is no UTF-8": (("--prompt", "a \udcff cat"), BAD_WORD),
    "a prompt with NUL": (("--prompt", "a\0cat"), BAD_WORD),
    "a model like a path": (("--model", "../../etc/passwd"), (2, None)),
    "a model like an option": (("--model=--yes",), (2, None)),
    "a model of 10 kB": (("--model", LONG), (2, None)),
    "a model of escapes": (("--model", "\x1b[2J\u202e"), (2, None)),
    "a task type like a path": (("--task-type", "../ima"), BAD_WORD),
    "out is a file": (("--out", "{home}/a-file"), (2, "out_unwritable")),
    "out is a device": (("--out", "/dev/null"), (2, "out_unwritable")),
    "out below a device": (("--out", "/dev/null/x"), (2, "out_unwritable")),
    "out with NUL": (("--out", "a\0b"), BAD_WORD),
    "out of 10 kB": (("--out", LONG), (2, "out_unwritable")),
    "out of nobody": (("--out", "~nobody-of-that-name/x"), (0, None)),
    "out with ..": (("--out", "{home}/out/../out/x"), (0, None)),
    "set without a name": (("--set", "=1"), BAD_WORD),
    "set of a prototype": (("--set", "__proto__=1"), (2, None)),
    "set of a path": (("--set", "../x=1"), (2, None)),
    "set of 10 kB": (("--set", f"{LONG}=1"), (2, None)),
    "set of a field of ours": (("--set", "cast=1"), (2, None)),
    "parameters 10,000 levels deep": (("--extra-params", DEEP), BAD_WORD),
    "parameters with NUL": (("--extra-params", '{"size": "4\\u0000k"}'), (2, None)),
    "parameters with half a sign": (("--extra-params", '{"size": "\\ud800"}'), BAD_WORD),
    "a number of 400 digits as text": (("--set", f"n={'9' * 400}"), (2, None)),
    "a parameter beyond numbers": (("--extra-params", '{"seed": 1e999}'), BAD_WORD),
    "a parameter of 5,000 digits": (("--extra-params", '{"seed": ' + "9" * 5000 + "}"), BAD_WORD),
    "a parameter of 400 digits": (("--extra-params", '{"seed": ' + "9" * 400 + "}"), (2, None)),
    "a name twice": (("--extra-params", '{"size": "4k", "size": "1k"}'), BAD_WORD),
    "the prompt as a parameter": (("--extra-params", '{"prompt": "another"}'), (2, None)),
    "the price as a parameter": (("--extra-params", '{"credit": 0, "cast": {}}'), (2, None)),
    "a key like SQL": (("--idempotency-key", "' OR 1=1; --"), (0, None)),
    "a key of lines": (("--idempotency-key", "a\nb\x1b[2J"), (0, None)),
    "a key of 10 kB": (("--idempotency-key", LONG), (0, None)),
    "a user like SQL": (("--user-id", "' OR 1=1; --"), (0, None)),
    "a user like a path": (("--user-id", "../../x\n"), (0, None)),
    "a job like SQL": (("--from-job", "' OR 1=1; --"), (2, "earlier_unknown")),
    "a job like a path": (("--from-job", "../../x"), (2, "earlier_unknown")),
    "a number like none": (("--n", "1e3"), BAD_WORD),
    "a number of 5,000 digits": (("--n", "9" * 5000), BAD_WORD),
    "a number of another script": (("--n", "\u0661"), (0, None)),
    "a limit that is no number": (("--max-credits", "nan"), BAD_WORD),
    "an endless limit": (("--max-credits", "1e999"), BAD_WORD),
    "a page as address": (("--base-url", "javascript:alert(1)"), (2, "base_url_refused")),
    "two hosts in one address": (
        ("--base-url", "https://api.example.com\\@127.0.0.1"),
        (2, "base_url_refused"),
    ),
    "an unknown option of 10 kB": ((f"--{LONG}",), BAD_WORD),
    "a token of somebody": (("--approve", "../../x' OR 1=1"), (12, "approval_unknown")),
}
OTHERS: dict[str, tuple[tuple[str, ...], tuple[int, str | None]]] = {
    f"{command} of a job like {name}": (
        (command, job),
        (2, "bad_receipt" if command == "again" and "/" in job else "no_such_job"),
    )
    for command, (name, job) in itertools.product(
        ("wait", "show", "fetch", "cancel", "reconcile", "again"),
        {"SQL": "' OR 1=1; --", "a path": "../../etc/passwd", "a line's end": "x\n--yes"}.items(),
    )
}
CONFIGS = {
    "no TOML": ("\x00\x01", (2, "bad_config")),
    "deep": ("a = " + "[" * 5000 + "]" * 5000, (2, "bad_config")),
    "an unknown table": ("[__proto__]\nx = 1", (2, "bad_config")),
    "a gateway like a path": ('[gateways."../x"]\nhosts = []', (2, None)),
    "an endless limit": ("[gateways.ima]\nper_day = inf", (2, "bad_config")),
    "a limit that is no number": ("[gateways.ima]\nper_day = nan", (2, "bad_config")),
    "a limit below zero": ("[gateways.ima]\nper_day = -1", (2, "bad_config")),
    "a limit beyond numbers": ("[gateways.ima]\nper_day = " + "9" * 400, None),
    "hosts of another kind": ("[gateways.ima]\nhosts = [1, {}]", None),
    "a language like a path": ('language = "../../x"', (2, "bad_config")),
}


OURS = {"state", "out", "a-file", "~nobody-of-that-name"}
"""All that a command may make or find in the home folder."""


class Stage:
    """A vendor of scripted answers at one address, and the command led to it."""

    def __init__(self, name: str, home: Path) -> None:
        self.name, self.home, self.gateway = name, home, CASES[name].gateway
        self.says = good(CASES[name])
        (home / "a-file").touch()

    def serves(self, step: str, act: Act | None, link: str | None = None) -> Line:
        """Well up to a step; there, and from there on, so. `link`: where the finished file is said to be."""
        server = line()
        at, path = LINKS[self.name]
        self.says[at] = changed(self.says[at], path, f"{server.url}/file" if link is None else link)
        acts = [says(200, json.dumps(self.says[one]).encode()) for one in STEPS[self.name][:-1]]
        acts.append(says(200, picture()))
        n = STEPS[self.name].index(step)
        server.acts = (*acts[:n], act or acts[n], *([] if act else acts[n + 1 :]))
        return server

    def runs(self, server: Line, *words: str) -> Run:
        roles = ("api", "upload", "alternate")
        env = {url_variable(self.gateway, role): server.url for role in roles}
        return called(*words, env={**env, key_variable(self.gateway): CANARIES[self.gateway]})

    def buys(self, server: Line, *words: str) -> Run:
        """`start`, and where that went well, `wait`, as an agent would."""
        usual = {"--prompt": PROMPT, "--out": str(self.home / "out")}
        said = [word for pair in usual.items() if pair[0] not in words for word in pair]
        begun = self.runs(server, "start", "--speed", "1000", *ORDERS[self.name].said, *said, *words)
        if begun.code or begun.document["done"]:
            return begun
        return self.runs(server, "wait", begun.document["job"], "--max-wait", "0.05")

    def paid(self, server: Line) -> int:
        return sum(got.line.startswith("POST") and PAID[self.name] in got.line for got in server.got)


def told(case: str, made: Run, paid: int, home: Path) -> tuple[int, str | None]:
    """What holds of every case; its exit code and the kind of its error. The list is printed with -s."""
    error = made.document.get("error") or {}
    assert "Traceback" not in made.stderr
    assert error.get("kind") != "internal", error
    assert paid <= 1
    assert {path.name for path in home.iterdir()} <= OURS
    written = [path.suffix for path in (home / "out").rglob("*") if path.is_file()]
    assert set(written) <= {".png"}
    sys.stdout.write(f"{case:60} exit {made.code:3}  {error.get('kind') or '-':16} paid requests {paid}\n")
    return made.code, error.get("kind")


@pytest.fixture
def stage(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    unhurried(monkeypatch)
    return Stage(getattr(request, "param", "ima"), home)


def in_turn(cases: Iterable[str], places: Sequence[Any], each: int) -> list[Any]:
    """Every case at so many of the places; which, moves on from one to the next, so that all are met."""
    around = itertools.cycle(places)
    return [(case, next(around)) for case in cases for _ in range(each)]


@pytest.mark.parametrize(
    ("case", "stage", "step"),
    [(case, *at) for case, at in in_turn(ANSWERS, BEFORE_THE_FILE, 3)],
    indirect=["stage"],
)
def test_a_hostile_answer_ends_as_its_step_does(stage: Stage, step: str, case: str) -> None:
    with stage.serves(step, ANSWERS[case]) as server:
        made = stage.buys(server)
    end = told(f"{stage.name} {step}: {case}", made, stage.paid(server), stage.home)
    assert end in ENDS[step] or (end == (0, None) and step in {"state", "link"} and not made.document["done"])
    assert stage.paid(server) == (step != "list")


@pytest.mark.parametrize(("case", "stage"), in_turn(FILES, [*STEPS], 1), indirect=["stage"])
def test_a_hostile_file_is_not_kept(stage: Stage, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.media.OUTPUT_CAP", 2**20)
    with stage.serves("file", FILES[case]) as server:
        made = stage.buys(server)
    assert told(f"{stage.name} file: {case}", made, stage.paid(server), stage.home) == (13, "not_saved")
    assert not any((stage.home / "out").iterdir())


@pytest.mark.parametrize(("case", "stage"), in_turn(NO_LINKS, [*STEPS], 2), indirect=["stage"])
def test_a_hostile_link_is_not_followed(stage: Stage, case: str) -> None:
    with stage.serves("file", None, NO_LINKS[case]) as server:
        made = stage.buys(server)
    end = told(f"{stage.name} link: {case}", made, stage.paid(server), stage.home)
    assert end == (13, "not_saved") or not made.document["done"]
    assert not any(" /file " in got.line for got in server.got)


@pytest.mark.parametrize("case", WORDS)
def test_hostile_words_buy_what_they_say_or_nothing(stage: Stage, case: str) -> None:
    words, (code, kind) = WORDS[case]
    with stage.serves("file", None) as server:
        made = stage.buys(server, *(word.replace("{home}", str(stage.home)) for word in words))
    end = told(f"words: {case}", made, stage.paid(server), stage.home)
    assert end[0] == code
    assert kind in {None, end[1]}
    assert stage.paid(server) == (code == 0)


@pytest.mark.parametrize("case", OTHERS)
def test_a_hostile_name_of_a_job_is_nobodys(stage: Stage, case: str) -> None:
    words, expected = OTHERS[case]
    with stage.serves("file", None) as server:
        made = stage.runs(server, *words)
    assert told(case, made, len(server.got), stage.home) == expected


@pytest.mark.parametrize("case", CONFIGS)
def test_a_hostile_configuration_buys_nothing(stage: Stage, case: str) -> None:
    text, expected = CONFIGS[case]
    configure(text)
    with stage.serves("file", None) as server:
        made = stage.buys(server)
    end = told(f"config.toml: {case}", made, stage.paid(server), stage.home)
    assert expected is None or (end[0], expected[1]) == (expected[0], expected[1] and end[1])
