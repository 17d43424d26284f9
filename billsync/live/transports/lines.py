"""GETs over several connections in one thread: their answers in the order in which they were asked for."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from billsync.live.transports.fetch import Fetch

TOGETHER, TOGETHER_BYTES = 32, 50_000
"""GETs that end before the first of them is returned, and their bytes: what is done with one after the other of them
finds its code and data in the processor's caches."""
STALL_SECONDS = 5.0
"""The longest time between two looks at the connections after which limits of time still mean something."""

_END: Any = object()


class LinesInOrder(ABC):
    """Connections for use by one thread."""

    def __init__(self) -> None:
        self._looked = 0.0

    def fetch(self, urls: Iterable[str | None], at_once: int) -> Iterator[Fetch]:
        """The GETs of these URLs in their order, at most `at_once` under way; one without a URL isn't made.

        When a failure is returned, nothing else is under way: its reader may take a while.
        """
        waiting: deque[Fetch] = deque()
        following = iter(urls)
        try:
            while ended := self._together(waiting, following, at_once):
                yield from ended
        finally:
            if waiting:
                self._drop([fetch for fetch in waiting if not fetch.is_done])

    def _together(self, waiting: deque[Fetch], following: Iterator[str | None], at_once: int) -> Sequence[Fetch]:
        """Some GETs that have ended, up to the first failure; none after the last one."""
        ended, size = list[Fetch](), 0
        while len(ended) < TOGETHER and size < TOGETHER_BYTES:
            is_last = self._fill(waiting, following, at_once)
            if is_last and not waiting:
                break
            if not waiting or not waiting[0].is_done:
                self._go_on()
                continue
            fetch = waiting.popleft()
            ended.append(fetch)
            if fetch.failure is not None:
                self._finish(waiting)
                break
            size += len(fetch.content or b"")
        return ended

    def _fill(self, waiting: deque[Fetch], following: Iterator[str | None], at_once: int) -> bool:
        """Begin as many GETs as may be under way, and return whether that were the last ones."""
        while len(waiting) < at_once and self._has_line():
            url = next(following, _END)
            if url is _END:
                return True
            waiting.append(self._begin(url))
        return False

    def _finish(self, waiting: Iterable[Fetch]) -> None:
        for fetch in waiting:
            while not fetch.is_done:
                self._go_on()
            fetch.is_stale = True

    def _was_stalled(self) -> bool:
        """Whether nobody has looked at the connections for a while: limits of time say nothing of what is under way."""
        now = time.monotonic()
        stalled, self._looked = now - self._looked > STALL_SECONDS, now
        return stalled

    @abstractmethod
    def close(self) -> None:
        """Close all connections."""

    @abstractmethod
    def _has_line(self) -> bool:
        """Whether another GET can begin."""

    @abstractmethod
    def _begin(self, url: str | None) -> Fetch:
        """A GET that is under way; a failed one without a URL."""

    @abstractmethod
    def _go_on(self) -> None:
        """Wait until at least one GET has ended, or for a moment."""

    @abstractmethod
    def _drop(self, unread: Iterable[Fetch]) -> None:
        """Break off what nobody waits for any more."""
