"""The first working way, end to end: the command as its own process, the vendor's twin on real sockets."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from PIL import Image

from support import KEY, PROMPT, Vendor, run

SHORTEST, EVERY = 30, 2  # seconds: SeeDream's first question, and the vendor's floor between two


def picture(folder: Path, name: str = "in.png", colour: str = "teal") -> str:
    path = folder / name
    Image.new("RGB", (640, 480), colour).save(path)
    return str(path)


def test_a_picture_is_bought_once_saved_and_measured(vendor: Vendor, tmp_path: Path) -> None:
    made = vendor.make("--aspect-ratio", "16:9", "--out", str(tmp_path / "out"))
    assert made.code == 0, made.stderr
    document = made.document
    (output,) = document["outputs"]
    saved = Path(output["path"])
    with Image.open(saved) as image:
        assert (image.format, image.size) == ("PNG", (2560, 1440))
        assert image.info["prompt"] == PROMPT
    assert saved.parent == tmp_path / "out"
    assert saved.name == f"{time.strftime('%Y%m%d')}-{document['job']}-1.png"
    assert output["bytes"] == saved.stat().st_size
    assert [item["media"] for item in document["send"]] == [str(saved)]
    assert document["cost"] == {"unit": "points", "quoted": 5, "charged": None, "basis": "live"}
    assert document["model"]["name"] == "SeeDream 4.5"

    (task,) = vendor.stats["tasks"]
    assert task["id"] == document["task_id"]
    assert task["points"] == 5
    sent = task["body"]["parameters"][0]["parameters"]
    assert sent["size"] == "2560x1440"
    assert "aspect_ratio" not in sent
    assert vendor.stats["requests"]["create"] == 1
    assert vendor.stats["violations"] == []


def test_nothing_is_polled_before_the_shortest_time_expected(vendor: Vendor) -> None:
    assert vendor.make().code == 0
    (task,) = vendor.stats["tasks"]
    most = (task["seconds"] - SHORTEST) / EVERY + 2  # the first question, and the one that finds it done
    assert vendor.stats["requests"]["detail"] <= most


def test_files_go_to_a_folder_of_the_working_directory_by_default(vendor: Vendor, home: Path) -> None:
    document = vendor.make().document
    assert Path(document["outputs"][0]["path"]).parent == home / "media-studio"


def test_local_pictures_are_uploaded_and_stand_in_both_places(vendor: Vendor, tmp_path: Path) -> None:
    inputs = [picture(tmp_path, f"{n}.png", colour) for n, colour in enumerate(("red", "navy", "olive"))]
    made = vendor.make("--input-images", *inputs)
    assert made.code == 0, made.stderr
    assert made.document["task_type"] == "image_to_image"
    stats = vendor.stats
    assert (stats["requests"]["token"], stats["requests"]["put"]) == (3, 3)
    (task,) = stats["tasks"]
    links = task["body"]["src_img_url"]
    assert len(set(links)) == 3
    assert task["body"]["parameters"][0]["parameters"]["input_images"] == links
    assert task["body"]["parameters"][0]["attribute_id"] == 1611


def test_a_public_link_is_handed_on_unseen(vendor: Vendor) -> None:
    assert vendor.make("--input-images", "https://example.com/a.jpg").code == 0
    assert vendor.stats["requests"]["token"] == 0
    assert vendor.stats["tasks"][0]["body"]["src_img_url"] == ["https://example.com/a.jpg"]


def test_all_of_several_pictures_are_saved_and_each_is_charged(vendor: Vendor) -> None:
    document = vendor.make("--n", "4", "--size", "2k").document
    assert len({output["path"] for output in document["outputs"]}) == 4
    assert all(Path(output["path"]).is_file() for output in document["outputs"])
    assert len(document["send"]) == 4
    assert document["cost"]["quoted"] == vendor.stats["points_charged"] == 20


@pytest.mark.parametrize("name", ["Nano Banana2", "香蕉", "nb2", "gemini-3.1-flash-image"])
def test_a_model_is_known_by_its_names(vendor: Vendor, name: str) -> None:
    document = vendor.make("--model", name).document
    assert document["model"]["id"] == "gemini-3.1-flash-image"
    assert document["cost"]["quoted"] == 6  # the rule of the form's default 1K, not the first rule
    assert document["applied"]["attribute_id"] == 4401


def test_the_older_scripts_flags_still_work(vendor: Vendor) -> None:
    flags = ["--task-type", "text_to_image", "--model-id", "gemini-3-pro-image", "--prompt", PROMPT]
    rest = ["--extra-params", '{"size": "4K"}', "--user-id", "someone", "--language", "zh", "--output-json"]
    base = ["--base-url", vendor.urls["api"], "--api-key", KEY]
    made = vendor.run(*flags, *rest, *base, "--speed", "200", env={"IMA_API_KEY": ""})
    assert made.code == 0, made.stderr
    assert made.document["cost"]["quoted"] == 18
    assert "图片" in made.document["send"][0]["message"]
    assert "someone" not in json.dumps(vendor.stats)


def test_the_older_scripts_list_is_the_live_list(vendor: Vendor) -> None:
    made = vendor.run("--list-models", "--task-type", "image_to_image")
    rows = {row["id"]: row for row in made.document["models"]}
    assert made.document["basis"] == "live"
    assert [price["amount"] for price in rows["gemini-3-pro-image"]["prices"]] == [10, 10, 18]
    assert vendor.stats["requests"]["create"] == 0


def test_a_dry_run_sends_nothing_and_shows_just_what_is_sent(vendor: Vendor, tmp_path: Path) -> None:
    source = picture(tmp_path)
    words = ("--input-images", source, "--model", "MJ", "--size", "720p")
    dry = vendor.make("--dry-run", *words).document
    assert vendor.stats["requests"]["token"] == vendor.stats["requests"]["create"] == 0
    placeholder = dry["request"]["json"]["src_img_url"][0]
    assert placeholder["$input"] == 1
    assert dry["cost"]["quoted"] == 10

    assert vendor.make(*words).code == 0
    sent = vendor.stats["tasks"][0]["body"]
    shown = json.dumps(dry["request"]["json"]).replace(
        json.dumps(placeholder), json.dumps(sent["src_img_url"][0])
    )
    assert json.loads(shown) == sent


def test_a_quote_names_the_price_and_its_next_buys_it(vendor: Vendor) -> None:
    quote = vendor.run("quote", "--prompt", PROMPT, "--model", "MJ", "--speed", "200").document
    assert (quote["cost"]["quoted"], quote["approval_needed"]) == (8, False)
    assert vendor.stats["requests"]["create"] == 0
    bought = vendor.carry_on(quote)
    assert bought.code == 0
    assert vendor.stats["points_charged"] == 8


def test_a_dear_job_asks_first_and_the_yes_buys_exactly_it(vendor: Vendor) -> None:
    asked = vendor.make("--model", "Nano Banana Pro", "--size", "4K", "--n", "2")
    assert (asked.code, asked.error["kind"], asked.document["done"]) == (12, "needs_approval", True)
    assert "36" in asked.document["send"][0]["message"]
    assert vendor.stats["requests"]["create"] == 0
    assert vendor.carry_on(asked.document).code == 0
    assert vendor.stats["points_charged"] == 36


def test_a_price_above_the_persons_own_limit_is_not_bought(vendor: Vendor) -> None:
    made = vendor.make("--max-credits", "4")
    assert (made.code, made.error["kind"], made.error["charged"]) == (11, "over_limit", "no")
    assert vendor.stats["requests"]["create"] == 0


def test_a_limit_of_config_toml_asks_earlier(vendor: Vendor, home: Path) -> None:
    (home / "state").mkdir()
    (home / "state" / "config.toml").write_text("[gateways.ima]\nconfirm_above = 4\n")
    assert vendor.make().code == 12


def test_speed_is_for_rehearsals_only() -> None:
    made = run("make", "--prompt", PROMPT, "--speed", "10", env={"IMA_API_KEY": KEY})
    assert (made.code, made.error["kind"]) == (2, "speed_refused")
