"""What Vidu's answers mean: to the paid request, where only a plain no is a no, to polls and to a cancel."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine_future import GATEWAY, NOW, UID, VIDU, Command, answer, sample, twisted
from sandbox import Sandbox
from studio import catalogue
from studio.contract import Done, Failed, Pending, Poll, Response
from studio.errors import REFUSALS, NetworkError, RateLimited, StudioError, UnknownOutcome
from studio.runner import UNREADABLE
from studio.types import Output, Submitted, TaskRef

PLAN = sample("vidu", "text_to_video")
TASK = TaskRef(GATEWAY.id, "916198978159124480", NOW, {"kind": "video"})
LINK = "https://cdn.example.com/result.mp4"
READY = {"task_id": TASK.task_id, "state": "success", "creations": [{"url": LINK}], "credits": 80}
STATUSES = (200, 201, 302, 400, 401, 402, 403, 404, 408, 409, 413, 429, 499, 500, 502, 503, 504)

# Every word of contract B1: HTTP status, kind, and whether it says that a paid request was not accepted.
WORDS: dict[str, tuple[int, str, bool]] = {
    "BadRequest": (400, "bad_parameter", True),
    "FieldLacking": (400, "bad_parameter", True),
    "FieldUnwanted": (400, "bad_parameter", True),
    "FieldInvalid": (400, "bad_parameter", True),
    "FieldItemCountOutOfRange": (400, "bad_parameter", True),
    "PageSizeOutOfRange": (400, "bad_input", True),
    "ImageDownloadFailure": (400, "bad_input", True),
    "ImageFormatInvalid": (400, "bad_input", True),
    "OperationInProcess": (400, "in_process", True),
    "TaskPromptPolicyViolation": (400, "content_refused", True),
    "AuditSubmitIllegal": (400, "content_refused", True),
    "CreationPolicyViolation": (400, "result_refused", False),  # something was made
    "CreditInsufficient": (400, "no_credit", True),
    "ModelUnavailable": (400, "model_unavailable", True),
    "UserCancelled": (400, "stopped", False),  # there was a task
    "Canceled": (499, "stopped", False),
    "ImageCheckBodyJointsFailed": (400, "bad_input", True),
    "ImageCheckFaceFailed": (400, "bad_input", True),
    "ImageObjectsUndetected": (400, "bad_input", True),
    "Unauthorized": (401, "key_refused", True),
    "Forbidden": (403, "key_refused", True),
    "TaskNotFound": (404, "not_found", False),  # says nothing about what was sent to be bought
    "CreationNotFound": (404, "not_found", False),
    "NotFound": (404, "not_found", False),
    "Conflict": (409, "", False),
    "QuotaExceeded": (429, "rate_limited", True),
    "TooManyRequests": (429, "rate_limited", True),
    "SystemThrottling": (429, "rate_limited", True),
    "InternalServiceFailure": (500, "", False),
}
BUSY = [word for word, (status, *_) in WORDS.items() if status == 429]
BARE = {400: "bad_parameter", 401: "key_refused", 403: "key_refused", 413: "bad_parameter"}


def no(reason: str | None, status: int, **more: Any) -> Response:
    """The vendor's error body."""
    body = {"code": status, "reason": reason, "message": "in its words", "metadata": {"trace_id": "t"}}
    return answer({**body, **more}, status)


def submitted(response: Response) -> Submitted | StudioError:
    try:
        return VIDU.parse_submit(PLAN, response)
    except StudioError as error:
        return error


def refused(response: Response) -> str | None:
    """The kind of a plain no; None for whatever is not known."""
    end = submitted(response)
    assert isinstance(end, StudioError)
    assert end.refused == (end.charged == "no") == (not isinstance(end, UnknownOutcome))
    return end.kind if end.refused else None


@pytest.mark.parametrize("word", WORDS)
def test_each_word_of_the_contract_refuses_or_leaves_open(word: str) -> None:
    status, kind, plain = WORDS[word]

    assert refused(no(word, status)) == (kind if plain else None)
    end = submitted(no(word, status))
    assert isinstance(end, StudioError)
    assert (end.provider_code, end.detail) == (word, "in its words")
    if plain:
        assert type(end) is REFUSALS[kind][0]


def test_the_catalogue_has_the_words_of_the_contract_and_no_other() -> None:
    raw = catalogue.vendor("vidu").raw
    told = {word: kind for word, (_, kind, _) in WORDS.items() if kind}

    assert {word: kind for word, kind in raw["codes"].items() if not word.isdecimal()} == told
    assert set(raw["refusals"]) == {word for word, (_, _, plain) in WORDS.items() if plain}
    assert raw["bare_refusals"] == list(map(str, BARE))


@pytest.mark.parametrize("status", [status for status in STATUSES if status >= 300])
def test_a_status_alone_is_a_no_only_where_it_can_be_nothing_else(status: int) -> None:
    page, empty = answer(None, status), answer({}, status)

    assert refused(page) == refused(empty) == BARE.get(status)


@pytest.mark.parametrize("word", ["NewlyInvented", "Conflict"])
def test_a_word_that_is_on_no_list_leaves_open_what_became_of_it(word: str) -> None:
    assert [refused(no(word, status)) for status in STATUSES] == [None] * len(STATUSES)


@pytest.mark.parametrize("word", BUSY)
def test_only_429_with_one_of_three_words_may_be_sent_again(word: str) -> None:
    for status in STATUSES:
        end = submitted(no(word, status))
        assert type(end) is (RateLimited if status == 429 else UnknownOutcome), status


@pytest.mark.parametrize("reason", ["BadRequest", None, "NewlyInvented", "CreditInsufficient"])
def test_429_with_any_other_word_is_not_sent_again(reason: str | None) -> None:
    end = submitted(no(reason, 429))

    assert not isinstance(end, RateLimited)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_broken_server_says_nothing_about_what_was_bought_whatever_its_words(status: int) -> None:
    assert [refused(no(word, status)) for word in WORDS] == [None] * len(WORDS)


@pytest.mark.parametrize("word", WORDS)
def test_a_no_that_came_as_a_success_is_none(word: str) -> None:
    assert refused(no(word, 200)) is None


@pytest.mark.parametrize("word", WORDS)
def test_an_error_that_names_a_task_is_no_refusal(word: str) -> None:
    end = submitted(no(word, WORDS[word][0], task_id="916198978159124480"))

    assert isinstance(end, UnknownOutcome)
    assert "916198978159124480" in end.message


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "yes",
        {},
        {"task_id": None},
        {"task_id": ""},
        {"task_id": True},
        {"task_id": ["x"]},
        {"task_id": 0},
    ],
    ids=repr,
)
def test_a_success_without_an_id_is_unknown(payload: Any) -> None:
    assert refused(answer(payload)) is None


@pytest.mark.parametrize(
    "credits", [None, "80", -1, 0.5, True, [80], 1e400, -1e400, 10**30, {"a": 1}], ids=repr
)
def test_an_accepted_task_is_kept_whatever_stands_beside_its_id(credits: Any) -> None:
    made = VIDU.parse_submit(PLAN, answer({"task_id": 916198978159124480, "credits": credits}))

    assert (made.task, made.charged) == (TASK, None)


@pytest.mark.parametrize(("credits", "charged"), [(80, 80), (0, 0), (80.0, 80)])
def test_what_it_says_it_took_is_what_was_charged(credits: Any, charged: int) -> None:
    assert VIDU.parse_submit(PLAN, answer({"task_id": "t", "credits": credits})).charged == charged
    assert VIDU.parse_poll(TASK, answer({**READY, "credits": credits})) == Done(
        (Output("video", LINK, expires_at=NOW + 86400),), charged=charged
    )


@pytest.mark.parametrize(
    ("shown", "end"),
    [
        ({"state": "created"}, Pending("created")),
        ({"state": "queueing"}, Pending("queueing")),
        ({"state": "processing"}, Pending("processing")),
        ({"state": "Processing"}, Pending("processing")),
        ({"state": "dreaming"}, Pending("dreaming", known=False)),
        ({"state": "scheduled", "creations": [{"url": LINK}]}, Pending("scheduled", known=False)),
        ({"state": "processing", "creations": [{"url": LINK}]}, Pending("processing")),
        ({"state": "SUCCESS"}, Pending("success")),
        ({"state": "success", "creations": None}, Pending("success")),
        ({"state": "success", "creations": [{}]}, Pending("success")),
        ({"state": "success", "creations": [{"url": ""}]}, Pending("success")),
        ({"state": "success", "creations": {"url": LINK}}, Pending("success")),
        ({"state": "failed"}, Failed("failed", "The generation failed.")),
        ({"state": "failed", "err_code": "Odd"}, Failed("failed", "Odd", "Odd")),
        (
            {"state": "failed", "err_code": "CreationPolicyViolation"},
            Failed("result_refused", "CreationPolicyViolation", "CreationPolicyViolation"),
        ),
        (
            {"state": "failed", "err_code": "UserCancelled"},
            Failed("stopped", "UserCancelled", "UserCancelled"),
        ),
        ({"state": "failed", "creations": [{"url": LINK}]}, Failed("failed", "The generation failed.")),
    ],
    ids=repr,
)
def test_each_state_is_read(shown: dict[str, Any], end: Poll) -> None:
    assert VIDU.parse_poll(TASK, answer({"task_id": TASK.task_id, **shown})) == end


def test_every_picture_with_a_link_is_kept_and_is_of_the_kind_that_was_bought() -> None:
    task = VIDU.task_of(sample("vidu", "reference_to_image"), TASK.task_id)
    shown = [{"url": LINK}, {"cover_url": LINK}, "odd", {"url": f"{LINK}?two"}]

    done = VIDU.parse_poll(task, answer({**READY, "creations": shown}))

    assert isinstance(done, Done)
    assert [(one.kind, one.url) for one in done.outputs] == [("image", LINK), ("image", f"{LINK}?two")]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer({**READY, "task_id": "another"}), "bad_answer"),
        (answer({**READY, "task_id": 1}), "bad_answer"),
        (answer({"task_id": TASK.task_id}), "bad_answer"),
        (answer({**READY, "state": 3}), "bad_answer"),
        (answer(None), "bad_answer"),
        (answer([READY]), "bad_answer"),
        (no("TaskNotFound", 404), "not_found"),
        (answer(None, 404), "not_found"),
        (no("InternalServiceFailure", 500), "vendor_down"),
        (answer(None, 502), "vendor_down"),
        (answer(READY, 500), "vendor_down"),
        (no("TooManyRequests", 429), "rate_limited"),
        (answer(None, 429), "rate_limited"),
        (no("Unauthorized", 401), "key_refused"),
    ],
    ids=repr,
)
def test_an_answer_that_says_nothing_about_this_task_is_no_end(response: Response, kind: str) -> None:
    with pytest.raises(StudioError) as odd:
        VIDU.parse_poll(TASK, response)

    assert (odd.value.kind, odd.value.refused, odd.value.charged) == (kind, False, "no")


def test_how_long_to_wait_is_handed_on() -> None:
    for response in (no("TooManyRequests", 429), answer(None, 429)):
        busy = Response("the step", 429, {"retry-after": "7"}, response.payload)
        with pytest.raises(RateLimited) as polled:
            VIDU.parse_poll(TASK, busy)
        assert polled.value.retry_after == 7.0


@pytest.mark.parametrize("status", [200, 204])
def test_a_cancel_that_is_taken_says_nothing(status: int) -> None:
    for payload in ({}, None, {"state": "success"}):
        VIDU.parse_cancel(answer(payload, status))


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (no("BadRequest", 400), "cannot_cancel"),
        (answer(None, 400), "cannot_cancel"),
        (no("TaskNotFound", 404), "not_found"),
        (no("Unauthorized", 401), "key_refused"),
        (no("SystemThrottling", 429), "rate_limited"),
        (answer(None, 503), "vendor_down"),
    ],
    ids=repr,
)
def test_a_cancel_that_is_refused_says_why(response: Response, kind: str) -> None:
    with pytest.raises(StudioError) as refusal:
        VIDU.parse_cancel(response)

    assert refusal.value.kind == kind
    if response.payload:
        assert refusal.value.detail == "in its words"


@pytest.mark.parametrize("id", ["a b", "a/b", "a?b=c", "a#b", "ä", "..%2f", "\n"])
def test_whatever_a_task_is_called_only_its_own_place_is_asked(id: str) -> None:
    task = VIDU.task_of(PLAN, id)
    for request, end in ((VIDU.poll_request(task, "en"), "creations"), (VIDU.cancel_request(task), "cancel")):
        base, _, place = request.url.partition("/ai/avu/tasks/")
        name, _, rest = place.partition("/")
        assert (base, rest) == (GATEWAY.urls["api"], end)
        assert name.isascii()
        assert not set(name) & set("/?# \n")


FIELDS = ("task_id", "state", "err_code", "creations", "credits", "code", "reason", "message", "url")


@given(payload=twisted(*FIELDS), status=st.sampled_from(STATUSES))
def test_whatever_json_comes_back_only_a_listed_no_is_a_no(payload: Any, status: int) -> None:
    response = answer(payload, status)
    end: Submitted | StudioError | None = None
    with suppress(*UNREADABLE):
        end = submitted(response)
    if isinstance(end, StudioError) and end.refused:
        reason = payload.get("reason") if isinstance(payload, dict) else None
        listed = isinstance(reason, str) and reason in WORDS and WORDS[reason][2]
        bare = not isinstance(reason, str) or not reason
        assert listed or (bare and status in BARE), "a no that nobody listed"
        assert status < 500
    if isinstance(end, Submitted):
        assert status < 300
        assert end.task.task_id
        assert end.charged is None or 0 <= end.charged < 2**63


@given(payload=twisted(*FIELDS), status=st.sampled_from(STATUSES))
def test_whatever_json_comes_back_a_poll_reads_it_or_says_that_it_cannot(payload: Any, status: int) -> None:
    with suppress(StudioError, *UNREADABLE):
        end = VIDU.parse_poll(TASK, answer(payload, status))
        assert isinstance(end, Pending | Failed | Done)
    with suppress(StudioError):
        VIDU.parse_cancel(answer(payload, status))


@given(state=st.text(min_size=1))
def test_no_word_but_two_ends_a_task(state: str) -> None:
    end = VIDU.parse_poll(TASK, answer({**READY, "state": state}))

    assert isinstance(end, Pending) == (state.lower() not in {"success", "failed"})


def test_the_uid_goes_along_where_the_document_has_a_place_for_it() -> None:
    kinds = catalogue.vendor("vidu").task_types
    carrying = [
        kind
        for kind in kinds
        if UID in str(VIDU.submit_request(sample("vidu", kind, values={}), (), UID).json)
    ]
    assert carrying == ["text_to_video"]


def test_an_error_of_a_poll_is_trouble_and_no_refusal_of_what_is_paid() -> None:
    with pytest.raises(NetworkError) as missing:
        VIDU.parse_poll(TASK, no("TaskNotFound", 404))
    assert missing.value.refused is False


@pytest.mark.parametrize("credits", [10**30, 1e300, "eighty"], ids=repr)
def test_what_was_accepted_is_on_record_whatever_it_is_said_to_have_taken(credits: Any) -> None:
    with Sandbox(speed=1000) as box:
        command = Command(box.urls[GATEWAY.id], 1000)
        command.fault("create", {"kind": "set", "field": "credits", "value": credits})
        words = ("--task-type", "text_to_video", "--resolution", "540p", "--duration", "1")
        started = command.run("start", "--speed", "1000", "--prompt", "fog", *words)
        (task,) = command.stats["tasks"]

    assert (started.code, started.document["task_id"]) == (0, task["id"])
    assert started.document["cost"]["charged"] is None
