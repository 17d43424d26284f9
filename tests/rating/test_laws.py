"""Laws of the arithmetic: what holds for every price and quantity; an equivalent price form gives the same money."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.rating.card import Card, Commitments, Discounts, Operation, UnitConfig
from billsync.rating.lines import Totals, sum_of_totals
from billsync.rating.prices import GraduatedPrice, PackagePrice, Tier, UnitPrice, VolumePrice
from billsync.rating.rate import Piece, Without, rate
from billsync.rating.runs import Run, rate_runs
from billsync.rating.usage import Position, Usage
from tests.support.budgets import examples
from tests.support.ratings import (
    CENTS,
    JANUARY,
    cent_amounts,
    graduated,
    numbers,
    percentages,
    positions,
    quantities,
    rated,
    tiers,
    totals,
    unit_amounts,
    whole_quantities,
)

CENT = Decimal("0.01")
THOUSAND = Decimal(1_000)

law = settings(max_examples=examples(50))

commitments = st.builds(Commitments, st.none() | numbers(300, 3), st.none() | numbers(300, 3))
discounts = st.builds(Discounts, st.none() | percentages, st.none() | quantities)


def _split(tiers_: tuple[Tier, ...], at: Decimal) -> tuple[Tier, ...]:
    """The same tiers, the one that holds a quantity cut in two there, both halves at its price; its fee comes first."""
    done, low = list[Tier](), Decimal(0)
    for tier in tiers_:
        if tier.unit is not None and low < at and (tier.up_to is None or at < tier.up_to):
            done += [replace(tier, up_to=at), replace(tier, flat=None)]
        else:
            done.append(tier)
        low = low if tier.up_to is None else tier.up_to
    return tuple(done)


@law
@given(unit_amounts, quantities, quantities, positions, commitments, discounts)
def test_a_unit_price_costs_what_one_graduated_tier_at_its_price_costs(
    amount: Decimal,
    quantity: Decimal,
    earlier: Decimal,
    position: Position,
    committed: Commitments,
    discounted: Discounts,
) -> None:
    unit = Card(UnitPrice(amount), commitments=committed, discounts=discounted)
    tiered = replace(unit, price=GraduatedPrice((Tier(None, None, amount),)))

    assert totals(unit, quantity, earlier=earlier, position=position) == totals(
        tiered, quantity, earlier=earlier, position=position
    )


@law
@given(tiers(cent_amounts), whole_quantities, st.integers(1, 4_500).map(Decimal))
def test_a_split_graduated_tier_costs_the_same_without_rounding(
    before: tuple[Tier, ...], quantity: Decimal, at: Decimal
) -> None:
    """A graduated tier split at its own price costs the same where no line is rounded."""
    after = GraduatedPrice(_split(before, at))

    assert totals(after, quantity) == totals(GraduatedPrice(before), quantity)


@law
@given(numbers(50, 6), quantities, st.integers(1, 4_500).map(Decimal))
def test_a_split_graduated_tier_costs_a_cent_more_or_less_at_most(
    amount: Decimal, quantity: Decimal, at: Decimal
) -> None:
    """A graduated tier split at its own price costs at most a cent more or less."""
    whole = (Tier(None, None, amount),)

    difference = (
        totals(GraduatedPrice(_split(whole, at)), quantity).total - totals(GraduatedPrice(whole), quantity).total
    )

    assert abs(difference) <= CENT


@law
@given(tiers(), quantities, st.integers(1, 4_500).map(Decimal))
def test_a_volume_tier_split_at_its_own_price_always_costs_the_same(
    before: tuple[Tier, ...], quantity: Decimal, at: Decimal
) -> None:
    halves = [[replace(tier, up_to=at), tier] if _holds(before, tier, at) else [tier] for tier in before]
    after = tuple(tier for half in halves for tier in half)

    assert totals(VolumePrice(after), quantity) == totals(VolumePrice(before), quantity)


def _holds(all_tiers: tuple[Tier, ...], tier: Tier, at: Decimal) -> bool:
    lower = [other.up_to for other in all_tiers if other.up_to is not None and other.up_to < (tier.up_to or at)]
    return max(lower, default=Decimal(0)) < at and (tier.up_to is None or at < tier.up_to)


@law
@given(graduated(), quantities, discounts.map(lambda one: replace(one, usage=None)), commitments)
def test_a_price_per_thousand_units_costs_the_same(
    price: GraduatedPrice, quantity: Decimal, discounted: Discounts, committed: Commitments
) -> None:
    """A price per thousand units, with a conversion by a thousand, costs the same as the price per unit."""
    by_unit = Card(price, discounts=discounted, commitments=committed)
    by_thousand = replace(
        by_unit,
        price=GraduatedPrice(tuple(_per_thousand(tier) for tier in price.tiers)),
        unit_config=UnitConfig(Operation.DIVIDE, THOUSAND),
    )

    assert totals(by_thousand, quantity) == totals(by_unit, quantity)


def _per_thousand(tier: Tier) -> Tier:
    return Tier(
        up_to=None if tier.up_to is None else tier.up_to / THOUSAND,
        flat=tier.flat,
        unit=None if tier.unit is None else tier.unit * THOUSAND,
    )


@law
@given(unit_amounts, quantities)
def test_dividing_by_a_thousand_is_multiplying_by_a_thousandth(amount: Decimal, quantity: Decimal) -> None:
    divided = Card(UnitPrice(amount), unit_config=UnitConfig(Operation.DIVIDE, THOUSAND))
    multiplied = replace(divided, unit_config=UnitConfig(Operation.MULTIPLY, Decimal("0.001")))

    assert rated(divided, quantity) == rated(multiplied, quantity)


@law
@given(graduated(), quantities, quantities, st.none() | percentages, st.none() | numbers(300, 3))
def test_more_usage_never_lowers_a_graduated_total(
    price: GraduatedPrice, quantity: Decimal, more: Decimal, percentage: Decimal | None, maximum: Decimal | None
) -> None:
    card = Card(price, commitments=Commitments(maximum=maximum), discounts=Discounts(percentage))

    assert totals(card, quantity).total <= totals(card, quantity + more).total


@law
@given(graduated(cent_amounts), st.lists(whole_quantities, min_size=2, max_size=5))
def test_pieces_of_a_graduated_period_sum_to_the_whole(price: GraduatedPrice, parts: list[Decimal]) -> None:
    """Pieces of a graduated period sum to the whole where no line is rounded."""
    pieces = sum_of_totals(_pieces(Card(price), parts))

    assert pieces == totals(price, sum(parts, Decimal(0)))


@law
@given(cent_amounts, numbers(50, 3).filter(bool), st.lists(quantities, min_size=2, max_size=5))
def test_pieces_of_a_package_price_always_sum_to_the_whole(
    amount: Decimal, size: Decimal, parts: list[Decimal]
) -> None:
    price = PackagePrice(amount, size)

    pieces = sum_of_totals(_pieces(Card(price), parts))

    assert pieces == totals(price, sum(parts, Decimal(0)))


def _pieces(card: Card, parts: list[Decimal]) -> list[Totals]:
    last = len(parts) - 1
    positions_ = [Position.FIRST, *[Position.MIDDLE] * (last - 1), Position.LAST]
    earlier = [sum(parts[:at], Decimal(0)) for at in range(len(parts))]
    return [
        totals(card, part, earlier=before, position=position)
        for part, before, position in zip(parts, earlier, positions_, strict=True)
    ]


@law
@given(
    graduated() | st.builds(VolumePrice, tiers()) | st.builds(UnitPrice, unit_amounts),
    st.lists(quantities, min_size=1, max_size=5),
    commitments,
    discounts,
)
def test_what_the_runs_of_a_period_book_sums_to_the_period_rated_at_once(
    price: GraduatedPrice | VolumePrice | UnitPrice,
    readings: list[Decimal],
    committed: Commitments,
    discounted: Discounts,
) -> None:
    card = Card(price, commitments=committed, discounts=discounted)
    edges = [JANUARY.start + (JANUARY.end - JANUARY.start) * at / len(readings) for at in range(len(readings) + 1)]
    spans = [replace(JANUARY, start=start, end=end) for start, end in pairwise(edges)]

    booked = rate_runs(card, JANUARY, [Run(*run) for run in zip(spans, readings, strict=True)], decimals=CENTS)

    assert sum_of_totals(run.totals for run in booked) == totals(card, readings[-1])


@law
@given(graduated() | st.builds(VolumePrice, tiers()), quantities, commitments, discounts)
def test_lines_sum_to_the_totals(
    price: GraduatedPrice | VolumePrice, quantity: Decimal, committed: Commitments, discounted: Discounts
) -> None:
    answer = rated(Card(price, commitments=committed, discounts=discounted), quantity)

    assert answer.totals.total == sum((line.total for line in answer.lines), Decimal(0))
    assert answer.totals.discounts == sum((one.amount for line in answer.lines for one in line.discounts), Decimal(0))
    assert answer.totals.amount + answer.totals.charges == sum((line.amount for line in answer.lines), Decimal(0))


@law
@given(graduated(), quantities, numbers(300, 3), numbers(300, 3), st.none() | percentages)
def test_a_period_costs_at_least_its_minimum_and_at_most_its_maximum(
    price: GraduatedPrice, quantity: Decimal, one: Decimal, other: Decimal, percentage: Decimal | None
) -> None:
    least, most = sorted((round(one, 2), round(other, 2)))
    card = Card(price, commitments=Commitments(least, most), discounts=Discounts(percentage))

    total = totals(card, quantity).total

    assert least <= total <= most


@law
@given(graduated(), quantities, numbers(300, 3))
def test_a_minimum_left_out_leaves_only_its_line_out(price: GraduatedPrice, quantity: Decimal, least: Decimal) -> None:
    card, piece = Card(price, commitments=Commitments(least)), Piece(JANUARY, Usage(quantity))

    without = rate(card, piece, decimals=CENTS, without=frozenset({Without.MINIMUM})).lines

    assert without == tuple(line for line in rated(card, quantity).lines if line.reference != "min-spend")
