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
    errors = sorted(
        _validator(name).iter_errors(value), key=lambda error: [str(step) for step in error.absolute_path]
    )
    if not errors:
        return None
    place = ".".join(str(step) for step in errors[0].absolute_path)
    return f"{place}: {errors[0].message}"[:MOST_WORDS].removeprefix(": ")


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((DATA / f"{name}.schema.json").read_text(encoding="utf-8")))
