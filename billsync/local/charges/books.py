"""A customer's books: each grant's remaining amount, the bookings, and the open holes (customer-facts.md §9.2).

A booking is a row with the amounts that it drew from grants. A hole is the part that no grant covered; later grants
fill it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.server.resource import Call, new_row
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import micros
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.drawdown import Grant, Spending, in_order
from billsync.rating.stock import Stock

GRANT, BOOKING = "grant", "booking"
CREDITS, HOLE, RETURN = "credits", "hole", "return"
OF_CUSTOMER = f"{LIVE} AND parent = :customer"
Draws = Mapping[str, Decimal]


@dataclass(slots=True)
class Books:
    """The grants and bookings of one customer, and each grant's remaining amount, updated with every booking.

    They are read when they are asked for: most grants come where nothing is due and nothing is owed.
    """

    _read_grants: Callable[[], list[Row]]
    _read_bookings: Callable[[], list[Row]]
    _grants: list[Row] | None = field(default=None, init=False)
    _bookings: list[Row] | None = field(default=None, init=False)
    _left: dict[str, Decimal] | None = field(default=None, init=False)

    @property
    def grants(self) -> list[Row]:
        """The grants, in order of making."""
        if self._grants is None:
            self._grants = self._read_grants()
        return self._grants

    @property
    def bookings(self) -> list[Row]:
        """The bookings, in order of making."""
        if self._bookings is None:
            self._bookings = self._read_bookings()
        return self._bookings

    @property
    def left(self) -> dict[str, Decimal]:
        """The remaining amount of each grant, by its id."""
        if self._left is None:
            self._left = self._remaining()
        return self._left

    def with_only(self, grants: list[Row]) -> Books:
        """Books of some of the grants, with the same amounts left and no bookings."""
        found = Books(lambda: grants, list)
        found._left = self.left
        return found

    @exactly
    def _remaining(self) -> dict[str, Decimal]:
        left = {grant.id: amount_of(grant) - voided_amount(grant) for grant in self.grants}
        for booking in self.bookings:
            for grant, amount in taken(booking).items():
                left[grant] -= amount
        return left

    @exactly
    def take(self, draws: Draws) -> None:
        """These amounts, which the bookings say, are left no more."""
        if self._left is not None:
            for grant, amount in draws.items():
                self._left[grant] -= amount

    def drawn(self, spending: Spending, currency: str, now: datetime) -> tuple[Draws, Decimal]:
        """Return the draws of a spending from each grant, in the order of §9.2, and the rest that no grant covers."""
        usable = [credit_of(grant) for grant in self.grants if is_usable(grant, currency, now)]
        stock = Stock(in_order(usable))
        for grant in usable:
            stock.put(grant.key, self.left[grant.key])
        step = stock.draw(spending)
        return {one.grant: one.amount for one in step.drawn}, step.shortfall

    def keep(self, row: Row) -> None:
        """Adds a booking that was stored."""
        if self._bookings is not None:
            self._bookings.append(row)
        self.take(taken(row))

    def open(self, call: Call, grant: Row, at: datetime) -> None:
        """A grant is booked: it fills holes, once (§7.8)."""
        self.fill(call, grant, at)
        opened = call.store.update(replace(grant, document={**grant.document, "opened": True}))
        if self._grants is not None:
            self._grants = [opened if one.id == grant.id else one for one in self._grants]

    def add(self, grant: Row) -> None:
        """A grant that was stored just now."""
        if self._grants is not None:
            self._grants.append(grant)
        if self._left is not None:
            self._left[grant.id] = amount_of(grant)

    def fill(self, call: Call, grant: Row, at: datetime) -> None:
        """Lets a new grant fill the holes that it may pay for, oldest first; one that starts later from its start."""
        at = max(at, start_of(grant))
        for place, hole in enumerate(self.bookings):
            missing = open_amount(hole)
            if missing <= 0:
                continue
            amount = min(self.left[grant.id], missing)
            if amount > 0 and may_fill(grant, hole):
                entry = {"grant": grant.id, "amount": decimal_text(amount), "at": micros(at)}
                self.bookings[place] = call.store.update(with_fill(hole, entry))
                self.take({grant.id: amount})


def books_of(store: Store, customer_id: str) -> Books:
    """Every grant and booking of the customer, in order of making."""
    values = {"customer": customer_id}
    return Books(lambda: store.rows(GRANT, OF_CUSTOMER, values), lambda: store.rows(BOOKING, OF_CUSTOMER, values))


@exactly
def book(
    call: Call, books: Books, charge: Row, *, at: datetime, amount: Decimal, usable_at: datetime | None = None
) -> None:
    """Draws an amount from the grants usable at its time, or at another given time; the rest is a hole. A negative
    amount is returned to the grants."""
    if amount < 0:
        give_back(call, books, charge, at=at, amount=-amount)
        return
    missing = draw(call, books, charge, at=at, amount=amount, usable_at=usable_at)
    if missing:
        books.keep(stored(call, charge, at, {"kind": HOLE, "amount": decimal_text(missing), "fills": []}))


@exactly
def draw(
    call: Call, books: Books, charge: Row, *, at: datetime, amount: Decimal, usable_at: datetime | None = None
) -> Decimal:
    """Draws an amount from the grants usable at its time, or at another given time. Returns the rest."""
    document = charge.document
    spending = Spending(usable_at or at, amount, document.get("feature_key"))
    draws, missing = books.drawn(spending, document["currency"], call.now)
    if draws:
        books.keep(stored(call, charge, at, {"kind": CREDITS, "draws": texts(draws)}))
    return missing


def stored(call: Call, charge: Row, at: datetime, document: Document) -> Row:
    """The booking as it is kept, with the labels that name its cause as it is now: items get new ids later (§5.4)."""
    cause = charge.document
    more = {"charge": charge.id, "currency": cause["currency"], "feature": cause.get("feature_key")}
    more["labels"] = charge_labels(charge)
    row = new_row(
        call, BOOKING, {**document, **more}, parent=charge.parent, begins_at=at, terms=(("charge", charge.id),)
    )
    return call.store.insert(row)


def charge_labels(charge: Row) -> Document:
    """The cause of a booking."""
    document = charge.document
    labels = {"charge_id": charge.id}
    if "feature_id" in document:
        labels["feature_id"] = document["feature_id"]
    if "subscription" in document:
        phase = document["subscription"]["phase"]
        labels |= {
            "subscription_id": document["subscription"]["id"],
            "subscription_phase_id": phase["id"],
            "subscription_item_id": phase["item"]["id"],
        }
    return labels


@exactly
def give_back(call: Call, books: Books, charge: Row, *, at: datetime, amount: Decimal) -> None:
    """First to holes that are open, then to the grants, the last drawn first; no list shows it (§9.1)."""
    rest = amount
    for place, booking in reversed(list(enumerate(books.bookings))):
        part = min(rest, open_amount(booking)) if booking.document["charge"] == charge.id else ZERO
        if part > 0:
            entry = {"grant": None, "amount": decimal_text(part), "at": micros(at)}
            books.bookings[place] = call.store.update(with_fill(booking, entry))
            rest -= part
    draws = {}
    for grant, paid in reversed(paid_by(books, charge)):
        if part := min(rest, paid):
            draws[grant] = -part
            rest -= part
    if draws:
        books.keep(stored(call, charge, at, {"kind": RETURN, "draws": texts(draws)}))


@exactly
def paid_by(books: Books, charge: Row) -> list[tuple[str, Decimal]]:
    """Return the amount that each grant has paid for a charge, in the order in which they were first drawn."""
    sums: dict[str, Decimal] = {}
    for booking in books.bookings:
        if booking.document["charge"] == charge.id:
            for grant, amount in taken(booking).items():
                sums[grant] = sums.get(grant, ZERO) + amount
    return list(sums.items())


def texts(draws: Draws) -> dict[str, str]:
    return {grant: decimal_text(amount) for grant, amount in draws.items()}


@exactly
def taken(booking: Row) -> Draws:
    """Return the amount that a booking took from each grant, when it was made or when the grant filled its hole."""
    document = booking.document
    if document["kind"] != HOLE:
        return {grant: Decimal(amount) for grant, amount in document["draws"].items()}
    sums: dict[str, Decimal] = {}
    for entry in filled(document):
        sums[entry["grant"]] = sums.get(entry["grant"], ZERO) + Decimal(entry["amount"])
    return sums


def filled(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The entries of a hole that grants filled."""
    return (entry for entry in document["fills"] if entry["grant"] is not None)


@exactly
def open_amount(booking: Row) -> Decimal:
    """Return the open part of a hole."""
    document = booking.document
    if document["kind"] != HOLE:
        return ZERO
    return sum((-Decimal(entry["amount"]) for entry in document["fills"]), Decimal(document["amount"]))


def with_fill(hole: Row, entry: Document) -> Row:
    return replace(hole, document={**hole.document, "fills": [*hole.document["fills"], entry]})


def may_fill(grant: Row, hole: Row) -> bool:
    """Whether a grant may fill a hole: one of its currency and, if the grant is restricted, of its features (§7.8)."""
    same = grant.document["currency"] == hole.document["currency"]
    return same and credit_of(grant).pays_for(hole.document["feature"])


def is_usable(grant: Row, currency: str, now: datetime) -> bool:
    return bool(grant.document["currency"] == currency) and not awaits_invoice(grant, now)


def credit_of(grant: Row) -> Grant:
    """The grant as rating draws on it."""
    document = grant.document
    return Grant(
        key=grant.id,
        amount=amount_of(grant),
        created=grant.seq,
        effective_at=start_of(grant).replace(microsecond=0),  # as fees are booked (§9.1): one in its second uses it
        expires_at=grant.ends_at,
        priority=document["priority"],
        features=features_of(grant),
        cost_basis=Decimal(document.get("purchase", {}).get("per_unit_cost_basis", "0")),
    )


def features_of(grant: Row) -> frozenset[str]:
    """The features that the grant is restricted to; empty if it is unrestricted."""
    return frozenset(grant.document.get("filters", {}).get("features", ()))


def amount_of(grant: Row) -> Decimal:
    return Decimal(grant.document["amount"])


def voided_amount(grant: Row) -> Decimal:
    return Decimal(grant.document.get("voided_amount", "0"))


def start_of(grant: Row) -> datetime:
    """From when its credits count."""
    return grant.begins_at or grant.created_at


def awaits_invoice(grant: Row, now: datetime) -> bool:
    """Whether its credits wait for the invoice that sells them (§7.5)."""
    return grant.document["funding_method"] == "invoice" and start_of(grant) > now
