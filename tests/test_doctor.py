"""The doctor looks at everything, says what to do, costs nothing, and never breaks."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import create
from called import called
from parts import keeps_silent, line, resets, says
from studio import checks, text
from support import CANARIES, KEY, Run, Vendor, configure, key_variable, leaks, run, url_variable

IMA = {key_variable("ima"): KEY}
NOW = formatdate(usegmt=True)


def doctor(**env: str) -> dict[str, Any]:
    return rows(called("doctor", env=env))


def rows(made: Run) -> dict[str, Any]:
    assert made.code == 0
    return {row["check"]: row for row in made.document["checks"]}


def led_to(url: str) -> dict[str, str]:
    return {**IMA, url_variable("ima", "api"): url}


def state() -> Path:
    return Path(os.environ["MEDIA_STUDIO_HOME"])


def test_a_machine_that_is_well_has_nothing_to_mend(vendor: Vendor) -> None:
    assert vendor.make().code == 0
    made = vendor.run("doctor")
    assert made.document["ready"] is True
    found = rows(made)
    assert {name for name, row in found.items() if row["state"] != "ok"} == {
        f"key {id}" for id in CANARIES if id != "ima"
    }
    assert all((row["state"] == "ok") == (row["fix"] is None) for row in found.values())
    assert set(found) >= {
        *("python", *checks.LEAST, *checks.OPTIONAL, "config", "clock", "proxy", "state folder", "record"),
        *("output folder", "disk", "rehearsals", *(f"host {id}" for id in CANARIES)),
    }
    assert found["clock"]["says"].startswith("within 60 s")
    assert found["record"]["says"] == "whole"


def test_it_buys_nothing_and_no_key_travels() -> None:
    with line(says(200, b"", Date=NOW)) as server:
        found = doctor(**led_to(server.url))
    assert found["host ima"]["state"] == "ok"
    (got,) = server.got
    assert got.line.startswith("HEAD / ")
    assert leaks(repr((got.line, got.headers, got.body)).encode()) == []
    assert {"authorization", "cookie", "x-api-key"} & set(got.headers) == set()


def test_a_gateway_without_a_key_is_not_asked_and_that_is_said() -> None:
    with line(says(200)) as server:
        found = doctor(**{url_variable("ima", "api"): server.url})
    assert server.got == []
    assert found["host ima"]["says"] == "not asked: it has no key"
    assert found["key ima"]["state"] == "warn"
    assert "export IMA_API_KEY=" in found["key ima"]["fix"]


def test_a_key_that_cannot_be_one_is_told_and_its_host_not_asked() -> None:
    with line(says(200)) as server:
        found = doctor(**{**led_to(server.url), "IMA_API_KEY": "sk-of-somebody-else"})
    assert server.got == []
    assert (found["key ima"]["state"], found["key ima"]["says"]) == ("fail", "IMA_API_KEY is malformed")


@pytest.mark.parametrize("status", [200, 301, 401, 404, 405, 501, 503])
def test_any_answer_says_that_a_host_is_there(status: int) -> None:
    with line(says(status, b"", Location="https://elsewhere.example", Date=NOW)) as server:
        found = doctor(**led_to(server.url))
    assert found["host ima"] == {
        "check": "host ima",
        "state": "ok",
        "says": f"{server.netloc} answers",
        "fix": None,
    }
    assert len(server.got) == 1, "no redirect is followed"


@pytest.mark.parametrize("listens", [True, False])
def test_a_host_that_is_not_there_is_told_with_what_to_look_at(listens: bool) -> None:
    server = line(resets)
    if listens:
        server.listen()
    row = doctor(**led_to(server.url))["host ima"]
    server.__exit__()
    assert row["state"] == "fail"
    assert "firewall" in row["fix"]


def test_a_host_that_keeps_silent_is_waited_for_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PATIENCE", 0.2)  # and the shortest that the door waits is longer
    began = time.monotonic()
    with line(keeps_silent) as server:
        row = doctor(**led_to(server.url))["host ima"]
    assert row["state"] == "fail"
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize(
    ("seconds", "state", "word"),
    [(0, "ok", "within"), (-55, "ok", "within"), (-90, "warn", "ahead of"), (3600, "warn", "behind")],
)
def test_the_clock_is_compared_with_a_hosts(seconds: int, state: str, word: str) -> None:
    with line(says(200, b"", Date=formatdate(time.time() + seconds, usegmt=True))) as server:
        row = doctor(**led_to(server.url))["clock"]
    assert (row["state"], word in row["says"]) == (state, True)
    assert (row["fix"] is None) == (state == "ok")


@pytest.mark.parametrize("date", [None, "yesterday", ""])
def test_a_host_that_does_not_tell_the_time_is_there_all_the_same(date: str | None) -> None:
    with line(says(200, b"") if date is None else says(200, b"", Date=date)) as server:
        found = doctor(**led_to(server.url))
    assert found["host ima"]["state"] == "ok"
    assert found["clock"]["says"].startswith("not compared")


def test_a_damaged_record_is_told_and_left_as_it_is() -> None:
    file = state() / "ledger.sqlite3"
    state().mkdir(mode=0o700)
    file.write_bytes(b"no database" * 500)
    before = file.read_bytes()
    row = doctor()["record"]
    assert (row["state"], "cannot be read" in row["says"]) == ("fail", True)
    assert "set aside" in row["fix"]
    assert file.read_bytes() == before


def test_pages_that_do_not_fit_together_are_found(vendor: Vendor) -> None:
    assert vendor.make().code == 0
    file = state() / "ledger.sqlite3"
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    with file.open("r+b") as pages:
        pages.seek(size * 3)
        pages.write(b"\xff" * size)
    assert doctor()["record"]["state"] == "fail"


def test_a_record_of_a_newer_version_is_told(vendor: Vendor) -> None:
    assert vendor.make().code == 0
    with sqlite3.connect(state() / "ledger.sqlite3") as db:
        db.execute("INSERT INTO migrations VALUES ('9999 of tomorrow', 0)")
    db.close()
    assert "newer version" in doctor()["record"]["says"]


def test_what_others_can_read_is_told_with_the_command_that_mends_it(vendor: Vendor) -> None:
    assert vendor.make().code == 0
    state().chmod(0o755)
    (state() / "ledger.sqlite3").chmod(0o644)
    told = [row for row in called("doctor").document["checks"] if row["check"] == "privacy"]
    fixes = [row["fix"] for row in told]
    assert f"chmod 700 {state()}" in fixes
    assert f"chmod 600 {state() / 'ledger.sqlite3'}" in fixes


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "state"
    configure(f'out = "{tmp_path / "file"}"\n')
    assert doctor()["output folder"]["state"] == "fail"
    found = rows(called("doctor", "--home", str(home)))
    assert found["state folder"]["state"] == "fail"
    assert "MEDIA_STUDIO_HOME" in found["state folder"]["fix"]


@pytest.mark.parametrize(("free", "state"), [(2**29, "warn"), (2**20, "fail"), (2**33, "ok")])
def test_little_room_is_told(free: int, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free))
    assert doctor()["disk"]["state"] == state


def test_a_proxy_is_named_without_its_password() -> None:
    made = called("doctor", env={"HTTPS_PROXY": "http://me:hidden-word@proxy.example:8080"})
    assert rows(made)["proxy"]["says"] == "HTTPS_PROXY: proxy.example:8080"
    assert "hidden-word" not in made.stdout + made.stderr
    assert doctor(HTTPS_PROXY="http://")["proxy"]["state"] == "warn"
    assert doctor(REQUESTS_CA_BUNDLE="/nowhere.pem")["certificates"]["state"] == "fail"


@pytest.mark.parametrize("config", ["what = is this", "langage = 'en'", "[gateways.ima]\nhosts = 3"])
def test_a_config_that_stops_every_other_command_is_told(config: str) -> None:
    configure(config)
    row = doctor()["config"]
    assert row["state"] == "fail"
    assert "config.toml" in row["says"] + row["fix"]
    assert called("list").error["kind"] == "bad_config"


def test_an_address_that_a_key_may_not_follow_is_told() -> None:
    found = doctor(**led_to("https://elsewhere.example"))
    assert "may not be given the key" in found["host ima"]["says"]


def test_a_check_that_breaks_says_so_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("told to nobody")

    for name in ("_version", "_nearest", "_authority"):
        monkeypatch.setattr(checks, name, breaks)
    monkeypatch.setattr("studio.store.examined", breaks)
    state().mkdir()
    (state() / "ledger.sqlite3").touch()
    made = called("doctor", env={"HTTPS_PROXY": "http://proxy.example"})
    found = rows(made)
    broken = {name for name, row in found.items() if row["says"] == "could not be checked (RuntimeError)"}
    assert broken == {"packages", "proxy", "state folder", "record", "output folder", "disk", "rehearsals"}
    assert found["python"]["state"] == "ok"
    assert "told to nobody" not in made.stdout


def test_the_packages_are_those_that_the_command_needs() -> None:
    wanted = {}
    for need in create.NEEDS.values():
        name, least = re.fullmatch(r"([A-Za-z0-9-]+)>=([0-9.]+),.*", need).groups()  # type: ignore[union-attr]
        wanted[name] = tuple(map(int, least.split(".")))
    assert wanted == checks.LEAST


def test_an_old_or_missing_package_is_told_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"requests": "2.31.9", "rich": None, "av": None}
    real = checks._version
    monkeypatch.setattr(checks, "_version", lambda name: versions.get(name, real(name)))
    found = doctor()
    assert (found["requests"]["state"], found["rich"]["state"], found["av"]["state"]) == (
        "warn",
        "fail",
        "warn",
    )
    assert '-m pip install "requests>=2.32"' in found["requests"]["fix"]
    assert found["rehearsals"]["says"] == "pictures; films need the package av"


def test_a_person_reads_a_row_for_each_and_what_to_do(vendor: Vendor) -> None:
    shown = text.person(called("doctor").document)
    assert re.search(r"^ok    python +3\.", shown, re.M)
    assert re.search(r"^warn  key ima +IMA_API_KEY is missing$", shown, re.M)
    assert "To try without a key" in shown


def test_nothing_is_made_where_nothing_was() -> None:
    made = run("doctor")
    assert made.code == 0
    assert not (state() / "ledger.sqlite3").exists()
    assert json.loads(made.stdout)["ready"] is False
