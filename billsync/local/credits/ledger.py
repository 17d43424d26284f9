"""A customer's credit ledger, computed from its grants and bookings (customer-facts.md §8, §9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from billsync.local.charges.books import (
    CREDITS,
    HOLE,
    Books,
    amount_of,
    awaits_invoice,
    features_of,
    start_of,
)
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.store.times import from_micros, instant_of
from billsync.model.frozen import dataclass, replace
from billsync.rating.arithmetic import EXACT, ZERO, negative, total

Features = frozenset[str]
Matches = Callable[[Features], bool]
ANY: Features = frozenset()
FUNDED, CONSUMED, EXPIRED, VOIDED, MOVED = "funded", "consumed", "expired", "voided", "moved"


@dataclass(frozen=True, slots=True)
class EntryPart:
    """An amount, and the features that its credits, or its hole, are restricted to."""

    amount: Decimal
    features: Features = ANY


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking.

    `at` is its place in the ledger; lists show `booked_at` and `created_at`. Lists leave out bookings of kind MOVED:
    credits that fill a hole, or are returned.
    """

    kind: str
    parts: tuple[EntryPart, ...]
    currency: str
    at: datetime
    booked_at: datetime
    created_at: datetime
    id: str
    name: str = ""
    description: str | None = None
    labels: Document | None = None

    @property
    def amount(self) -> Decimal:
        return total(part.amount for part in self.parts)

    @property
    def place(self) -> tuple[datetime, datetime, str]:
        """The position of the entry in a list, from the oldest on."""
        return self.booked_at, self.created_at, self.id

    @property
    def standing(self) -> tuple[datetime, datetime, str]:
        """The position of the entry in the ledger."""
        return self.at, self.created_at, self.id


def entries_of(books: Books, charges: Iterable[Row], now: datetime, matches: Matches) -> list[Entry]:
    """Every entry of the books, those to come included, with the parts that match."""
    named = {charge.id: charge for charge in charges}
    grants = {grant.id: grant for grant in books.grants}
    every = [entry for grant in books.grants for entry in grant_entries(books, grant, now)]
    for booking in books.bookings:
        every += booking_entries(booking, named.get(booking.document["charge"]), grants)
    return [found for entry in every if (found := narrowed(entry, matches))]


def narrowed(entry: Entry, matches: Matches) -> Entry | None:
    """The entry with only the matching parts; None if no part matches or the amount is zero."""
    parts = tuple(part for part in entry.parts if part.amount and matches(part.features))
    return replace(entry, parts=parts) if parts else None


def grant_entries(books: Books, grant: Row, now: datetime) -> Iterator[Entry]:
    """Yield the entries of a grant and of its void; none while it waits for an invoice."""
    if awaits_invoice(grant, now):
        return
    made, document = grant.created_at, grant.document
    yield grant_entry(grant, FUNDED, amount_of(grant), at=start_of(grant), booked=made, entry_id=grant.id)
    if "voided_at" in document:
        voided = instant_of(document["voided_at"]) or made
        amount = negative(Decimal(document["voided_amount"]))
        yield grant_entry(grant, VOIDED, amount, at=voided, booked=voided, entry_id=document["void_id"])
    elif grant.ends_at is not None:
        ends, left = grant.ends_at, negative(books.left[grant.id])
        yield grant_entry(grant, EXPIRED, left, at=ends, booked=ends, entry_id=document["expiry_id"])


def grant_entry(grant: Row, kind: str, amount: Decimal, *, at: datetime, booked: datetime, entry_id: str) -> Entry:
    return Entry(
        kind=kind,
        parts=(EntryPart(amount, features_of(grant)),),
        currency=grant.document["currency"],
        at=at,
        booked_at=booked,
        created_at=booked,
        id=entry_id,
        name=grant.document["name"],
        description=grant.document.get("description"),
        labels={"charge_id": grant.id},
    )


def booking_entries(booking: Row, charge: Row | None, grants: dict[str, Row]) -> Iterator[Entry]:
    """Yield the entries of a charge, from credits or as a hole, and of later movements for it."""
    document = booking.document
    if document["kind"] != HOLE:
        drawn = tuple(
            EntryPart(EXACT.minus(Decimal(amount)), features_of(grants[grant]))
            for grant, amount in document["draws"].items()
        )
        kind = CONSUMED if document["kind"] == CREDITS else MOVED
        yield booking_entry(booking, charge, kind, drawn, booking.begins_at or booking.created_at)
        return
    own = frozenset(filter(None, (document["feature"],)))
    hole = EntryPart(EXACT.minus(Decimal(document["amount"])), own)
    yield booking_entry(booking, charge, CONSUMED, (hole,), booking.begins_at or booking.created_at)
    for entry in document["fills"]:
        amount = Decimal(entry["amount"])
        parts = (
            EntryPart(amount, own),
            *(taken_part(grants[one["grant"]], amount) for one in (entry,) if one["grant"]),
        )
        yield booking_entry(booking, charge, MOVED, parts, from_micros(entry["at"]))


def taken_part(grant: Row, amount: Decimal) -> EntryPart:
    return EntryPart(EXACT.minus(amount), features_of(grant))


def booking_entry(booking: Row, charge: Row | None, kind: str, parts: tuple[EntryPart, ...], at: datetime) -> Entry:
    return Entry(
        kind=kind,
        parts=parts,
        currency=booking.document["currency"],
        at=at,
        booked_at=at,
        created_at=booking.created_at,
        id=booking.id,
        name="" if charge is None else charge.document["name"],
        description=None if charge is None else charge.document.get("description"),
        labels=booking.document["labels"],
    )


def settled(entries: Iterable[Entry], currency: str, at: datetime) -> Decimal:
    """Return the balance booked in a currency up to a moment."""
    return total(entry.amount for entry in entries if entry.at <= at and entry.currency == currency)


def settled_after(entries: Iterable[Entry], row: Entry) -> Decimal:
    """Return the balance booked in an entry's currency up to its place in the ledger; at a grant's end, up to its
    time."""
    if row.kind in (EXPIRED, VOIDED):
        return settled(entries, row.currency, row.at)
    before = (entry for entry in entries if entry.currency == row.currency and entry.standing <= row.standing)
    return total(entry.amount for entry in before)


def remaining(books: Books, grant: Row, now: datetime) -> Decimal:
    """Return the amount that can be voided now: zero before the grant's start (§7.7)."""
    return ZERO if start_of(grant) > now else books.left[grant.id]


def pending(grants: Iterable[Row], currency: str, *, at: datetime, now: datetime) -> Decimal:
    """The whole amounts of grants that wait for an invoice, or for their start, at a moment."""
    waiting = [
        grant
        for grant in grants
        if grant.document["currency"] == currency
        and (awaits_invoice(grant, now) or grant.created_at <= at < start_of(grant))
    ]
    return total(amount_of(grant) for grant in waiting)


def amount_filled(books: Books, grant: Row) -> Decimal:
    """Return the amount of a grant that went into holes."""
    holes = (booking.document for booking in books.bookings if booking.document["kind"] == HOLE)
    entries = (entry for hole in holes for entry in hole["fills"] if entry["grant"] == grant.id)
    return total(Decimal(entry["amount"]) for entry in entries)
