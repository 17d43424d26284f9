"""Exact decimals and the server's roundings."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.rating.arithmetic import divided, exactly, is_multiple, rounded, rounded_down, rounded_up

anything = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)


@given(anything, anything)
def test_sums_and_products_are_exact_whatever_the_callers_context_is(one: Decimal, other: Decimal) -> None:
    with localcontext(prec=3):
        total, product = exactly(lambda: (one + other, one * other))()

    assert (Fraction(total), Fraction(product)) == (
        Fraction(one) + Fraction(other),
        Fraction(one) * Fraction(other),
    )


@given(anything, anything.filter(bool))
def test_a_quotient_is_the_nearest_number_with_16_decimals(number: Decimal, by: Decimal) -> None:
    quotient = divided(number, by)

    assert abs(Fraction(quotient) - Fraction(number) / Fraction(by)) <= Fraction(1, 2 * 10**16)
    assert Fraction(quotient) * 10**16 == int(Fraction(quotient) * 10**16)


@pytest.mark.parametrize(
    ("number", "by", "quotient"),
    [
        ("1", "3", "0.3333333333333333"),
        ("2", "3", "0.6666666666666667"),
        ("-2", "3", "-0.6666666666666667"),
        ("0.000000000000001", "20", "0.0000000000000001"),
        ("-0.000000000000001", "20", "-0.0000000000000001"),
        ("0.000000000000001", "-20", "-0.0000000000000001"),
        ("0", "-7", "0"),
        ("29.999999999999999999", "10", "3"),
    ],
)
def test_a_half_is_divided_away_from_zero(number: str, by: str, quotient: str) -> None:
    answer = divided(Decimal(number), Decimal(by))

    assert answer == Decimal(quotient)


def test_nothing_is_divided_by_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        divided(Decimal(1), Decimal(0))


@pytest.mark.parametrize(
    ("number", "half_up", "up", "down"),
    [
        ("0.005", "0.01", "0.01", "0.00"),
        ("-0.005", "-0.01", "0.00", "-0.01"),
        ("2.675", "2.68", "2.68", "2.67"),
        ("-2.674", "-2.67", "-2.67", "-2.68"),
        ("1E+30", "1E+30", "1E+30", "1E+30"),
    ],
)
def test_roundings_are_named_by_where_they_go(number: str, half_up: str, up: str, down: str) -> None:
    exact = Decimal(number)

    assert (rounded(exact, 2), rounded_up(exact, 2), rounded_down(exact, 2)) == (
        Decimal(half_up),
        Decimal(up),
        Decimal(down),
    )


@pytest.mark.parametrize(
    ("number", "of", "answer"),
    [("30", "10", True), ("0.3", "0.1", True), ("-5", "10", False), ("-20", "10", True), ("29.9", "10", False)],
)
def test_a_multiple_leaves_nothing(number: str, of: str, answer: bool) -> None:
    assert is_multiple(Decimal(number), Decimal(of)) is answer
