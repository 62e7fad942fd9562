"""What the person set up: keys, addresses and limits. Anything odd is named and stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from offers import GATEWAY
from studio import settings
from studio.errors import KeyProblem, UsageError
from studio.settings import Settings

KEY = "ima_example_placeholder"


def load(
    home: Path, config: str | bytes | None = None, env: dict[str, str] | None = None, **more: Any
) -> Settings:
    home.mkdir(exist_ok=True)
    if config is not None:
        (home / "config.toml").write_bytes(config.encode() if isinstance(config, str) else config)
    return settings.load({"MEDIA_STUDIO_HOME": str(home), **(env or {})}, **more)


def refused(home: Path, config: str | bytes) -> str:
    with pytest.raises(UsageError) as stopped:
        load(home, config)
    assert "config.toml" in stopped.value.message
    return stopped.value.message + (stopped.value.detail or "")


def test_a_key_is_taken_from_the_environment_or_the_option_which_wins(home: Path) -> None:
    made = load(home, env={"IMA_API_KEY": f" {KEY}\r\n"})
    assert made.key(GATEWAY) == KEY, "blanks around it are no part of it"
    assert made.has_key(GATEWAY)
    other = load(home, env={"IMA_API_KEY": KEY}, api_key="ima_another_placeholder")
    assert other.key(GATEWAY) == "ima_another_placeholder"


@pytest.mark.parametrize("key", [None, "", "  \n"])
def test_a_missing_key_is_named_with_the_page_that_makes_one(home: Path, key: str | None) -> None:
    made = load(home, env={} if key is None else {"IMA_API_KEY": key})
    assert not made.has_key(GATEWAY)
    with pytest.raises(KeyProblem, match="IMA_API_KEY") as stopped:
        made.key(GATEWAY)
    assert stopped.value.kind == "key_missing"
    assert str(GATEWAY.key_page) in str(stopped.value.detail)


@pytest.mark.parametrize(
    "key",
    [
        *("ima_", "ima_abc", "example_placeholder", "IMA_example_placeholder", "ima_two words"),
        *("ima_exämple_long", f"{KEY}\n{KEY}", f"Bearer {KEY}", f'"{KEY}"', f"{KEY}\u200b"),
    ],
)
def test_what_cannot_be_a_key_is_not_used_and_not_repeated(home: Path, key: str) -> None:
    with pytest.raises(KeyProblem) as stopped:
        load(home, env={"IMA_API_KEY": key}).key(GATEWAY)
    assert stopped.value.kind == "key_malformed"
    assert key == "ima_" or key not in f"{stopped.value.message}{stopped.value.detail}"


def test_settings_show_no_key(home: Path) -> None:
    made = load(home, env={"IMA_API_KEY": KEY}, api_key="ima_another_placeholder")
    assert "placeholder" not in f"{made!r}{made}"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "https://localhost",
            "http://[::1]:9",
            "http://127.9.9.9",
        ),
        *("https://api.imastudio.com", "https://imapi.liveme.com:8443/base", "https://API.imastudio.com"),
        "https://gateway.example",
    ],
)
@pytest.mark.parametrize("how", ["option", "variable"])
def test_loopback_the_vendors_own_and_hosts_named_in_the_config_are_taken(
    home: Path, url: str, how: str
) -> None:
    config = '[gateways.ima]\nhosts = ["gateway.example"]'
    if how == "option":
        made = load(home, config, {"MEDIA_STUDIO_IMA_URL": "http://elsewhere.example"}, base_url=f"{url}/")
    else:
        made = load(home, config, {"MEDIA_STUDIO_IMA_URL": f"{url}/"})
    assert made.gateway("ima").urls == {**GATEWAY.urls, "api": url}


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://other.example",
            "http://gateway.example",
            "http://api.imastudio.com",
            "ftp://127.0.0.1",
            "localhost",
        ),
        *(
            "http://127.0.0.1.example.com",
            "https://localhost.example.com",
            "https://api.imastudio.com.example.com",
        ),
        *(
            "https://localhost@example.com",
            "http://127.0.0.1:80@example.com",
            "https://example.com#@localhost",
        ),
        *(
            "https://api.imastudio.com@example.com",
            "https://me:word@api.imastudio.com",
            "http://me@127.0.0.1",
        ),
        *("https://example.com\\@api.imastudio.com", "http://example.com\\@127.0.0.1", "https:\\\\127.0.0.1"),
        *(
            "http://0x7f.1",
            "http://2130706433",
            "http://127.1",
            "http://0177.0.0.1",
            "http://[::1",
            "http://①②⑦.0.0.1",
        ),
        *(
            "https://sub.gateway.example",
            "https://gateway.example.",
            "https://evilgateway.example",
            "https://",
            "https:///x",
        ),
        *(
            "https://api.imastudio.com?x=",
            "http://127.0.0.1#",
            "http://127.0.0.1:port",
            "http://127.0.0.1:99999",
        ),
        *(
            "http://127.0.0.1 .example.com",
            "http://127.0.0.1\t.example.com",
            "http://169.254.169.254",
            "http://0.0.0.0",
        ),
    ],
)
def test_other_addresses_and_look_alikes_are_not_given_the_key(home: Path, url: str) -> None:
    config = '[gateways.ima]\nhosts = ["gateway.example"]'
    for given in (
        {"base_url": url},
        {"env": {"MEDIA_STUDIO_IMA_URL": url}},
        {"env": {"MEDIA_STUDIO_IMA_UPLOAD_URL": url}},
    ):
        with pytest.raises(UsageError) as stopped:
            load(home, config, **given).gateway("ima")
        assert stopped.value.kind == "base_url_refused"
        assert "hosts = [" in str(stopped.value.detail)
        assert "me:word" not in stopped.value.message


def test_only_the_named_address_moves(home: Path) -> None:
    made = load(
        home, env={"MEDIA_STUDIO_IMA_UPLOAD_URL": "http://127.0.0.1:7"}, base_url="http://127.0.0.1:8"
    )
    assert made.gateway("ima").urls == {"api": "http://127.0.0.1:8", "upload": "http://127.0.0.1:7"}
    assert load(home, env={"MEDIA_STUDIO_IMA_URL": ""}).gateway("ima").urls == GATEWAY.urls


def test_limits_and_folders_come_from_the_config(home: Path) -> None:
    made = load(home, 'language = "zh"\nout = "~/pictures"\n[gateways.ima]\nconfirm_above = 50')
    assert made.gateway("ima").confirm_above == 50
    assert (made.config["language"], made.config["out"]) == ("zh", "~/pictures")
    assert load(home, "[gateways.ima]\nconfirm_above = 0").gateway("ima").confirm_above == 0
    assert load(home, "").gateway("ima").confirm_above == GATEWAY.confirm_above


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('langage = "zh"', "there is no setting langage. Did you mean language?"),
        (
            "colour = 1",
            "no setting colour. Known: language, out, show_costs, receipts, store_prompts, gateways.",
        ),
        (
            "[gateways.ima]\nconfirm = 5",
            "gateways.ima: there is no setting confirm. Did you mean confirm_above?",
        ),
        (
            "[gateways.imma]\nconfirm_above = 5",
            "there is no gateway imma.Gateways: ima, imagine-future, 302ai, gptge.",
        ),
        ("language = 5", "language has a value of the wrong type"),
        ('language = "fr"', "language can be auto, zh or en"),
        ("gateways = 5", "gateways has a value of the wrong type"),
        ("[gateways]\nima = 5", "gateways.ima"),
        ('[gateways.ima]\nconfirm_above = "20"', "confirm_above has a value of the wrong type"),
        ("[gateways.ima]\nconfirm_above = true", "confirm_above has a value of the wrong type"),
        ("[gateways.ima]\nconfirm_above = inf", "confirm_above must be a finite number"),
        ("[gateways.ima]\nconfirm_above = nan", "confirm_above must be a finite number"),
        ('[gateways.ima]\nhosts = "gateway.example"', "hosts has a value of the wrong type"),
        ("language = ", "is not valid TOML"),
        ('language = "zh"\nlanguage = "en"', "is not valid TOML"),
        (b"language = '\xff'", "cannot be read"),
    ],
)
def test_an_odd_config_stops_and_names_what_is_odd(home: Path, config: str | bytes, said: str) -> None:
    assert said in refused(home, config)


def test_a_config_that_cannot_be_read_stops(home: Path) -> None:
    (home / "state").mkdir()
    (home / "state" / "config.toml").mkdir()
    with pytest.raises(UsageError, match="cannot be read") as stopped:
        load(home / "state")
    assert stopped.value.kind == "bad_config"


def test_the_record_is_where_it_was_asked_for_or_in_the_platforms_folder(home: Path) -> None:
    env = {"MEDIA_STUDIO_HOME": str(home / "one")}
    assert (settings.load(env).home, settings.load(env).moved) == (home / "one", True)
    assert settings.load(env, home="~/two").home == home / "two"
    plain = settings.load({})
    assert plain.moved is False
    assert home in plain.home.parents
    assert home in plain.config_file.parents


@pytest.mark.parametrize(
    ("role", "name"), [("api", "MEDIA_STUDIO_302_AI_URL"), ("upload", "MEDIA_STUDIO_302_AI_UPLOAD_URL")]
)
def test_the_variables_of_an_address_are_named_after_the_gateway(role: str, name: str) -> None:
    assert settings.url_variable("302-ai", role) == name
