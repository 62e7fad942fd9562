"""The gateway itself: keys, accounts, links of files, faults, settings, and what every twin has to have."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.server import REGISTRY, twins
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import KEY, OTHER_KEY, Gateway
from twins.kling_printed import MOTION, MOTION_REQUEST
from twins.vidu_printed import IMAGE, REFERENCE

TURBO = {"model": "viduq3-turbo", "prompt": "fog", "duration": 1, "resolution": "540p"}  # 2 credits
SONG = {"images": ["https://your-url.com/a.png"], "audio_url": "https://your-url.com/a.mp3"}
CREATES = {
    "/ai/avu/text2video": TURBO,
    f"/ai/kling/v1/{MOTION}": MOTION_REQUEST,
    "/ai/avu/one-click/mv": SONG,
}


@pytest.fixture
def gateway(clock: Clock) -> Iterator[Gateway]:
    with Sandbox(clock=clock) as sandbox:
        yield Gateway(sandbox)


def test_the_registry_lists_every_twin_and_one_sandbox_serves_them_all(gateway: Gateway) -> None:
    listed = json.loads(REGISTRY.read_text(encoding="utf-8"))["twins"]

    assert listed == ["ima", "imagine_future", "hailuo_302ai", "hailuo_gptge"]
    names = ["ima", "imagine-future", "302ai", "gptge"]
    assert [kind.name for kind in twins()] == names == list(gateway.sandbox.urls)
    assert set(gateway.urls) == {"api", "alternate", "files"}
    assert len({url for urls in gateway.sandbox.urls.values() for url in urls.values()}) == 10


@pytest.mark.parametrize("path", CREATES)
@pytest.mark.parametrize(
    "word",
    [
        *(None, "", "Token", "Token ", "{}", "Bearer {}", "token {}", "TOKEN {}", "Token  {}", "Token {} {}"),
        *("Basic {}", "Token sk_example_placeholder", "Token ima_example_placeholder", "Token rehearsals"),
    ],
)
def test_only_token_and_a_key_opens(gateway: Gateway, path: str, word: str | None) -> None:
    headers = {} if word is None else {"Authorization": word.format(KEY, KEY)}

    answer = requests.post(gateway.base + path, headers=headers, json=CREATES[path], timeout=5)

    code = 1000 if "kling" in path else 401
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.json().get("reason", "Unauthorized") == "Unauthorized"
    assert KEY not in answer.text
    assert (gateway.stats()["accepted"], gateway.stats()["tasks"]) == (0, [])


@pytest.mark.parametrize("key", ["rehearsal", "imf_rehearsal", KEY])
@pytest.mark.parametrize("path", CREATES)
def test_a_key_opens_an_account_with_a_hundred_thousand_credits(
    gateway: Gateway, path: str, key: str
) -> None:
    answer = Gateway(gateway.sandbox, key=key).post(path, CREATES[path])

    assert answer.status_code == 200, answer.text
    stats = gateway.stats()
    assert stats["balance"] == {key[-4:]: 100_000 - stats["points_charged"]}
    assert stats["charged"] == {key[-4:]: stats["points_charged"]}


def test_an_account_pays_with_what_it_has_and_no_more(gateway: Gateway) -> None:
    Gateway(gateway.sandbox, key=OTHER_KEY).bought("text2video", {**TURBO, "duration": 2})
    assert gateway.control("account", {"key": KEY, "points": 3}).status_code == 200
    gateway.bought("text2video", TURBO)

    answer = gateway.vidu("text2video", TURBO)

    assert (answer.status_code, answer.json()["reason"]) == (400, "CreditInsufficient")
    stats = gateway.stats()
    assert (stats["accepted"], stats["refused"]) == (2, {"CreditInsufficient": 1})
    assert stats["charged"] == {KEY[-4:]: 2, OTHER_KEY[-4:]: 4}
    assert stats["balance"] == {KEY[-4:]: 1, OTHER_KEY[-4:]: 99_996}


def test_a_balance_can_be_set_between_two_tasks(gateway: Gateway) -> None:
    gateway.bought("text2video", TURBO)
    gateway.control("account", {"key": KEY, "points": 50})

    assert gateway.money() == (2, 50)


def test_what_comes_back_can_be_spent_again(gateway: Gateway) -> None:
    gateway.control("account", {"key": KEY, "points": 2})
    gateway.cancel(gateway.bought("text2video", TURBO)["task_id"])

    gateway.bought("text2video", TURBO)

    assert gateway.money() == (2, 0)


def test_many_at_once_at_two_sandboxes_never_spend_more_than_there_is(clock: Clock, tmp_path: Path) -> None:
    with Sandbox(tmp_path, clock=clock) as first, Sandbox(tmp_path, clock=clock) as second:
        Gateway(first).control("account", {"key": KEY, "points": 20})
        said: list[int] = []

        def buy(sandbox: Sandbox) -> None:
            client = Gateway(sandbox)
            said.extend(client.vidu("text2video", TURBO).status_code for _ in range(5))

        buyers = [threading.Thread(target=buy, args=(box,)) for box in (first, second) * 2]
        for buyer in buyers:
            buyer.start()
        for buyer in buyers:
            buyer.join()

        assert sorted(said) == [200] * 10 + [400] * 10
        assert Gateway(first).money() == (20, 0)


@pytest.mark.parametrize("key", ["ima_example_placeholder", "", "rehearsals"])
def test_no_account_is_opened_for_a_foreign_key(gateway: Gateway, key: str) -> None:
    assert gateway.control("account", {"key": key, "points": 3}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/ai/avu/text2video"),
        ("PUT", "/ai/avu/text2video"),
        ("POST", "/ai/avu/text2video/"),
        ("POST", "/ai/avu/ref2image"),
        ("POST", "/ai/avu/extend"),
        ("GET", "/ai/avu/tasks"),
        ("GET", "/ai/avu/credits"),
        ("POST", "/ent/v2/text2video"),
        ("POST", "/ai/kling/v1/videos/text2video"),
        ("GET", "/ai/kling/v1/videos/motion-control"),
        ("GET", "/ai/kling/v1/tasks/123456789012345678/creations"),
    ],
)
def test_a_route_that_the_document_has_not_is_404_and_a_violation(
    gateway: Gateway, method: str, path: str
) -> None:
    answer = gateway.http.request(method, gateway.base + path, headers=gateway.headers, timeout=5)

    assert (answer.status_code, answer.json()["reason"]) == (404, "NotFound")
    assert gateway.stats()["violations"] == [f"unknown route: {method} {path} on api"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"seed": NaN}', b"{} {}"])
def test_a_body_that_is_no_json_is_refused(gateway: Gateway, body: bytes) -> None:
    headers = {**gateway.headers, "Content-Type": "application/json"}
    for path, said in {"/ai/avu/text2video": 400, f"/ai/kling/v1/{MOTION}": 1200}.items():
        answer = gateway.http.post(gateway.base + path, data=body, headers=headers, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (400, said)
        assert answer.json()["message"] == "the body is not JSON"
    assert gateway.stats()["violations"] == []


def test_calls_are_counted_by_endpoint_and_creates_by_prompt(gateway: Gateway) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]
    gateway.kling_bought(MOTION, MOTION_REQUEST)
    gateway.creations(id)
    gateway.cancel(id)

    stats = gateway.stats()

    assert stats["requests"] == {"create": 2, "detail": 1, "cancel": 1, "file": 0, "unknown": 0}
    assert stats["creates"] == {"fog": 1, MOTION_REQUEST["prompt"]: 1}
    assert (stats["accepted"], stats["refused"], stats["violations"]) == (2, {}, [])


def test_a_task_in_the_stats(gateway: Gateway) -> None:
    id = gateway.bought("text2video", TURBO)["task_id"]

    assert gateway.stats()["tasks"] == [
        {
            "id": id,
            "task_type": "text_to_video",
            "model_id": "viduq3-turbo",
            "n": 1,
            "state": "running",
            "points": 2,
            "paid": 2,
            "settled": True,
            "parent": "",
            "body": TURBO,
        }
    ]


@pytest.mark.parametrize(
    ("status", "value", "headers"),
    [
        (429, {"code": 429, "reason": "QuotaExceeded", "message": "", "metadata": {}}, {}),
        (
            429,
            {"code": 429, "reason": "SystemThrottling", "message": "", "metadata": {}},
            {"Retry-After": "7"},
        ),
        (429, {"code": 1303, "message": "parallel task over resource pack limit", "request_id": "x"}, {}),
        (429, {"code": 1102, "message": "used up", "request_id": "x"}, {}),
        (200, {"code": 0, "data": {}}, {}),
        (500, None, {}),
    ],
)
def test_any_json_can_be_ordered_with_any_status(
    gateway: Gateway, status: int, value: Any, headers: dict[str, str]
) -> None:
    fault = {"kind": "json", "status": status, "value": value, "headers": headers}
    gateway.fault("create", fault)

    answer = gateway.vidu("text2video", TURBO)

    assert (answer.status_code, answer.json(), answer.headers["Content-Type"]) == (
        *(status, value),
        "application/json",
    )
    assert {name: answer.headers[name] for name in headers} == headers
    stats = gateway.stats()
    assert (stats["accepted"], stats["faults_played"], stats["points_charged"]) == (0, 1, 0)
    gateway.bought("text2video", TURBO)


def test_an_accepted_create_can_be_answered_with_any_json(gateway: Gateway) -> None:
    gateway.fault("create", {"kind": "json", "status": 502, "value": {}}, when="after")

    assert gateway.vidu("text2video", TURBO).status_code == 502
    assert (gateway.stats()["accepted"], gateway.money()[0]) == (1, 2)


@pytest.mark.parametrize(
    ("endpoint", "fault", "named"),
    [
        ("create", {"kind": "json", "value": {}}, "status"),
        ("create", {"kind": "json", "status": 429}, "value"),
        ("create", {"kind": "json", "status": 99, "value": {}}, "status"),
        ("create", {"kind": "json", "status": "429", "value": {}}, "status"),
        ("create", {"kind": "json", "status": 429, "value": {}, "code": 1}, "code"),
        ("list", {"kind": "json", "status": 429, "value": {}}, "endpoint"),
        ("cancel", {"kind": "other_task"}, "detail"),
    ],
)
def test_a_bad_description_of_a_fault_is_400(
    gateway: Gateway, endpoint: str, fault: dict[str, Any], named: str
) -> None:
    answer = gateway.control("faults", {"endpoint": endpoint, "fault": fault})

    assert answer.status_code == 400
    assert named in answer.json()["message"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "at least one"),
        ([], "object"),
        ({"unknown": True}, "external_ids"),
        ({"external_ids": 1}, "true, false"),
        ({"external_ids": "no"}, "true, false"),
        ({"kling_word": "done"}, "succeeded"),
        ({"kling_word": None}, "succeeded"),
        ({"external_ids": False, "unknown": True}, "external_ids"),
    ],
)
def test_bad_settings_are_400_and_change_nothing(gateway: Gateway, settings: Any, named: str) -> None:
    fields = {"external_task_id": "ours-1"}
    gateway.kling_bought(MOTION, {**MOTION_REQUEST, **fields})

    answer = gateway.control("settings", settings)

    assert answer.status_code == 400
    assert named in answer.json()["message"]
    assert gateway.kling_task("ours-1").status_code == 200


def test_ima_has_no_settings_and_this_vendor_no_products(gateway: Gateway) -> None:
    ima = f"{gateway.sandbox.urls['ima']['api']}/__sandbox/settings"
    products = {"category": "text_to_video", "tree": []}

    assert requests.post(ima, json={"external_ids": False}, timeout=5).status_code == 400
    assert gateway.control("products", products).status_code == 400


def test_the_control_routes_are_at_the_first_host_only(gateway: Gateway) -> None:
    for host, status in {"api": 200, "alternate": 404, "files": 403}.items():
        assert gateway.file(f"{gateway.urls[host]}/__sandbox/stats").status_code == status


def finished(gateway: Gateway, clock: Clock) -> dict[str, str]:
    """The links of a finished task."""
    id = gateway.bought("text2video", TURBO)["task_id"]
    clock.now += 600
    [creation] = gateway.creations(id)["creations"]
    return dict(creation)


@pytest.mark.parametrize(
    "alter",
    [
        lambda link: link.split("?")[0],
        lambda link: link.split("&")[0],
        lambda link: link[:-1] + ("0" if link[-1] != "0" else "1"),
        lambda link: link.replace("expires=", "expires=9"),
        lambda link: link.replace("cover.png", "video.mp4"),
        lambda link: link + "&variant=1",
        lambda link: link.replace("/vidu/", "/kling/"),
        lambda link: link.replace("expires=1", "expires=²"),
    ],
)
def test_an_altered_link_is_refused(gateway: Gateway, clock: Clock, alter: Any) -> None:
    link = finished(gateway, clock)["cover_url"]

    answer = gateway.file(alter(link))

    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/xml")
    assert b"AccessDenied" in answer.content
    assert gateway.file(link).status_code == 200
    assert gateway.stats()["violations"] == []


@pytest.mark.parametrize("where", ["header", "query", "other header", "anything in its header"])
def test_a_key_has_no_business_at_the_files_host(gateway: Gateway, clock: Clock, where: str) -> None:
    link = finished(gateway, clock)["cover_url"]
    headers = {
        "header": gateway.headers,
        "other header": {"X-Key": KEY},
        "anything in its header": {"Authorization": "Basic other"},
    }.get(where, {})

    answer = gateway.http.get(link + (f"&key={KEY}" if where == "query" else ""), headers=headers, timeout=5)

    assert answer.status_code == 403
    assert gateway.stats()["violations"] == ["a key reached the files host: GET file"]


def test_a_link_of_its_own_is_taken_as_a_picture_as_long_as_it_lives(gateway: Gateway, clock: Clock) -> None:
    links = finished(gateway, clock)
    for body in (IMAGE, REFERENCE):
        way = "img2video" if body is IMAGE else "reference2video"
        gateway.bought(way, {**body, "images": [links["cover_url"]]})
        film = gateway.vidu(way, {**body, "images": [links["url"]]}).json()
        assert film["reason"] == "ImageFormatInvalid"
    clock.now += 25 * 3600

    dead = gateway.vidu("img2video", {**IMAGE, "images": [links["cover_url"]]}).json()

    assert dead["reason"] == "ImageDownloadFailure"


def test_a_link_of_an_earlier_run_is_taken_too(clock: Clock, tmp_path: Path) -> None:
    with Sandbox(tmp_path, clock=clock) as first:
        links = finished(Gateway(first), clock)
    with Sandbox(tmp_path, clock=clock) as second:
        gateway = Gateway(second)
        gateway.bought("img2video", {**IMAGE, "images": [links["cover_url"]]})
        moved = links["cover_url"].replace(first.urls["imagine-future"]["files"], gateway.urls["files"])
        assert gateway.file(moved).status_code == 200


def test_a_film_cannot_be_recoded_as_a_picture_and_stays_one(gateway: Gateway, clock: Clock) -> None:
    links = finished(gateway, clock)
    gateway.fault("file", {"kind": "retype", "format": "jpeg"}, times=2)

    types = [gateway.file(links[name]).headers["Content-Type"] for name in ("url", "cover_url")]

    assert types == ["video/mp4", "image/jpeg"]


def test_without_av_a_film_is_answered_with_the_line_that_installs_it(
    gateway: Gateway, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = finished(gateway, clock)
    monkeypatch.setitem(sys.modules, "av", None)

    answer = gateway.file(links["url"])

    assert answer.status_code == 501
    assert "pip install" in answer.json()["message"]
    assert gateway.stats()["violations"] == []


def test_the_key_is_kept_nowhere(clock: Clock, tmp_path: Path) -> None:
    with Sandbox(tmp_path, clock=clock) as sandbox:
        gateway = Gateway(sandbox)
        gateway.bought("text2video", {**TURBO, "prompt": "fog"})
        gateway.kling_bought(MOTION, MOTION_REQUEST)
        stats = json.dumps(gateway.stats())

    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert KEY.encode() not in kept
    assert KEY not in stats
