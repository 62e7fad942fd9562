"""Calls that the twin holds: announced in the stats, let go by a test, or given up by whoever was killed."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

import support
from twins.ima_made_up import leaf, order, rule, said, sell
from twins.ima_vendor import Vendor, banana_body, text_body, with_product

CREATE = "/open/v1/tasks/create"
BOTH = pytest.mark.parametrize(("when", "effect"), [("before", 0), ("after", 1)])
BUY = """
import json, sys, urllib.request
url, headers, body = json.loads(sys.argv[1])
urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=60).read()
"""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


@pytest.fixture
def door(vendor: Vendor) -> support.Vendor:
    """The same twin, as the tests of the command see it."""
    return support.Vendor(vendor.urls, 1000)


def calls(vendor: Vendor) -> dict[str, Callable[[], requests.Response]]:
    """One call of each endpoint that would succeed, on connections of their own."""
    task_id = vendor.create(banana_body())["data"]["id"]
    file = vendor.finish(task_id)[0]["url"]
    place = vendor.token()["data"]["ful"]
    api, upload = f"{vendor.urls['api']}/open/v1", f"{vendor.urls['upload']}/api/rest/oss/getuploadtoken"
    query = {"app": "ima", "platform": "web", "category": "text_to_image"}
    more: dict[str, Any] = {"headers": vendor.headers, "timeout": 20}
    png = {"Content-Type": "image/png"}
    return {
        "list": lambda: requests.get(f"{api}/product/list", params=query, **more),
        "create": lambda: requests.post(f"{api}/tasks/create", json=text_body(), **more),
        "detail": lambda: requests.post(f"{api}/tasks/detail", json={"task_id": task_id}, **more),
        "token": lambda: requests.get(upload, params=vendor.token_query(), timeout=20),
        "put": lambda: requests.put(place, data=b"x", headers=png, timeout=20),
        "file": lambda: requests.get(file, timeout=20),
    }


def held_create(vendor: Vendor, pool: ThreadPoolExecutor, body: Any) -> Future[Any]:
    """A create under way, not yet looked at."""
    vendor.fault("create", {"kind": "hold"}, when="before")
    post = {"json": body, "headers": vendor.headers, "timeout": 20}
    return pool.submit(lambda: requests.post(vendor.urls["api"] + CREATE, **post).json())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("endpoint", ["list", "create", "detail", "token", "put", "file"])
def test_a_held_call_is_announced_and_once_let_go_answered_as_usual(
    vendor: Vendor, door: support.Vendor, pool: ThreadPoolExecutor, endpoint: str, when: str
) -> None:
    call = calls(vendor)[endpoint]
    requested = vendor.stats()["requests"][endpoint]
    assert vendor.fault(endpoint, {"kind": "hold"}, when=when).status_code == 200
    answer = pool.submit(call)
    door.held(endpoint)

    stats = vendor.stats()
    assert {name: count for name, count in stats["held"].items() if count} == {endpoint: 1}
    assert stats["requests"][endpoint] == requested + 1
    assert not answer.done()
    door.release()
    assert answer.result().status_code == 200
    assert endpoint in ("put", "file") or answer.result().json()["code"] == 0
    assert vendor.stats()["held"][endpoint] == 0
    assert vendor.stats()["violations"] == []


def test_a_call_is_held_where_a_thousand_files_are_open_already(
    vendor: Vendor, door: support.Vendor, pool: ThreadPoolExecutor
) -> None:
    call = calls(vendor)["create"]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    with contextlib.ExitStack() as many:
        for _ in range(1024):
            many.enter_context(open(os.devnull, "rb"))
        vendor.fault("create", {"kind": "hold"}, when="before")
        answer = pool.submit(call)
        door.held("create")
        door.release()
        assert answer.result().json()["code"] == 0
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert vendor.stats()["violations"] == []


@BOTH
def test_a_held_create_is_registered_before_it_is_announced_or_not_before_it_is_let_go(
    vendor: Vendor, door: support.Vendor, pool: ThreadPoolExecutor, when: str, effect: int
) -> None:
    call = calls(vendor)["create"]
    vendor.fault("create", {"kind": "hold"}, when=when)
    answer = pool.submit(call)
    door.held("create")

    assert vendor.stats()["accepted"] == 1 + effect
    door.release()
    assert answer.result().json()["data"]["id"] == vendor.stats()["tasks"][-1]["id"]
    assert vendor.stats()["accepted"] == 2


@BOTH
def test_a_client_killed_while_its_create_is_held_leaves_what_was_processed_and_no_more(
    vendor: Vendor, door: support.Vendor, when: str, effect: int
) -> None:
    vendor.fault("create", {"kind": "hold"}, when=when)
    headers = {**vendor.headers, "Content-Type": "application/json"}
    words = json.dumps([vendor.urls["api"] + CREATE, headers, text_body()])
    with subprocess.Popen([sys.executable, "-c", BUY, words], stderr=subprocess.DEVNULL) as client:
        door.held("create")
        client.kill()
        client.wait(timeout=10)
    door.release()

    assert nothing_is_held(vendor)
    assert vendor.stats()["accepted"] == effect
    assert vendor.stats()["violations"] == []
    assert vendor.create(text_body())["code"] == 0


def nothing_is_held(vendor: Vendor) -> bool:
    for _ in range(400):
        if not any(vendor.stats()["held"].values()):
            return True
        time.sleep(0.005)
    return False


def test_a_client_that_gives_up_is_held_no_longer(vendor: Vendor) -> None:
    for fault in ({"kind": "hold"}, {"kind": "stall", "bytes": 5}):
        vendor.fault("list", fault)
        with pytest.raises(requests.RequestException):
            requests.get(vendor.urls["api"] + "/open/v1/product/list", timeout=0.1)

        assert nothing_is_held(vendor)


def test_as_many_are_held_as_ordered_and_all_other_calls_are_served(
    vendor: Vendor, door: support.Vendor, pool: ThreadPoolExecutor
) -> None:
    call = calls(vendor)["create"]
    vendor.fault("create", {"kind": "hold"}, times=2)
    answers = [pool.submit(call) for _ in range(2)]
    door.held("create", count=2)

    assert vendor.create(text_body())["code"] == 0
    assert len(vendor.products()) > 0
    assert [answer.done() for answer in answers] == [False, False]
    door.release()
    assert [answer.result().json()["code"] for answer in answers] == [0, 0]


def test_letting_go_forgets_what_is_ordered_and_a_later_hold_holds_again(
    vendor: Vendor, door: support.Vendor, pool: ThreadPoolExecutor
) -> None:
    call = calls(vendor)["list"]
    for _ in range(2):
        vendor.fault("list", {"kind": "hold"}, times=-1)
        answer = pool.submit(call)
        door.held("list")
        door.release()
        assert answer.result().status_code == 200
        assert call().status_code == 200


def test_waiting_for_what_is_not_held_ends(door: support.Vendor) -> None:
    with pytest.raises(AssertionError, match="no 1 calls of create held"):
        door.held("create", timeout=0.05)


@pytest.mark.parametrize("bytes_first", [0, 1, 700])
def test_a_stalled_download_stops_after_its_bytes_and_goes_on_once_let_go(
    vendor: Vendor, door: support.Vendor, bytes_first: int
) -> None:
    [media] = vendor.finish(vendor.create(banana_body())["data"]["id"])
    whole = vendor.http.get(media["url"], timeout=5).content
    vendor.fault("file", {"kind": "stall", "bytes": bytes_first})
    parts = urlsplit(media["url"])
    with socket.create_connection((parts.hostname, parts.port), timeout=0.2) as wire:
        wire.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        door.held("file")
        head, came = until_quiet(wire).split(b"\r\n\r\n", 1)
        door.release()

        assert f"Content-Length: {len(whole)}".encode() in head
        assert came == whole[:bytes_first]
        assert came + until_quiet(wire) == whole


def until_quiet(wire: socket.socket) -> bytes:
    """What comes until the other side closes, or pauses for as long as the socket's timeout."""
    came = b""
    with contextlib.suppress(TimeoutError):
        for part in iter(lambda: wire.recv(65536), b""):
            came += part
    return came


@pytest.mark.parametrize("bytes_first", [0, 20])
def test_a_stalled_create_is_registered_and_its_answer_comes_whole_once_let_go(
    vendor: Vendor, door: support.Vendor, pool: ThreadPoolExecutor, bytes_first: int
) -> None:
    vendor.fault("create", {"kind": "stall", "bytes": bytes_first})
    answer = pool.submit(vendor.create, text_body())
    door.held("create")

    [task] = vendor.stats()["tasks"]
    door.release()
    assert answer.result()["data"]["id"] == task["id"]


def test_closing_waits_for_nothing_that_is_held(vendor: Vendor, pool: ThreadPoolExecutor) -> None:
    door = support.Vendor(vendor.urls, 1000)
    asked = calls(vendor)
    vendor.fault("create", {"kind": "hold"}, when="before")
    vendor.fault("file", {"kind": "stall", "bytes": 9})
    answers = [pool.submit(asked[endpoint]) for endpoint in ("create", "file")]
    door.held("create")
    door.held("file")

    began = time.monotonic()
    vendor.sandbox.close()

    assert time.monotonic() - began < 1
    for answer in answers:
        with pytest.raises(requests.RequestException):
            answer.result()


@pytest.mark.parametrize(
    ("endpoint", "fault", "when", "named"),
    [
        ("create", {"kind": "hold", "bytes": 3}, None, "bytes"),
        ("file", {"kind": "stall"}, None, "bytes"),
        ("file", {"kind": "stall", "bytes": -1}, None, "bytes"),
        ("create", {"kind": "stall", "bytes": 1}, "before", "after"),
    ],
)
def test_a_bad_description_of_holding_is_400(
    vendor: Vendor, endpoint: str, fault: dict[str, Any], when: str | None, named: str
) -> None:
    answer = vendor.fault(endpoint, fault, **({"when": when} if when else {}))

    assert answer.status_code == 400
    assert named in answer.json()["message"]


OLD = rule(7001, 3, default="enabled")
CHANGES = {
    "the price": ((leaf((), rule(7001, 4, default="enabled")),), (6006, "credit")),
    "a condition more": ((leaf((), rule(7001, 3, mode="fast")),), (6009, "mode is missing")),
    "another rule holds": ((leaf((), rule(7001, 3, mode="fast"), rule(7002, 3)),), (6010, "7001")),
    "the attribute is gone": ((leaf((), rule(7002, 3)),), (400, "Invalid product attribute")),
    "nothing is sold": ((), (400, "Invalid product attribute")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_list_that_changes_while_a_create_is_under_way_refuses_it_as_the_vendor_does(
    vendor: Vendor, door: support.Vendor, pool: ThreadPoolExecutor, change: str
) -> None:
    tree, (code, words) = CHANGES[change]
    sell(vendor, leaf((), OLD))
    answer = held_create(vendor, pool, order(OLD))
    door.held("create")
    sell(vendor, *tree)
    door.release()

    refused = answer.result()
    assert (refused["code"], words in refused["message"]) == (code, True)
    assert vendor.stats()["refused"] == {str(code): 1}
    assert (vendor.stats()["accepted"], vendor.stats()["points_charged"]) == (0, 0)


def test_after_a_change_the_new_price_buys_and_the_old_one_does_not(vendor: Vendor) -> None:
    new = rule(7001, 4, default="enabled")
    sell(vendor, leaf((), OLD))
    assert said(vendor, order(OLD))[0] == 0
    sell(vendor, leaf((), new))

    assert [said(vendor, order(one))[0] for one in (OLD, new)] == [6006, 0]
    sold = with_product(text_body(), attribute_id=9999)
    assert said(vendor, sold) == (400, "Invalid product attribute")
