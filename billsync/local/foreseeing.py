"""What open charges would cost now: by how much `live` is below `settled` (customer-facts.md §8). It books nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from billsync.local.books import Books, features_of
from billsync.local.charge_costs import booked_totals, cost, moment, period_of
from billsync.local.charge_rows import FINAL, FLAT
from billsync.local.documents import Document
from billsync.local.ledger import MOVED, Entry, Matches, Part, narrowed
from billsync.local.money import EXACT
from billsync.local.resource import Call
from billsync.local.settling import CREDIT_ONLY, charges_of
from billsync.local.store import Row
from billsync.rating.drawdown import Spending


def foreseen(call: Call, books: Books, customer_id: str, matches: Matches) -> list[Entry]:
    """An entry for each open charge, as if it were booked now; only `credit_only` ones go below zero."""
    scratch = Books(list(books.grants), list(books.bookings))
    charges = [row for row in charges_of(call, customer_id) if is_open(row.document, call.now)]
    charges.sort(key=lambda row: (period_of(row.document["service_period"]).end, row.document["order"], row.seq))
    every = (entry_of(call, scratch, row) for row in charges)
    return [found for entry in every if (found := narrowed(entry, matches))]


def is_open(charge: Document, now: datetime) -> bool:
    """A fee from the moment it is due, usage from the start of its period, until nothing more can come."""
    start = charge["invoice_at"] if charge["type"] == FLAT else charge["service_period"]["from"]
    return bool(charge["status"] != FINAL) and moment(start) <= now


def entry_of(call: Call, scratch: Books, row: Row) -> Entry:
    charge = row.document
    complete = period_of(charge["service_period"]).end <= call.now
    price = cost(call.store, charge, stored_before=None, complete=complete)
    more = price.minus(booked_totals(charge)).total
    parts = tuple(parts_of(scratch, charge, more, call.now))
    return Entry(MOVED, parts, charge["currency"], at=call.now, booked_at=call.now, created_at=call.now, id=row.id)


def parts_of(scratch: Books, charge: Document, amount: Decimal, now: datetime) -> Iterator[Part]:
    """What the grants would pay, and what nothing would."""
    feature = charge.get("feature_key")
    grants = {grant.id: grant for grant in scratch.grants}
    draws, missing = scratch.drawn(Spending(now, amount, feature), charge["currency"], now)
    scratch.take(draws)
    for grant, drawn in draws.items():
        yield Part(EXACT.minus(drawn), features_of(grants[grant]))
    if charge["settlement_mode"] == CREDIT_ONLY:
        yield Part(EXACT.minus(missing), frozenset(filter(None, (feature,))))
