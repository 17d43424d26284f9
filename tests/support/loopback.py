"""The embedded server on a loopback port, with faults in front of it where a test wants them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from billsync.cli.serving import Quiet
from billsync.local.app import create_app
from tests.support.clock import FakeClock


class Proxy(Quiet):
    """Answers as something in front of the server, whose errors are its own."""

    def version_string(self) -> str:
        return "a proxy"


App = Callable[[dict[str, Any], Any], Iterable[bytes]]


@contextmanager
def serving(
    database: Path, clock: FakeClock, wrap: Callable[[App], App] | None = None, *, faithful_faults: bool = False
) -> Iterator[str]:
    """The base URL of a server over a database, which threads of this process answer."""
    app = create_app(database, clock=clock.now, faithful_faults=faithful_faults)
    front, handler = (wrap(app), Proxy) if wrap else (app, Quiet)
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v3"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.close()


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
