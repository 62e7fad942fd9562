"""The record's side of "nothing is bought twice": orders, leases, parking, burying, forgetting, telling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offers import GATEWAY
from parts import plan
from studio.errors import StudioError, UnknownOutcome, UsageError
from studio.ledger import LEASE, Ledger
from studio.names import RUNNING
from studio.order import Order
from studio.types import Job, Limits, Output, Saved, Submitted, TaskRef
from support import FakeClock
from test_store import FILE, together

ERROR = {"kind": "x", "exit": 9, "message": "…"}
SAVED = Saved("image", "/out/1.png", "https://cdn.example.com/1", "image/png", 9, "ab" * 32, 64, 48)
ORDER = Order(gateway=GATEWAY, fingerprint="f", asked="a")
SCRIPT = """
ledger = Ledger(Path({file!r}), FakeClock())
job, ours = ledger.begin(PLAN, "/out", Order(gateway=GATEWAY, fingerprint="f", asked="a", key={key!r}))
print(job.id, ours)
"""


def to(ledger: Ledger, id: str, state: str) -> None:
    """From the intent to a state."""
    if state in {"submitted", "done", "unsaved", "unknown", "sending"}:
        ledger.sending(id)
    if state in {"submitted", "done", "unsaved"}:
        ledger.submitted(id, Submitted(TaskRef("ima", f"task-{id}", 0.0)))
    ends: dict[str, Callable[[], object]] = {
        "done": lambda: ledger.done(id, (SAVED,), None, None),
        "unsaved": lambda: ledger.done(id, (Output("image", "https://x"),), None, ERROR),
        "unknown": lambda: ledger.unknown(id, ERROR),
        "failed": lambda: ledger.failed(id, ERROR),
        "cancelled": lambda: ledger.cancelled(id, ERROR),
    }
    if state in ends:
        ends[state]()


def failed_by_vendor(ledger: Ledger, id: str) -> None:
    to(ledger, id, "submitted")
    ledger.failed(id, ERROR)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "l"


@pytest.fixture
def ledger(file: Path, clock: FakeClock) -> Iterator[Ledger]:
    made = Ledger(file, clock)
    yield made
    made.close()


@pytest.fixture
def other(file: Path, clock: FakeClock, ledger: Ledger) -> Iterator[Ledger]:
    """Another process, at the same time."""
    made = Ledger(file, clock)
    yield made
    made.close()


def begin(ledger: Ledger, order: Order = ORDER) -> tuple[Job, bool]:
    return ledger.begin(plan(), "/out", order)


# --- the same once more -----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", RUNNING)
def test_what_runs_is_returned_and_not_begun_again(ledger: Ledger, other: Ledger, state: str) -> None:
    first, ours = begin(ledger)
    to(ledger, first.id, state)
    second, theirs = begin(other)

    assert (ours, theirs) == (True, False)
    assert (second.id, second.state) == (first.id, state)
    assert len(ledger.newest(9)) == 1


@pytest.mark.parametrize("state", ["done", "unsaved", "failed", "cancelled"])
def test_what_is_over_is_no_obstacle(ledger: Ledger, other: Ledger, state: str) -> None:
    first, _ = begin(ledger)
    to(ledger, first.id, state)
    second, ours = begin(other)
    assert (second.id != first.id, ours) == (True, True)


def test_what_may_have_been_bought_stops_the_same_and_names_the_job(ledger: Ledger, other: Ledger) -> None:
    lost, _ = begin(ledger)
    to(ledger, lost.id, "unknown")
    with pytest.raises(UnknownOutcome) as stopped:
        begin(other)

    assert (stopped.value.kind, stopped.value.exit_code) == ("maybe_bought", 9)
    assert stopped.value.about == {"job": lost.id}
    assert lost.id in (stopped.value.detail or "")
    assert len(ledger.newest(9)) == 1
    assert begin(other, replace(ORDER, fingerprint="another", asked="another"))[1] is True


def test_one_that_may_have_been_bought_counts_although_another_runs(ledger: Ledger, other: Ledger) -> None:
    lost, _ = begin(ledger)
    to(ledger, lost.id, "unknown")
    begin(ledger, replace(ORDER, forced=True))
    with pytest.raises(UnknownOutcome, match=lost.id):
        begin(other)


@pytest.mark.parametrize("state", [*RUNNING, "unknown"])
def test_another_can_be_forced(ledger: Ledger, other: Ledger, state: str) -> None:
    first, _ = begin(ledger)
    to(ledger, first.id, state)
    second, ours = begin(other, replace(ORDER, forced=True, token="t"))
    assert (second.id != first.id, ours) == (True, True)
    third, theirs = begin(ledger, replace(ORDER, forced=True, token="t"))  # the same yes once more
    assert (third.id, theirs) == (second.id, False)


def test_jobs_without_an_order_are_never_the_same(ledger: Ledger) -> None:
    assert ledger.begin(plan(), "/out")[0].id != ledger.begin(plan(), "/out")[0].id


class NoYes(Exception):
    pass


def says_no() -> None:
    raise NoYes


def test_a_new_job_is_agreed_on_first_and_without_a_yes_there_is_none(ledger: Ledger) -> None:
    with pytest.raises(NoYes):
        begin(ledger, replace(ORDER, agree=says_no))
    assert ledger.newest(9) == ()
    assert ledger.accounts.spent_today("ima") == 0


@pytest.mark.parametrize("state", RUNNING)
def test_for_what_runs_nobody_is_asked_again(ledger: Ledger, state: str) -> None:
    first, _ = begin(ledger)
    to(ledger, first.id, state)
    assert begin(ledger, replace(ORDER, agree=says_no))[0].id == first.id


def test_a_job_that_died_meanwhile_lends_nobody_its_yes(ledger: Ledger, clock: FakeClock) -> None:
    begin(ledger)
    clock.sleep(LEASE + 1)
    with pytest.raises(NoYes):
        begin(ledger, replace(ORDER, agree=says_no))
    assert len(ledger.newest(9)) == 1


# --- keys and tokens --------------------------------------------------------------------------------------

NAMED = {"key": "message-1"}, {"token": "abc"}


@pytest.mark.parametrize("name", NAMED, ids=["key", "token"])
@pytest.mark.parametrize("state", [*RUNNING, "done", "unsaved", "vendor failed"])
def test_a_key_or_a_used_token_stands_for_its_job(
    ledger: Ledger, other: Ledger, name: dict[str, str], state: str
) -> None:
    order = replace(ORDER, **name)  # type: ignore[arg-type]
    first, _ = begin(ledger, order)
    (failed_by_vendor if state == "vendor failed" else lambda made, id: to(made, id, state))(ledger, first.id)
    later = replace(order, fingerprint="of another day's list")

    named = other.named(later)
    assert named is not None
    assert named.id == first.id
    assert begin(other, later)[0].id == first.id
    assert begin(other, replace(later, forced=True))[0].id == first.id
    assert begin(other, later)[1] is False


@pytest.mark.parametrize("name", NAMED, ids=["key", "token"])
def test_a_key_or_a_token_of_what_was_cancelled_stays_with_it(ledger: Ledger, name: dict[str, str]) -> None:
    order = replace(ORDER, **name)  # type: ignore[arg-type]
    first, _ = begin(ledger, order)
    to(ledger, first.id, "cancelled")
    assert begin(ledger, order) == (ledger.get(first.id), False)


@pytest.mark.parametrize("name", NAMED, ids=["key", "token"])
@pytest.mark.parametrize("state", ["failed", "abandoned", "not charged"])
def test_a_key_or_a_token_is_free_again_where_nothing_was_bought(
    ledger: Ledger, clock: FakeClock, name: dict[str, str], state: str
) -> None:
    order = replace(ORDER, **name)  # type: ignore[arg-type]
    first, _ = begin(ledger, order)
    if state == "abandoned":
        clock.sleep(LEASE + 1)
    elif state == "not charged":
        to(ledger, first.id, "unknown")
        ledger.not_charged(first.id, ERROR)
    else:
        to(ledger, first.id, state)
    second, ours = begin(ledger, order)

    assert (second.id != first.id, ours) == (True, True)
    named = ledger.named(order)
    assert named is not None
    assert named.id == second.id


@pytest.mark.parametrize("name", NAMED, ids=["key", "token"])
def test_a_key_or_a_token_that_met_a_running_job_stands_for_it_from_then_on(
    ledger: Ledger, name: dict[str, str]
) -> None:
    first, _ = begin(ledger, ORDER)
    order = replace(ORDER, **name)  # type: ignore[arg-type]
    assert begin(ledger, order)[0].id == first.id
    to(ledger, first.id, "done")
    assert begin(ledger, order) == (ledger.get(first.id), False)
    assert begin(ledger, ORDER)[1] is True


def test_the_same_is_known_by_what_was_asked_although_the_list_changed(ledger: Ledger) -> None:
    first, _ = begin(ledger, replace(ORDER, fingerprint="as the list was", asked="the same wish"))
    assert begin(ledger, replace(ORDER, fingerprint="as it is", asked="the same wish"))[0].id == first.id


def test_a_token_is_used_while_its_purchase_stands(ledger: Ledger) -> None:
    assert ledger.names.used("t") is False
    first, _ = begin(ledger, replace(ORDER, token="t"))
    assert (ledger.names.used("t"), ledger.names.used("another")) == (True, False)
    ledger.failed(first.id, ERROR)
    assert ledger.names.used("t") is False


@pytest.mark.parametrize("name", NAMED, ids=["key", "token"])
def test_a_key_or_a_token_of_what_may_have_been_bought_stops(ledger: Ledger, name: dict[str, str]) -> None:
    order = replace(ORDER, **name)  # type: ignore[arg-type]
    to(ledger, begin(ledger, order)[0].id, "unknown")
    with pytest.raises(UnknownOutcome):
        begin(ledger, replace(order, fingerprint="another"))
    if order.token:  # one yes, one purchase
        with pytest.raises(UnknownOutcome):
            begin(ledger, replace(order, fingerprint="another", forced=True))


def test_a_key_goes_over_to_what_is_bought_in_place_of_the_unknown(ledger: Ledger) -> None:
    order = replace(ORDER, key="k")
    to(ledger, begin(ledger, order)[0].id, "unknown")
    second, ours = begin(ledger, replace(order, token="yes", forced=True))
    assert ours is True
    to(ledger, second.id, "done")
    assert begin(ledger, order) == (ledger.get(second.id), False)


def test_a_key_of_another_request_is_a_matter_of_usage(ledger: Ledger) -> None:
    first, _ = begin(ledger, replace(ORDER, key="k"))
    for ask in (begin, Ledger.named):
        with pytest.raises(UsageError, match=first.id) as refused:
            ask(ledger, replace(ORDER, key="k", asked="something else", fingerprint="g"))
        assert (refused.value.kind, refused.value.exit_code) == ("key_reused", 2)


# --- at once ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["message-1", None])
def test_of_processes_that_begin_the_same_at_once_one_has_to_pay(home: Path, key: str | None) -> None:
    made = together(8, SCRIPT.format(file=str(home / FILE), key=key))
    assert len({one.split()[0] for one in made}) == 1
    assert [one.split()[1] for one in made].count("True") == 1


# --- forgetting and telling -------------------------------------------------------------------------------

STATES = ("intent", "sending", "submitted", "done", "unsaved", "failed", "cancelled", "unknown", "parked")


@settings(max_examples=25, deadline=None)
@given(states=st.lists(st.tuples(st.sampled_from(STATES), st.booleans()), max_size=8))
def test_purge_takes_what_ended_long_ago_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, states: list[tuple[str, bool]]
) -> None:
    clock = FakeClock()
    ledger = Ledger(tmp_path_factory.mktemp("p") / "l", clock)
    stays = set()
    for n, (state, old) in enumerate(states):
        clock.now = FakeClock().now + (0 if old else 10)
        job, _ = begin(ledger, replace(ORDER, fingerprint=str(n), asked=str(n)))
        ledger.park(job.id) if state == "parked" else to(ledger, job.id, state)
        if not old or state not in {"done", "failed", "cancelled"}:
            stays.add(job.id)
    spent = ledger.accounts.spent_today("ima")

    assert ledger.past.forget(FakeClock().now + 5).jobs == len(states) - len(stays)
    assert {job.id for job in ledger.newest(99)} == stays
    for table in ("events", "outputs"):
        assert {row["job"] for row in ledger._store.rows(f"SELECT job FROM {table}")} <= stays
    assert ledger.accounts.spent_today("ima") == spent
    ledger.close()


@pytest.mark.parametrize("state", STATES)
def test_only_an_end_can_be_told_and_the_first_time_counts(
    ledger: Ledger, clock: FakeClock, state: str
) -> None:
    job, _ = begin(ledger)
    ledger.park(job.id) if state == "parked" else to(ledger, job.id, state)
    ledger.handed_out(job.id)
    told = clock.time() if state in {"done", "unsaved", "failed", "cancelled", "unknown"} else None
    assert ledger.get(job.id).handed_out_at == told
    clock.sleep(60)
    ledger.handed_out(job.id)
    assert told is None or ledger.get(job.id).handed_out_at == told


def test_what_turned_out_to_be_bought_is_told_anew(ledger: Ledger) -> None:
    job, _ = begin(ledger)
    to(ledger, job.id, "unknown")
    ledger.handed_out(job.id)
    ledger.submitted(job.id, Submitted(TaskRef("ima", "found", 0.0)))
    ledger.done(job.id, (SAVED,), None, None)
    assert ledger.get(job.id).handed_out_at is None


def test_jobs_are_found_by_state_user_and_time(ledger: Ledger, clock: FakeClock) -> None:
    made = []
    for n, (user, state) in enumerate([("a", "done"), ("b", "unknown"), ("a", "intent"), ("b", "failed")]):
        job, _ = ledger.begin(plan(user_id=user), "/out", Order(fingerprint=str(n)))
        to(ledger, job.id, state)
        made.append(job.id)
        clock.sleep(1)

    def found(**wanted: Any) -> list[int]:
        return [made.index(job.id) for job in ledger.newest(9, **wanted)]

    assert found() == [3, 2, 1, 0]
    assert found(only_open=True) == [2, 1]
    assert found(user_id="a") == [2, 0]
    assert found(user_id="a", only_open=True) == [2]
    assert found(since=FakeClock().now + 1) == [3, 2, 1]
    assert found(user_id="nobody") == []


def test_a_task_is_found_by_its_gateway_and_id(ledger: Ledger) -> None:
    job, _ = begin(ledger)
    to(ledger, job.id, "submitted")
    assert ledger.with_task("ima", f"task-{job.id}") == job.id
    assert ledger.with_task("elsewhere", f"task-{job.id}") is None


def test_a_refusal_by_a_limit_leaves_the_dead_buried_or_to_be_buried(
    ledger: Ledger, clock: FakeClock
) -> None:
    job, _ = begin(ledger)
    clock.sleep(LEASE + 1)
    held = replace(GATEWAY, limits=Limits(per_day=4))
    with pytest.raises(StudioError):
        begin(ledger, Order(gateway=held, fingerprint="g"))
    ledger.settle()
    assert (ledger.get(job.id).state, ledger.accounts.spent_today("ima")) == ("abandoned", 0)
