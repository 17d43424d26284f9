"""Invoices as they are read (customer-facts.md §13)."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.local.accounts.subscription_rows import SUBSCRIPTION
from billsync.local.charges.books import GRANT
from billsync.local.charges.charge_rows import CREDIT_ONLY
from billsync.local.charges.invoice_rows import INVOICE
from billsync.local.charges.invoices import GROUP, HIDDEN
from billsync.local.charges.settling import settle
from billsync.local.server.contract import filter_kinds
from billsync.local.server.filters import given_filters, items
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import bad_query, problem
from billsync.local.server.resource import Answer, Call, Route, ok, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row
from billsync.local.store.times import micros

# SQLite's planner would rather look at every grant.
WAITING = (
    f"seq IN (SELECT seq FROM entity INDEXED BY grant_unopened WHERE resource = '{GRANT}' AND {LIVE}"
    " AND begins_at <= :now AND document ->> 'funding_method' = 'invoice' AND NOT document ->> 'opened')"
)
INVOICED = f"{LIVE} AND begins_at <= :now AND document ->> 'settlement_mode' <> '{CREDIT_ONLY}'"
MISSING = {"code": "invoice_not_found", "message": "invoice not found", "severity": "critical"}


def view(_: Call, row: Row) -> Document:
    """As a row of a list: without lines."""
    return stamped(row, {name: value for name, value in row.document.items() if name not in HIDDEN})


LISTING = Listing(
    resource=INVOICE,
    view=view,
    fields={
        "status": "document ->> 'status'",
        "customer_id": "parent",
        "created_at": "created_at",
        "issued_at": "created_at",
        "service_period_start": "begins_at",
    },
    sorts={"issued_at": "created_at", "created_at": "created_at", "service_period_start": "begins_at"},
    order="created_at, id",
)


def listed(call: Call) -> Answer:
    if any(name == "filter[status][neq]" for name, _ in call.query):
        raise bad_query("filter[status]", "only eq and oeq operators are supported for status")
    for customer in asked_customers(call) or waiting_customers(call):
        settle(call, customer)
    return answer_list(LISTING, call)


def asked_customers(call: Call) -> tuple[str, ...]:
    """The customers to whom a filter narrows the list, if it does."""
    given = given_filters(call.query, filter_kinds(call.operation)).get("customer_id", {})
    return tuple(items(given.get("eq", "")) or items(given.get("oeq", "")))


def waiting_customers(call: Call) -> Iterable[str]:
    """The customers whose invoices may have become due."""
    now = {"now": micros(call.now)}
    found = [*call.store.rows(GRANT, WAITING, now), *call.store.rows(SUBSCRIPTION, INVOICED, now)]
    return dict.fromkeys(row.parent or "" for row in found)


def get(call: Call) -> Answer:
    """An invoice with its lines. Raises Problem (404)."""
    if (known := call.store.get(INVOICE, call.path["invoiceId"])) is not None:
        settle(call, known.parent or "")
    row = call.store.get(INVOICE, call.path["invoiceId"])
    if row is None:
        raise problem(404, f"invoice not found [id={call.path['invoiceId']}]", MISSING)
    return ok(stamped(row, {name: value for name, value in row.document.items() if name != GROUP}))


INVOICES = "/openmeter/billing/invoices"
ROUTES = (
    Route("GET", INVOICES, listed, settles=True),
    Route("GET", f"{INVOICES}/{{invoiceId}}", get, settles=True),
)
