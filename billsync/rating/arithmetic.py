"""Exact decimals, and the few places where the server rounds them.

Source: vectors README, Arithmetic used everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    getcontext,
    localcontext,
)
from functools import reduce, wraps
from typing import ParamSpec, TypeVar

EXACT = Context(
    prec=MAX_PREC,
    rounding=ROUND_HALF_UP,
    Emin=MIN_EMIN,
    Emax=MAX_EMAX,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""Addition, subtraction and multiplication in this context are exact, whatever the size. Never divide in it."""

DIVISION_DECIMALS = 16
ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def exactly(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """The function with exact operators inside, whatever the caller's decimal context is. Not for generators."""

    @wraps(function)
    def exact(*positional: _Parameters.args, **named: _Parameters.kwargs) -> _Result:
        if getcontext().prec == EXACT.prec:
            return function(*positional, **named)
        with localcontext(EXACT):
            return function(*positional, **named)

    return exact


def plus(one: Decimal, other: Decimal) -> Decimal:
    """The exact sum; for generators, which `exactly` can't cover."""
    return EXACT.add(one, other)


def minus(one: Decimal, other: Decimal) -> Decimal:
    """The exact difference."""
    return EXACT.subtract(one, other)


def negative(number: Decimal) -> Decimal:
    """The number with its sign reversed, exactly; Python's own `-` rounds."""
    return EXACT.minus(number)


def magnitude(number: Decimal) -> Decimal:
    """The number without its sign; Python's own `abs` rounds it."""
    return EXACT.abs(number)


def total(numbers: Iterable[Decimal]) -> Decimal:
    """The exact sum of all."""
    return reduce(EXACT.add, numbers, ZERO)


def rounded(number: Decimal, decimals: int) -> Decimal:
    """The number at that many decimals, halves away from zero."""
    return number.quantize(_step(decimals), ROUND_HALF_UP, EXACT)


def rounded_up(number: Decimal, decimals: int) -> Decimal:
    """The number at that many decimals, towards plus infinity."""
    return number.quantize(_step(decimals), ROUND_CEILING, EXACT)


def rounded_down(number: Decimal, decimals: int) -> Decimal:
    """The number at that many decimals, towards minus infinity."""
    return number.quantize(_step(decimals), ROUND_FLOOR, EXACT)


def divided(number: Decimal, by: Decimal) -> Decimal:
    """The quotient with at most 16 decimals, halves away from zero. Raises ZeroDivisionError."""
    top, bottom = number.as_integer_ratio()
    by_top, by_bottom = by.as_integer_ratio()
    scaled, divisor = top * by_bottom * 10**DIVISION_DECIMALS, bottom * by_top
    whole, rest = divmod(abs(scaled), abs(divisor))
    if 2 * rest >= abs(divisor):
        whole += 1
    quotient = whole if (scaled < 0) == (divisor < 0) else -whole
    return Decimal(quotient).scaleb(-DIVISION_DECIMALS, EXACT)


def is_multiple(number: Decimal, of: Decimal) -> bool:
    """Whether the number is a whole multiple of `of`."""
    top, bottom = number.as_integer_ratio()
    of_top, of_bottom = of.as_integer_ratio()
    return (top * of_bottom) % (bottom * of_top) == 0


def _step(decimals: int) -> Decimal:
    return ONE.scaleb(-decimals, EXACT)
