"""One vendor, two gateways: one command for each kind and gateway, whose account pays, and what happens when
one of them says no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from video.doors import FIRST, KEYS, SECOND, Doors
from video.stage import Film, film, png, said

PROMPT = "a red fox in snow"
TEXT = ("--task-type", "text_to_video", "--prompt", PROMPT)
HAILUO = ("--provider", "hailuo")
HOUR = 3600.0


def pictures(folder: Path, many: int = 1) -> tuple[str, ...]:
    return ("--input-images", *(png(folder, f"{n}.png", (640, 960)) for n in range(many)))


MODES: dict[str, tuple[tuple[str, ...], int, Film]] = {
    # words, pictures -> the file
    "text_to_video": (TEXT, 0, Film(("h264",), (1366, 768), 6.0)),
    "text_to_video, 1080P": ((*TEXT, "--resolution", "1080P"), 0, Film(("h264",), (1920, 1080), 6.0)),
    "image_to_video": (("--duration", "10"), 1, Film(("h264",), (768, 1152), 10.0)),
    "image_to_video, 512P": (("--resolution", "512P"), 1, Film(("h264",), (512, 768), 6.0)),
    "first_last_frame_to_video": ((), 2, Film(("h264",), (768, 1152), 6.0)),
    "camera": (
        ("--model", "I2V-01-Director", "--camera", "左摇、上升"),
        1,
        Film(("h264",), (720, 1080), 6.0),
    ),
}


@pytest.mark.parametrize("gateway", KEYS)
@pytest.mark.parametrize("mode", MODES)
def test_one_command_for_each_kind_and_gateway(doors: Doors, mode: str, gateway: str) -> None:
    doors.at = gateway
    words, many, wanted = MODES[mode]
    asked = (*words, *(pictures(doors.home, many) if many else ()))
    model = () if "--model" in words else ("--model", "海螺")
    if mode.startswith("text"):
        asked = (*asked, "--language", "en")
    made = doors.run("make", "--gateway", gateway, *model, *asked, "--timeout", "2000")
    if gateway == SECOND:  # nobody knows the price there
        assert (made.code, made.document["cost"]["quoted"]) == (12, None)
        assert doors.creates_at(SECOND) == 0
        made = doors.carry_on(made.document)
    assert made.code == 0, made.stdout
    document = made.document
    (output,) = document["outputs"]
    assert film(output["path"]) == wanted
    assert document["cost"]["quoted"] == (0.5 if gateway == FIRST else None)
    assert document["cost"]["charged"] is None, "neither says"
    assert doors.creates_at(gateway) == 1
    (body,) = doors.bought(gateway)
    if mode == "camera":
        assert body["prompt"] == "[左摇,上升]"
        assert ("duration" in body, "resolution" in body) == (gateway == SECOND,) * 2
    last = {FIRST: "last_frame_images", SECOND: "last_frame_image"}[gateway]
    assert (last in body) is mode.startswith("first_last")
    unsure = gateway == FIRST and mode.startswith("first_last")
    assert ("尾帧" in said(document) or "ends with your picture" in said(document)) is unsure


@pytest.mark.parametrize(
    ("keys", "words", "gateway"),
    [
        ((FIRST, SECOND), ("--model", "hailuo"), FIRST),
        ((FIRST,), ("--model", "hailuo"), FIRST),
        ((SECOND,), ("--model", "hailuo"), SECOND),
        ((SECOND,), ("--model", "hailuo", "--gateway", "auto"), SECOND),
        ((FIRST, SECOND), ("--model", "hailuo", "--gateway", "gptge"), SECOND),
        ((FIRST, SECOND), ("--model", "hailuo", "--gateway", "GPT.GE"), SECOND),
        ((FIRST, SECOND), ("--model", "2.3"), SECOND),
        ((FIRST, SECOND), HAILUO, FIRST),
        ((SECOND,), (), SECOND),
        ((SECOND,), ("--model", "最便宜"), SECOND),
        ((SECOND,), ("--model", "the best"), SECOND),
    ],
)
def test_it_is_the_first_gateway_that_has_a_key_and_sells_it(
    doors: Doors, keys: tuple[str, ...], words: tuple[str, ...], gateway: str
) -> None:
    doors.keys(*keys)
    document = doors.done("quote", *TEXT, *words)
    assert document["gateway"] == gateway
    assert document["cost"]["quoted"] == (0.5 if gateway == FIRST else None)
    name = {FIRST: "302.AI", SECOND: "gpt.ge"}[gateway]
    assert (f"({name})" in said(document)) is (document["model"]["id"] == "MiniMax-Hailuo-02")


def test_with_no_model_named_it_is_the_first_that_has_what_was_asked_for(doors: Doors) -> None:
    fast = doors.done("quote", *TEXT, "--set", "fast_pretreatment=true")
    assert (fast["gateway"], fast["model"]["id"]) == (SECOND, "MiniMax-Hailuo-02")
    moved = doors.done("quote", *pictures(doors.home), "--task-type", "image_to_video", "--camera", "推进")
    assert (moved["gateway"], moved["model"]["id"]) == (FIRST, "I2V-01-Director")
    doors.keys(SECOND)
    moved = doors.done("quote", *pictures(doors.home), "--task-type", "image_to_video", "--camera", "推进")
    assert (moved["gateway"], moved["model"]["id"]) == (SECOND, "MiniMax-Hailuo-02")


def test_a_picture_that_the_first_gateway_does_not_take_goes_to_the_second(doors: Doors) -> None:
    name = str(doors.home / "a.webp")
    Image.new("RGB", (640, 400), "teal").save(name)
    words = ("--model", "hailuo", "--input-images", name)
    assert doors.done("quote", *words)["gateway"] == SECOND
    no = doors.stops("quote", *words, "--gateway", FIRST)
    assert "PNG or JPEG" in no["error"]["detail"]
    assert "its format is WebP (taken: PNG or JPEG)" in said(no)
    assert "--fit" in no["next"]
    (other,) = no["alternatives"]
    assert (other["id"], other["gateway"], other["cost"]) == ("MiniMax-Hailuo-02", SECOND, None)
    assert doors.carry_on({"next": other["next"]}).document["gateway"] == SECOND
    link = ("--model", "hailuo", "--input-images", "https://example.com/a.WEBP?size=2")
    assert doors.done("quote", *link)["gateway"] == SECOND
    assert doors.done("quote", *link[:-1], "https://example.com/a")["gateway"] == FIRST
    assert "its format is WebP" in doors.stops("quote", *link, "--gateway", FIRST)["error"]["message"]
    doors.keys(FIRST)
    no = doors.stops("quote", *words)
    assert no["alternatives"][0]["gateway"] == SECOND
    assert "no key here yet" in said(doors.stops("quote", *words, "--language", "en"))


@pytest.mark.parametrize(("code", "exit"), [(1008, 4), (2056, 4), (1004, 3), (2038, 3), (2013, 8), (2061, 4)])
def test_a_no_names_the_other_gateway_and_nothing_is_tried_there(doors: Doors, code: int, exit: int) -> None:
    doors.no(code)
    no = doors.run("make", *TEXT, "--model", "hailuo")
    assert (no.code, no.error["charged"], no.error["provider_code"]) == (exit, "no", str(code))
    (other,) = [one for one in no.document["alternatives"] if one["gateway"]]
    assert (other["id"], other["gateway"], other["cost"]) == ("MiniMax-Hailuo-02", SECOND, None)
    assert "gpt.ge" in said(no.document)
    assert doors.requests[f"{SECOND} create"] == 0
    again = doors.carry_on({"next": other["next"]})
    assert (again.document["event"], again.document["gateway"]) == ("quote", SECOND)
    bought = doors.carry_on(again.document)
    assert bought.code == 0, bought.stdout
    assert len(doors.bought(SECOND)) == 1


def test_the_other_way_round_its_price_is_known_and_told(doors: Doors) -> None:
    doors.at = SECOND
    asked = doors.run("make", *TEXT, "--model", "hailuo", "--gateway", SECOND, "--language", "en")
    doors.no(1008)
    no = doors.carry_on(asked.document)
    assert no.code == 4
    (other,) = [one for one in no.document["alternatives"] if one["gateway"]]
    assert (other["gateway"], other["cost"]) == (FIRST, 0.5)
    assert "Hailuo 02 (302.AI): 0.5 PTC" in said(no.document)
    bought = doors.carry_on({"next": other["next"]})
    assert (bought.code, bought.document["gateway"]) == (0, FIRST), bought.stdout
    assert bought.document["cost"]["quoted"] == 0.5


@pytest.mark.parametrize("code", [1026, 1027])
def test_content_that_is_refused_is_offered_nowhere_else(doors: Doors, code: int) -> None:
    doors.no(code)
    no = doors.run("make", *TEXT, "--model", "hailuo")
    assert (no.code, no.document["alternatives"]) == (10, [])


def test_what_may_be_bought_is_offered_nowhere_else(doors: Doors) -> None:
    doors.no(1000)
    no = doors.run("make", *TEXT, "--model", "hailuo")
    assert (no.code, no.document["alternatives"]) == (9, [])


def test_a_model_that_the_named_gateway_does_not_sell_is_offered_at_the_other(doors: Doors) -> None:
    no = doors.stops("make", *TEXT, "--model", "2.3", "--gateway", FIRST)
    assert no["error"]["kind"] == "sold_elsewhere"
    (other,) = no["alternatives"]
    assert (other["id"], other["gateway"]) == ("MiniMax-Hailuo-2.3", SECOND)
    assert doors.carry_on({"next": other["next"]}).document["gateway"] == SECOND


def test_an_option_that_only_the_other_gateway_has_is_offered_there(doors: Doors) -> None:
    no = doors.stops("make", *TEXT, "--model", "hailuo", "--set", "fast_pretreatment=true")
    assert no["error"]["kind"] == "unsupported_option"
    assert [one["gateway"] for one in no["alternatives"]] == [SECOND]
    back = doors.stops(
        *("make", "--gateway", SECOND, "--model", "hailuo", *pictures(doors.home), "--set", "frame=last")
    )
    assert [(one["gateway"], one["cost"]) for one in back["alternatives"]] == [(FIRST, 0.5)]


@pytest.mark.parametrize("given", [("--api-key", KEYS[SECOND]), ("--base-url", "http://127.0.0.1:9")])
def test_a_key_or_an_address_of_the_command_is_not_tried_at_one_of_two(
    doors: Doors, given: tuple[str, str]
) -> None:
    for words in (("--model", "hailuo"), HAILUO, ()):
        no = doors.stops("make", *TEXT, *words, *given)
        assert no["error"]["kind"] == "which_gateway"
        assert FIRST in no["error"]["message"]
    doors.keys()
    named = doors.run("quote", *TEXT, "--model", "hailuo", "--gateway", SECOND, "--api-key", KEYS[SECOND])
    assert (named.code, named.document["gateway"]) == (0, SECOND)
    only = doors.run("quote", *TEXT, "--model", "2.3", "--api-key", KEYS[SECOND])
    assert (only.code, only.document["gateway"]) == (0, SECOND), "one gateway alone sells it"


def test_a_gateway_that_is_not_there_is_named_with_those_that_are(doors: Doors) -> None:
    for command in ("make", "models"):
        no = doors.run(command, "--gateway", "303ai", *(TEXT if command == "make" else ()))
        assert no.code == 2
        assert "302ai, gptge; or auto" in no.error["detail"]
    rows = doors.done("models", "--gateway", "302.ai")["models"]
    assert {row["gateway"] for row in rows} == {FIRST}
    assert len(doors.done("models", "--gateway", "auto")["models"]) > len(rows)


def test_a_preference_goes_where_it_can_be_paid(doors: Doors) -> None:
    doors.keys(SECOND)
    row = doors.done("prefs", "set", "--model", "海螺", "--user-id", "u")["preferences"][0]
    assert (row["gateway"], row["model"]["id"]) == (SECOND, "MiniMax-Hailuo-02")
    wish = ("quote", *TEXT, "--user-id", "u")
    assert doors.done(*wish)["gateway"] == SECOND
    doors.keys(FIRST, SECOND)
    assert doors.done(*wish)["gateway"] == SECOND, "what was chosen once stays"
    doors.keys(FIRST)
    moved = doors.done(*wish)
    assert (moved["gateway"], moved["chosen_by"]) == (FIRST, "preference")


def test_a_repetition_stays_with_the_gateway_that_made_the_first(doors: Doors) -> None:
    doors.at = SECOND
    asked = doors.run("make", *TEXT, "--model", "hailuo", "--gateway", SECOND)
    job = doors.carry_on(asked.document).document["job"]
    assert doors.done("again", job, "--set", "resolution=1080P")["gateway"] == SECOND


def test_a_link_that_has_ended_is_asked_for_anew(doors: Doors) -> None:
    for gateway in KEYS:
        doors.at = gateway
        made = doors.run("make", *TEXT, "--model", "hailuo", "--gateway", gateway)
        document = doors.carry_on(made.document).document if gateway == SECOND else made.document
        before = document["outputs"][0]
        Path(before["path"]).unlink()
        doors.later(30 * HOUR)
        fetched = doors.done("fetch", document["job"])
        after = fetched["outputs"][0]
        assert (after["sha256"], after["path"]) == (before["sha256"], before["path"])
        assert after["url"] != before["url"]
        assert doors.creates_at(gateway) == 1


def test_a_dead_link_is_answered_by_another_one(doors: Doors) -> None:
    doors.fault("file", "http", 3, status=403)
    made = doors.run("make", *TEXT, "--model", "hailuo")
    assert (made.code, made.error["kind"]) == (13, "not_saved")
    links = doors.requests[f"{FIRST} link"]
    ended = doors.carry_on(made.document)
    assert ended.code == 0, ended.stdout
    assert doors.requests[f"{FIRST} link"] == links + 1
    assert doors.creates_at(FIRST) == 1


def test_the_last_frame_goes_by_the_vendors_name_where_the_config_says_so(doors: Doors) -> None:
    words = ("make", "--model", "hailuo", "--gateway", FIRST, *pictures(doors.home, 2))
    doors.control("settings", {"vendor_spelling": True})
    assert doors.run(*words).error["provider_code"] == "2013", "it knows the other name only"
    doors.config('[gateways.302ai.names]\nlast_frame_image = "last_frame_image"\n')
    made = doors.run(*words)
    assert made.code == 0, made.stdout
    assert {"first_frame_image", "last_frame_image"} <= set(doors.bought(FIRST)[-1])
    doors.config('[gateways.302ai.names]\nlast_frame = "x"\n')
    assert "last_frame_image" in doors.stops(*words)["error"]["message"]


def test_the_callback_goes_by_each_gateways_own_name(doors: Doors) -> None:
    for gateway, name in ((FIRST, "callback"), (SECOND, "callback_url")):
        words = ("--gateway", gateway, "--model", "hailuo", "--callback-url", "https://example.com/hook")
        request: Any = doors.done("make", *TEXT, *words, "--dry-run")["request"]
        assert request["json"][name] == "https://example.com/hook"
    no = doors.stops(
        *("make", "--gateway", FIRST, "--model", "I2V-01", *pictures(doors.home)),
        *("--callback-url", "https://example.com/hook"),
    )
    assert no["error"]["kind"] == "unsupported_option"


def test_a_task_cannot_be_stopped_and_is_still_brought(doors: Doors) -> None:
    started = doors.done("start", *TEXT, "--model", "hailuo")
    no = doors.run("cancel", started["job"])
    assert (no.code, no.error["kind"]) == (2, "cannot_cancel")
    assert doors.finish(started)["ok"] is True


def test_a_model_past_our_tables_is_passed_on_and_asked_about(doors: Doors) -> None:
    words = (
        "make",
        *TEXT,
        "--model",
        "hailuo",
        "--gateway",
        FIRST,
        "--unchecked",
        "model=MiniMax-Hailuo-2.3",
    )
    asked = doors.run(*words)
    assert (asked.code, asked.document["cost"]["quoted"]) == (12, None)
    request: Any = doors.done(*words, "--dry-run")["request"]
    assert request["json"]["model"] == "MiniMax-Hailuo-2.3"
