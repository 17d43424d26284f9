"""Retries of reads: the delays between them and their number. Waits on the given clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from billsync.model.frozen import dataclass


def no_jitter() -> float:
    """The full delay, every time."""
    return 1.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Delays in seconds. `tries` counts the first one too; `jitter` gives a number from 0 to 1.

    A server's own `Retry-After` goes before our delay, up to `longest_asked`.
    """

    tries: int = 4
    busy_tries: int = 8
    first: float = 0.25
    longest: float = 8.0
    longest_asked: float = 60.0
    jitter: Callable[[], float] = no_jitter

    def delay(self, attempt: int) -> float:
        """Seconds before the try after number `attempt` (from 1): doubling, half of it by chance."""
        full: float = min(self.first * 2 ** (attempt - 1), self.longest)
        return full * (0.5 + 0.5 * self.jitter())

    def wait(self, attempt: int, retry_after: str | None, now: datetime) -> float:
        """Seconds to wait: the server's request, capped, or else our own delay."""
        asked = asked_delay(retry_after, now)
        return self.delay(attempt) if asked is None else min(asked, self.longest_asked)


def asked_delay(retry_after: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for, in either of its forms; None for an unusable header."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    from email.utils import parsedate_to_datetime  # a tenth of the load of a run on `local:`, which never waits

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
