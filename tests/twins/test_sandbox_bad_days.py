"""Every bad day that the design lists: ordered at the control route, seen over HTTP as often as ordered."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import requests
from PIL import Image

from sandbox import Sandbox
from twins.ima_vendor import Clock, Vendor, banana_body, text_body, with_product

DESIGN = """reply lost after the task was registered, 429 with Retry-After, 502, reset, hang, bad JSON,
unknown state, stuck, moderated, failed, another amount charged, another size delivered, another task's id,
link expired, download cut short, upload refused"""
ALL = ("list", "token", "put", "create", "detail", "file")
ENVELOPED = ("list", "token", "create", "detail")
BOTH, AFTER = ("before", "after"), ("after",)
SMALL: dict[str, Any] = {"size": "512px", "cast": {"points": 4, "attribute_id": 4400}}
TOKEN = "/api/rest/oss/getuploadtoken"
OTHER_ID = "task_ffffffffffffffffffffffff"
POLICY = "the prompt violates our content policy"
PATIENCE_S = 10.0


class Day(NamedTuple):
    """A fault at one call: where and when it can be played, and what a client sees of it."""

    name: str
    fault: dict[str, Any]
    endpoints: tuple[str, ...]
    when: tuple[str, ...]
    seen: str


class Fate(NamedTuple):
    """A fault of tasks: what is different about the next one."""

    name: str
    fault: dict[str, Any]
    story: dict[str, Any]


DAYS = [
    Day("reply lost after the task was registered", {"kind": "reset"}, ("create",), AFTER, "reset"),
    Day("reply lost after the task was registered", {"kind": "hang"}, ("create",), AFTER, "silence"),
    Day("reply lost after the task was registered", {"kind": "empty"}, ("create",), AFTER, "200 no JSON"),
    Day("reply lost after the task was registered", {"kind": "cut", "bytes": 20}, ("create",), AFTER, "cut"),
    Day(
        "429 with Retry-After",
        {"kind": "http", "status": 429, "headers": {"Retry-After": "7"}},
        ALL,
        BOTH,
        "429 Retry-After 7",
    ),
    Day("502", {"kind": "http", "status": 502}, ALL, BOTH, "502"),
    Day("reset", {"kind": "reset"}, ALL, BOTH, "reset"),
    Day("hang", {"kind": "hang"}, ALL, BOTH, "silence"),
    Day("bad JSON", {"kind": "bad_json"}, ENVELOPED, BOTH, "200 no JSON"),
    Day(
        "unknown state",
        {"kind": "set", "field": "data.medias.*.status", "value": "paused"},
        ("detail",),
        AFTER,
        "paused 1",
    ),
    Day(
        "unknown state",
        {"kind": "set", "field": "data.medias.*.resource_status", "value": 9},
        ("detail",),
        AFTER,
        "success 9",
    ),
    Day("moderated", {"kind": "code", "code": 400, "message": POLICY}, ("create",), BOTH, f"400 {POLICY}"),
    Day("another task's id", {"kind": "other_task"}, ("detail",), AFTER, "of another task: success 1"),
    Day(
        "another task's id",
        {"kind": "set", "field": "data.id", "value": OTHER_ID},
        ("create",),
        AFTER,
        "of another task",
    ),
    Day("link expired", {"kind": "http", "status": 403}, ("put", "file"), BOTH, "403"),
    Day("link expired", {"kind": "bytes", "text": "<html>expired</html>"}, ("file",), BOTH, "<html>"),
    Day("download cut short", {"kind": "cut", "bytes": 500}, ("file",), BOTH, "cut"),
    Day("upload refused", {"kind": "code", "code": 500}, ("token",), BOTH, "500 Internal server error"),
    Day("upload refused", {"kind": "http", "status": 403}, ("put",), BOTH, "403"),
]
ORDINARY = {"state": ["success"], "words": [""], "points": 6, "announced": (1024, 1024), "file": (1024, 1024)}
NOTHING = {"announced": (0, 0), "file": None}
FATES = [
    Fate("stuck", {"kind": "stuck"}, {"state": ["processing"], **NOTHING}),
    Fate(
        "moderated",
        {"kind": "media", "index": 0, "reason": POLICY},
        {"state": ["failed"], "words": [POLICY], **NOTHING},
    ),
    Fate(
        "failed",
        {"kind": "media", "index": 0},
        {"state": ["failed"], "words": ["Generation failed, please try again later"], **NOTHING},
    ),
    Fate("another amount charged", {"kind": "charge", "points": 60}, {"points": 60}),
    Fate("another amount charged", {"kind": "charge", "points": 0}, {"points": 0}),
    Fate("another size delivered", {"kind": "deliver", "width": 300, "height": 20}, {"file": (300, 20)}),
]


def test_every_bad_day_of_the_design_is_played_here() -> None:
    named = [name.strip() for name in DESIGN.replace("\n", " ").split(",")]

    assert {day.name for day in DAYS} | {fate.name for fate in FATES} == set(named)


class Caller:
    """Calls of one endpoint, one after the other, on things that exist."""

    def __init__(self, vendor: Vendor, endpoint: str) -> None:
        self.vendor = vendor
        self.endpoint = endpoint
        small = with_product(banana_body(**SMALL), attribute_id=4400, credit=4)
        self.task_id = vendor.create(small)["data"]["id"]
        self.file = vendor.finish(self.task_id)[0]["url"]
        self.accepted = vendor.stats()["accepted"]
        self.places = [vendor.token()["data"] for _ in range(4)] if endpoint == "put" else []
        self.unused = iter(self.places)

    def seen(self, patience_s: float = PATIENCE_S) -> str:
        """What a client sees of the next call."""
        try:
            return self._read(self._send(patience_s))
        except requests.exceptions.ChunkedEncodingError:
            return "cut"
        except requests.Timeout:
            return "silence"
        except requests.ConnectionError as error:
            return "reset" if "reset" in str(error) else str(error)

    def _read(self, answer: requests.Response) -> str:
        if answer.status_code != 200:
            wait = answer.headers.get("Retry-After")
            return f"{answer.status_code} Retry-After {wait}" if wait else str(answer.status_code)
        if self.endpoint in ("put", "file"):
            return "<html>" if answer.content[:6] == b"<html>" else "fine"
        try:
            return self._business(answer.json())
        except requests.JSONDecodeError:
            return "200 no JSON"

    def _send(self, patience_s: float) -> requests.Response:
        api, upload = self.vendor.urls["api"] + "/open/v1", self.vendor.urls["upload"]
        category = {"app": "ima", "platform": "web", "category": "text_to_image"}
        requested: dict[str, Callable[[], tuple[str, str, dict[str, Any]]]] = {
            "list": lambda: ("GET", f"{api}/product/list", {"params": category}),
            "create": lambda: ("POST", f"{api}/tasks/create", {"json": text_body()}),
            "detail": lambda: ("POST", f"{api}/tasks/detail", {"json": {"task_id": self.task_id}}),
            "token": lambda: ("GET", f"{upload}{TOKEN}", {"params": self.vendor.token_query()}),
            "put": lambda: ("PUT", next(self.unused)["ful"], {"data": b"x" * 900}),
            "file": lambda: ("GET", self.file, {}),
        }
        method, url, more = requested[self.endpoint]()
        headers = {"Content-Type": "image/png"} if self.endpoint in ("put", "file") else self.vendor.headers
        return self.vendor.http.request(method, url, headers=headers, timeout=patience_s, **more)

    def _business(self, envelope: Any) -> str:
        if envelope["code"] != 0:
            return f"{envelope['code']} {envelope['message']}"
        if self.endpoint == "create":
            return "fine" if envelope["data"]["id"] != OTHER_ID else "of another task"
        if self.endpoint != "detail":
            return "fine"
        [media] = envelope["data"]["medias"]
        said = f"{media['status']} {media['resource_status']}"
        if envelope["data"]["id"] != self.task_id:
            return f"of another task: {said}"
        return "fine" if said == "success 1" else said

    def effected(self) -> int:
        """Calls that did something at the vendor: tasks registered, files kept."""
        if self.endpoint == "put":
            kept = [self.vendor.http.get(place["fdl"], timeout=5).status_code for place in self.places]
            return kept.count(200)
        return int(self.vendor.stats()["accepted"]) - int(self.accepted)


CASES = [
    pytest.param(day, endpoint, when, id=f"{day.name}-{day.fault['kind']}-{endpoint}-{when}")
    for day in DAYS
    for endpoint in day.endpoints
    for when in day.when
]


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(("day", "endpoint", "when"), CASES)
def test_a_bad_day_is_played_as_often_as_ordered_and_then_over(
    vendor: Vendor, day: Day, endpoint: str, when: str, times: int
) -> None:
    caller = Caller(vendor, endpoint)
    assert vendor.fault(endpoint, day.fault, times=times, when=when).status_code == 200

    patience_s = 0.2 if day.seen == "silence" else PATIENCE_S
    assert [caller.seen(patience_s) for _ in range(times)] == [day.seen] * times
    assert caller.seen() == "fine"
    stats = vendor.stats()
    assert (stats["faults_played"], stats["violations"]) == (times, [])
    if endpoint in ("create", "put"):
        assert caller.effected() == (1 if when == "before" else 1 + times)
        assert stats["points_charged"] == 4 + 5 * (stats["accepted"] - 1)


def story(vendor: Vendor, clock: Clock) -> dict[str, Any]:
    """One picture ordered, and a day later."""
    paid = vendor.stats()["balance"].get("cdef", 1_000_000)
    task_id = vendor.create(banana_body())["data"]["id"]
    paid -= vendor.stats()["balance"]["cdef"]
    clock.now += 24 * 3600
    medias = vendor.detail(task_id)["data"]["medias"]
    file = vendor.http.get(f"{vendor.urls['files']}/ima/results/{task_id}_1.png", timeout=5)
    return {
        "state": [media["status"] for media in medias],
        "words": [media["error_msg"] for media in medias],
        "points": paid,
        "announced": (medias[0]["width"], medias[0]["height"]),
        "file": Image.open(io.BytesIO(file.content)).size if file.ok else None,
    }


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("fate", FATES, ids=lambda fate: f"{fate.name}-{fate.fault}")
def test_a_fault_of_tasks_spoils_as_many_as_ordered_and_no_refused_one(
    clock: Clock, fate: Fate, times: int
) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        assert vendor.fault("create", fate.fault, times=times).status_code == 200
        assert vendor.create({**banana_body(), "unknown": 1})["code"] == 400
        assert vendor.stats()["faults_played"] == 0

        assert [story(vendor, clock) for _ in range(times)] == [{**ORDINARY, **fate.story}] * times
        assert story(vendor, clock) == ORDINARY
        assert vendor.stats()["faults_played"] == times


def test_another_amount_stands_in_the_accounts_and_with_the_task(vendor: Vendor) -> None:
    vendor.balance(20)
    vendor.fault("create", {"kind": "charge", "points": 25})

    vendor.create(banana_body(n=2))

    stats = vendor.stats()
    assert (stats["charged"], stats["balance"]) == ({"cdef": 25}, {"cdef": -5})
    assert [task["points"] for task in stats["tasks"]] == [25]
    assert vendor.create(banana_body())["code"] == 4008


def test_every_file_of_a_task_has_the_other_size_and_the_detail_announces_the_one_asked(
    vendor: Vendor,
) -> None:
    vendor.fault("create", {"kind": "deliver", "width": 640, "height": 360})
    medias = vendor.finish(vendor.create(banana_body(n=2))["data"]["id"])

    files = [media[name] for media in medias for name in ("url", "watermark_url")]
    opened = [Image.open(io.BytesIO(vendor.http.get(file, timeout=5).content)) for file in files]
    assert [image.size for image in opened] == [(640, 360)] * 4
    assert [(media["width"], media["height"]) for media in medias] == [(1024, 1024)] * 2


def test_the_smallest_and_the_narrowest_picture_can_be_delivered(vendor: Vendor) -> None:
    for width, height in ((1, 1), (3000, 1), (1, 3000)):
        vendor.fault("create", {"kind": "deliver", "width": width, "height": height})
        [media] = vendor.finish(vendor.create(banana_body())["data"]["id"])
        for name in ("url", "watermark_url", "cover"):
            assert vendor.http.get(media[name], timeout=5).status_code == 200


def test_one_task_can_meet_one_fault_of_each_kind(vendor: Vendor) -> None:
    vendor.fault("create", {"kind": "deliver", "width": 64, "height": 64})
    vendor.fault("create", {"kind": "charge", "points": 1})
    vendor.fault("create", {"kind": "media", "index": 0})
    vendor.fault("create", {"kind": "reset"}, when="before")
    with pytest.raises(requests.ConnectionError):
        vendor.create(banana_body(n=2))

    medias = vendor.finish(vendor.create(banana_body(n=2))["data"]["id"])

    assert [media["status"] for media in medias] == ["failed", "success"]
    assert Image.open(io.BytesIO(vendor.http.get(medias[1]["url"], timeout=5).content)).size == (64, 64)
    assert vendor.stats()["points_charged"] == 1


def test_what_was_spoilt_stays_so_after_a_restart(tmp_path: Any, clock: Clock) -> None:
    with Sandbox(tmp_path, clock=clock) as first:
        vendor = Vendor(first)
        for fault in ({"kind": "stuck"}, {"kind": "deliver", "width": 64, "height": 32}):
            vendor.fault("create", fault)
            vendor.create(banana_body())
            vendor.faultless()
        stuck, other = (task["id"] for task in vendor.stats()["tasks"])
    clock.now += 10**7

    with Sandbox(tmp_path, clock=clock) as second:
        vendor = Vendor(second)
        assert [media["status"] for media in vendor.detail(stuck)["data"]["medias"]] == ["processing"]
        [media] = vendor.detail(other)["data"]["medias"]
        assert Image.open(io.BytesIO(vendor.http.get(media["url"], timeout=5).content)).size == (64, 32)


def test_another_tasks_detail_is_whole_plausible_and_the_same_every_time(clock: Clock) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        task_id = vendor.create(banana_body(n=2))["data"]["id"]
        vendor.fault("detail", {"kind": "other_task"}, times=2)

        first, again = (vendor.detail(task_id)["data"] for _ in range(2))

        assert first == again
        assert set(first) == {"id", "medias"}
        assert first["id"] != task_id
        assert len(first["id"]) == len(task_id)
        assert task_id not in str(first)
        assert [(media["status"], media["resource_status"]) for media in first["medias"]] == [
            ("success", 1)
        ] * 2
        picture = Image.open(io.BytesIO(vendor.http.get(first["medias"][1]["url"], timeout=5).content))
        assert (picture.size, picture.info["prompt"]) == ((1024, 1024), "somebody else's picture")
        assert vendor.detail(task_id)["data"] == {"id": task_id, "medias": []}
        assert vendor.detail(first["id"])["code"] == 404
        assert [task["id"] for task in vendor.stats()["tasks"]] == [task_id]


def test_a_stranger_is_asked_about_nothing(vendor: Vendor) -> None:
    vendor.fault("detail", {"kind": "other_task"}, times=-1)

    assert vendor.detail("task_000000000000000000000000")["code"] == 404


@pytest.mark.parametrize(
    ("endpoint", "fault", "named"),
    [
        ("detail", {"kind": "stuck"}, "create"),
        ("list", {"kind": "charge", "points": 1}, "create"),
        ("file", {"kind": "deliver", "width": 1, "height": 1}, "create"),
        ("create", {"kind": "other_task"}, "detail"),
        ("create", {"kind": "stuck", "for": 10}, "for"),
        ("create", {"kind": "charge"}, "points"),
        ("create", {"kind": "charge", "points": -1}, "points"),
        ("create", {"kind": "charge", "points": "5"}, "points"),
        ("create", {"kind": "charge", "points": True}, "points"),
        ("create", {"kind": "charge", "points": 1, "point": 2}, "point"),
        ("create", {"kind": "deliver", "width": 10}, "height"),
        ("create", {"kind": "deliver", "width": 0, "height": 1}, "width"),
        ("create", {"kind": "deliver", "width": 1, "height": 99999}, "height"),
        ("detail", {"kind": "other_task", "id": "x"}, "id"),
    ],
)
def test_a_bad_description_of_these_is_400_too(
    vendor: Vendor, endpoint: str, fault: dict[str, Any], named: str
) -> None:
    answer = vendor.fault(endpoint, fault)

    assert answer.status_code == 400
    assert named in answer.json()["message"]
