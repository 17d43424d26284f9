"""One request and its answer, over whatever carries it, and the ways in which it can fail."""

from __future__ import annotations

from typing import Protocol

from billsync.live.protocol.received import Received

ACCEPTED = "gzip"
"""The compression that is asked for."""


class Failed(Exception):
    """The answer did not come, and whether the request was carried out is unknown. The text is the reason."""


class NotSent(Failed):
    """The request never reached the server."""


class Silent(Failed):
    """No byte moved for too long."""


class Overdue(Failed):
    """The whole of a request took longer than it may."""


class TooLong(Failed):
    """The body is longer than the limit."""


class MethodRefused(Exception):
    """A request with another method than those that may be sent. A bug: no code that has such a client makes one."""


class Exchange(Protocol):
    """Carries requests; threads may share one."""

    def send(self, method: str, url: str, query: tuple[tuple[str, str], ...], content: bytes | None) -> Received:
        """Return the answer with its whole body. Raises Failed; MethodRefused before anything is sent."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...
