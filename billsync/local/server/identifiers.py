"""Ids: ULIDs made from the server's clock and the randomness it was given, rising within one server."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from billsync.local.store.times import micros

ULID_PATTERN = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32."""
PLACES = range(125, -1, -5)
TAIL_BYTES = 10
TAIL_LIMIT = 1 << (8 * TAIL_BYTES)


class Mint:
    """Makes ids; two of the same millisecond differ by one, so that ids sort by their making."""

    def __init__(self, randomness: Callable[[int], bytes]) -> None:
        self._randomness = randomness
        self._last = (-1, 0)

    def __call__(self, now: datetime) -> str:
        moment = micros(now) // 1000
        last_moment, last_tail = self._last
        tail = last_tail + 1 if moment == last_moment else int.from_bytes(self._randomness(TAIL_BYTES), "big") // 2
        self._last = (moment, tail)
        return ulid(moment, tail % TAIL_LIMIT)


def ulid(moment: int, tail: int) -> str:
    """The ULID of a millisecond and an 80-bit number."""
    number = moment << 8 * TAIL_BYTES | tail
    return "".join([LETTERS[number >> place & 31] for place in PLACES])


def is_ulid(text: str) -> bool:
    return ULID_PATTERN.fullmatch(text) is not None
