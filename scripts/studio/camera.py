"""PURE. What a person wants of the camera: words for its moves, read offline, and put into a prompt in the
form that a vendor listens to. The moves are those of film; how a vendor writes each, its catalogue says."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping

from studio import catalogue
from studio.errors import UsageError
from studio.frozen import dataclass
from studio.types import Json

PLACE = "{camera}"
"""Stands in a prompt where a move is to be written."""
BRACKETS = re.compile(r"([^\[\]]*)\[([^\[\]]*)\]")
LIKE = 0.7  # of two words for a move
BETWEEN = " ,，、;；"
LATIN = re.compile(r"[a-z0-9]+")
ENDINGS = ("", "s", "es", "ing", "ning")  # pans, pushes, tilting, panning


@dataclass(frozen=True)
class Moves:
    """Moves at the same time, and how fast, in the person's own words."""

    names: tuple[str, ...]
    pace: str = ""


def read(said: str) -> tuple[Moves, ...]:
    """One after the other: "slow push in, then pan left"; at once: 推进、上升; or in brackets, as it is sent.
    Raises UsageError, which names what there is."""
    after = "|".join(map(_between, _data()["then"]))
    at_once = "|".join(map(_between, _data()["together"]))
    parts = [step for piece in re.split(after, said) for step in _brackets(piece)]
    steps = [[part for part in re.split(at_once, step) if part.strip()] for step in parts]
    made = tuple(_moves(said, step) for step in steps if step)
    if not made:
        raise _unknown(said, said)
    return made


def names(moves: Moves, language: str) -> list[str]:
    """What each is called."""
    return [called(name, language) or name for name in moves.names]


def called(name: str, language: str) -> str | None:
    """What a move is called; None where that is none."""
    move = _data()["moves"].get(name)
    return move[language] if move else None


def written(moves: Moves, form: Json) -> str:
    """As a vendor listens to it. `form`: `tokens` by move, `between` them, and the `bracket` around."""
    tokens = form["between"].join(form["tokens"][name] for name in moves.names)
    apart = " " if moves.pace.isascii() and moves.pace else ""
    return f"{moves.pace}{apart}{form['bracket'].format(tokens)}"


def placed(prompt: str | None, moves: Iterable[str]) -> str:
    """A prompt with the written moves: at its places for them, or else at its end. Raises UsageError where
    there are several places and another number of moves."""
    steps, text = list(moves), prompt or ""
    places = text.count(PLACE)
    if places > 1 and places != len(steps):
        raise UsageError(
            f"The prompt has {places} places for a camera move, and --camera has {len(steps)} moves.",
            kind="contradiction",
            detail=f"Give as many moves, one after the other with `then` between; or one {PLACE} for all.",
            about={"asked": f"{PLACE} ×{places}"},
        )
    if places > 1:
        for step in steps:
            text = text.replace(PLACE, step, 1)
        return text
    whole = ", ".join(steps)
    return text.replace(PLACE, whole) if places else f"{text.rstrip()} {whole}".strip()


def _brackets(text: str) -> list[str]:
    """Each pair of square brackets is a step of its own, with what stands before it; a text without any is
    one."""
    steps = [f"{before.strip(BETWEEN)} {inside}" for before, inside in BRACKETS.findall(text)]
    rest = BRACKETS.sub("", text).strip(BETWEEN)
    return [*steps, *([rest] if rest else [])]


def _moves(said: str, parts: Collection[str]) -> Moves:
    found = [_move(said, part) for part in parts]
    names = tuple(dict.fromkeys(name for name, _ in found))
    paces = {_speed(pace): pace for _, pace in reversed(found) if pace}  # slow and slowly are one
    clash = next((pair for pair in _data()["opposites"] if set(pair) <= set(names)), None)
    still = _data()["still"] if _data()["still"] in names and len(names) > 1 else None
    if len(paces) > 1:
        raise UsageError(
            f"Moves at the same time have one pace, and not {' and '.join(paces.values())}.",
            kind="contradiction",
            detail="One after the other: with `then`, or 然后, between them.",
            about={"asked": " + ".join(part.strip() for part in parts)},
        )
    if clash or still:
        raise UsageError(
            f"The camera cannot do both at once: {said}.",
            kind="contradiction",
            detail="One after the other: with `then`, or 然后, between them.",
            about={"asked": said},
        )
    return Moves(names, "".join(paces.values()))


def _speed(pace: str) -> str:
    """The class of a pace: slow, fast or any."""
    classes = _data()["pace"]
    words = {word for word in (*LATIN.findall(pace), *LATIN.sub("", pace).split())}
    return next((name for name, known in classes.items() if words & set(known)), "any")


def _move(said: str, part: str) -> tuple[str, str]:
    """A move by what it is called, without what belongs to every such phrase; and the words for its pace."""
    data = _data()
    left = _plain(part)
    words, chinese, paces = LATIN.findall(left), "".join(LATIN.sub("", left).split()), []
    known = [word for words in data["pace"].values() for word in words]
    for word in sorted((word for word in known if not word.isascii()), key=len, reverse=True):
        if word in chinese:  # 慢慢 before 慢
            paces.append(word)
            chinese = chinese.replace(word, "")
    for word in (filler for filler in data["filler"] if not filler.isascii()):
        chinese = chinese.replace(word, "")
    paces += [word for word in words if word in known]
    english = " ".join(_stem(word) for word in words if word not in {*data["filler"], *known})
    names = {_phrases().get(half) for half in (chinese, english) if half}  # both: 推进 push in
    name = names.pop() if len(names) == 1 else None
    if name is None:
        raise _unknown(said, part.strip())
    return name, " ".join(dict.fromkeys(paces))


def _unknown(said: str, part: str) -> UsageError:
    listed = [f"{move['en']} ({move['zh']})" for move in _data()["moves"].values()]
    import difflib

    near = difflib.get_close_matches(_plain(part), _phrases(), n=2, cutoff=LIKE)
    meant = dict.fromkeys(_phrases()[phrase] for phrase in near)
    return UsageError(
        f"There is no camera move {part}.",
        kind="unknown_move",
        detail=f"There are: {', '.join(listed)}.",
        about={"asked": said},
        instead=meant or _data()["moves"],
    )


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).replace("_", " ").split())


def _stem(word: str) -> str:
    """A word as it stands in a phrase: pan for panning."""
    known = _vocabulary()
    stems = [word.removesuffix(end) for end in ENDINGS] + [f"{word.removesuffix('ing')}e"]
    return next((stem for stem in stems if stem in known), word)


def _between(word: str) -> str:
    """What stands between two moves; a word of letters only as a whole word."""
    return rf"\b{word}\b" if word.isascii() and word.isalpha() else re.escape(word)


@functools.cache
def _vocabulary() -> frozenset[str]:
    return frozenset(word for phrase in _phrases() for word in phrase.split())


@functools.cache
def _phrases() -> Mapping[str, str]:
    """What a move is called -> the move."""
    moves = _data()["moves"]
    return {phrase: name for name, move in moves.items() for phrase in (move["zh"], *move["phrases"])}


@functools.cache
def _data() -> Json:
    return catalogue.load("camera.json")
