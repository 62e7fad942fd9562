"""What random sequences found, as the shortest sequence that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from random_faults import rules
from random_faults.in_process import Armed, patched
from random_faults.pairs import Tally
from random_faults.walk import HOUR
from random_faults.world import World

A_LEASE = 60.0  # seconds: each of now has run out


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("IMA_API_KEY", "ima_example_placeholder")
    monkeypatch.setenv("MEDIA_STUDIO_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text(f'out = "{tmp_path / "out"}"\n')
    patched(monkeypatch)
    made = World(tmp_path, Tally("found"), {})
    yield made
    made.close()


def test_a_job_that_is_forgotten_while_somebody_follows_it_is_no_defect(world: World) -> None:
    world.armed = [Armed("frozen", "poll")]
    world.run("make", "--prompt", "a lighthouse")
    (row,) = world.rows()
    world.follow("wait", row.id)
    world.now += HOUR
    world.run("purge", "--before", "0m")
    world.thaw(world.frozen[0])
    assert world.broken == []


def test_a_task_that_is_bought_after_all_can_be_taken_up_although_it_was_called_not_charged(
    world: World,
) -> None:
    """The process stands still between the commit of `sending` and the bytes; the page shows nothing yet."""
    world.armed = [Armed("frozen", "sending")]
    world.run("make", "--prompt", "a lighthouse")
    (row,) = world.rows()
    world.now += A_LEASE
    world.run("reconcile", row.id, "--not-charged")
    late = world.thaw(world.frozen[0])
    assert late is not None
    if late.code:
        world.run(*late.document["next"][2:])
    assert world.broken == []
    assert rules.of_the_end(world.vendor, world.rows(), world.counters()) == []


def test_ctrl_c_while_a_failure_is_printed_leaves_one_document(world: World) -> None:
    world.armed = [Armed("Ctrl-C", "printing")]
    world.run("show", "nojob")
    assert world.broken == []


def test_ctrl_c_after_the_result_is_printed_leaves_one_document(world: World) -> None:
    world.armed = [Armed("Ctrl-C", "printed")]
    world.run("make", "--prompt", "a lighthouse")
    assert world.broken == []
    assert world.tally.met["Ctrl-C", "printed"]
