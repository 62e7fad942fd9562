"""Hailuo at 302.AI and gpt.ge against the two documents and the contract's A1, A3 and A4: the printed
requests are built, the printed answers are read to what they show; where we differ the reason stands in
DIFFERENCES."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from hailuo_plans import AI302, FRAMES, GATEWAYS, GPTGE, IMAGE, PROVIDERS, TEXT, planned, request
from imagine_future import NOW, answer, differing
from parts import door, line, says
from sandbox import Sandbox
from studio import catalogue
from studio.contract import KEY, Done, Failed, Pending, Ready
from studio.errors import NetworkError, UnknownOutcome
from studio.providers import hailuo
from studio.types import Output, Plan, TaskRef
from support import KEY as OURS
from twins.hailuo_vendor import Shop
from twins.ima_vendor import Clock

BASE = {AI302: "https://api.302.ai/minimaxi", GPTGE: "https://api.gpt.ge"}  # A3; the document of gpt.ge
CREATE = {AI302: "/v1/video_generation", GPTGE: "/task/minimax/v1/video_generation"}
QUERY = {AI302: "/v1/query/video_generation?task_id={}", GPTGE: "/task/{}"}
RETRIEVE = {AI302: "/v1/files/retrieve?file_id={}", GPTGE: "/task/minimax/v1/files/retrieve?file_id={}"}

HORSE = "https://p2.a.kwimgs.com/bs2/upload-ylab-stunt/ai_portal/1731125871/6N0QrAnAeU/409-f054fa25c21a.png"
CURL = """{
    "model": "MiniMax-Hailuo-02",
    "prompt": "A girl climbs onto the horse [右移], then pulls the horse's head and turns, galloping away [拉远].",
    "duration": 10,
    "resolution": "768P",
    "first_frame_image": "https://p2.a.kwimgs.com/bs2/upload-ylab-stunt/ai_portal/1731125871/6N0QrAnAeU/409-f054fa25c21a.png"
}"""  # noqa: E501 - as it is printed
END = "https://example.com/end.jpg"
ADDRESS = "https://example.com/told"
PRINTED: dict[str, tuple[str, str, Mapping[str, Any]]] = {
    "gpt.ge's example": (GPTGE, IMAGE, json.loads(CURL)),
    # Of what follows no example is printed: the bodies have every field of the lists.
    "gpt.ge, every field": (
        GPTGE,
        IMAGE,
        {
            "model": "MiniMax-Hailuo-2.3",
            "prompt": "A girl climbs onto the horse.",
            "prompt_optimizer": True,
            "fast_pretreatment": False,
            "duration": 6,
            "resolution": "768P",
            "callback_url": ADDRESS,
            "first_frame_image": HORSE,
        },
    ),
    "gpt.ge, another model": (  # "Other models": 6 and 720P, both fields "required"
        GPTGE,
        IMAGE,
        {
            "model": "I2V-01-Director",
            "prompt": "[左摇,上升]",
            "duration": 6,
            "resolution": "720P",
            "first_frame_image": HORSE,
        },
    ),
    "gpt.ge, two frames": (  # A1: the vendor's singular name
        GPTGE,
        FRAMES,
        {
            "model": "MiniMax-Hailuo-02",
            "prompt": "A girl climbs onto the horse.",
            "duration": 6,
            "resolution": "1080P",
            "first_frame_image": HORSE,
            "last_frame_image": END,
        },
    ),
    "302.AI, every field": (
        AI302,
        FRAMES,
        {
            "model": "MiniMax-Hailuo-02",
            "prompt": "A girl climbs onto the horse.",
            "prompt_optimizer": True,
            "duration": 6,
            "resolution": "768P",
            "first_frame_image": HORSE,
            "last_frame_images": END,
            "callback": ADDRESS,
        },
    ),
    "302.AI, no words": (  # "the prompt can be set as an empty string"
        AI302,
        IMAGE,
        {
            "model": "MiniMax-Hailuo-02",
            "prompt": "",
            "duration": 10,
            "resolution": "512P",
            "first_frame_image": HORSE,
        },
    ),
    "302.AI, words alone": (  # "for resolutions of 768P or 1080P, the first frame image is optional"
        AI302,
        TEXT,
        {"model": "MiniMax-Hailuo-02", "prompt": "A girl.", "duration": 6, "resolution": "1080P"},
    ),
    "302.AI, camera control": (
        AI302,
        IMAGE,
        {
            "model": "I2V-01",
            "prompt": "A girl climbs onto the horse.",
            "prompt_optimizer": False,
            "first_frame_image": HORSE,
        },
    ),
    "302.AI, camera control, live": (
        AI302,
        IMAGE,
        {"model": "I2V-01-live", "prompt": "", "first_frame_image": HORSE},
    ),
    "302.AI, camera control, Director": (  # A5.1: its fuller page lists it
        AI302,
        IMAGE,
        {"model": "I2V-01-Director", "prompt": "[推进]", "first_frame_image": HORSE},
    ),
}
DIFFERENCES: dict[str, dict[str, tuple[Any, Any]]] = {name: {} for name in PRINTED}
"""None: whatever the documents list is sent as it is asked for, under the name that they have."""
PICTURES = ("first_frame_image", "last_frame_image", "last_frame_images")
OURS_NAME = {"callback": "callback_url"}

OK = {"status_code": 0, "status_msg": "success"}
CREATED = {"task_id": "106916112212032", "base_resp": OK}
TASK = "106916112212032"
QUERIED: dict[str, Any] = {  # A4's sample
    "status": "Success",
    "file_id": "205258526306433",
    "task_id": TASK,
    "base_resp": OK,
    "video_width": 768,
    "video_height": 1152,
}
LINK = "https://video-product.cdn.minimax.io/inference_output/video/output.mp4"
RETRIEVED = {  # A1; the id is a number here, and `bytes` is 0 in samples
    "file": {
        "file_id": 205258526306433,
        "bytes": 0,
        "created_at": 1700469398,
        "filename": "output.mp4",
        "purpose": "video_generation",
        "download_url": LINK,
    },
    "base_resp": OK,
}
ENVELOPE = {  # A4's second one, with every field it lists
    "code": "success",
    "message": "",
    "request_id": "r",
    "time_elapsed": 92,
    "data": {
        "status": "Success",
        "resp_data": json.dumps(QUERIED),
        "video_url": "",
        "image_urls": [],
        "binary_data_base64": [],
    },
}
DONE = Done((Output("video", LINK, 768, 1152, expires_at=NOW + 3600),))


def bought(name: str) -> Plan:
    """What the command makes of the inputs of a printed request."""
    gateway, mode, body = PRINTED[name]
    options = {
        OURS_NAME.get(key, key): value
        for key, value in body.items()
        if key not in {"model", "prompt", *PICTURES}
    }
    images = tuple(body[key] for key in PICTURES if key in body)
    words = body["prompt"] or None
    return planned(gateway, mode, body["model"], images=images, prompt=words, **options)


def task(gateway: str) -> TaskRef:
    return TaskRef(gateway, TASK, NOW)


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_request_is_built_but_for_the_listed_differences(name: str) -> None:
    gateway, _, body = PRINTED[name]

    made = request(bought(name))

    assert (made.method, made.url, dict(made.query)) == ("POST", BASE[gateway] + CREATE[gateway], {})
    assert dict(made.headers) == {"Authorization": f"Bearer {KEY}"}
    assert made.json is not None
    assert differing(made.json, body) == DIFFERENCES[name]
    assert (made.safe, made.body) == (False, None)


def test_the_printed_example_is_built_from_camera_words_too() -> None:
    gateway, mode, body = PRINTED["gpt.ge's example"]
    prompt = body["prompt"].replace("[右移]", "{camera}").replace("[拉远]", "{camera}")
    assert prompt.count("{camera}") == 2

    options = {"camera": "右移，然后拉远", "duration": 10, "resolution": "768P"}
    plan = planned(gateway, mode, body["model"], images=(HORSE,), prompt=prompt, **options)

    assert request(plan).json == body


def test_the_printed_combination_is_one_bracket() -> None:
    """[左摇,上升]: "multiple directives inside one pair of [] are applied simultaneously"."""
    plan = planned(GPTGE, TEXT, "MiniMax-Hailuo-02", prompt="a lighthouse", camera="左摇、上升")

    assert plan.prompt == "a lighthouse [左摇,上升]"


@pytest.fixture(scope="module")
def twins() -> Iterator[tuple[Sandbox, Clock]]:
    clock = Clock()
    with Sandbox(clock=clock) as box:
        yield box, clock


@pytest.mark.parametrize("name", PRINTED)
def test_what_we_build_for_it_is_taken_by_the_twin(name: str, twins: tuple[Sandbox, Clock]) -> None:
    gateway, *_ = PRINTED[name]
    box, clock = twins
    shop, provider = Shop(box, gateway), PROVIDERS[gateway]

    created = shop.create(request(bought(name)).json)

    taken = provider.parse_submit(bought(name), answer(created.json(), created.status_code)).task
    clock.now += 35  # it is known from half a minute on
    asked = shop.get(provider.poll_request(taken, "en").url.removeprefix(BASE[gateway]))
    assert isinstance(
        provider.parse_poll(taken, answer(asked.json(), asked.status_code)), (Pending, Ready, Done)
    )


@pytest.mark.parametrize("gateway", BASE)
def test_the_headers_on_the_wire_are_the_printed_ones(gateway: str) -> None:
    name = next(name for name, (where, *_) in PRINTED.items() if where == gateway)
    with line(says(200, b"{}")) as server:
        here = replace(GATEWAYS[gateway], urls={"api": server.url})
        provider = hailuo.Provider({gateway: here}, catalogue.vendor("hailuo").raw, lambda: NOW)
        plan, out = bought(name), door(here)
        paid_for = provider.submit_request(
            plan, tuple(provider.upload(one, lambda _: answer(None)) for one in plan.inputs), ""
        )
        out.pay(paid_for)
        out.ask(provider.poll_request(task(gateway), "en"))
        out.ask(provider.file_request(task(gateway), Ready("1")))
        paid, asked, fetched = server.got

    assert paid.headers["content-type"] == "application/json"
    assert {one.headers["authorization"] for one in (paid, asked, fetched)} == {f"Bearer {OURS}"}
    assert paid.line == f"POST {CREATE[gateway]} HTTP/1.1"
    assert asked.line == f"GET {QUERY[gateway].format(TASK)} HTTP/1.1"
    assert fetched.line == f"GET {RETRIEVE[gateway].format(1)} HTTP/1.1"
    assert json.loads(paid.body) == PRINTED[name][2]
    assert asked.body == fetched.body == b""


@pytest.mark.parametrize("gateway", BASE)
def test_a_task_and_its_file_are_asked_for_as_printed(gateway: str) -> None:
    provider = PROVIDERS[gateway]
    for made, path in (
        (provider.poll_request(task(gateway), "en"), QUERY[gateway].format(TASK)),
        (
            provider.file_request(task(gateway), Ready("205258526306433")),
            RETRIEVE[gateway].format("205258526306433"),
        ),
    ):
        assert (made.method, made.url, dict(made.query)) == ("GET", BASE[gateway] + path, {})
        assert dict(made.headers) == {"Authorization": f"Bearer {KEY}"}
        assert (made.safe, made.json, made.body) == (True, None, None)


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_answer_to_a_create_is_read_to_what_it_shows(name: str) -> None:
    gateway, *_ = PRINTED[name]
    made = PROVIDERS[gateway].parse_submit(bought(name), answer(CREATED))

    assert (made.task, made.charged, made.deadline) == (task(gateway), None, None)


@pytest.mark.parametrize("gateway", BASE)
@pytest.mark.parametrize("envelope", [QUERIED, ENVELOPE], ids=["flat", "wrapped"])
def test_the_printed_answers_to_a_query_and_for_the_file_come_to_the_film(
    gateway: str, envelope: dict[str, Any]
) -> None:
    provider = PROVIDERS[gateway]

    ready = provider.parse_poll(task(gateway), answer(envelope))

    assert ready == Ready("205258526306433", 768, 1152)
    assert isinstance(ready, Ready)
    assert provider.parse_file(task(gateway), ready, answer(RETRIEVED)) == DONE


@pytest.mark.parametrize("gateway", BASE)
def test_every_printed_state_is_read(gateway: str) -> None:
    """A1's five, and the lower-case ones that the document prints for the callback. `base_resp` 0 beside
    `Fail` is about the asking: it is no reason."""
    ends = {
        "Preparing": Pending("preparing"),
        "Queueing": Pending("queueing"),
        "Processing": Pending("processing"),
        "Fail": Failed("failed", "The generation failed."),
        "processing": Pending("processing"),
        "failed": Failed("failed", "The generation failed."),
    }
    for word, end in ends.items():
        shown: dict[str, Any] = {"task_id": TASK, "status": word, "base_resp": OK}
        read = PROVIDERS[gateway].parse_poll(task(gateway), answer(shown))
        assert read == end, word
    shown = {**QUERIED, "status": "success"}
    assert PROVIDERS[gateway].parse_poll(task(gateway), answer(shown)) == Ready("205258526306433", 768, 1152)


def test_the_answer_that_302ai_prints_for_a_file_by_mistake_is_no_end() -> None:
    """A3: its page shows the create's answer; then it is asked again."""
    with pytest.raises(NetworkError) as no:
        PROVIDERS[AI302].parse_file(task(AI302), Ready("1"), answer(CREATED))

    assert (no.value.kind, no.value.charged) == ("bad_answer", "no")
    with pytest.raises(UnknownOutcome):
        PROVIDERS[AI302].parse_submit(bought("302.AI, no words"), answer(RETRIEVED))
