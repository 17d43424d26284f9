"""Requests over httpcore, the layer below httpx, which does the same work in less than half the time."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import urlsplit

import httpcore
import httpx

from billsync.live.protocol.exchange import Failed, MethodRefused, NotSent, Overdue, Silent
from billsync.live.protocol.proxies import proxy_to
from billsync.live.protocol.received import Received, joined_headers
from billsync.live.protocol.target import Target
from billsync.live.transports.body import read_body
from billsync.live.transports.wire import DeadlineTransport, OverdueRead
from billsync.model.ports import Clock, Unreachable

NOT_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpx.InvalidURL,
)
LOST = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
UNUSABLE = "the CA bundle that SSL_CERT_FILE or SSL_CERT_DIR names, or the proxy, can't be used"
WITH_A_BODY = frozenset({"POST", "PUT", "PATCH"})

PLAIN_URL = re.compile(r"(https?://[^/?#\s]+)((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)")
"""An authority, and a path in which there is nothing to encode and that no dot begins a segment of."""

Header = tuple[bytes, bytes]


class OverCore:
    """Implements `exchange.Exchange`. `silence` and `connecting` are seconds; `methods` are those that may be sent."""

    def __init__(
        self,
        network: DeadlineTransport,
        headers: Mapping[str, str],
        methods: frozenset[str] | None,
        *,
        silence: float,
        connecting: float,
    ) -> None:
        self._network = network
        self._headers: list[Header] = [(b"Connection", b"keep-alive"), *httpx.Headers(headers).raw]
        self._methods = methods
        waits = {"connect": connecting, "read": silence, "write": silence, "pool": silence}
        self._extensions = {"timeout": waits}

    def send(self, method: str, url: str, query: tuple[tuple[str, str], ...], content: bytes | None) -> Received:
        """Send, and read the whole answer."""
        if self._methods is not None and method not in self._methods:
            raise MethodRefused(f"{method} {urlsplit(url).path}: this connection only reads")
        with _as_failures():
            host, address = _address(url, query)
            request = httpcore.Request(
                method,
                address,
                headers=[host, *self._headers, *_of_body(method, content)],
                content=content,
                extensions=self._extensions,
            )
            return _received(self._network.send(request))

    def close(self) -> None:
        """Give the connections back."""
        self._network.close()


def _of_body(method: str, content: bytes | None) -> Iterator[Header]:
    """The headers that say what is sent."""
    if content is not None:
        yield b"Content-Type", b"application/json"
    if content is not None or method in WITH_A_BODY:
        yield b"Content-Length", b"%d" % len(content or b"")


def _received(answer: httpcore.Response) -> Received:
    """The answer with its whole body. Raises TooLong, Failed, and what httpcore raises."""
    headers = joined_headers(answer.headers)
    try:
        body = read_body(headers.get("content-encoding", ""), answer.iter_stream())
    finally:
        answer.close()
    return Received(answer.status, headers, body)


def _address(url: str, query: tuple[tuple[str, str], ...]) -> tuple[Header, httpcore.URL]:
    """The header that names the host, and a URL with its query. Raises httpx.InvalidURL."""
    plain = None if query else PLAIN_URL.fullmatch(url)
    whole = _parsed(plain[1] if plain else url, query)
    target = plain[2].encode() if plain else whole.raw_path
    address = httpcore.URL(scheme=whole.raw_scheme, host=whole.raw_host, port=whole.port, target=target)
    return (b"Host", whole.netloc), address


@lru_cache(maxsize=1024)
def _parsed(url: str, query: tuple[tuple[str, str], ...]) -> httpx.URL:
    return httpx.URL(url, params=query) if query else httpx.URL(url)


@contextmanager
def _as_failures() -> Iterator[None]:
    """Every way in which httpcore fails, as one of ours."""
    try:
        yield
    except NOT_SENT as error:
        raise NotSent(_reason(error)) from error
    except OverdueRead as error:
        raise Overdue(_reason(error)) from error
    except (httpcore.ReadTimeout, httpcore.WriteTimeout) as error:
        raise Silent(_reason(error)) from error
    except LOST as error:
        raise Failed(_reason(error)) from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def network(
    target: Target, clock: Clock, environment: Mapping[str, str], *, trust: ssl.SSLContext | None, seconds: float
) -> DeadlineTransport:
    """The network. Raises Unreachable for a proxy or a CA bundle that can't be used.

    Certificates are loaded for a target that has one to show.
    """
    proxy = proxy_to(target, environment)
    if target.base.startswith("http:"):
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return DeadlineTransport(clock, proxy=proxy, trust=trust, seconds=seconds)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise Unreachable(f"{target.name} can't be reached: {UNUSABLE} ({type(error).__name__})") from error
