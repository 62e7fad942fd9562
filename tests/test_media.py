"""Inputs are believed by their bytes; outputs get a name only when they are whole."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from parts import picture
from studio import media
from studio.errors import NotSaved, UsageError
from studio.types import InputRule, Output

RULE = InputRule("image", 1, 10, ("image/png", "image/jpeg", "image/webp"), 100_000)
OUTPUT = Output("image", "https://cdn.example.com/1?sig=x")
PASSWD = b"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"></svg>'
HTML = b"<html><body>This link has expired.</body></html>"
KINDS = {"PNG": ("image/png", "png"), "JPEG": ("image/jpeg", "jpg"), "WEBP": ("image/webp", "webp")}


@pytest.mark.parametrize("format", KINDS)
def test_an_input_is_what_its_bytes_are_whatever_it_is_called(tmp_path: Path, format: str) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(picture(format))
    source = media.inspect(str(file), RULE)

    assert (source.mime, source.width, source.height) == (KINDS[format][0], 64, 48)
    assert (source.data, source.sha256) == (file.read_bytes(), hashlib.sha256(file.read_bytes()).hexdigest())
    assert (source.role, source.name, source.url) == ("image", str(file), None)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(picture("GIF"), id="a GIF"),
        pytest.param(SVG, id="an SVG"),
        pytest.param(PASSWD, id="a list of accounts"),
        pytest.param(b"", id="nothing"),
        pytest.param(picture()[:-30], id="half a PNG"),
        pytest.param(picture("JPEG")[:-60], id="half a JPEG"),
        pytest.param(picture("WEBP")[:-9], id="half a WebP"),
        pytest.param(picture()[:33] + PASSWD, id="a PNG's head on something else"),
        pytest.param(picture()[:-8] + b"iCCP" + picture()[-4:], id="a chunk without its content"),
        pytest.param(b"\0" * (RULE.max_bytes + 1), id="too large"),
    ],
)
def test_an_input_that_is_no_whole_picture_is_refused_before_it_leaves(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="Nothing was sent") as refused:
        media.inspect(str(file), RULE)

    assert (refused.value.kind, refused.value.exit_code) == ("bad_input_file", 2)
    assert "root:x" not in f"{refused.value.message}{refused.value.detail}"


def test_a_kind_that_the_model_does_not_take_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cat.webp").write_bytes(picture("WEBP"))
    with pytest.raises(UsageError):
        media.inspect(str(tmp_path / "cat.webp"), InputRule("image", 1, 1, ("image/png",), 100_000))


def test_a_picture_of_absurd_size_is_refused_undecoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cat.png").write_bytes(picture())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # looking sets it: for us alone
    monkeypatch.setattr(media, "PIXELS_CAP", 64 * 48 - 1)
    with pytest.raises(UsageError):
        media.inspect(str(tmp_path / "cat.png"), RULE)


@pytest.mark.parametrize(
    "name",
    [
        "http://example.com/cat.png",
        "file:///etc/passwd",
        "ftp://example.com/cat.png",
        "data:image/png;base64,AAAA",
        "https://",
        "https://[/cat.png",
        "/nowhere/cat.png",
        "~nosuchperson/cat.png",
        "/dev/null",
        ".",
    ],
)
def test_what_is_neither_a_file_nor_a_public_https_link_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be used") as refused:
        media.inspect(name, RULE)

    assert refused.value.kind == "bad_input_file"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    answers: list[BaseException] = []

    def look() -> None:
        try:
            media.inspect(str(tmp_path / "pipe.png"), RULE)
        except UsageError as refused:
            answers.append(refused)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(2)
    assert len(answers) == 1


def test_a_public_link_is_handed_on_unseen() -> None:
    source = media.inspect("HTTPS://example.com/cat.png", RULE)

    assert (source.url, source.data, source.mime) == ("HTTPS://example.com/cat.png", b"", None)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    format=st.sampled_from(list(KINDS)),
    at=st.integers(0, 400),
    patch=st.binary(min_size=1, max_size=8),
    end=st.integers(0, 400),
)
def test_damaged_pictures_are_taken_or_refused_and_nothing_else(
    tmp_path: Path, format: str, at: int, patch: bytes, end: int
) -> None:
    whole = picture(format)
    file = tmp_path / "cat"
    file.write_bytes((whole[:at] + patch + whole[at + len(patch) :])[: len(whole) - end // 2])
    with suppress(UsageError):  # anything else that Pillow may raise would show here
        assert media.inspect(str(file), RULE).mime in RULE.mime


def gives(data: bytes) -> Callable[[BinaryIO], None]:
    def fetch(sink: BinaryIO) -> None:
        sink.write(data)

    return fetch


def fails(problem: BaseException) -> Callable[[BinaryIO], None]:
    def fetch(sink: BinaryIO) -> None:
        sink.write(picture()[:40])
        raise problem

    return fetch


@pytest.mark.parametrize("format", KINDS)
def test_a_finished_file_is_measured_and_gets_its_true_extension(tmp_path: Path, format: str) -> None:
    out = tmp_path / "new" / "out"
    saved = media.save(OUTPUT, gives(picture(format)), out, "20260101-job-1")

    mime, extension = KINDS[format]
    path = out / f"20260101-job-1.{extension}"
    assert [*out.iterdir()] == [path]
    assert (saved.path, saved.mime, saved.width, saved.height) == (str(path), mime, 64, 48)
    assert (saved.bytes, path.read_bytes()) == (len(picture(format)), picture(format))
    assert (saved.sha256, saved.url) == (hashlib.sha256(picture(format)).hexdigest(), OUTPUT.url)


@pytest.mark.parametrize(
    ("fetch", "problem", "why"),
    [
        pytest.param(gives(HTML), NotSaved, "not a whole picture", id="a page"),
        pytest.param(gives(picture()[:-30]), NotSaved, "not a whole picture", id="half"),
        pytest.param(gives(picture("GIF")), NotSaved, "not a whole picture", id="another kind"),
        pytest.param(gives(b""), NotSaved, "not a whole picture", id="nothing"),
        pytest.param(fails(OSError(errno.ENOSPC, "x")), NotSaved, "disk is full", id="full disk"),
        pytest.param(fails(OSError(errno.EDQUOT, "x")), NotSaved, "disk is full", id="full share"),
        pytest.param(fails(OSError(errno.EIO, "broken disk")), NotSaved, "broken disk", id="broken disk"),
        pytest.param(fails(NotSaved("the link is dead")), NotSaved, "link is dead", id="a dead link"),
        pytest.param(fails(KeyboardInterrupt("stop")), KeyboardInterrupt, "stop", id="Ctrl-C"),
    ],
)
def test_half_a_file_never_gets_a_name_and_leaves_nothing_behind(
    tmp_path: Path, fetch: Callable[[BinaryIO], None], problem: type[BaseException], why: str
) -> None:
    media.save(OUTPUT, gives(picture()), tmp_path, "saved-before")
    with pytest.raises(problem, match=why):
        media.save(OUTPUT, fetch, tmp_path, "saved-before")

    assert [*tmp_path.iterdir()] == [tmp_path / "saved-before.png"]
    assert (tmp_path / "saved-before.png").read_bytes() == picture()


def test_what_cannot_be_saved_was_made_and_may_be_saved_later(tmp_path: Path) -> None:
    with pytest.raises(NotSaved) as failed:
        media.save(OUTPUT, gives(HTML), tmp_path, "1")

    assert (failed.value.exit_code, failed.value.charged, failed.value.retry) == (13, "yes", "later")


def test_saving_the_same_again_leaves_one_file_and_another_of_that_name_alone(tmp_path: Path) -> None:
    for size in ((10, 10), (20, 30), (20, 30), (10, 10)):
        media.save(OUTPUT, gives(picture(size=size)), tmp_path, "1")

    assert sorted(made.name for made in tmp_path.iterdir()) == ["1-2.png", "1.png"]
    assert (tmp_path / "1.png").read_bytes() == picture(size=(10, 10))


def test_a_folder_is_made_and_left_empty_by_the_check(tmp_path: Path) -> None:
    media.check_folder(tmp_path / "a" / "b")

    assert [*(tmp_path / "a" / "b").iterdir()] == []


@pytest.mark.parametrize("below", ["out", "out/deeper"])
def test_a_folder_that_cannot_be_written_is_found_out_before_buying_and_told_after(
    tmp_path: Path, below: str
) -> None:
    (tmp_path / "out").write_text("a file in its place")
    with pytest.raises(UsageError, match="Nothing was bought") as refused:
        media.check_folder(tmp_path / below)
    assert refused.value.kind == "out_unwritable"

    with pytest.raises(NotSaved, match="could not be saved"):
        media.save(OUTPUT, gives(picture()), tmp_path / below, "1")
