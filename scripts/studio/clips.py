"""Clips and sounds: recognised by their first bytes, and measured where the optional package `av` is there.
Without it their size and length are not known, and said to be so."""

from __future__ import annotations

import importlib.util
import io
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from studio.frozen import dataclass

MP4 = ("video/mp4", "mp4")
MOV = ("video/quicktime", "mov")
PICTURES = re.compile(b"hdlr" + bytes(8) + b"vide")  # of a track of moving pictures: a film is no song


FRAMES = 4  # in a row, and it is no accident
KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBITS_OF_LESS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # of half the hertz, and less
HERTZ = (44100, 48000, 32000)


@dataclass(frozen=True)
class Facts:
    """What a clip or a sound is. Sides in pixels; None: not measured, or there is none."""

    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    sound: bool | None = None


def can_measure() -> bool:
    return importlib.util.find_spec("av") is not None


def clip(file: BinaryIO) -> tuple[str, str] | None:
    """MIME type and extension of a whole clip: its boxes, one after the other, fill the file and hold a table
    of contents (ISO 14496-12). None for anything else, half a clip included."""
    file.seek(0, 2)
    end = file.tell()
    place, found, brand = 0, set(), b""
    while place < end:
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:
            return None
        size, name = struct.unpack(">I4s", head[:8])
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        size = end - place if size == 0 else size
        if size < 8 or place + size > end or (place == 0 and name != b"ftyp"):
            return None
        brand = head[8:12] if name == b"ftyp" else brand
        found.add(name)
        place += size
    if not {b"moov", b"mdat"} <= found:
        return None
    return MOV if brand == b"qt  " else MP4


def sound(data: bytes | memoryview) -> str | None:
    """The MIME type of a sound, by its first bytes; None for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "audio/wav"
    if data[4:8] == b"ftyp" and data[8:12] in {b"M4A ", b"M4B ", b"mp42", b"isom"}:
        return None if PICTURES.search(data) else "audio/mp4"
    if data[:3] == b"ID3":
        return "audio/mpeg"
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0:
        return "audio/aac"
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2:  # layer III, and no mark of UTF-16
        return "audio/mpeg"
    return None


def is_built_like(data: bytes | memoryview, mime: str) -> bool:
    """Whether a sound's parts follow each other as they have to: chunks that end where the file does, or
    frames that begin where the one before says. What is in them, only a player knows."""
    if mime == "audio/wav":
        return {b"fmt ", b"data"} <= set(_chunks(data))
    if mime == "audio/mp4":
        return clip(io.BytesIO(data)) is not None
    frame = _adts if mime == "audio/aac" else _mpeg
    at = _after_tag(data)
    for _ in range(FRAMES):
        length = frame(data[at : at + 7])
        if not length:
            return False
        at += length
        if at >= len(data):
            return at == len(data)
    return True


def _chunks(data: bytes | memoryview) -> Iterator[bytes]:
    """Names of a RIFF file's chunks, until one does not fit into it."""
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack("<4sI", data[at : at + 8])
        at += 8 + size + size % 2
        if at <= len(data) + 1:
            yield name


def _after_tag(data: bytes | memoryview) -> int:
    """Where the sound begins, behind an ID3 tag."""
    if bytes(data[:3]) != b"ID3" or len(data) < 10:
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size


def _adts(head: bytes | memoryview) -> int:
    """The length of an AAC frame with this head (ISO 13818-7); 0: there is none."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5


def _mpeg(head: bytes | memoryview) -> int:
    """The length of an MP3 frame with this head (ISO 11172-3, 13818-3); 0: there is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[2] >> 4 == 15:
        return 0
    version, hz = head[1] >> 3 & 3, head[2] >> 2 & 3
    if version == 1 or hz == 3:
        return 0
    rate = (KBITS if version == 3 else KBITS_OF_LESS)[head[2] >> 4] * 1000
    whole = HERTZ[hz] // {3: 1, 2: 2, 0: 4}[version]
    return (144 if version == 3 else 72) * rate // whole + (head[2] >> 1 & 1) if rate else 0


def measure(file: BinaryIO) -> Facts | None:
    """The facts, as far as they can be measured here; None where it cannot be played."""
    if not can_measure():
        return Facts()
    import av

    file.seek(0)
    try:
        with av.open(file, "r") as made:
            seconds = made.duration / av.time_base if made.duration else None
            video = next(iter(made.streams.video), None)
            first = next(made.decode(video), None) if video else None
            sound = next(iter(made.streams.audio), None)
            if first is None and (video or sound is None or next(made.decode(sound), None) is None):
                return None
            width, height = (first.width, first.height) if first else (None, None)
            return Facts(seconds, width, height, bool(made.streams.audio))
    except (av.error.FFmpegError, ValueError, StopIteration):
        return None
