"""Flat fees for a part of their period: what no vector reaches."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.rating.periods import Period
from billsync.rating.proration import EndProration, Fee, charge_amount, invoice_line_amount, ratio
from tests.support.budgets import examples
from tests.support.ratings import JANUARY, numbers

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
HALF = Period(NOON, JANUARY.end)
EMPTY = Period(NOON, NOON)


def test_an_empty_full_period_is_not_pro_rated() -> None:
    assert ratio(EMPTY, EMPTY) == 1
    assert charge_amount(Fee(Decimal(10), EMPTY, EMPTY, pro_rated=True), decimals=2) == 10


@pytest.mark.parametrize(
    ("at_end", "end", "amount"),
    [
        (EndProration.ACTUAL_PERIOD, JANUARY.end, "5"),
        (EndProration.FULL_PERIOD, JANUARY.end, "10"),
        (EndProration.FULL_PERIOD, NOON, "10"),
        (EndProration.FULL_PERIOD, datetime(2026, 3, 1, tzinfo=UTC), "5"),
        (EndProration.FULL_PERIOD, None, "5"),
    ],
)
def test_only_the_end_of_a_subscription_is_billed_in_full(
    at_end: EndProration, end: datetime | None, amount: str
) -> None:
    """A part of a period is billed in full only at the end of a subscription that bills full periods."""
    fee = Fee(Decimal(10), HALF, JANUARY, pro_rated=True)

    line = invoice_line_amount(fee, decimals=2, at_end=at_end, subscription_end=end)

    assert line == Decimal(amount)


@settings(max_examples=examples(50))
@given(numbers(1_000, 4), st.integers(0, 31), st.integers(0, 31))
def test_a_charge_never_grows(amount: Decimal, one: int, other: int) -> None:
    first, last = sorted((one, other))
    days = (JANUARY.end - JANUARY.start) / 31
    part = Period(JANUARY.start + days * first, JANUARY.start + days * last)

    pro_rated = charge_amount(Fee(amount, part, JANUARY, pro_rated=True), decimals=2)

    assert 0 <= pro_rated <= charge_amount(Fee(amount, part, JANUARY, pro_rated=False), decimals=2)
