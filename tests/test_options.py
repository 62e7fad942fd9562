"""The command line is read strictly: an option that would be ignored is money spent on something else."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from studio import argtypes, arguments, commands, options
from studio.errors import EXITS, UsageError

NUMBERS = [
    (command, option)
    for option in options.OPTIONS
    for command in commands.COMMANDS
    if isinstance(option.type, argtypes.Within) and command.name in option.commands
]
OLDER = {  # every option of the script that came before, with the name it has now
    "--api-key": ("ima_example", "api_key"),
    "--task-type": ("text_to_image", "task_type"),
    "--model-id": ("midjourney", "model"),
    "--version-id": ("v6", "version_id"),
    "--prompt": ("a cat", "prompt"),
    "--input-images": ("a.png", "input_images"),
    "--size": ("4K", "size"),
    "--extra-params": ('{"quality": "high"}', "extra_params"),
    "--language": ("zh", "language"),
    "--base-url": ("http://127.0.0.1:1", "base_url"),
    "--user-id": ("u1", "user_id"),
    "--list-models": (None, "list_models"),
    "--output-json": (None, "json"),
}


def refused(*words: str) -> UsageError:
    with pytest.raises(UsageError) as stopped:
        given_as(*words)
    return stopped.value


def given_as(*words: str) -> dict[str, Any]:
    return arguments.parameters(arguments.parse(words))


@pytest.mark.parametrize("flag", OLDER)
@pytest.mark.parametrize("before", [[], ["make"]])
def test_the_older_scripts_options_stay_valid(flag: str, before: list[str]) -> None:
    value, name = OLDER[flag]
    made = arguments.parse([*before, flag, *([value] if value else [])])
    expected: Any = {"input_images": ["a.png"], "extra_params": {"quality": "high"}}.get(name, value or True)
    assert made.command == "make"
    assert getattr(made, name) == expected


def test_all_of_the_older_scripts_options_go_together() -> None:
    words = [word for flag, (value, _) in OLDER.items() for word in (flag, value) if word]
    made = arguments.parse(words)
    assert arguments.parameters(made) == {"size": "4K", "quality": "high"}


@pytest.mark.parametrize("words", [[], ["--prompt", "a cat"], ["--size=4K"], ["--dry-run"]])
def test_flags_first_means_make(words: list[str]) -> None:
    assert arguments.parse(words).command == "make"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["make", "--promt", "a cat"], "--promt. Did you mean --prompt?"),
        (["--aspect_ratio", "16:9"], "--aspect_ratio. Did you mean --aspect-ratio?"),
        (["--sise=4K"], "--sise=…. Did you mean --size?"),
        (["wait", "k3f9q2xa", "--maxwait", "5"], "Did you mean --max-wait?"),
        (["mak", "--prompt", "x"], "There is no command mak. Did you mean make?"),
        (["quote", "--timeout", "5"], "`quote` does not know --timeout."),
        (["make", "--n", "2", "stray"], "`make` does not know stray."),
        (["make", "a", "fox"], "`make` does not know fox."),
        (["show", "one", "two"], "`show` does not know two."),
        (["show"], "job"),
        (["--prompt"], "--prompt"),
    ],
)
def test_what_is_not_known_stops_with_the_nearest_name(words: list[str], hint: str) -> None:
    assert hint in refused(*words).message


def test_an_unknown_command_names_all_commands() -> None:
    assert refused("paint").detail == f"Commands: {', '.join(made.name for made in commands.COMMANDS)}."


@pytest.mark.parametrize("flag", ["--promp", "--asp", "--pro", "--dry", "--j"])
def test_abbreviations_are_not_guessed(flag: str) -> None:
    refused("make", flag, "x")


@pytest.mark.parametrize(("command", "option"), NUMBERS, ids=lambda one: getattr(one, "name", ""))
def test_a_number_out_of_range_stops_and_the_bounds_are_allowed(
    command: commands.Command, option: options.Option
) -> None:
    bounds = option.type
    assert isinstance(bounds, argtypes.Within)
    step = 1 if bounds.whole else 0.01
    words = [command.name, *(["k3f9q2xa"] if command.words else [])]
    for value in (bounds.least, bounds.most):
        written = str(int(value)) if bounds.whole else repr(float(value))
        assert getattr(arguments.parse([*words, option.flags[0], written]), option.name) == value
    for bad in (str(bounds.least - step), str(bounds.most + step), "nan", "inf", "", "many", "1,5"):
        assert option.flags[0] in refused(*words, f"{option.flags[0]}={bad}").message


def test_a_count_is_a_whole_number() -> None:
    assert "whole number from 1 to 10" in refused("--n", "2.5").message


@pytest.mark.parametrize(
    "text", ["4K", "[1]", '"size"', "1", "null", "{", "{'size': 1}", '{"size": "1K"} {}', "[" * 100_000]
)
def test_extra_params_must_be_one_json_object(text: str) -> None:
    assert "--extra-params" in refused("--extra-params", text).message


@pytest.mark.parametrize("text", ["size", "=4K", " =4K", ""])
def test_a_parameter_must_look_like_a_name_and_a_value(text: str) -> None:
    assert "name=value" in refused("--set", text).message


def test_parameters_come_from_all_three_ways_of_giving_them() -> None:
    words = [
        "--size",
        "4K",
        "--set",
        " quality =a=b",
        "--extra-params",
        '{"seed": 7, "hd": true}',
    ]
    assert given_as(*words) == {"size": "4K", "quality": "a=b", "seed": 7, "hd": True}
    assert given_as("--aspect-ratio", "16:9") == {"aspect_ratio": "16:9"}
    assert given_as() == {}


@pytest.mark.parametrize("words", [("--size", ""), ("--set", "size=")])
def test_an_empty_value_is_not_passed_over(words: tuple[str, str]) -> None:
    assert "size was given without a value" in refused(*words).message
    assert given_as("--extra-params", '{"negative_prompt": ""}') == {"negative_prompt": ""}


@pytest.mark.parametrize(
    "words",
    [
        ["--size", "4K", "--set", "size=2K"],
        ["--set", "size=4K", "--set", "size=2K"],
        ["--set", "negative_prompt=Dog", "--set", "negative_prompt=dog"],
        ["--set", "code=001", "--set", "code=1"],
        ["--set", "ratio=1:1", "--extra-params", '{"ratio": "2:2"}'],
        ["--size", "4K", "--extra-params", '{"size": "2K"}'],
        ["--set", "seed=1", "--extra-params", '{"seed": 2}'],
        ["--size", "4K", "--size", "2K"],
        ["--n", "1", "--n", "4"],
        ["--model", "mj", "--model-id", "NB2"],
        ["--input-images", "a.png", "--input-images", "b.png"],
    ],
)
def test_two_different_values_for_one_thing_contradict_each_other(words: list[str]) -> None:
    error = refused(*words)
    assert error.kind == "contradiction"
    assert "given twice" in error.message


@pytest.mark.parametrize("text", ['{"a": 1e400}', '{"a": [-1e999]}', '{"a": NaN}', '{"a": Infinity}'])
def test_a_number_that_is_none_stops(text: str) -> None:
    assert "no number" in refused("--extra-params", text).message


@pytest.mark.parametrize("text", ['{"size": "1K", "size": "4K"}', '{"a": {"b": 1, "b": 2}}'])
def test_a_name_that_stands_twice_in_an_object_stops(text: str) -> None:
    assert "twice" in refused("--extra-params", text).message


def test_the_same_value_twice_is_no_contradiction() -> None:
    words = [
        "--size",
        "4K",
        "--size",
        "4K",
        "--set",
        "size=4K",
        "--extra-params",
        '{"size": "4K", "seed": 5}',
    ]
    assert given_as(*words, "--set", "seed=5") == {"size": "4K", "seed": 5}
    assert given_as("--set", "hd=True", "--extra-params", '{"hd": true}') == {"hd": True}
    assert given_as("--seed", "5", "--set", "seed=5") == {"seed": 5}
    assert given_as("--duration", "5", "--extra-params", '{"duration": 5}') == {"duration": 5}


def test_one_reading_leaves_nothing_behind_for_the_next() -> None:
    assert [given_as("--size", size)["size"] for size in ("1K", "2K", "1K")] == ["1K", "2K", "1K"]


@pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.name)
def test_the_schema_of_a_command_is_valid_closed_and_says_what_the_parser_takes(
    command: commands.Command,
) -> None:
    schema = arguments.schema(command)
    Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    flags = {option.flags[0] for option in options.OPTIONS if command.name in option.commands}
    chosen = {"what"} if command.choices else set()
    assert set(schema["properties"]) == flags | set(command.words) | chosen
    assert schema["additionalProperties"] is False
    assert schema["required"] == ([] if command.optional else list(command.words))
    valid = Draft202012Validator(schema)
    made = arguments.parse([command.name, *("k3f9q2xa" for _ in command.words)])
    if command.choices:
        assert schema["properties"]["what"]["default"] == command.choices[0] == made.what
        assert schema["properties"]["what"]["enum"] == list(command.choices)
    for option in options.OPTIONS:
        default = getattr(made, option.name, None)
        if default is not None and option.name not in command.words:
            assert valid.is_valid({option.flags[0]: default, **dict.fromkeys(command.words, "x")})


@given(st.sampled_from(NUMBERS), st.integers() | st.floats())
def test_schema_and_parser_agree_about_numbers(
    where: tuple[commands.Command, options.Option], number: float
) -> None:
    command, option = where
    schema = arguments.schema(command)["properties"][option.flags[0]]
    valid = Draft202012Validator(schema).is_valid(number) and not math.isnan(number)
    try:
        taken = option.type(repr(number)) == number
    except argparse.ArgumentTypeError:
        taken = False
    whole_float = isinstance(number, float) and schema["type"] == "integer"
    assert taken == valid or whole_float


def test_no_flag_stands_twice_and_every_option_has_words_for_help() -> None:
    for command in commands.COMMANDS:
        used = [option for option in options.OPTIONS if command.name in option.commands]
        flags = [flag for option in used for flag in option.flags]
        assert len(flags) == len(set(flags))
        assert all(option.help for option in used)
    names = {command.name for command in commands.COMMANDS}
    assert all(set(option.commands) <= names for option in options.OPTIONS)


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["wait", "--help"], ["--version"]])
def test_help_comes_before_everything_else(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        arguments.parse(words)
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert shown
    if words[0] in {"--help", "-h"}:
        assert all(f"\n  {command.name} " in shown for command in commands.COMMANDS)
        assert all(f"\n  {code} " in shown for code in EXITS)


@pytest.mark.parametrize("word", ["--apikey=", "--api_key=", "--key=", ""])
def test_a_key_that_is_given_wrongly_is_not_repeated(word: str) -> None:
    with pytest.raises(UsageError) as no:
        arguments.parse(["make", "--prompt", "x", f"{word}ima_example_placeholder_0815"])
    assert "placeholder" not in f"{no.value.message}{no.value.detail}"
