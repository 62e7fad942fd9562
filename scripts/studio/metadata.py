"""PURE. A picture without what cameras and programs write beside it: place, time, device, thumbnails,
comments, and whatever stands behind the picture's end. Parts are left out; nothing is encoded anew.

Kept is only what a reader needs to show the picture, its colour profile included; whatever is not known to be
needed is left out. JPEG: ITU-T T.81, JFIF, ICC.1 annex B; PNG: the third edition of the W3C recommendation;
WebP: its container specification (RIFF).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping

JPEG_START, JPEG_END, JPEG_SCAN = 0xD8, 0xD9, 0xDA
JPEG_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers that nothing belongs to
JPEG_KEPT = {*JPEG_ALONE, *range(0xC0, 0xD0), *range(0xD9, 0xDC), 0xDD}  # the picture, and its tables
JPEG_NAMED = {0xE2: b"ICC_PROFILE\0"}  # its colours
ADOBE = 16  # bytes of the segment that says how its colours are written
JFIF = 16  # bytes of its segment, without the small picture that may follow
NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # in a scan FF 00 is a byte, D0 to D7 only divide it

PNG_SIGNATURE = bytes.fromhex("89504e470d0a1a0a")
PNG_KEPT = {  # and how many bytes it has at most
    **{b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IDAT": 2**31, b"IEND": 0, b"iCCP": 2**22, b"cHRM": 32},
    **{b"gAMA": 4, b"sBIT": 4, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8, b"bKGD": 6, b"pHYs": 9},
}
PNG_PIXELS = b"IDAT"
WEBP_KEPT = {b"VP8X", b"ICCP", b"ALPH", b"VP8 ", b"VP8L"}
WEBP_PIXELS = {b"VP8 ", b"VP8L"}
WEBP_NOTES = 0b1100  # the flags of VP8X that announce EXIF and XMP

Pieces = Iterator[bytes | memoryview]


class Odd(ValueError):
    """The parts of the file are not in the order that they have to be in."""


def without(data: memoryview, format: str) -> list[bytes | memoryview]:
    """The parts of a picture that stay, in order. `format`: JPEG, PNG or WEBP. Raises Odd."""
    try:
        return list(_READERS[format](data))
    except (struct.error, IndexError):
        raise Odd(format) from None


def _jpeg(data: memoryview) -> Pieces:
    if bytes(data[:2]) != bytes((0xFF, JPEG_START)):
        raise Odd("no JPEG")
    yield data[:2]
    place, marker = 2, JPEG_START
    while marker != JPEG_END:
        if data[place] != 0xFF:
            raise Odd("no marker")
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        alone = marker in JPEG_ALONE or marker == JPEG_END
        end = place + 2 + (0 if alone else struct.unpack(">H", data[place + 2 : place + 4])[0])
        if end > len(data):
            raise Odd("a cut segment")
        yield from _jpeg_kept(marker, data[place:end])
        place = end
        if marker == JPEG_SCAN:
            place = _scan_end(data, end)
            yield data[end:place]


def _jpeg_kept(marker: int, segment: memoryview) -> Pieces:
    name = bytes(segment[4:16])
    if marker == 0xE0 and name.startswith(b"JFIF\0") and len(segment) >= JFIF + 2:
        yield bytes((0xFF, marker, 0, JFIF)) + bytes(segment[4:JFIF]) + bytes(2)
    elif marker == 0xEE and name.startswith(b"Adobe") and len(segment) >= ADOBE:
        yield bytes((0xFF, marker, 0, ADOBE - 2)) + bytes(segment[4:ADOBE])
    elif marker in JPEG_KEPT or (marker in JPEG_NAMED and name.startswith(JPEG_NAMED[marker])):
        yield segment


def _scan_end(data: memoryview, start: int) -> int:
    found = NEXT_MARKER.search(data, start)
    if found is None:
        raise Odd("no end")
    return found.start()


def _png(data: memoryview) -> Pieces:
    if bytes(data[:8]) != PNG_SIGNATURE:
        raise Odd("no PNG")
    yield data[:8]
    place, name, seen = 8, b"", set[bytes]()
    while name != b"IEND":
        length, name = struct.unpack(">I4s", data[place : place + 8])
        end = place + 12 + length
        if end > len(data):
            raise Odd("a cut chunk")
        if name in PNG_KEPT:
            again = name in seen and name != PNG_PIXELS
            late = PNG_PIXELS in seen and name not in {PNG_PIXELS, b"IEND"}
            if again or late or length > PNG_KEPT[name]:
                raise Odd("a chunk that may hold anything")
            seen.add(name)
            yield data[place:end]
        elif name[:1].isupper():  # it may not be left out, and nobody here knows it
            raise Odd("an unknown chunk")
        place = end


def _webp(data: memoryview) -> Pieces:
    riff, size, name = struct.unpack("<4sI4s", data[:12])
    if (riff, name) != (b"RIFF", b"WEBP") or size + 8 > len(data):
        raise Odd("no WebP")
    kept: list[bytes | memoryview] = []
    place = 12
    while place < size + 8:
        name, length = struct.unpack("<4sI", data[place : place + 8])
        end = place + 8 + length + length % 2
        if end > size + 8 + size % 2 or name == b"ANIM":
            raise Odd("a cut chunk, or several pictures")
        if name == b"VP8X":
            kept.append(bytes(data[place : place + 8]) + bytes((data[place + 8] & ~WEBP_NOTES & 0xFF,)))
            kept.append(data[place + 9 : end])
        elif name in WEBP_KEPT:
            kept.append(data[place:end])
        place = end
    named = [bytes(piece[:4]) for piece in kept if bytes(piece[:4]) in WEBP_KEPT]
    if len(set(named)) < len(named) or len(WEBP_PIXELS.intersection(named)) != 1:
        raise Odd("more than one picture, or none")
    if len(named) > 1 and named[0] != b"VP8X":
        raise Odd("what no header announces")
    yield struct.pack("<4sI4s", b"RIFF", 4 + sum(map(len, kept)), b"WEBP")
    yield from kept


_READERS: Mapping[str, Callable[[memoryview], Pieces]] = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp}
