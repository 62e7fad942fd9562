"""What is asked of the machine's network, and never waited for longer than was said."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from studio.addresses import Resolve


def resolver(seconds: float) -> Resolve:
    """This machine's own way to look up a name. A name that does not resolve, or not in that time, has no
    addresses; the look-up itself cannot be stopped and is left behind."""

    def resolve(host: str) -> tuple[str, ...]:
        found: list[tuple[str, ...]] = []

        def look() -> None:
            with suppress(OSError, UnicodeError):
                rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                found.append(tuple(str(row[4][0]) for row in rows))

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(seconds)
        return found[0] if found else ()

    return resolve
