"""The server's time: its clock plus the offset that a test has set. The offset is stored in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from billsync.local.store.store import Store
from billsync.local.store.times import MICROSECOND

Clock = Callable[[], datetime]
OFFSET = "clock_offset_microseconds"
SLIP = timedelta(seconds=5)


class ServerTime:
    """Gives and sets the time, inside a transaction.

    A test that sets the clock repeatedly would make it step back slightly, and new rows would lie in the future. So
    within SLIP the time only goes forward.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._last: datetime | None = None

    @property
    def last(self) -> datetime:
        """The time that was given last; it needs no transaction."""
        return self._last or self._given()

    def now(self) -> datetime:
        """The server's time, in UTC."""
        moment = self._given() + timedelta(microseconds=int(self._store.setting(OFFSET) or 0))
        if self._last is not None and self._last - SLIP < moment < self._last:
            moment = self._last + MICROSECOND
        self._last = moment
        return moment

    def set(self, moment: datetime) -> None:
        """From here the server's time runs on from `moment`."""
        self._store.set_setting(OFFSET, str((moment - self._given()) // MICROSECOND))

    def _given(self) -> datetime:
        return self._clock().astimezone(UTC)
