"""Page sizes: rows to ask for at a time, from the time that pages have taken so far. Pure arithmetic.

A page of some lists costs far more than its rows once it is too large for the server (customer-facts.md §5.11), and
where that cliff is depends on the server and its load: begin small, watch the time per row, grow or shrink. Single
measurements are noisy, so a wave is judged against the median of the last ones of its size. A server that is slow at
every size has no cliff: smaller pages wouldn't help, and what it takes is soon the usual.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import median

from billsync.model.frozen import dataclass, replace
from billsync.model.limits import PAGE_SECONDS
from billsync.model.routes import ListQuery

GROWTH = 8
SMALL_CEILING = 80
"""Lists that begin with a few rows may grow to this size, as a request costs something, too."""

BOLD = 100
"""Lists of this many rows a page have no cliff near: their next size is the largest that should be quick enough."""

CLIFF = 3.0
"""A wave whose rows take that many times as long as usual is over the cliff."""

CALM = 2.0
"""Pages grow only after a wave that took at most that many times as long as usual, and to sizes that take no longer."""

WORTH = 0.6
"""A size is proved better by taking at most this share of the time per row."""

MEMORY = 5
SETTLED = 3
SHORT_WAIT, LONG_WAIT, LATE_WAIT, LONGEST_WAIT = 1, 3, 8, 64
"""Good waves before a size is tried again: one that had worked for a while; one that failed at once, which may have
been noise; and one that timed out. With each failure in a row they are four times as many, up to the last number."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The sizes of the next pages. `rungs` are all sizes, ascending; `goal` is the index of the wanted one.

    `size` is the size to ask for next: the largest rung up to the goal that divides the number of rows read, because
    only then does a page begin where the last one ended, and no row is left out or read twice.

    `history` holds, for each rung, the seconds per row of a page in its last good waves of `at_once` pages: a page by
    itself can't be compared with them, and `alone` is the time of the last. `over` is the time of a size that was just
    left for being over the cliff, and `slow` of one that was left because its pages took longer than a page should.

    `good` counts the good waves in a row at this goal, `wait` those still needed before it grows, and `failures` how
    often a new size (`is_new`), the one at `failed`, failed at once. A new size is tried with one page before several
    are asked for together (`tries_larger`); `warned` is a size whose last wave took too long.
    """

    rungs: tuple[int, ...]
    goal: int
    at_once: int
    size: int
    history: tuple[tuple[float, ...], ...]
    alone: float | None = None
    good: int = 0
    wait: int = 0
    failures: int = 0
    failed: int = 0
    is_new: bool = False
    tries_larger: bool = False
    warned: bool = False
    over: float | None = None
    slow: float | None = None

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
        if self.size < self.rungs[self.goal]:
            return self._towards(read, self.goal)
        each = seconds / max(1, min(rows, self.size))
        is_wave = rows > self.size * (self.at_once - 1)
        usual = self._usual if self._usual is not None or is_wave else self.alone
        if self.goal and usual is not None and each > usual * (CALM if self.tries_larger else CLIFF):
            return self._judged(read, each, seconds)
        noted = self._noted(each) if is_wave else replace(self, alone=each)
        if self.slow is not None and self.slow <= each * WORTH:
            return noted._grown(read, self.goal + 1)
        if self.goal and noted._takes_too_long(each, is_wave=is_wave):
            return replace(noted._shrunk(read, self.goal - 1), slow=each)
        if self.tries_larger:
            return replace(noted._towards(read, self.goal), tries_larger=False)
        may_grow = not self.wait and (usual is None or each <= usual * CALM)
        return noted._kept(read, noted._larger(each) if may_grow else None)

    def slower(self, read: int) -> Pace:
        """The pace after a page of the present size timed out: the next one is at most half as large.

        Raises ValueError for a page of the smallest size.
        """
        index = self.rungs.index(self.size)
        if index == 0:
            raise ValueError("no page is smaller")
        return replace(self, good=0, is_new=True)._shrunk(read, index - 1, long_wait=LATE_WAIT)

    @property
    def _usual(self) -> float | None:
        """The usual seconds per row of a wave: of this size, and of smaller ones where it has had few waves yet."""
        known: list[float] = []
        for goal in range(self.goal, -1, -1):
            if len(known) >= SETTLED:
                break
            known += self.history[goal]
        return median(known) if known else None

    def _noted(self, each: float) -> Pace:
        known = (*self.history[self.goal], each)[-MEMORY:]
        return replace(self, history=(*self.history[: self.goal], known, *self.history[self.goal + 1 :]))

    def _takes_too_long(self, each: float, *, is_wave: bool) -> bool:
        """Whether pages of this size take longer than a page should, and smaller ones aren't proved worse."""
        here = median(self.history[self.goal]) if is_wave else each
        smaller = self.history[self.goal - 1]
        return here * self.size > PAGE_SECONDS and (not smaller or median(smaller) * WORTH < here)

    def _judged(self, read: int, each: float, seconds: float) -> Pace:
        """After a wave over the cliff. A size that had worked gets one more wave: it may have been noise."""
        if self.over is not None and each > self.over * WORTH:
            return self._with_new_usual(read, each)
        if self.good >= SETTLED and not self.warned and seconds <= PAGE_SECONDS * CLIFF:
            return replace(self._towards(read, self.goal), warned=True)
        return replace(self._shrunk(read, self.goal - 1), over=each)

    def _with_new_usual(self, read: int, each: float) -> Pace:
        """The smaller size is as slow as the larger one was, so the server is slow, and the past says nothing."""
        history = tuple((each,) if goal == self.goal else () for goal in range(len(self.rungs)))
        return replace(self, history=history, good=0, wait=SHORT_WAIT, failures=0, warned=False, over=None)._towards(
            read, self.goal
        )

    def _larger(self, each: float) -> int | None:
        """The index of the size to try next; None where it would take too long, as far as is known.

        The time of a page by itself counts as if pages that are asked for together were made one by one.
        """
        usual = self._usual
        each = each * self.at_once if usual is None else usual
        following = range(self.goal + 1, len(self.rungs))
        quick = [goal for goal in following if each * self.rungs[goal] <= PAGE_SECONDS]
        return None if not quick else quick[-1] if self.size >= BOLD else quick[0]

    def _shrunk(self, read: int, goal: int, long_wait: int = LONG_WAIT) -> Pace:
        failed_at_once = self.is_new and self.good < SETTLED
        failures = self.failures + failed_at_once
        wait = min(long_wait * 4 ** (failures - 1), LONGEST_WAIT) if failed_at_once else SHORT_WAIT
        smaller = replace(self._towards(read, goal), tries_larger=False, warned=False, over=None, slow=None)
        return replace(smaller, good=0, wait=wait, failures=failures, failed=goal + 1, is_new=False)

    def _kept(self, read: int, larger: int | None) -> Pace:
        good = self.good + 1
        failures = 0 if good >= SETTLED and self.goal >= self.failed else self.failures
        kept = replace(self, good=good, wait=max(0, self.wait - 1), failures=failures, warned=False, over=None)
        return kept._towards(read, self.goal) if larger is None else kept._grown(read, larger)

    def _grown(self, read: int, goal: int) -> Pace:
        larger = replace(self._towards(read, goal), tries_larger=self.at_once > 1, warned=False, over=None, slow=None)
        return replace(larger, good=0, is_new=True)

    def _towards(self, read: int, goal: int) -> Pace:
        return replace(self, goal=goal, size=_aligned(self.rungs[: goal + 1], read))


@lru_cache(maxsize=256)
def first_pace(listing: ListQuery) -> Pace:
    """The pace to begin a list with: its own page size, down to one row and up to some times as many."""
    rungs = [listing.size]
    while rungs[0] > 1:
        rungs.insert(0, _smaller(rungs[0]))
    goal = len(rungs) - 1
    while listing.sort is not None and rungs[-1] * 2 <= max(listing.size * GROWTH, SMALL_CEILING):
        rungs.append(rungs[-1] * 2)
    return Pace(tuple(rungs), goal, listing.at_once, listing.size, history=((),) * len(rungs))


def _smaller(size: int) -> int:
    """A size of at most half as many rows, where it can be one that divides this one."""
    if size % 2 == 0:
        return size // 2
    return size // 5 if size % 5 == 0 and size > 5 else size // 2


def _aligned(rungs: tuple[int, ...], read: int) -> int:
    return next(size for size in reversed(rungs) if read % size == 0)
