"""The sections of a page about money: who pays what, price curves, which line makes the difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from billsync.rating.arithmetic import minus
from billsync.render.impact.text import COUNTED as PAYING
from billsync.render.impact.text import LEFT_OUT, head_lines
from billsync.render.page.amounts import count, each, money, often, signed, with_percent
from billsync.render.page.page import (
    Bar,
    Bars,
    Block,
    Column,
    Listing,
    Section,
    Table,
    Text,
    code,
    plain,
    strong,
)
from billsync.report.curves.curve import PriceCurve
from billsync.report.impact.impact import ChangeImpact, Impact, Part, PartSum
from billsync.report.impact.reached import COMBINED, MigrationStatus
from billsync.report.impact.sums import by_difference, difference
from billsync.report.impact.totals import LineSum, line_sums
from billsync.report.impact.verdicts import Column as ColumnOfSums

OPEN_CURVES = 3
"""The number of curves that are shown without a fold."""

BARS_EACH_WAY = 20
LINES = 25
NOT_SHOWN = plain("not shown")
NONE: Text = plain("–")

MOVES = {
    MigrationStatus.MOVING: "with this run",
    MigrationStatus.MEANT: "not by this run",
    MigrationStatus.STAYING: "grandfathered",
}
COUNTED = ("paying_more", "paying_less", "paying_the_same")


def money_section(impact: Impact) -> tuple[Section, ...]:
    """The table of all changes of prices; none where no subscription is reached."""
    rows = tuple(row for change in impact.changes for row in _rows(change))
    columns = (
        Column("price change"),
        Column("subscriptions", is_number=True),
        Column("in"),
        Column("before", is_number=True),
        Column("after", is_number=True),
        Column("change", is_number=True),
        Column("pay more / less / same", is_number=True),
        Column("who moves"),
    )
    return (Section(plain("Who pays what"), (Table("amounts before and after", columns, rows),)),) if rows else ()


def curve_sections(curves: Sequence[PriceCurve]) -> tuple[Section, ...]:
    """A section for each curve; those after the first few are folded."""
    return tuple(
        Section(_curve_title(curve), (curve,), is_fold=number >= OPEN_CURVES) for number, curve in enumerate(curves)
    )


def line_sections(impact: Impact) -> tuple[Section, ...]:
    """For each change, the lines of the bills that make the difference."""
    changes = (change for change in impact.changes if not change.is_combined)
    found = ((change, line_sums(change.verdicts or ())) for change in changes)
    return tuple(_line_section(change, lines) for change, lines in found if lines)


def people_sections(impact: Impact) -> tuple[Section, ...]:
    """The sections of those who pay more and less, and of those who aren't in the numbers."""
    bars = tuple(bars for change in impact.changes for bars in _bars(change))
    return (
        *((Section(plain("Who pays more and less"), bars, is_fold=True),) if bars else ()),
        *_missing(impact),
    )


def estimate_lines(impact: Impact) -> tuple[Text, ...]:
    """Lines that say which usage the numbers are about, and what they leave out."""
    return tuple(plain(line) for line in (*head_lines(impact, ""), LEFT_OUT, *impact.remarks))


def _title(change: ChangeImpact) -> Text:
    if change.target == COMBINED:
        return plain("everything together")
    return code(change.target) + plain(f": {change.because}") if change.because else code(change.target)


def _rows(change: ChangeImpact) -> Iterator[tuple[Text, ...]]:
    for status, part in change.parts.items():
        if part.count != 0:
            yield from (_row(change, status, part, one) for one in part.sums or (None,))


def _row(change: ChangeImpact, status: MigrationStatus, part: Part, one: PartSum | None) -> tuple[Text, ...]:
    ends = (_title(change), plain(count(part.count)))
    if one is None or one.not_shown:
        hidden = NOT_SHOWN if part.sums is None or one else plain("nothing to pay")
        return (*ends, NONE, NONE, NONE, hidden, NONE, plain(MOVES[status]))
    both = one.before is not None and one.after is not None
    before, after = (NONE if side is None else plain(money(side, one.currency)) for side in (one.before, one.after))
    percent = with_percent(one.before or Decimal(0), one.after or Decimal(0)) if both else ""
    return (
        *ends,
        plain(f"{one.currency} {each(one.cadence)}"),
        before,
        after,
        strong(signed(one.difference, one.currency)) + plain(percent),
        _counts(one),
        plain(MOVES[status]),
    )


def _counts(one: PartSum) -> Text:
    if all(name in one.counts for name in COUNTED):
        return plain(" / ".join(count(one.counts[name]) for name in COUNTED))
    return plain(", ".join(f"{count(number)} {PAYING[name][1]}" for name, number in one.counts.items()))


def _curve_title(curve: PriceCurve) -> Text:
    return plain(f"{curve.title}: what it costs{often(curve.cadence)}, ") + code(curve.target)


def _line_section(change: ChangeImpact, lines: Sequence[LineSum]) -> Section:
    left_out = f", without {len(lines) - LINES} more" if len(lines) > LINES else ""
    columns = (
        Column("line"),
        Column("currency"),
        Column("before", is_number=True),
        Column("after", is_number=True),
        Column("change", is_number=True),
    )
    rows = tuple(_line(line) for line in lines[:LINES])
    title = _title(change) + plain(f": which line makes the difference{_if_moved(change)}")
    return Section(title, (Table(f"lines of the bills{left_out}", columns, rows),), is_fold=True)


def _line(line: LineSum) -> tuple[Text, ...]:
    amounts = (money(line.before, line.currency), money(line.after, line.currency))
    change = signed(minus(line.after, line.before), line.currency)
    return (code(line.name), plain(line.currency), *map(plain, amounts), plain(change))


def _bars(change: ChangeImpact) -> Iterator[Bars]:
    """The bars of each currency and cadence: of subscriptions, or of groups where they aren't named."""
    columns = dict.fromkeys((one.cadence, one.currency) for part in change.parts.values() for one in part.sums or ())
    for cadence, currency in columns:
        bars = _descending(bar for bar in _each(change, (cadence, currency)) if bar.amount != 0)
        if bars:
            yield _longest(f"{change.title}, {currency} {each(cadence)}{_if_moved(change)}", currency, bars)


def _each(change: ChangeImpact, column: ColumnOfSums) -> Iterator[Bar]:
    """A bar for each subscription, or for each group of them where they aren't named, whoever moves."""
    if change.verdicts is not None:
        yield from (Bar(who[0].reached.name, difference(who)) for who in by_difference(change.verdicts, column))
        return
    for one in (one for part in change.parts.values() for one in part.sums or ()):
        if (one.cadence, one.currency) == column:
            yield from (Bar(f"{group.count} subscriptions", group.difference) for group in one.groups or ())


def _if_moved(change: ChangeImpact) -> str:
    """The condition of numbers about all whom a change reaches, where the run doesn't move them all."""
    others = (part for status, part in change.parts.items() if status is not MigrationStatus.MOVING)
    return ", if everybody moved" if any(part.count != 0 for part in others) else ""


def _descending(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    return tuple(sorted(bars, key=lambda bar: (minus(Decimal(0), bar.amount), bar.label)))


def _longest(title: str, currency: str, bars: tuple[Bar, ...]) -> Bars:
    """The longest bars each way."""
    more, less = (tuple(bar for bar in bars if (bar.amount > 0) is side) for side in (True, False))
    shown = (*more[:BARS_EACH_WAY], *less[-BARS_EACH_WAY:])
    return Bars(title, currency, shown, len(bars) - len(shown))


def _missing(impact: Impact) -> tuple[Section, ...]:
    """The section of subscriptions that can't be rated, and of what the numbers leave out or don't say."""
    rows = tuple(
        (_title(change), code(one.name) if one.name else plain(count(one.count)), plain(one.reason))
        for change in impact.changes
        for one in change.not_rated
    )
    remarks = tuple(
        _title(change) + plain(f": {word} {count(number)} × {what}")
        for change in impact.changes
        for word, counts in (("left out:", change.left_out), ("note:", change.notes))
        for what, number in counts.items()
    )
    columns = (Column("price change"), Column("subscription"), Column("not estimated because"))
    blocks: tuple[Block, ...] = (Table("subscriptions without an estimate", columns, rows),) if rows else ()
    blocks = (*blocks, *((Listing(remarks),) if remarks else ()))
    return (Section(plain("Not in these numbers"), blocks, is_fold=True),) if blocks else ()
