"""The invoices that sell credits, made and paid at once by the sandbox app (customer-facts.md §7.5, §13)."""

from __future__ import annotations

from datetime import datetime

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.profiles.profile_choice import effective_profile
from billsync.local.profiles.profile_workflow import DUE_AFTER
from billsync.local.profiles.profiles import find as find_profile
from billsync.local.server.periods import moved
from billsync.local.server.resource import Call, new_row, present
from billsync.local.store.documents import Document
from billsync.local.store.durations import NOTHING
from billsync.local.store.store import LIVE, Row
from billsync.local.store.times import rfc3339
from billsync.model.duration import parse_duration
from billsync.model.frozen import replace

INVOICE = "invoice"
LETTERS = 4
DRAFT_NUMBER, ISSUED = "DRAFT-", "OM-SANDBOX-"
QUANTITIES_AT = "quantity_snapshotted_at"
ISSUED_AT = (QUANTITIES_AT, "issued_at", "sent_to_customer_at")
"""The times that an invoice has once it is issued."""

NO_TOTALS = ("charges_total", "credits_total", "discounts_total", "taxes_exclusive_total", "taxes_inclusive_total")
PAID = {
    "status": "paid",
    "status_details": {"available_actions": {}, "extended_status": "paid", "failed": False, "immutable": True},
}


def invoice_credits(call: Call, grant: Row, at: datetime) -> None:
    """Stores the invoice of a grant that the customer pays by invoice.

    None is made where the profile keeps drafts or waits for an approval: only paid ones are emulated.
    """
    if grant.document["funding_method"] != "invoice":
        return
    customer = call.store.get(CUSTOMER, grant.parent or "")
    profile = find_profile(call.store, effective_profile(call.store, grant.parent or ""))
    invoicing = profile.document["workflow"]["invoicing"]
    if customer is None or not invoicing["auto_advance"] or parse_duration(invoicing["draft_period"]) != NOTHING:
        return
    document = {
        **PAID,
        "type": "standard",
        "number": f"{ISSUED}{letters_of(customer.document['name'])}-{next_number(call)}",
        "currency": grant.document["purchase"]["currency"],
        "labels": {},
        "customer": shown_customer(customer),
        **terms_of(profile, at),
        **sold(call, grant, at),
    }
    row = new_row(call, INVOICE, document, parent=customer.id, begins_at=at.replace(microsecond=0))
    call.store.insert(replace(row, created_at=at, updated_at=at))


def next_number(call: Call) -> int:
    """The next number of an invoice, counted over all customers."""
    last = call.store.first(INVOICE, LIVE, {}, order="seq DESC")
    return 1 if last is None else int(last.document["number"].rpartition("-")[2]) + 1


def letters_of(name: str) -> str:
    """Two letters of each of the first two words, or the first ones of a single word."""
    first, *others = name.upper().split() or [""]
    return first[:2] + others[0][:2] if others else first[:LETTERS]


def shown_customer(customer: Row) -> Document:
    """The customer as it was then."""
    named = {"id": customer.id, "name": customer.document["name"]} | ({"key": customer.key} if customer.key else {})
    return {**named, "usage_attribution": {"subject_keys": customer.document["subject_keys"]}}


def terms_of(profile: Row, at: datetime) -> Document:
    """The times of a paid invoice, its supplier, and the profile's workflow as it was then."""
    moments = ("collection_at", "draft_until", *ISSUED_AT)
    return {**dict.fromkeys(moments, rfc3339(at)), "due_at": due_at(profile, at), **parties_of(profile)}


def due_at(profile: Row, at: datetime) -> str:
    """The time until which an invoice of that time is to be paid."""
    due_after = profile.document["workflow"]["payment"].get("due_after", DUE_AFTER)
    return rfc3339(moved(at, parse_duration(due_after) or NOTHING).replace(microsecond=0))


def parties_of(profile: Row) -> Document:
    """The supplier of an invoice, and the profile's workflow as it was then."""
    workflow = profile.document["workflow"]
    due_after = workflow["payment"].get("due_after", DUE_AFTER)
    return {
        "supplier": profile.document["supplier"],
        "workflow": {
            "apps": profile.document["apps"],
            "source_billing_profile": {"id": profile.id},
            "workflow": {
                "invoicing": present(workflow["invoicing"], "auto_advance", "draft_period") | {"due_after": due_after},
                "payment": present(workflow["payment"], "collection_method"),
            },
        },
    }


def sold(call: Call, grant: Row, at: datetime) -> Document:
    """Return the line for the credits that are sold, in a period of length zero."""
    document, purchase = grant.document, grant.document["purchase"]
    second = rfc3339(at.replace(microsecond=0))
    made = {"created_at": rfc3339(at), "updated_at": rfc3339(at)}
    period = {"from": second, "to": second}
    totals = dict.fromkeys((*NO_TOTALS, "taxes_total"), "0") | dict.fromkeys(("amount", "total"), purchase["amount"])
    name = f"{document['name']} ({document['amount']} {document['currency']} credits)"
    common = {"name": name, "service_period": period, "totals": totals, **made}
    detail = {
        "id": call.mint(),
        "category": "regular",
        "quantity": document["amount"],
        "unit_price": purchase["per_unit_cost_basis"],
        **common,
    }
    line = {
        "id": call.mint(),
        "type": "standard_line",
        "labels": {},
        "lifecycle_controller": "manual",
        "charge": {"id": grant.id},
        "rate_card": {
            "price": {"type": "flat", "amount": purchase["amount"]},
            "tax_config": tax_of(document["tax_config"]),
        },
        "detailed_lines": [detail],
        **common,
    }
    return {"service_period": period, "totals": totals, "lines": [line]}


def tax_of(given: Document) -> Document:
    return present(given, "behavior") | {"code": given["tax_code"]}
