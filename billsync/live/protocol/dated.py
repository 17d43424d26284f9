"""The time of a server by the date of its answers."""

from __future__ import annotations

from datetime import datetime, timedelta

USUAL = timedelta(seconds=5)
"""A difference that whole seconds and the way of an answer explain."""


def ahead_of(date: str, now: datetime) -> timedelta:
    """The time by which the clock that wrote a header Date (RFC 9110) is ahead of a moment; none where it can't be
    read, or is within what is usual."""
    from email.utils import parsedate_to_datetime  # costs time, and only restores ask

    try:
        ahead = parsedate_to_datetime(date) - now
    except (ValueError, TypeError, OverflowError):
        return timedelta()
    return ahead if abs(ahead) > USUAL else timedelta()
