"""A receipt says beside the files how they were made, and `again` quotes from it; what a stranger wrote in
one stays words."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from called import Here
from parts import submitted
from sandbox import Sandbox
from studio import arguments, files, receipts, wording
from studio.errors import UsageError
from support import PROMPT, Run, configure, leaks, run, validate
from test_spine import picture

SPEED = 500


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Here]:
    with Sandbox(tmp_path / "twin", speed=SPEED) as box:
        yield Here(box.urls["ima"], SPEED)


def receipt_of(made: Run) -> Any:
    assert made.code == 0, made.stderr
    read = json.loads(Path(made.document["receipt"]).read_text(encoding="utf-8"))
    validate(read)
    return read


def changed(path: Path, **changes: Any) -> str:
    """The same receipt as somebody else would have it. Returns its name."""
    made = json.loads(path.read_text(encoding="utf-8"))
    for name, value in changes.items():
        *where, last = name.split("__")
        part = made
        for step in where:
            part = part[step]
        part[last] = value
    other = path.with_name("other.json")
    other.write_text(json.dumps(made), encoding="utf-8")
    return str(other)


@pytest.fixture
def receipt(shop: Here, tmp_path: Path) -> Path:
    made = shop.make("--receipt", "--input-images", picture(tmp_path), "--size", "2k")
    return Path(made.document["receipt"])


# --- written ----------------------------------------------------------------------------------------------


def test_a_receipt_says_how_it_was_made_and_nothing_of_whom(shop: Here, tmp_path: Path) -> None:
    link = "https://example.com/a.jpg"
    words = ("--receipt", "--user-id", "feishu-0815", "--idempotency-key", "message-4711", "--size", "2k")
    made = shop.make(*words, "--input-images", picture(tmp_path), f"{link}?sig=secret")
    path, document = Path(made.document["receipt"]), made.document
    read = receipt_of(made)

    (output,) = document["outputs"]
    assert path.parent == Path(output["path"]).parent
    assert path.name == f"{time.strftime('%Y%m%d')}-{document['job']}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (read["prompt"], read["job"], read["task_id"]) == (PROMPT, document["job"], document["task_id"])
    assert (read["model"], read["cost"]) == (document["model"], document["cost"])
    assert read["requested"]["options"] == {"size": "2k"}
    (row,) = read["outputs"]
    assert row["sha256"] == hashlib.sha256((path.parent / row["file"]).read_bytes()).hexdigest()
    assert (row["width"], row["height"]) == (output["width"], output["height"])
    local, remote = read["inputs"]
    assert local["sha256"] == hashlib.sha256(Path(local["name"]).read_bytes()).hexdigest()
    assert (remote["name"], remote["sha256"]) == (f"{link}?…", None)
    text = path.read_bytes()
    assert leaks(text) == []
    assert not [word for word in (b"secret", b"feishu-0815", b"message-4711") if word in text]


def test_a_job_that_was_started_with_it_has_its_receipt_from_a_bare_wait(shop: Here) -> None:
    begun = shop.run("start", "--prompt", PROMPT, "--speed", str(SPEED), "--receipt").document
    assert begun["receipt"] is None
    assert receipt_of(shop.finish(begun))["job"] == begun["job"]


@pytest.mark.parametrize(("config", "wanted"), [("receipts = true\n", True), ("receipts = false\n", False)])
def test_the_config_may_ask_for_all_of_them_and_without_it_there_is_none(
    shop: Here, config: str, wanted: bool
) -> None:
    configure(config)
    made = shop.make().document
    assert (made["receipt"] is not None) is wanted
    assert len(list(Path(made["outputs"][0]["path"]).parent.glob("*.json"))) == wanted


def test_it_can_be_asked_for_later_and_is_written_once(shop: Here) -> None:
    job = shop.make().document["job"]
    first = receipt_of(shop.run("wait", job, "--receipt"))
    path = Path(shop.run("show", job).document["receipt"])
    written = path.stat().st_mtime_ns
    again = shop.run("fetch", job, "--receipt")
    assert (receipt_of(again), path.stat().st_mtime_ns) == (first, written)
    assert len(list(path.parent.glob("*.json"))) == 1


def test_a_receipt_takes_no_other_files_name(shop: Here, home: Path) -> None:
    begun = shop.run("start", "--prompt", PROMPT, "--speed", str(SPEED), "--receipt").document
    other = home / "media-studio" / f"{time.strftime('%Y%m%d')}-{begun['job']}.json"
    other.write_text("mine")
    made = shop.finish(begun)
    assert receipt_of(made)["job"] == begun["job"]
    assert Path(made.document["receipt"]).name == f"{other.stem}-2.json"
    assert other.read_text() == "mine"


def test_a_receipt_that_cannot_be_written_spoils_nothing(shop: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*parts: Any, **more: Any) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "put", full)
        made = shop.make("--receipt")
    assert (made.code, made.document["ok"], made.document["receipt"]) == (0, True, None)
    assert "No space left on device" in made.document["note"]
    assert Path(made.document["outputs"][0]["path"]).is_file()
    later = shop.run("wait", made.document["job"])
    assert (later.document["note"], receipt_of(later)["job"]) == (None, made.document["job"])


def test_what_the_vendor_made_in_part_waits_for_the_rest(shop: Here) -> None:
    shop.fault("file", {"kind": "http", "status": 403}, times=-1)
    made = shop.make("--receipt")
    assert (made.code, made.document["receipt"]) == (13, None)
    shop.clear()
    assert receipt_of(shop.run("wait", made.document["job"]))["job"] == made.document["job"]


def test_half_a_file_never_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        files.put(b"{}", tmp_path, "a", "json")
    assert list(tmp_path.iterdir()) == []


# --- read -------------------------------------------------------------------------------------------------


def test_again_quotes_from_a_receipt_and_its_yes_buys_the_same(shop: Here, receipt: Path) -> None:
    quoted = shop.run("again", str(receipt), "--speed", str(SPEED))
    (first,) = shop.stats["tasks"]
    document = quoted.document
    assert (quoted.code, document["event"]) == (0, "quote")
    assert len(shop.stats["tasks"]) == 1
    assert shop.finish(shop.carry_on(document).document).code == 0
    _, second = shop.stats["tasks"]
    sent = [task["body"]["parameters"][0]["parameters"] for task in (first, second)]
    same = ("prompt", "size", "n", "input_images")
    assert [sent[0].get(name) for name in same] == [sent[1].get(name) for name in same]


def test_again_from_a_receipt_takes_changes_and_asks_for_a_receipt_too(shop: Here, receipt: Path) -> None:
    made = shop.run("again", str(receipt), "--size", "4k", "--receipt", "--user-id", "fay").document
    assert made["requested"]["options"] == {"size": "4k"}
    assert {"--receipt", "--user-id=fay"} <= set(made["next"])


def test_a_bare_name_is_a_job_unless_a_file_is_called_so(shop: Here, home: Path, receipt: Path) -> None:
    (home / "keepsake").write_bytes(receipt.read_bytes())
    assert shop.run("again", "keepsake").code == 0
    assert shop.run("again", "nothing").error["kind"] == "no_such_job"
    assert shop.run("again", "nothing.json").error["kind"] == "bad_receipt"
    (home / "last").write_text("{}")
    assert shop.run("again", "last").document["event"] == "quote"


STRANGE: dict[str, dict[str, Any]] = {
    "another schema": {"schema": "media-studio/result/1"},
    "a field of its own": {"argv": ["make", "--yes"]},
    "where the vendor posts to": {"requested__options": {"callback_url": "https://example.org/hook"}},
    "the same past our checks": {"requested__unchecked": {"callback_url": "https://example.org/hook"}},
    "a number as words": {"prompt": 7},
    "an input that is none": {"requested__inputs": [{"name": "a"}]},
    "too many": {"requested__n": "10"},
}


def test_a_receipt_that_its_schema_does_not_close_is_none(receipt: Path) -> None:
    assert receipts._read(Path(changed(receipt)))
    read = {name: receipts._read(Path(changed(receipt, **changes))) for name, changes in STRANGE.items()}
    assert read == dict.fromkeys(STRANGE)


def test_whatever_else_a_file_holds_is_no_receipt(home: Path) -> None:
    file = home / "a.json"
    for text in ("", "[]", "no JSON", "[" * 100_000, '{"a":' * 100_000, " " * 2**20 + "{}"):
        file.write_text(text)
        assert receipts._read(file) is None
    assert run("again", "a.json").error["kind"] == "bad_receipt"


def test_what_might_never_end_is_not_read(home: Path) -> None:
    os.mkfifo(home / "pipe.json")
    assert run("again", "pipe.json").error["kind"] == "bad_receipt"
    assert run("again", os.devnull).error["kind"] == "bad_receipt"


def test_the_receipt_of_a_rehearsal_is_rehearsed_and_not_priced_by_mistake(shop: Here, receipt: Path) -> None:
    rehearsed = changed(receipt, sandbox=True)
    assert shop.run("again", rehearsed).error["kind"] == "bad_receipt"


SIGNS = st.characters(codec="utf-8", exclude_characters="\0")
FLAGS = ["--yes", "--approve=x", "--api-key", "-x", "--out=/etc", "a\n--yes", "last", "{camera}"]
HOSTILE = st.text(SIGNS, min_size=1, max_size=20) | st.sampled_from(FLAGS)
NAMES = HOSTILE.filter(lambda one: bool(one.strip()) and "=" not in one)
OF_THE_PERSON = (
    *("yes", "accept_unknown_price", "force_new", "remember", "allow_degrade", "receipt", "sandbox"),
    *("api_key", "base_url", "home", "user_id", "idempotency_key", "max_credits", "max_per_day"),
)


@settings(max_examples=40, deadline=None)
@given(
    prompt=HOSTILE,
    name=HOSTILE,
    value=HOSTILE | st.integers() | st.lists(HOSTILE),
    unchecked=st.dictionaries(NAMES, HOSTILE, max_size=2),
    inputs=st.lists(HOSTILE, max_size=3),
    model=HOSTILE,
    parent=HOSTILE,
)
def test_no_word_of_a_receipt_becomes_an_option(
    prompt: str, name: str, value: Any, unchecked: dict[str, str], inputs: list[str], model: str, parent: str
) -> None:
    asked = {"prompt": prompt, "model": model, "version_id": None, "n": 1, "inputs": inputs, "parent": parent}
    made = {
        **{"provider": "ima", "gateway": "--yes", "task_type": "--yes", "language": "en", "prompt": prompt},
        **{"model": {"id": model, "name": model, "version": ""}, "chosen_by": "asked", "inputs": []},
        **{"cost": {"unit": "points"}, "prompt_left_out": False},
        "requested": {**asked, "options": {name: value}, "unchecked": unchecked},
    }
    plan = receipts._plan(made, None)
    words = ["quote", *wording.words(plan, "/out", language="en", sandbox=False)]
    try:
        parsed = arguments.parse(words)
    except UsageError:
        return
    assert (parsed.prompt, parsed.model, parsed.parent, parsed.out) == (prompt, model, parent, "/out")
    assert [one.removeprefix("./") for one in parsed.input_images or []] == [
        one.removeprefix("./") for one in inputs
    ]
    assert [name for name in OF_THE_PERSON if getattr(parsed, name)] == []


# --- what it began with -----------------------------------------------------------------------------------


def test_an_input_that_was_changed_since_is_told(shop: Here, receipt: Path, tmp_path: Path) -> None:
    assert "⚠️" not in shop.run("again", str(receipt)).document["send"][0]["message"]
    name = picture(tmp_path, colour="navy")
    said = shop.run("again", str(receipt)).document["send"][0]["message"]
    assert name in said
    assert "⚠️" in said


def test_an_input_that_is_gone_is_told_and_can_be_given_anew(
    shop: Here, receipt: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.png").unlink()
    gone = shop.run("again", str(receipt))
    assert (gone.code, gone.error["kind"]) == (2, "receipt_input")
    other = picture(tmp_path, "other.png")
    assert shop.run("again", str(receipt), "--input-images", other).document["requested"]["inputs"] == [other]


def test_a_link_that_is_not_whole_or_not_ours_to_follow_has_to_be_given_anew(
    shop: Here, receipt: Path
) -> None:
    for changes in (
        {"requested__inputs": ["https://example.com/a.png?…"]},
        {"requested__options": {"srt_url": "https://example.com/a.srt?…"}},
        {"requested__unchecked": {"notify_hook": "https://example.org/hook"}},
    ):
        assert shop.run("again", changed(receipt, **changes)).error["kind"] == "receipt_input"


@pytest.mark.parametrize("where", ["options", "unchecked"])
@pytest.mark.parametrize(
    "name",
    [
        "callback_url",
        " callback_url",
        "Callback",
        "callback",
        "callback_url=https://x.example/h?y",
        "a b",
        "",
        "a=b",
    ],
)
def test_no_name_in_a_receipt_says_where_to_post(shop: Here, receipt: Path, where: str, name: str) -> None:
    made = json.loads(receipt.read_text())
    made["requested"][where] = {name: "https://x.example/hook"}
    receipt.write_text(json.dumps(made))
    again = shop.run("again", str(receipt))
    assert (again.code, again.error["kind"]) == (2, "bad_receipt")


def test_where_the_vendor_posts_to_is_in_no_receipt() -> None:
    kept = {"callback_url": "https://example.com/hook", "a": ["https://example.com/b?c=d"], "e": 1}
    assert receipts._without_queries(kept) == {"a": ["https://example.com/b?…"], "e": 1}


def test_a_job_without_files_has_no_receipt() -> None:
    job = replace(submitted(0.0), state="done", receipt_wanted=True)
    assert receipts.settle(None, job) == (job, None)  # type: ignore[arg-type]
