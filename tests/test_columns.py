"""Text on a terminal is measured in cells, and fits the window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import columns
from studio.columns import Column, Screen, cut, table, width, wrapped

NAMED = (Column("JOB"), Column("COST", right=True), Column("PROMPT", cut=True))
ROWS = (("k3f9q2xa", "5 points", "一座黄昏的灯塔，油画，海面有雾"), ("b2", "18 points", "a red fox"))


@pytest.mark.parametrize(
    ("text", "cells"),
    [("fox", 3), ("灯塔", 4), ("横图 16:9", 9), ("café", 4), ("e\u0301", 1), ("，", 2), ("…", 1), ("🦊", 2)],
)
def test_a_chinese_character_takes_two_cells_and_an_accent_none(text: str, cells: int) -> None:
    assert width(text) == cells


@given(st.text(max_size=60), st.integers(2, 40))
def test_what_is_cut_fits_and_says_so(text: str, room: int) -> None:
    made = cut(text, room)
    assert width(made) <= room
    assert made == " ".join(text.split()) or made.endswith("…")
    assert "\n" not in made


@given(st.text("ab 灯塔，", max_size=80), st.integers(12, 40))
def test_what_is_wrapped_fits_and_loses_nothing(text: str, room: int) -> None:
    lines = wrapped(text, room)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width(line) <= room or line.isascii() for line in lines)


def test_a_path_or_a_link_is_never_broken() -> None:
    path = "/home/fox/" + "long/" * 20 + "a.png"
    assert wrapped(f"at {path} there", 40) == ["at", path, "there"]


@pytest.mark.parametrize("room", [42, 60, 200])
def test_columns_stand_under_each_other_also_in_chinese(room: int) -> None:
    lines = table(NAMED, ROWS, Screen(room))
    assert len(lines) == 3
    assert all(width(line) <= room for line in lines)
    starts = {
        width(line[: line.index(text)]) for line, text in zip(lines, ("PROMPT", "一", "a "), strict=True)
    }
    assert starts == {21}
    assert lines[1].endswith("…") == (room == 42)
    assert "  18 points" in lines[2]


def test_a_window_that_is_too_narrow_gets_a_block_for_each_row() -> None:
    lines = table(NAMED, ROWS, Screen(30))
    assert lines[:3] == ["k3f9q2xa", "  cost: 5 points", "  prompt: 一座黄昏的灯塔，油…"]
    assert all(width(line) <= 30 for line in lines)


def test_styles_change_no_width_and_stay_away_where_they_are_not_wanted() -> None:
    plain, styled = (table(NAMED, ROWS, Screen(80, colour), ["32", None]) for colour in (False, True))
    assert "\x1b" not in "".join(plain)
    assert styled[0] == f"\x1b[1m{plain[0]}\x1b[0m"
    assert styled[1] == f"\x1b[32mk3f9q2xa\x1b[0m{plain[1].removeprefix('k3f9q2xa')}"
    assert styled[2] == plain[2]


def test_names_stand_beside_what_is_said_of_them() -> None:
    lines = columns.pairs([("model", "Nano Banana"), ("none", ""), ("prompt", "a fox " * 6)], Screen(30))
    assert lines == ["model   Nano Banana", "prompt  a fox a fox a fox a", "        fox a fox a fox"]
