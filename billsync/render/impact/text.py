"""The impact of new prices as text. It says that it is an estimate, and names everybody who isn't in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from billsync.model.value import decimal_text
from billsync.rating.arithmetic import minus, total
from billsync.render.formats.table import table
from billsync.render.formats.words import visible
from billsync.render.impact.privacy import (
    FEW,
    GROUP,
    counts,
    is_few,
    masked,
    merged_counts,
    reason_to_hide,
)
from billsync.render.impact.shown import LEFT_OUT, Shown, having
from billsync.report.impact.impact import Column, Verdict
from billsync.report.impact.reached import COMBINED, MigrationStatus
from billsync.report.impact.sums import Paid, Sum, difference, groups, largest, sums, windows

INDENT = 6
AMOUNTS = frozenset({"Change", "Before", "After"})
LARGEST = 5
NO_NAMES = "No customer is named: changes of what is theirs are counted above, without fields and reasons."
COUNTED = {
    "paying_more": ("pays more", "pay more"),
    "paying_less": ("pays less", "pay less"),
    "paying_the_same": ("the same", "the same"),
    "paying_more_or_less": ("pays more or less", "pay more or less"),
    "paying_more_less_or_the_same": ("pays more, less or the same", "pay more, less or the same"),
}
"""What is counted, of one and of many."""

NOT_NOW = "which this run can't do: they pay nothing different now"
TITLES = {
    MigrationStatus.MOVING: ("moves to it", "move to it"),
    MigrationStatus.MEANT: (
        f"is meant to move to it, {NOT_NOW}; once moved",
        f"are meant to move to it, {NOT_NOW}; once moved",
    ),
    MigrationStatus.STAYING: ("grandfathered: they pay nothing different now; if they were moved",) * 2,
}
GOING = {
    MigrationStatus.MOVING: ("loses it", "lose it"),
    MigrationStatus.MEANT: (
        f"is meant to lose it, {NOT_NOW}; without it",
        f"are meant to lose it, {NOT_NOW}; without it",
    ),
    MigrationStatus.STAYING: ("grandfathered, with it: they pay nothing different now; without it",) * 2,
}
"""The titles where something goes."""
AT_ONCE = {
    MigrationStatus.MOVING: ("moves", "move"),
    MigrationStatus.MEANT: (f"is meant to move, {NOT_NOW}; once moved", f"are meant to move, {NOT_NOW}; once moved"),
    MigrationStatus.STAYING: TITLES[MigrationStatus.STAYING],
}
"""The titles of everything together."""


def impact_text(shown: Shown, *, width: int | None = None) -> str:
    """A block for each change; ends with a line break."""
    blocks = [list(_head(shown))]
    blocks += [list(_block(name, verdicts, shown, width)) for name, verdicts in shown.verdicts.items()]
    blocks.append([LEFT_OUT, _requests(shown), *([NO_NAMES] if shown.anonymous else [])])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _requests(shown: Shown) -> str:
    queries = f"Meter queries: {shown.requests}."
    if not shown.asked:
        return queries
    return (
        f"{queries} Subscriptions asked for their add-ons: {masked(shown.asked) if shown.anonymous else shown.asked}."
    )


def _head(shown: Shown) -> Iterator[str]:
    whom = "every live subscription" if shown.everybody else "the declared subscriptions"
    yield f"Impact (an estimate): {whom}, usage of {_asked_for(shown)}, old and new prices."
    if shown.is_sample:
        yield f"A sample: {shown.told} of {shown.all_reached} subscriptions."
    if not shown.verdicts:
        yield "No price change reaches a subscription."


def _asked_for(shown: Shown) -> str:
    if shown.periods == 1:
        return "the last full billing period"
    window, fewer = f"the last {shown.periods} full billing periods", shown.with_fewer_periods
    if not fewer:
        return window
    return f"{window}, or as many as there were ({fewer} {_subscriptions(fewer)} had fewer)"


def _subscriptions(count: int | str) -> str:
    return "subscription" if count == 1 else "subscriptions"


def _have(count: int | str) -> str:
    return f"{count} {_subscriptions(count)} {'has' if count == 1 else 'have'}"


def _block(name: str, verdicts: Sequence[Verdict], shown: Shown, width: int | None) -> Iterator[str]:
    reached = verdicts[0].reached
    several = " by several changes" if reached.target == COMBINED else ""
    yield f"{visible(name)}: {shown.reached_by(verdicts)} reached{several}, {_window(verdicts)}"
    titles = AT_ONCE if several else GOING if reached.because else TITLES
    for standing in titles:
        yield from _part(titles[standing], having(verdicts, standing), shown, width)
    yield from (f"  left out: {_have(count)} {visible(what)}" for what, count in shown.left_out(verdicts).items())
    yield from (f"  note: {_have(count)} {visible(what)}" for what, count in shown.noted(verdicts).items())
    yield from _unrated(verdicts, shown)


def _window(verdicts: Sequence[Verdict]) -> str:
    """From when to when usage was looked at; longer cadences than the plans' are named."""
    own = {one.own_cadence for one in verdicts if not one.problem}
    if not own:
        return "none of them rated"
    told = [
        f"{'' if own == {cadence} else f'each {cadence.text} '}from {period.start:%Y-%m-%d} to {period.end:%Y-%m-%d}"
        for cadence, period in windows(verdicts).items()
    ]
    return f"usage {', '.join(told)}"


def _part(title: tuple[str, str], verdicts: Sequence[Verdict], shown: Shown, width: int | None) -> Iterator[str]:
    if not verdicts:
        return
    if shown.anonymous and is_few(len(verdicts)):
        yield f"  {_counted(FEW, title)}: not shown"
        return
    yield f"  {_counted(shown.count_of(verdicts), title)}:"
    for one in sums(verdicts):
        yield f"    {_title(one)}{_sum_line(one, verdicts, shown)}"
        yield from (f"      {line}" for line in _details(one, verdicts, shown, width))
    if idle := shown.paying_nothing(verdicts):
        yield f"    {idle} with nothing to pay, before or after"


def _counted(count: int | str, words: tuple[str, str]) -> str:
    return f"{count} {words[0] if count == 1 else words[1]}"


def _title(one: Sum) -> str:
    """The currency, after the cadence where that isn't everybody's own."""
    return visible(one.currency) if one.is_usual else f"each {one.cadence.text}: {visible(one.currency)}"


def _sum_line(one: Sum, verdicts: Sequence[Verdict], shown: Shown) -> str:
    reason = reason_to_hide(one) if shown.anonymous else ""
    if reason:
        return f": not shown, {reason}"
    told = merged_counts(one) if shown.anonymous else counts(one)
    change = _signed(minus(one.after, one.before))
    totals = f"{decimal_text(one.before)} → {decimal_text(one.after)} ({change})"
    amounts = change if shown.hides_totals(verdicts) else totals
    return f" {amounts}: {', '.join(_counted(count, COUNTED[what]) for what, count in told.items())}"


def _details(one: Sum, verdicts: Sequence[Verdict], shown: Shown, width: int | None) -> Iterator[str]:
    if not shown.anonymous:
        yield from _largest(verdicts, one.column, width)
    elif not reason_to_hide(one):
        yield from group_lines(verdicts, one.column)


def _largest(verdicts: Sequence[Verdict], column: Column, width: int | None) -> Iterator[str]:
    more, less = largest(verdicts, column, count=LARGEST)
    rows = [_row(one) for one in (*more, *less)]
    yield from table(
        ("Subscription", "Change", "Before", "After"), rows, numbers=AMOUNTS, width=width - INDENT if width else None
    )


def _row(one: Paid) -> list[str]:
    verdict, (before, after) = one
    return [visible(verdict.reached.name), _signed(difference(one)), decimal_text(before), decimal_text(after)]


def group_lines(verdicts: Sequence[Verdict], column: Column) -> Iterator[str]:
    """Groups of at least five, from the smallest difference to the largest, each with what it comes to."""
    for group in groups(verdicts, column, size=GROUP):
        yield f"{len(group)} subscriptions: {_signed(total(map(difference, group)))} together"


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


def _signed(amount: Decimal) -> str:
    return ("+" if amount > 0 else "") + decimal_text(amount)
