"""What a hostile reader found about money, each as the shortest case that shows it: asked about or refused
before, and not bought a second time."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from parts import plan
from sandbox import ima_products
from studio.errors import Interrupted
from studio.ledger import Ledger
from studio.order import Order
from support import PROMPT, FakeClock, Run, Vendor, ended, scripted
from test_claims import to
from test_commands import LOST, config, creates, jobs, start, token_of, unsure
from test_job_commands import UNCHECKED, aged
from test_remedies import BIG, PRO, TOO_LARGE, other_points, tree
from test_spine import picture
from test_uploads import impatient

EDITED = "image_to_image"
STILL = """
import sys
from studio import buying, cli
from studio.ledger import Ledger
original = Ledger.{name}
def stands_still(*words, **named):
    sys.stderr.write("here\\n")
    sys.stderr.flush()
    sys.stdin.readline()
    return original(*words, **named)
Ledger.{name} = stands_still
buying.UPLOADS_UNTIL = 1.0
sys.exit(cli.main())
"""


class Still:
    """The command as a process that stands still before a step of the record, until `goes_on`."""

    def __init__(self, vendor: Vendor, step: str, *words: str) -> None:
        self._process = scripted(STILL.format(name=step), *words, env=vendor.env)
        assert any(line == b"here\n" for line in self._process.stderr), f"{words} never came to {step}"

    def goes_on(self) -> None:
        self._process.stdin.write(b"\n")

    def ends(self) -> Run:
        return ended(self._process)


def two(tmp_path: Path) -> tuple[str, ...]:
    """The words for two inputs, of which the second may be held."""
    return ("--input-images", *(picture(tmp_path, f"{colour}.png", colour) for colour in ("red", "navy")))


def parked(vendor: Vendor, *words: str) -> Any:
    """The document of a `start` that came back while its second input still travelled."""
    vendor.fault("put", {"kind": "hold"})
    document = impatient(vendor, *words).document
    vendor.release()
    assert (document["event"], document["done"]) == ("uploading", False)
    return document


def changed(category: str, change: Callable[[Any], None]) -> Any:
    """A category's list as it is after `change` of every leaf."""
    nodes = copy.deepcopy(ima_products.tree(category))
    for leaf in ima_products.walk(nodes):
        change(leaf)
    return nodes


def ten_times_dearer(leaf: Any) -> None:
    for rule in leaf["credit_rules"]:
        rule["points"] *= 10
        rule["attribute_id"] += 7000


def renamed(leaf: Any) -> None:
    leaf["id"] += "-b"


def other_default(leaf: Any) -> None:
    for field in leaf["form_config"]:
        if field["options"]:
            other = [one["value"] for one in field["options"] if one["value"] != field["value"]]
            field["value"] = other[0] if other else field["value"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: FakeClock) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "l", clock)
    yield made
    made.close()


# --- 2: a parked job and a list that got dearer -----------------------------------------------------------


@pytest.mark.parametrize("yes", ["unasked", "below a limit", "by token"])
def test_a_parked_job_is_not_bought_at_a_price_that_rose_meanwhile(
    vendor: Vendor, tmp_path: Path, yes: str
) -> None:
    inputs = two(tmp_path)
    words = {"unasked": (), "below a limit": ("--max-credits", "20")}.get(yes)
    if words is None:
        words = ("--approve", token_of(vendor, *inputs))
    document = parked(vendor, *inputs, *words)
    vendor.products(EDITED, changed(EDITED, ten_times_dearer))
    made = vendor.carry_on(document)

    assert (made.code, made.error["kind"], made.error["charged"]) == (12, "approval_changed", "no")
    assert {"what": "price", "before": 5, "after": 50} in made.document["difference"]
    assert (vendor.stats["accepted"], vendor.stats["points_charged"]) == (0, 0)


def test_a_parked_job_does_not_step_down_to_what_is_dearer_by_now(vendor: Vendor, tmp_path: Path) -> None:
    document = parked(vendor, *BIG, "--allow-degrade", *two(tmp_path))
    vendor.products(EDITED, changed(EDITED, ten_times_dearer))
    vendor.fault("create", TOO_LARGE)
    made = vendor.carry_on(document)
    assert (made.code != 0, vendor.stats["accepted"], vendor.stats["points_charged"]) == (True, 0, 0)


# --- 6, 17: what goes on with a parked job goes on with that job ------------------------------------------


@pytest.mark.parametrize("key", [(), ("--idempotency-key", "message-1")], ids=["no key", "key"])
def test_the_next_of_a_parked_job_that_was_cancelled_buys_nothing(
    vendor: Vendor, tmp_path: Path, key: tuple[str, ...]
) -> None:
    document = parked(vendor, *two(tmp_path), *key)
    assert vendor.run("cancel", document["job"]).code == 0
    made = vendor.carry_on(document)

    assert (made.code, made.document["state"], made.document["done"]) == (130, "cancelled", True)
    assert (made.document["job"], made.document["next"]) == (document["job"], None)
    assert (creates(vendor), len(jobs(vendor))) == (0, 1)


def test_a_start_that_is_cancelled_while_it_uploads_does_not_say_that_it_goes_on(
    vendor: Vendor, tmp_path: Path
) -> None:
    vendor.fault("put", {"kind": "hold"})
    words = ("start", "--prompt", PROMPT, "--speed", "200", *two(tmp_path))
    uploading = Still(vendor, "park", *words)
    (row,) = jobs(vendor)
    assert vendor.run("cancel", row["job"]).code == 0
    uploading.goes_on()
    made = uploading.ends()

    assert (made.code, made.document["event"], made.document["done"]) == (130, "failure", True)
    assert (made.document["state"], made.document["next"], creates(vendor)) == ("cancelled", None, 0)


@pytest.mark.parametrize("state", ["cancelled", "abandoned", "sending"])
def test_only_what_is_still_ours_to_buy_can_be_parked(ledger: Ledger, clock: FakeClock, state: str) -> None:
    job, _ = ledger.begin(plan(), "/out", Order(fingerprint="f", asked="a"))
    if state == "cancelled":
        ledger.cancelled(job.id, {"kind": "cancelled"})
    elif state == "abandoned":
        clock.sleep(60)
        ledger.settle()
    else:
        ledger.sending(job.id)
    with pytest.raises(Interrupted):
        ledger.park(job.id)


def test_the_next_of_a_parked_job_that_was_forced_is_that_job(vendor: Vendor, tmp_path: Path) -> None:
    document = parked(vendor, *two(tmp_path), "--force-new", "--yes", "--max-credits", "50")
    first, second = vendor.carry_on(document), vendor.carry_on(document)
    assert (first.code, first.document["job"]) == (0, document["job"])
    assert second.document["job"] == document["job"]
    assert (creates(vendor), len(jobs(vendor))) == (1, 1)


# --- 25: a parked job meets the limits of whoever goes on with it -----------------------------------------


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("", ("--max-credits", "3")),
        ("per_call = 3", ()),
        ("per_day = 4", ()),
        ("per_user = 4", ()),
    ],
)
def test_a_parked_job_is_not_gone_on_with_past_the_limits_of_the_moment(
    vendor: Vendor, home: Path, tmp_path: Path, setting: str, words: tuple[str, ...]
) -> None:
    inputs = two(tmp_path)
    document = parked(vendor, *inputs)
    config(home, f"[gateways.ima]\n{setting}\n")
    made = vendor.make(*inputs, *words)
    assert (made.code, made.error["kind"], creates(vendor)) == (11, "over_limit", 0)

    config(home, "")
    bought = vendor.carry_on(document)
    assert (bought.code, bought.document["job"], creates(vendor)) == (0, document["job"], 1)


# --- 8: a yes after exit 9 or 12 is to what was asked about -----------------------------------------------


def test_the_yes_to_a_smaller_step_that_was_lost_buys_that_step(vendor: Vendor) -> None:
    vendor.fault("create", TOO_LARGE)
    vendor.fault("create", LOST)
    asked = vendor.make(*BIG, "--allow-degrade")
    assert (asked.code, asked.document["cost"]["quoted"]) == (9, 10)
    bought = vendor.carry_on(asked.document)

    assert (bought.code, vendor.stats["points_charged"]) == (0, 10)
    assert {"name": "size", "value": "2K", "from": "asked"} in bought.document["applied"]["parameters"]


def test_the_yes_to_another_price_of_a_smaller_step_buys_that_step(vendor: Vendor) -> None:
    vendor.fault("create", TOO_LARGE)
    vendor.fault("create", {"kind": "hold"})
    made: list[Run] = []
    buyer = threading.Thread(target=lambda: made.append(vendor.make(*BIG, "--allow-degrade")))
    buyer.start()
    vendor.held("create")
    vendor.products("text_to_image", tree("gemini-3-pro-image", other_points))
    vendor.release()
    buyer.join()
    assert (made[0].code, made[0].document["cost"]["quoted"]) == (12, 11)
    bought = vendor.carry_on(made[0].document)
    assert (bought.code, vendor.stats["points_charged"]) == (0, 11)


# --- 1: names of what was there before --------------------------------------------------------------------


def test_a_key_that_took_up_a_parked_job_stands_for_it(ledger: Ledger) -> None:
    first, _ = ledger.begin(plan(), "/out", Order(fingerprint="f", asked="a"))
    ledger.park(first.id)
    order = Order(fingerprint="f", asked="a", key="message-1")
    assert ledger.begin(plan(), "/out", order) == (ledger.get(first.id), True)
    to(ledger, first.id, "done")
    assert ledger.begin(plan(), "/out", order) == (ledger.get(first.id), False)


@pytest.mark.parametrize("name", ["key", "token"])
def test_what_met_a_running_job_returns_it_once_it_is_over(vendor: Vendor, name: str) -> None:
    words = ("--approve", token_of(vendor)) if name == "token" else ("--idempotency-key", "message-1")
    job = start(vendor).document["job"]
    first, second = vendor.make(*words), vendor.make(*words)
    assert (first.document["job"], second.document["job"]) == (job, job)
    assert creates(vendor) == 1


def test_the_key_of_what_was_bought_once_more_buys_no_third_time(vendor: Vendor) -> None:
    """The chat delivers its message again after the person found out that the first was not charged."""
    vendor.fault("create", LOST, when="before")
    key = ("--idempotency-key", "message-1")
    lost = vendor.make(*key)
    assert vendor.carry_on(lost.document).code == 0
    assert vendor.run("reconcile", lost.document["job"], "--not-charged").code == 0
    vendor.make(*key)
    assert vendor.stats["accepted"] == 1


# --- 13, 14, 21, 23 ---------------------------------------------------------------------------------------


def test_a_price_that_is_not_known_is_asked_about_where_the_same_is_forced(
    vendor: Vendor, home: Path
) -> None:
    config(home, "[gateways.ima]\naccept_unknown_price = true\n")
    words = (*UNCHECKED, "--accept-unknown-price")
    unsure(vendor, *words)
    made = vendor.make(*words, "--force-new")
    assert (made.code, made.error["kind"], creates(vendor)) == (12, "needs_approval", 1)


def test_a_key_buys_nothing_more_although_its_job_was_forgotten(vendor: Vendor) -> None:
    key = ("--idempotency-key", "message-1")
    assert vendor.make(*key).code == 0
    aged(1)
    assert vendor.run("purge", "--before", "1m").document["purged"] == 1
    made = vendor.make(*key)
    assert (made.code, made.error["kind"], creates(vendor)) == (2, "key_spent", 1)


@pytest.mark.parametrize(("change", "state"), [(renamed, "unknown"), (other_default, "running")])
def test_the_same_wish_is_known_again_although_the_vendors_list_changed(
    vendor: Vendor, change: Callable[[Any], None], state: str
) -> None:
    first = unsure(vendor, *PRO) if state == "unknown" else start(vendor, *PRO).document["job"]
    vendor.products("text_to_image", changed("text_to_image", change))
    again = start(vendor, *PRO)
    assert (again.code, again.document["job"]) == (9 if state == "unknown" else 0, first)
    assert creates(vendor) == 1


def test_a_day_of_a_limit_is_the_same_in_every_time_zone(vendor: Vendor, home: Path) -> None:
    """These two never have the same date."""
    config(home, "[gateways.ima]\nper_day = 5\n")
    codes = [vendor.make(prompt=zone, env={"TZ": zone}).code for zone in ("Etc/GMT-14", "Etc/GMT+12")]
    assert (codes, creates(vendor)) == ([0, 11], 1)
