"""The same subject again: an earlier result as what a new picture starts from, by its id or as `last`."""

from __future__ import annotations

import tempfile
import urllib.request
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offers import GATEWAY, leaf, live, rule
from parts import picture as drawn
from parts import plan
from sandbox import ima_products
from studio import arguments, catalogue, metadata, options
from studio.earlier import Earlier, earlier
from studio.errors import StudioError, UsageError
from studio.form import Offer
from studio.language import language_of
from studio.ledger import Ledger
from studio.order import Order
from studio.types import Job, ModelRef, Output, Saved, Source, TaskType
from studio.wishes import Wish
from support import FakeClock, Run, Vendor, run
from test_claims import to
from test_commands import DEAR, STUCK, creates, jobs, record, start, unsure
from test_found_by_reading import parked
from test_spine import picture

HAT = "the same cat, now with a red hat"


def again(vendor: Vendor, *words: str, prompt: str = HAT) -> Run:
    return vendor.make("--from-job", *words, prompt=prompt)


def uploaded(vendor: Vendor, task: int = -1) -> list[bytes]:
    """The pictures that a task started from, as the vendor has them."""
    links = vendor.stats["tasks"][task]["body"]["src_img_url"]
    return [urllib.request.urlopen(link, timeout=10).read() for link in links]


def file_of(document: Any, number: int = 1) -> Path:
    return Path(document["outputs"][number - 1]["path"])


def wanted(document: Any) -> Any:
    return document["requested"]


def sent(file: Path) -> bytes:
    """A picture as it leaves: without what stands beside its pixels."""
    return b"".join(map(bytes, metadata.without(memoryview(file.read_bytes()), "PNG")))


def said(made: Run) -> str:
    return str(made.document["send"][0]["message"])


@pytest.fixture
def first(vendor: Vendor) -> Any:
    """A finished picture: 16:9, SeeDream by default."""
    return vendor.make("--aspect-ratio", "16:9").document


# --- what is made -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["last", "the id", "the id:1"])
def test_an_earlier_picture_is_what_the_next_one_starts_from(vendor: Vendor, first: Any, name: str) -> None:
    made = again(vendor, name.replace("the id", first["job"]))

    assert (made.code, made.document["task_type"], creates(vendor)) == (0, "image_to_image", 2), made.stdout
    assert uploaded(vendor) == [sent(file_of(first))]
    assert made.document["model"]["id"] == first["model"]["id"]
    assert wanted(made.document) == {
        "prompt": HAT,
        "model": first["model"]["id"],
        "version_id": None,
        "n": 1,
        "inputs": [str(file_of(first))],
        "from_job": first["job"],
        "options": {"aspect_ratio": "16:9"},
        "unchecked": {},
    }
    assert made.document["applied"]["controls"] == {"aspect_ratio": "16:9"}
    assert (made.document["outputs"][0]["width"], made.document["outputs"][0]["height"]) == (2560, 1440)


def test_the_second_of_several_is_named_by_its_number(vendor: Vendor) -> None:
    first = vendor.make("--n", "2").document
    made = again(vendor, "last:2").document
    assert uploaded(vendor) == [sent(file_of(first, 2))]
    assert file_of(first, 1).read_bytes() != file_of(first, 2).read_bytes()
    assert (wanted(made)["from_job"], wanted(made)["n"]) == (f"{first['job']}:2", 1)


def test_further_pictures_follow_the_earlier_one(vendor: Vendor, first: Any, tmp_path: Path) -> None:
    beside = picture(tmp_path)
    made = again(vendor, "last", "--input-images", beside)
    assert wanted(made.document)["inputs"] == [str(file_of(first)), beside]
    assert uploaded(vendor) == [sent(file_of(first)), sent(Path(beside))]


def test_the_model_and_options_of_that_job_are_kept_and_what_is_named_here_counts_more(
    vendor: Vendor,
) -> None:
    first = vendor.make("--model", "NB2", "--size", "2K", "--aspect-ratio", "4:3").document
    kept = again(vendor, "last").document
    other = again(vendor, first["job"], "--size", "512px").document

    assert kept["model"]["name"] == other["model"]["name"] == "Nano Banana2"
    assert wanted(kept)["options"] == {"size": "2K", "aspect_ratio": "4:3"}
    assert wanted(other)["options"] == {"size": "512px", "aspect_ratio": "4:3"}
    assert (kept["cost"]["quoted"], other["cost"]["quoted"]) == (10, 4)
    assert "2K" in said(vendor.run("quote", "--prompt", HAT, "--from-job", first["job"]))


def test_how_many_and_what_was_unchecked_are_not_kept(vendor: Vendor) -> None:
    asked = vendor.make("--n", "2", "--unchecked", "size=4k")
    first = vendor.carry_on(asked.document).document
    assert wanted(first)["unchecked"]
    made = again(vendor, first["job"])
    assert (made.code, wanted(made.document)["n"], wanted(made.document)["unchecked"]) == (0, 1, {})


def test_another_model_keeps_the_options_too_and_stops_at_what_it_cannot_do(
    vendor: Vendor, first: Any
) -> None:
    able = again(vendor, "last", "--model", "NB2").document
    unable = again(vendor, first["job"], "--model", "MJ")

    assert (able["model"]["name"], wanted(able)["options"]) == ("Nano Banana2", {"aspect_ratio": "16:9"})
    assert (unable.code, unable.error["kind"]) == (2, "unsupported_option")
    assert "16:9" in said(unable)
    assert "SeeDream 4.5" in [one["model"] for one in unable.document["alternatives"]]
    assert creates(vendor) == 2


def test_a_version_that_was_named_is_kept_with_its_model(vendor: Vendor) -> None:
    first = vendor.make("--model", "MJ", "--version-id", "v6").document
    assert wanted(again(vendor, first["job"]).document)["version_id"] == "v6"
    assert wanted(again(vendor, first["job"], "--model", "NB2").document)["version_id"] is None


@pytest.mark.parametrize("known", [True, False])
def test_a_model_that_does_not_start_from_pictures_stops_and_names_those_that_do(
    vendor: Vendor, known: bool
) -> None:
    made_up = [leaf([], [rule(7, 3)])]
    vendor.products("text_to_image", made_up if not known else ima_products.tree("text_to_image"))
    first = vendor.make("--model", "MJ" if known else "made-up").document
    without = [
        group
        for group in ima_products.tree("image_to_image")
        if all(one["model_id"] != "midjourney" for one in ima_products.walk([group]))
    ]
    vendor.products("image_to_image", without)
    made = again(vendor, first["job"])

    assert (made.code, made.error["kind"], made.error["charged"]) == (2, "earlier_model", "no")
    assert first["model"]["name"] in said(made)
    assert "SeeDream 4.5" in [one["model"] for one in made.document["alternatives"]]
    assert "SeeDream 4.5" in said(made)
    assert (creates(vendor), vendor.stats["requests"]["token"]) == (1, 0)
    assert again(vendor, first["job"], "--model", "NB2").code == 0


def test_a_model_that_only_the_live_list_knows_is_kept(vendor: Vendor) -> None:
    for category in ("text_to_image", "image_to_image"):
        vendor.products(category, [*ima_products.tree(category), leaf([], [rule(7, 3)])])
    first = vendor.make("--model", "made-up").document
    made = again(vendor, "last")
    assert (made.code, made.document["model"]["id"], first["model"]["id"]) == (0, "made-up", "made-up")


@pytest.mark.parametrize(("name", "number"), [("last", 1), ("last:2", 2)])
def test_of_several_pictures_it_is_said_which_one_is_started_from(
    vendor: Vendor, name: str, number: int
) -> None:
    vendor.make("--n", "2")
    made = start(vendor, "--from-job", name, prompt=HAT)
    assert f"It starts from picture {number} of the 2 before." in made.document["send"][0]["message"]


def test_the_words_stay_where_only_something_else_is_new(vendor: Vendor) -> None:
    first = vendor.make(prompt="黄昏的灯塔").document
    words = ("--from-job", "last", "--size", "4k", "--speed", str(vendor.speed))
    quoted = vendor.run("quote", *words).document
    assert (quoted["requested"]["prompt"], quoted["requested"]["from_job"]) == ("黄昏的灯塔", first["job"])
    assert language_of(quoted["send"][0]["message"]) == "zh"
    bought = vendor.finish(quoted)
    assert (bought.code, bought.document["requested"]["prompt"]) == (0, "黄昏的灯塔")
    stopped = vendor.run("make", "--from-job", "last")
    assert language_of(stopped.document["send"][0]["message"]) == "zh"


def test_the_words_are_needed_where_nothing_else_is_new_and_go_out_as_they_were_written(
    vendor: Vendor, first: Any
) -> None:
    missing = vendor.run("make", "--from-job", first["job"])
    assert (missing.code, missing.error["kind"]) == (2, "missing_prompt")
    again(vendor, "last")
    sent = vendor.stats["tasks"][-1]["body"]["parameters"][0]["parameters"]
    assert sent["prompt"] == HAT


def test_a_task_type_that_takes_no_picture_contradicts_it(vendor: Vendor, first: Any) -> None:
    made = again(vendor, "last", "--task-type", "text_to_image")
    assert (made.code, made.error["kind"], creates(vendor)) == (2, "bad_inputs", 1)


def test_a_gateway_without_the_model_is_told_and_not_overruled(vendor: Vendor, first: Any) -> None:
    made = again(vendor, "last", "--gateway", "imagine-future", "--task-type", "image_to_image")
    assert (made.code, creates(vendor)) == (2, 1)
    assert "SeeDream 4.5" in made.error["message"]


# --- what cannot be started from --------------------------------------------------------------------------


def test_a_job_that_is_not_there_is_told_with_what_to_do(vendor: Vendor, first: Any) -> None:
    made = again(vendor, "nowhere9")
    rehearsed = again(vendor, "sb-nowhere")
    assert (made.code, made.error["kind"], made.document["next"]) == (2, "earlier_unknown", None)
    assert "--input-images" in made.error["detail"]
    assert (rehearsed.error["kind"], "--sandbox" in rehearsed.error["detail"]) == ("earlier_unknown", True)
    assert creates(vendor) == 1


def test_a_job_that_is_not_finished_is_waited_for_first(vendor: Vendor) -> None:
    vendor.fault("detail", STUCK, times=-1, when="after")
    job = start(vendor).document["job"]
    made = again(vendor, job)

    assert (made.code, made.error["kind"], made.error["retry"]) == (2, "earlier_not_ready", "wait")
    assert (made.document["done"], made.document["next"][2:4]) == (False, ["wait", job])
    assert (made.document["job"], f"`wait {job}`" in made.error["detail"]) == (job, True)
    vendor.clear()
    assert vendor.carry_on(made.document).document["state"] == "done"
    assert again(vendor, job).code == 0


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_a_job_without_a_picture_is_told(vendor: Vendor, state: str) -> None:
    if state == "failed":
        vendor.fault("create", {"kind": "media", "index": 0})
        job = vendor.make().document["job"]
    else:
        job = unsure(vendor)
    made = again(vendor, job)
    assert (made.code, made.error["kind"], creates(vendor)) == (2, "earlier_without_picture", 1)
    assert state in made.error["message"]
    assert made.document["job"] is None, "the earlier one is not what became of this wish"


def test_a_number_past_the_last_picture_is_told(vendor: Vendor, first: Any) -> None:
    made = again(vendor, f"{first['job']}:2")
    assert (made.code, made.error["kind"], creates(vendor)) == (2, "earlier_without_picture", 1)


def test_a_file_that_is_gone_is_fetched_first_and_then_it_goes(vendor: Vendor, first: Any) -> None:
    file_of(first).unlink()
    made = again(vendor, "last")
    assert (made.code, made.error["kind"], creates(vendor)) == (2, "earlier_gone", 1)
    assert f"`fetch {first['job']}`" in made.error["detail"]
    assert vendor.run("fetch", first["job"]).code == 0
    assert again(vendor, "last").code == 0


def test_what_was_never_saved_is_fetched_first_too(vendor: Vendor) -> None:
    vendor.fault("file", {"kind": "http", "status": 403}, times=-1)
    job = vendor.make().document["job"]
    made = again(vendor, job)
    assert (made.code, made.error["kind"], f"`fetch {job}`" in made.error["detail"]) == (
        2,
        "earlier_gone",
        True,
    )
    assert again(vendor, "last").error["kind"] == "nothing_earlier"


def test_the_first_that_was_saved_is_taken_where_the_first_was_not(vendor: Vendor) -> None:
    first = vendor.make("--n", "2").document
    file_of(first, 1).unlink()
    with record() as db:
        db.execute("UPDATE outputs SET path = NULL WHERE n = 1")
    made = again(vendor, "last", "--idempotency-key", "message-2").document
    assert wanted(made)["from_job"] == f"{first['job']}:2"
    assert vendor.run("fetch", first["job"]).code == 0
    repeated = again(vendor, first["job"], "--idempotency-key", "message-2").document
    assert (repeated["ok"], repeated["job"], creates(vendor)) == (True, made["job"], 2)
    assert again(vendor, f"{first['job']}:1").code == 0


def test_a_file_that_is_another_by_now_is_not_taken_for_what_was_made(vendor: Vendor, first: Any) -> None:
    file_of(first).write_bytes(drawn())
    made = again(vendor, "last")
    assert (made.code, made.error["kind"]) == (2, "earlier_changed")
    assert (creates(vendor), vendor.stats["requests"]["token"]) == (1, 0)
    assert vendor.make("--input-images", str(file_of(first))).code == 0


def test_what_is_no_picture_is_not_started_from(vendor: Vendor, first: Any) -> None:
    with record() as db:
        db.execute("UPDATE outputs SET kind = 'video'")
    made = again(vendor, "last")
    assert (made.code, made.error["kind"], creates(vendor)) == (2, "earlier_no_picture", 1)


def test_where_there_is_nothing_yet_it_is_told_in_both_languages(vendor: Vendor) -> None:
    en, zh = again(vendor, "last"), again(vendor, "last", prompt="同一只猫，戴红帽子")
    assert (en.code, en.error["kind"], zh.error["kind"]) == (2, "nothing_earlier", "nothing_earlier")
    assert "send me a picture" in said(en)
    assert "请发一张图片" in said(zh)


@pytest.mark.parametrize("value", ["", ":2", "last:", "last:0", "last:two", "k3f9q2xa:-1", "last:11"])
def test_a_name_that_is_none_is_refused_at_once(value: str) -> None:
    with pytest.raises(UsageError, match="--from-job"):
        arguments.parse(["make", "--prompt", HAT, f"--from-job={value}"])


# --- whose is the last ------------------------------------------------------------------------------------


def test_last_is_the_newest_finished_one_of_the_same_user(vendor: Vendor) -> None:
    mine = vendor.make("--user-id", "a").document
    nobodys = vendor.make().document
    vendor.make("--user-id", "b")
    vendor.fault("create", {"kind": "media", "index": 0})
    assert vendor.make("--user-id", "a", prompt="fails").code == 8
    vendor.fault("detail", STUCK, times=-1, when="after")
    running = start(vendor, "--user-id", "a", prompt="runs").document["job"]
    vendor.clear()

    def meant(*words: str) -> Any:
        return wanted(vendor.run("quote", "--prompt", HAT, "--from-job", "last", *words).document)["from_job"]

    assert (meant("--user-id", "a"), meant()) == (mine["job"], nobodys["job"])
    assert again(vendor, "last", "--user-id", "c").error["kind"] == "nothing_earlier"
    assert vendor.run("wait", "last", "--user-id", "a").document["job"] == running
    assert meant("--user-id", "a") == running


def test_last_is_the_newest_job_whatever_its_state_for_commands_that_look_at_one(vendor: Vendor) -> None:
    done = vendor.make("--user-id", "a").document["job"]
    vendor.fault("detail", STUCK, times=-1, when="after")
    running = start(vendor, "--user-id", "b").document["job"]
    lost = unsure(vendor)

    waited = vendor.run("wait", "last", "--user-id", "b", "--max-wait", "0")
    assert (waited.code, waited.document["event"], waited.document["job"]) == (0, "progress", running)
    assert waited.document["next"][2:4] == ["wait", running]
    shown = vendor.run("show", "last")
    assert (shown.code, shown.document["job"]) == (9, lost)
    stopped = vendor.run("cancel", "last", "--user-id", "b")
    assert (stopped.error["kind"], stopped.document["next"][2:4]) == ("cannot_cancel", ["wait", running])
    assert vendor.run("fetch", "last", "--user-id", "a").document["job"] == done
    quoted = vendor.run("again", "last", "--user-id", "a").document
    assert (quoted["event"], "last" in quoted["next"]) == ("quote", False)
    settled = vendor.run("reconcile", "last", "--not-charged").document
    assert (settled["job"], settled["event"]) == (lost, "closed")
    nobody = vendor.run("wait", "last", "--user-id", "c")
    assert (nobody.code, nobody.error["kind"], creates(vendor)) == (2, "nothing_yet", 3)


def test_a_rehearsal_knows_rehearsals_only(vendor: Vendor, first: Any) -> None:
    sandbox = ("--sandbox", "--speed", "100")
    quote = ("quote", "--prompt", HAT, "--from-job")
    assert run(*quote, "last", *sandbox).error["kind"] == "nothing_earlier"
    assert run(*quote, first["job"], *sandbox).error["kind"] == "earlier_unknown"
    rehearsed = run("make", *sandbox, "--prompt", "a cat").document
    made = run("make", *sandbox, "--prompt", HAT, "--from-job", "last").document
    assert (made["task_type"], wanted(made)["from_job"]) == ("image_to_image", rehearsed["job"])
    assert run("wait", "last", "--sandbox").document["job"] == made["job"]
    assert run("again", "last", "--sandbox").document["sandbox"] is True
    assert vendor.run("show", "last").document["job"] == first["job"]


# --- nothing twice, and nothing else later ----------------------------------------------------------------


def test_a_key_that_bought_something_returns_it_although_that_is_the_last_by_now(
    vendor: Vendor, first: Any
) -> None:
    words = ("--from-job", "last", "--idempotency-key", "message-2")
    begun = start(vendor, *words, prompt=HAT)
    running = start(vendor, *words, prompt=HAT)
    done = vendor.make(*words, prompt=HAT)
    vendor.make(prompt="something else, newer still")
    after = start(vendor, *words, prompt=HAT)

    assert {(made.code, made.document["job"]) for made in (begun, running, done, after)} == {
        (0, begun.document["job"])
    }
    assert (after.document["state"], creates(vendor)) == ("done", 3)
    assert wanted(after.document)["from_job"] == first["job"]
    assert vendor.make(*words, prompt="another wish").error["kind"] == "key_reused"


def test_somebody_elses_key_says_nothing_about_my_last(vendor: Vendor, first: Any) -> None:
    key = ("--idempotency-key", "message-2")
    again(vendor, "last", *key)
    mine = vendor.make("--user-id", "a").document
    quoted = vendor.run("quote", "--prompt", HAT, "--from-job", "last", "--user-id", "a", *key).document
    assert wanted(quoted)["from_job"] == mine["job"]


def test_somebody_elses_yes_says_nothing_about_my_last(vendor: Vendor, first: Any) -> None:
    token = vendor.run("quote", "--prompt", HAT, "--from-job", "last").document["token"]
    yes = ("--approve", token or "")
    assert again(vendor, "last", *yes).code == 0
    mine = vendor.make("--user-id", "a").document
    asked = again(vendor, "last", "--user-id", "a", *yes)
    assert (asked.code, wanted(asked.document)["from_job"]) == (12, mine["job"])


def test_a_yes_that_bought_something_returns_it_too(vendor: Vendor, first: Any) -> None:
    token = vendor.run("quote", "--prompt", HAT, "--from-job", "last").document["token"]
    words = ("last", "--approve", token)
    bought, repeated = again(vendor, *words).document, again(vendor, *words).document
    assert (repeated["ok"], repeated["job"], creates(vendor)) == (True, bought["job"], 2)


def test_the_same_words_while_it_runs_are_the_running_job(vendor: Vendor, first: Any) -> None:
    begun = start(vendor, "--from-job", "last", prompt=HAT).document
    same = start(vendor, "--from-job", "last", prompt=HAT)
    by_id = start(vendor, "--from-job", first["job"], prompt=HAT)
    by_path = ("--input-images", str(file_of(first)), "--aspect-ratio", "16:9")
    plain = start(vendor, *by_path, prompt=HAT)
    found = {(made.code, made.document["event"], made.document["job"]) for made in (same, by_id, plain)}
    assert found == {(0, "submitted", begun["job"])}
    assert creates(vendor) == 2


def test_once_it_is_over_the_same_words_start_from_what_is_the_last_now(vendor: Vendor, first: Any) -> None:
    second = again(vendor, "last").document
    third = again(vendor, "last").document
    assert [wanted(one)["from_job"] for one in (second, third)] == [first["job"], second["job"]]
    assert uploaded(vendor) == [sent(file_of(second))]


@pytest.mark.parametrize("words", [("--from-job", "last"), ("--from-job=last",), ("--from-job=last:1",)])
def test_what_waits_for_a_yes_names_the_job_and_means_it_later(
    vendor: Vendor, first: Any, words: tuple[str, ...]
) -> None:
    asked = vendor.make(*DEAR, *words, "--size", "4K", "--set", "aspect_ratio=16:9", prompt=HAT)
    assert (asked.code, "--from-job=" + first["job"] in asked.document["next"]) == (12, True)
    assert not [word for word in asked.document["next"] if "last" in word]
    vendor.make(prompt="newer")
    bought = vendor.carry_on(asked.document)
    assert (bought.code, wanted(bought.document)["from_job"]) == (0, first["job"])


def test_a_quotes_next_means_the_same_later(vendor: Vendor, first: Any) -> None:
    for words in (("quote",), ("make", "--dry-run")):
        quoted = vendor.run(
            *words, "--speed", str(vendor.speed), "--prompt", HAT, "--from-job", "last"
        ).document
        newer = vendor.make(prompt=f"newer than {words[0]}").document
        bought = vendor.finish(quoted)
        assert (bought.code, wanted(bought.document)["from_job"]) == (0, first["job"])
        first = bought.document
        assert newer["job"] != first["job"]


def test_what_may_have_been_bought_is_bought_once_more_from_the_same_picture(
    vendor: Vendor, first: Any
) -> None:
    unsure(vendor, "--from-job", "last", prompt=HAT)
    vendor.make(prompt="newer")
    asked = vendor.make("--from-job", first["job"], prompt=HAT)
    assert (asked.code, asked.error["kind"]) == (9, "maybe_bought")
    bought = vendor.carry_on(asked.document)
    assert (bought.code, wanted(bought.document)["from_job"]) == (0, first["job"])


def test_a_parked_job_goes_on_with_the_same_picture(vendor: Vendor, first: Any, tmp_path: Path) -> None:
    document = parked(vendor, *("--from-job", "last", "--input-images", picture(tmp_path)))
    vendor.clear()
    newer = vendor.make(prompt="newer").document
    went_on = vendor.carry_on(document)
    assert (went_on.code, went_on.document["job"]) == (0, document["job"])
    assert wanted(went_on.document)["from_job"] == first["job"] != newer["job"]
    assert uploaded(vendor)[0] == sent(file_of(first))


def test_again_of_such_a_job_asks_for_the_same(vendor: Vendor, first: Any) -> None:
    second = again(vendor, "last").document
    quoted = vendor.run("again", second["job"], "--prompt=and now a blue one").document
    expected = {**wanted(second), "from_job": None, "prompt": "and now a blue one"}
    assert wanted(quoted) == expected
    bought = vendor.carry_on(quoted)
    assert (bought.code, uploaded(vendor)) == (0, [sent(file_of(first))])


def test_a_quote_uploads_and_buys_nothing(vendor: Vendor, first: Any) -> None:
    made = vendor.run("quote", "--prompt", HAT, "--from-job", "last", "--idempotency-key", "message-2")
    assert (made.code, made.document["cost"]["quoted"], len(jobs(vendor))) == (0, 5, 1)
    assert (creates(vendor), vendor.stats["requests"]["token"]) == (1, 0)


# --- in one process: whatever the order -------------------------------------------------------------------

PICTURE = Saved("image", __file__, "https://cdn.example.com/1", "image/png", 9, "ab" * 32, 64, 48)
FROM: dict[str, Any] = {"options": {"size": "2K"}, "version_id": None}
TO_IMAGE = catalogue.task_types()["image_to_image"]


class Here:
    """What `earlier` needs of the app."""

    def __init__(self, ledger: Ledger, **said: Any) -> None:
        nothing = {"user_id": None, "idempotency_key": None, "model": None, "from_job": "last", "prompt": HAT}
        self.made = Namespace(**{**nothing, **said})
        self.ledger, self.settings, self.gateway, self.sandbox = ledger, self, None, False
        self.settled: dict[str, str] = {}


def found(ledger: Ledger, **said: Any) -> Earlier:
    app: Any = Here(ledger, **said)
    app.settings = Namespace(gateway=lambda id: GATEWAY)
    made = earlier(app)
    assert made is not None
    assert app.settled == {"--from-job": made.name}
    return made


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.sqlite3", FakeClock())
    yield made
    made.close()


def ordered(ledger: Ledger, key: str, user: str | None, **said: Any) -> tuple[Job, bool]:
    """What a command with a key comes to: its job, and whether it is this command that pays for it."""
    before = found(ledger, user_id=user, idempotency_key=key, **said)
    wish = before.continued(Wish(prompt=HAT, user_id=user))
    digest = wish.digest((Source("image", before.picture.path, sha256=before.picture.sha256),))
    order = Order(fingerprint=f"{digest}{user}", asked=f"{digest}{user}", key=key, user_id=user)
    return ledger.begin(plan(requested=wish.requested(), user_id=user), "/out", order)


def finish(ledger: Ledger, id: str, how: str) -> None:
    if how == "done":
        to(ledger, id, "submitted")
        ledger.done(id, (replace(PICTURE, sha256=f"{id}{'0' * 56}"),), None, None)
    else:
        to(ledger, id, how)


USERS = st.sampled_from([None, "a"])
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("plain"), USERS),
        st.tuples(st.just("keyed"), USERS),
        st.tuples(st.sampled_from(["done", "unsaved", "failed", "cancelled"]), st.integers(0, 9)),
    ),
    max_size=12,
)


@settings(max_examples=50, deadline=None)
@given(ACTS)
def test_in_whatever_order_things_happen_a_key_means_what_it_meant(acts: list[tuple[str, Any]]) -> None:
    """Each user has one key, and all have the same. It stands for one job of theirs, from the first use to
    its end and on; only where that ended with nothing bought is it free for another."""
    clock = FakeClock()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite3", clock)
        open: list[str] = []
        keyed: dict[str | None, Job] = {}
        ends: dict[str, str] = {}
        for act, which in [("plain", None), ("done", 0), ("plain", "a"), ("done", 0), *acts]:
            clock.now += 1
            if act == "plain":
                job, _ = ledger.begin(plan(requested=FROM, user_id=which), "/out")
                open.append(job.id)
            elif act == "keyed":
                job, ours = ordered(ledger, "message-1", which)
                before = keyed.get(which)
                bought = before is not None and ends.get(before.id) != "failed"
                assert ours is not bought
                assert not bought or (before and before.id) == job.id
                keyed[which] = job
                if ours:
                    open.append(job.id)
            elif open:
                id = open.pop(which % len(open))
                ends[id] = act
                finish(ledger, id, act)
        for which, job in keyed.items():
            if ends.get(job.id) != "failed":
                name = job.plan.requested["from_job"]
                assert found(ledger, user_id=which, idempotency_key="message-1").name == name
                assert ordered(ledger, "message-1", which)[0].id == job.id
        ledger.close()


def test_a_repeat_with_another_number_is_another_wish(ledger: Ledger) -> None:
    job, _ = ledger.begin(plan(requested=FROM), "/out")
    to(ledger, job.id, "submitted")
    ledger.done(job.id, (PICTURE, replace(PICTURE, sha256="cd" * 32)), None, None)
    ordered(ledger, "k", None)
    assert found(ledger, idempotency_key="k", from_job="last:2").name == f"{job.id}:2"
    with pytest.raises(UsageError) as no:
        ordered(ledger, "k", None, from_job="last:2")
    assert no.value.kind == "key_reused"


def test_a_record_that_cannot_be_read_is_not_taken_for_one_without_the_job(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(id: str) -> Job:
        raise UsageError("It is damaged.", kind="ledger_damaged")

    monkeypatch.setattr(ledger, "get", broken)
    with pytest.raises(StudioError) as no:
        found(ledger, from_job="k3f9q2xa")
    assert no.value.kind == "ledger_damaged"


def test_a_model_that_the_catalogue_knows_for_other_things_is_left_to_the_live_list() -> None:
    """It wins over the catalogue's table, in both directions."""
    (known, *_) = catalogue.models("image_to_image")
    made = Earlier(job(ModelRef(known.id, known.name, "v1")), 1, PICTURE, keeps_model=True)
    unknown = Earlier(job(ModelRef("new-9", "New Nine", "v1")), 1, PICTURE, keeps_model=True)
    assert made.model == known
    assert (unknown.model.id, unknown.model.name, unknown.model.gateway) == ("new-9", "New Nine", "ima")
    made.check_made(live("image_to_image"), Wish(prompt=HAT), TO_IMAGE, GATEWAY)
    renamed = tuple(replace(one, model_id=f"{one.model_id}-i2i") for one in live("image_to_image"))
    made.check_made(renamed, Wish(prompt=HAT), TO_IMAGE, GATEWAY)
    assert refused(unknown, live("image_to_image"), TO_IMAGE).kind == "earlier_model"
    named = replace(unknown, keeps_model=False)
    named.check_made(live("image_to_image"), Wish(prompt=HAT), TO_IMAGE, GATEWAY)


def refused(before: Earlier, offers: tuple[Offer, ...], task_type: TaskType) -> UsageError:
    with pytest.raises(UsageError) as no:
        before.check_made(offers, Wish(prompt=HAT, options={"size": "4K"}), task_type, GATEWAY)
    return no.value


def job(model: ModelRef, *outputs: Saved | Output) -> Job:
    return Job("k3f9q2xa", "done", 1.0, 2.0, plan(model=model, requested=FROM), "/out", outputs=outputs)


def test_the_options_are_in_the_table_once_for_each_command() -> None:
    for command in ("wait", "show", "fetch", "again", "cancel", "reconcile"):
        made = arguments.parse([command, "last", "--user-id", "a", "--sandbox"])
        assert (made.job, made.user_id, made.sandbox) == ("last", "a", True)
    taking = {one.commands for one in options.OPTIONS if one.name == "from_job"}
    assert taking == {("make", "start", "quote", "batch")}
    with pytest.raises(UsageError, match="given twice"):
        arguments.parse(["make", "--user-id", "a", "--user-id", "b"])
