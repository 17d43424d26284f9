"""Reads of a dump besides the managed kinds: credit, billing, and the lists that no file can declare."""

from __future__ import annotations

from collections.abc import Sequence

from billsync.api.documents import BALANCE, BILLING, CURRENCIES, UNDECLARED
from billsync.app.server.connection import Connection
from billsync.core.dump.losses import Loss
from billsync.core.observed.index import Index, index
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.routes import ListQuery
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from billsync.report.dump.losses_beyond import Lists, LossFacts, customers, losses_in, with_credit

LISTING = ListQuery(sort=None, size=100, at_once=1)


def losses_beyond(connection: Connection, live: Snapshot) -> tuple[Loss, ...]:
    """Read and return the losses that other lists and documents show. Raises RemoteError."""
    found = index(live, KINDS, connection.routes)
    return losses_in(read_loss_facts(connection, found), found)


def read_loss_facts(connection: Connection, found: Index) -> LossFacts:
    """Lists that no file can declare, balances, and billing where it may be a customer's own. Raises RemoteError."""
    lists = read_undeclared(connection)
    owing, billed = with_credit(found), customers(found) if lists.may_bill else ()

    def documents(path: str, of: Sequence[Address]) -> dict[Address, Fields | int]:
        read = connection.documents(path.replace(PARENT, found.records[customer].id) for customer in of)
        answers = (one.status if isinstance(one, Refused) else one for one in read)
        return dict(zip(of, answers, strict=True))

    return LossFacts(lists, documents(BALANCE, owing), documents(BILLING, billed))


def may_bill(connection: Connection) -> bool:
    """Whether a customer's billing can be anything but the default of a fresh server. Raises RemoteError."""
    return read_undeclared(connection).may_bill


def read_undeclared(connection: Connection) -> Lists:
    """The lists of what no file can declare. Raises RemoteError."""
    rows: dict[str, tuple[Fields, ...]] = {}
    refused: dict[str, int] = {}
    for name, (path, query) in UNDECLARED.items():
        if path == CURRENCIES and not connection.generation.can("custom_currencies"):
            rows[name] = ()
            continue
        try:
            found = connection.listed(path, query, listing=LISTING)
            rows[name] = tuple(row for row in found if not row.get("deleted_at"))
        except Refused as problem:
            refused[name] = problem.status
    return Lists(rows, refused)
