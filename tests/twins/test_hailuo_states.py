"""Hailuo at 302.AI and gpt.ge: money, failures, links that end, and what is known when."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from twins.films import facts
from twins.hailuo_printed import CODES
from twins.hailuo_vendor import DOORS, Shop, refusal
from twins.ima_vendor import Clock


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock) as made:
        yield made


@pytest.fixture(params=DOORS)
def shop(sandbox: Sandbox, request: pytest.FixtureRequest) -> Shop:
    return Shop(sandbox, request.param)


def test_a_task_is_paid_at_once_and_a_failed_one_is_given_back(shop: Shop, clock: Clock) -> None:
    price = shop.door.credits
    shop.bought()
    shop.fault("create", {"kind": "media", "index": 0})
    shop.bought()
    assert shop.money() == (2 * price, 100_000 - 2 * price)
    clock.now += 241

    stats = shop.stats()

    assert [(task["state"], task["points"], task["paid"]) for task in stats["tasks"]] == [
        ("done", price, price),
        ("failed", price, 0),
    ]
    assert shop.money() == (price, 100_000 - price)
    assert {task["settled"] for task in stats["tasks"]} == {True}


def test_an_account_that_cannot_pay_buys_nothing(shop: Shop) -> None:
    assert shop.control("account", {"key": shop.key, "points": shop.door.credits}).status_code == 200
    shop.bought()

    answer = shop.create(shop.plain())

    assert (refusal(answer), answer.json()["task_id"]) == (1008, "")
    assert (shop.stats()["accepted"], shop.stats()["refused"], shop.money()[1]) == (1, {"1008": 1}, 0)


@pytest.mark.parametrize(
    ("reason", "status", "code", "words"),
    [
        (None, "Fail", 1027, "output new_sensitive"),
        *((str(code), "Fail", code, None) for code in CODES),
        ("Failed", "Failed", 0, "success"),
        ("fail", "fail", 0, "success"),
        ("the machine is on fire", "Fail", 1000, "the machine is on fire"),
    ],
)
def test_a_failed_task_says_so_in_every_spelling(
    shop: Shop, clock: Clock, reason: str | None, status: str, code: int, words: str | None
) -> None:
    shop.fault("create", {"kind": "media", "index": 0, **({} if reason is None else {"reason": reason})})
    id = shop.bought()
    clock.now += 3
    assert shop.flat(id)["status"] == "Preparing"
    clock.now += 238

    flat = shop.flat(id)

    assert set(flat) == {"task_id", "status", "base_resp"}
    assert (flat["task_id"], flat["status"], flat["base_resp"]["status_code"]) == (id, status, code)
    assert flat["base_resp"]["status_msg"] != "unknown error" or code == 1000
    assert words is None or flat["base_resp"]["status_msg"] == words
    assert (shop.stats()["tasks"][0]["state"], shop.money()[0]) == ("failed", 0)
    if shop.name == "gptge":
        wrapped = shop.wrapped(id)
        assert (wrapped["code"], wrapped["data"]["status"]) == (0, status)
        assert json.loads(wrapped["data"]["resp_data"]) == flat


def test_a_failure_of_a_second_film_fails_nothing(shop: Shop, clock: Clock) -> None:
    shop.fault("create", {"kind": "media", "index": 1, "reason": "1027"})
    id = shop.bought()
    clock.now += 241

    assert shop.flat(id)["status"] == "Success"


def test_every_code_of_the_vendor_arrives_unchanged_at_every_endpoint(shop: Shop) -> None:
    asks: dict[str, Callable[[], requests.Response]] = {
        "create": lambda: shop.create(shop.plain()),
        "detail": lambda: shop.query("1"),
        "link": lambda: shop.retrieve("1"),
    }
    for endpoint, ask in asks.items():
        for code in CODES:
            value = {"task_id": "", "base_resp": {"status_code": code, "status_msg": f"words of {code}"}}
            shop.fault(endpoint, {"kind": "json", "status": 200, "value": value})

            answer = ask()

            assert (answer.status_code, answer.json()) == (200, value)
    stats = shop.stats()
    assert (stats["faults_played"], stats["accepted"], stats["tasks"]) == (3 * len(CODES), 0, [])
    assert {endpoint: stats["requests"][endpoint] for endpoint in asks} == dict.fromkeys(asks, len(CODES))


def test_a_link_lives_an_hour_and_a_new_one_can_be_had(shop: Shop, clock: Clock) -> None:
    id = shop.bought()
    clock.now += 241
    first = shop.link(id)
    clock.now += 3599
    assert shop.file(first).status_code == 200
    clock.now += 2

    dead = shop.file(first)

    assert (dead.status_code, dead.headers["Content-Type"]) == (403, "application/xml")
    second = shop.link(id)
    assert second != first
    assert shop.file(second).status_code == 200
    clock.now += 10**7
    assert shop.file(shop.link(id)).status_code == 200


@pytest.mark.parametrize(("speed", "life"), [(10.0, 360), (1000.0, 20)])
def test_a_fast_vendors_links_end_sooner_but_never_before_they_can_be_fetched(
    clock: Clock, speed: float, life: int
) -> None:
    with Sandbox(speed=speed, clock=clock) as sandbox:
        shop = Shop(sandbox, "302ai")
        id = shop.bought()
        clock.now += 241
        link = shop.link(id)
        clock.now += life - 1
        assert shop.file(link).status_code == 200
        clock.now += 2
        assert shop.file(link).status_code == 403


def test_the_link_in_gptges_own_envelope_lives_an_hour_from_each_answer(
    sandbox: Sandbox, clock: Clock
) -> None:
    shop = Shop(sandbox, "gptge")
    ids = [shop.bought() for _ in range(40)]
    clock.now += 241
    id = next(id for id in ids if "video_url" in shop.wrapped(id)["data"])
    first = shop.wrapped(id)["data"]["video_url"]
    clock.now += 3601

    assert shop.file(first).status_code == 403
    assert shop.file(shop.wrapped(id)["data"]["video_url"]).status_code == 200


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_gptge_does_not_know_its_task_in_the_first_three_seconds(
    clock: Clock, name: str, speed: float
) -> None:
    with Sandbox(speed=speed, clock=clock) as sandbox:
        shop = Shop(sandbox, name)
        id = shop.bought()
        clock.now += 3 / speed - 0.1
        early = shop.query(id)
        clock.now += 0.2

        assert refusal(early) == ("task_not_exist" if name == "gptge" else None)
        assert early.status_code == (404 if name == "gptge" else 200)
        assert refusal(shop.query(id)) is None
        assert shop.flat(id)["status"] == "Preparing"


def test_a_file_is_there_when_its_task_has_ended_well(shop: Shop, clock: Clock) -> None:
    good = shop.bought()
    shop.fault("create", {"kind": "media", "index": 0})
    bad = shop.bought()
    began = clock.now
    clock.now += 241
    file_id = shop.flat(good)["file_id"]
    link = shop.link(good)
    of_the_bad = str(int(good) + int(file_id) - int(bad))  # as its id would be
    clock.now = began + 50
    assert refusal(shop.retrieve(file_id)) == 2013
    assert shop.file(link).status_code == 404, "a link of a time that has not come"
    clock.now = began + 241

    assert refusal(shop.retrieve(file_id)) is None
    assert refusal(shop.retrieve(of_the_bad)) == 2013
    assert refusal(shop.retrieve(good)) == 2013, "a task's id is no file's"
    assert refusal(shop.retrieve(f"0{file_id}")) == 2013


@pytest.mark.parametrize("id", ["123456789012345678", "1", "no-number", "0" * 18, "9" * 30])
def test_an_unknown_task_and_file(shop: Shop, id: str) -> None:
    shop.bought()

    asked = shop.query(id)

    assert (refusal(asked), asked.status_code) == (
        ("task_not_exist", 404) if shop.name == "gptge" else (2013, 200)
    )
    assert "task not exist" in asked.text
    assert refusal(shop.retrieve(id)) == 2013


def test_a_task_and_its_file_are_their_accounts_alone(shop: Shop, clock: Clock) -> None:
    id = shop.bought()
    clock.now += 241
    file_id = shop.flat(id)["file_id"]
    other = Shop(shop.sandbox, shop.name, key=shop.door.other_key)

    assert refusal(other.query(id)) == ("task_not_exist" if shop.name == "gptge" else 2013)
    assert refusal(other.retrieve(file_id)) == 2013
    assert refusal(shop.retrieve(file_id)) is None


def test_a_stuck_task_processes_for_ever(shop: Shop, clock: Clock) -> None:
    shop.fault("create", {"kind": "stuck"})
    id = shop.bought()
    clock.now += 10**7

    assert shop.flat(id)["status"] == "Processing"
    assert shop.stats()["tasks"][0]["state"] == "running"


def test_other_credits_and_another_size_can_be_ordered(shop: Shop, clock: Clock) -> None:
    shop.fault("create", {"kind": "charge", "points": 7})
    shop.fault("create", {"kind": "deliver", "width": 320, "height": 200})
    id = shop.bought()
    clock.now += 241

    shown, film = shop.flat(id), facts(shop.file(shop.link(id)).content)

    assert (film.width, film.height, shop.money()[0]) == (320, 200, 7)
    assert (shown["video_width"], shown["video_height"]) == (320, 200), "the vendor says what it made"


def test_somebody_elses_task_shows_itself_by_its_id_and_its_film_can_be_fetched(
    shop: Shop, clock: Clock
) -> None:
    id = shop.bought()
    clock.now += 3
    assert shop.flat(id)["status"] == "Preparing"
    for _ in range(2):  # in whichever envelope the next one would be
        shop.fault("detail", {"kind": "other_task"})

        shown = shop.query(id).json()

        assert (shown["task_id"] != id, shown["status"]) == (True, "Success")
        link = shop.retrieve(shown["file_id"]).json()["file"]["download_url"]
        assert shop.file(link).status_code == 200
        shop.query(id)
    assert shop.flat(id)["task_id"] == id


def test_a_lost_answer_leaves_a_task_that_was_paid(shop: Shop) -> None:
    shop.fault("create", {"kind": "empty"}, when="after")

    answer = shop.create(shop.plain())

    assert (answer.content, shop.stats()["accepted"], shop.money()[0]) == (b"", 1, shop.door.credits)


def test_a_restart_changes_nothing(clock: Clock, tmp_path: Path) -> None:
    kept: dict[str, Any] = {}
    with Sandbox(tmp_path, clock=clock) as sandbox:
        for name in DOORS:
            shop = Shop(sandbox, name)
            id = shop.bought()
            clock.now += 241
            kept[name] = (id, shop.query(id).json(), shop.retrieve(shop.flat(id)["file_id"]).json())
            if name == "gptge":
                shop.query(id)
    assert {"302ai.sqlite3", "gptge.sqlite3"} <= {file.name for file in tmp_path.iterdir()}

    with Sandbox(tmp_path, clock=clock) as sandbox:
        for name, (id, said, file) in kept.items():
            shop = Shop(sandbox, name)
            assert shop.query(id).json() == said
            again = shop.retrieve(said["file_id"]).json()
            assert again["file"]["file_id"] == file["file"]["file_id"]
            assert shop.file(again["file"]["download_url"]).status_code == 200
            assert shop.money()[0] == shop.door.credits


def test_the_key_is_kept_nowhere(clock: Clock, tmp_path: Path) -> None:
    with Sandbox(tmp_path, clock=clock) as sandbox:
        for name in DOORS:
            shop = Shop(sandbox, name)
            shop.bought()
            assert shop.key not in json.dumps(sandbox.stats())

    written = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())

    assert b"fog" in written
    assert b"example_placeholder" not in written


def test_without_av_a_film_is_answered_with_the_line_that_installs_it(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = shop.bought()
    clock.now += 241
    monkeypatch.setitem(sys.modules, "av", None)

    answer = shop.file(shop.link(id))

    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "not_implemented")
    assert "pip install" in answer.json()["error"]["message"]
