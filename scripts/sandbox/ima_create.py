"""Would IMA take this create body? First its shape (schema), then its rules (contract 1.4, 1.6)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.ima_leaf import conditions, in_form, parameters, same
from sandbox.ima_products import Node, Products
from sandbox.links import is_public
from sandbox.shapes import trouble

LOOPBACK = ("127.0.0.1", "localhost")
COMMON = ("prompt", "input_images", "cast")  # inner parameters of every model, judged apart from its form
MOST_AT_ONCE = 10  # pictures, where the form says nothing about n


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


def check(body: Any, products: Products, handed_out: Callable[[str], bool]) -> Order:
    """Read a create body. `handed_out`: is this path of a loopback link one of ours? Raises Refusal."""
    wrong = trouble("ima_create", body)
    if wrong:
        raise Refusal(400, wrong)
    product = body["parameters"][0]
    inner = product["parameters"]
    known = products.leaves(body["task_type"])
    if product["category"] != body["task_type"]:
        raise Refusal(400, "category must equal task_type")
    _check_attribute_exists(product, known)
    leaf = _leaf(product, known)
    _check_parameters(inner, leaf)
    _check_links(body, inner, handed_out)
    rule = _rule(inner, leaf)
    _check_price(product, rule)
    n = int(inner["n"])  # JSON's 1.0 is 1
    return Order(leaf, n, n * int(rule["points"]))


def _check_attribute_exists(product: Node, known: list[Node]) -> None:
    """The document: 0, missing or stale gives these words."""
    ids = {rule["attribute_id"] for leaf in known for rule in leaf["credit_rules"]} - {0}
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
    """Every parameter beside the common ones must stand in the model's form or rules, with a value of it."""
    taken = parameters(leaf)
    if not in_form(leaf, "n"):
        taken["n"] = [*range(1, MOST_AT_ONCE + 1), *(taken.get("n") or ())]
    for name, value in inner.items():
        if name in COMMON:
            continue
        if name not in taken:
            raise Refusal(400, f"{name} is not a parameter of {leaf['name']}")
        allowed = taken[name]
        if value is None or (allowed is not None and not any(same(value, one) for one in allowed)):
            valid = ", ".join(dict.fromkeys(str(one) for one in allowed or ["any but null"]))
            raise Refusal(400, f"{name} {str(value)[:80]} is invalid for {leaf['name']}, valid: {valid}")


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
    """https on a public host, or a link of this twin's own; its port may be that of an earlier run."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return False
    if any(sign.isspace() for sign in link):
        return False
    if parts.scheme == "http":
        return host in LOOPBACK and handed_out(parts.path)
    return parts.scheme == "https" and is_public(host)


def _rule(inner: Node, leaf: Node) -> Node:
    """The most specific price rule that holds in full, of equals the first. The default one always holds."""
    holding = [
        rule
        for rule in leaf["credit_rules"]
        if all(name in inner and same(inner[name], value) for name, value in conditions(rule).items())
    ]
    if holding:
        return max(holding, key=lambda rule: len(conditions(rule)))
    named = dict.fromkeys(name for rule in leaf["credit_rules"] for name in conditions(rule))
    missing = ", ".join(name for name in named if name not in inner)
    raise Refusal(6009, f"No matching price rule: {f'{missing} is missing' if missing else 'none holds'}")


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
