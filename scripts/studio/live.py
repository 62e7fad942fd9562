"""The one line that lives while a person at a terminal waits: what is being done, for how long, how long that
usually takes, and what it costs. It is drawn anew between the polls, so that its clock goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from studio import cadence, speech
from studio.columns import cut, width
from studio.speech import Voice
from studio.types import Gateway, Job

TICKS = 5  # a second
BETWEEN = " · "
LATE = 2  # times the longest time expected, past which it is said that it takes longer than usual


def said(job: Job, doing: str, now: float, voice: Voice, gateway: Gateway) -> Iterator[str]:
    """What the line says, what matters most first. `doing`: recorded, finished, or any other word for being
    made. No part of it is invented: past the time expected there is no percentage."""
    words = voice.words
    elapsed = speech.elapsed(job, now)
    if doing == "finished" or job.state == "done":
        yield words.say("live_saving")
    elif elapsed is None:
        yield words.say("live_sending")
    else:
        yield words.say("live_making", elapsed=words.duration(elapsed))
        yield from _expected(job, elapsed, voice)
    if voice.costs:
        yield words.price(job.plan, gateway.unit)
    if voice.sandbox:
        yield words.say("live_rehearsal")
    yield job.plan.model.name


def fitting(parts: Sequence[str], room: int) -> str:
    """As many of them as there is room for, from the first on; the first in any case."""
    line = cut(parts[0], room)
    for part in parts[1:]:
        if width(longer := f"{line}{BETWEEN}{part}") > room:
            break
        line = longer
    return line


class Line:
    """`draws` is asked for what the line says whenever it is drawn. Whatever goes wrong with a terminal, the
    work goes on."""

    def __init__(self, stream: TextIO, draws: Callable[[], Sequence[str]]) -> None:
        self.draws = draws
        self._console = _Console(file=stream, highlight=False)
        utf8 = self._console.encoding.startswith("utf")
        self._spinner = Spinner("dots" if utf8 else "line")
        self._live = Live(
            self,
            console=self._console,
            refresh_per_second=TICKS,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with suppress(OSError):
            self._live.start(refresh=True)

    def above(self, lines: str) -> None:
        """Something that stays, over the line that lives."""
        with suppress(OSError):
            self._console.print(Text(lines), soft_wrap=True)

    def stop(self) -> None:
        """Nothing is left of it."""
        with suppress(OSError):
            self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        turning = self._spinner.render(console.get_time())
        line = Text(fitting(self.draws(), max(1, options.max_width - 3)))
        yield Text.assemble(turning if isinstance(turning, Text) else "", " ", line, no_wrap=True, end="")


class _Console(Console):
    """One that never hides the cursor: a process that is killed could not bring it back."""

    def show_cursor(self, show: bool = True) -> bool:
        return False


def _expected(job: Job, elapsed: float, voice: Voice) -> Iterator[str]:
    """How long it usually takes; how far that is by now, as an estimate."""
    words, estimate = voice.words, speech.estimate(job.plan)
    if estimate is None:
        return
    span = words.span(*estimate)
    if elapsed > LATE * estimate[1]:
        yield words.say("live_late", span=span)
    else:
        yield words.say("live_usually", span=span)
    part = cadence.percent(job.plan, elapsed)
    if part:
        yield words.say("live_percent", percent=part)
