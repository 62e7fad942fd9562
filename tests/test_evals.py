"""The conversations that the skill is judged by: each command in them is one that works.

evals/evals.json: {"skill_name", "evals": [{"id", "prompt", "language": zh|en, "expected_output",
"commands": [[words after create.py], ...], "assertions": [..], "dry_run_exit": 0}]}. `dry_run_exit` is what
the first command that names a price ends with (2: the wish cannot be met); those after it end with 0.
Words that stand for something: JOB, a finished job of USER; TOKEN, of a quote (such commands are only
parsed); photo.jpg, or another name that ends like a picture's.
evals/eval_queries.json: [{"query", "should_trigger"}].
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from studio import arguments, cli
from studio.messages import language_of
from support import ROOT, Vendor, validate

EVALS_AT_LEAST = 3  # to be 20
QUERIES_AT_LEAST = 16
QUERIES_OF_A_KIND = 7

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "minItems": 1, "items": TEXT}
EVALS = {
    "type": "object",
    "required": ["skill_name", "evals"],
    "additionalProperties": False,
    "properties": {
        "skill_name": {"const": "media-studio"},
        "evals": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "prompt", "language", "expected_output", "commands", "assertions"],
                "additionalProperties": False,
                "properties": {
                    "id": TEXT,
                    "prompt": TEXT,
                    "language": {"enum": ["zh", "en"]},
                    "expected_output": TEXT,
                    "commands": {"type": "array", "items": TEXTS},
                    "assertions": TEXTS,
                    "dry_run_exit": {"type": "integer"},
                },
            },
        },
    },
}
QUERIES = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["query", "should_trigger"],
        "additionalProperties": False,
        "properties": {"query": TEXT, "should_trigger": {"type": "boolean"}},
    },
}


def load(name: str) -> Any:
    return json.loads((ROOT / "evals" / name).read_text(encoding="utf-8"))


ALL = load("evals.json")["evals"]
COMMANDS = [(row["id"], words) for row in ALL for words in row["commands"]]


def test_the_evals_have_their_form_and_their_number() -> None:
    Draft202012Validator(EVALS).validate(load("evals.json"))
    assert len(ALL) >= EVALS_AT_LEAST
    assert len({row["id"] for row in ALL}) == len({row["prompt"] for row in ALL}) == len(ALL)
    assert {row["language"] for row in ALL} == {"zh", "en"}
    assert any(row["commands"] for row in ALL)


def test_the_queries_have_their_form_and_their_number() -> None:
    queries = load("eval_queries.json")
    Draft202012Validator(QUERIES).validate(queries)
    assert len({row["query"] for row in queries}) == len(queries) >= QUERIES_AT_LEAST
    for kind in (True, False):
        assert len([row for row in queries if row["should_trigger"] is kind]) >= QUERIES_OF_A_KIND


@pytest.mark.parametrize(("name", "words"), COMMANDS)
def test_every_command_of_an_eval_is_one(name: str, words: list[str]) -> None:
    arguments.parse(words)


def priced(words: Sequence[str]) -> list[str] | None:
    """The command that finds the price of the same wish and buys nothing; None where there is none."""
    made = arguments.parse(words)
    if getattr(made, "approve", None) or made.command not in {"make", "start", "quote", "again"}:
        return None
    return [*words, *(["--dry-run"] if made.command in {"make", "start"} else [])]


@pytest.fixture
def signals() -> Iterator[None]:
    """The command listens to signals as if it were alone in the process."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(name) for name in names]
    yield
    for name, handler in zip(names, before, strict=True):
        signal.signal(name, handler)


@pytest.mark.parametrize("row", ALL, ids=[row["id"] for row in ALL])
def test_what_an_eval_expects_to_be_bought_can_be(
    row: Any,
    vendor: Vendor,
    home: Path,
    signals: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in vendor.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home)
    known = {word for words in row["commands"] for word in words}
    for picture in known:
        if re.fullmatch(r"[\w-]+\.(?:jpe?g|png|webp)", picture):
            Image.new("RGB", (640, 480), "orange").save(home / picture)
    needs_a_job = bool(known & {"JOB", "last"})
    subject = {"zh": "黄昏的灯塔", "en": "a lighthouse at dusk"}[row["language"]]
    job = vendor.make("--user-id", "USER", prompt=subject).document["job"] if needs_a_job else None

    expected = row.get("dry_run_exit", 0)
    for words in row["commands"]:
        asked = priced([job if job and word == "JOB" else word for word in words])
        if asked is None:
            continue
        code = cli.main([*asked, "--json"])
        document = json.loads(capsys.readouterr().out)
        validate(document)
        assert code == expected, document
        if document["send"]:
            assert language_of(document["send"][0]["message"]) == row["language"]
        expected = 0
    assert vendor.stats["accepted"] == int(needs_a_job)
