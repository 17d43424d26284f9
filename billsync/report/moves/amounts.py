"""Amounts by currency: sums, and their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, minus, plus, rounded

Amounts: TypeAlias = Mapping[str, Decimal]
"""Amounts by currency; none of them is zero."""

SHOWN_DECIMALS = 6
"""Prices may have more decimals than a currency; a text shows six."""


def summed(found: Iterable[tuple[str, Decimal]]) -> Amounts:
    """The sums by currency, without those of nothing."""
    sums: dict[str, Decimal] = {}
    for currency, amount in found:
        sums[currency] = plus(sums.get(currency, ZERO), amount)
    return {currency: sums[currency] for currency in sorted(sums) if sums[currency]}


def less(have: Amounts, want: Amounts) -> Amounts:
    """Amounts less others, by currency."""
    return summed((one, minus(have.get(one, ZERO), want.get(one, ZERO))) for one in {*have, *want})


def together(several: Iterable[Amounts]) -> Amounts:
    """The sums of several amounts by currency."""
    return summed(pair for each in several for pair in each.items())


def amounts_text(amounts: Amounts) -> str:
    """`25 USD`, `25 USD and 3 EUR`; `nothing` where there is none."""
    return " and ".join(f"{money(amount)} {currency}" for currency, amount in amounts.items()) or "nothing"


def money(amount: Decimal) -> str:
    """An amount with at most six decimals."""
    return decimal_text(rounded(amount, SHOWN_DECIMALS))
