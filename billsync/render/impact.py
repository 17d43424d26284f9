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
from billsync.render.table import table
from billsync.render.words import visible
from billsync.report.impact import Bill, Standing, Verdict
from billsync.report.impact_sums import Sum, groups, largest, sums

LEFT_OUT = "Left out: taxes, payment fees, one-time fees, and credits, also those bought."
LARGEST = 5
GROUP = 5
FEW = f"fewer than {GROUP}"
NO_NAMES = "Names are left out of this estimate only: the changes above it may name customers."
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
        "meter_queries": shown.requests,
        "reached": shown.reached,
        "rated_or_told": sum(len(verdicts) for verdicts in shown.verdicts.values()),
        "changes": [_change(name, verdicts, shown) for name, verdicts in shown.verdicts.items()],
    }


def _head(shown: Shown) -> Iterator[str]:
    whom = "every live subscription" if shown.everybody else "the declared subscriptions"
    window = "the last full billing period" if shown.periods == 1 else f"the last {shown.periods} full billing periods"
    yield f"Impact (an estimate): {whom}, usage of {window}, old and new prices."
    told = sum(len(verdicts) for verdicts in shown.verdicts.values())
    if told < shown.reached:
        yield f"A sample: {told} of {shown.reached} subscriptions."
    if not shown.verdicts:
        yield "No price change reaches a subscription."


def _block(name: str, verdicts: Sequence[Verdict], shown: Shown) -> Iterator[str]:
    rated = [one for one in verdicts if not one.problem]
    yield f"{visible(name)}: {len(verdicts)} reached, {_window(rated)}"
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
    if shown.anonymous and len(verdicts) < GROUP:
        yield f"  {FEW} {title}: not shown"
        return
    yield f"  {len(verdicts)} {title}:"
    for one in sums(verdicts):
        yield f"    {_sum_line(one)}"
        lines = _groups(verdicts, one.currency) if shown.anonymous else _largest(verdicts, one.currency)
        yield from (f"      {line}" for line in lines)


def _sum_line(one: Sum) -> str:
    counts = f"{one.more} pay more, {one.less} pay less, {one.same} the same"
    difference = _signed(one.after - one.before)
    amounts = f"{decimal_text(one.before)} → {decimal_text(one.after)} ({difference})"
    return f"{visible(one.currency)} {amounts}: {counts}"


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
            yield f"  can't be rated: {count if count >= GROUP else FEW}: {visible(problem)}"
        return
    for one in left:
        yield f"  can't be rated: {visible(one.reached.name)}: {visible(one.problem)}"


def _change(name: str, verdicts: Sequence[Verdict], shown: Shown) -> Any:
    hidden = {"subscriptions": [_verdict(one) for one in verdicts]} if not shown.anonymous else {}
    return {
        "change": name,
        "reached": len(verdicts),
        **{standing.value: _sums(_having(verdicts, standing), shown) for standing in Standing},
        "not_rated": _problems(verdicts, shown),
        **hidden,
    }


def _problems(verdicts: Iterable[Verdict], shown: Shown) -> Any:
    left = [one for one in verdicts if one.problem]
    if not shown.anonymous:
        return [{"subscription": one.reached.name, "reason": one.problem} for one in left]
    counts = sorted(Counter(one.problem for one in left).items())
    return [{"count": count if count >= GROUP else FEW, "reason": problem} for problem, count in counts]


def _sums(verdicts: Sequence[Verdict], shown: Shown) -> Any:
    if shown.anonymous and 0 < len(verdicts) < GROUP:
        return {"count": FEW}
    return {"count": len(verdicts), "currencies": [_sum_object(one, verdicts, shown) for one in sums(verdicts)]}


def _sum_object(one: Sum, verdicts: Sequence[Verdict], shown: Shown) -> Any:
    found = {
        "currency": one.currency,
        "before": decimal_text(one.before),
        "after": decimal_text(one.after),
        "difference": decimal_text(one.after - one.before),
        "paying_more": one.more,
        "paying_less": one.less,
        "paying_the_same": one.same,
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
