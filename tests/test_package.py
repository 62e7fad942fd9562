"""What is published: the same facts in every file, and a copy that works. What a scanner makes of it:
test_scanner.py."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli

import create
import studio
from published import published, stage
from studio import catalogue, commands
from studio.settings import url_variable
from support import CREATE, ROOT, run, validate

SKILL = (ROOT / "SKILL.md").read_text(encoding="utf-8")
FACTS: Any = importlib.import_module("strictyaml").load(SKILL.split("---\n", 2)[1]).data
JSON: Any = json.loads((ROOT / "skill.json").read_text(encoding="utf-8"))
PROJECT: Any = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TAKEN = list(published())
PLACES = {"os.environ", "environment", "self.environment"}
OF_LIBRARIES = {"HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"}  # read by requests, not by us
OF_TERMINALS = {"NO_COLOR", "TERM"}  # how a terminal shows things: nothing for whoever installs a skill


def text_of(path: str | Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A published copy, under the name of the skill."""
    return stage(tmp_path)


def environment_reads(tree: ast.Module) -> Iterator[ast.expr]:
    """What the environment is asked for in a module: the expressions that name the variables."""
    calls = {"os.getenv", *(f"{place}.get" for place in PLACES)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in calls:
            yield node.args[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            if ast.unparse(node.value) in PLACES:
                yield node.slice
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) in PLACES:
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


SKILL_JSON = {  # what such files have, by what people publish: the keys that mean something here
    *("name", "displayName", "version", "description", "license", "author", "keywords", "category", "entry"),
    *("runtime", "platforms", "files", "env", "permissions", "capabilities", "models", "openclaw"),
    *("changelog", "compatibility", "commands", "pages"),
    # Not `homepage`, `repository` and `author.url`: there is no public address yet that they could name.
    # Nothing about pricing: a registry has none. What the vendor charges stands in the texts.
}


def keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from (key, *keys_of(part))
    elif isinstance(value, list):
        for part in value:
            yield from keys_of(part)


def test_skill_json_has_the_keys_that_people_look_for_and_names_no_price() -> None:
    assert set(JSON) == SKILL_JSON
    assert set(JSON["author"]) == {"name"}
    assert not [key for key in keys_of(JSON) if re.search(r"(?i)pric|cost|paid", key)]
    assert JSON["displayName"].lower().replace(" ", "-") == JSON["name"]
    assert JSON["category"] == "creative"
    assert len(JSON["keywords"]) == len(set(JSON["keywords"]))


def test_the_licence_and_the_first_sentence_are_the_same_everywhere() -> None:
    assert {FACTS["license"], JSON["license"], PROJECT["license"]} == {"MIT-0"}
    assert text_of("LICENSE").startswith("MIT No Attribution\n")
    assert FACTS["metadata"]["author"] in text_of("LICENSE")
    assert FACTS["description"].startswith(PROJECT["description"])


def test_skill_json_says_which_vendor_a_variable_is_of() -> None:
    of = {gateway.key_env: gateway.id for gateway in catalogue.gateways()}
    of |= {
        url_variable(gateway.id, role): gateway.id
        for gateway in catalogue.gateways()
        for role in gateway.urls
    }
    assert {name: row["provider"] for name, row in JSON["env"].items()} == {
        name: of.get(name) for name in JSON["env"]
    }


def test_the_files_that_skill_json_names_are_all_that_an_agent_needs() -> None:
    named = tuple(JSON["files"])
    needed = {path.relative_to(ROOT).as_posix() for path in (ROOT / "scripts").rglob("*.*") if path in TAKEN}
    needed |= {"SKILL.md", JSON["entry"], *re.findall(r"\]\((?!https:)([^)#]+)\)", SKILL)}
    assert {path for path in needed if not path.startswith(named)} == set()
    assert all(any(path.relative_to(ROOT).as_posix().startswith(one) for path in TAKEN) for one in named)


def test_every_file_that_the_code_keeps_or_reads_is_declared() -> None:
    """Its name, where it is no data of ours; `sandbox/` beside the record holds those of the imitations."""
    kept = {
        node.value
        for file in (ROOT / "scripts" / "studio").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"[\w-]+\.(?:sqlite3|db|toml|json|jsonl|ini|log|lock|txt|html)", node.value)
        if not list((ROOT / "scripts" / "studio" / "data").rglob(node.value))
    }
    assert {"config.toml", "ledger.sqlite3"} <= kept
    for name in (*kept, "sandbox/"):
        for document in ("README.md", "references/network.md"):
            assert f"`{name}`" in text_of(document), name
    declared = " ".join(part for parts in JSON["permissions"]["filesystem"].values() for part in parts)
    for word in ("config.toml", "./media-studio/", "MEDIA_STUDIO_HOME", "input pictures"):
        assert word in declared
        assert word in SKILL


def test_the_changelog_names_every_command() -> None:
    assert [name for name in JSON["commands"] if f"`{name}`" not in text_of("CHANGELOG.md")] == []


def test_skill_json_says_what_the_code_does() -> None:
    assert JSON["runtime"] == {"python": PROJECT["requires-python"], "dependencies": PROJECT["dependencies"]}
    assert JSON["commands"] == [command.name for command in commands.COMMANDS]
    assert set(catalogue.task_types()) <= set(JSON["capabilities"])
    for path in (JSON["entry"], JSON["models"], JSON["changelog"], *JSON["files"]):
        assert (ROOT / path).exists(), path


def test_every_environment_variable_is_declared_and_explained() -> None:
    declared = {row["name"] for row in FACTS["metadata"]["openclaw"]["envVars"]}
    assert declared == environment_names() - OF_TERMINALS | OF_LIBRARIES
    for name in declared | {"NO_COLOR"}:
        assert f"`{name}`" in text_of("README.md"), name


def test_the_environment_is_handed_over_whole_in_one_place_only() -> None:
    """Everywhere else a name is asked for, and `environment_names` finds it."""
    whole = []
    for file in (ROOT / "scripts").rglob("*.py"):
        text = ast.unparse(ast.parse(file.read_text(encoding="utf-8")))  # without comments, in one form
        assert "from os import" not in text, file
        every = re.findall(r"\bos\.(?:environ|getenv)\b", text)
        asked = re.findall(r"\bos\.(?:environ\.get\(|environ\[|getenv\()", text)
        whole += [file.name] * (len(every) - len(asked))
    assert whole == ["app.py"]


def test_no_document_leads_to_a_host_that_nobody_declared() -> None:
    declared = {*JSON["permissions"]["network"], *hosts_in(" ".join(JSON["pages"].values()))}
    to_read = {"docs.astral.sh", "semver.org", "json-schema.org"}
    for path in TAKEN:
        others = hosts_in(path.read_text(encoding="utf-8")) - declared - to_read
        assert not [host for host in others if not host.endswith(".example")], path


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
