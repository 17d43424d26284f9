"""The charges of a customer: the costs of its subscriptions, period by period (customer-facts.md §11)."""

from __future__ import annotations

from billsync.local.charges.charge_costs import booked_totals, cost, drawn_amount, period_of, shown_totals
from billsync.local.charges.charge_rows import CHARGE, USAGE, is_invoiced
from billsync.local.charges.settling import settle
from billsync.local.server.contract import checked_items, filter_kinds
from billsync.local.server.filters import Condition, given_filters, items
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.resource import Answer, Call, Route, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row

SHOWN = (
    "type",
    "name",
    "description",
    "labels",
    "currency",
    "customer",
    "status",
    "advance_after",
    "feature_id",
    "feature_key",
    "price",
    "discounts",
    "payment_term",
    "proration_configuration",
    "amount_after_proration",
    "invoice_at",
    "service_period",
    "full_service_period",
    "billing_period",
    "settlement_mode",
    "lifecycle_controller",
    "subscription",
    "tax_config",
    "unique_reference_id",
)
REAL_TIME = "real_time_usage"


def view(call: Call, row: Row) -> Document:
    """A charge as it is read; only one by usage has totals."""
    document = row.document
    body = present(document, *SHOWN)
    if row.deleted_at is not None:
        body["status"] = "deleted"
    if document["type"] == USAGE:
        booked = booked_totals(document)
        drawn = drawn_amount(document) if is_invoiced(document) else booked.total
        body["totals"] = {"booked": shown_totals(booked, drawn=drawn)}
        if REAL_TIME in dict(call.query).get("expand", "").split(","):
            complete = period_of(document["service_period"]).end <= call.now
            real = cost(call.store, document, stored_before=None, complete=complete)
            body["totals"]["realtime"] = shown_totals(real)
    return stamped(row, body)


STATUS = "CASE WHEN deleted_at IS NULL THEN document ->> 'status' ELSE 'deleted' END"


def narrowed(call: Call) -> Condition:
    """The customer's charges of the statuses asked for with `oeq`; `eq` is ignored, deleted ones must be asked for."""
    given = given_filters(call.query, filter_kinds(call.operation))
    wanted = tuple(items(given.get("status", {}).get("oeq", "")))
    marks = ",".join("?" * len(wanted))
    status = f"{STATUS} IN ({marks})" if wanted else LIVE
    return Condition(f"parent = ? AND {status}", (call.path["customerId"], *wanted))


LISTING = Listing(
    resource=CHARGE,
    view=view,
    sorts={
        "id": "id",
        "created_at": "created_at",
        "service_period.from": "document -> 'service_period' ->> 'from'",
        "billing_period.from": "document -> 'billing_period' ->> 'from'",
    },
    order="created_at, id",
    where="TRUE",
    scope=narrowed,
)


def listed(call: Call) -> Answer:
    """A page of charges; of none it has null for a list (§11)."""
    checked_items(call.operation, call.query, "expand")
    settle(call, call.path["customerId"])
    page = answer_list(LISTING, call).body
    return ok(page if page["data"] else {**page, "data": None})


CHARGES = "/openmeter/customers/{customerId}/charges"
ROUTES = (Route("GET", CHARGES, listed, settles=True),)
