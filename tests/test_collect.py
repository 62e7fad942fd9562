"""From an accepted task to files: what is kept when only a part of it works, and what `wait` does later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import localtime, strftime
from typing import Any

import pytest

from parts import picture
from studio.contract import Done, Failed, Pending
from studio.errors import ContentRefused, JobFailed, NotFinished, NotSaved, StudioError
from studio.types import Output, Saved
from world import DONE, LINKS, World, world

FAILED = Failed("failed", "The generation failed.", code="7", charged="maybe")


@pytest.fixture
def on(tmp_path: Path) -> World:
    """A job that the vendor has accepted."""
    made = world(tmp_path)
    made.buy(n=2)
    return made


def names(on: World) -> list[str]:
    return sorted(file.name for file in on.out.iterdir())


def name(on: World, n: int) -> str:
    return f"{strftime('%Y%m%d', localtime(on.job.created_at))}-{on.job.id}-{n}.png"


def test_all_files_are_saved_and_on_record(on: World) -> None:
    on.vendor.polls = [Pending("processing"), DONE]
    job = on.collect()

    assert job == on.job
    assert (job.state, job.complete, job.error, job.charged) == ("done", True, None, 10)
    assert [saved.path for saved in job.saved] == [str(on.out / name(on, n)) for n in (1, 2)]
    assert [saved.url for saved in job.saved] == list(LINKS)
    assert names(on) == [name(on, 1), name(on, 2)]


def test_a_dead_link_does_not_cost_the_other_files_and_is_tried_again_later(on: World) -> None:
    alive = on.vendor.files
    on.vendor.files = {LINKS[1]: alive[LINKS[1]]}
    with pytest.raises(NotSaved) as missing:
        on.collect()
    assert (missing.value.exit_code, missing.value.charged, missing.value.retry) == (13, "yes", "later")
    assert (on.job.state, on.job.complete, on.error["kind"]) == ("done", False, "not_saved")
    assert [type(output) for output in on.job.outputs] == [Output, Saved]
    assert names(on) == [name(on, 2)]

    on.vendor.files = alive
    job = on.collect()
    assert (job.complete, job.error) == (True, None)
    assert names(on) == [name(on, 1), name(on, 2)]


def test_what_is_saved_stays_saved_when_its_link_dies_before_the_others_are_fetched(on: World) -> None:
    alive = on.vendor.files
    for n in (0, 1):
        on.vendor.files = {LINKS[n]: alive[LINKS[n]]}
        try:
            on.collect()
        except NotSaved:
            assert n == 0

    assert on.job.complete
    assert names(on) == [name(on, 1), name(on, 2)]


@pytest.mark.parametrize(
    "later",
    [FAILED, replace(DONE, outputs=DONE.outputs[1:], failures=(FAILED,))],
    ids=["none are left", "one is left"],
)
def test_what_the_vendor_deletes_later_takes_no_saved_file_with_it(on: World, later: Done | Failed) -> None:
    on.vendor.files = {LINKS[0]: picture(size=(10, 10))}
    with pytest.raises(NotSaved):
        on.collect()
    before = on.job

    on.vendor.polls, on.vendor.files = [later], {LINKS[1]: picture()}
    with pytest.raises(NotSaved, match="any more") as gone:
        on.collect()
    assert (on.job, gone.value.retry) == (before, "never")
    assert (on.out / name(on, 1)).read_bytes() == picture(size=(10, 10))


def test_a_file_that_was_saved_and_is_gone_is_fetched_again(on: World) -> None:
    alive = on.vendor.files
    on.vendor.files = {LINKS[0]: alive[LINKS[0]]}
    with pytest.raises(NotSaved):
        on.collect()
    (on.out / name(on, 1)).unlink()
    on.vendor.files = alive

    assert on.collect().complete
    assert names(on) == [name(on, 1), name(on, 2)]


def test_one_failed_output_does_not_cost_the_good_ones(on: World) -> None:
    on.vendor.polls = [Done(DONE.outputs[:1], (FAILED,))]
    with pytest.raises(JobFailed, match="1 of 2") as partly:
        on.collect()

    assert (partly.value.kind, partly.value.exit_code, partly.value.provider_code) == (
        "partly_failed",
        8,
        "7",
    )
    assert (on.job.state, on.job.complete, on.error["kind"]) == ("done", True, "partly_failed")
    assert names(on) == [name(on, 1)]


@pytest.mark.parametrize(
    ("end", "error", "code"),
    [(FAILED, JobFailed, 8), (Failed("content_refused", "no", charged="no"), ContentRefused, 10)],
    ids=["failed", "content"],
)
def test_a_failed_task_is_on_record_with_what_the_vendor_said(
    on: World, end: Failed, error: type[StudioError], code: int
) -> None:
    on.vendor.polls = [end]
    with pytest.raises(error):
        on.collect()

    assert on.job.state == "failed"
    assert (on.error["kind"], on.error["message"], on.error["charged"], on.error["exit"]) == (
        end.kind,
        end.message,
        end.charged,
        code,
    )


@pytest.mark.parametrize(
    "odd", [TypeError("x"), KeyError("x"), AttributeError("x"), ValueError("x")], ids=repr
)
def test_an_answer_of_an_unforeseen_shape_does_not_end_the_wait_for_something_paid(
    on: World, odd: Any
) -> None:
    on.vendor.polls = [odd, DONE]

    assert on.collect().complete


def test_when_patience_ends_the_job_goes_on_and_can_be_collected_later(on: World) -> None:
    on.vendor.polls = [Pending("processing")]
    with pytest.raises(NotFinished):
        on.collect(patience=60)
    assert (on.job.state, on.job.error) == ("submitted", None)

    on.vendor.polls = [DONE]
    assert on.collect().complete


def test_a_state_that_no_document_names_is_kept_in_the_jobs_history(on: World) -> None:
    on.vendor.polls = [Pending("dreaming", known=False), DONE]
    on.collect()

    assert "a state that no document names: dreaming (seen 1×)" in on.events


def test_files_that_are_fetched_but_not_on_record_are_collected_later(on: World) -> None:
    other = on.lock()
    with pytest.raises(NotSaved, match="record"):
        on.collect()
    other.close()
    assert (on.job.state, len(names(on))) == ("submitted", 2)

    assert on.collect().complete


def test_a_rehearsals_link_is_kept_without_the_port_that_dies_with_it(on: World) -> None:
    link = "http://127.0.0.1:12345/file/a.png"
    on.vendor.files = {link: picture()}
    on.vendor.polls = [Done((Output("image", link), Output("image", link)))]

    assert {saved.url for saved in on.collect().saved} == {"http://127.0.0.1/file/a.png"}


def test_fewer_files_than_were_bought_is_told_even_where_the_vendor_is_silent(on: World) -> None:
    on.vendor.polls = [Done(DONE.outputs[:1])]
    with pytest.raises(JobFailed, match="1 of 2 outputs were not made"):
        on.collect()
    assert len(on.job.saved) == 1
