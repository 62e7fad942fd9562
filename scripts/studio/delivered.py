"""PURE. What was asked for against what came: the files' own pixels and seconds, and what the vendor says it
took.

Sides may differ by 2 %, and so may a shape. A resolution that a video is asked for by name (720p) is its
short side. A picture's tier (1K) says how long its sides are only where it is square. A quality that names no
pixels says nothing. A clip may be half a second longer or shorter: it is cut between two pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.answers import seconds
from studio.types import Gateway, Job, Json, Saved

AT_MOST = "at most"  # how sure a price is that may come out lower
SLACK = 0.02  # of a side, of a shape, and of a length
SLACK_SECONDS = 0.5
PIXELS = re.compile(r"(\d{2,5})\s*[xX×*]\s*(\d{2,5})")
RATIO = re.compile(r"(\d{1,3})\s*:\s*(\d{1,3})")
NAMED = re.compile(r"(\d{3,4})[pP]")
TIERS = {"512px": 512, "1k": 1024, "2k": 2048, "4k": 4096}  # sides of a square


def difference(job: Job, gateway: Gateway) -> list[Json]:
    """Every way in which a finished job is not what it was to be: {"what", "before", "after"}."""
    found = [row for made in job.saved for row in _unlike(job, made)]
    quoted = job.plan.billing.amount
    less = job.plan.billing.basis.endswith(AT_MOST) and (job.charged or 0) <= (quoted or 0)
    if job.charged is not None and quoted is not None and job.charged != quoted and not less:
        found.append(_row("price", gateway.unit.amount(quoted), gateway.unit.amount(job.charged)))
    return [one for n, one in enumerate(found) if one not in found[:n]]


def _unlike(job: Job, made: Saved) -> Iterator[Json]:
    sent = {**job.plan.values, **job.plan.applied}
    if made.width and made.height:
        said = [str(value) for value in sent.values()]
        wanted = _not_met(said, made.kind, made.width, made.height)
        if wanted:
            yield _row("size", wanted, f"{made.width}x{made.height}")
    length = seconds(sent.get("duration"))  # of what is to be chosen by the vendor: none
    measured = made.seconds if made.kind == "video" else None
    if length and measured and abs(measured - length) > max(SLACK_SECONDS, SLACK * length):
        yield _row("length", length, round(measured, 1))


def _not_met(sent: list[str], kind: str, width: int, height: int) -> str | None:
    """What was sent and these sides do not have; pixels say more than a name or a shape."""
    pixels = next(filter(None, map(PIXELS.fullmatch, sent)), None)
    if pixels:
        met = _near(width, int(pixels[1])) and _near(height, int(pixels[2]))
        return None if met else pixels[0]
    ratio = next(filter(None, map(RATIO.fullmatch, sent)), None)
    named = next(filter(None, map(NAMED.fullmatch, sent)), None)
    unmet = []
    if kind == "video" and named and not _near(min(width, height), int(named[1])):
        unmet.append(named[0])
    if ratio and int(ratio[2]) and not _near(width / height, int(ratio[1]) / int(ratio[2])):
        unmet.append(ratio[0])
    square = ratio is not None and ratio[1] == ratio[2]
    tier = next((word for word in sent if word.casefold() in TIERS), None) if square else None
    if kind == "image" and tier and not _near(width, TIERS[tier.casefold()]):
        unmet.append(tier)
    return ", ".join(unmet) or None


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= SLACK * other


def _row(what: str, before: object, after: object) -> Json:
    return {"what": what, "before": before, "after": after}
