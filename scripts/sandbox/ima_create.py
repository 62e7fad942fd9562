"""Would IMA take this create body? First its shape (schema), then its rules (contract 1.4, 1.6)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from sandbox.ima_products import DATA, Node, leaves, values

LOOPBACK = ("127.0.0.1", "localhost")
FREE = ("prompt", "n", "input_images", "cast")  # inner parameters that every model takes


class Refusal(Exception):
    """A business refusal: the envelope's code and words, and the HTTP status that carries them."""

    def __init__(self, code: int, message: str, http: int = 200) -> None:
        super().__init__(message)
        self.code, self.message, self.http = code, message, http


@dataclass(frozen=True)
class Order:
    """An accepted body. `points`: of the whole order, n times the rule's."""

    leaf: Node
    n: int
    points: int


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads((DATA / "ima_create.schema.json").read_text(encoding="utf-8")))


def check(body: Any, handed_out: Callable[[str], bool]) -> Order:
    """Read a create body. `handed_out`: is this path of a loopback link one of ours? Raises Refusal."""
    _check_shape(body)
    product = body["parameters"][0]
    inner = product["parameters"]
    known = leaves(body["task_type"])
    if product["category"] != body["task_type"]:
        raise Refusal(400, "category must equal task_type")
    _check_attribute_exists(product, known)
    leaf = _leaf(product, known)
    _check_parameters(inner, leaf)
    _check_links(body, inner, handed_out)
    rule = _rule(inner, leaf)
    _check_price(product, rule)
    return Order(leaf, inner["n"], inner["n"] * rule["points"])


def _check_shape(body: Any) -> None:
    errors = sorted(
        _validator().iter_errors(body), key=lambda error: [str(step) for step in error.absolute_path]
    )
    if errors:
        place = ".".join(str(step) for step in errors[0].absolute_path)
        raise Refusal(400, f"{place}: {errors[0].message}"[:300].removeprefix(": "))


def _check_attribute_exists(product: Node, known: list[Node]) -> None:
    """The document: 0, missing or stale gives these words."""
    ids = {rule["attribute_id"] for leaf in known for rule in leaf["credit_rules"]}
    if product.get("attribute_id", 0) not in ids:
        raise Refusal(400, "Invalid product attribute")


def _leaf(product: Node, known: list[Node]) -> Node:
    """The one leaf that id, name and version name together."""
    same_model = [leaf for leaf in known if leaf["model_id"] == product["model_id"]]
    if not same_model:
        raise Refusal(400, f"model_id {product['model_id']} is not sold for this category")
    same_version = [leaf for leaf in same_model if leaf["id"] == product["model_version"]]
    if not same_version:
        raise Refusal(400, f"model_version {product['model_version']} is no version of {product['model_id']}")
    for leaf in same_version:
        if leaf["name"] == product["model_name"]:
            return leaf
    raise Refusal(400, f"model_name must be {same_version[0]['name']}")


def _check_parameters(inner: Node, leaf: Node) -> None:
    """Every parameter beside the common ones must stand in the model's form, with a value that it offers."""
    for name in inner:
        if name in FREE:
            continue
        allowed = values(leaf, name)
        if not allowed:
            raise Refusal(400, f"{name} is not a parameter of {leaf['name']}")
        if not any(_same(inner[name], value) for value in allowed):
            raise Refusal(
                400, f"{name} {inner[name]} is invalid for {leaf['name']}, valid: {', '.join(allowed)}"
            )


def _same(one: Any, other: Any) -> bool:
    """Values of a form and of a rule may differ in case (contract 1.2)."""
    return str(one).casefold() == str(other).casefold()


def _check_links(body: Node, inner: Node, handed_out: Callable[[str], bool]) -> None:
    """The same pictures at both places, however often each is named: the document's body repeats one."""
    outer, nested = set(body["src_img_url"]), set(inner["input_images"])
    if body["task_type"] == "text_to_image":
        if outer or nested:
            raise Refusal(400, "text_to_image takes no images: src_img_url and input_images must be empty")
        return
    if not outer or not nested:
        raise Refusal(400, "image_to_image needs its image in both src_img_url and input_images")
    if outer != nested:
        raise Refusal(400, "src_img_url and input_images must name the same images")
    for link in outer:
        if not _reachable(link, handed_out):
            raise Refusal(400, "input_images must be public https links of images that can be fetched")


def _reachable(link: str, handed_out: Callable[[str], bool]) -> bool:
    """https anywhere, or a link of this twin's own; its port may be that of an earlier run."""
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and host in LOOPBACK and handed_out(parts.path)


def _rule(inner: Node, leaf: Node) -> Node:
    """The price rule that the sent parameters come to; the one marked default has no conditions."""
    rules: list[Node] = leaf["credit_rules"]
    for rule in rules:
        conditions = {name: value for name, value in rule["attributes"].items() if name != "default"}
        missing = [name for name in conditions if name not in inner]
        if missing:
            raise Refusal(6009, f"No matching price rule: {', '.join(missing)} is missing")
        if all(_same(inner[name], value) for name, value in conditions.items()):
            return rule
    raise Refusal(6009, "No matching price rule for these parameters")


def _check_price(product: Node, rule: Node) -> None:
    cast = product["parameters"].get("cast", {})
    if product["attribute_id"] != rule["attribute_id"]:
        raise Refusal(6010, f"attribute_id {product['attribute_id']} does not match the computed rule")
    if not cast:
        raise Refusal(6006, "cast is missing: the points cannot be checked")
    if cast["attribute_id"] != rule["attribute_id"]:
        raise Refusal(6010, f"cast.attribute_id {cast['attribute_id']} does not match attribute_id")
    for name, points in (("credit", product.get("credit")), ("cast.points", cast["points"])):
        if points != rule["points"]:
            raise Refusal(6006, f"{name} {points} does not equal the rule's points")
