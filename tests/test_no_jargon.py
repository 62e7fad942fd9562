"""Every text that can reach a person, with every kind of value that can stand in it: no word of it is one
that only a programmer or a vendor would use, and all of it is in one language."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from jargon import CATALOGUES, IDS, MODELS, jargon, language, options
from studio import catalogue, errors, speech
from studio.language import LANGUAGES
from studio.messages import Messages
from studio.types import Gateway

TEXTS = {spoken: catalogue.load(f"messages.{spoken}.json") for spoken in LANGUAGES}
OPTIONS = {name for model in MODELS for name in options(model)} | {
    "price",
    "n",
    "inputs",
    "model",
    "version",
}
TASKS = [task for one in CATALOGUES for task in one["task_types"]]
KINDS: dict[str, type[errors.StudioError]] = {
    "unsupported_option": errors.UsageError,
    "unknown": errors.UnknownOutcome,
    "needs_approval": errors.NeedsApproval,
    "failed": errors.JobFailed,
}


LARGE = errors.Misfit("large", {"sides": "5000x10", "most": "4096"}, (("scaled", {"sides": "4096x8"}),))
UNFIT = (
    LARGE,
    errors.Misfit(
        "format", {"format": "HEIC", "formats": "PNG / JPEG"}, (("converted", {"formats": "PNG"}),)
    ),
)


def wishes(words: Messages) -> list[str]:
    """What somebody can ask for, and a model refuse: a task, an option, a value of one, or two at once."""
    given = [*TASKS]
    for model in MODELS:
        for name, values in options(model).items():
            listed = [value for value in values if not isinstance(value, bool)]
            given += [name, *(f"{name} {value}" for value in listed), *map(str, listed)]
    given += ["2k + 16:9", "× 4", "seed 7", "8K"]
    return [words.plainly(wish) for wish in dict.fromkeys(given)]


def values(words: Messages) -> Mapping[str, Sequence[str]]:
    """For each name in braces, what can stand there."""
    gateways = list(catalogue.gateways())
    names = [model["name"] for model in MODELS]
    costs = [words.cost(steps, gateway.unit) for gateway in gateways for steps in (None, 0, 5, 429, 1150)]
    times = [words.duration(seconds) for seconds in (0.2, 20, 99, 100, 120, 429, 1800)]
    options_said = [words.option(name) for name in sorted(OPTIONS)]
    made = [*(words.made_for([task]) for task in TASKS), words.made_for(TASKS)]
    return {
        "text": ["✅"],
        "model": [*names, words.say("prefs.preferred", model=names[0])],
        "other": names,
        "names": [" / ".join(names)],
        "pixels": [words.say("pixels", pixels="2048×2048")],
        "n": ["1", "12"],
        "of": ["4", "12"],
        "count": ["2"],
        "elapsed": times,
        "most": times,
        "span": [words.span(20, 40), words.span(60, 120), words.span(70, 120), words.span(429, 1800)],
        "cost": [*costs, words.cost(3, gateways[0].unit, least=True)],
        "url": ["https://example.com/a.png"],
        "key_page": [
            words.say("key_page", url="https://example.com/a"),
            words.say("key_page_unknown", account="IMA Studio"),
        ],
        "credits_page": [
            words.say("credits_page", url="https://example.com/a"),
            words.say("credits_page_unknown", account="IMA Studio"),
        ],
        "account": [gateway.name for gateway in gateways],
        "formats": ["PNG / JPEG"],
        "moves": [words.option("camera")],
        "one": [words.option("camera")],
        "sides": ["5000×1000"],
        "ratio": ["2.5"],
        "has": ["10.1 MB"],
        "number": ["2"],
        "format": ["WebP"],
        "which": [words.say("the_picture"), words.say("which_picture", number="2")],
        "unfit": [words.unfit([misfit])[0] for misfit in UNFIT],
        "ways": [words.unfit([misfit])[1] for misfit in UNFIT],
        "shot": ["2"],
        "shots": ["2, 4"],
        "done": ["3"],
        "good": ["4"],
        "life": [words.duration(1800)],
        "option": options_said,
        "percent": ["1", "95"],
        "seconds": ["7"],
        "least": ["20"],
        "minutes": ["30"],
        "what": [*options_said, *made, words.say("what_one"), f"{words.say('what_many', n=2)}, 4K, 16:9"],
        "amount": ["5", "1.5"],
        "unit": [TEXTS[words.language].get(f"unit.{one.unit.name}", one.unit.name) for one in gateways],
        "values": [words.say("list_and").join(wishes(words)[-5:])],
        "why": [words.say("can"), *(model["traits"][words.language] for model in MODELS)],
        "reason": [words.say("can")],
        "charged": [
            words.charged(charged, cost) for charged in ("no", "maybe", "yes") for cost in ("", costs[2])
        ],
        "refused": [words.say("refused.words"), words.say("refused.both")],
        "made": [words.say("what_one")],
        "options": ["4K"],
        "before": ["4K", "-", "5"],
        "after": ["2K", "2048×2048", "6"],
        "changes": [words.say("change", what=one, before="5", after="6") for one in options_said],
        "left": [costs[2]],
        "limit": [costs[3]],
        "wish": wishes(words),
        "asked": [*wishes(words), *made],
        "largest": ["4K"],
        "detail": ["a7"],
        "name": ["a7"],
    }


def filled(text: str, words: Messages) -> Iterator[str]:
    """The text with each value of each name once."""
    names = [name for _, name, _, _ in string.Formatter().parse(text) if name]
    known = values(words)
    usual = {name: known[name][0] for name in names}
    yield text.format_map(usual)
    for name in names:
        for value in known[name]:
            yield text.format_map({**usual, name: value})


@pytest.mark.parametrize("spoken", LANGUAGES)
@pytest.mark.parametrize("key", TEXTS["en"])
def test_no_text_has_a_word_that_is_not_a_persons(key: str, spoken: str) -> None:
    for text in filled(TEXTS[spoken][key], Messages(spoken)):
        assert jargon(text) == [], text


@pytest.mark.parametrize("spoken", LANGUAGES)
@pytest.mark.parametrize("key", [key for key in TEXTS["en"] if key.startswith(("error.", "prefs."))])
def test_a_message_is_in_one_language_whatever_stands_in_it(key: str, spoken: str) -> None:
    for text in filled(TEXTS[spoken][key], Messages(spoken)):
        assert language(text) == {spoken}, text


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_every_option_of_a_catalogue_has_a_word_in_both_languages(name: str) -> None:
    assert all(f"option.{name}" in TEXTS[spoken] for spoken in LANGUAGES)


@pytest.mark.parametrize("spoken", LANGUAGES)
@pytest.mark.parametrize("gateway", catalogue.gateways(), ids=lambda gateway: str(gateway.id))
@pytest.mark.parametrize("kind", [*errors.REFUSALS, *KINDS])
def test_what_a_vendor_says_does_not_reach_a_person_where_it_is_no_plain_word(
    kind: str, gateway: Gateway, spoken: str
) -> None:
    """The field `detail` of an error is for whoever maintains this."""
    for said in (
        *IDS,
        *(f"There is no {word} here" for word in IDS),
        "HTTP 503 from api.imastudio.com",
        "code 6009: attribute_id not matched",
        "{'a': 1}",
    ):
        error = errors.REFUSALS[kind][0] if kind in errors.REFUSALS else KINDS[kind]
        stopped: Any = error("It stopped.", kind=kind, detail=said)
        item = speech.failure(stopped, speech.Voice(spoken), plan=None, gateway=gateway, others=[])
        assert jargon(item["message"]) == [], item["message"]


def test_the_list_knows_such_words() -> None:
    """Else nothing above could fail."""
    for text in (
        "image_to_image",
        "attribute_id",
        "HTTP",
        "a 503",
        "6009",
        "api.imastudio.com",
        "doubao-seedream-4.5",
        "{model}",
        "None",
        "use --yes",
        "the gateway",
    ):
        assert jargon(text) != [], text
    for text in ("5 points", "2048×2048", "120 s", "https://imaclaw.ai/a_b?code=503", "SeeDream 4.5", "95 %"):
        assert jargon(text) == [], text
    assert (language("中 the lighthouse"), language("Nano Banana2：好"), language("ok")) == (
        {"zh", "en"},
        {"zh"},
        {"en"},
    )
