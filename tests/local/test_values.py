"""Numbers and times: what is kept exactly, and what passes through a float as it does on the real server."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from billsync.local.store.documents import NotJson, parse, text_of
from billsync.local.store.times import from_micros, instant_of, micros, rfc3339
from billsync.local.store.values import canonical, double_precision, single_precision


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("10.00", "10"),
        ("0.10", "0.1"),
        ("0.0", "0"),
        ("007", "7"),
        ("-0", "0"),
        ("-0.50", "-0.5"),
        ("1234567890123456789.12345678901234567890123456789", "1234567890123456789.12345678901234567890123456789"),
    ],
)
def test_a_decimal_loses_its_zeros_and_no_digit(given: str, read: str) -> None:
    assert canonical(given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [("12.34", "12.34"), ("16.666667", "16.666668"), ("12.5", "12.5"), ("0", "0"), ("100", "100"), ("0.1", "0.1")],
)
def test_a_percentage_reads_as_a_32_bit_float(given: str, read: str) -> None:
    assert text_of(single_precision(Decimal(given))) == read


def test_a_limit_reads_as_a_64_bit_float() -> None:
    assert double_precision(12345678901234567890) == 12345678901234567000


def test_json_numbers_keep_every_digit() -> None:
    text = '{"a":[1.10,123456789012345678901234567890,-0.000000001],"b":{"c":null,"d":"é\\"","e":true}}'

    assert text_of(parse(text)) == text.replace("é", "\\u00e9")


@pytest.mark.parametrize("text", ["", "{broken", "NaN", "[" * 200_000, "9" * 10_000])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        parse(text)


def test_what_follows_the_json_value_is_ignored() -> None:
    assert parse(' {"a": 1, "a": 2} trailing') == {"a": 2}


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 21, 9, 55, 14, 999000, tzinfo=UTC), "2026-11-21T09:55:14.999Z"),
        (datetime(2026, 11, 21, 9, 55, 14, 560490, tzinfo=UTC), "2026-11-21T09:55:14.56049Z"),
        (datetime(2026, 11, 21, 9, 55, 14, tzinfo=UTC), "2026-11-21T09:55:14Z"),
        (datetime(2026, 11, 21, 1, tzinfo=timezone(timedelta(hours=2))), "2026-11-20T23:00:00Z"),
    ],
)
def test_an_instant_is_written_in_utc_without_trailing_zeros(instant: datetime, text: str) -> None:
    assert rfc3339(instant) == text
    assert instant_of(text) == instant
    assert from_micros(micros(instant)) == instant


def test_an_instant_is_cut_to_microseconds_and_a_day_is_none() -> None:
    assert instant_of("2026-11-21T09:57:23.176391635+02:00") == datetime(2026, 11, 21, 7, 57, 23, 176391, tzinfo=UTC)
    assert instant_of("2026-11-21") is None
    assert instant_of("2026-02-30T00:00:00Z") is None
