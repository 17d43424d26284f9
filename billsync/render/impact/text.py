"""The impact of new prices as text. Says that it is an estimate, and names the subscriptions left out."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.model.value import decimal_text
from billsync.render.formats.table import table
from billsync.render.formats.words import visible, with_sign
from billsync.report.impact.impact import ChangeImpact, Count, Group, Impact, Later, Part, PartSum
from billsync.report.impact.reached import MigrationStatus
from billsync.report.impact.sums import Paid, difference

INDENT = 6
LARGEST_SHOWN = 5
AMOUNTS = frozenset({"Change", "Before", "After"})
LEFT_OUT = "Left out: taxes, payment fees, one-time fees, and credits, also those bought."
COUNTED = {
    "paying_more": ("pays more", "pay more"),
    "paying_less": ("pays less", "pay less"),
    "paying_the_same": ("the same", "the same"),
    "paying_more_or_less": ("pays more or less", "pay more or less"),
    "paying_more_less_or_the_same": ("pays more, less or the same", "pay more, less or the same"),
}
"""The counted noun, in singular and plural."""

NOT_NOW = "but not by this run; no change now;"
IF_MOVED = "grandfathered; no change now; if they were moved"
TITLES = {
    MigrationStatus.MOVING: ("moves to it", "move to it"),
    MigrationStatus.MEANT: (f"would move to it, {NOT_NOW} once moved",) * 2,
    MigrationStatus.STAYING: (IF_MOVED,) * 2,
}
GOING = {
    MigrationStatus.MOVING: ("loses it", "lose it"),
    MigrationStatus.MEANT: (f"would lose it, {NOT_NOW} without it",) * 2,
    MigrationStatus.STAYING: ("grandfathered, with it; no change now; without it",) * 2,
}
"""The titles where something goes."""
AT_ONCE = {
    MigrationStatus.MOVING: ("moves", "move"),
    MigrationStatus.MEANT: (f"would move, {NOT_NOW} once moved",) * 2,
    MigrationStatus.STAYING: (IF_MOVED,) * 2,
}
"""The titles of everything together."""


def impact_text(impact: Impact, *, width: int | None = None, whom: str = "") -> str:
    """A block for each change; ends with a line break. `whom` names the subscriptions, if not the declared ones or
    all."""
    blocks = [list(head_lines(impact, whom))]
    blocks += [list(_block(change, width)) for change in impact.changes]
    blocks.append([LEFT_OUT, _requests(impact), *impact.remarks])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _requests(impact: Impact) -> str:
    queries = f"Meter queries: {impact.meter_queries}."
    asked = f" Subscriptions asked for their add-ons: {impact.addon_lists}." if impact.addon_lists else ""
    return f"{queries}{asked}"


def head_lines(impact: Impact, whom: str) -> Iterator[str]:
    whom = whom or ("every live subscription" if impact.everybody else "the declared subscriptions")
    yield f"Impact (an estimate): {whom}, usage of {_asked_for(impact)}, old and new prices."
    if impact.is_sample:
        yield f"A sample: {impact.looked_at} of {impact.reached} subscriptions."
    if not impact.changes:
        yield "No price change reaches a subscription."


def _asked_for(impact: Impact) -> str:
    if impact.periods == 1:
        return "the last full billing period"
    window, fewer = f"the last {impact.periods} full billing periods", impact.with_fewer_periods
    if not fewer:
        return window
    return f"{window}, or as many as there were ({fewer} {_subscriptions(fewer)} had fewer)"


def _subscriptions(count: Count) -> str:
    return "subscription" if count == 1 else "subscriptions"


def _have(count: Count) -> str:
    return f"{count} {_subscriptions(count)} {'has' if count == 1 else 'have'}"


def _block(change: ChangeImpact, width: int | None) -> Iterator[str]:
    several = " by several changes" if change.is_combined else ""
    yield f"{visible(change.title)}: {change.reached} reached{several}, {_window(change)}"
    titles = AT_ONCE if several else GOING if change.because else TITLES
    for standing, title in titles.items():
        yield from _part(title, change.parts[standing], width)
    yield from (f"  left out: {_have(count)} {visible(what)}" for what, count in change.left_out.items())
    yield from (f"  note: {_have(count)} {visible(what)}" for what, count in change.notes.items())
    yield from (
        f"  not estimated: {visible(one.name or str(one.count))}: {visible(one.reason)}" for one in change.not_rated
    )


def _window(change: ChangeImpact) -> str:
    """From when to when usage was looked at; longer cadences than the plans' are named."""
    own = change.own_cadences
    if not own:
        return "none of them estimated"
    spans = [
        f"{'' if own == {cadence} else f'each {cadence.text} '}from {period.start:%Y-%m-%d} to {period.end:%Y-%m-%d}"
        for cadence, period in change.windows.items()
    ]
    return f"usage {', '.join(spans)}"


def _part(title: tuple[str, str], part: Part, width: int | None) -> Iterator[str]:
    if part.count == 0:
        return
    if part.sums is None:
        yield f"  {_counted(part.count, title)}: not shown"
        return
    yield f"  {_counted(part.count, title)}:"
    for one in part.sums:
        yield f"    {_title(one)}{_sum_line(one)}"
        yield from (f"      {line}" for line in _details(one, width))
    if part.paying_nothing:
        yield f"    {part.paying_nothing} with nothing to pay, before or after"
    if part.later:
        yield f"    {_later(part.later)}"


def _later(later: Later) -> str:
    """Return the number of those who move only later, and when."""
    if later.first is None or later.last is None:
        return f"{later.count} only later"
    first, last = (f"{time:%Y-%m-%d}" for time in (later.first, later.last))
    return f"{later.count} only later, {f'on {first}' if first == last else f'from {first} to {last}'}"


def _counted(count: Count, words: tuple[str, str]) -> str:
    return f"{count} {words[0] if count == 1 else words[1]}"


def _title(one: PartSum) -> str:
    """Return the currency, after the cadence unless that is the plan's own."""
    return visible(one.currency) if one.is_usual else f"each {one.cadence.text}: {visible(one.currency)}"


def _sum_line(one: PartSum) -> str:
    if one.not_shown:
        return f": not shown, {one.not_shown}"
    amounts = with_sign(one.difference)
    if one.before is not None and one.after is not None:
        amounts = f"{decimal_text(one.before)} → {decimal_text(one.after)} ({amounts})"
    return f" {amounts}: {', '.join(_counted(count, COUNTED[what]) for what, count in one.counts.items())}"


def _details(one: PartSum, width: int | None) -> Iterator[str]:
    if one.groups is not None:
        yield from map(group_line, one.groups)
    elif not one.not_shown:
        rows = [_row(paid) for paid in (*one.more[:LARGEST_SHOWN], *one.less[:LARGEST_SHOWN])]
        yield from table(
            ("Subscription", "Change", "Before", "After"),
            rows,
            numbers=AMOUNTS,
            width=width - INDENT if width else None,
        )


def _row(one: Paid) -> list[str]:
    verdict, (before, after) = one
    return [visible(verdict.reached.name), with_sign(difference(one)), decimal_text(before), decimal_text(after)]


def group_line(group: Group) -> str:
    """Several subscriptions, with how much more they pay together."""
    return f"{group.count} subscriptions: {with_sign(group.difference)} together"
