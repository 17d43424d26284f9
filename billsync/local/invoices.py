"""Invoices: this server makes none, so a list of them is empty, and there is none by id (customer-facts.md §13)."""

from __future__ import annotations

from billsync.local.listing import Listing, answer_list
from billsync.local.problems import bad_query, problem
from billsync.local.resource import Answer, Call, Route
from billsync.local.store import Row

INVOICE = "invoice"
MISSING = {"code": "invoice_not_found", "message": "invoice not found", "severity": "critical"}


def view(_: Call, row: Row) -> dict[str, object]:
    return dict(row.document)


LISTING = Listing(
    resource=INVOICE,
    view=view,
    fields={
        "status": "document ->> 'status'",
        "customer_id": "parent",
        "created_at": "created_at",
        "issued_at": "begins_at",
        "service_period_start": "begins_at",
    },
    sorts={"issued_at": "begins_at", "created_at": "created_at", "service_period_start": "begins_at"},
    order="created_at, id",
)


def listed(call: Call) -> Answer:
    if any(name == "filter[status][neq]" for name, _ in call.query):
        raise bad_query("filter[status]", "only eq and oeq operators are supported for status")
    return answer_list(LISTING, call)


def get(call: Call) -> Answer:
    """Raises Problem (404), always."""
    raise problem(404, f"invoice not found [id={call.path['invoiceId']}]", MISSING)


INVOICES = "/openmeter/billing/invoices"
ROUTES = (
    Route("GET", INVOICES, listed),
    Route("GET", f"{INVOICES}/{{invoiceId}}", get),
)
