"""What IMA's answers mean: to the paid request, where only a plain no is a no, and to polls."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts import plan
from studio.contract import Done, Failed, Pending, Poll, Response
from studio.errors import REFUSALS, NetworkError, StudioError, UnknownOutcome
from studio.types import Output, TaskRef
from test_ima_provider import API, IMA, NOW, answer, good

TASK = TaskRef("ima", "task_abc", NOW, {"outputs": "1"})
TWO = TaskRef("ima", "task_abc", NOW, {"outputs": "2"})
URL = "https://cdn.example.com/output.jpg"
READY = {"resource_status": 1, "status": "success", "url": URL, "width": 1024, "height": 768}
OUTPUT = Output("image", URL, 1024, 768)
CREATED = {
    "id": "task_abc",
    "biz_id": "biz_1",
    "medias": [],
    "generate_count": 1,
    "timeout_at": 1_800_000_300_000,
}


def no(code: Any, message: str = "", status: int = 200) -> Response:
    return answer({"code": code, "message": message, "data": None}, status)


REFUSED = [
    pytest.param(no(400), "bad_parameter", id="400"),
    pytest.param(no("400"), "bad_parameter", id="400 as text"),
    pytest.param(no(400, "Invalid product attribute"), "offer_changed", id="stale attribute"),
    pytest.param(no(1234, "Invalid product attribute"), "offer_changed", id="stale attribute, other code"),
    pytest.param(no(1234, "Insufficient points"), "no_credit", id="no points, by text"),
    pytest.param(no(400, "Blocked by content policy"), "content_refused", id="content"),
    pytest.param(no(400, "内容违规"), "content_refused", id="content, in Chinese"),
    pytest.param(no(401), "key_refused", id="401"),
    pytest.param(no(403), "key_refused", id="403"),
    pytest.param(no(429), "rate_limited", id="429"),
    pytest.param(no(429, status=502), "rate_limited", id="the envelope counts, not the status"),
    pytest.param(no(503), "model_unavailable", id="503"),
    pytest.param(no(4008), "no_credit", id="4008"),
    pytest.param(no(4014), "plan_needed", id="4014"),
    pytest.param(no(6006), "offer_changed", id="6006"),
    pytest.param(no(6009), "offer_changed", id="6009"),
    pytest.param(no(6010), "offer_changed", id="6010"),
    pytest.param(answer(None, 400), "bad_parameter", id="bare 400"),
    pytest.param(answer(None, 401), "key_refused", id="bare 401"),
    pytest.param(answer(None, 403), "key_refused", id="bare 403"),
    pytest.param(answer(None, 429), "rate_limited", id="bare 429"),
]
OPEN = [
    pytest.param(no(500), id="500"),
    pytest.param(no(500, status=500), id="500 twice"),
    pytest.param(no(404), id="404"),
    pytest.param(no(1234), id="an unknown code"),
    pytest.param(no(500, "sensitive"), id="content words with an unknown code"),
    pytest.param(answer(None, 500), id="bare 500"),
    pytest.param(answer(None, 502), id="bare 502"),
    pytest.param(answer(None, 503), id="bare 503"),
    pytest.param(answer(None, 404), id="bare 404"),
    pytest.param(answer(None, 302), id="a redirect"),
    pytest.param(answer(None, 200), id="a page"),
    pytest.param(answer([], 200), id="a list"),
    pytest.param(answer({"data": CREATED}), id="no code"),
    pytest.param(answer({"code": True, "data": CREATED}), id="a code that is none"),
    pytest.param(answer({"code": None, "message": "x"}), id="code null"),
    pytest.param(good(None), id="no data"),
    pytest.param(good({}), id="no id"),
    pytest.param(good({"id": None}), id="id null"),
    pytest.param(good({"id": ""}), id="id empty"),
    pytest.param(good({"id": ["x"]}), id="id a list"),
    pytest.param(good([CREATED]), id="data a list"),
]


@pytest.mark.parametrize(("said", "kind"), REFUSED)
def test_a_code_of_the_closed_list_refuses_the_paid_request(said: Response, kind: str) -> None:
    with pytest.raises(REFUSALS[kind][0]) as refused:
        IMA.parse_submit(plan(), said)

    assert (refused.value.kind, refused.value.refused, refused.value.charged) == (kind, True, "no")


@pytest.mark.parametrize("said", OPEN)
def test_every_other_answer_leaves_open_whether_something_was_bought(said: Response) -> None:
    with pytest.raises(UnknownOutcome) as lost:
        IMA.parse_submit(plan(), said)

    assert (lost.value.refused, lost.value.charged) == (False, "maybe")


@pytest.mark.parametrize("code", [0, 200, "0", "200"])
@pytest.mark.parametrize("status", [200, 201, 500])
def test_an_acceptance_is_one_whatever_its_http_status(code: Any, status: int) -> None:
    made = IMA.parse_submit(plan(), answer({"code": code, "data": CREATED}, status))

    assert (made.task, made.deadline, made.charged) == (TASK, 1_800_000_300.0, None)


@pytest.mark.parametrize(
    ("change", "outputs"),
    [
        ({"generate_count": 2}, "2"),
        ({"generate_count": 1_000_000}, "3"),
        ({"generate_count": True}, "3"),
        ({"generate_count": 0}, "3"),
        ({"generate_count": None}, "3"),
    ],
)
def test_never_more_media_are_waited_for_than_were_bought(change: dict[str, Any], outputs: str) -> None:
    made = IMA.parse_submit(plan(n=3), good({**CREATED, **change, "id": 77, "timeout_at": None}))

    assert (made.task.task_id, made.task.route, made.deadline) == ("77", {"outputs": outputs}, None)


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"code": 429, "data": {"id": "t1"}}, 200),
        ({"code": 400, "data": {"id": "t1"}}, 400),
        ({"code": None, "data": {"id": "t1"}}, 403),
        ([{"code": 0, "data": {"id": "t1"}}], 400),
        ({"code": 500, "message": "timeout; next: insufficient points check skipped"}, 200),
        ({"code": 0, "data": {"id": True}}, 200),
    ],
)
def test_an_answer_that_may_be_an_acceptance_is_no_refusal(payload: Any, status: int) -> None:
    with pytest.raises(UnknownOutcome):
        IMA.parse_submit(plan(), answer(payload, status))


@pytest.mark.parametrize(
    "data",
    [
        {"id": "t1", "timeout_at": 10**400},
        {"id": "t1", "timeout_at": "soon"},
        {"id": "t1", "timeout_at": 1.5},
    ],
)
def test_an_id_that_can_be_read_is_kept_whatever_stands_beside_it(data: Any) -> None:
    assert IMA.parse_submit(plan(), good(data)).task.task_id == "t1"


def test_an_id_of_odd_signs_can_be_written_down() -> None:
    IMA.parse_submit(plan(), good({"id": "a\ud800b"})).task.task_id.encode()


def test_a_float_is_the_whole_number_that_it_is() -> None:
    assert IMA.parse_submit(plan(), answer({"code": 200.0, "data": {"id": "t1"}}, 200)).task.task_id == "t1"
    done = good(
        {"id": None, "medias": [{"resource_status": 1.0, "status": "success", "url": "https://c/a.png"}]}
    )
    assert isinstance(IMA.parse_poll(TASK, done), Done)


@pytest.mark.parametrize("points", [20.9, -5, True, "18", None, float("inf")])
def test_a_price_that_is_no_whole_number_is_not_rounded(points: Any) -> None:
    leaf = {
        "id": "v",
        "type": "3",
        "name": "M",
        "model_id": "m",
        "form_config": [],
        "credit_rules": [{"attribute_id": 1, "points": points, "attributes": {}}],
    }
    (offer,) = IMA.offers("text_to_image", "en", lambda request: good([leaf]))
    assert offer.problem


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["code", "data", "id", "message", "medias"]), inner)
        ),
        max_leaves=6,
    ),
    st.integers(100, 599),
)
def test_no_shape_of_an_answer_to_the_paid_request_makes_it_look_unsent(payload: Any, status: int) -> None:
    try:
        assert IMA.parse_submit(plan(), answer(payload, status)).task.task_id
    except StudioError as said:
        assert said.refused or isinstance(said, UnknownOutcome)  # noqa: PT017 - one of three ends


SAFE = [
    (no(400), "bad_parameter"),
    (no(401), "key_refused"),
    (no(4008), "no_credit"),
    (no(429), "rate_limited"),
    (no(404), "not_found"),
    (no(500), "vendor_down"),
    (no(1234), "vendor_down"),
    (no(1234, "内容违规"), "content_refused"),
    (answer(None, 401), "key_refused"),
    (answer(None, 404), "not_found"),
    (answer(None, 429), "rate_limited"),
    (answer(None, 502), "vendor_down"),
    (answer(None, 503), "vendor_down"),
    (answer(None, 200), "bad_answer"),
    (answer([1]), "bad_answer"),
]


@pytest.mark.parametrize(("said", "kind"), SAFE)
def test_a_poll_that_is_answered_with_a_no_says_nothing_about_the_task(said: Response, kind: str) -> None:
    with pytest.raises(REFUSALS[kind][0]) as failed:
        IMA.parse_poll(TASK, said)

    assert failed.value.kind == kind


def test_a_task_is_asked_about_by_its_id_and_may_be_asked_again() -> None:
    request = IMA.poll_request(TASK, "en")

    assert (request.method, request.url, request.safe) == ("POST", f"{API}/tasks/detail", True)
    assert request.json == {"task_id": "task_abc"}


def media(**changes: Any) -> dict[str, Any]:
    return {**READY, **changes}


@pytest.mark.parametrize(
    ("entry", "end"),
    [
        (media(resource_status=None, status="processing"), Pending("processing")),
        (media(resource_status=0, status="pending", url=None), Pending("processing")),
        (media(resource_status=0, status=None), Pending("processing")),
        (media(), Done((OUTPUT,))),
        (media(resource_status="1", status="SUCCESS"), Done((OUTPUT,))),
        (media(status="completed"), Done((OUTPUT,))),
        (media(url=None), Pending("processing")),
        (media(url="", watermark_url=f"{URL}?w"), Done((Output("image", f"{URL}?w", 1024, 768),))),
        (media(width=None, height="768"), Done((Output("image", URL, None, None),))),
        (media(status="failed"), Failed("failed", "The generation failed.")),
        (media(resource_status=0, status="Failed", error_msg="no"), Failed("failed", "no")),
        (media(resource_status=2, status="processing", remark="no"), Failed("failed", "no")),
        (media(resource_status=2, error_msg="content policy"), Failed("content_refused", "content policy")),
        (media(resource_status=3), Failed("failed", "The generation failed.")),
        (media(resource_status=9), Pending("success, resource_status 9", known=False)),
        (media(status="dreaming"), Pending("dreaming, resource_status 1", known=False)),
        (media(resource_status=True, status=None), Pending("no status, resource_status True", known=False)),
    ],
    ids=lambda value: (
        None if not isinstance(value, dict) else f"{value['resource_status']} {value['status']}"
    ),
)
def test_the_state_of_one_picture(entry: dict[str, Any], end: Poll) -> None:
    assert IMA.parse_poll(TASK, good({"id": "task_abc", "medias": [entry]})) == end


@pytest.mark.parametrize(
    ("entries", "end"),
    [
        ([], Pending("processing")),
        (None, Pending("processing")),
        ([READY], Pending("processing")),
        ([READY, media(resource_status=None, status="pending")], Pending("processing")),
        ([media(status="failed"), media(resource_status=0, status="pending")], Pending("processing")),
        ([media(resource_status=7), READY], Pending("success, resource_status 7", known=False)),
        ([READY, READY], Done((OUTPUT, OUTPUT))),
        ([READY, READY, READY], Done((OUTPUT,) * 3)),
        ([media(resource_status=2, remark="no"), READY], Done((OUTPUT,), (Failed("failed", "no"),))),
        ([media(resource_status=2, remark="a"), media(resource_status=2, remark="b")], Failed("failed", "a")),
    ],
)
def test_two_pictures_are_finished_when_both_have_ended(entries: Any, end: Poll) -> None:
    assert IMA.parse_poll(TWO, good({"id": "task_abc", "medias": entries})) == end


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "data.medias"),
        ({"id": "task_abc"}, "data.medias"),
        ({"id": "task_abc", "medias": [{"url": URL}]}, "resource_status"),
        ({"id": "task_abc", "medias": ["x"]}, "resource_status"),
        ({"id": "task_other", "medias": [READY]}, "cannot be read"),
    ],
    ids=["no data", "no medias", "no status", "no entry", "another task"],
)
def test_an_answer_that_is_not_about_this_task_is_no_answer(data: Any, said: str) -> None:
    with pytest.raises(NetworkError, match=said) as odd:
        IMA.parse_poll(TASK, good(data))

    assert odd.value.kind == "bad_answer"


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        (format_datetime(datetime.now(timezone.utc) + timedelta(hours=9), usegmt=True), 8 * 3600, 9 * 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ],
    ids=["seconds", "at once", "a date", "a date gone by"],
)
def test_the_time_that_the_vendor_asks_for_comes_with_the_error(text: str, least: float, most: float) -> None:
    with pytest.raises(StudioError) as busy:
        IMA.parse_submit(plan(), answer({"code": 429}, 429, **{"retry-after": text}))

    assert busy.value.retry_after is not None
    assert least <= busy.value.retry_after <= most


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "²", "Wed, 99 Oct 2015"])
def test_a_time_that_is_none_is_no_time(text: str) -> None:
    with pytest.raises(StudioError) as busy:
        IMA.parse_submit(plan(), answer({"code": 429}, 429, **{"retry-after": text}))

    assert (busy.value.retry_after, busy.value.refused) == (None, True)
