"""Page sizes: rows to ask for at a time, from the time that pages have taken so far. Pure arithmetic.

A page of some lists costs far more than its rows once it is too large for the server (customer-facts.md §5.11), and
where that cliff is depends on the server and its load: begin small, watch the time per row, grow or shrink. Single
measurements are noisy, so a wave is judged against the median of the last ones.
"""

from __future__ import annotations

from math import inf
from statistics import median

from billsync.model.frozen import dataclass, replace
from billsync.model.limits import PAGE_SECONDS
from billsync.model.routes import ListQuery

GROWTH = 8
SMALL_CEILING = 80
"""Lists that begin with a few rows may grow to this size, as a request costs something, too."""

CLIFF = 3.0
"""A wave whose rows take that many times as long as usual is over the cliff."""

CALM = 2.0
"""Pages grow only after a wave that took at most that many times as long as usual, and to sizes that take no longer."""

WORTH = 0.6
"""A size is proved better by taking at most this share of the time per row."""

MEMORY = 5
SETTLED = 3
SHORT_WAIT, LONG_WAIT, LONGEST_WAIT = 1, 8, 128
"""Good waves before a size is tried again: one that had worked for a while, and one that failed at once."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The sizes of the next pages. `rungs` are all sizes, ascending; `goal` is the index of the wanted one.

    `size` is the size to ask for next: the largest rung up to the goal that divides the number of rows read, because
    only then does a page begin where the last one ended, and no row is left out or read twice. `recent` and `costs`
    are seconds per row of a page: of the last waves, and of the last wave of each rung (None before the first).
    `good` counts the good waves in a row at this goal, `wait` those still needed before it grows, and `failures` how
    often a new size, the one at `failed`, failed at once. A new size is tried with one page before several are asked
    for together (`tries_larger`); `warned` is a size whose last wave took too long.
    """

    rungs: tuple[int, ...]
    goal: int
    at_once: int
    size: int
    costs: tuple[float | None, ...]
    recent: tuple[float, ...] = ()
    good: int = 0
    wait: int = 0
    failures: int = 0
    failed: int = 0
    tries_larger: bool = False
    warned: bool = False

    def numbers(self, read: int, total: int) -> range:
        """The numbers of the next pages, when `read` rows of `total` are there."""
        goal = self.rungs[self.goal]
        pages = 1 if self.tries_larger else self.at_once
        if self.size < goal:
            pages = min(pages, (goal - read % goal) // self.size or 1)  # up to where pages of the goal can begin
        done, last = read // self.size, -(-total // self.size)
        return range(done + 1, min(done + pages, last) + 1)

    def after(self, read: int, *, rows: int, seconds: float) -> Pace:
        """The pace after the last `rows` of `read` rows took that long, in pages asked for together."""
        goal = self.rungs[self.goal]
        if self.size < goal:
            return replace(self, size=_aligned(self.rungs[: self.goal + 1], read))
        each = seconds / max(1, min(rows, self.size))
        usual = median(self.recent) if self.recent else each
        if self.goal and self._is_too_much(seconds, each, usual):
            return self._noted(each)._judged(read, seconds)
        if self.tries_larger:
            return replace(self._towards(read, self.goal), tries_larger=False)
        return self._noted(each)._kept(read, may_grow=self._may_grow(seconds, each, usual))

    def slower(self, read: int) -> Pace:
        """The pace after a page of the present size timed out: the next one is at most half as large.

        Raises ValueError for a page of the smallest size.
        """
        index = self.rungs.index(self.size)
        if index == 0:
            raise ValueError("no page is smaller")
        costs = (*self.costs[:index], *(inf for _ in self.rungs[index:]))
        return replace(self, good=0, costs=costs)._shrunk(read, index - 1)

    def _noted(self, each: float) -> Pace:
        costs = (*self.costs[: self.goal], each, *self.costs[self.goal + 1 :])
        return replace(self, costs=costs, recent=(*self.recent, each)[-MEMORY:])

    def _judged(self, read: int, seconds: float) -> Pace:
        """After a wave that took too long. A size that had worked gets one more wave: it may have been noise."""
        if self.good >= SETTLED and not self.warned and seconds <= PAGE_SECONDS * CLIFF:
            return replace(self._towards(read, self.goal), warned=True)
        return self._shrunk(read, self.goal - 1)

    def _is_too_much(self, seconds: float, each: float, usual: float) -> bool:
        if each > usual * (CALM if self.tries_larger else CLIFF):
            return True
        smaller = self.costs[self.goal - 1]
        return seconds > PAGE_SECONDS and (smaller is None or smaller * WORTH < each)

    def _may_grow(self, seconds: float, each: float, usual: float) -> bool:
        if self.goal + 1 == len(self.rungs):
            return False
        larger = self.costs[self.goal + 1]
        if larger is not None and larger <= each * WORTH:
            return True
        ratio = self.rungs[self.goal + 1] / self.rungs[self.goal]
        return not self.wait and each <= usual * CALM and seconds * ratio <= PAGE_SECONDS

    def _shrunk(self, read: int, goal: int) -> Pace:
        had_worked = self.good >= SETTLED
        failures = self.failures if had_worked else self.failures + 1
        wait = SHORT_WAIT if had_worked else min(LONG_WAIT * 4 ** (failures - 1), LONGEST_WAIT)
        smaller = self._towards(read, goal)
        return replace(smaller, good=0, wait=wait, failures=failures, failed=goal + 1, tries_larger=False, warned=False)

    def _kept(self, read: int, *, may_grow: bool) -> Pace:
        good = self.good + 1
        failures = 0 if good >= SETTLED and self.goal >= self.failed else self.failures
        if may_grow:
            larger = self._towards(read, self.goal + 1)
            return replace(larger, good=0, failures=failures, tries_larger=self.at_once > 1, warned=False)
        kept = self._towards(read, self.goal)
        return replace(kept, good=good, wait=max(0, self.wait - 1), failures=failures, warned=False)

    def _towards(self, read: int, goal: int) -> Pace:
        return replace(self, goal=goal, size=_aligned(self.rungs[: goal + 1], read))


def first_pace(listing: ListQuery) -> Pace:
    """The pace to begin a list with: its own page size, down to one row and up to some times as many."""
    rungs = [listing.size]
    while rungs[0] > 1:
        rungs.insert(0, _smaller(rungs[0]))
    goal = len(rungs) - 1
    while listing.sort is not None and rungs[-1] * 2 <= max(listing.size * GROWTH, SMALL_CEILING):
        rungs.append(rungs[-1] * 2)
    return Pace(tuple(rungs), goal, listing.at_once, listing.size, costs=(None,) * len(rungs))


def _smaller(size: int) -> int:
    """A size of at most half as many rows, where it can be one that divides this one."""
    if size % 2 == 0:
        return size // 2
    return size // 5 if size % 5 == 0 and size > 5 else size // 2


def _aligned(rungs: tuple[int, ...], read: int) -> int:
    return next(size for size in reversed(rungs) if read % size == 0)
