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

    @property
    def is_on(self) -> bool:
        """Whether the pause goes on."""
        return self._left > 0

    def wait_out(self) -> None:
        """Sleep for the rest of the pause."""
        if (left := self._left) > 0:
            self._clock.sleep(left)

    @property
    def _left(self) -> float:
        """The seconds for which the pause goes on."""
        until = self._until
        return (until - self._clock.now()).total_seconds() if until is not None else 0.0
