"""Usage of a manual metered entitlement: its resets, and the history of its grants (API v2, §15).

Sections are those of customer-facts.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billsync.local.accounts.usage_periods import counted_from, course_at, usage_period
from billsync.local.credits.entitlement_standing import drawn_down
from billsync.local.server.problems import bad_query, invalid
from billsync.local.server.resource import V2, Answer, Call, Route, no_content, ok
from billsync.local.store.documents import Document
from billsync.local.store.limits import HISTORY_WINDOWS
from billsync.local.store.store import Row, changed
from billsync.local.store.times import instant_of, micros, rfc3339
from billsync.local.usage.meter_windows import MINUTE, Window, day_of, hour_of, minute_of, zone_of
from billsync.local.v1.lists import single
from billsync.local.v1.usage_grants import to_minute
from billsync.local.v1.v2_lookups import OF_FEATURE, ONE, check_metered, find, find_own
from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import ZERO, exactly, total
from billsync.rating.entitlement_grants import Segment
from billsync.rating.periods import Period

FARTHEST_AHEAD = timedelta(days=366)
RESET = {
    "type": "object",
    "properties": {
        "effectiveAt": {"$ref": "DateTime"},
        "retainAnchor": {"type": "boolean"},
        "preserveOverage": {"type": "boolean"},
    },
}
Span = tuple[datetime | None, datetime | None]
Sizing = Callable[[datetime, ZoneInfo], Window]
SIZES: Mapping[str, Sizing] = {"MINUTE": minute_of, "HOUR": hour_of, "DAY": day_of}


def reset(call: Call) -> Answer:
    """From that minute on usage counts from 0, and usage periods from it unless their anchor is retained. Raises
    Problem (400) for a time to come and for one before the running period."""
    row = check_metered(find_own(call))
    moment = instant_of(call.body["effectiveAt"]) if "effectiveAt" in call.body else call.now
    if moment is None or moment > call.now:
        raise invalid("cannot reset in the future")
    moment, period = to_minute(moment), usage_period(row, call.now)
    if period is not None and moment < period.start:
        raise invalid(f"reset at {rfc3339(moment)} is before current usage period start {rfc3339(period.start)}")
    anchor = course_at(row, moment).anchor if call.body.get("retainAnchor") else moment
    entry: Document = {"at": micros(moment), "anchor": micros(anchor)}
    if "preserveOverage" in call.body:
        entry["keeps_overage"] = call.body["preserveOverage"]
    earlier = [other for other in row.document.get("resets", []) if other["at"] < entry["at"]]
    call.store.update(changed(row, call.now, document={**row.document, "resets": [*earlier, entry]}))
    return no_content()


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """The time and the windows that a history is asked for."""

    period: Period
    windows: tuple[Window, ...]


def history(call: Call) -> Answer:
    """Usage and balance by windows, and the amounts drawn from each grant; from the last reset until now by default.
    Raises Problem (400) for a time before usage counted."""
    windows = windows_asked(call)
    span = (time_asked(call, "from"), time_asked(call, "to"))
    row = check_metered(find(call))
    asked = checked(call, row, windows, span)
    windowed = drawn_down(call.store, row, asked.period.end, cuts=[start for start, _ in asked.windows]).segments
    burned = drawn_down(call.store, row, asked.period.end, cuts=[asked.period.start]).segments
    return ok(
        {
            "windowedHistory": [shown_window(window, windowed) for window in asked.windows],
            "burndownHistory": [shown_segment(part) for part in burned if part.period.start >= asked.period.start],
        }
    )


def windows_asked(call: Call) -> tuple[Sizing, ZoneInfo]:
    """Return the size of windows and their time zone. Raises Problem (400)."""
    size = SIZES.get(single(call.query, "windowSize") or "")
    if size is None:
        raise bad_query("windowSize", f"value is not one of the allowed values {list(SIZES)}", "enum")
    return size, zone_of(single(call.query, "windowTimeZone") or "UTC")


def checked(call: Call, row: Row, windows: tuple[Sizing, ZoneInfo], span: Span) -> HistoryQuery:
    """The times in whole minutes, including the current minute. Raises Problem (400) for invalid times."""
    period = usage_period(row, call.now)
    start = span[0] or (period.start if period else counted_from(row))
    end = span[1] or call.now
    if start < counted_from(row):
        raise invalid(f"from {rfc3339(start)} cannot be before {rfc3339(counted_from(row))}")
    if not start <= end <= call.now + FARTHEST_AHEAD:
        raise invalid("from must not be after to, and to not more than a year from now")
    whole = Period(to_minute(start), to_minute(end) if end == to_minute(end) else to_minute(end) + MINUTE)
    found = tuple(windows_of(whole, *windows))
    return HistoryQuery(whole, tuple(window for window in found if window[0] >= counted_from(row)))


def time_asked(call: Call, name: str) -> datetime | None:
    """The time in the query's parameter, if it is there. Raises Problem (400) for an invalid time."""
    text = single(call.query, name)
    if text is not None and instant_of(text) is None:
        raise bad_query(name, f"an invalid time: {text[:40]}", "format")
    return instant_of(text) if text is not None else None


def windows_of(period: Period, size: Sizing, zone: ZoneInfo) -> Iterator[Window]:
    """The windows that the period touches. Raises Problem (400) for more than the server answers."""
    moment, count = period.start, 0
    while moment < period.end:
        count += 1
        if count > HISTORY_WINDOWS:
            raise invalid(f"a history has at most {HISTORY_WINDOWS} windows")
        window = size(moment, zone)
        yield window
        moment = window[1]


def shown_window(window: Window, segments: Sequence[Segment]) -> Document:
    """A window, by the segments that begin in it; its own start begins one."""
    start, end = window
    within = [part for part in segments if start <= part.period.start < end]
    opening = [part for part in segments if part.period.start <= start][-1:]
    return {
        "period": {"from": rfc3339(start), "to": rfc3339(end)},
        "usage": total(part.usage for part in within),
        "balanceAtStart": total(amount for part in opening for amount in part.opened.values()),
    }


@exactly
def shown_segment(segment: Segment) -> Document:
    drawn = {part.grant: part.amount for part in segment.drawn}
    left = {grant: amount - drawn.get(grant, ZERO) for grant, amount in segment.opened.items()}
    return {
        "period": {"from": rfc3339(segment.period.start), "to": rfc3339(segment.period.end)},
        "usage": segment.usage,
        "overage": segment.overage,
        "balanceAtStart": total(segment.opened.values()),
        "balanceAtEnd": total(left.values()),
        "grantBalancesAtStart": dict(segment.opened),
        "grantBalancesAtEnd": left,
        "grantUsages": [{"grantId": part.grant, "usage": part.amount} for part in segment.drawn],
    }


ROUTES = (
    Route("POST", f"{ONE}/reset", reset, OF_FEATURE, version=V2, accepts=RESET),
    Route("GET", f"{ONE}/history", history, OF_FEATURE, version=V2),
)
