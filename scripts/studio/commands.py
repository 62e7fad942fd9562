"""The table of commands, and which of them have what in common. Their options: `studio.options`."""

from __future__ import annotations

from studio.frozen import dataclass

PAYING = ("make", "start")
STEPS = ("edit", "compose")  # those that go on with an earlier job, as a purchase of its own
WISHING = (*PAYING, "quote", "again", "batch")  # those that say what is wanted
ASKED = (*PAYING, "quote")
ASKING = (*ASKED, *STEPS, "batch")
TALKING = (*WISHING, *STEPS, "models", "wait", "fetch", "reconcile", "cancel")  # may speak to a gateway
EVERY = (*TALKING, "show", "list", "gallery", "prefs", "spend", "purge", "doctor", "schema", "sandbox")
CHANNELS = ("feishu", "discord", "telegram")  # the names in data/channels.json
OF_A_JOB = ("wait", "show", "fetch", "cancel", "reconcile", *STEPS)
OF_THE_WHOLE = frozenset(
    {"approve", "yes", "max_credits", "max_per_day", "max_per_user", "accept_unknown_price", "dry_run"}
    | {"language", "sandbox", "speed", "api_key", "base_url", "home"}
    | {"json", "debug", "brief", "quiet"}
)  # of the options of `batch` that `make` has, too: no row has its own
REHEARSING = (
    *WISHING,
    "models",
    "list",
    "gallery",
    "prefs",
    "spend",
    "purge",
    *OF_A_JOB,
)  # these also know by the job's id


WORDS = {
    "file": "rows as JSON lines or CSV, named as the options of `make` (prompt, model ...); - for stdin",
    "job": "a job's id, or `last`: the newest of --user-id, or of those without one; `again` also takes the "
    "file of a receipt",
}


@dataclass(frozen=True)
class Command:
    name: str
    help: str
    words: tuple[str, ...] = ()  # positional arguments
    optional: bool = False  # they may be left out
    choices: tuple[str, ...] = ()  # one more word, one of these; the first where there is none


COMMANDS = (
    Command("make", "buy, wait to the end, save, and print one result"),
    Command("batch", "buy every row of a file that was not bought before, asked about as a whole", ("file",)),
    Command("start", "buy and come back at once; `wait` brings the result"),
    Command("quote", "say what it would cost; buys nothing and uploads nothing"),
    Command("again", "quote a job or a receipt once more, with what is changed; buys nothing", ("job",)),
    Command("edit", "make one shot of a finished film anew; buys it and comes back at once", ("job",)),
    Command("compose", "put a film together from its newest good shots; the same", ("job",)),
    Command(
        "wait", "go on with a job, or, with --all, ask once for each; never buys", ("job",), optional=True
    ),
    Command("show", "one job, as the record knows it", ("job",)),
    Command("list", "the newest jobs"),
    Command("gallery", "write one page of what was made, to open in a browser; asks nobody for anything"),
    Command("fetch", "save a finished job's files again; never buys", ("job",)),
    Command("cancel", "stop a job, where that is still possible", ("job",)),
    Command("reconcile", "settle a job of which it is not known whether it was bought", ("job",)),
    Command("prefs", "the model a user wants from now on", choices=("show", "set", "clear", "import")),
    Command("spend", "what was spent, where and by whom, and what the limits leave"),
    Command("purge", "forget jobs that ended long ago, their receipts, and old logs; their files stay"),
    Command("models", "what can be made, with which options and prices"),
    Command("doctor", "what is set up, and what is missing"),
    Command("schema", "the documents, inputs and exit codes, for programs"),
    Command("sandbox", "serve the imitation of the vendors, for other programs"),
)
