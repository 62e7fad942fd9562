"""The one table of commands and options: parsing, help, the schema and the references are made from it.

Parsing is strict: an unknown flag, a value out of range or a word too many stops with exit 2 and the
nearest name, because an option that is silently ignored is money spent on something else.
"""

from __future__ import annotations

import argparse
import difflib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from studio import __version__
from studio.errors import EXITS, UsageError
from studio.values import written

BUYING = ("make", "quote")
TALKING = (*BUYING, "models", "wait")  # those that may speak to a gateway
EVERY = (*TALKING, "show", "list", "doctor", "schema", "sandbox")


@dataclass(frozen=True)
class Command:
    name: str
    help: str
    words: tuple[str, ...] = ()  # positional arguments


COMMANDS = (
    Command("make", "buy, wait to the end, save, and print one result"),
    Command("quote", "say what it would cost; buys nothing and uploads nothing"),
    Command("wait", "go on with a job; never buys", ("job",)),
    Command("show", "one job, as the record knows it", ("job",)),
    Command("list", "the newest jobs"),
    Command("models", "what can be made, with which options and prices"),
    Command("doctor", "what is set up, and what is missing"),
    Command("schema", "the documents, inputs and exit codes, for programs"),
    Command("sandbox", "serve the imitation of the vendors, for other programs"),
)


@dataclass(frozen=True)
class Option:
    """`parameter`: what is given goes to the model under this name; the live form says what it may be."""

    flags: tuple[str, ...]
    help: str
    commands: tuple[str, ...]
    type: Callable[[str], Any] = str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    default: Any = None
    many: bool = False  # several values after one flag
    repeated: bool = False  # the flag may come again
    switch: bool = False
    parameter: bool = False

    @property
    def name(self) -> str:
        return self.flags[0].lstrip("-").replace("-", "_")


@dataclass(frozen=True)
class Within:
    """A number between two bounds, both allowed."""

    least: float
    most: float
    whole: bool = False

    def __call__(self, text: str) -> float:
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            value = self.least - 1
        if not self.least <= value <= self.most:
            kind = "whole number" if self.whole else "number"
            raise argparse.ArgumentTypeError(
                f"must be a {kind} from {self.least:.15g} to {self.most:.15g}, not {text!r}"
            )
        return value


def whole(least: int, most: int) -> Within:
    return Within(least, most, whole=True)


def pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"must look like name=value, not {text!r}")
    return name.strip(), value


def json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError('must be a JSON object, such as {"size": "4K"}')
    return value


def _no_number(text: str) -> NoReturn:
    raise argparse.ArgumentTypeError(f"holds {text}, which is no number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a name that stands in it twice would hide what was asked first."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise argparse.ArgumentTypeError(f"names {twice} twice")
    return made


OPTIONS = (
    Option(("--prompt",), "what to make, in words", BUYING, metavar="TEXT"),
    Option(
        ("--model", "--model-id"),
        "a model by id, name or nickname; the default is shown by `models`",
        BUYING,
        metavar="NAME",
    ),
    Option(("--version-id",), "one version of the model, by the vendor's id", BUYING, metavar="ID"),
    Option(
        ("--task-type",),
        "what kind of making; else read from the inputs",
        (*BUYING, "models"),
        metavar="TYPE",
    ),
    Option(("--provider",), "only models of this provider", (*BUYING, "models"), metavar="NAME"),
    Option(("--gateway",), "only models paid through this gateway", (*BUYING, "models"), metavar="NAME"),
    Option(
        ("--input-images",), "pictures to start from: files or https links", BUYING, metavar="FILE", many=True
    ),
    Option(("--n",), "how many; each is charged", BUYING, type=whole(1, 10), default=1),
    Option(
        ("--size",), "the model's size or quality step, such as 2K", BUYING, metavar="SIZE", parameter=True
    ),
    Option(("--aspect-ratio",), "such as 16:9, or 横图", BUYING, metavar="W:H", parameter=True),
    Option(
        ("--resolution",),
        "such as 720p, where the model has it; pictures have --size",
        BUYING,
        metavar="P",
        parameter=True,
    ),
    Option(("--duration",), "in seconds, where the model has it", BUYING, metavar="SECONDS", parameter=True),
    Option(
        ("--seed",),
        "to make the same again, where the model can",
        BUYING,
        type=whole(-1, 2**32 - 1),
        metavar="N",
        parameter=True,
    ),
    Option(
        ("--set",), "any other parameter of the model", BUYING, type=pair, metavar="NAME=VALUE", repeated=True
    ),
    Option(
        ("--extra-params",),
        "the same as --set, as one JSON object whose types are kept",
        BUYING,
        type=json_object,
        metavar="JSON",
    ),
    Option(
        ("--max-credits",),
        "the most that this may cost; approves a known price up to it",
        BUYING,
        type=Within(0, 1e9),
        metavar="N",
    ),
    Option(("--out",), "folder for the files (default: ./media-studio)", BUYING, metavar="FOLDER"),
    Option(
        ("--timeout",),
        "how long to wait for the result, in seconds",
        ("make",),
        type=Within(1, 1e6),
        metavar="S",
    ),
    Option(
        ("--max-wait",),
        "come back after so many seconds",
        ("wait",),
        type=Within(0, 86400),
        metavar="S",
        default=45.0,
    ),
    Option(
        ("--dry-run",),
        "stop before anything is uploaded or bought, and show the request",
        ("make",),
        switch=True,
    ),
    Option(("--language",), "of the messages", TALKING, choices=("auto", "zh", "en"), default="auto"),
    Option(("--user-id",), "whose job it is; never leaves this machine", BUYING, metavar="ID"),
    Option(("--list-models",), "the same as `models --live`", ("make",), switch=True),
    Option(("--live",), "ask the vendor's list (needs a key)", ("models",), switch=True),
    Option(("--count",), "how many jobs to list", ("list",), type=whole(1, 1000), default=20),
    Option(
        ("--sandbox",),
        "a rehearsal: no key, no cost, an imitation of the vendor",
        (*BUYING, "models", "list"),
        switch=True,
    ),
    Option(
        ("--speed",),
        "a rehearsal's clock goes so many times faster",
        (*TALKING, "sandbox"),
        type=Within(1, 1000),
        metavar="N",
    ),
    Option(("--port",), "first port of the sandbox (0: any)", ("sandbox",), type=whole(0, 65000), default=0),
    Option(
        ("--api-key",),
        "the key; better in the environment, where other users cannot see it",
        TALKING,
        metavar="KEY",
    ),
    Option(("--base-url",), "another address of the gateway", TALKING, metavar="URL"),
    Option(("--home",), "folder of the record (default: MEDIA_STUDIO_HOME)", EVERY, metavar="FOLDER"),
    Option(("--json", "--output-json"), "print one JSON document", EVERY, switch=True),
    Option(
        ("--events",), "print JSON lines as things happen, the document last", ("make", "wait"), switch=True
    ),
    Option(("--brief",), "print one short ASCII line", EVERY, switch=True),
    Option(("--quiet",), "print values only, one a line", EVERY, switch=True),
)


def flag(parameter: str) -> str:
    """How a parameter of a model is given: by its own option, or by --set."""
    own = next((option for option in OPTIONS if option.parameter and option.name == parameter), None)
    return own.flags[0] if own else f"--set {parameter}"


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
    return UsageError(
        f"{name} was given twice, as {one} and as {other}.",
        kind="contradiction",
        about={"asked": f"{one} + {other}"},
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", detail=f"See `{self.prog} --help`.")


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
    made, left = parser.parse_known_args(words[1:])
    if left:
        flags = [flag for option in OPTIONS if name in option.commands for flag in option.flags]
        raise UsageError(f"`{name}` does not know {left[0]}.{_nearest(left[0], flags)}")
    made.command = name
    return made


def parameters(made: argparse.Namespace) -> dict[str, Any]:
    """The model's parameters that were given, from all three ways of giving them. Two ways that differ
    contradict each other and stop."""
    flags = [(option.name, getattr(made, option.name)) for option in OPTIONS if option.parameter]
    typed = [*((name, value) for name, value in flags if value is not None), *(made.set or ())]
    for name in [name for name, value in typed if value == ""]:  # in JSON it is a value
        raise UsageError(f"{name} was given without a value.")
    given: dict[str, Any] = {}
    for name, value in (*(made.extra_params or {}).items(), *typed):  # JSON first: it says the type
        if written(given.setdefault(name, value)) != written(value):
            raise _given_twice(name, given[name], value)
    return given


def schema(command: Command) -> dict[str, Any]:
    """The inputs of a command as a JSON Schema, named as the flags are."""
    properties: dict[str, Any] = {word: {"type": "string"} for word in command.words}
    for option in OPTIONS:
        if command.name in option.commands:
            properties[option.flags[0]] = _property(option)
    return {
        "description": command.help,
        "type": "object",
        "properties": properties,
        "required": list(command.words),
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
    parser = _Parser(prog=f"create.py {command.name}", description=command.help, allow_abbrev=False)
    for word in command.words:
        parser.add_argument(word)
    for option in OPTIONS:
        if command.name in option.commands:
            parser.add_argument(*option.flags, dest=option.name, help=option.help, **_settings(option))
    return parser


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
    commands = "\n".join(f"  {command.name:9}{command.help}" for command in COMMANDS)
    exits = "\n".join(f"  {code:<5}{meaning}" for code, meaning in EXITS.items())
    parser = argparse.ArgumentParser(
        prog="create.py",
        usage="create.py COMMAND [OPTION ...]   (flags first means make; COMMAND --help lists its options)",
        description="Pictures and videos: asks the price, pays once, saves the file, prints one document.",
        epilog=f"commands:\n{commands}\n\nexit codes:\n{exits}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"media-studio {__version__}")
    return parser


def _nearest(word: str, among: Sequence[str]) -> str:
    close = difflib.get_close_matches(word.split("=", maxsplit=1)[0], among, n=1)
    return f" Did you mean {close[0]}?" if close else ""
