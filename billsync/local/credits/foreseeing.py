"""Costs of open charges at this moment: the difference of `settled` and `live` (customer-facts.md §8)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from billsync.local.charges.books import Books, features_of
from billsync.local.charges.charge_costs import booked_totals, cost, drawn_amount, moment, period_of
from billsync.local.charges.charge_rows import CREDIT_ONLY, FINAL, FLAT, is_invoiced
from billsync.local.charges.settling import charges_of
from billsync.local.credits.ledger import Matches
from billsync.local.server.resource import Call
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.rating.arithmetic import ZERO, exactly, minus, total
from billsync.rating.drawdown import Spending


@exactly
def foreseen(call: Call, books: Books, customer_id: str, matches: Matches) -> Mapping[str, Decimal]:
    """Amounts by currency that open charges will take, with a feature filter: charges of that feature, and charges
    without a feature.

    A `credit_only` charge counts in full; any other only as far as matching credits may pay for it.
    """
    scratch = Books(lambda: list(books.grants), lambda: list(books.bookings))
    sums: dict[str, Decimal] = {}
    for row in open_charges(call, customer_id):
        charge = row.document
        if matches(frozenset(filter(None, (charge.get("feature_key"),)))):
            amount = outstanding(call, charge)
            if charge["settlement_mode"] != CREDIT_ONLY:
                amount = payable(call, scratch, charge, amount, matches)
            sums[charge["currency"]] = sums.get(charge["currency"], ZERO) + amount
    return sums


def open_charges(call: Call, customer_id: str) -> list[Row]:
    charges = [row for row in charges_of(call, customer_id) if is_open(row.document, call)]
    return sorted(
        charges, key=lambda row: (period_of(row.document["service_period"]).end, row.document["order"], row.seq)
    )


def is_open(charge: Document, call: Call) -> bool:
    """Whether a charge is open: a fee from its invoicing, usage from the start of its period, until it is final."""
    start = charge["invoice_at"] if charge["type"] == FLAT else charge["service_period"]["from"]
    return bool(charge["status"] != FINAL) and moment(start) <= call.now


def outstanding(call: Call, charge: Document) -> Decimal:
    """Return the cost of the charge above the booked amount; zero if it costs less now."""
    complete = period_of(charge["service_period"]).end <= call.now
    price = cost(call.store, charge, stored_before=None, complete=complete)
    paid = drawn_amount(charge) if is_invoiced(charge) else booked_totals(charge).total
    return max(ZERO, minus(price.total, paid))


def payable(call: Call, scratch: Books, charge: Document, amount: Decimal, matches: Matches) -> Decimal:
    """Return the part that credits pay, which other charges can't use then."""
    matching = scratch.with_only([grant for grant in scratch.grants if matches(features_of(grant))])
    draws, _ = matching.drawn(Spending(call.now, amount, charge.get("feature_key")), charge["currency"], call.now)
    scratch.take(draws)
    return total(draws.values())
