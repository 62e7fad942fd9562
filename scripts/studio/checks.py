"""What the doctor looks at: one row each, with what is to be done about it. No row costs anything, none
carries a key, and none breaks the others."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from importlib import metadata, util
from pathlib import Path
from urllib.parse import urlsplit

from studio import catalogue, store
from studio.app import App
from studio.contract import Request
from studio.errors import KeyProblem, StudioError
from studio.frozen import dataclass, replace
from studio.migrations import MIGRATIONS
from studio.settings import HOME, where_from
from studio.types import Gateway, Json

PYTHON = (3, 10)
LEAST = {
    "requests": (2, 32),
    "jsonschema": (4, 18),
    "Pillow": (10, 1),
    "platformdirs": (4,),
    "rich": (13,),
    "urllib3": (2,),
    **({"tomli": (2,)} if sys.version_info < (3, 11) else {}),
}
OPTIONAL = {
    "av": ("measures films, and makes those of a rehearsal", "av>=14"),
    "pillow-heif": ("reads HEIC pictures", "pillow-heif"),
}
PATIENCE = 3.0  # seconds for a host; a second more for its name
SKEW = 60.0  # seconds that our clock and a host's may differ
LITTLE, NONE_LEFT = 2**30, 100 * 2**20  # bytes on a disk
PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")  # the first that is set counts
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass
class Answer:
    """What came of asking whether a host is there."""

    status: int | None = None
    skew: float | None = None  # seconds by which our clock is ahead of its
    trouble: str | None = None


def rows(app: App) -> list[Json]:
    """Everything that is checked, in order. Never raises."""
    answers = _asked(app)
    looks: dict[str, Callable[[], Iterator[Json]]] = {
        "python": _python,
        "packages": _packages,
        "config": lambda: _config(app),
        "keys": lambda: _keys(app),
        "hosts": lambda: _hosts(app, answers),
        "clock": lambda: _clock(answers),
        "proxy": lambda: _proxy(app),
        "state folder": lambda: _state_folder(app),
        "record": lambda: _record(app),
        "output folder": lambda: _output_folder(app),
        "disk": lambda: _disk(app),
        "rehearsals": _rehearsals,
    }
    return [row for name, look in looks.items() for row in _held(name, look)]


def _held(name: str, look: Callable[[], Iterator[Json]]) -> Iterator[Json]:
    try:
        yield from look()
    except StudioError as problem:
        yield _row(name, "fail", problem.message, problem.detail)
    except Exception as problem:  # noqa: BLE001 - whatever is odd here, the other rows are told
        yield _row(name, "fail", f"could not be checked ({type(problem).__name__})")


def _row(check: str, state: str, says: str, fix: str | None = None) -> Json:
    return {"check": check, "state": state, "says": says, "fix": fix}


def _python() -> Iterator[Json]:
    version = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info[:2] < PYTHON
    yield _row("python", "fail" if old else "ok", version, "Use Python 3.10 or newer." if old else None)


def _packages() -> Iterator[Json]:
    for name, least in LEAST.items():
        wanted = f"{name}>={'.'.join(map(str, least))}"
        version = _version(name)
        if version is None:
            yield _row(name, "fail", "not installed", f'{sys.executable} -m pip install "{wanted}"')
        elif _numbers(version) < least:
            yield _row(name, "warn", f"{version} is old", f'{sys.executable} -m pip install "{wanted}"')
        else:
            yield _row(name, "ok", version)
    for name, (what, wanted) in OPTIONAL.items():
        version = _version(name)
        if version is None:
            fix = f'Only where you want that: {sys.executable} -m pip install "{wanted}"'
            yield _row(name, "warn", f"not installed; it {what}", fix)
        else:
            yield _row(name, "ok", f"{version}; it {what}")


def _config(app: App) -> Iterator[Json]:
    file = app.settings.config_file
    if app.config_trouble:
        trouble = app.config_trouble
        yield _row("config", "fail", trouble.message, trouble.detail or f"Mend {file}, or move it away.")
    else:
        yield _row("config", "ok", f"{file}" if file.exists() else f"none; it would be {file}")


def _keys(app: App) -> Iterator[Json]:
    for gateway in catalogue.gateways():
        name = f"key {gateway.id}"
        try:
            app.settings.key(gateway)
            yield _row(name, "ok", f"{gateway.key_env} is set")
        except KeyProblem as problem:
            if problem.kind == "key_malformed":
                yield _row(name, "fail", f"{gateway.key_env} is malformed", f"{problem.message}")
            else:
                fix = f"To use {gateway.name}: export {gateway.key_env}=...  {where_from(gateway)}"
                yield _row(name, "warn", f"{gateway.key_env} is missing", fix)


def _hosts(app: App, answers: dict[str, Answer]) -> Iterator[Json]:
    for gateway in catalogue.gateways():
        name, answer = f"host {gateway.id}", answers.get(gateway.id)
        if answer is None:
            yield _row(name, "ok", "not asked: it has no key")
        elif answer.trouble:
            fix = "See whether this machine is online, and whether a proxy or a firewall is in the way."
            yield _row(name, "fail", answer.trouble, fix)
        else:
            where = urlsplit(app.settings.gateway(gateway.id).urls["api"]).netloc
            yield _row(name, "ok", f"{where} answers")


def _clock(answers: dict[str, Answer]) -> Iterator[Json]:
    skews = [answer.skew for answer in answers.values() if answer.skew is not None]
    if not skews:
        yield _row("clock", "ok", "not compared: no host has told the time")
        return
    skew = min(skews, key=abs)
    if abs(skew) > SKEW:
        ahead = "ahead of" if skew > 0 else "behind"
        says = f"{abs(skew):.0f} s {ahead} the time that a host tells"
        yield _row("clock", "warn", says, "Set this machine's clock, such as by `timedatectl set-ntp true`.")
    else:
        yield _row("clock", "ok", f"within {SKEW:.0f} s of the time that a host tells")


def _proxy(app: App) -> Iterator[Json]:
    given = app.settings.environment
    name = next((name for name in PROXIES if given.get(name)), None)
    if name is None:
        yield _row("proxy", "ok", "none")
    else:
        where = _authority(given[name])  # without the password that may stand in it
        fix = f"Set {name} to an address such as http://proxy.example:8080, or unset it."
        yield _row(
            "proxy", "ok" if where else "warn", f"{name}: {where or 'no address'}", None if where else fix
        )
    for name in BUNDLES:
        if given.get(name):
            there = Path(given[name]).exists()
            says = f"{name}: {given[name]}" if there else f"{name} names a file that is not there"
            yield _row("certificates", "ok" if there else "fail", says, None if there else f"Unset {name}.")


def _state_folder(app: App) -> Iterator[Json]:
    yield from _writable("state folder", app.settings.home, f"or set {HOME} to another folder")
    private = [(app.settings.home, 0o700)]
    private += [(file, 0o600) for file in sorted(app.settings.home.glob("ledger.sqlite3*"))]
    for path, mode in private if os.name != "nt" else ():
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield _row("privacy", "warn", f"{path} can be read by others", f"chmod {mode:o} {path}")


def _record(app: App) -> Iterator[Json]:
    path = app.settings.home / "ledger.sqlite3"
    if not path.exists():
        yield _row("record", "ok", "none yet")
        return
    trouble = store.examined(path, MIGRATIONS)
    fix = "Keep a copy of the file, then run `list`: what is damaged is set aside, and a new record begun."
    yield _row("record", "fail" if trouble else "ok", trouble or "whole", fix if trouble else None)


def _output_folder(app: App) -> Iterator[Json]:
    yield from _writable("output folder", app.out, "or name another one by --out")


def _disk(app: App) -> Iterator[Json]:
    free = {path: shutil.disk_usage(_nearest(path)).free for path in (app.settings.home, app.out)}
    path = min(free, key=lambda one: free[one])
    state = "fail" if free[path] < NONE_LEFT else "warn" if free[path] < LITTLE else "ok"
    says = f"{free[path] / 2**30:.1f} GB free at {path}"
    yield _row("disk", state, says, None if state == "ok" else "Make room, or move the folder.")


def _rehearsals() -> Iterator[Json]:
    if util.find_spec("sandbox") is None:
        yield _row("rehearsals", "fail", "the imitations are not there", "Install the whole package again.")
    elif _version("av") is None:
        yield _row("rehearsals", "ok", "pictures; films need the package av")
    else:
        yield _row("rehearsals", "ok", "pictures and films")


def _writable(check: str, folder: Path, otherwise: str) -> Iterator[Json]:
    """Whether a folder is one that can be written, or can be made."""
    there = _nearest(folder)
    if not there.is_dir():
        yield _row(check, "fail", f"{there} is no folder", f"Move it away, {otherwise}.")
    elif not os.access(there, os.W_OK | os.X_OK):
        yield _row(check, "fail", f"{there} cannot be written", f"chmod u+rwx {there}, {otherwise}.")
    else:
        yield _row(check, "ok", f"{folder}" if there == folder else f"{folder}, made when it is needed")


def _asked(app: App) -> dict[str, Answer]:
    """Every host whose key is set, all at once."""
    asked: dict[str, Answer] = {}
    threads = []
    for gateway in catalogue.gateways():
        try:
            app.settings.key(gateway)
        except KeyProblem:
            continue
        answer = asked[gateway.id] = Answer(trouble=f"no answer within {PATIENCE:.0f} s")
        thread = threading.Thread(target=_ask, args=(app, gateway, answer), daemon=True)
        thread.start()
        threads.append(thread)
    ends = app.clock.monotonic() + PATIENCE + 1
    for thread in threads:
        thread.join(max(0.0, ends - app.clock.monotonic()))
    return {id: replace(answer) for id, answer in asked.items()}  # one that comes later changes nothing


def _ask(app: App, gateway: Gateway, answer: Answer) -> None:
    """Whether a host is there: any answer will do. The key stays here."""
    try:
        from studio.http import Http

        theirs = replace(app.settings.gateway(gateway.id), connect_timeout=PATIENCE, read_timeout=PATIENCE)
        http = Http(theirs, {theirs.id: theirs}, {}, resolve=app.resolve, heard=app.log.request)
        got = http.ask(Request("a look whether it is there", "HEAD", theirs.urls["api"], safe=True))
        answer.status, answer.trouble = got.status, None
        answer.skew = app.clock.time() - parsedate_to_datetime(got.headers["date"]).timestamp()
    except StudioError as problem:
        answer.trouble = problem.message
    except Exception as problem:  # noqa: BLE001 - a thread has nobody to raise to
        if answer.trouble:
            answer.trouble = f"could not be asked ({type(problem).__name__})"


def _nearest(path: Path) -> Path:
    """The path, or what there is of it."""
    return next(one for one in (path, *path.parents) if one.exists())


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def _authority(url: str) -> str:
    """Host and port of an address; nothing where it is none."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.hostname}{port}" if parts.hostname else ""
    except ValueError:
        return ""
