"""How many rows to ask for at a time, from the time that rows have taken so far. Pure arithmetic.

A page of some lists costs far more than its rows once it is too large for the server (customer-facts.md §5.11), and
where that cliff is depends on the server: begin small, watch the time per row, grow or shrink.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from billsync.model.kind import ListQuery

GROWTH = 8
NOISE = 1.5
CLIFF = 3.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The size of the next pages, within `floor` and `ceiling`. `best` is the least time per row seen, in seconds.

    Sizes only double and halve, and double only where the rows read so far are whole pages of the new size.
    """

    size: int
    at_once: int
    floor: int
    ceiling: int
    best: float | None = None

    def numbers(self, read: int, total: int) -> range:
        """The numbers of the next pages, when `read` rows of `total` are there."""
        done = read // self.size
        last = -(-total // self.size)
        pages = self.at_once
        if (done + pages) % 2 and pages > 1:
            pages -= 1  # so that the pages after these may be twice as large
        return range(done + 1, min(done + pages, last) + 1)

    def after(self, read: int, *, rows: int, seconds: float) -> Pace:
        """The pace after the last `rows` of `read` rows took that long."""
        each = seconds / max(rows, 1)
        best = each if self.best is None else min(each, self.best)
        half = self.size // 2
        if self.best is not None and each > self.best * CLIFF and self.size % 2 == 0 and half >= self.floor:
            return replace(self, size=half, ceiling=half, best=best)
        double = self.size * 2
        if each <= best * NOISE and double <= self.ceiling and read % double == 0:
            return replace(self, size=double, best=best)
        return replace(self, best=best)


def first_pace(listing: ListQuery) -> Pace:
    """The pace to begin a list with: its own page size, from half of it to eight times as many."""
    return Pace(listing.size, listing.at_once, floor=max(1, listing.size // 2), ceiling=listing.size * GROWTH)
