"""What has to hold after every sequence, read from the record's file and from the vendor: each rule gives the
sentences that say how it is broken."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from random_faults.scripted import wish

if TYPE_CHECKING:
    from random_faults.scripted import Task

OPEN = ("intent", "sending", "submitted", "unknown")
CONFIRM_ABOVE = 20  # points, as shipped
TURNS = 20  # more than the progress messages of one job
ROWS = """
    SELECT id, state, task_id, plan, amount, claimed_on, user_id,
        (SELECT COUNT(*) FROM events WHERE job = jobs.id AND what = 'sending') AS sent,
        (SELECT COUNT(*) FROM outputs WHERE job = jobs.id AND path IS NULL) AS unsaved,
        (SELECT GROUP_CONCAT(path, char(10)) FROM outputs WHERE job = jobs.id) AS paths
    FROM jobs ORDER BY created_at, id
"""


@dataclass(frozen=True)
class Row:
    """A job as it stands in the record. `sent`: how often it was entered that the paid request leaves."""

    id: str
    state: str
    task_id: str | None
    plan: str
    amount: int | None
    claimed_on: str | None
    user_id: str | None
    sent: int
    unsaved: int
    paths: str | None  # one a line

    @property
    def files(self) -> int:
        """How many of them are on this disk."""
        return sum(Path(path).is_file() for path in (self.paths or "").splitlines())

    @property
    def wish(self) -> str:
        plan = json.loads(self.plan)
        return wish(plan["prompt"], plan["n"], plan["values"])

    @property
    def over(self) -> bool:
        return self.state in {"failed", "cancelled", "abandoned"} or (
            self.state == "done" and not self.unsaved
        )


def of_a_document(code: int, document: Any, words: Sequence[str]) -> list[str]:
    """A document says how the command ended, and how it goes on."""
    error = document.get("error")
    wrong = []
    if code == 1:
        wrong.append(f"a defect: {error['message']} after {words}")
    if code != (error["exit"] if error else 0):
        wrong.append(f"exit {code}, but the document says {error} after {words}")
    if "done" in document and not document["done"] and not document["next"]:
        wrong.append(f"neither done nor a next: {document['event']} after {words}")
    return wrong


def of_limits(
    rows: Iterable[Row], counters: Counter[tuple[str, str]], limits: Mapping[str, int]
) -> list[str]:
    """The counters are what the jobs claimed, and never beyond a limit."""
    claimed: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.claimed_on and row.amount:
            claimed["all", row.claimed_on] += row.amount
            claimed[f"user:{row.user_id or ''}", row.claimed_on] += row.amount
    wrong = []
    if +claimed != +counters:
        wrong.append(f"the counters are {dict(+counters)}, but the jobs claim {dict(+claimed)}")
    for (scope, day), spent in counters.items():
        limit = limits.get("per_day" if scope == "all" else "per_user")
        if spent < 0 or (limit is not None and spent > limit):
            wrong.append(f"{scope} spent {spent} on {day}, and may {limit}")
    return wrong


def of_purchases(tasks: Sequence[Task], rows: Sequence[Row]) -> list[str]:
    """Nothing is bought that was not entered before, and nothing bought is lost."""
    wrong = []
    sent = sum(row.sent for row in rows)
    if len(tasks) > sent:
        wrong.append(f"{len(tasks)} tasks are registered, but only {sent} requests were entered as sent")
    known = {row.task_id: row for row in rows if row.task_id}
    suspects = Counter(row.wish for row in rows if row.state in {"unknown", "sending"})
    for task in tasks:
        row = known.get(task.id)
        if row is None and not suspects[task.wish]:
            wrong.append(f"{task.id} is lost: in no job, and no unknown one accounts for it")
        elif row is None:
            suspects[task.wish] -= 1
        elif row.wish != task.wish or row.claimed_on is None:
            wrong.append(f"{task.id} stands in {row}, which is another wish or claims nothing")
    return wrong


def of_keys(tasks: Sequence[Task]) -> list[str]:
    """A user's key and a token buy once; a key goes over to what a person chose to buy in place of an unknown
    job. Tasks whose job was forgotten are left out by the caller."""
    wrong = []
    unforced = [task for task in tasks if "--force-new" not in task.words]
    for flag, counted in (("--idempotency-key", unforced), ("--approve", tasks)):
        user = "--user-id" if counted is unforced else ""
        bought = Counter((given(task.words, flag), given(task.words, user)) for task in counted)
        wrong += [f"{flag} {word} bought {n} times" for (word, _), n in bought.items() if word and n > 1]
    return wrong


def of_consent(
    tasks: Sequence[Task], rows: Sequence[Row], creators: Mapping[str, Sequence[str]]
) -> list[str]:
    """What is dear was said yes to by whoever began the job."""
    begun = {row.task_id: creators.get(row.id, []) for row in rows if row.task_id}
    return [
        f"{task.id} cost {task.points} points, and nobody said yes: {begun[task.id]}"
        for task in tasks
        if task.id in begun
        and task.points > CONFIRM_ABOVE
        and not given(begun[task.id], "--approve")
        and "--yes" not in begun[task.id]
    ]


def of_the_end(tasks: Sequence[Task], rows: Sequence[Row], counters: Counter[tuple[str, str]]) -> list[str]:
    """When all is settled: every job has ended, what was made is here, what was bought is what is counted."""
    wrong = [f"{row} has not ended" for row in rows if not row.over]
    known = {row.task_id: row for row in rows if row.task_id}
    for task in tasks:
        row = known.get(task.id)
        made = task.n - len(task.failures)
        if row is None:
            wrong.append(f"{task.id} is in no job")
        elif (row.state, row.files) != (("done", made) if made else ("failed", 0)):
            wrong.append(f"{task.id} made {made} files, but stands as {row}")
    billed = sum(task.points for task in tasks)
    counted = sum(spent for (scope, _), spent in counters.items() if scope == "all")
    if billed != counted:
        wrong.append(f"the vendor billed {billed} points, but {counted} are counted")
    return wrong


def whole(plan: Any) -> str:
    """A plan as it stands in the record -> what makes it the same as another: what is made, and for whom."""
    inputs = [source["sha256"] for source in plan["inputs"]]
    return json.dumps(
        [wish(plan["prompt"], plan["n"], plan["values"]), plan["model"], inputs, plan["user_id"]]
    )


def given(words: Sequence[str], flag: str) -> str | None:
    """The value of a flag in a command."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == flag:
            return following
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return None
