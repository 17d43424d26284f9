from datetime import UTC, datetime

import pytest

from billsync.live.protocol.patience import Patience, asked_delay

NOW = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Tue, 01 Sep 2026 12:00:30 GMT", 30.0),
        ("Tue, 01 Sep 2026 11:00:00 GMT", 0.0),
        ("Tue, 01 Sep 2026 12:00:30 -0000", 30.0),
        ("soon", None),
        ("Tue, 99999999999999999999 Sep 2026 12:00:30 GMT", None),
        ("Tue, 01 Sep 2026 12:00:30 +9999", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_both_forms_of_retry_after_are_understood(header: str | None, seconds: float | None) -> None:
    assert asked_delay(header, NOW) == seconds


def test_delays_double_up_to_a_limit_and_half_of_each_is_chance() -> None:
    full = [Patience().delay(attempt) for attempt in range(1, 8)]
    least = [Patience(jitter=lambda: 0.0).delay(attempt) for attempt in range(1, 8)]

    assert full == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert least == [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


def test_a_server_that_asks_for_an_hour_gets_a_minute() -> None:
    assert Patience().wait(1, "3600", NOW) == 60.0
