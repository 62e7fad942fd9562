"""A live list that is on its way while something else is done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from studio.errors import StudioError
from studio.form import Offer

Offers: TypeAlias = tuple[Offer, ...]


class Ahead:
    """Asks at once, in a thread of its own. `about`: what the list is of. What goes wrong goes unsaid: who
    needs the list then asks again."""

    def __init__(self, about: object, ask: Callable[[], Offers]) -> None:
        self.about = about
        self._ask = ask
        self._offers: Offers | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def taken(self) -> Offers | None:
        """The list, waited for; None where there is none, and from the second time on: then it may be old."""
        self._thread.join()
        offers, self._offers = self._offers, None
        return offers

    def _run(self) -> None:
        try:
            self._offers = self._ask()
        except StudioError:
            self._offers = None
