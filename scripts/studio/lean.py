"""What a library imports and this package has no use for is left out, where the library does without it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

GUESSER = "charset_normalizer"


@contextmanager
def without_guessing() -> Iterator[None]:
    """`requests` is imported in the block, without what guesses the encoding of a text: that takes a tenth of
    the time until the first request leaves. Answers are read as JSON or as bytes, never guessed at; for whom
    they were, they would be UTF-8. Whoever imports the guesser after the block gets it."""
    if GUESSER in sys.modules or "requests" in sys.modules:
        yield
        return
    stand_in = ModuleType(GUESSER)
    stand_in.__dict__.update(__version__="3.0.0", detect=lambda content: {"encoding": "utf-8"})
    sys.modules[GUESSER] = stand_in
    try:
        yield
    finally:
        sys.modules.pop(GUESSER, None)
