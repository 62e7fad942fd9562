"""What a hostile reviewer tried: processes that cross each other, records that cannot be written at the
worst moment, answers that hide things, streams that are gone."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from support import CREATE, KEY, Vendor, leaks, start, validate
from test_resuming import paying
from test_spine import picture


def record() -> sqlite3.Connection:
    return sqlite3.connect(Path(os.environ["MEDIA_STUDIO_HOME"]) / "ledger.sqlite3", isolation_level=None)


def waits_at_once(vendor: Vendor, job: str, count: int) -> list[int]:
    """The exit codes of so many processes that go on with one job."""
    with ThreadPoolExecutor(count) as pool:
        return [made.code for made in pool.map(lambda _: vendor.run("wait", job), range(count))]


def test_an_interrupted_wait_on_a_job_that_is_being_paid_does_not_say_that_nothing_was_bought(
    vendor: Vendor,
) -> None:
    buyer = paying(vendor)
    job = vendor.run("list", "--quiet").stdout.strip()
    waiting = start("wait", job, env=vendor.env)
    time.sleep(1)
    waiting.send_signal(signal.SIGTERM)
    document = json.loads(waiting.communicate(timeout=20)[0])
    validate(document)
    assert (waiting.returncode, document["error"]["charged"], document["done"]) == (130, "maybe", False)
    buyer.kill()
    buyer.communicate()


def test_a_reply_that_comes_after_the_job_was_given_up_is_still_kept(vendor: Vendor) -> None:
    """Another process, or a clock that jumped, settled the job as unknown: the id that was read wins."""
    vendor.run("list")  # makes the record
    with record() as db:
        db.execute(
            "CREATE TRIGGER lost AFTER UPDATE ON jobs WHEN NEW.state = 'sending'"
            " BEGIN UPDATE jobs SET state = 'unknown', error = '{}' WHERE id = NEW.id; END"
        )
    made = vendor.make()
    assert (made.code, made.document["state"]) == (0, "done")
    assert made.document["task_id"] == vendor.stats["tasks"][0]["id"]


def test_two_waits_on_a_task_that_failed_tell_the_same(vendor: Vendor) -> None:
    vendor.fault("detail", {"kind": "set", "field": "data.medias", "value": []}, times=-1, when="after")
    job = vendor.make("--timeout", "1").document["job"]
    vendor.clear()
    failed = {"kind": "set", "field": "data.medias.*.resource_status", "value": 2}
    vendor.fault("detail", failed, times=-1, when="after")
    assert waits_at_once(vendor, job, 2) == [8, 8]


def test_a_record_that_cannot_take_a_failure_does_not_make_it_a_purchase_that_never_was(
    vendor: Vendor,
) -> None:
    vendor.run("list")
    with record() as db:
        db.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON jobs WHEN NEW.state = 'failed'"
            " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    vendor.fault("create", {"kind": "media", "index": 0, "reason": "out of ideas"})
    made = vendor.make()
    assert (made.code, made.error["charged"]) == (8, "maybe")
    assert made.error["message"].startswith("out of ideas")


@pytest.mark.parametrize("endpoint", ["create", "detail"])
def test_a_key_hidden_by_escapes_is_not_written_down(vendor: Vendor, endpoint: str) -> None:
    """The vendor's JSON may write a key's letters as escapes: it is looked for after reading."""
    body = json.dumps({"code": 4008, "data": None, "message": "." * 478 + KEY})
    body = body.replace("ima_", "\\u0069ma_").replace("/", "\\/")
    vendor.fault(endpoint, {"kind": "http", "status": 200, "body": body}, times=-1)
    made = vendor.make("--timeout", "1")
    assert made.code in {4, 5}
    assert KEY[:12] not in made.stdout + made.stderr  # nor all of it but the end, cut off
    assert leaks(made.stdout.encode()) == []


def test_two_processes_that_save_one_file_do_not_spoil_it_for_each_other(vendor: Vendor) -> None:
    vendor.fault("file", {"kind": "http", "status": 500, "body": "no"}, times=-1)
    job = vendor.make().document["job"]
    vendor.clear()
    codes = waits_at_once(vendor, job, 4)
    shown = vendor.run("show", job).document
    assert codes == [0, 0, 0, 0]
    assert [path.name for path in Path(shown["outputs"][0]["path"]).parent.iterdir()] == [
        Path(shown["outputs"][0]["path"]).name
    ]


def test_a_file_that_somebody_deleted_is_fetched_again(vendor: Vendor) -> None:
    document = vendor.make().document
    path = Path(document["outputs"][0]["path"])
    path.unlink()
    assert vendor.run("show", document["job"]).document["done"] is False
    assert vendor.run("wait", document["job"]).code == 0
    assert path.is_file()
    assert vendor.stats["requests"]["create"] == 1


def test_a_photo_with_a_second_picture_in_it_is_a_jpeg(vendor: Vendor, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    first, second = (Image.new("RGB", (320, 240), colour) for colour in ("teal", "olive"))
    first.save(photo, format="MPO", save_all=True, append_images=[second])
    assert vendor.make("--input-images", str(photo)).code == 0


def test_numbers_that_are_none_stop_before_anything_is_sent(vendor: Vendor) -> None:
    made = vendor.make("--extra-params", '{"seed": NaN}')
    assert made.code == 2
    assert sum(vendor.stats["requests"].values()) == 0


def test_a_dry_run_does_not_raise_the_persons_own_limit(vendor: Vendor) -> None:
    assert vendor.make("--dry-run", "--max-credits", "1").document["next"] is None


def test_an_input_is_not_sent_where_only_half_of_the_vendor_is_an_imitation(
    vendor: Vendor, tmp_path: Path
) -> None:
    made = vendor.make("--input-images", picture(tmp_path), env={"MEDIA_STUDIO_IMA_UPLOAD_URL": ""})
    assert (made.code, made.error["kind"]) == (2, "base_url_refused")


@pytest.mark.parametrize("streams", [">&-", "2>&-", "2>/dev/full", ">/dev/full", ">&- 2>&-"])
def test_streams_that_are_gone_do_not_end_what_is_paid_for(vendor: Vendor, streams: str) -> None:
    words = f'"{sys.executable}" "{CREATE}" make --prompt x --speed 200 {streams}'
    made = subprocess.run(
        ["sh", "-c", words], env={**os.environ, **vendor.env}, cwd=os.environ["HOME"], timeout=60, check=False
    )
    assert made.returncode == 0
    (row,) = vendor.run("list").document["jobs"]
    assert row["state"] == "done"


def test_a_reader_that_has_gone_does_not_hide_how_it_ended(vendor: Vendor) -> None:
    process = start("make", "--prompt", "x", "--n", "9", env=vendor.env)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(30) == 12


def test_words_that_are_no_text_are_refused_with_a_document() -> None:
    made = subprocess.run(
        [sys.executable.encode(), str(CREATE).encode(), b"make", b"--sandbox", b"--prompt", b"\xff\xfe"],
        capture_output=True,
        check=False,
    )
    document = json.loads(made.stdout)
    validate(document)
    assert made.returncode == document["error"]["exit"] == 2
