"""Credit grants: money a customer has before it is spent (customer-facts.md §7). What is left of it: `ledger`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.customers import find as find_customer
from billsync.local.documents import Document
from billsync.local.filters import Condition
from billsync.local.labels import visible
from billsync.local.ledger import GRANT, awaits_invoice, remaining
from billsync.local.listing import Listing, answer_list
from billsync.local.money import check_fiat, product, rounded, shown
from billsync.local.periods import span_of
from billsync.local.problems import Issue, api_error, broken_rules, conflict, invalid, not_found, problem
from billsync.local.resource import Answer, Call, Route, created, new_row, ok, present, stamped
from billsync.local.store import LIVE, Row, Store, changed
from billsync.local.times import instant_of, rfc3339
from billsync.local.values import canonical

SHOWN = ("key", "name", "description", "funding_method", "currency", "amount", "priority", "tax_config", "filters")
PENDING, AUTHORIZED, SETTLED = "pending", "authorized", "settled"
STEPS = {(PENDING, AUTHORIZED), (PENDING, SETTLED), (AUTHORIZED, SETTLED)}
# Between `status` and the columns: the order of the tests is §7.6.
STATUS = (
    "CASE WHEN document ->> 'voided_at' IS NOT NULL THEN 'voided' WHEN ends_at <= :now THEN 'expired'"
    " WHEN document ->> 'funding_method' = 'invoice' AND begins_at > :now THEN 'pending' ELSE 'active' END"
)


def view(call: Call, row: Row) -> Document:
    """A grant as it is read now (§7.2)."""
    document = row.document
    body = present(document, *SHOWN) | {"labels": visible(document["labels"]), "status": status(row, call.now)}
    if "purchase" in document:
        body["purchase"] = {**document["purchase"], "settlement_status": settlement(row, call.now)}
    if row.begins_at is not None and document["starts_when_told"]:
        body["effective_at"] = rfc3339(row.begins_at)
    if row.ends_at is not None:
        body["expires_at"] = rfc3339(row.ends_at)
    return stamped(row, body | present(document, "voided_at"))


def status(row: Row, now: datetime) -> str:
    """Where the grant stands (§7.6)."""
    if "voided_at" in row.document:
        return "voided"
    if row.ends_at is not None and row.ends_at <= now:
        return "expired"
    return "pending" if awaits_invoice(row, now) else "active"


def settlement(row: Row, now: datetime) -> str:
    """How far the payment is: an invoice is paid at once by the sandbox app (§7.5)."""
    if row.document["funding_method"] == "invoice":
        return PENDING if awaits_invoice(row, now) else SETTLED
    return str(row.document["settlement_status"])


LISTING = Listing(
    resource=GRANT,
    view=view,
    fields={"status": STATUS, "currency": "document ->> 'currency'", "key": "key"},
    scope=lambda call: Condition("parent = ?", (call.path["customerId"],)),
)


def create(call: Call) -> Answer:
    body, store = call.body, call.store
    check(body)
    customer = find_customer(store, call.path["customerId"])
    document = kept(store, body)
    if "key" in body and store.first(GRANT, "parent = :customer AND key = :key", named(customer, body["key"])):
        raise conflict("the customer has a grant with this key already")
    start = start_of(body, call.now)
    place = {"key": body.get("key"), "parent": customer.id, "begins_at": start, "ends_at": expiry(body, start)}
    row = new_row(call, GRANT, document, **place)
    # The bookings to come have ids already, later ones than the grant's: bookings of one instant sort by id.
    bookings = {"expiry_id": call.mint(), "void_id": call.mint()}
    return created(view(call, store.insert(replace(row, document=document | bookings))))


def named(customer: Row, key: str) -> Mapping[str, str]:
    return {"customer": customer.id, "key": key}


def check(body: Mapping[str, Any]) -> None:
    """Raises Problem (400) for terms that no grant can have (§7.3)."""
    features = body.get("filters", {}).get("features") or []
    if len(set(features)) < len(features):
        raise api_error(400, "Bad Request")
    check_fiat(body["currency"])
    if Decimal(body["amount"]) <= 0:
        raise invalid("amount must be positive")
    if body["funding_method"] != "none":
        check_purchase(body)
    if "expires_after" in body:
        length = span_of(body["expires_after"])
        if length is None or length.is_empty:
            raise invalid("expires_after must be positive")


def check_purchase(body: Mapping[str, Any]) -> None:
    purchase = body.get("purchase")
    if purchase is None:
        raise invalid("purchase terms are required for funded grants")
    if purchase["currency"] != body["currency"]:
        raise invalid("the purchase currency must be the credit currency")
    if Decimal(purchase["per_unit_cost_basis"]) <= 0:
        raise invalid("per_unit_cost_basis must be positive")


def kept(store: Store, body: Mapping[str, Any]) -> Document:
    """The grant as it is stored: the amount rounded, the defaults filled in, the purchase only where one is made."""
    decimals = check_fiat(body["currency"])
    amount = rounded(Decimal(body["amount"]), decimals)
    if amount <= 0:
        raise invalid("credit amount must be positive")
    document = {
        **present(body, *SHOWN),
        "labels": body.get("labels") or {},
        "amount": shown(amount),
        "tax_config": tax_config(store, body.get("tax_config") or {}),
        "starts_when_told": "effective_at" in body,
    }
    features = body.get("filters", {}).get("features")
    document.pop("filters", None)
    if features:
        document["filters"] = {"features": sorted(features)}
    if body["funding_method"] != "none":
        document |= purchase_terms(body, amount, decimals)
    return document


def purchase_terms(body: Mapping[str, Any], amount: Decimal, decimals: int) -> Document:
    """What the credits cost; only external payments have a policy and steps of their own (§7.5)."""
    given = body["purchase"]
    price = rounded(product(amount, Decimal(given["per_unit_cost_basis"])), decimals)
    terms = {
        "currency": given["currency"],
        "per_unit_cost_basis": canonical(given["per_unit_cost_basis"]),
        "amount": shown(price),
    }
    if body["funding_method"] == "external":
        return {"purchase": terms | present(given, "availability_policy"), "settlement_status": PENDING}
    return {"purchase": terms}


def tax_config(store: Store, given: Mapping[str, Any]) -> Document:
    """The tax code given, else the organisation's for credit grants. Raises Problem (400) for an unknown one."""
    code = given.get("tax_code", {}).get("id")
    if code is None:
        defaults = store.first("default_tax_codes", LIVE, {})
        if defaults is None:
            raise not_found("the organization has no default tax codes")
        code = defaults.document["credit_grant_tax_code"]["id"]
    elif (row := store.get("tax_code", code)) is None or row.deleted_at is not None:
        raise invalid(f'referenced tax code "{code}" does not exist')
    return {**present(given, "behavior"), "tax_code": {"id": code}}


def start_of(body: Mapping[str, Any], now: datetime) -> datetime:
    """When the credits can be used: as told, cut to seconds, else now."""
    told = instant_of(body["effective_at"]) if "effective_at" in body else None
    return now if told is None else told.replace(microsecond=0)


def expiry(body: Mapping[str, Any], start: datetime) -> datetime | None:
    """When they can't any more, by the calendar, cut to seconds."""
    length = span_of(body["expires_after"]) if "expires_after" in body else None
    return None if length is None else length.after(start).replace(microsecond=0)


def get(call: Call) -> Answer:
    return ok(view(call, find(call)))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(call: Call) -> Row:
    """The grant of the path. Raises Problem (404), also for another customer's."""
    row = call.store.get(GRANT, call.path["creditGrantId"])
    if row is None:
        raise not_found(f"there is no grant with the id {call.path['creditGrantId']}")
    if row.parent != call.path["customerId"]:
        raise not_found(f"credit grant {row.id} not found for customer {call.path['customerId']}")
    return row


def void(call: Call) -> Answer:
    """Takes back what is left; again changes nothing (§7.7)."""
    row = find(call)
    state = status(row, call.now)
    if state == "voided":
        return ok(view(call, row))
    if state != "active":
        raise conflict(f"credit grant {row.id} is {state} and cannot be voided")
    if remaining(row, call.now) <= 0:
        raise conflict(f"credit purchase {row.id} has no remaining value to void")
    document = {**row.document, "voided_at": rfc3339(call.now), "voided_amount": shown(remaining(row, call.now))}
    return ok(view(call, call.store.update(changed(row, call.now, document=document))))


def settle(call: Call) -> Answer:
    """A step forward of an external payment (§7.5)."""
    row, wanted = find(call), call.body["status"]
    if wanted == PENDING:
        raise broken_rules([unsupported_status(wanted)])
    if row.document["funding_method"] != "external":
        raise broken_rules([not_external(row)])
    if (row.document["settlement_status"], wanted) not in STEPS:
        raise problem(412, "precondition failed error: unsupported operation")
    document = {**row.document, "settlement_status": wanted}
    return ok(view(call, call.store.update(changed(row, call.now, document=document))))


def unsupported_status(wanted: str) -> Issue:
    return Issue(
        code="credit_grant_external_settlement_status_invalid",
        message="this settlement status can't be set",
        field="$.status",
        extra=(("status", wanted),),
    )


def not_external(row: Row) -> Issue:
    return Issue(
        code="credit_grant_external_settlement_not_supported",
        message="credit grant is not externally funded",
        extra=(("charge_id", row.id),),
    )


GRANTS = "/openmeter/customers/{customerId}/credits/grants"
ROUTES = (
    Route("POST", GRANTS, create),
    Route("GET", GRANTS, listed),
    Route("GET", f"{GRANTS}/{{creditGrantId}}", get),
    Route("POST", f"{GRANTS}/{{creditGrantId}}/void", void),
    Route("POST", f"{GRANTS}/{{creditGrantId}}/settlement/external", settle),
)
