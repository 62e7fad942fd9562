"""Guards that breakages asked for (`make breakages`): what no other test saw when it was broken."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from parts import picture
from studio import arguments, catalogue, media, settings
from studio.app import App
from studio.errors import NetworkError, StudioError, UsageError
from studio.types import InputRule
from support import KEY, FakeClock
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


def test_a_whole_picture_beyond_the_size_that_is_taken_is_refused(tmp_path: Path) -> None:
    file, size = tmp_path / "cat.png", len(picture())
    file.write_bytes(picture())

    assert media.inspect(str(file), InputRule("image", 1, 1, ("image/png",), size)).data == picture()
    with pytest.raises(UsageError, match=f"it has {size} bytes, at most {size - 1} are allowed"):
        media.inspect(str(file), InputRule("image", 1, 1, ("image/png",), size - 1))


@pytest.mark.parametrize("host", ["not-api.imastudio.com", "notapi.imastudio.com", "not.api.imastudio.com"])
def test_a_host_that_only_ends_like_the_vendors_is_not_given_the_key(home: Path, host: str) -> None:
    made = settings.load({"MEDIA_STUDIO_IMA_URL": f"https://{host}"}, home=str(home))
    with pytest.raises(UsageError) as refused:
        made.gateway("ima")

    assert refused.value.kind == "base_url_refused"


def test_a_rehearsal_is_given_its_own_key_and_not_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    (gateway,) = catalogue.gateways()
    monkeypatch.setenv(gateway.key_env, KEY)

    def keys(*words: str) -> dict[str, str]:
        made = arguments.parse(["quote", "--prompt", "a cat", *words])
        return App(made, words, FakeClock(), nullcontext, lambda job, what: None)._keys(gateway)

    assert keys() == {gateway.id: KEY}
    assert keys("--sandbox") == {gateway.id: "ima_rehearsal"}
