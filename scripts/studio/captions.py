"""PURE. A text cut to the room that a chat has under a picture, where a reader would cut it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

UNITS = 900  # UTF-16 code units; Telegram takes 1024, and a longer text loses its picture there
MORE = "…"
LINK = "🔗"
JOINER = "\u200d"  # makes one sign of two, as in a family
TONES = range(0x1F3FB, 0x1F400)  # the colour of the hand before it
FLAG_LETTERS = range(0x1F1E6, 0x1F200)  # two of them are a flag
JAMO = range(0x1160, 0x1200)  # what continues a Korean syllable written in parts


def clip(text: str, units: int = UNITS) -> str:
    """A text of at most `units` (1 or more) UTF-16 code units: whole where it fits, else up to the end of a
    word or sign, and "…". A last line that begins with 🔗 is kept whole, and what stands before it is cut;
    a link that leaves no room for anything else is left out, because half a link leads nowhere."""
    if width(text) <= units:
        return text
    before, newline, last = text.rpartition("\n")
    if not newline or not last.startswith(LINK):
        return _cut(text, units)
    room = units - width(newline + last)
    return _cut(before, room) + newline + last if room > 0 else clip(before, units)


def width(text: str) -> int:
    """UTF-16 code units."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def _cut(text: str, units: int) -> str:
    signs = list(_signs(text))
    end = at_word = 0
    room = units - width(MORE)
    for sign, following in zip(signs, [*signs[1:], " "], strict=True):
        room -= width(sign)
        if room < 0:
            break
        end += len(sign)
        if _parts(sign, following):
            at_word = end
    if at_word * 2 < end:  # one endless word: better some of it than next to nothing
        at_word = end
    return text[:at_word].rstrip() + MORE


def _signs(text: str) -> Iterator[str]:
    """What a reader takes for one sign each: a letter with its accents, a flag, a family."""
    sign = ""
    for char in text:
        if sign and not _continues(sign, char):
            yield sign
            sign = ""
        sign += char
    if sign:
        yield sign


def _continues(sign: str, char: str) -> bool:
    code = ord(char)
    return (
        unicodedata.category(char) in {"Mn", "Mc", "Me", "Cf"}
        or code in TONES
        or code in JAMO
        or sign[-1] == JOINER
        or (len(sign) == 1 and ord(sign) in FLAG_LETTERS and code in FLAG_LETTERS)
    )


def _parts(sign: str, following: str) -> bool:
    """Whether a word ends between two signs. Chinese has no spaces: there every sign may be the last."""
    return any(
        one.isspace() or unicodedata.east_asian_width(one[0]) in {"W", "F"} for one in (sign, following)
    )
