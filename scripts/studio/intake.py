"""One input at a time: opened once, believed by its bytes and never by its name, freed of what stands beside
the pixels, and fitted where that was asked for. Nothing is sent here."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from studio import clips, fitting, metadata, pictures
from studio.addresses import NotPublic, Resolve, check_link
from studio.content import Content, chunks
from studio.errors import Misfit
from studio.fitting import CONVERT, SHRINK, Facts
from studio.frozen import dataclass, field, replace
from studio.types import InputRule, Json, Source

LARGEST = 200 * 2**20  # bytes; what is larger is not even looked at
HEAD = 32
NOT_FOLLOWED = getattr(os, "O_NOFOLLOW", 0)  # where links on a disk are common
NOT_WAITED_FOR = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
EXTENSIONS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}


class Unfit(ValueError):
    """An input cannot be used as it is, for all of these reasons."""

    def __init__(self, *misfits: Misfit) -> None:
        super().__init__(misfits)
        self.misfits = misfits


@dataclass(frozen=True)
class Found:
    """An input as it is, whatever is taken. `facts` and `format`: of a picture; one that no vendor takes is
    not decoded yet."""

    source: Source
    facts: Facts | None = None
    format: str | None = None


@dataclass
class Looker:
    """Looks at each input once, however many gateways it is held against. `resolve`: a host's addresses."""

    resolve: Resolve = lambda host: ()
    keep_metadata: bool = False
    _seen: dict[tuple[str, str], Found | Unfit] = field(default_factory=dict)

    def look(self, name: str, rule: InputRule, fit: Collection[str] = ()) -> Source:
        """An input as given -> what it really is, in a form that is taken. `fit`: what may be done to a copy.
        Raises Unfit."""
        is_link = "://" in name or name.startswith("data:")
        if rule.links_only and not is_link:
            raise Unfit(Misfit("link_only"))
        found = self._found(name, rule.kind)
        if found.source.url:
            return _named_right(found.source, rule)
        return _in_time(found.source, rule) if found.facts is None else _fitted(found, rule, fit)

    def _found(self, name: str, kind: str) -> Found:
        """As it is; what was seen once stays so for this command."""
        if (name, kind) not in self._seen:
            try:
                self._seen[name, kind] = self._seen_now(name, kind)
            except Unfit as no:
                self._seen[name, kind] = no
        seen = self._seen[name, kind]
        if isinstance(seen, Unfit):
            raise seen
        return seen

    def _seen_now(self, name: str, kind: str) -> Found:
        if "://" in name or name.startswith("data:"):
            return Found(self._link(name, kind))
        content = _read(name)
        source = Source(kind, name, content=content, file_sha256=content.sha256)
        if kind == "audio":
            return Found(_sound(source, content))
        return _picture(source, content, keep_metadata=self.keep_metadata)

    def _link(self, link: str, kind: str) -> Source:
        try:
            looked_up = check_link(link, self.resolve)
        except NotPublic as no:
            raise Unfit(Misfit("link", {"why": no.why})) from None
        except TimeoutError:  # whoever fetches it may be quicker
            looked_up = False
        return Source(kind, link, url=link, unchecked=() if looked_up else ("address",))


def _read(name: str) -> Content:
    """A copy of a regular file. Not of what a name only leads to, nor of anything that might
    never end."""
    try:
        descriptor = os.open(os.path.expanduser(name), os.O_RDONLY | NOT_FOLLOWED | NOT_WAITED_FOR)
        try:
            _check_regular(os.fstat(descriptor))
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return Content(chunks(file, LARGEST))
        finally:
            os.close(descriptor)
    except OSError as problem:
        if problem.errno in {errno.ELOOP, errno.EMLINK}:  # what O_NOFOLLOW says of a symbolic link
            raise Unfit(Misfit("leads_elsewhere")) from None
        if problem.errno in {errno.ENOENT, errno.ENOTDIR}:
            raise Unfit(Misfit("missing")) from None
        raise Unfit(Misfit("unreadable", {"why": problem.strerror or "unreadable"})) from None
    except (ValueError, RuntimeError) as odd:  # a NUL in its name; ~ of somebody who is not known here
        if isinstance(odd, Unfit):
            raise
        raise Unfit(Misfit("missing")) from None


def _check_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Unfit(Misfit("no_file"))
    if found.st_size > LARGEST:
        most = fitting.mega(LARGEST)
        raise Unfit(Misfit("bytes", {"has": fitting.mega(found.st_size, up=True), "most": most}))


def _picture(source: Source, content: Content, *, keep_metadata: bool) -> Found:
    format = pictures.format_of(content.open().read(HEAD))
    if format is None:
        raise Unfit(Misfit("no_picture"))
    if format == "HEIF" and not pictures.reads_heif():
        return Found(source, Facts(pictures.ALSO[format], content.size), format)
    if format not in pictures.TAKEN:
        header = _opened(content.open(), format, whole=False)
        return Found(source, _facts(header, content.size), format)
    changed: list[Json] = []
    if not keep_metadata:
        content, changed = _cleaned(content, format)
    with _told():
        seen = pictures.checked(content.open(), format, content.size)
    cleaned = replace(
        source,
        content=content,
        mime=seen.mime,
        sha256=content.sha256,
        bytes=content.size,
        width=seen.width,
        height=seen.height,
        changed=tuple(changed),
    )
    return Found(cleaned, seen, format)


def _cleaned(content: Content, format: str) -> tuple[Content, list[Json]]:
    """Without what stands beside the pixels, after they were turned as it says there."""
    header = _opened(content.open(), format, whole=False)
    if _facts(header, 0).moving:  # it will not be taken as it is, and a copy has none of that
        return content, []
    turned = pictures.orientation(header) != pictures.UPRIGHT
    changed: list[Json] = []
    before = content.size
    if turned:
        upright = Content([pictures.upright(_opened(content.open(), format))])
        changed.append(_row("turned", fitting.sides(*header.size), _sides_of(upright, format)))
        content, before = upright, upright.size
    try:
        with content.view() as whole:
            cleaned = Content(metadata.without(whole, format))
    except metadata.Odd:
        cleaned = Content([pictures.upright(_opened(content.open(), format))])
    if cleaned.size != before:
        changed.append(_row("metadata", f"{before} bytes", f"{cleaned.size} bytes"))
    return cleaned, changed


def _sides_of(content: Content, format: str) -> str:
    return fitting.sides(*_opened(content.open(), format, whole=False).size)


def _opened(file: BinaryIO, format: str, *, whole: bool = True) -> Any:
    with _told():
        return pictures.opened(file, [format], whole=whole)


def _facts(image: Any, size: int) -> Facts:
    with _told():
        return pictures.facts(image, size)


@contextmanager
def _told() -> Iterator[None]:
    """What a decoder says against a picture, as a reason that people are told."""
    try:
        yield
    except pictures.TooManyPixels:
        raise Unfit(Misfit("bomb", {"most": f"{pictures.PIXELS_CAP / 1e6:.0f}"})) from None
    except pictures.Broken:
        raise Unfit(Misfit("broken")) from None


def _fitted(found: Found, rule: InputRule, fit: Collection[str]) -> Source:
    """A picture that a rule takes: as it is, or a copy, if what that needs was asked for."""
    assert found.facts is not None
    wrong = fitting.misfits(found.facts, rule)
    needed = {misfit.fit for misfit in wrong}
    if not wrong:
        return found.source
    if CONVERT in needed and CONVERT not in fit:
        odd = [misfit for misfit in wrong if misfit.fit == CONVERT]
        raise Unfit(*odd, *_left(_copy(found, rule, ()), rule))
    if not needed.intersection(fit):
        raise Unfit(*wrong)
    made = _copy(found, rule, fit)
    left = _left(made, rule)
    if left or made.facts is None:
        raise Unfit(*left)
    limited = any(misfit.why == "bytes" for misfit in wrong)
    changed = (*found.source.changed, *_changes(found.facts, made.facts, limited=limited))
    return replace(made.source, changed=changed)


def _left(made: Found, rule: InputRule) -> tuple[Misfit, ...]:
    return fitting.misfits(made.facts, rule) if made.facts else ()


def _copy(found: Found, rule: InputRule, fit: Collection[str]) -> Found:
    """A picture made anew, as one that was found."""
    content = found.source.content
    assert isinstance(content, Content)
    assert found.format is not None
    if found.format == "HEIF" and not pictures.reads_heif():
        about = {"format": "HEIC", "formats": fitting.formats(rule)}
        raise Unfit(Misfit("no_decoder", about, ways=(("converted", {"formats": about["formats"]}),)))
    image = _opened(content.open(), found.format)
    room = pictures.Room(rule.max_bytes, rule.max_side) if SHRINK in fit else pictures.Room()
    made = pictures.copy(image, room)
    if made is None:
        raise Unfit(Misfit("no_copy"))
    return _picture(replace(found.source, changed=()), Content([made[0]]), keep_metadata=True)


def _changes(before: Facts, after: Facts, *, limited: bool) -> Iterator[Json]:
    """What a copy is that the picture was not. `limited`: it had too many bytes."""
    if before.moving:
        yield _row("still", fitting.NAMES[before.mime], fitting.NAMES[after.mime])
    elif before.mime != after.mime or before.printing:
        kind = "CMYK" if before.printing else fitting.NAMES[before.mime]
        yield _row("converted", kind, fitting.NAMES[after.mime])
    sides = fitting.sides(after.width, after.height)
    if (before.width, before.height) not in {(0, 0), (after.width, after.height)}:
        yield _row("shrunk", fitting.sides(before.width, before.height), sides)
    elif limited and after.size < before.size:
        yield _row("shrunk", fitting.mega(before.size, up=True), fitting.mega(after.size, up=True))


def _row(what: str, before: str, after: str) -> Json:
    return {"what": what, "before": before, "after": after}


def _named_right(source: Source, rule: InputRule) -> Source:
    """A link, unless its path ends in the name of a type that is not taken: the vendor would fetch it."""
    extension = urlsplit(source.url or "").path.rpartition(".")[2].lower()
    format = EXTENSIONS.get(extension) if rule.kind == "image" else None
    mime = pictures.FORMATS[format][0] if format else None
    if mime and mime not in rule.mime:
        about = {"format": fitting.NAMES[mime], "formats": fitting.formats(rule)}
        raise Unfit(Misfit("format", about, ways=(("converted", {"formats": about["formats"]}),)))
    return source


def _sound(source: Source, content: Content) -> Source:
    """Its type and, where it can be measured here, its length."""
    with content.view() as whole:
        mime = clips.sound(whole)
        built = mime is not None and clips.is_built_like(whole, mime)
    facts = clips.measure(content.open()) if built else None
    if mime is None or facts is None:
        raise Unfit(Misfit("no_sound"))
    return replace(
        source,
        mime=mime,
        sha256=content.sha256,
        bytes=content.size,
        seconds=facts.seconds,
        unchecked=() if facts.seconds else ("seconds",),
    )


def _in_time(source: Source, rule: InputRule) -> Source:
    """A sound that a rule takes. Raises Unfit."""
    wrong: list[Misfit] = []
    if source.mime not in rule.mime:
        wrong.append(Misfit("no_sound"))
    if source.size > rule.max_bytes:
        most = fitting.mega(rule.max_bytes)
        wrong.append(Misfit("bytes", {"has": fitting.mega(source.size, up=True), "most": most}))
    least, longest = rule.seconds or (0.0, float("inf"))
    if source.seconds and not least <= source.seconds <= longest:
        about = {"has": f"{source.seconds:.1f}", "least": f"{least:g}", "most": f"{longest:g}"}
        wrong.append(Misfit("seconds", about))
    if wrong:
        raise Unfit(*wrong)
    return source
