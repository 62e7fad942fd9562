"""The nouns of media-studio and the contract of a provider. Imports the standard library only, and
`studio.frozen`, which stands for a part of it.

Everything here is frozen: a value is made once and handed on. Money is an integer of the unit's
smallest step (a point, a cent of a credit), so that no sum is ever a rounding error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

from studio.frozen import asdict, dataclass, field, replace

Json: TypeAlias = dict[str, Any]


class Clock(Protocol):
    """Time as a thing that is passed in, so that no test waits for it."""

    def time(self) -> float:
        """Seconds since 1970: for records that outlive the process."""
        ...

    def monotonic(self) -> float:
        """Seconds of this process's life: for patience, which a clock set back must not stretch."""
        ...

    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class Unit:
    """What an account is counted in. `decimals` places the smallest step: 0 for whole points."""

    name: str
    decimals: int = 0

    def amount(self, steps: int) -> int | float:
        """Steps -> the number a person reads."""
        return steps / 10**self.decimals if self.decimals else steps


@dataclass(frozen=True)
class Limits:
    """What a person lets be spent at a gateway, in steps of its unit; None: no limit of that kind."""

    per_call: int | None = None
    per_day: int | None = None
    per_user: int | None = None  # a day, each chat user
    accept_unknown: bool = False  # --accept-unknown-price counts as a yes

    @property
    def any(self) -> bool:
        return any(one is not None for one in (self.per_call, self.per_day, self.per_user))


@dataclass(frozen=True)
class Gateway:
    """Who is paid: keys, hosts, limits and spending belong to it. From the catalogue."""

    id: str
    name: str
    key_env: str
    key_prefix: str  # empty where it is not known
    key_page: str | None  # None: not known, and none is invented
    credits_page: str | None
    urls: Mapping[str, str]  # role -> base URL; the key may go to these hosts and to no other
    unit: Unit
    confirm_above: int  # steps; a dearer job asks the person first
    connect_timeout: float = 10.0  # seconds
    read_timeout: float = 30.0
    paid_timeout: float = 60.0  # how long the answer to a paid request is waited for
    record_page: str | None = None  # where the person sees what the vendor made, if there is such a page
    upload_life: float = 0.0  # seconds for which the link of an uploaded input can be used again
    names: Mapping[str, str] = field(default_factory=dict)  # what it calls a parameter by a name of its own
    limits: Limits = Limits()


@dataclass(frozen=True)
class InputRule:
    """What a task type takes of one kind of input file (image, video or audio). Sides in pixels, `ratio` of
    the longer side to the shorter, `seconds` shortest and longest; None: no such limit."""

    kind: str
    least: int
    most: int
    mime: tuple[str, ...] = ()
    max_bytes: int = 0
    links_only: bool = False
    min_side: int | None = None
    max_side: int | None = None
    ratio: float | None = None
    seconds: tuple[float, float] | None = None


@dataclass(frozen=True)
class TaskType:
    """What one vendor makes of what. `inferred`: inputs alone can mean it. `step`: the command that goes on
    with an earlier job by it. `inline_bytes`: of all local inputs together, which travel in the request.
    `alike_within`: how far the sides of two pictures may differ, as a factor. `notes`: rows of {"when":
    options, "say": a message's key, or the words by language}, with "at": "end" for the result."""

    id: str
    kind: str  # of the output: image or video
    inputs: tuple[InputRule, ...]
    prompt: bool  # required
    default_model: str | None
    prompt_max: int | None = None  # signs
    inferred: bool = True
    step: str | None = None
    inline_bytes: int | None = None
    alike_within: float | None = None
    notes: tuple[Json, ...] = ()

    def rule(self, kind: str) -> InputRule | None:
        return next((rule for rule in self.inputs if rule.kind == kind), None)


@dataclass(frozen=True)
class ModelSpec:
    """A model as the catalogue knows it; the live list, where there is one, wins over its prices."""

    id: str
    name: str
    provider: str
    gateway: str
    version: str | None = None
    aliases: tuple[str, ...] = ()
    task_types: tuple[str, ...] = ()
    estimate: tuple[int, int] | None = None  # seconds, shortest and longest expected
    poll_every: float = 5.0  # seconds, the vendor's floor
    tell_every: float | None = None  # seconds between two words to a person who waits
    alternatives: tuple[str, ...] = ()  # ids of the models to try in its place, best first
    traits: Mapping[str, str] = field(default_factory=dict)  # language -> one short phrase
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what a person may ask for
    always: Mapping[str, str] = field(default_factory=dict)  # what it makes anyway, and has no option for
    prices: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    # task type -> (what is bought, steps) rows, for `models`; never billed from
    forms: Mapping[str, Json] = field(default_factory=dict)  # task type -> its options, as a JSON Schema
    rates: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    # task type -> rows of {"when", "steps", "per", "basis"}: billed from, where there is no live list
    estimates: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # task type -> where it is another
    slow: tuple[Json, ...] = ()  # rows of {"when", "estimate"}: options that take longer; the first counts
    # "poll_every", "basis" of the price, and "later": it may take days
    any_name: bool = False  # any name is passed on as given: which there are is not known
    default_with: tuple[str, ...] = ()  # options with which it is the default, where nobody names a model
    takes: Mapping[str, Json] = field(default_factory=dict)
    # task type -> fields of TaskType that are others with this model, at this gateway


class Bytes(Protocol):
    """The bytes of an input as they leave: `studio.content`."""

    size: int

    def open(self) -> BinaryIO: ...
    def read(self) -> bytes: ...


@dataclass(frozen=True)
class Source:
    """An input, looked at: either a file whose bytes are kept as they will leave, or a public https link.
    `sha256` is of what leaves, `file_sha256` of the file as it is on the disk. `changed`: {"what", "before",
    "after"} rows; `unchecked`: what could not be looked at from here (address, seconds)."""

    role: str
    name: str  # as the person gave it
    url: str | None = None
    mime: str | None = None
    content: Bytes | None = field(default=None, repr=False, compare=False)
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    file_sha256: str | None = None
    changed: tuple[Json, ...] = ()
    unchecked: tuple[str, ...] = ()
    bytes: int | None = None  # of what leaves

    @property
    def size(self) -> int:
        """Bytes that travel with a request; 0 of a link."""
        return self.content.size if self.content else 0

    @staticmethod
    def from_json(record: Json) -> Source:
        kept = {name: value for name, value in record.items() if name != "data"}
        return Source(**{**kept, **{name: tuple(kept.get(name, ())) for name in ("changed", "unchecked")}})


@dataclass(frozen=True)
class MediaRef:
    """An input in the form the vendor takes (a link, or the bytes as text). In a dry run a placeholder."""

    role: str
    value: Any


@dataclass(frozen=True)
class Billing:
    """What it costs. `amount` is for the whole job, in steps; None where the price is unknown."""

    attribute_id: int | None
    per_unit: int | None
    amount: int | None
    unit: str
    basis: str  # live, "table of DATE" or unknown


@dataclass(frozen=True)
class Alternative:
    """Another model that makes just what was asked for, for `amount` steps in all; None: not known. Where it
    is only asked which model is meant, `least` says that some of what it makes is dearer. `gateway`: the one
    to pay, where it is another; `keyless`: no key is set for that."""

    id: str
    model: str  # its name
    traits: Mapping[str, str]  # language -> one short phrase
    amount: int | None
    unit: Unit
    least: bool = False
    gateway: str | None = None
    keyless: bool = False

    @staticmethod
    def from_json(record: Json) -> Alternative:
        return Alternative(**{**record, "unit": Unit(**record["unit"])})


@dataclass(frozen=True)
class ModelRef:
    id: str
    name: str
    version: str


@dataclass(frozen=True)
class Plan:
    """Everything one purchase consists of; what the ledger keeps and what `--dry-run` shows."""

    provider: str
    gateway: str
    task_type: str
    kind: str
    model: ModelRef
    prompt: str | None
    n: int
    values: Mapping[str, Any]
    origin: Mapping[str, str]
    applied: Mapping[str, Any]
    requested: Mapping[str, Any]
    inputs: tuple[Source, ...]
    billing: Billing
    language: str
    estimate: tuple[int, int] | None
    poll_every: float
    user_id: str | None = None
    speed: float = 1.0  # of a rehearsal: our waits and estimates are divided by it
    steps: tuple[Json, ...] = ()  # the refused requests that came before this one, and what changed since
    tell_every: float | None = None
    alternatives: tuple[Alternative, ...] = ()  # at most two other models that make the same
    elsewhere: tuple[Alternative, ...] = ()  # the same model at other gateways
    presumed: Mapping[str, Any] = field(default_factory=dict)  # what a quality word came to: best is 4K
    ask_first: bool = False  # the person is asked whatever it costs
    chosen_by: str = "default"  # who named the model: asked, preference, recommended; default: nobody
    parent: str | None = None  # the job that this is a step of
    notes: tuple[str, ...] = ()  # what the person has to know besides: keys of messages, or words
    end_notes: tuple[str, ...] = ()  # the same, told with the result
    dropped: Mapping[str, Any] = field(default_factory=dict)  # asked for, without effect, not sent
    later: bool = False  # it may take days: nobody waits for it
    link_life: float | None = None  # seconds for which the vendor keeps what it makes
    left_out: str | None = None  # digest of the prompt, where prompts are not stored and this plan was

    def to_json(self) -> Json:
        """For the ledger. The bytes of inputs stay out: their digest says which they were."""
        bare = tuple(replace(source, content=None) for source in self.inputs)
        record = asdict(replace(self, inputs=bare))
        for source in record["inputs"]:
            del source["content"]
        return record

    @staticmethod
    def from_json(record: Json) -> Plan:
        made = dict(record)
        made["model"] = ModelRef(**record["model"])
        made["billing"] = Billing(**record["billing"])
        made["inputs"] = tuple(map(Source.from_json, record["inputs"]))
        made["estimate"] = tuple(record["estimate"]) if record["estimate"] else None
        made["steps"] = tuple(record.get("steps", ()))
        made["notes"] = tuple(record.get("notes", ()))
        made["end_notes"] = tuple(record.get("end_notes", ()))
        for name in ("alternatives", "elsewhere"):
            made[name] = tuple(map(Alternative.from_json, record.get(name, ())))
        named = record["requested"].get("model") is not None  # what older records say of it
        made.setdefault("chosen_by", "asked" if named else "default")
        return Plan(**made)


@dataclass(frozen=True)
class TaskRef:
    """A task at the vendor. Holds no link: links die, the id does not."""

    gateway: str
    task_id: str
    submitted_at: float  # seconds since 1970
    route: Mapping[str, str] = field(default_factory=dict)  # what the query needs besides the id


@dataclass(frozen=True)
class Submitted:
    task: TaskRef
    charged: int | None = None  # steps, as the vendor says; None where it says nothing
    deadline: float | None = None  # the vendor's own, seconds since 1970


@dataclass(frozen=True)
class Output:
    """A finished file at the vendor's. `expires_at`: when its link dies, seconds since 1970."""

    kind: str
    url: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    expires_at: float | None = None


@dataclass(frozen=True)
class Shot:
    """One shot of a film, as it stands: its newest good take, or the newest there is. `job`: the vendor's id
    of that take; `state` created, processing, success or failed."""

    index: int
    state: str
    job: str
    seconds: float | None = None
    prompt: str | None = None
    lyric: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Saved:
    """A file on this machine, measured from its own bytes; a clip as far as that can be done here."""

    kind: str
    path: str
    url: str
    mime: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    expires_at: float | None = None

    def at_the_vendor(self) -> Output:
        """The same file, as one that is not on this machine."""
        return Output(self.kind, self.url, self.width, self.height, self.seconds, self.expires_at)


@dataclass(frozen=True)
class Enclosure:
    """The file that goes with a message. `note`: the chat takes no such file, so it is a smaller copy of
    the picture, or (too_large) nothing but the link."""

    path: str | None
    note: Literal["smaller", "too_large"] | None = None


@dataclass(frozen=True)
class Job:
    """A purchase as the ledger holds it.

    States: intent -> sending -> submitted -> done | failed | cancelled; abandoned where its process died in
    intent, unknown where the answer to the paid request was lost. Times are seconds since 1970."""

    id: str
    state: str
    created_at: float
    changed_at: float
    plan: Plan
    out: str  # folder for the files, absolute
    task: TaskRef | None = None
    finished_at: float | None = None
    charged: int | None = None
    error: Json | None = None
    outputs: tuple[Saved | Output, ...] = ()
    handed_out_at: float | None = None  # when its end was first told
    shots: tuple[Shot, ...] = ()  # of a film that is made in shots
    receipt_wanted: bool = False
    receipt: str | None = None  # where it was written

    @property
    def uid(self) -> str:
        """A UUID, the same for this job for ever, and no other's on any machine."""
        import uuid

        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"media-studio:{self.id}:{self.created_at!r}"))

    @property
    def saved(self) -> tuple[Saved, ...]:
        return tuple(output for output in self.outputs if isinstance(output, Saved))

    @property
    def complete(self) -> bool:
        """Finished, and every file is on this disk."""
        return self.state == "done" and len(self.saved) == len(self.outputs)
