"""The twin against the vendor's document: each printed request is taken and answered in the printed shape,
and each printed mistake gets its error. What is printed: tests/ima_printed.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

import ima_printed as printed
from ima_printed import BANANA, IMAGE, SEEDREAM, TEXT, Mistake
from sandbox import Sandbox
from twins.ima_sample import (
    LONGEST,
    bought,
    changed,
    finished,
    leaf_of,
    order_of,
    place_of,
    refused,
    send,
    walk,
    with_links,
)
from twins.ima_vendor import Clock, Vendor

KEY = printed.HEADERS["Authorization"].removeprefix("Bearer ")
# What may stand in an answer: what is printed, and what contract 1.2 to 1.5 adds.
GROUP = {"id", "type", "name", "model_id", "children"}
LEAF = {"id", "type", "name", "model_id", "credit_rules", "form_config"}
VIRTUAL = {"is_ui_virtual", "ui_params", "value_mapping"}
CREATED = {"id", "biz_id", "task_type", "medias", "generate_count", "created_at", "timeout_at"}
MEDIA = {"resource_status", "status", "url", "watermark_url", "preview_url", "cover", "cover_url", "format"}
MEDIA |= {"width", "height", "duration_str", "error_msg", "remark"}
UPLOAD = {"ful", "fdl", "ful_expire", "fdl_expire", "fdl_key"}


@pytest.fixture
def ima(clock: Clock) -> Iterator[Vendor]:
    """A twin at the vendor's own speed, on a clock that starts now and that the test moves."""
    clock.now = float(int(time.time()))  # whole, so that steps add up without rounding
    with Sandbox(clock=clock) as sandbox:
        yield Vendor(sandbox, KEY)


def test_every_constant_that_concerns_the_twin_is_used() -> None:
    tables = Path(__file__).with_name("test_ima_document_sold.py")

    assert printed.unused(printed.TWIN, __file__, str(tables)) == []


@pytest.mark.parametrize("language", printed.LANGUAGES)
@pytest.mark.parametrize("headers", [printed.HEADERS, printed.PYTHON_HEADERS], ids=["block", "sample"])
def test_the_printed_headers_open_every_route(ima: Vendor, headers: dict[str, str], language: str) -> None:
    written = {**headers, "x_app_language": language}

    assert send(ima, printed.LIST_REQUEST, written).json()["code"] == 0
    created = send(ima, printed.CREATE_REQUEST, written, printed.TEXT_TO_IMAGE).json()["data"]
    assert send(ima, printed.DETAIL_REQUEST, written, {"task_id": created["id"]}).json()["code"] == 0


@pytest.mark.parametrize("left_out", printed.HEADERS)
@pytest.mark.parametrize("line", [printed.LIST_REQUEST, printed.CREATE_REQUEST, printed.DETAIL_REQUEST])
def test_a_header_is_needed_where_it_is_required_and_not_where_it_is_recommended(
    ima: Vendor, line: str, left_out: str
) -> None:
    headers = {name: value for name, value in printed.PYTHON_HEADERS.items() if name != left_out}
    made = bought(ima, printed.TEXT_TO_IMAGE, 5)
    body = {printed.CREATE_REQUEST: printed.TEXT_TO_IMAGE, printed.DETAIL_REQUEST: {"task_id": made}}

    answer = send(ima, line, headers, body.get(line)).json()

    refusals = dict(zip(printed.REQUIRED_HEADERS, (401, 400), strict=True))
    assert answer["code"] == refusals.get(left_out, 0)


def test_the_printed_group_stands_in_the_list_and_its_field_is_virtual_besides(ima: Vendor) -> None:
    """The document prints the field plain under API 1 and virtual in Q4; contract 1.2 has both in one."""
    answer = send(ima, printed.LIST_REQUEST, printed.HEADERS).json()
    (group,) = [node for node in answer["data"] if node["id"] == printed.PRODUCT_LIST[0]["id"]]
    field = group["children"][0]["form_config"][0]

    assert set(field) > VIRTUAL
    for name in VIRTUAL:
        del field[name]
    assert [group] == printed.PRODUCT_LIST


@pytest.mark.parametrize("category", printed.TASK_TYPES)
def test_a_list_holds_only_what_is_printed_or_in_the_contract(ima: Vendor, category: str) -> None:
    def check(nodes: Any) -> None:
        for node in nodes:
            assert set(node) == {"2": GROUP, "3": LEAF}[node["type"]]
            check(node.get("children") or [])
            assert all(
                set(rule) == {"attribute_id", "points", "attributes"} for rule in node.get("credit_rules", [])
            )
            for field in node.get("form_config", []):
                assert set(field) - VIRTUAL == {"field", "type", "value", "options"}
                assert all(set(option) == {"label", "value"} for option in field["options"])

    path = urlsplit(printed.LIST_REQUEST.split()[1])
    answer = ima.get(path.path, params={**dict(parse_qsl(path.query)), "category": category}).json()

    assert (set(answer), answer["data"] != []) == ({"code", "message", "data"}, True)
    check(answer["data"])


def test_the_walk_that_comes_first_reads_what_is_printed(ima: Vendor) -> None:
    """One level deep, as it is printed; a group whose children are null (contract 1.2) would stop it."""
    found = [leaf for group in ima.products(TEXT) for leaf in group["children"] or [] if leaf["type"] == "3"]
    leaf = next(leaf for leaf in found if leaf["model_id"] == SEEDREAM)
    rule = leaf["credit_rules"][0]

    assert {
        "attribute_id": rule["attribute_id"],
        "credit": rule["points"],
        "model_version": leaf["id"],
        "model_name": leaf["name"],
        "form_defaults": {field["field"]: field["value"] for field in leaf["form_config"]},
    } == printed.FIRST_PRODUCT


@pytest.mark.parametrize("body", [printed.TEXT_TO_IMAGE, printed.IMAGE_TO_IMAGE], ids=[TEXT, IMAGE])
def test_a_printed_purchase_is_taken_and_answered_in_the_printed_shape(
    ima: Vendor, clock: Clock, body: Any
) -> None:
    answer = send(ima, printed.CREATE_REQUEST, ima.headers, body).json()
    assert (set(answer), set(answer["data"])) == ({"code", "message", "data"}, CREATED)
    stats = ima.stats()
    assert (stats["points_charged"], stats["tasks"][0]["body"]) == (body["parameters"][0]["credit"], body)

    place, name = place_of(answer, printed.TASK_ID)
    clock.now += LONGEST
    asked = dict.fromkeys(printed.DETAIL_BODY, place[name])
    detail = send(ima, printed.DETAIL_REQUEST, ima.headers, asked).json()["data"]
    (media,), (shown,) = detail["medias"], printed.COMPLETED["medias"]
    assert (set(detail), detail["id"]) == (set(printed.COMPLETED), place[name])
    assert set(shown) <= set(media) <= MEDIA
    assert {name: type(media[name]) for name in shown} == {name: type(shown[name]) for name in shown}
    assert (media["resource_status"], media["format"] in printed.FORMATS) == (1, True)


@pytest.mark.parametrize("task_type", [TEXT, IMAGE])
@pytest.mark.parametrize("field", printed.KEY_FIELDS)
def test_a_key_field_is_missed_wherever_it_is_for(ima: Vendor, field: str, task_type: str) -> None:
    body = {TEXT: printed.TEXT_TO_IMAGE, IMAGE: printed.IMAGE_TO_IMAGE}[task_type]
    place, name = place_of(body, field)

    if task_type in printed.KEY_FIELDS[field]:
        code, said = refused(ima, changed(body, "drop", field))
        assert (code, name in said) == (6006 if name in {"credit", "cast"} else 400, True)
    else:
        assert place[name] == []  # printed empty, where it is for image_to_image only


@pytest.mark.parametrize("task_type", [TEXT, IMAGE])
def test_seedream_takes_the_printed_sizes_and_not_adaptive(ima: Vendor, task_type: str) -> None:
    """The document calls adaptive an error of image_to_image; no form has it, so it is none of either."""
    body = {TEXT: printed.TEXT_TO_IMAGE, IMAGE: printed.IMAGE_TO_IMAGE}[task_type]
    taken, adaptive = printed.SEEDREAM_SIZES

    for size in taken:
        bought(ima, changed(body, "set", f"{printed.INNER}.size", size), 5)
    code, said = refused(ima, changed(body, "set", f"{printed.INNER}.size", adaptive))
    assert (code, "size" in said) == (400, True)


@pytest.mark.parametrize("mistake", printed.MISTAKES, ids=str)
def test_each_printed_mistake_is_refused_with_the_printed_error(ima: Vendor, mistake: Mistake) -> None:
    """Where no code is printed it is the one of contract 1.6, in words that name the place."""
    body = {TEXT: printed.TEXT_TO_IMAGE, IMAGE: printed.IMAGE_TO_IMAGE}[mistake.task_type]
    errors = {
        printed.ATTRIBUTE: (400, printed.ATTRIBUTE),
        printed.CAST: (6006, "cast"),
        printed.CREDIT: (6006, "credit"),
    }
    expected, words = errors.get(mistake.error, (400, mistake.path.rpartition(".")[2]))

    code, said = refused(ima, changed(body, mistake.change, mistake.path, mistake.value))

    assert (code, words in said) == (expected, True), said


def provoke(ima: Vendor, code: int, words: str) -> Any:
    """The error from the twin itself where a request can earn it, else on order."""
    body = order_of(ima, TEXT, BANANA, 4401)
    made = {
        4008: body,
        6006: changed(body, "set", f"{printed.OUTER}.credit", 5),
        6009: changed(body, "drop", f"{printed.INNER}.size"),
        6010: changed(body, "set", f"{printed.INNER}.size", "2K"),
        400: changed(body, "set", f"{printed.INNER}.aspect_ratio", "8:3"),
    }
    if words == printed.ATTRIBUTE:
        return ima.create(changed(body, "set", f"{printed.OUTER}.attribute_id", 0))
    if code == 401:
        return send(ima, printed.CREATE_REQUEST, {**ima.headers, "Authorization": ""}, body).json()
    if code == 4008:
        ima.balance(5)
    if code not in made:
        ima.fault("create", {"kind": "code", "code": code, "message": words}).raise_for_status()
    return ima.create(made.get(code, body))


@pytest.mark.parametrize(("code", "words"), printed.ERRORS, ids=str)
def test_each_printed_error_can_be_had_and_nothing_is_bought(
    ima: Vendor, code: int | None, words: str
) -> None:
    answer = provoke(ima, code or 400, words)

    assert (answer["code"], answer["data"]) == (code or 400, None)
    assert words in answer["message"] or code in {400, 6006, 6009, 6010}  # the twin has words of its own
    assert (ima.stats()["points_charged"], ima.stats()["tasks"]) == (0, [])


def test_each_host_takes_its_own_proof_of_the_key(ima: Vendor) -> None:
    """One takes the key in a header, the other takes no header and misses neither key nor signature."""
    assert printed.AUTHENTICATION == {"api": "Bearer token", "upload": "key and signature"}
    url, query = ima.urls["upload"] + printed.UPLOAD_STEPS[0].split()[1], ima.token_query()

    assert ima.http.get(url, params=query, timeout=5).json()["code"] == 0
    for name in ("appUid", "cmimToken", "sign"):
        answer = ima.http.get(url, params={**query, name: ""}, timeout=5).json()
        assert (answer["code"], name in answer["message"]) == (400, True)
    for name, code in (("Authorization", 0), ("appUid", 401)):
        head = {name: ima.headers["Authorization"]}
        assert send(ima, printed.LIST_REQUEST, {"x-app-source": "ima_skills", **head}).json()["code"] == code


def test_an_upload_goes_the_printed_way_and_its_link_is_the_input(ima: Vendor, clock: Clock) -> None:
    """For the rest of the token's query the document points to another one: contract 1.3."""
    (_, path), (put, _) = (step.split() for step in printed.UPLOAD_STEPS)
    suffix, mime = printed.UPLOAD_FILE["suffix"], printed.UPLOAD_FILE["content_type"]
    query = ima.token_query(fSuffix=suffix, fContentType=mime)

    answer = ima.http.get(ima.urls["upload"] + path, params=query, timeout=5).json()
    links = answer["data"]
    assert (answer["code"], set(printed.UPLOAD_ANSWER) <= set(links) <= UPLOAD) == (0, True)
    sent = ima.http.request(put, links["ful"], data=b"bytes", headers={"Content-Type": mime}, timeout=5)
    assert (sent.status_code, links["fdl"].endswith(f".{suffix}")) == (200, True)
    task_id = bought(ima, with_links(printed.IMAGE_TO_IMAGE, links["fdl"]), 5)
    assert finished(ima, clock, task_id)["url"]


def test_the_core_flow_can_be_walked_as_it_is_printed(ima: Vendor, clock: Clock) -> None:
    listing, token, put, create, detail = printed.CORE_FLOW
    (_, path), (method, place) = token.split(), put.split()

    assert send(ima, f"{listing}?{urlsplit(printed.LIST_REQUEST).query}", ima.headers).json()["data"]
    links = ima.http.get(ima.urls["upload"] + path, params=ima.token_query(), timeout=5).json()["data"]
    headers = {"Content-Type": "image/png"}
    assert ima.http.request(method, place.format(**links), data=b"x", headers=headers, timeout=5).ok
    body = with_links(order_of(ima, IMAGE, SEEDREAM, 1611), links["fdl"])
    created = send(ima, create, ima.headers, body).json()["data"]
    clock.now += LONGEST
    assert send(ima, detail, ima.headers, {"task_id": created["id"]}).json()["data"]["medias"][0]["url"]
    assert (ima.stats()["requests"]["unknown"], ima.stats()["violations"]) == (0, [])


def stated(table: Any) -> set[tuple[Any, str]]:
    """Every pair of resource_status and status that the table names."""
    words = {word for _, listed, _ in table if listed != printed.ANYTHING for word in listed}
    return {
        (number, word)
        for numbers, listed, _ in table
        for number in numbers
        for word in (words if listed == printed.ANYTHING else listed)
    }


def test_a_task_comes_to_its_end_through_printed_states_only(ima: Vendor, clock: Clock) -> None:
    good, _ = walk(ima, clock, SEEDREAM, bought(ima, printed.TEXT_TO_IMAGE, 5))
    ima.fault("create", {"kind": "media", "index": 0}).raise_for_status()
    bad, _ = walk(ima, clock, SEEDREAM, bought(ima, printed.TEXT_TO_IMAGE, 5))

    # Ready without a link is printed nowhere; contract 1.5 has it from the vendor's code.
    first = [(None, "pending", False), (0, "processing", False)]
    assert good == [*first, (1, "success", False), (1, "success", True)]
    assert bad == [*first, (2, "failed", False)]
    assert {state[:2] for state in (*good, *bad)} <= stated(printed.STATES)


@pytest.mark.parametrize("model_id", printed.ESTIMATES)
def test_a_picture_takes_the_printed_time(ima: Vendor, clock: Clock, model_id: str) -> None:
    rule = leaf_of(ima, TEXT, model_id)["credit_rules"][0]
    body = order_of(ima, TEXT, model_id, rule["attribute_id"])
    shortest, longest, _ = printed.ESTIMATES[model_id]

    _, took = walk(ima, clock, model_id, bought(ima, body, rule["points"]))

    assert shortest <= took <= longest
