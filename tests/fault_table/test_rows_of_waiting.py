"""The fault table: what comes after the vendor accepted, until the file is on the disk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fault_table.buyer import Buyer
from fault_table.rows import each
from sandbox import shop_files
from sandbox.clip import marked
from support import Run


def detail(buyer: Buyer, fault: Any, times: int = -1) -> None:
    buyer.vendor.fault("detail", dict(fault), times=times)


def words_of(run: Run) -> str:
    """All that a result says to the person, and to the agent about what went wrong."""
    document = run.document
    told = [item["message"] for item in document["send"]]
    error = document.get("error") or {}
    return " ".join([*told, str(error.get("detail")), str(error.get("message"))])


def told_instead_of_waited_for(buyer: Buyer, job: str) -> None:
    """An hour later an agent that runs `next` by itself is told to stop; the job stays open."""
    over = buyer.run("wait", job, "--max-wait=0", drive={"shift": 3600.0})
    assert (over.code, over.document["done"], over.document["state"]) == (5, True, "submitted")
    assert len(over.document["send"]) == 1
    assert buyer.creates == 1


@each("polling", variants=(("once", 1), ("five times", 5)))
def test_detail_fails_and_recovers_with_1_create(buyer: Buyer, fault: str, variant: int) -> None:
    detail(buyer, buyer.paid.polling[fault], variant)
    buyer.delivered_once(buyer.buy())
    assert buyer.vendor.stats["faults_played"] == variant


@each()
def test_detail_401_from_now_on_is_exit_3_and_wait_after_a_new_key_finishes_it(buyer: Buyer) -> None:
    detail(buyer, buyer.paid.key_refused)
    made = buyer.buy()
    assert (made.code, made.error["kind"], made.error["charged"]) == (3, buyer.paid.key_kind, "maybe")
    assert bool(made.error["actions"]) is buyer.paid.makes_keys, "no link is invented, and none left out"
    assert buyer.job["state"] == "submitted"
    buyer.vendor.clear()  # the key is taken again
    buyer.delivered_once(buyer.wait(made.document["job"]))


@each()
def test_detail_never_done_is_exit_5_with_the_id_and_the_wait_command_and_a_later_wait_delivers(
    buyer: Buyer,
) -> None:
    detail(buyer, buyer.paid.not_yet)
    made = buyer.buy(patience=1)
    buyer.patience_ended(made)
    assert buyer.job["state"] == "submitted"
    buyer.vendor.clear()
    buyer.delivered_once(buyer.vendor.carry_on(made.document))


@each()
def test_detail_of_a_task_that_the_vendor_never_ends_is_not_waited_on_for_ever(buyer: Buyer) -> None:
    buyer.vendor.fault("create", dict(buyer.paid.never_done))
    made = buyer.buy(patience=1)
    buyer.patience_ended(made)
    told_instead_of_waited_for(buyer, made.document["job"])


@each()
def test_detail_a_state_nobody_knows_is_counted_and_told_and_never_waited_on_for_ever(buyer: Buyer) -> None:
    fault, state = buyer.paid.strange_state
    detail(buyer, fault)
    made = buyer.buy(patience=1)
    buyer.patience_ended(made)
    assert state in made.stdout
    assert re.search(r"seen \d+", made.stdout), "it is not said how often"
    told_instead_of_waited_for(buyer, made.document["job"])
    buyer.vendor.clear()
    buyer.delivered_once(buyer.wait(made.document["job"]))


@each()
def test_detail_of_another_tasks_id_is_told_and_never_taken_for_ours(buyer: Buyer) -> None:
    detail(buyer, {"kind": "other_task"})
    made = buyer.buy(patience=1)
    buyer.patience_ended(made)
    assert made.document["outputs"] == []
    assert "another task" in made.stdout
    told_instead_of_waited_for(buyer, made.document["job"])
    buyer.vendor.clear()
    done = buyer.wait(made.document["job"])
    buyer.delivered_once(done)
    assert buyer.tasks[0]["id"] in done.document["outputs"][0]["url"]


@each(absent="four")
def test_media_one_of_four_fails_and_three_are_delivered_and_the_failure_told(buyer: Buyer) -> None:
    buyer.vendor.fault("create", {"kind": "media", "index": 1, "reason": "out of ideas"})
    made = buyer.buy(*buyer.paid.four)
    assert (made.code, made.document["event"], made.error["kind"]) == (8, "result", "partly_failed")
    assert made.document["done"] is True
    assert "out of ideas" in words_of(made)
    paths = [output["path"] for output in made.document["outputs"]]
    assert [item["media"] for item in made.document["send"] if "media" in item] == paths
    assert len(made.document["send"]) == 4  # three pictures, and what became of the fourth
    assert (buyer.job["paths"], [Path(path).is_file() for path in paths]) == (paths, [True] * 3)
    assert buyer.creates == 1


def handed_out_by_a_call(buyer: Buyer) -> None:
    """gpt.ge may show a finished file's link with the task; from now on it does not."""
    detail(buyer, {"kind": "drop", "field": "data.video_url"})


@each("link", absent="link", variants=(("once", 1), ("five times", 5)))
def test_the_call_for_a_finished_files_link_fails_and_recovers_with_1_create(
    buyer: Buyer, fault: str, variant: int
) -> None:
    handed_out_by_a_call(buyer)
    buyer.vendor.fault("link", dict(buyer.paid.link[fault]), times=variant)
    buyer.delivered_once(buyer.buy())
    assert buyer.vendor.stats["requests"]["link"] == variant + 1


@each(absent="link")
def test_a_finished_files_link_that_never_comes_leaves_a_job_that_a_later_wait_delivers(buyer: Buyer) -> None:
    handed_out_by_a_call(buyer)
    buyer.vendor.fault("link", dict(buyer.paid.link["the answer of a create"]), times=-1)
    made = buyer.buy(patience=1)
    buyer.patience_ended(made)
    assert (made.document["outputs"], buyer.job["state"]) == ([], "submitted")
    buyer.vendor.clear()
    buyer.delivered_once(buyer.wait(made.document["job"]))


@each(absent="link")
def test_a_link_that_is_dead_when_it_is_followed_is_asked_for_anew_and_nothing_is_bought(
    buyer: Buyer,
) -> None:
    handed_out_by_a_call(buyer)
    buyer.vendor.fault("file", {"kind": "http", "status": 403}, times=-1)
    made = buyer.buy()
    (dead,) = made.document["outputs"]
    assert (made.code, dead["path"], buyer.vendor.stats["requests"]["link"]) == (13, None, 1)
    buyer.vendor.clear()
    handed_out_by_a_call(buyer)
    buyer.delivered_once(buyer.run("fetch", made.document["job"]))
    assert buyer.vendor.stats["requests"]["link"] == 2


@each("failed")
def test_a_task_that_failed_is_failure_at_once_whatever_else_its_answer_says(
    buyer: Buyer, fault: str
) -> None:
    ended = buyer.paid.failed[fault]
    detail(buyer, ended.fault)
    made = buyer.buy()
    assert (made.code, made.document["state"], made.document["done"]) == (ended.exit, "failed", True)
    assert ended.words in words_of(made)
    assert (buyer.job["state"], buyer.creates) == ("failed", 1)
    (task,) = buyer.tasks
    assert made.document["task_id"] == task["id"]


@each(absent="pixels")
def test_delivered_another_size_than_asked_is_told_in_the_result(buyer: Buyer) -> None:
    words, asked = buyer.paid.pixels
    buyer.vendor.fault("create", {"kind": "deliver", "width": 640, "height": 480})
    made = buyer.buy(*words)
    buyer.delivered_once(made)
    (output,) = made.document["outputs"]
    assert (output["width"], output["height"]) == (640, 480)
    assert made.document["difference"] == [{"what": "size", "before": asked, "after": "640x480"}]
    assert (asked.replace("x", "×") in words_of(made), "640×480" in words_of(made)) == (True, True)


@each(absent="retyped")
def test_delivered_another_type_than_announced_is_told_in_the_result(buyer: Buyer) -> None:
    buyer.vendor.fault("file", {"kind": "retype", "format": "jpeg"})
    made = buyer.buy()
    buyer.delivered_once(made)
    (output,) = made.document["outputs"]
    assert (output["mime"], Path(output["path"]).suffix) == ("image/jpeg", ".jpg")
    with Image.open(output["path"]) as image:
        assert image.format == "JPEG"


@each()
def test_charged_another_amount_is_told_where_the_vendor_reports_it_and_never_the_quote(
    buyer: Buyer,
) -> None:
    charged = buyer.paid.known + 2
    taken = round(charged * buyer.paid.steps)
    buyer.vendor.fault("create", {"kind": "charge", "points": taken})
    made = buyer.buy()
    buyer.delivered_once(made)
    assert buyer.tasks[0]["points"] == taken
    cost = made.document["cost"]
    assert (cost["quoted"], cost["charged"]) == (
        buyer.paid.price,
        charged if buyer.paid.reports_charge else None,
    )
    assert buyer.job["cost"] == cost


@each("files")
def test_a_file_that_does_not_come_is_exit_13_and_the_job_keeps_its_outputs_and_fetch_saves_them_later(
    buyer: Buyer, fault: str
) -> None:
    buyer.vendor.fault("file", dict(buyer.paid.files[fault]), times=-1)
    saved_later(buyer, buyer.buy(), "--max-wait=20")


@each()
def test_a_disk_that_is_full_is_exit_13_and_the_job_keeps_its_outputs_and_fetch_saves_them_later(
    buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if buyer.paid.large:
        width, height = buyer.paid.large
        buyer.vendor.fault("create", {"kind": "deliver", "width": width, "height": height})
    monkeypatch.setattr(shop_files, "marked", lambda film, words: marked(film, words * 20_000))
    saved_later(buyer, buyer.buy(drive={"file_bytes": 400_000}))


def saved_later(buyer: Buyer, made: Run, *words: str) -> None:
    """Made, paid, not on this disk; nothing half there; and then it is."""
    document = made.document
    assert (made.code, made.error["charged"], document["state"]) == (13, "yes", "done"), made.stderr
    (output,) = document["outputs"]
    assert output["path"] is None
    assert output["url"]
    assert [path.name for path in Path.home().joinpath("media-studio").iterdir()] == []
    assert (buyer.job["state"], buyer.job["paths"]) == ("done", [])
    buyer.vendor.clear()
    buyer.delivered_once(buyer.run("fetch", document["job"], *words))
