"""What people say of a film: how long, how sharp. The words become values before anything is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import catalogue, placing
from studio.messages import Messages
from tabled import bound, draft, no

FILM = "text_to_video"


@pytest.mark.parametrize(
    "said",
    [
        "8",
        "8s",
        "8 s",
        "8S",
        "8sec",
        "8 secs",
        "8 second",
        "8 seconds",
        "8 Seconds",
        "8秒",
        "8 秒",
        "8秒钟",
        " 8秒 ",
        "８秒",
    ],
)
def test_seconds_are_understood_as_people_say_them(said: str) -> None:
    assert bound("viduq3-turbo", FILM, duration=said).values["duration"] == 8
    assert draft(task_type=FILM, options={"duration": said}).billing.amount == 32


@pytest.mark.parametrize("said", ["8m", "8 minutes", "8分钟", "s", "秒", "8 9 s", "-8s", "8.5s", "8s8"])
def test_what_is_no_number_of_seconds_stops(said: str) -> None:
    assert no(lambda: bound("viduq3-turbo", FILM, duration=said)).detail == "duration can be 1 to 16."


@given(st.integers(0, 9999), st.sampled_from(["s", " sec", " seconds", "秒", " 秒钟"]))
def test_a_length_is_a_number_only_where_a_length_is_asked_for(seconds: int, unit: str) -> None:
    assert placing.word("duration", f"{seconds}{unit}") == str(seconds)
    assert placing.word("style", f"{seconds}{unit}") == f"{seconds}{unit}"


# High definition, 高清: 1080p in both languages, so that a word and its translation buy the same. On the box
# of a screen HD was once 720p; who says it of a film today means what is sold as HD, and not the usual 720p,
# which comes without a word. Only "HD ready" is still 720p. 超清 and 蓝光 are what players call 1080p; of a
# picture 高清 stays 2K and 超清 4K. Nothing here makes more than 1080p, so 4K and its words stop.
SAID = {
    "1080p": "高清 全高清 超清 蓝光 HD hd FHD FullHD 1080 1080P １０８０ｐ",
    "720p": "720 720P",
    "540p": "标清 SD sd 540",
}
PHRASES = {
    "1080p": ("Full HD", "high definition", "High resolution"),
    "720p": ("HD ready",),
    "540p": ("standard definition",),
}
WORDS = [(word, value) for value in SAID for word in (*SAID[value].split(), *PHRASES[value])]


@pytest.mark.parametrize(("said", "value"), WORDS)
@pytest.mark.parametrize("option", ["resolution", "size"])
def test_how_sharp_a_film_is_goes_to_its_resolution_whichever_option_says_it(
    option: str, said: str, value: str
) -> None:
    made = bound("viduq3-turbo", FILM, **{option: said})
    assert made.values["resolution"] == value
    assert made.origin["resolution"] == "asked"
    assert "size" not in made.values


def test_a_size_that_became_a_resolution_is_said_and_priced_as_that() -> None:
    plan = draft(task_type=FILM, options={"size": "1080p"})
    assert (plan.values["resolution"], plan.applied, plan.billing.amount) == ("1080p", {"size": "1080p"}, 40)
    for language, said in (("en", "1080p"), ("zh", "1080p")):
        told = Messages(language).what(draft(task_type=FILM, options={"size": "高清", "duration": "8 秒"}))
        assert said in told
        assert "2K" not in told


@pytest.mark.parametrize("said", ["4K", "8k", "超高清", "UHD", "360p"])
@pytest.mark.parametrize("option", ["resolution", "size"])
def test_what_is_sharper_or_coarser_than_anything_made_stops_with_what_is(option: str, said: str) -> None:
    error = no(lambda: bound("viduq3-turbo", FILM, **{option: said}))
    assert error.kind == "unsupported_option"
    assert error.detail == "resolution can be 540p, 720p or 1080p."
    assert error.instead == ("540p", "720p", "1080p")


def test_two_words_for_how_sharp_that_differ_stop() -> None:
    error = no(lambda: bound("viduq3-turbo", FILM, size="高清", resolution="720p"))
    assert error.kind == "same_field"
    assert bound("viduq3-turbo", FILM, size="高清", resolution="1080p").values["resolution"] == "1080p"


def test_of_a_picture_the_words_mean_what_they_meant() -> None:
    for word, size in (("高清", "2K"), ("hd", "2K"), ("超清", "4K")):
        assert placing.word("size", word) == placing.word("size", word, "image") == size
    assert placing.word("resolution", "高清", "image") == "高清", "it is passed on as given"


@pytest.mark.parametrize(
    ("said", "ratio"), [("竖屏", "9:16"), ("横版", "16:9"), ("square", "1:1"), ("9x16", "9:16")]
)
@pytest.mark.parametrize("option", ["aspect_ratio", "size"])
def test_the_shape_of_a_film_is_said_as_that_of_a_picture(option: str, said: str, ratio: str) -> None:
    assert bound("viduq3-turbo", FILM, **{option: said}).values["aspect_ratio"] == ratio


def test_no_word_is_written_in_a_way_that_is_never_looked_for() -> None:
    for table in catalogue.load("words.json")["values"].values():
        assert all(word == word.strip().casefold() for word in table)
