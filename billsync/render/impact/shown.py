"""What an impact shows: verdicts and how they were come by, with the counts that may be told. It renders nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from billsync.render.impact.privacy import masked, part_count, reached_count, share
from billsync.report.impact.impact import Verdict
from billsync.report.impact.reached import MigrationStatus
from billsync.report.impact.sums import left_out, noted, paying_nothing, with_fewer

LEFT_OUT = "Left out: taxes, payment fees, one-time fees, and credits, also those bought."


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown: verdicts by what changes, and how they were come by. `reached` counts before sampling.

    `requests` counts meter queries, `asked` the subscriptions whose add-ons were read.

    Without names no count that it gives is one of fewer than five.
    """

    verdicts: Mapping[str, tuple[Verdict, ...]]
    periods: int
    requests: int
    reached: int
    everybody: bool
    anonymous: bool
    asked: int = 0

    @property
    def is_sample(self) -> bool:
        """Whether only some of those who are reached were looked at."""
        return self._subscriptions < self.reached

    @property
    def with_fewer_periods(self) -> int | str:
        """How many who were rated had fewer full periods than were asked for."""
        rated = [one for verdicts in self.verdicts.values() for one in verdicts if not one.problem]
        fewer = len(with_fewer(rated, self.periods))
        return share(fewer, len(rated)) if self.anonymous else fewer

    @property
    def told(self) -> int | str:
        """How many subscriptions were looked at; whoever two changes reach counts once."""
        if not self.anonymous:
            return self._subscriptions
        changes = list(self.verdicts.values())
        if self._subscriptions == sum(map(len, changes)):
            return reached_count(changes)
        count = reached_count([max(changes, key=len)])
        return f"at least {count}" if isinstance(count, int) else count

    @property
    def _subscriptions(self) -> int:
        return len({(one.reached.name, one.reached.before.id) for them in self.verdicts.values() for one in them})

    @property
    def all_reached(self) -> int | str:
        """How many are reached, also those that a sample leaves out."""
        if not self.anonymous:
            return self.reached
        return masked(self.reached) if self.is_sample else self.told

    def reached_by(self, verdicts: Sequence[Verdict]) -> int | str:
        """How many one change reaches."""
        return reached_count([verdicts]) if self.anonymous else len(verdicts)

    def hides_totals(self, part: Sequence[Verdict]) -> bool:
        """Whether only differences may be told.

        The sums of whole subscriptions of those who have an add-on, taken from those of its plan's subscribers, would
        leave what the few others pay.
        """
        return self.anonymous and any(one.reached.is_part for one in part)

    def count_of(self, part: Sequence[Verdict]) -> int | str:
        """How many stand alike under one change."""
        return part_count(part) if self.anonymous else len(part)

    def paying_nothing(self, part: Sequence[Verdict]) -> int | str:
        """How many of a part are in no sum, because they have nothing to pay."""
        count = paying_nothing(part)
        return share(count, len(part)) if self.anonymous else count

    def left_out(self, verdicts: Sequence[Verdict]) -> Mapping[str, int | str]:
        """How many of those who were rated have something that was not, by what it is."""
        return self._shares(left_out(verdicts), verdicts)

    def noted(self, verdicts: Sequence[Verdict]) -> Mapping[str, int | str]:
        """How many of those who were rated have something that their numbers don't say, by what it is."""
        return self._shares(noted(verdicts), verdicts)

    def _shares(self, counts: Mapping[str, int], verdicts: Sequence[Verdict]) -> Mapping[str, int | str]:
        rated = sum(not one.problem for one in verdicts)
        return {what: share(counts[what], rated) if self.anonymous else counts[what] for what in sorted(counts)}


def having(verdicts: Iterable[Verdict], standing: MigrationStatus) -> list[Verdict]:
    """Those with a standing; only who was rated."""
    return [one for one in verdicts if not one.problem and one.reached.standing is standing]
