"""Invoices as they are read (customer-facts.md §13): this server makes only those that sell credits."""

from __future__ import annotations

from billsync.local.charges.books import GRANT
from billsync.local.charges.invoice_rows import INVOICE
from billsync.local.charges.settling import settle
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
MISSING = {"code": "invoice_not_found", "message": "invoice not found", "severity": "critical"}


def view(_: Call, row: Row) -> Document:
    """As a row of a list: without lines."""
    return stamped(row, {name: value for name, value in row.document.items() if name != "lines"})


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
    settle_waiting(call)
    return answer_list(LISTING, call)


def settle_waiting(call: Call) -> None:
    """Makes the invoices that have become due."""
    for grant in call.store.rows(GRANT, WAITING, {"now": micros(call.now)}):
        settle(call, grant.parent or "")


def get(call: Call) -> Answer:
    """An invoice with its lines. Raises Problem (404)."""
    row = call.store.get(INVOICE, call.path["invoiceId"])
    if row is None:
        raise problem(404, f"invoice not found [id={call.path['invoiceId']}]", MISSING)
    return ok(stamped(row, row.document))


INVOICES = "/openmeter/billing/invoices"
ROUTES = (
    Route("GET", INVOICES, listed, settles=True),
    Route("GET", f"{INVOICES}/{{invoiceId}}", get),
)
