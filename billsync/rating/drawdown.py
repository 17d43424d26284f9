"""Credit grants of API v3, and the order in which they are drawn on. `stock` draws; a shortfall is judged elsewhere.

Source: vectors README, credits.jsonl.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import ZERO

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grant:
    """A credit grant, counted from `effective_at` (included) to `expires_at` (not included).

    `created` numbers grants in the order of their creation. `cost_basis` is 0 for a grant that was not paid for.
    Without features it pays for everything.
    """

    key: str
    amount: Decimal
    created: int
    effective_at: datetime
    expires_at: datetime | None = None
    priority: int = 10
    features: frozenset[str] = frozenset()
    cost_basis: Decimal = ZERO

    @property
    def pool(self) -> Pool:
        """The pool: grants in it (and in one currency) are one balance in the ledger."""
        return self.priority, self.features, self.cost_basis

    def counts_at(self, moment: datetime) -> bool:
        return self.effective_at <= moment and not self.is_expired_at(moment)

    def is_expired_at(self, moment: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= moment

    def pays_for(self, feature: str | None) -> bool:
        return not self.features or feature in self.features


Pool: TypeAlias = tuple[int, frozenset[str], Decimal]


@dataclass(frozen=True, slots=True)
class Spending:
    """An amount to pay at a moment; usage without a feature draws on unrestricted grants only."""

    at: datetime
    amount: Decimal
    feature: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """An amount taken from a grant."""

    grant: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """The draws of one spending, in order, and the rest that no grant covered."""

    drawn: tuple[Drawn, ...]
    shortfall: Decimal


def in_order(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """The grants of one currency in the order in which they are drawn on.

    Lower priority number, restricted to features, earlier expiry, then creation; grants that never expire are
    grouped by route, routes by the first grant ever made on them. Source: vectors README, credits.jsonl, Rule: order.
    """
    by_creation = sorted(grants, key=lambda grant: grant.created)
    first_of_pool: dict[Pool, int] = {}
    for grant in by_creation:
        first_of_pool.setdefault(grant.pool, grant.created)

    def place(grant: Grant) -> tuple[int, bool, datetime, int, int]:
        tie = first_of_pool[grant.pool] if grant.expires_at is None else grant.created
        return grant.priority, not grant.features, grant.expires_at or NEVER, tie, grant.created

    return tuple(sorted(by_creation, key=place))
