"""`serve`: the embedded server on a loopback port, until it is stopped."""

from __future__ import annotations

import signal
import socket
from types import FrameType

from billsync.app.ending import Exit, error, usage
from billsync.cli.servers.database import open_database
from billsync.cli.terminal.signals import STOPPING
from billsync.cli.terminal.state_dir import default_database
from billsync.cli.terminal.surroundings import Run
from billsync.local.http_server import LoopbackServer
from billsync.local.server.editions import EDITIONS, edition_of

HOST = "127.0.0.1"
OWN_NAMES = frozenset((HOST, "localhost"))


def serve(
    run: Run,
    *,
    port: int,
    database: str | None,
    test_clock: bool,
    faithful_faults: bool = False,
    dialect: str | None = None,
    generation: str | None = None,
) -> Exit:
    """Serve until SIGINT or SIGTERM; the address stands on stdout once it answers. Port 0 takes a free one."""
    edition = edition_of(dialect, generation)
    if edition is None:
        known = ", ".join(each.generation for each in EDITIONS if each.dialect == dialect)
        raise usage("usage", f"{dialect} has no generation {generation!r}.", f"Its generations: {known}.")
    path = database or default_database(run.around.environment)
    app = open_database(
        path,
        run.around.clock,
        test_clock=test_clock,
        faithful_faults=faithful_faults,
        own_names=OWN_NAMES,
        edition=edition,
    )
    try:
        with _listening(port) as listener:
            server = LoopbackServer(app, listener)
            run.result(f"http://{HOST}:{server.port}/api/v3\n")
            _until_stopped(server)
    finally:
        app.close()
    return Exit.DONE


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as problem:
        raise error("no-port", f"{HOST}:{port}: {problem}") from problem


def _until_stopped(server: LoopbackServer) -> None:
    """Answer until a signal asks to stop. Its handler raises nothing: an exception could end anywhere in the server's
    loop, which goes on after most. A second signal interrupts the closing."""

    def stop(number: int, frame: FrameType | None) -> None:
        server.stop()

    before = {number: signal.getsignal(number) for number in STOPPING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        server.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        server.close_all()
