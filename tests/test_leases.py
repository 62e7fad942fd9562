"""A process that dies, sleeps or is parked: who may pay then, and what becomes of its job."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio import pulse
from studio.errors import Interrupted, StudioError
from studio.ledger import LEASE, PARKED, Ledger
from support import FakeClock
from test_claims import begin, to
from world import ACCEPTED, Way, refusal, world


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


# --- leases -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "becomes"), [("intent", "abandoned"), ("sending", "unknown")])
def test_a_process_that_is_gone_leaves_an_end(
    ledger: Ledger, other: Ledger, clock: FakeClock, state: str, becomes: str
) -> None:
    job, _ = begin(ledger)
    to(ledger, job.id, state)
    clock.sleep(LEASE)
    other.settle()
    assert other.get(job.id).state == state
    clock.sleep(0.5)
    other.settle()

    after = other.get(job.id)
    assert after.state == other.events(job.id)[-1] == becomes
    assert after.error is not None
    assert after.error["charged"] == ("no" if becomes == "abandoned" else "maybe")
    assert other.accounts.spent_today("ima") == (0 if becomes == "abandoned" else 5)
    assert (after.finished_at is None) is (becomes == "unknown")


@pytest.mark.parametrize("state", ["submitted", "done", "unknown", "failed"])
def test_where_no_process_is_needed_none_is_missed(ledger: Ledger, clock: FakeClock, state: str) -> None:
    job, _ = begin(ledger)
    to(ledger, job.id, state)
    before = ledger.get(job.id)
    clock.sleep(365 * 86400.0)
    ledger.settle()
    assert ledger.get(job.id) == before


@pytest.mark.parametrize("state", ["intent", "sending"])
def test_a_beating_process_lives(ledger: Ledger, other: Ledger, clock: FakeClock, state: str) -> None:
    job, _ = begin(ledger)
    to(ledger, job.id, state)
    for _ in range(20):
        clock.sleep(pulse.BEAT)
        ledger.beat(job.id)
        other.settle()
    assert other.get(job.id).state == state
    assert LEASE >= 3 * pulse.BEAT


def test_only_the_process_itself_beats_for_its_job(ledger: Ledger, other: Ledger, clock: FakeClock) -> None:
    job, _ = begin(ledger)
    clock.sleep(LEASE - 1)
    other.beat(job.id)
    clock.sleep(2)
    other.settle()
    assert other.get(job.id).state == "abandoned"


def test_another_connection_beats_on_behalf_of_its_process(
    ledger: Ledger, other: Ledger, clock: FakeClock
) -> None:
    job, _ = begin(ledger)
    other.on_behalf_of(ledger)
    clock.sleep(LEASE - 1)
    other.beat(job.id)
    clock.sleep(2)
    ledger.settle()
    assert ledger.get(job.id).state == "intent"


def test_a_pulse_beats_from_a_thread_until_the_block_ends(file: Path, ledger: Ledger) -> None:
    beats = threading.Semaphore(0)

    class Beating(Ledger):
        def beat(self, id: str) -> None:
            super().beat(id)
            beats.release()

    def again() -> Ledger:
        made = Beating(file, FakeClock(FakeClock().now + 100))
        made.on_behalf_of(ledger)
        return made

    job, _ = begin(ledger)
    with pulse.alive(job.id, again, beat=0.01):
        assert beats.acquire(timeout=10)
        assert beats.acquire(timeout=10)
    (row,) = ledger._store.rows("SELECT lease FROM jobs")
    assert row["lease"] == FakeClock().now + 100 + LEASE


def test_a_clock_that_was_set_back_leaves_no_job_alive_for_ever(
    ledger: Ledger, other: Ledger, clock: FakeClock
) -> None:
    job, _ = begin(ledger)
    clock.now -= 3600
    other.settle()
    assert other.get(job.id).state == "abandoned"


def test_a_clock_that_was_set_back_a_little_kills_nobody(
    ledger: Ledger, other: Ledger, clock: FakeClock
) -> None:
    job, _ = begin(ledger)
    clock.now -= 60
    other.settle()
    assert other.get(job.id).state == "intent"


def test_a_process_given_up_for_dead_cannot_pay(ledger: Ledger, other: Ledger, clock: FakeClock) -> None:
    job, _ = begin(ledger)
    clock.sleep(LEASE + 1)
    bought, ours = begin(other)
    assert (bought.id != job.id, ours) == (True, True)
    with pytest.raises(Interrupted) as late:
        ledger.sending(job.id)

    assert (late.value.kind, late.value.charged) == ("given_up", "no")
    assert ledger.get(job.id).state == "abandoned"


def test_a_job_that_another_took_up_is_not_paid_by_the_first(ledger: Ledger, other: Ledger) -> None:
    job, _ = begin(ledger)
    ledger.park(job.id)
    assert begin(other) == (other.get(job.id), True)
    with pytest.raises(Interrupted):
        ledger.sending(job.id)
    other.sending(job.id)


def test_a_buyer_that_stood_still_before_paying_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = world(tmp_path)
    other = Ledger(on.vendor.file, on.clock)

    def late_submit(*made: Any) -> Any:
        on.clock.now += 3600
        other.settle()

        return submit(*made)

    submit = on.vendor.submit_request
    monkeypatch.setattr(on.vendor, "submit_request", late_submit)
    with pytest.raises(Interrupted) as late:
        on.buy()
    assert (late.value.kind, on.vendor.count("pay"), on.job.state) == ("given_up", 0, "abandoned")


@pytest.mark.parametrize(("said", "state"), [(ACCEPTED, "submitted"), ("refused", "failed")])
def test_a_buyer_that_stood_still_while_paying_is_heard_after_all(
    tmp_path: Path, said: Any, state: str
) -> None:
    on = world(tmp_path)
    other = Ledger(on.vendor.file, on.clock)

    def stands_still() -> None:
        on.clock.now += 3600
        other.settle()
        assert on.job.state == "unknown"

    on.vendor.pays = [Way(stands_still, refusal("no_credit") if said == "refused" else said)]
    if said == "refused":
        with pytest.raises(StudioError):
            on.buy()
    else:
        on.buy()
    assert (on.job.state, on.vendor.count("pay")) == (state, 1)


def test_a_buyer_that_stood_still_does_not_send_again_what_was_refused_for_now(tmp_path: Path) -> None:
    """429, then an hour asleep: by then another may have bought the same."""
    on = world(tmp_path)
    other = Ledger(on.vendor.file, on.clock)

    def stands_still() -> None:
        on.clock.now += 3600
        other.settle()

    on.vendor.pays = [Way(stands_still, refusal("rate_limited")), ACCEPTED]
    with pytest.raises(Interrupted) as late:
        on.buy()
    assert (late.value.kind, on.vendor.count("pay"), on.job.state) == ("given_up", 1, "failed")


# --- parked -----------------------------------------------------------------------------------------------


def test_a_parked_job_is_taken_up_by_one_of_many(ledger: Ledger, other: Ledger, file: Path) -> None:
    job, _ = begin(ledger)
    ledger.park(job.id)
    assert begin(other) == (other.get(job.id), True)
    assert begin(ledger) == (ledger.get(job.id), False)
    assert len(ledger.newest(9)) == 1


def test_a_parked_job_waits_ten_minutes_and_is_then_given_up(
    ledger: Ledger, other: Ledger, clock: FakeClock
) -> None:
    job, _ = begin(ledger)
    ledger.park(job.id)
    ledger.beat(job.id)  # the thread that beats may come late
    clock.sleep(PARKED - 1)
    other.settle()
    assert other.get(job.id).state == "intent"
    clock.sleep(2)
    assert begin(other)[0].id != job.id
    assert other.get(job.id).state == "abandoned"


def test_what_is_paid_meanwhile_is_not_parked(ledger: Ledger) -> None:
    job, _ = begin(ledger)
    ledger.sending(job.id)
    with pytest.raises(Interrupted):
        ledger.park(job.id)
    assert begin(ledger) == (ledger.get(job.id), False)
