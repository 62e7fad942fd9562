"""PURE. What the commands that look print: lists, what can be made, what was spent, what is set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from studio import catalogue
from studio.figures import cost, moment
from studio.types import Gateway, Job, Json, ModelSpec

if TYPE_CHECKING:
    from studio.accounts import Spending
    from studio.forgetting import Forgotten
    from studio.form import Offer
    from studio.preferences import Preference


def listing(
    jobs: Sequence[Job], gateways: Mapping[str, Gateway], *, sandbox: bool, more: bool = False
) -> Json:
    """`more`: there are others, older than these."""
    return {
        **_looked("list", sandbox),
        "more": more,
        "jobs": [
            {
                "job": job.id,
                "state": job.state,
                "created_at": moment(job.created_at),
                "handed_out_at": moment(job.handed_out_at),
                "user_id": job.plan.user_id,
                "task_id": job.task.task_id if job.task else None,
                "gateway": job.plan.gateway,
                "task_type": job.plan.task_type,
                "model": job.plan.model.name,
                "prompt": job.plan.prompt,
                "cost": cost(job.plan, gateways[job.plan.gateway], job.charged),
                "paths": [saved.path for saved in job.saved],
                "parent": job.plan.parent,
                "unsettled": job.state == "submitted" and catalogue.vendor(job.plan.provider).settles,
            }
            for job in jobs
        ],
    }


def gallery(path: str, there: Sequence[bool], *, jobs: int, more: bool, sandbox: bool) -> Json:
    """The page that was written. `there`: of each file of its jobs, whether it is on this disk."""
    counts = {"jobs": jobs, "files": sum(there), "missing": len(there) - sum(there)}
    return {**_looked("gallery", sandbox), "path": path, **counts, "more": more}


def preferences(
    what: str, rows: Sequence[Preference], left: Sequence[Json], message: str, *, sandbox: bool
) -> Json:
    """What is preferred now, by user and task type. `left`: the rows of an older file that were not taken."""
    return {
        **_looked("prefs", sandbox),
        "what": what,
        "preferences": [
            {
                "user_id": one.user_id,
                "task_type": one.task_type,
                "gateway": one.gateway,
                "model": {"id": one.model_id, "name": spec.name if spec else None},
                "set_at": moment(one.set_at),
            }
            for one in rows
            for spec in [catalogue.by_id(one.model_id, one.gateway)]
        ],
        "left": list(left),
        "send": [{"action": "send", "message": message}],
    }


def spending(
    rows: Sequence[Spending], limits: Sequence[Json], gateways: Mapping[str, Gateway], *, sandbox: bool
) -> Json:
    """What was spent, by gateway, day and user; jobs of unknown price are counted apart."""

    def row(one: Spending) -> Json:
        unit = gateways[one.gateway].unit
        return {
            "gateway": one.gateway,
            "day": one.day,
            "user_id": one.user_id,
            "jobs": one.jobs,
            "unit": unit.name,
            "quoted": unit.amount(one.quoted),
            "charged": None if one.charged is None else unit.amount(one.charged),
            "unknown_price": one.unknown_price,
        }

    return {**_looked("spend", sandbox), "spent": [row(one) for one in rows], "limits": list(limits)}


def limits(gateway: Gateway, spent_today: int, by_user: int | None) -> Json:
    """What may be spent at a gateway, and what is left of it today; null: no such limit."""

    def amount(steps: int | None) -> int | float | None:
        return None if steps is None else gateway.unit.amount(steps)

    def left(limit: int | None, spent: int | None) -> int | float | None:
        return None if limit is None or spent is None else gateway.unit.amount(max(0, limit - spent))

    held = gateway.limits
    return {
        "gateway": gateway.id,
        "unit": gateway.unit.name,
        "confirm_above": amount(gateway.confirm_above),
        "per_call": amount(held.per_call),
        "per_day": amount(held.per_day),
        "per_user": amount(held.per_user),
        "spent_today": amount(spent_today),
        "left_today": left(held.per_day, spent_today),
        "left_today_of_user": left(held.per_user, by_user),
    }


def purged(gone: Forgotten, *, receipts: int, logs: int, sandbox: bool) -> Json:
    """How many jobs, and of what else. `erased`: nothing of it stands in the file of the record any more."""
    return {
        **_looked("purge", sandbox),
        "purged": gone.jobs,
        "receipts": receipts,
        "uploads": gone.uploads,
        "logs": logs,
        "erased": gone.erased,
    }


def model(spec: ModelSpec, gateway: Gateway, default_for: Sequence[str]) -> Json:
    """A row of `models`, from the catalogue."""
    from studio import tables

    return {
        "id": spec.id,
        "name": spec.name,
        "aliases": list(spec.aliases),
        "provider": spec.provider,
        "gateway": spec.gateway,
        "version": spec.version,
        "task_types": list(spec.task_types),
        "default_for": list(default_for),
        "options": {name: list(values) for name, values in spec.options.items()},
        "forms": {id: tables.whole_form(spec, id) for id in spec.task_types},
        "any_name": spec.any_name,
        "prices": [
            {
                "task_type": task_type,
                "what": what,
                "amount": gateway.unit.amount(steps),
                "unit": gateway.unit.name,
            }
            for task_type, rows in spec.prices.items()
            for what, steps in rows
        ],
        "estimate_s": list(spec.estimate) if spec.estimate else None,
        "traits": dict(spec.traits),
    }


def live_model(offer: Offer, spec: ModelSpec | None, task_type: str, provider: str, gateway: Gateway) -> Json:
    """A row of `models --live`: what the vendor's list says now, and what we know of it besides."""
    from studio import params

    takes = params.accepts(offer)
    return {
        "id": offer.model_id,
        "name": offer.name,
        "aliases": list(spec.aliases) if spec else [],
        "provider": provider,
        "gateway": gateway.id,
        "version": offer.version,
        "task_types": [task_type],
        "default_for": [],
        "options": {name: [str(value) for value in values] for name, values in takes.items()},
        "forms": {task_type: {"properties": {name: {"enum": list(taken)} for name, taken in takes.items()}}},
        "any_name": False,
        "prices": [
            {
                "task_type": task_type,
                "what": ", ".join(f"{name} {value}" for name, value in rule.attributes.items()) or "any",
                "amount": gateway.unit.amount(rule.points),
                "unit": gateway.unit.name,
            }
            for rule in offer.rules
        ],
        "estimate_s": list(spec.estimate) if spec and spec.estimate else None,
        "traits": dict(spec.traits) if spec else {},
    }


def models(rows: Sequence[Json], *, basis: str, sandbox: bool) -> Json:
    """`basis`: live, or the date of the tables. Prices of a table are what the vendor's documents said."""
    return {**_looked("models", sandbox), "basis": basis, "models": list(rows)}


def doctor(  # noqa: PLR0913 - all by name
    *,
    ready: bool,
    checks: Sequence[Json],
    keys: Sequence[Json],
    defaults: Json,
    folders: Json,
    versions: Json,
) -> Json:
    """What is set up. `ready`: there is a key for somebody; `checks`: what was looked at, and what to do."""
    return {
        **_looked("doctor", False),
        "ready": ready,
        "checks": list(checks),
        "keys": list(keys),
        "defaults": defaults,
        "folders": folders,
        "versions": versions,
    }


def schema(*, commands: Json, made: Json, exits: Json) -> Json:
    """`forms`: task type -> model -> everything it takes, for the options that `commands` leaves open; where
    a second gateway sells it, that is named with it."""
    from studio import tables

    forms: Json = {id: {} for id in catalogue.task_types()}
    for spec in catalogue.models():
        for id in spec.task_types:
            name = f"{spec.id} ({spec.gateway})" if spec.id in forms[id] else spec.id
            forms[id][name] = tables.whole_form(spec, id)
    return {
        **_looked("schema", False),
        "commands": commands,
        "documents": made,
        "exits": exits,
        "forms": forms,
    }


def serving(environment: Mapping[str, str], urls: Mapping[str, Mapping[str, str]]) -> Json:
    """The sandbox's addresses; `environment` is what another program has to be given."""
    addresses = {id: dict(roles) for id, roles in urls.items()}
    return {**_looked("sandbox", True), "environment": dict(environment), "addresses": addresses}


def _looked(what: str, sandbox: bool) -> Json:
    return {
        "schema": f"media-studio/{what}/1",
        "event": what,
        "ok": True,
        "done": True,
        "sandbox": sandbox,
        "send": [],
        "next": None,
    }
