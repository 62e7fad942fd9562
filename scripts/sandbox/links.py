"""Links and inline pictures in a request: judged by what can be seen without asking anybody."""

import base64
import binascii
import io
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from PIL import Image

DATA_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,", re.ASCII)
LENGTH = re.compile(r"-([0-9]+(?:\.[0-9]+)?)s(?![a-z0-9])")


@dataclass(frozen=True)
class Seen:
    """A picture whose bytes came with the request. format: "png", "jpeg", "webp", … size: bytes."""

    format: str
    width: int
    height: int
    size: int


def is_public(host: str) -> bool:
    """Judged by its name alone: nothing is looked up."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.endswith((".localhost", ".local", ".internal"))


def is_public_link(text: str) -> bool:
    """https on a public host."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" and is_public(host) and not any(sign.isspace() for sign in text)


def suffix(link: str) -> str:
    """How the name in a link ends, in small letters: ".mp4"; empty where it does not say."""
    return PurePosixPath(urlsplit(link).path).suffix.lower()


def length_named(link: str) -> float | None:
    """Seconds that a link's path claims: 240 for …/song-240s.mp3. A link is never opened here, so this is
    how a test gives a clip or a song a length."""
    found = LENGTH.search(urlsplit(link).path)
    return float(found[1]) if found else None


def data_url(text: str) -> tuple[str, bytes] | None:
    """The type and the bytes of a data URL in base64; None for whatever is none."""
    head = DATA_URL.match(text)
    data = base64_bytes(text[head.end() :]) if head else None
    return (head[1], data) if head and data is not None else None


def base64_bytes(text: str) -> bytes | None:
    """The bytes of plain base64 without blanks; None for whatever is none, and for nothing."""
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def picture_in(data: bytes) -> Seen | None:
    """The picture that these bytes really are; None where they are none, or a broken one."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return Seen((image.format or "").lower(), image.width, image.height, len(data))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
