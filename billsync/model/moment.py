"""RFC 3339 times: exact to the microsecond, always in UTC. The present is never asked for here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from billsync.model.patterns import whole_text

_DIGITS = "[0-9]{2}"
PATTERN = whole_text(
    f"[0-9]{{4}}-{_DIGITS}-{_DIGITS}[Tt]{_DIGITS}:{_DIGITS}:{_DIGITS}([.][0-9]+)?([Zz]|[+-]{_DIGITS}:{_DIGITS})"
)
"""RFC 3339 with an offset; a text may match and still be no time (`2026-02-30T…`)."""

_PARTS = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))", re.ASCII
)


@lru_cache(maxsize=4096)
def parse_moment(text: str) -> datetime | None:
    """The time in UTC, cut to microseconds; None for a text that is no RFC 3339 time with an offset."""
    match = _PARTS.fullmatch(text)
    if match is None:
        return None
    *parts, fraction, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = (int(part) for part in parts)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        zone = timezone(offset)
        return datetime(year, month, day, hour, minute, second, microsecond, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_day_or_time(text: str) -> datetime | None:
    """The start of a day in UTC (`2026-09-01`), or a time; None for another text."""
    return parse_moment(text if "T" in text.upper() else f"{text}T00:00:00Z")


def moment_text(moment: datetime) -> str:
    """The time as RFC 3339 in UTC, without zeros at the end of the fraction."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def cut_to_seconds(moment: datetime) -> datetime:
    """The time without its fraction of a second."""
    return moment.replace(microsecond=0)
