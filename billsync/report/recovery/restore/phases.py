"""Phases with an end that begin again: a restored subscription can't begin in the middle of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from billsync.model.duration import MEAN_MONTH_SECONDS
from billsync.model.value import Fields, decimal_text
from billsync.rating.arithmetic import divided, rounded
from billsync.rating.errors import RatingError
from billsync.report.moves.amounts import amounts_text, summed
from billsync.report.moves.fees import Fees, fees_of
from billsync.report.moves.terms import PlanTerms
from billsync.report.recovery.restore.old import moment

DAY = 86_400
CENTS = 2


def lasts_longer(row: Fields, terms: PlanTerms, start: datetime) -> str:
    """The first phase of the terms, and the time that it lasts beyond its end in a subscription's row, as words; empty
    where it has no end, or the same. `start` is the moment at which it begins again."""
    first, ends = terms.phases[0], _ends(row)
    end = ends.get(first.key)
    if first.lasts is None or end is None or (extra := first.lasts.after(start) - max(end, start)) <= timedelta():
        return ""
    days = decimal_text(rounded(divided(Decimal(int(extra.total_seconds())), Decimal(DAY)), 1))
    time = f"{days} days" if days != "0" else "up to two hours"
    was = f"phase {first.key}, which was over, lasts {time} again"
    longer = f"phase {first.key} lasts {time} longer than it would have"
    return f"its {was if end <= start else longer}{_cost(terms, ends, start)}"


def _ends(row: Fields) -> Mapping[str, datetime | None]:
    """The end of each phase in a subscription's row, by its key."""
    phases: list[Fields] = list(row.get("phases") or ())
    return {str(one.get("key")): moment(one, "active_to") for one in phases}


def _cost(terms: PlanTerms, ends: Mapping[str, datetime | None], start: datetime) -> str:
    """The fees of the phases that there would have been less those of the phases that there are, as words."""
    try:
        fees = {one.key: fees_of(one.slots) for one in terms.phases}
    except RatingError:
        return ""
    amounts = summed((code, rounded(_decimal(lost), CENTS)) for code, lost in _lost(terms, fees, ends, start).items())
    return f", which is about {amounts_text(amounts)} of fees" if amounts else ""


def _lost(
    terms: PlanTerms, fees: Mapping[str, Fees], ends: Mapping[str, datetime | None], start: datetime
) -> Mapping[str, Fraction]:
    """By currency, the difference of the fees from a moment on, until both are in the same phase."""
    now = _again(terms, start)
    found: dict[str, Fraction] = defaultdict(Fraction)
    edges = sorted({start, *(end for end in (*ends.values(), *now.values()) if end is not None and end > start)})
    for since, until in pairwise(edges):
        months = Fraction(int((until - since).total_seconds())) / MEAN_MONTH_SECONDS
        would, does = (fees.get(_phase_at(one, since), Fees()) for one in (ends, now))
        for code in would.currencies | does.currencies:
            found[code] += (would.a_month(code) - does.a_month(code)) * months
    return found


def _again(terms: PlanTerms, start: datetime) -> Mapping[str, datetime | None]:
    """The end of each phase that begins again, by its key."""
    found: dict[str, datetime | None] = {}
    end: datetime | None = start
    for one in terms.phases:
        end = one.lasts.after(end) if one.lasts is not None and end is not None else None
        found[one.key] = end
    return found


def _phase_at(ends: Mapping[str, datetime | None], at: datetime) -> str:
    """The key of the phase at a moment."""
    return next((key for key, end in ends.items() if end is None or end > at), "")


def _decimal(amount: Fraction) -> Decimal:
    return divided(Decimal(amount.numerator), Decimal(amount.denominator))
