"""A result fits the chat it goes to: what of it is enclosed. The budgets are data (`data/channels.json`)."""

from __future__ import annotations

import functools
import stat
from pathlib import Path

from studio import catalogue
from studio.media import Budget
from studio.types import Enclosure, Saved


@functools.cache
def budget(channel: str | None) -> Budget:
    """What a channel takes; None: what every one of them takes."""
    rows = catalogue.load("channels.json")
    held = rows.values() if channel is None else [rows[channel]]
    stated = {name: [row[name] for row in held if name in row] for name in Budget.__match_args__}
    return Budget(**{name: min(bounds) for name, bounds in stated.items() if bounds})


def fit(saved: Saved, channel: str | None) -> Enclosure:
    """What goes with the message about a file. A file that is no longer there is named as it was saved:
    it is not too large, and what is to be said of it is not for here. Bytes are counted now, sides as they
    were measured when it was saved, so that most results need no look into the picture."""
    held, path = budget(channel), Path(saved.path)
    try:
        found = path.stat()
    except OSError:
        return Enclosure(saved.path)
    if not stat.S_ISREG(found.st_mode):
        return Enclosure(saved.path)
    if not saved.mime.startswith("image/"):
        return Enclosure(saved.path) if found.st_size <= held.file_bytes else Enclosure(None, "too_large")
    if held.takes(found.st_size, saved.width or 1, saved.height or 1):
        return Enclosure(saved.path)
    from studio import media

    copy = media.smaller(path, held)
    return Enclosure(str(copy), "smaller") if copy else Enclosure(None, "too_large")
