"""Sessions of `requests` as this package wants them: no look at where a redirect leads, answers that end in
time, and connections that are there before they are needed. What is sent on them is made here as well."""

from __future__ import annotations

import math
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from studio.sockets import bounded

BLOCK = 2**19  # bytes of a body that are read at once to be sent: by small ones, several uploads wait in turn
CONNECTING = "connecting"  # what such a thread is called


def opened(retry: Retry, limit: Callable[[], float], slowest: float = math.inf) -> requests.Session:
    """`limit` is asked, when an answer begins, for how many seconds it may take; what comes at `slowest`
    bytes a second or faster has more."""
    made = _Session()
    adapter = _Adapter(retry, limit, slowest)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    return made


def prepared(method: str, url: str, headers: Mapping[str, str], **what: Any) -> requests.PreparedRequest:
    """What is given and little else: no cookie of an earlier answer, no password from ~/.netrc."""
    own = {"User-Agent": "media-studio", "Accept": "*/*", **headers}
    return requests.Request(method, url, headers=own, auth=_as_built, **what).prepare()


def connect(
    made: requests.Session, url: str, settings: Mapping[str, Any], patience: float, count: int
) -> None:
    """So many connections to a host, made in threads of their own and kept for the first requests that come.
    Nothing is said on them; one that comes to nothing is made again by whoever needs it. `settings`: proxies
    and CA bundle of the host; `patience` in seconds."""

    def make(connection: Any) -> None:
        try:
            if connection.sock is None:  # else it is there from before
                connection.timeout = patience
                connection.connect()
        except Exception:  # noqa: BLE001 - half a connection, as one without its TLS, is none
            connection.close()
        pool._put_conn(connection)

    adapter: Any = made.get_adapter(url)
    pool = adapter.get_connection_with_tls_context(prepared("GET", url, {}), settings["verify"])
    adapter.cert_verify(pool, url, settings["verify"], settings["cert"])
    for connection in [pool._get_conn() for _ in range(count)]:
        threading.Thread(target=make, args=(connection,), name=CONNECTING, daemon=True).start()


class _Adapter(HTTPAdapter):
    def __init__(self, retry: Retry, limit: Callable[[], float], slowest: float) -> None:
        self._limit, self._slowest = limit, slowest
        super().__init__(max_retries=retry, pool_maxsize=8)

    def get_connection_with_tls_context(self, *request: Any, **more: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*request, **more)
        if pool.conn_kw.get("blocksize") == BLOCK:  # it was made so already: a class costs more than a poll
            return pool
        pool.ConnectionCls = _patient(bounded(type(pool).ConnectionCls, self._limit, self._slowest))
        pool.conn_kw["blocksize"] = BLOCK  # last: by it another thread sees that all is done
        return pool


def _patient(kind: type[Any]) -> type[Any]:
    """Connections like those of `kind` that are not given up for something that was said on them and is no
    answer: after the handshake a server of TLS 1.3 sends what a later one could begin with."""

    def is_connected(self: Any) -> bool:
        if not isinstance(self.sock, ssl.SSLSocket):
            return bool(kind.is_connected.fget(self))
        patience = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            self.sock.recv(1)  # reads what is between the two ends; a byte that nobody asked for, or the end
            return False
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        finally:
            self.sock.settimeout(patience)

    return type(kind.__name__, (kind,), {"is_connected": property(is_connected)})


class _Session(requests.Session):
    """One that does not even look where a redirect leads: `send` would read its whole body to find out."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def _as_built(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared
