from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billsync.rating.periods import Period
from billsync.render.forecast import forecast_text
from billsync.report.billing.subscribed import subscribed
from billsync.report.billing.usage import CUSTOMER, by_customer, used
from billsync.report.credits.wallet import Wallet
from billsync.report.forecast.forecast import Basis, Forecast, NotEstimated, forecast, usage_needed
from tests.support.subscription_rows import (
    FEATURES,
    consumed_row,
    fee_card,
    grant_row,
    subscription_row,
    unit,
    usage_card,
    with_trial,
)

MONTH = Period(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
MIDDLE = datetime(2026, 9, 16, tzinfo=UTC)


def made(row: dict[str, Any], usage: str, wallet: Wallet, **more: Any) -> Forecast:
    metered = {("api", MONTH): Decimal(usage)}
    return forecast(Basis(subscribed(row, FEATURES), MIDDLE, metered, wallet, **more))


def lines(found: Forecast) -> list[tuple[str, str, Decimal]]:
    return [(one.charge.key, line.reference, line.total) for one in found.due for line in one.charge.lines]


def test_a_forecast_names_what_is_due_and_what_was_charged() -> None:
    """A forecast names the charges due at the end, and those that were made before."""
    row = subscription_row(
        usage_card("api", unit("0.5")), fee_card("base", "10", "in_advance"), fee_card("support", "7")
    )

    found = made(row, "20", Wallet())

    assert [(one.key, one.totals.total) for one in found.charged] == [("base", 10)]
    assert lines(found) == [
        ("api", "unit-price-usage", Decimal("10.00")),
        ("base", "flat-price", Decimal("10.00")),
        ("support", "flat-price", Decimal("7.00")),
    ]
    assert found.outlooks[0].totals.total == Decimal("27.00")


def test_only_usage_in_the_running_period_is_asked_for() -> None:
    row = subscription_row(usage_card("api", unit("1")), fee_card("base", "1"))

    assert usage_needed(subscribed(row, FEATURES), MIDDLE) == {("api", MONTH)}


def test_credits_pay_what_they_can_after_what_they_paid_before() -> None:
    row = subscription_row(usage_card("api", unit("1")))
    wallet = Wallet((grant_row("50"),), (consumed_row("20", "2026-09-02T00:00:00Z"),), FEATURES)

    found = made(row, "40", wallet)

    (outlook,) = found.outlooks
    assert (outlook.credits, outlook.left) == (Decimal(30), Decimal(0))
    assert (outlook.totals.credits, outlook.totals.total) == (Decimal("30.00"), Decimal("10.00"))


def test_credits_run_out_at_the_pace_of_the_period_so_far() -> None:
    """20 in 15 days: 30 after 22.5 days, and 30.005, which is rounded up, 324 seconds later."""
    row = subscription_row(usage_card("api", unit("1")))

    found = made(row, "20", Wallet((grant_row("30"),)))

    assert found.outlooks[0].short_at == datetime(2026, 9, 23, 12, 5, 24, tzinfo=UTC)


def test_credits_may_last_into_a_later_period() -> None:
    """20 in half a month: 40 by its end, of 60 credits; the other 20 last to the middle of October and a bit."""
    row = subscription_row(usage_card("api", unit("1")))

    found = made(row, "20", Wallet((grant_row("60"),)))

    assert found.outlooks[0].short_at is not None
    assert found.outlooks[0].short_at.date().isoformat() == "2026-10-16"


def test_credits_may_run_out_before_more_are_there() -> None:
    """20 in 15 days: 30 are gone after 22.5 days, although 100 more on the 28th pay for everything in the end."""
    row = subscription_row(usage_card("api", unit("1")))
    coming = grant_row("100", effective_at="2026-09-28T00:00:00Z")

    found = made(row, "20", Wallet((grant_row("30"), coming)))

    assert found.outlooks[0].short_at == datetime(2026, 9, 23, 12, 5, 24, tzinfo=UTC)


def test_credits_run_out_where_they_expire() -> None:
    row = subscription_row(usage_card("api", unit("1")))
    wallet = Wallet((grant_row("100", expires_at="2026-09-20T12:00:00Z"), grant_row("1")))

    found = made(row, "20", wallet)

    assert found.outlooks[0].short_at == datetime(2026, 9, 20, 12, 0, 0, tzinfo=UTC)


def test_credits_that_follow_each_other_without_a_gap_last_as_one() -> None:
    """60 until the end of September, then 20 for the first half of October."""
    row = subscription_row(usage_card("api", unit("1")))
    first = grant_row("60", expires_at="2026-10-01T00:00:01Z")
    second = grant_row("20", at="2026-09-02T00:00:00Z", effective_at="2026-10-01T00:00:01Z")

    found = made(row, "20", Wallet((first, second)))

    assert found.outlooks[0].short_at is not None
    assert found.outlooks[0].short_at.date().isoformat() == "2026-10-16"


def test_credits_that_outlast_a_year_are_not_said_to_run_out() -> None:
    row = subscription_row(usage_card("api", unit("0.01")))

    found = made(row, "20", Wallet((grant_row("500"),)))

    assert found.outlooks[0].short_at is None
    assert found.outlooks[0].known_until == datetime(2027, 9, 1, tzinfo=UTC)


def test_usage_that_does_not_grow_with_time_is_taken_as_it_is() -> None:
    row = subscription_row(usage_card("api", unit("1")))

    found = made(row, "20", Wallet((grant_row("30"),)), steady=frozenset({"api"}))

    assert found.outlooks[0].short_at is not None
    assert found.outlooks[0].short_at.date().isoformat() == "2026-10-01"


def test_a_minimum_counts_at_the_end_of_the_period_only() -> None:
    row = subscription_row(usage_card("api", unit("1"), commitments={"minimum_amount": "35"}))

    found = made(row, "10", Wallet((grant_row("30"),)))

    assert found.outlooks[0].totals.charges == Decimal("25.00")
    assert found.outlooks[0].short_at == datetime(2026, 10, 1, 0, 0, 0, tzinfo=UTC)


def test_a_fee_of_a_later_phase_is_charged_already_and_pro_rated() -> None:
    """A fee that began with a later phase counts as charged already, and is pro-rated.

    The trial ends on the 11th: 20 of 30 days are left.
    """
    row = with_trial(subscription_row(fee_card("base", "30", "in_advance")), "2026-09-11T00:00:00Z")

    found = made(row, "0", Wallet())

    assert [(one.key, one.totals.total) for one in found.charged] == [("base", Decimal("20.00"))]
    assert lines(found) == [("base", "flat-price", Decimal("30.00"))]


def test_a_percentage_that_no_32_bit_float_holds_is_the_one_that_is_billed() -> None:
    """Seen on a real server: 12.34 % off 1,000,000,000 were 123,400,001.53 (catalog-facts.md §1.6)."""
    row = subscription_row({**fee_card("base", "1000000000"), "discounts": {"percentage": Decimal("12.34")}})

    (outlook,) = made(row, "0", Wallet()).outlooks

    assert outlook.totals.discounts == Decimal("123400001.53")


def test_a_debt_of_credit_only_is_named_now_and_after_what_is_due() -> None:
    row = subscription_row(usage_card("api", unit("0.01")), settlement_mode="credit_only")
    wallet = Wallet((grant_row("10"),), (consumed_row("38.83", "2026-09-02T00:00:00Z"),), FEATURES)

    found = made(row, "1986", wallet)

    (outlook,) = found.outlooks
    assert (outlook.debt, outlook.debt_left) == (Decimal("28.83"), Decimal("48.69"))
    assert "Debt USD: 28.83 now, 48.69 after that\n" in forecast_text("acme", [found])


def test_the_text_shows_that_credits_do_not_suffice() -> None:
    """The text shows the charges before credits, and that the credits don't suffice."""
    row = subscription_row(usage_card("api", unit("0.5")), fee_card("base", "10", "in_advance"))
    wallet = Wallet((grant_row("12"),), (consumed_row("10", "2026-09-01T00:00:00Z"),), FEATURES)

    text = forecast_text("acme", [made(row, "20", wallet)])

    assert (
        text
        == """\
Estimate for customer acme, plan pro, 2026-09-01 00:00:00Z to 2026-10-01 00:00:00Z

Charged already, before credits:
Due         Card  From        To          Line        Quantity  Each  Discounts  Amount  Currency
2026-09-01  base  2026-09-01  2026-10-01  flat-price         1    10          0      10  USD

Due at the period's end, from usage so far:
Due         Card  From        To          Line              Quantity  Each  Discounts  Credits  To pay  Currency
2026-10-01  api   2026-09-01  2026-10-01  unit-price-usage        20   0.5          0        2       8  USD
2026-10-01  base  2026-10-01  2026-11-01  flat-price               1    10          0        0      10  USD

Total USD: 20, credits 2, to pay 18
Credits USD: 2 now, 0 after that
The credits in USD don't cover everything that was used so far.

Estimate from usage so far. Left out: taxes, payment fees, credits still to be bought.
"""
    )


def test_the_text_warns_of_a_pace_that_is_only_hours_old() -> None:
    subscription = subscribed(subscription_row(usage_card("api", unit("1"))), FEATURES)
    metered = {("api", MONTH): Decimal(5)}
    first, second = (
        forecast_text("acme", [forecast(Basis(subscription, MONTH.start + timedelta(days=days), metered, Wallet()))])
        for days in (0, 1)
    )

    assert "\nThe period began less than a day ago: the pace so far is not reliable.\n" in first
    assert "its pace so far" not in second


def test_credits_in_a_currency_that_nothing_is_charged_in_are_only_named() -> None:
    wallet = Wallet((grant_row("12"), {**grant_row("5000"), "currency": "JPY"}), (), FEATURES)

    text = forecast_text("acme", [made(subscription_row(usage_card("api", unit("0.5"))), "20", wallet)])

    assert text.split("\n\n")[2].splitlines()[:2] == [
        "Credits JPY: 5000 now; nothing here is charged in JPY",
        "Total USD: 10, credits 10, to pay 0",
    ]


def test_bookings_of_one_second_are_followed_from_the_end_of_the_list() -> None:
    """Bookings of the same second are followed in the order of the list, which is newest first.

    The usage took 6 of the 10 for everything, so the fee of 8 left a hole of 4; the 5 for usage alone are whole.
    """
    row = subscription_row(usage_card("api", unit("1")), settlement_mode="credit_only")
    later = grant_row("5", priority=20, filters={"features": ["api"]})
    fee = consumed_row("8", "2026-09-02T00:00:00Z")
    usage = {**consumed_row("6", "2026-09-02T00:00:00Z"), "labels": {"feature_id": "f-api"}}

    (outlook,) = made(row, "0", Wallet((grant_row("10"), later), (fee, usage), FEATURES)).outlooks

    assert (outlook.credits, outlook.debt) == (Decimal(5), Decimal(4))


def test_a_grant_that_begins_after_the_period_pays_no_debt_before() -> None:
    row = subscription_row(usage_card("api", unit("1")), settlement_mode="credit_only")
    wallet = Wallet((grant_row("100", effective_at="2026-11-05T00:00:00Z"),), (), FEATURES)

    (outlook,) = made(row, "40", wallet).outlooks

    assert (outlook.debt, outlook.debt_left) == (Decimal(0), Decimal("40.00"))


def test_what_an_invoice_will_ask_for_is_no_debt() -> None:
    (outlook,) = made(subscription_row(usage_card("api", unit("1"))), "40", Wallet()).outlooks

    assert (outlook.debt, outlook.debt_left) == (Decimal(0), Decimal(0))


TIERS = {
    "type": "graduated",
    "tiers": [{"up_to_amount": "10", "unit_price": unit("1")}, {"unit_price": unit("2")}],
}
VOLUME = {**TIERS, "type": "volume"}


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (TIERS, "the server would not rate it (negative_quantity)"),
        (VOLUME, "a negative usage makes it negative, and it isn't known what the server does with that"),
    ],
)
def test_usage_that_a_correction_made_negative_is_told_and_in_no_sum(price: dict[str, Any], reason: str) -> None:
    row = subscription_row(usage_card("api", price), fee_card("base", "7"))

    found = made(row, "-5", Wallet((grant_row("50"),), (), FEATURES))

    assert found.not_estimated == (NotEstimated("api", "api", Decimal(-5), reason),)
    assert lines(found) == [("base", "flat-price", Decimal("0.00"))]
    assert f"Not estimated, and in no total:\n  api of api, whose usage is -5: {reason}\n" in forecast_text(
        "acme", [found]
    )
    (outlook,) = found.outlooks
    assert (outlook.short_at, outlook.known_until) == (None, MIDDLE)


def test_what_a_currency_that_is_not_known_costs_is_told_and_in_no_sum() -> None:
    row = subscription_row({**fee_card("base", "7"), "currency": "QQQ"})

    found = made(row, "0", Wallet())

    assert [(one.key, one.reason) for one in found.not_estimated] == [
        ("base", "the decimals of the currency QQQ are not known")
    ]


@pytest.mark.parametrize(
    ("shown", "value"),
    [
        ("2880.014000000002", "2880.01400000"),
        ("2880.014", "2880.014"),
        ("-0.1000000000000000055", "-0.100000000000"),
        ("123456789012.75", "123456789013"),
        ("7", "7"),
    ],
)
def test_usage_has_twelve_significant_digits(shown: str, value: str) -> None:
    """Usage has twelve significant digits, as the server sums it in floats."""
    rows = [
        {"from": "2026-09-01T00:00:00Z", "to": "2026-10-01T00:00:00Z", "value": shown, "dimensions": {CUSTOMER: "c"}}
    ]

    assert [one.value for one in used("api", rows, None)] == [Decimal(value)]
    assert by_customer(rows) == {"c": Decimal(value)}


@pytest.mark.parametrize(
    ("booked", "charged", "due"),
    [
        (None, ["base"], []),
        (frozenset({(("default", "base"), MONTH.start)}), ["base"], []),
        (frozenset(), [], ["base"]),
    ],
)
def test_a_fee_that_the_server_has_not_booked_yet_is_counted_once_as_due(
    booked: frozenset[tuple[tuple[str, str], datetime]] | None, charged: list[str], due: list[str]
) -> None:
    row = subscription_row(fee_card("base", "10", "in_advance"))

    found = made(row, "0", Wallet((grant_row("50"),), (), FEATURES), booked=booked)

    now = [one.charge.key for one in found.due if one.charge.at <= MIDDLE]
    assert ([one.key for one in found.charged], now, [one.key for one in found.late]) == (charged, due, due)
    left = Decimal(40) if booked is None or booked else Decimal(30)
    assert found.outlooks[0].left == left
