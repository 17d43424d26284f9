"""The ways that the requests of a client take: quick reads and writes, and one for everything else, made when it is
needed."""

from __future__ import annotations

from threading import Lock

from billsync.live.fibers import apart
from billsync.live.protocol.exchange import Exchange
from billsync.live.protocol.received import Received
from billsync.live.protocol.target import Target
from billsync.live.transports.embedded import Embedded
from billsync.live.transports.quick import needs_no_check, quick_reads
from billsync.live.transports.quick_writes import QuickWrites
from billsync.live.transports.settings import Settings
from billsync.model.limits import CONNECT_SECONDS
from billsync.model.ports import Clock


class Ways:
    """Threads may share one. Raises Unreachable for a proxy or a CA bundle that can't be used."""

    def __init__(self, target: Target, clock: Clock, settings: Settings, methods: frozenset[str] | None) -> None:
        self._constants = target, clock, settings, methods
        self.quick = quick_reads(target, settings)
        self._writes: QuickWrites | None = None
        self._may_write = methods is None and self.quick is not None
        self._exchange: Exchange | None = None
        self._making = Lock()
        if self.quick is None or not needs_no_check(target, settings):
            self.exchange()

    def exchange(self) -> Exchange:
        """The way of all requests but quick reads. Raises Unreachable."""
        with self._making:
            if self._exchange is None:
                self._exchange = _exchange(*self._constants)
            return self._exchange

    def send(self, method: str, url: str, query: tuple[tuple[str, str], ...], content: bytes | None) -> Received:
        """The answer to a request. Raises Failed, Unreachable, MethodRefused."""
        if method != "GET" and not query and (writes := self._quick_writes()) is not None:
            received = writes.send(method, url, content)
            if received is not None:
                return received
        return apart(lambda: self.exchange().send(method, url, query, content))

    def _quick_writes(self) -> QuickWrites | None:
        """Writes over libcurl; None where they can't be made."""
        if self._writes is None and self._may_write and self.quick is not None:
            with self._making:
                try:
                    self._writes = self._writes or QuickWrites(self.quick)
                except ImportError:
                    self._may_write = False
        return self._writes

    def close(self) -> None:
        """Give the connections back."""
        for way in (self.quick, self._writes, self._exchange):
            if way is not None:
                way.close()


def _exchange(target: Target, clock: Clock, settings: Settings, methods: frozenset[str] | None) -> Exchange:
    """The way that requests take. Raises Unreachable for a proxy or a CA bundle that can't be used."""
    if settings.embedded is not None:
        return Embedded(settings.embedded, settings.sent_headers, methods)
    from billsync.live.transports.over_core import OverCore, network  # httpx and httpcore load in a tenth of a second

    seconds, headers = settings.request_seconds, settings.sent_headers
    waits = {"silence": settings.answer_seconds, "connecting": min(CONNECT_SECONDS, seconds)}
    if settings.transport is not None:
        from billsync.live.transports.over_http import OverHttp

        return OverHttp(settings.transport, headers, methods, **waits)
    over = settings.network or network(target, clock, settings.environment, trust=settings.trust, seconds=seconds)
    return OverCore(over, headers, methods, **waits)
