"""Reads of what keeps the server from deleting a customer, besides rows of kinds: entitlements and open invoices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from billsync.api.documents import ENTITLEMENT_ACCESS, INVOICES
from billsync.app.server.connection import ReadingConnection
from billsync.core.changes.read_set import filter_chunks
from billsync.live.lists.page import Refused
from billsync.live.snapshot import PARENT
from billsync.model.value import Fields

FINAL = frozenset({"paid", "uncollectible", "voided", "deleted"})
"""The statuses of invoices that don't keep the server from deleting a customer (customer-facts.md §3.6)."""


def held_of(connection: ReadingConnection, customer_ids: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """By customer, what keeps the server from deleting it, in words. Raises RemoteError."""
    ids = tuple(customer_ids)
    invoices = _invoices(connection, ids)
    accesses = connection.documents(ENTITLEMENT_ACCESS.replace(PARENT, each) for each in ids)
    return {each: (*_entitlements(access), *invoices[each]) for each, access in zip(ids, accesses, strict=True)}


def _entitlements(access: Fields | Refused) -> Iterator[str]:
    if isinstance(access, Refused):
        raise access
    keys = [str(row["feature_key"]) for row in access["data"]]
    if keys:
        yield f"the entitlement to {', '.join(keys)}"


def _invoices(connection: ReadingConnection, customer_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """By customer, the invoices that aren't final. Those of many customers are in one list, in which an invoice of
    somebody else counts for all of them."""
    found: dict[str, list[str]] = {each: [] for each in customer_ids}
    lots = filter_chunks(customer_ids) if customer_ids and connection.generation.can("invoices") else ()
    for lot in lots:
        for row in connection.listed(INVOICES, (("filter[customer_id][oeq]", ",".join(lot)),)):
            if row["status"] not in FINAL:
                text = f"the invoice {row['number']} ({row['status']}), which is not final"
                whose = row["customer"]["id"]
                for each in (whose,) if whose in found else lot:
                    found[each].append(text)
    return found
