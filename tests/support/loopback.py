"""The embedded server on a loopback port, with faults in front of it where a test wants them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from billsync.local.app import create_app
from billsync.local.http_server import NAME, LoopbackServer
from tests.support.clock import FakeClock

PROXY = "a proxy"
"""The name of something in front of the server, whose errors are its own."""

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


@contextmanager
def serving(
    database: Path, clock: FakeClock, wrap: Callable[[App], App] | None = None, *, faithful_faults: bool = False
) -> Iterator[str]:
    """The base URL of a server over a database, which threads of this process answer."""
    app = create_app(database, clock=clock.now, faithful_faults=faithful_faults)
    front, name = (wrap(app), PROXY) if wrap else (app, NAME)
    try:
        with listening(front, name=name) as port:
            yield f"http://127.0.0.1:{port}/api/v3"
    finally:
        app.close()


@contextmanager
def listening(app: App, *, name: str = NAME) -> Iterator[int]:
    """The loopback port on which a thread of this process answers with the app."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = LoopbackServer(app, listener, name=name)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server.port
        finally:
            server.stop()
            thread.join()
            server.close_all()


def failing(method: str, path_part: str, status: str = "500 Internal Server Error") -> Callable[[App], App]:
    """A wrapper whose server answers these requests with a status instead of doing what is asked."""

    def wrap(app: App) -> App:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] == method and path_part in environ["PATH_INFO"]:
                length = int(environ.get("CONTENT_LENGTH") or 0)
                environ["wsgi.input"].read(length)
                start_response(status, [("Content-Type", "application/problem+json")])
                return [_problem(status)]
            return app(environ, start_response)

        return wrapped

    return wrap


def _problem(status: str) -> bytes:
    code, _, title = status.partition(" ")
    body = {"type": "about:blank", "title": title, "status": int(code), "detail": "no", "instance": "urn:request:1"}
    return json.dumps(body).encode()
