"""Every cell of gateway x model x mode x resolution x duration: planned as asked, or stopped with what is
legal. The table is typed from the contract (A1's matrix, A6's operations), never from the catalogue."""

from __future__ import annotations

import itertools
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from hailuo_plans import AI302, FRAMES, GATEWAYS, GPTGE, IMAGE, MODES, TEXT, body, planned, request, stopped
from parts import picture

RESOLUTIONS = ("512P", "720P", "768P", "1080P")
DURATIONS = (6, 10)
M23, FAST, M02 = "MiniMax-Hailuo-2.3", "MiniMax-Hailuo-2.3-Fast", "MiniMax-Hailuo-02"
T2V, T2V_DIRECTOR, S2V = "T2V-01", "T2V-01-Director", "S2V-01"
I2V, I2V_LIVE, I2V_DIRECTOR = "I2V-01", "I2V-01-live", "I2V-01-Director"
MODELS = (M23, FAST, M02, T2V, T2V_DIRECTOR, I2V, I2V_LIVE, I2V_DIRECTOR, S2V)

HAILUO = {"768P": (6, 10), "1080P": (6,)}  # 10 s never at 1080P
PICTURE_02 = {"512P": (6, 10), **HAILUO}  # 512P needs a first frame, and is offered for that alone
FIXED = {"720P": (6,)}  # the 01 family
LEGAL: dict[str, dict[str, dict[str, Mapping[str, tuple[int, ...]]]]] = {
    AI302: {
        M02: {TEXT: HAILUO, IMAGE: PICTURE_02, FRAMES: HAILUO},
        I2V: {IMAGE: FIXED},
        I2V_LIVE: {IMAGE: FIXED},
        I2V_DIRECTOR: {IMAGE: FIXED},
    },
    GPTGE: {
        M23: {TEXT: HAILUO, IMAGE: HAILUO},
        FAST: {IMAGE: HAILUO},
        M02: {TEXT: HAILUO, IMAGE: PICTURE_02, FRAMES: HAILUO},
        T2V: {TEXT: FIXED},
        T2V_DIRECTOR: {TEXT: FIXED},
        I2V: {IMAGE: FIXED},
        I2V_LIVE: {IMAGE: FIXED},
        I2V_DIRECTOR: {IMAGE: FIXED},
    },
}
SOLD = [
    (gateway, model, mode)
    for gateway, models in LEGAL.items()
    for model, modes in models.items()
    for mode in modes
]


class Cell(NamedTuple):
    gateway: str
    model: str
    mode: str
    resolution: str
    duration: int

    @property
    def made(self) -> Mapping[str, tuple[int, ...]]:
        """What this model makes in this mode at this gateway."""
        return LEGAL[self.gateway].get(self.model, {}).get(self.mode, {})

    @property
    def legal(self) -> bool:
        return self.duration in self.made.get(self.resolution, ())

    @property
    def wanted(self) -> dict[str, Any]:
        return {"resolution": self.resolution, "duration": self.duration}

    @property
    def sent(self) -> dict[str, Any]:
        """302.AI's page of the 01 family lists neither field."""
        fixed = self.gateway == AI302 and self.made == FIXED
        return {} if fixed else self.wanted

    @property
    def ways_out(self) -> set[str]:
        """What an error about an illegal cell names one of."""
        modes = {mode for models in LEGAL.values() for mode in models.get(self.model, {})}
        sellers = {gateway for gateway, models in LEGAL.items() if self.mode in models.get(self.model, {})}
        if not modes:  # sold nowhere: some model that is
            sold = {model for _, model, mode in SOLD if mode == self.mode}
            return {model.removeprefix("MiniMax-Hailuo-") for model in sold}
        if not sellers:
            return modes
        if self.gateway not in sellers:
            return sellers
        lengths = {str(one) for made in self.made.values() for one in made}
        wrong_length = str(self.duration) not in lengths
        if self.resolution not in self.made:
            return {*self.made, *(lengths if wrong_length else ())}
        return set(map(str, self.made[self.resolution]))


CELLS = [Cell(*row) for row in itertools.product(LEGAL, MODELS, MODES, RESOLUTIONS, DURATIONS)]


def tokens(*said: str | None) -> set[str]:
    """The words and numbers in what is said."""
    return {one.strip(".,") for text in said for one in re.findall(r"[\w.-]+", text or "")}


def possible(cell: Cell, said: str) -> bool:
    """Whether what is offered instead is made in this mode by this model there."""
    words = tokens(said)
    sizes = words & set(RESOLUTIONS) or set(cell.made)
    lengths = words & set(map(str, DURATIONS)) or set(map(str, DURATIONS))
    return any(int(length) in cell.made.get(size, ()) for size in sizes for length in lengths)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("something was sent")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_the_matrix_has_every_cell_once_and_39_of_them_are_legal() -> None:
    assert len(CELLS) == len(set(CELLS)) == 2 * 9 * 3 * 4 * 2
    assert sum(cell.legal for cell in CELLS) == 14 + 25  # of 302.AI, of gpt.ge


@pytest.mark.usefixtures("offline")
def test_each_legal_cell_is_planned_and_sent_as_it_was_asked() -> None:
    for cell in (cell for cell in CELLS if cell.legal):
        for mode in (cell.mode, None):  # None: the pictures and the model say it
            images = tuple(f"https://example.com/{n}.png" for n in range(MODES[cell.mode]))
            plan = planned(cell.gateway, mode, cell.model, images=images, **cell.wanted)
            bought = (plan.gateway, plan.model.id, plan.task_type)
            assert bought == (cell.gateway, cell.model, cell.mode), cell
            sent = request(plan).json or {}
            assert {name: sent[name] for name in cell.wanted if name in sent} == cell.sent, cell
            assert sent["model"] == cell.model
            kept = {**plan.applied, **plan.values}
            assert {name: str(kept[name]) for name in cell.wanted} == {
                name: str(value) for name, value in cell.wanted.items()
            }, cell


@pytest.mark.usefixtures("offline")
def test_each_illegal_cell_stops_and_names_a_way_out() -> None:
    for cell in (cell for cell in CELLS if not cell.legal):
        no = stopped(cell.gateway, cell.mode, cell.model, **cell.wanted)
        named = tokens(no.message, no.detail, *no.instead)
        assert named & cell.ways_out, (cell, no.message, no.detail)
        assert (no.charged, no.exit_code) == ("no", 2)
        if cell.made:
            assert all(possible(cell, one) for one in no.instead), (cell, no.instead)


@pytest.mark.usefixtures("offline")
def test_what_is_offered_elsewhere_is_legal_there() -> None:
    """The same model at the other gateway for a cell that is planned; others for one that stops."""
    for cell in CELLS:
        if cell.legal:
            others = {gateway for gateway in LEGAL if cell._replace(gateway=gateway).legal}
            plan = planned(cell.gateway, cell.mode, cell.model, **cell.wanted)
            assert {one.gateway for one in plan.elsewhere} == others - {cell.gateway}, cell
            offered = plan.alternatives
        else:
            offered = stopped(cell.gateway, cell.mode, cell.model, **cell.wanted).alternatives
        for one in offered:
            other = cell._replace(gateway=one.gateway or cell.gateway, model=one.id)
            assert one.id not in MODELS or other.legal or cell.model == S2V, (cell, one)


@pytest.mark.parametrize(("gateway", "model", "mode"), SOLD)
def test_with_nothing_said_the_default_is_sent(gateway: str, model: str, mode: str) -> None:
    usual = (
        {"resolution": "768P", "duration": 6} if "Hailuo" in model else {"resolution": "720P", "duration": 6}
    )
    if gateway == AI302 and "Hailuo" not in model:
        usual = {}
    sent = body(gateway, mode, model)

    assert {name: sent[name] for name in ("resolution", "duration") if name in sent} == usual


@pytest.mark.parametrize("said", ["1080p", "1080P"])
def test_a_resolution_is_sent_in_upper_case_however_it_is_said(said: str) -> None:
    for gateway in LEGAL:
        assert body(gateway, TEXT, resolution=said)["resolution"] == "1080P"


@pytest.mark.parametrize("model", [I2V, I2V_LIVE, I2V_DIRECTOR])
def test_what_is_made_in_one_way_only_is_no_option_that_is_lacking(model: str) -> None:
    """Nobody is sent to the models that have `--resolution`, for a length that this one does not make."""
    length = stopped(AI302, IMAGE, model, resolution="720P", duration=10)
    size = stopped(AI302, IMAGE, model, resolution="1080P")

    assert (length.instead, size.instead) == (("6 s",), ("720P",))
    assert "is for:" not in f"{length.detail}{size.detail}"


@pytest.mark.parametrize("gateway", LEGAL)
@pytest.mark.parametrize("mode", MODES)
def test_without_a_model_it_is_hailuo_02(gateway: str, mode: str) -> None:
    plan = planned(gateway, mode)

    assert (plan.model.id, plan.values["resolution"], plan.values["duration"]) == (M02, "768P", 6)


@pytest.mark.parametrize(
    ("gateway", "mode", "model"),
    [
        (AI302, IMAGE, I2V_DIRECTOR),
        (AI302, TEXT, M02),
        (AI302, FRAMES, M02),
        (GPTGE, IMAGE, M02),
        (GPTGE, TEXT, M02),
        (GPTGE, FRAMES, M02),
    ],
)
def test_with_camera_words_and_no_model_it_is_the_director_where_one_is_sold_by_default(
    gateway: str, mode: str, model: str
) -> None:
    plan = planned(gateway, mode, camera="推进")

    assert (plan.model.id, plan.prompt) == (model, "a lighthouse [推进]")


@pytest.mark.parametrize(("gateway", "model", "mode"), SOLD)
def test_the_price_is_half_a_ptc_by_a_dated_table_or_not_known(gateway: str, model: str, mode: str) -> None:
    price = planned(gateway, mode, model).billing
    amount = None if price.amount is None else GATEWAYS[gateway].unit.amount(price.amount)

    if gateway == AI302:
        assert (amount, price.unit, price.basis) == (0.5, "PTC", "table of 2026-05-08, list price")
    else:
        assert (amount, price.basis) == (None, "unknown")


def test_the_price_is_the_same_for_every_size_and_length() -> None:
    for cell in (cell for cell in CELLS if cell.legal and cell.gateway == AI302):
        assert planned(AI302, cell.mode, cell.model, **cell.wanted).billing.amount == 50, cell


def written(folder: Path, format: str, size: tuple[int, int]) -> str:
    path = folder / f"{format}-{size[0]}x{size[1]}"
    path.write_bytes(picture(format, size))
    return str(path)


@pytest.mark.parametrize("mode", [IMAGE, FRAMES])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("gateway", LEGAL)
def test_webp_is_refused_at_302ai_and_taken_at_gptge(
    tmp_path: Path, gateway: str, format: str, mode: str
) -> None:
    images = (written(tmp_path, format, (301, 301)),) * MODES[mode]

    if (gateway, format) == (AI302, "WEBP"):
        no = stopped(gateway, mode, images=images)
        assert (no.kind, no.exit_code) == ("bad_input_file", 2)
        assert no.about["formats"] == "PNG / JPEG"
        assert no.detail == "It would fit converted to PNG or JPEG."
    else:
        assert {one.mime for one in planned(gateway, mode, images=images).inputs} == {
            f"image/{format.lower()}"
        }


@pytest.mark.parametrize("gateway", LEGAL)
def test_the_01_family_takes_the_formats_of_its_gateway(tmp_path: Path, gateway: str) -> None:
    images = (written(tmp_path, "WEBP", (301, 301)),)

    for model in (I2V, I2V_LIVE, I2V_DIRECTOR):
        if gateway == AI302:
            assert stopped(gateway, IMAGE, model, images=images).kind == "bad_input_file"
        else:
            assert planned(gateway, IMAGE, model, images=images).model.id == model


@pytest.mark.parametrize("gateway", LEGAL)
@pytest.mark.parametrize(
    ("size", "taken"),
    [
        ((300, 400), False),  # "greater than 300"
        ((400, 300), False),
        ((301, 400), True),
        ((400, 1000), True),  # 2:5
        ((1000, 400), True),  # 5:2
        ((400, 1001), False),
        ((1001, 400), False),
    ],
)
def test_sides_and_shape_of_a_picture(
    tmp_path: Path, gateway: str, size: tuple[int, int], taken: bool
) -> None:
    images = (written(tmp_path, "PNG", size),)

    if taken:
        assert planned(gateway, IMAGE, images=images).inputs[0].width == size[0]
    else:
        assert stopped(gateway, IMAGE, images=images).kind == "bad_input_file"


@pytest.mark.parametrize("gateway", LEGAL)
def test_a_picture_has_less_than_20_mib(tmp_path: Path, gateway: str) -> None:
    path = tmp_path / "large.png"
    for side, too_much in ((2643, False), (2644, True)):  # 3 bytes a pixel, and one a row
        Image.new("RGB", (side, side)).save(path, compress_level=0)
        assert (path.stat().st_size >= 20 * 1024 * 1024) is too_much
        if too_much:
            assert "at most 20.9 MB is taken" in stopped(gateway, IMAGE, images=(str(path),)).message
        else:
            assert planned(gateway, IMAGE, images=(str(path),)).inputs


def test_a_picture_that_the_film_ends_with_is_sent_as_the_last_one() -> None:
    picture = "https://example.com/0.png"

    plan = planned(AI302, IMAGE, frame="last")
    sent = request(plan).json or {}
    assert (sent["last_frame_images"], sent.keys() & {"frame", "first_frame_image"}) == (picture, set())
    assert plan.end_notes == ("last_frame_unsure",)
    assert plan.notes == ("last_frame_maybe",), "and before it is bought"
    frames: list[dict[str, Any]] = [{}, {"frame": "first"}]
    for words in frames:
        plan = planned(AI302, IMAGE, **words)
        sent = request(plan).json or {}
        assert sent["first_frame_image"] == picture
        assert sent.keys() & {"frame", "last_frame_images", "last_frame_image"} == set()
        assert plan.end_notes == ()


def test_only_302ai_takes_a_last_picture_alone_and_gptge_says_so() -> None:
    no = stopped(GPTGE, IMAGE, M02, frame="last")

    assert no.kind == "unsupported_option"
    assert [(one.id, one.gateway) for one in no.alternatives if one.gateway == AI302] == [(M02, AI302)]
    for model in (I2V, I2V_LIVE, I2V_DIRECTOR):
        assert stopped(AI302, IMAGE, model, frame="last").kind == "unsupported_option"


def test_512p_needs_a_picture_to_begin_with() -> None:
    no = stopped(AI302, IMAGE, frame="last", resolution="512P")
    assert no.instead
    for said in no.instead:
        assert tokens(said) & {"first", "768P", "1080P"}, said

    assert body(AI302, IMAGE, frame="first", resolution="512P")["resolution"] == "512P"


def test_two_pictures_go_under_each_gateways_own_names() -> None:
    first, last = "https://example.com/0.png", "https://example.com/1.png"
    names = {AI302: "last_frame_images", GPTGE: "last_frame_image"}

    for gateway, name in names.items():
        plan = planned(gateway, FRAMES)
        sent = request(plan).json or {}
        assert (sent["first_frame_image"], sent[name]) == (first, last)
        assert set(names.values()) & sent.keys() == {name}
        assert plan.end_notes == (("last_frame_unsure",) if gateway == AI302 else ())


@pytest.mark.parametrize(("gateway", "model", "mode"), SOLD)
def test_a_prompt_has_2000_signs_at_most(gateway: str, model: str, mode: str) -> None:
    no = stopped(gateway, mode, model, prompt="x" * 2001)

    assert (no.kind, no.about["most"]) == ("prompt_too_long", "2000")
    assert planned(gateway, mode, model, prompt="x" * 2000).prompt == "x" * 2000


@pytest.mark.parametrize(("gateway", "model", "mode"), SOLD)
def test_200_words_or_200_signs_are_noted_where_302ais_page_says_so(
    gateway: str, model: str, mode: str
) -> None:
    in_words = gateway == AI302 and model == M02
    in_signs = gateway == AI302 and model != M02
    for prompt, noted in (
        ("一" * 199, False),
        ("一" * 200, in_words or in_signs),  # a Chinese sign is a word
        (" ".join(["word"] * 199), in_signs),
        (" ".join(["word"] * 200), in_words or in_signs),
        ("x" * 199, False),
        ("x" * 200, in_signs),
    ):
        notes = planned(gateway, mode, model, prompt=prompt).notes
        assert ("long_prompt" in notes) is noted, (prompt[:5], len(prompt))


@pytest.mark.parametrize(("gateway", "model", "mode"), SOLD)
def test_a_callback_goes_under_the_gateways_own_name_and_not_where_its_page_has_none(
    gateway: str, model: str, mode: str
) -> None:
    address = "https://example.com/told"

    if gateway == AI302 and model != M02:
        assert stopped(gateway, mode, model, callback_url=address).kind == "unsupported_option"
        return
    sent = body(gateway, mode, model, callback_url=address)
    name = {AI302: "callback", GPTGE: "callback_url"}[gateway]
    assert {key: value for key, value in sent.items() if "callback" in key} == {name: address}
    assert stopped(gateway, mode, model, callback_url="http://example.com/told").kind == "bad_link"


@pytest.mark.parametrize(("gateway", "model", "mode"), SOLD)
def test_the_quick_optimizer_is_for_gptges_hailuo_models(gateway: str, model: str, mode: str) -> None:
    if gateway == GPTGE and "Hailuo" in model:
        assert body(gateway, mode, model, fast_pretreatment=True)["fast_pretreatment"] is True
        return
    assert stopped(gateway, mode, model, fast_pretreatment=True).kind == "unsupported_option"
    if gateway == GPTGE:  # "Effective only for": false is what it is anyway
        plan = planned(gateway, mode, model, fast_pretreatment=False)
        assert (dict(plan.dropped), "fast_pretreatment" in (request(plan).json or {})) == (
            {"fast_pretreatment": False},
            False,
        )


@pytest.mark.parametrize(("gateway", "model", "mode"), SOLD)
def test_the_optimizer_is_sent_only_where_it_was_asked_for(gateway: str, model: str, mode: str) -> None:
    assert "prompt_optimizer" not in body(gateway, mode, model)
    for said in (True, False):
        assert body(gateway, mode, model, prompt_optimizer=said)["prompt_optimizer"] is said


@pytest.mark.parametrize(("gateway", "model", "mode"), SOLD)
def test_words_may_be_left_out_beside_a_picture_alone(gateway: str, model: str, mode: str) -> None:
    if mode == TEXT:
        assert stopped(gateway, mode, model, prompt=None).kind == "missing_prompt"
        return
    sent = body(gateway, mode, model, prompt=None)
    assert sent.get("prompt") == ("" if gateway == AI302 else None)  # 302.AI: "R, may be empty"
