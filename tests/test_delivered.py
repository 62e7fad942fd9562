"""What came, held against what was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts import plan
from studio import catalogue, delivered, speech
from studio.speech import Voice
from studio.types import Job, Json, Saved

GATEWAY = catalogue.gateway_of("ima")


def made(kind: str, width: int | None, height: int | None, seconds: float | None = None, **sent: Any) -> Job:
    file = Saved(kind, "/out/1", "https://example.com/1", "x/y", 1, "ab" * 32, width, height, seconds)
    wish = replace(plan(), kind=kind, values=sent, applied={})
    return Job("j", "done", 1.0, 2.0, wish, "/out", outputs=(file,))


def differs(*about: Any, **sent: Any) -> list[Json]:
    return delivered.difference(made(*about, **sent), GATEWAY)


SIZES = [  # kind, sides, what was sent, what is told
    ("image", (2560, 1440), {"size": "2560x1440"}, None),
    ("image", (2510, 1412), {"size": "2560x1440"}, None),  # 2 % less
    ("image", (2500, 1440), {"size": "2560x1440"}, "2560x1440"),
    ("image", (1440, 2560), {"size": "2560x1440"}, "2560x1440"),
    ("image", (1024, 1024), {"aspect_ratio": "16:9"}, "16:9"),
    ("image", (1344, 768), {"aspect_ratio": "16:9"}, None),  # 1.75 in place of 1.78
    ("image", (1024, 1024), {"size": "1K", "aspect_ratio": "1:1"}, None),
    ("image", (512, 512), {"size": "1K", "aspect_ratio": "1:1"}, "1K"),
    ("image", (500, 500), {"size": "512px", "aspect_ratio": "1:1"}, "512px"),
    ("image", (2048, 2048), {"size": "4k", "aspect_ratio": "1:1"}, "4k"),
    ("image", (512, 512), {"size": "4K"}, None),  # of what shape, nobody said
    ("image", (1376, 768), {"size": "4K", "aspect_ratio": "16:9"}, None),  # which side is meant, nobody says
    ("image", (100, 100), {"size": "480p"}, None),  # of a picture that names no pixels
    ("video", (1280, 720), {"resolution": "720p"}, None),
    ("video", (720, 1280), {"resolution": "720p"}, None),
    ("video", (1366, 768), {"resolution": "768P"}, None),
    ("video", (1280, 720), {"resolution": "1080p"}, "1080p"),
    ("video", (960, 540), {"resolution": "720p", "aspect_ratio": "16:9"}, "720p"),
    ("video", (720, 720), {"resolution": "720p", "aspect_ratio": "16:9"}, "16:9"),
    ("video", (1920, 1080), {"mode": "pro"}, None),
    ("video", (None, None), {"resolution": "720p"}, None),  # it could not be measured here
    ("video", (1280, 720), {"aspect_ratio": "1:0"}, None),
]


@pytest.mark.parametrize(("kind", "sides", "sent", "told"), SIZES)
def test_sides_are_held_against_what_names_them(
    kind: str, sides: tuple[int | None, int | None], sent: Json, told: str | None
) -> None:
    after = f"{sides[0]}x{sides[1]}"
    wanted = [{"what": "size", "before": told, "after": after}] if told else []
    assert differs(kind, *sides, **sent) == wanted


@pytest.mark.parametrize(
    ("asked", "came", "told"),
    [
        (6, 6.5, False),
        (6, 5.5, False),
        (6, 6.6, True),
        (6, 5.4, True),
        ("10", 10.4, False),
        ("10", 4.0, True),
        (0, 4.0, False),  # as long as the vendor likes
        (-1, 4.0, False),
        ("auto", 4.0, False),
        (None, 4.0, False),
        (60, 61.1, False),
        (60, 61.3, True),
        (6, None, False),
    ],
)
def test_a_clip_lasts_as_long_as_was_asked_for(asked: Any, came: float | None, told: bool) -> None:
    rows = differs("video", 1280, 720, came, duration=asked)
    assert [row["what"] for row in rows] == (["length"] if told else [])


def test_it_is_told_in_the_person_s_own_words() -> None:
    job = made("video", 960, 540, 4.04, duration=6, resolution="720p")
    said = {
        language: speech.results(job, GATEWAY, 1.0, Voice(language))[0]["message"]
        for language in ("en", "zh")
    }
    assert "Asked for 720p, delivered 960×540." in said["en"]
    assert "Asked for 6 s, delivered 4 s." in said["en"]
    assert "要的是 6 秒，实际是 4 秒" in said["zh"]


@given(
    st.sampled_from(["image", "video"]),
    st.integers(1, 9999),
    st.integers(1, 9999),
    st.lists(st.from_regex(r"[0-9]{1,5}[x:pk][0-9]{0,5}", fullmatch=True) | st.text(max_size=9), max_size=4),
)
def test_whatever_was_sent_a_file_is_told_of_once_at_most(
    kind: str, width: int, height: int, sent: list[str]
) -> None:
    rows = differs(kind, width, height, **{f"option_{n}": value for n, value in enumerate(sent)})
    assert [row["after"] for row in rows] in ([], [f"{width}x{height}"])
