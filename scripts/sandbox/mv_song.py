"""The song of a music video, as a link or as a data URL (contract mv.md). Pictures: vidu_images."""

import io
import math
from typing import TYPE_CHECKING

from sandbox.clip import ClipsNeedAv
from sandbox.links import data_url, is_public_link, length_named, suffix
from sandbox.shop import Refusal

if TYPE_CHECKING:
    import av

SONG_S = (10.0, 300.0)
UNSEEN_SONG_S = 60.0  # a song behind a link is not fetched; where its name tells no length it has this one
SUFFIXES = ("", ".mp3", ".wav", ".aac", ".m4a")
WRONG = "audio_url must be mp3, wav, aac or m4a"


def song_seconds(text: str) -> float:
    """How long the song is. Raises Refusal for what is no song, and for one that is too short or too long."""
    if text.startswith("data:"):
        read = data_url(text)
        if read is None or not read[0].startswith("audio/"):
            raise Refusal("FieldInvalid", "audio_url: not a data URL of audio in base64")
        seconds = _length(read[1])
    elif is_public_link(text):
        if suffix(text) not in SUFFIXES:
            raise Refusal("FieldInvalid", WRONG)
        told = length_named(text)
        seconds = UNSEEN_SONG_S if told is None else told
    else:
        raise Refusal("FieldInvalid", "audio_url must be a public https link or a data URL")
    if not SONG_S[0] <= round(seconds, 1) <= SONG_S[1]:
        raise Refusal("FieldInvalid", f"audio_url must last 10 to 300 seconds, not {seconds:.1f}")
    return round(seconds, 3)


def _length(data: bytes) -> float:
    """Seconds of a song, its packets counted: what the head of a file says may be a guess. Raises Refusal."""
    try:
        import av
    except ImportError as error:
        raise ClipsNeedAv from error
    unreadable = Refusal("FieldInvalid", WRONG)
    form = _form(data)
    if form is None:
        raise unreadable
    try:  # the form is told, so that no list of other files is read as a song
        with av.open(io.BytesIO(data), format=form) as song:
            if len(song.streams.audio) != 1 or not all(map(_is_cover, song.streams.video)):
                raise unreadable
            base = song.streams.audio[0].time_base or math.nan
            seconds = float(sum(packet.duration or 0 for packet in song.demux(audio=0)) * base)
    except av.FFmpegError as error:
        raise unreadable from error
    if not seconds > 0:
        raise unreadable
    return seconds


def _is_cover(stream: "av.VideoStream") -> bool:
    """The picture of an album is no film."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _form(data: bytes) -> str | None:
    """What a song is by its first bytes, in PyAV's words."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[4:8] == b"ftyp":
        return "mov"
    if len(data) < 2 or (data[:3] != b"ID3" and data[0] != 0xFF):
        return None
    if data[:3] == b"ID3" or data[1] & 0xE6 == 0xE2:  # layer III
        return "mp3"
    return "aac" if data[1] & 0xF6 == 0xF0 else None
