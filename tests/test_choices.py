"""Which model is taken: the one that is named, else the preferred one, else what was recommended, else the
default. Only what was named is remembered, none of it is told to the vendor, and nothing is bought twice."""

from __future__ import annotations

import io
import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chooser import DEFAULT, MJ, PRO, TYPES, message, preferred, quote, setting
from offers import leaf, rule
from parts import plan
from sandbox import wire
from studio import catalogue, choices
from studio.app import App
from studio.errors import UsageError
from studio.ledger import Ledger
from studio.types import Plan
from studio.wishes import Wish
from support import PROMPT, FakeClock, Vendor, leaks, run
from test_commands import creates
from test_preferences import older
from test_spine import picture

USER = "canary-user-7f"
REASON = "canary reason: letters come out right"


# --- which model is taken ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preference", "words", "model", "by", "besides"),
    [
        (None, (), DEFAULT, "default", ""),
        (None, ("--model", "MJ"), MJ, "asked", ""),
        (None, ("--model", "你选一个"), DEFAULT, "default", ""),
        (None, ("--recommended", "大香蕉"), PRO, "recommended", ""),
        (
            None,
            ("--recommended", "大香蕉", "--reason", "sharp text."),
            PRO,
            "recommended",
            f"💡 {PRO}: sharp text.",
        ),
        (None, ("--recommended", "大香蕉", "--reason", "x", "--model", "MJ"), MJ, "asked", ""),
        ("MJ", (), MJ, "preference", ""),
        ("MJ", ("--model", "可梦"), DEFAULT, "asked", ""),
        ("MJ", ("--model", "AUTO"), DEFAULT, "default", ""),
        ("MJ", ("--model", "自动", "--recommended", "大香蕉"), PRO, "recommended", ""),
        ("MJ", ("--recommended", "大香蕉"), MJ, "preference", f"💡 {PRO} may suit this better."),
        (
            "MJ",
            ("--recommended", "大香蕉", "--reason", "sharp text"),
            MJ,
            "preference",
            f"💡 {PRO} may suit this better: sharp text.",
        ),
        ("MJ", ("--recommended", "midjourney", "--reason", "art"), MJ, "preference", ""),
        ("MJ", ("--recommended", "大香蕉", "--reason", "x", "--model", "可梦"), DEFAULT, "asked", ""),
    ],
)
def test_named_comes_before_preferred_before_recommended_before_the_default(
    vendor: Vendor, preference: str | None, words: tuple[str, ...], model: str, by: str, besides: str
) -> None:
    if preference:
        setting(preference)
    made = quote(vendor, "--language", "en", *words)
    assert made.code == 0, made.stderr
    assert (made.document["model"]["name"], made.document["chosen_by"]) == (model, by)
    named = words[words.index("--model") + 1] if by == "asked" else None
    assert made.document["requested"]["model"] == named, "what was not named is not said to be"
    assert message(made).partition("\n")[2] == besides
    assert preferred() == (dict.fromkeys(TYPES, "midjourney") if preference else {}), "nothing was saved"


def test_a_preference_is_for_its_own_user_and_kind_of_making(vendor: Vendor, tmp_path: Path) -> None:
    setting("MJ", "--task-type", "text_to_image")
    given = quote(vendor, "--input-images", picture(tmp_path)).document
    assert (given["model"]["name"], given["chosen_by"]) == (DEFAULT, "default")
    assert quote(vendor, user="u2").document["chosen_by"] == "default"
    assert vendor.run("quote", "--prompt", PROMPT).document["chosen_by"] == "default"


def test_without_a_user_id_there_is_a_preference_too(vendor: Vendor) -> None:
    assert run("prefs", "set", "--model", "MJ").code == 0
    assert vendor.run("quote", "--prompt", PROMPT).document["chosen_by"] == "preference"


def test_a_result_says_who_chose_its_model(vendor: Vendor) -> None:
    setting("MJ")
    made = vendor.make("--user-id", "u1", "--recommended", "NB2", "--reason", "it is quick")
    assert (made.code, made.document["chosen_by"], made.document["model"]["name"]) == (0, "preference", MJ)
    assert "Nano Banana2 may suit this better: it is quick." in made.document["send"][0]["message"]
    shown = vendor.run("show", made.document["job"])
    assert shown.document["chosen_by"] == "preference"


def test_a_job_of_an_older_record_says_whether_its_model_was_named() -> None:
    for model, by in (("MJ", "asked"), (None, "default")):
        record = plan(requested={"model": model}).to_json()
        del record["chosen_by"]
        assert Plan.from_json(record).chosen_by == by


@pytest.mark.parametrize("words", [(), ("--model", "MJ")])
def test_an_unknown_model_is_not_recommended(vendor: Vendor, words: tuple[str, ...]) -> None:
    setting("MJ")
    for one in ("SeaDream 9", "best", "auto"):
        made = quote(vendor, "--recommended", one, *words)
        assert (made.code, made.error["kind"]) == (2, "unknown_model")
    assert vendor.stats["requests"]["list"] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--reason", "x"),
        ("--recommended", "NB2", "--reason", ""),
        ("--recommended", "NB2", "--reason", "\u200d \n"),
        ("--recommended", "NB2", "--reason", "x" * 201),
        ("--recommended", " "),
    ],
)
def test_a_reason_is_some_words_for_a_recommendation(vendor: Vendor, words: tuple[str, ...]) -> None:
    assert quote(vendor, *words).code == 2


def test_a_reason_is_one_line_without_what_nobody_can_see(vendor: Vendor) -> None:
    made = quote(vendor, "--recommended", "NB2", "--reason", "a\n b\u200bc\u0007 {cost}")
    assert message(made).endswith("\n💡 Nano Banana2: a bc {cost}.")


# --- a preference that cannot do it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said", "ends"),
    [
        (
            "en",
            "❌ Midjourney, which you want me to use, cannot do 16:9. Nothing was charged.",
            "Shall I try one of them?",
        ),
        ("zh", "❌ 你指定的 Midjourney 不支持 16:9。没有扣费。", "要换一个试试吗？"),
    ],
)
def test_a_preference_that_cannot_do_it_stops_and_says_which_models_can(
    vendor: Vendor, language: str, said: str, ends: str
) -> None:
    setting("MJ")
    words = ("--prompt", PROMPT, "--user-id", "u1", "--aspect-ratio", "16:9", "--language", language)
    made = vendor.run("start", *words, "--recommended", "可梦", "--reason", "x")
    assert (made.code, made.error["kind"]) == (2, "unsupported_option")
    text = message(made)
    assert text.startswith(said)
    assert text.endswith(ends)
    assert [(one["model"], one["cost"]) for one in made.document["alternatives"]] == [
        (DEFAULT, 5),
        ("Nano Banana2", 6),
        (PRO, 10),
    ]
    assert "`prefs clear`" in made.error["detail"]
    assert vendor.stats["requests"]["create"] == 0
    named = vendor.run("quote", "--model", "MJ", *words)
    assert "which you want" not in message(named)
    assert "你指定" not in message(named)


def tree(*models: tuple[str, str, tuple[int, ...]]) -> list[Any]:
    """A list of models that make so many at a time."""
    return [
        leaf(
            [{"field": "n", "value": 1, "options": [{"label": str(n), "value": n} for n in counts]}],
            [rule(number, 5, default="enabled")],
            id,
            name=name,
        )
        for number, (id, name, counts) in enumerate(models, 1)
    ]


def test_a_count_that_the_preferred_model_does_not_make_stops_too(vendor: Vendor) -> None:
    setting("MJ")
    models = tree(("midjourney", MJ, (1,)), ("doubao-seedream-4.5", DEFAULT, (1, 2)))
    vendor.products("text_to_image", models)
    made = quote(vendor, "--n", "2")
    assert (made.code, made.error["kind"]) == (2, "unsupported_option")
    assert message(made).startswith("❌ Midjourney, which you want me to use, cannot do ×2.")
    assert [one["model"] for one in made.document["alternatives"]] == [DEFAULT]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_preferred_model_that_left_the_live_list_is_not_replaced(vendor: Vendor, language: str) -> None:
    setting("MJ")
    vendor.products("text_to_image", tree(("doubao-seedream-4.5", DEFAULT, (1, 2))))
    made = quote(vendor, "--language", language)
    assert (made.code, made.error["kind"]) == (2, "preferred_gone")
    assert MJ in message(made).splitlines()[0]
    assert [one["model"] for one in made.document["alternatives"]] == [DEFAULT]
    assert DEFAULT in message(made)


def app(made: dict[str, Any], ledger: Ledger, payable: set[str]) -> App:
    """As much of one as a choice needs."""
    given = {"model": None, "remember": False, "recommended": None, "reason": None, **made}
    return cast(App, SimpleNamespace(made=Namespace(**given), ledger=ledger, payable=payable))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "l", FakeClock())
    yield made
    made.close()


def changed(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    """A catalogue in which one model is another."""
    made = tuple(
        replace(vendor, models=tuple(filter(None, map(change, vendor.models))))
        for vendor in catalogue.vendors()
    )
    monkeypatch.setattr(catalogue, "vendors", lambda: made)


def test_a_preferred_model_that_does_not_make_this_any_more_stops(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.preferences.save("u1", TYPES, "ima", "midjourney")
    only = ("text_to_image",)
    changed(monkeypatch, lambda one: replace(one, task_types=only) if one.id == "midjourney" else one)
    types = catalogue.task_types()
    wish = Wish(user_id="u1")
    assert choices.choose(app({}, ledger, {"ima"}), wish, types["text_to_image"]).by == "preference"
    with pytest.raises(UsageError) as stopped:
        choices.choose(app({}, ledger, {"ima"}), wish, types["image_to_image"])
    assert (stopped.value.kind, stopped.value.about) == ("preferred_gone", {"model": MJ})
    elsewhere = Wish(user_id="u1", gateway="elsewhere")
    with pytest.raises(UsageError):
        choices.choose(app({}, ledger, {"ima"}), elsewhere, types["text_to_image"])


def test_a_preferred_model_that_nobody_knows_any_more_is_passed_over_and_that_is_said(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.preferences.save("u1", TYPES, "ima", "midjourney")
    text_to_image = catalogue.task_types()["text_to_image"]
    here = app({"recommended": "大香蕉"}, ledger, {"elsewhere"})
    found = choices.choose(here, Wish(user_id="u1"), text_to_image)
    assert (found.by, found.passed_over) == ("recommended", MJ), "its gateway cannot be paid"
    assert choices.choose(app({}, ledger, set()), Wish(user_id="u1"), text_to_image).by == "preference"

    changed(monkeypatch, lambda one: None if one.id == "midjourney" else one)
    found = choices.choose(app({}, ledger, {"ima"}), Wish(user_id="u1"), text_to_image)
    assert (found.by, found.model.name, found.passed_over) == ("default", DEFAULT, "midjourney")


def test_what_was_passed_over_is_said_beside_the_price(vendor: Vendor, home: Path) -> None:
    ledger = Ledger(home / "state" / "ledger.sqlite3", FakeClock())
    ledger.preferences.save("u1", TYPES, "ima", "a-model-of-old")
    ledger.close()
    made = quote(vendor)
    assert made.document["chosen_by"] == "default"
    assert "a-model-of-old, which you want me to use, is not there any more" in message(made)
    shown = run("prefs", "--user-id", "u1").document
    assert {row["model"]["name"] for row in shown["preferences"]} == {None}


# --- --remember -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["quote", "start", "make"])
def test_remember_saves_the_named_model_for_all_that_it_makes_and_confirms_it(
    vendor: Vendor, command: str
) -> None:
    speed = () if command == "quote" else ("--speed", str(vendor.speed))
    words = ("--prompt", PROMPT, "--model", "NB2", "--remember", "--user-id", "u1", *speed)
    made = vendor.run(command, *words)
    assert made.code == 0, made.stderr
    assert made.document["chosen_by"] == "asked"
    confirmed = "⭐ From now on I use Nano Banana2 for your pictures."
    assert made.document["send"][0]["message"].splitlines()[-1] == confirmed
    assert preferred() == dict.fromkeys(TYPES, "gemini-3.1-flash-image")
    assert quote(vendor).document["chosen_by"] == "preference"


def test_who_always_wants_the_best_has_no_model_of_their_own_and_is_asked_about_this_one(
    vendor: Vendor,
) -> None:
    setting("MJ")
    asked = vendor.run("start", "--prompt", "画一只鸟", "--model", "最好", "--remember", "--user-id", "u1")
    assert (asked.code, asked.error["kind"], preferred()) == (12, "needs_approval", {})
    text = asked.document["send"][0]["message"]
    assert "Nano Banana Pro" in text
    assert "已取消，以后你的图片、你的视频由我选常用的模型" in text


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("command", ["start", "quote"])
def test_after_the_question_which_is_meant_it_is_quoted_and_remembered_as_was_wished(
    vendor: Vendor, command: str, n: int
) -> None:
    """The question names the least price only, so another follows that names the whole."""
    words = ("--prompt", PROMPT, "--model", "banana", "--size", "4K", "--n", str(n), "--user-id", "u1")
    asked = vendor.run(command, *words, "--remember", "--idempotency-key", "m1", "--speed", str(vendor.speed))
    assert (asked.error["kind"], preferred()) == ("ambiguous_model", {})
    pro = next(one for one in asked.document["alternatives"] if one["model"] == PRO)
    assert pro["cost"] == 10 * n
    told = vendor.run(*pro["next"][2:]).document
    assert (told["event"], told["cost"]["quoted"], creates(vendor)) == ("quote", 18 * n, 0)
    assert preferred() == dict.fromkeys(TYPES, "gemini-3-pro-image")
    bought = vendor.run(*told["next"][2:])
    assert (bought.code, bought.document["cost"]["quoted"], creates(vendor)) == (0, 18 * n, 1)


def test_after_the_question_which_is_meant_from_now_on_it_is_set() -> None:
    asked = run("prefs", "set", "--model", "banana", "--user-id", "u1")
    assert asked.error["kind"] == "ambiguous_model"
    pro = next(one for one in asked.document["alternatives"] if one["model"] == PRO)
    assert run(*pro["next"][2:]).code == 0
    assert preferred() == dict.fromkeys(TYPES, "gemini-3-pro-image")


def test_it_is_remembered_although_the_price_has_to_be_agreed_and_confirmed_once(vendor: Vendor) -> None:
    words = ("--model", "大香蕉", "--size", "4K", "--n", "2", "--user-id", "u1", "--remember")
    asked = vendor.make(*words, "--recommended", "NB2", "--reason", "x")
    assert (asked.code, asked.document["chosen_by"]) == (12, "asked")
    assert message(asked).endswith("⭐ From now on I use Nano Banana Pro for your pictures.")
    assert preferred() == dict.fromkeys(TYPES, "gemini-3-pro-image")

    assert "--remember" not in asked.document["next"]
    bought = vendor.carry_on(asked.document)
    assert bought.code == 0
    assert "From now on" not in bought.stdout


def test_what_was_said_with_a_question_is_not_said_again_after_the_yes(vendor: Vendor) -> None:
    setting("大香蕉")
    asked = vendor.make("--n", "5", "--user-id", "u1", "--recommended", "NB2", "--reason", "quick")
    assert (asked.code, "may suit this better" in message(asked)) == (12, True)
    bought = vendor.carry_on(asked.document)
    assert (bought.code, "may suit" in bought.stdout) == (0, False)


@pytest.mark.parametrize(
    "words",
    [
        ("--model", "MJ", "--aspect-ratio", "16:9"),
        ("--model", "no such model"),
        ("--model", "MJ", "--version-id", "v99"),
        (),
        ("--recommended", "NB2"),
        ("--model", "最便宜"),
        ("--model", "artistic"),
    ],
    ids=" ".join,
)
def test_nothing_is_remembered_where_nothing_was_named_or_it_cannot_be_bought(
    vendor: Vendor, words: tuple[str, ...]
) -> None:
    made = vendor.make("--remember", "--user-id", "u1", *words)
    assert made.code == 2
    assert made.error["kind"] in {"unsupported_option", "unknown_model", "usage", "cannot_remember"}
    assert preferred() == {}
    assert vendor.stats["requests"]["create"] == 0


def test_a_model_that_only_the_live_list_knows_is_not_remembered(vendor: Vendor) -> None:
    vendor.products("text_to_image", tree(("brand-new", "Brand New", (1,))))
    assert quote(vendor, "--model", "Brand New").code == 0
    made = vendor.make("--model", "Brand New", "--remember", "--user-id", "u1")
    assert (made.code, made.error["kind"]) == (2, "cannot_remember")
    assert vendor.stats["requests"]["create"] == 0
    assert preferred() == {}


def test_a_purchase_alone_remembers_nothing(vendor: Vendor) -> None:
    for words in (("--model", "NB2"), (), ("--recommended", "NB2")):
        assert vendor.make("--user-id", "u1", *words).code == 0
    assert preferred() == {}


# --- the same again ---------------------------------------------------------------------------------------


def begun(vendor: Vendor, *words: str) -> str:
    made = vendor.run("start", "--prompt", PROMPT, "--user-id", "u1", *words)
    assert made.code == 0, made.stderr
    id: str = made.document["job"]
    return id


def test_a_key_returns_the_first_job_whatever_is_preferred_by_then(vendor: Vendor) -> None:
    first = begun(vendor, "--idempotency-key", "m1", "--speed", str(vendor.speed))
    again = ("--idempotency-key", "m1", "--speed", str(vendor.speed))
    setting("MJ")
    assert begun(vendor, *again) == first
    run("prefs", "clear", "--user-id", "u1")
    assert vendor.run("wait", first).code == 0
    assert begun(vendor, *again, "--recommended", "NB2", "--reason", "x") == first
    assert vendor.stats["requests"]["create"] == 1


def test_what_runs_is_the_same_whatever_is_preferred_by_then(vendor: Vendor) -> None:
    first = begun(vendor)
    setting("MJ")
    assert begun(vendor) == first
    assert begun(vendor, "--recommended", "NB2") == first
    other = begun(vendor, "--model", "MJ")
    assert other != first
    assert vendor.stats["requests"]["create"] == 2


def test_leaving_the_choice_to_us_is_a_wish_of_its_own(vendor: Vendor) -> None:
    setting("MJ")
    first = begun(vendor)
    assert begun(vendor, "--model", "你选一个") != first
    run("prefs", "clear", "--user-id", "u1")
    assert Wish(automatic=True).digest(()) != Wish().digest(())


@pytest.mark.parametrize(
    ("before", "words", "model"),
    [("MJ", (), MJ), (None, ("--recommended", "NB2"), "Nano Banana2"), (None, (), DEFAULT)],
)
def test_again_keeps_the_model_whatever_is_preferred_by_then(
    vendor: Vendor, before: str | None, words: tuple[str, ...], model: str
) -> None:
    if before:
        setting(before)
    made = vendor.make("--user-id", "u1", *words)
    assert (made.code, made.document["model"]["name"]) == (0, model)
    setting("大香蕉")
    anew = vendor.run("again", made.document["job"])
    assert (anew.code, anew.document["model"]["name"]) == (0, model)
    bought = vendor.carry_on(anew.document)
    assert (bought.code, bought.document["model"]["name"]) == (0, model)


# --- the canary -------------------------------------------------------------------------------------------


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> bytearray:
    """Every byte that reaches a twin, head and body, whatever it makes of it."""
    bytes_heard = bytearray()
    setup = wire.Handler.setup

    class Ear(io.RawIOBase):
        def __init__(self, inner: io.RawIOBase) -> None:
            self._inner = inner

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int | None:
            count = self._inner.readinto(buffer)
            bytes_heard.extend(bytes(buffer[: count or 0]))
            return count

        def close(self) -> None:
            self._inner.close()
            super().close()

    def listening(handler: wire.Handler) -> None:
        setup(handler)
        handler.rfile = io.BufferedReader(Ear(handler.rfile.detach()))

    monkeypatch.setattr(wire.Handler, "setup", listening)
    return bytes_heard


def test_the_user_and_what_was_recommended_to_them_appear_in_no_byte_that_reaches_the_vendor(
    heard: bytearray, vendor: Vendor, tmp_path: Path
) -> None:
    older(json.dumps({f"user_{USER}": {"text_to_image": {"model_id": "midjourney"}}}))
    assert vendor.run("prefs", "import").code == 0
    who = ("--user-id", USER)
    advice = ("--recommended", "nano-banana-pro", "--reason", REASON)
    assert vendor.make(*who, *advice).document["chosen_by"] == "preference"
    assert vendor.make(*who, "--model", "可梦", "--remember", "--idempotency-key", f"key-{USER}").code == 0
    assert vendor.run("prefs", "clear", *who).code == 0
    made = vendor.make(*who, *advice, "--input-images", picture(tmp_path))
    assert made.document["chosen_by"] == "recommended"
    assert vendor.run("again", made.document["job"]).code == 0

    data = bytes(heard)
    assert data.count(b"POST /open/v1/tasks/create") == 3, "the ear hears"
    assert leaks(data, PROMPT), "and what it hears can be searched"
    assert leaks(data, USER) == leaks(data, REASON) == leaks(data, "nano-banana-pro") == []
