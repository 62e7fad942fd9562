"""The conversations that the skill is judged by: each command in them is one that works.

evals/evals.json: {"skill_name", "evals": [{"id", "prompt", "language": zh|en, "files": [], "expected_output",
"commands": [[words after create.py], ...], "exit", "assertions": [..]}]}, and where the prompt is not the
whole conversation: "given", what was before it; "replies", what the person says later, in order.
`commands` are those that an agent writes itself; what it runs from a document's `next` is not among them.
`exit` is what the first command that asks for a picture or its price ends with: 2, the wish cannot be met;
3, and there is no key; 11, over the limit; 12, the person is asked. Those after it end with 0.
Words that stand for something: USER, a person; MESSAGE, the id of one of their messages; JOB, a finished job
of USER; TASK, a task of the vendor. `files` are names: any picture will do.
evals/eval_queries.json: [{"query", "should_trigger"}].
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from sandbox import Sandbox
from studio import arguments, cli
from studio.commands import PAYING, WISHING
from studio.language import language_of
from support import ROOT, Vendor, validate

EVALS_AT_LEAST = 20
EVALS_IN_CHINESE = 8
QUERIES_AT_LEAST = 20
QUERIES_OF_A_KIND = 8
EXITS = (0, 2, 3, 11, 12)

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
                "required": [
                    *("id", "prompt", "language", "files", "expected_output", "commands", "exit"),
                    "assertions",
                ],
                "additionalProperties": False,
                "properties": {
                    "id": TEXT,
                    "prompt": TEXT,
                    "language": {"enum": ["zh", "en"]},
                    "files": {"type": "array", "items": TEXT},
                    "given": TEXT,
                    "replies": TEXTS,
                    "expected_output": TEXT,
                    "commands": {"type": "array", "items": TEXTS},
                    "exit": {"enum": list(EXITS)},
                    "assertions": TEXTS,
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
ASKING = [row for row in ALL if any(words[0] in WISHING for words in row["commands"])]
IS_A_PICTURE = re.compile(r"[\w-]+\.(?:jpe?g|png|webp)")


def test_the_evals_have_their_form_and_their_number() -> None:
    Draft202012Validator(EVALS).validate(load("evals.json"))
    assert len(ALL) >= EVALS_AT_LEAST
    assert len({row["id"] for row in ALL}) == len({row["prompt"] for row in ALL}) == len(ALL)
    languages = [row["language"] for row in ALL]
    assert languages.count("zh") >= EVALS_IN_CHINESE
    assert languages.count("en") >= EVALS_IN_CHINESE
    assert {row["exit"] for row in ALL} == set(EXITS)
    assert all(language_of(row["prompt"]) == row["language"] for row in ALL)


def test_the_queries_have_their_form_and_their_number() -> None:
    queries = load("eval_queries.json")
    Draft202012Validator(QUERIES).validate(queries)
    assert len({row["query"] for row in queries}) == len(queries) >= QUERIES_AT_LEAST
    for kind in (True, False):
        of_a_kind = [row["query"] for row in queries if row["should_trigger"] is kind]
        assert len(of_a_kind) >= QUERIES_OF_A_KIND
        assert {language_of(query) for query in of_a_kind} == {"zh", "en"}


@pytest.mark.parametrize(("name", "words"), COMMANDS)
def test_every_command_of_an_eval_is_one(name: str, words: list[str]) -> None:
    arguments.parse(words)


def test_what_is_bought_in_a_chat_names_its_person_and_its_message() -> None:
    """`make` is for a terminal, where there is neither."""
    for row in ALL:
        bought = [arguments.parse(words) for words in row["commands"] if words[0] == "start"]
        assert all(made.user_id and made.idempotency_key for made in bought), row["id"]
        assert len({made.idempotency_key for made in bought}) == len(bought), row["id"]


def test_every_picture_of_a_command_is_among_the_files_of_its_eval() -> None:
    for row in ALL:
        pictures = {word for words in row["commands"] for word in words if IS_A_PICTURE.fullmatch(word)}
        assert pictures <= set(row["files"]), row["id"]


def rehearsed(words: Sequence[str]) -> list[str]:
    """The command that finds the price of the same wish and buys nothing."""
    if words[0] in PAYING:
        return ["make", *words[1:], "--dry-run"]
    return list(words)


@pytest.fixture
def signals() -> Iterator[None]:
    """The command listens to signals as if it were alone in the process."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(name) for name in names]
    yield
    for name, handler in zip(names, before, strict=True):
        signal.signal(name, handler)


@pytest.fixture
def videos(tmp_path: Path) -> Iterator[list[Vendor]]:
    """The other gateways' twins."""
    with Sandbox(tmp_path / "videos") as box:
        yield [Vendor(urls, 1, gateway) for gateway, urls in box.urls.items() if gateway != "ima"]


@pytest.fixture
def said(
    vendor: Vendor,
    videos: list[Vendor],
    home: Path,
    signals: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[Sequence[str]], tuple[int, Any]]:
    """Runs a command in this process, against the twins: its exit code and its document."""
    for name, value in [pair for one in (vendor, *videos) for pair in one.env.items()]:
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home)

    def run(words: Sequence[str]) -> tuple[int, Any]:
        code = cli.main([*words, "--json"])
        document = json.loads(capsys.readouterr().out)
        validate(document)
        return code, document

    return run


@pytest.mark.parametrize("row", ASKING, ids=[row["id"] for row in ASKING])
def test_what_an_eval_expects_to_be_bought_can_be(
    row: Any,
    vendor: Vendor,
    videos: list[Vendor],
    home: Path,
    said: Callable[[Sequence[str]], tuple[int, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for picture in row["files"]:
        Image.new("RGB", (640, 480), "orange").save(home / picture)
    commands = [words for words in row["commands"] if words[0] in WISHING]
    needs_a_job = any("last" in words for words in commands)
    if needs_a_job:
        subject = {"zh": "黄昏的灯塔", "en": "a lighthouse at dusk"}[row["language"]]
        vendor.make("--user-id", "USER", prompt=subject)
    if row["exit"] == 3:
        monkeypatch.delenv("IMA_API_KEY")

    for words, expected in zip(commands, [row["exit"], *[0] * len(commands)], strict=False):
        stops = expected in {11, 12}  # of these a dry run says so, and ends well
        code, document = said(rehearsed(words))
        assert code == (0 if stops else expected), document
        assert language_of(document["send"][0]["message"]) == row["language"]
        if code == 0 and words[0] in PAYING:
            assert document["approval_needed"] is stops
            assert (document["token"] is None) is (expected == 11)
        if expected:  # such a command buys nothing: it is run as it stands
            code, document = said(words)
            assert code == expected, document
            assert document["send"]
            assert bool(document["next"]) is (expected == 12)
    accepted = [one.stats["accepted"] for one in (vendor, *videos)]
    assert accepted == [int(needs_a_job), *[0] * len(videos)]
