"""Every row of the fault table is played for each provider: see rows.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fault_table.buyer import Buyer, kill
from fault_table.paid import PAID
from sandbox import Sandbox
from support import with_clips


@pytest.fixture
def buyer(request: pytest.FixtureRequest, tmp_path: Path, clips: Path) -> Iterator[Buyer]:
    """A gateway's twin on ports of its own, and somebody who buys from it."""
    name, way = request.param
    paid = PAID[name]
    with Sandbox(with_clips(tmp_path / "twin", clips), speed=paid.speed) as box:
        buyer = Buyer(paid, paid.vendor(box.urls[paid.gateway]), way)
        buyer.configure()
        yield buyer
        for process in buyer.processes:
            if process.poll() is None:
                kill(process)
