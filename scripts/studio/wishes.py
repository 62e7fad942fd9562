"""What was asked for, and what it comes to before any price is known: which kind of making, which model, and
through which gateways. Sends nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from studio import catalogue, choosing, params, terms
from studio.alternatives import elsewhere, of_these
from studio.errors import UsageError
from studio.frozen import dataclass, field, replace
from studio.inputs import check_count, count, inspect, named, takes
from studio.intake import Looker
from studio.types import Alternative, ModelSpec, Source, TaskType


@dataclass(frozen=True)
class Wish:
    """What was asked for, typed but not yet understood."""

    prompt: str | None = None
    task_type: str | None = None
    model: str | None = None
    automatic: bool = False  # said in so many words that any model will do: no preference counts
    version_id: str | None = None
    provider: str | None = None
    gateway: str | None = None
    inputs: tuple[str, ...] = ()  # pictures
    input_video: str | None = None
    input_audio: str | None = None
    from_job: str | None = None  # the job of which the first input is a picture
    fit: tuple[str, ...] = ()  # what may be done to copies of pictures
    looker: Looker = field(default_factory=Looker, repr=False, compare=False)
    parent: str | None = None  # the job that this is a step of
    n: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    unchecked: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    user_id: str | None = None
    speed: float = 1.0

    def requested(self) -> dict[str, Any]:
        """The wish as a document shows it."""
        return {
            "prompt": self.prompt,
            "model": self.model,
            "version_id": self.version_id,
            "n": self.n,
            "inputs": list(self.inputs),
            **{name: value for name, value in self._besides().items() if value is not None},
            "from_job": self.from_job,
            "options": dict(self.options),
            "unchecked": dict(self.unchecked),
        }

    @property
    def files(self) -> dict[str, tuple[str, ...]]:
        """What was given, by kind."""
        given = {"image": self.inputs, "video": (self.input_video,), "audio": (self.input_audio,)}
        return {kind: tuple(filter(None, names)) for kind, names in given.items()}

    def _besides(self) -> dict[str, Any]:
        """What only some wishes have."""
        return {
            "input_video": self.input_video,
            "input_audio": self.input_audio,
            "parent": self.parent,
            "fit": list(self.fit) or None,
            "keep_metadata": self.looker.keep_metadata or None,
        }

    def digest(self, inputs: tuple[Source, ...]) -> str:
        """The same for two commands that ask for the same, whatever the live list says by then, and whatever
        the person prefers or somebody recommends by then: who asks again means the first one. What came of
        --from-job stands in the other parts: it is a way to say them."""
        about: tuple[str | None, ...] = (self.task_type, self.provider, self.gateway, self.user_id)
        about += ("automatic",) if self.automatic else ()
        asked = {name: value for name, value in self.requested().items() if name != "from_job"}
        return terms.digest({**asked, "inputs": terms.inputs_of(inputs), "about": about})


def task_type_of(wish: Wish) -> TaskType:
    """The one that was named, or the first that takes just these inputs; where a model was named, or several
    that these words may mean, of those that it makes."""
    known = catalogue.task_types()
    if wish.task_type:
        if wish.task_type not in known:
            raise UsageError(
                f"There is no task type {wish.task_type}.", detail=f"Task types: {', '.join(known)}."
            )
        return known[wish.task_type]
    named = catalogue.called(wish.model or "", catalogue.models()) or catalogue.partly_called(
        wish.model or "", catalogue.models()
    )
    ids = {model.id for model in named}
    sold = [model for model in catalogue.models() if model.id in ids]
    made = {id for model in ([one for one in sold if admitted(one, wish)] or sold) for id in model.task_types}
    possible = [one for one in known.values() if one.id in made or not (made or not one.inferred)]
    possible = [one for one in possible if _admits(one, wish)] or possible
    fitting = [one for one in possible if not one.step and takes(one, wish.files)]
    if fitting:
        return fitting[0]
    if made:
        _check_fit(named[0], next(one for one in possible if not one.step), wish)
    raise UsageError(f"No task type takes {count(wish.files)}.", kind="bad_inputs")


def _check_fit(model: ModelSpec, nearest: TaskType, wish: Wish) -> None:
    """Raises UsageError where a model that was named makes nothing of just these files: with what it makes,
    and others of its vendor that make something of them."""
    try:
        check_count(nearest, wish.files)
    except UsageError as no:
        made = catalogue.vendor(model.provider).task_types.values()
        fitting = (one for one in made if takes(one, wish.files) and not one.step)
        unfit = UsageError(
            no.message,
            kind="files_unfit",
            detail=f"{model.name} makes {', '.join(model.task_types)}.",
            about={"model": model.name, "asked": " + ".join(model.task_types)},
        )
        unfit.alternatives = next((_others(model, one, wish) for one in fitting), ())
        raise unfit from None


def _others(model: ModelSpec, task_type: TaskType, wish: Wish) -> tuple[Alternative, ...]:
    """Those of the same vendor that make this."""
    asked = params.read(task_type.id, wish.prompt, wish.n, wish.options)
    makers = [one for one in catalogue.models(task_type.id) if one.provider == model.provider]
    fitting = [one for one in makers if one.id != model.id and _looked_at(one, task_type, wish)]
    return of_these(fitting, replace(asked, files=named(wish.files)))


def looked_at(task_type: TaskType, wish: Wish) -> tuple[Source, ...]:
    """The files of a wish, by their bytes. Raises UsageError."""
    return inspect(task_type, wish.files, wish.looker, wish.fit)


def _looked_at(model: ModelSpec, task_type: TaskType, wish: Wish) -> bool:
    """Whether a model takes the files of a wish."""
    try:
        looked_at(of_vendor(task_type, model, wish), wish)
    except UsageError:
        return False
    return True


def check_prompt(wish: Wish, task_type: TaskType) -> None:
    if task_type.prompt and not (wish.prompt or "").strip():
        raise UsageError(f"{task_type.id} needs --prompt: what to make, in words.", kind="missing_prompt")
    if task_type.prompt_max == 0 and wish.prompt:
        raise UsageError(f"{task_type.id} takes no --prompt: leave it out.", kind="prompt_unused")
    if task_type.prompt_max and len(wish.prompt or "") > task_type.prompt_max:
        raise UsageError(
            f"The prompt has {len(wish.prompt or '')} signs; {task_type.id} takes at most "
            f"{task_type.prompt_max}.",
            kind="prompt_too_long",
            about={"most": str(task_type.prompt_max)},
        )


def model_of(wish: Wish, task_type: TaskType, payable: Collection[str]) -> ModelSpec:
    """The model that was named, known or not, or the default over the gateways that can be paid. A model
    the catalogue does not know is looked for in the live list of the one gateway it can be on."""
    if wish.model is not None and not wish.model.strip():
        raise UsageError("--model was given without a name.", detail="`create.py models` lists the names.")
    among = [model for model in catalogue.models(task_type.id) if admitted(model, wish)]
    if not among:
        raise UsageError(
            f"Nothing there makes {task_type.id}.", detail="`create.py models` lists what can be made."
        )
    gateways = {model.gateway for model in among}
    if wish.model is None:
        return catalogue.default_model(task_type.id, gateways.intersection(payable) or gateways, wish.options)
    profile = catalogue.profile(wish.model, gateways.intersection(payable) or gateways, task_type.id)
    words = profile.model if profile else wish.model
    found = choosing.named(words, among, task_type.id)
    if found is None and any(model.any_name for model in among):
        if profile:  # a quality is no name of a model
            return catalogue.default_model(task_type.id, gateways)
        found = catalogue.passed_on(words, among)
    if found:
        return found
    known = catalogue.find(words, catalogue.models())
    if known:
        raise _not_so(known, wish, task_type)
    first = among[0]
    if len(gateways) > 1 or not catalogue.vendor(first.provider).live:
        raise choosing.unknown(wish.model, among, task_type.id)
    if payable and first.gateway not in payable:  # its list cannot be asked, and others may have it
        raise choosing.unknown(wish.model, catalogue.models(), task_type.id)
    return ModelSpec(id=wish.model, name=wish.model, provider=first.provider, gateway=first.gateway)


def sold_at(model: ModelSpec, task_type: TaskType, wish: Wish, payable: Collection[str]) -> list[ModelSpec]:
    """The model at every gateway where it may be bought: those that can be paid, in registry order; the one
    that was named, where one was."""
    sold = [one for one in catalogue.sold(model.id, task_type.id) if admitted(one, wish)]
    return [one for one in sold if one.gateway in payable] or [model]


def takers(model: ModelSpec, task_type: TaskType, wish: Wish) -> tuple[Alternative, ...]:
    """The same model at the gateways that take the files of a wish, each of which can be looked at."""
    sold = catalogue.sold(model.id, task_type.id)
    fitting = [
        one.gateway for one in sold if one.gateway != model.gateway and _looked_at(one, task_type, wish)
    ]
    asked = params.read(task_type.id, wish.prompt, wish.n, wish.options)
    found = elsewhere(model, replace(asked, files=named(wish.files))) if fitting else ()
    return tuple(one for one in found if one.gateway in fitting)


def _not_so(model: ModelSpec, wish: Wish, task_type: TaskType) -> UsageError:
    """A model that is known, but does not make this, or not at the gateway that was named."""
    sold = catalogue.sold(model.id, task_type.id)
    if not sold:
        no = UsageError(
            f"{model.name} does not make {task_type.id}.",
            kind="unsupported_option",
            detail=f"It makes {', '.join(model.task_types)}.",
            about={"model": model.name, "asked": task_type.id},
        )
        no.alternatives = _others(model, task_type, wish)
        return no
    no = UsageError(
        f"{model.name} is not sold through {wish.gateway or wish.provider} for {task_type.id}.",
        kind="sold_elsewhere",
        detail=f"It is through {', '.join(one.gateway for one in sold)}.",
        about={"model": model.name},
    )
    asked = params.read(task_type.id, wish.prompt, wish.n, wish.options)
    no.alternatives = elsewhere(replace(model, gateway=""), replace(asked, files=named(wish.files)))
    return no


def of_vendor(task_type: TaskType, model: ModelSpec, wish: Wish) -> TaskType:
    """The task type as the model has it. Raises UsageError where that takes other inputs."""
    made = catalogue.task_type(task_type.id, model)
    check_count(made, wish.files)
    if wish.parent is not None and not made.step:
        raise UsageError(f"{made.id} is no step of an earlier job: leave out --parent.", kind="not_a_step")
    if wish.parent is None and made.step:
        raise UsageError(
            f"{made.id} is a step of an earlier job.",
            kind="step_without_job",
            detail="See `create.py edit --help` and `compose --help`.",
        )
    return made


def admitted(model: ModelSpec, wish: Wish) -> bool:
    return wish.provider in {None, model.provider} and wish.gateway in {None, model.gateway}


def _admits(task_type: TaskType, wish: Wish) -> bool:
    """Whether the provider or gateway that was named has it at all."""
    return any(admitted(model, wish) for model in catalogue.models(task_type.id))
