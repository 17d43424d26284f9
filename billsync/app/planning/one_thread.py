"""Steps that are carried out at a time in one thread, where the client of their server can give way."""

from __future__ import annotations

from billsync.app.server.connection import Connection
from billsync.apply.execute import Manner
from billsync.apply.workers import OneThread, Workers, workers
from billsync.model.frozen import replace


def in_one_thread(connection: Connection, manner: Manner) -> Manner:
    """The manner with one thread for all steps, instead of one for each that is carried out at a time."""
    begin = getattr(connection.remote, "fibers", None)  # a stand-in for a server has none
    if begin is None or manner.workers is not workers:
        return manner

    def crew(at_once: int) -> Workers:
        fibers = begin() if at_once > 1 else None
        return workers(at_once) if fibers is None else OneThread(fibers)

    return replace(manner, workers=crew)
