"""The end of a grant: declared as a time or as a duration, sent as a duration, and shown as a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from billsync.model.calendar import calendar_length
from billsync.model.duration import LONGEST, parse_duration
from billsync.model.duration import Duration as Length
from billsync.model.kind import Names
from billsync.model.moment import cut_to_seconds, moment_text, parse_moment
from billsync.model.value import Fields

CLOCK_SKEW = timedelta(hours=1)
"""By how much the clock that chose a grant's start may be ahead of the server's."""


def read(row: Fields, names: Names) -> Fields:
    """The row with the calendar duration until its end, which the server doesn't show; else with the end itself, as
    where no file may say one so long.

    Source: customer-facts.md §18: `expires_at` less the effective time, or the time of creation cut to seconds.
    """
    start, end = _start(row), parse_moment(str(row.get("expires_at")))
    length = calendar_length(start, end) if start and end else None
    if length is None or length.in_seconds() > LONGEST:
        return row
    return {**{name: value for name, value in row.items() if name != "expires_at"}, "expires_after": length.text}


def respell(want: Fields, view: Fields, row: Fields) -> Fields:
    """The view in the wanted view's spelling: its end in the same form, and no tax code if none is wanted."""
    spelled = {**view, **_end_as_wanted(want, row)}
    if "tax_code" in (view.get("tax_config") or {}) and "tax_code" not in (want.get("tax_config") or {}):
        spelled["tax_config"] = {name: value for name, value in view["tax_config"].items() if name != "tax_code"}
    return {name: value for name, value in spelled.items() if value is not None and value != {}}


def _end_as_wanted(want: Fields, row: Fields) -> Fields:
    """The row's end in the wanted view's form, with None for fields that the wanted view doesn't have."""
    if "expires_at" not in want:
        duration = want.get("expires_after")
        return {"expires_after": duration, "expires_at": None} if _same_end(duration, row) else {}
    end = parse_moment(str(row.get("expires_at")))
    chosen = {"effective_at": None} if "effective_at" not in want and _began_when_made(row) else {}
    return {"expires_at": moment_text(cut_to_seconds(end)) if end else None, "expires_after": None, **chosen}


def _began_when_made(row: Fields) -> bool:
    """Whether the row's start is one that `at_creation` chose: no later than its creation, but for the clocks."""
    effective, created = (parse_moment(str(row.get(name))) for name in ("effective_at", "created_at"))
    return effective is not None and created is not None and effective <= created + CLOCK_SKEW


def at_creation(grant: Fields, now: datetime) -> Fields | None:
    """The grant as it is sent at `now`: its end as a duration from a start that is fixed; None if it has ended.

    The API takes no end (customer-facts.md §7.2). Without a start of its own, the grant starts now, so that a call
    that comes later still makes the declared end.
    """
    end = parse_moment(str(grant.get("expires_at")))
    if end is None:
        return grant
    start = parse_moment(str(grant.get("effective_at"))) or cut_to_seconds(now)
    if end <= max(now, start):
        return None
    length = calendar_length(start, end) or _seconds(end - start)
    kept = {name: value for name, value in grant.items() if name != "expires_at"}
    return {**kept, "effective_at": moment_text(start), "expires_after": length.text}


def _seconds(gap: timedelta) -> Length:
    return Length(days=Decimal(gap.days), seconds=Decimal(gap.seconds))


def _start(row: Fields) -> datetime | None:
    moment = parse_moment(str(row.get("effective_at") or row.get("created_at")))
    return cut_to_seconds(moment) if moment else None


def _same_end(wanted: object, row: Fields) -> bool:
    duration = parse_duration(wanted) if isinstance(wanted, str) else None
    start, end = _start(row), parse_moment(str(row.get("expires_at")))
    if duration is None or start is None or end is None:
        return False
    return cut_to_seconds(duration.after(start)) == end
