"""The only way out. Sends what a provider built, puts the key in at the last moment and for the
gateway's own hosts only, repeats what is safe, and sends what is paid once.

Promise 1 is held here and in `studio.runner`: `Http.pay` opens a fresh connection and lets urllib3 repeat
the attempt only while no connection was made. `other=0` matters: a TLS stream that breaks after the
server has read the request is an "other" error to urllib3, and would be sent again.
"""

from __future__ import annotations

import contextlib
import functools
import time
import urllib.parse
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, BinaryIO

import requests
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from studio import sessions
from studio.addresses import NotPublic, Resolve, check_link
from studio.contract import KEY, Exchange, Request, Response
from studio.errors import InternalError, NetworkError, NotSaved, UnknownOutcome, UsageError
from studio.frozen import replace
from studio.parsed import json_of
from studio.redact import forms, is_secret
from studio.settings import is_loopback
from studio.sockets import unpacked
from studio.trouble import TooLarge, never_sent, reason
from studio.types import Gateway

ANSWER_CAP = 4 * 2**20  # bytes; a product list is some hundred kB
CHUNK = 2**16
REDIRECTS = 5
DOWNLOAD_PAUSES = (1.0, 4.0)  # seconds before a file is tried again: some links are a little late
TRANSIENT = frozenset({408, 425, 500, 502, 503, 504})  # 429 is waited for by `studio.runner`
SHORTEST_TIMEOUT = 3.0  # seconds: a rehearsal's clock is fast, its sockets are not
ANSWER_TIMES = 2  # how long a whole answer may take, in the time that one silence may
DOWNLOAD_SECONDS = 300.0  # for a file, with every redirect and repetition; more while its bytes come
SHORTEST_DOWNLOAD = 60.0
SLOWEST = 16_000.0  # bytes a second; who sends less for long is not waited for
BROKEN = (requests.RequestException, HTTPError, ValueError, zlib.error)
"""requests does not wrap every error of urllib3, nor urllib3 every one of a chunk's length below zero."""


class Http:
    """One gateway's door. `keys` holds every key known to this process, by gateway id: none of them may
    leave for a host that is not its own. `heard` is told of each request and of its answer."""

    def __init__(  # noqa: PLR0913 - what it is told of, all by name
        self,
        gateway: Gateway,
        known: Mapping[str, Gateway],
        keys: Mapping[str, str],
        speed: float = 1.0,
        *,
        resolve: Resolve,
        heard: Callable[[Exchange], None] = lambda exchange: None,
    ) -> None:
        self._gateway = gateway
        self._known = known
        self._keys = keys
        self._speed = speed
        self._resolve = resolve
        self._heard = heard
        self._loopback = any(is_loopback(url) for url in gateway.urls.values())
        self._found: dict[tuple[str, ...], Any] = {}
        self._detour = False  # the first address cannot be reached: the other is asked from now on

    def read(self, request: Request) -> Response:
        """A safe request, repeated on broken connections and passing server errors."""
        return self._answer(request, self._safe_session)

    def ask(self, request: Request) -> Response:
        """A safe request, sent once: for polls, where the next poll is the repetition."""
        return self._answer(request, self._polling_session)

    def pay(self, request: Request) -> Response:
        """The paid request. NetworkError: never sent, nothing bought. UnknownOutcome: it may have been
        read. Any answer at all is handed back for the provider to read."""
        return self._by_either(request, self._pay)

    def _pay(self, request: Request) -> Response:
        with sessions.opened(
            Retry(total=3, connect=3, read=0, redirect=0, status=0, other=0, backoff_factor=self._pause),
            self._whole(self._gateway.paid_timeout),
        ) as session:
            try:
                prepared = self._prepare(request)
            except (requests.RequestException, ValueError) as odd:
                raise NetworkError(
                    f"{_capital(request.what)} could not be built ({type(odd).__name__}). Nothing was bought."
                ) from None
            except InternalError as held:  # before any byte of it has left
                raise UsageError(f"{held.message} Nothing was bought.", kind="holds_key") from None
            prepared.headers["Connection"] = "close"
            try:
                return self._receive(session, request, prepared, self._gateway.paid_timeout)
            except BROKEN as broken:
                if never_sent(broken):
                    raise _NoConnection(
                        f"The connection for {request.what} could not be made ({reason(broken)}). "
                        "Nothing was bought."
                    ) from None
                raise UnknownOutcome(
                    f"{_capital(request.what)} was sent, but its answer was lost ({reason(broken)}). "
                    "It may have been accepted and charged."
                ) from None

    def connect(self, url: str, count: int) -> None:
        """So many connections to a host of the gateway's, on their way while something else is done: they
        are there when `read` needs them. Nothing is sent, and nothing that goes wrong is told."""
        session = self._safe_session
        with contextlib.suppress(NetworkError, OSError, ValueError, RuntimeError):
            settings, proxied = self._route(session, url)
            if not proxied:
                patience, _ = self._timeouts(self._gateway.read_timeout)
                sessions.connect(session, url, settings, patience, count)

    def download(self, url: str, sink: BinaryIO, cap: int) -> None:
        """A finished file -> `sink`, from its start. Carries no key; follows public https links only."""
        ends = time.monotonic() + max(SHORTEST_DOWNLOAD, DOWNLOAD_SECONDS / self._speed)
        with sessions.opened(Retry(total=0, read=False), lambda: ends - time.monotonic(), SLOWEST) as session:
            for pause in (*DOWNLOAD_PAUSES, None):
                try:
                    sink.seek(0)
                    sink.truncate()
                    self._fetch(session, url, sink, cap)
                    return
                except (*BROKEN, NetworkError) as broken:
                    if pause is None or time.monotonic() > ends or isinstance(broken, TooLarge):
                        why = reason(broken)
                        raise NotSaved(f"The finished file could not be fetched ({why}).") from None
                    time.sleep(pause / self._speed)

    @property
    def _pause(self) -> float:
        return 0.5 / self._speed

    def _timeouts(self, patience: float) -> tuple[float, float]:
        connect = self._gateway.connect_timeout
        return max(SHORTEST_TIMEOUT, connect / self._speed), max(SHORTEST_TIMEOUT, patience / self._speed)

    def _whole(self, patience: float) -> Callable[[], float]:
        """How long an answer may take from end to end, where one silence may last as long as this."""
        return lambda: ANSWER_TIMES * self._timeouts(patience)[1]

    @functools.cached_property
    def _safe_session(self) -> requests.Session:
        return sessions.opened(
            Retry(
                total=3,
                read=2,
                other=0,
                allowed_methods=None,
                status_forcelist=TRANSIENT,
                raise_on_status=False,
                respect_retry_after_header=False,
                backoff_factor=self._pause,
                backoff_jitter=self._pause / 2,
            ),
            self._whole(self._gateway.read_timeout),
        )

    @functools.cached_property
    def _polling_session(self) -> requests.Session:
        whole = self._whole(self._gateway.read_timeout)
        return sessions.opened(Retry(total=0, read=False, raise_on_status=False), whole)

    def _answer(self, request: Request, session: requests.Session) -> Response:
        if not request.safe:
            raise InternalError(f"{_capital(request.what)} is a paid request and was not sent.")
        return self._by_either(request, lambda routed: self._once(routed, session))

    def _once(self, request: Request, session: requests.Session) -> Response:
        try:
            prepared = self._prepare(request)
            return self._receive(session, request, prepared, self._gateway.read_timeout)
        except BROKEN as broken:
            kind = _NoConnection if never_sent(broken) else NetworkError
            raise kind(
                f"No answer from {_host(request.url)} for {request.what} ({reason(broken)})."
            ) from None

    def _by_either(self, request: Request, send: Callable[[Request], Response]) -> Response:
        """Sent to the gateway's address, or, where no connection to that can be made, to its alternate one:
        one service with two names. A request of which a byte may have left is never sent to the other."""
        base, other = self._gateway.urls["api"], self._gateway.urls.get("alternate")
        if other is None or not request.url.startswith(base):
            return send(request)
        routes = [request, replace(request, url=other + request.url.removeprefix(base))]
        first, second = reversed(routes) if self._detour else routes
        try:
            return send(first)
        except _NoConnection:
            answer = send(second)
            self._detour = not self._detour
            return answer

    def _prepare(self, request: Request) -> requests.PreparedRequest:
        key = self._keys.get(self._gateway.id, "")
        own = {name: value.replace(KEY, key) for name, value in request.headers.items()}
        prepared = sessions.prepared(
            request.method,
            _joined(request.url),
            {"Accept-Encoding": "gzip", **own},
            params={name: value.replace(KEY, key) for name, value in request.query.items()},
            json=request.json,
            data=request.body.open() if request.body else None,
        )
        self._check_keys(prepared)
        return prepared

    def _receive(
        self,
        session: requests.Session,
        request: Request,
        prepared: requests.PreparedRequest,
        patience: float,
    ) -> Response:
        with self._noted(request) as seen, self._send(session, prepared, patience) as answer:
            seen["status"] = answer.status_code
            body = b"".join(_chunks(answer, ANSWER_CAP))
            headers = {name.lower(): value for name, value in answer.headers.items()}
            # A vendor may repeat the key in an error's text: it goes no further than here.
            payload = json_of(body, self._keys.values())
            seen.update(size=len(body), answer=payload)
            return Response(request.what, answer.status_code, headers, payload)

    def _send(
        self, session: requests.Session, prepared: requests.PreparedRequest, patience: float
    ) -> requests.Response:
        """As it was built."""
        settings, _ = self._route(session, prepared.url or "")
        return session.send(prepared, timeout=self._timeouts(patience), allow_redirects=False, **settings)

    def _route(self, session: requests.Session, url: str) -> tuple[Any, bool]:
        """The proxies and the CA bundle that the environment names, and whether it goes by a proxy, after
        the last look at where it goes. Plain http is spoken to this machine alone: no proxy gets to read
        it."""
        settings = self._settings(session, url)
        proxied = requests.utils.select_proxy(url, settings["proxies"]) is not None
        self._check_link(url, proxied=proxied)
        if url.startswith("http://"):
            settings["proxies"] = {}
        return settings, proxied

    def _settings(self, session: requests.Session, url: str) -> Any:
        """Proxies and CA bundle for a host: they stay while a process runs, and take longer than a poll."""
        at = urllib.parse.urlsplit(url)[:2]
        if at not in self._found:
            self._found[at] = session.merge_environment_settings(url, {}, True, None, None)
        return {**self._found[at]}

    def _fetch(self, session: requests.Session, url: str, sink: BinaryIO, cap: int) -> None:
        for _ in range(REDIRECTS):
            prepared = sessions.prepared("GET", _joined(url), {"Accept-Encoding": "identity"})
            self._check_keys(prepared)
            link = Request("a finished file", "GET", url, safe=True)
            with (
                self._noted(link) as seen,
                self._send(session, prepared, self._gateway.read_timeout) as answer,
            ):
                seen["status"] = answer.status_code
                if answer.is_redirect:
                    url = _joined(url, answer.headers["location"])
                    continue
                if answer.status_code != 200:
                    raise NetworkError(f"the link answered HTTP {answer.status_code}")
                for chunk in _chunks(answer, cap):  # fewer bytes than announced raise
                    sink.write(chunk)
                    seen["size"] = sink.tell()
                return
        raise NetworkError("the link leads in circles")

    @contextlib.contextmanager
    def _noted(self, request: Request) -> Iterator[dict[str, Any]]:
        """Whoever listens is told that a request leaves, and what was `seen` of its answer; whatever goes
        wrong with the telling, the request is worth more."""
        began, seen = time.monotonic(), dict[str, Any]()
        leaving = Exchange(request, urllib.parse.urlsplit(request.url).netloc in _hosts(self._gateway))
        with contextlib.suppress(Exception):
            self._heard(leaving)
        try:
            yield seen
        finally:
            with contextlib.suppress(Exception):
                self._heard(replace(leaving, seconds=time.monotonic() - began, **seen))

    def _check_link(self, url: str, *, proxied: bool) -> None:
        """Besides the gateway itself, which its owner names, only public hosts are spoken to, by https; in a
        rehearsal also this machine. The last look before it is sent: a name that is looked up is told, too,
        so it holds no key by now."""
        parts = urllib.parse.urlsplit(url)
        here = self._loopback and is_loopback(url) and parts.scheme in {"http", "https"}
        if here or (parts.scheme == "https" and parts.netloc in _hosts(self._gateway)):
            return
        try:
            check_link(url, self._resolve)
        except NotPublic as no:
            where = parts.hostname or "nowhere"
            raise NetworkError(f"A link to {where} {no.why} and was not followed.") from None
        except TimeoutError:
            if not proxied:  # else it is the proxy that looks it up
                raise NetworkError(f"{parts.hostname} could not be looked up in time.") from None

    def _check_keys(self, prepared: requests.PreparedRequest) -> None:
        """No known key goes to a host that is not of its own gateway, in whatever part of the request."""
        url = prepared.url or ""
        for key in filter(is_secret, dict.fromkeys(self._keys.values())):
            owners = [id for id, one in self._keys.items() if one == key]  # one key may open several
            if any(urllib.parse.urlsplit(url).netloc in _hosts(self._known[id]) for id in owners):
                continue
            plain = (urllib.parse.unquote(url), urllib.parse.unquote_plus(url))
            written = [url, *plain, *map(str, prepared.headers.values())]
            ways = forms(key)
            shown = any(form in text for form in ways for text in written)
            if shown or _holds(prepared.body, {form.encode() for form in ways}):
                raise InternalError(
                    f"A request to {_host(url)} would have carried a key of another host: not sent."
                )


class _NoConnection(NetworkError):
    """No byte has left."""


def _holds(body: Any, forms: Collection[bytes]) -> bool:
    """Whether a body holds one of these. One that is a file is then at its start again."""
    if not hasattr(body, "seek"):
        whole = body if isinstance(body, bytes) else str(body or "").encode()
        return any(form in whole for form in forms)
    body.seek(0)
    end, longest, found = b"", max(map(len, forms)), False
    for piece in iter(lambda: body.read(sessions.BLOCK), b""):
        seam = end + piece[:longest]
        found = found or any(form in piece or form in seam for form in forms)
        end = (end + piece[-longest:])[-longest:]
    body.seek(0)
    return found


def _joined(url: str, to: str = "") -> str:
    """Where a link leads from `url`; NetworkError where that is no link."""
    try:
        urllib.parse.urlsplit(made := urllib.parse.urljoin(url, to))
        return made
    except ValueError:
        raise NetworkError("What should be a link is none, and was not followed.") from None


def _hosts(gateway: Gateway) -> frozenset[str]:
    return frozenset(urllib.parse.urlsplit(url).netloc for url in gateway.urls.values())


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc.rpartition("@")[2]


def _chunks(answer: requests.Response, cap: int) -> Iterator[bytes]:
    received = 0
    packed = answer.raw.stream(CHUNK, decode_content=False)
    for chunk in unpacked(packed, answer.headers.get("content-encoding", "")):
        received += len(chunk)
        if received > cap:
            raise TooLarge
        yield chunk


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
