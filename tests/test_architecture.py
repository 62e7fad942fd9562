"""The project's promises about itself: what is imported when, and who alone may do what."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import CREATE, ROOT

STUDIO = ROOT / "scripts" / "studio"
MODULES = sorted(STUDIO.rglob("*.py"))
HEAVY = {"requests", "urllib3", "jsonschema", "PIL", "rich", "sandbox", "studio.http", "studio.providers.ima"}


def imported(*words: str) -> set[str]:
    """The modules that a run of the command imports."""
    code = (
        "import sys, runpy, contextlib, io\n"
        f"sys.argv = ['create.py', *{list(words)!r}]\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        "    try:\n"
        f"        runpy.run_path({str(CREATE)!r}, run_name='__main__')\n"
        "    except SystemExit:\n"
        "        pass\n"
        "print('\\n'.join(sys.modules))"
    )
    made = subprocess.run(
        [
            sys.executable,
            "-c",
            f"sys = __import__('sys'); sys.path.insert(0, {str(CREATE.parent)!r})\n{code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(made.stdout.split())


@pytest.mark.parametrize(
    "words", [("--help",), ("list",), ("show", "x"), ("models",), ("doctor",), ("schema",)]
)
def test_looking_starts_without_the_heavy_libraries(words: tuple[str, ...]) -> None:
    assert imported(*words) & HEAVY == set()


def test_the_import_set_is_seen_at_all() -> None:
    assert {"requests", "studio.http", "sandbox"} <= imported("quote", "--sandbox", "--prompt", "x")


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """Dotted names of everything a module calls or reads, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute | ast.Name):
            yield ast.unparse(node), node.lineno


def users(*names: str) -> set[str]:
    return {path.stem for path in MODULES for name, _ in calls(path) if name in names}


def test_only_app_and_cli_read_the_environment() -> None:
    assert users("os.environ", "os.getenv", "environ", "getenv") <= {"app", "cli"}


def test_only_cli_prints() -> None:
    assert users("print", "sys.stdout", "sys.stderr") <= {"cli"}


def test_only_the_store_and_media_write_files() -> None:
    writing = {
        path.stem
        for path in MODULES
        for name, _ in calls(path)
        if name.endswith((".write_text", ".write_bytes", ".mkdir", ".unlink", ".touch", ".replace"))
        and not name.endswith((".replace",))
    }
    assert writing <= {"store", "media"}
    assert {"open"} & {name for path in MODULES for name, _ in calls(path)} == set()


def test_the_paid_call_is_made_in_one_place() -> None:
    paying = [
        path.stem
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".pay")
    ]
    assert paying == ["runner"]


def test_no_vendor_is_named_outside_its_own_files() -> None:
    """Data where vendors differ: a vendor's name in shared code is a missing idea."""
    own = {STUDIO / "providers" / "ima.py"}
    words = ("ima_", '"ima"', "'ima'", "seedream", "midjourney", "banana", "imastudio", "imaclaw", "liveme")
    naming = [
        (path.name, word)
        for path in MODULES
        if path not in own
        for word in words
        if word in path.read_text(encoding="utf-8").lower()
    ]
    assert naming == []


def test_the_sandbox_knows_nothing_of_the_studio() -> None:
    for path in (ROOT / "scripts" / "sandbox").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(name.split(".")[0] == "studio" for name in names), path


def test_nouns_import_the_standard_library_only() -> None:
    for node in ast.walk(ast.parse((STUDIO / "types.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.module.split(".")[0] in sys.stdlib_module_names
        if isinstance(node, ast.Import):
            assert all(alias.name.split(".")[0] in sys.stdlib_module_names for alias in node.names)


def test_modules_are_read_in_one_sitting() -> None:
    lines = {path.name: path.read_text(encoding="utf-8").count("\n") for path in MODULES}
    assert {name: count for name, count in lines.items() if count > 420} == {}
