"""Fixtures of the sandbox's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import Sandbox
from twins.ima_vendor import Clock, Vendor


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A twin a thousand times as fast, over a folder of its own."""
    with Sandbox(speed=1000) as sandbox:
        yield Vendor(sandbox)
