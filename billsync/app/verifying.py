"""Reads the state that `verify` compares with a snapshot: balances, promises, and plan versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync import __version__
from billsync.api.documents import BALANCE
from billsync.app.connection import Connection
from billsync.app.promises import SUBSCRIPTION, read_promised
from billsync.core.read_set import all_reads
from billsync.kinds.registry import KINDS
from billsync.live.paging import Refused
from billsync.live.snapshot import PARENT, snapshot
from billsync.model.recovery import Accounted, Credit, Header, Recovery
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields
from billsync.report.recovery.departures import Aspect, Proof, departures

CUSTOMER = "customer"
PAUSES = (5.0, 10.0, 30.0)
"""Seconds to wait for the server's workers, which book a second or two after a subscription began (customer-facts.md
§19)."""

LAGGING = frozenset({Aspect.BALANCE, Aspect.PENDING, Aspect.DUE, Aspect.ACCESS})
KEPT = ("key", "deleted_at")
"""The members of a customer's row that are compared."""


def verify(connection: Connection, recovery: Recovery, accounts: Iterable[Accounted] = ()) -> Proof:
    """Compare a server with a snapshot. `accounts` are the loss report that may explain departures.

    Raises RemoteError.
    """
    live = read_standing(connection)
    return departures(recovery, live, accounts, kinds=connection.kinds, routes=connection.routes)


def verify_patiently(connection: Connection, recovery: Recovery, accounts: Iterable[Accounted]) -> Proof:
    """Compare a server right after a restore; what its workers may not have booked yet is looked at again.

    Raises RemoteError.
    """
    lines = tuple(accounts)
    proof = verify(connection, recovery, lines)
    for pause in PAUSES:
        if not any(one.aspect in LAGGING for one in proof.unexplained):
            break
        connection.clock.sleep(pause)
        proof = verify(connection, recovery, lines)
    return proof


def read_standing(connection: Connection) -> Recovery:
    """The live state as far as it is compared. Raises RemoteError."""
    promised = read_promised(connection)
    catalog = snapshot(
        connection.source, [read for read in all_reads(KINDS, connection.routes) if _is_catalog(read.kind)]
    )
    customers = tuple(_customer(row) for row in connection.rows(CUSTOMER) if not row.get("deleted_at"))
    subscriptions = tuple(Row(SUBSCRIPTION, str(row["id"]), row) for row in promised.rows)
    header = Header(
        promised.at,
        promised.at,
        connection.target,
        connection.dialect,
        connection.generation.full_name,
        __version__,
    )
    rows = {CUSTOMER: customers, SUBSCRIPTION: subscriptions}
    credit = _credit(connection, [one.id for one in customers])
    return Recovery(header, catalog.with_(Snapshot(rows)), credit=credit, promises=promised.promises)


def _is_catalog(kind: str) -> bool:
    return kind not in (CUSTOMER, SUBSCRIPTION)


def _customer(row: Fields) -> Row:
    return Row(CUSTOMER, str(row["id"]), {name: row[name] for name in KEPT if name in row})


def _credit(connection: Connection, customers: Iterable[str]) -> Mapping[str, Credit]:
    """The balances of customers: a request for each. Raises RemoteError where one is refused."""
    names = tuple(customers)
    found: dict[str, Credit] = {}
    answers = connection.documents(BALANCE.replace(PARENT, name) for name in names)
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, Refused):
            raise answer
        found[name] = Credit(balances=tuple(answer.get("balances") or ()))
    return found
