"""Processes that are there at once: a helper has imported what the command needs, and each process is a fork
of it. Killed, stopped and read from like any other; what they do not repeat is the interpreter's start."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
IMPORTED = (
    *("studio.cli", "studio.http", "studio.runner", "studio.media", "studio.follow", "av", "tomli"),
    *(f"studio.providers.{path.stem}" for path in (ROOT / "scripts/studio/providers").glob("[a-z]*.py")),
    *(f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Jpeg", "Png", "Ppm")),
    *("jsonschema", "platformdirs", "tomllib"),
)
ABOVE = 200  # descriptors of a request are kept from here on while they are put in their places
MOST = 65536  # bytes of a request


class Forked:
    """One process, as `subprocess.Popen` shows it. `words`: a script and its arguments."""

    def __init__(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        cwd: str,
        *,
        pipe: int | None = None,
        merged: bool = False,
    ) -> None:
        """`pipe`: handed on under its number. `merged`: what it says on stderr comes on stdout, in order."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for_in, into = os.pipe()
        out, for_out = os.pipe()
        err, for_err = os.pipe()
        self.stdin: IO[bytes] = os.fdopen(into, "wb", buffering=0)
        self.stdout: IO[bytes] = os.fdopen(out, "rb")
        self.stderr: IO[bytes] = os.fdopen(err, "rb")
        streams = [for_in, for_out, for_out if merged else for_err]
        fds = [theirs.fileno(), *streams, *([] if pipe is None else [pipe])]
        request = {"words": list(words), "env": dict(env), "cwd": cwd, "pipe": pipe}
        try:
            socket.send_fds(_helper(), [json.dumps(request).encode()], fds)
        finally:
            theirs.close()
            for fd in (for_in, for_out, for_err):
                os.close(fd)
        self._told = ours
        self.pid = int(ours.recv(64))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and self._is_told(0):
            self._take()
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        if self.returncode is None:
            if not self._is_told(timeout):
                raise subprocess.TimeoutExpired("a forked process", timeout)
            self._take()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Its parent keeps its number from being another's until its end was told."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = 60) -> tuple[bytes, bytes]:
        """What is left on its stdout and stderr; its end."""
        until = time.monotonic() + timeout
        self.stdin.close()
        read: dict[str, bytes] = {}
        streams = {"out": self.stdout, "err": self.stderr}
        readers = [
            threading.Thread(target=_read, args=(read, name, stream), daemon=True)
            for name, stream in streams.items()
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(max(0.0, until - time.monotonic()))
        if any(reader.is_alive() for reader in readers):
            raise subprocess.TimeoutExpired("a forked process", timeout)
        self.wait(max(0.0, until - time.monotonic()))
        self.stdout.close()
        self.stderr.close()
        return read["out"], read["err"]

    def _is_told(self, timeout: float) -> bool:
        waiting = select.poll()  # `select` knows no descriptor above 1023
        waiting.register(self._told, select.POLLIN)
        return bool(waiting.poll(timeout * 1000))

    def _take(self) -> None:
        said = self._told.recv(64)
        self._told.close()
        self.returncode = int(said)


@functools.cache
def _helper() -> socket.socket:
    """The way to this process's helper, which ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = os.pathsep.join(map(str, (ROOT / "scripts", ROOT / "tests")))
    process = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )
    theirs.close()

    def over() -> None:
        ours.close()
        process.wait(10)

    atexit.register(over)
    return ours


# --- in the helper --------------------------------------------------------------------------------------


def serve(way: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork for each request, and again; the second child returns with it. The first tells its number and its
    end. Ends with the way's other end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the first children are nobody's concern
    while True:
        message, fds, _, _ = socket.recv_fds(way, MOST, 8)
        if not message:
            os._exit(0)
        if os.fork():
            for fd in fds:
                os.close(fd)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        way.close()
        child = os.fork()
        if not child:
            return json.loads(message), fds
        _tell(child, fds)


def _read(into: dict[str, bytes], name: str, stream: IO[bytes]) -> None:
    into[name] = stream.read()


def _tell(child: int, fds: list[int]) -> NoReturn:
    for fd in fds[1:]:
        os.close(fd)
    told = socket.socket(fileno=fds[0])
    told.send(str(child).encode())
    _, status = os.waitpid(child, 0)
    try:
        told.send(str(os.waitstatus_to_exitcode(status)).encode())
    finally:
        os._exit(0)


def become(request: dict[str, Any], fds: list[int]) -> None:
    """Everything that a process inherits, as it was asked for."""
    places = [0, 1, 2, *([] if request["pipe"] is None else [request["pipe"]])]
    os.close(fds[0])
    held = [fcntl.fcntl(fd, fcntl.F_DUPFD, ABOVE) for fd in fds[1:]]
    os.closerange(0, ABOVE)
    for fd, place in zip(held, places, strict=True):
        os.dup2(fd, place)
    os.closerange(ABOVE, ABOVE + len(held))
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    customize(request["env"].get("PYTHONPATH", ""))
    time.tzset()
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)


def customize(paths: str) -> None:
    """What an interpreter does first of all: the `sitecustomize` of PYTHONPATH, where there is one."""
    sys.path[:0] = [path for path in paths.split(os.pathsep) if path]
    sys.modules.pop("sitecustomize", None)
    with contextlib.suppress(ImportError):
        importlib.import_module("sitecustomize")


def main() -> None:
    sys.dont_write_bytecode = True  # a process whose files may not grow would cut it off
    sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]
    for name in IMPORTED:
        __import__(name)
    sys.modules["studio.catalogue"].vendors()  # read once, and kept
    gc.freeze()
    request, fds = serve(socket.socket(fileno=int(sys.argv[1])))
    become(request, fds)
    script, *words = request["words"]
    sys.argv = [script, *words]
    sys.path[0] = str(Path(script).parent)
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        leave(end.code)
        raise


def leave(code: object) -> None:
    """An interpreter's end without taking apart what all forks share, which would copy it first. Comes
    back where the streams cannot be flushed, or the code is no number: the interpreter knows what is to be
    done then."""
    if not isinstance(code, int):
        return
    threading._shutdown()  # type: ignore[attr-defined]  # no other name for: wait for all threads
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(code & 0xFF)


if __name__ == "__main__":
    main()
