"""Ctrl-C and SIGTERM, by real signals."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from studio.interrupts import Interrupts

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a signal that nobody handles would end the tests
    made = Interrupts()
    made.install()
    yield made
    for number, handler in before.items():
        signal.signal(number, handler)


@BOTH
def test_a_signal_stops_at_once_where_nothing_is_being_paid(
    interrupts: Interrupts, number: signal.Signals
) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


def hold(interrupts: Interrupts, *numbers: signal.Signals, fail: bool = False) -> Iterator[str]:
    """A held block in which signals come; each is followed by a step that is yielded."""
    with interrupts.held():
        for number in numbers:
            signal.raise_signal(number)
            yield f"after {number.name}"
        if fail:
            raise LookupError


@BOTH
def test_the_first_signal_waits_for_the_paid_call_and_then_stops(
    interrupts: Interrupts, number: signal.Signals
) -> None:
    steps = hold(interrupts, number)
    assert next(steps) == f"after {number.name}"
    with pytest.raises(KeyboardInterrupt):
        next(steps)


@BOTH
def test_a_second_signal_is_not_made_to_wait(interrupts: Interrupts, number: signal.Signals) -> None:
    steps = hold(interrupts, signal.SIGINT, number)
    assert next(steps) == "after SIGINT"
    with pytest.raises(KeyboardInterrupt):
        next(steps)


def test_a_block_that_fails_says_why_rather_than_that_it_was_interrupted(interrupts: Interrupts) -> None:
    with pytest.raises(LookupError):
        list(hold(interrupts, signal.SIGINT, fail=True))


def test_a_signal_after_the_paid_call_stops_at_once_again(interrupts: Interrupts) -> None:
    assert list(hold(interrupts)) == []

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_signal_that_was_heard_is_not_heard_again(interrupts: Interrupts) -> None:
    with pytest.raises(KeyboardInterrupt):
        list(hold(interrupts, signal.SIGINT))

    assert list(hold(interrupts)) == []
    assert next(hold(interrupts, signal.SIGINT)) == "after SIGINT"
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_signal_during_a_block_that_fails_is_heard_before_the_next_begins(interrupts: Interrupts) -> None:
    with pytest.raises(LookupError):
        list(hold(interrupts, signal.SIGINT, fail=True))

    begun: list[bool] = []

    def block() -> None:
        with interrupts.held():
            begun.append(True)

    with pytest.raises(KeyboardInterrupt):
        block()
    assert begun == []
    block()
    assert begun == [True]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_python_throws_away_is_heard_before_the_next_wait(interrupts: Interrupts) -> None:
    """A KeyboardInterrupt that is raised in a finalizer is printed and dropped."""

    class Closing:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    Closing()
    with pytest.raises(KeyboardInterrupt):
        interrupts.hear()
    interrupts.hear()


@BOTH
def test_when_all_is_decided_a_signal_does_not_stop_what_is_being_said(
    interrupts: Interrupts, number: signal.Signals
) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    interrupts.ignore()
    signal.raise_signal(number)
    interrupts.hear()
    with interrupts.held():
        pass
    interrupts.listen()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
