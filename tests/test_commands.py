"""The commands of a session, each as its own process against the twin: nothing is bought twice."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support import PROMPT, ROOT, Run, Vendor
from support import start as begin_process
from test_spine import picture

DEAR = ("--model", "Nano Banana Pro", "--size", "4K", "--n", "2")  # 36 points: asked about first
STUCK: dict[str, Any] = {"kind": "set", "field": "data.medias", "value": []}
LOST: dict[str, Any] = {"kind": "reset"}


@contextmanager
def record() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(Path(os.environ["MEDIA_STUDIO_HOME"]) / "ledger.sqlite3")
    with made:
        yield made
    made.close()


def start(vendor: Vendor, *words: str, prompt: str = PROMPT) -> Run:
    return vendor.run("start", "--speed", str(vendor.speed), "--prompt", prompt, *words)


def creates(vendor: Vendor) -> int:
    return int(vendor.stats["requests"]["create"])


def jobs(vendor: Vendor, *words: str) -> list[Any]:
    rows: list[Any] = vendor.run("list", *words).document["jobs"]
    return rows


def config(home: Path, text: str) -> None:
    (home / "state").mkdir(exist_ok=True)
    (home / "state" / "config.toml").write_text(text)


def unsure(vendor: Vendor, *words: str, prompt: str = PROMPT) -> str:
    """A job of which nobody knows whether it was bought. Returns its id."""
    vendor.fault("create", LOST, when="after")
    made = vendor.make(*words, prompt=prompt)
    assert (made.code, made.document["state"]) == (9, "unknown"), made.stdout
    return str(made.document["job"])


# --- start ------------------------------------------------------------------------------------------------


def test_start_comes_back_once_it_is_accepted_and_wait_brings_the_picture(vendor: Vendor) -> None:
    made = start(vendor)
    document = made.document

    assert (made.code, document["event"], document["done"], document["ok"]) == (0, "submitted", False, True)
    assert document["task_id"] == vendor.stats["tasks"][0]["id"]
    assert [item["action"] for item in document["send"]] == ["send"]
    assert document["next"][2:4] == ["wait", document["job"]]
    delivered = vendor.finish(document)  # it may come back with a word first
    assert (delivered.code, delivered.document["state"], creates(vendor)) == (0, "done", 1)
    assert delivered.document["handed_out_at"] is None
    assert len(delivered.document["send"]) == 1


def test_the_same_start_again_is_the_running_job(vendor: Vendor) -> None:
    first = start(vendor).document
    second, third = start(vendor).document, vendor.make().document

    assert (second["job"], second["event"], second["next"]) == (first["job"], "submitted", first["next"])
    assert (third["job"], third["state"]) == (first["job"], "done")
    assert creates(vendor) == 1


@pytest.mark.parametrize(
    "other", [("--n", "2"), ("--size", "2k"), ("--user-id", "someone"), ("--model", "MJ")], ids=" ".join
)
def test_another_wish_is_another_job_although_one_runs(vendor: Vendor, other: tuple[str, ...]) -> None:
    assert start(vendor).document["job"] != start(vendor, *other).document["job"]
    assert creates(vendor) == 2


def test_inputs_are_the_same_by_their_bytes_and_not_by_their_name(vendor: Vendor, tmp_path: Path) -> None:
    one = picture(tmp_path, "one.png")
    same = picture(tmp_path, "same.png")
    other = picture(tmp_path, "other.png", "red")
    made = [start(vendor, "--input-images", path).document["job"] for path in (one, same, other)]

    assert made[0] == made[1] != made[2]
    assert creates(vendor) == 2


def test_what_is_over_can_be_bought_again(vendor: Vendor) -> None:
    first, second = vendor.make().document, vendor.make().document
    assert first["job"] != second["job"]
    assert creates(vendor) == 2


def test_start_ends_like_make_where_the_vendor_refuses(vendor: Vendor) -> None:
    vendor.account(0)
    made = start(vendor)
    assert (made.code, made.error["kind"], made.document["done"]) == (4, "no_credit", True)
    assert made.document["next"] is None


# --- keys and tokens --------------------------------------------------------------------------------------


def test_the_same_key_never_buys_a_second_time_whatever_became_of_the_first(vendor: Vendor) -> None:
    key = ("--idempotency-key", "message-1")
    first = start(vendor, *key).document
    running = start(vendor, *key).document
    done = vendor.make(*key).document
    after = vendor.make(*key).document

    assert {made["job"] for made in (first, running, done, after)} == {first["job"]}
    assert [made["state"] for made in (running, done, after)] == ["submitted", "done", "done"]
    assert (after["send"], len(after["resend"])) == ([], 1)
    assert creates(vendor) == 1


@pytest.mark.parametrize("command", ["make", "start"])
def test_the_key_of_a_job_that_the_vendor_failed_tells_of_that_job(vendor: Vendor, command: str) -> None:
    key = ("--idempotency-key", "message-1")
    vendor.fault("create", {"kind": "media", "index": 0, "reason": "it broke"})
    first = vendor.make(*key)
    again = (vendor.make if command == "make" else lambda *words: start(vendor, *words))(*key)

    assert (first.code, again.code) == (8, 8)
    assert again.document["job"] == first.document["job"]
    assert again.document["state"] == "failed"
    assert creates(vendor) == 1


def test_the_key_of_a_job_that_may_have_been_bought_asks_first(vendor: Vendor) -> None:
    key = ("--idempotency-key", "message-1")
    lost = unsure(vendor, *key)
    again = vendor.make(*key)

    assert (again.code, again.error["kind"], again.document["job"]) == (9, "maybe_bought", lost)
    assert creates(vendor) == 1


@pytest.mark.parametrize("name", ["--idempotency-key", "--approve"])
def test_what_was_bought_is_told_although_the_vendor_is_down(vendor: Vendor, name: str) -> None:
    words = (name, "message-1" if name == "--idempotency-key" else token_of(vendor))
    first = vendor.make(*words)
    vendor.fault("list", {"kind": "code", "code": 500, "http": 500}, times=-1)
    again = vendor.make(*words)

    assert (first.code, again.code, again.document["job"]) == (0, 0, first.document["job"])
    assert creates(vendor) == 1


def test_a_key_stands_for_one_request(vendor: Vendor) -> None:
    vendor.make("--idempotency-key", "message-1")
    other = vendor.make("--idempotency-key", "message-1", "--size", "2k")

    assert (other.code, other.error["kind"], other.error["charged"]) == (2, "key_reused", "no")
    assert creates(vendor) == 1


def test_a_key_is_free_again_where_nothing_was_bought(vendor: Vendor) -> None:
    vendor.account(0)
    assert vendor.make("--idempotency-key", "message-1").code == 4
    vendor.account(100)

    assert vendor.make("--idempotency-key", "message-1").code == 0
    assert vendor.stats["accepted"] == 1


def token_of(vendor: Vendor, *words: str, prompt: str = PROMPT) -> str:
    quoted = vendor.run("quote", "--speed", str(vendor.speed), "--prompt", prompt, *words).document
    assert vendor.stats["requests"]["create"] == len(vendor.stats["tasks"])
    return str(quoted["token"])


def test_a_token_buys_once_and_then_returns_its_job(vendor: Vendor) -> None:
    yes = ("--approve", token_of(vendor, *DEAR))
    first = vendor.make(*DEAR, *yes)
    second = vendor.make(*DEAR, *yes)

    assert (first.code, second.code, creates(vendor)) == (0, 0, 1)
    assert second.document["job"] == first.document["job"]
    assert (second.document["send"], len(second.document["resend"])) == ([], 2)


@pytest.mark.parametrize(
    ("words", "again"),
    [
        (("--model", "Midjourney"), ("--model", "MJ")),
        (("--size", "4k"), ("--size", "4K")),
        ((), ("--user-id", "someone")),
    ],
    ids=["nickname", "case", "user"],
)
def test_a_used_token_buys_nothing_more_however_the_same_is_asked_for(
    vendor: Vendor, words: tuple[str, ...], again: tuple[str, ...]
) -> None:
    token = token_of(vendor, *words)
    first = vendor.make(*words, "--approve", token)
    second = vendor.make(*again, "--approve", token)

    assert (first.code, creates(vendor)) == (0, 1)
    assert second.code in {0, 12}  # its job, or a question; no word of a record that cannot be written
    if second.code == 0:
        assert second.document["job"] == first.document["job"]


def test_a_token_of_other_terms_buys_nothing_and_names_the_difference(vendor: Vendor) -> None:
    token = token_of(vendor, "--size", "2k")
    made = vendor.make("--size", "4k", "--approve", token)

    assert (made.code, made.error["kind"]) == (12, "approval_changed")
    assert made.document["difference"] == [{"what": "size", "before": "2k", "after": "4k"}]
    assert "2k" in made.document["send"][0]["message"]
    assert creates(vendor) == 0
    assert token not in made.document["next"]
    assert vendor.carry_on(made.document).code == 0


def test_a_token_that_is_unknown_or_too_old_buys_nothing(vendor: Vendor) -> None:
    made = vendor.make("--approve", "never2made3x")
    assert (made.code, made.error["kind"], made.document["done"]) == (12, "approval_unknown", True)
    token = token_of(vendor)
    with record() as db:
        db.execute("UPDATE approvals SET at = at - 601")
    late = vendor.make("--approve", token)
    assert (late.code, late.error["kind"]) == (12, "approval_unknown")
    assert creates(vendor) == 0
    assert vendor.carry_on(late.document).code == 0


def test_a_token_is_free_again_where_nothing_was_bought(vendor: Vendor) -> None:
    yes = ("--approve", token_of(vendor, *DEAR))
    vendor.account(0)
    assert vendor.make(*DEAR, *yes).code == 4
    vendor.account(100)
    assert vendor.make(*DEAR, *yes).code == 0
    assert vendor.stats["accepted"] == 1


# --- maybe bought -----------------------------------------------------------------------------------------


def test_what_may_have_been_bought_is_asked_about_and_its_yes_buys_once(vendor: Vendor) -> None:
    lost = unsure(vendor)
    asked = vendor.make()

    assert (asked.code, asked.error["kind"], asked.error["charged"]) == (9, "maybe_bought", "maybe")
    assert (asked.document["job"], asked.document["done"], creates(vendor)) == (lost, True, 1)
    assert "It may have cost 5 points." in asked.document["send"][0]["message"]
    assert {"--force-new", "--approve"} <= set(asked.document["next"])
    first, second = vendor.carry_on(asked.document), vendor.carry_on(asked.document)
    assert (first.code, second.code, creates(vendor)) == (0, 0, 2)
    assert first.document["job"] == second.document["job"] != lost


def test_start_that_may_have_been_bought_is_asked_about_as_well(vendor: Vendor) -> None:
    lost = unsure(vendor)
    asked = start(vendor)
    assert (asked.code, asked.error["kind"], asked.document["job"]) == (9, "maybe_bought", lost)
    bought = vendor.carry_on(asked.document)
    assert (bought.code, bought.document["event"], creates(vendor)) == (0, "submitted", 2)


def test_the_yes_leads_on_although_the_first_try_bore_a_key(vendor: Vendor) -> None:
    unsure(vendor, "--idempotency-key", "message-1")
    asked = vendor.make("--idempotency-key", "message-1")
    assert vendor.carry_on(asked.document).code == 0
    assert creates(vendor) == 2


def test_however_often_it_is_asked_about_it_is_bought_once_more_once(vendor: Vendor) -> None:
    lost = unsure(vendor, "--idempotency-key", "message-1")
    asked = [start(vendor, "--idempotency-key", "message-1").document]
    asked += [vendor.run(command, lost).document for command in ("wait", "show", "wait")]
    bought = [vendor.carry_on(document) for document in asked]
    assert [made.code for made in bought] == [0] * 4
    assert {made.document["job"] for made in bought} == {bought[0].document["job"]} != {lost}
    assert creates(vendor) == 2


def test_a_key_is_its_users_own(vendor: Vendor) -> None:
    """Two chats may count their messages alike."""
    ann, bob = (
        start(vendor, "--user-id", user, "--idempotency-key", "42", prompt=f"a picture for {user}").document
        for user in ("ann", "bob")
    )
    assert (ann["event"], bob["event"], creates(vendor)) == ("submitted", "submitted", 2)
    assert ann["job"] != bob["job"]
    again = start(vendor, "--user-id", "bob", "--idempotency-key", "42", prompt="a picture for bob").document
    assert (again["job"], creates(vendor)) == (bob["job"], 2)


@pytest.mark.parametrize("trouble", [6010, 4008], ids=["the list changed", "a smaller size was tried"])
def test_the_yes_buys_once_although_the_paid_request_was_made_anew_before(
    vendor: Vendor, trouble: int
) -> None:
    words = ("--idempotency-key", "message-1", "--model", "Nano Banana Pro", "--size", "4K")
    yes = ("--allow-degrade", "--yes", "--max-credits", "30")
    vendor.fault("create", {"kind": "code", "code": trouble})
    vendor.fault("create", {"kind": "reset"}, when="after")
    asked = vendor.make(*words, *yes)
    assert (asked.code, asked.error["kind"], creates(vendor)) == (9, "unknown", 2)
    first, second = vendor.carry_on(asked.document), vendor.carry_on(asked.document)
    assert (first.code, second.code, creates(vendor)) == (0, 0, 3), first.error
    assert first.document["job"] == second.document["job"] != asked.document["job"]


@pytest.mark.parametrize("state", ["unknown", "running"])
def test_force_new_without_a_yes_asks_and_its_yes_buys_another(vendor: Vendor, state: str) -> None:
    first = unsure(vendor) if state == "unknown" else start(vendor).document["job"]
    asked = vendor.make("--force-new")
    assert (asked.code, asked.error["kind"], creates(vendor)) == (12, "needs_approval", 1)

    bought = vendor.carry_on(asked.document)
    assert (bought.code, creates(vendor)) == (0, 2)
    assert bought.document["job"] != first
    assert vendor.carry_on(asked.document).document["job"] == bought.document["job"]
    assert creates(vendor) == 2


def test_another_request_is_not_held_up_by_one_that_may_have_been_bought(vendor: Vendor) -> None:
    unsure(vendor)
    assert vendor.make("--size", "2k").code == 0
    assert vendor.make("--user-id", "someone").code == 0


# --- consent, where it could be slipped past --------------------------------------------------------------


def test_a_running_job_that_dies_meanwhile_lends_nobody_its_yes(vendor: Vendor) -> None:
    """A dear job was approved, and its process died before it paid. Another asks for the same without a yes,
    while the first still seems to live; until the list is there, the lease has run out."""
    yes = ("--approve", token_of(vendor, *DEAR))
    assert vendor.make(*DEAR, *yes).code == 0
    with record() as db:
        db.execute("UPDATE jobs SET state = 'intent', open = 1, task_id = NULL, owner = 'gone'")
        db.execute("DELETE FROM names")
        db.execute("UPDATE jobs SET lease = ?", (time.time() + 15,))
    vendor.fault("list", {"kind": "hold"})
    process = begin_process("make", "--prompt", PROMPT, "--speed", "200", *DEAR, env=vendor.env)
    vendor.held("list")
    with record() as db:
        db.execute("UPDATE jobs SET lease = ?", (time.time() - 1,))
    vendor.release()
    stdout, stderr = process.communicate(timeout=60)

    made = Run(process.wait(), stdout.decode(), stderr.decode())
    assert made.code == 12
    assert made.error["kind"] == "needs_approval"
    assert creates(vendor) == 1


# --- the end of a job is told once ------------------------------------------------------------------------


def test_what_was_handed_out_is_not_sent_again(vendor: Vendor) -> None:
    first = vendor.make().document
    for command, said in (
        ("wait", []),
        ("show", ["✅ It is ready; I sent it before. If it never came, tell me, and I send it again."]),
    ):
        made = vendor.run(command, first["job"])
        assert [item["message"] for item in made.document["send"]] == said
        assert made.document["resend"] == first["send"]
        assert made.document["handed_out_at"] is not None
    (row,) = jobs(vendor)
    assert row["handed_out_at"] is not None


def test_a_failure_that_was_told_is_not_sent_again(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "media", "index": 0})
    first = vendor.make().document
    again = vendor.run("wait", first["job"])
    assert (again.code, again.document["send"]) == (8, [])
    assert again.document["resend"] == first["send"]
    assert vendor.run("show", first["job"]).document["send"] == first["send"], "whoever asks is told"


@pytest.mark.parametrize("form", ["--brief", "--quiet"])
def test_forms_that_leave_the_messages_out_hand_nothing_out(vendor: Vendor, form: str) -> None:
    assert vendor.make(form).code == 0
    (row,) = jobs(vendor)
    assert row["handed_out_at"] is None
    assert len(vendor.run("wait", row["job"]).document["send"]) == 1


@pytest.mark.parametrize("full", [False, True], ids=["closed pipe", "full disk"])
def test_what_could_not_be_printed_is_not_handed_out(vendor: Vendor, full: bool) -> None:
    words = [
        sys.executable,
        str(ROOT / "scripts" / "create.py"),
        "make",
        "--prompt",
        PROMPT,
        "--speed",
        "200",
    ]
    reader, writer = os.pipe()
    os.close(reader)
    with open("/dev/full", "wb") as full_disk:
        made = subprocess.run(
            words,
            stdout=full_disk if full else writer,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **vendor.env},
            cwd=os.environ["HOME"],
            check=False,
            timeout=60,
        )
    os.close(writer)
    assert made.returncode in {0, 1}
    (row,) = jobs(vendor)
    assert (row["state"], row["handed_out_at"]) == ("done", None)
    assert len(vendor.run("wait", row["job"]).document["send"]) == 1


def test_a_question_is_asked_each_time(vendor: Vendor) -> None:
    assert [len(vendor.make(*DEAR).document["send"]) for _ in range(2)] == [1, 1]
    unsure(vendor)
    assert [len(vendor.make().document["send"]) for _ in range(2)] == [1, 1]
