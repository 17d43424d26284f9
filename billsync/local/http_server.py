"""The embedded server over a socket. Connections have no thread of their own, so that a slow or silent client can't
hold one; a request is answered once it has arrived in full. All limits are in `model/limits`."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask

from billsync.local.server.problems import problem
from billsync.local.store.documents import text_of
from billsync.local.store.limits import (
    BODY_BYTES,
    CONNECTIONS,
    HEADER_BYTES,
    IDLE_SECONDS,
    REQUEST_SECONDS,
    THREADS,
)

NAME = "billsync"
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]
ADJUSTMENTS: dict[str, Any] = {
    "threads": THREADS,
    "connection_limit": 2 * CONNECTIONS,
    "max_request_header_size": HEADER_BYTES,
    "max_request_body_size": BODY_BYTES + 1,
    # An answer waits for its client in memory, where it was made, and never in a thread.
    "outbuf_high_watermark": 1 << 40,
    "outbuf_overflow": 1 << 40,
    "cleanup_interval": 1,
    "log_socket_errors": False,
    "asyncore_use_poll": True,
}


class JsonErrorTask(ErrorTask):  # type: ignore[misc]
    """Answers an invalid or too large HTTP request in the form of the API's errors."""

    def execute(self) -> None:
        """Send the error and close the connection."""
        error = self.request.error
        body = problem(error.code, str(error.body)).body
        content = text_of({**body, "instance": "urn:request:unread"}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection, which knows since when a request of its is on its way."""

    error_task_class = JsonErrorTask

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._awaited: Any = None
        self._waiting_since: float | None = self.creation_time

    def received(self, data: bytes) -> bool:
        """Take a part of a request."""
        taken = super().received(data)
        if self.request is not self._awaited or self.request is None:
            self._awaited = self.request
            self._waiting_since = None if self.request is None else self.last_activity
        return bool(taken)

    def is_overdue(self, now: float) -> bool:
        """Whether the client has been too slow with its request, or idle for too long."""
        if self.requests:
            return False
        late = self._waiting_since is not None and now - self._waiting_since > REQUEST_SECONDS
        return late or now - self.last_activity > IDLE_SECONDS


class LoopbackServer(TcpWSGIServer):  # type: ignore[misc]
    """Answers over a socket that listens already, until it is stopped."""

    channel_class = Channel

    def __init__(self, app: WsgiApp, listener: socket.socket, *, name: str = NAME) -> None:
        for logger in ("waitress", "waitress.queue"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        about = (listener.family, listener.type, listener.proto, listener.getsockname())
        adjustments = Adjustments(sockets=[listener], ident=name, **ADJUSTMENTS)
        super().__init__(app, _sock=listener, adj=adjustments, bind_socket=False, sockinfo=about)
        self._stopped = False

    @property
    def port(self) -> int:
        return int(self.effective_port)

    def run(self) -> None:
        """Answer until `stop` is called (from any thread), or an exception such as KeyboardInterrupt ends it."""
        while not self._stopped:
            wasyncore.loop(timeout=1.0, use_poll=True, map=self._map, count=1)

    def stop(self) -> None:
        """Let `run` return soon."""
        self._stopped = True
        self.pull_trigger()

    def close_all(self) -> None:
        """Give requests at work a moment to end, and close every connection."""
        self.task_dispatcher.shutdown(timeout=5)
        wasyncore.close_all(self._map)

    def maintenance(self, now: float) -> None:
        """Close the connections whose clients are overdue."""
        for channel in self.active_channels.values():
            if channel.is_overdue(now):
                channel.will_close = True

    def handle_accept(self) -> None:
        """Accept a connection; if there are too many, close the one that has been idle longest."""
        super().handle_accept()
        if len(self.active_channels) > CONNECTIONS:
            waiting = [channel for channel in self.active_channels.values() if not channel.requests]
            if waiting:
                min(waiting, key=lambda channel: channel.last_activity).will_close = True
