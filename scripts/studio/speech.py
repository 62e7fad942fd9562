"""PURE. The messages of a document, each ready to be sent: what is said when a job begins, while it goes on,
and at its end, good or bad."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from studio import cadence, catalogue, delivered
from studio.captions import LINK, clip
from studio.errors import NeedsApproval, OverLimit, StudioError, fit_for
from studio.frozen import dataclass
from studio.language import language_of
from studio.messages import Messages, action, sided
from studio.types import Alternative, Enclosure, Gateway, Job, Json, Plan, Saved

ASKED_AGAIN = ("unknown", "maybe_bought")
SIZES = ("size", "quality", "resolution")
WORTH_TELLING = 5  # percent; below it a figure says nothing
SHORT_LIFE = 3600.0  # seconds; a link that dies sooner is told about
REASON = re.compile(r"[^\W\d_](?:[^\W_]|[ ,.;:!?'’，。、：；！？-]){7,140}")
CODE = re.compile(r"\d{3}|[.-]\d|[a-z][A-Z]|\w-\w+-\w")  # a status, a version, a name in a program


@dataclass(frozen=True)
class Voice:
    """How a person is spoken to. `costs`: whether a price is told where nobody asked for it; `enclose`: the
    file that goes along with a message."""

    language: str
    sandbox: bool = False
    costs: bool = True
    enclose: Callable[[Saved], Enclosure] = lambda saved: Enclosure(saved.path)

    @property
    def words(self) -> Messages:
        return Messages(self.language)

    def item(self, lines: str | Iterable[str], media: str | None = None) -> Json:
        """The arguments of one call of a chat's message tool."""
        text = lines if isinstance(lines, str) else "\n".join(filter(None, lines))
        said = clip(self.words.say("rehearsal", text=text) if self.sandbox else text)
        return {"action": "send", "message": said, **({"media": media} if media else {})}


def quote(plan: Plan, gateway: Gateway, voice: Voice, stop: StudioError | None) -> Json:
    """The price, and what buying it now would end with: a question, or a limit."""
    words = voice.words
    question = "error.over_limit" if isinstance(stop, OverLimit) else "quote"
    text = words.say(
        question,
        what=words.what(plan),
        model=words.model(plan),
        cost=words.price(plan, gateway.unit),
        charged=words.charged("no"),
    )
    return voice.item([text, *_notes(words, plan), *(_ways_out(words, stop, gateway) if stop else [])])


def notify(plan: Plan, gateway: Gateway, voice: Voice) -> Json:
    """What is made, with which model, how long it takes and what it costs."""
    words = voice.words
    about = {"what": words.what(plan), "model": words.model(plan)}
    lines = [words.say("notify", **about)]
    if plan.estimate and not plan.later:
        lines.append(words.say("notify_time", span=_expected(words, plan)))
    lines.append(_cost_line(words, plan, gateway) if voice.costs else "")
    lines.append(words.say("notify_later") if plan.later else words.say("notify_end"))
    if plan.link_life is not None and plan.link_life <= SHORT_LIFE:
        lines.append(words.say("notify_link", life=words.duration(plan.link_life)))
    return voice.item([words.sentences(lines), *_notes(words, plan)])


def progress(job: Job, elapsed: float, voice: Voice, parts: tuple[int, int] | None, *, unseen: bool) -> Json:
    """How far it is, by estimate, or by the shots (`parts`) that the vendor reports; no guess where it is
    `unseen`: the vendor's last answers did not come, or did not say."""
    words = voice.words
    so_far = words.duration(elapsed)
    if unseen:
        return voice.item(words.say("progress_unseen", elapsed=so_far))
    if parts and parts[1]:
        return voice.item(words.say("progress_shots", done=parts[0], of=parts[1], elapsed=so_far))
    part = cadence.percent(job.plan, elapsed)
    if part is None:
        return voice.item(words.say("progress_late", elapsed=so_far))
    _, longest = estimate(job.plan) or (0.0, 0.0)
    most = words.duration(longest)
    if part < WORTH_TELLING:
        return voice.item(words.say("progress_begun", elapsed=so_far, most=most))
    return voice.item(words.say("progress", elapsed=so_far, most=most, percent=part))


def status(job: Job, elapsed: float | None, voice: Voice) -> Json:
    """The answer to whoever asks how it goes."""
    words = voice.words
    if elapsed is None:
        return voice.item(words.say("status_sending"))
    lines = [words.say("status", model=job.plan.model.name, elapsed=words.duration(elapsed))]
    if job.plan.later:
        lines.append(words.say("status_later"))
    elif job.plan.estimate:
        lines.append(words.say("status_time", span=_expected(words, job.plan)))
    return voice.item([words.sentences(lines)])


def ready_before(voice: Voice) -> Json:
    """The answer to whoever asks about what was handed out."""
    return voice.item(voice.words.say("status_ready"))


def closed(what: str, voice: Voice) -> Json:
    """`what` is cancelled, stopped or not_charged."""
    text = voice.words.say("closed.cancelled")
    if what == "stopped":
        text = voice.words.say("closed.stopped")
    if what == "not_charged":
        text = voice.words.say("closed.not_charged")
    return voice.item(text)


def results(
    job: Job, gateway: Gateway, elapsed: float | None, voice: Voice, *, announced: bool = True
) -> list[Json]:
    """One message a file, the file with it. What holds for all of them stands in the first; `announced`: it
    was said when the job began what was sent."""
    words = voice.words
    saved = [(n, output) for n, output in enumerate(job.outputs, 1) if isinstance(output, Saved)]
    common = [*_steps(words, job.plan), *_unlike(words, job, gateway), _took(words, job, elapsed)]
    common += [words.note(name) for name in job.plan.end_notes]
    common += [] if announced else words.of_the_files(job.plan.inputs)
    if voice.costs:
        common.append(_paid(words, job, gateway))
    send = []
    if job.shots and not job.outputs and not job.error:
        ready = words.say("result_shots", n=len(job.shots), model=job.plan.model.name)
        send.append(voice.item([ready, *common]))
    for place, (n, output) in enumerate(saved):
        enclosed = voice.enclose(output)
        lines = [
            _ready(words, job.plan, n, output),
            *(common if place == 0 else []),
            *([words.say("enclosed_smaller")] if enclosed.note == "smaller" else []),
            *([words.say("enclosed_not")] if enclosed.note == "too_large" else []),
        ]
        if _lives(output.url):
            lines.append(words.say("link", url=output.url))
        send.append(voice.item(lines, enclosed.path))
    return send


def failure(  # noqa: PLR0913 - all by name
    error: StudioError,
    voice: Voice,
    *,
    plan: Plan | None,
    gateway: Gateway | None,
    others: Sequence[Alternative],
    job: Job | None = None,
) -> Json:
    """What happened, whether it cost anything, what helps, and what else can be tried."""
    words = voice.words
    about = {
        "cost": words.price(plan, gateway.unit) if gateway else "",
        "refused": words.say("refused.words") if plan and not plan.inputs else words.say("refused.both"),
        "what": words.what(plan) if plan else "",
        "model": words.model(plan) if plan else "",
        "asked": "",
        "most": "",
        "formats": "",
        "unfit": words.unfit(error.misfits)[0],
        "one": "",
        "other": "",
        "which": _which(words, error),
        "changes": _changes(words, error),
        "detail": error.detail or "",
        "charged": words.charged(error.charged, _told_cost(words, plan, gateway) if voice.costs else ""),
        "key_page": _page(words, "key", gateway.key_page, gateway) if gateway else "",
        "credits_page": _page(words, "credits", gateway.credits_page, gateway) if gateway else "",
        "account": gateway.name if gateway else "",
    }
    theirs = error.kind in {"unknown_model", "ambiguous_model"}  # their own word for a model
    given = {
        **about,
        **{name: value if theirs else words.plainly(value) for name, value in error.about.items()},
    }
    text = words.error(error.kind, type(error).kind, **given).strip()
    notes = _notes(words, plan) if plan and isinstance(error, NeedsApproval) else []
    ways = _ways_out(words, error, gateway, others)
    return voice.item([text, *notes, *_reason(words, error), *_bad_shots(words, job), *ways])


def _which(words: Messages, error: StudioError) -> str:
    """Which of several pictures cannot be used."""
    number = error.about.get("number")
    return words.say("which_picture", number=number) if number else words.say("the_picture")


def _page(words: Messages, what: str, url: str | None, gateway: Gateway) -> str:
    """Where a key is made, or credit is had; no link is invented."""
    account = gateway.name
    if what == "key":
        return words.say("key_page", url=url) if url else words.say("key_page_unknown", account=account)
    return words.say("credits_page", url=url) if url else words.say("credits_page_unknown", account=account)


def _notes(words: Messages, plan: Plan) -> list[str]:
    return [*(words.note(name) for name in plan.notes), *words.of_the_files(plan.inputs)]


def _bad_shots(words: Messages, job: Job | None) -> list[str]:
    """Which shots of a film have to be made once more."""
    bad = [str(shot.index + 1) for shot in job.shots if shot.state == "failed"] if job else []
    if not (job and bad):
        return []
    good = sum(shot.state == "success" for shot in job.shots)
    shots = words.say("list_and").join(bad)
    return [words.say("shots_to_do", good=good, of=len(job.shots), shots=shots)]


def unsaved(job: Job, voice: Voice) -> list[str]:
    """Links to what is made and not on this disk."""
    urls = [output.url for output in job.outputs if not isinstance(output, Saved)]
    return [voice.words.say("link", url=url) for url in urls if _lives(url)]


def besides(message: str, lines: Sequence[str]) -> str:
    """A message with more lines; a link stays the last."""
    said = message.split("\n")
    end = len(said) - said[-1].startswith(LINK)
    return clip("\n".join((*said[:end], *lines, *said[end:])))


def _lives(url: str) -> bool:
    """A rehearsal's link is dead when its process ends."""
    return url.startswith("https:")


def why(words: Messages, other: Alternative) -> str:
    """What speaks for another model, or for the same at another gateway."""
    if other.keyless:
        return words.say("elsewhere_keyless")
    if other.gateway and not other.traits:
        return words.say("elsewhere")
    return other.traits.get(words.language) or words.say("can")


def elapsed(job: Job, now: float) -> float | None:
    """Seconds since the vendor accepted a job, or until it was seen to be finished."""
    if job.task is None:
        return None
    return round(max(0.0, (job.finished_at or now) - job.task.submitted_at), 1)


def estimate(plan: Plan) -> list[float] | None:
    """Seconds, shortest and longest expected; divided in a rehearsal like everything else."""
    return [round(seconds / plan.speed, 1) for seconds in plan.estimate] if plan.estimate else None


def _expected(words: Messages, plan: Plan) -> str:
    least, most = estimate(plan) or (0.0, 0.0)
    return words.span(least, most)


def _cost_line(words: Messages, plan: Plan, gateway: Gateway) -> str:
    if plan.billing.amount is None:
        return words.say("notify_cost_unknown")
    return words.say("notify_cost", cost=words.price(plan, gateway.unit))


def _told_cost(words: Messages, plan: Plan | None, gateway: Gateway | None) -> str:
    """What was agreed, where it is known."""
    if plan is None or gateway is None or plan.billing.amount is None:
        return ""
    return words.price(plan, gateway.unit)


def _paid(words: Messages, job: Job, gateway: Gateway) -> str:
    """What it cost, or that nobody says."""
    if job.charged is None and job.plan.billing.amount is None:
        return words.say("result_cost_unknown")
    says = "result_cost" if job.plan.n == 1 else "result_cost_of_many"
    return words.say(says, of=job.plan.n, cost=_charged(words, job, gateway))


def _ready(words: Messages, plan: Plan, n: int, output: Saved) -> str:
    pixels = f"{output.width}×{output.height}" if output.width and output.height else ""
    about = {"model": plan.model.name, "pixels": words.say("pixels", pixels=pixels) if pixels else ""}
    if output.kind == "video":
        length = f"{output.seconds:.3g}" if output.seconds else ""
        if length and pixels:
            about["pixels"] = words.say("pixels_seconds", pixels=pixels, seconds=length)
        elif length:
            about["pixels"] = words.say("seconds_alone", seconds=length)
        shot = plan.requested.get("options", {}).get("shot") if plan.parent else None
        if shot is not None:
            return words.say("result_shot", shot=shot, **about)
        return words.say("result_film", **about) if plan.parent else words.say("result_video", **about)
    if plan.n == 1:
        return words.say("result", **about)
    return words.say("result_of_many", n=n, of=plan.n, **about)


def _took(words: Messages, job: Job, seconds: float | None) -> str:
    """The time it took, beside the time that was expected."""
    if seconds is None:
        return ""
    if job.plan.estimate is None:
        return words.say("result_time", elapsed=words.duration(seconds))
    span = _expected(words, job.plan)
    return words.say("result_time_expected", elapsed=words.duration(seconds), span=span)


def _charged(words: Messages, job: Job, gateway: Gateway) -> str:
    """What the vendor says it took, or what was agreed."""
    return words.cost(job.plan.billing.amount if job.charged is None else job.charged, gateway.unit)


def _steps(words: Messages, plan: Plan) -> list[str]:
    """What became another size on the way, because the vendor refused the one that was asked for."""
    sizes = [
        (change["before"], change["after"])
        for step in plan.steps
        for change in step["changed"]
        if change["what"] in SIZES
    ]
    return [words.say("stepped_down", before=sizes[0][0], after=sizes[-1][1])] if sizes else []


def _unlike(words: Messages, job: Job, gateway: Gateway) -> list[str]:
    """How what came differs from what was asked for."""
    return [_differs(words, **one) for one in delivered.difference(job, gateway)]


def _differs(words: Messages, what: str, before: Any, after: Any) -> str:
    if what == "price":
        return words.say("charged_otherwise", before=before, after=after)
    if what == "length":
        before, after = (words.say("seconds", seconds=f"{value:g}") for value in (before, after))
    return words.say("unlike", before=sided(str(before)), after=sided(str(after)))


def _changes(words: Messages, error: StudioError) -> str:
    """What is not as it was agreed, as a person reads it."""
    made = [
        words.say("change_words")
        if one["what"] == "prompt"
        else words.say("change_shots")
        if one["what"] in {"job_id", "job_ids"}
        else words.say(
            "change", what=words.option(one["what"]), before=_said(one["before"]), after=_said(one["after"])
        )
        for one in error.difference
    ]
    return words.say("list_and").join(made)


def _said(value: Any) -> str:
    return "-" if value is None else str(value)


def _reason(words: Messages, error: StudioError) -> list[str]:
    """Why a vendor gave up, where it says so in plain words of the person's language."""
    said = (error.detail or "").strip()
    plain = REASON.fullmatch(said) and not CODE.search(said) and language_of(said) == words.language
    return [words.say("reason", reason=said.rstrip(".。"))] if error.kind == "failed" and plain else []


def _here(words: Messages, error: StudioError) -> list[str]:
    """What this model can do instead, and why not what was asked; the nearest names."""
    lines = []
    if error.instead:
        values = words.plainly(words.say("list_and").join(error.instead))
        lines.append(words.say("instead", values=values))
    ways = words.unfit(error.misfits)[1]
    lines += [words.say("fit_it", ways=ways)] if ways else []
    if error.misfits and ways:
        lines.append(words.say("fit_ask") if fit_for(error.misfits) else words.say("fit_send"))
    if "note" in error.about:
        lines.append(words.note(error.about["note"]))
    if "names" in error.about:
        lines.append(words.say("nearest", names=error.about["names"]))
    return lines


def _other(words: Messages, other: Alternative, among: Sequence[Alternative]) -> str:
    """One of the models to choose from: with its gateway where that is another, with its id where two have
    one name."""
    name = other.model
    if other.gateway:
        name = f"{name} ({catalogue.gateway_of(other.gateway).name})"
    elif [one.model for one in among].count(name) > 1:
        name = f"{name} ({other.id})"
    cost = words.cost(other.amount, other.unit, least=other.least)
    cost = words.say("cost_unpriced") if other.amount is None else cost
    return words.say("alternative", model=name, cost=cost, why=why(words, other))


def _ways_out(
    words: Messages, error: StudioError, gateway: Gateway | None, others: Sequence[Alternative] = ()
) -> list[str]:
    """What this model can do instead, which other models can do exactly what was asked, where to look; last,
    the question that goes with it."""
    lines = _here(words, error)
    if others:
        before, after = words.around(error.kind, error.about.get("largest"), one=len(others) == 1)
        lines += [*before, *(_other(words, other, others) for other in others), after]
    elif action(error.kind, type(error).kind) == "another_model":
        lines.append(words.say("again_ask"))
    if error.about.get("left"):
        unit = words.unit(gateway.unit) if gateway else ""
        left, limit = (f"{error.about[name]} {unit}".strip() for name in ("left", "limit"))
        lines.append(words.say("left", left=left, limit=limit))
    if error.exit_code == 9 and gateway and gateway.record_page:
        lines.append(words.say("look", url=gateway.record_page))
    if error.kind in ASKED_AGAIN:
        lines.append(words.say("once_more"))
    if "wish" in error.about:
        lines.append(words.say("nobody", wish=words.plainly(error.about["wish"])))
    return lines
