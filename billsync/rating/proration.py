"""Amounts of a flat fee for a part of its period. The engine has two rules: a charge's and an older invoice line's.

Source: vectors README, proration.jsonl.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import ONE, divided, exactly, rounded
from billsync.rating.periods import Period


class EndProration(StrEnum):
    """Return the amount of a subscription's last invoice line. Charges don't use it."""

    ACTUAL_PERIOD = "bill_actual_period"
    FULL_PERIOD = "bill_full_period"


@dataclass(frozen=True, slots=True)
class Fee:
    """A flat amount for a service period inside its full period, and whether its plan pro-rates."""

    amount: Decimal
    service_period: Period
    full_period: Period
    pro_rated: bool


def ratio(service_period: Period, full_period: Period) -> Decimal:
    """Service seconds / full seconds with 16 decimals; 1 where the full period is empty.

    Source: vectors README, proration.jsonl, Rule.
    """
    full = full_period.whole_seconds
    return ONE if full == 0 else divided(Decimal(service_period.whole_seconds), Decimal(full))


@exactly
def charge_amount(fee: Fee, *, decimals: int) -> Decimal:
    """The amount of a charge: never more than the fee, and an empty service period costs all of it.

    Source: vectors README, proration.jsonl, Rule: Charge.
    """
    whole = rounded(fee.amount, decimals)
    if fee.pro_rated and 0 < fee.service_period.whole_seconds < fee.full_period.whole_seconds:
        return rounded(whole * ratio(fee.service_period, fee.full_period), decimals)
    return whole


@exactly
def invoice_line_amount(
    fee: Fee, *, decimals: int, at_end: EndProration, subscription_end: datetime | None
) -> Decimal | None:
    """The amount of an older, direct invoice line; None where no line is made, as its amount is rounded to 0.

    No command asks for it yet: a forecast for a server whose `credits.enableCreditThenInvoice` is off will, as such
    a server makes no charges (customer-facts.md §1).
    Source: vectors README, proration.jsonl, Rule: Invoice line.
    """
    ended = subscription_end is not None and subscription_end <= fee.service_period.end
    billed_in_full = at_end is EndProration.FULL_PERIOD and ended
    if not fee.pro_rated or billed_in_full or fee.service_period.whole_seconds == 0:
        amount = fee.amount
    else:
        amount = fee.amount * ratio(fee.service_period, fee.full_period)
    return rounded(amount, decimals) or None
