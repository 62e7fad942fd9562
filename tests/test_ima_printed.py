"""The provider against the vendor's document: it builds the printed requests and reads the printed answers.
What is printed: tests/ima_printed.py; its tables and command lines: tests/test_ima_printed_sold.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

import ima_printed as printed
from ima_printed import ANYTHING, IMAGE, SEEDREAM, TEXT, Mistake
from parts import door, ima, line, plan, says
from studio import catalogue, planning, wishes
from studio.content import Content
from studio.contract import KEY, Done, Failed, Pending, Request, Response
from studio.errors import REFUSALS, StudioError, UnknownOutcome, UsageError
from studio.form import Offer
from studio.providers.ima import Provider
from studio.types import MediaRef, Output, Plan, Source
from studio.wishes import Wish
from support import KEY as OURS
from test_ima_provider import IMA, TASK, VENDOR, answer, good
from twins.ima_sample import changed, inner, place_of

(GATEWAY,) = VENDOR.gateways
API, UPLOAD = printed.DOMAINS["api"], printed.DOMAINS["upload"]
LINKS = {name: f"{start}cat.jpeg" for name, start in printed.UPLOAD_ANSWER.items()}
JPEG = Source(
    "image",
    "cat.jpg",
    mime=printed.UPLOAD_FILE["content_type"],
    content=Content([b"a cat"]),
    sha256="ab" * 32,
)
HELPERS = {  # names in ima_printed that stand for no part of the document
    *("SECTIONS", "PROVIDER", "TWIN", "BOTH", "TEXT", "IMAGE", "SEEDREAM", "BANANA", "PRO", "MJ", "ANYTHING"),
    *("KEYED", "OUTER", "INNER", "ATTRIBUTE", "CAST", "CREDIT", "INPUT", "PORTRAIT"),
}


def listed(tree: Any, asked: list[Request] | None = None) -> tuple[Offer, ...]:
    """A product list through the provider, and the request for it."""

    def read(request: Request) -> Response:
        (asked if asked is not None else []).append(request)
        return good(tree)

    return IMA.offers(TEXT, "en", read)


def draft(offers: tuple[Offer, ...], task_type: str, model: str | None = None, **words: Any) -> Plan:
    """What would be bought from these offers for `options` and `prompt`."""
    wish = Wish(**{"prompt": "a cat", "model": model, **words})
    kind = catalogue.task_types()[task_type]
    return planning.draft(
        wish,
        task_type=kind,
        model=wishes.model_of(wish, kind, {GATEWAY.id}),
        gateway=GATEWAY,
        inputs=(),
        offers_of=lambda *_: offers,
    )


def built(body: Any, **words: Any) -> Request:
    """What we send for a printed purchase, from the printed list, the prompt and the picture alone. The list
    of image_to_image is not printed: there the table of attribute ids has the one thing that differs."""
    (id,) = [row[2] for row in printed.ATTRIBUTES if row[:2] == (body["task_type"], SEEDREAM)]
    tree = changed(
        {"list": printed.PRODUCT_LIST}, "set", "list.0.children.0.credit_rules.0.attribute_id", id
    )["list"]
    made = draft(listed(tree), body["task_type"], prompt=inner(body)["prompt"], **words)
    return IMA.submit_request(made, tuple(MediaRef("image", link) for link in body["src_img_url"]), "")


def differences(ours: Any, theirs: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = [*theirs, *(ours.keys() - theirs.keys())]
        found = [differences(ours.get(name), theirs.get(name), f"{path}/{name}") for name in names]
        return [one for some in found for one in some]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [one for n, (a, b) in pairs for one in differences(a, b, f"{path}/{n}")]
    return [] if ours == theirs else [(path, ours, theirs)]


def step(request: Request) -> str:
    """A request as the document prints one; the place of an upload by its name."""
    url = urlsplit(request.url)
    place = "{ful}" if request.url == LINKS["ful"] else url.path
    return f"{request.method} {place}"


def test_the_sections_name_every_constant_once() -> None:
    names = [name for part in printed.SECTIONS.values() for name in part]

    assert len(names) == len(set(names))
    assert set(names) == {name for name in vars(printed) if name.isupper()} - HELPERS


def test_every_constant_that_concerns_the_provider_is_used() -> None:
    tables = Path(__file__).with_name("test_ima_printed_sold.py")

    assert printed.unused(printed.PROVIDER, __file__, str(tables)) == []


@pytest.mark.parametrize("language", printed.LANGUAGES)
def test_the_headers_on_the_wire_are_the_printed_ones(language: str) -> None:
    expected = {**printed.PYTHON_HEADERS, "Authorization": f"Bearer {OURS}", "x_app_language": language}
    with line(says(200, b'{"code": 0, "data": []}')) as server:
        gateway = ima(server.url)
        provider, out = Provider({gateway.id: gateway}, VENDOR.raw, lambda: 0.0), door(gateway)
        provider.offers(TEXT, language, out.read)
        out.pay(provider.submit_request(plan(language=language), (), ""))
        out.ask(provider.poll_request(TASK, language))
        listing, *posts = server.got

    assert len(posts) == 2
    for got in posts:
        assert {name: got.headers.get(name.lower()) for name in expected} == expected
    # The block has no Content-Type; the sample sends one with its GET, which has no content.
    assert {name: listing.headers.get(name.lower()) for name in printed.HEADERS} == {
        name: expected[name] for name in printed.HEADERS
    }
    assert {name for name in printed.REQUIRED_HEADERS if name.lower() in listing.headers} == set(
        printed.REQUIRED_HEADERS
    )


def test_the_list_is_asked_for_as_printed() -> None:
    asked: list[Request] = []
    listed(printed.PRODUCT_LIST, asked)

    (request,) = asked
    url = urlsplit(printed.LIST_REQUEST.split()[1])
    assert (step(request), request.query) == (f"GET {url.path}", dict(parse_qsl(url.query)))


def test_the_printed_list_is_read_to_what_it_shows() -> None:
    (offer,) = listed(printed.PRODUCT_LIST)
    (leaf,) = printed.PRODUCT_LIST[0]["children"]
    (rule,), (field,) = offer.rules, offer.form

    assert (offer.model_id, offer.version, offer.name) == (leaf["model_id"], leaf["id"], leaf["name"])
    assert (rule.attribute_id, rule.points, rule.attributes) == (2341, 5, {})  # the marker is no parameter
    assert (field.control.name, field.control.default, field.ui) == ("size", "4k", ())
    assert (field.control.options, offer.problem) == ((("2K", "2k"), ("4K", "4k")), None)
    assert {
        "attribute_id": rule.attribute_id,
        "credit": rule.points,
        "model_version": offer.version,
        "model_name": offer.name,
        "form_defaults": {field.control.name: field.control.default},
    } == printed.FIRST_PRODUCT


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(printed.TEXT_TO_IMAGE, [], id=TEXT),
        pytest.param(
            printed.IMAGE_TO_IMAGE,
            # The sample gives one picture at the top and the same one twice inside. A person's one picture is
            # one picture in both places: nowhere does the document say what a second copy would mean.
            [("/parameters/0/parameters/input_images", [printed.INPUT], [printed.INPUT] * 2)],
            id=IMAGE,
        ),
    ],
)
def test_the_printed_list_leads_to_the_printed_purchase(body: Any, expected: list[Any]) -> None:
    request = built(body)

    assert differences(request.json, body) == expected
    assert (step(request), request.url.startswith(API), request.safe) == (printed.CREATE_REQUEST, True, False)


@pytest.mark.parametrize("task_type", [TEXT, IMAGE])
def test_the_key_fields_stand_where_they_are_printed(task_type: str) -> None:
    request = built({TEXT: printed.TEXT_TO_IMAGE, IMAGE: printed.IMAGE_TO_IMAGE}[task_type])

    for path, task_types in printed.KEY_FIELDS.items():
        place, name = place_of(request.json, path)
        assert bool(place[name]) == (task_type in task_types), path


@pytest.mark.parametrize("mistake", printed.MISTAKES, ids=str)
def test_none_of_the_printed_mistakes_is_made(mistake: Mistake) -> None:
    """Each would be another body than ours, and a place that a mistake fills is empty in ours."""
    body = built({TEXT: printed.TEXT_TO_IMAGE, IMAGE: printed.IMAGE_TO_IMAGE}[mistake.task_type]).json
    place, name = place_of(body, mistake.path)

    assert name in place
    assert changed(body, mistake.change, mistake.path, mistake.value) != body
    if mistake.change == "move":
        wrong, name = place_of(body, mistake.value)
        assert name not in wrong


@pytest.mark.parametrize("size", [*printed.SEEDREAM_SIZES[0][:2], printed.SEEDREAM_SIZES[1]])
def test_a_size_of_the_printed_form_is_sent_and_adaptive_is_not(size: str) -> None:
    """The third of the sizes, in pixels, stands in no option of this form: that of a virtual field has it."""
    if size in printed.SEEDREAM_SIZES[0]:
        assert inner(built(printed.IMAGE_TO_IMAGE, options={"size": size}).json)["size"] == size
    else:
        with pytest.raises(UsageError) as no:
            built(printed.IMAGE_TO_IMAGE, options={"size": size})
        assert no.value.kind == "unsupported_option"


def test_the_id_of_the_answer_is_the_one_that_is_polled_as_printed() -> None:
    payload = {"code": 0, "message": "", "data": {"id": "task_abc", "biz_id": "biz_abc"}}
    place, name = place_of(payload, printed.TASK_ID)

    made = IMA.parse_submit(plan(), answer(payload))

    request = IMA.poll_request(made.task, "en")
    assert (step(request), request.json) == (
        printed.DETAIL_REQUEST,
        dict.fromkeys(printed.DETAIL_BODY, place[name]),
    )
    assert (request.url.startswith(API), request.safe) == (True, True)


@pytest.mark.parametrize("format", printed.FORMATS)
def test_the_printed_detail_is_read_to_what_it_shows(format: str) -> None:
    detail = changed(printed.COMPLETED, "set", "medias.0.format", format)

    assert IMA.parse_poll(TASK, good(detail)) == Done(
        (Output("image", "https://cdn.../output.jpg", 1024, 1024),)
    )


@pytest.mark.parametrize("row", printed.STATES, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_printed_state_does_what_the_table_says(row: Any) -> None:
    """One picture. Of several the document stops at the first that failed; we keep the good ones."""
    numbers, statuses, action = row
    every = [word for _, words, _ in printed.STATES if words != ANYTHING for word in words]
    end = {"keep polling": Pending, "read url": Done, "error": Failed}[action]
    for number in numbers:
        for status in every if statuses == ANYTHING else statuses:
            media = {**printed.COMPLETED["medias"][0], "resource_status": number, "status": status}
            polled = IMA.parse_poll(TASK, good({"id": "task_abc", "medias": [media]}))
            assert type(polled) is end, f"{number} {status}"
            assert not isinstance(polled, Pending) or polled.known


KINDS = {
    **{401: "key_refused", 4008: "no_credit", 400: "bad_parameter", 429: "rate_limited"},
    **{503: "model_unavailable", 6006: "offer_changed", 6009: "offer_changed", 6010: "offer_changed"},
}


@pytest.mark.parametrize(("code", "words"), printed.ERRORS)
def test_a_printed_error_is_a_refusal_of_its_kind(code: int | None, words: str) -> None:
    """The older script mends a body after 500 (a smaller size), 6009 and 6010 (another price) and sends it
    again. We do not: what was asked is what is bought, and after a 500 something may have been."""
    said = answer({"code": 400 if code is None else code, "message": words, "data": None})

    with pytest.raises(StudioError) as no:
        IMA.parse_submit(plan(), said)

    if code == 500:
        assert (type(no.value), no.value.charged) == (UnknownOutcome, "maybe")
    else:
        kind = KINDS[code] if code else "offer_changed"
        assert (no.value.kind, type(no.value)) == (kind, REFUSALS[kind][0])
        assert (no.value.refused, no.value.charged) == (True, "no")


def test_addresses_and_pages_are_the_printed_ones() -> None:
    assert GATEWAY.urls == printed.DOMAINS
    assert {401: GATEWAY.key_page, 4008: GATEWAY.credits_page} == printed.PAGES
    made = catalogue.vendor("ima").task_types
    assert set(printed.TASK_TYPES) == set(made)
    assert {id: bool(kind.inputs) for id, kind in made.items()} == {
        id: "image" in needs for id, needs in printed.TASK_TYPES.items()
    }


def test_the_core_flow_is_walked_in_the_printed_order() -> None:
    asked: list[Request] = []

    def read(request: Request) -> Response:
        asked.append(request)
        return good(LINKS)

    listed(printed.PRODUCT_LIST, asked)
    link = IMA.upload(JPEG, read)
    asked.append(IMA.submit_request(plan(task_type=IMAGE), (link,), ""))
    asked.append(IMA.poll_request(TASK, "en"))

    assert tuple(map(step, asked)) == printed.CORE_FLOW
    listing, token, put, *rest = asked
    assert [request.url.startswith(API) for request in (listing, *rest)] == [True] * 3
    for request, host in ((listing, "api"), (token, "upload"), (rest[0], "api"), (rest[1], "api")):
        proof = printed.AUTHENTICATION[host]
        assert (request.headers.get("Authorization") == f"Bearer {KEY}") == (proof == "Bearer token")
        assert (KEY in request.query.values() and "sign" in request.query) == (proof == "key and signature")
    assert KEY not in str((put.url, put.query, put.headers))  # the store gets the bytes and no key


def test_an_upload_goes_the_printed_way_and_its_link_is_the_input() -> None:
    asked: list[Request] = []

    def read(request: Request) -> Response:
        asked.append(request)
        return good(LINKS)

    link = IMA.upload(JPEG, read)

    token, put = asked
    assert (tuple(map(step, asked)), token.url.startswith(UPLOAD)) == (printed.UPLOAD_STEPS, True)
    assert (token.query["fSuffix"], token.query["fContentType"]) == tuple(printed.UPLOAD_FILE.values())
    assert (put.body, put.headers) == (JPEG.content, {"Content-Type": printed.UPLOAD_FILE["content_type"]})
    body = IMA.submit_request(plan(task_type=IMAGE), (link,), "").json
    assert body is not None
    assert body["src_img_url"] == inner(body)["input_images"] == [LINKS["fdl"]]
    for name, used in (("ful", put.url), ("fdl", body["src_img_url"][0])):
        assert used.startswith(printed.UPLOAD_ANSWER[name])
