"""The files a wish begins with: how many of each kind a task type takes, what each of them really is, and
whether they fit together. Nothing is sent here."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from studio import fitting
from studio.errors import Misfit, UsageError, fit_for
from studio.frozen import replace
from studio.intake import Looker, Unfit
from studio.messages import Messages
from studio.types import InputRule, Source, TaskType

Files: TypeAlias = Mapping[str, tuple[str, ...]]
"""Kind -> the files and links that were given."""

AT_ONCE = 2  # inputs that are looked at: each is decoded in memory as a whole
KINDS = {
    "image": ("picture", "--input-images"),
    "video": ("clip", "--input-video"),
    "audio": ("sound", "--input-audio"),
}
"""Kind of input -> what it is called, and the option that it is given with."""


def takes(task_type: TaskType, files: Files) -> bool:
    """Whether it takes just so many inputs of each kind."""
    rules = ((task_type.rule(kind), len(names)) for kind, names in files.items())
    return all((rule.least <= given <= rule.most) if rule else given == 0 for rule, given in rules)


def check_count(task_type: TaskType, files: Files) -> None:
    if takes(task_type, files):
        return
    wanted = " and ".join(map(_wanted, task_type.inputs)) or "no files"
    raise UsageError(f"{task_type.id} takes {wanted}, not {count(files)}.", kind="bad_inputs")


def count(files: Files) -> str:
    """How many of what, in words."""
    return " and ".join(_several(len(names), kind) for kind, names in files.items() if names) or "none"


def inspect(
    task_type: TaskType, files: Files, looker: Looker, fit: Collection[str] = ()
) -> tuple[Source, ...]:
    """Every input, looked at before anything is sent: pictures first, then clip and sound. `fit`: what may be
    done to copies of pictures. Raises UsageError."""
    sources = _looked_at(task_type, files, looker, fit)
    if fitting.SHRINK in fit and _too_much(task_type, sources):
        task_type = _with(task_type, max_bytes=_share(task_type, sources))
        sources = _looked_at(task_type, files, looker, fit)
    if fitting.SHRINK in fit and task_type.alike_within:  # what was alike is to stay so
        longest = min((max(one.width, one.height) for one in sources if one.width and one.height), default=0)
        shrunk = any(row["what"] == "shrunk" for source in sources for row in source.changed)
        sources = _looked_at(_with(task_type, max_side=longest), files, looker, fit) if shrunk else sources
    _check_alike(task_type, sources)
    _check_together(task_type, sources)
    return sources


def _with(task_type: TaskType, *, max_bytes: int | None = None, max_side: int | None = None) -> TaskType:
    """A task type whose pictures have a limit more, where that is the stricter one."""

    def stricter(rule: InputRule) -> InputRule:
        size = min(rule.max_bytes, max_bytes or rule.max_bytes)
        sides = [side for side in (rule.max_side, max_side) if side]
        return replace(rule, max_bytes=size, max_side=min(sides, default=None))

    rules = tuple(stricter(rule) if rule.kind == "image" else rule for rule in task_type.inputs)
    return replace(task_type, inputs=rules)


def _looked_at(task_type: TaskType, files: Files, looker: Looker, fit: Collection[str]) -> tuple[Source, ...]:
    """All of them. Of several that cannot be used, one for which no copy would do is told first."""
    found: list[Source] = []
    wrong: list[UsageError] = []
    rows = [
        (rule, name, number if len(files[rule.kind]) > 1 else None)
        for rule in task_type.inputs
        for number, name in enumerate(files.get(rule.kind, ()), 1)
    ]
    seen = _side_by_side(looker, [(rule, name) for rule, name, _ in rows], fit)
    for (rule, name, number), one in zip(rows, seen, strict=True):
        if isinstance(one, Source):
            found.append(one)
        else:
            wrong.append(_unfit(one, name, rule, number))
    if wrong:
        raise next((one for one in wrong if not fit_for(one.misfits)), wrong[0])
    return tuple(found)


def _side_by_side(
    looker: Looker, rows: list[tuple[InputRule, str]], fit: Collection[str]
) -> list[Source | Unfit]:
    """What is seen of each. To decode a picture takes a while, and a machine can do several at a time."""

    def look(row: tuple[InputRule, str]) -> Source | Unfit:
        try:
            return looker.look(row[1], row[0], fit)
        except Unfit as no:
            return no

    if len(rows) < 2:
        return [look(row) for row in rows]
    from concurrent.futures import ThreadPoolExecutor

    with warnings.catch_warnings(), ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(look, rows))


def _unfit(no: Unfit, name: str, rule: InputRule, number: int | None) -> UsageError:
    """Why an input cannot be used; `number`: which of several it is."""
    reasons, ways = Messages("en").unfit(no.misfits)
    why = no.misfits[0].values.get("why")
    text = f"The input {name} cannot be used: {reasons}{f' ({why})' if why else ''}. Nothing was sent."
    first, taken = no.misfits[0].why, fitting.formats(rule)
    wanted = f"It would fit {ways}." if ways else _wanted_instead(rule.kind, taken)
    if first == "link":
        made = UsageError(text, kind="bad_link", detail="Give a public https link.")
    elif first == "link_only":
        made = UsageError(text, kind="link_needed", detail=_wanted_instead("video", taken))
    elif rule.kind == "audio":
        made = UsageError(text, kind="bad_sound", detail=wanted)
    else:
        about = {"formats": taken, **({"number": str(number)} if number else {})}
        made = UsageError(text, kind="bad_input_file", detail=wanted, about=about)
    made.misfits = no.misfits
    return made


def _wanted_instead(kind: str, formats: str) -> str:
    if kind == "video":
        return "Put it where it can be fetched from without a password, and give that link."
    if kind == "audio":
        return "Give an MP3, WAV, AAC or M4A file, or a public https link to one."
    return f"Give a picture of the kind {formats}, or a public https link to one."


def given(sources: tuple[Source, ...]) -> dict[str, Any]:
    """The inputs as a form's conditions speak of them."""
    made: dict[str, Any] = {}
    for source in sources:
        made.setdefault(_option(source.role), []).append(source.name)
    return made


def named(files: Files) -> dict[str, Any]:
    """The same of files that are not yet looked at."""
    return {_option(kind): list(names) for kind, names in files.items() if names}


def _option(kind: str) -> str:
    return KINDS[kind][1].lstrip("-").replace("-", "_")


def _check_alike(task_type: TaskType, sources: tuple[Source, ...]) -> None:
    """Two frames of one film have about the same sides."""
    sides = [(one.width, one.height) for one in sources if one.width and one.height]
    if task_type.alike_within and len(sides) > 1:
        apart = max(max(pair) / min(pair) for pair in zip(*sides, strict=True))
        if apart > task_type.alike_within:
            one, other = (fitting.sides(*pair) for pair in sides[:2])
            raise UsageError(
                f"The two pictures differ too much in size for {task_type.id} ({one} and {other}): a side of "
                f"one is {apart:.2f} times that of the other, at most {task_type.alike_within:g} is taken.",
                kind="unlike_pictures",
                detail=f"Crop or scale the second to {one}, or the first to {other}.",
                about={"one": one, "other": other},
            )


def _check_together(task_type: TaskType, sources: tuple[Source, ...]) -> None:
    """What travels in the request itself has to fit into it."""
    if not _too_much(task_type, sources):
        return
    whole, most = sum(source.size for source in sources), task_type.inline_bytes or 0
    said, each = fitting.mega(most), fitting.mega(_share(task_type, sources))
    no = UsageError(
        f"The files have {fitting.mega(whole, up=True)} together; {task_type.id} takes {said} at most.",
        kind="too_much_input",
        detail=f"Make each smaller than {each}, or give public https links.",
        about={"most": said, "each": each},
    )
    if all(source.role == "image" for source in sources):
        no.misfits = (Misfit("together", {"most": said}, (("smaller", {"most": each}),), fitting.SHRINK),)
    raise no


def _too_much(task_type: TaskType, sources: tuple[Source, ...]) -> bool:
    most = task_type.inline_bytes
    return bool(most and sum(source.size for source in sources) > most)


def _share(task_type: TaskType, sources: tuple[Source, ...]) -> int:
    """Bytes that each picture may have, beside what cannot be made smaller."""
    pictures = [source for source in sources if source.role == "image" and source.size]
    others = sum(source.size for source in sources if source.role != "image")
    return max(0, (task_type.inline_bytes or 0) - others) // max(1, len(pictures))


def _wanted(rule: InputRule) -> str:
    flag = KINDS[rule.kind][1]
    if rule.least == rule.most:
        return f"{_several(rule.most, rule.kind)} with {flag}"
    return f"{rule.least} to {_several(rule.most, rule.kind)} with {flag}"


def _several(number: int, kind: str) -> str:
    return f"{number} {KINDS[kind][0]}{'' if number == 1 else 's'}"
