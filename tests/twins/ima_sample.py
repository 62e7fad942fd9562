"""A client that knows the vendor's document and nothing else: bodies made from the live list as API 2 prints
them, single places of a body changed, and the Python example retold."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import requests

import ima_printed as printed
from ima_printed import IMAGE, Example
from twins.ima_vendor import Clock, Vendor

LONGEST = max(longest for _, longest, _ in printed.ESTIMATES.values())


class Sample:
    """What the Python example does, in other words: it looks two levels deep, takes the first price, never
    reads the envelope's code, and is done as soon as every number is 1."""

    def __init__(self, vendor: Vendor, clock: Clock) -> None:
        self.vendor, self.clock = vendor, clock

    def pick(self, example: Example) -> Any:
        groups = self.vendor.products(example.task_type)
        children = [child for group in groups for child in group.get("children") or []]
        near = [node for child in children for node in (child, *(child.get("children") or []))]
        return next(
            node for node in near if node["type"] == "3" and example.model_id in {None, node["model_id"]}
        )

    def buy(self, leaf: Any, example: Example) -> str:
        """Of what is asked besides, only the size gets through."""
        body = order(leaf, leaf["credit_rules"][0], example.task_type, example.prompt, example.input_images)
        inner(body).update({name: value for name, value in example.extra if name == "size"})
        return str(self.vendor.create(body)["data"]["id"])

    def poll(self, task_id: str, interval: float) -> Any:
        deadline = self.clock.now + printed.POLL["timeout"]
        while self.clock.now < deadline:
            task = self.vendor.detail(task_id)["data"]
            numbers = [media["resource_status"] or 0 for media in task["medias"]]
            if 2 in numbers or any(media["status"] == "failed" for media in task["medias"]):
                raise RuntimeError(task_id)
            if numbers and set(numbers) == {1}:
                return task
            self.clock.now += interval
        raise TimeoutError(task_id)


def leaves(nodes: Any) -> list[Any]:
    """Every leaf, at any depth."""
    found = [[node] if node["type"] == "3" else leaves(node["children"]) for node in nodes or []]
    return list(itertools.chain(*found))


def leaf_of(ima: Vendor, category: str, model_id: str) -> Any:
    (found,) = [leaf for leaf in leaves(ima.products(category)) if leaf["model_id"] == model_id]
    return found


def order(leaf: Any, rule: Any, task_type: str, prompt: str = "a cat", links: Any = ()) -> Any:
    """A body as API 2 prints it: everything from the list, the form's own values as defaults."""
    form = {field["field"]: field["value"] for field in leaf["form_config"] if field["value"] is not None}
    cast = {"points": rule["points"], "attribute_id": rule["attribute_id"]}
    product = {
        "attribute_id": rule["attribute_id"],
        "model_id": leaf["model_id"],
        "model_name": leaf["name"],
        "model_version": leaf["id"],
        "app": "ima",
        "platform": "web",
        "category": task_type,
        "credit": rule["points"],
        "parameters": {"prompt": prompt, "n": 1, "input_images": list(links), "cast": cast, **form},
    }
    top = {"task_type": task_type, "enable_multi_model": False, "src_img_url": list(links)}
    return {**top, "parameters": [product]}


def order_of(ima: Vendor, category: str, model_id: str, attribute_id: int, **asked: Any) -> Any:
    """One quality step of one model, with what is asked besides."""
    leaf = leaf_of(ima, category, model_id)
    (rule,) = [rule for rule in leaf["credit_rules"] if rule["attribute_id"] == attribute_id]
    body = order(leaf, rule, category, links=[printed.INPUT] if category == IMAGE else [])
    conditions = {name: value for name, value in rule["attributes"].items() if name != "default"}
    inner(body).update({**conditions, **asked})
    return body


def with_links(body: Any, *links: str) -> Any:
    """The same pictures in both places."""
    body = changed(body, "set", "src_img_url", list(links))
    return changed(body, "set", f"{printed.INNER}.input_images", list(links))


def inner(body: Any) -> Any:
    return body["parameters"][0]["parameters"]


def changed(body: Any, change: str, path: str, value: Any = None) -> Any:
    """A copy of a body with one place set, dropped, or moved to the path that is the value."""
    made = copy.deepcopy(body)
    place, last = place_of(made, path)
    if change == "set":
        place[last] = value
        return made
    taken = place.pop(last)
    if change == "move":
        place, last = place_of(made, value)
        place[last] = taken
    return made


def place_of(body: Any, path: str) -> tuple[Any, str]:
    *steps, last = path.split(".")
    for step in steps:
        body = body[int(step)] if step.isdigit() else body[step]
    return body, last


def send(ima: Vendor, line: str, headers: dict[str, str], body: Any = None) -> requests.Response:
    """A printed line, METHOD /path?query, under exactly these headers."""
    method, path = line.split()
    return ima.http.request(method, ima.urls["api"] + path, headers=headers, json=body, timeout=5)


def refused(ima: Vendor, body: Any) -> tuple[int, str]:
    """The code and the words of a no, which charges nothing and registers nothing."""
    before = ima.stats()
    answer = ima.create(body)
    after = ima.stats()
    assert answer["data"] is None, answer
    assert (after["points_charged"], after["tasks"]) == (before["points_charged"], before["tasks"])
    return answer["code"], answer["message"]


def bought(ima: Vendor, body: Any, points: int) -> str:
    """The id of a task for which exactly these points were charged."""
    before = ima.stats()["points_charged"]
    answer = ima.create(body)
    assert answer["code"] == 0, answer
    assert ima.stats()["points_charged"] - before == points
    return str(answer["data"]["id"])


def finished(ima: Vendor, clock: Clock, task_id: str) -> Any:
    """The one media, when every model's longest time has gone by."""
    clock.now += LONGEST
    (media,) = ima.detail(task_id)["data"]["medias"]
    return media


def pixels(ima: Vendor, clock: Clock, task_id: str) -> tuple[int, int]:
    media = finished(ima, clock, task_id)
    return media["width"], media["height"]


def walk(ima: Vendor, clock: Clock, model_id: str, task_id: str) -> tuple[list[Any], float]:
    """The states of a task's one picture, each once, and the seconds until it had ended."""
    seen: list[Any] = []
    started, longest = clock.now, printed.ESTIMATES[model_id][1]
    while clock.now <= started + longest:
        for media in ima.detail(task_id)["data"]["medias"]:
            state = (media["resource_status"], media["status"], bool(media["url"]))
            seen += [state] if state not in seen else []
            if media["url"] or media["status"] == "failed":
                return seen, clock.now - started
        clock.now += 0.5
    raise AssertionError(f"{task_id} took too long")
