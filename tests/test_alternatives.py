"""Which other models make just what was asked for, and what they would cost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers import GATEWAY, asked, field, leaf, live, model, parse, rule
from studio.alternatives import alternatives
from studio.form import Offer
from studio.params import read
from test_planning import draft

SIZES = [field("size", "1K", "1K", "2K")]


def others(than: str, options: dict[str, Any], n: int = 1) -> list[tuple[str, int | None]]:
    wish = read("text_to_image", "a lighthouse", n, options)
    found, _ = alternatives(live(), model(than), wish, GATEWAY)
    return [(one.model, one.amount) for one in found]


@pytest.mark.parametrize(
    ("than", "options", "found"),
    [
        ("Nano Banana2", {"aspect_ratio": "2:3"}, [("SeeDream 4.5", 5)]),
        ("Nano Banana Pro", {"size": "8K"}, []),
        (
            "Midjourney",
            {"aspect_ratio": "16:9"},
            [("SeeDream 4.5", 5), ("Nano Banana2", 6), ("Nano Banana Pro", 10)],
        ),
        (
            "SeeDream 4.5",
            {"size": "4k", "aspect_ratio": "16:9"},
            [("Nano Banana2", 13), ("Nano Banana Pro", 18)],
        ),
        ("SeeDream 4.5", {"size": "512"}, [("Nano Banana2", 4)]),
        ("SeeDream 4.5", {"quality": "high"}, []),
    ],
)
def test_those_that_can_do_all_of_it_the_cheapest_first(
    than: str, options: dict[str, str], found: list[tuple[str, int]]
) -> None:
    assert others(than, options) == found


def test_the_price_is_of_the_whole_job() -> None:
    assert others("Nano Banana2", {"aspect_ratio": "2:3"}, n=4) == [("SeeDream 4.5", 20)]


def test_only_the_newest_version_counts_and_a_broken_one_hides_the_model() -> None:
    old, new = (leaf(SIZES, [rule(n, n)], "other", f"v{n}", "Other") for n in (3, 7))
    asking = leaf([], [rule(1, 1)], "asking", "v1", "Asking")
    wish = asked(size="2K")

    def found(*leaves: Any) -> list[tuple[str, int | None]]:
        offers = parse([asking, *leaves])
        return [(one.model, one.amount) for one in alternatives(offers, offers[0], wish, GATEWAY)[0]]

    assert found(old, new) == [("Other", 7)]
    assert found(old, {**new, "credit_rules": None}) == []
    assert found(old, leaf([], [rule(7, 7)], "other", "v7", "Other")) == []


def test_a_model_that_no_catalogue_knows_is_an_alternative_without_a_trait() -> None:
    offers = parse([leaf([], [rule(1, 1)], "asking"), leaf(SIZES, [rule(2, 2)], "brand-new", name="New")])
    ((other,), _) = alternatives(offers, offers[0], asked(size="2K"), GATEWAY)
    assert (other.id, other.model, other.traits, other.amount) == ("brand-new", "New", {}, 2)


def test_a_nickname_of_ours_lends_no_trait_to_another_model() -> None:
    offers = parse([leaf([], [rule(1, 1)], "asking"), leaf(SIZES, [rule(2, 2)], "nano-banana", name="NB")])
    ((other,), _) = alternatives(offers, offers[0], asked(size="2K"), GATEWAY)
    assert other.traits == {}


ASKING = leaf([], [rule(1, 1)], "asking", "v1", "Asking")
ABLE, UNABLE = (leaf(form, [rule(2, 2)], "other", "v2", "Other") for form in (SIZES, []))


@pytest.mark.parametrize(
    ("leaves", "certain"),
    [
        ([], True),
        ([UNABLE], True),
        ([ABLE], False),
        ([ABLE, UNABLE], False),  # its older version can
        ([leaf([], [rule(1, 1)], "asking", "v0", "Asking"), UNABLE], True),
        ([leaf(SIZES, [rule(1, 1)], "asking", "v0", "Asking")], False),
        ([leaf([field("resolution", None, "2K")], [rule(2, 2)], "other")], False),
        ([leaf([field("n", 4, 4), *SIZES], [rule(2, 2)], "other")], False),
        ([ABLE, {**ABLE, "credit_rules": [rule(3, 3)]}], False),
        ([{**ABLE, "form_config": [{"field": "size", "options": 7}]}], False),
        ([{**ABLE, "credit_rules": [rule(2, 2), rule(3, 3)]}], False),
    ],
    ids=[
        "nobody else",
        "none can",
        "one can",
        "the older can",
        "nor its own older one",
        "its own older one can",
        "under another name",
        "another number of them",
        "twice",
        "unreadable",
        "no clear price",
    ],
)
def test_that_nobody_can_is_said_only_where_it_is_certain(leaves: list[Any], certain: bool) -> None:
    offers = parse([ASKING, *leaves])
    assert alternatives(offers, offers[0], asked(size="2K"), GATEWAY)[1] is certain


def test_an_entry_that_stands_twice_is_no_alternative() -> None:
    offers = parse([ASKING, ABLE, {**ABLE, "credit_rules": [rule(3, 3)]}])
    assert alternatives(offers, offers[0], asked(size="2K"), GATEWAY)[0] == ()


WISHES = st.dictionaries(
    st.sampled_from(["size", "aspect_ratio"]),
    st.sampled_from(["1k", "2K", "4K", "512", "480p", "16:9", "2:3", "7:3"]),
)


@given(st.sampled_from(live()), WISHES, st.integers(1, 4))
def test_an_alternative_can_be_bought_by_its_id_at_the_price_that_was_named(
    than: Offer, options: dict[str, str], n: int
) -> None:
    found, nobody = alternatives(live(), than, read("text_to_image", "a cat", n, options), GATEWAY)
    assert not (found and nobody)
    for other in found:
        plan = draft(model=other.id, n=n, options=options)
        assert (plan.model.id, plan.model.name) == (other.id, other.model)
        assert plan.billing.amount == other.amount
