"""What is said to people, in zh and en, from `data/messages.*.json`. Keyed by kind, so that a new vendor
brings no new words."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping

from studio import camera, catalogue, placing
from studio.errors import Misfit
from studio.types import Plan, Source, Unit
from studio.values import TRUTHS

NAMES = re.compile(r"[a-z][a-z0-9]+(?:_[a-z0-9]+)*")
LENGTH = re.compile(r"(?<![\w.])(\d+) s\b")
SIDES = re.compile(r"(?<=\d)x(?=\d)")
MINUTES_FROM = 100  # seconds
PLAIN = ("size", "aspect_ratio", "resolution", "quality")  # options that their values alone stand for
LONG = ("text", "callback_url", "srt_url", "shots")


def sided(text: str) -> str:
    """Sides as a person writes them."""
    return SIDES.sub("×", text)


class Messages:
    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = _texts(language)
        self._values = [key for key in self._texts if key.startswith("value.")]

    def say(self, key: str, **values: object) -> str:
        return self._texts[key].format_map({name: str(value) for name, value in values.items()})

    def error(self, kind: str, fallback: str, **values: object) -> str:
        """The text for an error's kind, or for its class (`fallback`) where the kind has none of its own. A
        size that nobody makes (`largest`: what there is) has its own."""
        known = {"charged": self.charged("maybe"), "refused": self.say("refused.both"), **values}
        if "largest" in values:
            return self.say("too_large", **known)
        for key in (f"error.{kind}", f"error.{fallback}"):
            if key in self._texts:
                return self.say(key, **known)
        return self.say("error.fallback", **known)

    def around(self, kind: str, largest: str | None, *, one: bool = False) -> tuple[list[str], str]:
        """What stands before the models that a person may choose from, and the question after them; `one`:
        there is a single one."""
        if kind == "ambiguous_model":
            return [], self.say("which_ask")
        if largest:
            return [self.say("too_large_who", largest=largest)], self.say("too_large_ask", largest=largest)
        if one:
            return [self.say("alternatives_one")], self.say("alternatives_one_ask")
        return [self.say("alternatives")], self.say("alternatives_ask")

    def price(self, plan: Plan | None, unit: Unit) -> str:
        """What a plan costs; of one that will cost less by an unknown amount, the most."""
        billing = plan.billing if plan else None
        if billing and billing.amount is not None and billing.basis.endswith("at most"):
            return self.say("cost_most", amount=unit.amount(billing.amount), unit=self.unit(unit))
        return self.cost(billing.amount if billing else None, unit)

    def cost(self, steps: int | None, unit: Unit, *, least: bool = False) -> str:
        """`least`: it may be more."""
        if steps is None:
            return self.say("cost_unknown")
        return self.say("cost_from" if least else "cost", amount=unit.amount(steps), unit=self.unit(unit))

    def unit(self, unit: Unit) -> str:
        """What an account counts in."""
        return self._texts.get(f"unit.{unit.name}", unit.name)

    def charged(self, charged: str, cost: str = "") -> str:
        """Whether it cost anything: no, yes or maybe; and what, where that is known."""
        if not cost or charged == "no":
            return self.say(f"charged.{charged}")
        if charged == "yes":
            return self.say("charged.yes_cost", cost=cost)
        return self.say("charged.maybe_cost", cost=cost)

    def duration(self, seconds: float) -> str:
        """A time as a person says it."""
        whole = max(1, round(seconds))
        if whole < MINUTES_FROM:
            return self.say("seconds", seconds=whole)
        minutes, rest = divmod(whole, 60)
        return self.say("minutes_seconds" if rest else "minutes", minutes=minutes, seconds=rest)

    def span(self, least: float, most: float) -> str:
        """From one time to another; in a rehearsal both may be the same in words."""
        if self.duration(least) == self.duration(most):
            return self.duration(most)
        if most < MINUTES_FROM:
            return self.say("span_seconds", least=max(1, round(least)), most=max(1, round(most)))
        if least % 60 == most % 60 == 0:
            return self.say("span_minutes", least=round(least / 60), most=round(most / 60))
        return self.say("span", least=self.duration(least), most=self.duration(most))

    def sentences(self, said: Iterable[str]) -> str:
        """Sentences as one text."""
        return ("" if self.language == "zh" else " ").join(filter(None, said))

    def option(self, name: str) -> str:
        """What an option, or a task, is called among people."""
        known = self._texts.get(f"option.{name}") or self._texts.get(f"task.{name}")
        return known or camera.called(name, self.language) or name.replace("_", " ")

    def plainly(self, text: str) -> str:
        """A text in which options, tasks and lengths go by the names that people have for them."""
        for key in self._values:
            _, name, value = key.split(".")
            text = text.replace(f"{name} {value}", self._texts[key])
        named = NAMES.sub(lambda found: self.option(found[0]), text)
        return LENGTH.sub(lambda found: self.say("seconds", seconds=found[1]), named)

    def made_for(self, task_types: Collection[str]) -> str:
        """What a model is used for: your pictures; or only pictures made from words. What has to be asked for
        by its name, such as a template, is no part of the whole."""
        known = catalogue.task_types()
        whole = {
            kind
            for kind in dict.fromkeys(made.kind for made in known.values())
            if all(id in task_types for id, made in known.items() if made.kind == kind and made.inferred)
        }
        names = [f"kind.{known[id].kind}" if known[id].kind in whole else f"task.{id}" for id in task_types]
        texts = [self._texts.get(name, name.partition(".")[2].replace("_", " ")) for name in names]
        return self.say("list_and").join(dict.fromkeys(texts))

    def what(self, plan: Plan) -> str:
        """What is bought, as a person says it: 2 pictures (4K)."""
        asked = {**plan.presumed, **plan.requested.get("options", {})}
        own = self._texts.get(f"what.{plan.task_type}")
        if own:
            made = own.format(shot=asked.pop("shot", ""))
        elif plan.kind == "video":
            made = self.say("what_video")
        else:
            made = self.say("what_one" if plan.n == 1 else "what_many", n=plan.n)
        options = [said for name, value in asked.items() if (said := self._wish(name, value, plan.kind))]
        listed = self.say("list_and").join(options)
        return self.say("what_options", made=made, options=listed) if options else made

    def _wish(self, name: str, value: object, kind: str) -> str:
        """An option that was asked for, in few words; nothing for what is long, or for programs."""
        meant = placing.word(name, value, kind)
        truth = TRUTHS.get(str(meant).casefold())
        if name in LONG:
            return ""
        if name == "camera":
            return self.say("camera", moves=self._moves(str(value)))
        if truth is not None:
            return self.option(name) if truth else self.say("without", option=self.option(name))
        if name == "duration":
            return self.say("seconds", seconds=meant)
        own = self._texts.get(f"value.{name}.{meant}")
        return own or (str(meant) if name in PLAIN else f"{self.option(name)} {meant}")

    def model(self, plan: Plan) -> str:
        """The model, and whose account pays, where it can be bought through several."""
        sold = catalogue.sold(plan.model.id, plan.task_type)
        gateways = {made.id: made.name for made in catalogue.gateways()}
        return f"{plan.model.name} ({gateways[plan.gateway]})" if len(sold) > 1 else plan.model.name

    def _moves(self, said: str) -> str:
        """Moves of the camera, as they were understood."""

        def at_once(one: str, other: str) -> str:
            return self.say("camera_and", one=one, other=other)

        def in_turn(before: str, after: str) -> str:
            return self.say("camera_then", before=before, after=after)

        steps = [
            self.sentences((step.pace, functools.reduce(at_once, camera.names(step, self.language))))
            for step in camera.read(said)
        ]
        return functools.reduce(in_turn, steps)

    def unfit(self, misfits: Iterable[Misfit]) -> tuple[str, str]:
        """Why an input cannot be used, and what would make it fit ("" where that is for nobody to say)."""
        misfits = tuple(misfits)
        reasons = [self._filled(f"unfit.{one.why}", one.values) for one in misfits]
        ways = [
            self.say("list_or").join(self._filled(f"fits.{key}", values) for key, values in one.ways)
            for one in misfits
            if one.ways
        ]
        return self.say("list_and").join(reasons), self.say("list_also").join(dict.fromkeys(ways))

    def of_the_files(self, inputs: Iterable[Source]) -> list[str]:
        """What was done to copies of the files, where a person wants to know it, and what of them could not
        be looked at."""
        inputs = tuple(inputs)
        rows = [row for source in inputs for row in source.changed if f"sent.{row['what']}" in self._texts]
        said = [self._filled(f"sent.{row['what']}", row) for row in rows]
        said += [self.note(f"unchecked_{what}") for source in inputs for what in source.unchecked]
        return list(dict.fromkeys(said))

    def _filled(self, key: str, values: Mapping[str, str]) -> str:
        said = {name: value.replace(" / ", self.say("list_or")) for name, value in values.items()}
        return sided(self._texts[key].format_map(said))

    def note(self, name: str) -> str:
        """What a person has to know besides: one of ours, or a catalogue's own words, as they are."""
        return self._texts.get(f"note.{name}", name)


@functools.cache
def _texts(language: str) -> Mapping[str, str]:
    return catalogue.load(f"messages.{language}.json")


def action(kind: str, fallback: str) -> str:
    """What helps after an error of this kind, or of its class: see `data/errors.json`."""
    actions: Mapping[str, str] = _errors()["actions"]
    return actions.get(kind) or actions.get(fallback, "none")


def helps_elsewhere(kind: str) -> bool:
    """Whether an error of this kind may be no error at another gateway."""
    return kind in _errors()["elsewhere"]


@functools.cache
def _errors() -> Mapping[str, Mapping[str, str]]:
    return catalogue.load("errors.json")
