"""A clock that stands still until it is told otherwise; sleeping moves it, and is remembered."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 9, 1, tzinfo=UTC)


class FakeClock:
    """Implements `ports.Clock` without waiting. `slept` lists the seconds of every sleep."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._now += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, as if something took it."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
