"""Invoices of a customer's charges: one for all that are due in the same second (customer-facts.md §13, §19.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.charges.charge_costs import COLLECTION, moment
from billsync.local.charges.charge_rows import CHARGE, FLAT
from billsync.local.charges.invoice_lines import line_of, totals_of
from billsync.local.charges.invoice_rows import (
    DRAFT_NUMBER,
    INVOICE,
    ISSUED,
    ISSUED_AT,
    PAID,
    QUANTITIES_AT,
    due_at,
    letters_of,
    next_number,
    parties_of,
    shown_customer,
)
from billsync.local.profiles.profile_choice import effective_profile
from billsync.local.profiles.profiles import find as find_profile
from billsync.local.server.periods import moved
from billsync.local.server.resource import Call, new_row
from billsync.local.store.documents import Document
from billsync.local.store.durations import NOTHING
from billsync.local.store.store import LIVE, Row, changed
from billsync.local.store.times import rfc3339
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass, replace

MINUTE = timedelta(minutes=1)
"""The time between two runs of the jobs that advance invoices."""

FINALIZATION = COLLECTION + timedelta(minutes=1)
ON_INVOICE = f"{LIVE} AND parent = :customer AND document ->> 'invoice' = :group"
OF_GROUP = f"{LIVE} AND parent = :customer AND document ->> 'group' = :group"
DELETABLE = {"delete": {"resulting_state": "deleted"}}
COLLECTED = {
    "status": "draft",
    "status_details": {
        "available_actions": {**DELETABLE, "snapshot_quantities": {"resulting_state": "draft.waiting_auto_approval"}},
        "extended_status": "draft.waiting_for_collection",
        "failed": False,
        "immutable": False,
    },
}
UNAPPROVED = {
    "status": "draft",
    "status_details": {
        "available_actions": {"approve": {"resulting_state": "payment_processing.pending"}, **DELETABLE},
        "extended_status": "draft.manual_approval_needed",
        "failed": False,
        "immutable": False,
    },
}
ISSUE = {
    "code": "immutable_invoice_handling_not_supported",
    "message": "line should be deleted, but the invoice is immutable",
    "severity": "warning",
}
GROUP = "group"
"""The member of a stored invoice that names its charges; no answer shows it."""
HIDDEN = frozenset({"lines", GROUP})
"""The members of a stored invoice that a list doesn't show."""


@dataclass(frozen=True, slots=True)
class Times:
    """The times of an invoice: when it was made, the moment as of which it is brought up to date, and when the server
    does that."""

    made: datetime
    at: datetime
    seen: datetime


def keep_invoice(call: Call, customer_id: str, group: str, at: datetime) -> None:
    """Makes the invoice of a group of charges, or brings it up to date, as of a moment. One without charges is none."""
    place = {"customer": customer_id, "group": group}
    charges = call.store.rows(CHARGE, ON_INVOICE, place)
    customer, row = call.store.get(CUSTOMER, customer_id), call.store.first(INVOICE, OF_GROUP, place)
    if not charges or customer is None or (row and row.document["status_details"]["immutable"]):
        return
    seen = min(call.now, at + MINUTE)
    made = seen if row is None else row.created_at
    document = {**_bill(call, charges, {} if row is None else row.document), "group": group}
    profile = find_profile(call.store, effective_profile(call.store, customer_id))
    number = f"{letters_of(customer.document['name'])}-{_number(call, row)}"
    document |= {"customer": shown_customer(customer), **parties_of(profile)}
    document |= _state(charges, profile, Times(made, at, seen), number)
    if row is None:
        begins = moment(document["service_period"]["from"])
        new = new_row(call, INVOICE, document, parent=customer_id, begins_at=begins)
        call.store.insert(replace(new, created_at=made, updated_at=made))
    elif document != row.document:
        call.store.update(changed(row, seen, document=document))


def _number(call: Call, row: Row | None) -> int:
    return next_number(call) if row is None else int(row.document["number"].rpartition("-")[2])


def _bill(call: Call, charges: list[Row], known: Mapping[str, Any]) -> Document:
    """The lines of an invoice, their sums, and the period from the first one's start to the last one's end."""
    before = {line["charge"]["id"]: line for line in known.get("lines", ())}
    lines = [line_of(call, charge, before.get(charge.id, {})) for charge in charges]
    starts, ends = ([line["service_period"][edge] for line in lines] for edge in ("from", "to"))
    return {
        "type": "standard",
        "currency": charges[0].document["currency"],
        "labels": {},
        "service_period": {"from": min(starts), "to": max(ends)},
        "totals": totals_of(lines),
        "lines": lines,
    }


def _state(charges: list[Row], profile: Row, times: Times, number: str) -> Document:
    """The status of an invoice, with its times and its number: it waits for usage, for an approval, or is paid."""
    ends = [charge.document["service_period"]["to"] for charge in charges if charge.document["type"] != FLAT]
    collected = moment(max(ends)) + FINALIZATION if ends else times.made
    is_waiting = bool(ends) and times.at < collected
    invoicing = profile.document["workflow"]["invoicing"]
    shown = {"collection_at": rfc3339(collected)}
    if invoicing["auto_advance"]:
        until = moved(collected, parse_duration(invoicing["draft_period"]) or NOTHING)
        shown |= {"draft_until": rfc3339(until), "due_at": due_at(profile, until)}
    if is_waiting:
        return {**COLLECTED, **shown, "number": f"{DRAFT_NUMBER}{number}"}
    if not invoicing["auto_advance"]:
        shown |= {QUANTITIES_AT: rfc3339(times.seen)}
        return {**UNAPPROVED, **shown, "number": f"{DRAFT_NUMBER}{number}"}
    return {**PAID, **shown, **dict.fromkeys(ISSUED_AT, rfc3339(times.seen)), "number": f"{ISSUED}{number}"}


def mark_changed(call: Call, charge: Row) -> None:
    """Notes on the invoice of a charge that it isn't what it was: nothing else of a final invoice changes."""
    place = {"customer": charge.parent, "group": charge.document.get("invoice")}
    row = call.store.first(INVOICE, OF_GROUP, place)
    lines = row.document["lines"] if row else ()
    for line in lines:
        if row and line["charge"]["id"] == charge.id and "validation_issues" not in row.document:
            issue = {**ISSUE, "field": f"lines/{line['id']}"}
            call.store.update(changed(row, call.now, document={**row.document, "validation_issues": [issue]}))
