"""Settles a customer's charges and bookings: books everything that is due since the clock last moved (customer-facts.md
§19).

Amounts are booked as of the moment they were due, in that order, however much later they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.accounts.subscription_rows import SUBSCRIPTION
from billsync.local.charges.books import GRANT, Books, book, books_of, start_of
from billsync.local.charges.charge_changes import follow
from billsync.local.charges.charge_costs import booked_at, booked_totals, cost, fee_due_at, fee_of, moment, period_of
from billsync.local.charges.charge_rows import ACTIVE, CHARGE, CREATED, CREDIT_ONLY, FINAL, FLAT
from billsync.local.charges.invoice_rows import invoice_credits
from billsync.local.server.resource import Call
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, changed
from billsync.local.store.times import MICROSECOND, micros, rfc3339
from billsync.model.moment import cut_to_seconds
from billsync.model.value import decimal_text
from billsync.rating.lines import Totals

COLLECTION = timedelta(hours=1)
FINALIZATION = COLLECTION + timedelta(minutes=1)
EVER_OF_CUSTOMER = "parent = :customer"
OF_CUSTOMER = f"{LIVE} AND {EVER_OF_CUSTOMER}"
SETTLED_BY_CREDITS = f"{OF_CUSTOMER} AND begins_at <= :now AND document ->> 'settlement_mode' = '{CREDIT_ONLY}'"
UNPAID = f"{OF_CUSTOMER} AND document ->> 'status' <> '{FINAL}' AND document ->> 'settlement_mode' = '{CREDIT_ONLY}'"
UNOPENED = (
    f"{OF_CUSTOMER} AND begins_at <= :now AND document ->> 'funding_method' = 'invoice' AND NOT document ->> 'opened'"
)


@dataclass(frozen=True, slots=True)
class DueAction:
    """Something that is due at a moment; steps of one second are taken in the order of `rank` (§19.1)."""

    at: datetime
    rank: tuple[int, str, int]
    take: Callable[[], None]


def settle(call: Call, customer_id: str) -> Books:
    """The customer's books, with everything due by now booked. A deleted customer's books don't change."""
    customer = call.store.get(CUSTOMER, customer_id)
    books = books_of(call.store, customer_id)
    if customer is None or customer.deleted_at is not None:
        return books
    begun_by_now = {"customer": customer_id, "now": micros(call.now)}
    for subscription in call.store.rows(SUBSCRIPTION, SETTLED_BY_CREDITS, begun_by_now):
        follow(call, books, subscription)
    actions = [*charge_actions(call, books, customer_id), *grant_actions(call, books, customer_id)]
    for action in sorted(actions, key=lambda action: (cut_to_seconds(action.at), action.rank)):
        action.take()
    return books


def charges_of(call: Call, customer_id: str) -> list[Row]:
    """The customer's charges that aren't deleted, in order of making."""
    return call.store.rows(CHARGE, OF_CUSTOMER, {"customer": customer_id})


def charges_ever(call: Call, customer_id: str) -> list[Row]:
    """The customer's charges, including deleted ones, whose bookings stay on the list (§9.1)."""
    return call.store.rows(CHARGE, EVER_OF_CUSTOMER, {"customer": customer_id})


def grant_actions(call: Call, books: Books, customer_id: str) -> Iterator[DueAction]:
    """A grant that waited for its invoice fills holes when that is made (§7.5, §7.8); any other did when it came."""
    for grant in call.store.rows(GRANT, UNOPENED, {"customer": customer_id, "now": micros(call.now)}):
        yield DueAction(start_of(grant), (0, "", grant.seq), partial(open_grant, call, books, grant, start_of(grant)))


def open_grant(call: Call, books: Books, grant: Row, at: datetime) -> None:
    """From now on the grant counts: it is invoiced, if it is sold that way, and fills holes."""
    invoice_credits(call, grant, at)
    books.open(call, grant, at)


def charge_actions(call: Call, books: Books, customer_id: str) -> Iterator[DueAction]:
    """Book the due amounts of charges that credits pay for; charges that wait for an invoice stay as they are."""
    for row in call.store.rows(CHARGE, UNPAID, {"customer": customer_id}):
        for at, take in Progress(call, books, row).due():
            yield DueAction(at, (1, row.document["order"], row.seq), take)


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
            if document["status"] == CREATED and fee_due_at(document) > moment(document["invoice_at"]):
                yield moment(document["invoice_at"]), self._await_fee
            yield fee_due_at(document), self._take_fee
            return
        period = period_of(document["service_period"])
        if document["status"] == CREATED:
            yield period.start, self._begin
        if document["runs"] == 0:
            yield moment(document["closes"]), self._first_run
        yield period.end + FINALIZATION, self._last_run

    def _await_fee(self) -> None:
        """It is invoiced before its time."""
        self._keep(status=ACTIVE, advance_after=rfc3339(booked_at(self.row.document)))

    def _take_fee(self) -> None:
        """From the credits that there were when it was invoiced, or once its time had come if that was later (§11)."""
        document = self.row.document
        fee, due = fee_of(self.call.store, document), fee_due_at(document)
        book(self.call, self.books, self.row, at=booked_at(document), usable_at=due, amount=fee)
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
        """Books the difference between the cost of the usage known by then and the amount already booked."""
        now = cost(self.call.store, self.row.document, stored_before=stored_before, complete=True)
        more = now.minus(booked_totals(self.row.document)).total
        book(self.call, self.books, self.row, at=self._end(), amount=more)
        self._keep(booked=texts_of(now))

    def _keep(self, **members: Any) -> None:
        document = {name: value for name, value in {**self.row.document, **members}.items() if value is not None}
        self.row = self.call.store.update(changed(self.row, self.call.now, document=document))


def texts_of(totals: Totals) -> Document:
    return {name: decimal_text(getattr(totals, name)) for name in ("amount", "charges", "discounts", "credits")}
