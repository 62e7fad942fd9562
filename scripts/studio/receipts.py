"""Receipts: a file beside the results that says how they were made, and what `again` reads of one.

Written once a job's files are all saved, where one was wanted; what stops it is told and spoils nothing. It
holds no key, no user id and no query of a link. What is read may come from a stranger: it is bounded, closed
by its schema, and ends in a quote.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import localtime, strftime
from typing import Any

from studio import __version__, arguments, catalogue, documents, figures, files
from studio.app import App
from studio.errors import StudioError, UsageError, cut_queries
from studio.frozen import asdict
from studio.messages import Messages
from studio.names import LAST
from studio.types import Billing, Job, Json, ModelRef, Plan, Source

SCHEMA = "media-studio/receipt/1"
SCHEMAS = Path(__file__).resolve().parents[2] / "references" / "schemas"
MOST = 2**20  # bytes
WHERE_TO = "callback"  # in a name: not how it was made, and of a stranger's file not to be followed


def settle(app: App, job: Job) -> tuple[Job, str | None]:
    """The job with its receipt, where one is wanted and may be written by now; and why there is none, where
    something stood in the way."""
    if not job.receipt_wanted or not job.complete or not job.saved or job.receipt:
        return job, None
    day = strftime("%Y%m%d", localtime(job.created_at))
    folder = Path(job.saved[0].path).parent
    try:
        text = json.dumps(_receipt(app, job), ensure_ascii=False, indent=1) + "\n"
        path = files.put(text.encode(), folder, f"{day}-{job.id}", "json", private=True)
        app.ledger.receipts.written(job.id, str(path))
    except (OSError, ValueError, StudioError) as problem:
        why = getattr(problem, "strerror", None) or "it could not be noted"
        return job, f"The receipt could not be written in {folder} ({why})."
    return app.ledger.get(job.id), None


def is_one(word: str) -> bool:
    """Whether a word is a file's name and no job's."""
    if word == LAST:
        return False
    named = word.endswith(".json") or any(sep in word for sep in (os.sep, os.altsep) if sep)
    with suppress(OSError, ValueError):  # a name that no file can have
        return named or Path(word).is_file()
    return named


def read(app: App) -> tuple[Plan, str]:
    """What the receipt says that this command names, as a plan to be worded, and where its files are to go.
    Raises UsageError where it is none, or lacks what it takes."""
    name = app.made.job
    made = _read(Path(name).expanduser())
    if made is None:
        raise UsageError(f"{name} is no receipt of ours.", kind="bad_receipt")
    if made["sandbox"] and not app.sandbox:
        raise UsageError(
            f"{name} is the receipt of a rehearsal.",
            kind="bad_receipt",
            detail="Add --sandbox to rehearse it again.",
        )
    app.language = app.named_language or made["language"]
    _check_there(app, made)
    return _plan(made, app.made.user_id), str(app.out)


def changed(receipt: Plan, plan: Plan | None) -> list[str]:
    """A line for each input that is not the file any more that the receipt tells of."""
    now = {(one.role, one.name): one.sha256 for one in plan.inputs} if plan else {}
    words = Messages(plan.language if plan else receipt.language)
    return [
        words.say("receipt_input_changed", name=one.name)
        for one in receipt.inputs
        if one.sha256 and now.get((one.role, one.name), one.sha256) != one.sha256
    ]


def remove(written: Mapping[str, str]) -> int:
    """The receipts of these jobs (job -> path), where they still are ours. Returns how many went."""
    return sum(files.remove(Path(path)) for job, path in written.items() if _is_of(Path(path), job))


def _is_of(path: Path, job: str) -> bool:
    """Whether a file says that it is the receipt of a job, whichever version wrote it."""
    made = _json(path)
    return isinstance(made, dict) and made.get("schema") == SCHEMA and made.get("job") == job


def _receipt(app: App, job: Job) -> Json:
    plan = job.plan
    import platform

    requested = {**_without_queries(dict(plan.requested)), "prompt": plan.requested.get("prompt")}
    applied = _without_queries(documents.applied(plan))
    applied["parameters"] = [row for row in applied["parameters"] if WHERE_TO not in row["name"]]
    return {
        "schema": SCHEMA,
        "when": figures.moment(job.finished_at),
        "job": job.id,
        "task_id": job.task.task_id if job.task else None,
        "sandbox": app.sandbox,
        "provider": plan.provider,
        "gateway": plan.gateway,
        "task_type": plan.task_type,
        "model": asdict(plan.model),
        "chosen_by": plan.chosen_by,
        "language": plan.language,
        "prompt": plan.prompt,
        "prompt_left_out": plan.left_out is not None,
        "requested": requested,
        "applied": applied,
        "seed": plan.values.get("seed"),
        "inputs": [
            {"name": cut_queries(one.name), "role": one.role, "mime": one.mime, "sha256": one.sha256}
            for one in plan.inputs
        ],
        "outputs": [
            {
                "file": Path(one.path).name,
                "mime": one.mime,
                "sha256": one.sha256,
                "width": one.width,
                "height": one.height,
                "seconds": one.seconds,
            }
            for one in job.saved
        ],
        "cost": figures.cost(plan, app.settings.gateway(plan.gateway), job.charged),
        "versions": {
            "media-studio": __version__,
            "python": platform.python_version(),
            "catalogue": catalogue.vendor(plan.provider).as_of,
        },
    }


def _without_queries(value: Any) -> Any:
    """The same without the query of any link in it, and without where the vendor was to post to."""
    if isinstance(value, Mapping):
        return {name: _without_queries(one) for name, one in value.items() if WHERE_TO not in name.lower()}
    if isinstance(value, list | tuple):
        return [_without_queries(one) for one in value]
    return cut_queries(value) if isinstance(value, str) else value


def _read(path: Path) -> Json | None:
    """A receipt; None where the file is none of ours, whatever it holds."""
    from jsonschema import Draft202012Validator

    made = _json(path)
    try:
        closed = json.loads((SCHEMAS / "receipt-1").with_suffix(".json").read_text(encoding="utf-8"))
        return made if Draft202012Validator(closed).is_valid(made) else None
    except RecursionError:
        return None


def _json(path: Path) -> Any:
    """A small file's JSON; None where there is none."""
    try:
        if not path.is_file():  # a pipe or a device might never end
            return None
        with path.open("rb") as file:
            data = file.read(MOST + 1)
        return json.loads(data) if len(data) <= MOST else None
    except (OSError, ValueError, RecursionError):
        return None


def _check_there(app: App, made: Json) -> None:
    """That what it began with can be given again. Raises UsageError."""
    asked, anew = made["requested"], vars(app.made)
    names = [] if anew["input_images"] else list(asked["inputs"])
    names += [asked[name] for name in ("input_video", "input_audio") if asked.get(name) and not anew[name]]
    for name in names:
        link = "://" in name
        if name.endswith("?…") or not (link or _is_there(name)):
            raise UsageError(
                f"The receipt's input {name} is {'not kept whole' if link else 'not there, seen from here'}.",
                kind="receipt_input",
                detail="Give it anew, with --input-images, --input-video or --input-audio.",
            )
    set_anew = {**arguments.parameters(app.made), **dict(anew["unchecked"] or ())}
    links = [name for name, value in asked["options"].items() if "?…" in str(value)]
    links += [name for name, value in asked["unchecked"].items() if "//" in value]  # a stranger's, perhaps
    for name in links:
        if name not in set_anew:
            raise UsageError(
                f"The receipt's {name} is a link that it does not hold, or that we do not follow.",
                kind="receipt_input",
                detail="Give it anew, with its option, --set or --unchecked.",
            )


def _is_there(name: str) -> bool:
    with suppress(OSError, ValueError, RuntimeError):  # RuntimeError: ~ of somebody who is not known here
        return Path(name).expanduser().is_file()
    return False


def _plan(made: Json, user_id: str | None) -> Plan:
    """As much of a plan as `wording` reads."""
    asked = made["requested"]
    return Plan(
        provider=made["provider"],
        gateway=made["gateway"],
        task_type=made["task_type"],
        kind="",
        model=ModelRef(**made["model"]),
        prompt=made["prompt"],
        n=asked["n"],
        values={},
        origin={},
        applied={},
        requested=asked,
        inputs=tuple(Source(**one) for one in made["inputs"]),
        billing=Billing(None, None, None, made["cost"]["unit"], "unknown"),
        language=made["language"],
        estimate=None,
        poll_every=0.0,
        user_id=user_id,
        chosen_by=made["chosen_by"],
        left_out=SCHEMA if made["prompt_left_out"] else None,  # which words those were, it does not say
    )
