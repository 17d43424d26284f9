"""Settles a customer's charges and bookings: books everything that is due since the clock last moved (customer-facts.md
§19).

Amounts are booked as of the moment they were due, in that order, however much later they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.accounts.subscription_rows import SUBSCRIPTION
from billsync.local.charges.books import GRANT, Books, book, books_of, draw, start_of
from billsync.local.charges.charge_changes import follow
from billsync.local.charges.charge_costs import (
    COLLECTION,
    booked_at,
    booked_totals,
    cost,
    drawn_amount,
    fee_due_at,
    fee_of,
    moment,
    period_of,
)
from billsync.local.charges.charge_rows import ACTIVE, CHARGE, CREATED, CREDIT_ONLY, FINAL, FLAT, WAITING, is_invoiced
from billsync.local.charges.invoice_rows import invoice_credits
from billsync.local.charges.invoices import FINALIZATION, keep_invoice
from billsync.local.server.resource import Call
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, changed
from billsync.local.store.times import MICROSECOND, micros, rfc3339
from billsync.model.moment import cut_to_seconds
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, minus, negative
from billsync.rating.lines import Totals

FIRST_PERIOD = "v[0]/period[0]"
"""The end of the reference of a charge of the first period."""

EVER_OF_CUSTOMER = "parent = :customer"
OF_CUSTOMER = f"{LIVE} AND {EVER_OF_CUSTOMER}"
BEGUN = f"{OF_CUSTOMER} AND begins_at <= :now"
BY_CREDITS = f"document ->> 'settlement_mode' = '{CREDIT_ONLY}'"
UNPAID = (
    f"{OF_CUSTOMER} AND document ->> 'status' <> '{FINAL}'"
    f" AND ({BY_CREDITS} OR document ->> 'lifecycle_controller' = 'system')"
)
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
    for subscription in call.store.rows(SUBSCRIPTION, BEGUN, begun_by_now):
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
    """Book the due amounts of charges, and make the invoices of those that credits alone don't pay for."""
    rows = call.store.rows(CHARGE, UNPAID, {"customer": customer_id})
    invoiced = [row for row in rows if is_invoiced(row.document)]
    collected = frozenset(group_of(row.document) for row in invoiced if row.document["type"] != FLAT)
    for row in rows:
        is_collected = is_invoiced(row.document) and group_of(row.document) in collected
        for at, take in Progress(call, books, row, is_collected=is_collected).due():
            yield DueAction(at, (1, order_of(row.document), row.seq), take)
    groups = {(group_of(row.document), due_second(row.document)) for row in invoiced}
    for group, at in sorted(groups):
        for moment_due in (at, at + FINALIZATION):
            if moment_due <= call.now:
                yield DueAction(moment_due, (2, group, 0), partial(keep_invoice, call, customer_id, group, moment_due))


def order_of(document: Document) -> str:
    """The place of a charge among those of one moment (§19.1): on an invoice, usually in the order of the cards."""
    return f"{document['place']:09}" if is_invoiced(document) else str(document["order"])


def due_second(document: Document) -> datetime:
    """The second in which a charge is invoiced, with all others of that second."""
    return (
        cut_to_seconds(fee_due_at(document)) if document["type"] == FLAT else period_of(document["service_period"]).end
    )


def group_of(document: Document) -> str:
    """The charges that are on one invoice."""
    return f"{rfc3339(due_second(document))} {document['currency']}"


@dataclass(slots=True)
class Progress:
    """A charge on its way from created to final."""

    call: Call
    books: Books
    row: Row
    is_collected: bool = False
    """Whether its invoice waits for usage."""

    def due(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """The steps that are due and not taken yet."""
        return ((at, take) for at, take in self._to_come() if at <= self.call.now)

    def _to_come(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        document = self.row.document
        if document["type"] == FLAT and is_invoiced(document):
            if document["status"] == CREATED:
                yield fee_due_at(document), self._invoice_fee
            if self.is_collected:
                yield fee_due_at(document) + FINALIZATION, self._close
            return
        if document["type"] == FLAT:
            if document["status"] == CREATED and fee_due_at(document) > moment(document["invoice_at"]):
                yield moment(document["invoice_at"]), self._await_fee
            yield fee_due_at(document), self._take_fee
            return
        period = period_of(document["service_period"])
        if document["status"] == CREATED and not is_invoiced(document):
            yield period.start, self._begin
        elif document["status"] == CREATED and not document["unique_reference_id"].endswith(FIRST_PERIOD):
            yield period.start + FINALIZATION, self._begin  # once the period before it is collected
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

    def _invoice_fee(self) -> None:
        """On an invoice: from the credits that there were then, as far as they went; the rest is to be paid."""
        document, due = self.row.document, fee_due_at(self.row.document)
        fee = fee_of(self.call.store, document)
        rest = draw(self.call, self.books, self.row, at=booked_at(document), usable_at=due, amount=fee)
        waits = {"status": WAITING, "advance_after": document["service_period"]["to"]}
        state = waits if self.is_collected else {"status": FINAL, "advance_after": None}
        self._keep(applied=amounts_of(minus(fee, rest)), invoice=group_of(document), **state)

    def _close(self) -> None:
        self._keep(status=FINAL, advance_after=None)

    def _begin(self) -> None:
        self._keep(status=ACTIVE, advance_after=self.row.document["service_period"]["to"])

    def _first_run(self) -> None:
        self._run(stored_before=moment(self.row.document["closes"]) + MICROSECOND)
        self._keep(runs=1, status=ACTIVE, advance_after=rfc3339(self._end() + FINALIZATION))

    def _last_run(self) -> None:
        self._run(stored_before=self._end() + COLLECTION)
        self._keep(runs=2, status=FINAL, advance_after=None)

    def _end(self) -> datetime:
        return period_of(self.row.document["service_period"]).end

    def _run(self, *, stored_before: datetime) -> None:
        """Books the difference between the cost of the usage known by then and the amount already booked."""
        now = cost(self.call.store, self.row.document, stored_before=stored_before, complete=True)
        more = now.minus(booked_totals(self.row.document)).total
        if is_invoiced(self.row.document):
            self._draw(more)
        else:
            book(self.call, self.books, self.row, at=self._end(), amount=more)
        self._keep(booked=texts_of(now))

    def _draw(self, more: Decimal) -> None:
        """As much as credits pay of it is drawn; what usage that was taken back had cost is returned."""
        document, end = self.row.document, self._end()
        if more < ZERO:
            taken = min(drawn_amount(document), negative(more))
            book(self.call, self.books, self.row, at=end, amount=negative(taken))
            applied = amounts_of(minus(drawn_amount(document), taken))
        else:
            drawn = minus(more, draw(self.call, self.books, self.row, at=end, amount=more))
            applied = [*document.get("applied", ()), *amounts_of(drawn)]
        self._keep(applied=applied, invoice=group_of(document))

    def _keep(self, **members: Any) -> None:
        document = {name: value for name, value in {**self.row.document, **members}.items() if value is not None}
        self.row = self.call.store.update(changed(self.row, self.call.now, document=document))


def amounts_of(drawn: Decimal) -> list[str]:
    """An amount that credits paid, as it is kept."""
    return [decimal_text(drawn)] if drawn else []


def texts_of(totals: Totals) -> Document:
    return {name: decimal_text(getattr(totals, name)) for name in ("amount", "charges", "discounts", "credits")}
