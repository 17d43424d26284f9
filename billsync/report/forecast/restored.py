"""Usage of a subscription that a restore began again: it is dated in the second of the new start, and is of the whole
period before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from billsync.model.labels import RESTORED
from billsync.model.value import Fields
from billsync.rating.periods import Period, period_at
from billsync.report.billing.charges import Due
from billsync.report.billing.subscribed import Subscribed, moment_of

Began = Mapping[tuple[str, Period], datetime]
"""The time since which the usage of a feature in a period has come, where that is earlier than the period."""


def began(one: Subscribed, grants: Iterable[Fields], dues: Iterable[Due], now: datetime) -> Began:
    """The starts of the periods that a restore cut: of a card's whole period, as if it had never been lost."""
    if restored_since(one, grants, now) is None:
        return {}
    start = one.timeline.active_from.replace(microsecond=0)
    cut = ((due.needs, due.billed) for due in dues if due.needs and due.billed.service_period.holds(now))
    return {
        needs: billed.full_service_period.start
        for needs, billed in cut
        if billed.service_period.start == start > billed.full_service_period.start
    }


def restored_since(one: Subscribed, grants: Iterable[Fields], now: datetime) -> datetime | None:
    """The start of the running period without the restore in which it began again; None where it didn't in this one.

    What is left of a grant is granted again before its customer is subscribed (`restore`).
    """
    begun = one.timeline.active_from
    whole = period_at(one.timeline.anchor, one.timeline.cadence, now)
    made = (moment_of(row["created_at"]) for row in grants if RESTORED in (row.get("labels") or {}))
    is_restored = whole.start < begun and any(whole.start <= at <= begun for at in made)
    return whole.start if is_restored else None
