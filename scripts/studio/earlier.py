"""An earlier result as what a new wish starts from: `--from-job`; and the job that `last` names.

`last` is the newest: each command says it anew. What a command bought stays with it all the same, because the
job that its key or token stands for has on record which one was meant.
"""

from __future__ import annotations

from pathlib import Path

from studio import catalogue, params, placing, unstored
from studio.alternatives import alternatives
from studio.app import REHEARSAL, App
from studio.errors import UsageError
from studio.form import Offer
from studio.frozen import dataclass, replace
from studio.names import LAST, RUNNING
from studio.types import Gateway, Job, ModelSpec, Saved, Source, TaskType
from studio.wishes import Wish, task_type_of


@dataclass(frozen=True)
class Earlier:
    """One picture of a finished job. `keeps_model`: no other was named. `anew`: something else is made of it,
    such as a video, for which the words, the model and the options of a picture say nothing."""

    job: Job
    number: int
    picture: Saved
    keeps_model: bool
    anew: bool = False

    @property
    def name(self) -> str:
        """As `--from-job` takes it, the same whatever is fetched or made later."""
        return self.job.id if self.number == 1 else f"{self.job.id}:{self.number}"

    @property
    def model(self) -> ModelSpec:
        """The model that made it, known here or not. Whether it starts from pictures, the live list says."""
        plan = self.job.plan
        known = catalogue.by_id(plan.model.id, plan.gateway)
        own = [model for model in catalogue.models(plan.task_type) if model.provider == plan.provider]
        known = known or catalogue.passed_on(plan.model.id, own)
        return known or ModelSpec(plan.model.id, plan.model.name, plan.provider, plan.gateway)

    def meant(self, wish: Wish) -> Earlier:
        """This picture, as this wish uses it."""
        plan = self.job.plan
        task_type = task_type_of(replace(wish, inputs=(self.picture.path, *wish.inputs)))
        if task_type.kind == plan.kind and task_type.id in catalogue.vendor(plan.provider).task_types:
            return self
        return replace(self, keeps_model=False, anew=True)

    def continued(self, wish: Wish) -> Wish:
        """The wish, starting from this picture, with the words, the model and the options that made it where
        it has none of its own. Raises UsageError where it names a gateway that does not have the model."""
        plan = self.job.plan
        if self.anew:
            return replace(wish, from_job=self.name, inputs=(self.picture.path, *wish.inputs))
        changed = wish.options or wish.model  # else it is not clear what is wanted
        if plan.left_out and wish.prompt is None and changed:
            raise unstored.lacking(f"job {self.job.id}")
        wish = replace(
            wish,
            prompt=plan.requested["prompt"] if wish.prompt is None and changed else wish.prompt,
            from_job=self.name,
            inputs=(self.picture.path, *wish.inputs),
            options=placing.changed({**plan.presumed, **plan.requested["options"]}, wish.options),
        )
        if not self.keeps_model:
            return wish
        if wish.gateway not in {None, plan.gateway} or wish.provider not in {None, plan.provider}:
            raise UsageError(
                f"{plan.model.name}, which made the earlier picture, is not to be had there.",
                detail="Name a model with --model.",
            )
        version = wish.version_id or plan.requested.get("version_id")
        return replace(wish, model=plan.model.id, gateway=plan.gateway, version_id=version)

    def check_unchanged(self, inputs: tuple[Source, ...]) -> None:
        """That the file holds what the job made. `inputs`: as they were looked at, this one first."""
        if inputs[0].file_sha256 != self.picture.sha256:
            raise UsageError(
                f"{self.picture.path} is not what job {self.job.id} made: it was changed since.",
                kind="earlier_changed",
                detail="As it is now: --input-images with its path. As it was made: "
                f"`fetch {self.job.id} --out FOLDER`, then the same command again.",
            )

    def check_made(
        self, offers: tuple[Offer, ...], wish: Wish, task_type: TaskType, gateway: Gateway
    ) -> None:
        """That a model which was kept is in the list of those that start from pictures: no other takes its
        place unasked, but those that could are told."""
        model = self.model
        if not self.keeps_model or any(
            model.id == offer.model_id or model.name == offer.name for offer in offers
        ):
            return
        no = UsageError(
            f"{model.name}, which made the earlier picture, does not make {task_type.id}.",
            kind="earlier_model",
            detail="Name another with --model.",
            about={"model": model.name},
        )
        asked = params.read(task_type.id, wish.prompt, wish.n, wish.options)
        no.alternatives, _ = alternatives(offers, Offer(model.id, "", model.name), asked, gateway)
        raise no


def earlier(app: App) -> Earlier | None:
    """What `--from-job` names, and from here on the words of this command name it by its id."""
    made = app.made
    if made.from_job is None:
        return None
    app.ledger.settle()
    id, number = _meant(app, *made.from_job.partition(":")[::2])
    job = _known(app, id)
    app.gateway = app.settings.gateway(job.plan.gateway)
    found = _picture(job, number)
    app.settled["--from-job"] = found.name
    if made.prompt is None:
        app.goes_on_in(job.plan.language)
    return found if made.model is None else replace(found, keeps_model=False)


def newest(app: App) -> str:
    """The job that `last` is for a command that looks at one. Raises UsageError where there is none."""
    id = app.ledger.names.newest(app.made.user_id)
    if id is None:
        raise UsageError(
            f"There is no job {_of(app.made.user_id)} on record.",
            kind="nothing_yet",
            detail="`create.py list` shows the jobs there are.",
        )
    return id


def _meant(app: App, name: str, number: str) -> tuple[str, int | None]:
    """The id of the job, and which of its pictures, if that was said."""
    said = int(number) if number else None
    id, _, at = (_before(app) or "").partition(":")
    if id and name in {id, LAST}:
        return id, said or int(at or 1)
    if name != LAST:
        return name, said
    newest = app.ledger.names.newest(app.made.user_id, with_files=True)
    if newest is None:
        raise UsageError(
            f"There is no finished job {_of(app.made.user_id)} to start from.",
            kind="nothing_earlier",
            detail="Give a picture with --input-images, or make the first one without --from-job.",
        )
    return newest, said


def _before(app: App) -> str | None:
    """What was meant when this very command bought something: a repeat must not mean what came of it."""
    made = app.made
    id = app.ledger.names.given(made.idempotency_key, made.user_id, getattr(made, "approve", None))
    plan = app.ledger.get(id).plan if id else None
    return plan.requested.get("from_job") if plan and plan.user_id == made.user_id else None


def _known(app: App, id: str) -> Job:
    try:
        return app.ledger.get(id)
    except UsageError as no:
        if no.kind != "no_such_job":
            raise
        apart = id.startswith(REHEARSAL) != app.sandbox
        raise UsageError(
            no.message,
            kind="earlier_unknown",
            detail="Rehearsals have a record of their own: --sandbox is for their jobs, and only for those."
            if apart
            else "`create.py list` shows the jobs there are; a picture at hand goes to --input-images.",
        ) from None


def _picture(job: Job, number: int | None) -> Earlier:
    """The first picture that was saved, or the one of that number. Raises UsageError where it cannot be
    started from."""
    if job.state in RUNNING:
        raise UsageError(
            f"Job {job.id} is not finished, so there is nothing to start from yet.",
            kind="earlier_not_ready",
            detail=f"`wait {job.id}` first, then the same command again.",
            retry="wait",
            about={"job": job.id},
        )
    if job.state != "done" or not 1 <= (number or 1) <= len(job.outputs):
        has = f"has {len(job.outputs)} pictures" if job.state == "done" else f"is {job.state}"
        raise UsageError(
            f"Job {job.id} {has}, so there is no such picture to start from.",
            kind="earlier_without_picture",
            detail="`create.py list` shows the jobs there are; a picture at hand goes to --input-images.",
        )
    saved = [n for n, output in enumerate(job.outputs, 1) if isinstance(output, Saved)]
    at = number or next(iter(saved), 1)
    picture = job.outputs[at - 1]
    if picture.kind != "image":
        raise UsageError(
            f"What job {job.id} made is no picture.",
            kind="earlier_no_picture",
            detail="Give a picture with --input-images.",
        )
    if not isinstance(picture, Saved) or not Path(picture.path).is_file():
        raise UsageError(
            f"Picture {at} of job {job.id} is not on this disk.",
            kind="earlier_gone",
            detail=f"`fetch {job.id}` brings it and buys nothing; then the same command again.",
        )
    return Earlier(job, at, picture, keeps_model=True)


def _of(user_id: str | None) -> str:
    return f"of user {user_id}" if user_id is not None else "without a user id"
