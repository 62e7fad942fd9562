"""Limits to the point, whatever becomes of the jobs; tokens; what was spent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offers import GATEWAY
from parts import plan
from studio.accounts import TOKEN_LIFE, Spending
from studio.errors import OverLimit
from studio.ledger import Ledger
from studio.order import Order
from studio.types import Gateway, Limits, Plan, Submitted, TaskRef, Unit
from support import FakeClock
from test_store import FILE, together

DAY = 86400.0
ERROR = {"kind": "x"}
SCRIPT = """
held = replace(GATEWAY, limits=Limits(per_day=100))
wish = replace(PLAN, billing=replace(PLAN.billing, amount=7))
ledger = Ledger(Path({file!r}), FakeClock())
for n in range(10):
    try:
        job, _ = ledger.begin(wish, "/out", Order(held))
        print(job.id)
    except OverLimit:
        pass
"""


def costs(steps: int | None, user: str | None = None) -> Plan:
    return plan(billing=replace(plan().billing, amount=steps), user_id=user)


def limited(**limits: int | None) -> Gateway:
    return replace(GATEWAY, limits=Limits(**limits))  # type: ignore[arg-type]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: FakeClock) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "l", clock)
    yield made
    made.close()


def begin(ledger: Ledger, steps: int | None, user: str | None = None, **limits: int | None) -> str:
    return _begun(ledger, costs(steps, user), limited(**limits))


# --- a claim and its end, against a model -----------------------------------------------------------------


def refused(ledger: Ledger, id: str) -> None:
    ledger.sending(id)
    ledger.failed(id, ERROR)


def dead(ledger: Ledger, id: str) -> None:
    """Its process died before the paid request."""
    with ledger._store.transaction() as db:
        db.execute("UPDATE jobs SET lease = 0 WHERE id = ?", (id,))
    ledger.settle()


def dead_sending(ledger: Ledger, id: str) -> None:
    ledger.sending(id)
    dead(ledger, id)


def accepted(ledger: Ledger, id: str) -> None:
    ledger.sending(id)
    ledger.submitted(id, Submitted(TaskRef("ima", id, 0.0)))


def failed_by_vendor(ledger: Ledger, id: str) -> None:
    accepted(ledger, id)
    ledger.failed(id, ERROR)


def done(ledger: Ledger, id: str) -> None:
    accepted(ledger, id)
    ledger.done(id, (), None, None)


def lost(ledger: Ledger, id: str) -> None:
    ledger.sending(id)
    ledger.unknown(id, ERROR)


def found(ledger: Ledger, id: str) -> None:
    lost(ledger, id)
    ledger.submitted(id, Submitted(TaskRef("ima", id, 0.0)))


def not_charged(ledger: Ledger, id: str) -> None:
    lost(ledger, id)
    ledger.failed(id, ERROR)


def found_and_failed(ledger: Ledger, id: str) -> None:
    found(ledger, id)
    ledger.failed(id, ERROR)


def tried_again(ledger: Ledger, id: str) -> None:
    ledger.sending(id)
    ledger.back_to_intent(id)


def purged(ledger: Ledger, id: str) -> None:
    done(ledger, id)
    ledger.past.forget(ledger._clock.time() + 1)


Fate = Callable[[Ledger, str], object]
UNDER_WAY: tuple[Fate, ...] = (lambda ledger, id: None, tried_again)
KEPT: tuple[Fate, ...] = (
    accepted,
    failed_by_vendor,
    done,
    lost,
    dead_sending,
    found,
    found_and_failed,
    purged,
)
RELEASED: tuple[Fate, ...] = (
    refused,
    not_charged,
    dead,
    lambda ledger, id: ledger.failed(id, ERROR),
    lambda ledger, id: ledger.cancelled(id, ERROR),
)


@pytest.mark.parametrize("fate", [*UNDER_WAY, *KEPT, *RELEASED])
@pytest.mark.parametrize("user", [None, "someone"])
def test_a_claim_is_given_back_where_nothing_was_bought_and_kept_otherwise(
    ledger: Ledger, fate: Fate, user: str | None
) -> None:
    fate(ledger, begin(ledger, 7, user))
    left = 0 if fate in RELEASED else 7

    assert ledger.accounts.spent_today("ima") == left
    assert ledger.accounts.spent_today("ima", user or "") == left
    if fate is not purged:
        assert sum(row.quoted for row in ledger.accounts.spending(0.0)) == left


@dataclass(frozen=True)
class Try:
    steps: int | None
    user: str | None
    fate: Fate
    later: int  # hours that pass before


TRIES = st.builds(
    Try,
    steps=st.none() | st.integers(0, 40),
    user=st.sampled_from([None, "a", "b"]),
    fate=st.sampled_from([*KEPT, *RELEASED]),
    later=st.sampled_from([0, 0, 0, 1, 24]),
)


@settings(max_examples=40, deadline=None)
@given(
    tries=st.lists(TRIES, max_size=10),
    per_day=st.none() | st.integers(0, 100),
    per_user=st.none() | st.integers(0, 60),
)
def test_the_counters_are_the_sum_of_what_is_not_released_and_no_limit_is_passed(
    tries: list[Try], per_day: int | None, per_user: int | None
) -> None:
    clock = FakeClock()
    kept: dict[tuple[str, str | None], int] = {}  # day and user -> steps
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "l", clock)
        for one in tries:
            clock.sleep(one.later * 3600.0)
            today = ledger.accounts.today
            mine = kept.get((today, one.user), 0)
            everybodys = sum(steps for (day, _), steps in kept.items() if day == today)
            held = limited(per_day=per_day, per_user=per_user)
            fits = one.steps is None or (
                (per_day is None or everybodys + one.steps <= per_day)
                and (per_user is None or mine + one.steps <= per_user)
            )
            made = costs(one.steps, one.user)
            assert _fits(ledger.accounts.check, made, held) is fits
            assert _fits(partial(_lives, ledger, one.fate), made, held) is fits
            kept[today, one.user] = mine + (one.steps or 0) * (fits and one.fate in KEPT)
            _agrees(ledger, kept)
        ledger.close()


def _begun(ledger: Ledger, made: Plan, held: Gateway) -> str:
    return ledger.begin(made, "/out", Order(held))[0].id


def _lives(ledger: Ledger, fate: Fate, made: Plan, held: Gateway) -> None:
    fate(ledger, _begun(ledger, made, held))


def _fits(act: Callable[[Plan, Gateway], None], made: Plan, held: Gateway) -> bool:
    try:
        act(made, held)
    except OverLimit:
        return False
    return True


def _agrees(ledger: Ledger, kept: dict[tuple[str, str | None], int]) -> None:
    today = ledger.accounts.today
    assert ledger.accounts.spent_today("ima") == sum(
        steps for (day, _), steps in kept.items() if day == today
    )
    for user in (None, "a", "b"):
        assert ledger.accounts.spent_today("ima", user or "") == kept.get((today, user), 0)


# --- limits -----------------------------------------------------------------------------------------------


def test_a_limit_is_reached_and_not_passed(ledger: Ledger) -> None:
    for _ in range(3):
        begin(ledger, 5, per_day=15)
    with pytest.raises(OverLimit, match="of the 15 points that may be spent today, 0 points are left") as no:
        begin(ledger, 1, per_day=15)

    assert no.value.about == {"left": "0", "limit": "15"}
    assert (no.value.exit_code, no.value.charged, no.value.retry) == (11, "no", "never")
    assert len(ledger.newest(99)) == 3  # nothing of the refused one is on record
    assert begin(ledger, 0, per_day=15)
    assert begin(ledger, 1, per_day=16)  # the limit of the moment counts


def test_a_users_limit_is_that_users_alone(ledger: Ledger) -> None:
    begin(ledger, 10, "a", per_user=10)
    with pytest.raises(OverLimit, match="by this user"):
        begin(ledger, 1, "a", per_user=10)
    assert begin(ledger, 10, "b", per_user=10)
    assert begin(ledger, 10, None, per_user=10)
    with pytest.raises(OverLimit, match="today, 20 points are left"):
        begin(ledger, 21, "c", per_day=50, per_user=30)


def test_a_refusal_by_one_limit_counts_nothing_against_the_other(ledger: Ledger) -> None:
    with pytest.raises(OverLimit):
        begin(ledger, 10, "a", per_day=100, per_user=5)
    assert (ledger.accounts.spent_today("ima"), ledger.accounts.spent_today("ima", "a")) == (0, 0)


def test_another_gateway_has_counters_of_its_own(ledger: Ledger) -> None:
    begin(ledger, 10)
    elsewhere = replace(GATEWAY, id="elsewhere", limits=Limits(per_day=10))
    ledger.begin(replace(costs(10), gateway="elsewhere"), "/out", Order(elsewhere))

    assert [ledger.accounts.spent_today(id) for id in ("ima", "elsewhere")] == [10, 10]


def test_another_day_begins_at_nothing_and_what_ends_later_counts_for_its_own_day(
    ledger: Ledger, clock: FakeClock
) -> None:
    first = begin(ledger, 10, per_day=10)
    clock.sleep(DAY)
    begin(ledger, 10, per_day=10)
    ledger.failed(first, ERROR)  # yesterday's

    assert ledger.accounts.spent_today("ima") == 10
    clock.now -= DAY
    assert ledger.accounts.spent_today("ima") == 0


def test_a_price_that_is_not_known_claims_nothing_and_is_listed_apart(ledger: Ledger) -> None:
    begin(ledger, 10, "a", per_day=10)
    begin(ledger, None, "a", per_day=10)

    assert ledger.accounts.spent_today("ima") == 10
    (row,) = ledger.accounts.spending(0.0)
    assert row == Spending("ima", ledger.accounts.today, "a", 2, 10, None, 1)


def test_amounts_are_said_in_the_gateways_unit(ledger: Ledger) -> None:
    cents = replace(GATEWAY, unit=Unit("credits", 2), limits=Limits(per_day=100))
    ledger.begin(costs(71), "/out", Order(cents))
    with pytest.raises(OverLimit, match=r"costs 0\.3 credits; of the 1 credits .* 0\.29 credits are left"):
        ledger.begin(costs(30), "/out", Order(cents))
    assert ledger.begin(costs(29), "/out", Order(cents))[1]


def test_processes_at_once_stay_below_a_limit_to_the_point(home: Path) -> None:
    made = " ".join(together(6, SCRIPT.format(file=str(home / FILE)))).split()
    ledger = Ledger(home / FILE, FakeClock())

    assert len(made) == len(ledger.newest(99)) == 14  # of 60; 14 * 7 = 98
    assert ledger.accounts.spent_today("ima") == 98


def test_a_job_without_a_claim_gives_none_back(ledger: Ledger) -> None:
    begin(ledger, 5)
    unclaimed, _ = ledger.begin(costs(5), "/out")
    ledger.failed(unclaimed.id, ERROR)
    assert ledger.accounts.spent_today("ima") == 5


# --- what was spent ---------------------------------------------------------------------------------------


def test_spending_is_told_by_day_and_user_with_what_the_vendor_charged(
    ledger: Ledger, clock: FakeClock
) -> None:
    refused(ledger, begin(ledger, 40, "a"))
    done(ledger, begin(ledger, 5, "a"))
    first_day = ledger.accounts.today
    clock.sleep(DAY)
    lost(ledger, begin(ledger, 3))
    for _ in range(2):
        id = begin(ledger, 4, "b")
        accepted(ledger, id)
        ledger.done(id, (), 6, None)

    today = ledger.accounts.today
    assert ledger.accounts.spending(0.0) == (
        Spending("ima", today, None, 1, 3, None, 0),
        Spending("ima", today, "b", 2, 8, 12, 0),
        Spending("ima", first_day, "a", 1, 5, None, 0),
    )
    assert {row.day for row in ledger.accounts.spending(clock.now)} == {today}


# --- tokens -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "good"), [(0, True), (TOKEN_LIFE, True), (TOKEN_LIFE + 1, False), (-30, True), (-3600, False)]
)
def test_a_token_says_yes_for_ten_minutes(
    ledger: Ledger, clock: FakeClock, seconds: float, good: bool
) -> None:
    terms: dict[str, Any] = {"prompt": "一座灯塔", "price": 5, "parameters": {"size": "4k"}}
    token = ledger.accounts.approve(terms)
    clock.now += seconds
    assert ledger.accounts.approved(token) == (terms if good else None)
    assert TOKEN_LIFE == 600


def test_a_word_that_is_no_token_stands_for_nothing(ledger: Ledger) -> None:
    token = ledger.accounts.approve({})
    assert [ledger.accounts.approved(word) for word in ("", "%", token[:-1], token.upper())] == [None] * 4


def test_tokens_are_different_and_outlive_the_process(ledger: Ledger, tmp_path: Path) -> None:
    tokens = {ledger.accounts.approve({"n": n}): n for n in range(50)}
    other = Ledger(tmp_path / "l", FakeClock())
    assert {token: (other.accounts.approved(token) or {})["n"] for token in tokens} == tokens


def test_tokens_of_days_ago_are_swept_out(ledger: Ledger, clock: FakeClock) -> None:
    ledger.accounts.approve({})
    clock.sleep(2 * DAY)
    ledger.accounts.approve({})
    (count,) = ledger._store.rows("SELECT COUNT(*) FROM approvals")
    assert count[0] == 1
