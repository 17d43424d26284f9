"""A customer's credit ledger, worked out from its grants (customer-facts.md §8, §9). It stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billsync.local.money import ZERO, total
from billsync.local.store import Row, Store
from billsync.local.times import instant_of

GRANT = "grant"
Matches = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking. `at` is its place in the ledger; `booked_at` and `created_at` are what a list shows."""

    grant: Row
    kind: str
    amount: Decimal
    at: datetime
    booked_at: datetime
    created_at: datetime
    id: str

    @property
    def place(self) -> tuple[datetime, datetime, str]:
        """Where the entry stands in a list, from the oldest on."""
        return self.booked_at, self.created_at, self.id


def grants_of(store: Store, customer_id: str) -> list[Row]:
    """Every grant of the customer, in order of creation."""
    return store.rows(GRANT, "parent = :customer", {"customer": customer_id})


def amount_of(grant: Row) -> Decimal:
    return Decimal(grant.document["amount"])


def start_of(grant: Row) -> datetime:
    """From when its credits count."""
    return grant.begins_at or grant.created_at


def awaits_invoice(grant: Row, now: datetime) -> bool:
    """Whether its credits wait for the invoice that sells them (§7.5)."""
    return grant.document["funding_method"] == "invoice" and start_of(grant) > now


def remaining(grant: Row, now: datetime) -> Decimal:
    """What can be voided now: nothing before its start (§7.7)."""
    return ZERO if start_of(grant) > now else amount_of(grant)


def entries_of(grant: Row, now: datetime) -> Iterator[Entry]:
    """Its bookings, those to come included; none while it waits for an invoice."""
    if awaits_invoice(grant, now):
        return
    made, document = grant.created_at, grant.document
    yield Entry(grant, "funded", amount_of(grant), start_of(grant), made, made, grant.id)
    if "voided_at" in document:
        voided = instant_of(document["voided_at"]) or made
        yield Entry(grant, "voided", -Decimal(document["voided_amount"]), voided, voided, voided, document["void_id"])
    elif grant.ends_at is not None:
        ends = grant.ends_at
        yield Entry(grant, "expired", -amount_of(grant), ends, ends, ends, document["expiry_id"])


def settled(entries: list[Entry], currency: str, at: datetime) -> Decimal:
    """What is booked in a currency up to a moment."""
    return total(entry.amount for entry in entries if entry.at <= at and currency_of(entry) == currency)


def currency_of(entry: Entry) -> str:
    return str(entry.grant.document["currency"])


def pending(grants: list[Row], currency: str, *, at: datetime, now: datetime) -> Decimal:
    """The whole amounts of grants that wait for an invoice, or for their start, at a moment."""
    waiting = [
        grant
        for grant in grants
        if grant.document["currency"] == currency
        and (awaits_invoice(grant, now) or grant.created_at <= at < start_of(grant))
    ]
    return total(amount_of(grant) for grant in waiting)
