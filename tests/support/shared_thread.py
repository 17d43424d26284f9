"""Steps over one shared thread, as commands carry them out: greenlets that give way at each request. A seed decides
which one goes on, so that it is the same each time.

All of it runs in the thread of whoever waits for ends, so that no other thread comes in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import TypeVar

from billsync.apply.execute import Manner
from billsync.apply.workers import Ended, OneThread
from billsync.live import fibers
from billsync.live.fibers import Fibers
from tests.support.seeded import PATIENCES, seeded

T = TypeVar("T")


class SeededFibers(Fibers):
    """Fibers whose hub runs while it is asked to, in the thread of the one who asks."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = Random(seed)
        self._patience = self._random.choice(PATIENCES)

    def go_on(self) -> None:
        """Let tasks go on until something was left for the moment in which all of them wait, and do that."""
        outer, fibers._here.fibers = fibers.current(), self
        self._hub = self._current()
        try:
            while not self._when_idle or (self._is_busy and self._random.random() < self._patience):
                assert self._is_busy, "nothing can go on"
                self._one_goes_on()
            while self._when_idle:
                self._when_idle.popleft()()
        finally:
            fibers._here.fibers = outer

    def apart(self, call: Callable[[], T]) -> T:
        """The result of a call, before and after which others go on. Raises what it raises."""
        self._stand_still()
        found = call()
        self._stand_still()
        return found

    def close(self) -> None:
        """Every task has ended, or is never heard of again."""
        self._helpers.close()
        self._watch.close()

    @property
    def _is_busy(self) -> bool:
        return bool(self._new or self._ready)

    def _one_goes_on(self) -> None:
        while self._new:
            self._under_way += 1
            self._make(partial(self._carry_out, self._new.popleft())).switch()
        if self._ready:
            self._ready.rotate(-self._random.randrange(len(self._ready)))
            self._ready.popleft().switch()

    def _stand_still(self) -> None:
        self._ready.append(self._current())
        self._give_way()

    def _work(self) -> None:
        """Nothing is done in a thread of its own."""


class Sharing(OneThread):
    """Implements `workers.Workers`; the hub runs while an end is waited for."""

    def __init__(self, seed: int) -> None:
        self._fibers = SeededFibers(seed)
        super().__init__(self._fibers)

    def next_end(self) -> Ended:
        """Let one task or another go on, until one has ended."""
        while not self._taken and self._ends.empty():
            self._fibers.go_on()
        return super().next_end()

    def last_ends(self) -> Iterator[Ended]:
        """All ends of what has begun."""
        while self._running:
            yield self.next_end()


def sharing(seed: int, at_once: int = 4) -> Manner:
    """Several steps at a time in one thread, in an order that the seed decides; in threads without greenlet."""
    try:
        import greenlet  # noqa: F401
    except ImportError:
        return seeded(seed, at_once)
    return Manner(at_once, workers=lambda _: Sharing(seed))
