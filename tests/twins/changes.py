"""Every way in which one field of a request can be wrong: made mechanically, nothing is sent here."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

Path = tuple[str | int, ...]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WORDS = ("Bearer", "Token")  # before a key
HUGE = 10**30
A_LINK = "https://example.com/input.jpg"
GONE = object()  # in the place of a field: there is none
OF_OTHER_TYPE: dict[str, Any] = {
    "null": None,
    "a text": "text",
    "a number": 7,
    "true": True,
    "a list": [],
    "an object": {},
}
OWN_TYPE = {str: "a text", int: "a number", bool: "true", list: "a list", dict: "an object"}
QUERY_VALUES = {
    "emptied": "",
    "0": "0",
    "-1": "-1",
    "huge": str(HUGE),
    "null": "null",
    "true": "true",
    "a list": "[]",
    "an object": "{}",
    "unknown": "no such value",
}
HEADER_VALUES = {  # what else may be tried with a header than with all of them
    "Authorization": {
        "another vendor's word": "{other_word} {key}",
        "in small letters": "{small} {key}",
        "without the word": "{key}",
        "without the key": "{word}",
        "with two blanks": "{word}  {key}",
        "with the key of another vendor": "{word} sk_example_placeholder",
        "with the key of another account": "{word} {other_key}",
    },
    "Content-Type": {
        "text/plain": "text/plain",
        "a form": "application/x-www-form-urlencoded",
        "another picture": "image/jpeg",
        "with a charset": "{value}; charset=utf-8",
    },
    "x_app_language": {"another language": "fr"},
}


@dataclass(frozen=True)
class Sent:
    """One request. `body`: a JSON value, bytes, or GONE. `key`: what Authorization carries, or would, behind
    `word`; `other_key`: of another account there. `hosts`: the vendor's."""

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = GONE
    key: str = ""
    word: str = "Bearer"
    other_key: str = "ima_example_placeholder"
    hosts: tuple[str, ...] = ("api", "upload", "files")

    @property
    def data(self) -> bytes | None:
        """The body as it travels."""
        if self.body is GONE:
            return None
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def changes(sent: Sent) -> dict[str, Sent]:
    """Name of the change -> the request with that one change."""
    found = [*_of_route(sent), *_of_headers(sent), *_of_query(sent)]
    if isinstance(sent.body, bytes):
        found.append(("body emptied", replace(sent, body=b"")))
    elif sent.body is not GONE:
        found += [("body missing", replace(sent, body=GONE)), ("body broken", replace(sent, body=b"{"))]
        found += [(f"body {name}", replace(sent, body=body)) for name, body in of_json(sent.body)]
    made = dict(found)
    assert len(made) == len(found), "two changes of one name"
    return made


def _of_route(sent: Sent) -> Iterator[tuple[str, Sent]]:
    for method in METHODS:
        if method != sent.method:
            yield f"method {method}", replace(sent, method=method)
    for host in sent.hosts:
        if host != sent.host:
            yield f"host {host}", replace(sent, host=host)
    first, *rest = sent.path.strip("/").split("/")
    paths = {
        "with a slash behind": f"{sent.path}/",
        "with two slashes inside": "//".join(sent.path.rsplit("/", 1)),
        "without its beginning": "/" + "/".join(rest),
        "without its end": "/" + "/".join([first, *rest[:-1]]),
        "in capitals": sent.path.upper(),
    }
    if "/v1/" in sent.path:
        paths["of v2"] = sent.path.replace("/v1/", "/v2/")
        paths["without v1"] = sent.path.replace("/v1/", "/")
    for name, path in paths.items():
        yield f"path {name}", replace(sent, path=path)


def _of_headers(sent: Sent) -> Iterator[tuple[str, Sent]]:
    def put(name: str, value: str, place: str = "") -> Sent:
        headers = {**sent.headers, place or name: value}
        if place:
            del headers[name]
        return replace(sent, headers=headers)

    other_word = next(word for word in WORDS if word != sent.word)
    keys = {"key": sent.key, "other_key": sent.other_key}
    words = {"word": sent.word, "small": sent.word.lower(), "other_word": other_word}
    if "Authorization" not in sent.headers:
        added = {**sent.headers, "Authorization": f"{sent.word} {sent.key}"}
        yield "header Authorization added", replace(sent, headers=added)
    for name, value in sent.headers.items():
        dropped = {other: kept for other, kept in sent.headers.items() if other != name}
        yield f"header {name} dropped", replace(sent, headers=dropped)
        swapped = name.replace("_", "-") if "_" in name else name.replace("-", "_")
        yield f"header {name} renamed", put(name, value, swapped if swapped != name else f"X-{name}")
        yield f"header {name} emptied", put(name, "")
        yield f"header {name} of another value", put(name, "other")
        yield f"header {name} in other case", put(name, _other_case(value))
        for what, other in HEADER_VALUES.get(name, {}).items():
            yield f"header {name} {what}", put(name, other.format(value=value, **keys, **words))


def _of_query(sent: Sent) -> Iterator[tuple[str, Sent]]:
    yield "query with an unknown field", replace(sent, query=(*sent.query, ("unknown", "1")))
    for index, (name, value) in enumerate(sent.query):
        before, after = sent.query[:index], sent.query[index + 1 :]
        yield f"query {name} dropped", replace(sent, query=(*before, *after))
        yield f"query {name} moved into the body", replace(sent, query=(*before, *after), body={name: value})
        yield f"query {name} renamed", replace(sent, query=(*before, (f"{name}_", value), *after))
        yield f"query {name} given twice", replace(sent, query=(*sent.query, (name, value)))
        values = {**QUERY_VALUES, "with a blank": f"{value} "}
        if _other_case(value) != value:
            values["in other case"] = _other_case(value)
        for what, other in values.items():
            yield f"query {name} {what}", replace(sent, query=(*before, (name, other), *after))


def of_json(body: Any) -> Iterator[tuple[str, Any]]:
    """Every single change of a JSON value: its fields and the elements of its lists, at every level."""
    for path in _paths(body):
        value, label = _at(body, path), ".".join(map(str, path)) or "itself"
        for what, other in _instead(value):
            yield f"{label} {what}", _with(body, path, other)
        if isinstance(value, dict):
            yield f"{label} with an unknown field", _with(body, (*path, "unknown"), 1)
        if not path:
            continue
        yield f"{label} dropped", _with(body, path, GONE)
        if isinstance(path[-1], str):
            renamed = _with(_with(body, path, GONE), (*path[:-1], f"{path[-1]}_"), value)
            yield f"{label} renamed", renamed
            for direction, place in _other_levels(body, path):
                yield f"{label} moved {direction}", _with(_with(body, path, GONE), (*place, path[-1]), value)


def _instead(value: Any) -> Iterator[tuple[str, Any]]:
    """Other values in the place of one: of another type, out of range, in disguise."""
    own = OWN_TYPE[type(value)]
    yield from ((name, other) for name, other in OF_OTHER_TYPE.items() if name != own)
    yield "put into a list", [value]
    if isinstance(value, bool):
        yield "turned round", not value
    elif isinstance(value, int):
        yield from {"0": 0, "-1": -1, "huge": HUGE, "one more": value + 1, "a bit more": value + 0.5}.items()
        yield from {"as text": str(value), "written with .0": float(value)}.items()
    elif isinstance(value, str):
        yield from {"emptied": "", "unknown": "no such value", "with a blank": f"{value} "}.items()
        if _other_case(value) != value:
            yield "in other case", _other_case(value)
    elif value:
        yield "emptied", type(value)()
    if isinstance(value, list):
        yield ("doubled", value * 2) if value else ("filled", [A_LINK])


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from _paths(one, (*path, key))


def _other_levels(body: Any, path: Path) -> Iterator[tuple[str, Path]]:
    """The objects one level above the field and one below it, as paths."""
    home = path[:-1]
    objects = [place for place in _paths(body) if isinstance(_at(body, place), dict)]
    above = [place for place in objects if place == home[: len(place)] and place != home]
    if above:
        yield "up", max(above, key=len)
    inside = [place for place in objects if place[: len(home)] == home and place != home]
    below = [place for place in inside if place[: len(path)] != path]
    if below:
        yield "down", min(below, key=len)


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _with(body: Any, path: Path, value: Any) -> Any:
    """A copy of the body with one field set, added, or gone."""
    if not path:
        return value
    made = copy.deepcopy(body)
    home = _at(made, path[:-1])
    if value is GONE:
        del home[path[-1]]
    else:
        home[path[-1]] = copy.deepcopy(value)
    return made


def _other_case(text: str) -> str:
    return text.upper() if re.search("[a-z]", text) else text.lower()
