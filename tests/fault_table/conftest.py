"""Every row of the fault table is played for each provider and for each way to buy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fault_table.buyer import WAYS, Buyer, kill
from fault_table.paid import PAID, SPEED
from sandbox import Sandbox

EACH = [(provider, way) for provider in PAID for way in WAYS]


@pytest.fixture(params=EACH, ids="-".join)
def buyer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Buyer]:
    """A provider's twin on ports of its own, and somebody who buys from it."""
    provider, way = request.param
    paid = PAID[provider]
    with Sandbox(tmp_path / "twin", speed=SPEED) as box:
        buyer = Buyer(paid, paid.vendor(box.urls[provider]), way)
        yield buyer
        for process in buyer.processes:
            if process.poll() is None:
                kill(process)
