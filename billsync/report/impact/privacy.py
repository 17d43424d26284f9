"""Counts and sums that an impact without names may show: never of fewer than five subscriptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from billsync.report.impact.impact import counts
from billsync.report.impact.reached import MigrationStatus
from billsync.report.impact.sums import Sum, paying_nothing, sums
from billsync.report.impact.verdicts import Verdict

GROUP = 5
FEW = f"fewer than {GROUP}"
SOME = "some"


def is_few(count: int) -> bool:
    """Whether a count is small enough to identify a customer; zero isn't."""
    return 0 < count < GROUP


def masked(count: int) -> int | str:
    """The count, or the mark of a small one."""
    return FEW if is_few(count) else count


def share(count: int, whole: int) -> int | str:
    """The count, unless it or the rest of the whole is small."""
    return SOME if is_few(whole - count) and not is_few(count) and count else masked(count)


def reason_to_hide(one: Sum) -> str:
    """Return the reason why a sum is not shown; empty if it may be."""
    if is_few(one.count):
        return f"{FEW} subscriptions"
    return f"{FEW} pay more or less" if is_few(one.changed) else ""


def merged_counts(one: Sum) -> Mapping[str, int]:
    """Counts of those who pay more, less and the same; small ones are merged with others."""
    if not any(map(is_few, (one.more, one.less, one.same))):
        return counts(one)
    if not is_few(one.changed) and not is_few(one.same):
        return {"paying_more_or_less": one.changed, "paying_the_same": one.same}
    return {"paying_more_less_or_the_same": one.count}


def part_count(verdicts: Sequence[Verdict]) -> int | str:
    """The size of a part of a change, unless it gives away how few there are, or are in one currency."""
    if is_few(len(verdicts)):
        return FEW
    shown = [paying_nothing(verdicts), *(one.count for one in sums(verdicts))]
    return SOME if any(map(is_few, shown)) else len(verdicts)


def reached_count(changes: Iterable[Sequence[Verdict]]) -> int | str:
    """The number of subscriptions that changes reach; a lower bound where a part of one has no count."""
    parts = [count for verdicts in changes for count in _parts(verdicts)]
    known = sum(one for one in parts if isinstance(one, int))
    if all(isinstance(one, int) for one in parts):
        return known
    return f"at least {known}" if known else SOME


def _parts(verdicts: Sequence[Verdict]) -> Iterator[int | str]:
    rated = [one for one in verdicts if not one.problem]
    for standing in MigrationStatus:
        yield part_count([one for one in rated if one.reached.standing is standing])
    for count in Counter(one.problem for one in verdicts if one.problem).values():
        yield masked(count)
