"""What is printed, to whom, and in which shape."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from called import called
from studio import answers, signs
from studio.errors import StudioError
from studio.types import Json
from support import CREATE, PROMPT, Run, Vendor, run, start, validate


def test_the_served_sandbox_can_be_used_by_other_programs() -> None:
    process = start("sandbox", "--speed", "200", "--events")
    refused = process.communicate(timeout=20)[0]
    assert process.returncode == 2
    validate(json.loads(refused))
    process = start("sandbox", "--speed", "200", "--quiet")
    assert process.stdout is not None
    lines = [process.stdout.readline().decode().strip() for _ in range(3)]
    env = dict(line.split("=", 1) for line in lines)
    assert run("make", "--prompt", PROMPT, "--speed", "200", env=env).code == 0
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_events_are_lines_that_end_in_the_document(vendor: Vendor) -> None:
    made = vendor.make("--events")
    lines = [json.loads(line) for line in made.stdout.splitlines()]
    for line in lines:
        validate(line)
    words = [line["event"] for line in lines]
    assert words[:2] == ["recorded", "submitted"]
    assert words[-2:] == ["finished", "result"]


def test_quiet_prints_paths_and_brief_one_ascii_line(vendor: Vendor) -> None:
    assert Path(vendor.make("--quiet").stdout.strip()).is_file()
    brief = vendor.make("--brief", prompt="一只猫").stdout
    assert brief.isascii()
    assert brief.count("\n") == 1
    assert len(brief) <= 171
    assert brief.startswith("DONE ")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "gbk"])
@pytest.mark.parametrize("how", ["--json", "--brief", "--quiet"])
def test_code_pages_without_utf8_do_not_break_printing(encoding: str, how: str) -> None:
    env = {"PYTHONIOENCODING": encoding}
    made = run("quote", "--sandbox", "--prompt", "一只猫 🐱", how, env=env)
    assert made.code == 0
    if how == "--json":
        assert made.document["requested"]["prompt"] == "一只猫 🐱"


def test_a_pipe_closed_early_is_no_error(vendor: Vendor) -> None:
    process = start("schema")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_a_person_at_a_terminal_reads_text(vendor: Vendor) -> None:
    assert b"IMA_API_KEY is missing" in on_a_terminal("doctor")


def on_a_terminal(*words: str, env: dict[str, str] | None = None) -> bytes:
    """All that a person sees."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(CREATE), *words],
        stdout=follower,
        stderr=follower,
        env={**os.environ, **(env or {})},
    )
    os.close(follower)
    seen = io.BytesIO()
    try:
        while chunk := os.read(leader, 4096):
            seen.write(chunk)
    except OSError:
        pass
    os.close(leader)
    process.wait(20)
    return seen.getvalue()


# No sign that moves a cursor, turns a line round, or cannot be seen.

HOSTILE = {
    "escape": "\x1b[2J\x1b]0;owned\x07",
    "bell": "a\x07b",
    "8-bit escape": "\x9b2J",
    "next line": "a\x85b",
    "return": "a\rb",
    "new lines": "a\n\n\nb",
    "delete": "a\x7fb",
    "override": "\u202egnp.exe\u202c",
    "isolate": "\u2067a\u2069",
    "mark": "\u200fa",
    "no width": "a\u200b\ufeffb",
    "joiner": "a\u200db",
    "separators": "a\u2028b\u2029c",
    "tags": "a\U000e0041b",
}
EACH = pytest.mark.parametrize("hostile", HOSTILE.values(), ids=list(HOSTILE))


def clean(run: Run) -> bool:
    """Nothing hostile in what was printed, but for the ends of lines."""
    return not any(signs.HIDDEN.search(text) for text in (run.stdout, run.stderr))


@EACH
def test_the_words_of_a_vendor_are_kept_on_one_line_without_such_signs(hostile: str) -> None:
    error = StudioError(f"It said {hostile}", detail=hostile, provider_code=hostile)
    for kept in (answers.text(hostile), error.message, error.detail, error.provider_code):
        assert kept
        assert not signs.HIDDEN.search(kept)
        assert not set(kept) & set("\n\r\t\v\f")
    assert answers.text(f"https://x.example.com/{hostile}") == f"https://x.example.com/{hostile}", "followed"


def test_each_sign_is_replaced_so_that_nothing_comes_together() -> None:
    assert signs.on_one_line("ima_\u200bexample") == "ima_\N{REPLACEMENT CHARACTER}example"
    assert signs.on_one_line("two\r\n lines\tand a tab") == "two  lines and a tab"
    assert signs.on_a_terminal("two\nlines\tand \x1b[1m") == "two\nlines\tand \N{REPLACEMENT CHARACTER}[1m"


@pytest.mark.parametrize("text", ["一只猫 🐱 ⚠️ café, naïve — “x”…", "مرحبا", "ไทย", "é"])
def test_other_signs_stay(text: str) -> None:
    assert signs.on_one_line(text) == signs.on_a_terminal(text) == signs.in_json(text) == text


@EACH
def test_json_says_the_same_without_them(hostile: str) -> None:
    made = signs.in_json(json.dumps({"prompt": hostile}, ensure_ascii=False))
    assert json.loads(made) == {"prompt": hostile}
    assert not signs.HIDDEN.search(made)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)


@given(st.dictionaries(st.text(max_size=9), VALUES, max_size=5), st.booleans())
def test_a_document_is_laid_out_as_json_that_says_the_same(document: Json, ascii_only: bool) -> None:
    made = signs.laid_out(document, ascii_only=ascii_only)
    assert json.loads(made) == document
    assert made.isascii() or not ascii_only
    rows = sum(len(value) + 1 for value in document.values() if _has_rows(value))
    assert len(made.split("\n")) == max(1, len(document)) + rows + 2


def _has_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


ALL = "".join(HOSTILE.values())


@pytest.mark.parametrize("how", [(), ("--events",), ("--brief",), ("--debug",)], ids=str)
@pytest.mark.parametrize("endpoint", ["list", "create", "detail"])
def test_a_vendor_cannot_move_a_cursor(vendor: Vendor, endpoint: str, how: tuple[str, ...]) -> None:
    vendor.fault(endpoint, {"kind": "code", "code": 4008, "http": 200, "message": f"no {ALL} no"}, times=-1)
    words = ("make", "--speed", "200", "--prompt", PROMPT, "--timeout", "1", *how)
    assert clean(called(*words, env=vendor.env))


def test_a_model_of_the_live_list_cannot_either(vendor: Vendor) -> None:
    vendor.fault("list", {"kind": "set", "field": "data.0.children.0.name", "value": f"a {ALL} b"}, times=-1)
    for how in ((), ("--quiet",), ("--json",)):
        made = called("models", "--live", "--task-type", "text_to_image", *how, env=vendor.env)
        assert made.code == 0
        assert clean(made)


def test_the_persons_own_prompt_is_bought_as_it_is_and_printed_clean(vendor: Vendor) -> None:
    prompt = "a family \U0001f468\u200d\U0001f469\u200d\U0001f467 \u202eback\u202c"
    made = vendor.make(prompt=prompt)
    assert made.code == 0
    assert clean(made)
    assert made.document["requested"]["prompt"] == prompt
    assert vendor.stats["tasks"][0]["body"]["parameters"][0]["parameters"]["prompt"] == prompt
    words = ("make", "--prompt", prompt, "--dry-run", "--speed", "200")
    seen = on_a_terminal(*words, env=vendor.env).decode().replace("\r\n", "\n")
    assert "\N{REPLACEMENT CHARACTER}back" in seen
    assert not signs.HIDDEN.search(seen)
