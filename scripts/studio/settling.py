"""Whoever asks a gateway about a job, and the tasks that are closed only when they are asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio import catalogue
from studio.frozen import replace
from studio.types import Job

if TYPE_CHECKING:
    from studio.app import App
    from studio.runner import Runner

A_WHILE = 3.0  # seconds
EVERY = 1000  # jobs


def settle_others(app: App, gateway: str) -> None:
    """Ask once for each task of this gateway that is charged for, and closed, only when it is asked about.
    Not for longer than a moment, and not on where nobody answers: the next command asks again."""
    until = app.clock.monotonic() + A_WHILE
    with app.aside():
        for job in app.ledger.newest(EVERY, only_open=True):
            if not unsettled(job) or job.plan.gateway != gateway:
                continue
            if app.clock.monotonic() > until or not runner(app, job, A_WHILE).answers(job):
                break


def unsettled(job: Job) -> bool:
    """Whether it has to be asked about before it is charged for and closed."""
    return job.state == "submitted" and catalogue.vendor(job.plan.provider).settles


def runner(app: App, job: Job, patience: float | None = None) -> Runner:
    """`patience`: seconds for one question, where that is less than usual."""
    gateway = app.reach(job.plan.gateway, job.plan.speed)
    if patience is not None:
        gateway = replace(gateway, connect_timeout=patience, read_timeout=patience)
    return app.runner(job.plan.provider, gateway, job.plan.speed)
