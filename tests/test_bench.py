"""The bench in small: a few kinds of jobs, fewer draws, and whether it measures against what it says."""

from __future__ import annotations

import ast
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import polling
from bench.table import Row, text
from studio import catalogue
from support import ROOT

QUICK = {kind.names[0]: kind for kind in polling.kinds() if kind.floor <= 10 and kind.estimate[1] <= 240}


@pytest.mark.parametrize("kind", QUICK.values(), ids=[kind.name for kind in QUICK.values()])
def test_what_ends_is_known_as_soon_as_it_must_be_for_no_more_polls_than_it_may(kind: polling.Kind) -> None:
    random.seed(4)
    made = list(polling.rows_of(kind, 100))

    assert [row for row in made if not row.ok] == []
    assert len(made) >= 9


def test_every_range_that_a_catalogue_expects_is_measured() -> None:
    found = {(kind.estimate, kind.floor) for kind in polling.kinds()}

    assert {(model.estimate, model.poll_every) for model in catalogue.models()} < found
    assert {((3600, 172800), 600), ((30, 120), 20), ((60, 600), 10)} <= found


@given(
    shortest=st.integers(0, 100),
    length=st.integers(1, 100),
    floor=st.integers(1, 60),
    first=st.floats(0, 1),
    gaps=st.lists(st.floats(1.0, 3.0), min_size=101, max_size=101),
)
def test_no_schedule_is_better_than_the_best(
    shortest: int, length: int, floor: int, first: float, gaps: list[float]
) -> None:
    """Any first poll, and gaps of any length that is not below the floor."""
    longest, at = shortest + length, shortest + first * length
    polls = [at]
    for gap in gaps:
        polls.append(polls[-1] + gap * floor)
    begun, lags = float(shortest), 0.0
    for poll in polls:
        ended = min(poll, longest)
        lags += ((poll - begun) ** 2 - (poll - ended) ** 2) / 2 if begun < ended else 0.0
        begun = max(begun, ended)

    assert polling.best_lag(shortest, longest, floor) <= lags / length + 1e-6


def test_the_best_schedule_ends_on_the_longest_duration() -> None:
    assert polling.best_lag(30, 60, 2) == 1.0
    assert polling.best_lag(40, 90, 8) == pytest.approx((6 * 64 + 4) / 100)
    assert polling.best_lag(40, 44, 8) == 2.0


def test_the_reference_client_imports_nothing_but_what_such_a_script_needs() -> None:
    tree = ast.parse((ROOT / "tests" / "bench" / "reference.py").read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]

    assert all(isinstance(node, ast.Import) for node in found)
    assert {name.name for node in found for name in node.names} == {"argparse", "json", "time", "requests"}


def test_the_reference_client_asks_at_once_and_then_every_five_seconds() -> None:
    seen = polling.by_reference(12.0)

    assert (seen.known, seen.polls) == (15.0, 4)


@pytest.mark.parametrize(
    ("ours", "against", "ok"), [(1.1, 1.0, True), (1.2, 1.0, False), (0.8, 1.0, False), (0.0, 0.0, False)]
)
def test_a_row_that_is_missed_is_told(ours: float, against: float, ok: bool) -> None:
    row = Row("lag", ours, against, 1.15, least=0.9)

    assert row.ok is ok
    assert ("MISSED" in text([row])) is not ok
