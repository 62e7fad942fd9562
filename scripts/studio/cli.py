"""From argv to one document and one exit code. The only place that prints, and the only one that turns an
error into an exit code. Whatever happens, a document comes out."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from studio import arguments, catalogue
from studio.errors import InternalError, Interrupted, StudioError
from studio.interrupts import Interrupts
from studio.redact import redact, without_keys
from studio.signs import in_json, laid_out, on_a_terminal
from studio.types import Job, Json

if TYPE_CHECKING:
    from studio.app import App
    from studio.live import Line

COMMANDS = {
    "make": "buying.make",
    "batch": "batch.batch",
    "start": "buying.start",
    "quote": "buying.quote",
    "again": "buying.again",
    "edit": "buying.step",
    "compose": "buying.step",
    "wait": "jobs.wait",
    "show": "looking.show",
    "list": "looking.listing",
    "gallery": "gallery.gallery",
    "fetch": "jobs.fetch",
    "cancel": "jobs.cancel",
    "reconcile": "jobs.reconcile",
    "prefs": "preferring.prefs",
    "spend": "looking.spend",
    "purge": "jobs.purge",
    "models": "looking.models",
    "doctor": "looking.doctor",
    "schema": "looking.schema",
    "sandbox": "looking.serve",
}
"""Command -> module and function; the module is imported when the command is given."""


WIDTH = 80  # cells, where a terminal does not say
KEY_SEEN = "media-studio: --api-key can be seen by other users of this machine; better set the variable."


class SystemClock:
    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._interrupts.hear()
        time.sleep(seconds)


class Out:
    """stdout for data, stderr for people; no key on either, and no sign that moves a cursor."""

    def __init__(self, words: Sequence[str], stdout: TextIO | None, stderr: TextIO | None) -> None:
        stdout, stderr = stdout or io.StringIO(), stderr or io.StringIO()  # a closed stream is None
        self._stdout, self._stderr = stdout, stderr
        given = {word for word in words if word.startswith("--")}
        self.events = "--events" in given
        self._lines = self.events or words[:1] == ["batch"]  # documents that come one after another
        forced = bool(given & {"--json", "--output-json"}) or self.events
        people = stdout.isatty() and not forced
        self._show: Callable[[Json], str] = self._person if people else self._json
        self._tells = not given & {"--brief", "--quiet"}  # else the messages stay unsaid
        if "--brief" in given:
            self._show = _text("brief")
        elif "--quiet" in given:
            self._show = _text("values")
        self.people_read = people
        self._exact = "--quiet" in given and not stdout.isatty()  # values for a program, to the letter
        self._brief = "--brief" in given
        self.costs = True  # whether prices are told where nobody asked for them
        self.beside: Json = {}  # what a person at a terminal is shown besides, see `studio.looks`
        self._line: Line | None = None
        styled = os.environ.get("TERM") not in {"dumb", "unknown"}
        self._lives = self._show == self._person and stderr.isatty() and styled
        self._colour = styled and not os.environ.get("NO_COLOR") and os.name != "nt"
        self._words = words
        for stream in (stdout, stderr):  # a code page that lacks a sign must not break the sentence
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")

    @functools.cached_property
    def _keys(self) -> list[str]:
        return _keys(self._words)

    def live(self, say: Callable[[], Sequence[str]]) -> None:
        """From now on the line that lives while a person at a terminal waits says this."""

        def clean() -> list[str]:
            return [on_a_terminal(redact(part, self._keys)) for part in say()]

        if self._line:
            self._line.draws = clean
        elif self._lives:
            from studio.live import Line

            self._line = Line(self._stderr, clean)

    def still(self) -> None:
        """No line lives any more, and nothing is left of it."""
        line, self._line, self._lives = self._line, None, False
        if line:
            line.stop()

    def document(self, document: Json) -> bool:
        """Print it; true if its messages are out, so far as this process can see."""
        self.still()
        document = without_keys(document, self._keys)
        shown = self._show(document)
        if self._show not in (self._json, self._person) and not self._exact:
            shown = on_a_terminal(shown)
        out = self._write(self._stdout, shown) if shown else False
        error = document.get("error")
        if error and not self.people_read:
            self.people(f"media-studio: {error['message']} {error['detail'] or ''}".rstrip())
        return out and self._tells

    def event(self, document: Json) -> None:
        self._write(self._stdout, self._json(without_keys(document, self._keys)))

    def say(self, document: Json) -> None:
        """One that others follow."""
        if self._brief:
            return
        shown = self._show(without_keys(document, self._keys))
        if shown and self._line:
            self._line.above(on_a_terminal(shown))
        elif shown:
            self._write(self._stdout, shown if self._show == self._json else on_a_terminal(shown))

    def people(self, line: str) -> None:
        if not self._brief:  # a completion notice shows the end of both streams, and has room for one line
            self.aside(line)

    def aside(self, lines: str) -> None:
        """On stderr in any case."""
        clean = on_a_terminal(redact(lines, self._keys))
        if self._line:
            self._line.above(clean)
        else:
            self._write(self._stderr, clean)

    def _person(self, document: Json) -> str:
        try:
            width = os.get_terminal_size(self._stdout.fileno()).columns
        except (OSError, ValueError):
            width = 0
        beside = without_keys(self.beside, self._keys)
        from studio import text
        from studio.columns import Screen

        return text.person(document, Screen(width or WIDTH, self._colour), beside)

    def _json(self, document: Json) -> str:
        utf8 = (self._stdout.encoding or "").lower().replace("-", "") == "utf8"
        if self._lines:
            return in_json(json.dumps(document, ensure_ascii=not utf8))
        return in_json(laid_out(document, ascii_only=not utf8))

    def _write(self, stream: TextIO, line: str) -> bool:
        """A reader that has gone, or a full disk behind a stream, must not end what is paid for."""
        try:
            stream.write(line + "\n")
            stream.flush()
            return True
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # nor be met again at the end
            return False


def _text(way: str) -> Callable[[Json], str]:
    """One of the ways to show a document to eyes."""
    from studio import text

    ways: dict[str, Callable[[Json], str]] = {
        "person": text.person,
        "brief": text.brief,
        "values": text.values,
    }
    return ways[way]


def _command(name: str) -> Callable[[App], Json]:
    module, _, function = COMMANDS[name].partition(".")
    found: Callable[[App], Json] = getattr(importlib.import_module(f"studio.{module}"), function)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    out = Out(words, sys.stdout, sys.stderr)
    interrupts = Interrupts()
    interrupts.install()
    code, hanging = _run(words, out, interrupts)
    if hanging:
        os._exit(code)  # all is said and on record; an upload that hangs must not keep us
    return code


def _run(words: Sequence[str], out: Out, interrupts: Interrupts) -> tuple[int, bool]:
    """The exit code, and whether something may still be under way in this process that nobody waits for."""
    clock = SystemClock(interrupts)
    app: App | None = None
    document: Json = {}
    error: StudioError | None = None
    fault: StudioError | None = None  # that the document tells of already
    try:
        try:
            made = arguments.parse(words)
            from studio.app import App

            app = App(made, arguments.spelt(words), clock, interrupts.held, _teller(out, clock))
            app.people = out.people_read
            app.say, app.live = out.say, out.live
            out.costs, out.beside = app.tells_costs, app.beside
            app.debug = out.aside if getattr(made, "debug", False) else None
            if getattr(made, "api_key", None):
                out.people(KEY_SEEN)
            document = _command("models" if getattr(made, "list_models", False) else made.command)(app)
            fault = app.fault
        except StudioError as problem:
            error = problem
        except Exception as defect:  # noqa: BLE001 - whatever it is, the person gets a document
            error = _defect(defect)
        interrupts.ignore()  # from here on all is decided, and only has to be said
    except KeyboardInterrupt:
        interrupts.ignore()
        out.still()
        error = _interrupted(app)
    if error:
        document = _failure(error, app, clock, words)
    error = error or fault
    code = error.exit_code if error else 0
    if app is None:
        out.document(document)
        return code, code == Interrupted.exit_code
    _hand_out(app, out, document)
    app.ended((document, *app.gathered), code, error)
    if app.serving:
        interrupts.listen()
        _serve()
    app.close()
    return code, code == Interrupted.exit_code or app.parked


def _hand_out(app: App, out: Out, document: Json) -> None:
    """Print it with what is to be told besides; what is printed is said."""
    if app.remarks or app.key_that_is_missing:
        from studio import documents

        document = documents.remarked(document, app.remarks)
        document = documents.noted(document, app.key_that_is_missing)
    of_jobs = [one for one in (document, *app.gathered) if one["send"] and (app.job or one.get("job"))]
    if out.document(document) and of_jobs:
        from studio import telling

        for one in of_jobs:
            telling.handed_out(app, one)


def _failure(error: StudioError, app: App | None, clock: SystemClock, words: Sequence[str]) -> Json:
    from studio import documents, telling
    from studio.language import language_of
    from studio.speech import Voice

    if app:
        try:
            return telling.failure(app, error)
        except StudioError as trouble:  # such as a record that can no longer be read
            error.detail = f"{error.detail or ''} {trouble.message}".strip()
        except Exception as defect:  # noqa: BLE001 - the first error is still told
            error.detail = f"{error.detail or ''} {_defect(defect).message}".strip()
    voice = Voice(language_of(" ".join(words)), "--sandbox" in words)
    return documents.failure(error, voice, now=clock.time())


def _interrupted(app: App | None) -> Interrupted:
    state = None
    if app and app.job:
        try:
            state = app.ledger.get(app.job).state
        except StudioError:  # the record cannot be read: nobody knows how far it came
            state = "sending"
    if state in {"submitted", "done"}:
        return Interrupted(
            "Stopped. The task goes on at the vendor's: `wait` picks it up.", charged="maybe", retry="wait"
        )
    if state == "sending":
        return Interrupted(
            "Stopped. The paid request is under way: it may be charged.", charged="maybe", retry="wait"
        )
    if state == "unknown":
        return Interrupted(
            "Stopped while the paid request was under way: it may be charged.", charged="maybe", retry="never"
        )
    return Interrupted("Stopped. Nothing was bought.")


def _defect(defect: Exception) -> InternalError:
    """A defect of ours, told by its kind and place: its text may hold what must not be printed."""
    place = "unknown place"
    trace = defect.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "studio" in code.co_filename or "sandbox" in code.co_filename:
            place = f"{Path(code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return InternalError(f"A defect in media-studio: {type(defect).__name__} at {place}.", charged="maybe")


def _teller(out: Out, clock: SystemClock) -> Callable[[Job, str], None]:
    def tell(job: Job, what: str) -> None:
        from studio.jobs import WAITED_FOR

        if out.events and what != WAITED_FOR:
            from studio import documents

            out.event(documents.event(what, job, clock.time()))
        if out.people_read:
            out.live(_line(job, what, clock, costs=out.costs))
        if what == "recorded":
            out.people(f"job {job.id}: on record")
        elif what == "submitted" and job.task:
            out.people(f"job {job.id}: accepted as task {job.task.task_id}")

    return tell


def _line(job: Job, what: str, clock: SystemClock, *, costs: bool) -> Callable[[], Sequence[str]]:
    """What the line that lives says about a job, each time that it is drawn."""
    from studio.app import REHEARSAL
    from studio.speech import Voice

    gateway = next(made for made in catalogue.gateways() if made.id == job.plan.gateway)
    voice = Voice(job.plan.language, sandbox=job.id.startswith(REHEARSAL), costs=costs)

    def say() -> Sequence[str]:
        from studio import live

        return tuple(live.said(job, what, clock.time(), voice, gateway))

    return say


def _serve() -> None:
    import threading

    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def _keys(words: Sequence[str]) -> list[str]:
    """Every key this process may know of."""
    keys = [os.environ.get(gateway.key_env, "").strip() for gateway in catalogue.gateways()]
    for word, following in zip(words, [*words[1:], ""], strict=True):
        flag, equals, value = word.partition("=")
        if flag == "--api-key":
            keys.append((value if equals else following).strip())
    return [key for key in keys if key]
