"""The mistakes that the vendor's documents warn of, one by one: the code of each, and words that name it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from sandbox import Sandbox
from twins.ima_vendor import Clock, Vendor, banana_body, image_body, text_body, with_product

CREATE, DETAIL, LIST = "/open/v1/tasks/create", "/open/v1/tasks/detail", "/open/v1/product/list"
LINK = "https://example.com/input.jpg"


def send(vendor: Vendor, headers: dict[str, str | None]) -> Any:
    """Create a task under the usual headers, some of them changed; None takes one away. The envelope."""
    wanted: Any = CaseInsensitiveDict({**vendor.headers, "Content-Type": "application/json"})
    wanted.update(headers)
    kept = {name: value for name, value in wanted.items() if value is not None}
    data = json.dumps(text_body()).encode()
    return vendor.http.post(vendor.urls["api"] + CREATE, data=data, headers=kept, timeout=5).json()


def check_refused(vendor: Vendor, answer: Any, code: int, named: str) -> None:
    """The code, the word, and nothing bought."""
    assert (answer["code"], answer["data"]) == (code, None)
    assert named in answer["message"]
    stats = vendor.stats()
    assert (stats["accepted"], stats["tasks"], stats["points_charged"]) == (0, [], 0)
    assert stats["refused"] == {str(code): 1}


@pytest.mark.parametrize(
    "word", [None, "", "Token {}", "bearer {}", "{}", "Bearer", "Bearer  {}", "Bearer sk_example_placeholder"]
)
def test_a_missing_or_wrong_authorization_is_401(vendor: Vendor, word: str | None) -> None:
    answer = send(vendor, {"Authorization": word and word.format(vendor.key)})

    check_refused(vendor, answer, 401, "Authorization")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-app-source", None),
        ("x-app-source", "ima-skills"),
        ("X-App-Source", "other"),
        ("Content-Type", "text/plain"),
        ("Content-Type", None),
        ("x_app_language", "english"),
    ],
)
def test_a_missing_or_wrong_header_is_400(vendor: Vendor, header: str, value: str | None) -> None:
    named = header if header == "Content-Type" else header.lower()

    check_refused(vendor, send(vendor, {header: value}), 400, named)


@pytest.mark.parametrize(
    "headers",
    [
        {"x_app_language": None},
        {"x_app_language": None, "x-app-language": "klingon"},
        {"x_app_language": "zh"},
        {"X-APP-SOURCE": "ima_skills"},
        {"Content-Type": "application/json; charset=utf-8"},
    ],
)
def test_headers_that_mean_the_same_are_tolerated(vendor: Vendor, headers: dict[str, str | None]) -> None:
    assert send(vendor, headers)["code"] == 0


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("model_id", 400),
        ("model_name", 400),
        ("model_version", 400),
        ("app", 400),
        ("platform", 400),
        ("category", 400),
        ("parameters", 400),
        ("credit", 6006),
    ],
)
def test_a_missing_product_field_is_named(vendor: Vendor, field: str, code: int) -> None:
    check_refused(vendor, vendor.create(with_product(text_body(), **{field: None})), code, field)


def test_a_missing_attribute_has_the_documents_words(vendor: Vendor) -> None:
    answer = vendor.create(with_product(text_body(), attribute_id=None))

    check_refused(vendor, answer, 400, "Invalid product attribute")


def test_the_prompt_at_the_top_is_named_there(vendor: Vendor) -> None:
    check_refused(vendor, vendor.create({**text_body(), "prompt": "up here"}), 400, "prompt")


def test_the_prompt_one_level_up_is_named_as_missing_below(vendor: Vendor) -> None:
    check_refused(vendor, vendor.create(with_product(text_body(prompt=None), prompt="x")), 400, "prompt")


@pytest.mark.parametrize("body", [text_body(size="adaptive"), image_body(size="adaptive")])
def test_an_adaptive_size_is_400(vendor: Vendor, body: Any) -> None:
    check_refused(vendor, vendor.create(body), 400, "size")


@pytest.mark.parametrize("place", ["src_img_url", "input_images"])
@pytest.mark.parametrize("instead", [[], [LINK, "https://example.com/second.jpg"]])
def test_a_picture_that_stands_in_one_place_only_is_400(
    vendor: Vendor, place: str, instead: list[str]
) -> None:
    body = image_body(LINK)
    (body if place == "src_img_url" else body["parameters"][0]["parameters"])[place] = instead

    check_refused(vendor, vendor.create(body), 400, place)


@pytest.mark.parametrize(
    "link", ["https://cdn.example.invalid/x.png", "https://8.8.8.8/x", "https://a.b:8443/x?y=z"]
)
def test_a_public_https_link_is_accepted_unseen(vendor: Vendor, link: str) -> None:
    assert vendor.create(image_body(link))["code"] == 0
    assert vendor.stats()["requests"]["file"] == 0


@pytest.mark.parametrize(
    "link",
    [
        "https://127.0.0.1/x.png",
        "https://localhost/x.png",
        "https://intranet/x.png",
        "https://printer.local/x.png",
        "https://10.0.0.7/x.png",
        "https://192.168.1.1/x.png",
        "https://[::1]/x.png",
        " https://example.com/x.png",
        "https://example.com/x y.png",
        "ftp://example.com/x.png",
        "HTTP://example.com/x.png",
        "file:///x.png",
        "//example.com/x.png",
    ],
)
def test_a_link_that_is_not_public_https_is_400(vendor: Vendor, link: str) -> None:
    check_refused(vendor, vendor.create(image_body(link)), 400, "input_images")


def test_an_upload_of_nothing_is_no_picture(vendor: Vendor) -> None:
    places = vendor.token()["data"]
    assert vendor.put(places["ful"], b"").status_code == 200

    check_refused(vendor, vendor.create(image_body(places["fdl"])), 400, "input_images")


def test_numbers_may_be_written_with_a_point_and_are_counted_as_ever(vendor: Vendor) -> None:
    body = with_product(
        text_body(n=2.0, cast={"points": 5.0, "attribute_id": 2341.0}), credit=5.0, attribute_id=2341.0
    )

    task = vendor.create(body)["data"]

    assert f"{task['generate_count']} for {vendor.stats()['points_charged']}" == "2 for 10"
    assert len(vendor.finish(task["id"])) == 2


@pytest.mark.parametrize("wrong", ["5", True, [5], 5.5, None])
@pytest.mark.parametrize("field", ["n", "cast.points", "cast.attribute_id"])
def test_a_number_inside_of_another_type_is_400_and_is_named(vendor: Vendor, field: str, wrong: Any) -> None:
    body = text_body()
    inner = body["parameters"][0]["parameters"]
    *way, last = field.split(".")
    (inner[way[0]] if way else inner)[last] = wrong

    check_refused(vendor, vendor.create(body), 400, field)


@pytest.mark.parametrize("wrong", ["5", True, [5], 5.5])
@pytest.mark.parametrize("field", ["credit", "attribute_id"])
def test_a_product_number_of_another_type_is_400_and_is_named(vendor: Vendor, field: str, wrong: Any) -> None:
    check_refused(vendor, vendor.create(with_product(text_body(), **{field: wrong})), 400, field)


@pytest.mark.parametrize("path", [CREATE, DETAIL])
def test_a_query_beside_a_body_is_400_and_is_named(vendor: Vendor, path: str) -> None:
    check_refused(vendor, vendor.post(f"{path}?dry_run=1", text_body()).json(), 400, "dry_run")


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
def test_a_number_that_json_does_not_have_is_400(vendor: Vendor, word: bytes) -> None:
    headers = {**vendor.headers, "Content-Type": "application/json"}
    url = vendor.urls["api"] + DETAIL
    answer = vendor.http.post(url, data=b'{"task_id": %b}' % word, headers=headers, timeout=5).json()

    check_refused(vendor, answer, 400, "JSON")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_list_that_announces_another_body_is_400(vendor: Vendor, content_type: str) -> None:
    headers = {**vendor.headers, "Content-Type": content_type}
    answer = vendor.http.get(vendor.urls["api"] + LIST, headers=headers, timeout=5).json()

    check_refused(vendor, answer, 400, "Content-Type")


@pytest.mark.parametrize(
    ("suffix", "content_type", "code"),
    [
        ("png", "image/png", 0),
        ("jpeg", "image/jpeg", 0),
        ("jpg", "image/jpeg", 0),
        ("webp", "image/webp", 0),
        ("png", "image/jpeg", 400),
        ("exe", "image/png", 400),
        ("png", "image/exe", 400),
    ],
)
def test_a_suffix_must_be_one_of_its_type(vendor: Vendor, suffix: str, content_type: str, code: int) -> None:
    assert vendor.token(fSuffix=suffix, fContentType=content_type)["code"] == code


def _without_type(vendor: Vendor, ful: str) -> requests.Response:
    return vendor.http.put(ful, data=b"x", timeout=5)


PUTS: dict[str, Callable[[Vendor, str], requests.Response]] = {
    "no type": _without_type,
    "another type": lambda vendor, ful: vendor.put(ful, b"x", "image/jpeg"),
    "a charset": lambda vendor, ful: vendor.put(ful, b"x", "image/png; charset=utf-8"),
    "a query": lambda vendor, ful: vendor.put(f"{ful}?x=1", b"x"),
    "a longer path": lambda vendor, ful: vendor.put(f"{ful}x", b"x"),
}


@pytest.mark.parametrize("how", PUTS)
def test_a_put_that_is_not_as_it_was_signed_is_403_and_keeps_nothing(vendor: Vendor, how: str) -> None:
    places = vendor.token()["data"]

    assert PUTS[how](vendor, places["ful"]).status_code == 403
    assert vendor.http.get(places["fdl"], timeout=5).status_code == 404
    assert vendor.put(places["ful"], b"x").status_code == 200


def test_a_task_is_seen_in_every_state_of_the_vendor_one_after_the_other(clock: Clock) -> None:
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        task_id = vendor.create(banana_body())["data"]["id"]
        seen: list[Any] = []
        for _ in range(410):
            medias = vendor.detail(task_id)["data"]["medias"]
            shown = [(media["resource_status"], media["status"], bool(media["url"])) for media in medias]
            if shown not in seen[-1:]:
                seen.append(shown)
            clock.now += 0.1

    assert seen == [
        [],
        [(None, "pending", False)],
        [(0, "processing", False)],
        [(1, "success", False)],
        [(1, "success", True)],
    ]


def test_a_home_of_an_earlier_version_is_served_on(tmp_path: Path) -> None:
    with Sandbox(tmp_path) as sandbox:
        old = Vendor(sandbox).create(text_body())["data"]["id"]
    with sqlite3.connect(tmp_path / "ima.sqlite3") as db:
        for column in ("stuck", "delivered"):
            db.execute(f"ALTER TABLE tasks DROP COLUMN {column}")
    db.close()

    with Sandbox(tmp_path) as sandbox:
        vendor = Vendor(sandbox)
        assert vendor.detail(old)["code"] == 0
        assert vendor.create(text_body())["code"] == 0
        assert [task["points"] for task in vendor.stats()["tasks"]] == [5, 5]
