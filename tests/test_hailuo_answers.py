"""What Hailuo's answers mean: one tolerant reader for both gateways, wherever in them a fact stands, and
every code of the contract's table, to the paid request, to a query and to the question for the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hailuo_plans import AI302, GPTGE, IMAGE, PROVIDERS, planned
from imagine_future import NOW, ODD, answer
from studio import catalogue
from studio.contract import Done, Failed, Pending, Ready, Response
from studio.errors import (
    REFUSALS,
    ContentRefused,
    JobFailed,
    KeyProblem,
    NetworkError,
    NoCredit,
    RateLimited,
    StudioError,
    UnknownOutcome,
)
from studio.providers.hailuo import Provider
from studio.types import Output, Submitted, TaskRef

ID = "106916112212032"
FILE = "205258526306433"
LINK = "https://example.com/output.mp4"
PLANS = {gateway: planned(gateway, IMAGE) for gateway in PROVIDERS}
STATUSES = (200, 201, 302, 400, 401, 402, 403, 404, 408, 409, 413, 429, 499, 500, 502, 503, 504)
OK = {"status_code": 0, "status_msg": "success"}
both = pytest.mark.parametrize("gateway", PROVIDERS)

# Contract A1's table: the kind, whether it says that a paid request was not accepted, and the retry there.
CODES: dict[str, tuple[str, type[StudioError], str | None]] = {
    "1000": ("vendor_down", NetworkError, None),
    "1001": ("vendor_down", NetworkError, None),
    "1002": ("rate_limited", RateLimited, "later"),
    "1004": ("key_mismatch", KeyProblem, "after_change"),
    "1008": ("no_credit", NoCredit, "after_change"),
    "1013": ("vendor_down", NetworkError, None),
    "1024": ("vendor_down", NetworkError, None),
    "1026": ("content_refused", ContentRefused, "after_change"),
    "1027": ("result_refused", ContentRefused, "after_change"),
    "1028": ("quota_used", NoCredit, "later"),
    "1030": ("quota_used", NoCredit, "later"),
    "1033": ("vendor_down", NetworkError, None),
    "1039": ("rate_limited", RateLimited, "later"),
    "1041": ("rate_limited", RateLimited, "later"),
    "1042": ("bad_text", JobFailed, "after_change"),
    "2013": ("bad_parameter", JobFailed, "after_change"),
    "2038": ("account_unverified", KeyProblem, "after_change"),
    "2045": ("rate_limited", RateLimited, "later"),
    "2049": ("key_mismatch", KeyProblem, "after_change"),
    "2056": ("quota_used", NoCredit, "later"),
    "2061": ("plan_needed", NoCredit, "after_change"),
}
REFUSING = [code for code, (_, _, retry) in CODES.items() if retry]
BROKEN = [code for code in CODES if code not in REFUSING]
CONTENT = ("1026", "1027")
VOICE = ("1043", "1044", "20132", "2037", "2039", "2042", "2048")  # of voice cloning: none of ours
BARE = {400: "bad_parameter", 401: "key_refused", 402: "no_credit", 403: "key_refused", 413: "bad_parameter"}


def task(gateway: str) -> TaskRef:
    return TaskRef(gateway, ID, NOW)


def base(code: Any, words: str = "in its words") -> dict[str, Any]:
    return {"base_resp": {"status_code": code, "status_msg": words}}


def done(link: str = LINK, width: int | None = None, height: int | None = None) -> Done:
    return Done((Output("video", link, width, height, expires_at=NOW + 3600),))


def polled(gateway: str, payload: Any, status: int = 200) -> Any:
    return PROVIDERS[gateway].parse_poll(task(gateway), answer(payload, status))


def filed(gateway: str, payload: Any, status: int = 200) -> Done:
    return PROVIDERS[gateway].parse_file(task(gateway), Ready(FILE), answer(payload, status))


def created(gateway: str, response: Response) -> Submitted | StudioError:
    try:
        return PROVIDERS[gateway].parse_submit(PLANS[gateway], response)
    except StudioError as error:
        return error


def refused(gateway: str, response: Response) -> str | None:
    """The kind of a plain no; None for whatever is not known."""
    end = created(gateway, response)
    assert isinstance(end, StudioError)
    assert end.refused == (end.charged == "no") == (not isinstance(end, UnknownOutcome))
    return end.kind if end.refused else None


def wrong(what: Callable[[], Any]) -> StudioError:
    with pytest.raises(StudioError) as no:
        what()
    return no.value


def twice(told: Any) -> str:
    """JSON written as text, as `resp_data` has it."""
    return json.dumps(told)


# ---- where the facts of a finished task stand

WHERE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "at the top": lambda facts: facts,
    "under data": lambda facts: {"code": "success", "message": "", "data": facts},
    "in resp_data at the top": lambda facts: {"status": facts["status"], "resp_data": twice(facts)},
    "in resp_data under data": lambda facts: {"data": {"status": facts["status"], "resp_data": twice(facts)}},
    "in resp_data alone": lambda facts: {"data": {"resp_data": twice(facts)}},
}


@both
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("file", [FILE, int(FILE)], ids=["text", "number"])
def test_a_file_is_found_wherever_its_id_stands_as_text_or_as_a_number(
    gateway: str, where: str, file: Any
) -> None:
    facts = {"status": "Success", "file_id": file, "video_width": 768, "video_height": 1152}

    assert polled(gateway, WHERE[where](facts)) == Ready(FILE, 768, 1152)


@both
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", ["video_url", "download_url"])
def test_a_link_is_found_wherever_it_stands_and_goes_before_a_file(
    gateway: str, where: str, name: str
) -> None:
    facts = {"status": "Success", "file_id": FILE, name: LINK, "video_width": 768, "video_height": 1152}

    assert polled(gateway, WHERE[where](facts)) == done(LINK, 768, 1152)


@both
@pytest.mark.parametrize("where", WHERE)
def test_a_task_of_another_id_is_not_ours_wherever_that_stands(gateway: str, where: str) -> None:
    facts = {"task_id": "1", "status": "Success", "file_id": FILE}

    assert wrong(lambda: polled(gateway, WHERE[where](facts))).kind == "bad_answer"
    assert polled(gateway, WHERE[where]({**facts, "task_id": int(ID)})) == Ready(FILE)


@both
@pytest.mark.parametrize(
    "odd",
    ["", "{", "[]", "null", "3", '"text"', "[" * 5000, None, 3, 1.5, True, [], ["x"], {}, {"file_id": "1"}],
    ids=lambda odd: repr(odd)[:20],
)
def test_resp_data_that_is_no_json_object_as_text_is_passed_over(gateway: str, odd: Any) -> None:
    shown = {"status": "Success", "file_id": FILE, "resp_data": odd}

    assert polled(gateway, shown) == Ready(FILE)
    assert polled(gateway, {"data": shown}) == Ready(FILE)


@both
@pytest.mark.parametrize(
    ("file", "ready"),
    [
        ("", None),
        (0, None),
        (None, None),
        (True, None),
        (1.5, None),
        (["1"], None),
        ({"id": 1}, None),
        ("a/b?c", "a/b?c"),
        (-1, "-1"),
    ],
    ids=repr,
)
def test_what_is_no_id_of_a_file_is_none(gateway: str, file: Any, ready: str | None) -> None:
    end = polled(gateway, {"status": "Success", "file_id": file})

    assert end == (Ready(ready) if ready else Pending("success, without a file"))


@both
def test_an_id_with_odd_signs_stays_one_value_of_the_question(gateway: str) -> None:
    url = PROVIDERS[gateway].file_request(task(gateway), Ready("a/b?c=d&e")).url

    assert url.endswith("retrieve?file_id=a%2Fb%3Fc%3Dd%26e")


@both
@pytest.mark.parametrize(
    "shown",
    [
        {"status": "Success"},
        {"data": {"status": "success"}},
        {"status": "Success", "video_url": ""},
        {"status": "Success", "video_url": "none yet"},
        {"status": "Success", "video_url": "ftp://example.com/a.mp4"},
        {"status": "Success", "video_url": "file:///etc/hosts"},
        {"status": "Success", "video_url": "https://"},
        {"status": "Success", "video_url": "http://["},
        {"status": "Success", "video_url": ["https://example.com/a.mp4"]},
        {"status": "SUCCESS", "data": {"resp_data": "{"}},
    ],
    ids=repr,
)
def test_success_with_neither_a_link_nor_a_file_is_waited_for(gateway: str, shown: Any) -> None:
    assert polled(gateway, shown) == Pending("success, without a file")


@both
def test_a_link_before_the_end_is_no_end(gateway: str) -> None:
    shown = {"status": "Processing", "file_id": FILE, "video_url": LINK}

    assert polled(gateway, shown) == Pending("processing")


# ---- links


@both
@pytest.mark.parametrize(
    ("given_", "followed"),
    [
        (LINK, LINK),
        ("http://example.com/output.mp4?a=b", "https://example.com/output.mp4?a=b"),
        ("http://example.com:80/a.mp4", "https://example.com/a.mp4"),
        ("http://127.0.0.1:8000/a.mp4", "http://127.0.0.1:8000/a.mp4"),
        ("http://localhost/a.mp4", "http://localhost/a.mp4"),
        ("http://[::1]:8000/a.mp4", "http://[::1]:8000/a.mp4"),
        ("http://127.0.0.1.example.com/a.mp4", "https://127.0.0.1.example.com/a.mp4"),
        ("http://localhost@example.com/a.mp4", "https://localhost@example.com/a.mp4"),
    ],
)
def test_a_plain_http_link_is_taken_over_https_but_to_this_machine(
    gateway: str, given_: str, followed: str
) -> None:
    assert polled(gateway, {"status": "Success", "video_url": given_}) == done(followed)
    assert filed(gateway, {"file": {"download_url": given_}}) == done(followed)


@both
@pytest.mark.parametrize(
    "payload",
    [
        {"file": {"file_id": int(FILE), "download_url": LINK}, "base_resp": OK},
        {"file": {"file_id": FILE, "download_url": LINK}},
        {"data": {"file": {"download_url": LINK}}},
        {"data": {"resp_data": twice({"file": {"download_url": LINK}, "base_resp": OK})}},
        {"resp_data": twice({"file": {"download_url": LINK}})},
        {"download_url": LINK},
        {"data": {"download_url": LINK}},
        {"data": {"video_url": LINK}},
        {"file": {"download_url": ""}, "download_url": LINK},
    ],
    ids=repr,
)
def test_the_files_link_is_found_wherever_it_stands(gateway: str, payload: Any) -> None:
    assert filed(gateway, payload) == done()


@both
@pytest.mark.parametrize(
    "payload", [None, {}, [], "x", {"file": None}, {"file": {}}, {"file": [LINK]}, {"task_id": ID}], ids=repr
)
def test_an_answer_without_the_files_link_is_no_end(gateway: str, payload: Any) -> None:
    no = wrong(lambda: filed(gateway, payload))

    assert (no.kind, no.charged, no.retry) == ("bad_answer", "no", "later")


# ---- states


@both
@pytest.mark.parametrize(
    "wrap", [lambda facts: facts, lambda facts: {"data": facts}], ids=["flat", "wrapped"]
)
@pytest.mark.parametrize(
    ("word", "end"),
    [
        *((word, Pending(word.lower())) for word in ("Preparing", "Queueing", "Processing", "processing")),
        *((word, Pending(word.lower(), known=False)) for word in ("Dreaming", "Finished", "succeeded", "0")),
        *(
            (word, Failed("failed", "The generation failed."))
            for word in ("Fail", "Failed", "fail", "FAILED")
        ),
    ],
)
def test_each_state_is_read_in_either_case_at_either_place(
    gateway: str, word: str, end: Any, wrap: Callable[[Any], Any]
) -> None:
    assert polled(gateway, wrap({"task_id": ID, "status": word, "base_resp": OK})) == end


@both
@pytest.mark.parametrize(
    "payload",
    [None, [], "x", {}, {"status": ""}, {"status": 3}, {"status": None}, {"task_id": ID, "base_resp": OK}],
    ids=repr,
)
def test_an_answer_without_a_state_is_no_end_and_is_asked_again(gateway: str, payload: Any) -> None:
    no = wrong(lambda: polled(gateway, payload))

    assert (no.kind, no.charged, no.retry) == ("bad_answer", "no", "later")


# ---- codes


def test_the_catalogue_has_the_codes_of_the_contract_and_no_other() -> None:
    raw = catalogue.vendor("hailuo").raw
    theirs = {code: kind for code, kind in raw["codes"].items() if len(code) == 4}

    assert theirs == {code: kind for code, (kind, *_) in CODES.items()}
    assert set(raw["refusals"]) == set(REFUSING)
    assert raw["bare_refusals"] == list(map(str, BARE))
    assert not set(VOICE) & set(raw["codes"])


@both
@pytest.mark.parametrize("code", CODES)
def test_each_code_to_the_paid_request_refuses_or_leaves_open(gateway: str, code: str) -> None:
    """As a number or as text, at the top or under data."""
    kind, error, retry = CODES[code]
    for payload in (
        base(int(code)),
        base(code),
        {"task_id": "", **base(int(code))},
        {"data": base(int(code))},
    ):
        end = created(gateway, answer(payload))
        assert isinstance(end, StudioError)
        assert (end.detail or "").startswith("in its words")
        assert end.provider_code == code
        if retry:
            assert (type(end), end.kind, end.refused, end.charged, end.retry) == (
                error,
                kind,
                True,
                "no",
                retry,
            )
        else:
            assert (type(end), end.refused, end.charged, end.retry) == (
                UnknownOutcome,
                False,
                "maybe",
                "never",
            )


@both
@pytest.mark.parametrize("code", CODES)
def test_each_code_to_a_query_ends_the_task_or_is_asked_again(gateway: str, code: str) -> None:
    kind, error, _ = CODES[code]
    shown = {"task_id": ID, "status": "Processing", **base(int(code))}

    if code in CONTENT:
        assert polled(gateway, shown) == Failed(kind, "in its words", code)
        return
    no = wrong(lambda: polled(gateway, shown))
    if code == "2013":  # of a question the id is the only parameter
        assert (type(no), no.kind, no.provider_code) == (NetworkError, "not_found", code)
        return
    assert (type(no), no.kind, no.provider_code, no.charged) == (error, kind, code, "no")
    assert no.retry == REFUSALS[kind][1]


@both
def test_each_code_beside_a_failure_is_about_the_task(gateway: str) -> None:
    for code, (kind, *_) in CODES.items():
        for word in ("Fail", "failed"):
            shown = {"task_id": ID, "status": word, **base(int(code))}
            assert polled(gateway, shown) == Failed(kind, "in its words", code)
            assert polled(gateway, {"data": shown}) == Failed(kind, "in its words", code)


@both
@pytest.mark.parametrize("code", [*CODES, *VOICE, "3000"])
def test_no_code_for_the_file_is_taken_for_a_film(gateway: str, code: str) -> None:
    kind, error, _ = CODES.get(code, ("bad_answer", NetworkError, None))
    no = wrong(lambda: filed(gateway, base(int(code))))

    if code == "2013":
        assert (type(no), no.kind, no.provider_code) == (NetworkError, "not_found", code)
    else:
        assert (type(no), no.kind, no.provider_code, no.charged) == (error, kind, code, "no")


@both
@pytest.mark.parametrize("code", [*VOICE, "3000", "-1", "99999999999999999999"])
def test_a_code_that_no_table_has_leaves_a_purchase_open_and_a_query_to_be_asked_again(
    gateway: str, code: str
) -> None:
    assert refused(gateway, answer(base(int(code)))) is None
    no = wrong(lambda: polled(gateway, {"status": "Processing", **base(int(code))}))
    assert (no.kind, no.provider_code) == ("bad_answer", code)


@both
@pytest.mark.parametrize("code", ["0", "1002", "1026", "2049", "1000", "3000"])
def test_a_code_beside_the_id_of_a_task_never_says_that_nothing_was_bought(gateway: str, code: str) -> None:
    end = created(gateway, answer({"task_id": ID, **base(int(code))}))

    if code == "0":
        assert isinstance(end, Submitted)
        return
    assert isinstance(end, UnknownOutcome)
    assert ID in end.message


@both
def test_a_broken_server_says_nothing_about_what_was_bought_whatever_its_code(gateway: str) -> None:
    for code in CODES:
        for status in (500, 502, 503, 504):
            assert refused(gateway, answer(base(int(code)), status)) is None, (code, status)


@both
def test_a_status_alone_is_a_no_only_where_it_can_be_nothing_else(gateway: str) -> None:
    said = {"error": {"message": "in its words", "type": "new_api_error", "code": "odd"}}

    for status in [status for status in STATUSES if status >= 300]:
        for payload in (None, {}, said, base(0)):
            assert refused(gateway, answer(payload, status)) == BARE.get(status), (status, payload)
        assert isinstance(created(gateway, answer({"task_id": ID}, status)), UnknownOutcome)


@both
@pytest.mark.parametrize("gone", [404, 400])
def test_a_task_that_is_not_there_yet_is_not_found_and_nothing_else(gateway: str, gone: int) -> None:
    for words in ("task not exist", "Task Not Found"):
        for payload in ({"error": {"message": words}}, {"message": words}):
            assert wrong(lambda payload=payload: polled(gateway, payload, gone)).kind == "not_found"  # type: ignore[misc]
    assert wrong(lambda: polled(gateway, None, 404)).kind == "not_found"
    assert wrong(lambda: polled(gateway, None, 400)).kind == "bad_parameter"


@both
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "key_refused"),
        (402, "no_credit"),
        (403, "key_refused"),
        (429, "rate_limited"),
        (500, "vendor_down"),
        (502, "vendor_down"),
        (504, "vendor_down"),
    ],
)
def test_a_status_of_a_question_is_read(gateway: str, status: int, kind: str) -> None:
    finished = {"task_id": ID, "status": "Success", "file_id": FILE, "video_url": LINK}

    for payload in (None, {}, finished):  # a broken server's words count for nothing
        assert wrong(lambda payload=payload: polled(gateway, payload, status)).kind == kind  # type: ignore[misc]
        assert wrong(lambda payload=payload: filed(gateway, payload, status)).kind == kind  # type: ignore[misc]


@both
@pytest.mark.parametrize("code", ["1004", "2049"])
def test_a_key_that_does_not_fit_comes_with_the_hint_about_its_region(gateway: str, code: str) -> None:
    for no in (
        created(gateway, answer(base(int(code)))),
        wrong(lambda: polled(gateway, {"status": "Processing", **base(int(code))})),
        wrong(lambda: filed(gateway, base(int(code)))),
    ):
        assert isinstance(no, KeyProblem)
        assert "region" in (no.detail or "")
        assert "in its words" in (no.detail or "")


@both
def test_an_unknown_model_comes_with_the_hint_about_a_missing_field(gateway: str) -> None:
    hint = "a required field is missing"
    for code, status in ((2013, 200), (400, 400)):
        told = (
            base(code, "Model not recognised") if status == 200 else {"error": {"message": "no such model"}}
        )
        no = created(gateway, answer(told, status))
        assert isinstance(no, JobFailed)
        assert hint in (no.detail or "")
        other = created(gateway, answer(base(code, "duration is wrong"), status))
        assert isinstance(other, JobFailed)
        assert hint not in (other.detail or "")


@both
def test_a_plans_allowance_says_that_it_comes_back(gateway: str) -> None:
    no = created(gateway, answer(base(2056)))

    assert isinstance(no, NoCredit)
    assert "five hours" in (no.detail or "")


# ---- whatever comes

FIELDS = (
    *("task_id", "status", "file_id", "file", "data", "resp_data", "video_url", "download_url", "base_resp"),
    *("status_code", "status_msg", "error", "message", "video_width", "video_height", "code"),
)
WORDS = st.sampled_from(
    [
        "Success",
        "Fail",
        "failed",
        "Processing",
        LINK,
        "http://[",
        "{}",
        ID,
        FILE,
        "0",
        "1004",
        "2013",
        "task not exist",
    ]
)
VALUES = WORDS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
INNER = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)
MIDDLE = st.dictionaries(st.sampled_from(FIELDS), VALUES | INNER | INNER.map(json.dumps), max_size=5)
ANSWERS = st.dictionaries(st.sampled_from(FIELDS), VALUES | MIDDLE | MIDDLE.map(json.dumps), max_size=6) | ODD
ANSWERS |= MIDDLE.map(lambda more: {"status": "Success", **more})
PLACES = st.sampled_from(list(PROVIDERS))


@given(PLACES, ANSWERS, st.sampled_from(STATUSES))
@example(GPTGE, {"status": "Success", "video_url": "http://["}, 200)
@example(AI302, {"status": "Success", "video_url": "https://[oops/a.mp4"}, 200)
@example(AI302, {"status": "Success", "video_url": "http://exam\ud800ple.com/"}, 200)
def test_no_answer_is_worse_than_an_error_of_ours_and_none_without_a_link_is_an_end(
    gateway: str, payload: Any, status: int
) -> None:
    response = answer(payload, status)
    provider: Provider = PROVIDERS[gateway]
    made = created(gateway, response)
    if isinstance(made, Submitted):
        assert status < 300
        assert made.task.task_id in told(payload)
    elif made.refused:  # no word of a task, and no broken server
        assert status < 500
        top = payload if isinstance(payload, dict) else {}
        assert not (isinstance(top.get("task_id"), str) and top["task_id"])
    reads: tuple[Callable[[], Any], ...] = (
        lambda: provider.parse_poll(task(gateway), response),
        lambda: provider.parse_file(task(gateway), Ready(FILE), response),
    )
    for read in reads:
        with suppress(StudioError):
            end = read()
            assert status < 300
            if isinstance(end, Done):
                (output,) = end.outputs
                assert output.url.startswith(("https://", "http://127.0.0.1", "http://localhost"))
                assert output.url.partition("://")[2] in told(payload)
            if isinstance(end, Ready):
                assert end.file in told(payload)


def told(payload: Any) -> str:
    """All the words of an answer, with half signs as they are kept."""
    plain = json.dumps(payload, ensure_ascii=False).replace("\\\\", "\\").replace('\\"', '"')
    return plain.encode("utf-8", "backslashreplace").decode()
