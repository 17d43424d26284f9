from datetime import UTC, datetime
from decimal import Decimal

from billsync.rating.periods import Period
from billsync.render.usage import usage_csv, usage_text
from billsync.report.billing.usage import Used

START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC)


def used(group: str, value: str) -> Used:
    return Used("api", START, END, group, Decimal(value))


def test_bars_are_scaled_to_the_most_and_something_is_never_nothing() -> None:
    text = usage_text("acme", Period(START, END), [used("a", "300"), used("b", "1"), used("c", "0")], group="model")

    assert [line[58:] for line in text.splitlines()[2:]] == ["  Usage", "    300  " + 30 * "█", "      1  █", "      0"]


def test_nothing_used_is_said_so() -> None:
    text = usage_text("acme", Period(START, END), [], group=None)

    assert text == "Usage of customer acme, 2026-09-01 00:00:00Z to 2026-09-02 00:00:00Z\n\nNo usage.\n"


def test_what_a_spreadsheet_would_take_for_a_formula_stays_text() -> None:
    lines = usage_csv([used("=1+1", "-2.5"), used("-x", "3")]).splitlines()

    assert [line.split(",")[3:] for line in lines[1:]] == [["'=1+1", "-2.5"], ["'-x", "3"]]
