"""When two values mean the same, and which shapes come nearest."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.values import distinct, nearest, same

SCALARS = st.one_of(st.text(max_size=6), st.integers(), st.booleans(), st.floats(allow_nan=False), st.none())
SIDES = st.integers(1, 100)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1K", " 1k"),
        (True, "TRUE"),
        (5, "5"),
        ("14:6", "21:9"),
        ("16：9", "16 : 9"),
        ("512", "512px"),
        (512, "512PX"),
        ("1024×1024", "1024 * 1024"),
        (1.0, 1),
        ("2.50", 2.5),
        ("1.0", 1),
        ("４Ｋ", "4k"),
        ("512 px", "512px"),
        ("1 K", "1k"),
        ("16/9", "16:9"),
        ("16∶9", "16:9"),
    ],
)
def test_these_mean_the_same(one: Any, other: Any) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2:1", 2),
        (None, "none"),
        ("10²", "102"),
        (1.5, "1.50.0"),
        ("0:1", 0),
        (1, True),
        ("1", True),
        ("16:9", "9:16"),
        ("16:0", "0:0"),
        ("480p", "480"),
        ("px", ""),
        ("x", "×"),
    ],
)
def test_these_do_not(one: Any, other: Any) -> None:
    assert not same(one, other)


# A word has a letter: 0 and 00 are one number.
WORDS = st.text(alphabet="abcYZ019kK.", max_size=6).filter(lambda word: any(map(str.isalpha, word)))


@given(SCALARS, SCALARS)
def test_sameness_is_an_equivalence_and_never_fails(one: Any, other: Any) -> None:
    assert same(one, one)
    assert same(one, other) == same(other, one)


@given(WORDS, WORDS)
def test_plain_words_mean_the_same_when_only_their_case_differs(one: str, other: str) -> None:
    pressed = [word.strip().casefold() for word in (one, other)]
    assert same(one, other) == (pressed[0] == pressed[1])


def test_each_value_counts_once_as_it_was_first_written() -> None:
    assert distinct(["1K", "1k", 1, "1", True, "true", "2K"]) == ("1K", 1, True, "2K")


@given(SIDES, SIDES, st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=6, unique=True))
def test_the_nearer_a_shape_the_sooner_it_comes(wide: int, high: int, others: list[tuple[int, int]]) -> None:
    def far(ratio: tuple[int, int]) -> Fraction:
        stretch = Fraction(ratio[0], ratio[1]) / Fraction(wide, high)
        return max(stretch, 1 / stretch)

    found = [ratio.split(":") for ratio in nearest(f"{wide}:{high}", [f"{a}:{b}" for a, b in others])]
    assert [far((int(a), int(b))) for a, b in found] == sorted(map(far, others))


@pytest.mark.parametrize("asked", ["adaptive", "0:1", "1:0", "4K", None, 16])
def test_what_has_no_shape_is_near_to_nothing(asked: Any) -> None:
    assert nearest(asked, ["16:9", "1:1"]) == ()
    assert nearest("16:9", ["auto", "0:1", "4:3"]) == ("4:3",)
