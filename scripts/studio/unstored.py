"""PURE. A purchase without the words that it was asked for in, for whoever wants no prompt on record
(`store_prompts = false`), and with them again, brought by a command that asks for the same.

A vendor's own words may repeat the prompt, so they are left out, too; ours stay.
"""

from __future__ import annotations

from studio.errors import PLAIN_CODE, REFUSALS, InternalError, JobFailed, UsageError
from studio.frozen import asdict, replace
from studio.terms import digest
from studio.types import Json, Plan, Shot


def plan(whole: Plan) -> Plan:
    """A plan without its words; it says by their digest which they were."""
    if not whole.prompt and not whole.requested.get("prompt"):
        return whole
    return replace(
        whole,
        prompt=None,
        requested={**whole.requested, "prompt": None},
        steps=tuple({**step, "message": None} for step in whole.steps),
        left_out=_digest(whole),
    )


def is_said(kept: Plan, said: Plan) -> bool:
    """Whether a plan has the words that another lacks."""
    return kept.left_out in {None, _digest(said)}


def whole(kept: Plan, said: Plan) -> Plan:
    """A plan on record with the words of the command that goes on with it. Raises InternalError where they
    are others: what is bought is what was asked."""
    if kept.left_out is None:
        return kept
    if not is_said(kept, said):
        raise InternalError("The words of this command are not those that the job was begun with.")
    asked = {**kept.requested, "prompt": said.requested.get("prompt")}
    return replace(kept, prompt=said.prompt, requested=asked, left_out=None)


def error(record: Json) -> Json:
    """An error as it is kept: what the vendor wrote is not."""
    kind = record["kind"]
    if kind == JobFailed.kind or kind in REFUSALS:
        what = REFUSALS[kind][2] if kind in REFUSALS else "it failed"
        record = {**record, "message": f"The vendor's answer: {what}."}
    code = record["provider_code"]
    return {**record, "detail": None, "provider_code": code if code and PLAIN_CODE.fullmatch(code) else None}


def shots(made: tuple[Shot, ...]) -> list[Json]:
    return [{**asdict(shot), "prompt": None, "lyric": None} for shot in made]


def remark(what: str) -> str:
    """What happened, without what was said there."""
    return what.partition(":")[0]


def lacking(name: str) -> UsageError:
    """`name`: the job or receipt that was to be repeated."""
    return UsageError(
        f"The prompt of {name} was not stored: give it anew with --prompt.",
        kind="missing_prompt",
        detail="config.toml says store_prompts = false, or said so then.",
    )


def _digest(said: Plan) -> str:
    return digest({"prompt": said.prompt})
