"""Reads invoices, where the dialect has them."""

from __future__ import annotations

from collections.abc import Sequence

from billsync.api.documents import INVOICES
from billsync.app.ending import error
from billsync.app.reading.customers import customer_id_of
from billsync.app.server.connection import Connection
from billsync.core.changes.read_set import filter_chunks
from billsync.live.lists.page import Refused
from billsync.model.value import Fields
from billsync.report.billing.invoices import Invoice, invoices


def read_invoices(connection: Connection, customer: str | None) -> tuple[Invoice, ...]:
    """The invoices of a customer, or all, oldest first. Raises Ended where the dialect has none, RemoteError."""
    if not connection.generation.can("invoices"):
        hint = "Open the billing portal: customers see and pay theirs there, and so does an operator."
        raise error("no-invoices", f"The {connection.dialect} API doesn't list them.", hint)
    filters = [("filter[customer_id][eq]", customer_id_of(connection, customer))] if customer is not None else []
    return invoices(connection.listed(INVOICES, filters), connection.clock.now())


def invoices_of(connection: Connection, customer_ids: Sequence[str]) -> tuple[Fields, ...] | None:
    """The rows of all invoices of some customers; None where the server doesn't show them. Raises RemoteError."""
    if not connection.generation.can("invoices"):
        return None
    lots = (("filter[customer_id][oeq]", ",".join(lot)) for lot in filter_chunks(customer_ids))
    try:
        return tuple(row for lot in lots for row in connection.listed(INVOICES, (lot,)))
    except Refused:
        return None
