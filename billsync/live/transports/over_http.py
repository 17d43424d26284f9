"""Requests over a transport of httpx, which stands in for the network. Every way to fail becomes one of ours."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from billsync.live.protocol.exchange import Failed, NotSent, Silent
from billsync.live.protocol.received import Received
from billsync.live.transports.body import read_body
from billsync.live.transports.methods import OnlyMethods

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


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
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise Silent(_reason(error)) from error
        except httpx.TransportError as error:
            raise Failed(_reason(error)) from error

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()


def _received(response: httpx.Response) -> Received:
    """The answer with its whole body. Raises Failed, httpx.TransportError."""
    if response.is_stream_consumed:
        return Received(response.status_code, response.headers, response.content)  # the transport has read it
    assert isinstance(response.stream, httpx.SyncByteStream)
    try:
        body = read_body(response.headers.get("Content-Encoding", ""), response.stream)
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
