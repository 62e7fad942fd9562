"""The list of breakages fits the code, and the tool that tries them tells what is caught from what is not.
Whether each of them is caught: `make breakages`."""

from __future__ import annotations

import importlib
import json
import os
import py_compile
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import ROOT

PRODUCT = '''"""What three pictures cost."""


def price(n: int) -> int:
    return 5 * n


def asked(n: int) -> bool:
    return n > 3
'''
TESTS = """from product import price


def test_every_picture_is_charged():
    assert price(3) == 15


def test_a_picture_has_a_price():
    assert price(1) == 5
"""
CHARGED, PRICED = (
    f"tests/test_product.py::{name}"
    for name in ("test_every_picture_is_charged", "test_a_picture_has_a_price")
)
SOUND = {
    "why": "three pictures are quoted at the price of one",
    "file": "product.py",
    "line": "    return 5 * n",
    "becomes": "    return 5",
    "test": CHARGED,
}


@pytest.fixture
def breakages(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("breakages")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A product of two functions, its tests, and what git ignores."""
    texts = {
        "product.py": PRODUCT,
        "tests/test_product.py": TESTS,
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
        ".gitignore": "secret.txt\n",
        "secret.txt": "not to be copied",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def listed(project: Path, area: str = "money", **tables: dict[str, str]) -> None:
    """Write one file of the list: each breakage is a sound one but for what is named."""
    (project / "tests" / "breakages").mkdir(exist_ok=True)
    rows = [
        f"[{name}]\n"
        + "\n".join(f"{field} = {json.dumps(text)}" for field, text in {**SOUND, **table}.items())
        for name, table in tables.items()
    ]
    (project / "tests" / "breakages" / f"{area}.toml").write_text("\n".join(rows))


def test_every_breakage_fits_the_code_as_it_is(breakages: Any) -> None:
    known = breakages.load()

    assert breakages.complaints(known) == []
    assert len(known) >= 20
    assert all(breakage.why for breakage in known)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({}, None),
        ({"line": "    return 6 * n"}, "its line stands 0 times in product.py, not once"),
        ({"line": "return 5 * n"}, "its line stands 0 times in product.py, not once"),
        ({"line": ""}, "its line stands 5 times in product.py, not once"),
        (
            {
                "line": "\ndef price(n: int) -> int:\n    return 5 * n",
                "becomes": "def price(n):\n    return 5",
            },
            None,
        ),
        ({"becomes": "    return 5 * n"}, "it changes nothing"),
        ({"becomes": "    return 5 *"}, "invalid syntax"),
        ({"file": "other.py"}, "there is no other.py"),
        ({"test": "tests/test_other.py::test_x"}, "there is no tests/test_other.py"),
        ({"test": f"{CHARGED}_twice"}, "tests/test_product.py has no test_every_picture_is_charged_twice"),
        ({"test": "tests/test_product.py"}, "tests/test_product.py has no "),
    ],
)
def test_what_does_not_fit_is_named(
    breakages: Any, project: Path, table: dict[str, str], problem: str | None
) -> None:
    listed(project, odd=table)
    found = breakages.complaints(breakages.load(project), project)

    assert [text.startswith(f"odd: {problem}") for text in found] == ([True] if problem else [])


def test_a_name_is_there_once_over_all_files(breakages: Any, project: Path) -> None:
    listed(project, "money", same={})
    listed(project, "keys", same={}, other={})

    found = breakages.complaints(breakages.load(project), project)
    assert found == ["same: there are 2 of this name"]


def test_breakages_that_are_caught_are_red(
    breakages: Any, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(project, one={}, other={"becomes": "    return 4 * n", "test": PRICED})

    assert breakages.main([], project) == 0
    *lines, count = capsys.readouterr().out.splitlines()
    assert {tuple(line.split("; ")[:2]) for line in lines} == {("one: red", CHARGED), ("other: red", PRICED)}
    assert count == "2 of 2 breakages caught."
    assert (project / "product.py").read_text() == PRODUCT


def test_what_is_not_caught_is_told_from_what_cannot_be_tried(
    breakages: Any, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(
        project,
        price_survives={"test": PRICED},
        price_collapses={"becomes": "    return 5\n\n\nraise RuntimeError"},
        price_stops={"becomes": "    raise KeyboardInterrupt"},
        price={},
        another={},
    )

    assert breakages.main(["price"], project) == 1
    *lines, count = capsys.readouterr().out.splitlines()
    assert {line.split(";")[0] for line in lines} == {
        "price_survives: SURVIVED",
        "price_collapses: not found or not collected",
        "price_stops: interrupted",
        "price: red",
    }
    assert count == "1 of 4 breakages caught."


def test_a_test_without_an_end_is_not_red(
    breakages: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakages, "LONGEST", 1.0)
    listed(project, one={"becomes": "    __import__('time').sleep(60)"})
    (breakage,) = breakages.load(project)

    assert breakages.attempt(breakage, project) == "no end in 1 s"
    assert (project / "product.py").read_text() == PRODUCT


@pytest.mark.parametrize(
    ("table", "words", "said"),
    [
        ({"line": "    return 7"}, [], "odd: its line stands 0 times"),
        ({"line": "    return 7"}, ["even"], "odd: its line stands 0 times"),
        ({}, ["even"], "There is no breakage of that name."),
    ],
)
def test_a_list_that_does_not_fit_is_not_tried(
    breakages: Any, project: Path, capsys: pytest.CaptureFixture[str], table: Any, words: list[str], said: str
) -> None:
    listed(project, odd=table)

    assert breakages.main(words, project) == 2
    assert capsys.readouterr().out.startswith(said)


def test_tests_that_fail_unbroken_prove_nothing(
    breakages: Any, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(project, one={})
    (project / "tests" / "test_product.py").write_text(TESTS.replace("15", "16"))

    assert breakages.main([], project) == 2
    assert "Unbroken, all of these tests have to pass" in capsys.readouterr().out


def test_a_copy_is_the_working_tree_without_what_git_ignores(breakages: Any, project: Path) -> None:
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)
    (project / "product.py").write_text("edited")
    (project / "pyproject.toml").unlink()
    (project / "new ü.py").write_text("untracked")
    (project / "tests" / "run").write_text("#!/bin/sh")
    (project / "tests" / "run").chmod(0o755)
    to = breakages.copied(project, project.parent / f"{project.name}-copy")

    names = {str(path.relative_to(to)) for path in to.rglob("*") if path.is_file()}
    assert names == {"product.py", "tests/test_product.py", ".gitignore", "new ü.py", "tests/run"}
    assert (to / "product.py").read_text() == "edited"
    assert os.access(to / "tests" / "run", os.X_OK)


def test_bytecode_of_another_text_is_not_run(breakages: Any, project: Path) -> None:
    """Same size, same second: Python would take the old bytecode."""
    product = project / "product.py"
    product.write_text(PRODUCT.replace("5 * n", "6 * n"))
    os.utime(product, (1_800_000_000, 1_800_000_000))
    py_compile.compile(str(product))
    product.write_text(PRODUCT)
    os.utime(product, (1_800_000_000, 1_800_000_000))

    assert breakages.run_tests(project, CHARGED, longest=None)[0] == 0
