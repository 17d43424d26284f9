"""Calendar arithmetic as the engine does it (`rating.periods`); a time outside the calendar is the request's fault.

Rule: customer-facts.md §5.2 (aligned billing periods); boundaries are always counted from the anchor.
"""

from __future__ import annotations

from datetime import datetime

from billsync.local.server.problems import Problem, invalid
from billsync.model.duration import Duration
from billsync.rating import periods
from billsync.rating.periods import Period


def moved(start: datetime, length: Duration, times: int = 1) -> datetime:
    """Return the moment `times` lengths after the start. Raises Problem (400) beyond the year 9999."""
    try:
        return periods.boundary(start, length, times)
    except (OverflowError, ValueError):
        raise outside() from None


def period_at(anchor: datetime, cadence: Duration, moment: datetime) -> Period:
    """The period around a moment; periods begin at the anchor and at every whole cadence from it.

    Raises Problem (400) for a period that reaches beyond the calendar.
    """
    try:
        return periods.period_at(anchor, cadence, moment)
    except (OverflowError, ValueError):
        raise outside() from None


def outside() -> Problem:
    return invalid("the time lies outside the calendar")
