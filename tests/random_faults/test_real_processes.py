"""Sequences of real processes over real sockets, with real SIGKILLs. Each test has a twin, and its share of
the pairs that have to meet."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from parts import picture
from random_faults import seeds
from random_faults.pairs import Tally
from random_faults.real import FAULTS, IMPOSSIBLE, LIMITS, PAIRS, STAGES, Story
from sandbox import Sandbox
from support import Vendor

SPEED = 500
SHARES = 8  # tests, for as many workers


def told(seed: str, number: int, share: int, vendor: Vendor, folder: Path, tally: Tally) -> Story:
    """One sequence, to its settled end."""
    dice = random.Random(seed)
    limits = dice.choice(LIMITS)
    folder.mkdir(parents=True)
    rows = "".join(f"{name} = {amount}\n" for name, amount in limits.items())
    (folder / "config.toml").write_text(f'out = "{folder / "out"}"\n[gateways.ima]\n{rows}')
    (folder / "input.png").write_bytes(picture())
    story = Story(f"story {number}", vendor, folder, tally, dice, limits, dice.choice([None, f"m{number}"]))
    mine, turn = PAIRS[share::SHARES], number // SHARES
    each = -(-len(mine) // (seeds.OF_PROCESSES // SHARES))
    targets = [mine[(turn * each + n) % len(mine)] for n in range(min(each, 2))]
    story.go(targets if len(targets) > 1 else [*targets, dice.choice(PAIRS)])
    story.settle()
    story.check()
    tally.sequences += 1
    return story


@pytest.mark.parametrize("share", range(SHARES))
def test_sequences_of_real_processes_buy_nothing_twice_and_lose_nothing(tmp_path: Path, share: int) -> None:
    tally = Tally(seeds.BASE)
    broken: list[str] = []
    with Sandbox(tmp_path / "twin", speed=SPEED) as box:
        vendor = Vendor(box.urls["ima"], SPEED)
        for number in range(share, seeds.OF_PROCESSES, SHARES):
            seed = f"{seeds.BASE}:{number}"
            story = told(seed, number, share, vendor, tmp_path / str(number), tally)
            if story.broken:
                broken.append("\n".join([f"seed {seed}", *story.broken, "it did:", *story.log]))
    print(f"\n{tally.table(f'real processes, share {share}', FAULTS, STAGES, IMPOSSIBLE)}")  # noqa: T201
    assert not broken, f"{len(broken)} sequences broke a rule\n" + "\n\n".join(broken)
    assert not tally.missing(PAIRS[share::SHARES])
