"""Brings a customer's charges and bookings up to now: what is due whenever the clock has moved (customer-facts.md §19).

What is due is booked as of the moment when it was due, in order, however late somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from billsync.local.books import Books, book, books_of, start_of
from billsync.local.charge_costs import cost, moment, period_of
from billsync.local.charge_rows import ACTIVE, CHARGE, CREATED, FINAL, FLAT, begun, due_charges
from billsync.local.customer_rules import CUSTOMER
from billsync.local.documents import Document
from billsync.local.money import EXACT, shown
from billsync.local.resource import Call, new_row
from billsync.local.store import LIVE, Row, changed
from billsync.local.subscription_rows import SUBSCRIPTION
from billsync.local.times import MICROSECOND, micros, rfc3339
from billsync.rating.lines import Totals

CREDIT_ONLY = "credit_only"
COLLECTION = timedelta(hours=1)
FINALIZATION = COLLECTION + timedelta(minutes=1)
OF_CUSTOMER = f"{LIVE} AND parent = :customer"
SETTLED_BY_CREDITS = f"{OF_CUSTOMER} AND begins_at <= :now AND document ->> 'settlement_mode' = '{CREDIT_ONLY}'"
STATE = ("status", "advance_after", "booked", "runs")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is due at a moment; steps of one moment are taken in the order of `rank`."""

    at: datetime
    rank: tuple[int, str, int]
    take: Callable[[], None]


def settle(call: Call, customer_id: str) -> Books:
    """The customer's books with everything in them that is due by now; a deleted one's stay as they are."""
    customer = call.store.get(CUSTOMER, customer_id)
    books = books_of(call.store, customer_id)
    if customer is None or customer.deleted_at is not None:
        return books
    begun_by_now = {"customer": customer_id, "now": micros(call.now)}
    for subscription in call.store.rows(SUBSCRIPTION, SETTLED_BY_CREDITS, begun_by_now):
        follow(call, books, subscription)
    steps = [*charge_steps(call, books, customer_id), *grant_steps(call, books)]
    for step in sorted(steps, key=lambda step: (step.at, step.rank)):
        step.take()
    return books


def charges_of(call: Call, customer_id: str) -> list[Row]:
    """The customer's charges that aren't deleted, in order of making."""
    return call.store.rows(CHARGE, OF_CUSTOMER, {"customer": customer_id})


def follow(call: Call, books: Books, subscription: Row) -> None:
    """Makes the charges that the subscription has come to, changes those it has changed, and drops those it won't."""
    have = {row.key: row for row in of_subscription(call, subscription)}
    wanted = {document["unique_reference_id"]: document for document in due_charges(call.store, subscription, call.now)}
    for key, document in wanted.items():
        if key in have:
            adapt(call, books, have[key], document)
        else:
            place = {"key": key, "parent": subscription.parent, "terms": ((SUBSCRIPTION, subscription.id),)}
            call.store.insert(new_row(call, CHARGE, begun(document), **place))
    for key, row in have.items():
        if key not in wanted and row.document["status"] == CREATED:
            call.store.update(changed(row, call.now, deleted_at=call.now))


def of_subscription(call: Call, subscription: Row) -> list[Row]:
    return call.store.with_term(CHARGE, SUBSCRIPTION, subscription.id)


def adapt(call: Call, books: Books, row: Row, wanted: Document) -> None:
    """The charge with the periods and the item that it has now.

    A fee that was taken for a period which is shorter now comes back in part (§5.8); usage that is booked stays.
    """
    kept = {name: row.document[name] for name in STATE if name in row.document}
    is_taken = row.document["type"] == FLAT and row.document["status"] == FINAL
    if row.document["runs"] == 0 and not is_taken:
        kept = begun(wanted) | {"status": row.document["status"]}
        if row.document["status"] == ACTIVE:
            kept["advance_after"] = wanted["service_period"]["to"]
    document = {**wanted, **kept}
    if document == row.document:
        return
    call.store.update(changed(row, call.now, document=document))
    if is_taken and (more := EXACT.subtract(fee_of(call, document), fee_of(call, row.document))):
        book(call, books, row, at=period_of(document["service_period"]).end, amount=more)


def fee_of(call: Call, charge: Document) -> Decimal:
    """What a flat fee comes to, discounts taken off."""
    return cost(call.store, charge, stored_before=None, complete=True).total


def grant_steps(call: Call, books: Books) -> Iterator[Step]:
    """A grant fills holes once: when it is there and has started (§7.8)."""
    for grant in books.grants:
        start = max(start_of(grant), grant.created_at)
        if start <= call.now and not grant.document.get("opened"):
            yield Step(start, (0, "", grant.seq), partial(books.open, call, grant, start))


def charge_steps(call: Call, books: Books, customer_id: str) -> Iterator[Step]:
    """What is due of charges that credits pay for; charges that wait for an invoice stay as they are."""
    for row in charges_of(call, customer_id):
        if row.document["status"] != FINAL and row.document["settlement_mode"] == CREDIT_ONLY:
            progress = Progress(call, books, row)
            for at, take in progress.due():
                yield Step(at, (1, row.document["order"], row.seq), take)


@dataclass(slots=True)
class Progress:
    """A charge on its way from created to final."""

    call: Call
    books: Books
    row: Row

    def due(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """The steps that are due and not taken yet."""
        return ((at, take) for at, take in self._to_come() if at <= self.call.now)

    def _to_come(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        document = self.row.document
        if document["type"] == FLAT:
            yield moment(document["invoice_at"]), self._take_fee
            return
        period = period_of(document["service_period"])
        if document["status"] == CREATED:
            yield period.start, self._begin
        if document["runs"] == 0:
            yield moment(document["closes"]), self._first_run
        yield period.end + FINALIZATION, self._last_run

    def _take_fee(self) -> None:
        document = self.row.document
        fee = fee_of(self.call, document)
        book(self.call, self.books, self.row, at=moment(document["invoice_at"]), amount=fee)
        self._keep(status=FINAL, advance_after=None)

    def _begin(self) -> None:
        self._keep(status=ACTIVE, advance_after=self.row.document["service_period"]["to"])

    def _first_run(self) -> None:
        self._run(stored_before=moment(self.row.document["closes"]) + MICROSECOND)
        self._keep(runs=1, advance_after=rfc3339(self._end() + FINALIZATION))

    def _last_run(self) -> None:
        self._run(stored_before=self._end() + COLLECTION)
        self._keep(runs=2, status=FINAL, advance_after=None)

    def _end(self) -> datetime:
        return period_of(self.row.document["service_period"]).end

    def _run(self, *, stored_before: datetime) -> None:
        """Books what the usage known by then costs more, or less, than is booked already."""
        now = cost(self.call.store, self.row.document, stored_before=stored_before, complete=True)
        more = now.minus(booked_totals(self.row.document)).total
        book(self.call, self.books, self.row, at=self._end(), amount=more)
        self._keep(booked=texts_of(now))

    def _keep(self, **members: Any) -> None:
        document = {name: value for name, value in {**self.row.document, **members}.items() if value is not None}
        self.row = self.call.store.update(changed(self.row, self.call.now, document=document))


def booked_totals(charge: Document) -> Totals:
    """What is booked of a charge so far."""
    return Totals(**{name: Decimal(text) for name, text in charge.get("booked", {}).items()})


def texts_of(totals: Totals) -> Document:
    return {name: shown(getattr(totals, name)) for name in ("amount", "charges", "discounts", "credits")}
