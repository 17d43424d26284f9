"""The pause that a server asked for with 429, which all requests of a client keep to."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from billsync.model.ports import Clock


class Pause:
    """The moment before which nothing is sent; threads share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._until: datetime | None = None

    def begin(self, seconds: float) -> None:
        """Begin a pause, or make the present one longer."""
        until = self._clock.now() + timedelta(seconds=seconds)
        with self._lock:
            self._until = until if self._until is None else max(until, self._until)

    def wait_out(self) -> None:
        """Sleep for the rest of the pause."""
        until = self._until
        if until is not None and (left := (until - self._clock.now()).total_seconds()) > 0:
            self._clock.sleep(left)
