"""Is a JSON value of the shape that a schema in data/ asks for? Where not, in words."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DATA = Path(__file__).parent / "data"
MOST_WORDS = 300  # characters; a schema's complaint may quote the whole value


def trouble(name: str, value: Any) -> str | None:
    """The first thing that data/`name`.schema.json finds wrong, as "place: what"; None where nothing is."""
    found = complaint(name, value)
    return found[1] if found else None


def complaint(name: str, value: Any, part: str = "") -> tuple[str, str] | None:
    """The same with the rule that is broken before it, as JSON Schema calls it: ("required", "place: what").
    `part`: of the schema's $defs, where it is not the whole."""
    errors = sorted(
        _validator(name, part).iter_errors(value),
        key=lambda error: [str(step) for step in error.absolute_path],
    )
    if not errors:
        return None
    place = ".".join(str(step) for step in errors[0].absolute_path)
    words = f"{place}: {errors[0].message}"[:MOST_WORDS].removeprefix(": ")
    return str(errors[0].validator), words


@cache
def _validator(name: str, part: str) -> Draft202012Validator:
    schema = json.loads((DATA / f"{name}.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": schema["$defs"]} if part else schema)
