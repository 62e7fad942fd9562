"""How a purchase is entered on the record. Imports the standard library only."""

from __future__ import annotations

from collections.abc import Callable

from studio.frozen import dataclass
from studio.types import Gateway


@dataclass(frozen=True)
class Order:
    """How a purchase is entered: by what it is known again, under which limits, and with whose yes.

    `fingerprint`: of what is sent; `asked`: of what was asked for; `key`: --idempotency-key, of this
    `user_id`, as two chats may count alike; `token`: of the approval; `forced`: another of the same is wanted
    although one runs, or may have been bought; `row`: of a batch, with the newest job that there was of it
    (`after`): where there is another by now, that is taken instead; `receipt`: one is wanted; `agree`: raises
    where the person has not said yes to a new job, asked at the last moment before there is one; `within`:
    raises where a parked job that is gone on with costs more than may be spent by now."""

    gateway: Gateway | None = None
    fingerprint: str | None = None
    asked: str | None = None
    key: str | None = None
    user_id: str | None = None
    token: str | None = None
    forced: bool = False
    row: str | None = None
    after: str | None = None
    receipt: bool = False
    agree: Callable[[], None] = lambda: None
    within: Callable[[int | None], None] = lambda amount: None
