"""The embedded server in a process of its own, which notes every exchange: `served DATABASE EXCHANGES`.

It prints its address once it listens, and stops on SIGTERM.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import IO, Any

from benchmarks.recovery.exchanges import Exchange
from billsync.local.app import create_app
from billsync.local.http_server import LoopbackServer, WsgiApp


class Noting:
    """A WSGI application that notes what another one is asked, and answers."""

    def __init__(self, app: WsgiApp, file: IO[bytes]) -> None:
        self._app, self._file, self._lock = app, file, Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        statuses: list[str] = []

        def start(status: str, headers: Any, *more: Any) -> Any:
            statuses.append(status)
            return start_response(status, headers, *more)

        answer = b"".join(self._app({**environ, "wsgi.input": BytesIO(body)}, start))
        line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        with self._lock:
            Exchange(line.rstrip("?").encode(), body, statuses[0].encode(), answer).write(self._file)
        return [answer]


def main() -> None:
    """Serve until a signal asks to stop."""
    database, path = sys.argv[1:]
    app = create_app(database, clock=lambda: datetime.now(UTC))
    with Path(path).open("wb") as file, socket.create_server(("127.0.0.1", 0)) as listener:
        server = LoopbackServer(Noting(app, file), listener)
        signal.signal(signal.SIGTERM, lambda number, frame: server.stop())
        print(f"http://127.0.0.1:{server.port}/api/v3", flush=True)
        server.run()
        server.close_all()
    app.close()


if __name__ == "__main__":
    main()
