"""Boundaries, periods and sums of durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.duration import Duration, parse_duration
from billsync.rating.periods import (
    MICROSECOND,
    Period,
    boundary,
    next_at_or_after,
    period_at,
    sum_of,
)


def _duration(text: str) -> Duration:
    duration = parse_duration(text)
    assert duration is not None
    return duration


moments = st.integers(-(10**9), 10**9).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
cadences = st.sampled_from(["P1M", "P1Y", "P1W", "P18M", "P1M15D", "P1DT12H", "PT15M", "P1Y6M"]).map(_duration)


@given(moments, cadences, moments)
def test_the_period_at_a_moment_ends_where_the_next_one_starts(
    anchor: datetime, cadence: Duration, moment: datetime
) -> None:
    """The period at a moment holds that moment, and ends where the next period starts."""
    period = period_at(anchor, cadence, moment)

    assert period.holds(moment)
    assert period_at(anchor, cadence, period.end).start == period.end
    assert period_at(anchor, cadence, period.end - MICROSECOND).start == period.start
    assert next_at_or_after(anchor, cadence, period.start) == period.start


def test_years_are_added_and_cut_to_the_month_before_months_are() -> None:
    leap_day = datetime(2024, 2, 29, tzinfo=UTC)

    assert boundary(leap_day, _duration("P1Y1M"), 1) == datetime(2025, 3, 28, tzinfo=UTC)
    assert boundary(leap_day, _duration("P13M"), 1) == datetime(2025, 3, 29, tzinfo=UTC)


def test_fractions_but_those_of_seconds_are_rounded_after_multiplying() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    assert boundary(start, _duration("P0.5D"), 1) == start
    assert boundary(start, _duration("P1.5D"), 1) == start + timedelta(days=2)
    assert boundary(start, _duration("P1.5D"), 2) == start + timedelta(days=3)
    assert boundary(start, _duration("PT1.5S"), -1) == start - timedelta(seconds=1.5)


@pytest.mark.parametrize(
    ("one", "other", "total"),
    [
        ("P0D", "P14D", "P2W"),
        ("P45D", "P45D", "P12W6D"),
        ("P7M", "P6M", "P1Y1M"),
        ("P1M", "P1W", "P1M1W"),
        ("PT50S", "PT10S", "PT1M"),
        ("PT59M30S", "PT30S", "PT1H"),
        ("PT24H", "P0D", "PT24H"),
        ("P0D", "P7.5D", "P7.5D"),
        ("P0D", "P8.5D", "P1W1.5D"),
    ],
)
def test_sums_of_durations_are_kept_by_field(one: str, other: str, total: str) -> None:
    answer = sum_of(_duration(one), _duration(other))

    assert answer.text == total


def test_a_cadence_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        period_at(datetime(2026, 1, 1, tzinfo=UTC), _duration("P0D"), datetime(2026, 1, 2, tzinfo=UTC))


def test_the_calendar_ends_with_the_year_9999() -> None:
    with pytest.raises(OverflowError):
        boundary(datetime(9999, 12, 1, tzinfo=UTC), _duration("P1M"), 1)


def test_a_period_holds_its_start_and_not_its_end() -> None:
    period = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))

    assert (period.holds(period.start), period.holds(period.end)) == (True, False)


def test_the_ends_of_a_period_are_cut_to_seconds_each_on_its_own() -> None:
    period = Period(datetime(2026, 1, 1, 0, 0, 0, 900_000, UTC), datetime(2026, 1, 1, 0, 0, 2, 100_000, UTC))

    assert period.whole_seconds == 2
