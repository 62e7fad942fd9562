"""PURE. What a batch prints: a line for each row, and the document of the whole, as a question or an end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from studio import bulk
from studio.bulk import Entry, Sum
from studio.errors import (
    Interrupted,
    JobFailed,
    NotFinished,
    NotSaved,
    StudioError,
    UnknownOutcome,
    error_record,
)
from studio.figures import cost
from studio.speech import Voice
from studio.types import Json

MOST_TOLD = 20  # failures, in the document of the whole: each has a line of its own besides


def row(entry: Entry, *, sandbox: bool) -> Json:
    """One row that is over, as far as this command goes."""
    job = entry.job
    return {
        "schema": "media-studio/row/1",
        "event": "row",
        "sandbox": sandbox,
        "row": entry.line,
        "id": entry.id,
        "state": entry.state,
        "before": entry.before,
        "job": job.id if job else None,
        "task_id": job.task.task_id if job and job.task else None,
        "gateway": entry.gateway.id,
        "task_type": entry.plan.task_type,
        "model": entry.plan.model.name,
        "prompt": entry.plan.prompt,
        "cost": cost(job.plan if job else entry.plan, entry.gateway, job.charged if job else None),
        "paths": [saved.path for saved in job.saved] if job else [],
        "error": _error(entry),
    }


def whole(  # noqa: PLR0913 - all by name
    entries: Sequence[Entry],
    voice: Voice,
    *,
    event: str,
    error: StudioError | None,
    stopped: Iterable[StudioError] = (),
    token: str | None = None,
    next: Sequence[str] | None = None,
) -> Json:
    """`event`: quote, before anything is bought, or batch, at the end. `cost`: by gateway, of the rows that
    would be bought, or of those that this command bought."""
    asks = event == "quote"
    meant = [one for one in entries if (one.state == bulk.LEFT if asks else one.bought)]
    return {
        "schema": "media-studio/batch/1",
        "event": event,
        "ok": error is None,
        "done": True,
        "sandbox": voice.sandbox,
        "rows": {"total": len(entries), **counts(entries)},
        "before": sum(one.before and one.state != bulk.LEFT for one in entries),
        "approval_needed": asks and error is not None,
        "token": token,
        "cost": [_sum(one, meant) for one in bulk.sums(meant)],
        "failures": [_failure(one) for one in entries if one.state in WRONG][:MOST_TOLD],
        "stopped": [error_record(one) for one in stopped],
        "error": error_record(error) if error else None,
        "send": [voice.item(_words(entries, meant, voice, asks=asks))],
        "next": list(next) if next else None,
    }


WRONG = (bulk.FAILED, bulk.UNKNOWN, bulk.PARTLY, bulk.UNSAVED)


def counts(entries: Iterable[Entry]) -> dict[str, int]:
    found = Counter(one.state for one in entries)
    return {state: found[state] for state in bulk.STATES}


def live(entries: Sequence[Entry]) -> list[str]:
    """How it goes: the parts of one line, what matters most first."""
    found = counts(entries)
    parts = [f"{found[bulk.DONE]} of {len(entries)} done"]
    parts += [f"{found[state]} {state}" for state in WRONG if found[state]]
    spent = bulk.sums(one for one in entries if one.bought)
    parts += [f"{one.gateway.unit.amount(one.steps):g} {one.gateway.unit.name}" for one in spent if one.steps]
    return parts


def fault(entries: Sequence[Entry], shut: Sequence[StudioError], *, interrupted: bool) -> StudioError | None:
    """Why not all is well; the worst of it. `shut`: what stopped the buying at a gateway."""
    found, total = counts(entries), len(entries)
    failed, partly = found[bulk.FAILED], found[bulk.PARTLY]
    wrong = [f"{failed} of {total} rows failed."] if failed else []
    wrong += [f"{partly} of {total} rows were made in part."] if partly else []
    wrong += [f"{found[bulk.LEFT]} were not begun."] if found[bulk.LEFT] else []
    wrong += ["--retry-failed buys what failed."] if failed else []
    lost = f"Of {found[bulk.UNKNOWN]} of {total} rows it is not known whether they were bought."
    reasons: list[tuple[object, StudioError]] = [
        (interrupted, Interrupted("Stopped: the same command goes on with what is left.", charged="maybe")),
        (
            found[bulk.UNKNOWN],
            UnknownOutcome(
                f"{lost} They are not bought again: `list --open` names them, `reconcile` settles each."
            ),
        ),
        *((True, one) for one in shut),
        (failed + partly, JobFailed(" ".join(wrong), kind="rows_failed")),
        (found[bulk.UNSAVED], NotSaved(f"{found[bulk.UNSAVED]} of {total} rows are made, but not saved.")),
        (found[bulk.RUNNING], NotFinished(f"{found[bulk.RUNNING]} of {total} rows are still being made.")),
        (found[bulk.LEFT], NotFinished(f"{found[bulk.LEFT]} of {total} rows were not begun.", charged="no")),
    ]
    return next((error for holds, error in reasons if holds), None)


def _words(entries: Sequence[Entry], meant: Sequence[Entry], voice: Voice, *, asks: bool) -> str:
    """What the person is told of it."""
    words, found, wrong = voice.words, counts(entries), 0
    costs = [words.cost(one.steps, one.gateway.unit) for one in bulk.sums(meant) if one.steps]
    unpriced = sum(one.unknown for one in bulk.sums(meant))
    if unpriced:
        costs.append(words.say("batch.unpriced", count=unpriced))
    cost = words.say("list_and").join(costs)
    if asks and meant:
        return words.say("batch.ask", count=len(meant), cost=cost)
    wrong = found[bulk.FAILED] + found[bulk.PARTLY]
    lines = [words.say("batch.end", done=found[bulk.DONE], of=len(entries))]
    lines += [words.say("batch.cost", cost=cost)] if cost and voice.costs else []
    lines += [words.say("batch.failed", count=wrong)] if wrong else []
    lines += [words.say("batch.unknown", count=found[bulk.UNKNOWN])] if found[bulk.UNKNOWN] else []
    lines += [words.say("batch.unsaved", count=found[bulk.UNSAVED])] if found[bulk.UNSAVED] else []
    lines += [words.say("batch.running", count=found[bulk.RUNNING])] if found[bulk.RUNNING] else []
    lines += [words.say("batch.left", count=found[bulk.LEFT])] if found[bulk.LEFT] else []
    return words.sentences(lines)


def _sum(one: Sum, entries: Iterable[Entry]) -> Json:
    charged = [
        entry.job.charged
        for entry in entries
        if entry.gateway.id == one.gateway.id and entry.job and entry.job.charged is not None
    ]
    unit = one.gateway.unit
    return {
        "gateway": one.gateway.id,
        "unit": unit.name,
        "rows": one.rows,
        "quoted": unit.amount(one.steps),
        "unknown_price": one.unknown,
        "charged": unit.amount(sum(charged)) if charged else None,
        "asks_above": unit.amount(one.gateway.confirm_above),
    }


def _failure(entry: Entry) -> Json:
    return {
        "row": entry.line,
        "state": entry.state,
        "job": entry.job.id if entry.job else None,
        "error": _error(entry),
    }


def _error(entry: Entry) -> Json | None:
    if entry.error:
        return error_record(entry.error)
    return entry.job.error if entry.job else None
