"""What is published: the same facts in every file, a copy that works, nothing to alarm a scanner."""

from __future__ import annotations

import ast
import fnmatch
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli

import create
import studio
from studio import catalogue, options
from studio.settings import url_variable
from support import CREATE, ROOT, run, validate

SKILL = (ROOT / "SKILL.md").read_text(encoding="utf-8")
FACTS: Any = importlib.import_module("strictyaml").load(SKILL.split("---\n", 2)[1]).data
JSON: Any = json.loads((ROOT / "skill.json").read_text(encoding="utf-8"))
PROJECT: Any = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OF_LIBRARIES = {"HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"}  # read by requests, not by us


def text_of(path: str | Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def published() -> Iterator[Path]:
    """The files a registry would take, by its own rules: nothing hidden, nothing on an ignore list."""
    rules = [*text_of(".gitignore").splitlines(), *text_of(".clawhubignore").splitlines()]
    rules = [rule for rule in rules if rule and not rule.startswith("#")]

    def left_out(parts: tuple[str, ...]) -> bool:
        places = {rule: parts[:1] if rule.startswith("/") else parts for rule in rules}
        named = (fnmatch.fnmatch(p, rule.strip("/")) for rule, place in places.items() for p in place)
        return any(part.startswith(".") for part in parts) or any(named)

    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and not left_out(path.relative_to(ROOT).parts):
            yield path


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A published copy, under the name of the skill."""
    for path in published():
        copy = tmp_path / "media-studio" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    return tmp_path / "media-studio"


def environment_reads(tree: ast.Module) -> Iterator[ast.expr]:
    """What the environment is asked for in a module: the expressions that name the variables."""
    places = {"os.environ", "environment", "self.environment"}
    calls = {"os.getenv", *(f"{place}.get" for place in places)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in calls:
            yield node.args[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            if ast.unparse(node.value) in places:
                yield node.slice
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) in places:
            yield node.left


def environment_names() -> set[str]:
    """Every variable that the code reads: written out, or made from the catalogue."""
    names = {gateway.key_env for gateway in catalogue.gateways()}
    names |= {url_variable(gateway.id, role) for gateway in catalogue.gateways() for role in gateway.urls}
    for file in (ROOT / "scripts").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        constants = {
            ast.unparse(node.targets[0]): str(node.value.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        }
        for read in environment_reads(tree):
            name = str(read.value) if isinstance(read, ast.Constant) else constants.get(ast.unparse(read))
            if name:
                names.add(name)
            else:  # made from the catalogue, as above; another expression would be a new way to read it
                assert ast.unparse(read) in {"gateway.key_env", "made.key_env", "name"}, file
    return names


def hosts_in(text: str) -> set[str]:
    return set(re.findall(r"https://([a-z0-9.-]+[a-z0-9])", text))


def test_name_and_version_are_the_same_everywhere() -> None:
    assert {FACTS["name"], JSON["name"], PROJECT["name"]} == {"media-studio"}
    newest = re.search(r"^## (\S+)", text_of("CHANGELOG.md"), re.MULTILINE)
    assert newest
    versions = (FACTS["metadata"]["version"], JSON["version"], PROJECT["version"], newest[1])
    assert set(versions) == {studio.__version__}
    assert f"Version {studio.__version__}" in text_of("README.md")
    assert f"{studio.__version__} 版" in text_of("README.zh.md")


def test_skill_json_says_what_the_frontmatter_says() -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(part) for name, part in value.items()}
        if isinstance(value, list):
            return [plain(part) for part in value]
        return str(value).lower() if isinstance(value, bool) else value

    for name in ("name", "description", "license", "compatibility"):
        assert JSON[name] == FACTS[name]
    assert JSON["author"]["name"] == FACTS["metadata"]["author"]
    assert plain(JSON["openclaw"]) == FACTS["metadata"]["openclaw"]
    declared = {row["name"]: row for row in JSON["openclaw"]["envVars"]}
    assert {name: row["description"] for name, row in JSON["env"].items()} == {
        name: row["description"] for name, row in declared.items()
    }
    assert not any(row["required"] for row in (*declared.values(), *JSON["env"].values()))


def test_skill_json_says_what_the_code_does() -> None:
    assert JSON["runtime"] == {"python": PROJECT["requires-python"], "dependencies": PROJECT["dependencies"]}
    assert JSON["commands"] == [command.name for command in options.COMMANDS]
    assert set(catalogue.task_types()) <= set(JSON["capabilities"])
    for path in (JSON["entry"], JSON["models"], JSON["changelog"], *JSON["files"]):
        assert (ROOT / path).exists(), path


def test_every_environment_variable_is_declared_and_explained() -> None:
    declared = {row["name"] for row in FACTS["metadata"]["openclaw"]["envVars"]}
    assert declared == environment_names() | OF_LIBRARIES
    for name in declared:
        assert f"`{name}`" in text_of("README.md"), name


def test_every_host_is_declared_and_explained() -> None:
    network = hosts_in(" ".join(url for gateway in catalogue.gateways() for url in gateway.urls.values()))
    pages = hosts_in(" ".join(JSON["pages"].values()))
    sources = [path for path in (ROOT / "scripts").rglob("*") if path.suffix in {".py", ".json"}]
    in_code = hosts_in("\n".join(path.read_text(encoding="utf-8") for path in sources))
    spoken_of = {host for host in in_code if host.endswith(".example")} | {"json-schema.org"}
    assert in_code - spoken_of == network | pages
    assert set(JSON["permissions"]["network"]) == network
    assert hosts_in(SKILL) == network | pages
    assert network | pages <= hosts_in(text_of("references/network.md"))


def test_the_first_screen_says_what_is_touched() -> None:
    screen = SKILL[:6000].partition("\n# ")[2]  # a registry's reviewer is shown no more
    hosts = [f"https://{host}" for host in JSON["permissions"]["network"]]
    assert all(word in screen for word in (*hosts, "IMA_API_KEY", "./media-studio/", "record of jobs"))


def test_what_create_py_needs_is_the_same_in_three_places() -> None:
    block = re.search(r"(?ms)^# /// script\n(.*?)^# ///$", CREATE.read_text(encoding="utf-8"))
    assert block
    script = tomli.loads(re.sub(r"^# ?", "", block[1], flags=re.MULTILINE))
    assert script["dependencies"] == PROJECT["dependencies"]
    assert script["requires-python"] == PROJECT["requires-python"]
    wanted = {need.partition(";")[0] for need in PROJECT["dependencies"]}
    if sys.version_info >= (3, 11):
        wanted = {need for need in wanted if not need.startswith("tomli")}
    assert set(create.NEEDS.values()) == wanted


def test_skill_md_is_legal_and_short(staged: Path) -> None:
    assert set(FACTS) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert FACTS["metadata"]["openclaw"]["primaryEnv"] == catalogue.gateways()[0].key_env
    assert "env" not in FACTS["metadata"]["openclaw"]["requires"]  # it would hide the skill without a key
    assert len(FACTS["description"]) <= 400
    assert not re.search(r"[<>]", FACTS["description"])
    assert len(SKILL) < 10_000
    assert len(SKILL.splitlines()) < 200
    assert importlib.import_module("skills_ref").validate(staged) == []


def test_a_published_copy_works_by_itself(staged: Path) -> None:
    asked = [sys.executable, str(staged / "scripts" / "create.py"), "schema", "--json"]
    made = json.loads(subprocess.run(asked, capture_output=True, check=True, cwd=staged).stdout)
    validate(made)
    assert set(made["documents"]) == {path.stem for path in (ROOT / "references/schemas").iterdir()}
    assert not (staged / "tests").exists()


def test_create_py_compiles_on_pythons_that_are_too_old_to_run_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = ast.parse(CREATE.read_text(encoding="utf-8"), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    with monkeypatch.context() as patched:
        patched.setattr(sys, "version_info", (3, 8, 0))
        code = create.run()
    out, err = capsys.readouterr()
    assert code == 2
    assert err == "media-studio: This needs Python 3.10 or newer, not 3.8. Use a newer python3.\n"
    validate(json.loads(out))


def test_without_its_packages_create_py_says_what_to_install() -> None:
    bare = [sys.executable, "-I", "-S", str(CREATE), "doctor"]  # no site-packages
    made = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert made.returncode == 2
    assert made.stdout.count("\n") == made.stderr.count("\n") == 1
    document = json.loads(made.stdout)
    validate(document)
    assert document["error"]["kind"] == "not_installed"
    assert all(f'"{need}"' in document["error"]["detail"] for need in create.NEEDS.values())
    assert document["send"][0]["message"].endswith(".")


def test_what_ci_runs_is_what_the_readme_says() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert text_of(".ci/run").splitlines()[-1] == "make test"
    assert "```bash\nmake test\n```" in text_of("README.md")
    assert run("--version").stdout == f"media-studio {studio.__version__}\n"


NAMED = r"(?i)(?:api_?key|token|secret|password)\w*[\"']?\s*[:=]\s*[\"']"
SECRET = NAMED + r"(?!\w*(?:example|placeholder))[\w+/-]{16,}[\"']"
ALARMS = {  # what a registry's scanner looks for, and a text that it would find
    "zero-width character": ("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]", "a\u200db"),
    "base64 run": (r"[A-Za-z0-9+/=]{200}", "A" * 200),
    "machine path": (r"(?<![\w.~])/(?:home|root|Users|work|tmp|opt)/", "see /" + "home/somebody"),
    "escapes": (r"(?:\\x[0-9a-fA-F]{2}){6}", "\\x" + "\\x".join(["41"] * 6)),
    "unverified TLS": (r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False", "verify=" + "False"),
    "dynamic code": (r"\beval\(|exec_module", "ev" + "al(text)"),
    "deletion": (r"rm -rf (?:~|/|\$HOME)", "rm -rf " + "~/x"),
    "injection": (
        r"(?i)ignore previous instructions|system prompt\s*[:=]|you are now a",
        "You are " + "now a",
    ),
    "hidden comment": (r"(?s)<!--.*?-->", "<!-" + "- x -->"),
    "secret": (SECRET, "api_key = " + "'ima_" + "0123456789abcdef'"),
    "known key": (r"\b(?:sk|ak|pk)-[A-Za-z0-9]{6}|\bghp_\w|\beyJ[A-Za-z0-9]{6}", "sk" + "-abcdef"),
    "key in a command": (r"--(?:token|password|private-key)\s", "--tok" + "en x"),
    "inline upload": (r"b64encode\([^)\n]*(?:read_bytes|open)\(", "b64" + "encode(path.read_bytes())"),
    "template line": (r"(?m)^\w+=\"\$\{\w+\}\"", "A=" + '"${B}"'),
}


@pytest.mark.parametrize("alarm", ALARMS)
def test_nothing_that_is_published_would_alarm_a_scanner(alarm: str) -> None:
    pattern, sample = ALARMS[alarm]
    assert re.search(pattern, sample)
    assert [str(path) for path in published() if re.search(pattern, path.read_text(encoding="utf-8"))] == []
