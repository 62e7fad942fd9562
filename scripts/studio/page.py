"""PURE. The gallery as one HTML page: what was made, what it cost, and what is missing.

Prompts, names and paths are a stranger's words: each goes through `_Page.text` on its way in, without keys,
and escaped for text and quotes alike. Nothing is asked from another machine: its policy forbids it as well
(Content Security Policy Level 3, of which a `meta` element may say all that is said here).
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape

from studio import chart, speech
from studio.accounts import Spending
from studio.frozen import dataclass, field
from studio.messages import Messages
from studio.redact import redact
from studio.types import Gateway, Job, Output, Saved

SLOT = re.compile(r"\{\{([\w.]+)\}\}")
BEGUN = ("intent", "sending", "submitted")
NAMED = 50  # jobs of unknown outcome that are listed one by one


@dataclass(frozen=True)
class Look:
    """The page's parts as they stand in `data/gallery`; `words` of one language, which it names."""

    html: str
    style: str
    script: str
    words: Mapping[str, str]


@dataclass(frozen=True)
class Gallery:
    """What the page is about. `jobs`: newest first; `more`: there are older ones; `now`: seconds since 1970.
    `link`: a saved file -> its address as the page refers to it, None where it is gone. `local`: seconds
    since 1970 -> the time on this machine's wall."""

    jobs: Sequence[Job]
    spent: Sequence[Spending]
    gateways: Mapping[str, Gateway]
    more: bool
    sandbox: bool
    now: float
    link: Callable[[Saved], str | None]
    local: Callable[[float], datetime]
    keys: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True)
class Piece:
    """One file of a job. `why`: the key of the words for why it is not shown, None where it is."""

    job: Job
    file: Saved | Output
    link: str | None
    why: str | None = None


def pieces(gallery: Gallery) -> list[Piece]:
    """Every file that was made, in the order of the page."""
    return [_piece(job, file, gallery.link) for job in gallery.jobs for file in job.outputs]


def _piece(job: Job, file: Saved | Output, link: Callable[[Saved], str | None]) -> Piece:
    if isinstance(file, Output):
        lost = job.error is not None and job.error["kind"] == "files_gone"
        return Piece(job, file, None, "lost" if lost else "unsaved")
    there = link(file)
    return Piece(job, file, there, None if there else "gone")


def html(gallery: Gallery, look: Look) -> str:
    return _Page(gallery, look).html()


class _Page:
    def __init__(self, gallery: Gallery, look: Look) -> None:
        self._gallery = gallery
        self._look = look
        self._words = look.words
        self._say = Messages(look.words["language"])
        self._pieces = pieces(gallery)

    def text(self, said: str) -> str:
        """Words as they stand in the page, in its text or between quotes."""
        return escape(redact(said, self._gallery.keys))

    def html(self) -> str:
        made_on = [self._gallery.local(job.created_at).date() for job in self._gallery.jobs if job.outputs]
        parts = {
            "lang": self._words["language"],
            "policy": _policy(self._look),
            "style": self._look.style,
            "script": self._look.script,
            "written": self._moment(self._gallery.now),
            "counts": "".join(self._counts()),
            "notices": "".join(self._notices()),
            "models": "".join(self._models()),
            "first": str(min(made_on, default="")),
            "last": str(max(made_on, default="")),
            "months": "".join(self._months()),
            "spending": chart.section(self._gallery.spent, self._gallery.gateways, self._words),
            **{f"w.{name}": escape(said) for name, said in self._words.items()},
        }
        # In one go, so that what a prompt says is never taken for a slot.
        return SLOT.sub(lambda slot: parts[slot[1]], self._look.html)

    def _counts(self) -> Iterator[str]:
        jobs = self._gallery.jobs
        for name, count in (
            ("pictures", sum(piece.file.kind == "image" for piece in self._pieces)),
            ("clips", sum(piece.file.kind == "video" for piece in self._pieces)),
            ("missing", sum(piece.link is None for piece in self._pieces)),
            ("not_made", sum(job.state in {"failed", "cancelled", "abandoned"} for job in jobs)),
        ):
            if count or name in {"pictures", "clips"}:
                yield f"<div><dt>{self._word(name)}</dt><dd>{count}</dd></div>"

    def _notices(self) -> Iterator[str]:
        if self._gallery.sandbox:
            yield f'<p class="notice calm">{self._word("rehearsal")}</p>'
        unknown = [job for job in self._gallery.jobs if job.state == "unknown"]
        if unknown:
            yield (
                f'<section class="notice" aria-labelledby="unknown"><h2 id="unknown">{self._word("unknown")}'
                f"</h2><p>{self._word('unknown_what')}</p><ul>"
            )
            yield from map(self._lost, unknown[:NAMED])
            if unknown[NAMED:]:
                further = self._word("further", jobs=len(unknown[NAMED:]))
                yield f"<li>{further} {self._command('list', '--open')}</li>"
            yield "</ul></section>"
        running = sum(job.state in BEGUN for job in self._gallery.jobs)
        if running:
            yield (
                f'<p class="notice calm">{self._word("running", jobs=running)} '
                f"{self._command('wait', '--all')}</p>"
            )
        if self._gallery.more:
            more = self._command("gallery", "--count", str(10 * len(self._gallery.jobs)))
            yield f'<p class="notice calm">{self._word("older")} {more}</p>'

    def _lost(self, job: Job) -> str:
        """A job of which nobody knows whether it was bought."""
        about = f"{self._moment(job.created_at)}, {job.plan.model.name}, {self._cost(job)}"
        return f"<li><code>create.py reconcile {self.text(job.id)}</code> <bdi>{self.text(about)}</bdi></li>"

    def _models(self) -> Iterator[str]:
        for name in sorted({piece.job.plan.model.name for piece in self._pieces}):
            yield f'<option value="{self.text(name)}">{self.text(name)}</option>'

    def _months(self) -> Iterator[str]:
        if not self._pieces:
            yield f'<p class="empty">{self._word("empty")}</p>'
        by_month = itertools.groupby(
            self._pieces, lambda one: self._date("month", self._gallery.local(one.job.created_at))
        )
        for month, made in by_month:
            yield f'<section class="month"><h2>{escape(month)}</h2><ul class="cards">'
            yield from map(self._card, made)
            yield "</ul></section>"

    def _card(self, piece: Piece) -> str:
        job = piece.job
        when = self._gallery.local(job.created_at)
        data = {
            "kind": piece.file.kind,
            "model": job.plan.model.name,
            "day": f"{when:%Y-%m-%d}",
            "made": self._moment(job.created_at),
            "size": self._size(piece.file),
            "gateway": self._gallery.gateways[job.plan.gateway].name,
            "user": job.plan.user_id or "",
            "job": job.id,
        }
        known = "".join(f' data-{name}="{self.text(said)}"' for name, said in data.items())
        return f'<li class="card"{known}>{self._shown(piece)}{self._prompt(piece)}{self._facts(job)}</li>\n'

    def _shown(self, piece: Piece) -> str:
        if piece.link is None:
            return self._hole(piece)
        file, link = piece.file, self.text(piece.link)
        sides = f' width="{file.width}" height="{file.height}"' if file.width and file.height else ""
        words = self.text(self._name(piece.job))
        if file.kind == "video":
            tall = ' class="tall"' if (file.height or 0) > (file.width or 0) else ""
            return (
                f'<div class="mat"><video controls playsinline preload="none" src="{link}"{sides}{tall} '
                f'aria-label="{words}"></video></div>'
            )
        return (
            f'<a class="mat open" href="{link}"><img src="{link}" alt="{words}"{sides} loading="lazy" '
            'decoding="async"></a>'
        )

    def _hole(self, piece: Piece) -> str:
        """In the place of a file that is not there, what brings it."""
        why = f"<strong>{self._word(piece.why or 'gone')}</strong>"
        bring = f"<span>{self._word('bring')}</span>{self._command('fetch', piece.job.id, rehearsal=False)}"
        return f'<div class="mat hole">{why}{"" if piece.why == "lost" else bring}</div>'

    def _prompt(self, piece: Piece) -> str:
        words = self.text(self._name(piece.job))
        if piece.link and piece.file.kind == "video":
            words = f'<a class="open" href="{self.text(piece.link)}">{words}</a>'
        return f'<p class="words{"" if piece.job.plan.prompt else " none"}" dir="auto">{words}</p>'

    def _facts(self, job: Job) -> str:
        said = {
            "model": job.plan.model.name,
            "cost": self._cost(job),
            "took": self._took(job),
            "date": self._date("date", self._gallery.local(job.created_at)),
        }
        rows = (f'<bdi data-fact="{name}">{self.text(one)}</bdi>' for name, one in said.items() if one)
        return f'<p class="facts">{"".join(rows)}</p>'

    def _name(self, job: Job) -> str:
        """What a file is called to whoever does not see it: its prompt."""
        return job.plan.prompt or self._words["not_stored" if job.plan.left_out else "no_prompt"]

    def _cost(self, job: Job) -> str:
        """What the vendor says it took, else what was agreed; of the whole job."""
        steps = job.plan.billing.amount if job.charged is None else job.charged
        if steps is None:
            return self._words["price_unknown"]
        cost = self._say.cost(steps, self._gallery.gateways[job.plan.gateway].unit)
        many = len(job.outputs) > 1
        return self._words["for"].format(cost=cost, files=len(job.outputs)) if many else cost

    def _took(self, job: Job) -> str:
        seconds = speech.elapsed(job, self._gallery.now)
        return "" if seconds is None else self._say.duration(seconds)

    def _size(self, file: Saved | Output) -> str:
        sides = f"{file.width} × {file.height}" if file.width and file.height else ""
        length = self._say.duration(file.seconds) if file.seconds else ""
        size = f"{file.bytes / 1e6:.1f} MB" if isinstance(file, Saved) else ""
        return ", ".join(filter(None, (sides, length, size)))

    def _moment(self, at: float) -> str:
        when = self._gallery.local(at)
        return f"{self._date('date', when)} {when:%H:%M}"

    def _date(self, form: str, when: datetime) -> str:
        months = self._words["months"].split()
        return self._words[form].format(day=when.day, month=months[when.month - 1], year=when.year)

    def _word(self, name: str, **values: object) -> str:
        return escape(self._words[name].format_map(values))

    def _command(self, *words: str, rehearsal: bool = True) -> str:
        """`rehearsal`: the command does not know by a job's id that it is about rehearsals."""
        more = ("--sandbox",) if self._gallery.sandbox and rehearsal else ()
        return f"<code>{self.text(' '.join(('create.py', *words, *more)))}</code>"


def _policy(look: Look) -> str:
    """Nothing but this page's own style and script, and files: of this disk, or of where the page lies."""
    return "; ".join(
        (
            "default-src 'none'",
            "img-src 'self' file:",
            "media-src 'self' file:",
            f"style-src '{_digest(look.style)}'",
            f"script-src '{_digest(look.script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
