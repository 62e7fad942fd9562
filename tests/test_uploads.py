"""Inputs travel once: remembered while their links live, and not sent again where a command goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parts import ima, plan
from studio import catalogue
from studio.content import Content
from studio.ledger import Ledger
from studio.order import Order
from studio.terms import fingerprint
from studio.types import MediaRef, Source
from support import PROMPT, FakeClock, Run, Vendor, ended, scripted
from test_commands import creates, jobs, record, start
from test_spine import picture
from world import World, world

FILE = Source("image", "cat.png", None, "image/png", Content([b"bytes"]), "cd" * 32, 64, 48)
OTHER = replace(FILE, name="dog.png", sha256="ef" * 32)
LINK = Source("image", "https://example.com/a.png", "https://example.com/a.png")
REF = MediaRef("image", "https://cdn.example.com/cat.png")
LIFE = 1000.0
PLACE = "ima https://upload.example.com"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: FakeClock) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "l", clock)
    yield made
    made.close()


def test_an_upload_is_remembered_by_content_and_place_while_its_link_lives(
    ledger: Ledger, clock: FakeClock
) -> None:
    ledger.uploads.remember(PLACE, FILE, REF, LIFE)
    renamed = replace(FILE, name="copy.png", role="first_frame")

    assert ledger.uploads.remembered(PLACE, renamed) == MediaRef("first_frame", REF.value)
    assert ledger.uploads.remembered(PLACE, OTHER) is None
    assert ledger.uploads.remembered("ima https://elsewhere.example.com", FILE) is None
    clock.sleep(LIFE - 1)
    assert ledger.uploads.remembered(PLACE, FILE) == REF
    clock.sleep(1)
    assert ledger.uploads.remembered(PLACE, FILE) is None


def test_the_newest_link_counts_and_dead_ones_are_swept_out(ledger: Ledger, clock: FakeClock) -> None:
    ledger.uploads.remember(PLACE, FILE, REF, LIFE)
    newer = replace(REF, value="https://cdn.example.com/newer.png")
    ledger.uploads.remember(PLACE, FILE, newer, LIFE)
    assert ledger.uploads.remembered(PLACE, FILE) == newer
    clock.sleep(LIFE + 1)
    ledger.uploads.remember(PLACE, OTHER, REF, LIFE)
    assert len(ledger._store.rows("SELECT * FROM uploads")) == 1


def test_links_of_this_vendor_are_used_for_less_than_they_live() -> None:
    (gateway,) = catalogue.vendor("ima").gateways
    assert 0 < gateway.upload_life < 7 * 86400  # about 7 days, contract 1.3


# --- in the runner --------------------------------------------------------------------------------------


@pytest.fixture
def on(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.runner.gateway = ima("https://vendor.example.com", upload_life=LIFE)
    return made


def submitted_as(n: int) -> dict[str, Any]:
    return {"prompt": f"picture {n}"}


def test_a_second_job_with_the_same_file_uploads_nothing(on: World) -> None:
    on.buy(inputs=(FILE, OTHER), **submitted_as(1))
    on.runner.ledger.failed(on.job.id, {"kind": "failed"})
    first = on.vendor.media
    with record_of(on) as db:
        db.execute("UPDATE jobs SET task_id = NULL")
    on.buy(inputs=(OTHER, replace(FILE, name="copy.png")), **submitted_as(2))

    assert on.vendor.count("upload") == 2
    assert on.vendor.media == first[::-1]


def record_of(on: World) -> Any:
    return on.runner.ledger._store.transaction()


def test_a_link_that_is_about_to_die_is_not_used(on: World) -> None:
    on.buy(inputs=(FILE,), **submitted_as(1))
    with record_of(on) as db:
        db.execute("UPDATE jobs SET task_id = NULL")
    on.clock.now += LIFE
    on.buy(inputs=(FILE,), **submitted_as(2))
    assert on.vendor.count("upload") == 2


@pytest.mark.parametrize("life", [0.0, LIFE])
def test_links_of_the_person_are_not_remembered_and_nothing_is_where_links_do_not_last(
    on: World, life: float
) -> None:
    on.runner.gateway = ima("https://vendor.example.com", upload_life=life)
    on.buy(inputs=(LINK, FILE))
    rows = on.runner.ledger._store.rows("SELECT sha256 FROM uploads")
    assert [row["sha256"] for row in rows] == ([FILE.sha256] if life else [])


def test_what_arrived_before_another_failed_is_not_uploaded_again(
    on: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, upload, remember = threading.Event(), on.vendor.upload, on.runner.ledger.uploads.remember

    def fails_later(source: Source, read: Any) -> MediaRef:
        if source == OTHER:
            assert arrived.wait(5)
            raise RuntimeError("the second did not arrive")
        return upload(source, read)

    def remembered(*made: Any) -> None:
        remember(*made)
        arrived.set()

    with monkeypatch.context() as broken:
        broken.setattr(on.vendor, "upload", fails_later)
        broken.setattr(on.runner.ledger.uploads, "remember", remembered)
        with pytest.raises(RuntimeError):
            on.buy(inputs=(FILE, OTHER))
    assert (on.vendor.count("upload"), on.job.state, on.vendor.count("pay")) == (1, "failed", 0)
    on.buy(inputs=(FILE, OTHER))
    assert on.vendor.count("upload") == 2


def test_a_job_whose_inputs_still_travel_is_parked_and_the_next_goes_on_with_it(on: World) -> None:
    """Each command gets at least one more across, however little time it has."""
    wish = plan(inputs=(FILE, OTHER, replace(FILE, sha256="12" * 32)))
    order = Order(fingerprint=fingerprint(wish))
    ids = []
    for _ in range(3):
        ids.append(on.runner.buy(wish, on.out, order, on.clock.monotonic() - 1).id)
        if on.job.state == "submitted":
            break

    assert len(set(ids)) == 1
    assert (on.job.state, on.vendor.count("pay")) == ("submitted", 1)
    assert on.told.count("parked") == len(ids) - 1
    assert len(on.runner.ledger.newest(9)) == 1


# --- against the twin -----------------------------------------------------------------------------------

DRIVER = "import sys; from studio import buying, cli; buying.UPLOADS_UNTIL = 1.0; sys.exit(cli.main())"


def impatient(vendor: Vendor, *words: str) -> Run:
    """`start`, whose inputs may travel for one second instead of eight."""
    return ended(scripted(DRIVER, "start", "--prompt", PROMPT, "--speed", "200", *words, env=vendor.env))


def test_the_same_file_is_put_once_for_two_jobs(vendor: Vendor, tmp_path: Path) -> None:
    words = ("--input-images", picture(tmp_path), "https://example.com/a.jpg")
    renamed = ("--input-images", picture(tmp_path, "copy.png"), "https://example.com/a.jpg")
    assert start(vendor, *words).code == 0
    assert start(vendor, *renamed, prompt="another").code == 0
    one, two = (task["body"]["src_img_url"] for task in vendor.stats["tasks"])

    assert (vendor.stats["requests"]["token"], vendor.stats["requests"]["put"]) == (1, 1)
    assert one == two
    with record() as db:
        db.execute("UPDATE uploads SET until = until - 999999")
    assert start(vendor, *words, prompt="a third").code == 0
    assert vendor.stats["requests"]["put"] == 2


def test_start_comes_back_while_inputs_travel_and_its_next_goes_on(vendor: Vendor, tmp_path: Path) -> None:
    """The first to arrive is waited for, however long it takes; the second is held."""
    inputs = [picture(tmp_path, f"{colour}.png", colour) for colour in ("red", "navy")]
    vendor.fault("put", {"kind": "hold"})
    made = impatient(vendor, "--input-images", *inputs)
    document = made.document

    assert (made.code, document["event"], document["done"]) == (0, "uploading", False)
    assert (document["state"], document["send"], creates(vendor)) == ("intent", [], 0)
    assert document["next"][2] == "start"
    assert len(jobs(vendor, "--open")) == 1
    vendor.release()
    before = vendor.stats["requests"]
    gone_on = vendor.run(*document["next"][2:])

    assert (gone_on.code, gone_on.document["event"]) == (0, "submitted")
    assert gone_on.document["job"] == document["job"]
    after = vendor.stats["requests"]
    assert (after["token"] - before["token"], after["put"] - before["put"]) == (1, 1)
    assert len(vendor.stats["tasks"][0]["body"]["src_img_url"]) == 2
    assert (creates(vendor), len(jobs(vendor))) == (1, 1)


def test_a_parked_job_can_be_gone_on_with_by_make_too_or_cancelled(vendor: Vendor, tmp_path: Path) -> None:
    inputs = [picture(tmp_path, f"{colour}.png", colour) for colour in ("red", "navy")]
    vendor.fault("put", {"kind": "hold"})
    parked = impatient(vendor, "--input-images", *inputs).document
    vendor.release()
    made = vendor.make("--input-images", *inputs)
    assert (made.code, made.document["job"], made.document["state"]) == (0, parked["job"], "done")

    vendor.fault("put", {"kind": "hold"})
    inputs = [picture(tmp_path, f"{colour}.png", colour) for colour in ("olive", "pink")]
    parked = impatient(vendor, "--input-images", *inputs).document
    vendor.release()
    assert vendor.run("cancel", parked["job"]).document["state"] == "cancelled"
    assert creates(vendor) == 1
