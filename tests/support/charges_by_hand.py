"""Charges that a client of a recording made itself, as a quote has them (customer-facts.md §11)."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.model.currencies import decimals
from billsync.rating.card import card_of
from billsync.rating.periods import Period
from billsync.rating.rate import Piece, rate
from billsync.rating.usage import Usage
from billsync.report.billing.charges import Charge
from billsync.report.billing.subscribed import CREDIT_ONLY, moment_of
from tests.support.recorded_money import Recording


def made_by_hand(recording: Recording, customer_id: str, moment: datetime) -> Iterator[Charge]:
    """The customer's charges that were made and due by then; only flat and free prices can be (§11)."""
    for at, row in recording.by_hand:
        if at <= moment and row["customer"]["id"] == customer_id and due_at(row) <= moment:
            yield _charge(row)


def reference_of(row: Any) -> str:
    return str(row.get("unique_reference_id") or row["id"])


def due_at(row: Any) -> datetime:
    """When a charge is booked: at its invoice; with `credit_only` by its service period (customer-facts.md §9.1)."""
    invoiced, period = moment_of(row["invoice_at"]), period_of(row["service_period"])
    if row["settlement_mode"] != CREDIT_ONLY:
        return invoiced
    if row["type"] != "flat_fee":
        return period.end
    return max(invoiced, period.start if row["payment_term"] == "in_advance" else period.end)


def period_of(shown: Any) -> Period:
    return Period(moment_of(shown["from"]), moment_of(shown["to"]))


def _charge(row: Any) -> Charge:
    is_flat, service, full = row["type"] == "flat_fee", period_of(row["service_period"]), row["full_service_period"]
    price = {"type": "flat", "amount": row["amount_after_proration"]["amount"]} if is_flat else row["price"]
    card = card_of({"price": price, "name": row["name"], "discounts": row.get("discounts")})
    rated = rate(card, Piece(period_of(full), Usage(Decimal(0))), decimals=decimals(row["currency"]) or 0)
    return Charge(
        reference=reference_of(row),
        key="",
        name=row["name"],
        feature=row.get("feature_key"),
        currency=row["currency"],
        place="",
        at=moment_of(row["invoice_at"]) if is_flat else due_at(row),
        invoice_at=moment_of(row["invoice_at"]),
        service_period=service,
        full_service_period=period_of(full),
        billing_period=period_of(row["billing_period"]),
        is_flat=is_flat,
        is_in_advance=row.get("payment_term") == "in_advance",
        is_owed=row["settlement_mode"] == CREDIT_ONLY,
        quantity=Decimal(0),
        lines=rated.lines,
    )
