"""What the tests of the three vendors behind one gateway share: their providers, plans as a command makes
them, and the command led to the twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from called import Here
from parts import plan, public
from studio import catalogue, planning, tables, wishes
from studio.contract import Response
from studio.providers import kling, mv, vidu
from studio.types import Billing, Gateway, ModelRef, Plan
from studio.wishes import Wish
from support import KEY as IMAS

KEY = IMAS.replace("ima_", "imf_")
NOW = 1_800_000_000.0
UID = "5f0e2a52-6a0c-5d0e-9f43-0a7e5d2f9b11"
(GATEWAY,) = catalogue.vendor("vidu").gateways
AT = {GATEWAY.id: GATEWAY}
VIDU = vidu.Provider(AT, catalogue.vendor("vidu").raw, lambda: NOW)
KLING = kling.Provider(AT, catalogue.vendor("kling").raw, lambda: NOW)
MV = mv.Provider(AT, catalogue.vendor("mv").raw, lambda: NOW)


@dataclass
class Command(Here):
    """The command, led to the gateway's twin."""

    @property
    def env(self) -> dict[str, str]:
        return {
            "IMAGINE_FUTURE_API_KEY": KEY,
            "MEDIA_STUDIO_IMAGINE_FUTURE_URL": self.urls["api"],
            "MEDIA_STUDIO_IMAGINE_FUTURE_ALTERNATE_URL": self.urls["alternate"],
        }

    def account(self, points: int) -> None:
        self._control("POST", "account", {"key": KEY, "points": points})

    @property
    def stats(self) -> Any:
        return self._control("GET", "stats")[GATEWAY.id]


def answer(payload: Any, status: int = 200, **headers: str) -> Response:
    return Response("the step", status, headers, payload)


def sample(vendor: str, task_type: str, **changes: Any) -> Plan:
    """A plan whose task type is all that matters."""
    made = catalogue.vendor(vendor)
    model = next(one for one in made.models if task_type in one.task_types)
    kind = made.task_types[task_type].kind
    about: dict[str, Any] = {
        "provider": vendor,
        "gateway": GATEWAY.id,
        "task_type": task_type,
        "kind": kind,
        "values": {},
    }
    about["model"] = ModelRef(model.id, model.name, model.version or "")
    about["billing"] = Billing(None, None, None, GATEWAY.unit.name, "unknown")
    return plan(**{**about, **changes})


def planned(
    task_type: str,
    model: str | None,
    options: Mapping[str, Any],
    *,
    prompt: str | None = None,
    images: tuple[str, ...] = (),
    video: str | None = None,
    audio: str | None = None,
    gateway: Gateway = GATEWAY,
    step: Mapping[str, Any] | None = None,
) -> Plan:
    """What the command would buy for these words."""
    wish = Wish(
        looker=public(),
        prompt=prompt,
        task_type=task_type,
        model=model,
        inputs=images,
        input_video=video,
        input_audio=audio,
        parent="parent" if step else None,
        options=options,
    )
    kind = catalogue.task_types()[task_type]
    found = wishes.model_of(wish, kind, {gateway.id})
    kind = wishes.of_vendor(kind, found, wish)
    return planning.draft(
        wish,
        task_type=kind,
        model=found,
        gateway=gateway,
        inputs=wishes.looked_at(kind, wish),
        offers_of=lambda model, made: tables.offers(catalogue.vendor(model.provider), made, model.gateway),
        step=(lambda options: step) if step else None,
    )


def differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field -> (ours, theirs); ABSENT where one has none."""
    names = [*theirs, *(name for name in ours if name not in theirs)]
    pairs = {name: (ours.get(name, ABSENT), theirs.get(name, ABSENT)) for name in names}
    return {name: pair for name, pair in pairs.items() if not _alike(*pair)}


def _alike(one: Any, other: Any) -> bool:
    """Equal, and of one type: False is not 0."""
    return type(one) is type(other) and bool(one == other)


ABSENT = "absent"
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**16, max_value=10**400)
    | st.floats(allow_nan=False)  # an answer with NaN is no JSON to us
    | st.text()
    | st.sampled_from(["\ud800", "success", "failed", "created", "0", "1302", "TooManyRequests", "429"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
"""Whatever JSON can hold where something else is expected."""


def twisted(*names: str) -> st.SearchStrategy[Any]:
    """An answer with some of these fields, each filled with anything; or anything at all."""
    return ODD | st.dictionaries(st.sampled_from(names), ODD)
