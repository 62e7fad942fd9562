"""A caption is cut where a reader would cut it, and its link is whole or not there."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studio.captions import clip

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
THUMB = "\U0001f44d\U0001f3fd"
FLAG = "\U0001f1e9\U0001f1ea"
LETTER = "e\u0301\u0323"
HEART = "\u2764\ufe0f"
SYLLABLE = "\u1112\u1161\u11ab"
PILES = (FAMILY, THUMB, FLAG, LETTER, HEART, SYLLABLE, "1\ufe0f\u20e3", "\U00020000")
SIGNS = st.sampled_from([*PILES, "好", "图", "，", "a", "b", " ", "\n", "🎨"])
TEXTS = st.lists(SIGNS, max_size=40).map("".join) | st.text(max_size=60)
LINK = "🔗 https://cdn.example.com/1.png?sig=x"


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(TEXTS, st.integers(1, 80))
@example("\ud800" * 30, 20)
def test_a_text_fits_and_is_the_beginning_of_what_was_written(text: str, room: int) -> None:
    made = clip(text, room)

    assert units(made) <= room
    assert made == text or (made.endswith("…") and text.startswith(made[:-1]) and units(text) > room)


@given(TEXTS, st.integers(1, 80))
def test_no_sign_is_cut_in_two(text: str, room: int) -> None:
    made = clip(text, room)
    if made != text:
        left = text[len(made) - 1 :]
        assert not made[:-1].endswith("\u200d")
        assert unicodedata.category(left[0])[0] != "M"
        assert left[0] != "\u200d"


@pytest.mark.parametrize("sign", PILES)
@given(st.integers(1, 60))
def test_a_sign_of_several_parts_stays_in_one_piece(sign: str, room: int) -> None:
    made = clip(sign * 70, room)

    assert made == sign * ((room - 1) // units(sign)) + "…"


@given(st.lists(st.text("abcdefgh.:0123", min_size=1, max_size=9), min_size=10, max_size=40))
def test_a_word_is_not_cut_in_two(words: list[str]) -> None:
    text = " ".join(words)
    made = clip(text, 30)

    if made != text:
        kept = made.removesuffix("…").split()
        assert kept == words[: len(kept)]
        assert units(" ".join(words[: len(kept) + 1])) > 29  # and no more of them would fit


def test_a_word_without_an_end_is_cut_all_the_same() -> None:
    assert clip("a " + "x" * 100, 30) == "a " + "x" * 27 + "…"
    assert clip("做好了 " + "x" * 100, 12) == "做好了 xxxxxxx…"


@pytest.mark.parametrize(
    ("text", "room", "made"),
    [
        ("一只橙色的猫坐在窗边", 6, "一只橙色的…"),
        ("a cat in a window", 10, "a cat in…"),
        ("a cat in a window", 17, "a cat in a window"),
        ("用 SeeDream 4.5 做的", 12, "用 SeeDream…"),
        ("🎨🎨🎨", 4, "🎨…"),
        ("first line\nsecond line", 13, "first line…"),
        ("cat", 1, "…"),
    ],
)
def test_a_text_ends_where_a_reader_would_end_it(text: str, room: int, made: str) -> None:
    assert clip(text, room) == made


@given(st.lists(SIGNS, min_size=1, max_size=80).map("".join), st.integers(len(LINK) + 3, 120))
def test_a_link_in_the_last_line_is_kept_whole(text: str, room: int) -> None:
    made = clip(f"{text}\n{LINK}", room)

    assert made.endswith(f"\n{LINK}")
    assert units(made) <= room
    words = made.removesuffix(f"\n{LINK}")
    assert words == text or (words.endswith("…") and text.startswith(words[:-1]))


def test_only_the_last_line_is_such_a_link() -> None:
    text = f"done\n{LINK}\n" + "and more " * 20
    assert clip(text, 40).endswith("…")
    assert clip("look at 🔗 " + "x" * 60, 40).endswith("…")


@pytest.mark.parametrize("room", [1, 10, 38, 39])
def test_half_a_link_is_never_left(room: int) -> None:
    made = clip(f"a cat\n{LINK}", room)

    assert "🔗" not in made
    assert made == clip("a cat", room)


def test_nothing_is_cut_that_fits_in_what_a_chat_takes() -> None:
    assert clip("好" * 900) == "好" * 900
    assert clip("好" * 901) == "好" * 899 + "…"
    assert clip("🎨" * 450) == "🎨" * 450
    assert clip("🎨" * 451) == "🎨" * 449 + "…"


@given(TEXTS, st.integers(1, 80))
def test_what_was_cut_is_not_cut_again(text: str, room: int) -> None:
    assert clip(clip(text, room), room) == clip(text, room)
