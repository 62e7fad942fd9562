"""argv -> a command with its options, from the table in `studio.options`; and the table as a JSON Schema.

Parsing is strict: an unknown flag, a value out of range or a word too many stops with exit 2 and the nearest
name, because an option that is silently ignored is money spent on something else.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from studio import __version__
from studio.argtypes import Within, json_object
from studio.commands import ASKED, COMMANDS, WORDS, Command
from studio.errors import EXITS, UsageError
from studio.options import OPTIONS, Option
from studio.values import written

WIDTH = 100  # characters of a line of --help
SHORT = 16  # characters: a word, and no key
HELP = frozenset({"--help", "-h", "--help-all"})


class _Once(argparse.Action):
    """A flag that came before with another value contradicts itself: one of the two would be ignored."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        flag: str | None = None,
    ) -> None:
        before = getattr(self, "before", values)
        if before != values:
            raise _given_twice(str(flag), before, values)
        self.before = values
        setattr(namespace, self.dest, values)


def _given_twice(name: str, one: object, other: object) -> UsageError:
    if isinstance(one, list) and isinstance(other, list):
        return UsageError(
            f"{name} was given twice: all of them go after one.",
            kind="contradiction",
            detail=f"{name} {' '.join(map(str, (*one, *other)))}",
            about={"asked": f"{' '.join(map(str, one))} + {' '.join(map(str, other))}"},
        )
    return UsageError(
        f"{name} was given twice, as {one} and as {other}.",
        kind="contradiction",
        about={"asked": f"{one} + {other}"},
    )


class _Parser(argparse.ArgumentParser):
    page = ""  # what --help shows

    def format_help(self) -> str:
        return self.page

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", detail=f"See `{self.prog} --help`.")


class _Help(argparse.Action):
    """--help: what is used most, on one screen; --help-all: every option."""

    def __call__(self, parser: argparse.ArgumentParser, *given: Any) -> NoReturn:
        from studio import helping

        command = next(made for made in COMMANDS if parser.prog.endswith(f" {made.name}"))
        import shutil

        width = min(helping.WIDTH, shutil.get_terminal_size().columns)
        assert isinstance(parser, _Parser)
        parser.page = helping.page(command, every=given[-1] == "--help-all", width=width) + "\n"
        parser.print_help()
        parser.exit()


def spelt(argv: Sequence[str]) -> list[str]:
    """The words of a command, with a bare prompt as the value of its option: the word right after `make`,
    `start` or `quote`. Anywhere else a bare word stays one that nobody asked for, as it may be what is left
    of a mistyped option. Raises UsageError where it is the name of a command."""
    words = list(argv)
    bare = words[1] if len(words) > 1 and words[0] in ASKED and not words[1].startswith("-") else None
    if bare is None:
        return words
    if bare in {command.name for command in COMMANDS}:
        raise UsageError(
            f"{bare} is a command of its own: `create.py {bare}`.",
            detail=f"To have it made, say so by --prompt: `create.py {words[0]} --prompt {bare}`.",
        )
    return [words[0], f"--prompt={bare}", *words[2:]]


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """argv -> a namespace with `command` and one entry an option. Flags first means make."""
    words = list(argv)
    for word in words:
        if any(0xD800 <= ord(char) <= 0xDFFF or char == "\0" for char in word):
            raise UsageError("A word of the command is no valid text.", detail=ascii(word))
    if words and words[0] in {"--help", "-h", "--version"}:
        _top().parse_args(words)
    if not words or words[0].startswith("-"):
        words.insert(0, "make")
    name = words[0]
    command = next((command for command in COMMANDS if command.name == name), None)
    if command is None:
        raise UsageError(
            f"There is no command {name}.{_nearest(name, [made.name for made in COMMANDS])}",
            detail=f"Commands: {', '.join(made.name for made in COMMANDS)}.",
        )
    parser = _parser(command)
    made, left = parser.parse_known_args(spelt(words)[1:])
    if left:
        flags = [flag for option in OPTIONS if name in option.commands for flag in option.flags]
        raise UsageError(
            f"`{name}` does not know {_named(left[0])}.{_nearest(left[0], flags)}",
            detail=_in_quotes(name) if name in ASKED and not left[0].startswith("-") else None,
        )
    made.command = name
    return made


def _in_quotes(name: str) -> str:
    """How a prompt of several words is given."""
    return f'A prompt stands right after `{name}`, in quotes: `create.py {name} "a red fox in snow"`.'


def _named(word: str) -> str:
    """A word that nobody knows, without what it says: that may be a key."""
    flag, equals, _ = word.partition("=")
    if not word.startswith("-"):
        return word if len(word) < SHORT else f"a word of {len(word)} characters that no option asks for"
    return f"{flag}{equals and '=…'}"


def parameters(made: argparse.Namespace) -> dict[str, Any]:
    """The model's parameters that were given, from all three ways of giving them. Two ways that differ
    contradict each other and stop."""
    flags = [(option.name, getattr(made, option.name, None)) for option in OPTIONS if option.parameter]
    typed = [
        *((name, value) for name, value in flags if value is not None),
        *(getattr(made, "set", None) or ()),
    ]
    for name in [name for name, value in typed if value == ""]:  # in JSON it is a value
        raise UsageError(f"{name} was given without a value.")
    given: dict[str, Any] = {}
    for name, value in (
        *(getattr(made, "extra_params", None) or {}).items(),
        *typed,
    ):  # JSON first: it says the type
        if written(given.setdefault(name, value)) != written(value):
            raise _given_twice(name, given[name], value)
    return given


def schema(command: Command) -> dict[str, Any]:
    """The inputs of a command as a JSON Schema, named as the flags are."""
    properties: dict[str, Any] = {
        word: {"type": "string", "description": WORDS.get(word, word)} for word in command.words
    }
    if command.choices:
        properties["what"] = {"type": "string", "enum": list(command.choices), "default": command.choices[0]}
    for option in OPTIONS:
        if command.name in option.commands:
            properties[option.flags[0]] = _property(option)
    return {
        "description": command.help,
        "type": "object",
        "properties": properties,
        "required": [] if command.optional else list(command.words),
        "additionalProperties": False,
    }


def _property(option: Option) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object" if option.type is json_object else "string"}
    if isinstance(option.type, Within):
        made = {"type": "integer" if option.type.whole else "number"}
        made.update(minimum=option.type.least, maximum=option.type.most)
    if option.switch:
        made = {"type": "boolean"}
    if option.choices:
        made["enum"] = list(option.choices)
    if option.many or option.repeated:
        made = {"type": "array", "items": made}
    made["description"] = option.help
    if option.default is not None:
        made["default"] = option.default
    if len(option.flags) > 1:
        made["x-aliases"] = list(option.flags[1:])
    return made


def _parser(command: Command) -> _Parser:
    parser = _Parser(
        prog=f"create.py {command.name}", allow_abbrev=False, add_help=False, formatter_class=_formatter
    )
    parser.add_argument(*sorted(HELP), action=_Help, nargs=0, dest=argparse.SUPPRESS)
    for word in command.words:
        parser.add_argument(word, help=WORDS.get(word), nargs="?" if command.optional else None)
    if command.choices:
        parser.add_argument("what", nargs="?", choices=command.choices, default=command.choices[0])
    for option in OPTIONS:
        if command.name in option.commands:
            parser.add_argument(*option.flags, dest=option.name, help=option.help, **_settings(option))
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    """With a width of its own: argparse makes one for each option, and each would import what asks for it."""
    return argparse.HelpFormatter(prog, width=WIDTH)


def _settings(option: Option) -> dict[str, Any]:
    if option.switch:
        return {"action": "store_true"}
    settings: dict[str, Any] = {"type": option.type, "metavar": option.metavar, "default": option.default}
    if option.choices:
        settings.update(choices=option.choices, metavar=None)
    if option.many:
        settings["nargs"] = "+"
    if option.repeated:
        settings["action"] = "append"
    elif "wait" not in option.commands:  # it says what to buy; the others say how to speak of it
        settings["action"] = _Once
    return settings


def _top() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {command.name:11}{command.help}" for command in COMMANDS)
    exits = "\n".join(f"  {code:<5}{meaning}" for code, meaning in EXITS.items())
    parser = argparse.ArgumentParser(
        prog="create.py",
        usage="create.py COMMAND [OPTION ...]   (flags first means make; see COMMAND --help, --help-all)",
        description="Pictures and videos: asks the price, pays once, saves the file, prints one document.",
        epilog=f"commands:\n{commands}\n\nexit codes:\n{exits}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"media-studio {__version__}")
    return parser


def _nearest(word: str, among: Sequence[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word.split("=", maxsplit=1)[0], among, n=1)
    return f" Did you mean {close[0]}?" if close else ""
