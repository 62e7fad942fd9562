"""How it goes on from a document: every `next`, as one argv that means the same whenever it is run."""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

from studio import cadence, speech, unstored, wording
from studio.app import App
from studio.commands import PAYING
from studio.errors import NeedsApproval, NotSaved, StudioError, UnknownOutcome, fit_for
from studio.names import own_key
from studio.terms import terms
from studio.types import Alternative, Job, Plan

SCRIPT = Path(__file__).resolve().parents[1] / "create.py"
ASKS = (NeedsApproval.exit_code, UnknownOutcome.exit_code)  # those whose `next` is for after a yes
UNSAID = ("--dry-run", "--yes", "--accept-unknown-price", "--remember")  # a token says it, or it is done
OF_ITS_OWN = ("--model", "--model-id", "--version-id", "--approve", "--idempotency-key", "--max-credits")


def command(app: App, *words: str, led: bool = True) -> list[str]:
    """argv that goes on from here: this interpreter (or uv), this script, this record, this chat; `led`: to
    the address that this command was led to."""
    given = {word.partition("=")[0] for word in words}
    same = {
        "--home": str(app.settings.home) if app.settings.moved else None,
        "--base-url": app.settings.base_url if led else None,
        "--channel": getattr(app.made, "channel", None),
        "--language": app.named_language,
    }
    more = [(flag, value) for flag, value in same.items() if value and flag not in given]
    run = [app.uv, "run"] if app.uv else [sys.executable]
    return [*run, str(SCRIPT), *words, *itertools.chain.from_iterable(more)]


def waiting(app: App, job: Job) -> tuple[list[str], list[str] | None]:
    """How to wait for a job, and for one that takes long, how to do so in the background; not for one that
    may take days, for which nobody waits."""
    if job.plan.later:
        return command(app, "wait", job.id), None
    turn = cadence.turn(job.plan, speech.elapsed(job, app.clock.time()) or 0.0)
    if turn is None:
        return command(app, "wait", job.id), None
    words = ("wait", job.id, "--max-wait", f"{turn:g}")
    return command(app, *words), command(app, *words, "--brief")


def uploading(app: App, job: Job) -> list[str]:
    """This command once more, as one that buys nothing if the job is over by then."""
    key = [] if app.made.idempotency_key else ["--idempotency-key", own_key(job.id)]
    return command(app, app.made.command, *_words(app), *key)


def purchase(app: App, token: str, words: Sequence[str] | None = None, *, forced: bool = False) -> list[str]:
    """This command, or another of these words, as a purchase of what a token stands for; without the key,
    which has no place in a document. `forced`: although the same may have been bought already."""
    kept = [word for word in (_words(app) if words is None else words) if word not in UNSAID]
    kept = without(kept, "--approve")
    more = ["--force-new"] if forced and "--force-new" not in kept else []
    return command(app, _buying(app), *kept, *more, "--approve", token)


def whole(app: App, token: str | None = None) -> list[str]:
    """This batch once more: what is left of it, or, with a token, what that stands for."""
    kept = without([word for word in _words(app) if word not in UNSAID], "--approve")
    return command(app, app.made.command, *kept, *(["--approve", token] if token else []))


def approval(app: App, plan: Plan, lost: str | None = None) -> str:
    """A token that says yes to just this; with `lost`, only while that job is unknown."""
    return app.ledger.accounts.approve(terms(plan, app.settings.gateway(plan.gateway)), lost)


def same_again(app: App, kept: Plan, out: str, lost: str | None = None) -> list[str] | None:
    """A plan as a new purchase, in words of its own, and so with a key of its own; None where nobody here
    knows those words."""
    plan = _said(app, kept)
    if plan is None:
        return None
    key = getattr(app.made, "idempotency_key", None)
    words = [*wording.words(plan, out, language=plan.language, sandbox=app.sandbox)]
    words += [f"--idempotency-key={key}:again"] if key else []
    words += ["--receipt"] if getattr(app.made, "receipt", False) else []
    return purchase(app, approval(app, plan, lost), words, forced=lost is not None)


def with_another(app: App, error: StudioError, other: Alternative, job: Job | None) -> list[str] | None:
    """The same wish with another model, for when the person has chosen it: bought at the price that was told
    and no higher, or quoted, where a price was all that was asked for or told in part. After a question
    which model was meant, all else stays too. None where nobody here knows the words of the job."""
    made, largest = app.made, error.about.get("largest")
    key = f"job-{job.id}" if job else getattr(made, "idempotency_key", None)
    words = _words(app)
    if job:
        plan = _said(app, job.plan)
        if plan is None:
            return None
        words = list(wording.words(plan, job.out, language=app.language, sandbox=app.sandbox))
        words += ["--receipt"] if job.receipt_wanted else []
    here = job.plan.gateway if job else (app.gateway.id if app.gateway else app.named_gateway)
    led = other.gateway in {None, here}  # --base-url is an address of this gateway, and of no other
    away = ["--provider", "--gateway"] if other.gateway else []
    for flag in (*OF_ITS_OWN, *(["--size"] if largest else []), *away, *([] if led else ["--base-url"])):
        words = without(words, flag)
    meant = error.kind == "ambiguous_model"
    words = [word for word in words if word not in UNSAID or (meant and word == "--remember")]
    words += [f"--model={other.id}", *([f"--size={largest}"] if largest else [])]
    words += [f"--gateway={other.gateway}"] if other.gateway else []
    words += [f"--idempotency-key={':'.join(filter(None, (key, other.id, other.gateway)))}"] if key else []
    if made.command == "prefs":
        return command(app, "prefs", *words)
    if made.command == "quote" or getattr(made, "dry_run", False) or other.amount is None or other.least:
        return command(app, "quote", *words, led=led)
    words += ["--max-credits", f"{other.unit.amount(other.amount):g}", "--yes"]
    return command(app, _buying(app), *words, led=led)


def after(app: App, error: StudioError, job: Job | None) -> list[str] | None:
    """How it goes on after an error: by itself, or after the person's yes."""
    if error.kind == "cannot_ask":
        return None  # the person is asked whether it is there: a yes must not buy another
    if job and error.kind == "not_recorded" and error.detail:
        return command(app, "reconcile", job.id, "--task-id", error.detail)
    if job is None and fit_for(error.misfits):
        fit = sorted({*fit_for(error.misfits), *(app.made.fit or ())})
        return command(app, app.made.command, *_words(app), "--fit", *fit)
    later = isinstance(error, NotSaved) and error.retry == "later"
    if job and (later or error.retry == "wait" or job.state == "submitted"):
        return command(app, "wait", job.id)
    with contextlib.suppress(StudioError):  # a record that cannot be written is what went wrong
        return _after_a_yes(app, error, job)
    return None


def without(words: Sequence[str], flag: str) -> list[str]:
    """argv without a flag and its value."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or word == flag or word.startswith(f"{flag}="):
            skip = word == flag
            continue
        kept.append(word)
    return kept


def _after_a_yes(app: App, error: StudioError, job: Job | None) -> list[str] | None:
    if error.exit_code not in ASKS:
        return None
    lost = job if error.exit_code == UnknownOutcome.exit_code else None
    elsewhere = lost is not None and app.plan is not None and app.plan.gateway != lost.plan.gateway
    if lost and (lost.plan.steps or elsewhere or app.made.command not in PAYING):
        return same_again(app, lost.plan, lost.out, lost.id)
    if app.plan and app.plan.steps:  # the command asks for what was refused on the way
        return same_again(app, app.plan, str(app.out))
    plan = app.plan or (_said(app, lost.plan) if lost else None)
    if plan is None:
        return None
    token = approval(app, plan, lost.id if lost else None)
    return purchase(app, token, forced=lost is not None)


def _said(app: App, plan: Plan) -> Plan | None:
    """A plan with its words, where it has them or this command brings them."""
    if app.plan and plan.left_out and unstored.is_said(plan, app.plan):
        return unstored.whole(plan, app.plan)
    return None if plan.left_out else plan


def _buying(app: App) -> str:
    """The command that buys for whoever runs this one: a person at a terminal waits for the result, a
    program goes from `next` to `next`."""
    return "make" if app.people or app.made.command == "make" else "start"


def _words(app: App) -> list[str]:
    """The words of this command after its name, with what is settled by now, such as an id for `last`: what
    is run later has to mean the same."""
    words = list(app.argv)
    if words and not words[0].startswith("-"):
        words = words[1:]
    for flag, value in {"--api-key": None, "--home": None, **app.settled}.items():
        words = [*without(words, flag), *([f"{flag}={value}"] if value else [])]
    return words
