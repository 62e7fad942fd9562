"""What is to be done about a row by what the record knows of it, what rows cost together, what a yes to all
of them covers, and what the end of a batch is."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts import ima, plan, submitted
from studio import bulk, tally
from studio.bulk import Entry
from studio.errors import (
    ContentRefused,
    InternalError,
    Interrupted,
    JobFailed,
    KeyProblem,
    LedgerError,
    NeedsApproval,
    NetworkError,
    NoCredit,
    NotSaved,
    OverLimit,
    RateLimited,
    StudioError,
    UnknownOutcome,
    UsageError,
    error_record,
)
from studio.speech import Voice
from studio.types import Billing, Job, Output, Saved, TaskRef

GATEWAY = ima("http://127.0.0.1:1")
OTHER = replace(GATEWAY, id="another")
TASK = TaskRef("ima", "task-1", 0.0)
LINK = Output("image", "https://cdn.example.com/a.png")
FILE = Saved("image", "a.png", LINK.url, "image/png", 1, "0")


def job(state: str, error: StudioError | None = None, **fields: Any) -> Job:
    record = error_record(error) if error else None
    made = Job("abc", state, 0.0, 0.0, plan(), "out", error=record)
    return replace(made, **fields)


def entry(id: str = "1", amount: int | None = 5, **fields: Any) -> Entry:
    made = plan(billing=Billing(1, amount, amount, "points", "live"))
    row = Entry(1, id, argparse.Namespace(), (), made, GATEWAY)
    return replace(row, **fields)


# --- what a row is ---------------------------------------------------------------------------------------

PASSING = [
    RateLimited("busy"),
    NetworkError("down"),
    NetworkError("down", kind="vendor_down"),
    NoCredit("empty"),
    KeyProblem("no"),
    OverLimit("more"),
    NeedsApproval("ask"),
    Interrupted("stopped"),
    JobFailed("no", kind="not_charged", retry="same"),
]
THE_ROWS_OWN = [
    JobFailed("no", kind="bad_parameter"),
    JobFailed("no", kind="model_unavailable", retry="later"),
    JobFailed("no", kind="offer_changed", retry="same"),
    ContentRefused("no"),
    UsageError("no"),
    InternalError("defect"),
]


def test_a_row_that_nobody_began_or_that_died_unsent_is_left() -> None:
    assert bulk.standing(None) == "left"
    assert bulk.standing(job("abandoned", Interrupted("gone", kind="abandoned"))) == "left"


@pytest.mark.parametrize("state", ["intent", "sending", "submitted"])
def test_a_row_that_is_under_way_is_running(state: str) -> None:
    assert bulk.standing(job(state)) == "running"


@pytest.mark.parametrize("error", PASSING, ids=lambda error: error.kind)
def test_a_refusal_that_is_not_the_rows_own_leaves_it_to_be_bought(error: StudioError) -> None:
    assert bulk.standing(job("failed", error)) == "left"
    assert entry(job=job("failed", error)).retried is None


@pytest.mark.parametrize("error", THE_ROWS_OWN, ids=lambda error: error.kind)
def test_a_refusal_of_the_row_itself_is_a_failure(error: StudioError) -> None:
    assert bulk.standing(job("failed", error)) == "failed"
    assert entry(job=job("failed", error)).retried == "abc"


@pytest.mark.parametrize("error", [*PASSING, *THE_ROWS_OWN], ids=lambda error: error.kind)
def test_what_was_accepted_and_failed_then_is_a_failure_whatever_the_reason(error: StudioError) -> None:
    assert bulk.standing(job("failed", error, task=TASK)) == "failed"


def test_what_may_be_bought_is_unknown_and_what_was_stopped_is_failed() -> None:
    assert bulk.standing(job("unknown", UnknownOutcome("lost"))) == "unknown"
    assert bulk.standing(job("cancelled", JobFailed("stopped", kind="stopped"))) == "failed"


def test_what_was_made_is_done_in_part_or_not_saved_yet() -> None:
    lacking = JobFailed("one was not made", kind="partly_failed")
    assert bulk.standing(job("done", outputs=(FILE, FILE))) == "done"
    assert bulk.standing(job("done", lacking, outputs=(FILE,))) == "partly"
    assert bulk.standing(job("done", NotSaved("disk full"), outputs=(FILE, LINK))) == "unsaved"


@pytest.mark.parametrize("error", [*PASSING, *THE_ROWS_OWN, UnknownOutcome("lost")], ids=lambda one: one.kind)
def test_no_end_is_both_a_pause_and_a_failure(error: StudioError) -> None:
    """What the run takes for no failure of the row, the next run takes for none, too."""
    now = isinstance(error, (*bulk.PASSING, *bulk.FINAL, Interrupted))
    if error.kind != "not_charged" and not isinstance(error, UnknownOutcome):
        assert now == (bulk.standing(job("failed", error)) == "left")


# --- sums, and what a yes covers --------------------------------------------------------------------------

AMOUNTS = st.lists(st.one_of(st.none(), st.integers(0, 10**6)), max_size=12)


@given(AMOUNTS, AMOUNTS)
def test_sums_are_by_gateway_and_count_what_nobody_knows_the_price_of(
    here: list[int | None], there: list[int | None]
) -> None:
    entries = [entry(amount=one) for one in here] + [entry(amount=one, gateway=OTHER) for one in there]
    found = {one.gateway.id: (one.rows, one.steps, one.unknown) for one in bulk.sums(entries)}
    wanted = {
        id: (len(rows), sum(one or 0 for one in rows), rows.count(None))
        for id, rows in (("ima", here), ("another", there))
        if rows
    }
    assert found == wanted


def test_a_yes_covers_these_rows_and_fewer_of_them() -> None:
    rows = [entry(id) for id in "abc"]
    yes = bulk.offered(rows)
    assert bulk.covered(yes, rows)
    assert bulk.covered(yes, rows[::-1][1:])
    assert not bulk.covered(yes, [*rows, entry("d")])
    assert not bulk.covered({}, rows)
    assert not bulk.covered({"rows": {}}, rows)


OTHERS: dict[str, Entry] = {
    "another price": entry("a", amount=6),
    "a price not known": entry("a", amount=None),
    "other words": entry("a", plan=plan(prompt="other")),
    "more of it": entry("a", plan=plan(n=2)),
    "another parameter": entry("a", plan=plan(values={"size": "2k"})),
    "a failed one made up for": entry("a", job=job("failed", ContentRefused("no"))),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_yes_covers_nothing_else_under_the_same_id(other: Entry) -> None:
    first = entry("a", plan=plan(billing=Billing(1, 5, 5, "points", "live")))
    assert bulk.covered(bulk.offered([first]), [entry("a")])
    assert not bulk.covered(bulk.offered([first]), [other])
    assert bulk.covered(bulk.offered([other]), [other])


def test_a_yes_to_make_up_for_one_failure_is_none_for_the_next() -> None:
    first = entry("a", job=job("failed", ContentRefused("no")))
    second = entry("a", job=job("failed", ContentRefused("no"), id="def"))
    assert not bulk.covered(bulk.offered([first]), [second])


# --- how it ends -----------------------------------------------------------------------------------------


def ends(*states: str, shut: tuple[StudioError, ...] = (), interrupted: bool = False) -> int:
    fault = tally.fault([entry(state=state) for state in states], shut, interrupted=interrupted)
    return fault.exit_code if fault else 0


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (("done",), 0),
        (("done", "failed"), 8),
        (("done", "partly"), 8),
        (("done", "unknown"), 9),
        (("done", "unsaved"), 13),
        (("done", "running"), 5),
        (("failed", "unknown"), 9),
        (("failed", "unsaved", "running"), 8),
        (("unsaved", "running"), 13),
    ],
)
def test_the_worst_of_the_rows_is_the_end(states: tuple[str, ...], code: int) -> None:
    assert ends(*states) == code
    assert ends(*states[::-1]) == code


@pytest.mark.parametrize(
    "why", [NoCredit("x"), KeyProblem("x"), OverLimit("x"), NeedsApproval("x"), RateLimited("x")]
)
def test_what_stopped_the_buying_is_the_end_unless_something_may_be_bought(why: StudioError) -> None:
    assert ends("done", "left", "failed", "running", shut=(why,)) == why.exit_code
    assert ends("left", "unknown", shut=(why,)) == 9
    assert ends("left", "unknown", shut=(why,), interrupted=True) == 130


def test_only_what_failed_is_said_to_be_bought_again() -> None:
    def said(*states: str) -> str:
        fault = tally.fault([entry(state=state) for state in states], (), interrupted=False)
        return fault.message if fault else ""

    assert said("done", "partly", "left") == "1 of 3 rows were made in part. 1 were not begun."
    assert said("failed", "partly", "failed").endswith("made in part. --retry-failed buys what failed.")


def test_rows_that_are_left_are_never_called_well() -> None:
    assert ends("done", "left") != 0


def test_every_state_is_counted_and_none_twice() -> None:
    entries = [entry(state=state) for state in bulk.STATES for _ in range(2)]
    assert tally.counts(entries) == dict.fromkeys(bulk.STATES, 2)
    assert NotSaved in {type(tally.fault([entry(state="unsaved")], (), interrupted=False))}
    assert not issubclass(LedgerError, bulk.PASSING)


def test_what_was_bought_before_is_no_cost_of_this_command() -> None:
    old, new = entry(job=submitted(0.0, "old"), state="running"), entry()
    new.job = submitted(0.0, "new")
    for one in (old, new):
        one.state, one.before = "done", False
    made = tally.whole([old, new], Voice("en"), event="batch", error=None)

    assert [(cost["rows"], cost["quoted"]) for cost in made["cost"]] == [(1, 5)]
