"""With `store_prompts = false` no prompt stands on this machine's disk, and what is bought is still exactly
what was asked."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from called import Here
from forked import Forked
from parts import plan
from sandbox import Sandbox
from studio import unstored
from studio.errors import InternalError, StudioError, error_record
from studio.ledger import Ledger
from studio.types import Plan, Shot
from support import CREATE, PROMPT, FakeClock, configure, with_clips
from test_spine import picture
from test_uploads import impatient
from world import ACCEPTED

SPEED = 500
OFF = "store_prompts = false\nreceipts = true\n"
LOST = {"kind": "code", "code": 500, "http": 500, "message": f"no: {PROMPT}"}
BUYING = "--speed", str(SPEED), "--prompt", PROMPT


@pytest.fixture(autouse=True)
def off(home: Path) -> Iterator[None]:
    """Whatever a test does: afterwards the prompt stands nowhere in the state folder, nor in a receipt."""
    configure(OFF)
    yield
    assert stands_in(home) == []


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Here]:
    with Sandbox(tmp_path / "twin", speed=SPEED) as box:
        yield Here(box.urls["ima"], SPEED)


@pytest.fixture
def films(tmp_path: Path, clips: Path) -> Iterator[Here]:
    """A vendor whose inputs travel in the request itself."""
    with Sandbox(with_clips(tmp_path / "twin", clips), speed=SPEED) as box:
        yield Here(box.urls["302ai"], SPEED, "302ai")


def stands_in(home: Path) -> list[str]:
    files = [*(home / "state").rglob("*"), *home.rglob("*.json")]
    return [file.name for file in files if file.is_file() and PROMPT.encode() in file.read_bytes()]


def sent(shop: Here) -> list[Any]:
    return [task["body"]["parameters"][0]["parameters"]["prompt"] for task in shop.stats["tasks"]]


def process(shop: Here, *words: str) -> Forked:
    return Forked([str(CREATE), *words], {**os.environ, **shop.env}, os.environ["HOME"])


# --- nowhere ----------------------------------------------------------------------------------------------


def test_a_purchase_and_its_receipt_are_without_it_and_the_vendor_has_it(shop: Here) -> None:
    made = shop.make().document
    assert (made["ok"], made["requested"]["prompt"], sent(shop)) == (True, None, [PROMPT])
    assert '"prompt": null' in Path(made["receipt"]).read_text()
    assert [row["prompt"] for row in shop.run("list").document["jobs"]] == [None]


def test_with_the_setting_on_it_is_stored_and_this_test_would_see_it(shop: Here, home: Path) -> None:
    configure("receipts = true\n")
    made = shop.make().document
    assert set(stands_in(home)) >= {"ledger.sqlite3", Path(made["receipt"]).name}
    for file in (Path(made["receipt"]), *(home / "state").glob("ledger*")):
        file.unlink()


def test_what_was_started_is_waited_for_without_it(shop: Here) -> None:
    begun = shop.run("start", *BUYING).document
    assert PROMPT not in begun["next"]
    assert shop.finish(begun).document["ok"]


SAID: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "refused": ("create", {"kind": "code", "code": 4014, "message": f"no: {PROMPT}"}, "before", 4),
    "failed": ("create", {"kind": "media", "index": 0, "reason": f"no: {PROMPT}"}, "before", 8),
    "unknown": ("create", LOST, "after", 9),
    "an odd state": (
        "detail",
        {"kind": "set", "field": "data.medias.0.status", "value": f"odd {PROMPT}"},
        "after",
        0,
    ),
    "a poll that fails": ("detail", {"kind": "code", "code": 500, "message": f"no: {PROMPT}"}, "before", 0),
}


@pytest.mark.parametrize(("endpoint", "fault", "when", "code"), SAID.values(), ids=SAID)
def test_a_vendor_that_repeats_it_is_not_written_down(
    shop: Here, endpoint: str, fault: dict[str, Any], when: str, code: int
) -> None:
    shop.fault(endpoint, fault, when=when)
    made = shop.make()
    assert made.code == code, made.stdout
    shown = shop.run("show", made.document["job"])
    assert shown.code == code
    if code:
        assert PROMPT in str(made.error)
        assert (shown.error["kind"], shown.error["detail"]) == (made.error["kind"], None)
        assert shown.error["message"]


def test_a_list_that_changed_meanwhile_is_resolved_anew_with_the_words_of_the_command(shop: Here) -> None:
    shop.fault("create", {"kind": "code", "code": 6009, "message": f"no: {PROMPT}"})
    made = shop.make()
    assert (made.code, sent(shop)) == (0, [PROMPT])
    (step,) = made.document["steps"]
    assert (step["why"], step["message"]) == ("offer_changed", None)


def test_a_request_in_which_a_picture_travels_is_not_written_down_either(films: Here, tmp_path: Path) -> None:
    words = ("--gateway", "302ai", "--input-images", picture(tmp_path))
    assert films.make(*words).document["ok"]
    films.fault("create", {"kind": "http", "status": 502, "body": PROMPT}, when="after")
    lost = films.make(*words)
    assert lost.document["state"] == "unknown", lost.stdout
    said = films.run("reconcile", lost.document["job"], "--not-charged").document
    assert (said["event"], said["next"]) == ("closed", None)
    assert films.stats["tasks"][0]["body"]["prompt"] == PROMPT


def test_of_a_films_shots_the_words_are_left_out(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l", FakeClock(), prompts=False)
    job, _ = ledger.begin(plan(requested={"prompt": PROMPT}), "/out")
    ledger.sending(job.id)
    ledger.submitted(job.id, ACCEPTED)
    ledger.done(job.id, (), None, None, (Shot(0, "success", "t", 2.0, PROMPT, f"la la {PROMPT}"),))
    assert ledger.get(job.id).shots == (Shot(0, "success", "t", 2.0),)
    ledger.close()
    assert PROMPT.encode() not in (tmp_path / "l").read_bytes()


# --- cut short --------------------------------------------------------------------------------------------


def test_a_parked_start_is_gone_on_with_by_a_command_that_brings_it(
    shop: Here, tmp_path: Path, home: Path
) -> None:
    inputs = [picture(tmp_path, f"{colour}.png", colour) for colour in ("red", "navy")]
    shop.fault("put", {"kind": "hold"})
    parked = impatient(shop, "--input-images", *inputs).document
    assert (parked["event"], stands_in(home)) == ("uploading", [])
    assert PROMPT in parked["next"]
    shop.release()
    other = shop.run("start", "--speed", "200", "--prompt", "another", "--input-images", *inputs).document
    assert other["job"] != parked["job"]
    begun = shop.carry_on(parked).document
    assert (begun["job"], sent(shop)) == (parked["job"], ["another", PROMPT])
    assert shop.finish(begun).document["ok"]
    assert shop.stats["requests"]["create"] == 2


@pytest.mark.parametrize(
    ("endpoint", "state", "again"),
    [("put", "abandoned", 0), ("create", "unknown", 9)],
    ids=["intent", "sending"],
)
def test_a_start_that_was_killed_leaves_nothing_of_it_and_the_same_command_goes_on(
    shop: Here, tmp_path: Path, home: Path, endpoint: str, state: str, again: int
) -> None:
    words = ("start", *BUYING, "--input-images", picture(tmp_path))
    shop.fault(endpoint, {"kind": "hold"})
    killed = process(shop, *words)
    shop.held(endpoint)
    killed.kill()
    killed.communicate()
    assert stands_in(home) == []
    shop.release()
    died(time.time() + 60)
    made = shop.run(*words)
    assert (made.code, PROMPT in str(made.document["next"])) == (again, again == 9)
    before = next(row for row in shop.run("list").document["jobs"] if row["state"] == state)
    assert before["prompt"] is None
    if again == 9:  # asked, and answered with yes: bought once more, in just these words
        assert shop.carry_on(made.document).code == 0
    assert set(sent(shop)) == {PROMPT}


def died(at: float) -> None:
    """The lease of whoever is gone has run out."""
    with sqlite3.connect(Path(os.environ["MEDIA_STUDIO_HOME"]) / "ledger.sqlite3") as db:
        db.execute("UPDATE jobs SET lease = 0 WHERE lease < ?", (at,))


# --- asked for anew ---------------------------------------------------------------------------------------


def test_again_asks_for_it_of_a_job_and_of_a_receipt(shop: Here) -> None:
    made = shop.make().document
    for named in (made["job"], made["receipt"]):
        no = shop.run("again", named)
        assert (no.code, no.error["kind"]) == (2, "missing_prompt")
        assert "store_prompts" in no.error["detail"]
        quoted = shop.run("again", named, "--prompt", PROMPT, "--speed", str(SPEED)).document
        assert (quoted["event"], quoted["requested"]["prompt"]) == ("quote", PROMPT)
    assert shop.stats["requests"]["create"] == 1


def test_a_change_of_an_earlier_picture_asks_for_it(shop: Here) -> None:
    shop.make()
    no = shop.run("quote", "--from-job", "last", "--size", "4k")
    assert (no.code, no.error["kind"]) == (2, "missing_prompt")
    assert shop.run("quote", "--from-job", "last", "--size", "4k", "--prompt", "snow").code == 0


def test_what_may_have_been_bought_is_offered_again_only_where_the_words_are_there(shop: Here) -> None:
    shop.fault("create", LOST, when="after")
    lost = shop.make()
    assert (lost.code, PROMPT in lost.document["next"]) == (9, True)
    assert shop.run("show", lost.document["job"]).document["next"] is None
    assert shop.carry_on(lost.document).code == 0
    assert sent(shop) == [PROMPT, PROMPT]


def test_another_model_is_offered_with_the_words_or_not_as_a_command(shop: Here) -> None:
    shop.fault("create", {"kind": "media", "index": 0, "reason": "it broke"})
    made = shop.make().document
    assert made["alternatives"]
    assert all(
        f"--prompt={PROMPT}" in other["next"] or PROMPT in other["next"] for other in made["alternatives"]
    )
    shown = shop.run("show", made["job"]).document
    assert {other["next"] and other["next"][0] for other in shown["alternatives"]} == {None}


# --- the rules --------------------------------------------------------------------------------------------

WORDS = st.none() | st.text(max_size=9)


def said(prompt: str | None, asked: str | None = None) -> Plan:
    return plan(prompt=prompt, requested={"prompt": asked or prompt, "options": {"size": "2k"}})


@given(WORDS, WORDS)
def test_words_come_back_only_as_they_were(prompt: str | None, other: str | None) -> None:
    whole = said(prompt, f"{prompt} as asked" if prompt else None)
    kept = unstored.plan(whole)
    assert (kept.prompt or "", kept.requested["prompt"] or "") == ("", "")
    assert unstored.whole(kept, whole) == whole
    if kept.left_out and other != prompt:
        with pytest.raises(InternalError):
            unstored.whole(kept, said(other))


@pytest.mark.parametrize("kind", ["failed", "content_refused", "no_credit", "bad_answer", "stopped"])
def test_of_a_vendors_error_the_kind_is_kept_and_what_it_means(kind: str) -> None:
    kept = unstored.error(error_record(StudioError(PROMPT, kind=kind, detail=PROMPT)))
    assert kept["kind"] == kind
    assert PROMPT not in str(kept)
    assert kept["message"].startswith("The vendor's answer: ")


def test_our_own_words_are_kept() -> None:
    ours = error_record(StudioError("Cut off before anything was bought.", kind="interrupted", detail=PROMPT))
    assert unstored.error(ours) == {**ours, "detail": None}
    assert unstored.remark(f"poll without an answer: {PROMPT}") == "poll without an answer"
