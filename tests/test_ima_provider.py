"""IMA's way of speaking: its product list, prices and uploads. What its document prints stands in
tests/test_ima_printed.py."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from ima_printed import PRODUCT_LIST
from parts import plan
from studio import catalogue
from studio.content import Content
from studio.contract import KEY, Request, Response
from studio.errors import NetworkError
from studio.form import Offer
from studio.providers.ima import Provider
from studio.types import Billing, MediaRef, ModelRef, Source, TaskRef

NOW = 1_800_000_000.0
API = "https://api.imastudio.com/open/v1"
VENDOR = catalogue.vendor("ima")
IMA = Provider({"ima": VENDOR.gateways[0]}, VENDOR.raw, lambda: NOW)
TASK = TaskRef("ima", "task_abc", NOW, {"outputs": "1"})
SEEDREAM = ModelRef("doubao-seedream-4.5", "SeeDream 4.5", "doubao-seedream-4-5-251128")
CAT = Source("image", "cat.jpg", mime="image/jpeg", content=Content([b"a cat"]), sha256="ab" * 32)

LEAF: dict[str, Any] = PRODUCT_LIST[0]["children"][0]


def answer(payload: Any, status: int = 200, **headers: str) -> Response:
    return Response("the step", status, headers, payload)


def good(data: Any) -> Response:
    return answer({"code": 0, "message": "ok", "data": data})


def test_several_pictures_are_priced_each_and_what_identifies_the_person_stays_here() -> None:
    wish = plan(n=4, billing=Billing(2341, 5, 20, "points", "live"), user_id="somebody")
    request = IMA.submit_request(wish, (), "")

    assert request.json is not None
    (outer,) = request.json["parameters"]
    assert (outer["credit"], outer["parameters"]["cast"]["points"], outer["parameters"]["n"]) == (5, 5, 4)
    assert "somebody" not in json.dumps([request.json, dict(request.headers), request.url])


def offers(products: Any) -> tuple[Offer, ...]:
    asked: list[Request] = []

    def read(request: Request) -> Response:
        asked.append(request)
        return good(products)

    made = IMA.offers("text_to_image", "en", read)
    assert [(one.method, one.url, one.safe) for one in asked] == [("GET", f"{API}/product/list", True)]
    assert asked[0].query == {"app": "ima", "platform": "web", "category": "text_to_image"}
    return made


def test_leaves_are_found_at_any_depth_in_the_vendors_order() -> None:
    def group(*children: Any) -> dict[str, Any]:
        return {"id": "g", "type": "2", "name": "g", "model_id": "", "children": list(children) or None}

    first, second, third = ({**LEAF, "id": id, "type": 3} for id in "abc")
    tree = [group(), group(group(group(first, None)), second), {**third, "children": None}]

    assert [offer.version for offer in offers(tree)] == ["a", "b", "c"]


def bent(**mapping: Any) -> dict[str, Any]:
    """An entry whose form has one virtual field, with this mapping."""
    shown = {"field": "size", "is_ui_virtual": True, "ui_params": [{"field": "ratio"}]}
    return {"form_config": [{**shown, "value_mapping": mapping}]}


def test_a_row_of_a_mapping_without_sources_is_for_anything() -> None:
    (offer,) = offers([{**LEAF, **bent(mapping_rules=[{"source_values": None, "target_value": "4k"}])}])
    assert (offer.problem, offer.form[0].mapping) == (None, (({}, "4k"),))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"model_id": None}, "lacks model_id"),
        ({"id": ""}, "lacks id"),
        ({"credit_rules": None}, "has a field of an unforeseen type"),
        ({"credit_rules": [{"points": 5, "attributes": {}}]}, "lacks attribute_id"),
        ({"credit_rules": [{"attribute_id": 1, "attributes": {}}]}, "lacks points"),
        ({"form_config": [{"type": "tags"}]}, "lacks id"),
        ({"form_config": [{"field": "size", "options": [{"label": "2K"}]}]}, "lacks value"),
        (bent(target_param=["size"]), "has a field of an unforeseen"),
        (
            bent(mapping_rules=[{"source_values": "16:9", "target_value": "4k"}]),
            "has a field of an unforeseen",
        ),
        (
            bent(mapping_rules=[{"source_values": ["16:9"], "target_value": "4k"}]),
            "has a field of an unforeseen",
        ),
        ({"form_config": ["size"]}, "has a field of an unforeseen type"),
        ({"credit_rules": [{"attribute_id": "x", "points": 5, "attributes": {}}]}, "has a field of an unfor"),
    ],
)
def test_a_broken_entry_says_what_it_lacks_and_does_not_hide_the_others(change: Any, problem: str) -> None:
    broken, whole = offers([{**LEAF, **change}, LEAF])

    assert (broken.problem or "").startswith(problem)
    assert (whole.problem, whole.version) == (None, SEEDREAM.version)


@pytest.mark.parametrize("data", [None, {}, "x", 3])
def test_a_list_that_is_none_is_named(data: Any) -> None:
    with pytest.raises(NetworkError, match="lacks data"):
        offers(data)


def test_an_upload_is_asked_for_with_eleven_parameters_and_then_put() -> None:
    asked: list[Request] = []

    def read(request: Request) -> Response:
        asked.append(request)
        return good({"ful": "https://store.example.com/put?sig=1", "fdl": "https://cdn.example.com/cat.jpeg"})

    assert IMA.upload(CAT, read) == MediaRef("image", "https://cdn.example.com/cat.jpeg")
    token, put = asked
    nonce = token.query["nonce"]
    signed = f"webAgent|32jdskjdk320eew|1800000000|{nonce}".encode()
    assert token.query == {
        "appUid": KEY,
        "cmimToken": KEY,
        "appId": "webAgent",
        "appKey": "32jdskjdk320eew",
        "timestamp": "1800000000",
        "nonce": nonce,
        "sign": hashlib.sha1(signed).hexdigest().upper(),
        "fService": "privite",
        "fType": "picture",
        "fSuffix": "jpeg",
        "fContentType": "image/jpeg",
    }
    assert (len(token.query), len(nonce)) == (11, 21)
    assert (token.method, token.url, token.headers) == (
        "GET",
        "https://imapi.liveme.com/api/rest/oss/getuploadtoken",
        {},
    )
    assert (put.method, put.url, put.body) == ("PUT", "https://store.example.com/put?sig=1", CAT.content)
    assert (put.headers, token.safe, put.safe) == ({"Content-Type": "image/jpeg"}, True, True)


@pytest.mark.parametrize("data", [None, {}, {"ful": "https://x"}, {"ful": "", "fdl": "https://x"}, ["x"]])
def test_an_upload_link_that_is_none_is_named_and_nothing_is_put(data: Any) -> None:
    asked: list[Request] = []

    def read(request: Request) -> Response:
        asked.append(request)
        return good(data)

    with pytest.raises(NetworkError, match=r"lacks data\.f"):
        IMA.upload(CAT, read)
    assert len(asked) == 1


def test_a_public_link_needs_no_upload() -> None:
    def read(request: Request) -> Response:
        raise AssertionError("nothing is asked")

    link = "https://example.com/cat.png"
    assert IMA.upload(Source("image", link, url=link), read) == MediaRef("image", link)
