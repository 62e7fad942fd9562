"""Times and prices, as they are given and as documents show them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

from studio.types import Clock, Gateway, Json, Plan


def instant(clock: Clock, when: timedelta | date) -> float:
    """An age, or the beginning of a day here, as seconds since 1970."""
    if isinstance(when, timedelta):
        return clock.time() - when.total_seconds()
    try:
        return datetime.combine(when, time()).timestamp()
    except (ValueError, OverflowError, OSError):  # before the clocks of this machine begin
        return 0.0


def moment(at: float | None) -> str | None:
    """A time as text; None where there is none, or it is beyond any calendar."""
    try:
        return None if at is None else datetime.fromtimestamp(at, timezone.utc).isoformat("T", "seconds")
    except (ValueError, OverflowError, OSError):
        return None


def cost(plan: Plan, gateway: Gateway, charged: int | None = None) -> Json:
    """`quoted` is ours, `charged` the vendor's word: null where it says nothing, never a copy."""
    amount = plan.billing.amount
    return {
        "unit": plan.billing.unit,
        "quoted": None if amount is None else gateway.unit.amount(amount),
        "charged": None if charged is None else gateway.unit.amount(charged),
        "basis": plan.billing.basis,
    }
