"""The stages of a purchase within one process, the faults that can meet them there, and those that cannot."""

from __future__ import annotations

from random_faults.pairs import impossible, possible

CALLS = ("list", "upload", "pay", "registered", "poll", "download")
"""The calls of the vendor. pay: the request has left, and nothing is registered yet; registered: it is, and
the answer is on its way."""
COMMITS = ("begin", "unsent", "answered", "saving", "printed")
"""Before a commit of the record: of the intent, of `sending`, of the task's id, of the files, and of the mark
that the end was told."""
STAGES = (
    "list",
    "begin",
    "intent",
    "upload",
    "unsent",
    "sending",
    "pay",
    "registered",
    "answered",
    "submitted",
    "poll",
    "download",
    "saving",
    "saved",
    "printing",
    "printed",
)

LINE = ("no connection", "reset")
ANSWERS = ("500", "502 page", "429", "401", "404", "no JSON", "odd shape")
REFUSALS = ("400", "4008", "4014", "6009", "503", "content")
TASKS = ("strange state", "another's", "never done", "failed", "partly failed")
FILES = ("link refused", "cut short", "wrong bytes")
ENDS = ("killed", "Ctrl-C", "Ctrl-C twice", "frozen", "full disk")
FAULTS = (*LINE, *ANSWERS, *REFUSALS, "error with id", *TASKS, *FILES, "slow", *ENDS)

OURS = tuple(stage for stage in STAGES if stage not in CALLS)
HELD = ("unsent", "sending", "pay", "registered", "answered", "submitted")


def _but(*stages: str) -> tuple[str, ...]:
    return tuple(stage for stage in STAGES if stage not in stages)


FROM_OUTSIDE = tuple(fault for fault in FAULTS if fault not in ENDS)
IMPOSSIBLE = impossible(
    (
        ("nobody outside is spoken to", FROM_OUTSIDE, OURS),
        ("what registered the task had a connection", ("no connection",), ("registered",)),
        ("a vendor that refuses registers nothing", ("429", "401", *REFUSALS), ("registered",)),
        ("it answers a request to buy", REFUSALS, _but("pay")),
        ("it names the task that was registered", ("error with id",), _but("registered")),
        ("only a poll tells of a task's state", TASKS, _but("poll")),
        ("only a download has a file to spoil", FILES, _but("download")),
        ("a file is not read as JSON", ("no JSON", "odd shape"), ("download",)),
        ("only uploads are given up by the clock before they end", ("slow",), _but("upload")),
        ("the first Ctrl-C is not held there", ("Ctrl-C twice",), _but(*HELD)),
        ("no write there that the purchase depends on", ("full disk",), _but(*COMMITS, "download")),
    )
)
"""Each pair that cannot occur, with the reason."""

PAIRS = possible(FAULTS, STAGES, IMPOSSIBLE)
