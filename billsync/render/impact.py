"""The impact of new prices as text and as JSON. It says that it is an estimate, and names everybody who isn't in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billsync.model.moment import moment_text
from billsync.model.value import decimal_text
from billsync.render.forecast import charge_object
from billsync.render.impact_privacy import (
    FEW,
    GROUP,
    counts,
    is_few,
    masked,
    merged_counts,
    part_count,
    reached_count,
    reason_to_hide,
    share,
)
from billsync.render.table import table
from billsync.render.words import visible
from billsync.report.impact import Bill, Verdict
from billsync.report.impact_reached import Standing
from billsync.report.impact_sums import Sum, groups, largest, sums, with_fewer

LEFT_OUT = "Left out: taxes, payment fees, one-time fees, and credits, also those bought."
LARGEST = 5
NO_NAMES = "Names are left out of this estimate only: the changes above it may name customers."
COUNTED = {
    "paying_more": "pay more",
    "paying_less": "pay less",
    "paying_the_same": "the same",
    "paying_more_or_less": "pay more or less",
    "paying_more_less_or_the_same": "pay more, less or the same",
}
TITLES = {
    Standing.MOVING: "move to it",
    Standing.MEANT: "are meant to move to it, which this run can't do: they pay nothing different now; once moved",
    Standing.STAYING: "grandfathered: they pay nothing different now; if they were moved",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown: verdicts by what changes, and how they were come by. `reached` counts before sampling."""

    verdicts: Mapping[str, tuple[Verdict, ...]]
    periods: int
    requests: int
    reached: int
    everybody: bool
    anonymous: bool


def impact_text(shown: Shown) -> str:
    """A block for each change; ends with a line break."""
    blocks = [list(_head(shown))]
    blocks += [list(_block(name, verdicts, shown)) for name, verdicts in shown.verdicts.items()]
    blocks.append([LEFT_OUT, f"Meter queries: {shown.requests}.", *([NO_NAMES] if shown.anonymous else [])])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def impact_object(shown: Shown) -> Any:
    """The same in the types that `json` writes, with every rated line, unless it is anonymous."""
    return {
        "estimate": True,
        "left_out": LEFT_OUT,
        "periods": shown.periods,
        "with_fewer_periods": _with_fewer(shown),
        "meter_queries": shown.requests,
        "reached": _all_reached(shown),
        "rated_or_told": _told(shown),
        "changes": [_change(name, verdicts, shown) for name, verdicts in shown.verdicts.items()],
    }


def _head(shown: Shown) -> Iterator[str]:
    whom = "every live subscription" if shown.everybody else "the declared subscriptions"
    yield f"Impact (an estimate): {whom}, usage of {_asked_for(shown)}, old and new prices."
    if _is_sample(shown):
        yield f"A sample: {_told(shown)} of {_all_reached(shown)} subscriptions."
    if not shown.verdicts:
        yield "No price change reaches a subscription."


def _asked_for(shown: Shown) -> str:
    if shown.periods == 1:
        return "the last full billing period"
    window, fewer = f"the last {shown.periods} full billing periods", _with_fewer(shown)
    if not fewer:
        return window
    return f"{window}, or as many as there were ({fewer} {'subscription' if fewer == 1 else 'subscriptions'} had fewer)"


def _with_fewer(shown: Shown) -> int | str:
    rated = [one for verdicts in shown.verdicts.values() for one in verdicts if not one.problem]
    fewer = len(with_fewer(rated, shown.periods))
    return share(fewer, len(rated)) if shown.anonymous else fewer


def _is_sample(shown: Shown) -> bool:
    return sum(len(verdicts) for verdicts in shown.verdicts.values()) < shown.reached


def _told(shown: Shown) -> int | str:
    changes = shown.verdicts.values()
    return reached_count(changes) if shown.anonymous else sum(len(verdicts) for verdicts in changes)


def _all_reached(shown: Shown) -> int | str:
    if not shown.anonymous:
        return shown.reached
    return masked(shown.reached) if _is_sample(shown) else _told(shown)


def _reached(verdicts: Sequence[Verdict], shown: Shown) -> int | str:
    return reached_count([verdicts]) if shown.anonymous else len(verdicts)


def _block(name: str, verdicts: Sequence[Verdict], shown: Shown) -> Iterator[str]:
    rated = [one for one in verdicts if not one.problem]
    yield f"{visible(name)}: {_reached(verdicts, shown)} reached, {_window(rated)}"
    for standing, title in TITLES.items():
        yield from _part(title, _having(verdicts, standing), shown)
    yield from _unrated(verdicts, shown)


def _having(verdicts: Iterable[Verdict], standing: Standing) -> list[Verdict]:
    """Those with a standing; only who was rated."""
    return [one for one in verdicts if not one.problem and one.reached.standing is standing]


def _window(rated: Sequence[Verdict]) -> str:
    periods = [bill.period for one in rated for bill in one.bills]
    if not periods:
        return "none of them rated"
    start, end = min(period.start for period in periods), max(period.end for period in periods)
    return f"usage from {start:%Y-%m-%d} to {end:%Y-%m-%d}"


def _part(title: str, verdicts: Sequence[Verdict], shown: Shown) -> Iterator[str]:
    if not verdicts:
        return
    if shown.anonymous and is_few(len(verdicts)):
        yield f"  {FEW} {title}: not shown"
        return
    yield f"  {part_count(verdicts) if shown.anonymous else len(verdicts)} {title}:"
    for one in sums(verdicts):
        yield f"    {visible(one.currency)}{_sum_line(one, shown)}"
        yield from (f"      {line}" for line in _details(one, verdicts, shown))


def _sum_line(one: Sum, shown: Shown) -> str:
    reason = reason_to_hide(one) if shown.anonymous else ""
    if reason:
        return f": not shown, {reason}"
    told = merged_counts(one) if shown.anonymous else counts(one)
    amounts = f"{decimal_text(one.before)} → {decimal_text(one.after)} ({_signed(one.after - one.before)})"
    return f" {amounts}: {', '.join(f'{count} {COUNTED[what]}' for what, count in told.items())}"


def _details(one: Sum, verdicts: Sequence[Verdict], shown: Shown) -> Iterator[str]:
    if not shown.anonymous:
        yield from _largest(verdicts, one.currency)
    elif not reason_to_hide(one):
        yield from _groups(verdicts, one.currency)


def _largest(verdicts: Sequence[Verdict], currency: str) -> Iterator[str]:
    more, less = largest(verdicts, currency, count=LARGEST)
    rows = [_row(one, currency) for one in (*more, *less)]
    yield from table(("Subscription", "Change", "Before", "After"), rows, numbers={"Change", "Before", "After"})


def _row(one: Verdict, currency: str) -> list[str]:
    before, after = one.totals(currency)
    return [visible(one.reached.name), _signed(after - before), decimal_text(before), decimal_text(after)]


def _groups(verdicts: Sequence[Verdict], currency: str) -> Iterator[str]:
    """Groups of at least five, from the smallest difference to the largest, each with what it comes to."""
    for group in groups(verdicts, currency, size=GROUP):
        total = sum((one.difference(currency) for one in group), Decimal(0))
        yield f"{len(group)} subscriptions: {_signed(total)} together"


def _unrated(verdicts: Sequence[Verdict], shown: Shown) -> Iterator[str]:
    left = [one for one in verdicts if one.problem]
    if not left:
        return
    if shown.anonymous:
        for problem, count in sorted(Counter(one.problem for one in left).items()):
            yield f"  can't be rated: {masked(count)}: {visible(problem)}"
        return
    for one in left:
        yield f"  can't be rated: {visible(one.reached.name)}: {visible(one.problem)}"


def _change(name: str, verdicts: Sequence[Verdict], shown: Shown) -> Any:
    hidden = {"subscriptions": [_verdict(one) for one in verdicts]} if not shown.anonymous else {}
    return {
        "change": name,
        "reached": _reached(verdicts, shown),
        **{standing.value: _sums(_having(verdicts, standing), shown) for standing in Standing},
        "not_rated": _problems(verdicts, shown),
        **hidden,
    }


def _problems(verdicts: Iterable[Verdict], shown: Shown) -> Any:
    left = [one for one in verdicts if one.problem]
    if not shown.anonymous:
        return [{"subscription": one.reached.name, "reason": one.problem} for one in left]
    problems = sorted(Counter(one.problem for one in left).items())
    return [{"count": masked(count), "reason": problem} for problem, count in problems]


def _sums(verdicts: Sequence[Verdict], shown: Shown) -> Any:
    if shown.anonymous and is_few(len(verdicts)):
        return {"count": FEW}
    count = part_count(verdicts) if shown.anonymous else len(verdicts)
    return {"count": count, "currencies": [_sum_object(one, verdicts, shown) for one in sums(verdicts)]}


def _sum_object(one: Sum, verdicts: Sequence[Verdict], shown: Shown) -> Any:
    reason = reason_to_hide(one) if shown.anonymous else ""
    if reason:
        return {"currency": one.currency, "not_shown": reason}
    found = {
        "currency": one.currency,
        "before": decimal_text(one.before),
        "after": decimal_text(one.after),
        "difference": decimal_text(one.after - one.before),
        **(merged_counts(one) if shown.anonymous else counts(one)),
    }
    if shown.anonymous:
        return {**found, "groups": list(_groups(verdicts, one.currency))}
    more, less = largest(verdicts, one.currency, count=LARGEST)
    names = {"largest_more": more, "largest_less": less}
    return {**found, **{name: [who.reached.name for who in them] for name, them in names.items()}}


def _verdict(one: Verdict) -> Any:
    return {
        "subscription": one.reached.name,
        "customer": one.reached.customer,
        "standing": one.reached.standing.value,
        "not_rated": one.problem or None,
        "totals": [_pair(one, currency) for currency in one.currencies],
        "periods": [_bill(bill) for bill in one.bills],
    }


def _pair(one: Verdict, currency: str) -> Any:
    before, after = one.totals(currency)
    return {"currency": currency, "before": decimal_text(before), "after": decimal_text(after)}


def _bill(bill: Bill) -> Any:
    return {
        "from": moment_text(bill.period.start),
        "to": moment_text(bill.period.end),
        "before": [charge_object(charge) for charge in bill.before],
        "after": [charge_object(charge) for charge in bill.after],
    }


def _signed(amount: Decimal) -> str:
    return ("+" if amount > 0 else "") + decimal_text(amount)
