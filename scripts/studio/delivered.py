"""PURE. What was asked for against what came: the pixels of the files, and what the vendor says it took."""

from __future__ import annotations

import re

from studio.types import Gateway, Job, Json

AT_MOST = "at most"  # how sure a price is that may come out lower
SLACK = 0.02  # of a side, or of a ratio
PIXELS = re.compile(r"(\d{2,5})\s*[xX×*]\s*(\d{2,5})")
RATIO = re.compile(r"(\d{1,3})\s*:\s*(\d{1,3})")


def difference(job: Job, gateway: Gateway) -> list[Json]:
    """Every way in which a finished job is not what it was to be: {"what", "before", "after"}. Where neither
    pixels nor a ratio were sent, nothing is compared: a tier such as 2K says no more than about how large."""
    found: list[Json] = []
    sent = [str(value) for value in (*job.plan.values.values(), *job.plan.applied.values())]
    for made in job.saved:
        wanted = _not_met(sent, made.width, made.height) if made.width and made.height else None
        if wanted:
            found.append({"what": "size", "before": wanted, "after": f"{made.width}x{made.height}"})
    quoted = job.plan.billing.amount
    less = job.plan.billing.basis.endswith(AT_MOST) and (job.charged or 0) <= (quoted or 0)
    if None not in (job.charged, quoted) and job.charged != quoted and not less:
        found.append(
            {
                "what": "price",
                "before": gateway.unit.amount(quoted or 0),
                "after": gateway.unit.amount(job.charged or 0),
            }
        )
    return [one for n, one in enumerate(found) if one not in found[:n]]


def _not_met(sent: list[str], width: int, height: int) -> str | None:
    """What was sent and these sides do not have; pixels say more than a ratio."""
    pixels = next(filter(None, map(PIXELS.fullmatch, sent)), None)
    ratio = next(filter(None, map(RATIO.fullmatch, sent)), None)
    if pixels:
        met = _near(width, int(pixels[1])) and _near(height, int(pixels[2]))
        return None if met else pixels[0]
    if ratio and int(ratio[2]):
        return None if _near(width / height, int(ratio[1]) / int(ratio[2])) else ratio[0]
    return None


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= SLACK * other
