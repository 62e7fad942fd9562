"""When a person who waits is told how it goes: the document's table for pictures, agreed steps for videos,
and never more than eight times."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts import plan
from studio import cadence, catalogue
from studio.types import Plan

PICTURES = {spec.id: spec for spec in catalogue.models()}
VIDEO = replace(plan(), kind="video", estimate=(180, 360), tell_every=None)


def of(model: str, speed: float = 1.0) -> Plan:
    spec = PICTURES[model]
    return replace(plan(), estimate=spec.estimate, tell_every=spec.tell_every, speed=speed)


@pytest.mark.parametrize(
    ("model", "moments"),
    [
        ("doubao-seedream-4.5", (20, 40, 60, 100, 180, 340, 660, 1260)),
        ("gemini-3.1-flash-image", (30, 60, 120, 240, 480, 960, 1560, 2160)),
        ("gemini-3-pro-image", (30, 60, 90, 120, 180, 300, 540, 1020)),
        ("midjourney", (25, 50, 75, 125, 225, 425, 825, 1425)),
    ],
)
def test_a_picture_is_spoken_of_every_so_many_seconds_and_more_rarely_once_it_is_late(
    model: str, moments: tuple[int, ...]
) -> None:
    assert cadence.moments(of(model)) == moments


def test_a_video_is_spoken_of_after_30_s_1_2_4_and_8_min_then_every_10_min() -> None:
    assert cadence.moments(VIDEO) == (30, 60, 120, 240, 480, 1080, 1680, 2280)


def test_a_kind_that_nobody_named_a_rhythm_for_goes_by_that_of_videos() -> None:
    assert cadence.moments(replace(VIDEO, kind="music")) == cadence.moments(VIDEO)


def test_the_moments_of_a_rehearsal_go_as_fast_as_its_clock() -> None:
    model = "doubao-seedream-4.5"
    assert cadence.moments(of(model, 10)) == tuple(one / 10 for one in cadence.moments(of(model)))


estimates = st.none() | st.tuples(st.integers(1, 400), st.integers(0, 400)).map(lambda t: (t[0], sum(t)))
plans = st.builds(
    lambda kind, estimate, every, speed: replace(
        plan(), kind=kind, estimate=estimate, tell_every=every, speed=speed
    ),
    st.sampled_from(["image", "video", "sound"]),
    estimates,
    st.none() | st.integers(5, 90),
    st.floats(1, 1000),
)


@given(plans)
def test_at_most_eight_words_the_first_after_20_s_and_no_silence_of_more_than_ten_minutes(made: Plan) -> None:
    moments = [one * made.speed for one in cadence.moments(made)]
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    assert len(moments) == 8
    assert moments[0] >= 20 - 1e-9
    assert all(0 < gap <= 600 + 1e-6 for gap in gaps)


@given(plans, st.floats(0, 5000))
def test_what_was_reached_are_the_moments_that_are_over(made: Plan, elapsed: float) -> None:
    count = cadence.reached(made, elapsed)
    moments = cadence.moments(made)
    assert all(moment <= elapsed for moment in moments[:count])
    assert all(moment > elapsed for moment in moments[count:])


@given(plans, st.floats(0, 5000))
def test_the_percentage_is_of_the_longest_time_never_above_95_and_none_past_it(
    made: Plan, elapsed: float
) -> None:
    percent = cadence.percent(made, elapsed)
    if made.estimate is None or elapsed * made.speed >= made.estimate[1]:
        assert percent is None
    else:
        assert percent == min(95, int(elapsed * made.speed / made.estimate[1] * 100))


def test_a_job_of_more_than_five_minutes_is_waited_for_in_longer_turns_up_to_the_next_word() -> None:
    assert cadence.turn(replace(VIDEO, estimate=(60, 300)), 0) is None
    assert cadence.turn(replace(VIDEO, estimate=None), 0) is None
    assert [cadence.turn(VIDEO, elapsed) for elapsed in (0, 30, 130.5, 250, 500, 9999)] == [
        45,
        45,
        110,
        230,
        580,
        600,
    ]
    assert cadence.turn(replace(VIDEO, speed=2), 0) is None  # 180 s by the clock of this rehearsal
