"""Writes the documents that are tables of what the code holds, so that they cannot say something else.

    python tools/gen_docs.py           write them
    python tools/gen_docs.py --check   name those that are stale, and exit 1 if there are any

Whole files in references/, and the list of exit codes in README.md: the first fenced block under its heading.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import create  # noqa: E402 - it lives in scripts/, which is not installed
from studio import argtypes, catalogue, commands, errors, options  # noqa: E402
from studio.catalogue import Vendor  # noqa: E402
from studio.errors import EXITS, REFUSALS, StudioError  # noqa: E402
from studio.language import LANGUAGES  # noqa: E402
from studio.messages import action  # noqa: E402
from studio.types import Gateway, InputRule, ModelSpec  # noqa: E402

MADE = "Written by `tools/gen_docs.py` from the code itself: change the code, then run `make docs`."
CHARGED = ("no", "maybe", "yes")
EXITS_HEADING = "## Exit codes"


def documents(root: Path = ROOT) -> dict[str, str]:
    """Path inside the repository -> the text that it should hold."""
    return {
        "references/commands.md": command_page(),
        "references/models.md": models(),
        "references/errors.md": kinds(),
        "README.md": with_exits((root / "README.md").read_text(encoding="utf-8")),
    }


def stale(root: Path = ROOT) -> list[str]:
    """The documents that do not say what the code says."""
    return [path for path, text in documents(root).items() if _held(root / path) != text]


def command_page() -> str:
    return _page(
        "Commands",
        "A command, then its options; options without a command mean `make`. Parsing is strict: an unknown "
        "flag, a value out of range or a word too many stops with exit 2 and the nearest name, before "
        "anything is sent.",
        ["## Commands", _table(("command", "what it does"), map(_command, commands.COMMANDS))],
        ["## Options", _table(("option", "value", "for", "what it says"), map(_option, options.OPTIONS))],
        [
            "The options marked * go to the model as a parameter. Which of them a model takes, and which "
            "values, stands in the vendor's live list: what it does not take stops with exit 2, and nothing "
            "is dropped silently."
        ],
        [EXITS_HEADING, _table(("code", "meaning"), ((str(code), text) for code, text in EXITS.items()))],
    )


def models() -> str:
    parts = []
    for vendor in catalogue.vendors():
        spec_tables = [_model(spec, vendor.gateways) for spec in vendor.models]
        parts.append([f"## {vendor.name}"])
        parts.append([_table(("gateway", "value"), _facts(gateway)) for gateway in vendor.gateways])
        rows = (
            (id, task.default_model or "-", "; ".join(map(_input, task.inputs)) or "none")
            for id, task in vendor.task_types.items()
        )
        parts.append([_table(("task type", "model when none is named", "files to start from"), rows)])
        if vendor.profiles:
            parts.append([_table(("said for a model", "is", "asked first"), map(_profile, vendor.profiles))])
        parts.extend(spec_tables)
    dates = ", ".join(sorted({vendor.as_of for vendor in catalogue.vendors()}))
    return _page(
        "Models",
        f"What the vendors' documents said on {dates}. Where a vendor has a live list, that always wins: "
        "prices are asked there before every purchase, and `create.py models --live` shows what it says "
        "now; a model it has and this page lacks can be named by its id. Elsewhere the tables here are what "
        "is billed by, and what the vendor says it took is told beside. `create.py models --json` has each "
        "model's options as a JSON Schema, conditions included.",
        *parts,
    )


def kinds() -> str:
    texts = {language: catalogue.load(f"messages.{language}.json") for language in LANGUAGES}
    header = ("kind", "exit", "charged", "retry", "helps", *LANGUAGES)
    rows = [
        (
            f"`{kind}`",
            str(exit_code),
            " or ".join(made.charged),
            " or ".join(made.retry),
            action(kind, made.fallback).replace("_", " "),
            *(_said(texts[language], kind, made.fallback) for language in LANGUAGES),
        )
        for (exit_code, kind), made in sorted(_kinds().items())
    ]
    return _page(
        "Errors",
        "`error` in a result document: its `kind`, the exit code, whether money may have gone, whether to "
        "try again, and the message that stands ready in `send`.",
        [_table(header, rows)],
        *(part for vendor in catalogue.vendors() for part in _codes(vendor)),
        [
            "Told in the same words as others of their class: "
            + "; ".join(
                f"`{kind}` ({why})" for kind, why in catalogue.load("errors.json")["same_text"].items()
            )
            + "."
        ],
        [
            "In a message `{charged}` becomes one of: "
            + "; ".join(f"{texts[language][f'charged.{one}']}" for language in LANGUAGES for one in CHARGED)
        ],
        [
            "`charged` and `retry` of the document at hand count: where a kind can end in more than one way, "
            "the table names all of them. An accepted task that the vendor gives up on is `maybe` charged, "
            "whatever its kind, because no document says what it refunds.",
        ],
        [
            "`retry`: `same` - the same command again; `later` - again after a while; `after_change` - "
            "something has to change first, and `error.detail` says what; `wait` - `wait JOB`, which never "
            "buys; `never` - not by itself."
        ],
    )


def _codes(vendor: Vendor) -> Iterator[list[str]]:
    """What a vendor's own codes and words mean here."""
    raw = vendor.raw
    rows = [(f"`{code}`", f"`{kind}`", "the code") for code, kind in raw["codes"].items()]
    for name, where in (("refusal_texts", "in a refusal"), ("texts", "in any answer")):
        rows += [(text, f"`{kind}`", where) for text, kind in raw.get(name, {}).items()]
    yield [f"## {vendor.name}"]
    yield [_table(("code or words", "kind", "where"), rows)]
    shared = raw.get("shared", {})
    if shared:
        yield [
            "One kind for several codes: "
            + "; ".join(f"`{kind}`: {why}" for kind, why in shared.items())
            + "."
        ]


def with_exits(text: str) -> str:
    """README.md with the exit codes as they are."""
    lines = "\n".join(f"{code:<5}{meaning}" for code, meaning in EXITS.items())
    block = re.compile(rf"(^{EXITS_HEADING}\n\n```text\n).*?(^```$)", re.DOTALL | re.MULTILINE)
    made, count = block.subn(lambda found: f"{found[1]}{lines}\n{found[2]}", text, count=1)
    if not count:
        raise SystemExit(f"README.md lacks a ```text block under {EXITS_HEADING}.")
    return made


@dataclass
class Kind:
    """One kind of error: the class whose message it borrows, and how it can end."""

    fallback: str
    charged: list[str] = field(default_factory=list)
    retry: list[str] = field(default_factory=list)

    def add(self, charged: str, retry: str) -> None:
        self.charged += [charged] * (charged not in self.charged)
        self.retry += [retry] * (retry not in self.retry)


def _kinds() -> dict[tuple[int, str], Kind]:
    """Every kind there is, with its exit code: of the tree, of a vendor's codes, and those given where an
    error is raised."""
    found: dict[tuple[int, str], Kind] = {}

    def add(error: type[StudioError], kind: str, charged: str, retry: str) -> None:
        found.setdefault((error.exit_code, kind), Kind(error.kind)).add(charged, retry)

    tree = {error.__name__: error for error in _tree(StudioError)}
    for error in tree.values():
        add(error, error.kind, error.charged, error.retry)
    for kind, (error, retry, _) in REFUSALS.items():
        add(error, kind, "no", retry)
    for call in _calls(ROOT / "scripts" / "studio", tree):
        error = tree[_name(call.func)]
        said = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
        if "kind" in said or {"charged", "retry"} & set(said):
            add(
                error,
                str(said.get("kind") or error.kind),
                str(said.get("charged") or error.charged),
                str(said.get("retry") or error.retry),
            )
    for kind in _of_conditions([vendor.raw for vendor in catalogue.vendors()]):
        add(errors.UsageError, kind, "no", "after_change")
    missing = _missing_packages()
    add(errors.UsageError, missing["kind"], missing["charged"], missing["retry"])
    return found


def _of_conditions(value: object) -> Iterator[str]:
    """The kinds of error that conditions of forms have of their own."""
    if isinstance(value, dict):
        yield from [value["x-kind"]] if "x-kind" in value else []
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _of_conditions(part)


def _tree(root: type[StudioError]) -> Iterator[type[StudioError]]:
    for branch in root.__subclasses__():
        yield branch
        yield from _tree(branch)


def _calls(folder: Path, names: Iterable[str]) -> Iterator[ast.Call]:
    """Every place that makes one of these errors."""
    known = set(names)
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in known:
                yield node


def _name(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


def _missing_packages() -> dict[str, str]:
    """The one error that create.py tells by itself, before there is anything to import."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
        create.refuse("", "")
    made: dict[str, str] = json.loads(out.getvalue())["error"]
    return made


def _said(texts: dict[str, str], kind: str, fallback: str) -> str:
    if kind == _missing_packages()["kind"]:
        return "what to install, in English"
    names = (f"error.{kind}", f"error.{fallback}", "error.fallback")
    return next(texts[name] for name in names if name in texts)


def _command(command: commands.Command) -> tuple[str, str]:
    words = [word.upper() for word in command.words] + ["|".join(command.choices)] * bool(command.choices)
    words += ['["PROMPT"]'] * (command.name in commands.ASKED)
    return f"`{' '.join((command.name, *words))}`", command.help


def _option(option: options.Option) -> tuple[str, str, str, str]:
    flags = ", ".join(f"`{flag}`" for flag in option.flags) + " *" * option.parameter
    every = option.commands == commands.EVERY
    return flags, _value(option), "all" if every else ", ".join(option.commands), option.help


def _value(option: options.Option) -> str:
    if option.switch:
        return ""
    words = [", ".join(option.choices) or option.metavar or option.name.upper()]
    if option.many or option.repeated:
        words.append("one or more")
    if isinstance(option.type, argtypes.Within):
        words.append(f"{_number(option.type.least)} to {_number(option.type.most)}")
    if option.default is not None:
        plain = isinstance(option.default, str)
        words.append(f"default {option.default if plain else _number(option.default)}")
    return "; ".join(words)


def _number(value: float) -> str:
    return f"{value:,.15g}"


def _facts(gateway: Gateway) -> Iterator[tuple[str, str]]:
    limit = f"{gateway.unit.amount(gateway.confirm_above)} {gateway.unit.name}"
    yield "id", f"`{gateway.id}`"
    begins = f", starts with `{gateway.key_prefix}`" if gateway.key_prefix else ""
    yield "key", f"`{gateway.key_env}`{begins}; made at {gateway.key_page or '(not known)'}"
    yield "credit", gateway.credits_page or "(not known)"
    yield "asked first above", limit
    for role, url in gateway.urls.items():
        yield f"{role} address", url


def _input(rule: InputRule) -> str:
    count = f"{rule.least}" if rule.least == rule.most else f"{rule.least} to {rule.most}"
    if rule.links_only:
        return f"{rule.kind}: {count}, a public https link"
    kinds_taken = ", ".join(mime.partition("/")[2].upper() for mime in rule.mime)
    limits = [f"at most {rule.max_bytes // 10**6} MB each"]
    limits += [f"sides of {rule.min_side} pixels and more"] if rule.min_side else []
    limits += [f"at most {rule.ratio:g} times as long as wide"] if rule.ratio else []
    limits += [f"{rule.seconds[0]:g} to {rule.seconds[1]:g} s"] if rule.seconds else []
    return f"{rule.kind}: {count}, {kinds_taken}, {', '.join(limits)}"


def _profile(profile: catalogue.Profile) -> tuple[str, str, str]:
    given = (f"`{options.flag(name)} {value}`" for name, value in profile.options.items())
    made = " ".join((f"`{profile.model}`", *given))
    return ", ".join(profile.words), made, "always" if profile.ask else "when dear"


def _model(spec: ModelSpec, gateways: Sequence[Gateway]) -> list[str]:
    unit = next(gateway.unit for gateway in gateways if gateway.id == spec.gateway)
    rows = [
        ("id", f"`{spec.id}`"),
        *([("version", f"`{spec.version}`")] if spec.version else []),
        ("also called", ", ".join(spec.aliases)),
        ("good for", "; ".join(spec.traits[language] for language in LANGUAGES)),
    ]
    rows += [(f"`{options.flag(name)}`", ", ".join(values) or "any") for name, values in spec.options.items()]
    for prices in dict.fromkeys(spec.prices.values()):
        words = ", ".join(f"{what}: {unit.amount(steps)}" for what, steps in prices)
        types = ", ".join(task_type for task_type, same in spec.prices.items() if same == prices)
        rows.append((f"{types}: {unit.name}", words))
    unknown = [task_type for task_type in spec.task_types if task_type not in spec.prices]
    if unknown:
        rows.append((f"{', '.join(unknown)}: {unit.name}", "not known: asked about first"))
    rows += [
        (f"files for {task_type}", "; ".join(map(_input, catalogue.task_type(task_type, spec).inputs)))
        for task_type, others in spec.takes.items()
        if "inputs" in others
    ]
    if spec.estimate:
        rows.append(("takes about", f"{spec.estimate[0]} to {spec.estimate[1]} s"))
    through = f" through {spec.gateway}" if len(gateways) > 1 else ""
    return [f"### {spec.name}{through}", _table(("fact", "value"), rows)]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _page(title: str, introduction: str, *parts: Sequence[str]) -> str:
    return "\n\n".join((f"# {title}", introduction, *(text for part in parts for text in part), MADE)) + "\n"


def _held(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(words: Sequence[str]) -> int:
    if words and list(words) != ["--check"]:
        sys.stderr.write("usage: gen_docs.py [--check]\n")
        return 2
    old = stale()
    for path in old:
        if words:
            sys.stdout.write(f"{path} is stale: run `make docs`.\n")
        else:
            (ROOT / path).write_text(documents()[path], encoding="utf-8")
            sys.stdout.write(f"{path} written.\n")
    return 1 if words and old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
