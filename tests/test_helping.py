"""What --help says fits a screen, shows two commands that work, and leads to the rest."""

from __future__ import annotations

import shlex

import pytest

from studio import argtypes, arguments, columns, commands, helping, options
from studio.errors import UsageError
from support import run

EVERY = pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.name)


def helped(command: commands.Command, flag: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as left:
        arguments.parse([command.name, flag])
    assert left.value.code == 0
    return capsys.readouterr().out.splitlines()


@EVERY
def test_help_fits_a_screen_and_leads_to_the_rest(
    command: commands.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = helped(command, "--help", capsys)
    assert len(lines) <= 50
    assert max(map(columns.width, lines)) <= 80
    assert f"create.py {command.name} --help-all" in lines[-1]


@EVERY
def test_help_shows_two_commands_that_work(
    command: commands.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = helped(command, "--help", capsys)
    examples = [line.strip() for line in lines[lines.index("examples:") + 1 :] if line.startswith("  ")]
    assert len(set(examples)) == 2
    for example in examples:
        script, *words = shlex.split(example)
        assert script == "create.py"
        assert arguments.parse(words).command == command.name
        assert words[0] == command.name


@EVERY
@pytest.mark.parametrize("width", [80, 40])
def test_help_all_names_every_flag_in_any_window(
    command: commands.Command, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = "\n".join(helped(command, "--help-all", capsys))
    for option in options.OPTIONS:
        if command.name in option.commands:
            for flag in option.flags:
                assert f" {flag}" in shown
            if isinstance(option.type, argtypes.Within):
                assert f"({option.type.least:.15g} to" in " ".join(shown.split())
    assert "Every option" not in shown


def test_every_option_that_help_speaks_of_exists() -> None:
    names = {option.name for option in options.OPTIONS}
    grouped = [name for group in helping.GROUPS.values() for name in group]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) <= names
    assert set(helping.FIRST) <= {*names, "job"}


def test_what_is_used_most_is_on_the_screen_of_make(capsys: pytest.CaptureFixture[str]) -> None:
    shown = "\n".join(helped(commands.COMMANDS[0], "--help", capsys))
    for flag in ("--prompt", "--model", "--input-images", "--max-credits", "--dry-run", "--out", "--sandbox"):
        assert f"\n  {flag}" in shown
    assert "each is charged" in shown


def test_help_needs_no_package_that_has_to_be_installed() -> None:
    made = run("make", "--help-all")
    assert (made.code, made.stderr) == (0, "")


# A prompt as a bare word.


@pytest.mark.parametrize("name", ["make", "start", "quote"])
@pytest.mark.parametrize("rest", [[], ["--model", "nano banana pro"], ["--prompt", "a red fox in snow"]])
def test_the_word_after_the_command_is_the_prompt(name: str, rest: list[str]) -> None:
    words = [name, "a red fox in snow", *rest]
    assert arguments.parse(words).prompt == "a red fox in snow"
    assert arguments.spelt(words) == [name, "--prompt=a red fox in snow", *rest]


@pytest.mark.parametrize("prompt", ["", "5 < 6 = true", "model=x", "一座灯塔"])
def test_it_is_taken_as_it_is(prompt: str) -> None:
    assert arguments.parse(["make", prompt]).prompt == prompt


def test_two_prompts_that_differ_contradict_each_other() -> None:
    for rest in (["--prompt", "a cat"], ["--prompt=a cat"]):
        with pytest.raises(UsageError) as no:
            arguments.parse(["make", "a red fox", *rest])
        assert no.value.kind == "contradiction"


@pytest.mark.parametrize(
    "words",
    [
        ["make", "a", "red", "fox"],
        ["make", "--model", "nano", "banana"],
        ["make", "--dry-run", "true"],
        ["make", "--n", "2", "3"],
        ["make", "--prompt", "a", "fox"],
        ["make", "a fox", "--dry-run", "true"],
    ],
)
def test_a_bare_word_anywhere_else_is_no_prompt_and_how_to_quote_one_is_said(words: list[str]) -> None:
    with pytest.raises(UsageError) as no:
        arguments.parse(words)
    assert "does not know" in no.value.message
    assert no.value.detail == (
        'A prompt stands right after `make`, in quotes: `create.py make "a red fox in snow"`.'
    )


def test_the_value_of_a_mistyped_option_is_no_prompt() -> None:
    with pytest.raises(UsageError) as no:
        arguments.parse(["make", "--promt", "a red fox"])
    assert "Did you mean --prompt?" in no.value.message


@pytest.mark.parametrize("name", ["models", "list", "quote"])
def test_a_command_after_a_command_is_not_bought_as_a_picture(name: str) -> None:
    with pytest.raises(UsageError) as no:
        arguments.parse(["make", name])
    assert f"`create.py {name}`" in no.value.message
    assert arguments.parse(["make", "--prompt", name]).prompt == name


def test_other_commands_take_no_bare_prompt() -> None:
    with pytest.raises(UsageError):
        arguments.parse(["edit", "k3f9q2xa", "in the rain"])


def test_what_is_run_after_a_yes_has_the_prompt_with_its_name() -> None:
    asked = run("make", "a red fox", "--n", "9", "--sandbox")
    assert asked.code == 12
    assert "--prompt=a red fox" in asked.document["next"]
    assert asked.document["requested"]["prompt"] == "a red fox"
    arguments.parse(asked.document["next"][2:])
