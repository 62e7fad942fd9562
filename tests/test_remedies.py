"""What a refusal may turn into: the same from a fresh list, once; a smaller size, where that is allowed.
Every step is a request of its own, and stands in the result."""

from __future__ import annotations

import copy
import threading
from pathlib import Path
from typing import Any

import pytest

from sandbox import ima_products
from support import Run, Vendor
from test_commands import DEAR, creates, jobs, start, token_of

CATEGORY = "text_to_image"
PRO = ("--model", "Nano Banana Pro")
CHANGED = [  # the list changed meanwhile, in the vendor's four ways to say so
    {"kind": "code", "code": 6006},
    {"kind": "code", "code": 6009},
    {"kind": "code", "code": 6010},
    {"kind": "code", "code": 400, "message": "Invalid product attribute"},
]
IDS = ["6006", "6009", "6010", "Invalid product attribute"]
TOO_LARGE = {"kind": "code", "code": 400, "message": "size is too large for this model"}
STEP_DOWN = [TOO_LARGE, {"kind": "code", "code": 503}, {"kind": "code", "code": 4008}]
STEPS = ["400 about size", "503", "4008"]


def tree(model_id: str, change: Any) -> Any:
    """The list as it is after `change(leaf)`."""
    nodes = copy.deepcopy(ima_products.tree(CATEGORY))
    for leaf in ima_products.walk(nodes):
        if leaf["model_id"] == model_id:
            change(leaf)
    return nodes


def other_points(leaf: Any) -> None:
    for rule in leaf["credit_rules"]:
        rule["points"] += 1


def other_ids(leaf: Any) -> None:
    for rule in leaf["credit_rules"]:
        rule["attribute_id"] += 7000


def changes_before_the_purchase(vendor: Vendor, change: Any, *words: str) -> Run:
    """Bought from a list that is an old one when the purchase arrives: the twin refuses by itself."""
    vendor.fault("create", {"kind": "hold"})
    made: list[Run] = []
    buyer = threading.Thread(target=lambda: made.append(vendor.make(*PRO, "--size", "4K", *words)))
    buyer.start()
    vendor.held("create")
    vendor.products(CATEGORY, tree("gemini-3-pro-image", change))
    vendor.release()
    buyer.join()
    return made[0]


def states(vendor: Vendor) -> list[str]:
    """Of all jobs, oldest first."""
    return [row["state"] for row in jobs(vendor)][::-1]


# --- the same, from a fresh list --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "command"),
    [*((fault, "make") for fault in CHANGED), (CHANGED[0], "start")],
    ids=[*IDS, "start"],
)
def test_a_refusal_of_the_price_is_mended_from_a_fresh_list(
    vendor: Vendor, fault: dict[str, Any], command: str
) -> None:
    vendor.fault("create", fault)
    made = vendor.make() if command == "make" else start(vendor)
    document = made.document
    (step,) = document["steps"]

    assert (made.code, creates(vendor), vendor.stats["accepted"]) == (0, 2, 1)
    assert vendor.stats["requests"]["list"] == 2
    assert states(vendor)[0] == "failed"
    assert (step["why"], step["changed"]) == ("offer_changed", [])
    assert step["job"] == jobs(vendor)[1]["job"] != document["job"]
    assert document["cost"]["quoted"] == 5
    assert vendor.run("spend").document["limits"][0]["spent_today"] == 5
    if command == "start":
        assert vendor.carry_on(document).document["steps"] == document["steps"]


@pytest.mark.parametrize("fault", CHANGED[2:], ids=IDS[2:])
def test_it_is_mended_once_only(vendor: Vendor, fault: dict[str, Any]) -> None:
    vendor.fault("create", fault, times=-1)
    made = vendor.make()

    assert (made.code, made.error["kind"], made.error["charged"]) == (8, "offer_changed", "no")
    assert (creates(vendor), vendor.stats["accepted"]) == (2, 0)
    assert states(vendor) == ["failed", "failed"]
    assert len(made.document["steps"]) == 1
    assert vendor.run("spend").document["limits"][0]["spent_today"] == 0


def test_a_list_that_names_its_prices_anew_is_followed_where_the_price_stays(vendor: Vendor) -> None:
    made = changes_before_the_purchase(vendor, other_ids)
    assert (made.code, vendor.stats["points_charged"], creates(vendor)) == (0, 18, 2)
    assert made.document["applied"]["attribute_id"] == 9401
    assert made.document["steps"][0]["provider_code"] == "400"


@pytest.mark.parametrize("approved", [False, True], ids=["unasked", "by token"])
def test_another_price_is_asked_about_and_both_are_told(vendor: Vendor, approved: bool) -> None:
    words = ("--approve", token_of(vendor, *PRO, "--size", "4K")) if approved else ()
    made = changes_before_the_purchase(vendor, other_points, *words)

    assert (made.code, made.error["kind"], made.error["charged"]) == (12, "approval_changed", "no")
    assert made.document["difference"] == [{"what": "price", "before": 18, "after": 19}]
    assert made.document["cost"]["quoted"] == 19
    assert {"18", "19"} <= set(
        made.document["send"][0]["message"].replace(".", " ").replace(",", " ").split()
    )
    assert (creates(vendor), vendor.stats["accepted"]) == (1, 0)
    assert states(vendor) == ["failed"]
    bought = vendor.carry_on(made.document)
    assert (bought.code, vendor.stats["points_charged"]) == (0, 19)


def test_a_yes_by_token_is_kept_through_the_mending(vendor: Vendor) -> None:
    yes = ("--approve", token_of(vendor, *DEAR))
    vendor.fault("create", CHANGED[0])
    made = vendor.make(*DEAR, *yes)
    again = vendor.make(*DEAR, *yes)

    assert (made.code, again.code, vendor.stats["accepted"]) == (0, 0, 1)
    assert again.document["job"] == made.document["job"]


def test_a_key_stands_for_the_job_that_the_mending_bought(vendor: Vendor) -> None:
    vendor.fault("create", CHANGED[1])
    made = vendor.make("--idempotency-key", "message-1")
    again = vendor.make("--idempotency-key", "message-1")
    assert (made.code, again.document["job"]) == (0, made.document["job"])
    assert vendor.stats["accepted"] == 1


def test_a_model_that_is_gone_from_the_list_is_not_replaced(vendor: Vendor) -> None:
    def leaves(leaf: Any) -> None:
        other_ids(leaf)
        leaf.update(model_id="another", name="Another")

    made = changes_before_the_purchase(vendor, leaves)
    assert (made.code, made.error["kind"], made.error["charged"]) == (2, "not_listed", "no")
    assert (creates(vendor), states(vendor)) == (1, ["failed"])


def test_a_size_that_is_gone_from_the_list_is_not_replaced(vendor: Vendor) -> None:
    def shrinks(leaf: Any) -> None:
        leaf["credit_rules"] = [rule for rule in leaf["credit_rules"] if rule["attributes"] != {"size": "4K"}]
        for field in leaf["form_config"]:
            field["options"] = [one for one in field["options"] if one["value"] != "4K"]

    made = changes_before_the_purchase(vendor, shrinks)
    assert (made.code in {2, 12}, made.error["charged"], vendor.stats["accepted"]) == (True, "no", 0)


def test_the_mended_purchase_meets_the_limits_of_the_moment(vendor: Vendor) -> None:
    """The first claim was given back; another process takes what is left before the second."""
    vendor.fault("create", CHANGED[0])
    made = vendor.make("--max-per-day", "5")
    assert (made.code, vendor.run("spend").document["limits"][0]["spent_today"]) == (0, 5)


# --- a smaller size ---------------------------------------------------------------------------------------

BIG = (*PRO, "--size", "4K")  # 18 points; 2K and 1K are 10


@pytest.mark.parametrize(
    ("fault", "command"),
    [*((fault, "make") for fault in STEP_DOWN), (TOO_LARGE, "start")],
    ids=[*STEPS, "start"],
)
def test_a_refusal_of_the_size_steps_down_where_that_is_allowed(
    vendor: Vendor, fault: dict[str, Any], command: str
) -> None:
    vendor.fault("create", fault)
    words = (*BIG, "--allow-degrade")
    made = vendor.make(*words) if command == "make" else vendor.finish(start(vendor, *words).document)
    document = made.document
    (step,) = document["steps"]

    assert (made.code, creates(vendor), vendor.stats["points_charged"]) == (0, 2, 10)
    assert states(vendor) == ["failed", "done"]
    assert {"what": "size", "before": "4K", "after": "2K"} in step["changed"]
    assert {"what": "price", "before": 18, "after": 10} in step["changed"]
    assert (step["job"], step["provider_code"]) == (jobs(vendor)[1]["job"], str(fault["code"]))
    assert document["cost"]["quoted"] == 10
    assert {"name": "size", "value": "2K", "from": "asked"} in document["applied"]["parameters"]
    assert "4K" in document["send"][0]["message"]
    assert "2K" in document["send"][0]["message"]
    assert Path(document["outputs"][0]["path"]).is_file()


def test_it_steps_down_as_often_as_it_is_refused(vendor: Vendor) -> None:
    vendor.fault("create", TOO_LARGE, times=2)
    made = vendor.make(*BIG, "--allow-degrade")
    document = made.document

    assert (made.code, creates(vendor), vendor.stats["points_charged"]) == (0, 3, 10)
    assert [step["changed"][0]["after"] for step in document["steps"]] == ["2K", "1K"]
    message = document["send"][0]["message"]
    assert "4K" in message
    assert "1K" in message
    assert states(vendor) == ["failed", "failed", "done"]


def test_below_the_smallest_size_it_ends(vendor: Vendor) -> None:
    vendor.fault("create", TOO_LARGE, times=-1)
    made = vendor.make(*BIG, "--allow-degrade")
    assert (made.code, made.error["kind"], creates(vendor)) == (8, "bad_parameter", 3)
    assert len(made.document["steps"]) == 2
    assert vendor.run("spend").document["limits"][0]["spent_today"] == 0


def test_an_account_that_cannot_pay_the_large_size_pays_the_smaller(vendor: Vendor) -> None:
    vendor.account(12)
    made = vendor.make(*BIG, "--allow-degrade")
    assert (made.code, vendor.stats["points_charged"], creates(vendor)) == (0, 10, 2)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "code", "code": 400, "message": "the prompt is not accepted"}, 8),
        ({"kind": "code", "code": 4014}, 4),
        ({"kind": "code", "code": 401, "http": 401}, 3),
        ({"kind": "http", "status": 503}, 9),
        ({"kind": "code", "code": 500}, 9),
        ({"kind": "reset"}, 9),
    ],
    ids=["400 about something else", "4014", "401", "bare HTTP 503", "500", "reset"],
)
def test_nothing_else_steps_down(vendor: Vendor, fault: dict[str, Any], code: int) -> None:
    vendor.fault("create", fault)
    made = vendor.make(*BIG, "--allow-degrade")
    assert (made.code, creates(vendor), len(jobs(vendor))) == (code, 1, 1)
    assert made.document["state"] == ("unknown" if code == 9 else "failed")


@pytest.mark.parametrize("fault", STEP_DOWN, ids=STEPS)
def test_without_the_flag_nothing_steps_down(vendor: Vendor, fault: dict[str, Any]) -> None:
    vendor.fault("create", fault)
    made = vendor.make(*BIG)
    assert (made.code in {4, 8}, creates(vendor), made.document["steps"]) == (True, 1, [])


def test_a_smaller_size_that_costs_more_is_never_taken(vendor: Vendor) -> None:
    def dearer(leaf: Any) -> None:
        for rule in leaf["credit_rules"]:
            rule["points"] = {"4K": 18, "2K": 19, "1K": 12}[rule["attributes"]["size"]]

    vendor.products(CATEGORY, tree("gemini-3-pro-image", dearer))
    vendor.fault("create", TOO_LARGE)
    made = vendor.make(*BIG, "--allow-degrade")
    assert (made.code, vendor.stats["points_charged"]) == (0, 12)
    assert {"name": "size", "value": "1K", "from": "asked"} in made.document["applied"]["parameters"]


def test_where_every_smaller_size_costs_more_it_ends(vendor: Vendor) -> None:
    def dearer(leaf: Any) -> None:
        for rule in leaf["credit_rules"]:
            rule["points"] = {"4K": 18, "2K": 19, "1K": 20}[rule["attributes"]["size"]]

    vendor.products(CATEGORY, tree("gemini-3-pro-image", dearer))
    vendor.fault("create", TOO_LARGE)
    made = vendor.make(*BIG, "--allow-degrade")
    assert (made.code, creates(vendor), vendor.stats["accepted"]) == (8, 1, 0)


def test_a_token_for_the_large_size_is_one_purchase_with_its_smaller_step(vendor: Vendor) -> None:
    words = (*DEAR, "--allow-degrade")
    yes = ("--approve", token_of(vendor, *words))
    vendor.fault("create", TOO_LARGE)
    made = vendor.make(*words, *yes)
    again = vendor.make(*words, *yes)

    assert (made.code, vendor.stats["points_charged"], vendor.stats["accepted"]) == (0, 20, 1)
    assert again.document["job"] == made.document["job"]


def test_a_step_down_that_may_have_been_bought_ends_there(vendor: Vendor) -> None:
    vendor.fault("create", TOO_LARGE)
    vendor.fault("create", {"kind": "reset"}, when="after")
    made = vendor.make(*BIG, "--allow-degrade")

    assert (made.code, made.document["state"], creates(vendor)) == (9, "unknown", 2)
    assert len(made.document["steps"]) == 1
    task = vendor.stats["tasks"][0]["id"]
    found = vendor.run("reconcile", made.document["job"], "--task-id", task)
    assert (found.code, len(found.document["steps"])) == (0, 1)


def test_a_list_that_changed_after_stepping_down_is_mended_as_well(vendor: Vendor) -> None:
    vendor.fault("create", TOO_LARGE)
    vendor.fault("create", CHANGED[0])
    made = vendor.make(*BIG, "--allow-degrade")
    assert (made.code, creates(vendor), vendor.stats["points_charged"]) == (0, 3, 10)
    assert [step["why"] for step in made.document["steps"]] == ["bad_parameter", "offer_changed"]
