"""Redaction of an impact: no names, and no count or sum of fewer than five subscriptions.

Numbers that would let such a count be worked out from others are left out, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from billsync.model.frozen import replace
from billsync.rating.arithmetic import total
from billsync.report.impact.impact import (
    ChangeImpact,
    Count,
    Group,
    Impact,
    Later,
    NotRated,
    Part,
    PartSum,
    having,
    moving_later,
)
from billsync.report.impact.privacy import (
    FEW,
    GROUP,
    is_few,
    masked,
    merged_counts,
    part_count,
    reached_count,
    reason_to_hide,
    share,
)
from billsync.report.impact.reached import MigrationStatus
from billsync.report.impact.sums import Sum, difference, groups, left_out, noted, paying_nothing, sums, with_fewer
from billsync.report.impact.verdicts import Verdict

NO_NAMES = "No customer is named: changes of what is theirs are counted above, without fields and reasons."


def redact(impact: Impact) -> Impact:
    """The impact without names and small counts.

    The combined change isn't shown: minus its parts it would reveal the payments of a few customers.
    """
    changes = [change for change in impact.changes if not change.is_combined]
    verdicts = [change.verdicts or () for change in changes]
    rated = [one for them in verdicts for one in them if not one.problem]
    looked_at = _looked_at(impact, verdicts)
    return replace(
        impact,
        with_fewer_periods=share(len(with_fewer(rated, impact.periods)), len(rated)),
        addon_lists=_masked(impact.addon_lists),
        reached=_masked(impact.reached) if impact.is_sample else looked_at,
        looked_at=looked_at,
        changes=tuple(_change(change, them) for change, them in zip(changes, verdicts, strict=True)),
        remarks=(*impact.remarks, NO_NAMES),
    )


def _masked(count: Count) -> Count:
    return masked(count) if isinstance(count, int) else count


def _looked_at(impact: Impact, changes: Sequence[Sequence[Verdict]]) -> Count:
    """The number of subscriptions looked at; one that two changes reach counts once."""
    if impact.looked_at == sum(map(len, changes)):
        return reached_count(changes)
    count = reached_count([max(changes, key=len)])
    return f"at least {count}" if isinstance(count, int) else count


def _change(change: ChangeImpact, verdicts: Sequence[Verdict]) -> ChangeImpact:
    problems = Counter(one.problem for one in verdicts if one.problem)
    return replace(
        change,
        reached=reached_count([verdicts]),
        parts={standing: _part(having(verdicts, standing)) for standing in MigrationStatus},
        left_out=_shares(left_out(verdicts), verdicts),
        notes=_shares(noted(verdicts), verdicts),
        not_rated=tuple(NotRated(reason, count=masked(count)) for reason, count in sorted(problems.items())),
        verdicts=None,
    )


def _shares(counts: Mapping[str, int], verdicts: Sequence[Verdict]) -> Mapping[str, Count]:
    rated = sum(not one.problem for one in verdicts)
    return {what: share(counts[what], rated) for what in sorted(counts)}


def _part(verdicts: Sequence[Verdict]) -> Part:
    if is_few(len(verdicts)):
        return Part(FEW, None)
    return Part(
        part_count(verdicts),
        tuple(_sum(one, verdicts) for one in sums(verdicts)),
        share(paying_nothing(verdicts), len(verdicts)),
        Later(share(len(times), len(verdicts))) if (times := moving_later(verdicts)) else None,
    )


def _sum(one: Sum, verdicts: Sequence[Verdict]) -> PartSum:
    """The sum reduced to a difference for an add-on's subscribers: their totals, subtracted from those of all the
    plan's subscribers, would reveal the payments of the few others."""
    if reason := reason_to_hide(one):
        return PartSum(one.cadence, one.currency, one.is_usual, not_shown=reason)
    is_part = any(each.reached.is_part for each in verdicts)
    together = groups(verdicts, one.column, size=GROUP)
    return PartSum(
        one.cadence,
        one.currency,
        one.is_usual,
        one.difference,
        None if is_part else one.before,
        None if is_part else one.after,
        merged_counts(one),
        groups=tuple(Group(len(group), total(map(difference, group))) for group in together),
    )
