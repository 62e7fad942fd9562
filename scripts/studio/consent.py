"""PURE. Promise 2: whether this may be bought now, or the person has to be asked first.

Limits come first and are final: no yes lifts them. A token says yes to exactly what it was made for. Without
one, a price that is known and usual is bought unasked, unless the wish asks first whatever it costs (the
best); --yes does the same for what would be asked about where a limit is set; a price that is not known needs
a token, or --accept-unknown-price where the config allows that and no limit is set that it could get past.
"""

from __future__ import annotations

from collections.abc import Sequence

from studio.bulk import Sum
from studio.errors import NeedsApproval, OverLimit
from studio.frozen import dataclass
from studio.terms import difference, terms
from studio.types import Gateway, Json, Plan


@dataclass(frozen=True)
class Consent:
    """What the person said. `token`: --approve; `approved`: the terms it stands for, None where it stands
    for nothing any more; `forced`: another of the same, although the first may have been bought."""

    max_credits: float | None = None  # in the gateway's unit
    yes: bool = False
    accept_unknown: bool = False
    token: str | None = None
    approved: Json | None = None
    forced: bool = False


def check(plan: Plan, gateway: Gateway, said: Consent) -> None:
    """Raises OverLimit or NeedsApproval."""
    steps = plan.billing.amount
    asks = said.forced or plan.ask_first  # however cheap it is
    check_limits(steps, gateway, said.max_credits)
    if said.token is not None:
        _check_token(plan, gateway, said)
    elif steps is None:
        _check_unknown(gateway, said, asks)
    elif (steps > gateway.confirm_above or asks) and not (said.yes and _limited(gateway, said)):
        amount = f"{gateway.unit.amount(steps)} {gateway.unit.name}"
        why = "which is more than is bought without asking"
        if asks:
            why = "once more" if said.forced else "and the best is asked about whatever it costs"
        raise NeedsApproval(
            f"This costs {amount}, {why}.",
            detail="--yes counts only beside --max-credits or a limit in config.toml." if said.yes else None,
        )


def check_whole(whole: Sequence[Sum], said: Consent, *, asks: bool, covered: bool) -> None:
    """The same for a batch, whose rows are one purchase to the person: `whole` by gateway, in one gateway's
    unit each; `asks`: one of the rows is asked about whatever it costs; `covered`: the token was made for all
    of them. Raises OverLimit or NeedsApproval."""
    for one in whole:
        check_limits(one.steps, one.gateway, said.max_credits, each=False)
    if said.token is not None:
        if said.approved is None:
            raise _no_such_token(said.token)
        if not covered:
            raise NeedsApproval(
                f"{said.token} approves other rows, or other prices. Nothing was bought.",
                kind="approval_changed",
            )
        return
    for one in whole:
        if one.unknown:
            _check_unknown(one.gateway, said, asks)
        elif (one.steps > one.gateway.confirm_above or asks) and not (
            said.yes and _limited(one.gateway, said)
        ):
            amount = f"{one.gateway.unit.amount(one.steps)} {one.gateway.unit.name}"
            raise NeedsApproval(f"The {one.rows} rows cost {amount} together, so the person is asked first.")


def check_limits(
    steps: int | None, gateway: Gateway, max_credits: float | None, *, each: bool = True
) -> None:
    """What one purchase may cost, whoever says yes; not `each`: what several may cost together. Raises
    OverLimit."""
    if steps is None:
        return
    price = gateway.unit.amount(steps)  # 0.29 is 29 steps, but 0.29 * 100 is a little less than 29
    amount = f"{price} {gateway.unit.name}"
    if max_credits is not None and price > max_credits:
        raise OverLimit(f"This costs {amount}, more than --max-credits {max_credits:g}.")
    limit = gateway.limits.per_call
    if each and limit is not None and steps > limit:
        raise OverLimit(
            f"This costs {amount}, more than the {gateway.unit.amount(limit)} that one purchase may cost."
        )


def _check_token(plan: Plan, gateway: Gateway, said: Consent) -> None:
    if said.approved is None:
        raise _no_such_token(str(said.token))
    changed = difference(said.approved, terms(plan, gateway))
    if changed:
        names = ", ".join(str(one["what"]) for one in changed)
        error = NeedsApproval(
            f"This is not what {said.token} approves: {names} differs. Nothing was bought.",
            kind="approval_changed",
        )
        error.difference = tuple(changed)
        raise error


def _no_such_token(token: str) -> NeedsApproval:
    return NeedsApproval(
        f"{token} approves nothing: such a token was not made here, or is older than ten minutes.",
        kind="approval_unknown",
    )


def _check_unknown(gateway: Gateway, said: Consent, asks: bool) -> None:
    if said.accept_unknown and gateway.limits.accept_unknown and not (_limited(gateway, said) or asks):
        return
    why = None
    if said.accept_unknown and _limited(gateway, said):
        why = "A limit is set, and a price that is not known could go past it: only --approve counts."
    elif said.accept_unknown and not gateway.limits.accept_unknown:
        why = f"--accept-unknown-price needs accept_unknown_price = true in [gateways.{gateway.id}]."
    elif said.yes:
        why = "--yes never counts for a price that is not known."
    raise NeedsApproval("The price of this is not known, so it is not bought unasked.", detail=why)


def _limited(gateway: Gateway, said: Consent) -> bool:
    return said.max_credits is not None or gateway.limits.any
