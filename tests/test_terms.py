"""What a purchase is: the terms a yes is given to, the fingerprint, and the difference between two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offers import GATEWAY
from parts import plan
from studio.content import Content
from studio.terms import asked_difference, difference, fingerprint, inputs_of, terms
from studio.types import Billing, ModelRef, Plan, Source, Unit
from studio.wishes import Wish

MODEL = plan().model
BILLING = plan().billing
FILE = Source("image", "cat.png", None, "image/png", Content([b"bytes"]), "cd" * 32, 64, 48)
SAME_BYTES = replace(FILE, name="copy of cat.png")
OTHER_BYTES = replace(FILE, sha256="ef" * 32)
LINK = Source("image", "https://example.com/a.png", "https://example.com/a.png")
OTHER_LINK = Source("image", "https://example.com/b.png", "https://example.com/b.png")

WHAT: dict[str, dict[str, Any]] = {  # what is bought: another of each is another purchase
    "gateway": {"gateway": "elsewhere"},
    "task_type": {"task_type": "image_to_image"},
    "model": {"model": replace(MODEL, id="another")},
    "version": {"model": replace(MODEL, version="another")},
    "prompt": {"prompt": "a canary-yellow lighthouse, gouache."},
    "n": {"n": 2},
    "size": {"values": {"size": "2k"}},
    "another parameter": {"values": {"size": "4k", "seed": "1"}},
    "a parameter less": {"values": {}},
    "inputs": {"inputs": (FILE,)},
}
PRICE: dict[str, dict[str, Any]] = {
    "price": {"billing": replace(BILLING, amount=6)},
    "unknown price": {"billing": replace(BILLING, amount=None)},
    "unit": {"billing": replace(BILLING, unit="coins")},
}
HOW: dict[str, dict[str, Any]] = {  # how it is told and kept, which is no part of what is bought
    "language": {"language": "zh"},
    "the model's name": {"model": replace(MODEL, name="SeeDream")},
    "where a value came from": {"origin": {"size": "asked"}},
    "what was typed": {"requested": {"options": {"size": "4K"}}},
    "attribute id": {"billing": replace(BILLING, attribute_id=9999)},
    "basis": {"billing": replace(BILLING, basis="table of 2026-02-28")},
    "estimate": {"estimate": (1, 2)},
    "speed": {"speed": 9.0},
    "earlier steps": {"steps": ({"job": "x", "why": "offer_changed"},)},
}


def another(changes: dict[str, Any]) -> Plan:
    return plan(**changes)


@pytest.mark.parametrize("name", [*WHAT, *PRICE])
def test_what_is_bought_and_its_price_are_terms(name: str) -> None:
    assert terms(another({**WHAT, **PRICE}[name]), GATEWAY) != terms(plan(), GATEWAY)


@pytest.mark.parametrize("name", [*HOW, "user"])
def test_how_it_is_told_and_by_whom_is_no_term(name: str) -> None:
    assert terms(another({**HOW, "user": {"user_id": "someone"}}[name]), GATEWAY) == terms(plan(), GATEWAY)


@pytest.mark.parametrize("name", [*WHAT, "user"])
def test_another_thing_or_another_user_has_another_fingerprint(name: str) -> None:
    assert fingerprint(another({**WHAT, "user": {"user_id": "someone"}}[name])) != fingerprint(plan())


@pytest.mark.parametrize("name", [*HOW, *PRICE])
def test_the_same_thing_has_the_same_fingerprint_whatever_it_costs(name: str) -> None:
    assert fingerprint(another({**HOW, **PRICE}[name])) == fingerprint(plan())


def test_no_two_of_these_purchases_have_the_same_fingerprint() -> None:
    prints = [fingerprint(another(changes)) for changes in WHAT.values()]
    assert len({*prints, fingerprint(plan())}) == len(prints) + 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((FILE,), (SAME_BYTES,), True),
        ((FILE,), (OTHER_BYTES,), False),
        ((LINK,), (OTHER_LINK,), False),
        ((FILE, OTHER_BYTES), (OTHER_BYTES, FILE), False),  # the order says which is which
        ((FILE,), (FILE, FILE), False),
    ],
    ids=["other name", "other bytes", "other link", "other order", "twice"],
)
def test_inputs_are_known_by_their_content(
    one: tuple[Source, ...], other: tuple[Source, ...], same: bool
) -> None:
    assert (fingerprint(plan(inputs=one)) == fingerprint(plan(inputs=other))) is same
    assert (terms(plan(inputs=one), GATEWAY) == terms(plan(inputs=other), GATEWAY)) is same


def test_inputs_stand_as_digests_and_links_and_without_their_bytes() -> None:
    assert inputs_of((FILE, LINK)) == ["cd" * 32, "https://example.com/a.png"]


def test_the_price_stands_in_the_terms_as_a_person_reads_it() -> None:
    cents = replace(GATEWAY, unit=Unit("credits", 2))
    priced = plan(billing=Billing(1, 29, 29, "credits", "live"))
    assert (terms(priced, cents)["price"], terms(priced, cents)["unit"]) == (0.29, "credits")
    unknown = plan(billing=replace(BILLING, amount=None))
    assert terms(unknown, GATEWAY)["price"] is None


DIFFERENCES: dict[str, tuple[str, Any, Any]] = {
    "gateway": ("gateway", "ima", "elsewhere"),
    "model": ("model", MODEL.id, "another"),
    "version": ("version", MODEL.version, "another"),
    "n": ("n", 1, 2),
    "size": ("size", "4k", "2k"),
    "another parameter": ("seed", None, "1"),
    "a parameter less": ("size", "4k", None),
    "inputs": ("inputs", [], ["cd" * 32]),
    "price": ("price", 5, 6),
    "unknown price": ("price", 5, None),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_names_just_what_is_not_as_it_was(name: str) -> None:
    what, before, after = DIFFERENCES[name]
    changed = terms(another({**WHAT, **PRICE}[name]), GATEWAY)

    assert difference(terms(plan(), GATEWAY), changed) == [{"what": what, "before": before, "after": after}]
    assert difference(changed, changed) == []


def test_another_prompt_is_told_without_its_words() -> None:
    """An approval is kept for a day: what is only asked about is not written down."""
    changed = plan(prompt="something private")
    (one,) = difference(terms(plan(), GATEWAY), terms(changed, GATEWAY))

    assert (one["what"], one["before"] != one["after"]) == ("prompt", True)
    assert "private" not in str(terms(changed, GATEWAY))


def resolved(**changes: Any) -> Plan:
    """A plan in which the size was asked for, and the quality is the vendor's default."""
    made: dict[str, Any] = {
        "values": {"size": "4k", "quality": "720p"},
        "origin": {"size": "asked", "quality": "default"},
    }
    return plan(**{**made, **changes})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"values": {"size": "4k", "quality": "480p"}}, []),
        ({"values": {"size": "4k"}}, []),
        ({"values": {"size": "4k", "quality": "720p", "new": 1}}, []),
        ({"values": {"size": "2k", "quality": "720p"}}, ["size"]),
        ({"values": {"quality": "720p"}, "origin": {"quality": "default"}}, ["size"]),
        ({"billing": replace(BILLING, amount=4)}, ["price"]),
        ({"billing": replace(BILLING, attribute_id=1)}, []),
        ({"model": ModelRef("doubao-seedream-4.5", "SeeDream 4.5", "newer")}, ["version"]),
    ],
)
def test_between_two_states_of_a_list_only_what_was_asked_for_and_the_price_count(
    changes: dict[str, Any], told: list[str]
) -> None:
    found = asked_difference(resolved(), resolved(**changes), GATEWAY)
    assert [one["what"] for one in found] == told


def test_a_control_that_was_asked_for_counts_although_another_parameter_is_sent() -> None:
    wide = resolved(values={"size": "2560x1440"}, origin={"size": "asked"}, applied={"aspect_ratio": "16:9"})
    other = resolved(values={"size": "2560x1440"}, origin={"size": "asked"}, applied={"aspect_ratio": "4:3"})
    assert asked_difference(wide, other, GATEWAY) == [
        {"what": "aspect_ratio", "before": "16:9", "after": "4:3"}
    ]


WISH = Wish(prompt=plan().prompt, options={"size": "4K"})


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"language": "zh"}, True),
        ({"speed": 9.0}, True),
        ({"from_job": "k3f9q2xa"}, True),  # another way to say the other parts
        ({"prompt": "another"}, False),
        ({"n": 2}, False),
        ({"model": "SeeDream 4.5"}, False),
        ({"options": {"size": "2K"}}, False),
        ({"unchecked": {"seed": "1"}}, False),
        ({"user_id": "someone"}, False),
        ({"task_type": "text_to_image"}, False),
        ({"gateway": "ima"}, False),
    ],
)
def test_a_wish_is_known_again_by_what_was_asked(changes: dict[str, Any], same: bool) -> None:
    assert (replace(WISH, **changes).digest(()) == WISH.digest(())) is same


def test_a_wish_is_known_again_by_the_content_of_its_inputs() -> None:
    asked = replace(WISH, inputs=("cat.png",))
    renamed = replace(WISH, inputs=("copy of cat.png",))
    assert asked.digest((FILE,)) == renamed.digest((SAME_BYTES,)) != asked.digest((OTHER_BYTES,))
