"""PURE. A document for eyes: lines for a person, values for a pipe, one line for a completion notice."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator

from studio import looks
from studio.columns import Screen, width, wrapped
from studio.signs import seen
from studio.types import Json

PLAIN = Screen()
COPIED = ("/", "\\", "`", " -")
IF_WANTED, GO_ON = "If you want that:", "Go on with:"
BRIEF = 170  # characters: what a chat agent's completion notice shows is a little more


def person(document: Json, screen: Screen = PLAIN, beside: Json | None = None) -> str:
    """Lines for a person at a terminal; `beside`: see `studio.looks`. No sign of the document moves a
    cursor: what does so in the lines is the screen's own."""
    document, beside = seen(document), seen(beside or {})
    kind = document["schema"].split("/")[1]
    if kind == "result" and document["job"] and "times" in beside:
        kind = "job"
    tables = {
        "models": looks.models,
        "list": looks.listing,
        "spend": looks.spend,
        "doctor": looks.doctor,
        "job": looks.job,
        "gallery": _gallery,
    }
    if kind in tables:
        return "\n".join(tables[kind](document, screen, beside))
    lines = {
        "sandbox": _sandbox,
        "schema": _schema,
        "prefs": _prefs,
        "purge": _purge,
        "row": _row,
        "batch": _batch,
    }
    said = "\n".join(lines.get(kind, _job)(document)).split("\n")
    return "\n".join(piece for line in said for piece in _fitting(line, screen))


def _fitting(line: str, screen: Screen) -> list[str]:
    """A sentence is broken between words. What may be copied stays in one line, as a command, a path or a
    link does: the terminal's own break does not come along."""
    copied = line.startswith((" ", "{", "}", IF_WANTED, GO_ON)) or any(sign in line for sign in COPIED)
    return [line] if copied or width(line) <= screen.width else wrapped(line, screen.width)


def values(document: Json) -> str:
    """One value a line: paths, ids, a price."""
    kind = document["schema"].split("/")[1]
    if kind == "result":
        found = [output["path"] for output in document["outputs"] if output["path"]]
        return "\n".join(found or ([document["job"]] if not document["done"] else []))
    if kind == "quote":
        return str(document["cost"]["quoted"])
    one: dict[str, Callable[[], str]] = {
        "doctor": lambda: "ready" if document["ready"] else "not ready",
        "gallery": lambda: str(document["path"]),
        "purge": lambda: str(document["purged"]),
        "row": lambda: "\n".join(document["paths"]),
        "batch": lambda: "",  # each row was said as it came
        "prefs": lambda: "\n".join(
            f"{row['task_type']} {row['model']['id']}" for row in document["preferences"]
        ),
        "spend": lambda: "\n".join(f"{row['gateway']} {row['spent_today']}" for row in document["limits"]),
    }
    if kind in one:
        return one[kind]()
    rows = {"list": ("jobs", "job"), "models": ("models", "id")}.get(kind)
    if rows:
        return "\n".join(dict.fromkeys(row[rows[1]] for row in document[rows[0]]))
    return "\n".join(f"{name}={value}" for name, value in document.get("environment", {}).items())


def brief(document: Json) -> str:
    """One ASCII line: what became of which job, and how to go on."""
    word = "DONE" if document["ok"] and document["done"] else "RUNNING" if not document["done"] else "FAILED"
    job = document.get("job")
    error = document.get("error")
    parts = [word, job or document["event"], "ok" if document["ok"] else error["kind"] if error else ""]
    line = " ".join(part for part in parts if part)
    if job:
        waits = not document["done"] or (document["next"] or [])[2:4] == ["wait", job]
        line += f" -> create.py {'wait' if waits else 'show'} {job}"
    return line.encode("ascii", "replace").decode()[:BRIEF]


def _job(document: Json) -> Iterator[str]:
    for item in document["send"]:
        yield item["message"]
        if "media" in item:
            yield f"  {item['media']}"
            yield from _measured(document, item["media"])
    error = document.get("error")
    if error:
        yield error["message"]
        if error["detail"]:
            yield error["detail"]
    if document.get("request"):
        yield json.dumps(document["request"], ensure_ascii=False, indent=2)
    for item in document.get("resend", []):
        yield item["message"]
        if "media" in item:
            yield f"  {item['media']}"
    if document["next"]:
        lead = IF_WANTED if document["done"] else GO_ON
        yield f"{lead} {shlex.join(document['next'])}"
    if document.get("note"):
        yield document["note"]


def _measured(document: Json, path: str) -> Iterator[str]:
    """Pixels, size and price of the file that was saved there; of several the price stands at the first."""
    for number, output in enumerate(document.get("outputs", ())):
        if output["path"] == path:
            price = looks.price(document["cost"]) if number == 0 and document["cost"] else ""
            yield f"  {looks.measured(output, price)}"


def _gallery(document: Json, screen: Screen, beside: Json) -> Iterator[str]:
    """A path, whole."""
    yield document["path"]


def _prefs(document: Json) -> Iterator[str]:
    for item in document["send"]:
        yield item["message"]
    for row in document["preferences"]:
        whose = f"{row['user_id']}  " if row["user_id"] else ""
        yield f"{whose}{row['task_type']}  {row['model']['name'] or row['model']['id']}"
    for row in document["left"]:
        yield f"not taken: {row['user_id']}  {row['task_type']}  {row['model']}"


def _purge(document: Json) -> Iterator[str]:
    beside = ", ".join(f"{document[what]} {what}" for what in ("receipts", "uploads", "logs"))
    yield f"{document['purged']} jobs forgotten. Their files stay. Removed besides: {beside}."
    if not document["erased"]:
        yield "Another process reads the record: run it again later, so that the bytes are gone, too."


def _row(document: Json) -> Iterator[str]:
    if document["before"] and document["state"] == "done":
        return
    cost, error = document["cost"], document["error"]
    price = "price not known" if cost["quoted"] is None else f"{cost['quoted']} {cost['unit']}"
    why = f"  {error['message']}" if error else ""
    yield f"line {document['row']}: {document['state']}  {document['job'] or '-'}  {price}{why}"
    yield from (f"    {path}" for path in document["paths"])


def _batch(document: Json) -> Iterator[str]:
    rows = document["rows"]
    yield ", ".join(f"{count} {state}" for state, count in rows.items() if count or state == "total")
    if document["before"]:
        yield f"{document['before']} of them were so before; --quiet lists the files."
    for one in document["cost"]:
        unknown = f", {one['unknown_price']} of unknown price" if one["unknown_price"] else ""
        yield f"{one['gateway']}: {one['rows']} rows, {one['quoted']:g} {one['unit']}{unknown}"
    for stop in document["stopped"]:
        yield stop["message"]
    if document["error"]:
        yield document["error"]["message"]
    if document["next"]:
        lead = IF_WANTED if document["event"] == "quote" else GO_ON
        yield f"{lead} {shlex.join(document['next'])}"


def _schema(document: Json) -> Iterator[str]:
    yield json.dumps(document, ensure_ascii=False, indent=1)


def _sandbox(document: Json) -> Iterator[str]:
    yield "Serving until Ctrl-C. In another terminal:"
    for name, value in document["environment"].items():
        yield f"  export {name}={value}"
