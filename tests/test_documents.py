"""The documents are closed: what the schemas do not allow is not printed, and what they require is there."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import ValidationError

from sandbox import Sandbox
from studio.errors import EXITS
from support import PROMPT, ROOT, Vendor, run, validate, validator

ODD = {"an": ["object", "of", "no", "kind"]}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One real document of each kind, as the command printed it."""
    folder = tmp_path_factory.mktemp("printed")
    with pytest.MonkeyPatch.context() as patch, Sandbox(folder / "twin", speed=200) as box:
        patch.setenv("HOME", str(folder))
        patch.setenv("MEDIA_STUDIO_HOME", str(folder / "state"))
        vendor = Vendor(box.urls["ima"], 200)
        made = {
            "result": vendor.make("--n", "2"),
            "asked first": vendor.make("--n", "9"),
            "dry run": vendor.make("--dry-run"),
            "models": vendor.run("models"),
            "live models": vendor.run("models", "--live"),
            "list": vendor.run("list"),
            "doctor": vendor.run("doctor"),
            "schema": vendor.run("schema"),
            "usage": vendor.run("make", "--nonsense"),
        }
        vendor.fault("create", {"kind": "reset"})
        made["unknown"] = vendor.make()
        vendor.fault("detail", {"kind": "set", "field": "data.medias", "value": []}, times=-1, when="after")
        made["not finished"] = vendor.make("--timeout", "1")
        made["progress"] = vendor.run("wait", made["not finished"].document["job"], "--max-wait", "0")
        events = vendor.make("--events", "--timeout", "1").stdout.splitlines()
    return {"event": json.loads(events[0]), **{kind: run.document for kind, run in made.items()}}


KINDS = (
    "result",
    "asked first",
    "not finished",
    "progress",
    "unknown",
    "dry run",
    "live models",
    "models",
    "list",
    "doctor",
    "schema",
    "usage",
    "event",
)


def meant(document: Any, schema: Any, root: Any) -> Any:
    """The schema behind a $ref, also where null is the other choice."""
    if not isinstance(schema, dict) or (document is None and "anyOf" in schema):
        return {}
    for option in (schema, *schema.get("anyOf", ())):
        if "$ref" in option:
            return root["$defs"][option["$ref"].rsplit("/", 1)[1]]
    return schema


def required(document: Any, schema: Any, root: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of every required field that stands in a document."""
    schema = meant(document, schema, root)
    if isinstance(document, dict):
        for name in schema.get("required", ()):
            yield (*path, name)
        for name, inner in schema.get("properties", {}).items():
            if name in document:
                yield from required(document[name], inner, root, (*path, name))
    elif isinstance(document, list):
        for n, item in enumerate(document[:2]):
            yield from required(item, schema.get("items"), root, (*path, n))


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize("kind", KINDS)
def test_no_required_field_can_be_dropped_or_be_of_another_type(printed: dict[str, Any], kind: str) -> None:
    document = printed[kind]
    schema: Any = validator(document["schema"].split("/")[1]).schema
    paths = list(required(document, schema, schema))
    assert len(paths) >= len(schema["required"])
    for path in paths:
        dropped = copy.deepcopy(document)
        del at(dropped, path[:-1])[path[-1]]
        with pytest.raises((ValidationError, KeyError)):
            validate(dropped)
        if path[-1] == "value":  # a parameter's value is the vendor's: any JSON
            continue
        retyped = copy.deepcopy(document)
        at(retyped, path[:-1])[path[-1]] = 12.5 if isinstance(at(document, path), dict) else ODD
        with pytest.raises((ValidationError, AttributeError)):
            validate(retyped)


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_can_be_added(printed: dict[str, Any], kind: str) -> None:
    validate(printed[kind])
    with pytest.raises(ValidationError, match="Additional properties"):
        validate({**printed[kind], "surprise": 1})


def test_no_document_is_without_an_end_or_a_way_on(printed: dict[str, Any]) -> None:
    for kind, document in printed.items():
        if kind != "event":
            assert document["done"] is True or document["next"], kind
    with pytest.raises(ValidationError):
        validate({**printed["result"], "done": False})


def test_a_failure_is_never_without_an_error_nor_a_success_with_one(printed: dict[str, Any]) -> None:
    error = printed["usage"]["error"]
    with pytest.raises(ValidationError):
        validate({**printed["result"], "ok": False})
    with pytest.raises(ValidationError):
        validate({**printed["result"], "error": error})


def test_the_exit_codes_of_the_schema_are_those_of_the_table() -> None:
    schema = json.loads((ROOT / "references" / "schemas" / "result-1.json").read_text())
    assert schema["$defs"]["error"]["properties"]["exit"]["enum"] == [code for code in EXITS if code]


def test_every_schema_is_closed_all_the_way_down() -> None:
    def walk(schema: Any, where: str) -> Iterator[str]:
        if isinstance(schema, dict):
            if (
                "properties" in schema
                and "type" in schema
                and schema.get("additionalProperties") is not False
            ):
                yield where
            for name, inner in schema.items():
                yield from walk(inner, f"{where}.{name}")
        elif isinstance(schema, list):
            for n, inner in enumerate(schema):
                yield from walk(inner, f"{where}.{n}")

    for file in (ROOT / "references" / "schemas").glob("*.json"):
        assert list(walk(json.loads(file.read_text()), file.name)) == []


def test_messages_are_of_the_prompts_language_unless_told_otherwise(tmp_path: Path) -> None:
    def said(*words: str) -> str:
        message: str = run("quote", "--sandbox", *words).document["send"][0]["message"]
        return message

    assert "Rehearsal" in said("--prompt", PROMPT)
    assert "演练" in said("--prompt", "一只猫")
    assert "演练" in said("--prompt", PROMPT, "--language", "zh")


def test_what_was_asked_for_looks_the_same_wherever_it_stands() -> None:
    """A wish that a result shows must not make its receipt unreadable."""

    def requested(name: str) -> set[str]:
        schema: Any = validator(name).schema
        found = schema.get("$defs", {}).get("requested") or schema["properties"]["requested"]
        return set(found["properties"])

    assert requested("result") == requested("quote") == requested("receipt")
