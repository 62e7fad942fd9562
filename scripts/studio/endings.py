"""PURE. What the end of a task amounts to: which failure it is, and what is lacking of what was bought."""

from __future__ import annotations

from studio import errors
from studio.contract import Done, Failed
from studio.errors import ContentRefused, JobFailed, KeyProblem, NoCredit, StudioError


def failure(end: Failed) -> StudioError:
    """A task that failed was accepted: only what says why it failed is a kind of its own."""
    known = errors.REFUSALS[end.kind][0] if end.kind in errors.REFUSALS else JobFailed
    plain = known in {JobFailed, ContentRefused, NoCredit, KeyProblem}
    error, kind = (known, end.kind) if plain else (JobFailed, JobFailed.kind)
    return error(end.message, kind=kind, provider_code=end.code, detail=None, charged=end.charged)


def partial(end: Done, bought: int) -> StudioError | None:
    """Fewer outputs, or good shots, than were bought, whether the vendor says why or not."""
    lacking = len(end.failures) if end.shots else bought - len(end.outputs)
    bought = len(end.shots) or bought
    if lacking <= 0:
        return None
    first = end.failures[0] if end.failures else None
    if first and end.shots and not end.outputs:
        return JobFailed(
            f"{lacking} of {bought} shots did not work out, so there is no film yet.",
            kind="shots_failed",
            detail=first.message,
            provider_code=first.code,
            charged="maybe",
        )
    return JobFailed(
        f"{lacking} of {bought} outputs were not made; the others are saved.",
        kind="partly_failed",
        detail=first.message if first else "The vendor does not say why.",
        provider_code=first.code if first else None,
        charged="maybe",
    )
