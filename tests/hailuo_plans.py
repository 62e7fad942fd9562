"""Hailuo's two gateways for tests without a socket: plans as a command makes them, the paid requests of
those, and the provider at each gateway."""

from __future__ import annotations

from typing import Any

import pytest

from imagine_future import NOW, UID
from parts import public
from studio import catalogue, planning, tables, wishes
from studio.contract import Request
from studio.errors import UsageError
from studio.providers import hailuo
from studio.types import Plan
from studio.wishes import Wish

AI302, GPTGE = "302ai", "gptge"
TEXT, IMAGE, FRAMES = "text_to_video", "image_to_video", "first_last_frame_to_video"
MODES = {TEXT: 0, IMAGE: 1, FRAMES: 2}  # and how many pictures they begin with
GATEWAYS = {one.id: one for one in catalogue.vendor("hailuo").gateways}
PROVIDERS = {
    id: hailuo.Provider({id: gateway}, catalogue.vendor("hailuo").raw, lambda: NOW)
    for id, gateway in GATEWAYS.items()
}


def planned(
    gateway: str,
    mode: str | None,
    model: str | None = None,
    *,
    images: tuple[str, ...] | None = None,
    prompt: str | None = "a lighthouse",
    **options: Any,
) -> Plan:
    """What the command would buy for these words. Raises UsageError."""
    if images is None:
        images = tuple(f"https://example.com/{n}.png" for n in range(MODES[mode] if mode else 0))
    wish = Wish(
        prompt=prompt,
        task_type=mode,
        model=model,
        gateway=gateway,
        inputs=images,
        options=options,
        looker=public(),
    )
    kind = wishes.task_type_of(wish)
    found = wishes.model_of(wish, kind, {gateway})
    kind = wishes.of_vendor(kind, found, wish)
    wishes.check_prompt(wish, kind)
    return planning.draft(
        wish,
        task_type=kind,
        model=found,
        gateway=GATEWAYS[found.gateway],
        inputs=wishes.looked_at(kind, wish),
        offers_of=lambda model, id: tables.offers(catalogue.vendor(model.provider), id, model.gateway),
    )


def request(plan: Plan) -> Request:
    """The paid request of a plan."""
    made = PROVIDERS[plan.gateway]
    return made.submit_request(plan, tuple(made.upload(source, unread) for source in plan.inputs), UID)


def unread(request: Request) -> Any:
    raise AssertionError(f"{request.what} was sent for an input")


def body(*args: Any, **words: Any) -> dict[str, Any]:
    made = request(planned(*args, **words)).json
    assert made is not None
    return made


def stopped(*args: Any, **words: Any) -> UsageError:
    with pytest.raises(UsageError) as no:
        planned(*args, **words)
    return no.value
