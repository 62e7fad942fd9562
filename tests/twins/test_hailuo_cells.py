"""The matrix of gateway, model, frames, resolution and seconds: every cell is sent, and bought or refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from sandbox import Sandbox
from twins.hailuo_vendor import DOORS, Shop, refusal

LINK = "https://your-host.com/a.png"
MODELS = (
    *("MiniMax-Hailuo-2.3", "MiniMax-Hailuo-2.3-Fast", "MiniMax-Hailuo-02", "T2V-01", "T2V-01-Director"),
    *("I2V-01", "I2V-01-live", "I2V-01-Director", "S2V-01", "MiniMax-Hailuo-03"),
)
FRAMES = ("none", "first", "both", "last")
RESOLUTIONS = (None, "512P", "720P", "768P", "1080P", "768p")
SECONDS = (None, 5, 6, 10)
# Typed from the contract, A6 x A1: (gateway, model) -> frames -> cells, "-" for a field that is not sent.
NEW = "768P/6 768P/10 1080P/6"
UNSAID = "-/- -/6 -/10 768P/- 1080P/-"  # 302.AI's video: 768P and 6 s are its own
OLD = "720P/6"
SOLD: dict[tuple[str, str], dict[str, str]] = {
    ("302ai", "MiniMax-Hailuo-02"): {
        "none": f"{NEW} {UNSAID}",
        "first": f"512P/6 512P/10 512P/- {NEW} {UNSAID}",
        "both": f"{NEW} {UNSAID}",
        "last": f"{NEW} {UNSAID}",
    },
    ("302ai", "I2V-01"): {"first": "-/-"},
    ("302ai", "I2V-01-live"): {"first": "-/-"},
    ("302ai", "I2V-01-Director"): {"first": "-/-"},
    ("gptge", "MiniMax-Hailuo-2.3"): {"none": NEW, "first": NEW},
    ("gptge", "MiniMax-Hailuo-2.3-Fast"): {"first": NEW},
    ("gptge", "MiniMax-Hailuo-02"): {"none": NEW, "first": f"512P/6 512P/10 {NEW}", "both": NEW},
    ("gptge", "T2V-01"): {"none": OLD},
    ("gptge", "T2V-01-Director"): {"none": OLD},
    ("gptge", "I2V-01"): {"first": OLD},
    ("gptge", "I2V-01-live"): {"first": OLD},
    ("gptge", "I2V-01-Director"): {"first": OLD},
}
ONLY_WITH_A_PICTURE = ("MiniMax-Hailuo-2.3-Fast", "I2V-01", "I2V-01-live", "I2V-01-Director")
NOT_SERVED = ("S2V-01", "MiniMax-Hailuo-03")
KINDS = {
    "none": "text_to_video",
    "first": "image_to_video",
    "both": "first_last_frame_to_video",
    "last": "first_last_frame_to_video",
}
Cell = tuple[str, str | None, int | None]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def body_of(gateway: str, model: str, cell: Cell) -> dict[str, Any]:
    frames, resolution, seconds = cell
    last = "last_frame_images" if gateway == "302ai" else "last_frame_image"
    fields = {
        "model": model,
        "prompt": "fog",
        "resolution": resolution,
        "duration": seconds,
        "first_frame_image": LINK if frames in ("first", "both") else None,
        last: LINK if frames in ("last", "both") else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def expected(gateway: str, model: str, cell: Cell) -> str | int | None:
    """The code of the refusal; None where it is bought."""
    frames, resolution, seconds = cell
    if f"{resolution or '-'}/{seconds or '-'}" in SOLD.get((gateway, model), {}).get(frames, "").split():
        return None
    blind = model in NOT_SERVED or None in (resolution, seconds)
    if gateway == "gptge" and (blind or (model in ONLY_WITH_A_PICTURE and frames in ("none", "last"))):
        return "model_not_found"
    return 2013


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("gateway", DOORS)
def test_every_cell_is_bought_or_refused_as_the_contract_has_it(
    sandbox: Sandbox, gateway: str, model: str
) -> None:
    shop = Shop(sandbox, gateway)
    before = len(shop.stats()["tasks"])
    cells = list(product(FRAMES, RESOLUTIONS, SECONDS))

    said = {cell: refusal(shop.create(body_of(gateway, model, cell))) for cell in cells}

    assert said == {cell: expected(gateway, model, cell) for cell in cells}
    tasks = shop.stats()["tasks"][before:]
    assert [(task["model_id"], task["task_type"]) for task in tasks] == [
        (model, KINDS[frames]) for (frames, _, _), code in said.items() if code is None
    ]


def test_the_table_names_every_cell_that_is_sold() -> None:
    """Counted by hand: 35 + 3 cells at 302.AI, 6 + 3 + 11 + 5 at gpt.ge."""
    sold = {
        gateway: sum(
            len(cells.split()) for (home, _), row in SOLD.items() if home == gateway for cells in row.values()
        )
        for gateway in DOORS
    }

    assert sold == {"302ai": 38, "gptge": 25}
