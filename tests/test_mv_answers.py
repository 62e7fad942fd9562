"""What One-click MV's answers mean: to the paid request and to polls of a whole film. Its steps, made of a
finished film: test_mv_steps.py."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine_future import GATEWAY, MV, NOW, UID, answer, sample, twisted
from studio import catalogue
from studio.contract import Done, Failed, Pending, Poll, Response
from studio.errors import RateLimited, StudioError, UnknownOutcome
from studio.runner import UNREADABLE
from studio.types import MediaRef, Output, Shot, Submitted, TaskRef
from test_vidu_answers import BARE, BUSY, STATUSES, WORDS, no

FILM = "901243326567555072"
PLAN = sample("mv", "music_video")
EDIT = sample("mv", "music_video_shot", values={"mv": FILM, "_known": "a,b", "job_id": "a"})
TASK = TaskRef(GATEWAY.id, FILM, NOW)
LINK = "https://cdn.example.com/film.mp4"
UNTIL = NOW + 86400
ELSEWHERE = {  # words of contract B1 about what a film has not: templates, a cancel, a list of creations
    *("ImageCheckBodyJointsFailed", "ImageCheckFaceFailed", "ImageObjectsUndetected"),
    *("UserCancelled", "Canceled", "CreationNotFound"),
}


def take(id: str, state: str = "success", **more: Any) -> dict[str, Any]:
    """One job in a record."""
    shown = {"id": id, "type": "generate_video", "state": state, "mv_generate_video_input": {"duration": 10}}
    return {**shown, **({"signed_url": f"{LINK}?{id}"} if state == "success" else {}), **more}


def record(index: Any, *takes: Any, type: str = "generate_video") -> dict[str, Any]:
    return {"type": type, "index": index, "jobs": list(takes)}


def film(state: Any, *records: Any, **more: Any) -> Response:
    return answer({"id": FILM, "type": "mv", "state": state, "job_records": list(records), **more})


def submitted(response: Response, plan: Any = PLAN) -> Submitted | StudioError:
    try:
        return MV.parse_submit(plan, response)
    except StudioError as error:
        return error


def refused(response: Response, plan: Any = PLAN) -> str | None:
    """The kind of a plain no; None for whatever is not known."""
    end = submitted(response, plan)
    assert isinstance(end, StudioError)
    assert end.refused == (end.charged == "no") == (not isinstance(end, UnknownOutcome))
    return end.kind if end.refused else None


@pytest.mark.parametrize("word", WORDS)
def test_each_word_of_the_contract_refuses_or_leaves_open(word: str) -> None:
    status, kind, plain = WORDS[word]
    response = no(word, status)

    expected = kind if plain and word not in ELSEWHERE else None
    assert refused(response) == refused(response, EDIT) == expected
    end = submitted(response)
    assert isinstance(end, StudioError)
    assert (end.provider_code, end.detail) == (word, "in its words")


def test_the_catalogue_has_the_words_of_the_contract_and_no_other() -> None:
    raw = catalogue.vendor("mv").raw
    told = {word: kind for word, (_, kind, _) in WORDS.items() if kind and word not in ELSEWHERE}

    assert {word: kind for word, kind in raw["codes"].items() if not word.isdecimal()} == told
    assert set(raw["refusals"]) == {word for word in told if WORDS[word][2]}
    assert raw["bare_refusals"] == list(map(str, BARE))


def test_only_429_with_one_of_three_words_may_be_sent_again() -> None:
    for word in (*BUSY, "BadRequest", "NewlyInvented", None):
        again = [status for status in STATUSES if isinstance(submitted(no(word, status)), RateLimited)]
        assert again == ([429] if word in BUSY else []), word


@pytest.mark.parametrize("status", [status for status in STATUSES if status >= 300])
def test_a_status_alone_is_a_no_only_where_it_can_be_nothing_else(status: int) -> None:
    assert refused(answer(None, status)) == refused(answer({}, status)) == BARE.get(status)
    assert refused(no("NewlyInvented", status)) is None
    if status >= 500:
        assert {refused(no(word, status)) for word in WORDS} == {None}


@pytest.mark.parametrize("word", WORDS)
def test_an_error_that_names_a_task_is_no_refusal(word: str) -> None:
    end = submitted(no(word, WORDS[word][0], id=FILM))

    assert isinstance(end, UnknownOutcome)
    assert FILM in end.message


@pytest.mark.parametrize(
    "payload",
    [None, [], "yes", {}, {"id": None}, {"id": ""}, {"id": True}, {"id": ["x"]}, {"task_id": FILM}],
    ids=repr,
)
def test_a_success_without_an_id_is_unknown(payload: Any) -> None:
    assert refused(answer(payload)) is None
    assert refused(answer(payload), EDIT) is None


def test_an_acceptance_is_followed_by_its_id() -> None:
    for id in (FILM, int(FILM)):
        assert submitted(answer({"id": id})) == Submitted(TASK)
    assert MV.poll_request(TASK, "en").url == f"{GATEWAY.urls['api']}/ai/avu/one-click/mv/{FILM}"


def test_pictures_and_the_song_are_told_apart_in_whatever_order_they_come() -> None:
    refs = [MediaRef("image", "one"), MediaRef("audio", "song"), MediaRef("image", "two")]
    for turned in (refs, refs[::-1]):
        body = MV.submit_request(PLAN, tuple(turned), UID).json
        assert body is not None
        assert body["audio_url"] == "song"
        assert body["images"] == [ref.value for ref in turned if ref.role == "image"]


GOOD, BAD = take("a"), take("b", "failed", err_code="AuditSubmitIllegal", err_msg="not this")
MAKING = take("c", "processing")
COMPOSED = record(0, take("f", type="compose"), type="compose")
LOST = Failed("content_refused", "not this", "AuditSubmitIllegal")


def shot(index: int, made: dict[str, Any]) -> Shot:
    return Shot(index, made["state"], made["id"], 10.0, url=made.get("signed_url"))


def whole(*shots: Shot, link: str | None = LINK, failures: tuple[Failed, ...] = ()) -> Done:
    length = 10.0 * len(shots) or None
    outputs = (Output("video", link, seconds=length, expires_at=UNTIL),) if link else ()
    return Done(outputs, failures, shots=shots)


@pytest.mark.parametrize(
    ("response", "end"),
    [
        (film("created"), Pending("created")),
        (answer({"id": FILM, "state": "created"}), Pending("created")),
        (film("processing", record(0, GOOD), record(1, MAKING)), Pending("processing", parts=(1, 2))),
        (film("Processing", record(0, GOOD), COMPOSED), Pending("processing", parts=(1, 1))),
        (film("processing", record(0, GOOD), signed_url=LINK), Pending("processing", parts=(1, 1))),
        (film("dreaming", record(0, MAKING)), Pending("dreaming", known=False, parts=(0, 1))),
        (film("success", record(0, GOOD), signed_url=LINK), whole(shot(0, GOOD))),
        (film("SUCCESS", record(0, GOOD), COMPOSED), whole(shot(0, GOOD), link=f"{LINK}?f")),
        (film("success", record(0, GOOD)), Pending("success, without a link")),
        (film("success", record(0, GOOD), signed_url=""), Pending("success, without a link")),
        (film("success", record(0, GOOD), signed_url=7), Pending("success, without a link")),
        (film("success", signed_url=LINK), whole()),
        (
            film("success", record(0, GOOD), record(1, BAD)),
            whole(shot(0, GOOD), shot(1, BAD), link=None, failures=(LOST,)),
        ),
        (
            film("failed", record(0, GOOD), record(1, BAD), signed_url=LINK),
            whole(shot(0, GOOD), shot(1, BAD), link=None, failures=(LOST,)),
        ),
        (
            film("failed", record(0, GOOD), err_code="InternalServiceFailure"),
            whole(
                shot(0, GOOD),
                link=None,
                failures=(Failed("failed", "InternalServiceFailure", "InternalServiceFailure"),),
            ),
        ),
        (film("failed", record(0, BAD)), Failed("failed", "The generation failed.")),
        (
            film("failed", err_code="CreationPolicyViolation", err_msg="held back"),
            Failed("result_refused", "held back", "CreationPolicyViolation"),
        ),
    ],
    ids=lambda one: "" if isinstance(one, Response) else type(one).__name__,
)
def test_each_state_of_a_film_is_read(response: Response, end: Poll) -> None:
    assert MV.parse_poll(TASK, response) == end


@pytest.mark.parametrize("seconds", [180, 181])
def test_of_a_song_over_three_minutes_the_shots_are_all_there_is(seconds: int) -> None:
    long = take("a", mv_generate_video_input={"duration": seconds})

    end = MV.parse_poll(TASK, film("success", record(0, long)))

    assert isinstance(end, Pending) == (seconds <= 180)
    if isinstance(end, Done):
        assert (end.outputs, end.failures, [one.job for one in end.shots]) == ((), (), ["a"])


def test_shots_are_in_their_order_with_their_newest_good_take_and_all_that_is_told_of_it() -> None:
    told = {"duration": "7.5", "prompt": "closer", "lyric_text": "la la"}
    records = [
        record(2, take("g", "created")),
        record(1, take("d", "failed"), take("e"), take("f", "failed")),
        COMPOSED,
        record(0, take("a"), take("b", mv_generate_video_input=told), take("c", "processing")),
        record(3),
    ]

    end = MV.parse_poll(TASK, film("success", *records, signed_url=LINK))

    assert isinstance(end, Done)
    assert end.shots == (
        Shot(0, "success", "b", 7.5, "closer", "la la", f"{LINK}?b"),
        Shot(1, "success", "e", 10.0, url=f"{LINK}?e"),
        Shot(2, "created", "g", 10.0),
    )


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer({"id": "another", "state": "success"}), "bad_answer"),
        (answer({"id": 1, "state": "failed"}), "bad_answer"),
        (answer({"id": FILM}), "bad_answer"),
        (film(3), "bad_answer"),
        (answer(None), "bad_answer"),
        (answer([FILM]), "bad_answer"),
        (no("TaskNotFound", 404), "not_found"),
        (answer(None, 404), "not_found"),
        (answer(None, 502), "vendor_down"),
        (answer({"id": FILM, "state": "success"}, 500), "vendor_down"),
        (no("TooManyRequests", 429), "rate_limited"),
        (answer(None, 429), "rate_limited"),
        (no("Unauthorized", 401), "key_refused"),
    ],
    ids=repr,
)
def test_an_answer_that_says_nothing_about_this_film_is_no_end(response: Response, kind: str) -> None:
    for task in (TASK, MV.task_of(EDIT, "take")):
        with pytest.raises(StudioError) as odd:
            MV.parse_poll(task, response)
        assert (odd.value.kind, odd.value.refused, odd.value.charged) == (kind, False, "no")


def test_half_a_sign_in_the_vendors_words_can_be_kept() -> None:
    odd = {"duration": 5, "prompt": "a \ud83d cat", "lyric_text": "\udc00"}
    shown = take("a\ud800", mv_generate_video_input=odd, signed_url=f"{LINK}?\udfff")

    end = MV.parse_poll(TASK, film("success", record(0, shown), signed_url=LINK))

    assert isinstance(end, Done)
    (made,) = end.shots
    for words in (made.job, made.prompt, made.lyric, made.url):
        assert words
        assert words.encode()


FIELDS = ("id", "state", "err_code", "err_msg", "job_records", "signed_url", "reason", "message")
JOBS = st.lists(twisted("id", "state", "signed_url", "err_code", "mv_generate_video_input"), max_size=3)
RECORDS = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["generate_video", "compose", 3]), "jobs": JOBS})
    | twisted("type", "index", "jobs"),
    max_size=3,
)


@given(payload=twisted(*FIELDS), status=st.sampled_from(STATUSES))
def test_whatever_json_comes_back_only_a_listed_no_is_a_no(payload: Any, status: int) -> None:
    for plan in (PLAN, EDIT):
        end: Submitted | StudioError | None = None
        with suppress(*UNREADABLE):
            end = submitted(answer(payload, status), plan)
        if isinstance(end, StudioError) and end.refused:
            reason = payload.get("reason") if isinstance(payload, dict) else None
            listed = isinstance(reason, str) and reason in WORDS and WORDS[reason][2]
            bare = not isinstance(reason, str) or not reason
            assert listed or (bare and status in BARE), "a no that nobody listed"
            assert status < 500
        if isinstance(end, Submitted):
            assert status < 300
            assert end.task.task_id


@given(
    records=RECORDS | twisted("type"),
    state=st.sampled_from(["success", "failed", "processing", "odd"]),
    task=st.sampled_from([TASK, MV.task_of(EDIT, "take"), MV.task_of(EDIT, FILM)]),
)
def test_whatever_shots_a_film_has_it_is_read_or_said_to_be_unreadable(
    records: Any, state: str, task: TaskRef
) -> None:
    response = answer({"id": FILM, "state": state, "job_records": records})
    with suppress(StudioError, *UNREADABLE):
        end = MV.parse_poll(task, response)
        assert isinstance(end, Pending | Failed | Done)
        if isinstance(end, Done):
            assert all(one.index >= 0 and one.state for one in end.shots) or end.shots
