"""The charges that a server has booked of a subscription, for comparison with what was due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from billsync.model.currencies import decimals
from billsync.model.malformed import optional_part, part, text
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, plus
from billsync.rating.card import PaymentTerm
from billsync.rating.lines import sum_of_totals
from billsync.rating.periods import Period
from billsync.rating.rate import Piece, rate
from billsync.rating.usage import Usage
from billsync.report.billing.live_card import live_card
from billsync.report.billing.subscribed import CREDIT_ONLY, moment
from billsync.report.billing.unshown import CREATED, DELETED

FLAT = "flat_fee"
IN_ADVANCE = PaymentTerm.IN_ADVANCE.value


def charged(rows: Iterable[Fields], subscription_id: str, *, after: datetime, until: datetime) -> Mapping[str, Decimal]:
    """The sum by currency of a subscription's charges that fell due after one moment and not after another.

    Before credits and taxes. `rows` are its customer's charges. Raises MalformedRow.
    """
    found: dict[str, Decimal] = {}
    for row in rows:
        is_ours = optional_part(row, "subscription").get("id") == subscription_id
        if is_ours and text(row, "status") not in (CREATED, DELETED) and after < _due_at(row) <= until:
            currency = text(row, "currency")
            found[currency] = plus(found.get(currency, ZERO), _amount(row, currency))
    return found


def _due_at(row: Fields) -> datetime:
    """The moment at which a charge falls due, as `Due.at` has it."""
    if row.get("settlement_mode") != CREDIT_ONLY:
        return moment(row, "invoice_at")
    if row["type"] != FLAT:
        return moment(part(row, "service_period"), "to")
    is_ahead = row.get("payment_term") == IN_ADVANCE
    return moment(part(row, "service_period"), "from") if is_ahead else moment(row, "invoice_at")


def _amount(row: Fields, currency: str) -> Decimal:
    if row["type"] != FLAT:
        booked = part(part(row, "totals"), "booked")
        return plus(Decimal(text(booked, "total")), Decimal(text(booked, "credits_total")))
    fee = text(part(row, "amount_after_proration"), "amount")
    card = live_card({**_shown(row), "price": {"type": "flat", "amount": fee}})
    period = Period(moment(part(row, "service_period"), "from"), moment(part(row, "service_period"), "to"))
    rated = rate(card, Piece(period, Usage(ZERO)), decimals=decimals(currency) or 0)
    return sum_of_totals(line.totals for line in rated.lines).total


def _shown(row: Fields) -> Fields:
    return {name: row[name] for name in ("name", "payment_term", "discounts") if name in row}
