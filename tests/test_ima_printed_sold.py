"""The provider against the tables of the vendor's document: what it plans for each row has the printed price
and is sold by the twin at it. And the older script's command lines. What is printed: tests/ima_printed.py."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from typing import Any

import pytest

import ima_printed as printed
from ima_printed import BANANA, IMAGE, MJ, PRO, SEEDREAM, TEXT, Example, Sold
from parts import door, ima
from sandbox import Sandbox
from studio import arguments, catalogue
from studio.errors import UsageError
from studio.form import Offer
from studio.providers.ima import Provider
from studio.types import MediaRef, Plan
from support import KEY, Vendor
from test_ima_printed import GATEWAY, draft
from test_ima_provider import VENDOR
from twins.ima_sample import inner


class Shop:
    """The twin, spoken to by the provider through the product's one door."""

    def __init__(self, vendor: Vendor) -> None:
        gateway = ima(vendor.urls["api"])
        self.vendor, self.door = vendor, door(gateway)
        self.provider = Provider({gateway.id: gateway}, VENDOR.raw, time.time)
        self.offers = {
            task_type: self.provider.offers(task_type, "en", self.door.read)
            for task_type in printed.TASK_TYPES
        }

    def plan(self, task_type: str, model: str | None, prompt: str = "a cat", **asked: Any) -> Plan:
        return draft(self.offers[task_type], task_type, model, prompt=prompt, options=asked)

    def offer(self, task_type: str, model_id: str) -> Offer:
        (found,) = [offer for offer in self.offers[task_type] if offer.model_id == model_id]
        return found

    def buy(self, made: Plan, *links: str) -> Any:
        """The body that the twin took, after exactly the planned points were charged."""
        before = self.vendor.stats["points_charged"]
        images = links or ((printed.INPUT,) if made.task_type == IMAGE else ())
        request = self.provider.submit_request(made, tuple(MediaRef("image", link) for link in images), "")
        assert self.provider.parse_submit(made, self.door.pay(request)).task.task_id
        stats = self.vendor.stats
        assert stats["points_charged"] - before == made.billing.amount
        return stats["tasks"][-1]["body"]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Sandbox() as box:
        yield Shop(Vendor(box.urls["ima"], 1))


def price(made: Plan) -> tuple[int | None, int | None]:
    return made.billing.attribute_id, made.billing.per_unit


def catalogued(task_type: str, model_id: str) -> dict[str, int]:
    """What is bought -> points, as `models` shows without asking the vendor."""
    (spec,) = [model for model in catalogue.models(task_type) if model.id == model_id]
    return {what.casefold(): points for what, points in spec.prices[task_type]}


@pytest.mark.parametrize("sold", printed.SUPPORTED, ids=str)
def test_each_row_of_the_models_is_planned_and_sold_at_exactly_its_price(shop: Shop, sold: Sold) -> None:
    made = shop.plan(sold.task_type, sold.name, size=sold.size)

    assert (made.model.id, made.model.name, made.model.version) == (sold.model_id, sold.name, sold.version)
    assert price(made) == (sold.attribute_id, sold.points)
    prices = catalogued(sold.task_type, sold.model_id)
    assert prices.get(sold.size.casefold(), prices.get("any size")) == sold.points
    body = shop.buy(made)
    assert inner(body)["size"] == sold.size


@pytest.mark.parametrize("row", printed.ATTRIBUTES, ids=lambda row: f"{row[0]}-{row[2]}")
def test_each_row_of_the_attribute_ids_is_what_its_size_is_billed_by(shop: Shop, row: Any) -> None:
    task_type, model_id, attribute_id, points, size, side = row

    made = shop.plan(task_type, model_id, size=size)

    assert price(made) == (attribute_id, printed.DECIDED.get(attribute_id, points))
    assert (side is None) == (model_id == SEEDREAM)  # pixels are the vendor's to deliver


@pytest.mark.parametrize(("size", "row"), list(printed.PRO_SIZES.items()))
def test_a_size_of_nano_banana_pro_brings_its_attribute_by_itself(shop: Shop, size: str, row: Any) -> None:
    assert price(shop.plan(TEXT, PRO, size=size)) == (row[2], row[1])
    assert price(shop.plan(TEXT, PRO)) == (printed.PRO_SIZES["1K"][2], printed.PRO_SIZES["1K"][1])


@pytest.mark.parametrize(("task_type", "profile", "model_id", "version", "points"), printed.DEFAULTS)
def test_a_default_of_the_table_is_known_with_its_price_and_the_plain_one_is_taken(
    shop: Shop, task_type: str, profile: str, model_id: str, version: str, points: tuple[int, ...]
) -> None:
    """Nano Banana2 stands there without -preview; what is sent is what the live list calls it."""
    made = shop.plan(task_type, None if not profile else model_id)

    assert (made.model.id, made.model.version.removesuffix("-preview")) == (
        model_id,
        version.removesuffix("-preview"),
    )
    assert set(points) <= set(catalogued(task_type, model_id).values())
    assert set(points) <= {rule.points for rule in shop.offer(task_type, model_id).rules}


def test_the_shorter_tables_say_what_the_catalogue_says() -> None:
    for name, model_id, wrong, least, most in printed.MODEL_IDS:
        for task_type in printed.TASK_TYPES:
            points = catalogued(task_type, model_id).values()
            assert (min(points), max(points)) == (least, most)
        # The script takes no other name for a model than its id; ours knows what people call it.
        for words in filter(None, (name, model_id, wrong)):
            found = catalogue.find(words, catalogue.models())
            assert found
            assert (found.id, found.name) == (model_id, name)
    for task_type, profile, name, least, most in printed.RECOMMENDED:
        found = catalogue.find(name, catalogue.models(task_type))
        assert found
        assert {least, most} <= set(catalogued(task_type, found.id).values())
        assert profile or catalogue.default_model(task_type, {GATEWAY.id}).id == found.id


@pytest.mark.parametrize("model_id", printed.ESTIMATES)
def test_the_printed_times_are_those_that_we_wait_by(shop: Shop, model_id: str) -> None:
    shortest, longest, poll_every = printed.ESTIMATES[model_id]

    made = shop.plan(TEXT, model_id)

    assert made.estimate == (shortest, longest)
    assert made.poll_every == (poll_every if model_id == MJ else min(printed.POLL_EVERY))


@pytest.mark.parametrize("task_type", [TEXT, IMAGE])
@pytest.mark.parametrize("ratio", printed.RATIOS)
def test_a_ratio_of_seedream_is_sold_as_its_printed_size(shop: Shop, task_type: str, ratio: str) -> None:
    made = shop.plan(task_type, SEEDREAM, aspect_ratio=ratio)
    wide, high = printed.RATIOS[ratio]

    sent = inner(shop.buy(made))

    assert (sent["size"], "aspect_ratio" in sent, made.billing.amount) == (f"{wide}x{high}", False, 5)


@pytest.mark.parametrize("model_id", [BANANA, PRO])
@pytest.mark.parametrize("ratio", [*printed.RATIOS, *printed.NO_RATIOS])
def test_a_nano_banana_is_sent_its_five_ratios_as_they_are(shop: Shop, model_id: str, ratio: str) -> None:
    if ratio in printed.NATIVE_RATIOS:
        assert inner(shop.buy(shop.plan(TEXT, model_id, aspect_ratio=ratio)))["aspect_ratio"] == ratio
    else:
        with pytest.raises(UsageError, match=ratio):
            shop.plan(TEXT, model_id, aspect_ratio=ratio)


def test_a_ratio_that_no_model_has_is_refused_unless_it_is_another_way_to_write_one(shop: Shop) -> None:
    """The document calls 7:3 unsupported and offers 21:9, which is the same."""
    same, none = printed.NO_RATIOS

    assert shop.plan(TEXT, SEEDREAM, aspect_ratio=same).values == {"size": "3024x1296"}
    for model_id in printed.ESTIMATES:
        with pytest.raises(UsageError) as no:
            shop.plan(TEXT, model_id, aspect_ratio=none)
        assert no.value.kind == "unsupported_option"


@pytest.mark.parametrize("task_type", printed.TASK_TYPES)
@pytest.mark.parametrize("model_id", printed.ESTIMATES)
def test_what_no_picture_model_has_is_refused_before_anything_is_bought(
    shop: Shop, task_type: str, model_id: str
) -> None:
    for asked in ({"size": printed.NO_SIZE}, printed.NO_PARAMETER, printed.REFERENCE_STRENGTH):
        with pytest.raises(UsageError, match="|".join(asked)):
            shop.plan(task_type, model_id, **asked)
    with pytest.raises(UsageError, match="aspect_ratio"):
        shop.plan(task_type, MJ, aspect_ratio="16:9")


@pytest.mark.parametrize("size", printed.SEEDREAM_SIZES[0])
def test_each_printed_size_of_seedream_can_be_asked_for(shop: Shop, size: str) -> None:
    assert inner(shop.buy(shop.plan(IMAGE, SEEDREAM, size=size)))["size"] == size


SENT = (  # what we send besides for the five purchases of the Python example
    {"size": "2048x2048"},  # the sample: 4k, the field's own value; ours is that of its control, 1:1
    {"size": "480p"},
    {"size": "1K", "aspect_ratio": "16:9"},  # the sample loses the ratio on the way
    {"size": "4k"},
    {"size": "480p"},
)


@pytest.mark.parametrize(("example", "sent"), list(zip(printed.EXAMPLES, SENT, strict=True)), ids=str)
def test_each_purchase_of_the_sample_code_is_made(shop: Shop, example: Example, sent: Any) -> None:
    made = shop.plan(example.task_type, example.model_id, example.prompt, **dict(example.extra))

    body = shop.buy(made, *example.input_images)

    common = {"prompt": example.prompt, "n": 1, "input_images": list(example.input_images)}
    cast = {"points": made.billing.per_unit, "attribute_id": made.billing.attribute_id}
    assert inner(body) == {**common, "cast": cast, **sent}
    assert body["src_img_url"] == list(example.input_images)


def words_of(command: str) -> list[str]:
    """A printed command line without the interpreter and the script, its places filled in."""
    words = shlex.split(command)[2:]
    places = {"$IMA_API_KEY": KEY, "{user_id}": "somebody"}
    return [places.get(word, word) for word in words]


BOUGHT = {  # model, attribute_id, points, what is sent besides, input
    "generate": (SEEDREAM, 2341, 5, {"size": "2048x2048"}, []),
    "image to image": (SEEDREAM, 1611, 5, {"size": "2048x2048"}, ["https://example.com/photo.jpg"]),
    "4K": (PRO, 2401, 18, {"size": "4K", "aspect_ratio": "1:1"}, []),
    "SeeDream 16:9": (SEEDREAM, 2341, 5, printed.MAPPED[1], []),
    "Pro 16:9": (PRO, 2399, 10, {"size": "1K", **printed.MAPPED[0]}, []),
}


@pytest.mark.parametrize("name", BOUGHT)
def test_the_older_scripts_command_lines_buy_what_they_say(vendor: Vendor, name: str) -> None:
    """With the rehearsal's clock alone put to them: --speed."""
    words = words_of(printed.COMMANDS[name])
    model_id, attribute_id, points, sent, links = BOUGHT[name]
    made = arguments.parse(words)

    done = vendor.run(*words, "--speed", str(vendor.speed))

    assert done.code == 0, done.stderr
    (task,) = vendor.stats["tasks"]
    body = task["body"]
    assert (task["points"], task["model_id"], body["parameters"][0]["attribute_id"]) == (
        points,
        model_id,
        attribute_id,
    )
    assert (inner(body)["prompt"], task["task_type"]) == (made.prompt, made.task_type)
    assert sent.items() <= inner(body).items()
    assert (body["src_img_url"], "aspect_ratio" in inner(body)) == (links, "aspect_ratio" in sent)
    assert "somebody" not in str(vendor.stats)
    assert vendor.stats["requests"]["token"] == 0  # nothing for the second host without a local file


def test_the_older_scripts_list_is_printed(vendor: Vendor) -> None:
    words = words_of(printed.COMMANDS["list"])
    assert arguments.parse(words).list_models

    done = vendor.run(*words)

    assert done.code == 0, done.stderr
    prices: dict[str, list[int]] = {}
    for sold in printed.SUPPORTED:
        if sold.task_type == TEXT:
            prices.setdefault(sold.model_id, []).append(sold.points)
    listed = {row["id"]: [price["amount"] for price in row["prices"]] for row in done.document["models"]}
    assert (listed, done.document["basis"]) == (prices, "live")


def test_every_printed_command_line_is_tried_and_the_mapping_is_that_of_the_table() -> None:
    assert set(printed.COMMANDS) == {*BOUGHT, "list"}
    asked, sent = printed.MAPPED
    assert "x".join(map(str, printed.RATIOS[asked["aspect_ratio"]])) == sent["size"]
    assert GATEWAY.key_env == shlex.split(printed.KEY_VARIABLE)[1].partition("=")[0]


@pytest.mark.parametrize("flags", printed.RIGHT_AND_WRONG)
def test_the_right_id_and_the_one_that_is_called_wrong_name_the_same_model(flags: str) -> None:
    """To the script the second is no model. To a person it is a name: we know what is meant."""
    made = arguments.parse(["--prompt", "x", *shlex.split(flags)])
    found = catalogue.find(made.model, catalogue.models())

    assert found
    assert found.id == PRO
