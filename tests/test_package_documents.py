"""The documents: links that lead somewhere, command lines that work, tables that say what the code says."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio import arguments, catalogue, options
from support import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "references").glob("*.md")])
FOREIGN_FLAGS = {"--help", "--help-all", "--version", "--strict", "--ar"}
FOREIGN_FLAGS = {"--help", "--help-all", "--version", "--strict", "--ar"}
LATER = {"batch", "gallery"}


def text_of(path: str | Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def code_in(document: str) -> Iterator[str]:
    """The code of a document, line by line, fenced or in a sentence."""
    fenced = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
    for block in fenced.findall(document):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", fenced.sub("", document))


def commands() -> list[tuple[str, str]]:
    lines = [(path.name, line) for path in DOCUMENTS for line in code_in(path.read_text(encoding="utf-8"))]
    lines += [("Makefile", line) for line in text_of("Makefile").splitlines()]
    found = [(name, line.split("create.py ", 1)[1]) for name, line in lines if "create.py " in line]
    return [(name, words) for name, words in found if words != "--version"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_in_documents_lead_somewhere(path: Path) -> None:
    document = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", document):
        assert (path.parent / link).exists(), link
    for named in re.findall(r"`((?:references|scripts|tests|tools|\.ci)/[\w./-]+)`", document):
        assert (ROOT / named).exists(), named


def test_skill_md_leads_one_level_deep() -> None:
    links = re.findall(r"\]\(([^)]+)\)", text_of("SKILL.md"))
    assert links
    assert all(re.fullmatch(r"references/[a-z]+\.md", link) for link in links)


@pytest.mark.parametrize(("name", "words"), commands())
def test_every_command_line_in_the_documents_works(name: str, words: str) -> None:
    made = arguments.parse(shlex.split(words, comments=True))
    model = getattr(made, "model", None)
    assert model is None or catalogue.find(model, catalogue.models())


def test_the_documents_name_only_commands_and_options_that_exist() -> None:
    assert {"README.md", "README.zh.md", "SKILL.md", "Makefile"} <= {name for name, _ in commands()}
    flags = {flag for option in options.OPTIONS for flag in option.flags} | FOREIGN_FLAGS
    for path in DOCUMENTS:
        code = list(code_in(path.read_text(encoding="utf-8")))
        assert {flag for line in code for flag in re.findall(r"(?<!\S)--[a-z-]+", line)} <= flags, path.name


def test_the_documents_tell_the_price_that_is_asked_about() -> None:
    priced = {model.gateway for model in catalogue.models() if model.prices}
    amounts = [
        f"{gateway.unit.amount(gateway.confirm_above):g}"
        for gateway in catalogue.gateways()
        if gateway.id in priced
    ]
    for path, words in {
        "README.md": "bove {} points (IMA Studio), {} credits (imagine-future) or {} PTC (302.AI)",
        "SKILL.md": "bove {} points, {} credits or {} PTC",
        "README.zh.md": "超过 {} 积分(IMA Studio)、{} 点(imagine-future)或 {} PTC(302.AI)",
    }.items():
        assert words.format(*amounts) in text_of(path), path


def test_generated_documents_are_up_to_date(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    gen_docs = importlib.import_module("gen_docs")
    assert gen_docs.stale() == []
    for path in gen_docs.documents():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text_of(path).replace("not saved", "lost"), encoding="utf-8")
    assert set(gen_docs.stale(tmp_path)) == {"references/commands.md", "README.md"}
