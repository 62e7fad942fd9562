"""The pictures that Vidu takes (contract B1, Inputs): links, and data URLs with their prefix."""

from collections.abc import Callable, Sequence

from sandbox.links import data_url, is_public_link, picture_in, suffix
from sandbox.shop import Film, Refusal, Still

FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/webp": "webp"}
SUFFIXES = ("", ".png", ".jpeg", ".jpg", ".webp")
LARGEST = 10 * 1024 * 1024  # bytes, decoded
MOST_APART = 4  # the longer side over the shorter one
LEAST_SIDE = 128  # pixels, of a reference and of a template's picture
WITH_LEAST_SIDE = ("reference2video", "template2video", "ref2image")
FRAMES_ALIKE = (0.8, 1.25)  # a side of the first frame over that of the last
Pixels = tuple[int, int]
OwnFile = Callable[[str], Film | Still | None]


def check(images: Sequence[str], way: str, own_file: OwnFile) -> Pixels | None:
    """Width and height of the first picture, where they can be seen. Raises Refusal."""
    seen = [picture(one, own_file) for one in images]
    for size in seen:
        if size and way in WITH_LEAST_SIDE and min(size) < LEAST_SIDE:
            raise Refusal("PageSizeOutOfRange", f"images: a side has less than {LEAST_SIDE} pixels")
    if way == "start-end2video" and seen[0] and seen[1]:
        _check_alike(seen[0], seen[1])
    return seen[0] if seen else None


def picture(text: str, own_file: OwnFile) -> Pixels | None:
    """Width and height of one picture; None for a link to somewhere else. Raises Refusal."""
    if text.startswith("data:"):
        size = _inline(text)
    elif is_public_link(text):
        if suffix(text) not in SUFFIXES:
            raise Refusal("ImageFormatInvalid", "images: only png, jpeg, jpg and webp")
        return None
    else:
        size = _own(text, own_file)
    if max(size) > MOST_APART * min(size):
        raise Refusal("PageSizeOutOfRange", "images: the ratio must be between 1:4 and 4:1")
    return size


def _inline(text: str) -> Pixels:
    read = data_url(text)
    if read is None or read[0] not in FORMATS:
        raise Refusal("ImageFormatInvalid", "images: not a data URL of a png, jpeg, jpg or webp in base64")
    kind, data = read
    if len(data) > LARGEST:
        raise Refusal("PageSizeOutOfRange", "images: larger than 10 MB")
    seen = picture_in(data)
    if seen is None or seen.format != FORMATS[kind]:
        raise Refusal("ImageFormatInvalid", f"images: these bytes are no {kind}")
    return seen.width, seen.height


def _own(text: str, own_file: OwnFile) -> Pixels:
    found = own_file(text)
    if found is None:
        raise Refusal("ImageDownloadFailure", "images: not a public https link that can be fetched")
    if not isinstance(found, Still):
        raise Refusal("ImageFormatInvalid", "images: this link leads to no picture")
    return found.width, found.height


def _check_alike(first: Pixels, last: Pixels) -> None:
    least, most = FRAMES_ALIKE
    if not all(least <= one / other <= most for one, other in zip(first, last, strict=True)):
        raise Refusal(
            "PageSizeOutOfRange", "images: first and last frame must be about as large: 0.8 to 1.25"
        )
