"""The nouns of a product: the form that it takes, the rules it is billed by, and a wish laid onto them.
Imports the standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.frozen import dataclass, field
from studio.types import Json

LIVE = "live"


@dataclass(frozen=True)
class Choice:
    """One control of a form: a field, or one UI control of a virtual field."""

    name: str
    default: Any = None
    options: tuple[tuple[str, Any], ...] = ()  # (label, value); empty: any value
    like: Any = None  # where there is no default: a value of the kind that is taken


@dataclass(frozen=True)
class FormField:
    """A field of a form. `ui` is filled where it is virtual: then `mapping` turns the UI controls
    into the value of `target`, the parameter that is really sent."""

    control: Choice
    ui: tuple[Choice, ...] = ()
    target: str = ""
    mapping: tuple[tuple[Mapping[str, Any], Any], ...] = ()


@dataclass(frozen=True)
class Rule:
    """One row of a price list: it holds when every attribute equals what is sent. `attribute_id`: how a live
    list calls it. `points`: steps for one output, or, with `per`, for each one of that parameter, such as a
    second. `basis`: how sure it is, beside the list's own."""

    attribute_id: int | None
    points: int
    attributes: Mapping[str, Any]
    per: str | None = None
    basis: str | None = None


@dataclass(frozen=True)
class Offer:
    """A product of a live list, or of the catalogue: what it is, the form it takes and the rules it is billed
    by. `idle`: options without effect, at the one value that may be said. `schema`: the form as the
    catalogue writes it, with its conditions."""

    model_id: str
    version: str
    name: str
    form: tuple[FormField, ...] = ()
    rules: tuple[Rule, ...] = ()
    problem: str | None = None  # what its entry lacks; it cannot be bought, and the others can
    basis: str = LIVE  # of its prices; where it is not live, a price that is not listed is unknown
    idle: Mapping[str, Any] = field(default_factory=dict)
    schema: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What the person asked for, read offline: words are already values (横图 is 16:9)."""

    task_type: str
    prompt: str | None
    n: int
    options: Mapping[str, Any]  # size, aspect_ratio, ... exactly those that were given
    files: Mapping[str, Any] = field(default_factory=dict)  # input_images, ... for conditions about them


@dataclass(frozen=True)
class Resolved:
    """What will be sent: every parameter, and where its value came from (asked, default, rule). `dropped`:
    what was asked for, has no effect, and is not sent."""

    values: Mapping[str, Any]
    origin: Mapping[str, str]
    applied: Mapping[str, Any] = field(default_factory=dict)  # UI controls that became another parameter
    dropped: Mapping[str, Any] = field(default_factory=dict)
