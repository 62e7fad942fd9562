"""What cameras and programs write beside the pixels does not leave; the pixels are not touched."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from parts import picture
from studio import metadata

PRIVATE = b"52.5200 N, 13.4050 E, serial 4711"
FORMATS = ("JPEG", "PNG", "WEBP")
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def riff(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def in_jpeg(data: bytes, *segments: bytes) -> bytes:
    """After the first segment, where programs put their own."""
    (length,) = struct.unpack(">H", data[4:6])
    return data[: 4 + length] + b"".join(segments) + data[4 + length :]


def in_png(data: bytes, *chunks: bytes) -> bytes:
    return data[:33] + b"".join(chunks) + data[33:]


def in_webp(data: bytes, *chunks: bytes) -> bytes:
    return renumbered(data + b"".join(chunks))


def renumbered(data: bytes) -> bytes:
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


@functools.cache
def with_exif(format: str) -> bytes:
    sink, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = PRIVATE.decode()  # the maker
    exif.get_ifd(0x8825)[29] = PRIVATE.decode()  # of the place
    Image.open(io.BytesIO(picture(format))).save(
        sink, format, exif=exif, icc_profile=PROFILE, **({"lossless": True} if format == "WEBP" else {})
    )
    return sink.getvalue()


def thumbnailed(data: bytes) -> bytes:
    """With a small picture in its first segment, as JFIF allows."""
    small = PRIVATE.ljust(48, b"\0")
    return data[:4] + struct.pack(">H", 16 + len(small)) + data[6:18] + bytes((4, 4)) + small + data[20:]


HELD: dict[str, Callable[[], tuple[str, bytes]]] = {
    "EXIF of a JPEG": lambda: ("JPEG", with_exif("JPEG")),
    "XMP of a JPEG": lambda: (
        "JPEG",
        in_jpeg(picture("JPEG"), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PRIVATE)),
    ),
    "IPTC of a JPEG": lambda: (
        "JPEG",
        in_jpeg(picture("JPEG"), segment(0xED, b"Photoshop 3.0\0" + PRIVATE)),
    ),
    "a comment of a JPEG": lambda: ("JPEG", in_jpeg(picture("JPEG"), segment(0xFE, PRIVATE))),
    "a segment that begins like none": lambda: (
        "JPEG",
        in_jpeg(picture("JPEG"), segment(0xE5, b"-" + PRIVATE)),
    ),
    "an index of more pictures": lambda: (
        "JPEG",
        in_jpeg(picture("JPEG"), segment(0xE2, b"MPF\0" + PRIVATE)),
    ),
    "a thumbnail in JFIF": lambda: ("JPEG", thumbnailed(picture("JPEG"))),
    "after a JPEG's end": lambda: ("JPEG", picture("JPEG") + b"PK" + PRIVATE),
    "a second JPEG after its end": lambda: ("JPEG", picture("JPEG") + with_exif("JPEG")),
    "EXIF of a PNG": lambda: ("PNG", with_exif("PNG")),
    "text of a PNG": lambda: ("PNG", in_png(picture(), chunk(b"tEXt", b"Comment\0" + PRIVATE))),
    "XMP of a PNG": lambda: ("PNG", in_png(picture(), chunk(b"iTXt", b"XML:com.adobe.xmp\0" + PRIVATE))),
    "a program's own chunk": lambda: ("PNG", in_png(picture(), chunk(b"prVt", PRIVATE))),
    "after a PNG's end": lambda: ("PNG", picture() + PRIVATE),
    "EXIF of a WebP": lambda: ("WEBP", with_exif("WEBP")),
    "XMP of a WebP": lambda: ("WEBP", in_webp(with_exif("WEBP"), riff(b"XMP ", PRIVATE))),
    "an unknown chunk of a WebP": lambda: ("WEBP", in_webp(picture("WEBP"), riff(b"prVt", PRIVATE))),
    "after a WebP's end": lambda: ("WEBP", picture("WEBP") + PRIVATE),
}


def cleaned(data: bytes, format: str) -> bytes:
    return b"".join(map(bytes, metadata.without(memoryview(data), format)))


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).convert("RGBA").tobytes()


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO")
@pytest.mark.parametrize("where", HELD)
def test_what_stands_beside_the_pixels_is_gone_and_they_are_the_same(where: str) -> None:
    format, data = HELD[where]()
    assert PRIVATE in data
    made = cleaned(data, format)
    assert PRIVATE not in made
    assert pixels(made) == pixels(data)
    assert cleaned(made, format) == made


BESIDE_THE_PICTURE = {  # parts that a reader knows, filled with something else
    "IEND": picture()[:-12] + chunk(b"IEND", PRIVATE),
    "a gamma of any length": in_png(picture(), chunk(b"gAMA", PRIVATE)),
    "a background of any length": in_png(picture(), chunk(b"bKGD", PRIVATE)),
    "a physical size behind the pixels": picture()[:-12] + chunk(b"pHYs", PRIVATE[:9]) + picture()[-12:],
    "a second palette": in_png(picture(), chunk(b"PLTE", PRIVATE[:30]), chunk(b"PLTE", PRIVATE[:30])),
}


@pytest.mark.parametrize("where", BESIDE_THE_PICTURE)
def test_no_part_of_a_png_carries_what_is_no_picture(where: str) -> None:
    with pytest.raises(metadata.Odd):
        cleaned(BESIDE_THE_PICTURE[where], "PNG")


def test_no_part_of_a_jpeg_or_a_webp_carries_what_is_no_picture() -> None:
    for hidden in (
        segment(0xDC, PRIVATE),
        segment(0xDE, PRIVATE),
        segment(0xEE, b"Adobe" + bytes(7) + PRIVATE),
    ):
        assert PRIVATE not in cleaned(in_jpeg(picture("JPEG"), hidden), "JPEG")
    simple = picture("WEBP")
    for odd in (riff(b"VP8L", PRIVATE), riff(b"ALPH", PRIVATE), riff(b"ICCP", PRIVATE)):
        with pytest.raises(metadata.Odd):
            cleaned(in_webp(simple, odd), "WEBP")


@pytest.mark.parametrize("format", FORMATS)
def test_the_colours_stay_what_they_are(format: str) -> None:
    assert Image.open(io.BytesIO(cleaned(with_exif(format), format))).info["icc_profile"] == PROFILE


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_without_any_of_it_stays_as_it_is(format: str) -> None:
    once = cleaned(picture(format), format)
    assert pixels(once) == pixels(picture(format))
    assert len(once) <= len(picture(format))


def test_transparency_sixteen_bits_and_printing_colours_stay() -> None:
    for image, settings in (
        (Image.new("RGBA", (9, 9), (1, 2, 3, 4)), {"format": "PNG"}),
        (Image.new("I;16", (9, 9), 40_000), {"format": "PNG"}),
        (Image.new("P", (9, 9), 3), {"format": "PNG", "transparency": 3}),
        (Image.new("CMYK", (9, 9), (1, 2, 3, 4)), {"format": "JPEG"}),
        (Image.effect_noise((99, 99), 50), {"format": "JPEG", "progressive": True}),
        (Image.new("RGBA", (9, 9), (1, 2, 3, 4)), {"format": "WEBP"}),
    ):
        sink = io.BytesIO()
        image.save(sink, **settings)
        made = Image.open(io.BytesIO(cleaned(sink.getvalue(), str(settings["format"]))))
        assert (made.mode, pixels(sink.getvalue())) == (
            Image.open(sink).mode,
            made.convert("RGBA").tobytes(),
        ), settings


@pytest.mark.parametrize(
    ("format", "data"),
    [
        pytest.param("JPEG", b"", id="nothing"),
        pytest.param("JPEG", picture("JPEG")[:-2], id="a JPEG without its end"),
        pytest.param("JPEG", picture("JPEG")[:30], id="half a segment"),
        pytest.param("JPEG", b"no picture at all", id="words"),
        pytest.param("PNG", picture()[:-12], id="a PNG without its end"),
        pytest.param("PNG", in_png(picture(), chunk(b"XtRa", b"?")), id="a chunk that a reader must know"),
        pytest.param("WEBP", picture("WEBP")[:-8], id="half a WebP"),
        pytest.param("WEBP", in_webp(picture("WEBP"), riff(b"ANIM", bytes(6))), id="several pictures"),
        pytest.param("WEBP", renumbered(picture("WEBP") + b"ICCP\xff\0\0\0"), id="a chunk beyond the end"),
    ],
)
def test_what_is_not_built_as_it_has_to_be_is_said_to_be_odd(format: str, data: bytes) -> None:
    with pytest.raises(metadata.Odd):
        cleaned(data, format)


@given(
    st.sampled_from(FORMATS),
    st.integers(0, 300),
    st.binary(min_size=1, max_size=6),
    st.integers(0, 200),
    st.binary(max_size=40),
)
def test_whatever_the_bytes_are_it_ends_and_never_adds_any(
    format: str, at: int, patch: bytes, cut: int, more: bytes
) -> None:
    whole = with_exif(format) + more
    data = (whole[:at] + patch + whole[at + len(patch) :])[: len(whole) - cut]
    try:
        made = cleaned(data, format)
    except metadata.Odd:
        return
    assert len(made) <= len(data)


@given(st.lists(st.tuples(st.sampled_from([*range(0xE0, 0xF0), 0xFE]), st.binary(max_size=60)), max_size=6))
def test_segments_of_any_program_leave_no_trace(segments: list[tuple[int, bytes]]) -> None:
    own = [segment(marker, content) for marker, content in segments]
    named = (b"JFIF\0", b"ICC_PROFILE\0", b"Adobe")
    foreign = [made for made in own if not made[4:].startswith(named)]
    assert cleaned(in_jpeg(picture("JPEG"), *foreign), "JPEG") == cleaned(picture("JPEG"), "JPEG")
