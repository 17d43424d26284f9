"""`dump`: everything live as a document, and its losses. Reads only."""

from __future__ import annotations

from billsync.app.connection import Connection
from billsync.app.dumped_addons import with_addons
from billsync.app.dumped_losses import losses_beyond
from billsync.app.pipeline import everything
from billsync.core.dump import Dump, dump
from billsync.core.losses import told
from billsync.model.frozen import dataclass
from billsync.model.note import Note


@dataclass(frozen=True, slots=True)
class Dumped:
    """A dump; `beyond` are notes on items of subscriptions outside their plans."""

    dump: Dump
    beyond: tuple[Note, ...]

    @property
    def notes(self) -> tuple[Note, ...]:
        """A note for each thing that the document lacks."""
        return (*told(self.dump.losses), *self.beyond)


def dump_everything(connection: Connection) -> Dumped:
    """Read and dump everything that is live. Raises RemoteError."""
    found = with_addons(connection, everything(connection))
    beyond = losses_beyond(connection, found.snapshot)
    return Dumped(dump(found.snapshot, connection.kinds, connection.routes, beyond=beyond), found.notes)
