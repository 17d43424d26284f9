"""`dump`: everything live as a document, and its losses. Reads only."""

from __future__ import annotations

from billsync.app.dump.addons import with_addons
from billsync.app.dump.losses import losses_beyond
from billsync.app.planning.pipeline import everything
from billsync.app.server.connection import Connection
from billsync.core.dump.dump import Dump, dump


def dump_everything(connection: Connection) -> Dump:
    """Read and dump everything that is live. Raises RemoteError."""
    found = with_addons(connection, everything(connection))
    beyond = (*losses_beyond(connection, found.snapshot), *found.losses)
    return dump(found.snapshot, connection.kinds, connection.routes, beyond=beyond)
