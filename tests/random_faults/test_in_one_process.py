"""Sequences of commands, faults and kills in one process: no sockets, a clock that is handed in, the real
record. Each seed is one sequence; what breaks is told with its seed and what it did."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from parts import picture
from random_faults import seeds
from random_faults.in_process import patched
from random_faults.pairs import Tally
from random_faults.stages import FAULTS, IMPOSSIBLE, PAIRS, STAGES
from random_faults.walk import Walk
from random_faults.world import World

LIMITS: tuple[dict[str, int], ...] = ({}, {"per_day": 60}, {"per_user": 40}, {"per_day": 90, "per_user": 30})


def play(seed: str, number: int, folder: Path, tally: Tally) -> World:
    """One sequence, to its settled end."""
    dice = random.Random(seed)
    random.seed(seed)
    limits = dice.choice(LIMITS)
    folder.mkdir(parents=True)
    rows = "".join(f"{name} = {amount}\n" for name, amount in limits.items())
    (folder / "config.toml").write_text(f'out = "{folder / "out"}"\n[gateways.ima]\n{rows}')
    inputs = [folder / "a.png", folder / "b.png"]
    for n, path in enumerate(inputs, 1):
        path.write_bytes(picture(size=(64, 48 * n)))
    world = World(folder, tally, limits)
    targets = [PAIRS[number % len(PAIRS)], *dice.sample(PAIRS, dice.choice([0, 1, 1, 2, 6]))]
    walk = Walk(world, dice, targets, inputs)
    try:
        walk.go()
        walk.settle()
        walk.check()
    finally:
        world.close()
    tally.sequences += 1
    return world


def test_sequences_in_one_process_buy_nothing_twice_and_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMA_API_KEY", "ima_example_placeholder")
    patched(monkeypatch)
    tally = Tally(seeds.BASE)
    broken: list[str] = []
    for number in range(seeds.IN_ONE_PROCESS):
        seed = f"{seeds.BASE}:{number}"
        monkeypatch.setenv("MEDIA_STUDIO_HOME", str(tmp_path / str(number)))
        world = play(seed, number, tmp_path / str(number), tally)
        if world.broken:
            broken.append("\n".join([f"seed {seed}", *world.broken, "it did:", *world.log]))
    print(f"\n{tally.table('in one process', FAULTS, STAGES, IMPOSSIBLE)}")  # noqa: T201 - make soak shows it
    assert not broken, f"{len(broken)} sequences broke a rule\n" + "\n\n".join(broken[:50])
    assert not tally.missing(PAIRS)
