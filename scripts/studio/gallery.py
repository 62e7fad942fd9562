"""The command `gallery`: one page of what was made, written from the record. It asks nobody for anything."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from studio import catalogue, files, media, page, reports
from studio.app import App
from studio.errors import UsageError
from studio.figures import instant
from studio.page import Gallery, Look
from studio.types import Json, Saved

NAME = "gallery.html"
OF_REHEARSALS = "gallery-rehearsals.html"  # play money and made-up pictures take no other page's place
PARTS = catalogue.DATA / "gallery"
OURS = b'content="media-studio gallery"'
HEAD = 4096  # bytes in which that stands


def gallery(app: App) -> Json:
    made, count = app.made, int(app.made.count)
    app.ledger.settle()
    since = instant(app.clock, made.since) if made.since else None
    found = app.ledger.newest(count + 1, user_id=made.user_id, since=since)
    spent = app.ledger.accounts.spending(since or 0.0)
    place = app.out / (OF_REHEARSALS if app.sandbox else NAME)
    shown = Gallery(
        jobs=found[:count],
        spent=[row for row in spent if made.user_id in {None, row.user_id}],
        gateways={gateway.id: gateway for gateway in catalogue.gateways()},
        more=len(found) > count,
        sandbox=app.sandbox,
        now=app.clock.time(),
        link=lambda file: link(file, place.parent),
        local=local,
        keys=app.secrets,
    )
    write(page.html(shown, look(app.language)), place)
    there = [piece.link is not None for piece in page.pieces(shown)]
    return reports.gallery(str(place), there, jobs=len(shown.jobs), more=shown.more, sandbox=app.sandbox)


def look(language: str) -> Look:
    html, style, script = (
        (PARTS / f"page.{ending}").read_text(encoding="utf-8") for ending in ("html", "css", "js")
    )
    words: Json = catalogue.load("gallery/words.json")[language]
    return Look(html, style, script, {**words, "language": language})


def link(file: Saved, folder: Path) -> str | None:
    """A saved file as a page in `folder` refers to it, None where it is gone: from there on, where it lies
    below, so that both can move together; else by its whole address. Every sign that means something in an
    address is written as its code, also the colon, so that no name becomes a scheme."""
    path = Path(file.path)
    if not path.is_file():
        return None
    if path.is_relative_to(folder):
        return quote(os.fsencode(path.relative_to(folder)))
    return path.as_uri()


def local(at: float) -> datetime:
    """The time on this machine's wall; 1970 for what is beyond any calendar."""
    try:
        return datetime.fromtimestamp(at)
    except (ValueError, OverflowError, OSError):
        return datetime(1970, 1, 1)


def write(text: str, place: Path) -> None:
    """In the place of an older page of ours, and of nothing else. Raises UsageError."""
    media.check_folder(place.parent)
    try:
        if os.path.lexists(place) and not _ours(place):
            raise UsageError(
                f"{place} is no page of `gallery`: it is not written over.",
                detail="Name another folder with --out, or move that file.",
            )
        files.rewrite(text.encode("utf-8", "replace"), place)
    except OSError as problem:
        raise UsageError(
            f"The page cannot be written to {place} ({problem.strerror or problem}).",
            kind="out_unwritable",
            detail="Choose another folder with --out.",
        ) from problem


def _ours(place: Path) -> bool:
    if not place.is_file():
        return False
    with place.open("rb") as older:
        return OURS in older.read(HEAD)
