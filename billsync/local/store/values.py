"""Numbers as the server stores and shows them (catalog-facts.md §1.6). No float leaves this module."""

from __future__ import annotations

import struct
from decimal import Decimal


def canonical(number: str) -> str:
    """A decimal without superfluous zeros, point or sign; no digit is lost."""
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, _, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    text = f"{whole}.{fraction}" if fraction else whole
    return text if text == "0" else sign + text


def single_precision(number: int | Decimal) -> int | Decimal:
    """The number rounded to a 32-bit float, as the shortest decimal for that float.

    Discount percentages are rounded this way when read and when shown (catalog-facts.md §1.6).
    """
    (widened,) = struct.unpack("f", struct.pack("f", number))
    for digits in range(1, 10):
        text = f"{widened:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == widened:
            return _plain(text)
    return _plain(f"{widened:.9g}")


def double_precision(number: int | Decimal) -> int | Decimal:
    """The number as a 64-bit float shows it: metered limits pass through one."""
    return _plain(repr(float(number)))


def _plain(text: str) -> int | Decimal:
    exact = Decimal(text)
    return int(exact) if exact == exact.to_integral_value() else exact
