"""What is said to people: whole in both languages, and nothing that is never said."""

from __future__ import annotations

import ast
import string
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import studio
from offers import GATEWAY
from studio import catalogue, documents, errors, speech
from studio.language import LANGUAGES, language_of
from studio.messages import Messages
from studio.types import Unit

TEXTS = {language: catalogue.load(f"messages.{language}.json") for language in LANGUAGES}
SOURCES = [ast.parse(file.read_text(encoding="utf-8")) for file in Path(studio.__file__).parent.rglob("*.py")]


def tree(root: type[errors.StudioError]) -> Iterator[type[errors.StudioError]]:
    yield root
    for branch in root.__subclasses__():
        yield from tree(branch)


def constants(node: ast.AST) -> set[str]:
    return {
        one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def said() -> set[str]:
    """The keys that some `.say(...)` names, there or in a variable of its module."""
    found = set()
    for module in SOURCES:
        named = {
            target.id: constants(node.value)
            for node in ast.walk(module)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(module):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "say"
            ):
                key = call.args[0]
                found |= named.get(key.id, set()) if isinstance(key, ast.Name) else constants(key)
    return found


def kinds() -> set[str]:
    """Every kind that an error can have."""
    literal = {
        word
        for module in SOURCES
        for node in ast.walk(module)
        if isinstance(node, ast.keyword) and node.arg == "kind"
        for word in constants(node.value)
    }
    conditions = {kind for vendor in catalogue.vendors() for kind in of_conditions(vendor.raw)}
    return literal | {error.kind for error in tree(errors.StudioError)} | set(errors.REFUSALS) | conditions


def made_for() -> set[str]:
    """The keys of what is made: of each kind of making, and of all that make one kind of thing."""
    kinds_of_things = {f"kind.{made.kind}" for made in catalogue.task_types().values()}
    return kinds_of_things | {f"task.{id}" for id in catalogue.task_types()}


def noted() -> set[str]:
    """The keys of what catalogues have to say besides."""
    types = [catalogue.task_type(id, model) for model in catalogue.models() for id in model.task_types]
    cameras = [vendor.raw["camera"] for vendor in catalogue.vendors() if "camera" in vendor.raw]
    lacks = [row for vendor in catalogue.vendors() for row in vendor.raw.get("lacks", {}).values()]
    said = {note["say"] for rows in (cameras, *(made.notes for made in types)) for note in rows}
    return {f"note.{name}" for name in said.union(*(row.values() for row in lacks))}


def of_misfits() -> set[str]:
    """The keys of why an input does not fit, and of what would make it fit; of what is done to a copy."""
    found = set()
    for module in SOURCES:
        for call in ast.walk(module):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args:
                family = {"Misfit": "unfit", "_row": "sent"}.get(call.func.id)
                found |= {f"{family}.{word}" for word in constants(call.args[0])} if family else set()
        pairs = (one.elts for one in ast.walk(module) if isinstance(one, ast.Tuple) and len(one.elts) == 2)
        found |= {
            f"fits.{word}" for pair in pairs if isinstance(pair[1], ast.Dict) for word in constants(pair[0])
        }
    return found


def of_conditions(value: Any) -> set[str]:
    """The kinds of error that the conditions of forms have of their own."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = {value["x-kind"]} if isinstance(value, dict) and "x-kind" in value else set()
    return own.union(*map(of_conditions, parts))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    zh, en = TEXTS["zh"], TEXTS["en"]
    assert set(zh) == set(en)
    for key, text in en.items():
        assert placeholders(text) == placeholders(zh[key]), key
        for said in (text, zh[key]):
            assert said.strip() != "", key
            assert said.strip() == said or key.startswith("list_"), f"{key}: blanks around it"


def test_every_text_is_said_somewhere() -> None:
    units = {f"unit.{gateway.unit.name}" for gateway in catalogue.gateways()}
    whats = {f"what.{id}" for id in catalogue.task_types()} & set(TEXTS["en"])
    families = {key for key in TEXTS["en"] if key.startswith(("option.", "value.", "charged."))} | made_for()
    families |= noted() | whats | of_misfits() | {f"note.unchecked_{what}" for what in ("address", "seconds")}
    used = said() | {f"error.{kind}" for kind in kinds()} | units | families | {"error.fallback"}
    assert set(TEXTS["en"]) - used == set()


@pytest.mark.parametrize("charged", ["no", "maybe", "yes"])
def test_it_can_be_said_whether_something_was_charged(charged: str) -> None:
    assert {Messages(language).charged(charged) for language in LANGUAGES} == {
        TEXTS[language][f"charged.{charged}"] for language in LANGUAGES
    }


def test_everything_that_is_said_has_a_text() -> None:
    assert said() <= set(TEXTS["en"]) | {"error.", "charged."}
    units = {f"unit.{gateway.unit.name}" for gateway in catalogue.gateways()}
    assert units | made_for() | noted() <= set(TEXTS["en"])
    assert {key for key in of_misfits() if key.startswith("unfit.")} <= set(TEXTS["en"])


@pytest.mark.parametrize("error", list(tree(errors.StudioError)), ids=lambda error: error.__name__)
def test_every_class_of_error_has_words_of_its_own(error: type[errors.StudioError]) -> None:
    assert f"error.{error.kind}" in TEXTS["en"]


@pytest.mark.parametrize("kind", [*errors.REFUSALS, "never_heard_of"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_without_words_of_its_own_is_told_in_those_of_its_class(language: str, kind: str) -> None:
    fallback = errors.REFUSALS[kind][0].kind if kind in errors.REFUSALS else "network"
    values = {
        "cost": "5 points",
        "model": "M",
        "key_page": "https://k",
        "credits_page": "https://c",
        "account": "A",
    }
    values |= {"charged": Messages(language).charged("no"), "refused": Messages(language).say("refused.both")}
    text = Messages(language).error(kind, fallback, **values)
    own = f"error.{kind}" if f"error.{kind}" in TEXTS[language] else f"error.{fallback}"
    assert text == TEXTS[language][own].format(**values)
    last_resort = TEXTS[language]["error.fallback"].format(charged=TEXTS[language]["charged.maybe"])
    assert Messages(language).error("never", "heard_of") == last_resort


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [key.partition(".")[2] for key in TEXTS["en"] if key.startswith("error.")])
def test_an_error_can_be_told_however_little_is_known_by_then(kind: str, language: str) -> None:
    for gateway in (None, GATEWAY):
        failure = documents.failure(
            errors.UsageError("It stopped.", kind=kind),
            speech.Voice(language),
            now=0.0,
            gateway=gateway,
        )
        (message,) = failure["send"]
        assert message["message"].startswith(TEXTS[language][f"error.{kind}"].partition("{")[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_hold_no_invisible_characters_and_begin_with_a_sign(language: str) -> None:
    for key, text in TEXTS[language].items():
        hidden = [char for char in text if unicodedata.category(char) in {"Cf", "Cc", "Co", "Cn", "Zl", "Zp"}]
        assert not hidden, key
        if key.startswith("error."):
            assert unicodedata.category(text[0]) == "So", f"{key}: a sign to see at a glance"


def test_a_text_is_in_its_own_language() -> None:
    for key in TEXTS["en"]:
        assert language_of(TEXTS["en"][key]) == "en"
        words = "".join(part for part, *_ in string.Formatter().parse(TEXTS["zh"][key]))
        if any(char.isalpha() for char in words) and key != "unit.PTC":  # a name, in every language
            assert language_of(words) == "zh", key


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_that_look_like_places_are_said_as_they_are(language: str) -> None:
    assert "{cost} {0.__class__}" in Messages(language).say("rehearsal", text="{cost} {0.__class__}")


@pytest.mark.parametrize(
    ("least", "most", "en", "zh"),
    [
        (0.2, 40, "1 to 40 s", "1 到 40 秒"),
        (60, 90, "60 to 90 s", "60 到 90 秒"),
        (60, 120, "1 to 2 min", "1 到 2 分钟"),
        (45, 180, "45 s to 3 min", "45 秒到 3 分钟"),
        (100, 429, "1 min 40 s to 7 min 9 s", "1 分 40 秒到 7 分 9 秒"),
    ],
)
def test_a_span_of_time_is_said_as_people_say_it(least: float, most: float, en: str, zh: str) -> None:
    assert (Messages("en").span(least, most), Messages("zh").span(least, most)) == (en, zh)


@pytest.mark.parametrize(
    ("language", "steps", "unit", "text"),
    [
        ("en", 5, GATEWAY.unit, "5 points"),
        ("zh", 5, GATEWAY.unit, "5 积分"),
        ("en", 150, Unit("credits", 2), "1.5 credits"),
        ("en", 0, GATEWAY.unit, "0 points"),
        ("en", None, GATEWAY.unit, "not known beforehand"),
        ("zh", None, GATEWAY.unit, "事先不知道"),
    ],
)
def test_a_cost_is_an_amount_with_its_unit_or_unknown(
    language: str, steps: int | None, unit: Unit, text: str
) -> None:
    assert Messages(language).cost(steps, unit) == text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("a lighthouse", "en"),
        ("一只猫", "zh"),
        ("logo with the words 你好", "en"),
        ("a poster that says 欢迎光临 in big red letters", "en"),
        ("画一只cat, 3D render, octane, cinematic lighting", "zh"),
        ("SeeDream画一只猫", "zh"),
        ("用Nano Banana Pro", "zh"),
        ("いちごのケーキの写真", "en"),
        ("  「灯塔」", "zh"),
        ("🐱 café ,。", "en"),
        ("一", "zh"),
        ("\u9fff", "zh"),
        ("ひらがな", "en"),
    ],
)
def test_the_language_is_the_one_that_a_text_begins_in_or_has_most_of(
    text: str | None, language: str
) -> None:
    assert language_of(text) == language
