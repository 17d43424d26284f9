"""Reads of one customer: its id by its key, its subscriptions, and its credits."""

from __future__ import annotations

from billsync.api.documents import BALANCE, TRANSACTIONS
from billsync.app.ending import error, usage
from billsync.app.reading.metering import live_subscription
from billsync.app.server.connection import Connection
from billsync.core.observed.row_validation import shown, unknown_in
from billsync.live.statement import StatementRoutes, read_statement
from billsync.model.ports import RemoteError
from billsync.model.value import is_text
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.subscribed import Subscribed
from billsync.report.credits.ledger import Statement


def customer_id_of(connection: Connection, key: str) -> str:
    """The server's id of a customer. Raises Ended when there is none with the key, RemoteError."""
    if not key.strip(", "):
        raise usage("no-customer", "The key of a customer is never empty.")
    if not is_text(key):
        raise usage("no-customer", f"The key of a customer is UTF-8 text: {key!r} is not.")
    rows = connection.rows("customer", key=key)
    live = sorted(str(row["id"]) for row in rows if not row.get("deleted_at") and row.get("key") in (key, None))
    if len(live) > 1:
        both = f"{connection.target} shows {len(live)} with the key {key!r}: {' and '.join(live)}."
        raise error("duplicate-rows", both, "Delete or rename the wrong one.")
    if not live:
        raise error("no-customer", f"{connection.target} has none with the key {key!r}.")
    return live[0]


def subscriptions_of(connection: Connection, customer_id: str, catalog: Catalog) -> tuple[Subscribed, ...] | None:
    """A customer's subscriptions, whenever they are in force; None where the server doesn't show their phases. Raises
    RemoteError."""
    rows = connection.rows("subscription", customer_id=customer_id)
    found = [live_subscription(row, catalog.features) for row in rows if not row.get("deleted_at")]
    shown = tuple(one for one in found if one is not None)
    return shown if len(shown) == len(found) else None


def statement_of(connection: Connection, customer_id: str) -> Statement:
    """The server's account of a customer's credits. Raises RemoteError."""
    routes = StatementRoutes(BALANCE, TRANSACTIONS, connection.routes["grant"])
    found = read_statement(connection.remote, connection.clock, customer_id, routes)
    for grant in found.grants:
        if faults := unknown_in(connection.kinds["grant"], grant):
            raise RemoteError(f"unexpected response: a grant ({grant.get('id')}) shows {shown(faults)}")
    return found


def read_statement_of(connection: Connection, customer: str) -> Statement:
    """The server's account of the credits of a customer, by its key. Raises Ended when there is none, RemoteError."""
    return statement_of(connection, customer_id_of(connection, customer))
