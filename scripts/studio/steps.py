"""Steps on an earlier job: a shot of a film made anew, the film composed again. Each is a purchase like any
other, of a task type that names its parent; `edit` and `compose` are other words for such a `start`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio import catalogue
from studio.app import App
from studio.contract import Continues
from studio.earlier import newest
from studio.errors import UsageError
from studio.names import LAST
from studio.types import Job, TaskType

if TYPE_CHECKING:
    from studio.runner import Runner


def words(app: App) -> list[str]:
    """The `start` (or with --dry-run the `quote`) that an `edit` or a `compose` stands for."""
    from studio import onward

    made, kept = app.made, list(app.argv[1:])
    job = parent(app, newest(app) if made.job == LAST else made.job)
    step = _step(job, made.command)
    kept.remove(made.job)
    said = [("shot", getattr(made, "shot", None)), ("shots", getattr(made, "shots", None))]
    for name, _ in said:
        kept = onward.without(kept, f"--{name}")
    name = "quote" if made.dry_run else "start"
    kept = [word for word in kept if word != "--dry-run"]
    mine = [f"--parent={job.id}", f"--task-type={step.id}", f"--model={job.plan.model.id}"]
    mine += [f"--set={name}={value}" for name, value in said if value is not None]
    if app.sandbox:
        speed = [] if made.speed else [f"--speed={job.plan.speed:g}"]
        mine += [*speed, *([] if made.sandbox else ["--sandbox"])]
    return [name, *mine, *kept]


def parent(app: App, id: str) -> Job:
    """The job that a step goes on with: the first of its line. Raises UsageError where it is not finished."""
    app.ledger.settle()
    job = app.ledger.get(id)
    while job.plan.parent is not None:
        job = app.ledger.get(job.plan.parent)
    app.gateway = app.settings.gateway(job.plan.gateway)
    if job.state != "done" or job.task is None:
        raise UsageError(
            f"Job {job.id} is {job.state}, so there is nothing to go on with yet.",
            kind="parent_not_ready",
            detail=f"`wait {job.id}` first, then the same command again.",
            retry="wait" if job.state == "submitted" else "never",
            about={"job": job.id},
        )
    return job


def needed(runner: Runner, job: Job, task_type: TaskType, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """What this step sends besides its options, as the vendor has it now."""
    provider, task = runner.provider, job.task
    if not isinstance(provider, Continues) or task is None:
        raise _no_such_step(job, task_type.id)
    return runner.patiently(
        lambda: provider.continued(task_type.id, task, options, runner.http.read), job.plan.speed
    )


def _step(job: Job, command: str) -> TaskType:
    known = catalogue.vendor(job.plan.provider).task_types.values()
    step = next((made for made in known if made.step == command), None)
    if step is None or not job.shots:
        raise _no_such_step(job, command)
    return step


def _no_such_step(job: Job, what: str) -> UsageError:
    return UsageError(
        f"What {job.plan.model.name} made as job {job.id} has no shots, so there is nothing to {what}.",
        kind="no_such_step",
        retry="never",
    )
