"""A picture that does not fit, from the refusal over the person's yes to the copy that leaves."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from parts import picture
from studio.errors import fit_for
from support import Vendor
from test_commands import creates
from test_from_job import uploaded
from test_inputs import TYPES, look, refused, saved
from test_metadata import PRIVATE, with_exif

USER = ("--user-id", "u1", "--idempotency-key", "message-1")


def press() -> bytes:
    sink = io.BytesIO()
    Image.new("CMYK", (640, 480), (0, 200, 200, 0)).save(sink, "JPEG")
    return sink.getvalue()


@pytest.mark.parametrize(
    ("prompt", "asks", "tells"),
    [
        ("warmer light", "Shall I make such a copy", "What I send is a copy: JPEG in place of CMYK."),
        ("光线更暖一些", "要我先做一个这样的副本", "送去制作的是副本：CMYK 转成了 JPEG。"),
    ],
)
def test_a_copy_that_fits_is_offered_and_sent_after_a_yes(
    vendor: Vendor, tmp_path: Path, prompt: str, asks: str, tells: str
) -> None:
    file = saved(tmp_path, "print.jpg", press())
    speed = ("--speed", str(vendor.speed))
    first = vendor.run("start", *speed, "--prompt", prompt, "--input-images", file, *USER)
    assert (first.code, first.error["kind"], first.error["charged"]) == (2, "bad_input_file", "no")
    assert asks in first.document["send"][0]["message"]
    assert first.document["done"]
    assert "--fit convert" in " ".join(first.document["next"])
    assert sum(vendor.stats["requests"].values()) == 0

    bought = vendor.carry_on(first.document)
    assert (bought.code, creates(vendor)) == (0, 1), bought.stdout
    assert tells in bought.document["send"][0]["message"]
    (sent,) = bought.document["inputs"]
    assert [row["what"] for row in sent["changed"]] == ["converted"]
    ended = vendor.finish(bought.document)
    assert ended.document["inputs"][0]["bytes"] == sent["bytes"] > 1000
    assert tells not in ended.document["send"][0]["message"], "it was told before"
    assert ended.document["requested"]["fit"] == ["convert"]
    (bytes_sent,) = uploaded(vendor)
    assert Image.open(io.BytesIO(bytes_sent)).mode == "RGB"
    assert Path(file).read_bytes() == press()


def test_who_waits_to_the_end_is_told_with_the_result(vendor: Vendor, tmp_path: Path) -> None:
    made = vendor.make("--input-images", saved(tmp_path, "print.jpg", press()), "--fit", "convert")
    (message,) = (item["message"] for item in made.document["send"])
    assert message.count("What I send is a copy: JPEG in place of CMYK.") == 1


def test_of_several_pictures_it_is_said_which_does_not_fit(vendor: Vendor, tmp_path: Path) -> None:
    good, bad = saved(tmp_path, "a.png", with_exif("PNG")), saved(tmp_path, "b.jpg", press())
    made = vendor.make("--input-images", good, bad)
    assert "Picture 2 cannot be used as it is" in made.document["send"][0]["message"]
    assert bad in made.error["message"]


def test_again_sends_the_same_copy_and_keeps_what_was_to_be_kept(vendor: Vendor, tmp_path: Path) -> None:
    file = saved(tmp_path, "photo.jpg", with_exif("JPEG"))
    first = vendor.make("--input-images", file, "--fit", "convert", "shrink", "--keep-metadata", "--receipt")
    assert first.code == 0
    assert uploaded(vendor) == [with_exif("JPEG")]
    assert PRIVATE in with_exif("JPEG")
    for name in (first.document["job"], first.document["receipt"]):
        quoted = vendor.run("again", name, "--prompt", "colder light")
        asked = quoted.document["requested"]
        assert (asked["fit"], asked["keep_metadata"]) == (["convert", "shrink"], True)


def test_two_frames_that_were_alike_stay_so_when_they_are_made_smaller(tmp_path: Path) -> None:
    files = []
    for quality in (95, 60):
        sink = io.BytesIO()
        Image.merge("RGB", [Image.effect_noise((600, 400), 90) for _ in "RGB"]).save(
            sink, "JPEG", quality=quality
        )
        files.append(saved(tmp_path, f"{quality}.jpg", sink.getvalue()))
    frames = replace(TYPES["first_last_frame_to_video"], inline_bytes=60_000)
    one, other = look(frames, image=tuple(files), fit=("shrink",))
    assert (one.width, one.height) == (other.width, other.height)
    assert one.size + other.size <= 60_000


def test_of_two_that_do_not_fit_the_one_that_no_copy_mends_is_told(tmp_path: Path) -> None:
    moving = saved(tmp_path, "print.jpg", press())
    narrow = saved(tmp_path, "narrow.png", picture(size=(1000, 20)))
    error = refused("reference_to_video", image=(moving, narrow))
    assert (error.about["number"], fit_for(error.misfits)) == ("2", ())


def test_too_many_bytes_together_are_shared_out_where_that_is_asked_for(tmp_path: Path) -> None:
    sink = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((400, 300), 90) for _ in "RGB"]).save(sink, "JPEG", quality=95)
    files = tuple(saved(tmp_path, f"{n}.jpg", sink.getvalue()) for n in range(2))
    most = len(sink.getvalue()) + 1000
    tight = replace(TYPES["reference_to_video"], inline_bytes=most)
    error = refused(tight, image=files)
    assert (error.kind, [misfit.fit for misfit in error.misfits]) == ("too_much_input", ["shrink"])
    made = look(tight, image=files, fit=("shrink",))
    assert sum(one.size for one in made) <= most
    assert [one.changed[-1]["what"] for one in made] == ["shrunk", "shrunk"]
