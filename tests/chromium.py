"""A headless Chromium, spoken to over its DevTools protocol on two pipes: no driver, no port.

Where the browser is not installed, what needs it is skipped, and the end of the run says so; where
MEDIA_STUDIO_ALL_CHECKS is set, as in `.ci/run`, that is a failure.
Source: https://chromedevtools.github.io/devtools-protocol/; `--remote-debugging-pipe` reads commands from
file descriptor 3 and writes to 4, each message closed by a NUL.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Message: TypeAlias = dict[str, Any]

NOT_RUN = "not run, as there is no Chromium here (Debian: apt-get install chromium)"
ALL_CHECKS = bool(os.environ.get("MEDIA_STUDIO_ALL_CHECKS"))  # read before the tests hide the environment
PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
PATIENCE = 20.0  # seconds for one answer
KEYS = {  # name -> its code, and the text that it writes
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    " ": (32, " "),
    "ArrowLeft": (37, ""),
    "ArrowRight": (39, ""),
    "/": (191, "/"),
}


def needed() -> str:
    """The browser's program; without one the test that asks is skipped, or fails."""
    if PROGRAM is None:
        (pytest.fail if ALL_CHECKS else pytest.skip)(NOT_RUN)
        raise AssertionError("unreachable")
    return PROGRAM


class Chromium:
    """One browser for many pages. `profile`: a new, empty folder."""

    def __init__(self, program: str, profile: Path) -> None:
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        self._process = subprocess.Popen(  # the shell gives the pipes the numbers that Chromium looks at
            [
                *("/bin/sh", "-c", f'exec "$@" 3</dev/fd/{theirs_in} 4>/dev/fd/{theirs_out}', "sh"),
                *(program, *FLAGS, f"--user-data-dir={profile}", "about:blank"),
            ],
            pass_fds=(theirs_in, theirs_out),
            env={**os.environ, "HOME": str(profile)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._look = selectors.DefaultSelector()
        self._look.register(self._from, selectors.EVENT_READ)
        self._rest = b""
        self._count = 0
        self.events: list[Message] = []

    def close(self) -> None:
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, EOFError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._look.close()
        os.close(self._to)
        os.close(self._from)

    def call(self, method: str, session: str | None = None, **params: Any) -> Message:
        """One command and its result. What else is heard meanwhile is kept in `events`."""
        self._count += 1
        sent = {"id": self._count, "method": method, "params": params}
        os.write(self._to, json.dumps(sent | ({"sessionId": session} if session else {})).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            heard = self._hear(until)
            if heard.get("id") == self._count:
                assert "error" not in heard, (method, heard["error"])
                result: Message = heard["result"]
                return result
            self.events.append(heard)

    def page(self, url: str, **how: Any) -> Page:
        return Page(self, url, **how)

    def _hear(self, until: float) -> Message:
        while b"\0" not in self._rest:
            if not self._look.select(max(0.0, until - time.monotonic())):
                raise TimeoutError("Chromium says nothing")
            more = os.read(self._from, 2**20)
            if not more:
                raise EOFError("Chromium is gone")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        heard: Message = json.loads(message)
        return heard


class Page:
    """One tab with one document, loaded whole."""

    def __init__(
        self,
        browser: Chromium,
        url: str,
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        phone: bool = False,
        scripts: bool = True,
    ) -> None:
        self._browser = browser
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        schemes = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=schemes)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url=url)
        self.until(lambda: bool(self.heard("Page.loadEventFired")))

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *problem: object) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def call(self, method: str, **params: Any) -> Message:
        return self._browser.call(method, self._session, **params)

    def heard(self, method: str) -> list[Message]:
        """What the page told of by itself, by the event's name."""
        mine = [one for one in self._browser.events if one.get("sessionId") == self._session]
        return [one["params"] for one in mine if one["method"] == method]

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        made = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in made, made["exceptionDetails"]
        return made["result"].get("value")

    def until(self, true: Callable[[], bool], what: str = "") -> None:
        """Wait for something that the page does in its own time."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, what
            self.call("Runtime.evaluate", expression="0")

    def press(self, *names: str, modifiers: int = 0) -> None:
        """Keys, as if typed."""
        for name in names:
            code, written = KEYS.get(name, (ord(name[0].upper()), name))
            key = {"key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": modifiers}
            self.call(
                "Input.dispatchKeyEvent", type="keyDown" if written else "rawKeyDown", text=written, **key
            )
            self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    def troubles(self) -> list[str]:
        """What stands in the console: errors, warnings, what the policy refused."""
        said = [one["entry"]["text"] for one in self.heard("Log.entryAdded")]
        said += [str(one["args"]) for one in self.heard("Runtime.consoleAPICalled")]
        return said + [str(one["exceptionDetails"]) for one in self.heard("Runtime.exceptionThrown")]

    def asked(self) -> list[str]:
        """The addresses that were asked for something."""
        return [one["request"]["url"] for one in self.heard("Network.requestWillBeSent")]

    def picture(self, *, whole: bool = False) -> bytes:
        """A PNG of the screen, or of the whole page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])
