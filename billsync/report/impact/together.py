"""Subscriptions that several changes reach, each with a difference: only these have a combined sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from billsync.report.impact.reached import COMBINED
from billsync.report.impact.verdicts import Verdict


def with_several(verdicts: Iterable[Verdict]) -> Sequence[Verdict]:
    """The verdicts; those on everything together only of who pays something different by more than one change."""
    every = list(verdicts)
    single = [one for one in every if one.reached.target != COMBINED]
    counts = Counter(one.reached.before.id for one in single if _differs(one))
    several = [one for one in every if one.reached.target == COMBINED and counts[one.reached.before.id] > 1]
    return [*single, *several]


def _differs(one: Verdict) -> bool:
    return any(before != after for before, after in one.paid.values())
