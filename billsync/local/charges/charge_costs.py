"""Costs of a charge: its usage, rated with its card by `rating` (vectors README)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from billsync.local.catalog.currencies import fiat_precision
from billsync.local.catalog.dimension_filters import accepts
from billsync.local.catalog.features import FEATURE
from billsync.local.catalog.meter_readings import METER
from billsync.local.charges.charge_rows import FINAL, FLAT, is_invoiced
from billsync.local.store.documents import Document
from billsync.local.store.store import Store
from billsync.local.store.times import MICROSECOND, instant_of
from billsync.local.usage.attribution import subjects_of
from billsync.local.usage.metering import EventSelection, usage
from billsync.model.frozen import replace
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, minus, plus, total
from billsync.rating.card import Card, card_of
from billsync.rating.errors import RatingError
from billsync.rating.lines import Totals
from billsync.rating.periods import Period
from billsync.rating.prices import FlatPrice
from billsync.rating.rate import Piece, Rated, Without, rate
from billsync.rating.usage import Usage

COLLECTION = timedelta(hours=1)
LAST_RUN = 2
COMPLETE: frozenset[Without] = frozenset()
RUNNING = frozenset({Without.MINIMUM})


def moment(text: str) -> datetime:
    """The moment that a stored time names."""
    found = instant_of(text)
    assert found is not None
    return found


def period_of(shown_period: Mapping[str, str]) -> Period:
    return Period(moment(shown_period["from"]), moment(shown_period["to"]))


def cost(store: Store, charge: Document, *, stored_before: datetime | None, complete: bool) -> Totals:
    """Return the cost of the charge from the events stored until then; a minimum commitment only once it is
    complete."""
    if charge["type"] == FLAT:
        return rated(flat_card(charge), charge, ZERO, without=COMPLETE)
    quantity = quantity_of(store, charge, stored_before)
    return rated(billed_card(charge), charge, quantity, without=COMPLETE if complete else RUNNING)


def fee_of(store: Store, charge: Document) -> Decimal:
    """Return the amount of a flat fee after discounts."""
    return cost(store, charge, stored_before=None, complete=True).total


def booked_totals(charge: Document) -> Totals:
    """Return the amount booked so far for the usage of a charge."""
    return Totals(**{name: Decimal(text) for name, text in charge.get("booked", {}).items()})


def drawn_amount(charge: Document) -> Decimal:
    """Return the amount that credits have paid so far for a charge that is invoiced."""
    return total(Decimal(amount) for amount in charge.get("applied", ()))


def booked_amount(store: Store, charge: Document) -> Decimal:
    """Return the amount of a charge that credits, or a hole, have paid so far."""
    if is_invoiced(charge):
        return drawn_amount(charge)
    if charge["type"] != FLAT:
        return booked_totals(charge).total
    return fee_of(store, charge) if charge["status"] == FINAL else ZERO


def booked_at(charge: Document) -> datetime:
    """The time of its bookings: in advance the start of the service period, else its end (§9.1)."""
    period = period_of(charge["service_period"])
    return period.start if charge.get("payment_term") == "in_advance" else period.end


def fee_due_at(charge: Document) -> datetime:
    """Return the moment when a flat fee is taken: once it is invoiced, and not before its time (§9.1, §11)."""
    return max(moment(charge["invoice_at"]), booked_at(charge))


def rated(card: Card, charge: Document, quantity: Decimal, *, without: frozenset[Without]) -> Totals:
    """Return no cost for a charge that can't be rated: no request was refused for it, so none may fail for it now."""
    return rating_of(card, charge, quantity, without=without).totals


def rating_of(card: Card, charge: Document, quantity: Decimal, *, without: frozenset[Without]) -> Rated:
    """The lines of a charge; none for one that can't be rated."""
    piece = Piece(period_of(charge["full_service_period"]), Usage(quantity))
    try:
        return rate(card, piece, decimals=fiat_precision(charge["currency"]), without=without)
    except RatingError:
        return Rated(())


def invoiced_rating(store: Store, charge: Document) -> Rated:
    """The lines of a charge that is on an invoice, from the usage that this counts: until the period's end at first."""
    if charge["type"] == FLAT:
        return rating_of(flat_card(charge), charge, ZERO, without=COMPLETE)
    quantity = quantity_of(store, charge, counted_until(charge))
    return rating_of(billed_card(charge), charge, quantity, without=COMPLETE)


def counted_until(charge: Document) -> datetime:
    """The time before which events have to be stored: those that the first run counts, or the last one."""
    if charge["runs"] < LAST_RUN:
        return moment(charge["closes"]) + MICROSECOND
    return period_of(charge["service_period"]).end + COLLECTION


def flat_card(charge: Document) -> Card:
    """A fee is pro-rated first, then discounted."""
    return replace(billed_card(charge), price=FlatPrice(Decimal(charge["amount_after_proration"]["amount"])))


def billed_card(charge: Document) -> Card:
    """The card with its percentage as it is billed: the 32-bit float, widened (catalog-facts.md §1.6)."""
    card = card_of(charge["card"])
    percentage = card.discounts.percentage
    return (
        card if percentage is None else replace(card, discounts=replace(card.discounts, percentage=widened(percentage)))
    )


def widened(percentage: Decimal) -> Decimal:
    (single,) = struct.unpack("f", struct.pack("f", percentage))
    return Decimal(repr(single))


def quantity_of(store: Store, charge: Document, stored_before: datetime | None) -> Decimal:
    """The usage of the service period of a charge."""
    period = period_of(charge["service_period"])
    return used(store, charge.get("feature_id", ""), charge["customer"]["id"], period, stored_before=stored_before)


def used(
    store: Store, feature_id: str, customer_id: str, period: Period, *, stored_before: datetime | None = None
) -> Decimal:
    """The usage in a period by the customer's subjects as of now, of the events that the feature counts."""
    feature = store.get(FEATURE, feature_id)
    measured = feature.document.get("meter") if feature else None
    meter = store.get(METER, measured["id"]) if measured else None
    if measured is None or meter is None:
        return ZERO
    subjects = tuple(subjects_of(store, customer_id))
    wanted = accepts(measured["filters"]) if measured.get("filters") else None
    return usage(store, meter, EventSelection(period.start, period.end, subjects, stored_before), wanted)


def shown_totals(totals: Totals, *, drawn: Decimal = ZERO) -> Document:
    """The totals as a charge or a line shows them; `drawn` is what credits have paid (§11)."""
    amounts = {
        "amount": totals.amount,
        "charges_total": totals.charges,
        "credits_total": plus(totals.credits, drawn),
        "discounts_total": totals.discounts,
        "total": minus(totals.total, drawn),
    }
    taxes: dict[str, Any] = dict.fromkeys(("taxes_exclusive_total", "taxes_inclusive_total", "taxes_total"), "0")
    return taxes | {name: decimal_text(amount) for name, amount in amounts.items()}
