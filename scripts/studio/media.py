"""Files in and files out. An input is believed by its bytes, never by its name; an output is written
beside its place, checked, measured and only then given its name."""

from __future__ import annotations

import errno
import hashlib
import io
import itertools
import math
import os
import secrets
import stat
import struct
import tempfile
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from studio import clips
from studio.errors import NotSaved, UsageError
from studio.types import InputRule, Output, Saved, Source

FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),  # a JPEG with a second picture in it, as many phones write them
    "WEBP": ("image/webp", "webp"),
}
NOUNS = {"image": "picture", "video": "clip", "audio": "sound"}
OUTPUT_CAP = 256 * 2**20  # bytes of one finished file
PIXELS_CAP = 100_000_000  # beyond this a picture is a bomb, not a picture
QUALITIES = (90, 80, 70)  # of a JPEG that has to fit: tried in turn, before its sides are touched
SHRINKS = 12  # times that sides are scaled down; two or three are enough for any real picture
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow raises on bytes that only begin like a picture."""


@dataclass(frozen=True)
class Budget:
    """What a chat shows: bytes of a picture and of any other file, units of the text beside it. None: no
    such limit."""

    image_bytes: int
    file_bytes: int
    caption_units: int
    sides_sum: int | None = None  # width and height together
    ratio: int | None = None  # of the longer side to the shorter

    def takes(self, size: int, width: int, height: int) -> bool:
        """Whether a picture of so many bytes and pixels is shown."""
        sum_fits = self.sides_sum is None or width + height <= self.sides_sum
        ratio_fits = self.ratio is None or max(width, height) <= self.ratio * min(width, height)
        return size <= self.image_bytes and sum_fits and ratio_fits


def inspect(name: str, rule: InputRule) -> Source:
    """An input as given -> what it really is. Local files are read whole, so that what was looked at is
    what leaves; a public https link is handed on unseen, because the vendor fetches it."""
    own = "link" if rule.links_only else rule.kind
    if "://" in name or name.startswith("data:"):
        if not _is_https(name):
            raise _bad_input(name, "a link must be a public https link", own)
        named = _named_type(name) if rule.kind == "image" else None
        if named and named not in rule.mime:
            raise _bad_input(name, f"it leads to a file of the type {named}", mime=rule.mime)
        return Source(role=rule.kind, name=name, url=name)
    if rule.links_only:
        what = NOUNS[rule.kind]
        raise _bad_input(
            name, f"the vendor fetches the {what} itself and takes a public https link only", "link"
        )
    try:
        path = Path(os.path.expanduser(name))
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe or a device might never end
            raise _bad_input(name, "it is not a file", own)
        if found.st_size > rule.max_bytes:
            raise _bad_input(name, f"it has {found.st_size} bytes, at most {rule.max_bytes} are allowed", own)
        data = path.read_bytes()
    except (OSError, RuntimeError) as problem:  # RuntimeError: ~ of somebody who is not known here
        why = problem.strerror if isinstance(problem, OSError) else None
        raise _bad_input(name, why or "it cannot be read", own) from None
    digest = hashlib.sha256(data).hexdigest()
    if rule.kind == "audio":
        mime, seconds = _sound(name, data, rule)
        return Source(rule.kind, name, mime=mime, data=data, sha256=digest, seconds=seconds)
    mime, width, height = _picture(name, data, rule)
    return Source(rule.kind, name, mime=mime, data=data, sha256=digest, width=width, height=height)


def check_folder(folder: Path) -> None:
    """That files can be saved there, found out before anything is bought."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
    except (OSError, ValueError) as problem:  # ValueError: a name that no file can have
        why = getattr(problem, "strerror", None) or "not writable"
        raise UsageError(
            f"Files cannot be saved in {folder} ({why}). Nothing was bought.",
            kind="out_unwritable",
            detail="Choose another folder with --out.",
        ) from None


def _free(folder: Path, stem: str, extension: str, digest: str) -> Path:
    """The name that a file gets: never that of another one, such as one that the person has edited since."""
    for n in itertools.count(1):
        path = folder / (f"{stem}.{extension}" if n == 1 else f"{stem}-{n}.{extension}")
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            return path
    raise AssertionError("unreachable")


def save(output: Output, fetch: Callable[[BinaryIO], None], folder: Path, stem: str) -> Saved:
    """Fetch one finished file into `folder`/`stem`.<its true extension>. Half a file never gets a name."""
    part = folder / f".{stem}.{secrets.token_hex(4)}.part"  # its own: another process may save it too
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("xb+") as sink:
            fetch(sink)
            sink.flush()
            os.fsync(sink.fileno())
            size = sink.tell()
            mime, extension, facts = _measure(sink, output.kind)
            digest = _digest(sink)
        path = _free(folder, stem, extension, digest)
        part.replace(path)
    except OSError as problem:
        _remove(part)
        full = problem.errno in {errno.ENOSPC, errno.EDQUOT}
        raise NotSaved(
            f"The finished file could not be saved in {folder} "
            f"({'the disk is full' if full else problem.strerror or 'not writable'})."
        ) from None
    except BaseException:
        _remove(part)
        raise
    return Saved(
        kind=output.kind,
        path=str(path),
        url=output.url,
        mime=mime,
        bytes=size,
        sha256=digest,
        width=facts.width,
        height=facts.height,
        seconds=facts.seconds,
        expires_at=output.expires_at,
    )


def smaller(path: Path, budget: Budget) -> Path | None:
    """A copy of a picture that fits the budget, beside it: `<stem>-small.jpg`, or .png where something
    shows through. The same copy made earlier is used again; another file of that name is left alone.
    None where there can be no copy: it is no whole picture, an animation (a still is not a smaller one),
    or there is no room on the disk."""
    try:
        with path.open("rb") as file:
            image = _decoded(file)
            if image is None or getattr(image, "is_animated", False):
                return None
            made = _fitted(image, budget)
        return _put(*made, path.parent, f"{path.stem}-small") if made else None
    except DAMAGED:
        return None


def _fitted(image: Any, budget: Budget) -> tuple[bytes, str] | None:
    """The bytes of a copy that fits, and its extension."""
    profile = image.info.get("icc_profile") if image.mode in {"RGB", "RGBA", "P"} else None
    picture = _plain(image)
    see_through = picture.mode == "RGBA"
    format, extension = ("PNG", "png") if see_through else ("JPEG", "jpg")
    settings: tuple[dict[str, Any], ...] = ({},) if see_through else tuple({"quality": q} for q in QUALITIES)
    scale = min(1.0, (budget.sides_sum or math.inf) / sum(_canvas(picture.size, budget)))
    for _ in range(SHRINKS):
        laid_out = _laid_out(picture, scale, budget)
        for setting in settings:
            sink = io.BytesIO()
            laid_out.save(sink, format, icc_profile=profile, **setting)
            if sink.tell() <= budget.image_bytes:
                return sink.getvalue(), extension
        scale *= min(0.9, math.sqrt(budget.image_bytes / sink.tell()))
        settings = settings[-1:]
    return None


def _plain(image: Any) -> Any:
    """A picture as every chat shows it: upright, 8 bits, grey or RGB; RGBA only where something really
    shows through. Nothing of what cameras and programs write beside the pixels is left."""
    from PIL import ImageOps

    plain = ImageOps.exif_transpose(image)
    if plain.mode.startswith("I"):  # 16 bits of grey, which Pillow would not scale down but clip
        plain = plain.convert("I").point(lambda grey: grey * (1 / 257)).convert("L")
    elif plain.has_transparency_data:
        plain = plain.convert("RGBA")
        if plain.getchannel("A").getextrema()[0] == 255:
            plain = plain.convert("RGB")
    elif plain.mode != "L":
        plain = plain.convert("RGB")
    plain.info = {}
    return plain


def _canvas(sides: tuple[int, int], budget: Budget) -> tuple[int, int]:
    """The sides of the sheet that a picture of these sides stands on: its own, unless it is too narrow."""
    width, height = sides
    ratio = budget.ratio or math.inf
    return max(width, math.ceil(height / ratio)), max(height, math.ceil(width / ratio))


def _laid_out(picture: Any, scale: float, budget: Budget) -> Any:
    """A picture at a scale. One that is too narrow gets margins; nothing is cut off or stretched."""
    from PIL import Image

    width, height = (max(1, int(side * scale)) for side in picture.size)
    scaled = picture if scale == 1 else picture.resize((width, height), Image.Resampling.LANCZOS)
    sides = _canvas((width, height), budget)
    if sides == scaled.size:
        return scaled
    sheet = Image.new(picture.mode, sides, (0, 0, 0, 0) if picture.mode == "RGBA" else "white")
    sheet.paste(scaled, ((sides[0] - width) // 2, (sides[1] - height) // 2))
    return sheet


def _put(data: bytes, extension: str, folder: Path, stem: str) -> Path:
    """Write a whole file under a name that is free, or find it there. Raises OSError."""
    path = _free(folder, stem, extension, hashlib.sha256(data).hexdigest())
    if path.exists():
        return path
    part = folder / f".{stem}.{secrets.token_hex(4)}.part"
    try:
        with part.open("xb") as sink:
            sink.write(data)
            sink.flush()
            os.fsync(sink.fileno())
        part.replace(path)
    finally:
        _remove(part)  # still there only where something failed
    return path


def _remove(part: Path) -> None:
    with suppress(OSError):
        part.unlink()


def _measure(sink: BinaryIO, kind: str) -> tuple[str, str, clips.Facts]:
    if kind == "video":
        found = clips.clip(sink)
        facts = clips.measure(sink) if found else None
        if found is None or facts is None:
            raise NotSaved("What came from the link is not a whole clip, so it was not kept.")
        sink.seek(0, os.SEEK_END)
        return *found, facts
    sink.seek(0)
    image = _decoded(sink)
    if image is None:
        raise NotSaved("What came from the link is not a whole picture, so it was not kept.")
    mime, extension = FORMATS[image.format]
    return mime, extension, clips.Facts(None, *image.size)


def _sound(name: str, data: bytes, rule: InputRule) -> tuple[str, float | None]:
    """Its type and, where it can be measured, its length."""
    mime = clips.sound(data)
    facts = clips.measure(io.BytesIO(data)) if mime in rule.mime else None
    if mime is None or facts is None:
        raise _bad_input(name, "its bytes are not a sound of a kind that is taken", "audio")
    if rule.seconds and facts.seconds and not rule.seconds[0] <= facts.seconds <= rule.seconds[1]:
        least, most = rule.seconds
        raise _bad_input(name, f"it lasts {facts.seconds:.1f} s; {least:g} to {most:g} s are taken", "audio")
    return mime, facts.seconds


def _picture(name: str, data: bytes, rule: InputRule) -> tuple[str, int, int]:
    image = _decoded(io.BytesIO(data))
    mime = FORMATS[image.format][0] if image else None
    if mime not in rule.mime:
        raise _bad_input(name, "its bytes are not a whole picture of a kind that is taken", mime=rule.mime)
    width, height = image.size
    short, long = sorted(image.size)
    if rule.min_side and short < rule.min_side:
        raise _bad_input(
            name, f"it is {width}x{height}; each side has to have {rule.min_side} pixels at least"
        )
    if rule.max_side and long > rule.max_side:
        raise _bad_input(name, f"it is {width}x{height}; each side may have {rule.max_side} pixels at most")
    if rule.ratio and long > rule.ratio * short:
        raise _bad_input(
            name, f"it is {width}x{height}; the longer side may be {rule.ratio:g} times the shorter at most"
        )
    return mime, width, height


def _decoded(file: BinaryIO) -> Any:
    """The picture, decoded to its last pixel (a header alone proves nothing), or None."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = PIXELS_CAP
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(file, formats=[name for name in FORMATS if name != "MPO"])  # a JPEG to it
            image.load()
    except (*DAMAGED, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    return image if image.format in FORMATS else None


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    for chunk in iter(lambda: file.read(2**20), b""):
        digest.update(chunk)
    return digest.hexdigest()


def _named_type(link: str) -> str | None:
    """The type of picture that a link's path ends in, if it says one."""
    extension = urlsplit(link).path.rpartition(".")[2].lower()
    known = {made: mime for mime, made in FORMATS.values()}
    return known.get({"jpeg": "jpg"}.get(extension, extension))


def _is_https(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _bad_input(name: str, why: str, what: str = "image", mime: tuple[str, ...] = ()) -> UsageError:
    text = f"The input {name} cannot be used: {why}. Nothing was sent."
    if what == "audio":
        wanted = "Give an MP3, WAV, AAC or M4A file, or a public https link to one."
        return UsageError(text, kind="bad_sound", detail=wanted)
    if what == "link":
        wanted = "Put it where it can be fetched from without a password, and give that link."
        return UsageError(text, kind="link_needed", detail=wanted)
    taken = {made: format for format, (made, _) in FORMATS.items() if format != "MPO"}
    formats = " / ".join(names for made, names in taken.items() if made in mime or not mime)
    wanted = f"Give a picture of the kind {formats}, or a public https link to one."
    return UsageError(text, kind="bad_input_file", detail=wanted, about={"formats": formats})
