"""Times: one spelling for one instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.moment import cut_to_seconds, moment_text, parse_moment


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("2026-01-01T12:30:15.678+02:00", "2026-01-01T10:30:15.678Z"),
        ("2026-01-01t10:30:15z", "2026-01-01T10:30:15Z"),
        ("2026-11-21T09:55:15.346123999Z", "2026-11-21T09:55:15.346123Z"),
        ("2026-11-21T09:55:15.500000Z", "2026-11-21T09:55:15.5Z"),
        ("2026-11-21T23:30:00-01:00", "2026-11-22T00:30:00Z"),
    ],
)
def test_a_time_is_written_in_utc_cut_to_microseconds(written: str, canonical: str) -> None:
    moment = parse_moment(written)

    assert moment is not None
    assert moment_text(moment) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-01",
        "2026-01-01T10:30:15",
        "2026-02-30T10:30:15Z",
        "2026-01-01 10:30:15Z",
        "0001-01-01T00:00:00+02:00",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_moment(text) is None


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_survives_its_text(moment: datetime) -> None:
    assert parse_moment(moment_text(moment)) == moment
    assert moment - cut_to_seconds(moment) < timedelta(seconds=1)
