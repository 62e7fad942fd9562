"""What Kling's answers mean: to the paid request, to polls, and to the question for a task by our own id."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine_future import GATEWAY, KLING, NOW, ODD, UID, answer, sample, twisted
from studio import catalogue
from studio.contract import Done, Failed, Pending, Poll, Response
from studio.errors import REFUSALS, RateLimited, StudioError, UnknownOutcome
from studio.runner import UNREADABLE
from studio.types import Output, Submitted, TaskRef
from twins.kling_printed import CREATED, PROCESSING, SUCCESS

PLAN, FACE = sample("kling", "motion_control"), sample("kling", "avatar")
ID = "881704293106061404"
MOTION, AVATAR = {"endpoint": "videos/motion-control"}, {"endpoint": "videos/avatar/image2video"}
TASK = TaskRef(GATEWAY.id, ID, NOW, MOTION)
EXTERNAL = "your_custom_id_or_system_id"  # as the document prints it
OURS = TaskRef(GATEWAY.id, ID, NOW, {**MOTION, "external": EXTERNAL})
LINK = "https://cdn.example.com/result.mp4"
STATUSES = (200, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504)

# Every code of contract C1: the HTTP status it comes with, and its kind; None: says nothing of a purchase.
CODES: dict[int, tuple[int, str | None]] = {
    **dict.fromkeys(range(1000, 1005), (401, "key_refused")),
    1100: (429, "no_credit"),
    1101: (429, "no_credit"),  # in arrears: final, although it is a 429
    1102: (429, "no_credit"),  # the pack is used up: final, although it is a 429
    1103: (403, "plan_needed"),
    1200: (400, "bad_parameter"),
    1201: (400, "bad_parameter"),
    1202: (404, "bad_parameter"),
    1203: (404, "model_unavailable"),
    1300: (400, "content_refused"),
    1301: (400, "content_refused"),
    1302: (429, "rate_limited"),
    1303: (429, "rate_limited"),
    1304: (429, "key_refused"),  # the address is not allowed: final, although it is a 429
    5000: (500, None),
    5001: (503, None),
    5002: (504, None),
}
REFUSED = {str(code): kind for code, (_, kind) in CODES.items() if kind}
BARE = {400: "bad_parameter", 401: "key_refused", 403: "key_refused", 413: "bad_parameter"}
TAKEN = "external_task_id already exists"


def no(code: Any, status: int, message: str = "in its words", **data: Any) -> Response:
    body = {"code": code, "message": message, "request_id": "req_1"}
    return answer({**body, "data": data} if data else body, status)


def good(**data: Any) -> Response:
    return answer({"code": 0, "message": "SUCCEED", "request_id": "req_1", "data": data})


def shown(status: Any, **more: Any) -> Response:
    return good(task_id=ID, task_status=status, **more)


def submitted(response: Response) -> Submitted | StudioError:
    try:
        return KLING.parse_submit(PLAN, response)
    except StudioError as error:
        return error


def refused(response: Response) -> str | None:
    """The kind of a plain no; None for whatever is not known."""
    end = submitted(response)
    assert isinstance(end, StudioError)
    assert end.refused == (end.charged == "no") == (not isinstance(end, UnknownOutcome))
    return end.kind if end.refused else None


@pytest.mark.parametrize("code", CODES)
def test_each_code_of_the_contract_refuses_or_leaves_open(code: int) -> None:
    status, kind = CODES[code]
    end = submitted(no(code, status))

    assert refused(no(code, status)) == refused(no(str(code), status)) == kind
    assert isinstance(end, StudioError)
    assert (end.provider_code, end.detail) == (str(code), "in its words")
    assert type(end) is (REFUSALS[kind][0] if kind else UnknownOutcome)


def test_of_all_that_comes_as_429_only_two_codes_may_be_sent_again() -> None:
    sent_again = [code for code in CODES if isinstance(submitted(no(code, 429)), RateLimited)]

    assert sent_again == [1302, 1303]


def test_the_catalogue_has_the_codes_of_the_contract_and_no_other() -> None:
    raw = catalogue.vendor("kling").raw

    assert {code: kind for code, kind in raw["codes"].items() if len(code) == 4} == REFUSED
    assert set(raw["refusals"]) == set(REFUSED)
    assert raw["bare_refusals"] == list(map(str, BARE))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_broken_server_says_nothing_about_what_was_bought_whatever_its_code(status: int) -> None:
    assert [refused(no(code, status)) for code in CODES] == [None] * len(CODES)


@pytest.mark.parametrize("code", [1, 1234, 5000, 5003, -1, 1201.5, "E17", "", None, True, [1302]], ids=repr)
def test_a_code_that_is_on_no_list_leaves_open_what_became_of_it(code: Any) -> None:
    named = (
        isinstance(code, str | int | float) and not isinstance(code, bool) and code not in {"", -1, 1201.5}
    )
    for status in STATUSES:
        said = refused(no(code, status))
        assert said == (None if named else BARE.get(status)), status


@pytest.mark.parametrize("status", [status for status in STATUSES if status >= 300])
def test_a_status_alone_is_a_no_only_where_it_can_be_nothing_else(status: int) -> None:
    """A page, an empty body, or the gateway's own error, which repeats the status as its code."""
    bare = [answer(None, status), answer({}, status), no(status, status), answer({"message": "no"}, status)]

    assert [refused(response) for response in bare] == [BARE.get(status)] * 4


@pytest.mark.parametrize("message", [TAKEN, f"parameter invalid: {TAKEN}", TAKEN.upper()])
def test_an_id_that_is_taken_may_be_taken_by_what_we_sent_before(message: str) -> None:
    for status in (200, 400):
        end = submitted(no(1201, status, message))
        assert isinstance(end, UnknownOutcome)
        assert (end.provider_code, end.detail) == ("1201", message)


@pytest.mark.parametrize("code", CODES)
def test_an_error_that_names_a_task_is_no_refusal(code: int) -> None:
    end = submitted(no(code, CODES[code][0], task_id=ID))

    assert isinstance(end, UnknownOutcome)
    assert ID in end.message


@pytest.mark.parametrize(
    "data",
    [None, {}, [], "x", {"task_id": None}, {"task_id": ""}, {"task_id": True}, {"task_id": {}}],
    ids=repr,
)
def test_a_success_without_an_id_is_unknown(data: Any) -> None:
    for status in STATUSES:
        assert refused(answer({"code": 0, "data": data}, status)) is None


@pytest.mark.parametrize("code", [0, 0.0, "0"])
def test_an_acceptance_is_one_whatever_its_http_status_and_keeps_where_it_is_asked_for(code: Any) -> None:
    for status in STATUSES:
        accepted = answer({**CREATED, "code": code}, status)
        assert KLING.parse_submit(PLAN, accepted) == Submitted(OURS)
        assert KLING.parse_submit(FACE, accepted).task.route == {**AVATAR, "external": EXTERNAL}


@pytest.mark.parametrize(("plan", "route"), [(PLAN, MOTION), (FACE, AVATAR)], ids=["motion", "avatar"])
def test_a_task_is_asked_for_where_it_was_made(plan: Any, route: dict[str, str]) -> None:
    task = KLING.task_of(plan, ID)
    made = KLING.submit_request(plan, (), UID)

    assert task.route == route
    assert made.url.endswith(f"/{route['endpoint']}")
    assert dict(KLING.poll_request(task, "en").query) == dict(KLING.find_request(plan, UID).query) == route


@pytest.mark.parametrize(
    ("response", "end"),
    [
        (shown("submitted"), Pending("submitted")),
        (shown("processing"), Pending("processing")),
        (shown("processing", task_result=None), Pending("processing")),
        (shown("Processing", task_result=SUCCESS["data"]["task_result"]), Pending("processing")),
        (shown("dreaming"), Pending("dreaming", known=False)),
        (shown("succeed"), Pending("succeed")),
        (shown("succeed", task_result=None), Pending("succeed")),
        (shown("succeeded", task_result={"videos": []}), Pending("succeeded")),
        (shown("succeed", task_result={"videos": [{"duration": "8"}]}), Pending("succeed")),
        (shown("succeed", task_result=[LINK]), Pending("succeed")),
        (shown("failed"), Failed("failed", "The generation failed.")),
        (shown("failed", task_status_msg="no person found"), Failed("failed", "no person found")),
        (
            shown("failed", task_status_msg="Failure by Risk Control"),
            Failed("result_refused", "Failure by Risk Control"),
        ),
        (
            shown("FAILED", task_result={"videos": [{"url": LINK}]}),
            Failed("failed", "The generation failed."),
        ),
    ],
    ids=repr,
)
def test_each_state_is_read(response: Response, end: Poll) -> None:
    assert KLING.parse_poll(TASK, response) == end


@pytest.mark.parametrize("word", ["succeed", "succeeded", "SUCCEED"])
@pytest.mark.parametrize(
    ("updated", "until"),
    [(1715180500000, 1715180500 + 1800), (None, NOW + 1800), ("soon", NOW + 1800), (10**40, NOW + 1800)],
)
def test_either_word_of_success_ends_it_and_its_link_lives_half_an_hour_from_then(
    word: str, updated: Any, until: float
) -> None:
    videos = [{"id": "v", "url": LINK, "duration": "8"}]

    done = KLING.parse_poll(TASK, shown(word, updated_at=updated, task_result={"videos": videos}))

    assert done == Done((Output("video", LINK, seconds=8.0, expires_at=until),))


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        *[("8", 8.0), ("8.5", 8.5), (8, 8.0), ("soon", None), ("-1", None), ("nan", None)],
        *[("1e999", None), (10**400, None), (None, None), (True, None), ([], None)],
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_length_is_read_where_it_is_one(duration: Any, seconds: float | None) -> None:
    done = KLING.parse_poll(
        TASK, shown("succeed", task_result={"videos": [{"url": LINK, "duration": duration}]})
    )

    assert isinstance(done, Done)
    assert [one.seconds for one in done.outputs] == [seconds]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (good(task_id="another", task_status="succeed"), "bad_answer"),
        (good(task_id=1, task_status="failed"), "bad_answer"),
        (good(task_id=ID), "bad_answer"),
        (good(task_id=ID, task_status=3), "bad_answer"),
        (answer({"code": 0, "data": [PROCESSING]}), "bad_answer"),
        (answer(PROCESSING["data"]), "bad_answer"),
        (answer(None), "bad_answer"),
        (no(1201, 400, "task not found"), "not_found"),
        (no(1203, 404), "not_found"),
        (answer(None, 404), "not_found"),
        (no(5000, 500), "vendor_down"),
        (no(5001, 503), "vendor_down"),
        (answer(None, 502), "vendor_down"),
        (no(1302, 429), "rate_limited"),
        (no(1303, 200), "rate_limited"),
        (answer(None, 429), "rate_limited"),
        (no(1000, 401), "key_refused"),
    ],
    ids=repr,
)
def test_an_answer_that_says_nothing_about_this_task_is_no_end(response: Response, kind: str) -> None:
    with pytest.raises(StudioError) as odd:
        KLING.parse_poll(OURS, response)

    assert (odd.value.kind, odd.value.refused, odd.value.charged) == (kind, False, "no")


def test_a_task_goes_by_two_ids_here_and_is_known_by_ours() -> None:
    other = good(task_id="the vendor's", task_status="processing", task_info={"external_task_id": EXTERNAL})
    assert KLING.parse_poll(OURS, other) == Pending("processing")
    assert KLING.parse_poll(TASK, other) == Pending("processing"), "found by a person, by the other id"
    stranger = good(task_id="x", task_status="processing", task_info={"external_task_id": "another"})
    with pytest.raises(StudioError, match="no answer to use"):
        KLING.parse_poll(OURS, stranger)


def found(response: Response) -> TaskRef | None:
    return KLING.parse_find(PLAN, response, UID)


def test_a_task_that_carries_our_own_id_is_the_one() -> None:
    request = KLING.find_request(PLAN, UID)
    assert (request.method, request.safe) == ("GET", True)
    assert request.url == f"{GATEWAY.urls['api']}/ai/kling/v1/tasks/{UID}"

    for state in ("submitted", "processing", "succeed", "failed", "dreaming"):
        assert found(shown(state, task_info={"external_task_id": UID})) == TASK


@pytest.mark.parametrize(
    "response",
    [
        shown("submitted"),
        shown("submitted", task_info=None),
        shown("submitted", task_info={"external_task_id": "somebody's"}),
        shown("submitted", task_info={"external_task_id": UID.upper()}),
        good(task_info={"external_task_id": UID}),
        good(task_id="", task_info={"external_task_id": UID}),
        no(1201, 400, "task not found"),
        no(1201, 200, "task not found", task_id=ID, task_info={"external_task_id": UID}),
        no(5000, 500),
        answer(None, 404),
        answer(None),
        answer([ID]),
    ],
    ids=repr,
)
def test_anything_else_proves_nothing(response: Response) -> None:
    assert found(response) is None


@given(
    payload=st.fixed_dictionaries({}, optional={"code": ODD, "message": ODD, "data": ODD}),
    status=st.sampled_from(STATUSES),
)
def test_whatever_json_comes_back_only_a_listed_no_is_a_no(payload: Any, status: int) -> None:
    end: Submitted | StudioError | None = None
    with suppress(*UNREADABLE):
        end = submitted(answer(payload, status))
    if isinstance(end, StudioError) and end.refused:
        code = payload.get("code")
        assert str(code) in REFUSED or status in BARE, "a no that nobody listed"
        assert status < 500
        assert not isinstance(payload.get("data"), dict) or not payload["data"].get("task_id")
        assert "external_task_id" not in str(payload.get("message"))
    if isinstance(end, Submitted):
        assert str(payload["code"]) in {"0", "0.0", "-0.0"}
        assert end.task.task_id


DATA = twisted(
    "task_id", "task_status", "task_status_msg", "task_info", "task_result", "updated_at", "videos"
)


@given(data=DATA, status=st.sampled_from(STATUSES))
def test_whatever_json_comes_back_is_read_or_said_to_be_unreadable(data: Any, status: int) -> None:
    for payload in ({"code": 0, "data": data}, data):
        with suppress(StudioError, *UNREADABLE):
            assert isinstance(KLING.parse_poll(TASK, answer(payload, status)), Pending | Failed | Done)
        with suppress(StudioError, *UNREADABLE):
            assert found(answer(payload, status)) is None, "a task without our id"


@given(state=st.text(min_size=1))
def test_no_word_but_three_ends_a_task(state: str) -> None:
    end = KLING.parse_poll(TASK, shown(state, task_result={"videos": [{"url": LINK}]}))

    assert isinstance(end, Pending) == (state.lower() not in {"succeed", "succeeded", "failed"})
