"""What can go wrong, as data: each kind and each code of a vendor has words in both languages, says what
helps, and is told apart from the others, or the table says why not."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pytest

from offers import GATEWAY
from parts import plan
from studio import catalogue, documents, errors, messages
from studio.language import LANGUAGES
from studio.speech import Voice
from studio.types import Alternative
from support import ROOT

TEXTS = {language: catalogue.load(f"messages.{language}.json") for language in LANGUAGES}
TABLE = catalogue.load("errors.json")
ACTIONS = {
    "none",
    "answer",
    "another_model",
    "change_input",
    "change_prompt",
    "change_wish",
    "cheaper_model",
    "credits_page",
    "key_page",
    "record_page",
    "try_again",
    "wait",
}
DOCUMENTED = {  # the document's thirteen kinds and its fallback -> ours
    "bad key": "key_refused",
    "no points": "no_credit",
    "bad product attribute": "offer_changed",
    "6006": "offer_changed",
    "6010": "offer_changed",
    "400": "bad_parameter",
    "generation failed, and why": "failed",
    "generation failed": "failed",
    "timeout": "not_finished",
    "network": "network",
    "rate limit": "rate_limited",
    "model unavailable": "model_unavailable",
    "unsupported ratio": "unsupported_option",
    "anything else": "fallback",
}
OTHERS = (
    Alternative("b", "Model B", {"en": "the fastest", "zh": "出图最快"}, 4, GATEWAY.unit),
    Alternative("c", "Model C", {"en": "the finest", "zh": "画质最高"}, 9, GATEWAY.unit),
)


@pytest.fixture(scope="module")
def known() -> dict[tuple[int, str], Any]:
    """Every kind there is, as the references list them."""
    spec = importlib.util.spec_from_file_location("gen_docs", ROOT / "tools" / "gen_docs.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules["gen_docs"] = module = importlib.util.module_from_spec(spec)
    getattr(spec.loader, "exec_module")(module)  # noqa: B009 - a scanner takes the plain call for something worse
    found: dict[tuple[int, str], Any] = module._kinds()
    return found


def test_every_kind_has_words_of_its_own_or_the_table_says_why_not(known: dict[tuple[int, str], Any]) -> None:
    mute = {kind for _, kind in known if f"error.{kind}" not in TEXTS["en"]} - {"not_installed"}
    assert mute == set(TABLE["same_text"])
    assert all(TABLE["same_text"].values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_kinds_are_told_in_the_same_words(language: str) -> None:
    texts = [text for key, text in TEXTS[language].items() if key.startswith("error.")]
    assert len(texts) == len(set(texts))


def test_every_kind_says_what_helps(known: dict[tuple[int, str], Any]) -> None:
    for (_, kind), made in known.items():
        assert messages.action(kind, made.fallback) in ACTIONS, kind
    kinds = {kind for _, kind in known}
    assert set(TABLE["actions"]) <= kinds


@pytest.mark.parametrize("vendor", catalogue.vendors(), ids=lambda vendor: str(vendor.id))
def test_every_code_of_a_vendor_is_told_by_a_kind_of_its_own_or_the_table_says_why_not(vendor: Any) -> None:
    codes = vendor.raw["codes"]
    texts = [kind for table in ("refusal_texts", "texts") for kind in vendor.raw.get(table, {}).values()]
    for kind in {*codes.values(), *texts}:
        assert kind in errors.REFUSALS
    shared = {kind for kind in codes.values() if list(codes.values()).count(kind) > 1}
    assert shared == set(vendor.raw["shared"])


def test_the_documents_thirteen_kinds_and_its_fallback_are_all_there() -> None:
    assert len(DOCUMENTED) == 14
    for kind in DOCUMENTED.values():
        assert all(f"error.{kind}" in TEXTS[language] for language in LANGUAGES)


def told(error: errors.StudioError, language: str = "en") -> tuple[str, Any]:
    document = documents.failure(
        error, Voice(language), now=0.0, plan=plan(alternatives=OTHERS), gateway=GATEWAY
    )
    return document["send"][0]["message"], document["alternatives"]


@pytest.mark.parametrize("kind", ["failed", "model_unavailable"])
def test_a_model_that_failed_ends_in_the_offer_of_two_others_with_traits_and_prices(kind: str) -> None:
    text, others = told(errors.JobFailed("No.", kind=kind, charged="no"))
    assert text.splitlines()[-4:] == [
        "💡 These make the same:",
        "• Model B: 4 points, the fastest",
        "• Model C: 9 points, the finest",
        "Shall I try one of them?",
    ]
    assert [(other["id"], other["cost"]) for other in others] == [("b", 4), ("c", 9)]


def test_words_that_were_refused_are_to_be_changed_and_not_the_model() -> None:
    text, others = told(errors.ContentRefused("No."))
    assert others == []
    assert "Another model would not help" in text
    assert "Model B" not in text


def test_who_lacks_the_credit_is_offered_what_is_cheaper_and_where_to_get_more() -> None:
    text, others = told(errors.NoCredit("No."))
    assert [other["id"] for other in others] == ["b"]  # the plan costs 5
    assert str(GATEWAY.credits_page) in text


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        (
            "There are too many faces in the picture",
            "💬 The reason given: There are too many faces in the picture.",
        ),
        ("resource_status=2", None),
        ("error 500 in the model", None),
        ("https://vendor.example.com/why", None),
        ("人脸太多，无法生成这张图片", None),  # not the person's language
        ("bad", None),
        (None, None),
    ],
)
def test_a_vendors_reason_is_passed_on_where_it_is_plain_words_of_the_persons_language(
    detail: str | None, reason: str | None
) -> None:
    text, _ = told(errors.JobFailed("No.", detail=detail))
    given = [line for line in text.splitlines() if line.startswith("💬")]
    assert given == ([reason] if reason else [])


def test_what_was_refused_is_named_and_so_is_what_it_may_have_cost() -> None:
    refused = errors.ContentRefused("No.", charged="maybe")
    text, _ = told(refused)
    assert text.startswith("🚫 The words were not accepted. It may have cost 5 points. Another model")


@pytest.mark.parametrize("charged", ["no", "maybe", "yes"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_failure_says_whether_it_cost_anything(language: str, charged: Any) -> None:
    text, _ = told(errors.JobFailed("No.", charged=charged), language)
    words = TEXTS[language]
    cost = words["cost"].format(amount=5, unit=words["unit.points"])
    assert words["charged.no" if charged == "no" else f"charged.{charged}_cost"].format(cost=cost) in text
