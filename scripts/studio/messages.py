"""What is said to people, in zh and en, from `data/messages.*.json`. Keyed by kind, so that a new vendor
brings no new words."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping

from studio import catalogue
from studio.types import Plan, Unit

LANGUAGES = ("zh", "en")
CJK = range(0x4E00, 0xA000)


def language_of(text: str | None) -> str:
    """zh where a text holds a Chinese character, else en."""
    return "zh" if any(ord(char) in CJK for char in text or "") else "en"


class Messages:
    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = _texts(language)

    def say(self, key: str, **values: object) -> str:
        return self._texts[key].format_map({name: str(value) for name, value in values.items()})

    def error(self, kind: str, fallback: str, **values: object) -> str:
        """The text for an error's kind, or for its class (`fallback`) where the kind has none of its own."""
        for key in (f"error.{kind}", f"error.{fallback}"):
            if key in self._texts:
                return self.say(key, **values)
        return self.say("error.fallback")

    def cost(self, steps: int | None, unit: Unit) -> str:
        if steps is None:
            return self.say("cost_unknown")
        name = self._texts.get(f"unit.{unit.name}", unit.name)
        return self.say("cost", amount=unit.amount(steps), unit=name)

    def made_for(self, task_types: Collection[str]) -> str:
        """What a model is used for: your pictures; or only pictures made from words."""
        known = catalogue.task_types()
        whole = {
            kind
            for kind in dict.fromkeys(made.kind for made in known.values())
            if all(id in task_types for id, made in known.items() if made.kind == kind)
        }
        names = [f"kind.{known[id].kind}" if known[id].kind in whole else f"task.{id}" for id in task_types]
        texts = [self._texts.get(name, name.partition(".")[2].replace("_", " ")) for name in names]
        return self.say("list_and").join(dict.fromkeys(texts))

    def what(self, plan: Plan) -> str:
        """What is bought, as a person says it: 2 pictures, 4K."""
        made = self.say("what_one" if plan.n == 1 else "what_many", n=plan.n)
        options = plan.requested.get("options", {}).values()
        return self.say("list_and").join((made, *map(str, options)))


@functools.cache
def _texts(language: str) -> Mapping[str, str]:
    return catalogue.load(f"messages.{language}.json")
