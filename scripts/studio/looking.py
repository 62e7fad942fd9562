"""The commands that look: at a job, at the record, at what can be made, at what is set up."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from studio import __version__, arguments, catalogue, commands, figures, reports
from studio.errors import EXITS, KeyProblem, UsageError
from studio.settings import rehearsal_key, url_variable
from studio.types import Gateway, Json, ModelSpec

if TYPE_CHECKING:
    from studio.app import App

SCHEMAS = Path(__file__).resolve().parents[2] / "references" / "schemas"
EVERYTHING = 10**9
LIBRARIES = ("requests", "jsonschema", "Pillow", "platformdirs", "rich")


def show(app: App) -> Json:
    from studio import jobs

    app.asked = True
    job = jobs.find(app)
    times = {"asked": job.created_at, "accepted": job.task.submitted_at if job.task else None}
    times |= {"ended": job.finished_at, "handed out": job.handed_out_at}
    app.beside["times"] = {name: figures.moment(at) for name, at in times.items()}
    return jobs.as_recorded(app, job)


def listing(app: App) -> Json:
    made = app.made
    app.ledger.settle()
    count = EVERYTHING if made.all else made.count
    since = figures.instant(app.clock, made.since) if made.since else None
    found = app.ledger.newest(count + 1, only_open=made.open, user_id=made.user_id, since=since)
    return reports.listing(found[:count], _gateways(), sandbox=app.sandbox, more=len(found) > count)


def spend(app: App) -> Json:
    """What was spent since, by whom, and what today's limits leave."""
    made, accounts = app.made, app.ledger.accounts
    app.ledger.settle()
    rows = accounts.spending(figures.instant(app.clock, made.since or timedelta(days=30)))
    limits = []
    for id in _gateways():
        gateway = app.settings.gateway(id)
        by_user = accounts.spent_today(id, made.user_id) if made.user_id is not None else None
        limits.append(reports.limits(gateway, accounts.spent_today(id), by_user))
    kept = [row for row in rows if made.user_id in {None, row.user_id}]
    return reports.spending(kept, limits, _gateways(), sandbox=app.sandbox)


def models(app: App) -> Json:
    made = app.made
    if not app.sandbox:
        keys = map(partial(_key, app), _gateways().values())
        app.beside["keys"] = {row["gateway"]: row["key"] for row in keys}
    if getattr(made, "live", False) or getattr(made, "list_models", False):
        return _live_models(app)
    rows = [
        reports.model(spec, app.settings.gateway(spec.gateway), _default_for(spec))
        for spec in catalogue.models(made.task_type)
        if made.provider in {None, spec.provider} and app.named_gateway in {None, spec.gateway}
    ]
    dates = sorted({vendor.as_of for vendor in catalogue.vendors()})
    return reports.models(rows, basis=f"table of {', '.join(dates)}", sandbox=app.sandbox)


def doctor(app: App) -> Json:
    import platform

    from studio import checks

    keys = [_key(app, gateway) for gateway in catalogue.gateways()]
    return reports.doctor(
        ready=any(row["key"] == "set" for row in keys),
        checks=checks.rows(app),
        keys=keys,
        defaults={id: _default(app, id) for id in catalogue.task_types()},
        folders={
            "record": str(app.settings.home),
            "config": str(app.settings.config_file),
            "files": _out(app),
        },
        versions={"media-studio": __version__, "python": platform.python_version(), **_installed()},
    )


def schema(app: App) -> Json:
    """What goes in and what comes out, for programs."""
    files = sorted(SCHEMAS.glob("*.json"))
    return reports.schema(
        commands={command.name: arguments.schema(command) for command in commands.COMMANDS},
        made={file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files},
        exits={str(code): meaning for code, meaning in EXITS.items()},
    )


def serve(app: App) -> Json:
    """The twins, started. Whoever prints the document keeps them alive."""
    box = app.twins(app.made.speed or 1.0, app.made.port)
    environment = {}
    for gateway in catalogue.gateways():
        for role in gateway.urls:
            environment[url_variable(gateway.id, role)] = box.urls[gateway.id][role]
        environment[gateway.key_env] = rehearsal_key(gateway)
    return reports.serving(environment, box.urls)


def _live_models(app: App) -> Json:
    """What the vendors' own lists say now. Needs a key, costs nothing."""
    made = app.made
    speed = made.speed or 1.0
    rows: list[Json] = []
    for vendor in catalogue.vendors():
        for gateway in vendor.gateways:
            named = app.named_gateway in {None, gateway.id} and made.provider in {None, vendor.id}
            if not (vendor.live and named and (app.named_gateway or gateway.id in app.payable)):
                continue
            reached = app.reach(gateway.id, speed)
            runner = app.runner(vendor.id, reached, speed)
            for task_type in vendor.task_types:
                if made.task_type in {None, task_type}:
                    for offer in app.offers(runner, task_type, speed):
                        spec = catalogue.by_id(offer.model_id, gateway.id)
                        rows.append(reports.live_model(offer, spec, task_type, vendor.id, reached))
    return reports.models(rows, basis="live", sandbox=app.sandbox)


def _gateways() -> dict[str, Gateway]:
    return {made.id: made for made in catalogue.gateways()}


def _key(app: App, gateway: Gateway) -> Json:
    try:
        app.settings.key(gateway)
        state = "set"
    except KeyProblem as problem:
        state = "malformed" if problem.kind == "key_malformed" else "missing"
    try:
        moved = app.settings.gateway(gateway.id).urls
    except UsageError:  # told by the checks
        moved = gateway.urls
    return {
        "gateway": gateway.id,
        "name": gateway.name,
        "variable": gateway.key_env,
        "key": state,
        "key_page": gateway.key_page,
        "addresses": {role: url for role, url in moved.items() if url != gateway.urls[role]},
    }


def _out(app: App) -> str:
    try:
        return str(app.out)
    except UsageError:
        return "-"


def _default(app: App, task_type: str) -> str | None:
    try:
        return catalogue.default_model(task_type, app.payable).id
    except UsageError:
        return None


def _default_for(spec: ModelSpec) -> list[str]:
    return [id for id, task in catalogue.task_types().items() if task.default_model == spec.id]


def _installed() -> dict[str, str]:
    from importlib import metadata

    made = {}
    for name in LIBRARIES:
        try:
            made[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            made[name] = "missing"
    return made
