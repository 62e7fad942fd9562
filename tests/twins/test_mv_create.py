"""What the twin of One-click MV takes and refuses when a music video is asked for, and what it charges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.clip import clip
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import KEY, bare, inline, png
from twins.mv_printed import BASE
from twins.mv_vendor import (
    A_JOB,
    PICTURE,
    Mv,
    made_of,
    newest,
    picture_url,
    refused,
    shots,
    song,
    song_url,
)


@pytest.fixture
def mv(clock: Clock) -> Iterator[Mv]:
    with Sandbox(clock=clock) as sandbox:
        yield Mv(sandbox, clock)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"images": None}, "FieldLacking"),
        ({"audio_url": None}, "FieldLacking"),
        ({"images": []}, "FieldItemCountOutOfRange"),
        ({"images": [PICTURE] * 8}, "FieldItemCountOutOfRange"),
        ({"images": PICTURE}, "FieldInvalid"),
        ({"images": [7]}, "FieldInvalid"),
        ({"images": ["http://example.com/face.png"]}, "ImageDownloadFailure"),
        ({"images": ["https://localhost/face.png"]}, "ImageDownloadFailure"),
        ({"images": ["https://192.168.0.1/face.png"]}, "ImageDownloadFailure"),
        ({"images": ["face.png"]}, "ImageDownloadFailure"),
        ({"audio_url": "http://example.com/song.mp3"}, "FieldInvalid"),
        ({"audio_url": "https://127.0.0.1/song.mp3"}, "FieldInvalid"),
        ({"audio_url": "song.mp3"}, "FieldInvalid"),
        ({"audio_url": "https://example.com/song.ogg"}, "FieldInvalid"),
        ({"images": ["https://example.com/face.gif"]}, "ImageFormatInvalid"),
        ({"audio_url": "https://example.com/song-9s.mp3"}, "FieldInvalid"),
        ({"audio_url": "https://example.com/song-301s.mp3"}, "FieldInvalid"),
        ({"prompt": "x" * 3001}, "FieldInvalid"),
        ({"prompt": 7}, "FieldInvalid"),
        ({"aspect_ratio": "21:9"}, "FieldInvalid"),
        ({"resolution": "360p"}, "FieldInvalid"),
        ({"resolution": "720P"}, "FieldInvalid"),
        ({"add_subtitle": "true"}, "FieldInvalid"),
        ({"srt_url": "song.srt"}, "FieldInvalid"),
        ({"language": "fr"}, "FieldInvalid"),
        ({"callback_url": "example.com"}, "FieldInvalid"),
        ({"lip_sync": 1}, "FieldInvalid"),
        ({"lip_sync": True, "resolution": "540p"}, "FieldInvalid"),
        ({"duration": "15"}, "FieldInvalid"),
        ({"image": PICTURE}, "FieldUnwanted"),
        ({"model": "viduq3-pro"}, "FieldUnwanted"),
        ({"lip_ref_url": PICTURE}, "FieldUnwanted"),  # only the official API has it
    ],
)
def test_what_the_document_does_not_allow_is_refused_and_buys_nothing(
    mv: Mv, changed: dict[str, Any], reason: str
) -> None:
    assert refused(mv.create(**changed)) == (400, reason)

    stats = mv.stats()
    assert (stats["accepted"], stats["tasks"], stats["points_charged"]) == (0, [], 0)
    assert (stats["refused"], stats["violations"]) == ({reason: 1}, [])


@pytest.mark.parametrize(
    "changed",
    [
        {"images": [PICTURE] * 7},
        {"prompt": None},
        {"prompt": "x" * 3000},
        {"add_subtitle": True, "srt_url": "https://example.com/song.srt"},
        {"language": "zh"},
        {"callback_url": "https://example.com/told"},
        {"lip_sync": True, "resolution": "720p"},
        {"lip_sync": False, "resolution": "540p"},
        {"audio_url": "https://example.com/song-10s.mp3"},
        {"audio_url": "https://example.com/song-300s.mp3"},
    ],
)
def test_what_it_allows_is_taken(mv: Mv, changed: dict[str, Any]) -> None:
    assert mv.create(**changed).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": f"Bearer {KEY}"}, 401),
        ({"Authorization": KEY}, 401),
        ({"Authorization": "Token "}, 401),
        ({"Authorization": "Token sk_example_placeholder"}, 401),
        ({"Content_Type": "text/plain"}, 400),
    ],
)
def test_a_wrong_header_is_refused_on_every_route(mv: Mv, headers: dict[str, str], status: int) -> None:
    id = mv.finished()
    jobs = newest(mv.query(id))
    sent: list[tuple[str, str, Any]] = [
        ("POST", BASE, made_of()),
        ("POST", f"{BASE}/{id}/edit", {"job_id": jobs[0], "prompt": "x"}),
        ("POST", f"{BASE}/{id}/compose", {"job_ids": jobs}),
    ]
    if status == 401:
        sent.append(("GET", f"{BASE}/{id}", None))

    assert [refused(mv.send(*one, **headers))[0] for one in sent] == [status] * len(sent)
    assert mv.stats()["accepted"] == 1


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_pictures_travel_inline(mv: Mv, kind: str) -> None:
    id = mv.made(images=[picture_url(kind=kind), PICTURE, picture_url(400, 100, kind)])

    assert mv.query(id)["state"] == "created"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (picture_url(kind="gif"), "ImageFormatInvalid"),
        (inline(png(format="bmp")), "ImageFormatInvalid"),
        (inline(png(), "image/jpeg"), "ImageFormatInvalid"),
        ("data:image/png;base64,aGVsbG8=", "ImageFormatInvalid"),
        ("data:image/png;base64,", "ImageFormatInvalid"),
        ("data:image/png," + bare(png()), "ImageFormatInvalid"),
        (inline(png(), "audio/mpeg"), "ImageFormatInvalid"),
        (picture_url()[:-40], "ImageFormatInvalid"),
        (bare(png()), "ImageDownloadFailure"),  # bare base64 is no link either
        (picture_url(401, 100), "PageSizeOutOfRange"),
        (picture_url(100, 401), "PageSizeOutOfRange"),
    ],
)
def test_an_inline_picture_that_is_none_is_refused(mv: Mv, url: str, reason: str) -> None:
    assert refused(mv.create(images=[PICTURE, url])) == (400, reason)


def test_an_inline_picture_of_more_than_10_mb_is_refused(mv: Mv) -> None:
    padded = png(format="jpeg") + bytes(10 * 1024 * 1024)

    assert refused(mv.create(images=[inline(padded, "image/jpeg")])) == (400, "PageSizeOutOfRange")


@pytest.mark.parametrize("kind", ["wav", "mp3", "aac", "m4a"])
@pytest.mark.parametrize(("seconds", "count"), [(12.0, 1), (52.0, 5)])
def test_a_song_travels_inline_and_its_length_is_measured(
    mv: Mv, kind: str, seconds: float, count: int
) -> None:
    id = mv.finished(audio_url=song_url(kind, seconds))
    answer = mv.query(id)

    assert len(shots(answer)) == count
    lengths = [record["jobs"][0]["mv_generate_video_input"]["duration"] for record in shots(answer)]
    assert sum(lengths) == seconds
    [task] = mv.stats()["tasks"]
    assert seconds * 10 <= task["points"] <= (seconds + 0.2) * 10  # encoders add a little silence


@pytest.mark.parametrize(
    ("kind", "seconds", "prefix"),
    [
        ("wav", 9.0, "data:audio/wav;base64,"),
        ("wav", 301.0, "data:audio/wav;base64,"),
        ("wav", 12.0, "data:video/mp4;base64,"),
        ("wav", 12.0, "data:audio/wav,"),
        ("wav", 12.0, ""),
    ],
)
def test_a_song_too_short_too_long_or_not_announced_is_refused(
    mv: Mv, kind: str, seconds: float, prefix: str
) -> None:
    assert refused(mv.create(audio_url=song_url(kind, seconds, prefix))) == (400, "FieldInvalid")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"ID3" + bytes(400),
        b"\xff\xfb" + bytes(400),
        b"\xff\xf1" + bytes(400),
        b"RIFF\0\0\0\0WAVE" + bytes(400),
        b"\0\0\0\x18ftypM4A " + bytes(400),
        b"#EXTM3U\n#EXTINF:20,\nfile:///etc/passwd\n",
        b"OggS" + bytes(400),
        song("m4a", 12.0)[:200],
    ],
)
def test_bytes_that_are_no_song_are_refused(mv: Mv, data: bytes) -> None:
    assert refused(mv.create(audio_url=inline(data, "audio/mpeg"))) == (400, "FieldInvalid")
    assert mv.stats()["violations"] == []


def test_a_film_is_no_song(mv: Mv, tmp_path: Path) -> None:
    film = inline(clip(tmp_path, 64, 36, 12, True), "audio/mp4")

    assert refused(mv.create(audio_url=film)) == (400, "FieldInvalid")


def test_the_picture_of_an_album_does_not_make_it_a_film(mv: Mv) -> None:
    cover = b"\0image/png\0\3\0" + png(32, 32)
    frame = b"APIC" + len(cover).to_bytes(4, "big") + b"\0\0" + cover
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    untagged = song("mp3", 12.0)
    tagged = b"ID3\3\0\0" + size + frame + untagged[untagged.index(b"\xff") :]

    assert mv.create(audio_url=inline(tagged, "audio/mpeg")).status_code == 200


def test_a_film_of_the_twins_own_is_no_song_and_no_picture(mv: Mv) -> None:
    url = mv.query(mv.finished())["signed_url"]

    assert refused(mv.create(audio_url=url)) == (400, "FieldInvalid")
    assert refused(mv.create(images=[url])) == (400, "ImageFormatInvalid")


def test_a_body_of_more_than_20_mb_is_refused(mv: Mv) -> None:
    assert refused(mv.create(prompt="x" * (20 * 1024 * 1024))) == (400, "BadRequest")


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', '{"images": NaN}'])
def test_a_body_that_is_no_object_is_refused(mv: Mv, body: str) -> None:
    for path in (BASE, f"{BASE}/1/edit", f"{BASE}/1/compose"):
        sent = mv.http.post(
            mv.urls["api"] + path,
            data=body,
            headers={"Authorization": f"Token {KEY}", "Content-Type": "application/json"},
            timeout=5,
        )
        assert refused(sent) == (400, "BadRequest")


def test_the_price_goes_by_the_song_and_lip_sync_costs_four_a_second_more(mv: Mv) -> None:
    mv.made()
    mv.made(lip_sync=True)
    mv.made(audio_url="https://example.com/song-100s.mp3", lip_sync=True)

    tasks = mv.stats()["tasks"]
    assert [(task["task_type"], task["model_id"]) for task in tasks] == [("music_video", "one-click-mv")] * 3
    assert [task["points"] for task in tasks] == [600, 600 + 4 * 60, 1000 + 4 * 100]
    assert mv.stats()["points_charged"] == 600 + 840 + 1400
    assert mv.stats()["balance"] == {KEY[-4:]: 100_000 - 2840}


def test_who_has_too_little_gets_nothing(mv: Mv) -> None:
    id = mv.finished()
    job = newest(mv.query(id))[0]
    mv.control("account", {"key": KEY, "points": 100}).raise_for_status()
    assert mv.edit(id, job).status_code == 200  # ten seconds, 100 credits
    mv.clock.now += A_JOB

    assert refused(mv.edit(id, job)) == (400, "CreditInsufficient")
    assert refused(mv.compose(id, *newest(mv.query(id)))) == (400, "CreditInsufficient")
    assert refused(mv.create()) == (400, "CreditInsufficient")
    assert len(mv.stats()["tasks"]) == 2


def test_inline_files_are_not_kept(mv: Mv) -> None:
    mv.made(images=[picture_url()], audio_url=song_url("wav", 12.0))

    [task] = mv.stats()["tasks"]
    assert task["body"]["prompt"] == made_of()["prompt"]
    assert len(task["body"]["audio_url"]) < 200
    assert task["body"]["audio_url"].startswith("data:audio/mpeg;base64,")
