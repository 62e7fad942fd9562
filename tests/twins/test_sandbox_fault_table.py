"""What a table of faults needs beside the bad days: words with headers, states in one answer, other formats,
and what the stats tell of tasks and requests."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests
from PIL import Image

from sandbox import Sandbox
from twins.ima_vendor import Clock, Vendor, banana_body, text_body

DETAIL = "/open/v1/tasks/detail"


@pytest.mark.parametrize("http", [200, 429])
def test_a_refusal_in_the_envelope_can_say_when_to_come_back(vendor: Vendor, http: int) -> None:
    headers = {"Retry-After": "7"}
    vendor.fault("create", {"kind": "code", "code": 429, "http": http, "headers": headers})

    answer = vendor.post("/open/v1/tasks/create", text_body())

    assert (answer.status_code, answer.headers["Retry-After"]) == (http, "7")
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.json()["code"], vendor.stats()["accepted"]) == (429, 0)


@pytest.mark.parametrize("code", [6006, 6009, 6010, 4008, 4014, 503])
def test_every_refusal_of_a_create_has_words_and_buys_nothing(vendor: Vendor, code: int) -> None:
    vendor.fault("create", {"kind": "code", "code": code})

    answer = vendor.create(text_body())

    assert (answer["code"], answer["data"]) == (code, None)
    assert answer["message"] not in ("", "Request failed")
    assert vendor.stats()["accepted"] == 0


@pytest.mark.parametrize(("code", "status"), [(401, 401), (404, 200)])
def test_a_detail_can_be_refused_some_times_or_from_now_on(vendor: Vendor, code: int, status: int) -> None:
    body = {"task_id": vendor.create(text_body())["data"]["id"]}
    vendor.fault("detail", {"kind": "code", "code": code}, times=2)
    answers = [vendor.post(DETAIL, body) for _ in range(3)]
    vendor.fault("detail", {"kind": "code", "code": code}, times=-1)
    answers += [vendor.post(DETAIL, body) for _ in range(5)]
    vendor.faultless()
    answers.append(vendor.post(DETAIL, body))

    codes = [(answer.status_code, answer.json()["code"]) for answer in answers]
    refused = (status, code)
    assert codes == [refused] * 2 + [(200, 0)] + [refused] * 5 + [(200, 0)]


@pytest.mark.parametrize("resource_status", [None, 0])
def test_a_failure_can_stand_beside_a_resource_status_that_says_nothing(
    clock: Clock, resource_status: int | None
) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        task_id = vendor.create(banana_body(n=2))["data"]["id"]
        more = {"data.medias.*.resource_status": resource_status, "data.medias.*.error_msg": "no"}
        fault = {"kind": "set", "field": "data.medias.*.status", "value": "failed", "more": more}
        vendor.fault("detail", fault, times=-1)
        seen = []
        for _ in range(4):
            seen.append(vendor.detail(task_id)["data"]["medias"])
            clock.now += 20

    states = [[(one["status"], one["resource_status"], one["error_msg"]) for one in each] for each in seen]
    assert states == [[], *[[("failed", resource_status, "no")] * 2] * 3]


@pytest.mark.parametrize("name", ["jpeg", "webp", "gif"])
def test_a_picture_can_come_in_another_format(vendor: Vendor, name: str) -> None:
    [media] = vendor.finish(vendor.create(banana_body())["data"]["id"])
    vendor.fault("file", {"kind": "retype", "format": name})

    other, usual = [vendor.http.get(media["url"], timeout=5) for _ in range(2)]

    assert other.headers["Content-Type"] == f"image/{name}"
    pictures = [Image.open(io.BytesIO(answer.content)) for answer in (other, usual)]
    assert [one.format for one in pictures] == [name.upper(), "PNG"]
    assert [one.size for one in pictures] == [(1024, 1024)] * 2
    assert media["format"] == "png"


def test_a_file_that_is_not_there_stays_so_in_any_format(vendor: Vendor) -> None:
    vendor.fault("file", {"kind": "retype", "format": "jpeg"})

    answer = requests.get(f"{vendor.urls['files']}/ima/results/task_{'0' * 24}_1.png", timeout=5)

    assert (answer.status_code, vendor.stats()["violations"]) == (404, [])


def test_bytes_that_are_no_picture_can_be_announced_as_one(vendor: Vendor) -> None:
    [media] = vendor.finish(vendor.create(banana_body())["data"]["id"])
    headers = {"Content-Type": "image/png"}
    vendor.fault("file", {"kind": "http", "status": 200, "body": "no picture", "headers": headers})

    answer = vendor.http.get(media["url"], timeout=5)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.text == "no picture"


@pytest.mark.parametrize(
    ("n", "failed", "ended"),
    [(2, None, "done"), (2, 1, "partly"), (1, 0, "failed"), (1, 7, "done")],
)
def test_the_stats_tell_how_a_task_ended_and_not_before(
    clock: Clock, n: int, failed: int | None, ended: str
) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        if failed is not None:
            vendor.fault("create", {"kind": "media", "index": failed})
        vendor.create(banana_body(n=n))
        states = [vendor.stats()["tasks"][0]["state"]]
        clock.now += 3600
        states.append(vendor.stats()["tasks"][0]["state"])

    assert states == ["running", ended]


def test_a_stuck_task_runs_for_ever(clock: Clock) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        vendor.fault("create", {"kind": "stuck"})
        vendor.create(text_body())
        clock.now += 10**7

        assert [task["state"] for task in vendor.stats()["tasks"]] == ["running"]


def prompts(vendor: Vendor) -> Any:
    return vendor.stats()["creates"]


def test_creates_are_counted_by_prompt_whatever_becomes_of_them(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "reset"}, when="before")
    with pytest.raises(requests.ConnectionError):
        vendor.create(text_body(prompt="one"))
    assert vendor.create(text_body(prompt="one"))["code"] == 0
    assert vendor.create({**text_body(prompt="two"), "unknown": 1})["code"] == 400
    vendor.detail("one")

    assert prompts(vendor) == {"one": 2, "two": 1}
    [task] = vendor.stats()["tasks"]
    assert task["body"]["parameters"][0]["parameters"]["prompt"] == "one"


@pytest.mark.parametrize(
    "body", [None, [], {"parameters": []}, {"parameters": [{"parameters": {"prompt": 7}}]}, "x", 3]
)
def test_a_create_without_a_readable_prompt_is_counted_as_a_request_only(vendor: Vendor, body: Any) -> None:
    assert vendor.create(body)["code"] == 400

    assert (prompts(vendor), vendor.stats()["requests"]["create"]) == ({}, 1)
    assert vendor.stats()["violations"] == []


def test_a_key_in_a_prompt_does_not_reach_the_stats_as_such(vendor: Vendor) -> None:
    vendor.create(text_body(prompt="with ima_example_placeholder in it", size=None))

    assert prompts(vendor) == {"with (key) in it": 1}


@pytest.mark.parametrize(
    ("endpoint", "fault", "named"),
    [
        ("create", {"kind": "retype", "format": "jpeg"}, "file"),
        ("file", {"kind": "retype"}, "format"),
        ("file", {"kind": "retype", "format": "png"}, "format"),
        ("create", {"kind": "code", "code": 429, "headers": "Retry-After"}, "headers"),
        ("detail", {"kind": "set", "field": "a", "value": 1, "more": []}, "more"),
        ("detail", {"kind": "drop", "field": "a", "more": {}}, "more"),
    ],
)
def test_a_bad_description_of_these_is_400(
    vendor: Vendor, endpoint: str, fault: dict[str, Any], named: str
) -> None:
    answer = vendor.fault(endpoint, fault)

    assert answer.status_code == 400
    assert named in answer.json()["message"]
