"""Clips and sounds: recognised by their first bytes, and measured where the optional package `av` is there.
Without it their size and length are not known, and said to be so."""

from __future__ import annotations

import importlib.util
import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

MP4 = ("video/mp4", "mp4")
MOV = ("video/quicktime", "mov")
PICTURES = re.compile(b"hdlr" + bytes(8) + b"vide")  # of a track of moving pictures: a film is no song


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
            if first is None and (video or not made.streams.audio):
                return None
            width, height = (first.width, first.height) if first else (None, None)
            return Facts(seconds, width, height, bool(made.streams.audio))
    except (av.error.FFmpegError, ValueError, StopIteration):
        return None
