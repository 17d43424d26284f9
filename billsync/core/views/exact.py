"""Exact numbers that survive in a binary float, found with integers only: no float is made here."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

_PRECISION = {32: 24, 64: 53}
_DIGITS_KEPT = {32: 0, 64: 15}
_LAST_WHOLE = 2**53
"""Up to here every whole number has a 64-bit float of its own; above, the shortest text is that of another number."""


def is_kept_exactly(number: Decimal, bits: int) -> bool:
    """Whether a float of 32 or 64 bits holds the number so that it reads back and acts as written.

    A 32-bit one is widened before it is used, so it must hold the number exactly; a 64-bit one is read back by its
    shortest text, which every number of up to 15 digits survives, and whole ones a little further
    (catalog-facts.md §1.6).
    """
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    if len(digits) <= _DIGITS_KEPT[bits]:
        return True
    fraction = Fraction(number)
    if bits == 64:
        return fraction.denominator == 1 and abs(fraction) <= _LAST_WHOLE
    significand = fraction.numerator
    while significand and significand % 2 == 0:
        significand //= 2
    denominator = fraction.denominator
    return denominator & (denominator - 1) == 0 and significand.bit_length() <= _PRECISION[bits]
