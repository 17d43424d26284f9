"""Credit grants of API v3: which grant pays for which usage. What a shortfall leads to is said elsewhere.

Source: vectors README, credits.jsonl.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from billsync.rating.arithmetic import ZERO, exactly

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
        """Grants on one route (and in one currency) are one pile for the ledger."""
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
    """An amount that is to be paid at a moment; usage without a feature draws on unrestricted grants only."""

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


@dataclass(frozen=True, slots=True)
class GrantState:
    """A grant at a moment. `available` is 0 before it is effective and once it has expired."""

    grant: str
    available: Decimal
    used: Decimal
    expired: Decimal


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


@exactly
def draw_one(ordered: Iterable[Grant], left: Mapping[str, Decimal], spending: Spending) -> Step:
    """Return the draws of one spending from grants `in_order`, with their balances."""
    missing, drawn = spending.amount, []
    for grant in ordered:
        if missing > 0 and grant.counts_at(spending.at) and grant.pays_for(spending.feature):
            amount = min(missing, left[grant.key])
            missing -= amount
            drawn.append(Drawn(grant.key, amount))
    return Step(tuple(one for one in drawn if one.amount), missing)


@exactly
def states(grants: Sequence[Grant], steps: Iterable[Step], *, as_of: datetime) -> tuple[GrantState, ...]:
    """Return the balance of each grant at a moment after the steps, in the order given."""
    used = {grant.key: ZERO for grant in grants}
    for step in steps:
        for one in step.drawn:
            used[one.grant] += one.amount
    return tuple(_state(grant, used[grant.key], as_of) for grant in grants)


@exactly
def _state(grant: Grant, used: Decimal, as_of: datetime) -> GrantState:
    left = grant.amount - used
    return GrantState(
        grant=grant.key,
        available=left if grant.counts_at(as_of) else ZERO,
        used=used,
        expired=left if grant.is_expired_at(as_of) else ZERO,
    )
