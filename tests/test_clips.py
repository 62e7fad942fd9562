"""Clips and sounds: what they are by their bytes, and how long, where that can be measured."""

from __future__ import annotations

import importlib.util
import io
import struct
import wave
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import clip as sandbox_clip
from studio import catalogue, clips
from studio.clips import Facts


def box(name: bytes, data: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I4s", len(data) + 8 if size is None else size, name) + data


def large(name: bytes, data: bytes) -> bytes:
    """A box whose size stands in 64 bits."""
    return struct.pack(">I4sQ", 1, name, len(data) + 16) + data


FTYP, MOOV, MDAT = box(b"ftyp", b"isom\0\0\0\0"), box(b"moov", b"table"), box(b"mdat", b"frames")
WHOLE = FTYP + MOOV + MDAT


def kind(data: bytes) -> Any:
    return clips.clip(io.BytesIO(data))


@pytest.mark.parametrize(
    "data",
    [
        WHOLE,
        FTYP + MDAT + MOOV,
        FTYP + box(b"free") + MOOV + MDAT + box(b"free", b"marked"),
        FTYP + MOOV + large(b"mdat", b"frames"),
        FTYP + MOOV + box(b"mdat", b"to the end", size=0),
    ],
)
def test_a_whole_clip_is_one_in_whatever_order_its_boxes_stand(data: bytes) -> None:
    assert kind(data) == ("video/mp4", "mp4")


def test_a_clip_of_quicktime_is_told_apart() -> None:
    assert kind(box(b"ftyp", b"qt  \0\0\0\0") + MOOV + MDAT) == ("video/quicktime", "mov")


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_half_a_clip_is_none_wherever_it_was_cut(length: int) -> None:
    assert kind(WHOLE[:length]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>not found</html>",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        MOOV + MDAT + FTYP,
        FTYP + MOOV,
        FTYP + MDAT,
        WHOLE + b"tail",
        FTYP + box(b"moov", b"table", size=7) + MDAT,
        FTYP + MOOV + box(b"mdat", b"frames", size=2**31),
        FTYP + MOOV + struct.pack(">I4s", 1, b"mdat"),
        FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 15) + b"frames",
    ],
)
def test_what_is_no_clip_is_none(data: bytes) -> None:
    assert kind(data) is None


@settings(max_examples=200)
@given(st.binary(max_size=40), st.integers(0, len(WHOLE)))
def test_garbage_never_hangs_or_raises(garbage: bytes, at: int) -> None:
    assert kind(garbage) is None
    kind(WHOLE[:at] + garbage + WHOLE[at:])
    clips.sound(garbage)


def song(seconds: float = 0.5, rate: int = 8000) -> bytes:
    """A WAV file of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(1)
        made.setframerate(rate)
        made.writeframes(b"\x80" * int(seconds * rate))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (song(), "audio/wav"),
        (b"ID3\x04" + bytes(20), "audio/mpeg"),
        *((bytes([0xFF, second]) + bytes(20), "audio/mpeg") for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3)),
        *((bytes([0xFF, second]) + bytes(20), "audio/aac") for second in (0xF0, 0xF1, 0xF8, 0xF9)),
        (box(b"ftyp", b"M4A \0\0\0\0"), "audio/mp4"),
        (box(b"ftyp", b"mp42\0\0\0\0") + box(b"moov", b"hdlr" + bytes(8) + b"soun"), "audio/mp4"),
        (box(b"ftyp", b"mp42\0\0\0\0") + box(b"moov", b"hdlr" + bytes(8) + b"vide"), None),  # a film
        (box(b"ftyp", b"qt  \0\0\0\0"), None),
        (b"RIFF\0\0\0\0WEBPVP8 ", None),
        (b"RIFF", None),
        (b"OggS" + bytes(20), None),
        (b"\xff\xd8\xff\xe0" + bytes(20), None),  # a JPEG
        ("text".encode("utf-16"), None),
        (b"\xff", None),
        (b"", None),
        (b"<html>", None),
    ],
)
def test_a_sound_is_what_its_first_bytes_are(data: bytes, mime: str | None) -> None:
    assert clips.sound(data) == mime
    song = catalogue.task_types()["music_video"].rule("audio")
    assert song
    assert mime is None or mime in song.mime


def test_a_clip_and_a_sound_are_measured(tmp_path: Any) -> None:
    film = sandbox_clip.clip(tmp_path, 64, 48, 2.0, sound=True)
    assert kind(film) == ("video/mp4", "mp4")
    facts = clips.measure(io.BytesIO(film))
    assert facts
    assert (facts.width, facts.height, facts.sound) == (64, 48, True)
    assert facts.seconds == pytest.approx(2.0, abs=0.1)
    assert clips.sound(film) is None, "a film is no song"

    silent = clips.measure(io.BytesIO(sandbox_clip.clip(tmp_path, 64, 48, 1.0, sound=False)))
    assert silent
    assert silent.sound is False
    heard = clips.measure(io.BytesIO(song(1.5)))
    assert heard == Facts(seconds=1.5, sound=True)


def test_what_cannot_be_played_is_no_clip_although_it_looks_like_one() -> None:
    assert kind(WHOLE)
    assert clips.measure(io.BytesIO(WHOLE)) is None
    assert clips.measure(io.BytesIO(b"RIFF\0\0\0\0WAVE")) is None


def test_without_the_package_nothing_is_measured_and_nothing_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an option: a clip that was bought is saved all the same, its size and length are not known."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "av" else found(name))
    assert clips.can_measure() is False
    assert clips.measure(io.BytesIO(WHOLE)) == Facts(None, None, None, None)
    monkeypatch.undo()
    assert clips.can_measure() is True
