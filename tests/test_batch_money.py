"""What a batch may buy: nothing before the yes, what the yes was to, and within every limit."""

from __future__ import annotations

import copy
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rows import FAST, PRICE, Batch, Ran, ended, opened, rows
from sandbox import Sandbox, ima_products
from support import Vendor, configure, run
from test_spine import picture

FIVE = rows("one", "two", "three", "four", "five")
"""Together above what is bought without asking."""
WHOLE = len(FIVE) * PRICE


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[Batch]:
    with Sandbox(tmp_path / "twin", speed=FAST) as box:
        yield opened(Vendor(box.urls["ima"], FAST), tmp_path)


def ledger(statement: str, *values: Any, home: Path) -> list[Any]:
    with closing(sqlite3.connect(home / "state" / "ledger.sqlite3")) as db, db:
        return db.execute(statement, values).fetchall()


def untouched(batch: Batch) -> bool:
    return batch.vendor.stats["requests"]["create"] == 0 and not batch.vendor.stats["tasks"]


def priced(batch: Batch, points: int) -> None:
    """From now on every picture costs so much."""
    nodes = copy.deepcopy(ima_products.tree("text_to_image"))
    for leaf in ima_products.walk(nodes):
        for rule in leaf["credit_rules"]:
            rule["points"] = points
    batch.vendor.products("text_to_image", nodes)


def asked(made: Ran) -> str:
    """The token of a run that stopped with a question."""
    assert (made.code, made.document["approval_needed"], made.error["exit"]) == (12, True, 12)
    next, token = made.document["next"], made.document["token"]
    assert next[next.index("--approve") + 1] == token
    return str(token)


def token(batch: Batch, *words: str) -> str:
    return asked(batch.run(*words))


# --- the yes ---------------------------------------------------------------------------------------------


def test_four_equal_rows_below_the_bound_are_four_pictures_unasked(batch: Batch) -> None:
    made = batch.write(rows(*["a"] * 4)).run()
    assert (made.code, made.counts, batch.bought) == (0, {"done": 4}, Counter(a=4))
    assert len({path for row in made.rows for path in row["paths"]}) == 4
    assert len({row["id"] for row in made.rows}) == len({row["job"] for row in made.rows}) == 4
    (cost,) = made.document["cost"]
    assert (cost["rows"], cost["quoted"], cost["unit"]) == (4, 4 * PRICE, "points")


def test_a_sum_above_the_bound_is_asked_about_and_its_token_buys_just_that(batch: Batch) -> None:
    made = batch.write(FIVE).run()
    (cost,) = made.document["cost"]
    assert (cost["rows"], cost["quoted"], cost["unknown_price"]) == (5, WHOLE, 0)
    assert (made.rows, made.counts, untouched(batch)) == ([], {"left": 5}, True)
    assert f"{WHOLE} points" in made.document["send"][0]["message"]
    bought = batch.run("--approve", asked(made))
    assert (bought.code, bought.counts, batch.bought.total()) == (0, {"done": 5}, 5)


def test_the_next_of_a_question_is_the_purchase(batch: Batch) -> None:
    made = batch.write(FIVE).run("--concurrency", "2", "--yes")
    asked(made)
    _, _, *words = made.document["next"]
    assert "--yes" not in words
    assert run(*words, env=batch.vendor.env).code == 0
    assert batch.bought.total() == 5


def test_a_row_of_unknown_price_is_counted_and_asked_about(batch: Batch) -> None:
    made = batch.write([{"prompt": "a"}, {"prompt": "b", "unchecked": {"style": "x"}}]).run(
        "--yes", "--max-credits", "1000", "--accept-unknown-price"
    )
    asked(made)
    (cost,) = made.document["cost"]
    assert (cost["rows"], cost["quoted"], cost["unknown_price"]) == (2, PRICE, 1)
    assert untouched(batch)


def test_a_dry_run_buys_nothing_says_the_sum_and_its_token_is_a_yes(batch: Batch) -> None:
    made = batch.write(FIVE).run("--dry-run")
    assert (made.code, made.document["event"], made.document["cost"][0]["quoted"]) == (0, "quote", WHOLE)
    assert untouched(batch)
    assert batch.run("--approve", made.document["token"]).code == 0
    again = batch.run("--dry-run")
    assert (again.code, again.document["token"], again.document["next"]) == (0, None, None)
    assert (again.document["cost"], batch.bought.total()) == ([], 5)


def test_the_rows_are_priced_from_one_list_also_where_they_begin_with_several_pictures(
    batch: Batch, tmp_path: Path
) -> None:
    pictures = [picture(tmp_path, f"{n}.png") for n in range(2)]
    made = batch.write(rows("one", "two", "three", input_images=pictures)).run("--dry-run")
    assert (made.document["cost"][0]["rows"], batch.vendor.stats["requests"]["list"]) == (3, 1)


@pytest.mark.parametrize(
    "other",
    [
        [*FIVE, {"prompt": "six"}],
        [*FIVE, FIVE[0]],
        [*FIVE[:4], {**FIVE[4], "n": 2}],
        [*FIVE[:4], {**FIVE[4], "aspect_ratio": "16:9"}],
        [*FIVE[:4], {**FIVE[4], "prompt": "Five"}],
    ],
    ids=["a row more", "the same once more", "two instead of one", "another ratio", "other words"],
)
def test_a_token_covers_no_other_rows(batch: Batch, other: list[dict[str, Any]]) -> None:
    yes = token(batch.write(FIVE))
    made = batch.write(other).run("--approve", yes)
    assert (made.code, made.error["kind"]) == (12, "approval_changed")
    assert (untouched(batch), asked(made) != yes) == (True, True)


def test_a_token_covers_fewer_rows_in_any_order(batch: Batch) -> None:
    yes = token(batch.write(FIVE))
    made = batch.write([FIVE[3], FIVE[1]]).run("--approve", yes)
    assert (made.code, batch.bought) == (0, Counter(four=1, two=1))
    rest = batch.write(FIVE[::-1]).run("--approve", yes)
    assert (rest.code, rest.counts, batch.bought.total()) == (0, {"done": 5}, 5)


def test_a_token_covers_no_other_price(batch: Batch) -> None:
    yes = token(batch.write(FIVE))
    priced(batch, 6)
    made = batch.run("--approve", yes)
    assert (made.code, made.error["kind"], untouched(batch)) == (12, "approval_changed", True)
    assert made.document["cost"][0]["quoted"] == 5 * 6


def test_a_price_that_changes_after_the_yes_buys_nothing_at_the_new_one(batch: Batch) -> None:
    batch.write(FIVE[:2])
    batch.vendor.fault("create", {"kind": "hold"}, when="after")
    process = batch.process("--concurrency", "1")
    batch.vendor.held("create")
    priced(batch, 6)
    batch.vendor.release()
    made = ended(process)
    assert (made.code, made.error["kind"]) == (12, "approval_changed")
    assert (batch.bought.total(), made.counts) == (1, {"done": 1, "left": 1})


def test_a_yes_is_old_after_ten_minutes(batch: Batch, home: Path) -> None:
    yes = token(batch.write(FIVE))
    ledger("UPDATE approvals SET at = at - 601", home=home)
    made = batch.run("--approve", yes)
    assert (made.code, made.error["kind"], untouched(batch)) == (12, "approval_unknown", True)


def test_a_token_of_one_purchase_is_no_yes_to_a_batch_nor_the_other_way_round(batch: Batch) -> None:
    single = batch.vendor.run("quote", "--prompt", "one", "--speed", str(FAST)).document["token"]
    assert batch.write(FIVE).run("--approve", single).error["kind"] == "approval_changed"
    whole = token(batch)
    made = batch.vendor.make("--approve", whole, prompt="one")
    assert (made.code, untouched(batch)) == (12, True)


def test_a_yes_without_a_limit_is_none(batch: Batch) -> None:
    batch.write(FIVE)
    assert (batch.run("--yes").code, untouched(batch)) == (12, True)
    assert (batch.run("--yes", "--max-credits", str(WHOLE)).code, batch.bought.total()) == (0, 5)


# --- limits ----------------------------------------------------------------------------------------------


def test_the_whole_is_held_to_max_credits(batch: Batch) -> None:
    made = batch.write(FIVE).run("--yes", "--max-credits", str(WHOLE - 1))
    assert (made.code, made.document["token"], untouched(batch)) == (11, None, True)
    late = batch.run("--approve", token(batch), "--max-credits", str(WHOLE - 1))
    assert (late.code, untouched(batch)) == (11, True)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (f"per_call = {PRICE - 1}", ()),
        (f"per_day = {WHOLE - 1}", ()),
        (f"per_user = {WHOLE - 1}", ("--user-id", "ann")),
        ("", ("--max-per-day", f"{WHOLE - 1}")),
        ("", ("--max-per-user", f"{WHOLE - 1}", "--user-id", "ann")),
    ],
)
def test_a_limit_that_the_whole_passes_stops_all_of_it(
    batch: Batch, limits: str, words: tuple[str, ...]
) -> None:
    configure(f"[gateways.ima]\n{limits}\n")
    made = batch.write(FIVE).run("--yes", *words)
    assert (made.code, made.counts, untouched(batch)) == (11, {"left": 5}, True)


def test_the_limit_of_one_user_is_not_anothers(batch: Batch) -> None:
    configure(f"[gateways.ima]\nper_user = {3 * PRICE}\n")
    made = [*rows("a", "b", user_id="ann"), *rows("a", "b", user_id="ben")]
    assert (batch.write(made).run("--yes").code, batch.bought) == (0, Counter(a=2, b=2))
    more = batch.write([*made, *rows("c", "d", user_id="ben")]).run("--yes")
    assert (more.code, batch.bought.total()) == (11, 4)


def test_each_row_claims_its_own_when_it_is_bought(batch: Batch) -> None:
    """Another command takes what was left, between the quote of the whole and the second row."""
    configure(f"[gateways.ima]\nper_day = {3 * PRICE}\n")
    batch.write(FIVE[:3])
    batch.vendor.fault("create", {"kind": "hold"}, when="after")
    process = batch.process("--concurrency", "1", "--yes")
    batch.vendor.held("create")
    assert batch.vendor.run("start", "--prompt", "other", "--speed", str(FAST)).code == 0
    batch.vendor.release()
    made = ended(process)
    assert (made.code, made.counts) == (11, {"done": 2, "left": 1})
    assert batch.bought.total() == 3


def test_what_is_refused_gives_its_claim_back(batch: Batch) -> None:
    configure(f"[gateways.ima]\nper_day = {2 * PRICE}\n")
    batch.write(FIVE[:2])
    batch.vendor.fault("create", {"kind": "code", "code": 400, "message": "bad"}, when="before", times=2)
    assert batch.run().counts == {"failed": 2}
    assert batch.run("--retry-failed").counts == {"done": 2}


# --- what else may not be ---------------------------------------------------------------------------------


def test_one_row_that_cannot_be_made_stops_all_with_every_line_told(batch: Batch) -> None:
    made = batch.write([*FIVE, {"prompt": "x", "n": 99}, {"prompt": "y", "model": "no such"}]).buy()
    assert (made.code, made.error["kind"], untouched(batch)) == (2, "bad_row", True)
    assert "Line 6" in made.error["message"]
    assert "Line 7" in made.error["detail"]


def test_a_record_that_cannot_be_read_is_no_row_that_was_bought(batch: Batch, home: Path) -> None:
    batch.write(FIVE[:1]).run()
    ledger("ALTER TABLE jobs RENAME COLUMN plan TO plans", home=home)
    made = batch.run()
    assert made.code in {1, 2}
    assert made.error["kind"] != "bad_row"
    assert batch.bought.total() == 1
