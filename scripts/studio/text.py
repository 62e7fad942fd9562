"""PURE. A document for eyes: lines for a person, values for a pipe, one line for a completion notice."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator

from studio.options import flag
from studio.types import Json

BRIEF = 170  # characters: what a chat agent's completion notice shows is a little more


def person(document: Json) -> str:
    """Lines for a person at a terminal."""
    made = {
        "media-studio/models/1": _models,
        "media-studio/list/1": _list,
        "media-studio/gallery/1": _gallery,
        "media-studio/doctor/1": _doctor,
        "media-studio/sandbox/1": _sandbox,
        "media-studio/schema/1": _schema,
        "media-studio/prefs/1": _prefs,
        "media-studio/spend/1": _spend,
        "media-studio/purge/1": _purge,
        "media-studio/row/1": _row,
        "media-studio/batch/1": _batch,
    }.get(document["schema"], _job)
    return "\n".join(made(document))


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
        lead = "If you want that" if document["done"] else "Go on with"
        yield f"{lead}: {shlex.join(document['next'])}"
    if document.get("note"):
        yield document["note"]


def _models(document: Json) -> Iterator[str]:
    yield f"Prices: {document['basis']}"
    for row in document["models"]:
        each = (f"{price['what']} {price['amount']} {price['unit']}" for price in row["prices"])
        prices = ", ".join(dict.fromkeys(each)) or "price not known: asked about first"
        chosen = f"  (default for {', '.join(row['default_for'])})" if row["default_for"] else ""
        yield f"{row['name']}  {row['id']}  through {row['gateway']}{chosen}"
        yield f"    {', '.join(row['task_types'])}; {prices}"
        for name, allowed in row["options"].items():
            yield f"    {flag(name)}: {', '.join(allowed) or 'any'}"


def _list(document: Json) -> Iterator[str]:
    if not document["jobs"]:
        yield "No jobs yet."
    for row in document["jobs"]:
        cost = "?" if row["cost"]["quoted"] is None else f"{row['cost']['quoted']} {row['cost']['unit']}"
        yield f"{row['job']}  {row['state']:9}  {cost:>10}  {row['model']}  {(row['prompt'] or '')[:50]}"
        for path in row["paths"]:
            yield f"    {path}"


def _gallery(document: Json) -> Iterator[str]:
    yield document["path"]


def _prefs(document: Json) -> Iterator[str]:
    for item in document["send"]:
        yield item["message"]
    for row in document["preferences"]:
        whose = f"{row['user_id']}  " if row["user_id"] else ""
        yield f"{whose}{row['task_type']}  {row['model']['name'] or row['model']['id']}"
    for row in document["left"]:
        yield f"not taken: {row['user_id']}  {row['task_type']}  {row['model']}"


def _spend(document: Json) -> Iterator[str]:
    if not document["spent"]:
        yield "Nothing was spent."
    for row in document["spent"]:
        unknown = f", {row['unknown_price']} of unknown price" if row["unknown_price"] else ""
        whose = row["user_id"] or "-"
        jobs = f"{row['jobs']} jobs{unknown}"
        yield f"{row['day']}  {row['gateway']:10}  {whose:12}  {row['quoted']:>8} {row['unit']}  {jobs}"
    for held in document["limits"]:
        today = f"{held['gateway']} today: {held['spent_today']} {held['unit']}"
        left = "" if held["left_today"] is None else f", {held['left_today']} of {held['per_day']} left"
        yield today + left


def _purge(document: Json) -> Iterator[str]:
    beside = ", ".join(f"{document[what]} {what}" for what in ("receipts", "uploads", "logs"))
    yield f"{document['purged']} jobs forgotten. Their files stay. Removed besides: {beside}."
    if not document["erased"]:
        yield "Another process reads the record: run it again later, so that the bytes are gone, too."


def _doctor(document: Json) -> Iterator[str]:
    for row in document["keys"]:
        yield f"{row['name']}: {row['variable']} is {row['key']}"
        if row["key"] != "set":
            yield (
                f"    make one at {row['key_page']}"
                if row["key_page"]
                else "    where keys are made is not known here"
            )
        for role, url in row["addresses"].items():
            yield f"    {role} address: {url}"
    for task_type, model in document["defaults"].items():
        yield f"{task_type}: {model or 'nothing, until a key is set'}"
    for name, folder in document["folders"].items():
        yield f"{name}: {folder}"
    yield ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    if not document["ready"]:
        yield 'To try without a key: create.py make --sandbox --prompt "a lighthouse at dusk"'


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
    for one in document["cost"]:
        unknown = f", {one['unknown_price']} of unknown price" if one["unknown_price"] else ""
        yield f"{one['gateway']}: {one['rows']} rows, {one['quoted']:g} {one['unit']}{unknown}"
    for stop in document["stopped"]:
        yield stop["message"]
    if document["error"]:
        yield document["error"]["message"]
    if document["next"]:
        lead = "If you want that" if document["event"] == "quote" else "Go on with"
        yield f"{lead}: {shlex.join(document['next'])}"


def _schema(document: Json) -> Iterator[str]:
    yield json.dumps(document, ensure_ascii=False, indent=1)


def _sandbox(document: Json) -> Iterator[str]:
    yield "Serving until Ctrl-C. In another terminal:"
    for name, value in document["environment"].items():
        yield f"  export {name}={value}"
