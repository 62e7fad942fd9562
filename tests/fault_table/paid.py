"""What the fault table needs to know of a provider: how it is reached, what is ordered, and how it says what
the table's rows say. A later vendor joins by a row of PAID."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from support import Vendor

Fault = Mapping[str, Any]
SPEED = 500


@dataclass(frozen=True)
class Refusal:
    """A plain no to the paid request: how it is played, how the command ends, where a person can mend it."""

    fault: Fault
    exit: int
    kind: str
    page: str | None = None


@dataclass(frozen=True)
class Paid:
    """Amounts are in the gateway's unit. Faults are played at the endpoint that their row names.

    price: of the order without options. four: the words that ask for four. pixels: the words that ask for a
    size in pixels, and those. models: two that make both of task_types. reports_charge: whether the vendor
    says what it took.
    """

    gateway: str
    vendor: Callable[[dict[str, str]], Vendor]
    price: int
    four: tuple[str, ...]
    pixels: tuple[tuple[str, ...], tuple[int, int]]
    models: tuple[str, str]
    task_types: tuple[str, str]
    reports_charge: bool
    create_path: str
    list_path: str
    listing: Mapping[str, Fault]
    lost: Mapping[str, Fault]
    busy: Fault
    refusals: Mapping[str, Refusal]
    polling: Mapping[str, Fault]
    key_refused: Fault
    never_done: Fault
    strange_state: tuple[Fault, str]
    failed_beside: Mapping[str, Fault]
    files: Mapping[str, Fault]


BUSY: Fault = {"kind": "code", "code": 429, "http": 429, "headers": {"Retry-After": "2"}}
PAGES = "https://www.imaclaw.ai/imaclaw/"


def _failed(resource_status: int | None) -> Fault:
    more = {"data.medias.*.resource_status": resource_status, "data.medias.*.error_msg": "out of ideas"}
    return {"kind": "set", "field": "data.medias.*.status", "value": "failed", "more": more}


IMA = Paid(
    gateway="ima",
    vendor=lambda urls: Vendor(urls, SPEED),
    price=5,
    four=("--n", "4"),
    pixels=(("--aspect-ratio", "16:9"), (2560, 1440)),
    models=("SeeDream 4.5", "Nano Banana2"),
    task_types=("text_to_image", "image_to_image"),
    reports_charge=False,
    create_path="/tasks/create",
    list_path="/product/list",
    listing={
        "500": {"kind": "code", "code": 500, "http": 500},
        "502": {"kind": "http", "status": 502},
        "429 with Retry-After": BUSY,
        "reset": {"kind": "reset"},
    },
    lost={
        "502": {"kind": "http", "status": 502},
        "reset": {"kind": "reset"},
        "no answer": {"kind": "hang"},
        "an answer without an id": {"kind": "drop", "field": "data.id"},
    },
    busy=BUSY,
    refusals={
        "4008": Refusal({"kind": "code", "code": 4008}, 4, "no_credit", f"{PAGES}subscription"),
        "4014": Refusal({"kind": "code", "code": 4014}, 4, "plan_needed", f"{PAGES}subscription"),
        "401": Refusal({"kind": "code", "code": 401}, 3, "key_refused", f"{PAGES}apikey"),
        "400": Refusal({"kind": "code", "code": 400}, 8, "bad_parameter"),
    },
    polling={
        "500": {"kind": "code", "code": 500, "http": 500},
        "502 html": {"kind": "http", "status": 502},
        "429": BUSY,
        "reset": {"kind": "reset"},
        "bad JSON": {"kind": "bad_json"},
        "empty body": {"kind": "empty"},
        "404 in the first seconds": {"kind": "code", "code": 404},
    },
    key_refused={"kind": "code", "code": 401},
    never_done={"kind": "stuck"},
    strange_state=({"kind": "set", "field": "data.medias.*.status", "value": "dreaming"}, "dreaming"),
    failed_beside={"0": _failed(0), "null": _failed(None)},
    files={
        "result link 403": {"kind": "http", "status": 403},
        "download cut short": {"kind": "cut", "bytes": 900},
        "wrong bytes": {"kind": "bytes", "text": "<html>expired</html>", "status": 200},
    },
)

PAID = {"ima": IMA}
