"""Promise 2: what is bought unasked, what is asked for first, and what no yes lifts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from offers import GATEWAY
from parts import plan
from studio import consent
from studio.consent import Consent
from studio.content import Content
from studio.errors import NeedsApproval, OverLimit, StudioError
from studio.terms import terms
from studio.types import Gateway, Limits, Plan, Source, Unit

STEPS = st.integers(0, 60)
LIMITS = st.builds(
    Limits,
    per_call=st.none() | STEPS,
    per_day=st.none() | STEPS,
    per_user=st.none() | STEPS,
    accept_unknown=st.booleans(),
)
UNITS = st.sampled_from([Unit("points"), Unit("credits", 2)])
GATEWAYS = st.builds(
    lambda limits, unit: replace(GATEWAY, limits=limits, unit=unit, confirm_above=20), LIMITS, UNITS
)
TOKEN = "abcdefgh2345"


def priced(steps: int | None, **more: Any) -> Plan:
    return plan(billing=replace(plan().billing, amount=steps), **more)


def outcome(made: Plan, gateway: Gateway, said: Consent) -> StudioError | None:
    try:
        consent.check(made, gateway, said)
    except StudioError as no:
        return no
    return None


@st.composite
def situations(draw: st.DrawFn) -> tuple[Plan, Gateway, Consent]:
    """Any price, any limits, anything said; a token stands for the same, another thing, or nothing."""
    gateway = draw(GATEWAYS)
    steps = draw(st.none() | STEPS)
    made = priced(steps, ask_first=draw(st.booleans()))
    token = draw(st.none() | st.just(TOKEN))
    offered = draw(st.sampled_from([made, priced(draw(STEPS)), plan(prompt="another")]))
    most = draw(st.none() | STEPS)
    return (
        made,
        gateway,
        Consent(
            max_credits=None if most is None else float(gateway.unit.amount(most)),
            yes=draw(st.booleans()),
            accept_unknown=draw(st.booleans()),
            token=token,
            approved=draw(st.none() | st.just(terms(offered, gateway))) if token else None,
            forced=draw(st.booleans()),
        ),
    )


def limited(gateway: Gateway, said: Consent) -> bool:
    held = gateway.limits
    return any(one is not None for one in (said.max_credits, held.per_call, held.per_day, held.per_user))


def expected(made: Plan, gateway: Gateway, said: Consent) -> str | None:
    """The issue's text, once more: the kind of what it ends with, None where it is bought."""
    steps = made.billing.amount
    most = None if said.max_credits is None else round(said.max_credits * 10**gateway.unit.decimals)
    if steps is not None and any(one is not None and steps > one for one in (most, gateway.limits.per_call)):
        return "over_limit"
    if said.token:
        if said.approved is None:
            return "approval_unknown"
        return None if said.approved == terms(made, gateway) else "approval_changed"
    if steps is None:
        accepted = said.accept_unknown and gateway.limits.accept_unknown and not limited(gateway, said)
        return None if accepted and not (said.forced or made.ask_first) else "needs_approval"
    if said.yes and limited(gateway, said):
        return None
    return "needs_approval" if said.forced or made.ask_first or steps > 20 else None


@settings(max_examples=400)
@given(situations())
def test_consent_is_as_the_rules_say(situation: tuple[Plan, Gateway, Consent]) -> None:
    no = outcome(*situation)
    assert (no.kind if no else None) == expected(*situation)
    assert no is None or (no.exit_code, no.charged) == (11 if no.kind == "over_limit" else 12, "no")


@given(situations())
def test_no_yes_of_any_kind_lifts_a_limit(situation: tuple[Plan, Gateway, Consent]) -> None:
    made, gateway, said = situation
    steps, limit = made.billing.amount, gateway.limits.per_call
    if outcome(made, gateway, said) is None and steps is not None:
        assert limit is None or steps <= limit
        assert said.max_credits is None or gateway.unit.amount(steps) <= said.max_credits


def test_a_price_above_max_credits_stops_whatever_else_is_said() -> None:
    for said in (
        Consent(max_credits=4),
        Consent(max_credits=4, yes=True),
        Consent(max_credits=4, forced=True),
    ):
        with pytest.raises(OverLimit, match="more than --max-credits 4"):
            consent.check(priced(5), GATEWAY, said)


@given(situations())
def test_a_token_that_does_not_fit_is_never_helped_by_anything_else(
    situation: tuple[Plan, Gateway, Consent],
) -> None:
    made, gateway, said = situation
    if said.token and said.approved != terms(made, gateway):
        assert isinstance(outcome(made, gateway, said), NeedsApproval | OverLimit)


@given(steps=STEPS, gateway=GATEWAYS, forced=st.booleans())
@example(steps=60, gateway=GATEWAY, forced=False)
def test_yes_alone_says_nothing_that_silence_does_not(steps: int, gateway: Gateway, forced: bool) -> None:
    bare = replace(gateway, limits=Limits())
    silent = outcome(priced(steps), bare, Consent(forced=forced))
    spoken = outcome(priced(steps), bare, Consent(yes=True, forced=forced))
    assert (silent and silent.kind) == (spoken and spoken.kind)
    assert spoken is None or "--max-credits" in (spoken.detail or "")


@pytest.mark.parametrize("amount", [28, 29, 57, 58])
def test_a_limit_in_hundredths_is_met_to_the_step(amount: int) -> None:
    """0.29 * 100 is a little less than 29 for a computer."""
    gateway = replace(GATEWAY, unit=Unit("credits", 2), confirm_above=99)
    assert outcome(priced(amount), gateway, Consent(max_credits=amount / 100)) is None
    assert outcome(priced(amount + 1), gateway, Consent(max_credits=amount / 100)) is not None


@pytest.mark.parametrize(("steps", "asks"), [(0, False), (20, False), (21, True), (200, True)])
def test_a_usual_price_is_bought_unasked_and_a_dearer_one_is_not(steps: int, asks: bool) -> None:
    assert isinstance(outcome(priced(steps), GATEWAY, Consent()), NeedsApproval) is asks


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        (Consent(), True),
        (Consent(yes=True), True),
        (Consent(max_credits=9.0), True),
        (Consent(yes=True, max_credits=9.0), False),
    ],
)
def test_another_of_what_may_have_been_bought_is_asked_about_however_cheap(said: Consent, asks: bool) -> None:
    no = outcome(priced(1), GATEWAY, replace(said, forced=True))
    assert isinstance(no, NeedsApproval) is asks


@pytest.mark.parametrize("gateway", [GATEWAY, replace(GATEWAY, confirm_above=1000)])
@pytest.mark.parametrize(
    ("said", "asks"),
    [
        (Consent(), True),
        (Consent(yes=True), True),
        (Consent(max_credits=30.0), True),
        (Consent(yes=True, max_credits=30.0), False),
        (Consent(token=TOKEN, approved=terms(priced(1), GATEWAY)), False),
    ],
)
def test_a_wish_that_asks_first_is_asked_about_however_cheap(
    said: Consent, asks: bool, gateway: Gateway
) -> None:
    no = outcome(priced(1, ask_first=True), gateway, said)
    assert isinstance(no, NeedsApproval) is asks
    assert no is None or no.kind == "needs_approval"


def test_a_wish_that_asks_first_is_asked_about_at_a_price_that_nobody_knows() -> None:
    accepts = replace(GATEWAY, limits=Limits(accept_unknown=True))
    for ask_first in (True, False):
        no = outcome(priced(None, ask_first=ask_first), accepts, Consent(accept_unknown=True))
        assert isinstance(no, NeedsApproval) is ask_first
        assert no is None or no.detail is None, "the config is as it should be"


def test_what_asks_first_is_no_term_of_what_is_agreed() -> None:
    assert terms(priced(1, ask_first=True, presumed={"size": "4K"}), GATEWAY) == terms(priced(1), GATEWAY)


def test_a_limit_on_its_own_approves_nothing() -> None:
    assert isinstance(outcome(priced(30), GATEWAY, Consent(max_credits=100.0)), NeedsApproval)
    held = replace(GATEWAY, limits=Limits(per_call=100, per_day=100, per_user=100))
    assert isinstance(outcome(priced(30), held, Consent()), NeedsApproval)


# --- tokens -----------------------------------------------------------------------------------------------

FILE = Source("image", "cat.png", None, "image/png", Content([b"bytes"]), "cd" * 32, 64, 48)
AGREED = plan(
    inputs=(FILE,), values={"size": "4k", "quality": "720p"}, billing=replace(plan().billing, amount=30)
)
CHANGES: dict[str, Callable[[Plan], Plan]] = {
    "gateway": lambda made: replace(made, gateway="elsewhere"),
    "task_type": lambda made: replace(made, task_type="text_to_image_again"),
    "model": lambda made: replace(made, model=replace(made.model, id="another")),
    "version": lambda made: replace(made, model=replace(made.model, version="another")),
    "prompt": lambda made: replace(made, prompt="another"),
    "n": lambda made: replace(made, n=2),
    "size": lambda made: replace(made, values={**made.values, "size": "2k"}),
    "quality": lambda made: replace(made, values={"size": "4k"}),
    "seed": lambda made: replace(made, values={**made.values, "seed": 7}),
    "inputs": lambda made: replace(made, inputs=(replace(FILE, sha256="ef" * 32),)),
    "price": lambda made: replace(made, billing=replace(made.billing, amount=29)),
    "unit": lambda made: replace(made, billing=replace(made.billing, unit="coins")),
}


def yes_to(made: Plan, **more: Any) -> Consent:
    return Consent(token=TOKEN, approved=terms(made, GATEWAY), **more)


def test_a_token_buys_exactly_what_it_was_made_for() -> None:
    assert outcome(AGREED, GATEWAY, yes_to(AGREED)) is None
    assert outcome(AGREED, GATEWAY, yes_to(AGREED, forced=True)) is None


@pytest.mark.parametrize("what", CHANGES)
def test_any_single_other_term_stops_with_just_that_difference(what: str) -> None:
    no = outcome(CHANGES[what](AGREED), GATEWAY, yes_to(AGREED, yes=True, max_credits=1000.0))

    assert isinstance(no, NeedsApproval)
    assert (no.kind, no.exit_code, [one["what"] for one in no.difference]) == ("approval_changed", 12, [what])
    assert no.difference[0]["before"] != no.difference[0]["after"]
    assert what in no.message


@given(st.sets(st.sampled_from(sorted(CHANGES)), min_size=1))
def test_all_other_terms_stand_in_the_difference(what: set[str]) -> None:
    made = AGREED
    for name in sorted(what):  # "quality" takes the others away, so it goes before "seed" and "size"
        made = CHANGES[name](made)
    no = outcome(made, GATEWAY, yes_to(AGREED))

    assert isinstance(no, NeedsApproval)
    assert {one["what"] for one in no.difference} == what


def test_a_price_that_fell_is_asked_about_as_well() -> None:
    no = outcome(priced(4), GATEWAY, yes_to(priced(5)))
    assert isinstance(no, NeedsApproval)
    assert list(no.difference) == [{"what": "price", "before": 5, "after": 4}]


def test_a_price_that_is_not_known_any_more_is_no_price_agreed_on() -> None:
    no = outcome(priced(None), GATEWAY, yes_to(priced(5), accept_unknown=True))
    assert isinstance(no, NeedsApproval)
    assert [one["what"] for one in no.difference] == ["price"]


def test_a_token_that_is_none_approves_nothing_not_even_a_cheap_job() -> None:
    no = outcome(priced(1), GATEWAY, Consent(token="no such one", yes=True, max_credits=9.0))
    assert isinstance(no, NeedsApproval)
    assert no.kind == "approval_unknown"


# --- prices that are not known ----------------------------------------------------------------------------

ACCEPTS = replace(GATEWAY, limits=Limits(accept_unknown=True))


@pytest.mark.parametrize(
    ("gateway", "said", "bought"),
    [
        (GATEWAY, Consent(), False),
        (GATEWAY, Consent(yes=True), False),
        (GATEWAY, Consent(yes=True, max_credits=100.0), False),
        (GATEWAY, Consent(accept_unknown=True), False),
        (ACCEPTS, Consent(), False),
        (ACCEPTS, Consent(yes=True), False),
        (ACCEPTS, Consent(accept_unknown=True), True),
        (ACCEPTS, Consent(accept_unknown=True, max_credits=100.0), False),
        (replace(ACCEPTS, limits=Limits(1, accept_unknown=True)), Consent(accept_unknown=True), False),
        (replace(ACCEPTS, limits=Limits(None, 1, accept_unknown=True)), Consent(accept_unknown=True), False),
        (
            replace(ACCEPTS, limits=Limits(None, None, 1, accept_unknown=True)),
            Consent(accept_unknown=True),
            False,
        ),
        (GATEWAY, yes_to(priced(None)), True),
        (replace(GATEWAY, limits=Limits(1, 1, 1)), yes_to(priced(None), max_credits=1.0), True),
    ],
)
def test_who_may_buy_at_a_price_that_is_not_known(gateway: Gateway, said: Consent, bought: bool) -> None:
    no = outcome(priced(None), gateway, said)
    assert (no is None) is bought
    assert bought or isinstance(no, NeedsApproval)
