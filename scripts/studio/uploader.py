"""Inputs on their way to the vendor: side by side, each remembered by its content while its link lives. An
upload buys nothing, so it is repeated as often as it takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from studio.contract import Provider, Read
from studio.errors import LedgerError
from studio.frozen import dataclass
from studio.ledger import Ledger
from studio.types import Clock, Gateway, MediaRef, Plan, Source

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 4


@dataclass(frozen=True)
class Uploader:
    """`patiently` repeats a step (which makes a MediaRef) while trouble will pass, at a rehearsal's speed."""

    provider: Provider
    read: Read
    ledger: Ledger
    clock: Clock
    gateway: Gateway | None
    patiently: Callable[[Callable[[], MediaRef], float], MediaRef]

    def upload(self, plan: Plan, until: float | None) -> tuple[MediaRef, ...] | None:
        """Every input in the form the vendor takes; None where some still travel at `until` (monotonic
        seconds)."""
        from concurrent.futures import FIRST_COMPLETED
        from concurrent.futures import wait as first_of

        known = ((n, self._remembered(source)) for n, source in enumerate(plan.inputs))
        made = {n: ref for n, ref in known if ref}
        pool = threads()
        try:
            travelling = {
                pool.submit(self._one, source, plan.speed): n
                for n, source in enumerate(plan.inputs)
                if n not in made
            }
            patience = None  # for the first to arrive: each command gets further than the one before it
            while travelling:
                arrived, _ = first_of(travelling, patience, FIRST_COMPLETED)
                if not arrived:
                    return None
                for future in arrived:
                    n = travelling.pop(future)
                    made[n] = future.result()
                    self._remember(plan.inputs[n], made[n])
                patience = None if until is None else max(0.0, until - self.clock.monotonic())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return tuple(made[n] for n in range(len(plan.inputs)))

    def forget(self, plan: Plan) -> None:
        """What was refused may have been refused for a link that died before its time."""
        with suppress(LedgerError):
            for source in plan.inputs:
                if self.gateway:
                    self.ledger.uploads.forget(_place(self.gateway), source)

    def _one(self, source: Source, speed: float) -> MediaRef:
        return self.patiently(lambda: self.provider.upload(source, self.read), speed)

    def _remembered(self, source: Source) -> MediaRef | None:
        if self.gateway is None or source.sha256 is None:
            return None
        return self.ledger.uploads.remembered(_place(self.gateway), source)

    def _remember(self, source: Source, ref: MediaRef) -> None:
        if self.gateway and source.sha256 and self.gateway.upload_life:
            self.ledger.uploads.remember(_place(self.gateway), source, ref, self.gateway.upload_life)


def threads() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(AT_ONCE)


def _place(gateway: Gateway) -> str:
    """Where inputs are kept. A rehearsal's is another one each time."""
    return f"{gateway.id} {gateway.urls.get('upload', gateway.urls['api'])}"
