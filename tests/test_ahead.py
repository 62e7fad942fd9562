"""Several inputs are looked at side by side, while the live list is on its way."""

from __future__ import annotations

from pathlib import Path

import pytest

from parts import picture
from studio.ahead import Ahead
from studio.errors import NetworkError
from studio.form import Offer
from studio.inputs import inspect
from studio.intake import Looker
from studio.types import InputRule, TaskType
from support import PROMPT, Vendor

OFFER = Offer("model", "1", "Model")
RULE = InputRule("image", 0, 9, mime=("image/png", "image/jpeg"), max_bytes=2**20)
KIND = TaskType("image_to_image", "image", (RULE,), prompt=True, default_model=None)


def pictures(folder: Path, count: int) -> list[str]:
    """Files of pictures that are not alike."""
    found = [folder / f"{n}.png" for n in range(1, count + 1)]
    for n, file in enumerate(found, 1):
        file.write_bytes(picture(size=(60 + n, 48)))
    return list(map(str, found))


def test_a_list_that_was_asked_ahead_is_used_once() -> None:
    ahead = Ahead("ima", lambda: (OFFER,))
    assert ahead.taken() == (OFFER,)
    assert ahead.taken() is None


def test_what_goes_wrong_ahead_goes_unsaid() -> None:
    def ask() -> tuple[Offer, ...]:
        raise NetworkError("no answer")

    assert Ahead("ima", ask).taken() is None


def test_several_inputs_keep_their_order_and_their_numbers(tmp_path: Path) -> None:
    files = pictures(tmp_path, 6)
    seen = inspect(KIND, {"image": tuple(files)}, Looker())
    assert [source.name for source in seen] == files
    assert [source.width for source in seen] == [61, 62, 63, 64, 65, 66]
    Path(files[4]).write_bytes(b"no picture")
    with pytest.raises(Exception, match=r"5\.png cannot be used") as no:
        inspect(KIND, {"image": tuple(files)}, Looker())
    assert no.value.about["number"] == "5"  # type: ignore[attr-defined]


def bought(vendor: Vendor, files: list[str]) -> None:
    made = vendor.run("start", "--speed", str(vendor.speed), "--prompt", PROMPT, "--input-images", *files)
    assert made.code == 0, made.stdout


def test_the_list_is_asked_for_once_for_a_purchase_with_several_files(vendor: Vendor, tmp_path: Path) -> None:
    bought(vendor, pictures(tmp_path, 3))
    calls = vendor.stats["requests"]
    assert (calls["list"], calls["token"], calls["create"]) == (1, 3, 1)


def test_a_list_that_did_not_come_ahead_is_asked_for_again(vendor: Vendor, tmp_path: Path) -> None:
    vendor.fault("list", {"kind": "code", "code": 429, "http": 429})
    bought(vendor, pictures(tmp_path, 2))
    calls = vendor.stats["requests"]
    assert (calls["list"], calls["create"]) == (2, 1)


def test_nothing_is_asked_where_a_file_is_not_there(vendor: Vendor, tmp_path: Path) -> None:
    files = [*pictures(tmp_path, 1), str(tmp_path / "none.png")]
    assert vendor.run("start", "--prompt", PROMPT, "--input-images", *files).error["kind"] == "bad_input_file"
    assert vendor.stats["requests"]["list"] == 0
