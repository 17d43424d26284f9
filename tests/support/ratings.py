"""Hypothesis strategies for cards, quantities and grants, and short ways to rate them and to draw on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.card import Card
from billsync.rating.drawdown import Drawn, Grant, Spending, Step, in_order
from billsync.rating.lines import Totals
from billsync.rating.periods import Period
from billsync.rating.prices import GraduatedPrice, Price, Tier
from billsync.rating.rate import Piece, Rated, rate
from billsync.rating.stock import Stock
from billsync.rating.usage import Position, Usage

JANUARY = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
CENTS = 2


def numbers(most: int, places: int) -> st.SearchStrategy[Decimal]:
    """Decimals from 0 up, with at most so many decimals."""
    return st.decimals(min_value=0, max_value=most, places=places, allow_nan=False, allow_infinity=False)


quantities = numbers(5_000, 4)
whole_quantities = st.integers(0, 5_000).map(Decimal)
unit_amounts = numbers(50, 6)
cent_amounts = numbers(50, CENTS)
percentages = numbers(100, 3)
positions = st.sampled_from(Position)


@st.composite
def tiers(draw: st.DrawFn, amounts: st.SearchStrategy[Decimal] = unit_amounts, most: int = 4) -> tuple[Tier, ...]:
    """Ascending tiers with whole bounds, the last one open; each has a fee, a price of each unit, or both."""
    bounds = sorted(draw(st.sets(st.integers(1, 4_000), max_size=most)))
    return tuple(draw(_tier(None if bound is None else Decimal(bound), amounts)) for bound in [*bounds, None])


def _tier(bound: Decimal | None, amounts: st.SearchStrategy[Decimal]) -> st.SearchStrategy[Tier]:
    with_unit = st.builds(Tier, st.just(bound), st.none() | cent_amounts, amounts)
    return with_unit | st.builds(Tier, st.just(bound), cent_amounts, st.none())


def graduated(amounts: st.SearchStrategy[Decimal] = unit_amounts) -> st.SearchStrategy[GraduatedPrice]:
    return st.builds(GraduatedPrice, tiers(amounts))


@st.composite
def grants(draw: st.DrawFn) -> list[Grant]:
    """A few grants of one currency, created one after the other."""
    count = draw(st.integers(1, 6))
    return [draw(_grant(number)) for number in range(count)]


@st.composite
def _grant(draw: st.DrawFn, number: int) -> Grant:
    start = draw(_moments)
    days = draw(st.none() | st.integers(1, 60))
    return Grant(
        key=f"grant-{number}",
        amount=draw(numbers(100, CENTS)),
        created=number,
        effective_at=start,
        expires_at=None if days is None else start + timedelta(days=days),
        priority=draw(st.sampled_from([1, 10])),
        features=draw(st.frozensets(st.sampled_from(["tokens", "storage"]), max_size=2)),
        cost_basis=draw(st.sampled_from([Decimal(0), Decimal(1)])),
    )


_moments = st.integers(0, 60).map(lambda days: JANUARY.start + timedelta(days=days))


@st.composite
def spendings(draw: st.DrawFn) -> list[Spending]:
    """A few amounts to be paid, in order of time."""
    features = st.none() | st.sampled_from(["tokens", "storage"])
    one = st.builds(Spending, _moments, numbers(100, CENTS), features)
    return sorted(draw(st.lists(one, max_size=8)), key=lambda spending: spending.at)


def rated(
    subject: Card | Price, quantity: Decimal, *, earlier: Decimal = Decimal(0), position: Position = Position.SINGLE
) -> Rated:
    """The card, or a card with nothing but the price, for a piece of January in a currency with cents."""
    card = subject if isinstance(subject, Card) else Card(subject)
    return rate(card, Piece(JANUARY, Usage(quantity, earlier), position), decimals=CENTS)


def totals(
    subject: Card | Price, quantity: Decimal, *, earlier: Decimal = Decimal(0), position: Position = Position.SINGLE
) -> Totals:
    return rated(subject, quantity, earlier=earlier, position=position).totals


def draw(grants: Sequence[Grant], spendings: Iterable[Spending]) -> tuple[Step, ...]:
    """What each spending draws from the grants of one currency, all of which are there from the start."""
    stock = Stock(in_order(grants))
    for grant in grants:
        stock.put(grant.key, grant.amount)
    return tuple(stock.draw(spending) for spending in spendings)


@exactly
def draw_plainly(ordered: Iterable[Grant], left: Mapping[str, Decimal], spending: Spending) -> Step:
    """What one spending draws, as the rule reads: every grant `in_order` is looked at. An oracle for `Stock`."""
    missing, drawn = spending.amount, []
    for grant in ordered:
        if missing > 0 and grant.counts_at(spending.at) and grant.pays_for(spending.feature):
            amount = min(missing, left[grant.key])
            missing -= amount
            drawn.append(Drawn(grant.key, amount))
    return Step(tuple(one for one in drawn if one.amount), missing)


@dataclass(frozen=True, slots=True)
class GrantState:
    """A grant at a moment. `available` is 0 before it is effective and once it has expired."""

    grant: str
    available: Decimal
    used: Decimal
    expired: Decimal


@exactly
def states(grants: Sequence[Grant], steps: Iterable[Step], *, as_of: datetime) -> tuple[GrantState, ...]:
    """What the steps leave of each grant at a moment, in the order given."""
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
