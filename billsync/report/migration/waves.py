"""Waves of a migration: shares of all customers, in an order that is the same each time.

A customer's place depends on its key alone, so that the first per cent is the same customers in every run, however
many have been moved since. A share counts from the start: 25 % are the first quarter, the first per cent included.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from fractions import Fraction

from billsync.model.frozen import dataclass

REST = "rest"
PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
PLACES = 2**256
"""The number of digests."""


@dataclass(frozen=True, slots=True)
class Share:
    """The customers whose places lie before `until`, without those of earlier shares."""

    name: str
    until: Fraction


EVERYBODY = (Share(REST, Fraction(1)),)


def parse_shares(text: str) -> tuple[Share, ...] | str:
    """The shares in a text such as `1%,25%,rest`, or the reason why there are none."""
    found: list[Share] = []
    for part in (part.strip() for part in text.split(",")):
        until = _until(part)
        if until is None:
            return f"{part!r} is not a share: write 1%,25%,rest"
        if found and until <= found[-1].until:
            return f"{part} doesn't go beyond {found[-1].name}: shares count from the start, so they grow"
        found.append(Share(part, until))
    return tuple(found)


def _until(part: str) -> Fraction | None:
    """The end of a share; None for a text that isn't one, for nothing, and for more than all."""
    if part == REST:
        return Fraction(1)
    percent = PERCENT.fullmatch(part)
    until = Fraction(percent[1]) / 100 if percent else Fraction(0)
    return until if 0 < until <= 1 else None


def place_of(customer: str) -> Fraction:
    """The place of a customer's key among all, from 0 to 1."""
    return Fraction(int.from_bytes(hashlib.sha256(customer.encode()).digest(), "big"), PLACES)


def share_of(shares: Sequence[Share], customer: str) -> Share | None:
    """The share that a customer is in; None after the last one."""
    place = place_of(customer)
    return next((share for share in shares if place < share.until), None)
