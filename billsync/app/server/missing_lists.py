"""The lists that a server doesn't have."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.app.server.connection import ReadingConnection
from billsync.model.ports import RemoteError

NOT_FOUND = 404


def absent_lists(connection: ReadingConnection, kinds: Iterable[str]) -> frozenset[str]:
    """The kinds whose list this server doesn't have; one row of each is asked for. Raises RemoteError."""
    found = set()
    for kind in sorted(kinds):
        path = connection.routes[kind].collection
        answer = connection.remote.get(path, [("page[size]", "1")])
        if answer.status == NOT_FOUND:
            found.add(kind)
        elif not answer.ok:
            raise RemoteError(f"GET {path}: {answer.message}")
    return frozenset(found)
