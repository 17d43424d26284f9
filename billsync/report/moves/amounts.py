"""Amounts by currency: sums, and their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias, TypeVar

from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, negative, plus, rounded

Amounts: TypeAlias = Mapping[str, Decimal]
"""Amounts by currency; none of them is zero."""

Part: TypeAlias = tuple[str, str]
"""A currency, and the key of the feature that a fee is for; empty for none."""
Parts: TypeAlias = Mapping[Part, Decimal]
"""Amounts by currency and feature: credit for one feature pays no fee of another (customer-facts.md §9.2)."""

Name = TypeVar("Name", str, Part)

SHOWN_DECIMALS = 6
"""Prices may have more decimals than a currency; a text shows six."""


def summed(found: Iterable[tuple[Name, Decimal]]) -> Mapping[Name, Decimal]:
    """The sums by currency, or by currency and feature, without those of nothing."""
    sums: dict[Name, Decimal] = {}
    for currency, amount in found:
        sums[currency] = plus(sums.get(currency, ZERO), amount)
    return {currency: sums[currency] for currency in sorted(sums) if sums[currency]}


def by_currency(parts: Parts) -> Amounts:
    """The sums of parts by currency."""
    return summed((currency, amount) for (currency, _), amount in parts.items())


def less(have: Mapping[Name, Decimal], want: Mapping[Name, Decimal]) -> Mapping[Name, Decimal]:
    """Amounts less others, by currency, or by currency and feature."""
    return together((have, {one: negative(amount) for one, amount in want.items()}))


def together(several: Iterable[Mapping[Name, Decimal]]) -> Mapping[Name, Decimal]:
    """The sums of several amounts by currency, or by currency and feature."""
    return summed(pair for each in several for pair in each.items())


def amounts_text(amounts: Amounts) -> str:
    """`25 USD`, `25 USD and 3 EUR`; `nothing` where there is none."""
    return " and ".join(f"{money(amount)} {currency}" for currency, amount in amounts.items()) or "nothing"


def money(amount: Decimal) -> str:
    """An amount with at most six decimals."""
    return decimal_text(rounded(amount, SHOWN_DECIMALS))
