"""Durations: canonical text, calendar arithmetic, and which cadences fit each other."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.duration import Duration, divides_evenly, parse_duration

SHARED = Path(__file__).resolve().parents[3] / "shared"


def parsed(text: str) -> Duration:
    duration = parse_duration(text)
    assert duration is not None
    return duration


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("P1M0D", "P1M"),
        ("P1Y0M", "P1Y"),
        ("PT0H30M", "PT30M"),
        ("P0M", "P0D"),
        ("PT0S", "P0D"),
        ("P1.50D", "P1.5D"),
        ("P12M", "P12M"),
        ("P01W", "P1W"),
        ("P1Y2M3W4DT5H6M7S", "P1Y2M3W4DT5H6M7S"),
    ],
)
def test_a_duration_drops_its_zero_parts_and_keeps_its_units(written: str, canonical: str) -> None:
    assert parsed(written).text == canonical


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1M", "-P1D", "p1m", "P1M1Y", "P1", "P1.D", "P١D", " P1D"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert parse_duration(text) is None


@given(st.tuples(*[st.integers(0, 400)] * 7))
def test_the_canonical_text_of_a_duration_is_its_own(parts: tuple[int, ...]) -> None:
    text = "P{}Y{}M{}W{}DT{}H{}M{}S".format(*parts)

    canonical = parsed(text).text

    assert parsed(canonical).text == canonical
    assert parsed(canonical) == parsed(text)


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ((2026, 1, 31), "P1M", (2026, 2, 28)),
        ((2028, 2, 29), "P1Y", (2029, 2, 28)),
        ((2026, 1, 1), "P31D", (2026, 2, 1)),
        ((2026, 1, 1), "P2W", (2026, 1, 15)),
        ((2028, 2, 29), "P1Y1M", (2029, 3, 28)),
        ((2026, 1, 31), "P1M1D", (2026, 3, 1)),
        ((2026, 1, 1), "P1.5D", (2026, 1, 3)),
        ((2026, 1, 1), "P0.5Y", (2026, 1, 1)),
        ((2026, 1, 1), "P1.5M", (2026, 3, 1)),
    ],
)
def test_a_duration_ends_by_the_calendar(start: tuple[int, int, int], duration: str, end: tuple[int, int, int]) -> None:
    assert parsed(duration).after(datetime(*start, 10, 30, tzinfo=UTC)) == datetime(*end, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [("P1M", True), ("P1.0M", True), ("P1Y2M3W4DT5H6M7S", True), ("P0.5Y", False), ("PT1.5S", False)],
)
def test_a_duration_is_whole_without_a_fraction(text: str, is_whole: bool) -> None:
    assert parsed(text).is_whole is is_whole


@pytest.mark.parametrize("start", [datetime(9999, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)])
@pytest.mark.parametrize("text", ["P1000000Y", "P99999999999999999999999D", "PT9999999999999999999999999S"])
def test_an_end_beyond_the_calendar_overflows(text: str, start: datetime) -> None:
    with pytest.raises(OverflowError):
        parsed(text).after(start)


@pytest.mark.parametrize(
    ("text", "seconds"), [("P1M", 2_629_746), ("P1Y", 31_556_952), ("P1M7D", 3_234_546), ("PT1M", 60), ("P0D", 0)]
)
def test_a_month_has_its_mean_length(text: str, seconds: int) -> None:
    length = parse_duration(text)

    assert length is not None
    assert length.mean_seconds == seconds


@pytest.mark.parametrize(
    ("plan", "card", "fits"),
    [
        *(("P1M", card, True) for card in ("P1M", "P1D", "PT1H", "P2M", "P3M", "P18M", "P1Y")),
        *(("P1M", card, False) for card in ("P1W", "P4W", "P30D", "P1M1D", "PT24H")),
        *(("P1W", card, True) for card in ("P2W", "P28D", "P1D", "P7M", "P1Y2M")),
        ("P1W", "P1M", False),
        *(("P1Y", card, True) for card in ("P4M", "P2Y", "P12M")),
        *(("P1Y", card, False) for card in ("P5M", "P18M")),
    ],
)
def test_cadences_fit_when_one_is_always_a_multiple_of_the_other(plan: str, card: str, fits: bool) -> None:
    """Cadences fit when one is a multiple of the other in every calendar."""
    assert divides_evenly(parsed(plan), parsed(card)) is fits
    assert divides_evenly(parsed(card), parsed(plan)) is fits


def test_cadences_fit_as_in_the_recordings() -> None:
    recordings = sorted(SHARED.glob("transcripts/**/*.jsonl"))
    if not recordings:
        pytest.skip("../shared/transcripts is not here")

    wrong = [case for path in recordings for case in unaligned_in(path)]

    assert wrong == []


def unaligned_in(path: Path) -> list[tuple[str, str, str]]:
    """Plans of a recording whose listed unaligned cards are not the ones that we find."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        body = json.loads(line)["response"].get("body")
        if not isinstance(body, dict) or not {"phases", "billing_cadence", "pro_rating_enabled"} <= body.keys():
            continue
        listed = {
            error["field"].split("'")[3]
            for error in body.get("validation_errors", [])
            if error["code"] in ("rate_card_billing_cadence_unaligned", "billing_cadence_invalid_value")
        }
        ours = {card["key"] for phase in body["phases"] for card in phase["rate_cards"] if not aligned(body, card)}
        found += [(path.name, str(sorted(listed)), str(sorted(ours)))] if listed != ours else []
    return found


def aligned(plan: dict[str, str], card: dict[str, str]) -> bool:
    if "billing_cadence" not in card or card["price"]["type"] == "free":  # type: ignore[index]
        return True
    cadence = parsed(card["billing_cadence"])
    return cadence.in_seconds() >= 3600 and divides_evenly(parsed(plan["billing_cadence"]), cadence)
