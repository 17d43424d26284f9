"""Instants as the server writes and reads them: aware UTC, microseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def rfc3339(instant: datetime) -> str:
    """The instant in UTC, trailing zeros of the fraction left out (catalog-facts.md §1.6)."""
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{instant.microsecond:06d}".rstrip("0")
    return f"{text.rjust(20, '0')[-19:]}{'.' + fraction if fraction else ''}Z"


@lru_cache(1_000)
def instant_of(text: str) -> datetime | None:
    """The instant in an RFC 3339 text, cut to microseconds; None for any other text."""
    if not (match := RFC3339.fullmatch(text)):
        return None
    day, time, fraction, zone = match.groups()
    fraction = f"{fraction or '':0<6.6}"
    try:
        return datetime.fromisoformat(f"{day}T{time}.{fraction}{zone.upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def echoed(text: str) -> str:
    """The time as an answer repeats it before it was stored: the caller's offset, up to nanoseconds (§1.6)."""
    if not (match := RFC3339.fullmatch(text)):
        return text
    day, time, fraction, zone = match.groups()
    fraction = (fraction or "")[:9].rstrip("0")
    return f"{day}T{time}{'.' + fraction if fraction else ''}{'Z' if zone in ('z', '+00:00') else zone}"


def micros(instant: datetime) -> int:
    """Microseconds since 1970: how the store keeps and compares instants."""
    return (instant - EPOCH) // MICROSECOND


def from_micros(number: int) -> datetime:
    return EPOCH + timedelta(microseconds=number)
