"""What tests/test_every_provider.py knows of each vendor: a later one joins by a row of CASES, or by one for
each gateway that sells it. What each of these means in depth stands in the provider's own tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import hailuo_plans as hailuo
import ima_printed as printed
import test_imagine_future_printed as document
import test_kling_answers as kling
import test_mv_answers as mv
import test_vidu_answers as vidu
from called import Here
from imagine_future import ABSENT, GATEWAY, KLING, MV, NOW, VIDU, Command, sample
from parts import plan
from studio.content import Content
from studio.contract import Done, Failed, Pending, Provider, Request, Response
from studio.types import MediaRef, Plan, Source, TaskRef
from support import Vendor
from test_ima_answers import CREATED, READY, no
from test_ima_printed import JPEG, LINKS, built
from test_ima_provider import IMA as IMA_PROVIDER
from test_ima_provider import TASK, answer, good
from test_spine import picture
from twins import hailuo_printed
from twins.ima_sample import changed

Words = tuple[str, ...]
SPEED = 1000


@dataclass(frozen=True)
class Case:
    """What one vendor's document says; `Response`s are its answers, read as JSON.

    built: the purchases that it prints: as we build them, where they go, their bodies. orders: words of a
    purchase without and with a file of this machine, and where they go. upload: what answers the steps of
    one; beside: the other inputs of the plan. links: where inputs stand in a body. illegal: wishes that no
    model of it, or not the one named, can fill. listed: whether a list is asked for before that is known.
    link: what answers the call for a finished file's link, where that is a call of its own.
    priced: a wish, and its price in the gateway's unit, None where nobody knows it. steps: the twin's points
    in one of the unit. slow: words that leave time to cancel it; None: this vendor cannot.
    """

    provider: Provider
    gateway: str
    vendor: Callable[[dict[str, str]], Vendor]
    plan: Plan
    built: Mapping[str, tuple[Callable[[], Request], str, Any]]
    orders: tuple[tuple[Callable[[Path], Words], str], ...]
    source: Source
    task: TaskRef
    links: Callable[[Any], list[list[Any]]]
    illegal: tuple[Words, ...]
    submitted: tuple[Response, str]
    lost: Mapping[str, Response]
    refused: Mapping[str, tuple[Response, str]]
    states: Mapping[str, tuple[Response, type]]
    strange: tuple[Response, str]
    failed: tuple[Response, str]
    priced: tuple[tuple[Words, float | None], ...]
    basis: str
    steps: int = 1
    link: Response | None = None
    upload: Response | None = None
    beside: tuple[MediaRef, ...] = ()
    listed: bool = False
    slow: Words | None = None
    order: Words = field(default=())

    @property
    def unpriced(self) -> bool:
        return any(price is None for _, price in self.priced)


# --- IMA ------------------------------------------------------------------------------------------------


def media(resource_status: int | None, status: str, **more: Any) -> Response:
    shown = {**READY, "resource_status": resource_status, "status": status, **more}
    return good({"id": "task_abc", "medias": [shown]})


IMA = Case(
    provider=IMA_PROVIDER,
    gateway="ima",
    vendor=lambda urls: Here(urls, SPEED),
    plan=plan(),
    built={
        printed.TEXT: (lambda: built(printed.TEXT_TO_IMAGE), printed.CREATE_REQUEST, printed.TEXT_TO_IMAGE),
        printed.IMAGE: (  # the sample's second copy of its one picture is not ours: see test_ima_printed
            lambda: built(printed.IMAGE_TO_IMAGE),
            printed.CREATE_REQUEST,
            changed(printed.IMAGE_TO_IMAGE, "set", f"{printed.INNER}.input_images", [printed.INPUT]),
        ),
    },
    orders=(
        (lambda folder: (), printed.CREATE_REQUEST),
        (lambda folder: ("--input-images", picture(folder)), printed.CREATE_REQUEST),
    ),
    upload=good(LINKS),
    source=JPEG,
    task=TASK,
    links=lambda body: [body["src_img_url"], body["parameters"][0]["parameters"]["input_images"]],
    illegal=(
        ("--size", printed.NO_SIZE),
        ("--resolution", "1080P"),
        ("--duration", "5"),
        ("--set", "colour=red"),
        ("--model", "Midjourney", "--aspect-ratio", "16:9"),
        ("--model", "Nano Banana Pro", "--aspect-ratio", "2:3"),
        ("--model", "Nano Banana", "--size", "720p"),
        ("--model", "no such model"),
    ),
    listed=True,
    submitted=(good(CREATED), "task_abc"),
    lost={"500": no(500), "a bare 503": answer(None, 503), "no id": good({}), "a page": answer(None)},
    refused={
        "400": (no(400), "bad_parameter"),
        "4008": (no(4008), "no_credit"),
        "401": (no(401), "key_refused"),
    },
    states={
        "nothing yet": (good({"id": "task_abc", "medias": []}), Pending),
        "pending": (media(None, "pending", url=""), Pending),
        "processing": (media(0, "processing", url=""), Pending),
        "ready without a link": (media(1, "success", url=""), Pending),
        "ready": (media(1, "success"), Done),
        "completed": (media(1, "completed"), Done),
        "failed": (media(2, "failed"), Failed),
        "failed while ready": (media(1, "failed"), Failed),
        "deleted": (media(3, ""), Failed),
    },
    strange=(media(7, "dreaming"), "dreaming"),
    failed=(media(2, "failed", error_msg="out of ideas"), "out of ideas"),
    priced=(
        ((), 5),
        (("--n", "3"), 15),
        (("--model", "Nano Banana", "--size", "512px"), 4),
        (("--model", "Nano Banana Pro", "--size", "4K"), 18),
        (("--model", "Midjourney", "--size", "720p"), 10),
    ),
    basis="live",
)

# --- imagine-future -------------------------------------------------------------------------------------


def as_printed(*names: str) -> dict[str, tuple[Callable[[], Request], str, Any]]:
    """The document's purchases, their bodies with the differences that test_imagine_future_printed.py
    accounts for."""
    return {name: (partial(_built, name), *_body(name)) for name in names}


def _built(name: str) -> Request:
    return document.bought(name)[1]


def _body(name: str) -> tuple[str, Any]:
    path, _, _, body = document.PRINTED[name]
    ours = {key: pair[0] for key, pair in document.DIFFERENCES[name].items()}
    return f"POST {path}", {key: value for key, value in {**body, **ours}.items() if value != ABSENT}


def command(urls: dict[str, str]) -> Vendor:
    return Command(urls, SPEED)


TEXT = ("--task-type", "text_to_video")
MOTION = ("--task-type", "motion_control", "--input-video", "https://example.com/dance-3s.mp4")
FACE = ("--task-type", "avatar", "--input-images", "https://example.com/face.png")
PERSON = ("--input-images", "https://example.com/person.png")
FILM = ("--task-type", "music_video", "--input-audio", "https://example.com/song-10s.mp3")
PNG = Source("image", "cat.png", mime="image/png", content=Content([b"a cat"]), sha256="ab" * 32)

VIDU_CASE = Case(
    provider=VIDU,
    gateway=GATEWAY.id,
    vendor=command,
    plan=sample("vidu", "image_to_video"),
    built=as_printed("text2video", "img2video", "start-end2video", "reference2video"),
    orders=(
        (lambda folder: (*TEXT, "--resolution", "540p", "--duration", "1"), "POST /ai/avu/text2video"),
        (
            lambda folder: (
                *("--task-type", "image_to_video", "--resolution", "540p", "--duration", "1"),
                *("--input-images", picture(folder)),
            ),
            "POST /ai/avu/img2video",
        ),
    ),
    source=PNG,
    task=vidu.TASK,
    links=lambda body: [body["images"]],
    illegal=(
        (*TEXT, "--duration", "17"),
        (*TEXT, "--resolution", "4K"),
        (*TEXT, "--aspect-ratio", "21:9"),
        (*TEXT, "--n", "2"),
        (*TEXT, "--set", "colour=red"),
        (*TEXT, "--set", "bgm=true"),
        (*TEXT, "--model", "viduq2", "--duration", "11"),
        (*TEXT, "--model", "viduq2", "--duration", "9", "--set", "bgm=true"),
        (*TEXT, "--model", "viduq1", "--resolution", "720p"),
        (*TEXT, "--model", "viduq1", "--aspect-ratio", "4:3"),
        (*TEXT, *PERSON),
        ("--task-type", "template_to_video", *PERSON, "--model", "some-template-model"),
        ("--task-type", "reference_to_image", *PERSON),
    ),
    submitted=(answer({"task_id": vidu.TASK.task_id, "state": "created", "credits": 20}), vidu.TASK.task_id),
    lost={
        "500": vidu.no("InternalServiceFailure", 500),
        "a bare 429": answer(None, 429),
        "no id": answer({}),
        "a page": answer(None),
    },
    refused={
        "FieldInvalid": (vidu.no("FieldInvalid", 400), "bad_parameter"),
        "CreditInsufficient": (vidu.no("CreditInsufficient", 400), "no_credit"),
        "Unauthorized": (vidu.no("Unauthorized", 401), "key_refused"),
        "TooManyRequests": (vidu.no("TooManyRequests", 429), "rate_limited"),
    },
    states={
        "created": (answer({"state": "created"}), Pending),
        "queueing": (answer({"state": "queueing"}), Pending),
        "processing": (answer({"state": "processing"}), Pending),
        "success without a link": (answer({**vidu.READY, "creations": []}), Pending),
        "success": (answer(vidu.READY), Done),
        "failed": (answer({"state": "failed"}), Failed),
    },
    strange=(answer({**vidu.READY, "state": "dreaming"}), "dreaming"),
    failed=(answer({"state": "failed", "err_code": "OutOfIdeas"}), "OutOfIdeas"),
    priced=(
        (TEXT, 20),
        ((*TEXT, "--resolution", "540p", "--duration", "5", "--model", "viduq3-pro"), 20),
        ((*TEXT, "--model", "viduq2", "--resolution", "1080p", "--duration", "8"), 64),
        ((*TEXT, "--model", "viduq1"), 40),
    ),
    basis="table of 2026-05-08",
    slow=(*TEXT, "--set", "off_peak=true"),
    order=(*TEXT, "--resolution", "540p", "--duration", "1"),
)
KLING_CASE = Case(
    provider=KLING,
    gateway=GATEWAY.id,
    vendor=command,
    plan=kling.PLAN,
    built=as_printed("motion-control", "avatar"),
    orders=(
        (lambda folder: (*FACE, "--set", "text=Hello"), "POST /ai/kling/v1/videos/avatar/image2video"),
        (
            lambda folder: (*MOTION, "--input-images", picture(folder)),
            "POST /ai/kling/v1/videos/motion-control",
        ),
    ),
    source=PNG,
    beside=(MediaRef("video", "https://example.com/dance.mp4"),),
    task=kling.TASK,
    links=lambda body: [[body.get("image_url", body.get("image"))]],
    illegal=(
        (*MOTION, *PERSON, "--resolution", "1080p"),
        (*MOTION, *PERSON, "--duration", "5"),
        (*MOTION, *PERSON, "--set", "mode=fast"),
        (*MOTION, *PERSON, "--set", "character_orientation=both"),
        (*MOTION, *PERSON, "--n", "2"),
        MOTION,
        FACE,
        (*FACE, "--set", "text=Hello", "--input-audio", "https://example.com/voice-5s.mp3"),
        (*FACE, "--set", "text=Hello", "--model", "no such model"),
    ),
    submitted=(answer({"code": 0, "data": {"task_id": kling.ID}}), kling.ID),
    lost={
        "5000": kling.no(5000, 500),
        "a bare 429": answer(None, 429),
        "our id is taken": kling.no(1201, 400, kling.TAKEN),
        "no id": kling.good(),
        "a page": answer(None),
    },
    refused={
        "1201": (kling.no(1201, 400), "bad_parameter"),
        "1102": (kling.no(1102, 429), "no_credit"),
        "1304": (kling.no(1304, 429), "key_refused"),
        "1303": (kling.no(1303, 429), "rate_limited"),
    },
    states={
        "submitted": (kling.shown("submitted"), Pending),
        "processing": (kling.shown("processing", task_result=None), Pending),
        "succeed without a link": (kling.shown("succeed"), Pending),
        "succeed": (kling.shown("succeed", task_result={"videos": [{"url": kling.LINK}]}), Done),
        "succeeded": (kling.shown("succeeded", task_result={"videos": [{"url": kling.LINK}]}), Done),
        "failed": (kling.shown("failed"), Failed),
    },
    strange=(kling.shown("dreaming", task_result={"videos": [{"url": kling.LINK}]}), "dreaming"),
    failed=(kling.shown("failed", task_status_msg="out of ideas"), "out of ideas"),
    priced=(
        ((*MOTION, *PERSON), None),
        ((*FACE, "--set", "text=Hello", "--set", "mode=pro"), None),
    ),
    basis="unknown",
    order=(*MOTION, *PERSON),
)
MV_CASE = Case(
    provider=MV,
    gateway=GATEWAY.id,
    vendor=command,
    plan=mv.PLAN,
    built=as_printed("mv", "mv edit", "mv compose"),
    orders=(
        (lambda folder: (*FILM, *PERSON, "--resolution", "540p"), "POST /ai/avu/one-click/mv"),
        (
            lambda folder: (*FILM, "--input-images", picture(folder), "--resolution", "540p"),
            "POST /ai/avu/one-click/mv",
        ),
    ),
    source=PNG,
    beside=(MediaRef("audio", "https://example.com/song.mp3"),),
    task=mv.TASK,
    links=lambda body: [body["images"]],
    illegal=(
        (*FILM, *PERSON, "--resolution", "4K"),
        (*FILM, *PERSON, "--aspect-ratio", "21:9"),
        (*FILM, *PERSON, "--duration", "15"),
        (*FILM, *PERSON, "--n", "2"),
        (*FILM, *PERSON, "--set", "language=fr"),
        (*FILM, *PERSON, "--set", "lip_sync=true", "--resolution", "540p"),
        FILM,
        ("--task-type", "music_video", *PERSON),
        ("--task-type", "music_video_compose"),
    ),
    submitted=(answer({"id": mv.FILM}), mv.FILM),
    lost={
        "500": vidu.no("InternalServiceFailure", 500),
        "a bare 429": answer(None, 429),
        "no id": answer({}),
        "a page": answer(None),
    },
    refused={
        "FieldInvalid": (vidu.no("FieldInvalid", 400), "bad_parameter"),
        "CreditInsufficient": (vidu.no("CreditInsufficient", 400), "no_credit"),
        "Unauthorized": (vidu.no("Unauthorized", 401), "key_refused"),
        "QuotaExceeded": (vidu.no("QuotaExceeded", 429), "rate_limited"),
    },
    states={
        "created": (mv.film("created"), Pending),
        "shots under way": (mv.film("processing", mv.record(0, mv.MAKING)), Pending),
        "success without a link": (mv.film("success", mv.record(0, mv.GOOD)), Pending),
        "success": (mv.film("success", mv.record(0, mv.GOOD), signed_url=mv.LINK), Done),
        "a shot is lost": (mv.film("failed", mv.record(0, mv.GOOD), mv.record(1, mv.BAD)), Done),
        "failed": (mv.film("failed"), Failed),
    },
    strange=(mv.film("dreaming", signed_url=mv.LINK), "dreaming"),
    failed=(mv.film("failed", err_msg="out of ideas"), "out of ideas"),
    priced=(
        ((*FILM, *PERSON, "--resolution", "540p"), None),
        ((*FILM, *PERSON, "--resolution", "540p", "--aspect-ratio", "1:1"), None),
    ),
    basis="unknown",
    order=(*FILM, *PERSON, "--resolution", "540p"),
)

# --- 302.AI and gpt.ge: MiniMax Hailuo ------------------------------------------------------------------

HAILUO = "106916112212032"
SUCCESS = hailuo_printed.SUCCESS
FILE_LINK = answer(hailuo_printed.RETRIEVED)
PICTURES = ("first_frame_image", "last_frame_image", "last_frame_images")


def of_hailuo(gateway: str, body: dict[str, Any]) -> tuple[Callable[[], Request], str, Any]:
    """A printed purchase, asked for in the command's words."""
    images = tuple(body[name] for name in PICTURES if name in body)
    ours = {"callback": "callback_url"}
    given = {name: value for name, value in body.items() if name not in {"model", "prompt", *PICTURES}}
    options = {ours.get(name, name): value for name, value in given.items()}
    mode = {count: mode for mode, count in hailuo.MODES.items()}[len(images)]
    about = {"images": images, "prompt": body["prompt"], **options}
    path = {"302ai": "/minimaxi/v1/video_generation", "gptge": "/task/minimax/v1/video_generation"}[gateway]
    return lambda: hailuo.request(hailuo.planned(gateway, mode, body["model"], **about)), f"POST {path}", body


def base(code: int, words: str = "no", **more: Any) -> Response:
    return answer({**more, "base_resp": {"status_code": code, "status_msg": words}})


def wrapped(**data: Any) -> Response:
    """gpt.ge's own envelope."""
    return answer({"code": 0, "message": "success", "data": data})


def at_gateway(gateway: str) -> Callable[[dict[str, str]], Vendor]:
    return lambda urls: Here(urls, SPEED, gateway)


AT_302, AT_GPTGE = (("--gateway", gateway, "--task-type") for gateway in ("302ai", "gptge"))
TEXT_302, TEXT_GPTGE = (*AT_302, "text_to_video"), (*AT_GPTGE, "text_to_video")
IMAGE_302, IMAGE_GPTGE = (*AT_302, "image_to_video"), (*AT_GPTGE, "image_to_video")
FRAMES_GPTGE = (*AT_GPTGE, "first_last_frame_to_video")

AI302_CASE = Case(
    provider=hailuo.PROVIDERS["302ai"],
    gateway="302ai",
    vendor=at_gateway("302ai"),
    plan=hailuo.planned("302ai", "image_to_video"),
    built={
        "video": of_hailuo("302ai", hailuo_printed.VIDEO_REQUEST),
        "camera": of_hailuo("302ai", hailuo_printed.CAMERA_REQUEST),
    },
    orders=(
        (lambda folder: TEXT_302, "POST /v1/video_generation"),
        (lambda folder: (*IMAGE_302, "--input-images", picture(folder)), "POST /v1/video_generation"),
    ),
    source=PNG,
    task=TaskRef("302ai", HAILUO, NOW),
    links=lambda body: [[body["first_frame_image"]]],
    illegal=(
        (*TEXT_302, "--duration", "10", "--resolution", "1080P"),
        (*TEXT_302, "--resolution", "512P"),
        (*TEXT_302, "--resolution", "720P"),
        (*TEXT_302, "--duration", "5"),
        (*TEXT_302, "--n", "2"),
        (*TEXT_302, "--set", "fast_pretreatment=true"),
        (*TEXT_302, "--model", "MiniMax-Hailuo-2.3"),
        (*TEXT_302, "--model", "T2V-01-Director"),
        (*TEXT_302, *PERSON),
        IMAGE_302,
        (*IMAGE_302, *PERSON, "--resolution", "512P", "--set", "frame=last"),
        (*IMAGE_302, *PERSON, "--model", "I2V-01", "--duration", "10"),
        (*IMAGE_302, *PERSON, "--model", "I2V-01-live", "--camera", "push in"),
    ),
    submitted=(answer(hailuo_printed.CREATED), HAILUO),
    lost={
        "1000": base(1000),
        "1013": base(1013),
        "1033": base(1033),
        "a code that no list has": base(1099),
        "a refusal of a broken server": answer(base(1008).payload, 500),
        "a bare 429": answer(None, 429),
        "an error that names a task": base(1008, task_id=HAILUO),
        "no id": base(0, "success"),
        "a page": answer(None),
    },
    refused={
        "1002": (base(1002), "rate_limited"),
        "1004": (base(1004), "key_mismatch"),
        "1008": (base(1008), "no_credit"),
        "2013": (base(2013), "bad_parameter"),
    },
    states={
        "Preparing": (answer({**hailuo_printed.PENDING, "status": "Preparing"}), Pending),
        "Queueing": (answer({**hailuo_printed.PENDING, "status": "Queueing"}), Pending),
        "Processing": (answer(hailuo_printed.PENDING), Pending),
        "Success without a file": (answer({**SUCCESS, "file_id": ""}), Pending),
        "Success": (answer(SUCCESS), Done),
        "Success, its file a number": (answer({**SUCCESS, "file_id": 176844028768320}), Done),
        "Fail": (answer({**hailuo_printed.PENDING, "status": "Fail"}), Failed),
        "1026": (base(1026), Failed),
    },
    strange=(answer({**SUCCESS, "status": "Dreaming"}), "dreaming"),
    failed=(base(1000, "out of ideas", status="Fail"), "out of ideas"),
    link=FILE_LINK,
    priced=(
        (TEXT_302, 0.5),
        ((*IMAGE_302, *PERSON, "--model", "I2V-01"), 0.5),
        ((*TEXT_302, "--resolution", "1080P"), 0.5),
        ((*IMAGE_302, *PERSON, "--duration", "10"), 0.5),
    ),
    basis="table of 2026-05-08, list price",
    steps=100,
    order=TEXT_302,
)
GPTGE_CASE = Case(
    provider=hailuo.PROVIDERS["gptge"],
    gateway="gptge",
    vendor=at_gateway("gptge"),
    plan=hailuo.planned("gptge", "image_to_video"),
    built={
        "printed": of_hailuo("gptge", hailuo_printed.GPTGE_REQUEST),
        "every field": of_hailuo("gptge", hailuo_printed.GPTGE_EVERY_FIELD),
    },
    orders=(
        (lambda folder: TEXT_GPTGE, "POST /task/minimax/v1/video_generation"),
        (
            lambda folder: (*IMAGE_GPTGE, "--model", "I2V-01", "--input-images", picture(folder)),
            "POST /task/minimax/v1/video_generation",
        ),
    ),
    source=PNG,
    task=TaskRef("gptge", HAILUO, NOW),
    links=lambda body: [[body["first_frame_image"]]],
    illegal=(
        (*TEXT_GPTGE, "--duration", "10", "--resolution", "1080P"),
        (*TEXT_GPTGE, "--resolution", "512P"),
        (*TEXT_GPTGE, "--model", "MiniMax-Hailuo-2.3", "--resolution", "720P"),
        (*TEXT_GPTGE, "--model", "MiniMax-Hailuo-2.3-Fast"),
        (*TEXT_GPTGE, "--model", "T2V-01", "--duration", "10"),
        (*TEXT_GPTGE, "--model", "T2V-01", "--resolution", "768P"),
        (*TEXT_GPTGE, "--model", "T2V-01", "--set", "fast_pretreatment=true"),
        (*TEXT_GPTGE, "--model", "T2V-01", "--camera", "push in"),
        (*TEXT_GPTGE, "--n", "2"),
        (*IMAGE_GPTGE, *PERSON, "--model", "MiniMax-Hailuo-2.3", "--resolution", "512P"),
        (*IMAGE_GPTGE, *PERSON, "--model", "I2V-01", "--resolution", "1080P"),
        (*IMAGE_GPTGE, *PERSON, "--set", "frame=last"),
        (*FRAMES_GPTGE, *PERSON, "https://example.com/end.png", "--resolution", "512P"),
        (*FRAMES_GPTGE, *PERSON, "https://example.com/end.png", "--model", "MiniMax-Hailuo-2.3"),
    ),
    submitted=(answer(hailuo_printed.CREATED), HAILUO),
    lost={
        "1001": base(1001),
        "1024": base(1024),
        "a code that no list has": base(1099),
        "an error of the gateway's": answer({"error": {"message": "upstream", "code": "no"}}, 500),
        "a bare 429": answer(None, 429),
        "an error that names a task": base(1008, task_id=HAILUO),
        "no id": base(0, "success"),
        "a page": answer(None),
    },
    refused={
        "401": (answer({"error": {"message": "invalid token", "code": "no"}}, 401), "key_refused"),
        "1026": (base(1026), "content_refused"),
        "2045": (base(2045), "rate_limited"),
        "2056": (base(2056), "quota_used"),
        "2061": (base(2061), "plan_needed"),
    },
    states={
        "Processing": (answer(hailuo_printed.PENDING), Pending),
        "Queueing in its own envelope": (wrapped(status="Queueing"), Pending),
        "Success without a file": (wrapped(status="Success"), Pending),
        "Success": (answer(SUCCESS), Done),
        "Success with a link": (
            wrapped(status="Success", video_url="https://your-host.com/output.mp4"),
            Done,
        ),
        "Success as text": (wrapped(status="Success", resp_data=json.dumps(SUCCESS)), Done),
        "Failed in its own envelope": (wrapped(status="Failed"), Failed),
        "1027": (base(1027), Failed),
    },
    strange=(wrapped(status="Dreaming"), "dreaming"),
    failed=(wrapped(status="fail", base_resp={"status_code": 1000, "status_msg": "why"}), "why"),
    link=FILE_LINK,
    priced=(
        (TEXT_GPTGE, None),
        ((*IMAGE_GPTGE, *PERSON, "--model", "I2V-01"), None),
        ((*TEXT_GPTGE, "--model", "MiniMax-Hailuo-2.3", "--resolution", "1080P"), None),
    ),
    basis="unknown",
    order=TEXT_GPTGE,
)

CASES = {
    "ima": IMA,
    "vidu": VIDU_CASE,
    "kling": KLING_CASE,
    "mv": MV_CASE,
    "302ai": AI302_CASE,
    "gptge": GPTGE_CASE,
}
