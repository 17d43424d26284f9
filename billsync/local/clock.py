"""The server's time: the clock it was given, moved by what a test set. The move is kept in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from billsync.local.store import Store
from billsync.local.times import MICROSECOND

Clock = Callable[[], datetime]
OFFSET = "clock_offset_microseconds"


def now(store: Store, clock: Clock) -> datetime:
    """The server's time, in UTC."""
    return clock().astimezone(UTC) + timedelta(microseconds=int(store.setting(OFFSET) or 0))


def set_now(store: Store, clock: Clock, moment: datetime) -> None:
    """From here the server's time runs on from `moment`."""
    store.set_setting(OFFSET, str((moment - clock().astimezone(UTC)) // MICROSECOND))
