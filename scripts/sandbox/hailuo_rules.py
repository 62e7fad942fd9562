"""What a create of MiniMax Hailuo asks for, judged by contract A1, A5 and A6. Nothing is kept here."""

import json
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from sandbox.links import data_url, is_public_link, picture_in, suffix
from sandbox.shapes import DATA, complaint
from sandbox.shop import Refusal

BAD, INVISIBLE = "2013", "1042"
NO_MODEL = "model_not_found"
KINDS = {
    "none": "text_to_video",
    "first": "image_to_video",
    "both": "first_last_frame_to_video",
    "last": "first_last_frame_to_video",
}
UNSEEN = (16, 9)  # the shape of a film without a picture, and of one whose picture is behind a link
Body = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """What a good request buys. length: seconds. pixels: width and height of the film, both even."""

    kind: str
    model: str
    resolution: str
    length: int
    pixels: tuple[int, int]


@cache
def facts() -> dict[str, Any]:
    """Models, limits, times (seconds), prices and words, from data/hailuo.json.

    models: resolution -> seconds of film (contract A1). gateways: what each sells (contract A6): `credits` a
    task, picture `formats`, fields whose absence hides the model (`required`), and of each model the form of
    its body and the frames that it takes.
    """
    read: dict[str, Any] = json.loads((DATA / "hailuo.json").read_text(encoding="utf-8"))
    return read


def read(body: Body, gateway: str, *, vendor_spelling: bool) -> Order:
    """The order in a body. Raises Refusal: BAD, INVISIBLE, NO_MODEL."""
    model = body.get("model")
    sold = facts()["gateways"][gateway]["models"].get(model) if isinstance(model, str) else None
    if sold is None or any(field not in body for field in _needed(gateway, sold)):
        raise Refusal(NO_MODEL, f"model `{model}` is not recognised")
    form = "vendor" if vendor_spelling and sold["form"] == "video" else sold["form"]
    wrong = complaint("hailuo_create", body, form)
    if wrong:
        raise Refusal(BAD, wrong[1])
    first, last = body.get("first_frame_image"), body.get("last_frame_images", body.get("last_frame_image"))
    frames = _frames(first, last)
    if frames not in sold["frames"]:
        raise Refusal(BAD, f"{body['model']} takes {' or '.join(sold['frames'])} of the frames, not {frames}")
    resolution = body.get("resolution", facts()["usual_resolution"].get(sold["form"]))
    length = int(body.get("duration", facts()["usual_s"]))
    _check_cell(body["model"], frames, resolution, length)
    _check_words(body.get("prompt", ""), frames)
    formats = facts()["gateways"][gateway]["formats"]
    shapes = [_shape(picture, formats) for picture in (first, last) if picture is not None]
    short = int(resolution.removesuffix("P"))
    return Order(KINDS[frames], body["model"], resolution, length, _scaled([*shapes, UNSEEN][0], short))


def _needed(gateway: str, sold: dict[str, Any]) -> list[str]:
    """The fields without which this gateway does not even see the model (contract A5, 14)."""
    needed: list[str] = facts()["gateways"][gateway]["required"]
    return [*needed, "first_frame_image"] if needed and sold["frames"] == ["first"] else needed


def _frames(first: Any, last: Any) -> str:
    if first is not None:
        return "first" if last is None else "both"
    return "none" if last is None else "last"


def _check_cell(model: str, frames: str, resolution: str, length: int) -> None:
    """Is this a cell of the matrix? Raises Refusal."""
    lengths = facts()["models"][model]
    if length not in lengths.get(resolution, ()):
        raise Refusal(BAD, f"{model} does not support {resolution} with duration {length}")
    if resolution in facts()["only_with_a_first_frame_alone"] and frames != "first":
        raise Refusal(BAD, f"{resolution} needs first_frame_image, and no last frame")


def _check_words(prompt: str, frames: str) -> None:
    """Raises Refusal."""
    if frames == "none" and not prompt.strip():
        raise Refusal(BAD, "prompt is required")
    unseen = sum(unicodedata.category(sign) in ("Cc", "Cf") and sign not in "\n\r\t" for sign in prompt)
    if unseen > facts()["most_invisible"] * len(prompt):
        raise Refusal(INVISIBLE, f"{unseen} of {len(prompt)}")


def _shape(text: str, formats: list[str]) -> tuple[int, int]:
    """Width and height of a frame; UNSEEN behind a link, which is never opened. Raises Refusal."""
    if is_public_link(text):
        if facts()["suffixes"].get(suffix(text)) not in formats:
            raise Refusal(BAD, f"a picture must be one of {', '.join(formats)}")
        return UNSEEN
    kind, data = data_url(text) or ("", b"")
    seen = picture_in(data) if len(data) < facts()["largest_picture"] else None
    if seen is None:
        raise Refusal(BAD, "a picture is a public https link, or a data URL of less than 20 MB")
    if seen.format not in formats or kind.replace("jpg", "jpeg") != f"image/{seen.format}":
        raise Refusal(BAD, f"a picture must be one of {', '.join(formats)}, and what its data URL says")
    short, long = sorted((seen.width, seen.height))
    if short < facts()["picture_least_side"] or long > facts()["picture_most_apart"] * short:
        raise Refusal(BAD, "a picture's short side must be above 300 pixels, its ratio from 2:5 to 5:2")
    return seen.width, seen.height


def _scaled(shape: tuple[int, int], short: int) -> tuple[int, int]:
    """The same shape, its shorter side this long, both even."""
    scale = short / min(shape)
    return round(shape[0] * scale / 2) * 2, round(shape[1] * scale / 2) * 2
