"""What is brought to a music video: pictures and one song, as links or as data URLs (contract mv.md)."""

import io
import math

from sandbox.clip import ClipsNeedAv
from sandbox.links import data_url, is_public_link, length_named, picture_in
from sandbox.shop import Refusal, Still, Till

LARGEST_BODY = 20 * 1024 * 1024  # bytes; the document has no limit, so Vidu's
LARGEST_PICTURE = 10 * 1024 * 1024  # bytes, decoded
LARGEST_SONG = 20 * 1024 * 1024
WIDEST = 4.0  # longer side by shorter side
SONG_S = (10.0, 300.0)
UNSEEN_SONG_S = 60.0  # a song behind a link is not fetched; where its name tells no length it has this one
PICTURES = ("png", "jpeg", "webp")


def check_picture(text: str, till: Till) -> None:
    """A public https link, a picture of this gateway's own, or a data URL. Raises Refusal."""
    if not text.startswith("data:"):
        ours = till.own_file(text)
        if ours is not None and not isinstance(ours, Still):
            raise Refusal("ImageFormatInvalid", "images must be png, jpeg or webp")
        if ours is None and not is_public_link(text):
            raise Refusal("ImageDownloadFailure", "images must be public https links or data URLs")
        return
    data = _decoded(text, "image", "ImageFormatInvalid")
    if len(data) > LARGEST_PICTURE:
        raise Refusal("PageSizeOutOfRange", "an image must not be larger than 10 MB")
    seen = picture_in(data)
    if seen is None or seen.format not in PICTURES:
        raise Refusal("ImageFormatInvalid", "images must be png, jpeg or webp")
    if max(seen.width, seen.height) > WIDEST * min(seen.width, seen.height):
        raise Refusal("PageSizeOutOfRange", "the sides of an image must be between 1:4 and 4:1")


def song_seconds(text: str) -> float:
    """How long the song is. Raises Refusal for what is no song, and for one that is too short or too long."""
    if text.startswith("data:"):
        data = _decoded(text, "audio", "FieldInvalid")
        if len(data) > LARGEST_SONG:
            raise Refusal("FieldInvalid", "audio_url must not be larger than 20 MB")
        seconds = _length(data)
    elif is_public_link(text):
        told = length_named(text)
        seconds = UNSEEN_SONG_S if told is None else told
    else:
        raise Refusal("FieldInvalid", "audio_url must be a public https link or a data URL")
    if not SONG_S[0] <= round(seconds, 1) <= SONG_S[1]:
        raise Refusal("FieldInvalid", f"audio_url must last 10 to 300 seconds, not {seconds:.1f}")
    return round(seconds, 3)


def _decoded(text: str, kind: str, reason: str) -> bytes:
    """The bytes of a data URL of this kind, whose prefix must be there. Raises Refusal."""
    found = data_url(text)
    if found is None or not found[0].startswith(f"{kind}/"):
        raise Refusal(reason, f"an inline file is data:{kind}/...;base64, and its bytes in base64")
    return found[1]


def _length(data: bytes) -> float:
    """Seconds of a song, its packets counted: what the head of a file says may be a guess. Raises Refusal."""
    try:
        import av
    except ImportError as error:
        raise ClipsNeedAv from error
    unreadable = Refusal("FieldInvalid", "audio_url must be mp3, wav, aac or m4a")
    form = _form(data)
    if form is None:
        raise unreadable
    try:  # the form is told, so that no list of other files is read as a song
        with av.open(io.BytesIO(data), format=form) as song:
            if len(song.streams.audio) != 1 or any(not part.disposition for part in song.streams.video):
                raise unreadable
            base = song.streams.audio[0].time_base or math.nan
            seconds = float(sum(packet.duration or 0 for packet in song.demux(audio=0)) * base)
    except av.FFmpegError as error:
        raise unreadable from error
    if not seconds > 0:
        raise unreadable
    return seconds


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
