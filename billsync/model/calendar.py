"""The calendar duration between two moments, where one leads from the first exactly to the second."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from billsync.model.duration import Duration

DAY = timedelta(days=1)
MONTHS = 12


def calendar_length(start: datetime, end: datetime) -> Duration | None:
    """Whole years and months, else whole days, from `start` to a later `end`; None where neither is exact.

    `end` is checked with the same arithmetic that finds an end from a duration (customer-facts.md §7.2), so the
    result never means another moment.
    """
    if end <= start:
        return None
    months = MONTHS * (end.year - start.year) + end.month - start.month
    candidates = (_months(months), _days(end - start))
    return next((one for one in candidates if one is not None and one.after(start) == end), None)


def _months(number: int) -> Duration | None:
    years, months = divmod(number, MONTHS)
    return Duration(years=Decimal(years), months=Decimal(months)) if number > 0 else None


def _days(gap: timedelta) -> Duration | None:
    return None if gap % DAY else Duration(days=Decimal(gap.days))
