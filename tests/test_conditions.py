"""Forms made up for a test: what the catalogue's words for them mean, and the product that is made of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import billing, catalogue, conditions, params, tables
from studio.errors import UsageError
from studio.form import Asked, Offer
from studio.types import Json
from tabled import GATEWAY, MODELS, no

VIDU = catalogue.vendor("vidu")


def offer(properties: Json, rates: tuple[Json, ...] = (), **more: Any) -> Offer:
    """A product of one form."""
    form = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    model = replace(
        MODELS["viduq1"],
        id="made-up",
        name="Made Up",
        forms={"text_to_video": form},
        rates={"text_to_video": rates},
    )
    return tables.offer(VIDU, model, "text_to_video")


def asked(**options: Any) -> Asked:
    return params.read("text_to_video", "x", 1, options)


def check(made: Offer, inputs: Json | None = None, **values: Any) -> None:
    conditions.check(made, values, inputs or {})


# --- bounds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "good", "bad", "told"),
    [
        ({"type": "integer", "minimum": 3, "maximum": 99}, 3, 2, "level: at least 3, at most 99."),
        ({"type": "integer", "minimum": 3, "maximum": 99}, 99, 100, "level: at least 3, at most 99."),
        ({"type": "integer", "minimum": 3}, 3, 3.5, "level: at least 3."),
        (
            {"type": "string", "minLength": 2, "maxLength": 3},
            "ab",
            "a",
            "level: at least 2 signs, at most 3 signs.",
        ),
        ({"type": "string", "maxLength": 3}, "字字字", "字字字字", "level: at most 3 signs."),
        (
            {"type": "string", "pattern": "^#", "description": "a colour, #fff"},
            "#f",
            "f",
            "level: a colour, #fff.",
        ),
    ],
)
def test_a_value_out_of_bounds_stops_and_the_bounds_are_told(
    row: Json, good: Any, bad: Any, told: str
) -> None:
    made = offer({"level": row})
    check(made, level=good)
    error = no(lambda: check(made, level=bad))
    assert (error.kind, error.charged) == ("unsupported_option", "no")
    assert (error.message, error.detail) == (f"Made Up does not take level {bad}.", told)
    assert error.about == {"model": "Made Up", "asked": f"level {bad}"}


def test_a_long_value_is_not_told_back_whole() -> None:
    error = no(lambda: check(offer({"text": {"type": "string", "maxLength": 5}}), text="x" * 5000))
    assert error.message == f"Made Up does not take text {'x' * 60}…."
    assert len(error.about["asked"]) < 70


def test_what_is_not_said_is_not_checked_and_what_is_needed_is_asked_for() -> None:
    row = {"type": "string", "minLength": 1, "description": "which of them"}
    check(offer({"which": row}))
    error = no(lambda: check(offer({"which": row}, required=["which"])))
    assert (error.kind, error.detail) == ("option_needed", "which of them")
    assert (error.message, error.about["asked"]) == ("Made Up needs --set which.", "which")
    check(offer({"which": row}, required=["which"]), which="a")


# --- conditions -------------------------------------------------------------------------------------------

RULE = {
    "description": "no music with sound",
    "x-option": "music",
    "if": {"properties": {"sound": {"const": True}}, "required": ["sound"]},
    "then": {"properties": {"music": {"const": False}}},
}
PAIR = {"sound": {"type": "boolean"}, "music": {"type": "boolean"}}


@given(st.booleans() | st.none(), st.booleans() | st.none())
def test_a_condition_holds_between_two_options_and_only_where_both_are_there(
    sound: bool | None, music: bool | None
) -> None:
    made = offer(PAIR, allOf=[RULE])
    values: Json = {n: v for n, v in {"sound": sound, "music": music}.items() if v is not None}
    if not (sound and music):
        check(made, **values)
        return
    error = no(lambda: check(made, **values))
    assert (error.message, error.kind) == ("Made Up: no music with sound.", "unsupported_option")
    assert (error.detail, error.about["asked"]) == (
        "Leave out --set music, or change what goes with it.",
        "music",
    )


def test_a_condition_speaks_of_files_too_and_has_a_kind_of_its_own() -> None:
    one_of = {
        "description": "a text or a sound",
        "x-option": "text",
        "x-kind": "text_or_sound",
        "oneOf": [{"required": ["text"]}, {"required": ["input_audio"]}],
    }
    made = offer({"text": {"type": "string"}}, allOf=[one_of])
    check(made, text="hello")
    check(made, {"input_audio": ["a.mp3"]})
    for inputs, values in (({}, {}), ({"input_audio": ["a.mp3"]}, {"text": "hello"})):
        error = no(lambda inputs=inputs, values=values: check(made, inputs, **values))
        assert error.kind == "text_or_sound"
        assert (error.detail is None) is ("text" not in values), "what was not said cannot be left out"


def test_an_offer_of_a_live_list_has_no_schema_and_no_conditions() -> None:
    conditions.check(Offer("id", "v", "Live"), {"anything": "goes"}, {})


# --- the product that is made of a form -------------------------------------------------------------------


def test_a_field_lists_its_values_where_they_can_be_listed() -> None:
    made = offer(
        {
            "few": {"type": "integer", "minimum": 2, "maximum": 4},
            "many": {"type": "integer", "minimum": 0, "maximum": 40},
            "free": {"type": "string"},
            "yes": {"type": "boolean"},
            "steps": {"type": "integer", "enum": [2, 4, 6, 8], "default": 4},
        }
    )
    taken = params.accepts(made)
    assert taken == {"few": (2, 3, 4), "many": (), "free": (), "yes": (True, False), "steps": (2, 4, 6, 8)}
    assert params.bind(made, asked()).values == {"steps": 4}, "only what has a default is sent unasked"


@pytest.mark.parametrize(
    ("values", "told"),
    [([2, 4, 6, 8], "2, 4, 6 or 8"), ([2, 3, 4, 5], "2 to 5"), ([5], "5"), ([4, 5], "4 or 5")],
)
def test_values_are_told_as_a_span_only_where_there_is_no_gap(values: list[int], told: str) -> None:
    made = offer({"steps": {"type": "integer", "enum": values}})
    assert no(lambda: params.bind(made, asked(steps=7))).detail == f"steps can be {told}."


@pytest.mark.parametrize(
    ("row", "word", "value"),
    [
        ({"type": "boolean"}, "TRUE", True),
        ({"type": "boolean"}, "false", False),
        ({"type": "integer", "minimum": 0, "maximum": 9}, "7", 7),
        ({"type": "integer", "minimum": 0, "maximum": 10**6}, "70000", 70000),
        ({"type": "number"}, "0.5", 0.5),
        ({"type": "string"}, "7", "7"),
    ],
)
def test_a_typed_word_becomes_the_kind_that_the_form_has(row: Json, word: str, value: Any) -> None:
    made = params.bind(offer({"level": row}), asked(level=word)).values["level"]
    assert (made, type(made)) == (value, type(value))


def test_what_has_no_effect_is_met_or_stops_with_the_reason() -> None:
    made = offer({"style": {"const": "plain", "x-no-effect": "it has one style"}})
    assert "style" not in params.accepts(made)
    met = params.bind(made, asked(style="PLAIN"))
    assert (met.values, met.dropped) == ({}, {"style": "PLAIN"})
    error = no(lambda: params.bind(made, asked(style="oil")))
    assert error.message == "style oil has no effect with Made Up: it has one style."
    assert error.detail == "style can be plain, which is what it makes anyway."
    assert params.bind(made, asked()).dropped == {}


RATES = (
    {"when": {"size": "S"}, "steps": 2, "per": "seconds", "basis": "per second"},
    {"when": {"size": "S", "seconds": 5}, "steps": 9},
    {"when": {"size": "L", "seconds": 5}, "steps": 30, "basis": "inferred"},
)
TWO = {"size": {"enum": ["S", "L"]}, "seconds": {"type": "integer", "minimum": 1, "maximum": 20}}


@given(st.sampled_from(["S", "L"]), st.integers(1, 20))
def test_a_row_of_a_table_wins_over_its_rate_and_without_either_the_price_is_unknown(
    size: str, s: int
) -> None:
    made = offer(TWO, RATES)
    price, _ = billing.choose(made, params.bind(made, asked(size=size, seconds=s)), 1, GATEWAY)
    table = f"table of {VIDU.as_of}"
    if size == "S":
        assert (price.amount, price.basis) == ((9, table) if s == 5 else (2 * s, f"{table}, per second"))
    else:
        assert (price.amount, price.basis) == ((30, f"{table}, inferred") if s == 5 else (None, "unknown"))


def test_a_model_of_any_name_is_on_no_list_and_a_model_is_only_on_those_of_what_it_makes() -> None:
    lists = {
        task_type: {made.model_id for made in tables.offers(VIDU, task_type, GATEWAY.id)}
        for task_type in VIDU.task_types
    }
    assert lists["template_to_video"] == lists["reference_to_image"] == set()
    assert lists["text_to_video"] == {"viduq3-turbo", "viduq3-pro", "viduq2", "viduq1"}
    assert tables.offers(catalogue.vendor("kling"), "text_to_video", GATEWAY.id) == ()


def test_the_version_is_what_the_catalogue_says_or_the_id() -> None:
    kling = {
        made.model_id: made.version for made in tables.offers(catalogue.vendor("kling"), "avatar", GATEWAY.id)
    }
    assert kling == {"kling": "", "kling-v2-6": "kling-v2-6"}
    assert {made.model_id == made.version for made in tables.offers(VIDU, "text_to_video", GATEWAY.id)} == {
        True
    }


def test_an_option_of_another_making_is_not_told_as_one_of_a_live_list() -> None:
    """There is none: the form is all there is."""
    made = tables.offer(catalogue.vendor("kling"), MODELS["kling"], "motion_control")
    with pytest.raises(UsageError, match="has no option text"):
        params.bind(made, params.read("motion_control", "x", 1, {"text": "hi"}), MODELS["kling"].options)
