"""Files in and files out. An input is believed by its bytes, never by its name; an output is written
beside its place, checked, measured and only then given its name."""

from __future__ import annotations

import errno
import hashlib
import io
import itertools
import os
import secrets
import stat
import struct
import tempfile
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from studio.errors import NotSaved, UsageError
from studio.types import InputRule, Output, Saved, Source

FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),  # a JPEG with a second picture in it, as many phones write them
    "WEBP": ("image/webp", "webp"),
}
OUTPUT_CAP = 256 * 2**20  # bytes of one finished file
PIXELS_CAP = 100_000_000  # beyond this a picture is a bomb, not a picture
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


def inspect(name: str, rule: InputRule) -> Source:
    """An input as given -> what it really is. Local files are read whole, so that what was looked at is
    what leaves; a public https link is handed on unseen, because the vendor fetches it."""
    if "://" in name or name.startswith("data:"):
        if not _is_https(name):
            raise _bad_input(name, "a link must be a public https link")
        return Source(role=rule.kind, name=name, url=name)
    try:
        path = Path(os.path.expanduser(name))
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe or a device might never end
            raise _bad_input(name, "it is not a file")
        if found.st_size > rule.max_bytes:
            raise _bad_input(name, f"it has {found.st_size} bytes, at most {rule.max_bytes} are allowed")
        data = path.read_bytes()
    except (OSError, RuntimeError) as problem:  # RuntimeError: ~ of somebody who is not known here
        why = problem.strerror if isinstance(problem, OSError) else None
        raise _bad_input(name, why or "it cannot be read") from None
    mime, width, height = _picture(name, data, rule)
    digest = hashlib.sha256(data).hexdigest()
    return Source(role=rule.kind, name=name, mime=mime, data=data, sha256=digest, width=width, height=height)


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
            mime, extension, width, height = _measure(sink)
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
        width=width,
        height=height,
    )


def _remove(part: Path) -> None:
    with suppress(OSError):
        part.unlink()


def _measure(sink: BinaryIO) -> tuple[str, str, int, int]:
    sink.seek(0)
    image = _decoded(sink)
    if image is None:
        raise NotSaved("What came from the link is not a whole picture, so it was not kept.")
    mime, extension = FORMATS[image.format]
    return mime, extension, *image.size


def _picture(name: str, data: bytes, rule: InputRule) -> tuple[str, int, int]:
    image = _decoded(io.BytesIO(data))
    mime = FORMATS[image.format][0] if image else None
    if mime not in rule.mime:
        raise _bad_input(name, "its bytes are not a whole picture of a kind that is taken")
    return mime, *image.size


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


def _is_https(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _bad_input(name: str, why: str) -> UsageError:
    return UsageError(
        f"The input {name} cannot be used: {why}. Nothing was sent.",
        kind="bad_input_file",
        detail="Give a PNG, JPEG or WebP picture, or a public https link to one.",
    )
