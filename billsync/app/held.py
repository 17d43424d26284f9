"""Reads of what keeps the server from deleting a customer, besides rows of kinds: entitlements and open invoices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from billsync.api.documents import ENTITLEMENT_ACCESS, INVOICES
from billsync.app.connection import ReadingConnection
from billsync.live.snapshot import PARENT

FINAL = frozenset({"paid", "uncollectible", "voided", "deleted"})
"""The statuses of invoices that don't keep the server from deleting a customer (customer-facts.md §3.6)."""


def held_of(connection: ReadingConnection, customer_ids: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """By customer, what keeps the server from deleting it, in words. Raises RemoteError."""
    return {each: (*_entitlements(connection, each), *_invoices(connection, each)) for each in customer_ids}


def _entitlements(connection: ReadingConnection, customer_id: str) -> Iterator[str]:
    rows = connection.document(ENTITLEMENT_ACCESS.replace(PARENT, customer_id))["data"]
    keys = [str(row["feature_key"]) for row in rows]
    if keys:
        yield f"the entitlement to {', '.join(keys)}"


def _invoices(connection: ReadingConnection, customer_id: str) -> Iterator[str]:
    if not connection.generation.can("invoices"):
        return
    for row in connection.listed(INVOICES, (("filter[customer_id][eq]", customer_id),)):
        if row["status"] not in FINAL:
            yield f"the invoice {row['number']} ({row['status']}), which is not final"
