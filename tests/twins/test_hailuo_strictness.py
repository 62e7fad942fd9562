"""Hailuo at 302.AI and gpt.ge: what is refused, and how each of the two says no."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from twins.hailuo_printed import CAMERA_REQUEST, GPTGE_EVERY_FIELD, GPTGE_REQUEST, VIDEO_REQUEST
from twins.hailuo_vendor import DOORS, Shop, refusal
from twins.ima_vendor import Clock
from twins.imagine_future_vendor import bare, inline, png

LINK = "https://your-host.com/a.png"
MOST = 20 * 1024 * 1024  # bytes of a picture, which are too many already
UNSEEN = "\u200b"
VIDEO, CAMERA, GPTGE = "video", "camera", "gptge"
REQUESTS = {
    VIDEO: ("302ai", VIDEO_REQUEST),
    CAMERA: ("302ai", CAMERA_REQUEST),
    GPTGE: ("gptge", GPTGE_EVERY_FIELD),
}
PICTURES: list[Any] = [
    *(
        "",
        7,
        None,
        [],
        "a.png",
        "http://your-host.com/a.png",
        "https://localhost/a.png",
        "https://10.0.0.1/a",
    ),
    *("https://your-host.com/a.gif", "https://your-host.com/a.mp4", "https://your-host.com/a b.png"),
    *(bare(png()), inline(b"no picture"), inline(png(format="GIF"), "image/gif"), "data:image/png;base64,"),
    *(inline(png(format="JPEG")), inline(png(), "image/jpeg"), inline(png(), "image/webp")),
    *(inline(png(300, 400)), inline(png(400, 300)), inline(png(753, 301)), inline(png(301, 753))),
]
WEBP = ["https://your-host.com/a.webp", inline(png(format="WEBP"), "image/webp")]
CALLBACKS = ["", 7, None, "your-host.com", "http://your-host.com/callback", "https://", "https:///callback"]
BOOLEANS = ["true", 1, 0, None, "False"]
PROMPTS = ["x" * 2001, 7, None, ["fog"]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture(params=DOORS)
def shop(sandbox: Sandbox, request: pytest.FixtureRequest) -> Shop:
    return Shop(sandbox, request.param)


def check_refused(shop: Shop, body: Any, code: int | str = 2013) -> None:
    before = shop.stats()

    answer = shop.create(body)

    assert refusal(answer) == code, f"{str(body)[:300]}: {answer.text}"
    if isinstance(code, int):
        assert set(answer.json()) == {"task_id", "base_resp"}
        assert answer.json()["task_id"] == ""
        assert len(answer.json()["base_resp"]["status_msg"]) > 5
    after = shop.stats()
    assert (after["accepted"], after["points_charged"]) == (before["accepted"], before["points_charged"])
    assert after["refused"][str(code)] == before["refused"].get(str(code), 0) + 1


@pytest.mark.parametrize(
    ("operation", "field", "values"),
    [
        (VIDEO, "prompt", PROMPTS),
        (VIDEO, "prompt_optimizer", BOOLEANS),
        (VIDEO, "duration", ["6", "10", 5, 7, 6.5, True, None, [6]]),
        (VIDEO, "resolution", ["768p", "1080p", "768", 768, "720P", "4K", "", None]),
        (VIDEO, "first_frame_image", PICTURES + WEBP),
        (VIDEO, "last_frame_images", [*PICTURES, *WEBP, [LINK]]),
        (VIDEO, "last_frame_image", [LINK]),
        (VIDEO, "callback", CALLBACKS),
        (VIDEO, "callback_url", ["https://your-host.com/callback"]),
        (VIDEO, "fast_pretreatment", [False, True]),
        (VIDEO, "aigc_watermark", [False]),
        (VIDEO, "subject_reference", [[{"type": "character", "image": [LINK]}]]),
        (CAMERA, "prompt", PROMPTS),
        (CAMERA, "prompt_optimizer", BOOLEANS),
        (CAMERA, "first_frame_image", PICTURES + WEBP),
        (CAMERA, "duration", [6]),
        (CAMERA, "resolution", ["720P"]),
        (CAMERA, "callback", ["https://your-host.com/callback"]),
        (CAMERA, "last_frame_images", [LINK]),
        (GPTGE, "prompt", PROMPTS),
        (GPTGE, "prompt_optimizer", BOOLEANS),
        (GPTGE, "fast_pretreatment", BOOLEANS),
        (GPTGE, "duration", ["6", "10", 5, 7, 6.5, True, None]),
        (GPTGE, "resolution", ["768p", "768", 768, "720P", "", None]),
        (GPTGE, "first_frame_image", PICTURES),
        (GPTGE, "last_frame_image", PICTURES),
        (GPTGE, "last_frame_images", [LINK]),
        (GPTGE, "callback_url", CALLBACKS),
        (GPTGE, "callback", ["https://your-host.com/callback"]),
        (GPTGE, "aigc_watermark", [False]),
    ],
)
def test_a_wrong_field_is_2013(sandbox: Sandbox, operation: str, field: str, values: list[Any]) -> None:
    gateway, body = REQUESTS[operation]
    shop = Shop(sandbox, gateway)
    for value in values:
        check_refused(shop, {**body, field: value})


@pytest.mark.parametrize("model", ["S2V-01", "minimax-hailuo-02", "MiniMax-Hailuo-03", "", 7, None, []])
def test_a_model_that_is_not_served_is_a_parameter_error_here_and_not_recognised_there(
    shop: Shop, model: Any
) -> None:
    code = "model_not_found" if shop.name == "gptge" else 2013

    check_refused(shop, {**shop.door.plain, "model": model}, code)


def test_302ai_serves_only_the_models_of_its_pages(sandbox: Sandbox) -> None:
    shop = Shop(sandbox, "302ai")
    for model in ("MiniMax-Hailuo-2.3", "MiniMax-Hailuo-2.3-Fast", "T2V-01", "T2V-01-Director"):
        check_refused(shop, shop.plain(model=model))


@pytest.mark.parametrize("field", ["model", "duration", "resolution"])
def test_gptge_does_not_recognise_the_model_of_a_request_that_lacks_a_field(
    sandbox: Sandbox, field: str
) -> None:
    shop = Shop(sandbox, "gptge")
    body = {name: value for name, value in GPTGE_REQUEST.items() if name != field}

    check_refused(shop, body, "model_not_found")
    answer = shop.create(body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "not recognised" in answer.json()["error"]["message"]


@pytest.mark.parametrize("model", ["MiniMax-Hailuo-2.3-Fast", "I2V-01", "I2V-01-live", "I2V-01-Director"])
def test_so_does_it_for_a_model_that_needs_a_picture(sandbox: Sandbox, model: str) -> None:
    shop = Shop(sandbox, "gptge")
    size = "768P" if "Hailuo" in model else "720P"

    check_refused(shop, shop.plain(model=model, resolution=size), "model_not_found")
    shop.bought(shop.plain(model=model, resolution=size, first_frame_image=LINK))


@pytest.mark.parametrize("prompt", [None, "", "  \n"])
def test_a_film_without_a_picture_needs_words_and_one_with_a_picture_does_not(
    shop: Shop, prompt: str | None
) -> None:
    check_refused(shop, shop.plain(prompt=prompt))

    shop.bought(shop.plain(prompt=prompt, first_frame_image=LINK))


def test_two_thousand_characters_are_a_prompt(shop: Shop) -> None:
    shop.bought(shop.plain(prompt="海" * 2000))
    check_refused(shop, shop.plain(prompt="海" * 2001))


def test_more_than_a_tenth_of_invisible_characters_are_too_many(shop: Shop) -> None:
    shop.bought(shop.plain(prompt="x" * 18 + UNSEEN * 2))
    shop.bought(shop.plain(prompt="fog\n\n\t\tand\nsea\r\n"))
    check_refused(shop, shop.plain(prompt="x" * 17 + UNSEEN * 2), 1042)
    check_refused(shop, shop.plain(prompt="x" * 8 + "\u0007"), 1042)


def test_pictures_come_as_links_and_as_data_urls_up_to_their_edges(shop: Shop) -> None:
    taken = [
        *(LINK, "https://your-host.com/a.JPG", "https://your-host.com/a.jpeg?x=1", "https://your-host.com/a"),
        *(inline(png(301, 752)), inline(png(752, 301)), inline(png(400, 400, "JPEG"), "image/jpeg")),
        *(inline(png(400, 400, "JPEG"), "image/jpg"), inline(png(4000, 1600))),
    ]

    for picture in taken + (WEBP if shop.name == "gptge" else []):
        shop.bought(shop.plain(first_frame_image=picture))


def test_a_picture_has_less_than_twenty_megabytes(shop: Shop) -> None:
    data = png(400, 400)

    shop.bought(shop.plain(first_frame_image=inline(data + b"\0" * (MOST - 1 - len(data)))))
    check_refused(shop, shop.plain(first_frame_image=inline(data + b"\0" * (MOST - len(data)))))


def test_the_vendors_spelling_of_the_last_frame_can_be_set_at_302ai(sandbox: Sandbox) -> None:
    shop = Shop(sandbox, "302ai")
    shop.bought(shop.plain(last_frame_images=LINK))
    check_refused(shop, shop.plain(last_frame_image=LINK))
    assert shop.control("settings", {"vendor_spelling": True}).status_code == 200
    try:
        shop.bought(shop.plain(last_frame_image=LINK))
        assert shop.stats()["tasks"][-1]["task_type"] == "first_last_frame_to_video"
        check_refused(shop, shop.plain(last_frame_images=LINK))
        check_refused(shop, shop.plain(last_frame_image=LINK, unknown=1))
        for fields in ({"last_frame_image": LINK}, {"duration": 6}):
            check_refused(shop, {**CAMERA_REQUEST, **fields})
        shop.bought(CAMERA_REQUEST)
    finally:
        shop.control("settings", {"vendor_spelling": False})


@pytest.mark.parametrize("settings", [{"vendor_spelling": 1}, {"vendor_spelling": "yes"}, {"spelling": True}])
def test_a_bad_setting_is_400_and_gptge_has_none(sandbox: Sandbox, settings: dict[str, Any]) -> None:
    assert Shop(sandbox, "302ai").control("settings", settings).status_code == 400
    for wanted in (settings, {"vendor_spelling": True}):
        assert Shop(sandbox, "gptge").control("settings", wanted).status_code == 400


@pytest.mark.parametrize("fast", [True, False])
def test_fast_pretreatment_is_counted_where_the_model_has_none(sandbox: Sandbox, fast: bool) -> None:
    shop = Shop(sandbox, "gptge")
    before = shop.stats()["ignored"]
    old = {"model": "T2V-01", "resolution": "720P"}
    check_refused(shop, shop.plain(**old, fast_pretreatment=fast, duration=10))
    shop.bought(shop.plain(**old))
    for model in ("MiniMax-Hailuo-02", "MiniMax-Hailuo-2.3"):
        shop.bought(shop.plain(model=model, fast_pretreatment=fast))
    assert shop.stats()["ignored"] == before

    shop.bought(shop.plain(**old, fast_pretreatment=fast))

    name = "T2V-01 fast_pretreatment"
    assert shop.stats()["ignored"] == {name: before.get(name, 0) + 1}


@pytest.mark.parametrize(
    "word",
    [
        *(None, "", "Bearer", "Bearer ", "{}", "Token {}", "bearer {}", "BEARER {}", "Bearer  {}"),
        *("Bearer {} {}", "Basic {}", "Bearer sk_example_placeholder", "Bearer imf_example_placeholder"),
        *("Bearer rehearsals", "Bearer ai302_", "Bearer gptge_"),
    ],
)
def test_only_bearer_and_a_key_opens(shop: Shop, word: str | None) -> None:
    headers = {} if word is None else {"Authorization": word.format(shop.key, shop.key)}
    accepted = shop.stats()["accepted"]
    paths = [shop.door.query.format("1"), f"{shop.door.retrieve}?file_id=1"]
    answers = [
        requests.post(shop.base + shop.door.create, headers=headers, json=shop.plain(), timeout=5),
        *(requests.get(shop.base + path, headers=headers, timeout=5) for path in paths),
    ]

    for answer in answers:
        assert refusal(answer) == ("invalid_api_key" if shop.name == "gptge" else 1004)
        assert answer.status_code == (401 if shop.name == "gptge" else 200)
        assert shop.key not in answer.text
    if shop.name == "302ai":
        assert [answer.json().get("task_id") for answer in answers] == ["", None, None]
    assert shop.stats()["accepted"] == accepted


def test_a_key_opens_one_gateway_alone(sandbox: Sandbox) -> None:
    for name, other in (("302ai", "gptge"), ("gptge", "302ai")):
        assert refusal(Shop(sandbox, name, key=DOORS[other].key).create(DOORS[name].plain)) is not None
        for key in ("rehearsal", DOORS[name].key, DOORS[name].other_key):
            Shop(sandbox, name, key=key).bought()


@pytest.mark.parametrize("body", [[], "text", None, 7])
def test_a_body_is_an_object(shop: Shop, body: Any) -> None:
    check_refused(shop, body)


@pytest.mark.parametrize("body", [b"", b"{", b'{"model": NaN}', b"\xff", b"[" * 100_000])
def test_a_body_is_json(shop: Shop, body: bytes) -> None:
    headers = {**shop.headers, "Content-Type": "application/json"}
    url = shop.base + shop.door.create

    answer = requests.post(url, headers=headers, data=body, timeout=5)

    assert (refusal(answer), answer.json()["task_id"]) == (2013, "")
    plain = {**shop.headers, "Content-Type": "text/plain"}
    assert refusal(requests.post(url, headers=plain, data=b"{}", timeout=5)) == 2013


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("302ai", "POST", "/minimaxi/v1/video_generation"),
        ("302ai", "POST", "/v2/video_generation"),
        ("302ai", "GET", "/v1/video_generation"),
        ("302ai", "GET", "/task/1"),
        ("302ai", "POST", "/v1/query/video_generation"),
        ("gptge", "GET", "/task/minimax/v1/query/video_generation?task_id=1"),
        ("gptge", "GET", "/v1/query/video_generation?task_id=1"),
        ("gptge", "POST", "/v1/video_generation"),
        ("gptge", "POST", "/task/1"),
        ("gptge", "DELETE", "/task/1"),
    ],
)
def test_a_path_that_is_none_is_404_and_a_violation(
    sandbox: Sandbox, name: str, method: str, path: str
) -> None:
    shop = Shop(sandbox, name)

    answer = requests.request(method, shop.base + path, headers=shop.headers, json={}, timeout=5)

    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")
    assert f"unknown route: {method} {path.split('?', maxsplit=1)[0]} on api" in shop.stats()["violations"]


@pytest.mark.parametrize(
    "query", ["", "?", "?task_id=", "?file_id={}", "?task_id={}&x=1", "?task_id={}&task_id={}"]
)
def test_302ai_is_asked_with_one_task_id(sandbox: Sandbox, query: str) -> None:
    shop = Shop(sandbox, "302ai")
    id = shop.bought()

    assert refusal(shop.get("/v1/query/video_generation" + query.format(id, id))) == 2013
    assert refusal(shop.query(id)) is None


@pytest.mark.parametrize(
    "query", ["", "?file_id=", "?task_id={}", "?file_id={}&x=1", "?file_id={}&file_id={}"]
)
def test_a_file_is_asked_for_with_one_file_id(clock: Clock, query: str) -> None:
    with Sandbox(clock=clock) as sandbox:
        shops = [Shop(sandbox, name) for name in DOORS]
        ids = [shop.bought() for shop in shops]
        clock.now += 241
        for shop, id in zip(shops, ids, strict=True):
            file_id = shop.flat(id)["file_id"]

            assert refusal(shop.get(shop.door.retrieve + query.format(file_id, file_id))) == 2013
            assert refusal(shop.retrieve(file_id)) is None


def test_a_key_has_no_business_at_the_files_host(shop: Shop) -> None:
    answer = shop.http.get(f"{shop.urls['files']}/hailuo/1/output.mp4", headers=shop.headers, timeout=5)

    assert answer.status_code == 403
    assert "a key reached the files host: GET file" in shop.stats()["violations"]
