"""The command `prefs`: which model a user wants from now on; shown, set, cleared, taken over from the older
skill."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from studio import argtypes, catalogue, choices, reports
from studio.app import App
from studio.catalogue import Vendor
from studio.errors import UsageError
from studio.frozen import dataclass
from studio.language import language_of
from studio.messages import Messages
from studio.preferences import Preference
from studio.types import Json

MOST = 1_000_000  # bytes of an older file; a real one has below a thousand
USER = "user_"  # before a user's id there
TAKES = {"show": (), "set": ("model",), "clear": (), "import": ("file",)}


@dataclass(frozen=True)
class Older:
    """A row of the older file. `why`: it cannot be taken over."""

    user_id: str
    task_type: str
    model: str
    gateway: str = ""
    model_id: str = ""
    why: str | None = None


def prefs(app: App) -> Json:
    made = app.made
    newest = app.ledger.names.newest(made.user_id)
    if newest and language_of(made.model) == "en":  # a model's name in Latin letters says nothing
        app.goes_on_in(app.ledger.get(newest).plan.language)
    for name in ("model", "file"):
        if getattr(made, name) is not None and name not in TAKES[made.what]:
            raise UsageError(f"`prefs {made.what}` does not take --{name}.")
    if made.task_type is not None and made.task_type not in catalogue.task_types():
        known = ", ".join(catalogue.task_types())
        raise UsageError(f"There is no task type {made.task_type}.", detail=f"Task types: {known}.")
    does = {"show": _show, "set": _set, "clear": _clear, "import": _import}
    return does[made.what](app)


def _show(app: App) -> Json:
    words = Messages(app.language)
    rows = [one for one in app.ledger.preferences.of(_user(app)) if one.task_type in _task_types(app)]
    lines = []
    for gateway, id in dict.fromkeys((one.gateway, one.model_id) for one in rows):
        spec = catalogue.by_id(id, gateway)
        what = words.made_for([one.task_type for one in rows if (one.gateway, one.model_id) == (gateway, id)])
        lines.append(words.say("prefs.shown", model=spec.name if spec else id, what=what))
    return _document(app, "\n".join(lines) or words.say("prefs.none"))


def _set(app: App) -> Json:
    """Words that leave the choice to us clear instead."""
    made = app.made
    if choices.leaves_open(made.model):
        return _clear(app)
    choices.check_named(made.model, "prefs set --model")
    spec = choices.known(made.model, made.task_type or next(iter(catalogue.task_types())))
    spec = choices.payable(app, spec)
    wanted = tuple(id for id in spec.task_types if made.task_type in {None, id})
    if not wanted:
        raise UsageError(
            f"{spec.name} does not make {made.task_type}.",
            kind="cannot_prefer",
            detail=f"It makes {', '.join(spec.task_types)}.",
            about={"model": spec.name, "asked": Messages(app.language).made_for([made.task_type])},
        )
    return _document(app, choices.remembered(app, spec, wanted, Messages(app.language)))


def _clear(app: App) -> Json:
    return _document(app, choices.forgotten(app, tuple(_task_types(app)), Messages(app.language)))


def _import(app: App) -> Json:
    """The older skill's file, once, for everybody in it."""
    made, words = app.made, Messages(app.language)
    if made.user_id is not None or made.task_type is not None:
        raise UsageError("`prefs import` takes over all that is there: no --user-id, no --task-type.")
    path, vendor = _older_file(made.file)
    rows = list(_rows(_read(path), vendor))
    good = [row for row in rows if row.why is None]
    wanted = [(row.user_id, row.task_type, row.gateway, row.model_id) for row in good]
    taken = app.ledger.preferences.take_over(f"preferences {path}", wanted)
    if taken is None:
        return _document(app, words.say("prefs.read_before"), rows=())
    kept = [(row.user_id, row.task_type) for row, ours in zip(good, taken, strict=True) if ours]
    lines = [words.say("prefs.taken", count=len(kept)) if kept else words.say("prefs.taken_none")]
    strange = dict.fromkeys(row.model for row in rows if row.why)
    if strange:
        lines.append(words.say("prefs.left", names=words.say("list_and").join(strange)))
    left = [
        {"user_id": row.user_id, "task_type": row.task_type, "model": row.model, "why": row.why or "has_one"}
        for row in rows
        if (row.user_id, row.task_type) not in kept
    ]
    users = dict.fromkeys(user for user, _ in kept)
    now = [one for user in users for one in app.ledger.preferences.of(user)]
    return _document(app, "\n".join(lines), rows=now, left=left)


def _older_file(named: str | None) -> tuple[Path, Vendor]:
    """Where it is, and whose models stand in it."""
    vendor = next(made for made in catalogue.vendors() if "older_preferences" in made.raw)
    name = os.path.expanduser(named or vendor.raw["older_preferences"])
    return Path(os.path.realpath(name)), vendor


def _read(path: Path) -> Json:
    """A regular file that holds one JSON object, and not too much of it."""
    try:
        if not path.is_file():
            raise _bad(path, "is not there" if not path.exists() else "is no regular file")
        with path.open("rb") as file:
            data = file.read(MOST + 1)
        if len(data) > MOST:
            raise _bad(path, f"has more than {MOST:,} bytes")
        return argtypes.json_object(data.decode("utf-8"))
    except (OSError, UnicodeDecodeError, argparse.ArgumentTypeError) as problem:
        raise _bad(path, f"cannot be read: {getattr(problem, 'strerror', None) or problem}") from None


def _rows(held: Json, vendor: Vendor) -> Iterator[Older]:
    """Each row, with what stands against it. Raises UsageError where the file is not what it should be."""
    for user, by_task_type in held.items():
        if not user.startswith(USER) or not isinstance(by_task_type, dict) or not _valid(user):
            raise _bad(None, f"holds {ascii(user)[:40]}, which is no user with preferences")
        for task_type, row in by_task_type.items():
            id = row.get("model_id") if isinstance(row, dict) else None
            if not isinstance(id, str) or not _valid(id) or not _valid(task_type):
                raise _bad(None, f"names no model for {ascii(task_type)[:40]}")
            yield _row(user.removeprefix(USER), task_type, id, vendor)


def _row(user_id: str, task_type: str, id: str, vendor: Vendor) -> Older:
    spec = next((spec for spec in vendor.models if spec.id == id), None)
    if task_type not in catalogue.task_types():
        return Older(user_id, task_type, spec.name if spec else id, why="unknown_task_type")
    if spec is None:
        return Older(user_id, task_type, id, why="unknown_model")
    if task_type not in spec.task_types:
        return Older(user_id, task_type, spec.name, why="not_made")
    return Older(user_id, task_type, spec.name, spec.gateway, spec.id)


def _valid(text: str) -> bool:
    return 0 < len(text) <= 200 and not any(0xD800 <= ord(sign) <= 0xDFFF or sign < " " for sign in text)


def _bad(path: Path | None, why: str) -> UsageError:
    name = path or "The file of preferences"
    return UsageError(f"{name} {why}. Nothing was taken over.", kind="bad_preferences")


def _document(
    app: App, text: str, *, rows: Sequence[Preference] | None = None, left: Sequence[Json] = ()
) -> Json:
    """`rows`: what to show; the user's own where nothing else is said."""
    shown = app.ledger.preferences.of(_user(app)) if rows is None else rows
    kept = [one for one in shown if one.task_type in _task_types(app)]
    message = Messages(app.language).say("rehearsal", text=text) if app.sandbox else text
    return reports.preferences(app.made.what, kept, left, message, sandbox=app.sandbox)


def _user(app: App) -> str:
    return app.made.user_id or ""


def _task_types(app: App) -> list[str]:
    return [id for id in catalogue.task_types() if app.made.task_type in {None, id}]
