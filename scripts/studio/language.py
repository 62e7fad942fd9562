"""PURE. In which language a person is answered."""

from __future__ import annotations

import re

LANGUAGES = ("zh", "en")
CJK = range(0x4E00, 0xA000)
KANA = range(0x3040, 0x3100)
LATIN = r"[A-Za-z]{2,}"


def language_of(text: str | None) -> str:
    """zh or en. A text is Chinese where it begins so, or has more Chinese characters than words in Latin
    letters: a poster may say 欢迎. With a kana it is Japanese, which is answered in English."""
    said = text or ""
    chinese = [char for char in said if ord(char) in CJK]
    if not chinese or any(ord(char) in KANA for char in said):
        return "en"
    first = next(char for char in said if char.isalpha())
    return "zh" if first in chinese or len(chinese) > len(re.findall(LATIN, said)) else "en"
