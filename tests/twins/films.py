"""What a film file really is."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av


@dataclass(frozen=True)
class Facts:
    """Of an MP4 file: its codecs, pixels, and seconds rounded to tenths."""

    codecs: tuple[str, ...]
    width: int
    height: int
    seconds: float


def facts(data: bytes) -> Facts:
    with av.open(io.BytesIO(data), format="mp4") as film:
        picture = film.streams.video[0].codec_context
        codecs = tuple(stream.codec_context.name for stream in film.streams)
        seconds = round((film.duration or 0) / av.time_base, 1)
        return Facts(codecs, picture.width, picture.height, seconds)
