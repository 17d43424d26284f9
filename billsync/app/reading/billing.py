"""Reads the billing of customers: profiles, apps, and a customer's own data."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.api.documents import BILLING, UNDECLARED
from billsync.app.server.connection import Connection
from billsync.core.observed.index import Index
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.routes import ListQuery
from billsync.model.value import Fields
from billsync.report.moves.collecting import Billing, Profiles

LISTING = ListQuery(sort=None, size=100, at_once=1)


def read_billing(connection: Connection, found: Index, customers: Iterable[Address]) -> Billing:
    """The billing of these customers: of none of them unless a billing profile may need data of customers.

    Raises RemoteError.
    """
    ordered = sorted(customers, key=lambda address: address.order)
    profiles = _profiles(connection) if ordered else Profiles()
    if not profiles.may_need_setup:
        return Billing(profiles)

    known = {customer: found.records[customer] for customer in ordered if customer in found.records}
    documents = connection.documents(BILLING.replace(PARENT, row.id) for row in known.values())
    answers = {
        customer: document.status if isinstance(document, Refused) else document
        for customer, document in zip(known, documents, strict=True)
    }
    return Billing(profiles, {customer: answers.get(customer) for customer in ordered})


def _profiles(connection: Connection) -> Profiles:
    apps = _live_rows(connection, "apps")
    types = None if apps is None else {str(app.get("id")): str(app.get("type")) for app in apps}
    return Profiles(_live_rows(connection, "billing profiles"), types)


def _live_rows(connection: Connection, name: str) -> tuple[Fields, ...] | None:
    path, query = UNDECLARED[name]
    try:
        rows = connection.listed(path, query, listing=LISTING)
    except Refused:
        return None
    return tuple(row for row in rows if not row.get("deleted_at"))
