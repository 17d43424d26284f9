"""HTTP/1.1 whose every request has a deadline, from the first byte sent to the last one read.

httpcore limits only the silence between two bytes, so an answer that drips would never end, but lets the network be
wrapped; this is its pool of connections.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import httpcore
import httpx

from billsync.model.limits import CONNECTIONS, REQUEST_SECONDS
from billsync.model.ports import Clock

IDLE_SECONDS = 5.0
SOCKS = ("socks5", "socks5h")


class OverdueRead(httpcore.ReadTimeout):
    """The whole of a request took longer than it may."""


class Deadline:
    """The deadline of this thread's request."""

    def __init__(self, clock: Clock, seconds: float = REQUEST_SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._of_thread = threading.local()

    def begin(self) -> None:
        """A request begins."""
        self._of_thread.until = self._clock.now() + timedelta(seconds=self._seconds)

    def within(self, timeout: float | None) -> float:
        """The seconds that may pass: the time-out, or less. Raises when none are left."""
        until: datetime | None = getattr(self._of_thread, "until", None)
        if until is None:
            return self._seconds if timeout is None else timeout
        left = (until - self._clock.now()).total_seconds()
        if left <= 0:
            raise OverdueRead
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection that keeps to the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.within(timeout))
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Network(httpcore.NetworkBackend):
    """Another network (the machine's own, if none is given) whose connections keep to the deadline."""

    def __init__(self, deadline: Deadline, network: httpcore.NetworkBackend | None = None) -> None:
        self._deadline = deadline
        self._network = network or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        limited = self._deadline.within(timeout)
        stream = self._network.connect_tcp(host, port, limited, local_address, socket_options)
        return _Stream(stream, self._deadline)


class DeadlineTransport:
    """The transport of a client. `network` replaces the machine's own network, and `trust` the CA certificates that
    the environment names; `seconds` limit a whole request."""

    def __init__(
        self,
        clock: Clock,
        *,
        proxy: httpx.Proxy | None,
        network: httpcore.NetworkBackend | None = None,
        trust: ssl.SSLContext | None = None,
        seconds: float = REQUEST_SECONDS,
    ) -> None:
        self._deadline = Deadline(clock, seconds)
        self._pool = _pool(proxy, Network(self._deadline, network), trust or httpx.create_ssl_context())

    def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send, and return the answer before its body is read. Raises what httpcore raises."""
        self._deadline.begin()
        return self._pool.handle_request(request)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()


def _pool(proxy: httpx.Proxy | None, network: Network, trust: ssl.SSLContext) -> httpcore.ConnectionPool:
    options: dict[str, Any] = {
        "ssl_context": trust,
        "max_connections": CONNECTIONS,
        "max_keepalive_connections": CONNECTIONS,
        "keepalive_expiry": IDLE_SECONDS,
        "network_backend": network,
    }
    if proxy is None:
        return httpcore.ConnectionPool(**options)
    kind = httpcore.SOCKSProxy if proxy.url.scheme in SOCKS else httpcore.HTTPProxy
    url = httpcore.URL(
        scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=proxy.url.raw_path
    )
    return kind(url, proxy_auth=proxy.raw_auth, **options)
