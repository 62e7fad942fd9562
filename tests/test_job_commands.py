"""The commands about a job that is there, and about all of them, each as its own process against the twin."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from support import PROMPT, Vendor, run
from support import start as begin_process
from test_commands import DEAR, STUCK, config, creates, jobs, record, start, token_of, unsure
from test_spine import picture


def aged(days: float) -> None:
    """Every job on record becomes so much older."""
    with record() as db:
        for name in ("created_at", "changed_at", "finished_at"):
            db.execute(f"UPDATE jobs SET {name} = {name} - ?", (days * 86400,))


def held_in_intent(vendor: Vendor, tmp_path: Path) -> Any:
    """`make` as a process whose input travels and does not arrive."""
    vendor.fault("put", {"kind": "hold"})
    words = ("make", "--prompt", PROMPT, "--speed", "200", "--input-images", picture(tmp_path))
    process = begin_process(*words, env=vendor.env)
    vendor.held("put")
    return process


# --- cancel -----------------------------------------------------------------------------------------------


def test_what_was_not_sent_yet_can_be_cancelled_and_is_not_sent_any_more(
    vendor: Vendor, tmp_path: Path
) -> None:
    process = held_in_intent(vendor, tmp_path)
    (row,) = jobs(vendor)
    made = vendor.run("cancel", row["job"])
    vendor.release()
    process.communicate(timeout=60)

    assert (made.code, made.document["event"], made.document["state"]) == (0, "closed", "cancelled")
    assert len(made.document["send"]) == 1
    assert (process.returncode, creates(vendor)) == (130, 0)
    (row,) = jobs(vendor)
    assert row["state"] == "cancelled"
    again = vendor.run("wait", row["job"])
    assert (again.document["state"], again.error["charged"]) == ("cancelled", "no")


def test_what_the_vendor_has_cannot_be_cancelled_and_says_so(vendor: Vendor) -> None:
    job = start(vendor).document["job"]
    made = vendor.run("cancel", job)

    assert (made.code, made.error["kind"], made.document["state"]) == (2, "cannot_cancel", "submitted")
    assert (made.document["done"], made.document["next"][2:4]) == (False, ["wait", job])
    assert vendor.carry_on(made.document).document["state"] == "done"


def test_what_may_have_been_bought_cannot_be_cancelled_either(vendor: Vendor) -> None:
    made = vendor.run("cancel", unsure(vendor))
    assert (made.code, made.error["kind"], made.document["done"]) == (2, "cannot_cancel", True)
    assert "I will bring it" not in made.document["send"][0]["message"]  # nobody knows whether it is made


def test_what_is_over_is_not_cancelled(vendor: Vendor) -> None:
    job = vendor.make().document["job"]
    made = vendor.run("cancel", job)
    assert (made.code, made.error["kind"], made.document["state"]) == (2, "already_over", "done")


# --- fetch ------------------------------------------------------------------------------------------------


def test_fetch_saves_a_file_that_is_gone_and_buys_nothing(vendor: Vendor) -> None:
    first = vendor.make().document
    path = Path(first["outputs"][0]["path"])
    before = path.read_bytes()
    path.unlink()
    made = vendor.run("fetch", first["job"])

    assert (made.code, made.document["outputs"][0]["path"]) == (0, str(path))
    assert path.read_bytes() == before
    assert creates(vendor) == 1


def test_fetch_brings_what_could_not_be_saved(vendor: Vendor) -> None:
    vendor.fault("file", {"kind": "http", "status": 403}, times=-1)
    made = vendor.make()
    assert (made.code, made.document["state"]) == (13, "done")
    assert len(jobs(vendor, "--open")) == 1
    vendor.clear()
    fetched = vendor.run("fetch", made.document["job"])

    assert (fetched.code, fetched.document["handed_out_at"]) == (0, None)
    assert len(fetched.document["send"]) == 1
    assert jobs(vendor, "--open") == []
    assert creates(vendor) == 1


def test_fetch_to_another_folder_saves_once_more_and_leaves_the_first(vendor: Vendor, tmp_path: Path) -> None:
    first = vendor.make().document
    made = vendor.run("fetch", first["job"], "--out", str(tmp_path / "there"))

    assert made.code == 0
    assert Path(made.document["outputs"][0]["path"]).parent == tmp_path / "there"
    assert Path(made.document["outputs"][0]["path"]).is_file()
    assert Path(first["outputs"][0]["path"]).is_file()


@pytest.mark.parametrize("state", ["submitted", "unknown", "failed"])
def test_fetch_has_nothing_to_save_of_what_is_not_done(vendor: Vendor, state: str) -> None:
    if state == "failed":
        vendor.fault("create", {"kind": "media", "index": 0})
        job = vendor.make().document["job"]
    else:
        job = unsure(vendor) if state == "unknown" else start(vendor).document["job"]
    made = vendor.run("fetch", job)

    assert (made.code, made.error["kind"], made.document["state"]) == (2, "nothing_to_fetch", state)
    assert (made.document["next"] is not None) is (state == "submitted")


# --- reconcile --------------------------------------------------------------------------------------------


def test_the_task_that_was_found_brings_its_picture(vendor: Vendor) -> None:
    job = unsure(vendor)
    made = vendor.run("reconcile", job, "--task-id", vendor.stats["tasks"][0]["id"])
    if not made.document["done"]:  # a word was due before the picture was there
        made = vendor.finish(made.document)

    assert (made.code, made.document["state"], made.document["job"]) == (0, "done", job)
    assert Path(made.document["outputs"][0]["path"]).is_file()
    assert (len(made.document["send"]), made.document["resend"], creates(vendor)) == (1, [], 1)
    assert vendor.make().code == 0  # nothing is in doubt any more
    assert creates(vendor) == 2


def test_what_was_not_charged_frees_its_claim_its_key_and_the_request(vendor: Vendor) -> None:
    job = unsure(vendor, "--idempotency-key", "message-1", "--max-per-day", "5")
    assert vendor.run("spend").document["limits"][0]["spent_today"] == 5
    made = vendor.run("reconcile", job, "--not-charged")

    assert (made.code, made.document["event"], made.document["state"]) == (0, "closed", "failed")
    assert made.document["next"][2] == "start"  # after a yes
    assert vendor.run("spend").document["limits"][0]["spent_today"] == 0
    bought = vendor.make("--idempotency-key", "message-1", "--max-per-day", "5")
    assert (bought.code, bought.document["job"] != job) == (0, True)


def test_who_said_not_charged_too_early_can_take_the_task_up_after_all(vendor: Vendor) -> None:
    job = unsure(vendor)
    assert vendor.run("reconcile", job, "--not-charged").code == 0
    made = vendor.run("reconcile", job, "--task-id", vendor.stats["tasks"][0]["id"])
    assert (made.code, made.document["state"], len(made.document["outputs"])) == (0, "done", 1)
    assert vendor.run("spend").document["limits"][0]["spent_today"] == made.document["cost"]["quoted"]
    assert vendor.run("reconcile", job, "--task-id", "x").error["kind"] == "nothing_to_reconcile"


def test_a_task_that_is_not_there_or_somebody_elses_changes_nothing(vendor: Vendor) -> None:
    other = vendor.make(prompt="another").document
    job = unsure(vendor)
    missing = vendor.run("reconcile", job, "--task-id", "task_nowhere")
    taken = vendor.run("reconcile", job, "--task-id", other["task_id"])

    assert (missing.code, missing.error["kind"]) == (2, "no_such_task")
    assert (taken.code, taken.error["kind"]) == (2, "no_such_task")
    assert other["job"] in taken.error["message"]
    assert missing.document["state"] == taken.document["state"] == "unknown"


def test_reconcile_without_an_answer_says_where_to_look(vendor: Vendor) -> None:
    job = unsure(vendor)
    made = vendor.run("reconcile", job)
    both = vendor.run("reconcile", job, "--task-id", "x", "--not-charged")

    assert (made.code, made.error["kind"], made.document["done"]) == (9, "cannot_ask", True)
    assert made.document["next"] is None  # "yes, it is there" must not buy another
    assert "https://imagent.bot" in made.document["send"][0]["message"]
    assert (both.code, both.error["kind"]) == (2, "contradiction")


@pytest.mark.parametrize("state", ["submitted", "done"])
def test_there_is_nothing_to_reconcile_about_a_job_that_is_known(vendor: Vendor, state: str) -> None:
    job = (start if state == "submitted" else Vendor.make)(vendor).document["job"]
    made = vendor.run("reconcile", job, "--not-charged")
    assert (made.code, made.error["kind"], made.document["state"]) == (2, "nothing_to_reconcile", state)


# --- again ------------------------------------------------------------------------------------------------


def test_again_is_only_a_quote_and_its_yes_buys(vendor: Vendor, tmp_path: Path) -> None:
    wish = ("--model", "MJ", "--size", "720p", "--user-id", "someone", "--out", str(tmp_path / "there"))
    first = vendor.make(*wish, "--n", "2").document
    quoted = vendor.run("again", first["job"], "--channel", "telegram")

    assert quoted.document["next"][-2:] == ["--channel", "telegram"], "the chat is the same"
    assert (quoted.code, quoted.document["event"], creates(vendor)) == (0, "quote", 1)
    assert (quoted.document["cost"]["quoted"], quoted.document["token"] is None) == (20, False)
    assert quoted.document["requested"] == first["requested"]
    assert quoted.document["applied"] == first["applied"]
    bought = vendor.finish(quoted.document)
    assert (bought.code, creates(vendor)) == (0, 2)
    assert bought.document["job"] != first["job"]
    assert Path(bought.document["outputs"][0]["path"]).parent == tmp_path / "there"
    assert jobs(vendor)[0]["user_id"] == "someone"


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        (("--size", "480p"), "options", {"size": "480p"}),
        (("--set", "size=480p"), "options", {"size": "480p"}),
        (("--n", "1"), "n", 1),
        (("--prompt", "-a boat, with = and '"), "prompt", "-a boat, with = and '"),
    ],
)
def test_again_applies_what_is_changed_and_keeps_the_rest(
    vendor: Vendor, change: tuple[str, str], name: str, value: Any
) -> None:
    first = vendor.make("--model", "MJ", "--size", "720p", "--n", "2").document
    word = f"{change[0]}={change[1]}"
    quoted = vendor.run("again", first["job"], word).document

    assert quoted["requested"] == {**first["requested"], name: value}
    assert vendor.carry_on(quoted).document["requested"] == quoted["requested"]


def test_again_of_what_may_have_been_bought_is_a_quote_as_well(vendor: Vendor) -> None:
    quoted = vendor.run("again", unsure(vendor))
    assert (quoted.code, quoted.document["event"], creates(vendor)) == (0, "quote", 1)
    asked = vendor.carry_on(quoted.document)
    assert (asked.code, asked.error["kind"], creates(vendor)) == (9, "maybe_bought", 1)


def test_again_keeps_inputs_types_and_what_is_unchecked(vendor: Vendor, tmp_path: Path) -> None:
    words = ("--input-images", picture(tmp_path), "--extra-params", '{"n": 2}', "--unchecked", "size=4k")
    asked = vendor.make("--input-images", picture(tmp_path), "--unchecked", "size=4k")
    assert asked.code == 12, words
    first = vendor.carry_on(asked.document).document
    quoted = vendor.run("again", first["job"]).document

    assert quoted["requested"] == first["requested"]
    assert quoted["cost"]["quoted"] is None
    assert quoted["approval_needed"] is True


def test_a_rehearsals_job_is_rehearsed_again(home: Path) -> None:
    job = run("make", "--sandbox", "--speed", "100", "--prompt", "a boat").document["job"]
    quoted = run("again", job).document
    assert (quoted["sandbox"], "--sandbox" in quoted["next"]) == (True, True)
    assert run(*quoted["next"][2:]).document["job"].startswith("sb-")


# --- list -------------------------------------------------------------------------------------------------


def test_the_list_is_cut_by_count_state_user_and_age(vendor: Vendor) -> None:
    first = vendor.make("--user-id", "a").document["job"]
    aged(3)
    vendor.fault("detail", STUCK, times=-1, when="after")
    second = start(vendor, "--user-id", "b").document["job"]
    third = unsure(vendor)

    def ids(*words: str) -> list[str]:
        return [row["job"] for row in jobs(vendor, *words)]

    assert ids() == ids("--all") == ids("--since", "4d") == [third, second, first]
    assert ids("--open") == [third, second]
    assert ids("--user-id", "a") == [first]
    assert ids("--since", "2d") == [third, second]
    assert ids("--since", time.strftime("%Y-%m-%d")) == [third, second]
    assert ids("--count", "1") == [third]
    assert ids("--open", "--user-id", "a") == []
    assert vendor.run("list", "--count", "1").document["more"] is True
    assert vendor.run("list", "--count", "3").document["more"] is False


def test_a_date_that_is_none_is_refused() -> None:
    for words in (
        ("list", "--since", "yesterday"),
        ("purge", "--before", "2026-13-01"),
        ("list", "--count", "0"),
    ):
        assert run(*words).code == 2


# --- purge ------------------------------------------------------------------------------------------------


def test_purge_forgets_what_ended_and_nothing_that_is_still_to_come(vendor: Vendor) -> None:
    done = vendor.make()
    vendor.fault("file", {"kind": "http", "status": 403}, times=-1)
    unsaved = vendor.make(prompt="unsaved").document["job"]
    vendor.clear()
    lost = unsure(vendor, prompt="lost")
    open = start(vendor, prompt="open").document["job"]
    aged(40)
    young = vendor.make(prompt="young").document["job"]
    made = vendor.run("purge", "--before", "30d")

    assert (made.code, made.document["event"], made.document["purged"]) == (0, "purge", 1)
    assert {row["job"] for row in jobs(vendor)} == {unsaved, lost, open, young}
    assert Path(done.document["outputs"][0]["path"]).is_file()
    assert vendor.run("show", done.document["job"]).error["kind"] == "no_such_job"
    assert vendor.run("fetch", unsaved).code == 0


def test_purge_needs_to_be_told_how_far_and_leaves_the_days_limits(vendor: Vendor) -> None:
    assert vendor.run("purge").error["kind"] == "missing_before"
    vendor.make()
    aged(1)
    assert vendor.run("purge", "--before", "1h").document["purged"] == 1
    assert vendor.run("spend").document["limits"][0]["spent_today"] == 5


# --- spend and limits -------------------------------------------------------------------------------------


def test_spend_shows_what_went_where_and_what_is_left(vendor: Vendor, home: Path) -> None:
    config(home, "[gateways.ima]\nper_day = 20\nper_user = 8\n")
    vendor.make("--user-id", "a")
    vendor.make()
    unpriced = vendor.make("--unchecked", "size=4k")
    vendor.carry_on(unpriced.document)
    made = vendor.run("spend", "--user-id", "a").document
    everybody = vendor.run("spend").document

    (limit,) = [row for row in made["limits"] if row["gateway"] == "ima"]
    assert (limit["per_day"], limit["left_today"], limit["left_today_of_user"]) == (20, 10, 3)
    assert [(row["user_id"], row["quoted"], row["jobs"]) for row in made["spent"]] == [("a", 5, 1)]
    assert {(row["user_id"], row["quoted"], row["unknown_price"]) for row in everybody["spent"]} == {
        ("a", 5, 0),
        (None, 5, 1),
    }
    assert vendor.run("spend", "--since", "2026-01-01").document["spent"] == everybody["spent"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("per_call = 4", ()),
        ("per_day = 4", ()),
        ("per_user = 4", ("--user-id", "a")),
        ("", ("--max-credits", "4")),
        ("", ("--max-per-day", "4")),
        ("", ("--max-per-user", "4", "--user-id", "a")),
        ("per_day = 100", ("--max-per-day", "4")),
        ("per_day = 4", ("--max-per-day", "100")),
        ("per_user = 4", ("--max-per-user", "100")),
        ("per_call = 4", ("--max-credits", "100", "--yes")),
    ],
)
def test_the_lowest_limit_counts_and_is_final(
    vendor: Vendor, home: Path, setting: str, words: tuple[str, ...]
) -> None:
    config(home, f"[gateways.ima]\n{setting}\n")
    made = vendor.make(*words)

    assert (made.code, made.error["kind"], made.error["retry"]) == (11, "over_limit", "never")
    assert (made.document["next"], made.document["done"], creates(vendor)) == (None, True, 0)
    quoted = vendor.run("quote", "--prompt", PROMPT, *words).document
    assert (quoted["approval_needed"], quoted["token"], quoted["next"]) == (True, None, None)


def test_a_token_does_not_lift_a_limit_that_was_reached_since(vendor: Vendor, home: Path) -> None:
    config(home, "[gateways.ima]\nper_day = 9\n")
    token = token_of(vendor)
    assert vendor.make(prompt="another").code == 0
    made = vendor.make("--approve", token)
    assert (made.code, creates(vendor)) == (11, 1)


def test_yes_counts_beside_a_limit_only(vendor: Vendor) -> None:
    assert vendor.make(*DEAR, "--yes").code == 12
    assert vendor.make(*DEAR, "--max-credits", "36").code == 12
    assert vendor.make(*DEAR, "--yes", "--max-credits", "35").code == 11
    assert vendor.make(*DEAR, "--yes", "--max-credits", "36").code == 0


# --- a price that is not known ----------------------------------------------------------------------------

UNCHECKED = ("--unchecked", "size=4k")


@pytest.mark.parametrize(
    ("setting", "words", "code"),
    [
        ("", (), 12),
        ("", ("--yes", "--max-credits", "100"), 12),
        ("", ("--accept-unknown-price",), 12),
        ("accept_unknown_price = true", (), 12),
        ("accept_unknown_price = true", ("--accept-unknown-price",), 0),
        ("accept_unknown_price = true\nper_day = 1000", ("--accept-unknown-price",), 12),
        ("accept_unknown_price = true", ("--accept-unknown-price", "--max-credits", "1000"), 12),
    ],
)
def test_what_is_unchecked_has_no_price_and_is_bought_by_token_or_where_the_config_says(
    vendor: Vendor, home: Path, setting: str, words: tuple[str, ...], code: int
) -> None:
    config(home, f"[gateways.ima]\n{setting}\n")
    made = vendor.make(*UNCHECKED, *words)

    assert (made.code, creates(vendor)) == (code, int(code == 0))
    assert made.document["cost"]["quoted"] is None
    assert {"name": "size", "value": "4k", "from": "unchecked"} in made.document["applied"]["parameters"]
    if code:
        bought = vendor.carry_on(made.document)
        assert (bought.code, bought.document["cost"]["quoted"], creates(vendor)) == (0, None, 1)
