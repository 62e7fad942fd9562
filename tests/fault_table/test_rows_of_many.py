"""The fault table: many processes at once, and the same purchase many times at once."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from fault_table.buyer import Buyer, barrier, finished, said
from fault_table.rows import each
from forked import Forked
from support import Run

MANY = 50
LOOKING = 4  # of them ask for `spend`
ROOM = 20  # purchases that the day's limit has room for
KINDS = ("start", "start", "make")
GROUP = 8
BY_HAND = {
    "test_50_processes_at_once_lose_nothing_corrupt_nothing_and_hold_the_limits_to_the_point": "many",
    "test_50_processes_at_once_lose_and_double_no_preference_and_no_purchase": "many",
}


def at_once(commands: list[tuple[Buyer, list[str]]], at: str = "begin") -> list[Forked]:
    """So many processes, each stopped before the ledger is asked to begin, or at another point (those that
    look: before anything), and let go together. They come up a few at a time, so that none waits for a
    processor."""
    processes: list[Forked] = []
    with barrier() as pipe:
        for first in range(0, len(commands), GROUP):
            for buyer, words in commands[first : first + GROUP]:
                orders = {"barrier": pipe, **({} if words[0] == "spend" else {"at": at})}
                processes.append(buyer.process(*words, drive=orders, pipe=pipe))
            for process in processes[first:]:
                said(process, "ready")
    return processes


def most_inside(runs: list[Run]) -> int:
    """The most processes that were inside the claim at one time."""
    lines = [line.split() for run in runs for line in run.stderr.splitlines() if line.startswith("inside ")]
    moments = sorted(moment for _, begin, end in lines for moment in ((float(begin), 1), (float(end), -1)))
    inside = most = 0
    for _, step in moments:
        inside += step
        most = max(most, inside)
    return most


@pytest.mark.parametrize("buyer", [("ima", "start")], indirect=True, ids="-".join)
def test_50_processes_at_once_lose_nothing_corrupt_nothing_and_hold_the_limits_to_the_point(
    buyer: Buyer,
) -> None:
    price = buyer.paid.known
    buyer.configure(per_day=price * ROOM + price / 2, per_user=price * (ROOM - 8))
    users = cycle(("user-1", "user-2"))
    ways = cycle(replace(buyer, way=way) for way in KINDS)
    purchases = [
        (one, one.words("--user-id", user, prompt=f"picture {n}"))
        for n, one, user in zip(range(MANY - LOOKING), ways, users, strict=False)
    ]
    runs = [finished(process) for process in at_once([*purchases, *[(buyer, ["spend"])] * LOOKING])]

    bought, looks = runs[:-LOOKING], runs[-LOOKING:]
    assert most_inside(bought) >= 2
    codes = [run.code for run in bought]
    assert (codes.count(0), codes.count(11)) == (ROOM, MANY - LOOKING - ROOM), set(codes)
    assert [run.code for run in looks] == [0] * LOOKING
    assert all(sum(row["quoted"] for row in run.document["spent"]) <= price * ROOM for run in looks), (
        "a limit was overrun for a while"
    )

    jobs = buyer.jobs
    assert (len(jobs), buyer.creates) == (ROOM, ROOM)
    assert {job["task_id"] for job in jobs} == {task["id"] for task in buyer.tasks}
    assert {job["job"] for job in jobs} == {run.document["job"] for run in bought if run.code == 0}
    assert buyer.spent == price * ROOM == sum(task["points"] for task in buyer.tasks)
    by_user = {row["user_id"]: row["quoted"] for row in buyer.run("spend").document["spent"]}
    assert max(by_user.values()) <= price * (ROOM - 8)
    assert list(Path(os.environ["MEDIA_STUDIO_HOME"]).glob("*.damaged*")) == []
    for job in jobs:
        assert job["state"] in {"submitted", "done"}
    open_jobs = [job["job"] for job in jobs if job["state"] == "submitted"]
    assert buyer.wait(open_jobs[0]).code == 0


@pytest.mark.parametrize("buyer", [("ima", "start")], indirect=True, ids="-".join)
def test_50_processes_at_once_lose_and_double_no_preference_and_no_purchase(buyer: Buyer) -> None:
    """Ten users, five processes each: two buy and remember, three set. Four of them want one model for both
    kinds of making, the fifth another for one of the two: it may come last or be overwritten."""
    first, second = buyer.paid.task_types
    users = {f"user-{n}": buyer.paid.models[:: 1 if n % 2 else -1] for n in range(MANY // 5)}
    commands = []
    for user, (model, other) in users.items():
        who = ("--user-id", user)
        commands += [
            *[(buyer, buyer.words("--model", model, "--remember", *who, prompt=f"{user} {k}")) for k in "ab"],
            *[(buyer, ["prefs", "set", "--model", model, *who])] * 2,
            (buyer, ["prefs", "set", "--model", other, "--task-type", second, *who]),
        ]
    assert len(commands) == MANY
    runs = [finished(process) for process in at_once(commands, at="prefer")]

    assert most_inside(runs) >= 2
    assert [run.code for run in runs] == [0] * MANY
    bought = 2 * len(users)
    assert (len(buyer.jobs), buyer.creates, len(buyer.tasks)) == (bought, bought, bought)
    for user, (model, other) in users.items():
        rows = buyer.run("prefs", "--user-id", user).document["preferences"]
        assert sorted(row["task_type"] for row in rows) == sorted((first, second)), "lost, or doubled"
        held = {row["task_type"]: row["model"]["name"] for row in rows}
        assert (held[first], held[second] in {model, other}) == (model, True)
    home = Path(os.environ["MEDIA_STUDIO_HOME"])
    assert list(home.glob("*.damaged*")) == []
    with contextlib.closing(sqlite3.connect(home / "ledger.sqlite3")) as record:
        assert record.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert record.execute("SELECT COUNT(*) FROM preferences").fetchone() == (2 * len(users),)


@each(variants=(("without a key", ()), ("with a key", ("--idempotency-key", "message-1"))))
def test_the_same_start_ten_times_at_once_is_1_create(buyer: Buyer, variant: tuple[str, ...]) -> None:
    """All of them while the one that pays waits for its answer, so that none comes after its end."""
    buyer.vendor.fault("create", {"kind": "hold"}, when="after")
    processes = at_once([(buyer, buyer.words(*variant))] * 10)
    buyer.vendor.held("create")
    claims = [said(process, "inside ") for process in processes]
    assert len(claims) == 10
    buyer.vendor.release()
    runs = [finished(process) for process in processes]
    assert [run.code for run in runs] == [0] * 10
    assert len({run.document["job"] for run in runs}) == 1
    assert (buyer.creates, len(buyer.tasks), buyer.spent) == (1, 1, buyer.paid.known)

    done = buyer.wait(buyer.job["job"])
    assert done.document["state"] == "done"
    once_more = buyer.buy(*variant)  # after its end only a key says that it is the same
    assert once_more.code == 0
    assert buyer.creates == len(buyer.jobs) == (1 if variant else 2)


@each()
def test_the_same_key_with_another_request_is_refused_with_0_creates(buyer: Buyer) -> None:
    assert buyer.buy("--idempotency-key", "message-1").code == 0
    other = buyer.buy("--idempotency-key", "message-1", prompt="something else")
    assert (other.code, other.error["kind"], buyer.creates) == (2, "key_reused", 1)
