"""The first working way, end to end: the command as its own process, the vendor's twin on real sockets."""

from __future__ import annotations

from support import Vendor


def test_a_picture_is_bought_once_and_saved(vendor: Vendor) -> None:
    run = vendor.make("--aspect-ratio", "16:9")
    assert run.code == 0, run.stderr
