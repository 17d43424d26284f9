"""Keeps a subscription's charges in line with the subscription: creates, changes and drops them.

Amounts due are booked in `settling`; only amounts already booked for time that is no longer charged are returned here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from billsync.local.accounts.subscription_rows import SUBSCRIPTION
from billsync.local.accounts.subscription_view import aligned_period, begin_of
from billsync.local.charges.books import Books, book
from billsync.local.charges.charge_costs import booked_amount, booked_at, fee_of
from billsync.local.charges.charge_rows import (
    ACTIVE,
    CHARGE,
    FINAL,
    FLAT,
    WAITING,
    begun,
    due_charges,
    is_invoiced,
    items_of,
)
from billsync.local.charges.invoices import mark_changed
from billsync.local.server.resource import Call, new_row
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, changed
from billsync.local.store.times import from_micros
from billsync.model.frozen import replace
from billsync.rating.arithmetic import EXACT

SYNC_DELAY, SYNC_INTERVAL = timedelta(seconds=7), timedelta(minutes=1)
FIRST = ("place",)
"""Members that a charge keeps from its making: the place of its card in the plan; LAST where it isn't the plan's."""
LAST = 999

STATE = ("status", "advance_after", "booked", "runs", "applied", "invoice")


def follow(call: Call, books: Books, subscription: Row) -> None:
    """Creates the charges that the subscription has reached, changes those that it affects, and drops those that no
    longer apply.

    Source: customer-facts.md §5.8, §19.
    """
    have = {row.key: row for row in call.store.with_term(CHARGE, SUBSCRIPTION, subscription.id)}
    wanted = {document["unique_reference_id"]: document for document in due_charges(call.store, subscription, call.now)}
    places = {item["id"]: item.get("place", LAST) for item in items_of(subscription)}
    made_at = times_of_making(call, subscription, {key: wanted[key] for key in wanted if key not in have})
    for key, document in wanted.items():
        if key in have:
            adapt(call, books, have[key], document)
        else:
            place = {"key": key, "parent": subscription.parent, "terms": ((SUBSCRIPTION, subscription.id),)}
            first = {"place": places[document["subscription"]["phase"]["item"]["id"]]}
            row = new_row(call, CHARGE, begun(document) | first, **place)
            call.store.insert(replace(row, created_at=made_at[key], updated_at=made_at[key]))
    for key, row in have.items():
        if key not in wanted:
            if not is_billed(row.document):
                give_back_all(call, books, row)
            call.store.update(changed(row, call.now, deleted_at=call.now))


def times_of_making(call: Call, subscription: Row, charges: Mapping[str, Document]) -> dict[str, datetime]:
    """Return the moment when the server's worker made each charge, however late it is read (recordings of `money/`).

    A charge that was already due is made together with the subscription, its last change or its item; any other some
    seconds after a billing period's boundary, or when the clock is set to a time long after it.
    """
    if not charges:
        return {}
    known_from = max(subscription.updated_at, begin_of(subscription))
    at_once = {document["unique_reference_id"] for document in due_charges(call.store, subscription, known_from)}
    boundary = aligned_period(subscription, call.now).start
    later = min(call.now, boundary + SYNC_DELAY) if call.now - boundary <= SYNC_INTERVAL else call.now
    items = {item["id"]: from_micros(item.get("made_at", 0)) for item in items_of(subscription)}
    return {
        key: max(known_from if key in at_once else later, items[document["subscription"]["phase"]["item"]["id"]])
        for key, document in charges.items()
    }


def adapt(call: Call, books: Books, row: Row, wanted: Document) -> None:
    """The charge with the periods and the item that it has now."""
    if is_billed(row.document):
        if row.document["service_period"] != wanted["service_period"]:
            mark_changed(call, row)
        keep(call, row, wanted | state_of(row.document))
        return
    if row.document["type"] == FLAT and row.document["status"] == FINAL:
        adapt_fee(call, books, row, wanted)
        return
    if row.document["runs"] > 0 and row.document["service_period"] != wanted["service_period"]:
        give_back_all(call, books, row)
        row = replace(row, document=reopened(row.document))
    if row.document["runs"] > 0:
        keep(call, row, wanted | state_of(row.document))
        return
    if row.document["status"] == WAITING:
        keep(call, row, wanted | state_of(row.document))
        return
    document = begun(wanted) | {"status": row.document["status"]}
    if row.document["status"] == ACTIVE:
        document["advance_after"] = row.document["advance_after"]
        if wanted["type"] != FLAT:
            document["advance_after"] = wanted["service_period"]["to"]
    keep(call, row, document)


def is_billed(document: Document) -> bool:
    """Whether a charge is on a final invoice, which nothing changes: what was paid for it isn't returned (§5.8)."""
    return is_invoiced(document) and document["status"] == FINAL


def adapt_fee(call: Call, books: Books, row: Row, wanted: Document) -> None:
    """Return part of a fee if the period that it was charged for has become shorter (§5.8)."""
    document = wanted | state_of(row.document)
    keep(call, row, document)
    if more := EXACT.subtract(fee_of(call.store, document), fee_of(call.store, row.document)):
        book(call, books, row, at=booked_at(document), amount=more)


def state_of(document: Document) -> Document:
    """Return a charge's state, without its terms."""
    return {name: document[name] for name in STATE if name in document}


def reopened(document: Document) -> Document:
    """Usage that waits for its period's end again."""
    kept = {name: value for name, value in document.items() if name not in ("booked", "applied", "invoice")}
    return kept | {"status": ACTIVE, "runs": 0}


def keep(call: Call, row: Row, document: Document) -> None:
    document = document | {name: row.document[name] for name in FIRST if name in row.document}
    if document != row.document:
        call.store.update(changed(row, call.now, document=document))


def give_back_all(call: Call, books: Books, row: Row) -> None:
    if taken := booked_amount(call.store, row.document):
        book(call, books, row, at=booked_at(row.document), amount=EXACT.minus(taken))
