"""The fault table itself: nothing of it is left out without a word."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fault_table import (
    test_rows_before_acceptance,
    test_rows_of_clocks,
    test_rows_of_hosts,
    test_rows_of_kills,
    test_rows_of_many,
    test_rows_of_waiting,
)
from fault_table.paid import PAID
from fault_table.rows import ABSENT, TABLE, WAYS
from studio import catalogue

MODULES = (
    test_rows_before_acceptance,
    test_rows_of_clocks,
    test_rows_of_hosts,
    test_rows_of_kills,
    test_rows_of_many,
    test_rows_of_waiting,
)
ALONE = {"many", "lease"}  # rows of one provider by hand: they say so in the lists too


def test_every_provider_of_the_registry_is_in_the_table_at_each_of_its_gateways() -> None:
    sold = [(model.provider, model.gateway) for model in catalogue.models()]
    assert [(paid.provider, paid.gateway) for paid in PAID.values()] == list(dict.fromkeys(sold))


def test_every_row_is_played_for_each_provider_or_its_list_says_why_not() -> None:
    for row, met in TABLE.items():
        functions = {name for name in TABLE if name.partition("[")[0] == row.partition("[")[0]}
        for who, ways in met.items():
            named = ABSENT[row] in PAID[who].absent
            others = any(TABLE[name][who] for name in functions)  # its faults are called otherwise
            assert named != bool(ways or others), (row, who)


def test_over_the_providers_every_row_is_played_in_both_ways() -> None:
    for row, met in TABLE.items():
        assert set().union(*met.values()) == set(WAYS), row


def test_no_list_names_a_row_that_there_is_not() -> None:
    known = {*filter(None, ABSENT.values()), *ALONE}
    for paid in PAID.values():
        assert set(paid.absent) <= known, paid.name
        assert all(len(why.split()) > 3 for why in paid.absent.values())


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_row_is_dealt_by_the_table(module: object) -> None:
    rows = {name for name in vars(module) if name.startswith("test_")}
    dealt = {row.partition("[")[0] for row in TABLE}
    by_hand: Mapping[str, str] = getattr(module, "BY_HAND", {})
    assert rows - dealt == set(by_hand)
