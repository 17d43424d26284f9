"""Reads which customers, of those that a run would create with money, the server had before and were deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from billsync.api.documents import DELETED_CUSTOMERS
from billsync.app.server.connection import Connection
from billsync.live.lists.hidden_labels import read_documents
from billsync.live.lists.paging import Refused
from billsync.model.address import Address
from billsync.model.change import PlanFile
from billsync.model.frozen import replace
from billsync.model.state import Desired
from billsync.model.value import Fields
from billsync.report.moves.recreated import created_with_money, deleted_before

FEW = 3
"""Up to this many customers are looked up by key; above, the whole list is read, a thousand at a time."""


def read_deleted(connection: Connection, desired: Desired, plan: PlanFile) -> Mapping[Address, str]:
    """By customer that a run would create with money, when it was deleted before. Raises RemoteError.

    A server without API v1, or one that refuses its list, shows none.
    """
    new = created_with_money(plan)
    if not new or not connection.generation.can("deleted_customers"):
        return {}
    try:
        return deleted_before(new, _rows(connection, new), desired.owner)
    except Refused:
        return {}


def _rows(connection: Connection, customers: Sequence[Address]) -> Iterator[Fields]:
    keys = [address.key for address in customers] if len(customers) <= FEW else [None]
    for key in keys:
        asked = (*DELETED_CUSTOMERS.query, *((("key", key),) if key else ()))
        yield from read_documents(connection.remote, replace(DELETED_CUSTOMERS, query=asked)).values()
