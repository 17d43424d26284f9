"""Which currency codes there are: fiat ones from a committed list, custom ones from the store (§10)."""

from __future__ import annotations

from billsync.local.data_files import data
from billsync.local.store import Store

CUSTOM_CURRENCY = "custom_currency"
FIAT_LENGTH = 3


def is_fiat_form(code: str) -> bool:
    """Three letters name a fiat currency, known or not; anything longer a custom one."""
    return len(code) == FIAT_LENGTH


def is_known_fiat(code: str) -> bool:
    return code in data("currencies")


def fiat_precision(code: str) -> int:
    """The decimals of a known fiat currency."""
    precision: int = data("currencies")[code]
    return precision


def is_known(store: Store, code: str) -> bool:
    return is_known_fiat(code) if is_fiat_form(code) else store.live_with_key(CUSTOM_CURRENCY, code) is not None
