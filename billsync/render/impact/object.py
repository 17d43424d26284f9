"""The impact of new prices in the types that `json` writes, also with every rated line."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from billsync.model.duration import Duration
from billsync.model.moment import moment_text
from billsync.model.value import decimal_text
from billsync.rating.periods import Period
from billsync.render.forecast import charge_object
from billsync.render.formats.json_text import Lines
from billsync.render.impact.text import LEFT_OUT, group_line
from billsync.report.impact.impact import ChangeImpact, Impact, Later, NotRated, Part, PartSum
from billsync.report.impact.reached import MigrationStatus
from billsync.report.impact.spread import Spread
from billsync.report.impact.sums import Paid, difference
from billsync.report.impact.verdicts import Bill, Column, Pair, Verdict


def impact_object(impact: Impact) -> Any:
    """The text's content; each sum has its cadence, its spread, and the largest differences."""
    return _object(impact, _change)


def detailed_impact_object(impact: Impact) -> Any:
    """The same with every rated line of every subscription, where subscriptions are named."""
    return _object(impact, _detailed_change)


def _object(impact: Impact, change_object: Callable[[ChangeImpact], Any]) -> Any:
    return {
        "estimate": True,
        "left_out": LEFT_OUT,
        "periods": impact.periods,
        "with_fewer_periods": impact.with_fewer_periods,
        "meter_queries": impact.meter_queries,
        "addon_lists": impact.addon_lists,
        "reached": impact.reached,
        "rated_or_told": impact.looked_at,
        "changes": [change_object(change) for change in impact.changes],
    }


def _detailed_change(change: ChangeImpact) -> Any:
    verdicts = {} if change.verdicts is None else {"subscriptions": Lines(change.verdicts, _verdict)}
    return {**_change(change), **verdicts}


def _change(change: ChangeImpact) -> Any:
    return {
        "change": change.target,
        "because": change.because or None,
        "reached": change.reached,
        "windows": [_window(cadence, period) for cadence, period in change.windows.items()],
        **{standing.value: _part(change.parts[standing]) for standing in MigrationStatus},
        "left_out": [{"count": count, "reason": reason} for reason, count in change.left_out.items()],
        "notes": [{"count": count, "note": note} for note, count in change.notes.items()],
        "not_rated": [_not_rated(one) for one in change.not_rated],
    }


def _window(cadence: Duration, period: Period) -> Any:
    return {"cadence": cadence.text, "from": moment_text(period.start), "to": moment_text(period.end)}


def _not_rated(one: NotRated) -> Any:
    return {**({"subscription": one.name} if one.name else {"count": one.count}), "reason": one.reason}


def _part(part: Part) -> Any:
    if part.sums is None:
        return {"count": part.count}
    return {
        "count": part.count,
        "currencies": [_sum_object(one) for one in part.sums],
        "paying_nothing": part.paying_nothing,
        **({"later": _later(part.later)} if part.later else {}),
    }


def _later(later: Later) -> Any:
    times = {"from": later.first, "to": later.last}
    return {"count": later.count, **{name: moment_text(time) for name, time in times.items() if time}}


def _sum_object(one: PartSum) -> Any:
    column = {"currency": one.currency, "cadence": one.cadence.text}
    if one.not_shown:
        return {**column, "not_shown": one.not_shown}
    totals = {
        name: decimal_text(side) for name, side in (("before", one.before), ("after", one.after)) if side is not None
    }
    found = {**column, **totals, "difference": decimal_text(one.difference), **one.counts}
    if one.groups is not None:
        return {**found, "groups": [group_line(group) for group in one.groups]}
    largest = {"largest_more": one.more, "largest_less": one.less}
    return {
        **found,
        **({"spread": _spread(one.spread)} if one.spread else {}),
        **{name: [_largest(who) for who in them] for name, them in largest.items()},
    }


def _spread(spread: Spread) -> Any:
    names = ("least", "tenth", "median", "nine_tenths", "greatest")
    return {
        "differences": {name: decimal_text(getattr(spread, name)) for name in names},
        "percent": [{"from": _bound(one.start), "to": _bound(one.end), "count": one.count} for one in spread.bands],
        "without_percent": spread.without_percent,
    }


def _bound(bound: Decimal | None) -> str | None:
    return None if bound is None else decimal_text(bound)


def _largest(one: Paid) -> Any:
    who, (before, after) = one
    return {
        "subscription": who.reached.name,
        "customer": who.reached.customer,
        "before": decimal_text(before),
        "after": decimal_text(after),
        "difference": decimal_text(difference(one)),
    }


def _verdict(one: Verdict) -> Any:
    return {
        "subscription": one.reached.name,
        "customer": one.reached.customer,
        "standing": one.reached.standing.value,
        **({"since": moment_text(one.reached.since)} if one.reached.since else {}),
        "not_rated": one.problem or None,
        "left_out": list(one.left_out),
        "notes": list(one.reached.notes),
        "totals": [_pair(column, pair) for column, pair in one.paid.items()],
        "periods": [_bill(bill) for bill in one.bills],
    }


def _pair(column: Column, pair: Pair) -> Any:
    cadence, currency = column
    before, after = map(decimal_text, pair)
    return {"currency": currency, "cadence": cadence.text, "before": before, "after": after}


def _bill(bill: Bill) -> Any:
    return {
        "cadence": bill.cadence.text,
        "from": moment_text(bill.period.start),
        "to": moment_text(bill.period.end),
        "before": [charge_object(charge) for charge in bill.before],
        "after": [charge_object(charge) for charge in bill.after],
    }
