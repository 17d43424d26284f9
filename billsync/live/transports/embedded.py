"""The embedded server, called in this process: no network, and no HTTP client to load."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from billsync.live.protocol.exchange import MethodRefused
from billsync.live.protocol.received import Received

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Embedded:
    """Implements `exchange.Exchange` over a WSGI application."""

    def __init__(self, app: App, headers: Mapping[str, str], methods: Collection[str] | None) -> None:
        self._app = app
        self._headers = headers
        self._methods = methods

    def send(self, method: str, url: str, query: tuple[tuple[str, str], ...], content: bytes | None) -> Received:
        """Call the application. Raises MethodRefused before that, and whatever the application raises."""
        if self._methods is not None and method not in self._methods:
            raise MethodRefused(f"{method} {urlsplit(url).path}: this connection only reads")
        status, headers = "", dict[str, str]()

        def begin(line: str, given: list[tuple[str, str]], problem: object = None) -> None:
            nonlocal status, headers
            status, headers = line, {name.lower(): value for name, value in given}

        parts = self._app(self._environ(method, url, query, content), begin)
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        return Received(int(status.partition(" ")[0]), headers, body)

    def close(self) -> None:
        """The application belongs to whoever opened it."""

    def _environ(
        self, method: str, url: str, query: tuple[tuple[str, str], ...], content: bytes | None
    ) -> dict[str, Any]:
        address = urlsplit(url)
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self._headers.items()}
        if content is not None:
            headers |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(content))}
        return {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": address.scheme,
            "wsgi.input": BytesIO(content or b""),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(address.path, "latin-1"),
            "QUERY_STRING": urlencode(query),
            "SERVER_NAME": address.hostname,
            "SERVER_PORT": str(address.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": address.netloc,
            **headers,
        }
