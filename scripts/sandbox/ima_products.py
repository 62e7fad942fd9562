"""IMA's products as this twin sells them: the data file's trees, or others in their place (contract 1.2)."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from sandbox.shapes import DATA, trouble

Node = dict[str, Any]


@cache
def facts() -> dict[str, Any]:
    """The vendor's constants, from data/ima.json. A leaf names its form; here each gets a copy of it."""
    read: dict[str, Any] = json.loads((DATA / "ima.json").read_text(encoding="utf-8"))
    for nodes in read["products"].values():
        for leaf in walk(nodes):
            leaf["form_config"] = copy.deepcopy(read["forms"][leaf["form_config"]])
    return read


def walk(nodes: list[Node] | None) -> Iterator[Node]:
    """Every leaf (type "3") of a tree, at any depth; a group's children may be null or left out."""
    for node in nodes or ():
        if node["type"] == "3":
            yield node
        else:
            yield from walk(node.get("children"))


def tree(category: str) -> list[Node]:
    """The data file's V2 tree; empty for the categories whose makers this twin does not play."""
    found: list[Node] = facts()["products"].get(category, [])
    return found


def seconds(model_id: str) -> tuple[float, float]:
    """Shortest and longest time in seconds: the document's estimate, for an unknown model ours."""
    shortest, longest = facts()["seconds"].get(model_id, facts()["usual_seconds"])
    return shortest, longest


class Products:
    """What one twin lists and sells, by category. Replaced trees are of this process and are not kept."""

    def __init__(self) -> None:
        self._replaced: dict[str, list[Node]] = {}

    def tree(self, category: str) -> list[Node]:
        return self._replaced.get(category, tree(category))

    def leaves(self, category: str) -> list[Node]:
        return list(walk(self.tree(category)))

    def replace(self, category: str, nodes: Any) -> None:
        """Sell exactly this tree from now on. Raises ValueError for one that could not be served."""
        sold = facts()["products"]
        if category not in sold:
            raise ValueError(f"category must be one of {', '.join(sold)}")
        wrong = trouble("ima_tree", nodes)
        if wrong:
            raise ValueError(f"tree: {wrong}")
        self._replaced = {**self._replaced, category: nodes}  # one step: other threads read it meanwhile

    def restore(self) -> None:
        """Back to the data file, in every category."""
        self._replaced = {}
