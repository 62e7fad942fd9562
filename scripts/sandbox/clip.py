"""Films in place of the vendor's: MP4 of exactly the pixels and seconds asked for, with sound where there is
sound. Needs the extra `video` (PyAV), which is imported only when a film is made."""

import array
import colorsys
import math
import os
import struct
import threading
from fractions import Fraction
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    import av

TICK = Fraction(1, 1000)  # seconds: lengths hold to the millisecond
FRAME_TICKS = 250  # between two frames of a short film, enough to see it move: every frame costs time
MOST_FRAMES = 48
RATE = 44_100  # sound samples a second
WAVE = 196  # samples of one wave of the tone: 225 Hz
BLOCK = 50 * WAVE  # samples handed over at once; whole waves, so that every block is the same
ONE_WAVE = array.array("h", [round(4000 * math.sin(2 * math.pi * at / WAVE)) for at in range(WAVE)])
TONE = (50 * ONE_WAVE).tobytes()  # a block
_rendering = threading.Lock()  # threads that want the same film wait for the first of them


class ClipsNeedAv(ImportError):
    """PyAV is not installed, so that no film can be made."""

    def __init__(self) -> None:
        super().__init__('films need PyAV: python -m pip install "av>=14"')


def clip(folder: Path, width: int, height: int, seconds: float, sound: bool) -> bytes:
    """An MP4 file (h264, and AAC where there is `sound`) of this many pixels and seconds.

    Rendered once and kept in `folder`, which several processes may share. Both sides must be even, as h264
    wants them. Raises ClipsNeedAv.
    """
    ticks = round(seconds / TICK)
    if width % 2 or height % 2 or min(width, height, ticks) < 1:
        raise ValueError(f"no film can have {width}x{height} pixels and {seconds} seconds")
    kept = folder / f"{width}x{height}-{ticks}ms{'-sound' if sound else ''}.mp4"
    with _rendering:
        if not kept.exists():
            _keep(kept, width, height, ticks, sound)
    return kept.read_bytes()


def marked(film: bytes, words: str) -> bytes:
    """The same film with words behind it, in a box that players pass over: films of the same size and length
    that are of different tasks can be told apart."""
    box = words.encode()
    return film + struct.pack(">I4s", 8 + len(box), b"free") + box


def _keep(kept: Path, width: int, height: int, ticks: int, sound: bool) -> None:
    """Render beside its place and move it there: other processes see the whole film or none."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    handle, half = mkstemp(dir=kept.parent, prefix="half-", suffix=".mp4")
    os.close(handle)
    try:
        _render(half, _first_frame(width, height, ticks, sound), ticks, sound)
        os.replace(half, kept)
    except BaseException:
        os.unlink(half)
        raise


def _first_frame(width: int, height: int, ticks: int, sound: bool) -> Image.Image:
    """What the film is, in words on a gradient whose colour tells sizes apart."""
    hue = (width * 7 + height * 3 + ticks / 1000) % 97 / 97
    dark, light = ([round(255 * part) for part in colorsys.hls_to_rgb(hue, at, 0.5)] for at in (0.25, 0.55))
    tall = Image.new("RGB", (1, 2))
    tall.putpixel((0, 0), (light[0], light[1], light[2]))
    tall.putpixel((0, 1), (dark[0], dark[1], dark[2]))
    picture = tall.resize((width, height), Image.Resampling.BILINEAR)
    unit = max(8, min(width, height) // 12)
    seconds = f"{ticks / 1000:g} s" + (", sound" if sound else "")
    draw = ImageDraw.Draw(picture)
    for line, words in enumerate(("SANDBOX", f"{width}x{height}", seconds)):
        draw.text((unit, unit * (1 + 1.6 * line)), words, font=ImageFont.load_default(unit), fill="white")
    return picture


def _render(place: str, picture: Image.Image, ticks: int, sound: bool) -> None:
    """Write the film of a first frame."""
    try:
        import av
    except ImportError as error:
        raise ClipsNeedAv from error
    width, height = picture.size
    with av.open(place, "w", format="mp4", options={"movflags": "faststart"}) as film:
        shown = film.add_stream("libx264", rate=1000 // FRAME_TICKS, options={"preset": "ultrafast"})
        shown.width, shown.height, shown.pix_fmt = width, height, "yuv420p"
        shown.time_base = shown.codec_context.time_base = TICK
        heard = film.add_stream("aac", rate=RATE, layout="mono", bit_rate=48_000) if sound else None
        film.mux(_pictures(shown, picture, ticks))
        if heard is not None:
            film.mux(_sounds(heard, ticks * RATE // 1000))


def _pictures(
    stream: "av.VideoStream", picture: Image.Image, ticks: int
) -> "list[av.Packet[av.VideoStream]]":
    """The picture again and again; over its lower edge a bar grows as time goes by."""
    import av

    draw = ImageDraw.Draw(picture)
    starts = list(range(0, ticks, max(FRAME_TICKS, math.ceil(ticks / MOST_FRAMES))))
    packets = []
    for start in starts:
        draw.rectangle(
            (0, picture.height * 23 // 24, picture.width * start // ticks, picture.height), "white"
        )
        frame = av.VideoFrame.from_image(picture).reformat(format="yuv420p")
        frame.pts, frame.time_base = start, TICK
        packets += stream.encode(frame)
    packets += stream.encode(None)
    for packet, start, end in zip(packets, starts, [*starts[1:], ticks], strict=True):
        packet.duration = end - start  # the last one would otherwise count for nothing
    return packets


def _sounds(stream: "av.AudioStream", samples: int) -> "list[av.Packet[av.AudioStream]]":
    """One tone from beginning to end."""
    import av

    packets = []
    for first in range(0, samples, BLOCK):
        frame = av.AudioFrame("s16", "mono", min(BLOCK, samples - first))
        frame.planes[0].update(TONE[: 2 * frame.samples])
        frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
        packets += stream.encode(frame)
    return packets + stream.encode(None)
