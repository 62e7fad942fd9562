"""Pictures as Pillow reads them: recognised by their first bytes, decoded to the last pixel, and written anew
where a copy has to fit. Only the decoder that the first bytes ask for is ever tried."""

from __future__ import annotations

import importlib.util
import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterable
from typing import Any, BinaryIO

from studio.fitting import Facts
from studio.frozen import dataclass

FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),  # a JPEG with a second picture in it, as many phones write them
    "WEBP": ("image/webp", "webp"),
}
TAKEN = ("PNG", "JPEG", "WEBP")  # those that a vendor takes, or makes
ALSO = {
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}
"""Those that can be converted."""
BEGIN = {
    "PNG": bytes.fromhex("89504e47"),
    "JPEG": bytes.fromhex("ffd8ff"),
    "GIF": b"GIF8",
    "BMP": b"BM",
}
BRANDS = {"AVIF": {b"avif", b"avis"}, "HEIF": {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}}
PIXELS_CAP = 100_000_000  # beyond this a picture is a bomb, not a picture
QUALITIES = (90, 80, 70)  # of a JPEG that has to fit: tried in turn, before its sides are touched
FINEST = 93  # of a JPEG that only has to be turned or converted
SCAN = b"\xff\xda"
MOST_SCANS = 100
SHRINKS = 12  # times that sides are scaled down; two or three are enough for any real picture
UPRIGHT = 1  # of EXIF's orientations
ORIENTATION = 0x0112
LOSSLESS = ("GIF", "BMP")  # drawings: a PNG keeps them as they are
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    EOFError,
    struct.error,
    zlib.error,
)
"""What Pillow raises on bytes that only begin like a picture."""


class Broken(ValueError):
    """Damaged, or only part of a picture."""


class TooManyPixels(ValueError):
    pass


@dataclass(frozen=True)
class Room:
    """What a copy has to fit into; None: no such limit."""

    most_bytes: int | None = None
    max_side: int | None = None
    sides_sum: int | None = None  # width and height together
    ratio: float | None = None  # of the longer side to the shorter: a narrower one gets margins


ANY_ROOM = Room()


def format_of(head: bytes) -> str | None:
    """The format that a file of these first bytes (32 of them) claims to be; None: no picture known here."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        named = {head[at : at + 4] for at in (8, *range(16, len(head) - 3, 4))}
        return next((format for format, brands in BRANDS.items() if named & brands), None)
    if head[:4] in {b"II*\0", b"MM\0*"}:
        return "TIFF"
    return next((format for format, begin in BEGIN.items() if head.startswith(begin)), None)


def opened(file: BinaryIO, formats: Iterable[str], *, whole: bool = True) -> Any:
    """The picture; `whole`: decoded to its last pixel, because a header alone proves nothing. Raises Broken,
    TooManyPixels."""
    from PIL import Image

    formats = tuple(formats)
    if "HEIF" in formats:
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = PIXELS_CAP
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd about it has no place on stderr
            image = Image.open(file, formats=formats)
            if image.width * image.height > PIXELS_CAP:  # Pillow only warns
                raise TooManyPixels
            if whole:
                _load(image, file)
    except Image.DecompressionBombError:
        raise TooManyPixels from None
    except DAMAGED:
        raise Broken from None
    return image


def checked(file: BinaryIO, format: str, size: int) -> Facts:
    """What a picture of `size` bytes is, once it was decoded to its last pixel. A JPEG's are made an eighth
    as wide, which reads every bit of it in half the time. Raises Broken, TooManyPixels."""
    if format != "JPEG":  # decoded first: to look for its EXIF loads a PNG, and hides what is wrong with it
        return facts(opened(file, [format]), size)
    image = opened(file, [format], whole=False)
    seen = facts(image, size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.draft(image.mode, (1, 1))
            _load(image, file)
    except DAMAGED:
        raise Broken from None
    return seen


def _load(image: Any, file: BinaryIO) -> None:
    if image.format in {"JPEG", "MPO"}:
        _check_scans(file)
    image.load()


def _check_scans(file: BinaryIO) -> None:
    """A JPEG is written in some ten scans; with thousands a small file keeps a reader busy for hours."""
    scans, end = 0, b""
    file.seek(0)
    for piece in iter(lambda: file.read(2**20), b""):
        scans += (end + piece).count(SCAN)
        end = piece[-1:]
    file.seek(0)
    if scans > MOST_SCANS:
        raise Broken


def decoded(file: BinaryIO) -> Any:
    """A picture of a kind that vendors take or make, whole; None for anything else."""
    try:
        return opened(file, TAKEN)
    except ValueError:
        return None


def facts(image: Any, size: int) -> Facts:
    """Of a picture that was opened, as it looks when it is upright."""
    width, height = image.size[::-1] if orientation(image) >= 5 else image.size
    mime = FORMATS[image.format][0] if image.format in FORMATS else ALSO[image.format]
    return Facts(mime, size, width, height, moving=_moves(image), printing=image.mode == "CMYK")


def orientation(image: Any) -> int:
    """EXIF's, 1 to 8. From 5 on width and height change places."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said = image.getexif().get(ORIENTATION, UPRIGHT)
    except DAMAGED:  # whatever stands there is no orientation
        return UPRIGHT
    return said if isinstance(said, int) and 1 <= said <= 8 else UPRIGHT


def upright(image: Any) -> bytes:
    """A picture turned as EXIF says, in its own format; nothing of what stands beside the pixels is left but
    its colour profile."""
    from PIL import ImageOps, JpegImagePlugin

    turned = ImageOps.exif_transpose(image)
    turned.info = {name: turned.info[name] for name in ("transparency", "icc_profile") if name in turned.info}
    settings: dict[str, Any] = {}
    if image.format in {"JPEG", "MPO"}:
        sampling = JpegImagePlugin.get_sampling(image)
        settings = {"quality": FINEST, "subsampling": max(sampling, 0)}
    elif image.format == "WEBP":
        settings = {"lossless": True}
    sink = io.BytesIO()
    turned.save(sink, "JPEG" if image.format == "MPO" else image.format, **settings)
    return sink.getvalue()


def copy(image: Any, room: Room = ANY_ROOM) -> tuple[bytes, str] | None:
    """A copy that fits, as bytes and extension: a JPEG, or a PNG where something shows through. None where
    there can be none."""
    picture = _plain(image)
    profile = image.info.get("icc_profile") if image.mode in {"RGB", "RGBA", "P"} else None
    as_png = picture.mode == "RGBA" or image.format in LOSSLESS
    format, extension = ("PNG", "png") if as_png else ("JPEG", "jpg")
    free = room.most_bytes is None
    settings: tuple[dict[str, Any], ...] = ({},) if as_png else tuple({"quality": q} for q in QUALITIES)
    settings = ({"quality": FINEST},) if free and not as_png else settings
    scale = _scale(picture.size, room)
    for _ in range(SHRINKS):
        laid_out = _laid_out(picture, scale, room)
        for setting in settings:
            sink = io.BytesIO()
            laid_out.save(sink, format, icc_profile=profile, **setting)
            if room.most_bytes is None or sink.tell() <= room.most_bytes:
                return sink.getvalue(), extension
            over = sink.tell() / max(1, room.most_bytes)
        scale *= min(0.9, 1 / math.sqrt(over))
        settings = settings[-1:]
    return None


def _moves(image: Any) -> bool:
    """Whether there is a second picture to look at. How many there are can take long to count."""
    if image.format in {"JPEG", "MPO"}:  # what follows the first is not meant to be looked at
        return False
    try:
        image.seek(1)
        image.seek(0)
        return True
    except EOFError:
        return False
    except DAMAGED:
        raise Broken from None


def reads_heif() -> bool:
    """Whether the optional package for what phones call HEIC is here."""
    return importlib.util.find_spec("pillow_heif") is not None


def _plain(image: Any) -> Any:
    """A picture as every program shows it: upright, 8 bits, grey or RGB; RGBA only where something really
    shows through. Nothing of what cameras and programs write beside the pixels is left."""
    from PIL import ImageOps

    plain = ImageOps.exif_transpose(image)
    if plain.mode.startswith("I"):  # 16 bits of grey, which Pillow would not scale down but clip
        plain = plain.convert("I").point(lambda grey: grey * (1 / 257)).convert("L")
    elif plain.has_transparency_data:
        plain = plain.convert("RGBA")
        if plain.getchannel("A").getextrema()[0] == 255:
            plain = plain.convert("RGB")
    elif plain.mode == "CMYK":
        plain = _on_a_screen(plain)
    elif plain.mode != "L":
        plain = plain.convert("RGB")
    plain.info = {}
    return plain


def _on_a_screen(image: Any) -> Any:
    """Colours of a printing press by its own profile, where it has a good one."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    try:
        if profile:
            printed = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            shown = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, printed, shown, outputMode="RGB")
    except (ImageCms.PyCMSError, *DAMAGED):
        pass
    return image.convert("RGB")


def _scale(sides: tuple[int, int], room: Room) -> float:
    """How much smaller the sides have to be, at least."""
    by_sum = (room.sides_sum or math.inf) / sum(_canvas(sides, room))
    return min(1.0, by_sum, (room.max_side or math.inf) / max(sides))


def _canvas(sides: tuple[int, int], room: Room) -> tuple[int, int]:
    """The sides of the sheet that a picture of these sides stands on: its own, unless it is too narrow."""
    width, height = sides
    ratio = room.ratio or math.inf
    return max(width, math.ceil(height / ratio)), max(height, math.ceil(width / ratio))


def _laid_out(picture: Any, scale: float, room: Room) -> Any:
    """A picture at a scale. One that is too narrow gets margins; nothing is cut off or stretched."""
    from PIL import Image

    width, height = (max(1, int(side * scale)) for side in picture.size)
    scaled = picture if scale == 1 else picture.resize((width, height), Image.Resampling.LANCZOS)
    sides = _canvas((width, height), room)
    if sides == scaled.size:
        return scaled
    sheet = Image.new(picture.mode, sides, (0, 0, 0, 0) if picture.mode == "RGBA" else "white")
    sheet.paste(scaled, ((sides[0] - width) // 2, (sides[1] - height) // 2))
    return sheet
