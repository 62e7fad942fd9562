"""The worst days: each endpoint answers wrongly, or not at all. What the person is told, whether money may
have gone, and that the paid request was accepted once at most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support import PROMPT, Vendor, run
from test_spine import picture

FAULTS: dict[str, dict[str, Any]] = {
    "401": {"kind": "code", "code": 401, "http": 401},
    "4008": {"kind": "code", "code": 4008, "http": 200},
    "4014": {"kind": "code", "code": 4014, "http": 200},
    "400": {"kind": "code", "code": 400, "http": 400},
    "429": {"kind": "code", "code": 429, "http": 429},
    "500": {"kind": "code", "code": 500, "http": 500},
    "500 in an HTTP 200": {"kind": "code", "code": 500, "http": 200},
    "503": {"kind": "http", "status": 503, "body": "<html>down</html>"},
    "reset": {"kind": "reset"},
    "hang": {"kind": "hang"},
    "bad json": {"kind": "bad_json"},
    "empty": {"kind": "empty"},
}

SAFE_STEP = {  # fault -> exit, kind, retry; nothing is ever charged by a step before the paid one
    "401": (3, "key_refused", "after_change"),
    "4008": (4, "no_credit", "after_change"),
    "4014": (4, "plan_needed", "after_change"),
    "400": (8, "bad_parameter", "after_change"),
    "429": (7, "rate_limited", "later"),
    "500": (6, "vendor_down", "later"),
    "500 in an HTTP 200": (6, "vendor_down", "later"),
    "503": (6, "vendor_down", "later"),
    "reset": (6, "network", "later"),
    "hang": (6, "network", "later"),
    "bad json": (6, "bad_answer", "later"),
    "empty": (6, "bad_answer", "later"),
}

OBJECT_STORE = {  # it knows no codes of business: its answer is taken or it is not
    "401": (6, "vendor_down", "later"),
    "400": (6, "vendor_down", "later"),
    "429": (7, "rate_limited", "later"),
    "500": (6, "vendor_down", "later"),
    "503": (6, "vendor_down", "later"),
    "reset": (6, "network", "later"),
    "hang": (6, "network", "later"),
}

PAID = {
    "401": (3, "key_refused", "no", "after_change"),
    "4008": (4, "no_credit", "no", "after_change"),
    "4014": (4, "plan_needed", "no", "after_change"),
    "400": (8, "bad_parameter", "no", "after_change"),
    "429": (7, "rate_limited", "no", "later"),
    "500": (9, "unknown", "maybe", "never"),
    "500 in an HTTP 200": (9, "unknown", "maybe", "never"),
    "503": (9, "unknown", "maybe", "never"),
    "reset": (9, "unknown", "maybe", "never"),
    "hang": (9, "unknown", "maybe", "never"),
    "bad json": (9, "unknown", "maybe", "never"),
    "empty": (9, "unknown", "maybe", "never"),
}

LOST = [fault for fault, (code, *_) in PAID.items() if code == 9]


def told(made: Any) -> tuple[int, str, str, str]:
    error = made.error
    return made.code, error["kind"], error["charged"], error["retry"]


@pytest.mark.parametrize("endpoint", ["list", "token"])
@pytest.mark.parametrize("fault", SAFE_STEP)
def test_a_step_before_the_paid_one_fails_plainly(
    vendor: Vendor, endpoint: str, fault: str, tmp_path: Path
) -> None:
    vendor.fault(endpoint, FAULTS[fault], times=-1)
    made = vendor.make("--input-images", picture(tmp_path))
    code, kind, retry = SAFE_STEP[fault]
    assert told(made) == (code, kind, "no", retry)
    assert made.document["done"] is True
    assert len(made.document["send"]) == 1
    assert vendor.stats["requests"]["create"] == 0


@pytest.mark.parametrize("fault", OBJECT_STORE)
def test_an_upload_that_is_not_taken_buys_nothing(vendor: Vendor, fault: str, tmp_path: Path) -> None:
    vendor.fault("put", FAULTS[fault], times=-1)
    made = vendor.make("--input-images", picture(tmp_path))
    code, kind, retry = OBJECT_STORE[fault]
    assert told(made) == (code, kind, "no", retry)
    assert vendor.stats["requests"]["create"] == 0


@pytest.mark.parametrize("endpoint", ["list", "token", "put", "detail", "file"])
@pytest.mark.parametrize("fault", ["429", "500", "503", "reset"])
def test_a_passing_trouble_with_a_safe_step_is_passed_over(
    vendor: Vendor, endpoint: str, fault: str, tmp_path: Path
) -> None:
    vendor.fault(endpoint, FAULTS[fault])
    made = vendor.make("--input-images", picture(tmp_path))
    assert made.code == 0, made.stderr
    assert vendor.stats["requests"]["create"] == vendor.stats["accepted"] == 1


@pytest.mark.parametrize("fault", PAID)
def test_the_paid_request_is_answered_with_trouble(vendor: Vendor, fault: str) -> None:
    vendor.fault("create", FAULTS[fault], times=-1)
    made = vendor.make()
    assert told(made) == PAID[fault]
    assert made.document["job"]
    assert vendor.stats["accepted"] == 0
    if fault != "429":
        assert vendor.stats["requests"]["create"] == 1
    state = vendor.run("list").document["jobs"][0]["state"]
    assert state == ("unknown" if fault in LOST else "failed")


@pytest.mark.parametrize("fault", LOST)
def test_a_reply_lost_after_acceptance_is_never_sent_again(vendor: Vendor, fault: str) -> None:
    vendor.fault("create", FAULTS[fault], times=-1, when="after")
    made = vendor.make()
    assert told(made) == PAID[fault]
    assert vendor.stats["requests"]["create"] == vendor.stats["accepted"] == 1
    asked_again = vendor.run("wait", made.document["job"])
    assert asked_again.code == 9
    assert vendor.stats["requests"]["create"] == 1


def test_a_reply_that_drips_without_end_is_given_up_and_nothing_is_sent_again(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "drip"}, times=-1, when="after")
    made = vendor.make()
    assert told(made) == PAID["hang"]
    assert vendor.stats["requests"]["create"] == vendor.stats["accepted"] == 1


def test_too_many_requests_is_waited_out_and_sent_once_more(vendor: Vendor) -> None:
    refusal = {"kind": "http", "status": 429, "body": "slow down", "headers": {"Retry-After": "2"}}
    vendor.fault("create", refusal)
    assert vendor.make().code == 0
    assert (vendor.stats["requests"]["create"], vendor.stats["accepted"]) == (2, 1)


def test_nothing_listens(vendor: Vendor) -> None:
    made = vendor.make(env={"MEDIA_STUDIO_IMA_URL": "http://127.0.0.1:9"})
    assert told(made) == (6, "network", "no", "later")


def test_an_empty_account_is_told_with_where_to_fill_it(vendor: Vendor) -> None:
    vendor.account(3)
    made = vendor.make()
    assert told(made) == (4, "no_credit", "no", "after_change")
    assert made.error["actions"][0]["url"].startswith("https://www.imaclaw.ai/")
    assert vendor.stats["accepted"] == 0


def test_a_key_refused_while_waiting_leaves_the_job_open(vendor: Vendor) -> None:
    vendor.fault("detail", FAULTS["401"], times=-1)
    made = vendor.make()
    assert told(made) == (3, "key_refused", "maybe", "after_change")
    assert made.document["state"] == "submitted"
    vendor.clear()
    assert vendor.carry_on(made.document).document["state"] == "done"
    assert vendor.stats["requests"]["create"] == 1


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in {"401", "hang"}])
def test_polls_that_never_answer_end_in_patience_not_in_loss(vendor: Vendor, fault: str) -> None:
    vendor.fault("detail", FAULTS[fault], times=-1)
    made = vendor.make("--timeout", "1")
    assert told(made) == (5, "not_finished", "maybe", "wait")
    assert made.document["next"][2] == "wait"


def test_a_hanging_poll_is_given_up_for_the_next(vendor: Vendor) -> None:
    vendor.fault("detail", FAULTS["hang"])
    assert vendor.make().code == 0


@pytest.mark.parametrize(
    "fault",
    [
        FAULTS["401"],
        FAULTS["400"],
        FAULTS["503"],
        FAULTS["reset"],
        {"kind": "cut", "bytes": 900},
        {"kind": "bytes", "text": "<html>expired</html>", "status": 200},
    ],
    ids=lambda fault: str(fault.get("code", fault.get("status", fault["kind"]))),
)
def test_a_file_that_cannot_be_fetched_is_fetched_later(vendor: Vendor, fault: dict[str, Any]) -> None:
    vendor.fault("file", fault, times=-1)
    made = vendor.make()
    assert told(made) == (13, "not_saved", "yes", "later")
    assert made.document["outputs"][0]["path"] is None
    assert list(Path(made.document["outputs"][0]["url"]).parents)
    vendor.clear()
    later = vendor.carry_on(made.document)
    assert later.code == 0
    assert Path(later.document["outputs"][0]["path"]).is_file()
    assert vendor.stats["requests"]["create"] == 1


@pytest.mark.parametrize(
    ("endpoint", "field", "code"),
    [
        ("list", "data", 6),
        ("token", "data.ful", 6),
        ("token", "data.fdl", 6),
        ("create", "data.id", 9),
        ("create", "data", 9),
    ],
)
def test_an_answer_that_lacks_a_field_names_the_field(
    vendor: Vendor, endpoint: str, field: str, code: int, tmp_path: Path
) -> None:
    vendor.fault(endpoint, {"kind": "drop", "field": field}, times=-1)
    made = vendor.make("--input-images", picture(tmp_path))
    assert made.code == code
    assert field in made.error["message"]


@pytest.mark.parametrize("field", ["data.medias", "data.medias.*.resource_status"])
def test_a_poll_that_lacks_a_field_is_told_when_patience_ends(vendor: Vendor, field: str) -> None:
    vendor.fault("detail", {"kind": "drop", "field": field}, times=-1)
    made = vendor.make("--timeout", "1")
    assert made.code == 5
    assert field.rsplit(".", 1)[1] in made.error["detail"]


def test_one_failed_picture_of_several_does_not_cost_the_others(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "media", "index": 1, "reason": "content policy"})
    made = vendor.make("--n", "3")
    assert told(made)[:2] == (8, "partly_failed")
    assert [Path(output["path"]).is_file() for output in made.document["outputs"]] == [True, True]
    assert len(made.document["send"]) == 3


def test_refused_words_are_told_as_such(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "media", "index": 0, "reason": "blocked by content policy"})
    made = vendor.make()
    assert told(made)[:2] == (10, "content_refused")


def test_no_key_says_which_variable_and_where_to_get_one() -> None:
    made = run("make", "--prompt", PROMPT)
    assert told(made) == (3, "key_missing", "no", "after_change")
    (action,) = made.error["actions"]
    assert (action["variable"], action["url"]) == ("IMA_API_KEY", "https://www.imaclaw.ai/imaclaw/apikey")


def test_a_key_of_somebody_else_is_not_sent_to_find_out(vendor: Vendor) -> None:
    made = vendor.make(env={"IMA_API_KEY": "another-vendors-placeholder"})
    assert (made.code, made.error["kind"]) == (3, "key_malformed")
    assert vendor.stats["requests"]["list"] == 0


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("--out", "/dev/null/pictures"), "out_unwritable"),
        (("--input-images", "{text}"), "bad_input_file"),
        (("--input-images", "{missing}"), "bad_input_file"),
        (("--input-images", "http://example.com/a.png"), "bad_link"),
        (("--input-images", "{folder}"), "bad_input_file"),
        (("--task-type", "image_to_image"), "bad_inputs"),
        (("--task-type", "text_to_image", "--input-images", "{picture}"), "bad_inputs"),
        (("--task-type", "text_to_song"), "usage"),
        (("--n", "0"), "usage"),
        (("--duraton", "10"), "usage"),
        (("--extra-params", "[1]"), "usage"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_stops_before_anything_is_sent(
    vendor: Vendor, words: tuple[str, ...], kind: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.png").write_text("root:x:0:0:root")
    places = {
        "text": str(tmp_path / "notes.png"),
        "missing": str(tmp_path / "none.png"),
        "folder": str(tmp_path),
        "picture": picture(tmp_path),
    }
    made = vendor.make(*(word.format(**places) for word in words))
    assert (made.code, made.error["kind"], made.error["charged"]) == (2, kind, "no")
    assert sum(vendor.stats["requests"].values()) == 0


def test_a_picture_of_nothing_is_not_made(vendor: Vendor) -> None:
    made = vendor.make(prompt="  ")
    assert (made.code, made.error["kind"]) == (2, "missing_prompt")
    assert sum(vendor.stats["requests"].values()) == 0


def test_a_record_that_cannot_be_written_stops_before_buying(vendor: Vendor, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    made = vendor.make(env={"MEDIA_STUDIO_HOME": str(tmp_path / "file")})
    assert (made.code, made.error["kind"]) == (2, "ledger_unusable")
    assert sum(vendor.stats["requests"].values()) == 0
