"""What a hostile reader found where one vendor has two gateways: each finding, held."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from video.doors import FIRST, KEYS, SECOND, Doors
from video.stage import png, said
from video.test_two_gateways import PROMPT, TEXT, pictures

HAILUO = ("--model", "hailuo")
HAILUO_ALONE = ("--provider", "hailuo")
NOT_IN = {"status_code": 1004, "status_msg": "login fail"}


def told(document: Any) -> str:
    return f"{document['error']['message']} {document['error']['detail']} {said(document)}"


def test_a_job_that_is_paid_for_is_offered_nowhere_else(doors: Doors) -> None:
    started = doors.done("start", *TEXT, *HAILUO)
    doors.fault("detail", "json", -1, status=200, value={"base_resp": NOT_IN})
    doors.later(40)
    no = doors.run("wait", started["job"])
    assert (no.code, no.error["kind"], no.error["charged"]) == (3, "key_mismatch", "maybe")
    assert (no.document["state"], no.document["alternatives"]) == ("submitted", [])
    assert "gpt.ge" not in said(no.document)
    doors.control("faults", None, "DELETE")
    assert doors.finish(started)["ok"] is True


def test_a_film_that_is_made_is_not_called_free_where_its_key_is_gone(doors: Doors) -> None:
    job = doors.done("make", *TEXT, *HAILUO)["job"]
    doors.keys(SECOND)
    no = doors.run("fetch", job, "--out", str(doors.home / "other"))
    assert (no.code, no.error["kind"], no.error["charged"]) == (3, "key_missing", "yes")
    assert no.document["alternatives"] == []


def test_a_preference_does_not_send_the_commands_key_to_its_gateway(doors: Doors) -> None:
    doors.keys(FIRST)
    doors.done("prefs", "set", "--model", "海螺", "--user-id", "u")
    doors.keys()
    words = ("make", *TEXT, "--user-id", "u", "--api-key", KEYS[SECOND])
    assert doors.stops(*words)["error"]["kind"] == "which_gateway"


def test_a_key_that_is_set_as_anothers_is_not_tried_at_this_one(doors: Doors) -> None:
    doors.keys(SECOND)
    no = doors.run("make", *TEXT, *HAILUO, "--gateway", FIRST, "--api-key", KEYS[SECOND])
    assert (no.code, no.error["kind"], no.error["detail"]) == (3, "key_malformed", None)
    assert "gpt.ge" in no.error["message"]
    assert doors.requests[f"{FIRST} create"] == 0


def test_an_alternative_is_bought_where_it_was_judged(doors: Doors) -> None:
    words = ("--model", "T2V-01", "--prompt", PROMPT, "--camera", "推进")
    no = doors.stops("quote", *words)
    assert {one["gateway"] for one in no["alternatives"]} == {SECOND, None}
    assert {one["gateway"] for one in no["alternatives"] if one["id"] == "MiniMax-Hailuo-02"} == {SECOND}
    for one in no["alternatives"]:
        quoted = doors.carry_on({"next": one["next"]}).document
        assert (quoted["gateway"], quoted["model"]["id"]) == (SECOND, one["id"])
        assert quoted["cost"]["quoted"] == one["cost"]


def test_a_model_past_our_tables_is_told_by_its_own_name(doors: Doors) -> None:
    words = ("--gateway", SECOND, *HAILUO, "--unchecked", "model=MiniMax-Hailuo-2.3")
    asked = doors.run("make", *TEXT, *words)
    assert (asked.code, asked.document["model"]["id"]) == (12, "MiniMax-Hailuo-2.3")
    assert "MiniMax-Hailuo-2.3" in said(asked.document)
    bought = doors.carry_on(asked.document)
    assert bought.code == 0, bought.stdout
    assert doors.bought(SECOND)[-1]["model"] == "MiniMax-Hailuo-2.3"
    assert "MiniMax-Hailuo-2.3" in said(bought.document)
    assert "Hailuo 02" not in said(bought.document)


@pytest.mark.parametrize(
    ("model", "kind"),
    [("T2V-01", "unsupported_option"), ("hailuo", "option_needed"), ("vidu", "unsupported_option")],
)
def test_a_place_for_a_move_is_never_sent_as_it_stands(doors: Doors, model: str, kind: str) -> None:
    no = doors.run(
        *("make", "--gateway", SECOND if model != "vidu" else "imagine-future", "--model", model),
        *("--task-type", "text_to_video", "--prompt", "a {camera} cat", "--dry-run", "--sandbox"),
    )
    assert (no.code, no.error["kind"]) == (2, kind)


def test_nobody_is_said_to_be_unable_where_another_vendor_can(doors: Doors) -> None:
    for words in (("--resolution", "1080P", "--duration", "10"), ("--duration", "8")):
        no = doors.stops("quote", *TEXT, *HAILUO, *words)
        (first, *_) = no["alternatives"]
        assert first["id"].startswith("vidu")
        assert "either" not in told(no)
        assert "No other model" not in told(no)
    no = doors.stops("quote", *TEXT, *HAILUO, "--resolution", "720P")
    assert {one["id"] for one in no["alternatives"]} & {"T2V-01", "T2V-01-Director", "viduq3-turbo"}


def test_the_best_gives_way_to_what_was_said(doors: Doors) -> None:
    best = doors.done("quote", *TEXT, "--model", "the best", "--gateway", FIRST)
    assert sent(best)["resolution"] == "1080P"
    longer = doors.done("quote", *TEXT, "--model", "the best", "--gateway", FIRST, "--duration", "10")
    assert (sent(longer)["resolution"], sent(longer)["duration"]) == ("768P", 10)
    assert longer["approval_needed"] is True
    stops = ("--duration", "10", "--resolution", "1080P")
    doors.stops("quote", *TEXT, "--model", "the best", "--gateway", FIRST, *stops)


def sent(document: Any) -> dict[str, Any]:
    return {one["name"]: one["value"] for one in document["applied"]["parameters"]}


def test_a_move_that_there_is_not_is_said_to_be_nobodys(doors: Doors) -> None:
    no = doors.stops("quote", "--model", "T2V-01", "--prompt", "一只猫", "--camera", "环绕")
    assert (no["error"]["kind"], no["alternatives"]) == ("unknown_move", [])
    assert "左移、右移" in said(no)
    assert not any(sign.isascii() and sign.isalpha() for sign in said(no))


def test_a_large_film_takes_the_time_that_it_takes(doors: Doors) -> None:
    assert doors.done("quote", *TEXT, *HAILUO)["estimate_s"] == [30, 240]
    assert doors.done("quote", *TEXT, *HAILUO, "--resolution", "1080P")["estimate_s"] == [60, 600]


def test_words_that_hold_a_key_cost_nothing_and_say_so(doors: Doors) -> None:
    for key in KEYS.values():  # the gateway's own, too: it goes on to whoever makes the model
        for words in (("--prompt", f"x {key}"), ("--prompt", "x", "--camera", key)):
            for command in ("make", "quote"):
                no = doors.stops(command, *HAILUO, "--task-type", "text_to_video", *words)
                assert no["error"]["kind"] == "holds_key"
        ledger = doors.home / "state" / "ledger.sqlite3"
        assert not ledger.exists() or key.encode() not in ledger.read_bytes()


@pytest.mark.parametrize(("code", "exit", "kind"), [(1008, 4, "no_credit"), (1004, 3, "key_mismatch")])
def test_a_code_beside_a_failed_task_keeps_its_kind(doors: Doors, code: int, exit: int, kind: str) -> None:
    said_so = {"status": "Fail", "base_resp": {"status_code": code, "status_msg": "no"}}
    doors.fault("detail", "json", status=200, value=said_so)
    no = doors.run("make", *TEXT, *HAILUO)
    assert (no.code, no.error["kind"], no.error["charged"]) == (exit, kind, "maybe")
    assert no.document["state"] == "failed"


def test_a_named_gateway_without_a_key_names_the_one_that_has_one(doors: Doors) -> None:
    doors.keys(SECOND)
    no = doors.run("make", *TEXT, *HAILUO, "--gateway", FIRST)
    assert (no.code, no.error["kind"]) == (3, "key_missing")
    (other,) = no.document["alternatives"]
    assert doors.carry_on({"next": other["next"]}).document["gateway"] == SECOND
    doors.keys()
    no = doors.run("make", *TEXT, *HAILUO)
    assert no.document["alternatives"] == []
    assert "set AI302_API_KEY" in no.error["message"]
    assert "Or set GPTGE_API_KEY (gpt.ge)." in no.error["detail"]


def test_files_that_a_model_does_not_take_are_answered_with_what_it_makes_and_who_takes_them(
    doors: Doors,
) -> None:
    no = doors.stops("make", "--model", "2.3 Fast", "--prompt", PROMPT, "--language", "en")
    assert no["error"]["kind"] == "files_unfit"
    assert "Hailuo 2.3 Fast makes videos made from a picture" in said(no)
    assert {one["id"] for one in no["alternatives"]} == {"MiniMax-Hailuo-02", "MiniMax-Hailuo-2.3"}
    two = doors.stops("make", "--model", "2.3", *pictures(doors.home, 2))
    assert [one["id"] for one in two["alternatives"]] == ["MiniMax-Hailuo-02", "MiniMax-Hailuo-02"]
    named = doors.stops(
        "make", "--model", "2.3", *pictures(doors.home, 2), "--task-type", "first_last_frame_to_video"
    )
    assert named["alternatives"]


def test_a_name_that_nobody_has_is_asked_about_and_not_looked_for_where_there_is_no_key(doors: Doors) -> None:
    no = doors.stops("quote", "--prompt", PROMPT, "--model", "海螺 超级")
    assert no["error"]["kind"] == "unknown_model"
    for name in ("MiniMax 02", "海螺 fast"):
        assert doors.done("quote", "--model", name, *pictures(doors.home))["gateway"] in KEYS


@pytest.mark.parametrize("spelling", ["model", ""])
def test_a_name_of_a_field_is_one_of_the_two_that_there_are(doors: Doors, spelling: str) -> None:
    doors.config(f'[gateways.302ai.names]\nlast_frame_image = "{spelling}"\n')
    no = doors.stops("quote", *HAILUO, *pictures(doors.home, 2))
    assert "last_frame_image or last_frame_images" in no["error"]["message"]


def test_a_shape_that_cannot_be_asked_for_is_told_with_the_one_that_comes(doors: Doors) -> None:
    words = ("--model", "海螺", "--gateway", SECOND, *pictures(doors.home, 2), "--aspect-ratio", "竖屏")
    no = doors.stops("quote", *words, "--language", "zh")
    assert "画面形状跟着图片走" in said(no)


def test_another_file_than_the_tasks_is_not_taken_for_it(doors: Doors) -> None:
    doors.fault("link", "set", field="file.file_id", value=5)
    made = doors.run("make", *TEXT, *HAILUO)
    assert made.code == 0, made.stdout
    assert doors.requests[f"{FIRST} link"] == 2, "asked for once more"


def test_buying_once_more_is_buying_the_same_at_the_same_gateway(doors: Doors) -> None:
    doors.fault("create", "http", status=500)
    doors.keys(FIRST)
    lost = doors.run("make", *TEXT, *HAILUO, "--idempotency-key", "k")
    assert (lost.code, lost.document["cost"]["quoted"]) == (9, 0.5)
    doors.keys(FIRST, SECOND)
    doors.keys(SECOND)
    again = doors.run("make", *TEXT, *HAILUO, "--idempotency-key", "k")
    assert (again.code, again.document["cost"]["quoted"], again.document["cost"]["unit"]) == (9, 0.5, "PTC")
    assert "credits" not in said(again.document)
    doors.keys(FIRST, SECOND)
    bought = doors.carry_on(again.document)
    assert (bought.code, bought.document["gateway"]) == (0, FIRST), bought.stdout
    assert doors.creates_at(SECOND) == 0


def test_an_address_of_one_gateway_goes_along_to_no_other(doors: Doors) -> None:
    address = doors.box.urls[FIRST]["api"]
    words = ("--gateway", FIRST, "--base-url", address)
    for more in (("--duration", "8"), ("--set", "fast_pretreatment=true")):
        no = doors.stops("make", *TEXT, *HAILUO, *words, *more)
        assert no["alternatives"]
        for other in no["alternatives"]:
            assert address not in other["next"]
    here = doors.stops("make", "--model", "I2V-01", *pictures(doors.home), *words, "--duration", "10")
    (other,) = here["alternatives"]
    assert address in other["next"], "the same gateway, where it was"


def test_with_moves_and_more_the_usual_model_of_the_same_gateway_is_taken(doors: Doors) -> None:
    words = ("--task-type", "image_to_video", "--camera", "推进", "--duration", "10", *pictures(doors.home))
    quoted = doors.done("quote", *words)
    assert (quoted["gateway"], quoted["model"]["id"], quoted["cost"]["quoted"]) == (
        FIRST,
        "MiniMax-Hailuo-02",
        0.5,
    )


def test_a_message_that_is_paid_for_is_not_called_free_where_its_key_is_gone(doors: Doors) -> None:
    words = ("start", *TEXT, *HAILUO, "--gateway", FIRST, "--idempotency-key", "k1")
    job = doors.done(*words)["job"]
    doors.keys(SECOND)
    no = doors.run(*words)
    assert (no.code, no.document["job"], no.error["charged"]) == (3, job, "maybe")
    assert no.document["alternatives"] == []


def test_what_may_be_bought_is_not_called_free_by_whoever_looks_for_it(doors: Doors) -> None:
    doors.fault("create", "http", status=500)
    job = doors.run("make", *TEXT, *HAILUO).document["job"]
    doors.fault("detail", "http", 9, status=502)
    no = doors.run("reconcile", job, "--task-id", "123", "--max-wait", "1")
    assert no.error["charged"] == "maybe"
    doors.keys(SECOND)
    assert doors.run("reconcile", job, "--task-id", "123").error["charged"] == "maybe"


def test_nothing_is_offered_beside_what_goes_past_our_tables(doors: Doors) -> None:
    past = ("--unchecked", "model=foo")
    assert doors.stops("quote", *TEXT, *HAILUO, *past, "--duration", "8")["alternatives"] == []
    asked = doors.run("make", *TEXT, *HAILUO, "--gateway", FIRST, *past)
    refused = doors.carry_on(asked.document)
    assert (refused.code, refused.document["alternatives"]) == (8, [])
    no = doors.run("quote", *TEXT, *HAILUO, *past, "--user-id", "u", "--remember")
    assert no.error["kind"] == "cannot_remember"


def test_an_offer_at_another_vendor_leaves_the_named_one(doors: Doors) -> None:
    no = doors.stops("quote", *TEXT, *HAILUO, *HAILUO_ALONE, "--duration", "8")
    (first, *_) = no["alternatives"]
    assert "--provider" not in first["next"]


def test_a_made_film_whose_link_cannot_be_asked_for_is_told_as_made(doors: Doors) -> None:
    job = doors.done("make", *TEXT, *HAILUO)["job"]
    value = {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}
    doors.fault("detail", "json", -1, status=200, value=value)
    no = doors.run("fetch", job, "--out", str(doors.home / "other"))
    assert (no.code, no.error["kind"], no.error["charged"]) == (13, "not_saved", "yes")
    assert "insufficient balance" in no.error["detail"]


def test_an_id_that_was_rounded_on_its_way_is_still_the_files(doors: Doors) -> None:
    doors.fault("link", "set", field="file.file_id", value=205258526306400000)
    made = doors.run("make", *TEXT, *HAILUO)
    assert (made.code, doors.requests[f"{FIRST} link"]) == (0, 1), made.stdout


def test_a_picture_is_looked_at_before_another_vendor_is_offered_for_it(doors: Doors) -> None:
    small = ("--input-images", png(doors.home, "long.png", (2480, 1000)))
    no = doors.stops("quote", *HAILUO, *small, "--prompt", PROMPT, "--duration", "8")
    assert no["alternatives"], "2.48 to 1 is taken by both"
    name = str(doors.home / "a.webp")
    Image.new("RGB", (640, 960), "teal").save(name)
    two = ("--input-images", name, png(doors.home, "b.png", (640, 960)))
    no = doors.stops("make", "--model", "2.3", *two)
    assert {one["gateway"] for one in no["alternatives"]} == {SECOND}, "302.AI takes no WebP"
