"""Uploads, results and the host that must never see a key."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image

from sandbox import Sandbox
from sandbox.picture import Picture, render
from twins.ima_vendor import Clock, Vendor, banana_body, image_body, text_body


def png(colour: str = "orange") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, "PNG")
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def result(vendor: Vendor, body: dict[str, object], index: int = 0) -> Image.Image:
    medias = vendor.finish(vendor.create(body)["data"]["id"])
    return opened(vendor.http.get(medias[index]["url"], timeout=5).content)


def test_an_upload_is_announced_put_and_fetched(vendor: Vendor) -> None:
    places = vendor.token()["data"]

    assert places["ful"].startswith(vendor.urls["files"] + "/put/")
    assert places["fdl"].startswith(vendor.urls["files"] + "/webAgent/privite/")
    assert places["fdl"].endswith(places["fdl_key"])
    assert places["fdl_expire"] - time.time() == pytest.approx(7 * 24 * 3600, abs=60)
    assert vendor.put(places["ful"], png()).status_code == 200
    fetched = vendor.http.get(places["fdl"], timeout=5)
    assert (fetched.content, fetched.headers["Content-Type"]) == (png(), "image/png")
    assert vendor.stats()["violations"] == []


def test_two_tokens_share_nothing(vendor: Vendor) -> None:
    first, second = vendor.token()["data"], vendor.token()["data"]

    assert first["ful"] != second["ful"]
    assert first["fdl"] != second["fdl"]


def test_the_token_request_needs_no_authorization_but_a_key_of_ima(vendor: Vendor) -> None:
    assert vendor.token(appUid="sk-1", cmimToken="sk-1")["code"] == 401


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"sign": "0" * 40}, "sign"),
        ({"nonce": "another"}, "sign"),
        ({"timestamp": "1700000000"}, "timestamp"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"appId": "ima"}, "appId"),
        ({"appKey": "x"}, "appKey"),
        ({"fService": "private"}, "fService"),
        ({"fType": "image"}, "fType"),
        ({"fContentType": "image/png, image/jpeg"}, "fContentType"),
        ({"fContentType": "video/mp4"}, "fContentType"),
        ({"fSuffix": ".png"}, "fSuffix"),
        ({"fSuffix": ""}, "fSuffix"),
        ({"cmimToken": "ima_other"}, "cmimToken"),
        ({"extra": "1"}, "extra"),
    ],
)
def test_a_token_request_that_is_not_exact_is_refused(
    vendor: Vendor, changed: dict[str, str], named: str
) -> None:
    answer = vendor.token(**changed)

    assert (answer["code"], answer["data"]) == (400, None)
    assert named in answer["message"]
    assert len(vendor.stats()["violations"]) == 1


def test_a_lower_case_signature_is_refused(vendor: Vendor) -> None:
    assert vendor.token(sign=vendor.token_query()["sign"].lower())["code"] == 400


def test_a_missing_token_parameter_is_named(vendor: Vendor) -> None:
    asked = vendor.token_query()
    del asked["nonce"]
    url = vendor.urls["upload"] + "/api/rest/oss/getuploadtoken"

    assert vendor.http.get(url, params=asked, timeout=5).json()["message"] == "nonce is missing"


def test_a_put_of_another_content_type_is_403(vendor: Vendor) -> None:
    assert vendor.put(vendor.token()["data"]["ful"], png(), "image/jpeg").status_code == 403


def test_a_put_to_an_unknown_token_is_403(vendor: Vendor) -> None:
    assert vendor.put(vendor.urls["files"] + "/put/guess", png()).status_code == 403


def test_a_put_above_thirty_megabytes_is_413(vendor: Vendor) -> None:
    places = vendor.token()["data"]

    assert vendor.put(places["ful"], b"0" * (30 * 1024 * 1024 + 1)).status_code == 413
    assert vendor.http.get(places["fdl"], timeout=5).status_code == 404


def test_a_put_after_a_week_is_403(clock: Clock) -> None:
    clock.now = time.time()
    with Sandbox(clock=clock) as sandbox:
        vendor = Vendor(sandbox)
        ful = vendor.token()["data"]["ful"]
        clock.now += 8 * 24 * 3600

        assert vendor.put(ful, png()).status_code == 403


@pytest.mark.parametrize("where", ["authorization", "header", "query", "body"])
def test_a_key_on_the_files_host_is_refused_and_noticed(vendor: Vendor, where: str) -> None:
    places = vendor.token()["data"]
    if where == "authorization":
        answer = vendor.put(places["ful"], png(), Authorization="Bearer ima_never_seen")
    elif where == "header":
        answer = vendor.put(places["ful"], png(), Cookie=f"key={vendor.key}")
    elif where == "query":
        answer = vendor.http.get(places["fdl"], params={"k": vendor.key}, timeout=5)
    else:
        answer = vendor.put(places["ful"], b"ima_other " + vendor.key.encode())

    assert answer.status_code == 403
    [violation] = vendor.stats()["violations"]
    assert "a key reached the files host" in violation


def test_bytes_that_only_look_like_a_key_are_no_violation(vendor: Vendor) -> None:
    assert vendor.put(vendor.token()["data"]["ful"], b"ima_gine").status_code == 200


@pytest.mark.parametrize(
    ("body", "pixels"),
    [
        (text_body(size="2560x1440"), (2560, 1440)),
        (text_body(size="2k"), (2048, 2048)),
        (text_body(size=None), (4096, 4096)),
        (banana_body(), (1024, 1024)),
        (banana_body(aspect_ratio="9:16"), (576, 1024)),
        (banana_body(aspect_ratio="4:3"), (1024, 768)),
    ],
)
def test_a_result_has_exactly_the_pixels_that_were_asked_for(
    vendor: Vendor, body: dict[str, object], pixels: tuple[int, int]
) -> None:
    image = result(vendor, body)

    assert (image.size, image.format) == (pixels, "PNG")


def test_a_result_is_the_same_at_every_download(vendor: Vendor) -> None:
    [media] = vendor.finish(vendor.create(banana_body())["data"]["id"])

    assert (
        vendor.http.get(media["url"], timeout=5).content == vendor.http.get(media["url"], timeout=5).content
    )


def test_pictures_of_one_task_differ_and_carry_the_prompt(vendor: Vendor) -> None:
    medias = vendor.finish(vendor.create(banana_body(n=2, prompt="一只猫"))["data"]["id"])
    files = [vendor.http.get(media["url"], timeout=5).content for media in medias]

    assert files[0] != files[1]
    assert opened(files[1]).info["prompt"] == "一只猫"
    assert opened(files[1]).info["Software"] == "SANDBOX"
    assert opened(files[1]).info["caption"] == "Nano Banana2 - 1K (1024x1024) - 2 of 2"


def test_the_watermarked_file_and_the_cover_are_other_files(vendor: Vendor) -> None:
    [media] = vendor.finish(vendor.create(text_body(size="2560x1440"))["data"]["id"])
    plain, watermarked, cover = (
        vendor.http.get(media[name], timeout=5).content for name in ("url", "watermark_url", "cover")
    )

    assert plain != watermarked
    assert opened(watermarked).size == (2560, 1440)
    assert opened(cover).size == (512, 288)


def test_an_uploaded_input_is_seen_in_the_result(vendor: Vendor) -> None:
    image = result(vendor, image_body(vendor.upload(png("#010203")), size="2k")).convert("RGB")

    corner = image.crop((image.width // 2, 0, image.width, image.height // 2))
    assert (1, 2, 3) in {colour for _, colour in corner.getcolors(corner.width * corner.height) or ()}


def test_an_upload_that_is_no_picture_does_not_break_the_result(vendor: Vendor) -> None:
    assert result(vendor, image_body(vendor.upload(b"not a picture"), size="2k")).size == (2048, 2048)


@pytest.mark.parametrize(
    "path", ["/ima/results/task_1_1.png", "/ima/results/x", "/webAgent/privite/none.png"]
)
def test_a_file_that_is_not_there_is_404(vendor: Vendor, path: str) -> None:
    assert vendor.http.get(vendor.urls["files"] + path, timeout=5).status_code == 404


def test_the_picture_after_the_last_is_not_there(vendor: Vendor) -> None:
    [media] = vendor.finish(vendor.create(banana_body())["data"]["id"])

    assert vendor.http.get(media["url"].replace("_1.png", "_2.png"), timeout=5).status_code == 404


def test_a_large_result_is_drawn_quickly() -> None:
    began = time.perf_counter()
    render(Picture(2560, 1440, "a beautiful mountain sunset " * 40, "SeeDream 4.5"), ())

    assert time.perf_counter() - began < 0.7


@pytest.mark.parametrize("prompt", ["x" * 5000, "字" * 500, "\n\t", "🎨 émoji", "\ud800"])
def test_any_prompt_can_be_drawn(prompt: str) -> None:
    assert opened(render(Picture(512, 512, prompt, "Midjourney", "480p", 3, 4), ())).size == (512, 512)
