"""Exact arithmetic with amounts of money; every rounding is named."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal

from billsync.local.catalog.currencies import fiat_precision, is_known_fiat
from billsync.local.server.problems import invalid
from billsync.local.store.values import canonical

# Sums and products keep every digit, however many a request held. Nothing is divided here.
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_UP)
ZERO = Decimal(0)


def check_fiat(currency: str) -> int:
    """The decimals of the currency. Raises Problem (400) when it is no fiat currency."""
    if not is_known_fiat(currency):
        raise invalid(f"invalid fiat currency code: {currency}")
    return fiat_precision(currency)


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """The amount in the currency's decimals, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-decimals, EXACT), context=EXACT)


def product(left: Decimal, right: Decimal) -> Decimal:
    """The exact product."""
    return EXACT.multiply(left, right)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    found = ZERO
    for amount in amounts:
        found = EXACT.add(found, amount)
    return found


def shown(amount: Decimal) -> str:
    """The amount as the server writes it: no exponent, no superfluous zero."""
    return canonical(f"{amount:f}")
