"""The files a wish begins with: how many of each kind a task type takes, what each of them really is, and
whether they fit together. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from studio import media
from studio.errors import UsageError
from studio.types import InputRule, Source, TaskType

Files: TypeAlias = Mapping[str, tuple[str, ...]]
"""Kind -> the files and links that were given."""

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


def inspect(task_type: TaskType, files: Files) -> tuple[Source, ...]:
    """Every input, looked at before anything is sent: pictures first, then clip and sound."""
    sources = tuple(
        media.inspect(name, rule) for rule in task_type.inputs for name in files.get(rule.kind, ())
    )
    _check_alike(task_type, sources)
    _check_together(task_type, sources)
    return sources


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
            raise UsageError(
                f"The two pictures differ too much in size for {task_type.id}: a side of one is {apart:.2f} "
                f"times that of the other, at most {task_type.alike_within:g} is taken.",
                kind="unlike_pictures",
                detail="Crop or scale one of them to the size of the other.",
            )


def _check_together(task_type: TaskType, sources: tuple[Source, ...]) -> None:
    """What travels in the request itself has to fit into it."""
    whole = sum(len(source.data) for source in sources)
    most = task_type.inline_bytes
    if most and whole > most:
        local = sum(bool(source.data) for source in sources)
        raise UsageError(
            f"The files have {_mega(whole)} together; {task_type.id} takes at most {_mega(most)} at once.",
            kind="too_much_input",
            detail=f"Make each smaller than {_mega(most // local)}, or give public https links.",
            about={"most": _mega(most)},
        )


def _wanted(rule: InputRule) -> str:
    flag = KINDS[rule.kind][1]
    if rule.least == rule.most:
        return f"{_several(rule.most, rule.kind)} with {flag}"
    return f"{rule.least} to {_several(rule.most, rule.kind)} with {flag}"


def _several(number: int, kind: str) -> str:
    return f"{number} {KINDS[kind][0]}{'' if number == 1 else 's'}"


def _mega(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
