"""The files a wish begins with: how many, what each may be, and whether they fit together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts import picture
from studio import catalogue, clips, inputs
from studio.errors import UsageError
from studio.intake import Looker
from studio.types import InputRule, Source, TaskType
from test_clips import song

TYPES = catalogue.task_types()
LINK = "https://example.com/a"
KINDS = ("image", "video", "audio")


def saved(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def look(
    task_type: str | TaskType, *, fit: tuple[str, ...] = (), **files: tuple[str, ...]
) -> tuple[Source, ...]:
    made = TYPES[task_type] if isinstance(task_type, str) else task_type
    return inputs.inspect(made, files, Looker(), fit)


def refused(task_type: str | TaskType, **files: tuple[str, ...]) -> UsageError:
    with pytest.raises(UsageError) as stopped:
        look(task_type, **files)
    assert stopped.value.charged == "no"
    return stopped.value


# --- how many ---------------------------------------------------------------------------------------------

COUNTS = {  # pictures, clips, sounds: fewest and most, typed from the documents
    "text_to_image": ((0, 0), (0, 0), (0, 0)),
    "text_to_video": ((0, 0), (0, 0), (0, 0)),
    "image_to_video": ((1, 1), (0, 0), (0, 0)),
    "first_last_frame_to_video": ((2, 2), (0, 0), (0, 0)),
    "reference_to_video": ((1, 4), (0, 0), (0, 0)),
    "motion_control": ((1, 1), (1, 1), (0, 0)),
    "avatar": ((1, 1), (0, 0), (0, 1)),
    "music_video": ((1, 7), (0, 0), (1, 1)),
}


@given(st.sampled_from(list(COUNTS)), st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(0, 2)))
def test_just_the_documents_numbers_of_files_are_taken(id: str, counts: tuple[int, int, int]) -> None:
    files = {kind: ("x",) * count for kind, count in zip(KINDS, counts, strict=True)}
    fits = all(least <= count <= most for (least, most), count in zip(COUNTS[id], counts, strict=True))
    assert inputs.takes(TYPES[id], files) is fits
    if not fits:
        with pytest.raises(UsageError) as stopped:
            inputs.check_count(TYPES[id], files)
        assert (stopped.value.kind, stopped.value.charged) == ("bad_inputs", "no")


@pytest.mark.parametrize(
    ("counts", "said"),
    [((0, 0, 0), "none"), ((1, 0, 0), "1 picture"), ((2, 1, 1), "2 pictures and 1 clip and 1 sound")],
)
def test_a_number_of_files_is_said_in_words(counts: tuple[int, int, int], said: str) -> None:
    assert inputs.count({kind: ("x",) * count for kind, count in zip(KINDS, counts, strict=True)}) == said


# --- what each is -----------------------------------------------------------------------------------------


def test_files_are_looked_at_in_the_order_of_the_form_and_named_as_conditions_name_them(
    tmp_path: Path,
) -> None:
    face, wav = saved(tmp_path, "a.png", picture(size=(64, 64))), saved(tmp_path, "b.wav", song(10))
    made = look("music_video", audio=(wav,), image=(face, LINK))
    assert [(one.role, one.name) for one in made] == [("image", face), ("image", LINK), ("audio", wav)]
    assert inputs.given(made) == {"input_images": [face, LINK], "input_audio": [wav]}
    assert inputs.given(()) == {}


SIDES = [  # task type, sides, whether the vendor takes it
    ("motion_control", (300, 300), True),
    ("motion_control", (299, 300), False),
    ("motion_control", (300, 750), True),
    ("motion_control", (751, 300), False),
    ("avatar", (299, 400), False),
    ("image_to_video", (40, 160), True),
    ("image_to_video", (161, 40), False),
    ("reference_to_video", (128, 512), True),
    ("reference_to_video", (127, 128), False),
    ("template_to_video", (127, 300), False),
    ("reference_to_image", (128, 128), True),
    ("music_video", (16, 64), True),
    ("music_video", (16, 65), False),
]


@pytest.mark.parametrize(("id", "sides", "good"), SIDES)
def test_a_picture_has_the_sides_that_the_document_asks_for(
    tmp_path: Path, id: str, sides: tuple[int, int], good: bool
) -> None:
    rule = TYPES[id].rule("image")
    assert rule
    alone = replace(TYPES[id], inputs=(rule,))
    file = saved(tmp_path, "a.png", picture(size=sides))
    if good:
        (made,) = look(alone, image=(file,))
        assert (made.width, made.height) == sides
    else:
        error = refused(alone, image=(file,))
        assert error.kind == "bad_input_file"
        assert f"it has {sides[0]}×{sides[1]} pixels" in error.message


def test_a_side_may_be_too_long(tmp_path: Path) -> None:
    rule = InputRule("image", 1, 1, mime=("image/png",), max_bytes=10**6, max_side=100)
    alone = replace(TYPES["image_to_video"], inputs=(rule,))
    assert look(alone, image=(saved(tmp_path, "a.png", picture(size=(100, 50))),))
    assert (
        "(each side may have 100 at most)"
        in refused(alone, image=(saved(tmp_path, "b.png", picture(size=(50, 101))),)).message
    )


def test_webp_is_taken_where_the_document_lists_it(tmp_path: Path) -> None:
    file = saved(tmp_path, "a.webp", picture("WEBP", (400, 400)))
    assert look("image_to_video", image=(file,))[0].mime == "image/webp"
    assert refused("avatar", image=(file,)).kind == "bad_input_file"


@pytest.mark.parametrize(("id", "kind"), [("motion_control", "video"), ("avatar", "audio")])
def test_what_the_vendor_fetches_itself_has_to_be_a_public_link(tmp_path: Path, id: str, kind: str) -> None:
    rule = TYPES[id].rule(kind)
    assert rule
    alone = replace(TYPES[id], inputs=(rule,))
    assert look(alone, **{kind: (LINK,)})[0].url == LINK
    for name in (saved(tmp_path, "a.wav", song()), "http://example.com/a.mp4", "data:audio/wav;base64,AA"):
        error = refused(alone, **{kind: (name,)})
        assert error.kind == ("bad_link" if ":" in name else "link_needed")


@pytest.mark.parametrize(("seconds", "good"), [(9.9, False), (10, True), (300, True), (300.2, False)])
def test_a_song_lasts_as_long_as_the_document_says(tmp_path: Path, seconds: float, good: bool) -> None:
    rule = TYPES["music_video"].rule("audio")
    assert rule
    alone = replace(TYPES["music_video"], inputs=(rule,))
    file = saved(tmp_path, "a.wav", song(seconds, rate=1000))
    if good:
        assert look(alone, audio=(file,))[0].seconds == pytest.approx(seconds)
    else:
        error = refused(alone, audio=(file,))
        assert (error.kind, f"it lasts {seconds:.1f} s (10 to 300 s is taken)" in error.message) == (
            "bad_sound",
            True,
        )


def test_a_song_is_believed_by_its_bytes_and_without_the_package_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = TYPES["music_video"].rule("audio")
    assert rule
    alone = replace(TYPES["music_video"], inputs=(rule,))
    for name, data in (("a.mp3", b"<html>"), ("b.wav", picture()), ("c.ogg", b"OggS" + bytes(99))):
        assert refused(alone, audio=(saved(tmp_path, name, data),)).kind == "bad_sound"
    called_mp3 = saved(tmp_path, "d.mp3", song(12))
    assert look(alone, audio=(called_mp3,))[0].mime == "audio/wav"
    monkeypatch.setattr(clips, "can_measure", lambda: False)
    (made,) = look(alone, audio=(saved(tmp_path, "e.wav", song(1)),))
    assert (made.mime, made.seconds, made.unchecked) == ("audio/wav", None, ("seconds",))


# --- whether they fit together ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "good"),
    [
        ((100, 100), (100, 100), True),
        ((125, 100), (100, 100), True),
        ((100, 100), (100, 125), True),
        ((126, 100), (100, 100), False),
        ((100, 100), (100, 126), False),
        ((200, 200), (100, 100), False),
    ],
)
def test_first_and_last_frame_have_about_the_same_sides(
    tmp_path: Path, one: tuple[int, int], other: tuple[int, int], good: bool
) -> None:
    """The contract: each side of the first is 0.8 to 1.25 times that of the last."""
    files = tuple(saved(tmp_path, f"{n}.png", picture(size=sides)) for n, sides in enumerate((one, other)))
    if good:
        assert len(look("first_last_frame_to_video", image=files)) == 2
        return
    error = refused("first_last_frame_to_video", image=files)
    assert (error.kind, "at most 1.25 is taken" in error.message) == ("unlike_pictures", True)
    assert look("reference_to_video", image=files) if min(*one, *other) >= 128 else True
    assert look("first_last_frame_to_video", image=(files[0], LINK)), "of a link nothing is known"


def test_what_travels_in_the_request_has_to_fit_and_the_size_that_would_is_said(tmp_path: Path) -> None:
    a, b = (saved(tmp_path, f"{n}.png", picture(size=(n, n))) for n in (200, 210))
    whole = Path(a).stat().st_size + Path(b).stat().st_size
    made = TYPES["reference_to_video"]
    assert look(replace(made, inline_bytes=whole), image=(a, b, LINK))
    error = refused(replace(made, inline_bytes=whole - 1), image=(a, b, LINK))
    assert error.kind == "too_much_input"
    assert error.detail == (
        f"Make each smaller than {(whole - 1) // 2 / 1e3:.1f} kB, or give public https links."
    )
    assert look(replace(made, inline_bytes=1), image=(LINK, LINK)), "a link takes no room"


def test_the_room_in_a_request_is_what_the_contract_leaves() -> None:
    """20 MB of body, in base64: about 14 MB of files."""
    roomy = {id: made.inline_bytes for id, made in TYPES.items() if made.inline_bytes}
    assert set(roomy.values()) == {14_000_000}
    assert all(max(rule.max_bytes for rule in TYPES[id].inputs) <= 20_000_000 for id in roomy)
