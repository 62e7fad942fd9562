"""The command in this process, for tests in which no process matters: what it prints, and its exit code."""

from __future__ import annotations

import contextlib
import io
import os
import signal

from studio import cli
from support import Run, Vendor, leaks_of

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def called(*words: str, env: dict[str, str] | None = None) -> Run:
    """As `support.run` does it, but for the process."""
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in "12")
    before, folder = dict(os.environ), os.getcwd()
    handlers = {name: signal.getsignal(name) for name in SIGNALS}
    os.environ.update(env or {})
    os.chdir(os.environ["HOME"])
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            code = cli.main(words)
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)
        for name, handler in handlers.items():
            signal.signal(name, handler)
    out, err = _written(stdout), _written(stderr)
    keys = [value for name, value in (env or {}).items() if name.endswith("_API_KEY") and value]
    for key in keys:
        assert leaks_of(out, err, key) == [], "the key was printed"
    return Run(code, out.decode(), err.decode())


class Here(Vendor):
    """A vendor's twin, and commands that run in this process."""

    def run(self, *words: str, env: dict[str, str] | None = None) -> Run:
        return called(*words, env={**self.env, **(env or {})})


def _written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue()
