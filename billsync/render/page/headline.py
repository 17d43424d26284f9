"""The first line of a page: how much changes, who is reached, and the money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from billsync.model.change import Action
from billsync.model.result import Status
from billsync.render.page.amounts import count, each, signed, with_percent
from billsync.render.plan.nouns import noun
from billsync.render.plan.outline import Item, Outline, Summary
from billsync.report.impact.impact import Impact
from billsync.report.impact.totals import MUCH, Money, Totals, totals

BETWEEN = " · "
PARTS_AT_MOST = 3
"""More counts by kind and action than these become one number."""

VERBS = {
    Action.CREATE: ("is new", "are new"),
    Action.UPDATE: ("changes", "change"),
    Action.DELETE: ("is removed", "are removed"),
    Action.NONE: ("stays", "stay"),
}


def headline_text(outline: Outline, impact: Impact | None) -> str:
    """The line: `3 plans change · 1,204 subscriptions reached · +2,310.40 USD a month (+1.8 %)`."""
    to_count = tuple(item for item in outline.changes if item.status is not Status.ALREADY)
    first = _changes(to_count) if outline.drift is None else drift_text(outline.drift)
    undone = _undone(outline.summary)
    return BETWEEN.join((first, *undone, *(_impact(totals(impact)) if impact else ())))


def drift_text(number: int) -> str:
    """The number of entities that differ from the files, in words."""
    if not number:
        return "no drift"
    return f"{count(number)} {'entity is' if number == 1 else 'entities are'} not as the files say"


def counted(items: Iterable[Item]) -> tuple[str, ...]:
    """The numbers of changes by kind and action, in words."""
    counts = Counter((item.kind, item.action) for item in items for _ in range(item.count))
    return tuple(f"{count(number)} {noun(kind, number)} {VERBS[action][number != 1]}"
                 for (kind, action), number in counts.items())  # fmt: skip


def _changes(items: tuple[Item, ...]) -> str:
    parts = counted(items)
    if not parts:
        return "no changes"
    return BETWEEN.join(parts) if len(parts) <= PARTS_AT_MOST else f"{sum(item.count for item in items):,} changes"


def _undone(summary: Summary) -> Iterator[str]:
    """The numbers of changes that a run finds done, leaves undone, or refuses."""
    yield from (f"{summary.already:,} already done",) if summary.already else ()
    yield from (f"{summary.failed:,} failed",) if summary.failed else ()
    yield from (f"{summary.blocked:,} not done",) if summary.blocked else ()
    yield from (f"{summary.refused:,} refused",) if summary.refused else ()


def _impact(found: Totals) -> Iterator[str]:
    noun = "subscription" if found.reached == 1 else "subscriptions"
    yield f"{count(found.reached)} {noun} reached"
    yield from _money(found)
    if found.much_more:
        yield _much_more(found)


def _money(found: Totals) -> Iterator[str]:
    """The amounts that the run changes; those if everybody moved, too, where they differ."""
    over = "" if found.periods == 1 else f" over {found.periods} periods"
    yield from (f"{_change(one)}{over}" for one in found.moving)
    if _some_stay(found):
        if not found.moving:
            yield "no change now"
        yield from (f"{_change(one)}{over} if everybody moved" for one in found.all)


def _some_stay(found: Totals) -> bool:
    """Whether the run moves so few that it makes a difference."""
    moved, everybody = (
        {(one.cadence, one.currency): one.difference for one in them if one.difference}
        for them in (found.moving, found.all)
    )
    return moved != everybody


def _change(one: Money) -> str:
    amount = f"{signed(one.difference, one.currency)} {one.currency} {each(one.cadence)}"
    return f"{amount}{with_percent(one.before, one.after)}"


def _much_more(found: Totals) -> str:
    would = "pays" if found.much_more == 1 else "pay"
    if _some_stay(found):
        would = "would pay"
    return f"{count(found.much_more)} {would} over {MUCH} % more"
