"""The project's promises about itself: what is imported when, and who alone may do what."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from parts import plan
from studio import catalogue, settings
from studio.ledger import Ledger
from studio.types import Output, Submitted, TaskRef
from support import CREATE, ROOT, FakeClock

STUDIO = ROOT / "scripts" / "studio"
MODULES = sorted(STUDIO.rglob("*.py"))
HEAVY = {"requests", "urllib3", "jsonschema", "PIL", "av", "rich", "sandbox", "studio.http"}
HEAVY |= {f"studio.providers.{vendor.id}" for vendor in catalogue.vendors()}


SLOW = {
    *("asyncio", "concurrent.futures", "dataclasses", "difflib", "email", "fractions", "hashlib", "http"),
    *("importlib.metadata", "inspect", "logging", "platform", "secrets", "socket", "ssl", "tempfile", "uuid"),
}
"""Of the standard library: none of these is there in the time that a look may take."""
BUYING = {
    f"studio.{name}" for name in ("buying", "errands", "intake", "media", "params", "pictures", "runner")
}
TELLING = {f"studio.{name}" for name in ("documents", "jobs", "messages", "receipts", "speech", "telling")}


def imported(*words: str) -> set[str]:
    """The modules that a run of the command imports."""
    code = (
        "import sys, runpy, contextlib, io\n"
        f"sys.argv = ['create.py', *{list(words)!r}]\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        "    try:\n"
        f"        runpy.run_path({str(CREATE)!r})['run']()\n"
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
    "words", [("--help",), ("list",), ("gallery",), ("show", "x"), ("models",), ("doctor",), ("schema",)]
)
def test_looking_starts_without_the_heavy_libraries(words: tuple[str, ...]) -> None:
    assert imported(*words) & HEAVY == set()


@pytest.mark.parametrize(
    ("words", "needless"),
    [
        (("--help",), SLOW | BUYING | TELLING | {"sqlite3", "studio.app", "studio.ledger"}),
        (("list",), SLOW | BUYING | TELLING),
        (("models",), SLOW | BUYING | TELLING | {"sqlite3"}),
        (("show", "JOB"), (SLOW | BUYING) - {"studio.media"}),
    ],
)
def test_a_look_imports_only_what_it_looks_with(
    words: tuple[str, ...], needless: set[str], home: Path, tmp_path: Path
) -> None:
    ledger = Ledger(home / "state" / "ledger.sqlite3", FakeClock())
    job, _ = ledger.begin(plan(), str(tmp_path))
    ledger.sending(job.id)
    ledger.submitted(job.id, Submitted(TaskRef("ima", "task", 0.0), 5))
    ledger.done(job.id, (Output("image", "https://files.example/1.png"),), 5, None)
    ledger.close()
    found = imported(*(job.id if word == "JOB" else word for word in words))
    assert "studio.cli" in found
    assert found & needless == set()


def test_a_purchase_does_not_import_what_guesses_at_texts() -> None:
    found = imported("quote", "--sandbox", "--prompt", "x")
    assert "requests" in found
    assert not [name for name in found if name.startswith(("charset_normalizer", "chardet"))]


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


def test_only_the_store_media_files_and_the_log_write_files() -> None:
    writing = {
        path.stem
        for path in MODULES
        for name, _ in calls(path)
        if name.endswith((".write_text", ".write_bytes", ".mkdir", ".unlink", ".touch", ".replace"))
        and not name.endswith((".replace",))
    }
    assert writing <= {"store", "media", "files", "folders", "log"}
    assert {"open"} & {name for path in MODULES for name, _ in calls(path)} == set()


def test_the_paid_call_is_made_in_one_place() -> None:
    paying = [
        path.stem
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".pay")
    ]
    assert paying == ["runner"]


def names() -> dict[str, set[str]]:
    """Every name in lower case by which somebody could mean a vendor, a gateway or a model -> the providers
    whose own it is."""
    found: dict[str, set[str]] = {}
    for vendor in catalogue.vendors():
        words = [vendor.id, vendor.name]
        for gateway in vendor.gateways:
            hosts = [urlsplit(url).hostname or "" for url in gateway.urls.values()]
            words += [gateway.id, gateway.name, gateway.key_env, gateway.key_prefix, *hosts]
            words += [settings.url_variable(gateway.id, role) for role in gateway.urls]
        for model in vendor.models:
            words += [model.id, model.name, *model.aliases]
        for word in (word for word in words if any(sign.isalpha() for sign in word)):  # 02 is a number
            found.setdefault(word.lower(), set()).add(vendor.id)
    return found


NAMES = names()
WORD = re.compile(
    rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, sorted(NAMES, key=len, reverse=True)))})(?![a-z0-9])"
)


def named(text: str, own: str | None = None) -> set[str]:
    """The names in a text that are not this provider's own."""
    return {found[0] for found in WORD.finditer(text.lower()) if own not in NAMES[found[0]]}


def test_the_names_are_those_of_all_catalogues() -> None:
    assert {"ima", "vidu", "kling", "mv", "imagine-future", "viduq3-turbo", "可灵", "302ai"} <= set(NAMES)
    assert {"ima_api_key", "imagine_future_api_key", "media_studio_imagine_future_url"} <= set(NAMES)
    assert NAMES["imagine-future"] == {"vidu", "kling", "mv"}, "who shares a gateway may name it"
    assert named("# as Vidu's, of viduq1; 可灵 too") == {"vidu", "viduq1", "可灵"}
    assert named("optimal, individual, kilning") == set()
    assert named("vidu and ima, x", "vidu") == {"ima"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(STUDIO)))
def test_no_vendor_is_named_outside_its_own_files(path: Path) -> None:
    """Data where vendors differ: a vendor's name in shared code is a missing idea. A provider may name itself
    and the gateway that it is paid through, and no other provider."""
    own = path.stem if path.parent.name == "providers" else None
    assert named(path.read_text(encoding="utf-8"), own) == set()


TWINS = (
    "ima",
    "imagine_future",
    "shop",
    "vidu",
    "kling",
    "mv",
    "hailuo",
)  # what the names of a twin's modules begin with


def test_what_the_twins_share_names_no_vendor() -> None:
    shared = [
        path
        for path in (ROOT / "scripts" / "sandbox").glob("*.py")
        if not any(path.stem == name or path.stem.startswith(f"{name}_") for name in TWINS)
    ]
    assert len(shared) > 5
    for path in (*shared, CREATE):
        assert named(path.read_text(encoding="utf-8")) == set(), path.name


def test_a_provider_is_one_row_one_module_and_one_catalogue() -> None:
    rows = catalogue.load("registry.json")["providers"]
    modules = {path.stem for path in (STUDIO / "providers").glob("*.py")} - {"__init__"}
    catalogues = {path.stem for path in (STUDIO / "data" / "catalogue").glob("*.json")}
    assert set(rows) == modules == catalogues
    assert len(rows) == len(set(rows))


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
            stands_for_dataclasses = node.module == "studio.frozen"
            assert stands_for_dataclasses or node.module.split(".")[0] in sys.stdlib_module_names
        if isinstance(node, ast.Import):
            assert all(alias.name.split(".")[0] in sys.stdlib_module_names for alias in node.names)


def test_modules_are_read_in_one_sitting() -> None:
    lines = {path.name: path.read_text(encoding="utf-8").count("\n") for path in MODULES}
    assert {name: count for name, count in lines.items() if count > 420} == {}
