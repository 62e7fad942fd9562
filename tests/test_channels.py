"""A result fits the chat it goes to: a smaller copy beside the original, or the link alone."""

from __future__ import annotations

import errno
import io
import os
import random
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from parts import picture
from studio import arguments, captions, catalogue, channels, commands, media, pictures
from studio.errors import UsageError
from studio.types import Enclosure, Saved

CHATS = (None, *commands.CHANNELS)
MB = 1_000_000
WITH = ("make", "start", "quote", "again", "wait", "show", "fetch", "reconcile", "edit", "compose")
STEM = "20260101-k3f9q2xa-1"


def noise(mode: str = "RGB", size: tuple[int, int] = (120, 80)) -> Image.Image:
    """What no format can pack."""
    bands = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "I;16": 2}[mode]
    return Image.frombytes(mode, size, random.Random(7).randbytes(size[0] * size[1] * bands))


def packed(image: Image.Image, format: str = "PNG", **settings: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **settings)
    return file.getvalue()


def saved(folder: Path, data: bytes, name: str = f"{STEM}.png") -> Saved:
    """A file as `media.save` leaves and measures it."""
    path = folder / name
    path.write_bytes(data)
    with Image.open(path) as image:
        mime, (width, height) = Image.MIME[image.format or ""], image.size
    return Saved("image", str(path), "https://cdn.example.com/1", mime, len(data), "", width, height)


def small(monkeypatch: pytest.MonkeyPatch, **bounds: int) -> media.Budget:
    """Every chat takes only so much."""
    held = replace(channels.budget("feishu"), **bounds)
    monkeypatch.setattr(channels, "budget", lambda channel: held)
    return held


def opened(made: Enclosure) -> Image.Image:
    assert made.path
    image: Image.Image = Image.open(io.BytesIO(Path(made.path).read_bytes()))
    image.load()
    return image


def test_each_channel_has_its_budget_and_options_offer_just_these() -> None:
    rows = catalogue.load("channels.json")

    assert tuple(rows) == commands.CHANNELS
    assert all(row["source"] for row in rows.values())
    assert {channels.budget(name).caption_units for name in CHATS} == {captions.UNITS}
    for channel in rows:
        held = channels.budget(channel)
        assert {**rows[channel], "source": ""} == {
            **{name: value for name, value in vars(held).items() if value is not None},
            "source": "",
        }


def test_without_a_channel_the_least_of_all_is_taken() -> None:
    assert channels.budget(None) == media.Budget(
        image_bytes=10 * MB, file_bytes=10 * MB, caption_units=900, sides_sum=10_000, ratio=20
    )


@given(st.integers(0, 20 * MB), st.integers(1, 12_000), st.integers(1, 12_000))
def test_what_is_taken_without_a_channel_is_taken_by_every_one(size: int, width: int, height: int) -> None:
    each = [channels.budget(name).takes(size, width, height) for name in commands.CHANNELS]
    assert channels.budget(None).takes(size, width, height) == all(each)


@pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.name)
def test_the_commands_whose_messages_can_hold_a_file_know_the_channel(command: commands.Command) -> None:
    words = [command.name, *("k3f9q2xa" for _ in command.words), *command.choices[:1]]
    if command.name in WITH:
        assert [arguments.parse([*words, "--channel", name]).channel for name in commands.CHANNELS] == [
            *commands.CHANNELS
        ]
        assert arguments.parse(words).channel is None
        with pytest.raises(UsageError, match="channel"):
            arguments.parse([*words, "--channel", "pigeon"])
    else:
        with pytest.raises(UsageError, match="channel"):
            arguments.parse([*words, "--channel", "feishu"])


@pytest.mark.parametrize("channel", CHATS)
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_picture_within_the_budget_goes_as_it_is(tmp_path: Path, channel: str | None, format: str) -> None:
    file = saved(tmp_path, picture(format))

    assert channels.fit(file, channel) == Enclosure(file.path, None)
    assert len([*tmp_path.iterdir()]) == 1


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("channel", CHATS)
def test_the_last_byte_that_is_taken_is_taken_whole(tmp_path: Path, channel: str | None, over: int) -> None:
    data = picture()
    file = saved(tmp_path, data + b"\0" * (10 * MB - len(data) + over))  # readers stop at a PNG's end
    made = channels.fit(file, channel)

    assert (made.path == file.path) == (not over)
    assert made.note == ("smaller" if over else None)


@pytest.mark.parametrize("channel", CHATS)
def test_a_picture_that_is_too_large_goes_as_a_copy_beside_it(tmp_path: Path, channel: str | None) -> None:
    folder = tmp_path / "图片 与 视频"
    folder.mkdir()
    data = packed(noise(size=(2200, 2200)), compress_level=1)
    assert len(data) > 10 * MB
    file = saved(folder, data)
    made = channels.fit(file, channel)

    assert made == Enclosure(str(folder / f"{STEM}-small.jpg"), "smaller")
    copy = opened(made)
    assert (copy.format, copy.size) == ("JPEG", (2200, 2200))
    assert Path(made.path or "").stat().st_size <= 10 * MB
    assert Path(made.path or "").name.isascii()
    assert Path(file.path).read_bytes() == data
    assert sorted(path.name for path in folder.iterdir()) == [f"{STEM}-small.jpg", f"{STEM}.png"]


def test_quality_goes_down_before_the_sides_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = noise(size=(400, 300))
    file = saved(tmp_path, packed(image))
    sizes = {quality: len(packed(image, "JPEG", quality=quality)) for quality in pictures.QUALITIES}
    assert list(sizes) == [90, 80, 70]
    for quality, size in sizes.items():
        with monkeypatch.context() as patched:
            small(patched, image_bytes=size)
            made = channels.fit(file, None)
        assert opened(made).size == (400, 300)
        assert Path(made.path or "").stat().st_size == size, quality

    small(monkeypatch, image_bytes=sizes[70] - 1)
    width, height = opened(channels.fit(file, None)).size
    assert 400 * 0.8 <= width < 400
    assert abs(width / height - 4 / 3) < 0.02


def average(image: Image.Image) -> tuple[int, ...]:
    """Of each band."""
    return tuple(image.resize((1, 1), Image.Resampling.BOX).tobytes())


def test_what_shows_through_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = noise("RGBA")
    file = saved(tmp_path, packed(image))
    held = small(monkeypatch, image_bytes=12_000)
    made = channels.fit(file, None)

    assert made == Enclosure(str(tmp_path / f"{STEM}-small.png"), "smaller")
    copy = opened(made)
    assert (copy.format, copy.mode) == ("PNG", "RGBA")
    assert copy.width < 120
    assert Path(made.path or "").stat().st_size <= held.image_bytes
    assert copy.getchannel("A").getextrema() != (255, 255)


@pytest.mark.parametrize("mode", ["LA", "P"])
def test_other_ways_to_show_through_are_kept_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    data = packed(noise("LA")) if mode == "LA" else packed(noise("L").convert("P"), transparency=3)
    small(monkeypatch, image_bytes=len(data) - 2000)
    copy = opened(channels.fit(saved(tmp_path, data), None))

    assert (copy.format, copy.mode) == ("PNG", "RGBA")
    assert copy.getchannel("A").getextrema()[0] != 255


def test_a_picture_that_only_could_show_something_through_is_a_jpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = noise("RGB").convert("RGBA")
    small(monkeypatch, image_bytes=20_000)

    assert opened(channels.fit(saved(tmp_path, packed(image)), None)).format == "JPEG"


@pytest.mark.parametrize("level", [20, 128, 240])
def test_sixteen_bits_of_grey_become_the_same_grey(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: int
) -> None:
    deep = Image.new("I;16", (200, 100), level * 257)
    small(monkeypatch, sides_sum=150)
    copy = opened(channels.fit(saved(tmp_path, packed(deep)), None))

    assert copy.size == (100, 50)
    assert average(copy) == pytest.approx((level,), abs=2)


def test_a_picture_for_print_becomes_one_for_screens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ink = Image.new("CMYK", (200, 100), (0, 255, 255, 0))
    small(monkeypatch, sides_sum=150)
    copy = opened(channels.fit(saved(tmp_path, packed(ink, "JPEG"), f"{STEM}.jpg"), None))

    assert copy.mode == "RGB"
    assert average(copy) == pytest.approx((255, 0, 0), abs=6)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{STEM}-small.jpg", f"{STEM}.jpg"]


def test_a_copy_is_upright_keeps_its_colours_and_tells_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = Image.Exif()
    about[0x0112] = 6  # to be turned by a quarter
    about[0x010F] = "a camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = packed(noise(), "JPEG", exif=about, icc_profile=profile, comment=b"a note", quality=95)
    small(monkeypatch, sides_sum=100)
    copy = opened(channels.fit(saved(tmp_path, data, f"{STEM}.jpg"), None))

    assert copy.size == (40, 60)
    assert copy.info["icc_profile"] == profile
    assert dict(copy.getexif()) == {}
    assert "comment" not in copy.info


@pytest.mark.parametrize("format", ["WEBP", "PNG", "GIF"])
def test_of_an_animation_no_still_is_sent_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    frames = [Image.new("RGB", (200, 100), colour) for colour in ("red", "green", "blue")]
    data = packed(frames[0], format, save_all=True, append_images=frames[1:], duration=100)
    file = saved(tmp_path, data, f"{STEM}.{format.lower()}")
    assert channels.fit(file, None) == Enclosure(file.path, None)

    small(monkeypatch, sides_sum=150)
    assert channels.fit(file, None) == Enclosure(None, "too_large")
    assert len([*tmp_path.iterdir()]) == 1


@pytest.mark.parametrize("size", [(6000, 200), (200, 6000), (2100, 100), (9000, 30), (40, 20_000)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_panorama_that_is_too_narrow_gets_margins(tmp_path: Path, size: tuple[int, int], mode: str) -> None:
    colour = (200, 40, 40, 128)[: len(mode)]
    file = saved(tmp_path, packed(Image.new(mode, size, colour)))
    assert channels.fit(file, "feishu") == Enclosure(file.path, None)
    made = channels.fit(file, "telegram")

    assert made.note == "smaller"
    copy = opened(made)
    assert channels.budget("telegram").takes(0, *copy.size)
    assert max(copy.size) == min(max(size), int(10_000 / 1.05))
    middle = copy.getpixel((copy.width // 2, copy.height // 2))
    assert isinstance(middle, tuple)
    assert middle == pytest.approx(colour, abs=4)
    edge = copy.getpixel((0, 0))
    assert isinstance(edge, tuple)
    assert edge == ((0, 0, 0, 0) if mode == "RGBA" else pytest.approx((255, 255, 255), abs=4))


@pytest.mark.parametrize(
    ("size", "shown"),
    [((5000, 5000), True), ((5001, 5000), False), ((4000, 200), True), ((4001, 200), False)],
)
def test_the_sides_that_telegram_takes_are_taken_as_they_are(
    tmp_path: Path, size: tuple[int, int], shown: bool
) -> None:
    file = saved(tmp_path, packed(Image.new("1", size)))

    assert (channels.fit(file, "telegram").path == file.path) == shown
    assert channels.fit(file, "discord").path == file.path


@pytest.mark.parametrize("seed", range(12))
def test_every_copy_fits_what_it_was_made_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    size = (chance.randint(1, 300), chance.randint(1, 300))
    file = saved(tmp_path, packed(noise(chance.choice(["L", "LA", "RGB", "RGBA"]), size)))
    held = small(
        monkeypatch,
        image_bytes=chance.randint(1_500, 30_000),
        sides_sum=chance.randint(40, 400),
        ratio=chance.randint(1, 8),
    )
    made = channels.fit(file, None)

    assert made.path
    assert held.takes(Path(made.path).stat().st_size, *opened(made).size)


def test_the_same_copy_is_made_once_and_a_file_of_that_name_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(tmp_path, packed(noise()))
    theirs = tmp_path / f"{STEM}-small.jpg"
    theirs.write_bytes(picture("JPEG"))
    small(monkeypatch, sides_sum=150)
    first = channels.fit(file, None)
    before = os.stat(first.path or "")
    again = channels.fit(file, None)

    assert first == again == Enclosure(str(tmp_path / f"{STEM}-small-2.jpg"), "smaller")
    assert os.stat(first.path or "") == before
    assert theirs.read_bytes() == picture("JPEG")

    small(monkeypatch, sides_sum=100)  # another chat: the copy for the first one is no copy for it
    assert channels.fit(file, None).path == str(tmp_path / f"{STEM}-small-3.jpg")
    assert os.stat(first.path or "") == before
    assert len([*tmp_path.iterdir()]) == 4


@pytest.mark.parametrize("problem", [OSError(errno.ENOSPC, "full"), OSError(errno.EACCES, "not yours")])
def test_without_room_for_a_copy_the_link_has_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: OSError
) -> None:
    def fail(number: int) -> None:
        raise problem

    file = saved(tmp_path, packed(noise()))
    small(monkeypatch, sides_sum=150)
    monkeypatch.setattr(os, "fsync", fail)

    assert channels.fit(file, None) == Enclosure(None, "too_large")
    assert [*tmp_path.iterdir()] == [Path(file.path)]


def test_an_interrupted_copy_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(number: int) -> None:
        raise KeyboardInterrupt

    file = saved(tmp_path, packed(noise()))
    small(monkeypatch, sides_sum=150)
    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        channels.fit(file, None)

    assert [*tmp_path.iterdir()] == [Path(file.path)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>" * 100, id="a page"),
        pytest.param(packed(noise())[:-3000], id="half a picture"),
    ],
)
def test_what_is_no_whole_picture_and_too_large_has_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    file = saved(tmp_path, packed(noise()))
    small(monkeypatch, sides_sum=150)
    Path(file.path).write_bytes(content)

    assert channels.fit(file, None) == Enclosure(None, "too_large")
    assert len([*tmp_path.iterdir()]) == 1


def test_a_budget_below_any_picture_ends_with_the_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, image_bytes=20)
    assert channels.fit(saved(tmp_path, packed(noise())), None) == Enclosure(None, "too_large")


def test_a_picture_that_would_burst_the_memory_is_not_unpacked(tmp_path: Path) -> None:
    side = 10_001  # pixels; one bit each

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(b"\0" * (side * (1 + (side + 7) // 8)))
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    signature = bytes((137, 80, 78, 71, 13, 10, 26, 10))
    bomb = signature + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    path = tmp_path / f"{STEM}.png"
    path.write_bytes(bomb)
    file = Saved("image", str(path), "https://cdn.example.com/1", "image/png", len(bomb), "", side, side)

    assert channels.fit(file, "telegram") == Enclosure(None, "too_large")


@pytest.mark.parametrize("channel", CHATS)
def test_another_file_goes_whole_or_not_at_all(tmp_path: Path, channel: str | None) -> None:
    path = tmp_path / f"{STEM}.mp4"
    file = Saved("video", str(path), "https://cdn.example.com/1", "video/mp4", 1, "", 20_000, 10)
    bound = {"feishu": 30, "discord": 10, "telegram": 50, None: 10}[channel] * MB
    for size, made in ((bound, Enclosure(str(path))), (bound + 1, Enclosure(None, "too_large"))):
        with path.open("wb") as sink:
            sink.truncate(size)
        assert channels.fit(file, channel) == made


@pytest.mark.parametrize("instead", ["nothing", "a folder", "a pipe"])
@pytest.mark.parametrize("mime", ["image/png", "video/mp4"])
def test_of_a_file_that_is_gone_nothing_else_is_said(tmp_path: Path, instead: str, mime: str) -> None:
    path = tmp_path / f"{STEM}.png"
    if instead == "a folder":
        path.mkdir()
    if instead == "a pipe":
        os.mkfifo(path)
    file = Saved("image", str(path), "https://cdn.example.com/1", mime, 99 * MB, "", 20_000, 10)

    assert channels.fit(file, None) == Enclosure(str(path), None)
