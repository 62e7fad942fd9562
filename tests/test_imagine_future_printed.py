"""Vidu, Kling and One-click MV against the gateway's document: the printed requests are built, the printed
answers are read, and where we differ the reason stands in DIFFERENCES. Typed copies: twins/*_printed.py;
that the twins take the printed requests themselves: twins/test_*_document.py."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagine_future import ABSENT, GATEWAY, KLING, MV, NOW, UID, VIDU, Command, answer, differing, planned
from parts import door, line, says
from sandbox import Sandbox
from studio import catalogue
from studio.contract import KEY, Done, Pending, Provider, Request
from studio.providers import kling, mv, vidu
from studio.types import MediaRef, Output, Plan, Shot
from support import KEY as OURS
from twins import kling_printed, mv_printed, vidu_printed
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import Gateway as Twin

BASE = "https://api.imagine-future.com"
MODELS = {"model", "model_name"}
FILES = {"images", "image", "image_url", "video_url", "audio_url", "sound_file"}
STEP = {"mv": "901243326567555072", "_known": "901245331704909824"}

PRINTED: dict[str, tuple[str, Provider, str, Mapping[str, Any]]] = {
    "text2video": ("/ai/avu/text2video", VIDU, "text_to_video", vidu_printed.TEXT),
    "img2video": ("/ai/avu/img2video", VIDU, "image_to_video", vidu_printed.IMAGE),
    "start-end2video": ("/ai/avu/start-end2video", VIDU, "first_last_frame_to_video", vidu_printed.FRAMES),
    "reference2video": ("/ai/avu/reference2video", VIDU, "reference_to_video", vidu_printed.REFERENCE),
    "motion-control": (
        "/ai/kling/v1/videos/motion-control",
        KLING,
        "motion_control",
        kling_printed.MOTION_REQUEST,
    ),
    "avatar": ("/ai/kling/v1/videos/avatar/image2video", KLING, "avatar", kling_printed.AVATAR_REQUEST),
    "mv": ("/ai/avu/one-click/mv", MV, "music_video", mv_printed.CREATE),
    "mv edit": ("/ai/avu/one-click/mv/901243326567555072/edit", MV, "music_video_shot", mv_printed.EDIT),
    "mv compose": (
        "/ai/avu/one-click/mv/901243326567555072/compose",
        MV,
        "music_video_compose",
        mv_printed.COMPOSE,
    ),
    # No example is printed of these two: their bodies have every field of the document's tables.
    "template2video": ("/ai/avu/template2video", VIDU, "template_to_video", vidu_printed.TEMPLATE),
    "ref2image/nano": ("/ai/avu/ref2image/nano", VIDU, "reference_to_image", vidu_printed.PICTURE),
}
DIFFERENCES: dict[str, dict[str, tuple[Any, Any]]] = {
    "text2video": {
        # "does not take effect when using q2 & q3": said to be its default, it is dropped and told.
        "movement_amplitude": (ABSENT, "auto"),
        # "Default: true", and every default that the price or the result hangs on is sent.
        "audio": (True, ABSENT),
        # "Transparent transmission": carries the job's own id, which the record of the vendor then shows.
        "payload": (UID, ABSENT),
    },
    "img2video": {"movement_amplitude": (ABSENT, "auto")},  # as above
    "start-end2video": {},
    "reference2video": {},
    "motion-control": {
        # "must be unique per user": the job's own id, by which the task is found if the answer is lost.
        "external_task_id": (UID, ABSENT),
    },
    "avatar": {"external_task_id": (UID, ABSENT)},  # as above
    "mv": {
        "prompt": (ABSENT, ""),  # "Optional": no words are sent as no field
        "duration": (ABSENT, 15),  # in no table of the document; the song says how long the film is
        "resolution": ("720p", ABSENT),  # its default, as documented
        "add_subtitle": (False, ABSENT),  # its default, as documented
    },
    "mv edit": {},
    "mv compose": {},
    "template2video": {},
    "ref2image/nano": {},
}
NOT_OURS = {"mv": {"duration"}}
"""Fields of the printed bodies that are no option of ours."""


@pytest.fixture
def twin() -> Iterator[Twin]:
    with Sandbox(clock=Clock()) as box:
        yield Twin(box)


def bought(name: str) -> tuple[Plan, Request]:
    """What the command makes of the inputs of a printed request, and what it sends for it."""
    _, provider, task_type, body = PRINTED[name]
    left_out = {*MODELS, *FILES, "prompt", *NOT_OURS.get(name, ())}
    options = {key: value for key, value in body.items() if key not in left_out}
    step = None
    if name in {"mv edit", "mv compose"}:  # the takes are found in the film, not asked for
        step = {**STEP, **options}
        options = {"shot": 1} if name == "mv edit" else {}
    images = body.get("images") or tuple(body[one] for one in ("image", "image_url") if one in body)
    plan = planned(
        task_type,
        body.get("model", body.get("model_name")),
        options,
        prompt=body.get("prompt"),
        images=tuple(images),
        video=body.get("video_url"),
        audio=body.get("audio_url", body.get("sound_file")),
        step=step,
    )
    refs = tuple(provider.upload(source, unread) for source in plan.inputs)
    return plan, provider.submit_request(plan, refs, UID)


def unread(request: Request) -> Any:
    raise AssertionError(f"{request.what} was sent for an input that is a link")


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_request_is_built_but_for_the_listed_differences(name: str) -> None:
    path, _, _, body = PRINTED[name]
    _, request = bought(name)

    assert (request.method, request.url, dict(request.query)) == ("POST", BASE + path, {})
    assert dict(request.headers) == {"Authorization": f"Token {KEY}"}
    assert request.json is not None
    assert differing(request.json, body) == DIFFERENCES[name]
    assert (request.safe, request.body) == (False, None)


def test_what_was_said_and_is_not_sent_is_on_record() -> None:
    for name in ("text2video", "img2video"):
        assert dict(bought(name)[0].dropped) == {"movement_amplitude": "auto"}, name


@pytest.mark.parametrize("name", [name for name in PRINTED if not name.startswith("mv ")])
def test_what_we_build_for_it_is_taken_by_the_twin(twin: Twin, name: str) -> None:
    path, provider, *_ = PRINTED[name]
    plan, request = bought(name)

    response = twin.post(path, request.json)

    made = provider.parse_submit(plan, answer(response.json(), response.status_code))
    (task,) = twin.stats()["tasks"]
    assert (response.status_code, made.task.task_id) == (200, task["id"])
    assert {key: value for key, value in twin.stats()["ignored"].items() if value} == {}
    query = provider.poll_request(made.task, "en")
    asked = twin.get(query.url.removeprefix(BASE), **query.query)
    assert isinstance(provider.parse_poll(made.task, answer(asked.json(), asked.status_code)), Pending)


@pytest.mark.parametrize(
    ("maker", "name"),
    [(vidu, "text2video"), (kling, "motion-control"), (mv, "mv")],
    ids=["vidu", "kling", "mv"],
)
def test_the_headers_on_the_wire_are_the_printed_ones(maker: Any, name: str) -> None:
    plan, _ = bought(name)
    with line(says(200, b"{}")) as server:
        gateway = replace(GATEWAY, urls={"api": server.url})
        provider = maker.Provider({gateway.id: gateway}, catalogue.vendor(plan.provider).raw, lambda: NOW)
        out = door(gateway)
        refs = tuple(MediaRef(one.role, one.url or "") for one in plan.inputs)
        request = provider.submit_request(plan, refs, UID)
        out.pay(request)
        out.ask(provider.poll_request(provider.task_of(plan, "916198978159124480"), "en"))
        paid, asked = server.got

    assert paid.headers["content-type"] == "application/json"
    assert paid.headers["authorization"] == asked.headers["authorization"] == f"Token {OURS}"
    assert json.loads(paid.body) == request.json
    assert asked.body == b""


@pytest.mark.parametrize(
    ("provider", "name", "id", "printed"),
    [
        (VIDU, "text2video", "916198978159124480", "/ai/avu/tasks/916198978159124480/creations"),
        (
            KLING,
            "motion-control",
            "881704293106061404",
            "/ai/kling/v1/tasks/881704293106061404?endpoint=videos/motion-control",
        ),
        (
            KLING,
            "avatar",
            "882901234567890123",
            "/ai/kling/v1/tasks/882901234567890123?endpoint=videos/avatar/image2video",
        ),
        (MV, "mv", "901243326567555072", "/ai/avu/one-click/mv/901243326567555072"),
    ],
)
def test_a_task_is_asked_for_as_printed(provider: Provider, name: str, id: str, printed: str) -> None:
    request = provider.poll_request(provider.task_of(bought(name)[0], id), "en")

    query = "&".join(f"{key}={value}" for key, value in request.query.items())
    assert (request.method, request.json) == ("GET", None)
    assert f"{request.url}?{query}".rstrip("?") == BASE + printed
    assert dict(request.headers) == {"Authorization": f"Token {KEY}"}
    assert request.safe is True


def test_a_task_is_cancelled_as_printed() -> None:
    request = VIDU.cancel_request(VIDU.task_of(bought("text2video")[0], "916198978159124480"))

    assert (request.method, request.url) == ("POST", f"{BASE}/ai/avu/tasks/916198978159124480/cancel")
    assert (dict(request.headers), request.json) == ({"Authorization": f"Token {KEY}"}, None)


def test_the_printed_answers_to_a_create_are_read_to_what_they_show() -> None:
    for name, body, id in (
        ("text2video", vidu_printed.TEXT_ANSWER, "916198978159124480"),
        ("img2video", vidu_printed.IMAGE_ANSWER, "916201234567890123"),
    ):
        made = VIDU.parse_submit(bought(name)[0], answer(body))
        assert (made.task.task_id, made.charged, made.deadline) == (id, 80, None)
    for name, id in (("motion-control", "881704293106061404"), ("avatar", "882901234567890123")):
        shown = {**kling_printed.CREATED, "data": {**kling_printed.CREATED["data"], "task_id": id}}
        made = KLING.parse_submit(bought(name)[0], answer(shown))
        assert (made.task.task_id, made.charged) == (id, None)
    for name in ("mv edit", "mv compose"):
        made = MV.parse_submit(bought(name)[0], answer(mv_printed.MADE))
        assert (made.task.task_id, made.charged) == ("your_job_id_here", None)


def test_the_printed_answers_to_a_query_are_read_to_what_they_show() -> None:
    film = "https://cdn.imagine-future.com/video/result.mp4"
    task = VIDU.task_of(bought("text2video")[0], "916198978159124480")
    assert VIDU.parse_poll(task, answer(vidu_printed.SUCCESS)) == Done(
        (Output("video", film, expires_at=NOW + 86400),), charged=80
    )

    task = KLING.task_of(bought("motion-control")[0], "881704293106061404")
    moved = "https://cdn.klingai.com/video/result_xxx.mp4"
    half_an_hour = 1715180500 + 1800  # the link lives from updated_at on
    assert KLING.parse_poll(task, answer(kling_printed.PROCESSING)) == Pending("processing")
    assert KLING.parse_poll(task, answer(kling_printed.SUCCESS)) == Done(
        (Output("video", moved, seconds=8.0, expires_at=half_an_hour),)
    )

    task = MV.task_of(bought("mv")[0], "901243326567555072")
    shot = Shot(
        0,
        "success",
        "901245331704909824",
        3.0,
        "2.5d building style, bright tones...",
        "Intro",
        "signed_url",
    )
    assert MV.parse_poll(task, answer(mv_printed.QUERY)) == Done(
        (Output("video", "signed_url", seconds=3.0, expires_at=NOW + 86400),), shots=(shot,)
    )


def test_the_document_contradicts_itself_and_both_its_prices_are_told(tmp_path: Path) -> None:
    """40 credits by its table, 80 in its example and in the query of it."""
    rows = {row[:3]: row[3] for row in vidu_printed.PRICES}
    printed = vidu_printed.TEXT
    by_table = rows[printed["model"], printed["resolution"], printed["duration"]]
    assert (by_table, vidu_printed.TEXT_ANSWER["credits"], vidu_printed.SUCCESS["credits"]) == (40, 80, 80)
    assert bought("text2video")[0].billing.amount == 40

    words = ("--model", "viduq3-pro", "--duration", "5", "--resolution", "720p", "--aspect-ratio", "16:9")
    with Sandbox(tmp_path / "twin", speed=1000) as box:
        command = Command(box.urls[GATEWAY.id], 1000)
        command.fault("create", {"kind": "charge", "points": 80})
        made = command.make("--task-type", "text_to_video", *words)
        charged = command.stats["points_charged"]

    assert (made.code, charged) == (0, 80)
    cost = made.document["cost"]
    assert (cost["quoted"], cost["charged"], cost["unit"]) == (40, 80, "credits")
    (difference,) = made.document["difference"]
    assert (difference["before"], difference["after"]) == (40, 80)
    said = made.document["send"][0]["message"]
    assert "80 was charged, not 40." in said
