"""The commands that look: at a job, at the record, at what can be made, at what is set up."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from pathlib import Path

from studio import __version__, catalogue, documents, options
from studio.app import App, rehearsal_key
from studio.buying import as_recorded, find
from studio.errors import EXITS, KeyProblem, UsageError
from studio.settings import url_variable
from studio.types import Gateway, Json, ModelSpec

SCHEMAS = Path(__file__).resolve().parents[2] / "references" / "schemas"
LIBRARIES = ("requests", "jsonschema", "Pillow", "platformdirs", "rich")


def show(app: App) -> Json:
    return as_recorded(app, find(app))


def listing(app: App) -> Json:
    gateways = {made.id: made for made in catalogue.gateways()}
    return documents.listing(app.ledger.newest(app.made.count), gateways, sandbox=app.sandbox)


def models(app: App) -> Json:
    made = app.made
    if getattr(made, "live", False) or getattr(made, "list_models", False):
        return _live_models(app)
    rows = [
        documents.model(spec, app.settings.gateway(spec.gateway), _default_for(spec))
        for spec in catalogue.models(made.task_type)
        if made.provider in {None, spec.provider} and made.gateway in {None, spec.gateway}
    ]
    dates = sorted({vendor.as_of for vendor in catalogue.vendors()})
    return documents.models(rows, basis=f"table of {', '.join(dates)}", sandbox=app.sandbox)


def doctor(app: App) -> Json:
    keys = [_key(app, gateway) for gateway in catalogue.gateways()]
    return documents.doctor(
        ready=any(row["key"] == "set" for row in keys),
        keys=keys,
        defaults={id: _default(app, id) for id in catalogue.task_types()},
        folders={
            "record": str(app.settings.home),
            "config": str(app.settings.config_file),
            "files": str(app.out),
        },
        versions={"media-studio": __version__, "python": platform.python_version(), **_installed()},
    )


def schema(app: App) -> Json:
    """What goes in and what comes out, for programs."""
    files = sorted(SCHEMAS.glob("*.json"))
    return documents.schema(
        commands={command.name: options.schema(command) for command in options.COMMANDS},
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
    return documents.serving(environment, box.urls)


def _live_models(app: App) -> Json:
    """What the vendors' own lists say now. Needs a key, costs nothing."""
    made = app.made
    speed = made.speed or 1.0
    rows: list[Json] = []
    for vendor in catalogue.vendors():
        for gateway in vendor.gateways:
            if made.gateway not in {None, gateway.id} or made.provider not in {None, vendor.id}:
                continue
            reached = app.reach(gateway.id, speed)
            runner = app.runner(vendor.id, reached, speed)
            for task_type in vendor.task_types:
                if made.task_type in {None, task_type}:
                    for offer in app.offers(runner, task_type, speed):
                        spec = catalogue.by_id(offer.model_id, gateway.id)
                        rows.append(documents.live_model(offer, spec, task_type, vendor.id, reached))
    return documents.models(rows, basis="live", sandbox=app.sandbox)


def _key(app: App, gateway: Gateway) -> Json:
    try:
        app.settings.key(gateway)
        state = "set"
    except KeyProblem as problem:
        state = "malformed" if problem.kind == "key_malformed" else "missing"
    moved = app.settings.gateway(gateway.id).urls
    return {
        "gateway": gateway.id,
        "name": gateway.name,
        "variable": gateway.key_env,
        "key": state,
        "key_page": gateway.key_page,
        "addresses": {role: url for role, url in moved.items() if url != gateway.urls[role]},
    }


def _default(app: App, task_type: str) -> str | None:
    try:
        return catalogue.default_model(task_type, app.payable).id
    except UsageError:
        return None


def _default_for(spec: ModelSpec) -> list[str]:
    return [id for id, task in catalogue.task_types().items() if task.default_model == spec.id]


def _installed() -> dict[str, str]:
    made = {}
    for name in LIBRARIES:
        try:
            made[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            made[name] = "missing"
    return made
