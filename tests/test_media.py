"""Inputs are believed by their bytes; outputs get a name only when they are whole."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

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


def test_a_name_that_is_taken_is_left_alone_where_files_cannot_be_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems, such as those of memory cards, know no second name for a file."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    (tmp_path / "1.png").write_bytes(b"the person's own")
    (tmp_path / "1-2.png").symlink_to(tmp_path / "nowhere")
    saved = media.save(OUTPUT, gives(picture()), tmp_path, "1")

    assert (Path(saved.path).name, Path(saved.path).read_bytes()) == ("1-3.png", picture())
    assert (tmp_path / "1.png").read_bytes() == b"the person's own"
    assert sorted(made.name for made in tmp_path.iterdir()) == ["1-2.png", "1-3.png", "1.png"]


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
