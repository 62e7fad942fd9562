"""No key leaves by any door. Every run of every test is searched for the canary key (support.run), and so
is everything it wrote (conftest.home); here the search itself is shown to find what is planted."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from called import called
from front import Front
from sandbox import Sandbox
from studio import catalogue, commands
from support import (
    CANARIES,
    CREATE,
    KEY,
    ORDERS,
    PROMPT,
    STRETCH,
    Run,
    Vendor,
    configure,
    key_variable,
    leaks,
    leaks_in,
    run,
    url_variable,
    with_clips,
)

WRITTEN: dict[str, Callable[[str], str]] = {
    "clear": str,
    "url": lambda key: urllib.parse.quote(key, safe=""),
    "form": urllib.parse.quote_plus,
    "json": lambda key: json.dumps({"key": key}),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of a header": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "base64 for urls": lambda key: base64.urlsafe_b64encode(f"x{key}!".encode()).decode(),
}


@pytest.mark.parametrize("gateway", CANARIES)
@pytest.mark.parametrize("form", WRITTEN)
def test_the_search_finds_the_key_wherever_it_is_planted(form: str, gateway: str, tmp_path: Path) -> None:
    planted = f"before {WRITTEN[form](CANARIES[gateway])} after"
    assert leaks(planted.encode())
    for other, key in CANARIES.items():
        assert bool(leaks(planted.encode(), key)) is (other == gateway)

    (tmp_path / "a.log").write_text(planted)
    assert leaks_in(tmp_path)
    (tmp_path / "a.log").unlink()

    with sqlite3.connect(tmp_path / "ledger.sqlite3") as db:
        db.execute("CREATE TABLE jobs (error TEXT)")
        db.execute("INSERT INTO jobs VALUES (?)", (planted,))
    db.close()
    assert leaks_in(tmp_path)


READABLE = ("clear", "url", "form", "json")


@pytest.mark.parametrize("gateway", CANARIES)
@pytest.mark.parametrize("form", READABLE)
def test_the_search_finds_any_eight_characters_of_a_key_and_no_seven(form: str, gateway: str) -> None:
    written = WRITTEN[form](CANARIES[gateway]).removeprefix('{"key": "').removesuffix('"}')
    for n in range(len(written) - STRETCH + 1):
        part = written[n : n + STRETCH]
        assert leaks(f"bad key {part}****".encode()), part
        assert leaks(part.encode(), CANARIES[gateway]), part
        assert leaks(f"Z {part[1:]}\n{part[:-1]} q".encode()) == [], part


def test_every_gateway_has_a_canary_that_reads_differently_in_every_form() -> None:
    assert set(CANARIES) == {made.id for made in catalogue.gateways()}
    for key in CANARIES.values():
        forms = {WRITTEN[form](key) for form in ("clear", "url", "json", "base64")}
        assert len(forms) == 4
        assert json.dumps(key) != f'"{key}"'


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
        ("quote", "--prompt", "x", "--out", KEY),
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
    assert "getuploadtoken" not in "".join(shown), "of the path only the log may speak"
    for trace in ("appUid", "cmimToken", "sign="):
        assert trace not in "".join(shown)
        assert trace.encode() not in kept


def test_the_process_list_does_not_show_the_key(vendor: Vendor) -> None:
    process = subprocess.Popen(  # no fork: those are all called what the helper is called
        [sys.executable, str(CREATE), "make", "--prompt", PROMPT, "--speed", "20"],
        env={**os.environ, **vendor.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
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


@pytest.mark.parametrize(
    ("order", "role", "url"),
    [
        ("ima", "api", "https://example.com"),
        ("ima", "upload", "http://127.0.0.1.example.com"),
        ("vidu", "api", "http://10.0.0.1"),
        ("vidu", "alternate", "https://example.com"),
        ("vidu", "alternate", "x"),
        ("302ai", "api", "https://api.gpt.ge"),
        ("gptge", "api", "https://api.302.ai/minimaxi"),
    ],
    ids=" ".join,
)
def test_the_key_follows_no_address_that_is_not_trusted(order: str, role: str, url: str) -> None:
    """Every other address and role: test_guards.py."""
    id = order if order in CANARIES else "imagine-future"
    env = {key_variable(id): CANARIES[id], url_variable(id, role): url}
    made = run("make", "--prompt", PROMPT, *ORDERS[order].said, env=env)
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


# Several gateways.


@pytest.fixture
def both(tmp_path: Path, clips: Path) -> Iterator[Both]:
    """Every twin, behind a front for each address that the command is led to, and every key set."""
    with ExitStack() as stack:
        box = stack.enter_context(Sandbox(with_clips(tmp_path / "twins", clips), speed=1000))
        fronts = {
            (made.id, role): stack.enter_context(Front(box.urls[made.id][role], gateway=made.id, role=role))
            for made in catalogue.gateways()
            for role in made.urls
        }
        allowed = [f"[gateways.{id}]\naccept_unknown_price = true\n" for id in CANARIES]
        configure("".join(allowed))
        yield Both(box, fronts)


@dataclass
class Both:
    box: Sandbox
    fronts: dict[tuple[str, str], Front]

    def buy(self, order: str, *words: str, prompt: str = PROMPT) -> Run:
        return self.make(*ORDERS[order].said, *words, prompt=prompt)

    def make(self, *words: str, prompt: str = PROMPT, env: dict[str, str] | None = None) -> Run:
        every = {key_variable(id): key for id, key in CANARIES.items()}
        for front in self.fronts.values():
            every = {**front.env, **every, url_variable(front.gateway, front.role): front.url}
        return run(*("make", "--speed", "1000", "--prompt", prompt), *words, env={**every, **(env or {})})

    def call(self, *words: str, prompt: str = PROMPT, env: dict[str, str] | None = None) -> Run:
        """Any command, in this process."""
        every = {key_variable(id): key for id, key in CANARIES.items()}
        for front in self.fronts.values():
            every = {**front.env, **every, url_variable(front.gateway, front.role): front.url}
        if words[0].startswith("--") or words[0] in {"quote", "start"}:
            words = (*words, "--speed", "1000", "--prompt", prompt)
        return called(*words, env={**every, **(env or {})})

    def at(self, gateway: str) -> Vendor:
        """The twin, to be told what to break."""
        return Vendor(self.box.urls[gateway], 1000, gateway)

    def heard(self, gateway: str) -> dict[str, bytes]:
        """All that reached a gateway's addresses."""
        of = {role: front for (id, role), front in self.fronts.items() if id == gateway}
        return {role: b"".join(front.heard) for role, front in of.items()}

    def each_key_went_home_only(self) -> None:
        for gateway in CANARIES:
            for role, heard in self.heard(gateway).items():
                for owner, key in CANARIES.items():
                    assert owner == gateway or leaks(heard, key) == [], (owner, gateway, role)
        for id, stats in self.box.stats().items():
            assert stats["violations"] == [], (id, "a key reached a host of files")


def test_with_every_key_set_each_reaches_its_own_gateway_and_no_other(both: Both, tmp_path: Path) -> None:
    from test_spine import picture

    assert both.buy("ima", "--input-images", picture(tmp_path)).code == 0
    assert leaks(both.heard("ima")["api"], CANARIES["ima"])
    assert both.heard("imagine-future") == {"api": b"", "alternate": b""}
    for order in ("vidu", "kling", "mv"):
        assert both.buy(order).code == 0
    assert leaks(both.heard("imagine-future")["api"], CANARIES["imagine-future"])
    assert both.heard("302ai") == both.heard("gptge") == {"api": b""}
    for gateway in ("302ai", "gptge"):
        assert both.buy(gateway).code == 0
        assert leaks(both.heard(gateway)["api"], CANARIES[gateway])
    both.each_key_went_home_only()


HAILUO = ("--provider", "hailuo", "--task-type", "text_to_video")


@pytest.mark.parametrize(
    ("model", "chosen", "other"),
    [("MiniMax-Hailuo-02", "302ai", "gptge"), ("MiniMax-Hailuo-2.3", "gptge", "302ai")],
)
def test_of_two_gateways_that_could_be_paid_only_the_one_that_is_bought_from_hears_anything(
    both: Both, model: str, chosen: str, other: str
) -> None:
    assert both.make(*HAILUO, "--model", model, "--accept-unknown-price").code == 0
    assert leaks(both.heard(chosen)["api"], CANARIES[chosen])
    assert both.heard(other) == {"api": b""}
    both.each_key_went_home_only()


def test_of_two_gateways_the_one_that_has_no_key_is_not_bought_from(both: Both) -> None:
    made = both.make(*HAILUO, "--accept-unknown-price", env={key_variable("302ai"): ""})
    assert (made.code, made.document["gateway"]) == (0, "gptge")
    assert both.heard("302ai") == {"api": b""}
    both.each_key_went_home_only()


@pytest.mark.parametrize(("status", "code", "end"), [(200, 1008, 4), (200, 1004, 3), (503, 1000, 9)])
def test_a_gateway_that_does_not_sell_leaves_the_other_unasked(
    both: Both, status: int, code: int, end: int
) -> None:
    no = {"base_resp": {"status_code": code, "status_msg": f"not with {CANARIES['302ai']}"}}
    both.at("302ai").fault("create", {"kind": "json", "status": status, "value": no})
    made = both.make(*HAILUO)
    assert (made.code, made.document["gateway"]) == (end, "302ai")
    assert both.at("302ai").stats["requests"]["create"] == 1
    assert both.heard("gptge") == {"api": b""}
    both.each_key_went_home_only()


@pytest.mark.parametrize("endpoint", ["detail", "link"])
@pytest.mark.parametrize("gateway", ["302ai", "gptge"])
def test_a_gateway_that_repeats_its_key_beside_a_paid_task_does_not_make_us_repeat_it(
    both: Both, gateway: str, endpoint: str
) -> None:
    said = {"base_resp": {"status_code": 1004, "status_msg": f"bad key {CANARIES[gateway]}"}}
    if endpoint == "link":  # gpt.ge may show the link with the task
        both.at(gateway).fault("detail", {"kind": "drop", "field": "data.video_url"}, times=-1)
    both.at(gateway).fault(endpoint, {"kind": "json", "status": 200, "value": said}, times=-1)
    assert both.buy(gateway, "--timeout", "5").code == 3  # support.run raises where the key was printed
    both.each_key_went_home_only()


def test_a_gateway_that_cannot_be_reached_is_looked_for_at_its_own_other_address_only(both: Both) -> None:
    both.fronts["imagine-future", "api"].shut()
    assert both.buy("vidu").code == 0
    assert leaks(both.heard("imagine-future")["alternate"], CANARIES["imagine-future"])
    both.fronts["imagine-future", "alternate"].shut()
    assert both.buy("kling").code == 6
    assert both.heard("ima") == {"api": b"", "upload": b""}
    both.each_key_went_home_only()


@pytest.mark.parametrize(
    ("order", "other"),
    [("vidu", "ima"), ("ima", "imagine-future"), ("302ai", "gptge"), ("gptge", "302ai")],
)
def test_a_prompt_that_holds_another_gateways_key_is_not_sent(
    both: Both, order: str, other: str, home: Path
) -> None:
    made = both.buy(order, prompt=f"paint {CANARIES[other]}")
    assert (made.code, made.error["kind"], made.error["charged"]) == (2, "holds_key", "no")
    assert "hold a key" in made.error["message"]
    assert {id: stats["requests"]["create"] for id, stats in both.box.stats().items()} == dict.fromkeys(
        CANARIES, 0
    )
    both.each_key_went_home_only()


# What a vendor repeats of a key, and what goes out and into the log besides.


def repeating(key: str, words: str) -> dict[str, object]:
    """An answer that has these words wherever some vendor has some."""
    return {
        **dict.fromkeys(("code", "reason", "message", "state", "err_code", "err_msg"), words),
        "base_resp": {"status_code": 1004, "status_msg": words},
        "error": {"message": words, "code": words},
        "data": {"task_status": words, "task_status_msg": words, "status": words, "medias": [words]},
        "medias": [{"resource_status": words, "status": words, "error_msg": words}],
        words: words,
    }


@pytest.mark.parametrize("order", ORDERS)
def test_a_part_of_a_key_that_a_vendor_repeats_is_neither_printed_nor_kept(
    both: Both, order: str, tmp_path: Path
) -> None:
    from test_spine import picture

    id = order if order in CANARIES else "imagine-future"
    key, twin = CANARIES[id], both.at(id)
    parts = (key[:9], key[4:14] + "****", urllib.parse.quote(key)[6:22], json.dumps(key)[12:24])
    file = ("--input-images", picture(tmp_path)) if order == "ima" else ()
    silent = {"file", "put"}  # their bytes are not read as words
    for endpoint in sorted(set(twin.stats["requests"]) - {"cancel", "unknown"}, reverse=True):
        for status, words in ((200, " ".join(("bad key", *parts))), (401, parts[0])):
            value = repeating(key, words)
            twin.fault(endpoint, {"kind": "json", "status": status, "value": value}, times=-1)
            if (order, endpoint) == ("gptge", "link"):  # which may come with the task
                twin.fault("detail", {"kind": "drop", "field": "data.video_url"}, times=-1)
            said = (*ORDERS[order].said, *file, "--timeout", "1", "--debug")
            made = both.call(*said, prompt=f"{PROMPT} {endpoint} {status}")
            assert made.code in {3, 4, 5, 6, 8, 9, 13} or endpoint == "put", made.stderr
            assert "[key]" in made.stderr or endpoint in silent
            twin.clear()
    both.each_key_went_home_only()  # what was printed and kept is searched anyway


def test_who_asked_stands_in_no_log_and_no_request_and_the_prompt_only_where_it_is_bought(
    both: Both, home: Path
) -> None:
    who, prompt = "user-of-the-chat-7f", "an aubergine wombat, gouache"
    for order in ORDERS:
        said = ("--user-id", who, "--idempotency-key", f"message-of-{who}-{order}")
        made = both.buy(order, *said, prompt=f"{prompt}, {order}")
        assert made.code == 0, made.stderr
        job = made.document["job"]
        for words in (("wait", job), ("show", job), ("list", "--user-id", who)):
            assert called(*words).code == 0
    for gateway in CANARIES:
        mine = [order for order in ORDERS if (order if order in CANARIES else "imagine-future") == gateway]
        for role, heard in both.heard(gateway).items():
            assert who.encode() not in heard
            for order in ORDERS:
                there = f"{prompt}, {order}".encode() in heard
                assert there is (order in mine and role == "api"), (order, role)
    logs = b"".join(file.read_bytes() for file in home.glob("state/logs/*"))
    assert logs.count(b'"began"') == len(ORDERS) * 4
    assert who.encode() not in logs
    assert b"wombat" not in logs


NOWHERE = {url_variable(id, "api"): "http://127.0.0.1:9" for id in CANARIES}
"""Where the doctor knocks, and nobody answers."""


def test_every_command_is_searched(vendor: Vendor, tmp_path: Path) -> None:
    """With every key set, with a job to speak of; `called` and `home` search what it says and leaves."""
    every = {**NOWHERE, **{key_variable(id): key for id, key in CANARIES.items()}, **vendor.env}
    job = vendor.make(env=every).document["job"]
    old = tmp_path / "older.json"
    old.write_text("{}")
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"prompt": "one of many"}')
    words: dict[str, tuple[str, ...]] = {
        **{name: (name, job) for name in ("again", "wait", "show", "fetch", "cancel", "reconcile")},
        **{name: (name, job) for name in ("edit", "compose")},
        **{name: (name, "--speed", "200", "--prompt", "another") for name in ("make", "start", "quote")},
        **{name: (name,) for name in ("list", "gallery", "spend", "models", "doctor", "schema")},
        "prefs": ("prefs", "import", "--file", str(old)),
        "purge": ("purge", "--before", "1d"),
        "batch": ("batch", str(rows), "--speed", "200"),
    }
    assert {*words, "sandbox"} == {command.name for command in commands.COMMANDS}
    for asked in words.values():
        for how in ((), ("--debug", "--brief") if asked[0] in commands.TALKING else ("--brief",)):
            called(*asked, *how, env=every)


@pytest.mark.parametrize("form", [*WRITTEN, "cut", "too long", "of another"])
def test_doctor_says_which_keys_there_are_and_no_character_of_them(form: str) -> None:
    ways: dict[str, Callable[[str], str]] = {
        **WRITTEN,
        "json": lambda key: json.dumps(key)[1:-1],
        "cut": lambda key: key[:11],
        "too long": lambda key: f"{key} {key}",
    }
    turned = dict(zip(CANARIES, reversed(CANARIES.values()), strict=True))
    keys = turned if form == "of another" else {id: ways[form](key) for id, key in CANARIES.items()}
    env = {**NOWHERE, **{key_variable(id): key for id, key in keys.items()}}
    for how in ((), ("--quiet",), ("--brief",)):
        made = run("doctor", *how, env=env)
        for key in keys.values():
            for part in (key, key[:8], key[4:10], key[-6:]):
                assert part not in made.stdout + made.stderr
    states = {row["gateway"]: row["key"] for row in run("doctor", env=env).document["keys"]}
    assert set(states.values()) <= {"set", "malformed"}
    assert form != "clear" or set(states.values()) == {"set"}


# --api-key.


@pytest.mark.parametrize("order", ORDERS)
def test_who_gives_a_key_with_the_command_is_told_which_variable_the_next_one_needs(
    both: Both, order: str
) -> None:
    id = order if order in CANARIES else "imagine-future"
    given = ("--gateway", id, "--api-key", CANARIES[id])
    words = [word for word in ORDERS[order].said if word not in {"--gateway", id}]
    unset = {key_variable(other): "" for other in CANARIES}

    def told(made: Run) -> None:
        assert made.document["next"], made.stdout
        assert "--api-key" not in made.document["next"]
        assert f"set {key_variable(id)} to it" in made.document["note"]

    told(both.call("quote", *words, *given, env=unset))
    begun = both.call("start", *words, *given, env=unset)
    told(begun)
    if ORDERS[order].unpriced:
        asked = [word for word in words if word != "--accept-unknown-price"]
        told(both.call(*asked, *given, "--force-new", env=unset))  # exit 12
    both.at(id).fault("file", {"kind": "http", "status": 404, "body": "no"}, times=-1)
    held = both.call("wait", begun.document["job"], *given[2:], env=unset)
    while not held.document["done"] and held.code in {0, 5}:
        told(held)
        held = both.call("wait", begun.document["job"], *given[2:], env=unset)
    assert held.code == 13
    told(held)
    quiet = both.call("wait", begun.document["job"], *given[2:], env={key_variable(id): CANARIES[id]})
    assert quiet.document["note"] is None, "the variable holds it already"
