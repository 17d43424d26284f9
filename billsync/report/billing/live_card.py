"""A rate card as the server bills it, from the API's shape."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from billsync.model.malformed import MalformedRow
from billsync.rating.card import Card, card_of


def live_card(fields: Mapping[str, Any]) -> Card:
    """The card with its percentage as it is billed: of 12.34 %, 12.34000015258789 % are taken off.

    Files can only hold percentages that stay as they are; others were made elsewhere. Source: catalog-facts.md §1.6.
    Equal cards, of which many subscriptions have the same ones, are one object. Raises MalformedRow.
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
    """The shortest decimal of the 64-bit float that the 32-bit one is widened to: what the server multiplies with."""
    try:
        (single,) = struct.unpack("f", struct.pack("f", percentage))
    except OverflowError:
        raise MalformedRow("discounts.percentage", str(percentage)) from None
    return Decimal(repr(single))
