"""Why a request came to nothing: whether a byte of it may have left, and in what words that is told."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError

from studio.errors import StudioError


class TooLarge(requests.RequestException):
    """An answer beyond its cap: as useless as one that never came."""


def _cause(broken: Exception) -> BaseException:
    """What urllib3 says happened, without requests' wrapping."""
    inner = broken.args[0] if broken.args else broken
    if isinstance(inner, MaxRetryError) and inner.reason is not None:
        return inner.reason
    return inner if isinstance(inner, BaseException) else broken


def never_sent(broken: Exception) -> bool:
    """True only where no byte of the request can have left: no connection, no proxy, or a certificate
    refused during the handshake. Everything else may have been read."""
    cause = _cause(broken)
    if isinstance(cause, ProxyError):
        cause = cause.original_error
    return isinstance(cause, ConnectTimeoutError | NewConnectionError) or _certificate_refused(cause)


def _certificate_refused(cause: BaseException) -> bool:
    inner: BaseException | None = cause
    for _ in range(5):
        if isinstance(inner, ssl.SSLCertVerificationError):
            return True
        if inner is None:
            return False
        first = inner.args[0] if inner.args and isinstance(inner.args[0], BaseException) else None
        inner = inner.__cause__ or first
    return False


REASONS: tuple[tuple[Callable[[BaseException], bool], str], ...] = (
    (_certificate_refused, "the TLS certificate was not accepted"),
    (lambda cause: isinstance(cause, ProxyError), "the proxy could not be reached"),
    (lambda cause: isinstance(cause, ConnectTimeoutError | NewConnectionError), "no connection"),
    (lambda cause: "Timeout" in type(cause).__name__, "no answer in time"),
    (lambda cause: "SSL" in type(cause).__name__, "the TLS connection broke"),
)


def reason(broken: Exception) -> str:
    """Words for a failure. Never the exception's own text: it holds the URL, and a URL may hold the key."""
    if isinstance(broken, StudioError):
        return broken.message
    if isinstance(broken, TooLarge):
        return "the answer is too large"
    cause = _cause(broken)
    return next((words for test, words in REASONS if test(cause)), "the connection broke")
