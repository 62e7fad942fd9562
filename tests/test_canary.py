"""No key leaves by any door. Every run of every test is searched for the canary key (support.run), and so
is everything it wrote (conftest.home); here the search itself is shown to find what is planted."""

from __future__ import annotations

import base64
import json
import sqlite3
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import Sandbox
from support import KEY, PROMPT, Vendor, leaks, leaks_in, run, start

WRITTEN: dict[str, Callable[[str], str]] = {
    "clear": str,
    "url": lambda key: urllib.parse.quote(key, safe=""),
    "form": urllib.parse.quote_plus,
    "json": lambda key: json.dumps({"key": key}),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of a header": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "base64 for urls": lambda key: base64.urlsafe_b64encode(f"x{key}!".encode()).decode(),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_the_search_finds_the_key_wherever_it_is_planted(form: str, tmp_path: Path) -> None:
    planted = f"before {WRITTEN[form](KEY)} after"
    assert leaks(planted.encode())

    (tmp_path / "a.log").write_text(planted)
    assert leaks_in(tmp_path)
    (tmp_path / "a.log").unlink()

    with sqlite3.connect(tmp_path / "ledger.sqlite3") as db:
        db.execute("CREATE TABLE jobs (error TEXT)")
        db.execute("INSERT INTO jobs VALUES (?)", (planted,))
    db.close()
    assert leaks_in(tmp_path)


def test_the_search_finds_nothing_where_nothing_is() -> None:
    assert leaks(json.dumps({"prompt": PROMPT, "key": "ima_another_placeholder"}).encode()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("doctor",),
        ("models",),
        ("models", "--live"),
        ("list",),
        ("schema",),
        ("quote", "--prompt", PROMPT),
        ("make", "--prompt", PROMPT, "--dry-run"),
        ("show", "nothing"),
        ("wait", "nothing"),
        ("make", "--prompt", KEY, "--dry-run"),
        ("make", "--prompt", PROMPT, "--out", "/dev/null/x"),
    ],
    ids=" ".join,
)
def test_no_command_shows_the_key_it_was_given(vendor: Vendor, words: tuple[str, ...]) -> None:
    vendor.run(*words)  # support.run raises where the key was printed


def test_a_key_on_the_command_line_is_warned_about_and_not_repeated(vendor: Vendor) -> None:
    made = vendor.make("--api-key", KEY, "--max-credits", "1", env={"IMA_API_KEY": ""})
    assert made.code == 11
    assert "--api-key" in made.stderr
    asked = vendor.make("--api-key", KEY, "--n", "5", env={"IMA_API_KEY": ""})
    assert asked.code == 12
    assert "--api-key" not in asked.document["next"]


@pytest.mark.parametrize("endpoint", ["list", "token", "put", "create", "detail", "file"])
def test_a_vendor_that_repeats_the_key_in_its_answer_does_not_make_us_repeat_it(
    vendor: Vendor, endpoint: str, tmp_path: Path
) -> None:
    from test_spine import picture

    said = f"bad key {KEY} in {vendor.urls['upload']}/x?appUid={urllib.parse.quote(KEY, safe='')}"
    vendor.fault(endpoint, {"kind": "code", "code": 401, "http": 401, "message": said}, times=-1)
    made = vendor.make("--input-images", picture(tmp_path), "--timeout", "1")
    assert made.code in {3, 6, 13}


def test_the_upload_links_query_appears_nowhere(vendor: Vendor, home: Path, tmp_path: Path) -> None:
    from test_spine import picture

    shown = []
    for fault in ({"kind": "reset"}, {"kind": "http", "status": 500, "body": "no"}, {"kind": "empty"}):
        vendor.fault("token", fault, times=-1)
        made = vendor.make("--input-images", picture(tmp_path), "--events")
        assert made.code == 6
        shown.append(made.stdout + made.stderr)
        vendor.clear()
    kept = b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())
    for trace in ("appUid", "cmimToken", "getuploadtoken", "sign="):
        assert trace not in "".join(shown)
        assert trace.encode() not in kept


def test_the_process_list_does_not_show_the_key(vendor: Vendor) -> None:
    process = start("make", "--prompt", PROMPT, "--speed", "20", env=vendor.env)
    assert process.stderr is not None
    process.stderr.readline()
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    process.kill()
    process.communicate()
    assert any(b"create.py" in line for line in lines)
    assert not any(leaks(line) for line in lines)


def test_the_prompt_is_kept_in_the_record_only(vendor: Vendor, home: Path) -> None:
    vendor.fault("create", {"kind": "code", "code": 4008, "http": 200})
    made = vendor.make()
    assert made.code == 4
    assert PROMPT not in made.stderr
    holding = {
        path.name for path in home.rglob("*") if path.is_file() and PROMPT.encode() in path.read_bytes()
    }
    assert holding <= {"ledger.sqlite3", "ledger.sqlite3-wal"}
    mode = (home / "state" / "ledger.sqlite3").stat().st_mode
    assert mode & 0o077 == 0


@pytest.mark.parametrize("name", ["MEDIA_STUDIO_IMA_URL", "MEDIA_STUDIO_IMA_UPLOAD_URL"])
@pytest.mark.parametrize(
    "url", ["https://example.com", "http://127.0.0.1.example.com", "http://10.0.0.1", "x"]
)
def test_the_key_follows_no_address_that_is_not_trusted(name: str, url: str) -> None:
    made = run("make", "--prompt", PROMPT, env={"IMA_API_KEY": KEY, name: url})
    assert (made.code, made.error["kind"]) == (2, "base_url_refused")


def test_an_upload_goes_without_the_key(vendor: Vendor, tmp_path: Path) -> None:
    from test_spine import picture

    assert vendor.make("--input-images", picture(tmp_path)).code == 0
    assert vendor.stats["violations"] == []  # the twin counts a key that is seen on its files host


def test_the_real_key_stays_out_of_a_rehearsal(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "other", speed=200) as box:
        env = {"IMA_API_KEY": KEY, "MEDIA_STUDIO_IMA_URL": box.urls["ima"]["api"]}
        assert run("quote", "--prompt", PROMPT, "--sandbox", env=env).code == 0
        assert Vendor(box.urls["ima"], 200).stats["requests"]["list"] == 0
