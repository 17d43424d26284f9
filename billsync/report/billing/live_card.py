"""A rate card as the server bills it, from the API's shape."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from billsync.model.frozen import replace
from billsync.model.malformed import MalformedRow
from billsync.rating.card import Card, card_of


def live_card(fields: Mapping[str, Any]) -> Card:
    """The card with its discount percentage as the server applies it: 12.34 % becomes 12.34000015258789 %.

    Files can only hold percentages that don't change this way; others were made outside of billsync. Source:
    catalog-facts.md §1.6. Equal cards, which many subscriptions share, are one object. Raises MalformedRow.
    """
    return _card(json.dumps(fields, sort_keys=True, default=str))


@lru_cache(maxsize=4_096)
def _card(text: str) -> Card:
    """The card of a text in which exact numbers are texts, too."""
    card = card_of(json.loads(text, parse_float=_no_float))
    percentage = card.discounts.percentage
    if percentage is None:
        return card
    return replace(card, discounts=replace(card.discounts, percentage=_widened(percentage)))


def _no_float(number: str) -> NoReturn:
    raise TypeError(f"a float is no amount: {number}")


def _widened(percentage: Decimal) -> Decimal:
    """The shortest decimal of the 32-bit float widened to 64 bits, which is the server's factor."""
    try:
        (single,) = struct.unpack("f", struct.pack("f", percentage))
    except OverflowError:
        raise MalformedRow("discounts.percentage", str(percentage)) from None
    return Decimal(repr(single))
