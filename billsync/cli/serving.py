"""`serve`: the embedded server on a loopback port, until it is stopped."""

from __future__ import annotations

import socket

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from billsync.cli.database import open_database
from billsync.cli.ending import Exit, error
from billsync.cli.signals import Interrupted
from billsync.cli.state_dir import default_database
from billsync.cli.surroundings import Run

HOST = "127.0.0.1"


class Quiet(WSGIRequestHandler):
    """Speaks HTTP/1.1, and logs no requests: bodies and queries are nobody's business."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def serve(run: Run, *, port: int, database: str | None, test_clock: bool, faithful_faults: bool = False) -> Exit:
    """Serve until SIGINT or SIGTERM; the address stands on stdout once it answers. Port 0 takes a free one."""
    path = database or default_database(run.around.environment)
    app = open_database(path, run.around.clock, test_clock=test_clock, faithful_faults=faithful_faults)
    try:
        with _listening(port) as listener:
            server = make_server(HOST, port, app, threaded=True, request_handler=Quiet, fd=listener.fileno())
            run.result(f"http://{HOST}:{listener.getsockname()[1]}/api/v3\n")
            _until_stopped(server)
    finally:
        app.close()
    return Exit.DONE


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as problem:
        raise error("no-port", "the port can't be opened", f"{HOST}:{port}: {problem}") from problem


def _until_stopped(server: BaseWSGIServer) -> None:
    """Answer until a signal interrupts."""
    try:
        server.serve_forever()
    except (KeyboardInterrupt, Interrupted):
        pass
    finally:
        server.server_close()
