"""The one table of options: parsing, help, the schema and the references are made from it.

What is given is read by `studio.arguments`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.argtypes import Within, earlier_picture, json_object, moment, named, numbers, pair, short, whole
from studio.commands import (
    ASKED,
    ASKING,
    CHANNELS,
    EVERY,
    OF_A_JOB,
    PAYING,
    REHEARSING,
    STEPS,
    TALKING,
    WISHING,
)
from studio.frozen import dataclass


@dataclass(frozen=True)
class Option:
    """`parameter`: what is given goes to the model under this name; the live form says what it may be."""

    flags: tuple[str, ...]
    help: str
    commands: tuple[str, ...]
    type: Callable[[str], Any] = str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    default: Any = None
    many: bool = False  # several values after one flag
    repeated: bool = False  # the flag may come again
    switch: bool = False
    parameter: bool = False

    @property
    def name(self) -> str:
        return self.flags[0].lstrip("-").replace("-", "_")


OPTIONS = (
    Option(("--prompt",), "what to make, in words", (*WISHING, "edit"), metavar="TEXT"),
    Option(("--shot",), "which shot, by its number in the list", ("edit",), type=whole(1, 1000)),
    Option(
        ("--shots",), "which of them, such as 1,2,4 (default: all)", ("compose",), type=numbers, metavar="N,N"
    ),
    Option(("--parent",), "the job that this is a step of: see `edit` and `compose`", ASKED, metavar="JOB"),
    Option(
        ("--model", "--model-id"),
        "a model by id, name or nickname; the default is shown by `models`",
        (*WISHING, "prefs"),
        metavar="NAME",
    ),
    Option(("--version-id",), "one version of the model, by the vendor's id", WISHING, metavar="ID"),
    Option(
        ("--task-type",),
        "what kind of making; else read from the inputs",
        (*WISHING, "models", "prefs"),
        metavar="TYPE",
    ),
    Option(("--remember",), "use --model from now on, for all that it makes", ASKED, switch=True),
    Option(
        ("--recommended",), "where the user names and prefers no model", ASKED, type=named, metavar="MODEL"
    ),
    Option(("--reason",), "why --recommended, in words for the user", ASKED, type=short, metavar="TEXT"),
    Option(
        ("--file",), "what to import (default: the older skill's)", ("prefs",), type=named, metavar="FILE"
    ),
    Option(("--provider",), "only models of this provider", (*WISHING, "models"), metavar="NAME"),
    Option(
        ("--gateway",),
        "only models paid through this gateway; auto: the first that can be paid and serves it",
        (*WISHING, "models"),
        metavar="NAME",
    ),
    Option(
        ("--input-images",),
        "pictures to start from: files or https links",
        WISHING,
        metavar="FILE",
        many=True,
    ),
    Option(
        ("--fit",),
        "what may be done to a copy of a picture that does not fit: shrink, convert, or both",
        WISHING,
        choices=("shrink", "convert"),
        many=True,
    ),
    Option(
        ("--keep-metadata",),
        "send pictures with what the camera wrote into them (place, time, device)",
        WISHING,
        switch=True,
    ),
    Option(("--input-video",), "a clip to go by: a public https link", WISHING, metavar="LINK"),
    Option(("--input-audio",), "a sound or song: a file or an https link", WISHING, metavar="FILE"),
    Option(
        ("--from-job",),
        "start from a picture made before: a job, `last` for the newest finished one of --user-id, or JOB:2 "
        "for its second picture; model and options stay those of that job where none are named here",
        (*ASKED, "batch"),
        type=earlier_picture,
        metavar="JOB",
    ),
    Option(("--n",), "how many, 1 if not said; each is charged", WISHING, type=whole(1, 10)),
    Option(
        ("--size",), "the model's size or quality step, such as 2K", WISHING, metavar="SIZE", parameter=True
    ),
    Option(("--aspect-ratio",), "such as 16:9, or 横图", WISHING, metavar="W:H", parameter=True),
    Option(
        ("--resolution",),
        "such as 720p, where the model has it; pictures have --size",
        WISHING,
        metavar="P",
        parameter=True,
    ),
    Option(("--duration",), "in seconds, where the model has it", WISHING, metavar="SECONDS", parameter=True),
    Option(
        ("--camera",),
        "how the camera moves, such as 推进, or slow push in, then pan left; it goes where the prompt has "
        "{camera}, else to its end",
        WISHING,
        metavar="MOVES",
        parameter=True,
    ),
    Option(
        ("--text",), "what a figure says, where the model has it", WISHING, metavar="TEXT", parameter=True
    ),
    Option(
        ("--callback-url",),
        "a public https address that the vendor posts the task's state to",
        (*WISHING, *STEPS),
        metavar="URL",
        parameter=True,
    ),
    Option(
        ("--seed",),
        "to make the same again, where the model can",
        WISHING,
        type=whole(-1, 2**32 - 1),
        metavar="N",
        parameter=True,
    ),
    Option(
        ("--set",),
        "any other parameter of the model",
        WISHING,
        type=pair,
        metavar="NAME=VALUE",
        repeated=True,
    ),
    Option(
        ("--extra-params",),
        "the same as --set, as one JSON object whose types are kept",
        WISHING,
        type=json_object,
        metavar="JSON",
    ),
    Option(
        ("--unchecked",),
        "a parameter past all checks; what it costs is then not known",
        WISHING,
        type=pair,
        metavar="NAME=VALUE",
        repeated=True,
    ),
    Option(
        ("--approve",),
        "buy exactly what this token of a quote stands for, at its price",
        (*PAYING, *STEPS, "batch"),
        type=named,
        metavar="TOKEN",
    ),
    Option(
        ("--yes",),
        "do not ask about a price, where --max-credits or a limit of the config holds it",
        ASKING,
        switch=True,
    ),
    Option(
        ("--max-credits",),
        "the most that this may cost, in the gateway's unit",
        ASKING,
        type=Within(0, 1e9),
        metavar="N",
    ),
    Option(
        ("--max-per-day",),
        "the most that may be spent today; the config's limit counts where it is lower",
        ASKING,
        type=Within(0, 1e9),
        metavar="N",
    ),
    Option(
        ("--max-per-user",),
        "the most that --user-id may spend today; the config's limit counts where it is lower",
        ASKING,
        type=Within(0, 1e9),
        metavar="N",
    ),
    Option(
        ("--accept-unknown-price",),
        "buy although the price is not known, where config.toml allows that and no limit is set",
        ASKING,
        switch=True,
    ),
    Option(
        ("--idempotency-key",),
        "such as the chat message's id: the same key never buys a second time",
        (*ASKED, *STEPS),
        type=named,
        metavar="KEY",
    ),
    Option(
        ("--force-new",),
        "buy another although the same is being made, or may have been bought",
        (*ASKED, *STEPS),
        switch=True,
    ),
    Option(
        ("--allow-degrade",),
        "where the vendor refuses the size, take the next smaller one that costs no more",
        (*ASKED, "batch"),
        switch=True,
    ),
    Option(
        ("--out",),
        "folder for the files (default: ./media-studio)",
        (*WISHING, *STEPS, "fetch"),
        metavar="FOLDER",
    ),
    Option(
        ("--out",),
        "folder for the page, gallery.html (default: that of the files)",
        ("gallery",),
        metavar="FOLDER",
    ),
    Option(
        ("--receipt",),
        "write down beside the files how they were made, as JSON; `again` reads it",
        (*ASKING, "again", "wait", "fetch", "reconcile"),
        switch=True,
    ),
    Option(
        ("--timeout",),
        "how long to wait for the result, in seconds",
        ("make",),
        type=Within(1, 1e6),
        metavar="S",
    ),
    Option(
        ("--max-wait",),
        "come back after so many seconds",
        ("wait", "fetch", "reconcile"),
        type=Within(0, 86400),
        metavar="S",
        default=45.0,
    ),
    Option(
        ("--dry-run",),
        "stop before anything is uploaded or bought, and show the request",
        ("make", *STEPS),
        switch=True,
    ),
    Option(("--dry-run",), "quote the whole and stop", ("batch",), switch=True),
    Option(
        ("--concurrency",),
        "how many tasks at once, for each gateway",
        ("batch",),
        type=whole(1, 1000),
        metavar="N",
        default=4,
    ),
    Option(("--retry-failed",), "buy rows anew that failed before", ("batch",), switch=True),
    Option(
        ("--max-failures",),
        "buy no more after so many rows have failed",
        ("batch",),
        type=whole(1, 10000),
        metavar="N",
        default=10,
    ),
    Option(("--language",), "of the messages", EVERY, choices=("auto", "zh", "en"), default="auto"),
    Option(
        ("--channel",),
        "the chat that the messages go to: files are fitted to it (default: to all of them)",
        (*ASKED, "again", *STEPS, "wait", "show", "fetch", "reconcile"),
        choices=CHANNELS,
    ),
    Option(
        ("--user-id",),
        "whose job it is; never leaves this machine",
        (*WISHING, "list", "gallery", "spend", "prefs"),
        metavar="ID",
    ),
    Option(
        ("--user-id",),
        "whose newest job is meant by `last`; never leaves this machine",
        OF_A_JOB,
        metavar="ID",
    ),
    Option(("--task-id",), "the vendor's id of the task that it became", ("reconcile",), metavar="ID"),
    Option(("--not-charged",), "it was not accepted, and not charged", ("reconcile",), switch=True),
    Option(("--list-models",), "the same as `models --live`", ("make",), switch=True),
    Option(("--live",), "ask the vendor's list (needs a key)", ("models",), switch=True),
    Option(("--count",), "how many jobs to list", ("list",), type=whole(1, 1000), default=20),
    Option(
        ("--count",),
        "how many jobs to show, the newest first",
        ("gallery",),
        type=whole(1, 1_000_000),
        default=10_000,
    ),
    Option(("--all",), "list all jobs, however many", ("list",), switch=True),
    Option(("--all",), "ask once for each job that is not at its end", ("wait",), switch=True),
    Option(("--open",), "only jobs of which something is still to come", ("list",), switch=True),
    Option(
        ("--since",),
        "from when on: a date, or an age such as 7d or 12h (default: all; for spend 30d)",
        ("list", "gallery", "spend"),
        type=moment,
        metavar="WHEN",
    ),
    Option(
        ("--before",),
        "forget what ended before: a date, or an age such as 90d",
        ("purge",),
        type=moment,
        metavar="WHEN",
    ),
    Option(
        ("--sandbox",),
        "a rehearsal: no key, no cost, an imitation of the vendor",
        REHEARSING,
        switch=True,
    ),
    Option(
        ("--speed",),
        "a rehearsal's clock goes so many times faster",
        (*TALKING, "sandbox"),
        type=Within(1, 1000),
        metavar="N",
    ),
    Option(("--port",), "first port of the sandbox (0: any)", ("sandbox",), type=whole(0, 65000), default=0),
    Option(
        ("--api-key",),
        "the key; better in the environment, where other users cannot see it",
        TALKING,
        metavar="KEY",
    ),
    Option(("--base-url",), "another address of the gateway", TALKING, metavar="URL"),
    Option(("--home",), "folder of the record (default: MEDIA_STUDIO_HOME)", EVERY, metavar="FOLDER"),
    Option(("--json", "--output-json"), "print one JSON document", EVERY, switch=True),
    Option(
        ("--events",),
        "print JSON lines as things happen, the document last",
        (*PAYING, *STEPS, "wait", "fetch", "reconcile"),
        switch=True,
    ),
    Option(
        ("--debug",),
        "show each request and its answer on stderr, without keys and without your words",
        TALKING,
        switch=True,
    ),
    Option(("--brief",), "print one short ASCII line", EVERY, switch=True),
    Option(("--quiet",), "print values only, one a line", EVERY, switch=True),
)


def flag(parameter: str) -> str:
    """How a parameter of a model is given: by its own option, or by --set."""
    own = next((option for option in OPTIONS if option.parameter and option.name == parameter), None)
    return own.flags[0] if own else f"--set {parameter}"
