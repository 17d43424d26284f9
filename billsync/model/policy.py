"""Rules that a configuration sets for itself: how far prices may move. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase

from billsync.model.diagnostic import Position


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """A limit, in percent, on changes of the amount paid for one feature, over a range of usage in a billing period.

    None means no limit. `plans` are keys and globs.
    """

    plans: tuple[str, ...]
    max_increase: Decimal | None
    max_decrease: Decimal | None
    usage_from: Decimal
    usage_to: Decimal
    position: Position

    def covers(self, plan: str) -> bool:
        """Whether a plan is named, exactly or by a glob."""
        return any(fnmatchcase(plan, pattern) for pattern in self.plans)
