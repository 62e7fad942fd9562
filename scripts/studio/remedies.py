"""What a refused purchase may turn into. Each remedy is another request, planned from a fresh list, with an
intent of its own; what came before stands in its `steps`."""

from __future__ import annotations

from studio import catalogue, placing
from studio.errands import Errand
from studio.errors import NeedsApproval, NetworkError, StudioError, UsageError
from studio.frozen import replace
from studio.terms import asked_difference, difference, terms
from studio.types import Plan
from studio.values import alike
from studio.wishes import Wish


def resolved_anew(errand: Errand, plan: Plan, no: StudioError) -> Plan:
    """The same wish from the list as it is now: only if all that was asked for, the model and the price are
    what they were; of what a token approved, all of it. Raises NeedsApproval with both, and with the new
    plan for the person to say yes to."""
    try:
        anew = errand.plan()
    except NetworkError:
        raise no from None
    changed = asked_difference(plan, anew, errand.gateway)
    if errand.app.made.approve:  # a token stands for all of it
        changed = difference(terms(plan, errand.gateway), terms(anew, errand.gateway))
    if changed:
        errand.app.plan, errand.app.job = replace(anew, steps=plan.steps), None
        names = ", ".join(str(one["what"]) for one in changed)
        asks = NeedsApproval(
            f"The vendor's list changed meanwhile: {names} differs from what was to be bought. Nothing was "
            "bought.",
            kind="approval_changed",
            provider_code=no.provider_code,
            detail=no.detail,
        )
        asks.difference = tuple(changed)
        raise asks
    return _after(plan, anew, errand, no)


def stepped_down(errand: Errand, plan: Plan, no: StudioError) -> tuple[Wish, Plan] | None:
    """The wish with the next smaller size that the model has and that costs no more; None where there is
    none."""
    sizes = catalogue.vendor(plan.provider).sizes
    at = next((n for n, size in enumerate(sizes) for one in plan.values.values() if alike(size, one)), None)
    if at is None:
        return None
    kept = {name: one for name, one in errand.wish.options.items() if not alike(sizes[at], one)}
    for size in sizes[at + 1 :]:
        wish = replace(errand.wish, options=placing.changed(kept, {"size": size}))
        try:
            smaller = errand.plan(wish)
        except UsageError:
            continue
        if _cheaper(smaller, plan):
            return wish, _after(plan, smaller, errand, no)
    return None


def _cheaper(one: Plan, other: Plan) -> bool:
    """Or as dear: of two known prices."""
    this, that = one.billing.amount, other.billing.amount
    return this is not None and that is not None and this <= that


def _after(before: Plan, plan: Plan, errand: Errand, no: StudioError) -> Plan:
    changed = difference(terms(before, errand.gateway), terms(plan, errand.gateway))
    step = {
        "job": errand.app.job,
        "why": no.kind,
        "provider_code": no.provider_code,
        "message": no.detail,
        "changed": changed,
    }
    return replace(plan, steps=(*before.steps, step))
