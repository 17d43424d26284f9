"""The windows that usage is summed up in: of a minute, an hour, a day or a month, by the clock of a time zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from billsync.local.server.problems import invalid

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Window = tuple[datetime, datetime]


def minute_of(moment: datetime, zone: ZoneInfo) -> Window:
    start = moment.replace(second=0, microsecond=0)
    return start, start + MINUTE


def hour_of(moment: datetime, zone: ZoneInfo) -> Window:
    """The hour of the zone's clock: it may begin at half past in UTC."""
    local = moment.astimezone(zone)
    start = moment - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return start, start + HOUR


def day_of(moment: datetime, zone: ZoneInfo) -> Window:
    midnight = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return midnight.astimezone(UTC), (midnight + DAY).astimezone(UTC)


def month_of(moment: datetime, zone: ZoneInfo) -> Window:
    first = moment.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    next_first = (first + 31 * DAY).replace(day=1)
    return first.astimezone(UTC), next_first.astimezone(UTC)


WINDOWS: Mapping[str, Callable[[datetime, ZoneInfo], Window]] = {
    "PT1M": minute_of,
    "PT1H": hour_of,
    "P1D": day_of,
    "P1M": month_of,
}


def zone_of(name: str) -> ZoneInfo:
    """The time zone. Raises Problem (400) for a name that the time zone database doesn't have."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise invalid(f"unknown time zone {name}") from None
