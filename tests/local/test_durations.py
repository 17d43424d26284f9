"""Durations: how they read, and which cadences fit."""

import pytest

from billsync.local.store.durations import aligned, canonical_duration, is_under_an_hour
from billsync.model.duration import parse_duration


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("P12M", "P12M"),
        ("P1M0D", "P1M"),
        ("P1Y0M", "P1Y"),
        ("P2W0D", "P2W"),
        ("P0M", "P0D"),
        ("PT0H30M", "PT30M"),
        ("P1.50D", "P1.5D"),
        ("P01Y02M3W4DT5H6M7S", "P1Y2M3W4DT5H6M7S"),
    ],
)
def test_a_duration_loses_its_zeros_and_keeps_its_units(given: str, read: str) -> None:
    assert canonical_duration(given) == read


@pytest.mark.parametrize("text", ["P", "PT"])
def test_a_duration_without_parts_is_none(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("plan", "card", "fits"),
    [
        ("P1M", "P1D", True),
        ("P1M", "PT1H", True),
        ("P1M", "PT30M", True),
        ("P1M", "P18M", True),
        ("P1M", "P1Y", True),
        ("P1M", "P1W", False),
        ("P1M", "P30D", False),
        ("P1M", "P1M1D", False),
        ("P1M", "PT24H", False),
        ("P1M", "P0D", False),
        ("P1W", "P28D", True),
        ("P1W", "P7M", True),
        ("P1W", "P1Y2M", True),
        ("P1W", "P1M", False),
        ("P1Y", "P4M", True),
        ("P1Y", "P12M", True),
        ("P1Y", "P5M", False),
        ("P1Y", "P18M", False),
    ],
)
def test_cadences_fit_when_one_divides_the_other_in_every_calendar(plan: str, card: str, fits: bool) -> None:
    one, other = parse_duration(plan), parse_duration(card)

    assert one is not None
    assert other is not None
    assert (aligned(one, other), aligned(other, one)) == (fits, fits)


@pytest.mark.parametrize(
    ("text", "is_short"), [("PT59M59S", True), ("PT1H", False), ("P0D", True), ("P0.01D", True), ("P0.01M", False)]
)
def test_a_duration_is_under_an_hour_by_its_length(text: str, is_short: bool) -> None:
    length = parse_duration(text)

    assert length is not None
    assert is_under_an_hour(length) == is_short
