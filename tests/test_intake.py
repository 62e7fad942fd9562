"""One input: what it really is, what of it leaves, and what is done to a copy of one that does not fit."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from parts import picture
from studio import clips, fitting, intake, pictures
from studio.errors import UsageError
from studio.intake import Looker, Unfit
from studio.types import InputRule, Source
from test_clips import song
from test_metadata import HELD, PRIVATE, chunk, segment, with_exif

RULE = InputRule("image", 1, 10, ("image/png", "image/jpeg", "image/webp"), 10**6)
NO_WEBP = InputRule("image", 1, 10, ("image/png", "image/jpeg"), 10**6)
PASSWD = b"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"></svg>'
KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def saved(folder: Path, data: bytes, name: str = "cat.png") -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


def look(name: str, rule: InputRule = RULE, *fit: str, keep: bool = False) -> Source:
    return Looker(keep_metadata=keep).look(name, rule, fit)


def refused(name: str, rule: InputRule = RULE, *fit: str) -> list[str]:
    with pytest.raises(Unfit) as no:
        look(name, rule, *fit)
    return [misfit.why for misfit in no.value.misfits]


def packed(image: Image.Image, format: str, **settings: Any) -> bytes:
    sink = io.BytesIO()
    image.save(sink, format, **settings)
    return sink.getvalue()


def bytes_of(source: Source) -> bytes:
    assert source.content
    return source.content.read()


def opened(source: Source) -> Image.Image:
    assert source.content
    return Image.open(source.content.open())


def green(image: Image.Image, place: tuple[int, int]) -> int:
    return image.getchannel("G").crop((*place, place[0] + 1, place[1] + 1)).tobytes()[0]


def changed(source: Source) -> list[tuple[str, str, str]]:
    return [(row["what"], row["before"], row["after"]) for row in source.changed]


# --- what it is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", KINDS)
def test_an_input_is_what_its_bytes_are_whatever_it_is_called(tmp_path: Path, format: str) -> None:
    file = saved(tmp_path, picture(format), "notes.txt")
    source = look(file)

    assert (source.mime, source.width, source.height) == (KINDS[format], 64, 48)
    assert (source.role, source.name, source.url, source.unchecked) == ("image", file, None, ())
    assert source.file_sha256 == hashlib.sha256(picture(format)).hexdigest()
    assert source.sha256 == hashlib.sha256(bytes_of(source)).hexdigest()


def bomb() -> bytes:
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(10**6))), (b"IEND", b""))
    return bytes.fromhex("89504e470d0a1a0a") + b"".join(chunk(*part) for part in parts)


def noise_in_png() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((300, 200), 90).convert("RGB").save(file, "PNG")
    return file.getvalue()


def one_bit_off(whole: bytes, chunk: bytes) -> bytes:
    """With one bit another in the content of a chunk."""
    at = whole.index(chunk) + len(chunk) + 12
    return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]


NONE_AT_ALL: dict[str, tuple[bytes, str]] = {
    "a list of accounts": (PASSWD, "no_picture"),
    "an SVG": (SVG, "no_picture"),
    "a page": (b"<html><body>This link has expired.</body></html>", "no_picture"),
    "a program": (b"\x7fELF" + bytes(200), "no_picture"),
    "a private key": (b"-----BEGIN OPENSSH example-----\nb3BlbnNz\n", "no_picture"),
    "nothing": (b"", "no_picture"),
    "half a PNG": (picture()[:-30], "broken"),
    "half a JPEG": (picture("JPEG")[:-60], "broken"),
    "half a WebP": (picture("WEBP")[:-9], "broken"),
    "a PNG with one bit changed": (one_bit_off(noise_in_png(), b"IDAT"), "broken"),
    "a PNG's head on something else": (picture()[:33] + PASSWD, "broken"),
    "a JPEG's head on something else": (picture("JPEG")[:20] + PASSWD, "broken"),
    "a chunk without its content": (picture()[:-8] + b"iCCP" + picture()[-4:], "broken"),
    "a bomb": (bomb(), "bomb"),
}


@pytest.mark.parametrize("what", NONE_AT_ALL)
def test_what_is_no_whole_picture_is_refused_with_a_clear_word(tmp_path: Path, what: str) -> None:
    data, why = NONE_AT_ALL[what]
    assert refused(saved(tmp_path, data)) == [why]
    assert refused(saved(tmp_path, data), RULE, "convert", "shrink") == [why]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "no_picture"),
        ("/nowhere/cat.png", "missing"),
        ("~nosuchperson/cat.png", "missing"),
        ("cat\0.png", "missing"),
        ("/dev/null", "no_file"),
        ("/dev/zero", "no_file"),
        (".", "no_file"),
        ("http://example.com/cat.png", "link"),
        ("file:///etc/passwd", "link"),
        ("ftp://example.com/cat.png", "link"),
        ("data:image/png;base64,AAAA", "link"),
        ("https://", "link"),
        ("https://[/cat.png", "link"),
        ("https://name:word@example.com/cat.png", "link"),
        ("https://127.0.0.1/cat.png", "link"),
        ("https://2130706433/cat.png", "link"),
        ("https://[::ffff:10.0.0.1]/cat.png", "link"),
        ("https://localhost/cat.png", "link"),
    ],
)
def test_what_is_neither_a_regular_file_nor_a_public_link_is_refused(name: str, why: str) -> None:
    assert refused(name) == [why]


def test_a_file_that_only_leads_to_another_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "photo.png").symlink_to("/etc/passwd")
    assert refused(str(tmp_path / "photo.png")) == ["leads_elsewhere"]
    good = saved(tmp_path, picture())
    (tmp_path / "link.png").symlink_to(good)
    assert refused(str(tmp_path / "link.png")) == ["leads_elsewhere"]
    (tmp_path / "folder").symlink_to(tmp_path)
    assert look(str(tmp_path / "folder" / "cat.png")).mime == "image/png", "a folder on the way may lead"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    answers: list[list[str]] = []
    thread = threading.Thread(target=lambda: answers.append(refused(str(tmp_path / "pipe.png"))), daemon=True)
    thread.start()
    thread.join(2)
    assert answers == [["no_file"]]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(Unfit) as no:
        look(str(tmp_path / "cat.png"))
    assert no.value.misfits[0].values == {"why": "Permission denied"}


def test_a_huge_file_is_not_even_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "LARGEST", 1000)
    assert refused(saved(tmp_path, bytes(1001))) == ["bytes"]


def test_what_was_looked_at_is_what_leaves(tmp_path: Path) -> None:
    file = saved(tmp_path, picture())
    source = look(file)
    before = bytes_of(source)
    saved(tmp_path, PASSWD)
    assert bytes_of(source) == before
    assert source.content
    with source.content.open() as one, source.content.open() as other:
        assert (one.read(9), other.read(), one.read()) == (before[:9], before, before[9:])
        assert (one.seek(-4, 2), one.read()) == (len(before) - 4, before[-4:])


def test_an_input_is_looked_at_once_however_many_rules_it_is_held_against(tmp_path: Path) -> None:
    file, looker = saved(tmp_path, picture("WEBP")), Looker()
    with pytest.raises(Unfit):
        looker.look(file, NO_WEBP)
    Path(file).unlink()
    assert looker.look(file, RULE).mime == "image/webp"


def test_a_public_link_is_handed_on_unseen_and_its_name_is_looked_up() -> None:
    link = "HTTPS://example.com/cat.png"
    found = Looker(lambda host: ("93.184.216.34",)).look(link, RULE)
    assert (found.url, found.content, found.mime, found.unchecked) == (link, None, None, ())
    assert Looker(lambda host: ()).look(link, RULE).unchecked == ("address",)
    with pytest.raises(Unfit):
        Looker(lambda host: ("93.184.216.34", "10.0.0.1")).look(link, RULE)


def test_a_link_that_says_another_type_is_not_handed_on() -> None:
    assert refused("https://example.com/cat.webp?x=1", NO_WEBP) == ["format"]
    assert look("https://example.com/cat.webp").url
    assert look("https://example.com/cat", NO_WEBP).url


# --- what of it leaves ------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO")
@pytest.mark.parametrize("where", HELD)
def test_what_stands_beside_the_pixels_stays_at_home_unless_it_is_to_go(tmp_path: Path, where: str) -> None:
    _, data = HELD[where]()
    file = saved(tmp_path, data)
    source = look(file)
    assert PRIVATE not in bytes_of(source)
    assert ("metadata", f"{len(data)} bytes", f"{source.size} bytes") in changed(source)
    kept = look(file, keep=True)
    assert (bytes_of(kept), kept.changed, kept.sha256) == (data, (), kept.file_sha256)


@pytest.mark.parametrize("format", KINDS)
@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_that_lies_on_its_side_is_turned_before_its_metadata_goes(
    tmp_path: Path, format: str, orientation: int
) -> None:
    """The corner that is red when the picture is looked at stays where it is seen."""
    image = Image.new("RGB", (40, 20), "white")
    image.paste("red", (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, PRIVATE.decode()
    data = packed(image, format, exif=exif, **({"quality": 95} if format != "PNG" else {}))
    source = look(saved(tmp_path, data))

    from PIL import ImageOps

    wanted = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    made = opened(source).convert("RGB")
    assert made.size == wanted.size == (source.width, source.height)
    corners = [(5, 5), (made.width - 6, 5), (5, made.height - 6), (made.width - 6, made.height - 6)]
    for corner in corners:
        assert green(made, corner) == pytest.approx(green(wanted, corner), abs=12)
    assert opened(source).getexif() == {}
    assert PRIVATE not in bytes_of(source)
    sides = f"{made.width}x{made.height}"
    assert changed(source)[0] == ("turned", "40x20", sides)


def test_a_picture_that_is_built_in_an_odd_way_is_written_anew(tmp_path: Path) -> None:
    """A reader takes it, so that it is no reason to send somebody away, and neither to send it as it is."""
    data = picture("JPEG")[:-2] + segment(0xFE, PRIVATE)  # no end, which decoders forgive
    source = look(saved(tmp_path, data))
    assert (PRIVATE in bytes_of(source), opened(source).size) == (False, (64, 48))


# --- what is done to a copy -------------------------------------------------------------------------------


def frames(format: str) -> bytes:
    first, second = (Image.new("RGB", (64, 48), colour) for colour in ("red", "blue"))
    return packed(first, format, save_all=True, append_images=[second], duration=100)


def heic() -> bytes:
    import pillow_heif

    sink = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), "orange")).save(sink)
    return sink.getvalue()


TREATED: dict[str, tuple[Callable[[], bytes], str, str, str]] = {
    # what it is -> its bytes, what becomes of it, of what it is told to be, what leaves
    "HEIC": (heic, "format", "converted", "image/jpeg"),
    "AVIF": (lambda: packed(Image.new("RGB", (64, 48)), "AVIF"), "format", "converted", "image/jpeg"),
    "GIF": (lambda: picture("GIF"), "format", "converted", "image/png"),
    "BMP": (lambda: picture("BMP"), "format", "converted", "image/png"),
    "TIFF": (lambda: picture("TIFF"), "format", "converted", "image/jpeg"),
    "WebP where it is not taken": (lambda: picture("WEBP"), "format", "converted", "image/jpeg"),
    "a see-through WebP": (
        lambda: packed(Image.new("RGBA", (64, 48), (9, 9, 9, 9)), "WEBP"),
        "format",
        "converted",
        "image/png",
    ),
    "CMYK": (lambda: packed(Image.new("CMYK", (64, 48)), "JPEG"), "printing", "converted", "image/jpeg"),
    "a moving GIF": (lambda: frames("GIF"), "moving", "still", "image/png"),
    "a moving PNG": (lambda: frames("PNG"), "moving", "still", "image/jpeg"),
    "a moving WebP": (lambda: frames("WEBP"), "moving", "still", "image/jpeg"),
    "a TIFF of several pages": (lambda: frames("TIFF"), "moving", "still", "image/jpeg"),
}


@pytest.mark.parametrize("what", TREATED)
def test_a_picture_of_another_kind_is_refused_in_words_or_converted_where_that_is_asked_for(
    tmp_path: Path, what: str
) -> None:
    make, why, told, mime = TREATED[what]
    file = saved(tmp_path, make())
    before = Path(file).read_bytes()
    with pytest.raises(Unfit) as no:
        look(file, NO_WEBP)
    assert [(misfit.why, misfit.fit) for misfit in no.value.misfits] == [(why, "convert")]
    assert refused(file, NO_WEBP, "shrink") == [why]

    source = look(file, NO_WEBP, "convert")
    assert (source.mime, opened(source).size, [row[0] for row in changed(source)]) == (mime, (64, 48), [told])
    assert getattr(opened(source), "n_frames", 1) == 1
    assert opened(source).mode in {"RGB", "RGBA", "P"}
    assert source.file_sha256 == hashlib.sha256(before).hexdigest()
    assert Path(file).read_bytes() == before, "the file itself is left alone"


PASSING = {
    "16 bits": lambda: packed(Image.new("I;16", (64, 48), 999), "PNG"),
    "transparent": lambda: packed(Image.new("RGBA", (64, 48), (9, 9, 9, 9)), "PNG"),
    "with a palette": lambda: packed(Image.new("P", (64, 48), 3), "PNG"),
    "grey": lambda: packed(Image.new("L", (64, 48), 3), "JPEG"),
    "progressive": lambda: packed(Image.new("RGB", (64, 48)), "JPEG", progressive=True),
    "WebP": lambda: picture("WEBP"),
}


@pytest.mark.parametrize("what", PASSING)
def test_a_picture_that_every_reader_takes_passes_as_it_is(tmp_path: Path, what: str) -> None:
    data = PASSING[what]()
    source = look(saved(tmp_path, data), RULE, "convert", "shrink")
    assert opened(source).tobytes() == Image.open(io.BytesIO(data)).tobytes()
    assert {row[0] for row in changed(source)} <= {"metadata"}


def test_without_the_package_for_it_a_heic_picture_is_refused_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(tmp_path, heic())
    monkeypatch.setattr(pictures, "reads_heif", lambda: False)
    assert refused(file) == refused(file, RULE, "convert") == ["no_decoder"]


def test_colours_of_a_press_become_those_of_a_screen(tmp_path: Path) -> None:
    press = packed(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100)
    shown = opened(look(saved(tmp_path, press), RULE, "convert"))
    red, green, blue = (band.tobytes()[0] for band in shown.split())
    assert (red > 230, green < 40, blue < 40) == (True, True, True)


def noise(width: int, height: int) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((width, height), 80) for _ in "RGB"])


def test_a_picture_of_too_many_bytes_is_made_smaller_where_that_is_asked_for(tmp_path: Path) -> None:
    file = saved(tmp_path, packed(noise(500, 400), "JPEG", quality=100))
    tight = InputRule("image", 1, 1, NO_WEBP.mime, 60_000)
    assert refused(file, tight) == refused(file, tight, "convert") == ["bytes"]
    source = look(file, tight, "shrink")
    assert source.size <= 60_000
    assert changed(source)[-1][0] == "shrunk"


def test_a_picture_of_too_long_sides_is_scaled_to_the_sides_that_were_named(tmp_path: Path) -> None:
    file = saved(tmp_path, packed(Image.new("RGB", (500, 250)), "JPEG"))
    short = InputRule("image", 1, 1, NO_WEBP.mime, 10**6, max_side=200)
    with pytest.raises(Unfit) as no:
        look(file, short)
    (misfit,) = no.value.misfits
    assert (misfit.why, misfit.ways) == ("large", (("scaled", {"sides": "200x100"}),))
    source = look(file, short, "shrink")
    assert ((source.width, source.height), changed(source)) == (
        (200, 100),
        [("shrunk", "500x250", "200x100")],
    )


def test_a_picture_that_is_too_large_as_well_is_not_converted_on_the_way(tmp_path: Path) -> None:
    """Only a smaller copy was allowed."""
    file = saved(tmp_path, packed(Image.new("CMYK", (500, 250)), "JPEG"))
    short = InputRule("image", 1, 1, NO_WEBP.mime, 10**6, max_side=200)
    assert refused(file, short, "shrink") == ["printing", "large"]
    assert look(file, short, "shrink", "convert").width == 200


def test_what_would_then_be_too_small_is_not_shrunk(tmp_path: Path) -> None:
    file = saved(tmp_path, packed(noise(300, 300), "JPEG", quality=100))
    tight = InputRule("image", 1, 1, NO_WEBP.mime, 9000, min_side=300)
    assert "small" in refused(file, tight, "shrink")


def test_all_that_stands_between_is_said_at_once(tmp_path: Path) -> None:
    rule = InputRule("image", 1, 1, NO_WEBP.mime, 10**6, min_side=100, max_side=1000, ratio=2.5)
    assert refused(saved(tmp_path, picture("WEBP", (400, 90))), rule) == ["format", "ratio", "small"]
    assert refused(saved(tmp_path, picture("WEBP", (400, 90))), rule, "convert") == ["ratio", "small"]


# --- what takes long, and what is broken ------------------------------------------------------------------


def test_a_jpeg_of_thousands_of_scans_is_not_decoded(tmp_path: Path) -> None:
    data = packed(noise(64, 64), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    many = data[:start] + data[start:-2] * 2000 + data[-2:]
    assert refused(saved(tmp_path, many)) == ["broken"]
    assert pictures.decoded(io.BytesIO(many)) is None
    assert pictures.decoded(io.BytesIO(data)) is not None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    format=st.sampled_from(["GIF", "TIFF", "AVIF", "BMP"]),
    at=st.integers(0, 300),
    patch=st.binary(min_size=1, max_size=8),
    cut=st.integers(0, 200),
)
def test_a_damaged_picture_of_any_kind_is_refused_and_no_defect(
    tmp_path: Path, format: str, at: int, patch: bytes, cut: int
) -> None:
    whole = picture(format) if format != "AVIF" else TREATED["AVIF"][0]()
    data = (whole[:at] + patch + whole[at + len(patch) :])[: len(whole) - cut]
    with suppress(Unfit):
        look(saved(tmp_path, data), RULE, "convert")


def test_no_room_for_a_copy_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = saved(tmp_path, picture())
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(UsageError, match="no room for a copy of the input") as no:
        look(file)
    assert no.value.kind == "no_room"


# --- what would fit ---------------------------------------------------------------------------------------

SHAPED = InputRule("image", 1, 1, ("image/png",), 10**9, min_side=301, max_side=4096, ratio=2.5)


@pytest.mark.parametrize(
    ("sides", "ways"),
    [
        ((5000, 1000), {"cropped": "2500x1000", "padded": "4096x1639"}),
        ((1000, 2600), {"cropped": "1000x2500", "padded": "1040x2600"}),
        ((1000, 200), {"padded": "1000x400"}),  # to crop it would leave too little
        ((200, 220), {"padded": "301x301"}),
        ((8000, 4000), {"scaled": "4096x2048"}),
    ],
)
def test_the_sides_that_would_fit_are_named(sides: tuple[int, int], ways: dict[str, str]) -> None:
    wrong = fitting.misfits(fitting.Facts("image/png", 1, *sides), SHAPED)
    assert {key: values["sides"] for misfit in wrong for key, values in misfit.ways} == ways


@given(
    st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    st.integers(1, 400),
    st.integers(2000, 5000),
    st.sampled_from([2.5, 4.0]),
)
def test_whatever_is_named_does_fit(sides: tuple[int, int], least: int, most: int, ratio: float) -> None:
    rule = InputRule("image", 1, 1, ("image/png",), 10**9, min_side=least, max_side=most, ratio=ratio)
    wrong = fitting.misfits(fitting.Facts("image/png", 1, *sides), rule)
    for misfit in wrong:
        for key, values in misfit.ways:
            width, height = map(int, values["sides"].split("x"))
            left = fitting.misfits(fitting.Facts("image/png", 1, width, height), rule)
            assert key == "scaled" or left == (), (values, left)
    assert not wrong or any(misfit.ways for misfit in wrong)


@pytest.mark.parametrize(
    ("size", "said"), [(30_000_000, "30 MB"), (14_250_000, "14.2 MB"), (52_300, "52.3 kB")]
)
def test_a_limit_is_rounded_down_and_what_is_above_it_up(size: int, said: str) -> None:
    assert fitting.mega(size) == said
    assert fitting.mega(30_000_001, up=True) == "30.1 MB"


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    format=st.sampled_from(list(KINDS)),
    at=st.integers(0, 400),
    patch=st.binary(min_size=1, max_size=8),
    end=st.integers(0, 400),
    fit=st.sampled_from([(), ("convert", "shrink")]),
)
def test_damaged_pictures_are_taken_or_refused_and_nothing_else(
    tmp_path: Path, format: str, at: int, patch: bytes, end: int, fit: tuple[str, ...]
) -> None:
    whole = with_exif(format)
    data = (whole[:at] + patch + whole[at + len(patch) :])[: len(whole) - end // 2]
    with suppress(Unfit):  # anything else that Pillow may raise would show here
        made = look(saved(tmp_path, data), RULE, *fit)
        assert opened(made).size == (made.width, made.height)


# --- sounds -----------------------------------------------------------------------------------------------


def test_a_sound_that_does_not_fit_says_all_that_is_wrong_with_it(tmp_path: Path) -> None:
    rule = InputRule("audio", 1, 1, ("audio/mpeg",), 1000, seconds=(10, 300))
    assert refused(saved(tmp_path, song(1), "a.mp3"), rule) == ["no_sound", "bytes", "seconds"]
    assert refused(saved(tmp_path, b"OggS" + bytes(99), "a.mp3"), rule) == ["no_sound"]


SOUNDS = {
    "a tag on words": b"ID3\x04\0\0\0\0\0\0" + PASSWD,
    "one good byte of MP3": bytes.fromhex("fffb9000") + PASSWD,
    "one good frame of AAC": bytes.fromhex("fff15080043ffc") + PASSWD,
    "a WAV without sound": b"RIFF\x40\0\0\0WAVE" + PASSWD,
    "an M4A without boxes": b"\0\0\0\x18ftypM4A " + PASSWD,
}


@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize("what", SOUNDS)
def test_what_only_begins_like_a_sound_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, measured: bool
) -> None:
    rule = InputRule("audio", 1, 1, ("audio/mpeg", "audio/wav", "audio/aac", "audio/mp4"), 10**6)
    if not measured:
        monkeypatch.setattr(clips, "can_measure", lambda: False)
    assert refused(saved(tmp_path, SOUNDS[what], "song"), rule) == ["no_sound"]
    wav = look(saved(tmp_path, song(1), "song"), rule)
    assert (wav.mime, wav.bytes, wav.sha256) == ("audio/wav", len(song(1)), wav.file_sha256)


@pytest.mark.parametrize(
    ("codec", "format", "mime"),
    [("mp3", "mp3", "audio/mpeg"), ("aac", "adts", "audio/aac"), ("aac", "ipod", "audio/mp4")],
)
def test_real_songs_are_built_as_they_have_to_be(tmp_path: Path, codec: str, format: str, mime: str) -> None:
    import av

    sink = io.BytesIO()
    with av.open(sink, "w", format=format) as made:
        stream: Any = made.add_stream(codec, rate=44100)
        frame = av.AudioFrame(format="s16", layout="stereo", samples=1152)
        frame.rate = 44100
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=44100)
        for n in range(60):
            frame.pts = n * 1152
            for packed_frame in resampler.resample(frame):
                made.mux(stream.encode(packed_frame))
        made.mux(stream.encode(None))
    rule = InputRule("audio", 1, 1, (mime,), 10**6)
    assert look(saved(tmp_path, sink.getvalue(), "song"), rule).mime == mime
