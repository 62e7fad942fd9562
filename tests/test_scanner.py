"""Nothing that is published would alarm a registry's scanner; and the rules that say so do find something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from published import ROOT, published
from scanner import rules

FIXTURES = Path(__file__).parent / "scanner" / "fixtures"
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in published()}
SAMPLES = sorted(path.name for path in FIXTURES.iterdir())

# What no file here may hold, put together where a fixture has its name.
PIECES = {
    "SAMPLE_SECRET": "ima_" + "0123456789abcdef",
    "PREFIXED_FROM_PIECES": "sk" + "-abcdef0123",
    "ZERO_WIDTH_FROM_PIECES": "\u200d",
    "BYTE_ORDER_MARK_FROM_PIECES": "\ufeff",
    "BASE64_RUN_FROM_PIECES": "QUFB" * 50,
    "SHORTER_RUN_FROM_PIECES": "QUFB" * 49 + "QUF",
}


def sample(name: str) -> tuple[str, str, str, str]:
    """Of a fixture RULE.trips[-WHICH].ENDING.txt: the rule, `trips` or `passes`, the name that the scanner
    would see, and the text with its pieces in place."""
    rule, kind, ending, _ = name.split(".")
    text = (FIXTURES / name).read_text(encoding="utf-8")
    for piece, written in PIECES.items():
        text = text.replace(piece, written)
    return rule, kind.partition("-")[0], f"sample.{ending}", text


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_published_file_trips_no_rule(name: str) -> None:
    assert rules.tripped(name, TEXTS[name]) == set()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_rule_is_tripped_by_what_it_means_and_by_nothing_near_it(name: str) -> None:
    rule, kind, seen_as, text = sample(name)
    assert rules.tripped(seen_as, text) == ({rule} if kind == "trips" else set())


@pytest.mark.parametrize("rule", rules.RULES)
def test_every_rule_has_a_fixture_that_trips_it_and_one_that_nearly_does(rule: str) -> None:
    assert {sample(name)[1] for name in SAMPLES if sample(name)[0] == rule} == {"trips", "passes"}


def test_every_fixture_is_of_a_rule_and_every_piece_of_a_fixture() -> None:
    assert {sample(name)[0] for name in SAMPLES} == set(rules.RULES)
    written = "".join((FIXTURES / name).read_text(encoding="utf-8") for name in SAMPLES)
    assert all(piece in written for piece in PIECES)


def test_the_fixtures_are_not_published_and_hold_nothing_to_alarm_a_person() -> None:
    assert not [name for name in TEXTS if name.startswith(("tests/", "tools/", "."))]
    for name in SAMPLES:
        raw = (FIXTURES / name).read_text(encoding="utf-8")
        assert not {"exposed_secret_literal", "invisible_character", "base64_run"} & rules.tripped("x", raw)


@pytest.mark.parametrize("prefix", ["sk" + "-", "ak" + "-", "pk" + "-", "ghp" + "_", "ey" + "J"])
def test_a_known_prefix_is_a_secret_whatever_the_rest_says(prefix: str) -> None:
    assert rules.tripped("README.md", f"for example `{prefix}example`") == {"exposed_secret_literal"}


@pytest.mark.parametrize(
    "word", ["YOUR", "example", "placeholder", "dummy", "sample", "redacted", "test-token"]
)
def test_a_literal_that_says_that_it_is_none_is_no_secret(word: str) -> None:
    literal = "api_key = " + "'0123456789_{}_0123456789'"
    assert rules.tripped("x.py", literal.format(word)) == set()
    assert rules.tripped("x.py", literal.format("real")) == {"exposed_secret_literal"}


def test_what_is_published_is_small_enough() -> None:
    sizes = {name: (ROOT / name).stat().st_size for name in TEXTS}
    assert rules.over_limits(sizes, TEXTS) == []


@pytest.mark.parametrize(
    ("sizes", "text", "found"),
    [
        ({"a": 10_485_760}, False, []),
        ({"a": 10_485_761}, False, ["a: 10485761 bytes"]),
        ({"a": 262_144}, True, []),
        ({"a": 262_145}, True, ["a: 262145 bytes of text"]),
        ({name: 10_485_760 for name in "abcde"}, False, []),
        ({**{name: 10_485_760 for name in "abcde"}, "f": 1}, False, ["in all: 52428801 bytes"]),
    ],
)
def test_a_limit_is_met_to_the_byte(sizes: dict[str, int], text: bool, found: list[str]) -> None:
    assert rules.over_limits(sizes, dict.fromkeys(sizes, "") if text else {}) == found


def test_a_reviewer_who_sees_the_first_screen_only_learns_hosts_keys_and_files() -> None:
    facts: Any = json.loads(TEXTS["skill.json"])
    body = TEXTS["SKILL.md"][: rules.SHOWN_OF_SKILL_MD].split("---\n", 2)[2]
    hosts = [f"https://{host}" for host in facts["permissions"]["network"]]
    files = ["./media-studio/", "config.toml", "ledger.sqlite3", "logs/"]
    assert [word for word in (*hosts, facts["openclaw"]["primaryEnv"], *files) if word not in body] == []


def test_a_walk_takes_what_a_registry_would(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log\n/out/\n", encoding="utf-8")
    (tmp_path / ".clawhubignore").write_text("# why\n\ntests/\n", encoding="utf-8")
    kept = ["SKILL.md", "deep/out/file.txt", "deep/testing.md"]
    for name in [*kept, "a.log", "deep/b.log", "out/file.txt", "tests/x.py", "deep/tests/x.py", ".ci/run"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "link.md").symlink_to("SKILL.md")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in published(tmp_path)) == kept


@pytest.mark.parametrize("rule", ["deep/only/", "!kept.log"])
def test_a_rule_that_the_walk_does_not_understand_is_not_passed_over(tmp_path: Path, rule: str) -> None:
    (tmp_path / ".gitignore").write_text(f"{rule}\n", encoding="utf-8")
    (tmp_path / ".clawhubignore").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="one segment"):
        list(published(tmp_path))
