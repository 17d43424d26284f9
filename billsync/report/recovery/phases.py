"""Phases with an end that begin again: a restored subscription can't begin in the middle of one."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from billsync.model.duration import MEAN_MONTH_SECONDS
from billsync.model.value import Fields, decimal_text
from billsync.rating.arithmetic import divided, rounded
from billsync.rating.errors import RatingError
from billsync.report.moves.amounts import amounts_text, summed
from billsync.report.moves.fees import fees_of
from billsync.report.moves.terms import PlanTerms
from billsync.report.recovery.old import moment

DAY = 86_400
CENTS = 2


def lasts_longer(row: Fields, terms: PlanTerms, start: datetime) -> str:
    """The first phase of the terms, and how much later it ends than in a subscription's row, as words; empty where it
    has no end, or the same."""
    first = terms.phases[0]
    phases: list[Fields] = list(row.get("phases") or ())
    end = next((moment(one, "active_to") for one in phases if one.get("key") == first.key), None)
    extra = first.lasts.after(start) - end if first.lasts is not None and end is not None else timedelta()
    if not extra:
        return ""
    days = decimal_text(rounded(divided(Decimal(int(extra.total_seconds())), Decimal(DAY)), 1))
    return f"its phase {first.key} lasts {days} days longer than it would have{_cost(terms, extra)}"


def _cost(terms: PlanTerms, extra: timedelta) -> str:
    """The fees of the next phase less those of the first one for that time, as words."""
    if len(terms.phases) == 1:
        return ""
    try:
        now, then = (fees_of(one.slots) for one in terms.phases[:2])
    except RatingError:
        return ""
    months = Fraction(int(extra.total_seconds())) / MEAN_MONTH_SECONDS
    lost = {one: (then.a_month(one) - now.a_month(one)) * months for one in then.currencies | now.currencies}
    amounts = summed((one, rounded(_decimal(amount), CENTS)) for one, amount in lost.items())
    return f", which is about {amounts_text(amounts)} of fees" if amounts else ""


def _decimal(amount: Fraction) -> Decimal:
    return divided(Decimal(amount.numerator), Decimal(amount.denominator))
