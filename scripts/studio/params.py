"""PURE. `read` turns words into values, offline; `bind` lays them onto a live form.

A form says what a model takes. A virtual field is a control that a person sees (aspect ratio) and that
becomes another parameter (size): its controls are asked for, its target is sent, never both.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from studio import catalogue, placing
from studio.errors import UsageError
from studio.form import LIVE, Asked, Choice, FormField, Offer, Resolved
from studio.frozen import replace
from studio.options import flag
from studio.values import alike, distinct, is_size_step, matches, nearest, same, typed, written

RESERVED = frozenset({"prompt", "n", "input_images", "cast", "default"})
"""Parameters that have an option of their own, or that only we may set."""


def read(
    task_type: str,
    prompt: str | None,
    n: int,
    options: Mapping[str, Any],
) -> Asked:
    """The options that were given, as values: 横图 is 16:9. Needs no network."""
    for name in sorted(RESERVED & set(options)):
        raise UsageError(
            f"`{name}` cannot be set as a parameter.",
            kind="reserved_parameter",
            detail="Use its own option (--prompt, --n, --input-images).",
        )
    for name in [name for name, value in options.items() if value is None]:
        raise UsageError(f"{name} was given without a value.")
    made = catalogue.task_types().get(task_type)
    kind = made.kind if made else "image"
    given = {name: placing.word(name, value, kind) for name, value in options.items()}
    return Asked(task_type=task_type, prompt=prompt, n=n, options=given)


def presuming(offer: Offer, asked: Asked, presumed: Mapping[str, Any]) -> tuple[Asked, dict[str, Any]]:
    """The wish with those of the presumed options that it leaves open, and those."""
    known = accepts(offer)
    given = placing.placed(known, asked.options)
    carried = {name: set(carriers) & set(given) for name, carriers in _words()["carried_by"].items()}
    used = {
        name: value
        for name, value in presumed.items()
        if name not in given and (name in known or not carried.get(name))
    }
    return replace(asked, options={**used, **given}), used


def bind(
    offer: Offer, asked: Asked, documented: Collection[str] = (), always: Mapping[str, Any] | None = None
) -> Resolved:
    """Every asked option finds the one place it belongs to, or stops with what is possible. `documented`
    are options that the model has by its documents, whatever the list says now: for the reason. `always` is
    what it makes anyway, where it has no option for it."""
    _check_count(offer, asked.n)
    wanted, renamed = _carried(offer, placing.placed(accepts(offer), asked.options))
    wanted, dropped = _idle(offer, wanted)
    wanted, met = _without(offer, wanted, always or {})
    _check_names(offer, wanted, documented, always or {})
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    filled = _filled(offer, wanted)
    for _, made in filled:
        _lay(offer, made, values, origin)
    placed = {name for form_field, _ in filled for name in _names(form_field)}
    for name in [name for name in wanted if name not in placed]:
        values[name] = _pick(offer, name, wanted[name], _rule_values(offer, name))
        origin[name] = "asked"
    applied = {
        name: value
        for _, made in filled
        if all(values[target] == sent for target, sent in made.values.items())  # not one that was overruled
        for name, value in made.applied.items()
        if same(values.get(name, value), value)
    }
    return Resolved(values, origin, {**renamed, **met, **applied}, dropped)


def times(n: int) -> str:
    """How many, in any language."""
    return f"×{n}"


def accepts(offer: Offer) -> Mapping[str, tuple[Any, ...]]:
    """Option -> the values a person may ask for; empty where any value goes."""
    found: dict[str, tuple[Any, ...]] = {}
    for form_field in offer.form:
        target = _target(form_field)
        hidden = target.name in {control.name for control in form_field.ui}
        if RESERVED & _names(form_field):
            continue
        for control in form_field.ui if hidden else (*form_field.ui, target):
            if control.options or not form_field.ui:
                listed = tuple(value for _, value in control.options)
                found[control.name] = distinct((*found.get(control.name, ()), *listed))
    for rule in offer.rules:
        for name in rule.attributes.keys() - RESERVED:
            found.setdefault(name, _rule_values(offer, name))
    return found


def _filled(offer: Offer, wanted: Mapping[str, Any]) -> list[tuple[FormField, Resolved]]:
    """Every field of the form with what it comes to. Where two fields send one parameter, the one that does
    not have the value asked for is left out, as long as the other has it."""
    filled, refused = [], []
    for form_field in offer.form:
        if RESERVED & _names(form_field):
            continue
        try:
            filled.append((form_field, (_virtual if form_field.ui else _plain)(offer, form_field, wanted)))
        except UsageError as no:
            refused.append((form_field, no))
    for form_field, reason in refused:
        rivals = [other for other, _ in filled if _parameter(other) == _parameter(form_field)]
        taken = {name for other in rivals for name in _names(other)}
        if reason.kind != "unsupported_option" or not _names(form_field) & set(wanted) <= taken:
            raise reason
    return filled


def _names(form_field: FormField) -> set[str]:
    """What a person may ask for by this field."""
    return {_parameter(form_field), *(control.name for control in form_field.ui)}


def _parameter(form_field: FormField) -> str:
    """What this field sends."""
    return form_field.target or form_field.control.name


def _target(form_field: FormField) -> Choice:
    """The parameter that a field sends, as something to ask for itself: by the field's own options, or
    where it has none by what its controls would come to."""
    own = form_field.control
    mapped = tuple((str(value), value) for value in _mapped_to(form_field))
    return replace(own, name=_parameter(form_field), options=own.options or mapped)


def _mapped_to(form_field: FormField) -> tuple[Any, ...]:
    return distinct(_letters(value) for _, value in form_field.mapping)


def _check_count(offer: Offer, n: int) -> None:
    """A form may list how many it makes at a time."""
    targets = [_target(form_field) for form_field in offer.form if _parameter(form_field) == "n"]
    counts = distinct(value for target in targets for _, value in target.options)
    if counts and not _lists(counts, n):
        allowed = [str(count) for count in counts]
        text = f"{offer.name} does not make {n} at a time."
        raise _unsupported(offer, text, times(n), f"--n can be {_listed(allowed)}.", allowed)


def _check_names(
    offer: Offer, wanted: Mapping[str, Any], documented: Collection[str], always: Mapping[str, Any]
) -> None:
    """Every wish has an option. A command written wrongly is told before what the model cannot do."""
    known = {name for form_field in offer.form for name in _names(form_field)}.union(accepts(offer))
    missing = [name for name in wanted if name not in known - RESERVED]
    problems = [_no_such_option(offer, name, wanted[name], documented) for name in missing]
    for name, problem in zip(missing, problems, strict=True):
        problem.instead = (placing.wished(name, always[name]),) if name in always else ()
    if problems:
        raise min(problems, key=lambda problem: problem.kind != "misnamed_option")


def _without(
    offer: Offer, wanted: Mapping[str, Any], always: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The wishes but for those that the model meets anyway, and those."""
    ours = always.keys() - accepts(offer)
    met = {name: always[name] for name in wanted if name in ours and same(wanted[name], always[name])}
    return {name: value for name, value in wanted.items() if name not in met}, met


def _idle(offer: Offer, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The wishes but for those that have no effect with this model, and those: each may only be said to be
    what it is anyway."""
    dropped = {name: value for name, value in wanted.items() if name in offer.idle}
    for name, value in dropped.items():
        if not same(value, offer.idle[name]):
            reason = offer.schema["properties"][name]["x-no-effect"]
            text = f"{placing.said(name, value)} has no effect with {offer.name}: {reason}."
            detail = f"{name} can be {written(offer.idle[name])}, which is what it makes anyway."
            raise _unsupported(offer, text, placing.said(name, value), detail)
    return {name: value for name, value in wanted.items() if name not in dropped}, dropped


def _carried(offer: Offer, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The wishes under the names that this list has for them: where a model has no size, its size steps may
    be its quality. With what was renamed, for the record."""
    known = accepts(offer)
    wanted, renamed = dict(options), {}
    for name, carriers in _words()["carried_by"].items():
        for carrier in carriers:
            if name in wanted and name not in known and _lists(known.get(carrier, ()), wanted[name]):
                renamed[name] = wanted.pop(name)
                if not same(wanted.setdefault(carrier, renamed[name]), renamed[name]):
                    raise _both(offer, {name: renamed[name], carrier: wanted[carrier]})
        steps = [carrier for carrier in carriers if all(map(is_size_step, known.get(carrier) or ("",)))]
        if name in wanted and name not in known and steps and steps[0] not in wanted:
            wanted[steps[0]] = wanted.pop(name)  # not among them: told with those that are
    return wanted, renamed


def _lists(values: Iterable[Any], value: Any) -> bool:
    return any(same(value, one) for one in values)


def _lay(offer: Offer, made: Resolved, values: dict[str, Any], origin: dict[str, str]) -> None:
    """Add one field's values. Where a form has two fields for one parameter, no default replaces what was
    asked, and two wishes that differ contradict each other."""
    for name, value in made.values.items():
        if origin.get(name) == made.origin[name] == "asked" and not same(values[name], value):
            raise UsageError(
                f"{offer.name} would take {name} both as {values[name]} and as {value}.",
                kind="contradiction",
                about={"asked": f"{values[name]} + {value}"},
            )
        if origin.get(name) != "asked":
            values[name], origin[name] = value, made.origin[name]


def _plain(offer: Offer, form_field: FormField, asked: Mapping[str, Any]) -> Resolved:
    control = form_field.control
    if control.name in asked:
        value = _choose(offer, control, asked[control.name])
        return Resolved({control.name: value}, {control.name: "asked"})
    if control.default is None:
        return Resolved({}, {})
    return Resolved({control.name: control.default}, {control.name: "default"})


def _virtual(offer: Offer, form_field: FormField, asked: Mapping[str, Any]) -> Resolved:
    """The group of UI controls -> the one parameter that is sent. Controls that were not asked for take
    their defaults; a control and its target asked for at once contradict each other and stop."""
    target = form_field.target
    controls = {control.name: control for control in form_field.ui}
    direct = target if target in asked and target not in controls else None
    chosen = {
        name: _choose(offer, control, asked[name]) for name, control in controls.items() if name in asked
    }
    if direct:  # a value that is not made is told before two that exclude each other
        own = [value for _, value in form_field.control.options]
        known = matches(asked[target], (*own, *_mapped_to(form_field)))
        value = known[0] if known else _choose(offer, _target(form_field), asked[target])
        if chosen:
            raise _both(offer, {name: asked[name] for name in (direct, *chosen)})
        return Resolved({target: value}, {target: "asked"})
    group = {name: chosen.get(name, control.default) for name, control in controls.items()}
    row = _row(form_field, group, chosen)
    if row is None:
        if chosen:
            rows = [_pairs(sources, " + ") for sources, _ in form_field.mapping if sources]
            text = f"{offer.name} has no {target} for {_pairs(group)}."
            raise _unsupported(
                offer, text, _pairs(chosen), f"It takes {_listed(rows) or 'no control'}.", rows
            )
        default = form_field.control.default
        return Resolved({} if default is None else {target: default}, {target: "default"})
    sources, value = row
    source = "asked" if chosen else "default"
    applied = {name: value for name, value in group.items() if name in sources}
    return Resolved({target: _letters(value)}, {target: source}, applied=applied)


def _row(
    form_field: FormField, group: Mapping[str, Any], chosen: Collection[str]
) -> tuple[Mapping[str, Any], Any] | None:
    """The row of the mapping that holds for the controls as they are written, or else as they are meant; the
    one that names most of them; never one that leaves out what was asked."""
    rows = [row for row in form_field.mapping if set(chosen) <= set(row[0]) <= set(group)]
    for equal in (alike, same):
        holding = [row for row in rows if all(equal(group[name], value) for name, value in row[0].items())]
        if holding:
            return max(holding, key=lambda row: len(row[0]))
    return None


def _letters(value: Any) -> Any:
    """A size in pixels with the letter x, whatever sign a list writes."""
    return value.replace("×", "x") if isinstance(value, str) else value


def _choose(offer: Offer, control: Choice, value: Any) -> Any:
    """The control's own spelling of a value; where it lists none, any value of its kind."""
    if not control.options:
        try:
            return typed(value, control.like if control.default is None else control.default)
        except ValueError as kind:
            text = f"{offer.name} takes {kind} as {control.name}, not {value}."
            raise _unsupported(offer, text, f"{control.name} {value}") from None
    values = tuple(option for _, option in control.options)
    labelled = [option for label, option in control.options if same(value, label)]
    if labelled and not _lists(values, value):  # a label may be another's value
        return labelled[0]
    return _pick(offer, control.name, value, values)


def _pick(offer: Offer, name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    fitting = matches(value, allowed)
    if fitting:
        return fitting[0]
    text = f"{offer.name} does not make {name} {value}."
    possible = _told(distinct(allowed))
    near = [str(ratio) for ratio in nearest(value, allowed)]
    if near:
        text += f" Nearest: {_listed(near[:2])}."
    said = placing.wished(name, value)
    raise _unsupported(offer, text, said, f"{name} can be {_listed(possible)}.", near or possible)


def _told(values: tuple[Any, ...]) -> list[str]:
    """Values to choose from; whole numbers in a row as one."""
    whole = all(type(value) is int for value in values)
    if len(values) > 3 and whole and list(values) == list(range(values[0], values[-1] + 1)):
        return [f"{values[0]} to {values[-1]}"]
    return [str(written(value)) for value in values]


def _unsupported(
    offer: Offer, text: str, asked: str, detail: str | None = None, instead: Iterable[str] = ()
) -> UsageError:
    """A wish that the model cannot meet, and what it can meet instead."""
    about = {"model": offer.name, "asked": asked}
    return UsageError(text, kind="unsupported_option", detail=detail, about=about, instead=instead)


def _both(offer: Offer, given: Mapping[str, Any]) -> UsageError:
    """Two options for one parameter: one of them would be ignored."""
    values = [str(value) for value in given.values()]
    return UsageError(
        f"{_listed(map(flag, given), 'and')} set the same field of {offer.name}: give one of them.",
        kind="same_field",
        detail=f"Either {_listed(f'{flag(name)} {value}' for name, value in given.items())}.",
        about={"model": offer.name, "asked": " + ".join(values)},
    )


def _no_such_option(offer: Offer, name: str, value: Any, documented: Collection[str]) -> UsageError:
    """A wish that the model has no option for; or, where another name is likely, a command written wrongly:
    nothing to tell the person about what the model can do."""
    known = accepts(offer)
    takes = f"It takes {_listed(map(_with_values, known.items()), 'and') or 'no options'}."
    if name in documented and offer.basis == LIVE:
        text = f"{offer.name} has {name} by its documents, but the live list does not offer it now"
        return _unsupported(offer, f"{text}, so it would change nothing.", f"{value}", takes)
    text = f"{offer.name} has no option {name}, so it would change nothing."
    meant = _meant(known, name, value)
    if meant:
        return UsageError(f"{text} Did you mean {flag(meant)}?", kind="misnamed_option", detail=takes)
    asked = f"{value}" if name in {*placing.PICTURE, *_words()["means"]} else placing.said(name, value)
    return _unsupported(offer, text, asked, takes)


def _meant(known: Mapping[str, tuple[Any, ...]], name: str, value: Any) -> str | None:
    """The option that was probably meant: by the word for it here, by a name that looks like it, or, where
    the name is none that we know, by having this value."""
    likely = [word for word in [_words()["means"].get(name)] if word in known]
    if likely or name in catalogue.options():  # it is what it is called, with other models
        return likely[0] if likely else None
    import difflib

    likely = difflib.get_close_matches(name, known, n=1)
    if not likely and flag(name).startswith("--set"):
        likely = [other for other, values in known.items() if _lists(values, value)]
    return likely[0] if likely else None


def _rule_values(offer: Offer, name: str) -> tuple[Any, ...]:
    """The values that the prices name, each once."""
    return distinct(rule.attributes[name] for rule in offer.rules if name in rule.attributes)


@functools.cache
def _words() -> Mapping[str, Any]:
    return catalogue.load("words.json")


def _pairs(group: Mapping[str, Any], between: str = ", ") -> str:
    return between.join(f"{name} {value}" for name, value in group.items())


def _with_values(option: tuple[str, tuple[Any, ...]]) -> str:
    name, values = option
    return f"{name} ({', '.join(_told(values))})" if values else name


def _listed(names: Iterable[str], word: str = "or") -> str:
    *most, last = list(names) or [""]
    return f"{', '.join(most)} {word} {last}" if most else last
