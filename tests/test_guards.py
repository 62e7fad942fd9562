"""Guards that breakages asked for (`make breakages`): what no other test saw when it was broken."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from studio import arguments, catalogue, settings
from studio.app import App
from studio.errors import KeyProblem, NetworkError, StudioError, UsageError
from studio.types import Gateway
from support import CANARIES, FakeClock, key_variable
from world import ACCEPTED, refusal, world


def test_a_refused_purchase_is_not_sent_again_where_a_safe_step_would_be(tmp_path: Path) -> None:
    on = world(tmp_path)
    on.vendor.pays = [refusal("vendor_down", provider_code="503"), ACCEPTED]
    with pytest.raises(NetworkError):
        on.buy()

    assert (on.vendor.count("pay"), on.job.state, on.clock.slept) == (1, "failed", [])


@pytest.mark.parametrize(
    "place", ["https://cdn.example.com/a", "HTTP://x/a", r"https:\/\/cdn.example.com\/a"]
)
def test_an_error_shows_a_link_without_its_query(place: str) -> None:
    link = f"{place}?sign=link_secret&expires=9"
    error = StudioError(f"No answer from {link} in time.", detail=f'{{"url":"{link}","code":7}}')

    assert str(error) == error.message == f"No answer from {place}?… in time."
    assert error.detail == f'{{"url":"{place}?…","code":7}}'


ADDRESSES = [(made, role) for made in catalogue.gateways() for role in made.urls]
EACH = pytest.mark.parametrize(
    ("gateway", "role"), ADDRESSES, ids=[f"{made.id} {role}" for made, role in ADDRESSES]
)


def led(home: Path, gateway: Gateway, role: str, url: str) -> dict[str, str]:
    """The addresses that a gateway is spoken to at, where one of them was named."""
    made = settings.load({settings.url_variable(gateway.id, role): url}, home=str(home))
    return dict(made.gateway(gateway.id).urls)


@EACH
def test_a_host_that_only_ends_like_the_vendors_is_not_given_the_key(
    home: Path, gateway: Gateway, role: str
) -> None:
    host = urlsplit(gateway.urls[role]).hostname
    for like in (f"not-{host}", f"not{host}", f"not.{host}", f"{host}.example.com"):
        with pytest.raises(UsageError) as refused:
            led(home, gateway, role, f"https://{like}")
        assert refused.value.kind == "base_url_refused"


@EACH
def test_no_gateway_is_led_to_a_host_of_another(home: Path, gateway: Gateway, role: str) -> None:
    for other in catalogue.gateways():
        for url in other.urls.values():
            if other.id == gateway.id:
                assert led(home, gateway, role, url)[role] == url
                continue
            with pytest.raises(UsageError) as refused:
                led(home, gateway, role, url)
            assert refused.value.kind == "base_url_refused"


@EACH
@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
def test_every_address_can_be_led_to_this_machine_without_tls_and_to_no_other(
    home: Path, gateway: Gateway, role: str, url: str
) -> None:
    assert led(home, gateway, role, url)[role] == url
    for elsewhere in ("http://127.0.0.1.example.com:8080", "http://10.0.0.1:8080", "http://0.0.0.0:8080"):
        with pytest.raises(UsageError):
            led(home, gateway, role, elsewhere)


def test_who_leads_a_gateway_elsewhere_leads_it_away_from_its_other_address_too(home: Path) -> None:
    """Else a request that finds nobody there would go to the vendor itself, with the key."""
    (gateway,) = [made for made in catalogue.gateways() if "alternate" in made.urls]
    api, other = "http://127.0.0.1:8080", "http://127.0.0.1:8081"
    assert led(home, gateway, "api", api) == {"api": api}
    assert settings.load({}, home=str(home), base_url=api).gateway(gateway.id).urls == {"api": api}
    assert led(home, gateway, "alternate", other) == {"api": gateway.urls["api"], "alternate": other}
    variables = {settings.url_variable(gateway.id, "api"): api}
    both = {**variables, settings.url_variable(gateway.id, "alternate"): other}
    assert settings.load(both, home=str(home)).gateway(gateway.id).urls == {"api": api, "alternate": other}


def keys(gateway: Gateway, *words: str) -> dict[str, str]:
    """The keys that a command knows which speaks to this gateway."""
    made = arguments.parse(["quote", "--prompt", "a cat", *words])
    return App(made, words, FakeClock(), nullcontext, lambda job, what: None).keys(gateway)


@pytest.mark.parametrize("gateway", catalogue.gateways(), ids=lambda made: made.id)
def test_a_rehearsal_is_given_its_own_key_and_not_the_real_one(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    for id, key in CANARIES.items():
        monkeypatch.setenv(key_variable(id), key)

    assert keys(gateway) == CANARIES, "every key that must not leave by its door is known"
    assert keys(gateway, "--sandbox") == {gateway.id: f"{gateway.key_prefix}rehearsal"}


OTHERS = [made for made in catalogue.gateways() if not made.key_prefix]
AT_OTHERS = pytest.mark.parametrize("other", OTHERS, ids=lambda made: made.id)


def test_only_imas_keys_can_be_told_by_their_beginning() -> None:
    assert [made.id for made in catalogue.gateways() if made.key_prefix] == ["ima"]
    assert [made.id for made in OTHERS] == ["imagine-future", "302ai", "gptge"]


@AT_OTHERS
@pytest.mark.parametrize("given", ["by a variable", "by an option"])
def test_a_key_that_is_plainly_of_another_gateway_is_not_tried_at_this_one(
    monkeypatch: pytest.MonkeyPatch, given: str, other: Gateway
) -> None:
    words = ("--api-key", CANARIES["ima"]) if given == "by an option" else ()
    if not words:
        monkeypatch.setenv(other.key_env, CANARIES["ima"])
    with pytest.raises(KeyProblem) as refused:
        keys(other, *words)

    assert refused.value.kind == "key_malformed"
    assert "IMA" in refused.value.message
    assert CANARIES["ima"] not in f"{refused.value.message}{refused.value.detail}"


@AT_OTHERS
@pytest.mark.parametrize("key", ["short", "imf_ with a space", "imf_\N{SNOWMAN}placeholder"])
def test_what_can_be_no_key_is_said_without_naming_a_beginning_that_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, key: str, other: Gateway
) -> None:
    monkeypatch.setenv(other.key_env, key)
    with pytest.raises(KeyProblem) as refused:
        keys(other)

    assert refused.value.kind == "key_malformed"
    assert "start with" not in refused.value.message
