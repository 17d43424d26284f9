"""Threads of which one runs at a time: a seed decides who goes on at each request, so that it is the same each time.

A strand stands still before each request and after each answer, so that several requests are under way at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import httpx

from billsync.apply.execute import Manner
from billsync.apply.workers import Ended

_THREAD = threading.local()
PATIENCES = (0.0, 0.7, 0.95)
"""Chances that the same strand goes on: by turns, or one of them far while others stand still."""


class Strand:
    """A task in a thread of its own, which runs only while it is waited for."""

    def __init__(self, number: int, task: Callable[[], Any]) -> None:
        self.number = number
        self.ended: Ended | None = None
        self._task = task
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self._run, daemon=True).start()

    def go_on(self) -> Ended | None:
        """Let it run up to where it stands still again; its end, if that is the end."""
        self._go.release()
        self._back.acquire()
        return self.ended

    def stand_still(self) -> None:
        """Let others go on. Called by its own thread."""
        self._back.release()
        self._go.acquire()

    def _run(self) -> None:
        _THREAD.strand = self
        self._go.acquire()
        try:
            self.ended = Ended(self.number, self._task())
        except BaseException as error:  # noqa: BLE001 (raised again by whoever waits)
            self.ended = Ended(self.number, error=error)
        self._back.release()


class Seeded:
    """Implements `workers.Workers`."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._patience = self._random.choice(PATIENCES)
        self._strands: list[Strand] = []
        self._last: Strand | None = None

    def start(self, number: int, task: Callable[[], Any]) -> None:
        """Begin a task, which stands still."""
        self._strands.append(Strand(number, task))

    def next_end(self) -> Ended:
        """Let one or another go on, until one has ended."""
        while True:
            strand = self._last = self._chosen()
            if (ended := strand.go_on()) is not None:
                self._strands.remove(strand)
                return ended

    def _chosen(self) -> Strand:
        if self._last in self._strands and self._random.random() < self._patience:
            return self._last
        return self._random.choice(self._strands)

    def last_ends(self) -> Iterator[Ended]:
        """All ends of what has begun."""
        while self._strands:
            yield self.next_end()

    def close(self) -> None:
        """Every thread has ended."""


class Switching(Seeded):
    """Two strands: the first goes so many steps, then the second so many, then the first to its end."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(0)
        self._order = iter([0] * first + [1] * second)

    def _chosen(self) -> Strand:
        number = next(self._order, 0)
        return next((strand for strand in self._strands if strand.number == number), self._strands[0])


class Turns(httpx.BaseTransport):
    """A transport at which strands stand still; what other threads send passes."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The inner transport's answer."""
        strand: Strand | None = getattr(_THREAD, "strand", None)
        if strand is None:
            return self._inner.handle_request(request)
        strand.stand_still()
        response = self._inner.handle_request(request)
        strand.stand_still()
        return response


def seeded(seed: int, at_once: int = 4) -> Manner:
    """Several steps at a time, in an order that the seed decides."""
    return Manner(at_once, workers=lambda _: Seeded(seed))
