"""A vendor is one module, one catalogue, one twin, and a row in each of two lists: one that nobody sells is
added to a copy of the product and bought from. Whatever else had to be touched would be a missing idea."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from parts import picture
from support import ROOT, Run, leaks, validate

KEY = "imf_example_placeholder"
MADE_UP = Path(__file__).parent / "made_up"
NEW = {
    "studio/providers/lantern.py": MADE_UP / "lantern.py",
    "studio/data/catalogue/lantern.json": MADE_UP / "lantern.json",
    "sandbox/lantern.py": MADE_UP / "lantern_twin.py",
}
ROWS = {"studio/data/registry.json": "providers", "sandbox/data/registry.json": "twins"}
SPEED = "1000"


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@dataclass
class Copy:
    """The product with one vendor more, and that vendor's twin at work."""

    scripts: Path
    url: str = ""

    def run(self, *words: str, key: bool = True, reach: bool = True) -> Run:
        """As people run it; `key`: there is one; `reach`: its addresses are the twin's."""
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        env |= {"LANTERN_HOUSE_API_KEY": KEY} if key else {}
        env |= {"MEDIA_STUDIO_LANTERN_HOUSE_URL": self.url} if reach else {}
        made = subprocess.run(
            [sys.executable, str(self.scripts / "create.py"), *words, "--json"],
            capture_output=True,
            env=env,
            cwd=os.environ["HOME"],
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert leaks(made.stdout, KEY) == leaks(made.stderr, KEY) == [], "the key was printed"
        return Run(made.returncode, made.stdout.decode(), made.stderr.decode())

    def control(self, method: str, what: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.url}/__sandbox/{what}", method=method, data=data)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.loads(answer.read())

    @property
    def stats(self) -> Any:
        return self.control("GET", "stats")["lantern-house"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    root = tmp_path_factory.mktemp("skill")
    scripts = root / "scripts"
    shutil.copytree(ROOT / "scripts", scripts, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "references" / "schemas", root / "references" / "schemas")
    for place, file in NEW.items():
        shutil.copyfile(file, scripts / place)
    for place, name in ROWS.items():
        rows = json.loads((scripts / place).read_text(encoding="utf-8"))
        rows[name].append("lantern")
        (scripts / place).write_text(json.dumps(rows), encoding="utf-8")
    served = subprocess.Popen(
        [sys.executable, str(scripts / "create.py"), "sandbox", "--speed", SPEED, "--json"],
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=root,
    )
    try:
        assert served.stdout
        said = json.loads("".join(line.decode() for line in iter(served.stdout.readline, b"}\n")) + "}")
        yield Copy(scripts, said["environment"]["MEDIA_STUDIO_LANTERN_HOUSE_URL"])
    finally:
        served.terminate()
        served.wait(10)
    after, before = digests(scripts), digests(ROOT / "scripts")
    assert set(after) - set(before) == set(NEW), "nothing but the three files is new"
    assert {name for name in before if after.get(name) != before[name]} == set(ROWS)


def bought(copy: Copy, *words: str, prompt: str = "a lamp", **where: bool) -> Run:
    return copy.run("make", "--speed", SPEED, "--prompt", prompt, "--model", "Lantern One", *words, **where)


def message(made: Run) -> str:
    return str(made.document["send"][0]["message"])


def test_the_list_the_schema_and_the_defaults_know_it(copy: Copy) -> None:
    (row,) = copy.run("models", "--provider", "lantern").document["models"]
    assert (row["id"], row["gateway"], row["task_types"]) == (
        "lantern-1",
        "lantern-house",
        ["text_to_image", "glow_of_image"],
    )
    assert [(price["what"], price["amount"], price["unit"]) for price in row["prices"]] == [
        ("warm, for each of glow", 1.25, "sparks"),
        ("cold", 7, "sparks"),
    ]
    schema = copy.run("schema").document
    assert schema["forms"]["glow_of_image"]["lantern-1"]["required"] == ["input_images", "glow"]
    assert {"lantern-1", "midjourney"} <= set(schema["forms"]["text_to_image"])
    assert "media-studio/result/1" in str(schema["documents"])


def test_the_doctor_names_its_variable_and_its_default_and_invents_no_page(copy: Copy) -> None:
    without = copy.run("doctor", key=False, reach=False).document
    (row,) = [row for row in without["keys"] if row["gateway"] == "lantern-house"]
    assert (row["variable"], row["key"], row["key_page"]) == ("LANTERN_HOUSE_API_KEY", "missing", None)
    made = copy.run("doctor").document
    assert made["ready"] is True
    assert made["defaults"]["text_to_image"] == "lantern-1", "of those that can be paid"
    assert made["defaults"]["glow_of_image"] == "lantern-1"
    (row,) = [row for row in made["keys"] if row["gateway"] == "lantern-house"]
    assert (row["key"], row["addresses"]) == ("set", {"api": copy.url})


def test_without_its_key_nothing_is_asked_and_the_variable_is_named(copy: Copy) -> None:
    for command in ("quote", "make", "start"):
        made = copy.run(command, "--prompt", "x", "--model", "灯笼", "--language", "en", key=False)
        assert (made.code, made.error["kind"], made.error["charged"]) == (3, "key_missing", "no")
        assert "set LANTERN_HOUSE_API_KEY" in made.error["message"]
        assert "http" not in message(made) + str(made.error), "no link is invented"


def test_a_quote_is_by_its_own_table_in_its_own_unit(copy: Copy) -> None:
    made = copy.run("quote", "--prompt", "a lamp", "--model", "Lantern One", "--set", "glow=9").document
    assert (made["cost"]["quoted"], made["cost"]["unit"]) == (11.25, "sparks")
    assert made["cost"]["basis"] == "table of 2026-01-31, a grade"
    by_default = copy.run("quote", "--prompt", "a lamp").document
    assert (by_default["cost"]["quoted"], by_default["chosen_by"]) == (3.75, "default")
    for words, told in (
        (("--set", "wick=long"), "it has one wick"),
        (("--set", "glow=6", "--set", "shade=cold"), "cold light glows at 5 at most"),
        (("--task-type", "glow_of_image"), "1 to 2 pictures"),
    ):
        no = copy.run("quote", "--prompt", "a lamp", "--model", "Lantern One", *words)
        assert (no.code, no.error["charged"]) == (2, "no"), words
        assert told in f"{no.error['message']} {no.error['detail']}"


def test_a_rehearsal_needs_no_key_and_saves_a_picture(copy: Copy) -> None:
    made = bought(copy, "--sandbox", key=False, reach=False)
    assert made.code == 0, made.stderr
    (output,) = made.document["outputs"]
    with Image.open(output["path"]) as image:
        assert image.size == (output["width"], output["height"]) == (320, 200)
    assert "Lantern One" in message(made)


def test_it_is_bought_once_and_what_was_sent_is_what_was_asked(copy: Copy) -> None:
    made = bought(copy, "--set", "shade=cold", "--set", "wick=short", "--language", "zh")
    assert made.code == 0, made.stderr
    validate(made.document)
    assert (made.document["cost"]["quoted"], made.document["cost"]["charged"]) == (7, 7)
    sent = copy.stats["tasks"][-1]["body"]
    assert sent == {
        "lamp": "lantern-1",
        "kind": "text_to_image",
        "shade": "cold",
        "glow": 3,
        "words": "a lamp",
    }
    assert made.document["outputs"][0]["expires_at"]
    assert bought(copy, "--set", "shade=cold", "--dry-run").document["request"]["json"] == sent


def test_it_is_started_waited_for_and_given_an_input(copy: Copy, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(picture())
    words = ("--task-type", "glow_of_image", "--input-images", str(file), "--set", "glow=9")
    asked = copy.run("start", "--speed", SPEED, *words, "--language", "en")
    assert (asked.code, asked.error["kind"]) == (12, "needs_approval"), "its price is not known"
    assert "It may dazzle." in message(asked), "its own note, from its own catalogue"
    started = copy.run(*asked.document["next"][2:])
    assert started.code == 0, started.stderr
    ended = copy.run("wait", started.document["job"], "--max-wait", "30")
    assert (ended.code, ended.document["state"]) == (0, "done"), ended.stderr
    sent = copy.stats["tasks"][-1]["body"]
    assert sent == {"lamp": "lantern-1", "kind": "glow_of_image", "glow": 9, "from": [sent["from"][0]]}
    assert sent["from"][0].startswith("kept-")
    assert copy.stats["requests"]["store"] == 1


def test_a_refusal_bought_nothing_and_a_lost_answer_may_have(copy: Copy) -> None:
    before = len(copy.stats["tasks"])
    no = bought(copy, prompt="a dark lamp")
    assert (no.code, no.error["kind"], no.error["charged"]) == (10, "content_refused", "no")
    assert no.error["provider_code"] == "unclean"

    fault = {"endpoint": "create", "times": 1, "when": "after", "fault": {"kind": "reset"}}
    copy.control("POST", "faults", fault)
    lost = bought(copy, prompt="a lost lamp")
    assert (lost.code, lost.error["kind"], lost.error["charged"]) == (9, "unknown", "maybe")
    assert len(copy.stats["tasks"]) == before + 1
    again = bought(copy, prompt="a lost lamp")
    assert again.code == 9, "it is not bought a second time by itself"
    assert len(copy.stats["tasks"]) == before + 1
    ticket = copy.stats["tasks"][-1]["id"]
    found = copy.run("reconcile", lost.document["job"], "--task-id", ticket, "--max-wait", "30")
    assert (found.code, found.document["state"]) == (0, "done"), found.stderr


def test_what_people_read_of_it_is_whole_in_both_languages(copy: Copy) -> None:
    for language, said in (("en", "11.25 sparks"), ("zh", "11.25")):
        text = message(
            copy.run(
                "quote", "--prompt", "a lamp", "--model", "灯笼", "--set", "glow=9", "--language", language
            )
        )
        assert said in text
        assert "Lantern One" in text
        assert "{" not in text
