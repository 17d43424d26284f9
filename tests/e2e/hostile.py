"""Servers that turn bad in the middle of a run: a wrapper that spoils chosen answers of the embedded one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback import App

Respond = Callable[[Any], Iterable[bytes]]


def html(start_response: Any) -> Iterable[bytes]:
    """A page of something else."""
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<html><body>Welcome</body></html>"]


def html_error(start_response: Any) -> Iterable[bytes]:
    """A gateway's error page."""
    start_response("502 Bad Gateway", [("Content-Type", "text/html")])
    return [b"<html><body>Bad gateway</body></html>"]


def half_a_body(start_response: Any) -> Iterable[bytes]:
    """An answer that ends in the middle."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "9000")])
    return [b'{"data": [{"id": "01']


def nothing(start_response: Any) -> Iterable[bytes]:
    """A success without a body."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "0")])
    return []


def not_let_in(start_response: Any) -> Iterable[bytes]:
    """A token that is missing."""
    start_response("401 Unauthorized", [("Content-Type", "application/problem+json")])
    return [
        b'{"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "no token", "instance": "urn:x:1"}'
    ]


def forbidden(start_response: Any) -> Iterable[bytes]:
    """A token that may not do this."""
    start_response("403 Forbidden", [("Content-Type", "application/problem+json")])
    return [
        b'{"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "not yours", "instance": "urn:x:1"}'
    ]


def busy(start_response: Any) -> Iterable[bytes]:
    """Too many requests, for ever."""
    start_response("429 Too Many Requests", [("Content-Type", "text/plain"), ("Retry-After", "30")])
    return [b"slow down"]


UNCLEAR: tuple[Respond, ...] = (html, html_error, half_a_body, nothing)
"""Answers that don't tell whether the server acted."""

CLEAR: tuple[Respond, ...] = (not_let_in, forbidden, busy)
"""Answers that say that nothing was done."""


@dataclass(slots=True)
class Spoiled:
    """Spoils every answer to requests of a method, from a number of such requests on; the server acts or not."""

    respond: Respond
    method: str
    after: int
    acts: bool = False
    seen: int = 0
    writes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, app: App) -> App:
        """The app with this in front of it."""

        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            spoils = self._counted(environ["REQUEST_METHOD"])
            if spoils and self.acts:
                b"".join(app(environ, lambda status, headers, error=None: None))
            elif spoils:
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return self.respond(start_response) if spoils else app(environ, start_response)

        return wrapped

    def _counted(self, method: str) -> bool:
        with self.lock:
            self.seen += method == self.method
            spoils = method == self.method and self.seen > self.after
            self.writes += method != "GET" and (not spoils or self.acts)
            return spoils
