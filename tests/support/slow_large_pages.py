"""A list whose pages get far dearer once they are too large, in virtual time (customer-facts.md §5.11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from billsync.model.limits import ANSWER_SECONDS
from tests.support.clock import FakeClock
from tests.support.mock_list import page_of

Cost = Callable[[int, int], float]
"""Rows of a page, and pages asked for together -> seconds."""


class WaveClock(FakeClock):
    """Lets time pass when it is looked at: what was asked for since the last look took place together."""

    def __init__(self, cost: Cost) -> None:
        super().__init__()
        self._cost = cost
        self._asked: list[int] = []

    def now(self) -> datetime:
        with self._lock:
            asked, self._asked = self._asked, []
        if asked:
            self.advance(min(ANSWER_SECONDS, self._cost(max(asked), len(asked))))
        return super().now()

    def asks(self, size: int) -> None:
        """A page of that many rows is asked for."""
        with self._lock:
            self._asked.append(size)


@dataclass(slots=True)
class CliffServer:
    """Answers pages of its rows; one that would take longer than a client waits ends in a time-out."""

    rows: Sequence[dict[str, object]]
    cost: Cost
    clock: WaveClock = field(init=False)
    sizes: list[int] = field(default_factory=list)
    timed_out: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = WaveClock(self.cost)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        size, number = (int(request.url.params[name]) for name in ("page[size]", "page[number]"))
        self.sizes.append(size)
        self.clock.asks(size)
        if self.cost(size, 1) > ANSWER_SECONDS:
            self.timed_out.append((size, number))
            raise httpx.ReadTimeout("too slow", request=request)
        return page_of(self.rows, request)


def measured(rows: int, together: int) -> float:
    """Seconds of a page on a real server of two cores under load, as it was measured."""
    steps = ((5, 0.015, 0.05), (10, 0.3, 2.3), (20, 0.65, 4.0), (40, 17.0, 60.0))
    alone, many = next(((one, four) for limit, one, four in steps if rows <= limit), (60.0, 240.0))
    return many if together > 1 else alone


def cliff_after(limit: int) -> Cost:
    """Pages of up to that many rows are quick, and larger ones never end."""
    return lambda rows, together: 0.01 * rows * together if rows <= limit else 600.0
