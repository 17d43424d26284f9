"""The impact of new prices in the types that `json` writes, with every rated line, unless it is without names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from billsync.model.duration import Duration
from billsync.model.moment import moment_text
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import minus
from billsync.rating.periods import Period
from billsync.render.forecast import charge_object
from billsync.render.formats.json_text import Lines
from billsync.render.impact.privacy import FEW, counts, is_few, masked, merged_counts, reason_to_hide
from billsync.render.impact.shown import LEFT_OUT, Shown, having
from billsync.render.impact.text import LARGEST, group_lines
from billsync.report.impact.impact import Bill, Column, Pair, Verdict
from billsync.report.impact.reached import MigrationStatus
from billsync.report.impact.sums import Sum, largest, sums, windows


def impact_object(shown: Shown) -> Any:
    """What the text says; each sum has the cadence that it is of."""
    return {
        "estimate": True,
        "left_out": LEFT_OUT,
        "periods": shown.periods,
        "with_fewer_periods": shown.with_fewer_periods,
        "meter_queries": shown.requests,
        "addon_lists": masked(shown.asked) if shown.anonymous else shown.asked,
        "reached": shown.all_reached,
        "rated_or_told": shown.told,
        "changes": [_change(verdicts, shown) for verdicts in shown.verdicts.values()],
    }


def _change(verdicts: Sequence[Verdict], shown: Shown) -> Any:
    hidden = {"subscriptions": Lines(verdicts, _verdict)} if not shown.anonymous else {}
    rated = [one for one in verdicts if not one.problem]
    return {
        "change": verdicts[0].reached.target,
        "because": verdicts[0].reached.because or None,
        "reached": shown.reached_by(verdicts),
        "windows": [_window(cadence, period) for cadence, period in windows(rated).items()],
        **{standing.value: _sums(having(verdicts, standing), shown) for standing in MigrationStatus},
        "left_out": [{"count": count, "reason": reason} for reason, count in shown.left_out(verdicts).items()],
        "notes": [{"count": count, "note": note} for note, count in shown.noted(verdicts).items()],
        "not_rated": _problems(verdicts, shown),
        **hidden,
    }


def _window(cadence: Duration, period: Period) -> Any:
    return {"cadence": cadence.text, "from": moment_text(period.start), "to": moment_text(period.end)}


def _problems(verdicts: Iterable[Verdict], shown: Shown) -> Any:
    left = [one for one in verdicts if one.problem]
    if not shown.anonymous:
        return [{"subscription": one.reached.name, "reason": one.problem} for one in left]
    problems = sorted(Counter(one.problem for one in left).items())
    return [{"count": masked(count), "reason": problem} for problem, count in problems]


def _sums(verdicts: Sequence[Verdict], shown: Shown) -> Any:
    if shown.anonymous and is_few(len(verdicts)):
        return {"count": FEW}
    return {
        "count": shown.count_of(verdicts),
        "currencies": [_sum_object(one, verdicts, shown) for one in sums(verdicts)],
        "paying_nothing": shown.paying_nothing(verdicts),
    }


def _sum_object(one: Sum, verdicts: Sequence[Verdict], shown: Shown) -> Any:
    column = {"currency": one.currency, "cadence": one.cadence.text}
    reason = reason_to_hide(one) if shown.anonymous else ""
    if reason:
        return {**column, "not_shown": reason}
    found = {
        **column,
        **({} if shown.hides_totals(verdicts) else _totals(one)),
        "difference": decimal_text(minus(one.after, one.before)),
        **(merged_counts(one) if shown.anonymous else counts(one)),
    }
    if shown.anonymous:
        return {**found, "groups": list(group_lines(verdicts, one.column))}
    more, less = largest(verdicts, one.column, count=LARGEST)
    names = {"largest_more": more, "largest_less": less}
    return {**found, **{name: [who.reached.name for who, _ in them] for name, them in names.items()}}


def _totals(one: Sum) -> Any:
    return {"before": decimal_text(one.before), "after": decimal_text(one.after)}


def _verdict(one: Verdict) -> Any:
    return {
        "subscription": one.reached.name,
        "customer": one.reached.customer,
        "standing": one.reached.standing.value,
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
