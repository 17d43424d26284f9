"""The server's time: periods are full, and money is due, by its clock. It only reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from billsync.api.documents import BALANCE
from billsync.app.server.connection import ReadingConnection
from billsync.live.lists.door import check_rows
from billsync.live.snapshot import PARENT
from billsync.model.moment import parse_moment
from billsync.model.state import Snapshot

CUSTOMER = "customer"
ONE = (("page[size]", "1"), ("page[number]", "1"))


def servers_now(connection: ReadingConnection, customer_id: str) -> datetime:
    """Return the server's time, as a balance shows it, else by the date of its answers, else this machine's."""
    path = BALANCE.replace(PARENT, customer_id)
    answer = connection.remote.get(path)
    if answer.ok and isinstance(answer.body, Mapping):
        check_rows(path, (answer.body,))
    told = answer.body.get("retrieved_at") if answer.ok and isinstance(answer.body, Mapping) else None
    return (parse_moment(told) if isinstance(told, str) else None) or _by_date(connection)


def servers_now_by_anybody(connection: ReadingConnection, known: Snapshot) -> datetime:
    """Return the server's time from the balance of a known customer, or of any; without customers, by the date of its
    answers, else this machine's."""
    rows = (row.id for row in known.of(CUSTOMER) if not row.fields.get("deleted_at"))
    somebody = next(rows, None) or _somebody(connection)
    return servers_now(connection, somebody) if somebody else _by_date(connection)


def _by_date(connection: ReadingConnection) -> datetime:
    ahead = getattr(connection.remote, "ahead", lambda path, query: timedelta())
    shown: timedelta = ahead(connection.routes[CUSTOMER].collection, ONE)
    return connection.clock.now() + shown


def _somebody(connection: ReadingConnection) -> str | None:
    path = connection.routes[CUSTOMER].collection
    answer = connection.remote.get(path, ONE)
    rows = answer.body.get("data") if answer.ok and isinstance(answer.body, Mapping) else None
    first = rows[0] if isinstance(rows, list | tuple) and rows else None
    return str(first["id"]) if isinstance(first, Mapping) and "id" in first else None
