"""Phases with an end that begin again: a restored subscription can't begin in the middle of one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.model.value import Fields, decimal_text
from billsync.rating.arithmetic import divided, rounded
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
    return f"its {was if end <= start else longer}"


def _ends(row: Fields) -> Mapping[str, datetime | None]:
    """The end of each phase in a subscription's row, by its key."""
    phases: list[Fields] = list(row.get("phases") or ())
    return {str(one.get("key")): moment(one, "active_to") for one in phases}
