"""A check of what `polling` reckons, with real requests and a real clock: ours and the reference client's
loop follow the same tasks of the imitation, which runs faster than the vendor, and so do both.

What must be reached is reckoned with thousands of draws; so few tasks scatter by a tenth and have room."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import reference
from bench.polling import AGAINST_REFERENCE, REFERENCE_EVERY, kinds
from bench.table import Row
from parts import door, ima, submitted
from sandbox.ima_store import Store
from sandbox.server import Sandbox
from studio import catalogue
from studio.contract import Poll
from studio.follow import Follower, run
from studio.providers.ima import Provider
from studio.types import Job, TaskRef
from support import KEY, PROMPT

SPEED = 5.0
TASKS = 60
MOST = 0.6
MODEL = AGAINST_REFERENCE[0]


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as home, Sandbox(Path(home), SPEED) as sandbox:
        url = sandbox.urls["ima"]["api"]
        with ThreadPoolExecutor(TASKS + 1) as threads:
            tasks = list(threads.map(lambda n: reference.create(url, KEY, MODEL, PROMPT, []), range(TASKS)))
            ours = threads.submit(_followed, url, tasks)
            plain = dict(zip(tasks, threads.map(lambda task: _by_reference(url, task), tasks), strict=True))
            known = ours.result()
        store = Store(Path(home) / "ima.sqlite3")
        ended = {task.id: task.created_at + task.duration for task in store.tasks()}
        store.close()
    lag, plain_lag = (sum(at[task] - ended[task] for task in tasks) for at in (known, plain))
    yield Row(
        f"{MODEL}, {TASKS} real requests at {SPEED:g}x: mean lag / the reference",
        lag / TASKS * SPEED,
        plain_lag / TASKS * SPEED,
        MOST,
    )


def _by_reference(url: str, task: str) -> float:
    reference.follow(url, KEY, task, REFERENCE_EVERY / SPEED)
    return time.time()


def _followed(url: str, tasks: list[str]) -> dict[str, float]:
    """Task -> when its end was known, of all at once."""
    (kind,) = (kind for kind in kinds() if MODEL in kind.names)
    follower = Follower(time, lambda job, what: None)
    for id in tasks:
        job = submitted(time.time(), id, estimate=kind.estimate, poll_every=kind.floor, speed=SPEED)
        follower.add(replace(job, task=TaskRef("ima", id, time.time(), {"outputs": "1"})))
    return {job.id: time.time() for job, _ in run(follower, _asks(url), time.monotonic() + 60)}


def _asks(url: str) -> Callable[[Job], Poll]:
    gateway = ima(url)
    provider, out = Provider({gateway.id: gateway}, catalogue.vendor("ima").raw, time.time), door(gateway)

    def ask(job: Job) -> Poll:
        assert job.task is not None
        return provider.parse_poll(job.task, out.ask(provider.poll_request(job.task, "en")))

    return ask
