"""The last line of defence: however a key is written in a text, it does not come out."""

from __future__ import annotations

import base64
import json
import string
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from studio.redact import SHORTEST, forms, redact, without_keys
from support import KEY

PLAIN = string.ascii_letters + string.digits + string.punctuation
keys = st.text(PLAIN, min_size=SHORTEST, max_size=60).filter(
    lambda key: "[key]" not in key and "rehearsal" not in key  # which is no secret: see below
)
odd_keys = st.text(st.characters(codec="utf-8"), min_size=SHORTEST, max_size=20).filter(
    lambda key: "[" not in key and "rehearsal" not in key
)
around = st.text("[]{}, \n字", max_size=8)

Way = Callable[[str], str]
WAYS: dict[str, Way] = {  # written here anew, so that a mistake of the product's own list cannot hide
    "clear": lambda key: key,
    "url": lambda key: urllib.parse.quote(key, safe=""),
    "url, slashes kept": urllib.parse.quote,
    "url, form": lambda key: urllib.parse.urlencode({"k": key})[2:],
    "url, small letters": lambda key: "".join(_small(char) for char in key),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64, bare": lambda key: base64.b64encode(key.encode()).decode().rstrip("="),
    "base64 of urls": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "base64 of urls, bare": lambda key: base64.urlsafe_b64encode(key.encode()).decode().rstrip("="),
    "json": lambda key: json.dumps(key)[1:-1],
    "json, utf-8": lambda key: json.dumps(key, ensure_ascii=False)[1:-1],
    "json in json": lambda key: json.dumps(json.dumps(key)[1:-1])[1:-1],
}


def _small(char: str) -> str:
    coded = urllib.parse.quote(char, safe="")
    return coded.lower() if coded.startswith("%") else coded


@pytest.mark.parametrize("way", WAYS)
@given(key=keys | odd_keys, before=around, after=around)
@example(key=KEY, before="", after="")
@example(key="ima_example_placeholder", before="{", after="}")
@example(key="ima_two words", before="", after="")
def test_a_key_does_not_survive_however_it_is_written(way: str, key: str, before: str, after: str) -> None:
    assume(not set(before + after) & set(key))
    assert redact(f"{before}{WAYS[way](key)}{after}", [key]) == f"{before}[key]{after}"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@given(key=keys, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_no_run_of_a_key_survives_in_the_base64_of_something_that_holds_it(
    encode: Callable[[bytes], bytes], key: str, before: bytes, after: bytes
) -> None:
    shown = redact(encode(before + key.encode() + after).decode(), [key])
    left = shown.replace("[key]", "")
    assert "[key]" in shown
    assert len(left) <= 4 * (len(before) // 3 + len(after) // 3) + 12


def test_the_longer_of_two_keys_leaves_no_tail() -> None:
    short, long = "ima_example", "ima_example_placeholder"
    for known in ([short, long], [long, short]):
        assert redact(f"{long} and {short}", known) == "[key] and [key]"


def test_a_key_in_json_and_in_a_url_is_covered_as_a_whole() -> None:
    document = json.dumps(
        {"error": f"bad {KEY}!", "url": f"https://x/?k={urllib.parse.quote(KEY, safe='')}&a=1"}
    )
    shown = json.loads(redact(document, [KEY]))
    assert shown == {"error": "bad [key]!", "url": "https://x/?k=[key]&a=1"}


@given(st.text(max_size=80))
def test_a_text_without_a_key_stays_as_it_is(text: str) -> None:
    assume("ima_example_placeholder" not in text)
    assert redact(text, ["ima_example_placeholder"]) == text
    assert redact(text, []) == text
    assert redact(text, [""]) == text


@pytest.mark.parametrize("word", ["a", "the", "ima_abc"])
def test_a_word_too_short_for_a_key_spoils_no_sentence(word: str) -> None:
    assert redact("the cat ima_abc", [word]) == "the cat ima_abc"


@given(keys)
def test_forms_are_the_key_and_nothing_shorter_than_a_key(key: str) -> None:
    made = forms(key)
    assert key in made
    assert len(set(made)) == len(made)
    assert all(len(form) >= SHORTEST for form in made), "a shorter one would spoil words"
    assert list(map(len, made)) == sorted(map(len, made), reverse=True)
    assert forms("") == ()


# A part of a key.

READABLE = ("clear", "url", "url, slashes kept", "url, form", "url, small letters", "json", "json, utf-8")


@pytest.mark.parametrize("way", READABLE)
@given(key=keys, data=st.data())
def test_no_eight_characters_of_a_key_survive_wherever_they_stand(
    way: str, key: str, data: st.DataObject
) -> None:
    written = WAYS[way](key)
    at = data.draw(st.integers(0, len(written) - SHORTEST))
    to = data.draw(st.integers(at + SHORTEST, len(written)))
    shown = redact(f"字{written[at:to]}字", [key])
    parts = {written[n : n + SHORTEST] for n in range(len(written) - SHORTEST + 1)}
    assert shown.startswith("字")
    assert not any(part in piece for part in parts for piece in shown.split("[key]"))


@given(key=keys, at=st.integers(0, 52), length=st.integers(1, 60))
def test_what_is_printed_as_json_holds_no_eight_characters_either(key: str, at: int, length: int) -> None:
    document = {"message": f"字{key[at : at + length]}字", "next": [f"字{json.dumps(key)[1:][at:]}字"]}
    written = WAYS["json"](key)
    shown = json.dumps(without_keys(document, [key]), ensure_ascii=False)
    assert json.loads(shown).keys() == document.keys()
    parts = {written[n : n + SHORTEST] for n in range(len(written) - SHORTEST + 1)}
    pieces = shown.replace("字", "[key]").split("[key]")
    assert not any(part in piece for part in parts for piece in pieces)


def test_fewer_characters_spoil_no_sentence() -> None:
    key = "ima_0123456789"
    assert redact("ima_012 and 3456789 and 0123 4567", [key]) == "ima_012 and 3456789 and 0123 4567"
    assert redact("bad key ima_0123****", [key]) == "bad key [key]****"
    assert redact("ima_01234 012345678", [key]) == "[key] [key]"
    assert redact("xima_012345y, 56789", [key]) == "x[key]y, 56789"


@pytest.mark.parametrize("key", ["ima_rehearsal", "rehearsal"])
def test_a_key_of_a_rehearsal_is_a_word_like_any_other(key: str) -> None:
    said = {"message": f"🧪 A rehearsal. {key}", "environment": {"IMA_API_KEY": key}}
    assert without_keys(said, [key]) == said
    assert redact("a rehearsals_key", ["rehearsals_key"]) == "a [key]"


def test_an_answers_ids_and_links_lose_whole_keys_only() -> None:
    """A task id that shares a stretch with the key, as where both hold the account, is needed as it is."""
    key = "acct_77123456_placeholder"
    said = {
        "id": "task-acct_77123456-1",
        "task_id": "acct_77123456",
        "taskId": "acct_77123456",
        "url": "https://cdn.example.com/acct_77123456/a.png",
        "message": "not for acct_77123456",
        "invalid": "acct_77123456",
        "whole": {"id": f"a-{key}", "link": f"https://x.example.com/{key}"},
    }
    assert without_keys(said, [key], answer=True) == {
        **said,
        "message": "not for [key]",
        "invalid": "[key]",
        "whole": {"id": "a-[key]", "link": "https://x.example.com/[key]"},
    }
    assert "acct_771" not in json.dumps(without_keys(said, [key]))


def test_names_of_fields_are_looked_at_and_other_values_stay() -> None:
    key = "ima_example_placeholder"
    value = {"a": [1, None, True, 1.5], key[:9]: {"b": [key]}}
    assert without_keys(value, [key]) == {"a": [1, None, True, 1.5], "[key]": {"b": ["[key]"]}}
