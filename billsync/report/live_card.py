"""A rate card as the server bills it, from the shape that its API shows. It reads nothing and rates nothing."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billsync.rating.card import Card, card_of


def live_card(fields: Mapping[str, Any]) -> Card:
    """The card with its percentage as it is billed: of 12.34 %, 12.34000015258789 % are taken off.

    Files can only hold percentages that stay as they are; others were made elsewhere. Source: catalog-facts.md §1.6.
    Raises what `card_of` raises, and OverflowError for a percentage that no 32-bit float can hold.
    """
    card = card_of(fields)
    percentage = card.discounts.percentage
    if percentage is None:
        return card
    return replace(card, discounts=replace(card.discounts, percentage=_widened(percentage)))


def _widened(percentage: Decimal) -> Decimal:
    """The shortest decimal of the 64-bit float that the 32-bit one is widened to: what the server multiplies with."""
    (single,) = struct.unpack("f", struct.pack("f", percentage))
    return Decimal(repr(single))
