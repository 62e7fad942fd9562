"""Creating a task: what is accepted, what it costs, and every refusal by its code."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from twins.ima_vendor import Vendor, banana_body, image_body, text_body, with_product


def refused(vendor: Vendor, body: Any) -> tuple[int, str]:
    """Create a task that must be refused, for nothing: (code, message)."""
    response = vendor.post("/open/v1/tasks/create", body)
    answer = response.json()
    assert (response.status_code, answer["data"]) == (200, None)
    stats = vendor.stats()
    assert (stats["accepted"], stats["tasks"], stats["points_charged"]) == (0, [], 0)
    assert stats["refused"] == {str(answer["code"]): 1}
    return answer["code"], answer["message"]


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("body", [text_body(), image_body()], ids=["text_to_image", "image_to_image"])
def test_the_documents_own_bodies_are_accepted(vendor: Vendor, body: dict[str, Any]) -> None:
    answer = vendor.create(body)

    data = answer["data"]
    assert (answer["code"], data["task_type"], data["medias"]) == (0, body["task_type"], [])
    assert data["generate_count"] == 1
    assert data["id"] != data["biz_id"]
    assert data["timeout_at"] - data["created_at"] == 300_000
    assert data["created_at"] > 1_600_000_000_000


def test_the_two_optional_spellings_of_the_contract_are_accepted(vendor: Vendor) -> None:
    body = {**with_product(text_body(), app="webAgent"), "upload_img_src": ""}

    assert vendor.create(body)["code"] == 0


def test_points_are_charged_once_per_picture(vendor: Vendor) -> None:
    task = vendor.create(banana_body(n=3))["data"]

    stats = vendor.stats()
    assert stats["accepted"] == 1
    assert (stats["charged"], stats["balance"]) == ({"cdef": 18}, {"cdef": 999_982})
    assert [(one["id"], one["n"], one["points"]) for one in stats["tasks"]] == [(task["id"], 3, 18)]
    assert stats["tasks"][0]["body"] == banana_body(n=3)


def test_no_key_stands_in_the_stats(vendor: Vendor) -> None:
    vendor.create(text_body())
    vendor.get(f"/open/v1/{vendor.key}")

    assert vendor.key not in vendor.get("/__sandbox/stats").text


def test_the_same_body_twice_is_two_tasks_because_no_idempotency_exists(vendor: Vendor) -> None:
    first, second = vendor.create(text_body()), vendor.create(text_body())

    assert first["data"]["id"] != second["data"]["id"]
    assert vendor.stats()["points_charged"] == 10


def test_values_are_compared_without_regard_to_case(vendor: Vendor) -> None:
    assert vendor.create(banana_body(size="1k"))["code"] == 0


@pytest.mark.parametrize("size", ["2k", "4k", "2048x2048", "2560x1440", "3024x1296"])
def test_seedream_takes_its_tiers_and_its_mapped_sizes(vendor: Vendor, size: str) -> None:
    assert vendor.create(text_body(size=size))["code"] == 0


def test_an_account_without_enough_points_is_4008_and_keeps_them(vendor: Vendor) -> None:
    vendor.balance(9)

    assert refused(vendor, text_body(n=2)) == (4008, "Insufficient points")
    assert vendor.stats()["balance"] == {"cdef": 9}


def test_two_requests_at_once_cannot_spend_the_same_points(vendor: Vendor) -> None:
    vendor.balance(12)
    with ThreadPoolExecutor(8) as pool:
        codes = [answer["code"] for answer in pool.map(lambda _: vendor.create(text_body()), range(8))]

    assert sorted(codes) == [0, 0] + [4008] * 6
    assert vendor.stats()["balance"] == {"cdef": 2}


@pytest.mark.parametrize("attribute_id", [0, 9999, 1611, None])
def test_an_attribute_that_is_not_sold_here_is_invalid(vendor: Vendor, attribute_id: int | None) -> None:
    body = with_product(text_body(), attribute_id=attribute_id)

    assert refused(vendor, body) == (400, "Invalid product attribute")


@pytest.mark.parametrize("credit", [4, 10, None])
def test_a_credit_that_is_not_the_rules_is_6006(vendor: Vendor, credit: int | None) -> None:
    code, message = refused(vendor, with_product(text_body(n=2), credit=credit))

    assert code == 6006
    assert "credit" in message


@pytest.mark.parametrize("cast", [{"points": 10, "attribute_id": 2341}, None])
def test_a_cast_with_other_points_or_none_is_6006(vendor: Vendor, cast: dict[str, int] | None) -> None:
    code, message = refused(vendor, text_body(n=2, cast=cast))

    assert code == 6006
    assert "cast" in message


def test_a_cast_of_another_attribute_is_6010(vendor: Vendor) -> None:
    code, message = refused(vendor, text_body(cast={"points": 5, "attribute_id": 4401}))

    assert code == 6010
    assert "cast" in message


def test_a_missing_rule_parameter_is_6009(vendor: Vendor) -> None:
    code, message = refused(vendor, banana_body(size=None))

    assert code == 6009
    assert "size" in message


def test_a_parameter_that_contradicts_the_attribute_is_6010(vendor: Vendor) -> None:
    assert refused(vendor, banana_body(size="4K"))[0] == 6010


def test_an_attribute_of_another_model_is_6010(vendor: Vendor) -> None:
    assert refused(vendor, with_product(text_body(), attribute_id=4401))[0] == 6010


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"model_id": "nano-banana-2"}, "model_id"),
        ({"model_version": "doubao-seedream-4-0"}, "model_version"),
        ({"model_name": "SeeDream"}, "model_name"),
        ({"model_name": None}, "model_name"),
        ({"model_version": None}, "model_version"),
        ({"category": "image_to_image"}, "category"),
        ({"platform": "ios"}, "platform"),
        ({"app": None}, "app"),
        ({"credit": "5"}, "credit"),
        ({"prompt": "outside"}, "prompt"),
    ],
)
def test_a_wrong_product_field_is_400_and_is_named(
    vendor: Vendor, changed: dict[str, Any], named: str
) -> None:
    code, message = refused(vendor, with_product(text_body(), **changed))

    assert code == 400
    assert named in message


@pytest.mark.parametrize(
    ("inner", "named"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": "  \n"}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": 11}, "n"),
        ({"n": "2"}, "n"),
        ({"n": True}, "n"),
        ({"default": "enabled"}, "default"),
        ({"qualty": "720p"}, "qualty"),
        ({"size": "adaptive"}, "size"),
        ({"size": "8K"}, "size"),
        ({"aspect_ratio": "16:9"}, "aspect_ratio"),
    ],
)
def test_a_wrong_inner_parameter_is_400_and_is_named(
    vendor: Vendor, inner: dict[str, Any], named: str
) -> None:
    code, message = refused(vendor, text_body(**inner))

    assert code == 400
    assert named in message


def test_a_ratio_outside_the_five_is_400_for_nano_banana(vendor: Vendor) -> None:
    code, message = refused(vendor, banana_body(aspect_ratio="21:9"))

    assert code == 400
    assert "16:9" in message


def test_an_unknown_top_field_is_400_and_is_named(vendor: Vendor) -> None:
    code, message = refused(vendor, {**text_body(), "idempotency_key": "x"})

    assert code == 400
    assert "idempotency_key" in message


def test_two_products_in_one_body_are_400(vendor: Vendor) -> None:
    body = text_body()
    body["parameters"] *= 2

    assert refused(vendor, body)[0] == 400


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null"])
def test_a_body_that_is_no_object_is_400(vendor: Vendor, data: bytes) -> None:
    headers = {**vendor.headers, "Content-Type": "application/json"}
    url = vendor.urls["api"] + "/open/v1/tasks/create"

    assert vendor.http.post(url, data=data, headers=headers, timeout=5).json()["code"] == 400


def test_a_body_that_is_not_announced_as_json_is_400(vendor: Vendor) -> None:
    url = vendor.urls["api"] + "/open/v1/tasks/create"
    answer = vendor.http.post(url, data=b"{}", headers=vendor.headers, timeout=5).json()

    assert (answer["code"], "Content-Type" in answer["message"]) == (400, True)


def test_text_to_image_takes_no_images(vendor: Vendor) -> None:
    assert refused(vendor, {**text_body(), "src_img_url": ["https://example.com/a.png"]})[0] == 400


def test_image_to_image_needs_its_image_in_both_places(vendor: Vendor) -> None:
    assert refused(vendor, {**image_body(), "src_img_url": []})[0] == 400


def test_image_to_image_needs_the_same_images_in_both_places(vendor: Vendor) -> None:
    assert refused(vendor, {**image_body(), "src_img_url": ["https://example.com/other.jpg"]})[0] == 400


@pytest.mark.parametrize(
    "link",
    [
        "http://example.com/a.png",
        "data:image/png;base64,AAAA",
        "cat.png",
        "https://",
        "https://[broken",
        "http://127.0.0.1:1/webAgent/privite/2026/01/01/nobody.png",
        "http://127.0.0.1:1/ima/results/task_000000000000000000000000_1.png",
    ],
)
def test_an_image_that_the_vendor_could_not_fetch_is_400(vendor: Vendor, link: str) -> None:
    assert refused(vendor, image_body(link))[0] == 400


def test_a_place_where_nothing_was_put_yet_is_no_image(vendor: Vendor) -> None:
    assert refused(vendor, image_body(vendor.token()["data"]["fdl"]))[0] == 400


def test_an_uploaded_image_is_accepted_whatever_port_its_link_carries(vendor: Vendor) -> None:
    link = vendor.upload(png()).replace(vendor.urls["files"], "http://127.0.0.1:1")

    assert vendor.create(image_body(link))["code"] == 0


def test_a_finished_result_can_be_the_input_of_the_next_task(vendor: Vendor) -> None:
    first = vendor.finish(vendor.create(banana_body())["data"]["id"])

    assert vendor.create(image_body(first[0]["url"]))["code"] == 0
