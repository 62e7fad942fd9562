"""IMA's products as this twin sells them: trees, rules, forms, pixels, times (contract 1.2, 3, 4b)."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

Node = dict[str, Any]
DATA = Path(__file__).parent / "data"
EXACT_SIZE = re.compile(r"(\d+)x(\d+)")


@cache
def facts() -> dict[str, Any]:
    """The vendor's constants, from data/ima.json. A leaf names its form; here each gets a copy of it."""
    read: dict[str, Any] = json.loads((DATA / "ima.json").read_text(encoding="utf-8"))
    for tree in read["products"].values():
        for leaf in walk(tree):
            leaf["form_config"] = copy.deepcopy(read["forms"][leaf["form_config"]])
    return read


def walk(nodes: list[Node] | None) -> Iterator[Node]:
    """Every leaf (type "3") of a tree, at any depth; a group's children may be null."""
    for node in nodes or ():
        if node["type"] == "3":
            yield node
        else:
            yield from walk(node["children"])


def tree(category: str) -> list[Node]:
    """The V2 tree of a category; empty for the categories whose makers this twin does not play."""
    found: list[Node] = facts()["products"].get(category, [])
    return found


def leaves(category: str) -> list[Node]:
    return list(walk(tree(category)))


def values(leaf: Node, name: str) -> list[str]:
    """Every value that one backend parameter takes: a field's options, and what a virtual form maps to it."""
    allowed: list[str] = []
    for field in leaf["form_config"]:
        mapping = field.get("value_mapping", {})
        if field["field"] == name:
            allowed += [option["value"] for option in field["options"]]
        if mapping.get("target_param", field["field"]) == name:
            allowed += [rule["target_value"] for rule in mapping.get("mapping_rules", ())]
    return allowed


def default(leaf: Node, name: str) -> str | None:
    """The form's own value of a parameter, None where the form has no such field."""
    return next((str(field["value"]) for field in leaf["form_config"] if field["field"] == name), None)


def seconds(model_id: str) -> tuple[float, float]:
    """The document's estimate for a model, shortest and longest, in seconds."""
    shortest, longest = facts()["seconds"][model_id]
    return shortest, longest


def pixels(leaf: Node, asked: dict[str, Any]) -> tuple[int, int]:
    """Width and height that are delivered for the inner parameters of a create body.

    Which side a tier names when there is a ratio is documented nowhere: here it is the longer one.
    """
    fixed = facts()["fixed_pixels"].get(leaf["model_id"])
    if fixed:
        return fixed[0], fixed[1]
    size = str(asked.get("size") or default(leaf, "size")).lower()
    exact = EXACT_SIZE.fullmatch(size)
    if exact:
        return int(exact[1]), int(exact[2])
    longer = facts()["tier_pixels"][size]
    wide, high = map(int, str(asked.get("aspect_ratio") or "1:1").split(":"))
    return round(longer * wide / max(wide, high)), round(longer * high / max(wide, high))
