"""Faults: each kind as the client sees it, and whether the request was processed all the same."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from twins.ima_vendor import Vendor, banana_body, text_body

CREATE = "/open/v1/tasks/create"


def test_a_code_before_means_nothing_was_registered(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "code", "code": 4008})

    answer = vendor.create(text_body())

    assert answer == {"code": 4008, "message": "Insufficient points", "data": None}
    assert vendor.stats()["accepted"] == 0
    assert vendor.create(text_body())["code"] == 0


def test_a_code_brings_its_own_words_and_status(vendor: Vendor) -> None:
    vendor.fault("list", {"kind": "code", "code": 777, "message": "odd", "http": 503})

    answer = vendor.get("/open/v1/product/list")

    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (503, 777, "odd")


def test_a_bare_http_answer_has_its_body_and_headers(vendor: Vendor) -> None:
    fault = {"kind": "http", "status": 429, "body": "<html>slow", "headers": {"Retry-After": "1"}}
    vendor.fault("detail", fault)

    answer = vendor.post("/open/v1/tasks/detail", {"task_id": "x"})

    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (429, "<html>slow", "1")


@pytest.mark.parametrize(("when", "accepted"), [("before", 0), ("after", 1)])
def test_a_reset_breaks_the_connection_before_or_after_the_purchase(
    vendor: Vendor, when: str, accepted: int
) -> None:
    vendor.fault("create", {"kind": "reset"}, when=when)

    with pytest.raises(requests.ConnectionError, match="reset"):
        vendor.create(text_body())
    stats = vendor.stats()
    assert (stats["accepted"], stats["points_charged"]) == (accepted, 5 * accepted)
    assert stats["violations"] == []


def test_a_hang_answers_nothing_until_the_client_gives_up(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "hang"}, when="after")

    with pytest.raises(requests.ReadTimeout):
        vendor.http.post(vendor.urls["api"] + CREATE, json=text_body(), headers=vendor.headers, timeout=0.2)
    assert vendor.stats()["accepted"] == 1


def test_a_drip_begins_an_answer_and_never_ends_it(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "drip"}, when="after")

    answer = vendor.http.post(
        vendor.urls["api"] + CREATE, json=text_body(), headers=vendor.headers, timeout=5, stream=True
    )
    with answer:
        assert [answer.status_code, *(answer.raw.read(1) for _ in range(5))] == [200, *[b" "] * 5]
    assert vendor.stats()["accepted"] == 1


def test_closing_does_not_wait_for_a_hanging_request(vendor: Vendor) -> None:
    vendor.fault("list", {"kind": "hang"})
    with pytest.raises(requests.ReadTimeout):
        vendor.http.get(vendor.urls["api"] + "/open/v1/product/list", timeout=0.1)

    began = time.monotonic()
    vendor.sandbox.close()

    assert time.monotonic() - began < 1


def test_bad_json_is_announced_as_json(vendor: Vendor) -> None:
    vendor.fault("list", {"kind": "bad_json"})
    answer = vendor.get("/open/v1/product/list")

    assert answer.headers["Content-Type"] == "application/json"
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_an_empty_answer_is_200_without_a_byte(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "empty"}, when="after")
    answer = vendor.post(CREATE, text_body())

    assert (answer.status_code, answer.content) == (200, b"")
    assert vendor.stats()["accepted"] == 1


def test_a_field_can_be_dropped_from_the_real_answer(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "drop", "field": "data.id"})

    assert "biz_id" in vendor.create(text_body())["data"]
    assert vendor.stats()["accepted"] == 1
    assert "id" in vendor.create(text_body())["data"]


def test_a_field_can_be_set_by_index_and_in_every_element(vendor: Vendor) -> None:
    task_id = vendor.create(banana_body(n=2))["data"]["id"]
    vendor.finish(task_id)
    vendor.fault("detail", {"kind": "set", "field": "data.medias.1.url", "value": "http://evil"})
    vendor.fault("detail", {"kind": "set", "field": "data.medias.*.status", "value": "paused"})
    vendor.fault("detail", {"kind": "drop", "field": "data.medias.*.cover"})
    vendor.fault("detail", {"kind": "drop", "field": "data.medias.*"})

    urls, states, covers, none = [vendor.detail(task_id)["data"]["medias"] for _ in range(4)]

    assert [media["url"] == "http://evil" for media in urls] == [False, True]
    assert [media["status"] for media in states] == ["paused", "paused"]
    assert all("cover" not in media for media in covers)
    assert none == []


def test_a_path_that_leads_nowhere_changes_nothing(vendor: Vendor) -> None:
    for path in ("data.medias.7.url", "no.such.field", "data.id.deeper", "data.medias.x"):
        vendor.fault("create", {"kind": "drop", "field": path})

    assert all(vendor.create(text_body())["data"]["id"] for _ in range(4))


def test_a_cut_file_announces_more_than_it_sends(vendor: Vendor) -> None:
    [media] = vendor.finish(vendor.create(banana_body())["data"]["id"])
    vendor.fault("file", {"kind": "cut", "bytes": 1000}, when="before")

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="1000 bytes read"):
        vendor.http.get(media["url"], timeout=5)
    assert len(vendor.http.get(media["url"], timeout=5).content) > 1000


def test_a_file_can_turn_out_to_be_a_page(vendor: Vendor) -> None:
    [media] = vendor.finish(vendor.create(banana_body())["data"]["id"])
    vendor.fault("file", {"kind": "bytes", "text": "<html>expired</html>", "status": 200})

    assert vendor.http.get(media["url"], timeout=5).text == "<html>expired</html>"


def test_a_media_fault_fails_one_picture_of_the_next_registered_task(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "media", "index": 1, "reason": "sensitive content"})
    vendor.create({**text_body(), "unknown": 1})

    medias = vendor.finish(vendor.create(banana_body(n=3))["data"]["id"])
    after = vendor.finish(vendor.create(banana_body(n=3))["data"]["id"])

    assert [media["status"] for media in medias] == ["success", "failed", "success"]
    assert (medias[1]["resource_status"], medias[1]["error_msg"]) == (2, "sensitive content")
    assert [media["status"] for media in after] == ["success"] * 3


def test_a_media_fault_waits_for_a_task_that_can_be_paid(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "media", "index": 0})
    vendor.balance(0)
    assert vendor.create(banana_body())["code"] == 4008
    vendor.balance(100)

    [media] = vendor.finish(vendor.create(banana_body())["data"]["id"])

    assert media["status"] == "failed"
    assert media["error_msg"]


def test_faults_queue_in_order_and_run_out(vendor: Vendor) -> None:
    vendor.fault("list", {"kind": "code", "code": 500}, times=2)
    vendor.fault("list", {"kind": "code", "code": 503})

    query = {"app": "ima", "platform": "web", "category": "text_to_image"}
    codes = [vendor.get("/open/v1/product/list", params=query).json()["code"] for _ in range(4)]

    assert codes == [500, 500, 503, 0]
    assert vendor.stats()["requests"]["list"] == 4
    assert vendor.stats()["faults_played"] == 3


def test_a_fault_for_ever_ends_with_delete(vendor: Vendor) -> None:
    vendor.fault("detail", {"kind": "code", "code": 500}, times=-1)
    assert {vendor.detail("x")["code"] for _ in range(5)} == {500}

    vendor.http.delete(vendor.urls["api"] + "/__sandbox/faults", timeout=5).raise_for_status()

    assert vendor.detail("x")["code"] == 404


@pytest.mark.parametrize(
    ("description", "named"),
    [
        ([], "object"),
        ({"endpoint": "list"}, "fault"),
        ({"endpoint": "nowhere", "fault": {"kind": "reset"}}, "endpoint"),
        ({"endpoint": "list", "fault": {"kind": "explode"}}, "kind"),
        ({"endpoint": "list", "fault": {"kind": "reset"}, "times": 0}, "times"),
        ({"endpoint": "list", "fault": {"kind": "reset"}, "times": True}, "times"),
        ({"endpoint": "list", "fault": {"kind": "reset"}, "when": "later"}, "when"),
        ({"endpoint": "list", "fault": {"kind": "reset"}, "tiems": 2}, "tiems"),
        ({"endpoint": "list", "fault": {"kind": "reset", "now": 1}}, "now"),
        ({"endpoint": "list", "fault": {"kind": "code"}}, "code"),
        ({"endpoint": "list", "fault": {"kind": "http", "status": 9}}, "status"),
        ({"endpoint": "list", "fault": {"kind": "http", "status": "502"}}, "status"),
        ({"endpoint": "file", "fault": {"kind": "cut", "bytes": -1}}, "bytes"),
        ({"endpoint": "list", "fault": {"kind": "media", "index": 0}}, "create"),
        ({"endpoint": "file", "fault": {"kind": "drop", "field": "data"}}, "JSON"),
        ({"endpoint": "create", "when": "before", "fault": {"kind": "drop", "field": "data"}}, "after"),
    ],
)
def test_a_bad_description_is_400_and_says_what_is_wrong(
    vendor: Vendor, description: Any, named: str
) -> None:
    answer = vendor.post("/__sandbox/faults", description)

    assert answer.status_code == 400
    assert named in answer.json()["message"]


@pytest.mark.parametrize(
    "account",
    [{}, {"key": "sk-1", "points": 1}, {"key": "ima_x", "points": -1}, {"key": "ima_x", "points": "3"}],
)
def test_a_bad_account_is_400(vendor: Vendor, account: dict[str, Any]) -> None:
    assert vendor.post("/__sandbox/account", account).status_code == 400
