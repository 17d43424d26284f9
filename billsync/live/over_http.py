"""Requests over httpx, whose every way to fail becomes one of ours."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from billsync.live import wire
from billsync.live.body import read_body
from billsync.live.exchange import Failed, NotSent, Overdue, Silent
from billsync.live.methods import OnlyMethods
from billsync.live.proxies import proxy_to
from billsync.live.received import Received
from billsync.live.target import Target
from billsync.model.ports import Clock, Unreachable

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
UNUSABLE = "the CA bundle that SSL_CERT_FILE or SSL_CERT_DIR names, or the proxy, can't be used"


class OverHttp:
    """Implements `exchange.Exchange`. `silence` and `connecting` are seconds; `methods` are those that may be sent."""

    def __init__(
        self,
        transport: httpx.BaseTransport,
        headers: Mapping[str, str],
        methods: frozenset[str] | None,
        *,
        silence: float,
        connecting: float,
    ) -> None:
        self._http = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(silence, connect=connecting),
            transport=transport if methods is None else OnlyMethods(transport, methods),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # none is kept, and none is sent back
            follow_redirects=False,
            trust_env=False,
        )

    def send(self, method: str, url: str, query: tuple[tuple[str, str], ...], content: bytes | None) -> Received:
        """Send, and read the whole answer."""
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            request = self._http.build_request(method, _address(url, query), content=content, headers=headers)
            return _received(self._http.send(request, stream=True))
        except NOT_SENT as error:
            raise NotSent(_reason(error)) from error
        except wire.Overdue as error:
            raise Overdue(_reason(error)) from error
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise Silent(_reason(error)) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Failed(_reason(error)) from error

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()


def _received(response: httpx.Response) -> Received:
    """The answer with its whole body. Raises TooLong, httpx.TransportError, httpx.DecodingError."""
    try:
        body = read_body(response)
    finally:
        response.close()
    return Received(response.status_code, response.headers, body)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


@lru_cache(maxsize=1024)
def _address(url: str, query: tuple[tuple[str, str], ...]) -> httpx.URL:
    """A URL with its query. A run asks the same many times, and parsing takes longer than looking it up.

    Raises httpx.InvalidURL.
    """
    return httpx.URL(url, params=query) if query else httpx.URL(url)


def network(
    target: Target, clock: Clock, environment: Mapping[str, str], *, trust: ssl.SSLContext | None, seconds: float
) -> wire.DeadlineTransport:
    """The network. Raises Unreachable for a proxy or a CA bundle that can't be used.

    Certificates are loaded for a target that has one to show.
    """
    proxy = proxy_to(target, environment)
    if target.base.startswith("http:"):
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return wire.DeadlineTransport(clock, proxy=proxy, trust=trust, seconds=seconds)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise Unreachable(f"{target.name} can't be reached: {UNUSABLE} ({type(error).__name__})") from error
